/// `docs/reference/layouts.md`.
extension Layouts {
    package static var markdown: String {
        let rows = table.map(\.guide).map { guide in
            "| "
                + [guide.tool, guide.names, guide.kind, guide.chain, guide.complete, guide.prunes].map(cell)
                .joined(separator: " | ") + " |"
        }
        return """
            # Layouts

            What Reprieve knows of the tools that write into a vault, in the order in which they are asked. A directory
            or file that none of them knows is read by the date in its name. `reprieve explain PATH` says which one
            applies. [How to add a tool](../adding-a-tool.md).

            | tool | names | kind | chain | complete when | who prunes |
            |---|---|---|---|---|---|
            \(rows.joined(separator: "\n"))

            """
    }

    private static func cell(_ text: String) -> String {
        String(text.flatMap { $0 == "|" ? Array("\\|") : [$0] })
    }
}
