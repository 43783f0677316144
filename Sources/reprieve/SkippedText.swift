internal import Engine
internal import Model

extension SkippedKind {
    private static let mostKinds = 5

    /// What is skipped, a line for each reason, with the line of the configuration that would read it.
    /// `isBelowList`: each entry stands above; only what has a line is said.
    static func lines(_ skippedEntries: [SkippedEntry], label: String, isBelowList: Bool = false) -> [String] {
        let kinds = all(skippedEntries).filter { !isBelowList || $0.line != nil }
        var lines = isBelowList && !kinds.isEmpty ? [""] : []
        for kind in kinds.prefix(mostKinds) {
            lines.append(Text.wrap("  \(Text.count(kind.entries)) \(kind.why), such as \(kind.example.display)"))
            if let line = kind.line { lines.append("    to read \(kind.entries == 1 ? "it" : "them"): \(line)") }
        }
        if kinds.count > mostKinds {
            let more = Text.plural(kinds.count - mostKinds, "more reason")
            lines.append("  … and \(more): reprieve names \(shell: label) --unread")
        }
        return lines
    }
}

extension [SkippedEntry] {
    var notRecognisedCount: Int { reduce(0) { $0 + ($1.why.condition == "foreign" ? $1.entries : 0) } }
}
