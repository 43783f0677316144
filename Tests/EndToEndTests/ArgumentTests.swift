import Foundation
import Testing

@Suite("what arguments mean")
struct ArgumentTests {
    private static let listing: [[String]] = [
        ["list"], ["explain"], ["restore", "-n"], ["preserve", "--reason", "x", "-n"], ["release", "-n"],
        ["accept", "--reason", "x", "-n"], ["condemn", "--reason", "x", "-n"], ["purge", "--now", "-n"],
    ]

    @Test("the beginning of two ids is refused by every command with both, wherever they are")
    func prefix() throws {
        let house = try CLIFixture(keep: "all")
        // Of 1,200 ids two begin alike but once in 60,000 times.
        for day in 0..<1200 {
            let date = Date(timeIntervalSince1970: 1_600_000_000 + Double(day) * 86_400)
            try house.put("db-\(ISO8601DateFormatter().string(from: date).prefix(10)).dump")
        }
        let ids = try house.list().compactMap { $0["id"] as? String }
        let pair = try #require(Dictionary(grouping: ids) { $0.prefix(4) }.values.first { $0.count == 2 })
        let prefix = String(pair[0].prefix(4))
        func refused() throws {
            for command in Self.listing {
                let outcome = try house.run([command[0], prefix] + command.dropFirst())
                #expect(outcome.status == 64, "\(command): \(outcome.out)\(outcome.error)")
                for id in pair { #expect(outcome.error.contains(id), "\(command): \(outcome.error)") }
            }
        }
        try refused()
        try house.settle()
        #expect(try house.run("condemn", pair[0], "--reason", "broken").status == 0)
        try refused()
        let log = try house.run("audit", "tail", String(pair[0].prefix(6)), "-n", "1")
        #expect(log.status == 0 && log.out.contains(pair[0].prefix(8)), "\(log.out)\(log.error)")
    }

    @Test("a printed command repeats which configuration and state are meant, in text and in JSON")
    func printedOptions() throws {
        let house = try CLIFixture()
        try house.dailies(6)
        try house.settle()
        let own = ["--config", house.config.path, "--state-dir", house.state.path]
        @discardableResult func run(_ words: String...) throws -> CLIFixture.Outcome {
            try CLIFixture.launch(
                [CLIFixture.binary.path] + words + own, environment: ["RUNTIME_DIRECTORY": house.root.path])
        }
        #expect(try run("plan").status == 0)
        let cleanup = try run("cleanup", "--approve")
        #expect(cleanup.status == 0 && house.names().count < 6)
        let restore = try #require(cleanup.out.split(separator: "\n").last { $0.hasPrefix("    reprieve restore ") })
        #expect(!restore.contains("--state-dir \(house.state.path) --"), "\(restore)")
        let path = "PATH=\(CLIFixture.binary.deletingLastPathComponent().path):$PATH"
        #expect(try CLIFixture.launch(["/bin/sh", "-c", "\(path); \(restore)"]).status == 0)
        #expect(house.names().count == 6)
        try run("freeze", "dumps", "--reason", "x")
        let decide = try #require(try run("status", "--json").json()["to_decide"] as? [[String: Any]])
        let commands = decide.flatMap { $0["commands"] as? [String] ?? [] }.filter { $0.hasPrefix("reprieve ") }
        #expect(!commands.isEmpty && commands.allSatisfy { $0.contains(" --config \(house.config.path) ") })
    }

    @Test("a series by its end, by a pattern, with a near name where none fits; nothing fits one word of two")
    func series() throws {
        let house = try CLIFixture()
        try house.dailies(3)
        try house.dailies(3, series: "app/users")
        try house.dailies(3, series: "web/orders")
        func series(_ words: String...) throws -> Set<String> {
            Set(
                try house.run(["list", "--json"] + words).json()["backups"].flatMap { $0 as? [[String: Any]] }!
                    .compactMap { $0["series"] as? String })
        }
        #expect(try series("users") == ["app/users"])
        #expect(try series("app/*") == ["app/orders", "app/users"])
        #expect(try series(house.vault.path, "app/orders") == ["app/orders"])
        for command in [["list"], ["plan"], ["freeze", "--reason", "x"], ["retire", "--reason", "x"]] {
            let two = try house.run([command[0], "orders"] + command.dropFirst())
            #expect(two.status == 64 && two.error.contains("dumps web/orders.dump"), "\(command) \(two.error)")
            let near = try house.run([command[0], "usres"] + command.dropFirst())
            #expect(near.status == 5 && near.error.contains("did you mean 'app/users'?"), "\(command) \(near.error)")
        }
        #expect(try house.run("plan", "NOPE", "app/orders").status == 5)
        #expect(try house.run("plan", "dumps", "app/orders").status == 0)
        #expect(try house.run("status", "dmups").error.contains("did you mean 'dumps'?"))
    }

    @Test(
        "a mistyped command or option is named, with what was probably meant and what to write",
        arguments: [
            (["staus"], "no command 'staus'", "did you mean 'status'?"),
            (["help", "staus"], "no command 'staus'", "did you mean 'status'?"),
            (["help", "audit", "tial"], "no command 'audit tial'", "did you mean 'tail'?"),
            (["plan", "--jsno"], "no option '--jsno'", "did you mean '--json'?"),
            (["plan", "--keep-dialy", "3"], "no option '--keep-dialy'", "did you mean '--keep-daily'?"),
            (["restore", "-1"], "'-1' is not a valid id or run", "reprieve restore --help"),
            (["undo", "-1"], "'-1' is not a valid id or run", "reprieve undo --help"),
            (["explain"], "missing argument '<id or path>'", "reprieve explain --help"),
            (["restore"], "say what to restore", "--wanted"),
            (["audit", "tail", "-n", "x"], "'x' is not a valid value for '-n <n>'", "reprieve audit tail --help"),
        ])
    func typed(words: [String], says: String, hint: String) throws {
        let outcome = try CLIFixture.launch([CLIFixture.binary.path] + words)
        #expect(outcome.status == 64 && outcome.out.isEmpty, "\(outcome.out)")
        #expect(outcome.error.contains(says) && outcome.error.contains(hint), "\(outcome.error)")
        #expect(outcome.error.split(separator: "\n").allSatisfy { $0.count < 80 }, "\(outcome.error)")
    }

    @Test("-1 and 0 are refused wherever a number or a time is asked for, with what to write")
    func numbers() throws {
        let house = try CLIFixture()
        try house.dailies(3)
        let asked: [([String], hint: String)] = [
            (["list", "--since"], "yesterday"), (["list", "--before"], "yesterday"), (["undo", "--since"], "2h"),
            (["audit", "tail", "--since"], "10min"), (["audit", "tail", "-n"], "write 1 or more"),
            (["freeze", "dumps", "--reason", "x", "--until"], "tomorrow"),
            (["retire", "app/orders", "--reason", "x", "--keep"], "a number from 1"),
            (["retention", "forecast", "dumps", "--until"], "90d"), (["purge", "--now", "--free"], "200GiB"),
        ]
        for (command, hint) in asked {
            for value in ["0", "-1"] {
                let outcome = try house.run(command + [value])
                #expect(outcome.status == 64, "\(command) \(value): \(outcome.out)\(outcome.error)")
                #expect(outcome.error.contains(hint), "\(command) \(value): \(outcome.error)")
            }
        }
        for (value, hint) in [("0", "from 1"), ("-1", "unlimited")] {
            let outcome = try house.run("plan", "--vault", house.vault.path, "--keep-daily", value)
            #expect(outcome.status == 64 && outcome.error.contains(hint), "\(outcome.error)")
        }
        #expect(try house.run("retention", "forecast", "dumps").status == 0, "a year is the default")
    }

    @Test("a time is read alike wherever one is asked for")
    func times() throws {
        let house = try CLIFixture()
        try house.dailies(9)
        for time in ["yesterday", "10min", "2h", "2026-10", "now", "1mo", "'2026-10-01 04:15'".filter { $0 != "'" }] {
            for command in [["list", "--since"], ["list", "--before"], ["audit", "tail", "--since"]] {
                let outcome = try house.run(command + [time])
                #expect([0, 5].contains(outcome.status), "\(command) \(time): \(outcome.error)")
            }
        }
        // Days 8 and 9 are yesterday and today by UTC; in Berlin a new day may have begun.
        let since = try house.list("--since", "yesterday").count
        #expect(since == 1 || since == 2)
        #expect(try house.list("app/orders", "--before", "tomorrow").count == 9)
        for time in ["tomorrow", "2h", "2199-01"] {
            #expect(try house.run("freeze", "dumps", "--reason", "x", "--until", time).status == 0)
        }
        let minutes = try house.run("list", "--since", "10m")
        #expect(minutes.status == 64 && minutes.error.contains("10min"), "\(minutes.error)")
    }

    // MARK: Commands that are printed

    /// A directory whose name hurts where it is not quoted, and means nothing to YAML.
    private static func hostileHouse() throws -> CLIFixture {
        let root = FileManager.default.temporaryDirectory.appending(
            path: "reprieve-e2e-\(UInt64.random(in: 0 ... .max))/it's $(touch pwned) ; touch pwned \"b\" & c",
            directoryHint: .isDirectory)
        return try CLIFixture(root: root)
    }

    /// Those that stand in a text to be pasted: between backticks or in brackets, or up to the end of their line.
    private static func commands(in text: String) -> [String] {
        text.split(separator: "\n").flatMap { line in
            line.matches(of: #/(^ *|`|\(|: +|Look {5}|Do it {4}|Next: )(reprieve [a-z].*)/#).map { match in
                let rest = match.2
                switch match.1.last {
                case "`": return String(rest.prefix { $0 != "`" })
                case "(": return String(rest.prefix(upTo: rest.lastIndex(of: ")") ?? rest.endIndex))
                default:
                    return rest.firstRange(of: #/ {2,}(#.*|[a-z].*)| # .*/#).map { String(rest[..<$0.lowerBound]) }
                        ?? String(rest)
                }
            }
        }
    }

    @Test("each command that is printed works when pasted into a shell")
    func pasted() throws {
        let house = try Self.hostileHouse()
        defer { try? FileManager.default.removeItem(at: house.root.deletingLastPathComponent()) }
        try house.dailies(4)
        try house.dailies(4, series: "web/it's")
        try house.put("README")
        try house.settle()
        let elsewhere = house.root.deletingLastPathComponent()
        // What somebody who has a configuration elsewhere would have made of the program.
        let bin = house.root.appending(path: "bin")
        let script = bin.appending(path: "reprieve")
        func quoted(_ text: String) -> String { "'" + text.replacing("'", with: #"'\''"#) + "'" }
        let own = "--config \(quoted(house.config.path)) --state-dir \(quoted(house.state.path))"
        try house.write(
            script,
            """
            #!/bin/sh
            case "$*" in *--vault*) exec \(CLIFixture.binary.path) "$@";; esac
            exec \(CLIFixture.binary.path) "$@" \(own)
            """)
        chmod(script.path, 0o755)
        var pasted: [String] = []
        func paste(_ outcome: CLIFixture.Outcome) throws {
            for printed in Self.commands(in: outcome.out + "\n" + outcome.error) {
                let command = printed.replacing("WHY", with: "x").replacing("SERIES", with: "app/orders")
                guard !pasted.contains(command),
                    !command.contains(#/ (ID|NAME|PATH|VAULT|DIRECTORY|KEY=VALUE|init|agent)/#)
                else { continue }
                pasted.append(command)
                let path = "\(bin.path):/usr/bin:/bin"
                let told = try CLIFixture.launch(
                    ["/usr/bin/env", "-C", elsewhere.path, "PATH=\(path)", "sh", "-c", command + " </dev/null"])
                let isAsked = told.error.contains("without an answer") || told.error.contains("nobody is there")
                #expect(isAsked || ![1, 64, 78, 127].contains(told.status), "\(command)\n\(told.status) \(told.error)")
                #expect(!told.error.contains("matches"), "\(command): \(told.error)")
            }
        }
        for command in [
            ["status"], ["plan"], ["list"], ["cleanup"], ["plan", "web/it's"], ["cleanup", "--approve"], ["status"],
            ["list", "web/it's"], ["list", "--trash"], ["list", "it'"], ["explain", "README"], ["names", "dumps"],
            ["restore", "dumps"], ["restore", "app/orders"], ["freeze", "web/it's", "--reason", "x"], ["status"],
            ["freeze", "dumps", "--reason", "x"], ["status"], ["cleanup"], ["undo", "--last"], ["learn", "-n"],
            ["retire", "web/it's", "--reason", "x"], ["restore", "nope"], ["undo", "7"], ["purge", "--now", "nope"],
            ["retention", "forecast", "dumps"], ["config", "check"], ["doctor"], ["explain", "web/it's"],
        ] {
            try paste(try house.run(command))
        }
        #expect(pasted.count > 12, "\(pasted)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: elsewhere.path).count == 1)
        // Without any configuration: the vault and its rules come again.
        let plan = try house.run("plan", "--vault", house.vault.path, "--keep-last", "2")
        try paste(plan)
        let list = try house.run("list", "--vault", house.vault.path, "--keep-last", "2")
        try paste(list)
        #expect(list.out.contains("--keep-last 2") && list.out.contains("it'\\''s"), "\(list.out)")
    }

    @Test("a directory of the system becomes a vault only if somebody says so explicitly")
    func systemDirectory() throws {
        let house = try CLIFixture()
        for directory in ["/etc", "/home", "/usr/share", "/var/lib"] {
            let refused = try house.run("plan", "--vault", directory, "--keep-last", "1")
            #expect(refused.status == 78 && refused.error.contains("--system-directory"), "\(refused.error)")
            let fresh = house.root.appending(path: "fresh.yaml").path
            let told = try house.run("init", directory, "--yes", "--config", fresh)
            #expect(told.status == 64 && told.error.contains("--system-directory"), "\(told.error)")
            #expect(!FileManager.default.fileExists(atPath: fresh))
        }
        try house.write(house.config, "vaults: { etc: { path: /etc, keep: all } }\n")
        let configured = try house.run("config", "check")
        #expect(configured.status == 78 && configured.error.contains("system-directory: true"), "\(configured.error)")
        try house.write(house.config, "vaults: { home: { path: /home, keep: all, system-directory: true } }\n")
        #expect(try house.run("retention", "show").status == 0)
        #expect(
            try house.run("init", "-n", "/var/lib", "--config", house.root.path + "/x.yaml").out.contains(
                "system-directory: true"))
    }
}
