import Foundation
import Testing

/// One screen, for everybody; and for Nagios.
@Suite("status and doctor")
struct StatusTests {
    private func check(_ house: CLIFixture, _ arguments: String..., environment: [String: String] = [:]) throws -> (
        status: Int32, line: String
    ) {
        let outcome = try house.run(["status", "--check"] + arguments, environment: environment)
        #expect(outcome.out.hasSuffix("\n") && outcome.out.count { $0 == "\n" } == 1, "one line: \(outcome.out)")
        return (outcome.status, String(outcome.out.dropLast()))
    }

    @Test("--check: 0, 1, 2 and 3, one line, performance data")
    func nagios() throws {
        let house = try CLIFixture()
        try house.dailies(9)
        try house.write(
            house.config, "metrics: { every: 1s }\n" + (try String(contentsOf: house.config, encoding: .utf8)))
        let unknown = try check(house, "nothing")
        #expect(unknown.status == 3 && unknown.line == "REPRIEVE UNKNOWN - there is no vault 'nothing'")
        let never = try check(house)
        #expect(never.status == 2 && never.line.hasPrefix("REPRIEVE CRITICAL - dumps: no agent runs"), "\(never.line)")

        try house.startAgent()
        try house.settle()
        try house.cleanup()
        try house.wait("all to be in order") { try check(house).status == 0 }
        let fine = try check(house)
        #expect(fine.line.hasPrefix("REPRIEVE OK - 1 vault, 2 backups, "), "\(fine.line)")
        let data = try #require(fine.line.split(separator: "|").last)
        #expect(data.contains("'backups'=2 ") && data.contains("'held'=0 ") && data.contains("'dumps_newest_age'="))

        try house.run("freeze", "dumps", "--reason", "a|b\nc")
        let frozen = try check(house)
        #expect(frozen.status == 1 && frozen.line.contains("WARNING - dumps: frozen since"), "\(frozen.line)")
        #expect(frozen.line.count { $0 == "|" } == 1)
        try house.run("unfreeze", "dumps")
        #expect(try check(house).status == 0)

        // Nobody waits for a lock, however many ask.
        let all = try CLIFixture.together(6) { try house.run("status", "--check").status }
        #expect(all == [0, 0, 0, 0, 0, 0])

        // With a trash from before, the watch of that must not come before its vault's.
        house.endAgents()
        try house.startAgent()
        let log = try String(contentsOf: house.root.appending(path: "agent.log"), encoding: .utf8)
        #expect(!log.contains("limit of inotify"), "\(log)")
        try house.wait("its run to be written down") {
            try String(contentsOf: house.state.appending(path: "runs.json"), encoding: .utf8).contains("\"agent\"")
        }
        house.endAgents()
        #expect(try check(house).status == 0, "it was here a moment ago")
        let runs = house.state.appending(path: "runs.json")
        let text = try String(contentsOf: runs, encoding: .utf8)
        try house.write(runs, text.replacing(/20[0-9][0-9]-/, with: "2020-"))
        let silent = try check(house)
        #expect(silent.status == 2 && silent.line.contains("CRITICAL - dumps: no run for"), "\(silent.line)")

        try FileManager.default.moveItem(at: house.vault, to: house.root.appending(path: "elsewhere"))
        let offline = try check(house)
        #expect(offline.status == 2 && offline.line.contains("is not there"), "\(offline.line)")
        try house.write(house.config, "vaults: {}\nnonsense: 1\n")
        #expect(try check(house).status == 3)
    }

    @Test("agent --once under cron: its interval is learnt, and its silence is critical")
    func cron() throws {
        let house = try CLIFixture(more: "    approval: never")
        try house.dailies(3)
        for _ in 1...2 { try house.run("agent", "--once") }
        #expect(try check(house).status == 0)
        let json = try #require(try house.run("status", "--json").json()["vaults"] as? [[String: Any]]).first
        #expect(json?["last_result"] as? String == "done" && json?["last_run"] as? String != nil)
        #expect(FileManager.default.fileExists(atPath: house.root.appending(path: "status.json").path))
    }

