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

    @Test("the manual has a page for each command, and man has nothing to warn of")
    func manual() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let fixture = try CLIFixture()
        let pages = fixture.root.appending(path: "man")
        let made = try CLIFixture.launch([root.appending(path: "Scripts/man").path, CLIFixture.binary.path, pages.path])
        #expect(made.status == 0, "\(made.error)")
        let names = Set(try FileManager.default.contentsOfDirectory(atPath: pages.path))
        let commands = Self.commands.map { (["reprieve"] + $0).joined(separator: "-") + ".8" }
        #expect(names == Set(commands + ["reprieve.yaml.5", "reprieve-events.7"]))
        for name in names.sorted() {
            let shown = try CLIFixture.launch(
                ["/usr/bin/man", "--warnings=w", "-E", "UTF-8", "-l", "-P", "cat", pages.appending(path: name).path])
            #expect(shown.status == 0 && shown.error.isEmpty && shown.out.contains("NAME"), "\(name): \(shown.error)")
        }
    }

    @Test("bash completes commands, vaults, series and ids from the index")
    func completion() throws {
        let fixture = try CLIFixture()
        try fixture.dailies(3)
        _ = try fixture.list()
        let script = fixture.root.appending(path: "reprieve.bash")
        try fixture.write(
            script, try CLIFixture.launch([CLIFixture.binary.path, "--generate-completion-script", "bash"]).out)
        let id = try #require(try fixture.list().first?["id"] as? String)
        let options = ["--config", fixture.config.path, "--state-dir", fixture.state.path]
        func complete(_ words: String...) throws -> Set<String> {
            let all = ["reprieve"] + words.dropLast() + options + [words.last ?? ""]
            let line = all.joined(separator: " ")
            let command = """
                PATH=\(CLIFixture.binary.deletingLastPathComponent().path):$PATH
                source \(script.path)
                COMP_WORDS=(\(all.map { "'\($0)'" }.joined(separator: " ")))
                COMP_CWORD=\(all.count - 1) COMP_LINE='\(line)' COMP_POINT=\(line.utf8.count)
                function=$(complete -p reprieve | sed 's/.*-F \\([^ ]*\\).*/\\1/')
                $function reprieve "\(words.last ?? "")" ""
                printf '%s\\n' "${COMPREPLY[@]}"
                """
            let outcome = try CLIFixture.launch(["/bin/bash", "-c", command])
            return Set(outcome.out.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) })
        }
        #expect(try complete("restore", "app/").contains("app/orders"))
        #expect(try complete("restore", "ord").contains("orders"))
        #expect(try complete("cleanup", "du").contains("dumps"))
        #expect(try complete("restore", String(id.prefix(5))).contains(id))
        #expect(try complete("restore", "nothing-like-it").isDisjoint(with: ["dumps", "app/orders"]))
    }
}
