import Foundation
import Testing

@Suite("help")
struct HelpTests {
    private static let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Help")

    /// Every command, by its words; the first is the program itself.
    static let commands: [[String]] = {
        func children(_ words: [String]) -> [[String]] {
            let text = (try? HelpTests.help(words, columns: 80)) ?? ""
            guard let start = text.range(of: "SUBCOMMANDS:") else { return [words] }
            let names = text[start.upperBound...].matches(of: /\n {2}([a-z][a-z-]*)[ ,(]/).map { String($0.1) }
            return [words] + Set(names).sorted().flatMap { children(words + [$0]) }
        }
        return children([])
    }()

    private static func help(_ words: [String], columns: Int) throws -> String {
        let outcome = try CLIFixture.launch(
            [CLIFixture.binary.path] + words + ["--help"], environment: ["COLUMNS": String(columns)])
        #expect(outcome.status == 0, "\(words): \(outcome.error)")
        return outcome.out
    }

    @Test("the help of each command is as recorded (RECORD_SNAPSHOTS=1 records it)", arguments: commands)
    func recorded(_ words: [String]) throws {
        let text = try Self.help(words, columns: 80)
        let file = Self.directory.appending(path: (["reprieve"] + words).joined(separator: "-") + ".txt")
        if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1" {
            try FileManager.default.createDirectory(at: Self.directory, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        #expect(text == (try? String(contentsOf: file, encoding: .utf8)))
    }

    @Test(
        "it fits any width, has two examples and its own exit codes; the global options stand once", arguments: commands
    )
    func form(_ words: [String]) throws {
        for columns in [60, 80, 120] {
            let long = try Self.help(words, columns: columns).split(separator: "\n").filter { $0.count > columns }
            #expect(long.isEmpty, "\(columns): \(long)")
        }
        let text = try Self.help(words, columns: 80)
        let part = try #require(text.range(of: "EXAMPLES\n").map { text[$0.upperBound...] })
        let examples = part.prefix { $0 != "\u{0}" }.split(separator: "\n\n")[0].split(separator: "\n")
            .filter { $0.hasPrefix("  reprieve ") }
        #expect(examples.count == 2, "\(examples)")
        #expect(text.contains("EXIT STATUS\n"))
        #expect(text.contains("--state-dir") == words.isEmpty, "global options")
        // What a person would type is at least understood.
        for example in examples {
            let outcome = try CLIFixture.launch([
                "/bin/sh", "-c", "exec \(CLIFixture.binary.path)\(example.dropFirst(10)) --help",
            ])
            #expect(outcome.status == 0 && outcome.out.hasPrefix("OVERVIEW: "), "\(example): \(outcome.error)")
        }
    }

    @Test("all commands are here")
    func all() {
        #expect(Self.commands.count > 35, "\(Self.commands)")
        let files = (try? FileManager.default.contentsOfDirectory(atPath: Self.directory.path)) ?? []
        let names = Self.commands.map { (["reprieve"] + $0).joined(separator: "-") + ".txt" }
        #expect(Set(files) == Set(names))
    }
}
