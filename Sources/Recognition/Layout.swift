package import Model

/// What one tool leaves on the disk. One tool is one file in `Layouts/`, one line in ``Layouts/table`` and one fixture.
///
/// There are three stages, each with less to read than there is to gain: *places* sees the names in one directory,
/// *names* the same as a list to claim from, *contents* the first and last bytes of one backup and small files in it or
/// beside it. A layout implements the stages that it needs.
package protocol Layout: Recogniser {
    /// What people read of it in `docs/reference/layouts.md`.
    var guide: LayoutGuide { get }

    /// Places: what a whole directory is, where it is not to be looked into: a tool's repository, the storage system's
    /// own, live data. `nil`: nothing that this tool made.
    func place(_ place: PlaceNames) -> SkippedEntry.Why?

    /// Whether a dated directory of this kind is not a backup either: WAL segments by day.
    var countsInDatedDirectories: Bool { get }

    /// Contents: what one backup says of itself. `nil`: nothing that this tool made.
    func read(_ unit: UnitContents) -> Contents?
}

extension Layout {
    package var name: String { guide.tool }
    package func place(_ place: PlaceNames) -> SkippedEntry.Why? { nil }
    package var countsInDatedDirectories: Bool { false }
    package func claim(in listing: inout Listing) {}
    package func read(_ unit: UnitContents) -> Contents? { nil }
}

/// One row of `docs/reference/layouts.md`.
package struct LayoutGuide: Sendable {
    /// As its users call it.
    package var tool: String
    /// Names as they are found, separated by commas.
    package var names: String
    /// How the kind is told.
    package var kind: String
    /// What an incremental one needs.
    package var chain: String
    /// When it counts as complete.
    package var complete: String
    /// Who removes old ones: Reprieve, or the tool's own command.
    package var prunes: String

    package init(
        tool: String, names: String, kind: String = "always full", chain: String = "none",
        complete: String = "at rest", prunes: String = "Reprieve"
    ) {
        self.tool = tool
        self.names = names
        self.kind = kind
        self.chain = chain
        self.complete = complete
        self.prunes = prunes
    }
}

/// A small file that was read whole, or why it was not.
package enum SmallFile: Sendable {
    case text(Bytes)
    /// It is there, and cannot be read: larger than ``SmallFile/limit``, a link, a pipe, a fault of the disk.
    case unread(Why)

    /// For a person, behind the name of the file: `is not a regular file`.
    package struct Why: Sendable, ExpressibleByStringLiteral {
        package let text: String
        /// It is a file all the same, and there is nothing wrong with it but its size.
        package let isTooLarge: Bool

        package init(_ text: String) { (self.text, isTooLarge) = (text, false) }
        package init(stringLiteral text: String) { self.init(text) }

        private init(tooLarge text: String) { (self.text, isTooLarge) = (text, true) }

        package static let tooLarge = Why(tooLarge: "is larger than \(SmallFile.limit / 1024) KiB")
        package static let noFile: Why = "is not a regular file"
    }

    /// Larger files are not read, in bytes.
    package static let limit = 64 * 1024
}

/// The names of one directory, and a way to look at little more.
package struct PlaceNames {
    /// Its path in the vault; empty for the vault itself.
    package let directory: Bytes
    package let names: Set<Bytes>
    private let isDirectory: (Bytes) -> Bool
    private let inside: (Bytes) -> [Bytes]
    private let file: (Bytes) -> SmallFile?

    /// `inside`: names in one of its directories. `file`: a small file of it; `nil` where there is none.
    package init(
        directory: Bytes, names: Set<Bytes>, isDirectory: @escaping (Bytes) -> Bool,
        inside: @escaping (Bytes) -> [Bytes], file: @escaping (Bytes) -> SmallFile?
    ) {
        self.directory = directory
        self.names = names
        self.isDirectory = isDirectory
        self.inside = inside
        self.file = file
    }

    package func has(_ name: Bytes) -> Bool { names.contains(name) }

    /// How many of these names are there.
    package func count(of wanted: [Bytes]) -> Int { wanted.count { names.contains($0) } }

    package func hasDirectory(_ name: Bytes) -> Bool { names.contains(name) && isDirectory(name) }

    /// Whether any name is like this.
    package func contains(where isLike: (Bytes) -> Bool) -> Bool { names.contains(where: isLike) }

    /// Names in one of its directories, at most a thousand; none where there is no such directory. Costs a look at the
    /// disk: ask only where the names make it likely.
    package func names(in directory: Bytes) -> [Bytes] { hasDirectory(directory) ? inside(directory) : [] }

    /// A small file of it. Costs a look at the disk.
    package func read(_ name: Bytes) -> SmallFile? { names.contains(name) ? file(name) : nil }
}

