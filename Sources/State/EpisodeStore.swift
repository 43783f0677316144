internal import Disk
package import Model

/// `<state>/episodes.json`: what goes on for a while and was said when it began: series that are late, vaults that are
/// offline, files that freeze, freezes with an end, backups from the future. What is in it is not said again; what ends
/// leaves it.
package struct EpisodeStore: Sendable {
    package enum Kind: String, Codable, Sendable { case late, ended, failing, offline, vanished, file, timed, future }

    private struct File: Codable, Sendable {
        var episodes: [Entry] = []
    }

    private struct Entry: Codable, Hashable, Sendable {
        var kind: String
        /// The vault: its id, or its path in hexadecimal where that is not known.
        var scope: String
        var name: String
    }

    private let file: StateFile<File>

    init(stateDirectory: Bytes, damage: Damage? = nil) {
        file = StateFile(directory: stateDirectory, name: "episodes.json", damage: damage)
    }

    /// All that goes on now in a scope. Answers what has begun since it was last asked, and is to be said before
    /// ``note(_:_:_:)``: said twice is better than never.
    package func begun(_ kind: Kind, _ scope: String, _ now: Set<String>) throws(Fault) -> Set<String> {
        guard !now.isEmpty else { return [] }
        return now.subtracting(try known(kind, scope))
    }

    package func record(_ kind: Kind, _ scope: String, _ now: Set<String>) throws(Fault) {
        guard try known(kind, scope) != now else { return }
        do {
            try file.change { file in
                let others = (file?.episodes ?? []).filter { $0.kind != kind.rawValue || $0.scope != scope }
                file = File(
                    episodes: others + now.sorted().map { Entry(kind: kind.rawValue, scope: scope, name: $0) })
            }
        } catch {
            // The purge that makes room must not wait for it; it is said twice.
            guard error.isFull else { throw error }
        }
    }

    package func known(_ kind: Kind, _ scope: String) throws(Fault) -> Set<String> {
        let entries = try file.read()?.episodes ?? []
        return Set(entries.filter { $0.kind == kind.rawValue && $0.scope == scope }.map(\.name))
    }
}
