import Model
import Recognition

/// Backups as the contents stage sees them, made of what a test says is in them.
enum MadeContents {
    /// A file. `beside`: its side files, or the other files of its set, and the text of each; `heads`: their first
    /// bytes.
    static func file(
        _ name: Bytes, in directory: Bytes = "d", head: [UInt8] = [], beside: [Bytes: String] = [:],
        heads: [Bytes: [UInt8]] = [:], unread: Bytes? = nil
    ) -> UnitContents {
        UnitContents(
            name: name, directory: directory, isDirectory: false, names: [],
            members: Array(Set(beside.keys).union(heads.keys).union(unread.map { [$0] } ?? [])).sorted(),
            size: Int64(head.count), head: head,
            file: { $0 == unread ? .unread(.tooLarge) : beside[$0].map { .text(Bytes($0)) } },
            headOf: { heads[$0] ?? [] })
    }

    /// A directory with these names in it, which are empty files, and in some of its directories these.
    static func directory(
        _ name: Bytes, in directory: Bytes = "d", names: Set<Bytes>, inside: [Bytes: [Bytes]] = [:]
    ) -> UnitContents {
        UnitContents(
            name: name, directory: directory, isDirectory: true, names: names.union(inside.keys), members: [], size: 0,
            head: [], file: { inside[$0] == nil ? .text("") : .unread(.noFile) }, headOf: { _ in [] },
            inside: { inside[$0] ?? [] })
    }

    /// Bytes that mean nothing: every length up to this, and some of each.
    static func noise(upTo length: Int) -> [[UInt8]] {
        (0...length).map { count in (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) } }
    }
}