    @Test("one bad newest backup is in the headline, the table, list, --check, JSON and the log; and ok means ok")
    func newest() throws {
        let house = try CLIFixture(keep: "{ last: 30 }", more: "    approval: never")
        let (head, foot) = ("-- PostgreSQL database dump\n", "-- PostgreSQL database dump complete\n")
        let dump = head + String(repeating: "INSERT INTO a VALUES (1);\n", count: 200) + foot
        let bad = [
            "cut": String(dump.dropLast(foot.count)), "empty": "", "small": head + foot,
            "web": "<html>502 Bad Gateway</html>",
        ]
        func put(_ series: String, _ n: Int, _ text: String) throws {
            try house.put("\(series)-\(CLIFixture.day(n)).sql", text)
        }
        for series in ["good"] + bad.keys { for n in -3...8 { try put(series, n, dump) } }
        let new = try house.run("status").out
        #expect(new.contains("5 settling") && !new.contains("all in order"), "\(new)")
        let states = try house.run("list").out
        #expect(states.split(separator: "\n").count { $0.hasSuffix(" settling") } == 5, "\(states)")
        try house.settle(thenPass: 0)
        for (series, text) in bad { try put(series, 9, text) }
        try put("good", 9, dump)
        try house.wait("them to rest") {
            try house.list().allSatisfy { ($0["condition"] as? String) != "settling" }
        }
        #expect(try house.run("agent", "--once").status == 0)

        let status = try house.run("status")
        #expect(status.out.contains("4 THINGS TO DECIDE") && status.out.contains("dumps  SUSPECT"), "\(status.out)")
        #expect(status.out.split(separator: "\n").allSatisfy { $0.count < 80 }, "\(status.out)")
        let check = try check(house)
        #expect(check.status == 1 && check.line.contains("'suspect'=4 "), "\(check.line)")
        let json = try house.run("status", "--json").json()
        #expect((json["vaults"] as? [[String: Any]])?.first?["suspect"] as? Int == 4)
        let matters = try #require(json["to_decide"] as? [[String: Any]])
        #expect(Set(matters.compactMap { $0["code"] as? String }) == ["suspect"])
        let empty = matters.first { ($0["message"] as? String)?.contains("it is empty") == true }
        let commands = (empty?["commands"] as? [String] ?? []).filter { !$0.hasPrefix("reprieve list") }
        #expect(commands.first?.hasPrefix("reprieve condemn ") == true, "never accept an empty file first")
        #expect((empty?["message"] as? String)?.contains("Repair the job") == true)
        #expect(try !house.run("list", "empty").said.contains("accept"))
        let rows = try house.run("list").out.split(separator: "\n")
        #expect(rows.count { $0.hasSuffix(" SUSPECT") } == 4 && rows.contains { $0.hasSuffix(" ok") })
        let found = try house.events().filter { $0["event"] as? String == "anomaly.found" }
        #expect(
            Set(found.compactMap { $0["series"] as? String }).count == 3, "the cut one counts, as options may change")

