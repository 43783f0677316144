import Model
import Recognition

/// A directory that is only names; a `/` at the end is a directory. `inside`: names in its directories. `texts`: its
/// small files.
func place(
    _ names: [Bytes], at directory: Bytes = "d", inside: [Bytes: [Bytes]] = [:], texts: [Bytes: String] = [:]
) -> PlaceNames {
    let directories = Set(names.filter { $0.hasSuffix("/") }.map { $0.dropLast(1) })
    return PlaceNames(
        directory: directory, names: Set(names.map { $0.hasSuffix("/") ? $0.dropLast(1) : $0 }),
        isDirectory: { directories.contains($0) }, inside: { inside[$0] ?? [] },
        file: { texts[$0].map { .text(Bytes($0)) } })
}

extension SkippedEntry.Why {
    /// The tool of an opaque unit; `nil`: it is none.
    var tool: String? { if case .managed(let tool, _) = self { tool } else { nil } }
}

extension Layouts {
    /// Those that leave something alone, in the order in which they are asked.
    static let ofPlaces = stores + others

    /// Every answer, not only the first.
    static func answers(_ place: PlaceNames) -> [String] {
        ofPlaces.compactMap { layout in layout.place(place).map { "\(layout.name): \($0.text)" } }
    }
}