/// One backup, as far as the contents stage may look.
package struct UnitContents {
    /// Its name, and that of the directory it lies in, from the vault's top.
    package let name: Bytes
    package let directory: Bytes
    package let isDirectory: Bool
    /// Of a directory: the names in it, at its top.
    package let names: Set<Bytes>
    /// The other files of the backup: side files, files of a set.
    package let members: [Bytes]
    /// Of a file, in bytes, and its first ones (at most ``EndMarks/headBytes``).
    package let size: Int64
    package let head: [UInt8]
    private let file: (Bytes) -> SmallFile?
    private let headOf: (Bytes) -> [UInt8]
    private let inside: (Bytes) -> [Bytes]

    /// `file`: a small file at the top of a directory, or among ``members``; `nil` where there is none.
    package init(
        name: Bytes, directory: Bytes, isDirectory: Bool, names: Set<Bytes>, members: [Bytes], size: Int64,
        head: [UInt8], file: @escaping (Bytes) -> SmallFile?, headOf: @escaping (Bytes) -> [UInt8],
        inside: @escaping (Bytes) -> [Bytes] = { _ in [] }
    ) {
        self.name = name
        self.directory = directory
        self.isDirectory = isDirectory
        self.names = names
        self.members = members
        self.size = size
        self.head = head
        self.file = file
        self.headOf = headOf
        self.inside = inside
    }

    package func has(_ name: Bytes) -> Bool { isDirectory ? names.contains(name) : members.contains(name) }

    /// A small file of the backup, whole.
    package func read(_ name: Bytes) -> SmallFile? { has(name) ? file(name) : nil }

    /// Whether a regular file of the backup has this name, whatever its size: a sign of success is one, and no pipe,
    /// link or directory of that name. Costs a look at the disk.
    package func hasFile(_ name: Bytes) -> Bool {
        switch read(name) {
        case .text?: true
        case .unread(let why)?: why.isTooLarge
        case nil: false
        }
    }

    /// What is to be said of a backup in which a sign of success is there and is no file; `nil`: it is one, or it is
    /// not there.
    func strangeSign(_ name: Bytes, of tool: String) -> Contents? {
        guard case .unread(let why)? = read(name), !why.isTooLarge else { return nil }
        return .unread(tool, name, why)
    }

    /// A small file in a directory that is one of its members.
    package func read(_ name: Bytes, in member: Bytes) -> SmallFile? {
        has(member) ? file(member.appending(name)) : nil
    }

    /// The first bytes of a larger file of the backup, at most ``SmallFile/limit``; none where it cannot be read.
    package func head(of name: Bytes) -> [UInt8] { has(name) ? headOf(name) : [] }

    /// Names in one of its directories, at most a thousand.
    package func names(in directory: Bytes) -> [Bytes] {
        isDirectory && names.contains(directory) ? inside(directory) : []
    }

    /// One of its directories, as if it were the backup; `nil`: there is none, or nothing is in it.
    package func part(_ name: Bytes) -> UnitContents? {
        let inner = names(in: name)
        guard !inner.isEmpty else { return nil }
        let (file, headOf, inside) = (file, headOf, inside)
        return UnitContents(
            name: name, directory: directory.appending(self.name), isDirectory: true, names: Set(inner), members: [],
            size: 0, head: [], file: { file(name.appending($0)) }, headOf: { headOf(name.appending($0)) },
            inside: { inside(name.appending($0)) })
    }

    /// The first of these that is there.
    package func first(of wanted: [Bytes]) -> Bytes? { wanted.first { has($0) } }
}

extension Contents {
    /// The record is there and says nothing that can be relied on.
    package static func unread(_ tool: String, _ file: Bytes, _ why: String) -> Contents {
        var contents = Contents(tool: tool, file: file.display)
        contents.outcome = .unread
        contents.why = "'\(file.display)' \(why)"
        return contents
    }

    package static func unread(_ tool: String, _ file: Bytes, _ why: SmallFile.Why) -> Contents {
        unread(tool, file, why.text)
    }
}

/// Lines `key = value`, `key=value` or `key: value` of a small file. Of a key that comes twice the last counts.
package struct KeyValues: Sendable {
    package private(set) var values: [String: String] = [:]

    /// `nil`: binary.
    package init?(_ text: Bytes, separator: Character = "=") {
        guard !text.storage.contains(0) else { return nil }
        for line in String(decoding: text.storage, as: UTF8.self).split(whereSeparator: \.isNewline) {
            guard let at = line.firstIndex(of: separator) else { continue }
            let key = line[..<at].trimmed, value = line[line.index(after: at)...].trimmed
            if !key.isEmpty { values[String(key)] = String(value) }
        }
    }

    package subscript(key: String) -> String? { values[key] }
}