        // The job was repaired.
        for series in bad.keys { try put(series, 10, dump) }
        try house.wait("all to be in order") {
            try house.run("status").out.contains("all in order") && self.check(house).status == 0
        }
        #expect(try house.state() == "ok")
    }

    @Test("no backup at all and a series that is over are not in order, and no alarm; a late one is both")
    func order() throws {
        let house = try CLIFixture(keep: "all", more: "    approval: never")
        #expect(try house.run("status").out.contains("1 empty"))
        for day in -40 ... -30 { try house.put("app/over-\(CLIFixture.day(day)).dump") }
        try house.dailies(9)
        try house.settle(thenPass: 0)
        #expect(try house.run("agent", "--once").status == 0)
        let ended = try house.run("status").out
        #expect(ended.contains("1 ended") && !ended.contains("all in order"), "\(ended)")
        #expect(try check(house).status == 0)
        try house.run("retire", "app/over", "--reason", "over", "--yes")
        #expect(try house.run("status").out.contains("all in order"))
        for day in -6...4 { try house.put("app/late-\(CLIFixture.day(day)).dump") }
        try house.settle(thenPass: 0)
        let late = try house.run("status").out
        #expect(late.contains("1 LATE") && late.contains("dumps  LATE"), "\(late)")
        #expect(try check(house).status == 1)
    }

    @Test(
        "who may not read the state sees what the agent wrote, and how old it is",
        .enabled(if: geteuid() == 0, "dropping root needs root"))
    func secondHand() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.write(
            house.config, "metrics: { every: 1s }\n" + (try String(contentsOf: house.config, encoding: .utf8)))
        let runtime = house.root.appending(path: "run")
        try FileManager.default.createDirectory(at: runtime, withIntermediateDirectories: true)
        // The binary's directory may not be for others, and the umask is not always kind.
        let binary = house.root.appending(path: "reprieve")
        try FileManager.default.copyItem(at: CLIFixture.binary, to: binary)
        for path in [house.root.path, runtime.path, binary.path, house.config.path] { chmod(path, 0o755) }
        let environment = ["RUNTIME_DIRECTORY": runtime.path]
        let nobody = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", binary.path]
        let common = ["--config", house.config.path, "--state-dir", house.state.path]
        func asNobody(_ arguments: String...) throws -> CLIFixture.Outcome {
            try CLIFixture.launch(nobody + arguments + common, environment: environment)
        }

        try house.run("status")
        #expect(try asNobody("status").status == 1, "there is nothing to be shown yet")
        let before = try asNobody("status", "--check")
        #expect(before.status == 3 && before.out.hasPrefix("REPRIEVE UNKNOWN - "))

        try house.startAgent(under: ["/usr/bin/env", "RUNTIME_DIRECTORY=\(runtime.path)"])
        let file = runtime.appending(path: "status.json")
        try house.wait("the held plan to be told") {
            (try? String(contentsOf: file, encoding: .utf8))?.contains("\"first-plan\"") == true
        }
        #expect(try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int == 0o644)
        let own = try house.run("status")
        let theirs = try asNobody("status")
        #expect(theirs.status == 0, "\(theirs.out)\(theirs.error)")
        var lines = theirs.out.split(separator: "\n", omittingEmptySubsequences: false)
        let age = lines.remove(at: 1)
        #expect(age.hasPrefix("As of "), "\(theirs.out)")
        func table(_ lines: [Substring]) -> [Substring] { lines.filter { $0.hasPrefix("dumps") || $0.hasPrefix("1 ") } }
        #expect(
            !table(lines).isEmpty && table(lines) == table(own.out.split(separator: "\n")), "\(own.out)\(theirs.out)")
        let check = try asNobody("status", "--check")
        #expect(check.status == 1 && check.out.contains("first plan of this vault"), "\(check.out)")
        #expect(try asNobody("status", "--json").json()["schema"] as? String == "reprieve.status/1")

        // The agent is gone for long.
        house.endAgents()
        let text = try String(contentsOf: file, encoding: .utf8)
        try house.write(file, text.replacing(/"written":"20[0-9][0-9]-/, with: "\"written\":\"2020-"))
        #expect(try asNobody("status").out.contains("does it still run?"))
        #expect(try asNobody("status", "--check").status == 2)
        try house.write(file, "{")
        let broken = try asNobody("status")
        #expect(broken.status == 1 && broken.error.contains("cannot be read"), "\(broken.error)")
        #expect(try asNobody("status", "--check").status == 3)
    }

    @Test(
        "without systemd, too, any user sees what the agent left",
        .enabled(if: geteuid() == 0, "dropping root needs root"))
    func foreground() throws {
        let house = try CLIFixture(more: "    approval: never")
        try house.dailies(2)
        let binary = house.root.appending(path: "reprieve")
        try FileManager.default.copyItem(at: CLIFixture.binary, to: binary)
        for path in [house.root.path, binary.path, house.config.path] { chmod(path, 0o755) }
        let shared = "/run/reprieve"
        func files() -> Set<String> { Set((try? FileManager.default.contentsOfDirectory(atPath: shared)) ?? []) }
        let before = files()
        let common = ["--config", house.config.path, "--state-dir", house.state.path]
        // Whoever runs the tests may be a service himself.
        let environment = ["RUNTIME_DIRECTORY": ""]
        _ = try CLIFixture.launch([CLIFixture.binary.path, "agent", "--once"] + common, environment: environment)
        defer { for file in files().subtracting(before) { unlink("\(shared)/\(file)") } }
        let nobody = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", binary.path]
        let theirs = try CLIFixture.launch(nobody + ["status"] + common, environment: environment)
        #expect(theirs.status == 0 && theirs.out.contains("\nAs of ") && theirs.out.contains("dumps"), "\(theirs.said)")
        let check = try CLIFixture.launch(nobody + ["status", "--check"] + common, environment: environment)
        #expect(check.status == 0, "\(check.said)")
        #expect(try FileManager.default.attributesOfItem(atPath: shared)[.posixPermissions] as? Int == 0o755)
    }

    @Test("FULL IN comes from the growth of the last weeks, and is - until a week is known")
    func fullIn() throws {
        let house = try CLIFixture()
        try house.dailies(2)
        let first = try house.run("status").out
        let header = try #require(first.split(separator: "\n").first { $0.contains("FULL IN") })
        #expect(header.contains("NEXT PURGE"))
        func disk() throws -> [String: Any] {
            try #require((try house.run("status", "--json").json()["disks"] as? [[String: Any]])?.first)
        }
        let today = try disk()
        #expect(today["full_in_days"] is NSNull)
        let available = try #require(today["available"] as? Int)
        let file = house.state.appending(path: "growth.json")
        let json = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        let id = try #require((json["filesystems"] as? [String: Any])?.keys.first)
        let day = Int(Date().timeIntervalSince1970) / 86_400
        func inject(_ days: Int) throws {
            let samples = (0..<days).map { #"{"day":\#(day - days + 1 + $0),"used":\#(available / 100 * $0)}"# }
            try house.write(file, #"{"filesystems":{"\#(id)":{"samples":[\#(samples.joined(separator: ","))]}}}"#)
        }
        try inject(6)
        #expect(try disk()["full_in_days"] is NSNull)
        try inject(10)
        let days = try #require(try disk()["full_in_days"] as? Int)
        #expect((90...110).contains(days), "\(days)")
        let text = try house.run("status").out
        #expect(text.contains("\(days) days") || text.contains(" days\n"), "\(text)")
        #expect(text.split(separator: "\n").allSatisfy { $0.count < 80 }, "\(text)")
    }

    @Test("doctor: who else may write the configuration, the clock, room, and a remedy for each")
    func doctor() throws {
        let house = try CLIFixture()
        try house.dailies(2)
        let fine = try house.run("doctor", "--json")
        #expect(fine.status == 0, "\(fine.out)")
        let json = try fine.json()
        #expect((json["clock"] as? [String: Any])?.keys.contains("synchronised") == true)
        let vault = try #require((json["vaults"] as? [[String: Any]])?.first)
        #expect((0...100).contains(vault["free_percent"] as? Int ?? -1))
        let notes = try #require(json["notes"] as? [[String: Any]])
        let runner = try #require(notes.first { $0["code"] as? String == "no-agent" })
        #expect((runner["remedy"] as? [String])?.first?.hasPrefix("systemctl enable --now reprieve") == true)

        chmod(house.config.path, 0o666)
        let open = try house.run("doctor")
        #expect(open.status == 1 && open.out.contains("everybody may write the configuration"), "\(open.out)")
        #expect(open.out.contains("chmod o-w \(house.config.path)"))
        #expect(open.out.contains("Clock: "))
        chmod(house.config.path, 0o644)
        try house.configure(keep: "{ last: 2 }", more: "    limits: { min-free: 100000GiB }")
        let full = try house.run("doctor", "--json")
        let problems = try #require(try full.json()["problems"] as? [[String: Any]])
        #expect(full.status == 1 && problems.contains { $0["code"] as? String == "space" }, "\(full.out)")
        let missing = "metrics: { textfile: /nonexistent/textfiles }\n"
        try house.write(house.config, missing + (try String(contentsOf: house.config, encoding: .utf8)))
        #expect(try house.run("doctor").out.contains("mkdir -p /nonexistent/textfiles"))
    }

    @Test("doctor: a vault that hangs stops no other", .enabled(if: DiskFixture.isUsable, "mounting needs root"))
    func hanging() throws {
        try DiskFixture.with { rack, house in
            let source = house.root.appending(path: "source")
            let remote = house.root.appending(path: "remote").path
            for directory in [source.path, remote] {
                try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            }
            try house.write(source.appending(path: "web-\(CLIFixture.day(1)).tar"), "x")
            try house.dailies(2)
            let server = try rack.serve(source.path, at: remote)
            try house.addVault("remote", remote)
            #expect(try house.run("doctor").status == 0)
            kill(server.processIdentifier, SIGSTOP)
            defer { kill(server.processIdentifier, SIGCONT) }
            let outcome = try house.run("doctor", "--wait", "2s")
            #expect(outcome.status == 1 && outcome.out.contains("does not answer"), "\(outcome.out)\(outcome.error)")
            let row = outcome.out.split(separator: "\n").first { $0.hasPrefix("dumps") }
            #expect(row?.contains("told") == true, "\(outcome.out)")
            // Whoever monitors waits for three seconds; this machine may be busy.
            let start = Date()
            let line = try check(house).line
            #expect(line.contains("remote: the vault 'remote' does not answer"), "\(line)")
            #expect(Date().timeIntervalSince(start) < 8)
        }
    }
}
