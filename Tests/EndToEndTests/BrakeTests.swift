import Foundation
import Testing

@Suite("brakes, with the real binary")
struct BrakeTests {
    /// Runs under another wall clock; the boot clock is the machine's.
    private func at(_ offset: String, _ house: CLIFixture, _ arguments: String...) throws -> CLIFixture.Outcome {
        let faked = ["DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"]
        return try house.run(arguments, under: ["/usr/bin/faketime", "-f", offset], environment: faked)
    }

    private func status(_ house: CLIFixture) throws -> [String: Any] { try house.run("status", "--json").json() }

    private func freezes(_ house: CLIFixture) throws -> [String] {
        let vault = (try status(house)["vaults"] as? [[String: Any]])?.first
        return (vault?["freezes"] as? [[String: Any]] ?? []).compactMap { $0["cause"] as? String }
    }

    @Test("ten years ahead and ten back: nothing is moved, nothing purged, and it ends when the clock is right")
    func clock() throws {
        let house = try CLIFixture(grace: "1h", more: "    safeguards: { clock: until-unfrozen }")
        try house.dailies(8)
        try house.cleanup()
        let (names, batches) = (house.names(), house.batches())
        for day in 5...8 { try house.put("app/orders-\(CLIFixture.day(day + 1)).dump", "new") }
        for offset in ["+3650d", "-3650d"] {
            let cleanup = try at(offset, house, "cleanup")
            #expect(cleanup.status == 4 && cleanup.said.contains("the clock"), "\(offset): \(cleanup.said)")
            #expect(try at(offset, house, "purge").status == 4)
            #expect(house.names().isSuperset(of: names) && house.batches() == batches, "\(offset)")
            #expect(try at(offset, house, "status").said.contains("reprieve unfreeze dumps"))
        }
        #expect(try freezes(house).isEmpty, "by the right clock")
        try house.run("cleanup")
        let events = try house.events().compactMap { $0["event"] as? String }
        #expect(events.count { $0 == "vault.frozen" } == events.count { $0 == "vault.unfrozen" })
        #expect(events.contains("vault.frozen"))
        #expect(try house.run("audit", "verify").status == 0)
        // A person says that the other one is right.
        #expect(try at("+3650d", house, "unfreeze", "dumps").status == 0)
        #expect(try at("+3650d", house, "cleanup").status != 4)
    }

    @Test("the clock jumps while the agent runs: what is due by the new clock is not purged")
    func agent() throws {
        let house = try CLIFixture(grace: "40d", more: "    safeguards: { clock: until-unfrozen }")
        try house.dailies(6)
        try house.cleanup()
        // Read by libfaketime at every call.
        let clock = house.root.appending(path: "clock")
        try house.write(clock, "+0")
        try house.startAgent(under: [
            "/usr/bin/env", "FAKETIME_NO_CACHE=1", "DONT_FAKE_MONOTONIC=1", "FAKETIME_DONT_FAKE_MONOTONIC=1",
            "/usr/bin/faketime", "-f", "+0", "/usr/bin/env", "-u", "FAKETIME", "FAKETIME_TIMESTAMP_FILE=\(clock.path)",
        ])
        // faketime waits for its child: that one is ended by its own number.
        let lock = try String(contentsOf: house.state.appending(path: "agent.lock"), encoding: .utf8)
        let process = try #require(lock.firstMatch(of: /\((\d+)\)/).flatMap { Int32($0.output.1) })
        defer { kill(process, SIGKILL) }
        try house.write(clock, "+365d")
        var count = 0
        try house.wait("the freeze", seconds: 90) {
            count += 1
            // It looks at the clock every few seconds, when something happens anyway.
            try house.put("app/other-\(CLIFixture.day(9)).dump", "something to look at \(count)")
            usleep(500_000)
            return try house.events().contains {
                $0["event"] as? String == "vault.frozen" && $0["cause"] as? String == "clock"
            }
        }
        #expect(house.batches().count == 1 && house.purging().isEmpty)
        #expect(!(try house.events().contains { $0["event"] as? String == "purge.intent" }))
    }

    @Test("nine of ten encrypted in place: frozen and said once, all of the trash comes back")
    func ransom() throws {
        let house = try CLIFixture(grace: "1s")
        for series in ["app/orders", "app/users", "files/web"] { try house.dailies(8, series: series) }
        try house.cleanup()
        try house.pass(1.2)
        let present = house.names().sorted()
        for name in present {
            try house.put(name + ".locked", "0x91")
            try FileManager.default.removeItem(at: house.vault.appending(path: name))
        }
        #expect(try house.run("plan").said.contains("FROZEN"), "who only looks sees it")
        for _ in 1...2 {
            #expect(try house.run("purge").status == 4)
            #expect(try house.run("cleanup").status == 4)
        }
        let frozen = try house.events().filter { $0["event"] as? String == "vault.frozen" }
        #expect(frozen.count == 1 && frozen.first?["cause"] as? String == "rewritten")
        #expect(try house.run("status").said.contains("within an hour"))
        #expect(try house.run("undo", "--last").status == 0)
        #expect(house.names().count { !$0.hasSuffix(".locked") } == 18)
        #expect(try Set(freezes(house)) == ["rewritten", "undone"])
        #expect(try house.run("unfreeze", "dumps").status == 0)
        #expect(try freezes(house).isEmpty)
    }

