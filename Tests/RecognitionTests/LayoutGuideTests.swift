import Foundation
import Recognition
import Support
import Testing

@Suite("the table of layouts")
struct LayoutGuideTests {
    @Test("docs/reference/layouts.md is what the program says")
    func page() throws {
        let page = repository.appending(path: "docs/reference/layouts.md")
        if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1" {
            try Data(Layouts.markdown.utf8).write(to: page)
        }
        let text = try String(contentsOf: page, encoding: .utf8)
        #expect(text == Layouts.markdown, "RECORD_SNAPSHOTS=1 writes it anew")
    }

    @Test("each tool has a name of its own and says who prunes")
    func rows() {
        let guides = Layouts.table.map(\.guide)
        #expect(Set(guides.map(\.tool)).count == guides.count)
        #expect(guides.allSatisfy { !$0.tool.isEmpty && !$0.names.isEmpty && !$0.prunes.isEmpty })
    }
}
