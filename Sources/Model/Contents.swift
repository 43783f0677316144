/// What a backup's own tool says of it, in its name or in small files in it or beside it.
///
/// Names and files are hostile input: everything here is bounded by whoever reads it (``Contents/mostTokens``).
package struct Contents: Hashable, Sendable {
    /// The tool that wrote it, as its users call it: `mariadb-backup`.
    package var tool: String?
    /// The file that said so, by its name: `xtrabackup_checkpoints`.
    package var file: String?
    /// What was said, in a few words, for a person: `incremental, from LSN 162863 to 178091`.
    package var said: String?
    /// `nil`: what the name says, or a full one.
    package var kind: Backup.Kind?
    /// 0 for a full one, where the tool counts levels (GNU tar, dump, xfsdump).
    package var level: Int?
    /// What others may need of it.
    package var provides: [Token] = []
    /// What it needs beside itself to be restored. Empty for an incremental: by its kind, everything back to the last
    /// full one of its series; for a differential that full one.
    package var needs: [Need] = []
    /// A full one that is not a base for differentials: SQL Server's `COPY_ONLY`.
    package var isNoBase = false
    package var outcome = Outcome.unsaid
    /// Why, where ``outcome`` is not good news.
    package var why: String?
    /// Signs of success that it shows, by the names of the files: once a series has shown one, all later ones need it.
    package var signs: [String] = []

    /// How its tool protects it, for a person: `Expire: never`.
    package var protectedBy: String?

    package init() {}

    package init(tool: String, file: String? = nil) {
        self.tool = tool
        self.file = file
    }

    /// What the tool's own record says of success.
    package enum Outcome: String, Hashable, Sendable {
        case unsaid
        case finished
        /// The tool says that it failed.
        case failed
        /// A piece of it, or of what it lists, is not there: it may still come.
        case lacking
        /// The tool says that it is still at work.
        case running
        /// The record is there and cannot be read: nothing is known of what the backup needs.
        case unread
    }

    /// More of one backup are not kept: it is unread then.
    package static let mostTokens = 1000

    package var isEmpty: Bool { self == Contents() }

    /// These with what another stage found: later stages know more.
    package func merged(with later: Contents) -> Contents {
        var all = self
        all.tool = later.tool ?? tool
        all.file = later.file ?? file
        all.said = later.said ?? said
        all.kind = later.kind ?? kind
        all.level = later.level ?? level
        all.provides += later.provides.filter { !provides.contains($0) }
        if !later.needs.isEmpty { all.needs = later.needs }
        all.isNoBase = isNoBase || later.isNoBase
        if later.outcome != .unsaid { (all.outcome, all.why) = (later.outcome, later.why) }
        all.signs += later.signs.filter { !signs.contains($0) }
        all.protectedBy = later.protectedBy ?? protectedBy
        return all
    }
}

/// Something that one backup provides and another needs: a log sequence number, a UUID, a path.
package struct Token: Hashable, Sendable, CustomStringConvertible {
    /// What it is: `lsn`, `uuid`, `path`. Values of different spaces are never the same.
    package var space: String
    /// Of which server: `key=value` words; empty where nothing is known. Where a key has two values it is of two
    /// servers.
    package var scope: String
    package var value: String

    package init(_ space: String, _ value: String, scope: String = "") {
        self.space = space
        self.scope = scope
        self.value = value
    }

    /// A file or directory of the vault, by its path in it.
    package static func path(_ path: Bytes) -> Token { Token("path", path.utf8 ?? path.hexadecimal) }

    /// For a person: `LSN 162863`, or `'mail/duplicity 20261123T010000Z'`: that says itself what it is.
    package var description: String {
        ["lsn", "uuid", "guid"].contains(space) ? "\(space.uppercased()) \(value)" : "'\(value)'"
    }

    /// Whether both may be of the same server.
    package func mayMatch(_ other: Token) -> Bool {
        guard space == other.space, value == other.value else { return false }
        if scope == other.scope || scope.isEmpty || other.scope.isEmpty { return true }
        func known(_ scope: String) -> [Substring: Substring] {
            Dictionary(
                scope.split(separator: " ").compactMap { word in
                    word.firstIndex(of: "=").map { (word[..<$0], word[word.index(after: $0)...]) }
                }
            ) { first, _ in first }
        }
        let others = known(other.scope)
        return known(scope).allSatisfy { key, value in others[key].map { $0 == value } ?? true }
    }
}

/// What a backup needs beside itself.
package enum Need: Hashable, Sendable {
    /// The backup that provides this, which must be unique and not newer: an id.
    case exactly(Token)
    /// Of those that provide this the newest before it: on a quiet server many backups end at the same LSN.
    case newestBefore(Token)
    /// The newest full one before it, in its series.
    case lastFull
    /// The one before it in its series, of whatever kind, whole or not.
    case previous
    /// The newest before it of each level below this one, in its series.
    case levelsBelow(Int)
    /// Another one of which nothing can be told from here: it is broken.
    case unknown(String)
}