    @Test("a tiny dump is set aside, three freeze their series, accept ends it")
    func suspect() throws {
        let house = try CLIFixture(keep: "{ last: 20 }")
        func dump(_ n: Int, _ size: Int) throws {
            try house.put("app/orders-\(CLIFixture.day(n)).dump", String(repeating: "x", count: size))
        }
        for n in -6...5 { try dump(n, 50_000) }
        try dump(6, 90)
        try house.wait("it to be set aside") { try house.run("list", "app/orders").said.contains("SUSPECT") }
        let list = try house.run("list", "app/orders").said
        #expect(list.contains("over 99 % smaller than usual"), "\(list)")
        let explained = try house.run("explain", "orders-\(CLIFixture.day(6)).dump").said
        #expect(explained.contains("reprieve accept"), "\(explained)")
        #expect(try house.run("status").said.contains("is suspect"))
        #expect(try house.backup("app/orders-\(CLIFixture.day(6)).dump")?["condition"] as? String == "suspect")
        for n in 7...8 { try dump(n, 90 + n) }
        try house.wait("the freeze of its series") {
            try house.run("cleanup")
            return try freezes(house) == ["suspect"]
        }
        let status = try house.run("status").said
        #expect(status.contains("reprieve accept dumps app/orders --reason WHY"), "\(status)")
        #expect(try house.run("accept", "app/orders").status == 64, "a reason is needed")
        #expect(try house.run("accept", "app/orders", "--reason", "moved away", "-n").status == 0)
        #expect(try freezes(house) == ["suspect"])
        let accepted = try house.run("accept", "app/orders", "--reason", "moved away").said
        #expect(accepted.contains("3 suspect backups count"), "\(accepted)")
        #expect(try freezes(house).isEmpty)
        #expect(!(try house.run("list", "app/orders").said.contains("SUSPECT")))
        #expect(try house.events().contains { $0["event"] as? String == "backup.accepted" })
    }

    @Test("freeze and unfreeze take several vaults and series, and --all; a future-dated one is reported")
    func words() throws {
        let house = try CLIFixture()
        try house.dailies(3)
        try house.dailies(3, series: "app/users")
        try house.put("app/users-2099-01-01.dump")
        try house.settle2()
        #expect(try house.run("status").said.contains("dated more than a day ahead"))
        #expect(try house.run("freeze", "app/orders", "app/users", "--reason", "stop", "--until", "3d").status == 0)
        #expect(try freezes(house) == ["person", "person"])
        #expect(try house.run("freeze", "--all", "--reason", "stop").status == 0)
        #expect(try freezes(house).count == 3)
        #expect(try house.run("unfreeze", "dumps", "app/users").status == 0)
        #expect(try freezes(house).count == 2)
        #expect(try house.run("unfreeze", "--all").status == 0)
        #expect(try freezes(house).isEmpty)
        try house.write(house.root.appending(path: "FREEZE"), "")
        #expect(try house.run("status").said.contains("rm \(house.root.appending(path: "FREEZE").path)"))
        #expect(try house.run("cleanup").status == 4)
    }

    @Test("preserved ones stay: the state lost, the trash removed, both in turn, another host, the log rotated away")
    func marks() throws {
        let house = try CLIFixture(grace: "1s")
        try house.dailies(6)
        try house.settle()
        let (kept, path) = ("orders-\(CLIFixture.day(1)).dump", "app/orders-\(CLIFixture.day(1)).dump")
        #expect(try house.run("preserve", kept, "--reason", "audit").status == 0)
        let losses: [(what: String, lose: () throws -> Void)] = [
            ("state", { try FileManager.default.removeItem(at: house.state) }),
            ("trash", { try FileManager.default.removeItem(at: house.vault.appending(path: ".trash")) }),
            ("log", { try FileManager.default.removeItem(at: house.state.appending(path: "audit.log")) }),
            ("state again", { try FileManager.default.removeItem(at: house.state) }),
            (
                "host",
                {
                    // The disk comes to another host: another state, and a marker of somebody else.
                    try FileManager.default.removeItem(at: house.state)
                    let marker = house.vault.appending(path: ".trash/vault.json")
                    let text = try String(contentsOf: marker, encoding: .utf8)
                    let keeper = try #require(text.firstMatch(of: /"keeper" : "([^"]*)"/))
                    try house.write(marker, text.replacing(keeper.output.0, with: "\"keeper\" : \"elsewhere\""))
                    #expect(try house.run("cleanup").status != 0)
                    #expect(try house.run("adopt", house.vault.path, "--yes").status == 0)
                }
            ),
        ]
        for loss in losses {
            try loss.lose()
            try house.run("plan")
            try house.run("cleanup", "--approve")
            try house.pass(1.2)
            try house.run("purge")
            #expect(house.exists(path), "\(loss.what)")
            #expect(try house.backup(path)?["preserved"] as? Bool == true, "\(loss.what)")
        }
    }
}

extension CLIFixture {
    /// As `settle()`, where one of them is dated ahead and never complete.
    fileprivate func settle2() throws {
        try wait("everything to settle") {
            let all = try list()
            return all.count == 7 && all.allSatisfy { ["complete", "future"].contains($0["condition"] as? String) }
        }
    }
}
