package import Model
internal import Recognition

/// Entries of a vault that are skipped for one reason.
package struct SkippedKind: Hashable, Sendable {
    package var why: String
    package var entries: Int
    package var example: Bytes
    /// The line of the configuration that would read them; `nil`: none would, or none is known.
    package var line: String?

    /// Their names have a date, and a template would read it.
    package var isDated: Bool { line?.hasPrefix(Self.names) ?? false }

    private static let names = "names:"

    /// The line that would read one entry; `leftAlone`: of its vault.
    package static func line(for entry: SkippedEntry, among skippedEntries: [SkippedEntry]) -> String? {
        let names = skippedEntries.filter { $0.place == entry.place && ReadingLines.isOfTime($0.why) }
        return ReadingLines(names.map(\.path.lastComponent), in: entry.place)
            .line(for: entry.path.lastComponent, entry.why)
    }

    private static func includingAll(like path: Bytes) -> String {
        let name = path.lastComponent
        guard let dot = name.storage.lastIndex(of: UInt8(ascii: ".")), dot > 0 else {
            return path.parent.isEmpty ? "include: '*'" : "include: '/\(path.parent.display)/'"
        }
        return "include: '*\(Bytes(name.storage[dot...]).display)'"
    }

    /// Of all that is left alone and belongs to no tool, by reason and line, the most first.
    package static func all(_ skippedEntries: [SkippedEntry]) -> [SkippedKind] {
        var kinds: [Key: SkippedKind] = [:]
        for (place, entries) in Dictionary(grouping: skippedEntries, by: \.place) {
            let names = entries.filter { $0.entries == 1 && ReadingLines.isOfTime($0.why) }.map(\.path.lastComponent)
            let lines = ReadingLines(names, in: place)
            var known: [SkippedEntry.Why: String?] = [:]
            for entry in entries.sorted(by: { $0.path < $1.path }) {
                guard case .notRecognised(let why) = entry.why else { continue }
                // What stands for many has no name of its own: what is said of others of its reason holds.
                let line =
                    entry.entries > 1 ? known[entry.why] ?? nil : lines.line(for: entry.path.lastComponent, entry.why)
                known[entry.why] = known[entry.why] ?? line
                // A template reads many names; an `include` is of one name, or of all with its ending.
                let template = line.flatMap { $0.hasPrefix(Self.names) ? $0 : nil }
                let key = Key(why: isOfOne(why) ? "" : why, line: template)
                var kind = kinds[key] ?? SkippedKind(why: why, entries: 0, example: entry.path, line: line)
                if kind.entries > 0, template == nil, line != nil { kind.line = includingAll(like: kind.example) }
                kind.entries += entry.entries
                kind.example = min(kind.example, entry.path)
                kinds[key] = kind
            }
        }
        return kinds.values.sorted { ($1.entries, $0.why, $0.example) < ($0.entries, $1.why, $1.example) }
    }

    private struct Key: Hashable {
        var why: String
        var line: String?
    }

    /// Reasons that name their file are one kind.
    private static func isOfOne(_ why: String) -> Bool { why.contains("in any calendar") }
}
