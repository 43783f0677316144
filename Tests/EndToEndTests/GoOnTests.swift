import Foundation
import Testing

@Suite("there is always a way to go on, with the real binary")
struct GoOnTests {
    private func orders(_ n: Int) -> String { "app/orders-\(CLIFixture.day(n)).dump" }

    /// Lines broken for 80 columns, as one.
    private func flat(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    @Test("nothing goes: it is said why, and from when on something can")
    func nothing() throws {
        let house = try CLIFixture()
        #expect(flat(try house.run("plan").out).contains("Nothing goes: there is no backup in this vault."))
        try house.dailies(6)
        let settings = try String(contentsOf: house.config, encoding: .utf8)
        try house.write(house.config, settings.replacing("min-observed-age: 1s", with: "min-observed-age: 24h"))
        try house.settle(thenPass: 0)
        let plan = flat(try house.run("plan").out)
        #expect(plan.contains("Nothing goes yet: 4 backups were first seen less than 24h ago."), "\(plan)")
        #expect(plan.contains("an go from "))
        let json = try house.run("plan", "--json").json()
        let waiting = try #require(json["waiting"] as? [[String: Any]])
        #expect(waiting.count == 1 && waiting[0]["cause"] as? String == "first_seen")
        #expect(waiting[0]["count"] as? Int == 4 && waiting[0]["from"] is String)
        #expect(flat(try house.run("cleanup").out).contains("nothing moved Nothing goes yet: 4 backups"))

        try house.write(house.config, settings)
        try house.pass(1.1)
        try house.run("freeze", "dumps", "--reason", "stocktaking", "--until", "2d")
        let frozen = flat(try house.run("plan").out)
        #expect(frozen.contains("Nothing goes while dumps is frozen until "), "\(frozen)")
        #expect(frozen.contains("After that 4 backups (") && !frozen.contains("This frees"))
        try house.run("unfreeze", "dumps")
        try house.cleanup()
        #expect(flat(try house.run("plan").out).contains("Nothing goes: the policy keeps all 2 backups."))
        #expect(flat(try house.run("purge").out).contains("4 not due yet, the first on "))
    }

    @Test("a backup that a person knows to be broken counts for nothing, until that is taken back")
    func bad() throws {
        let house = try CLIFixture(keep: "{ last: 1 }")
        for day in 7...9 { try house.put(orders(day)) }
        try house.settle()
        #expect(try house.run("bad", orders(9)).status == 64, "it needs a reason")
        let said = try house.run("bad", orders(9), "--reason", "table is missing")
        #expect(said.status == 0 && flat(said.out).contains("the newest of its series that counts is orders-"))
        let listed = try #require(try house.list().first { $0["path"] as? String == orders(9) })
        #expect(listed["complete"] as? Bool == false && listed["condition"] as? String == "broken")
        for screen in [["status"], ["explain", orders(9)], ["plan", "app/orders"], ["list", "app/orders"]] {
            #expect(flat(try house.run(screen).out).contains("marked as bad: table is missing"), "\(screen)")
        }
        try house.run("plan")
        #expect(try house.run("cleanup", "--approve").status == 0)
        #expect(house.names() == [orders(8), orders(9)], "the newest that counts stays, and the bad one too")
        #expect(try house.run("bad", orders(7), "--reason", "x").status == 64, "in the trash it counts for nothing")
        #expect(try house.run("condemn", orders(8), "--reason", "x").status == 4, "it is the newest that counts")
        #expect(try house.events().contains { $0["event"] as? String == "backup.bad" })
        #expect(flat(try house.run("release", orders(9)).out).contains("it counts again"))
        try house.run("plan")
        #expect(try house.run("cleanup", "--approve").status == 0)
        #expect(house.names() == [orders(9)])
    }

    @Test("a run, a series, a vault: what came back is released, what is preserved stays so unless it is said")
    func release() throws {
        let house = try CLIFixture()
        try house.dailies(6)
        try house.dailies(6, series: "app/users")
        try house.cleanup()
        try #require(try house.run("undo", "1").status == 0)
        try house.run("unfreeze", "dumps")
        let plan = flat(try house.run("plan").out)
        #expect(plan.contains("8 backups came back from the trash and are protected for a grace."), "\(plan)")
        try house.run("preserve", "app/orders", "--before", CLIFixture.day(3), "--reason", "case 4711")
        #expect(try house.list().count { $0["preserved"] as? Bool == true } == 2)
        #expect(try house.run("preserve", "app/orders", "--before", "2001-01-01", "--reason", "x").status == 5)
        let series = try house.run("release", "app/users", "--json").json()
        #expect(series["released"] as? Int == 4 && series["still_preserved"] as? Int == 0)
        #expect(try house.run("release", "run", "7").status == 5)
        let run = flat(try house.run("release", "run", "1").out)
        #expect(run.contains("run 1 in dumps: 4 backups released"), "\(run)")
        #expect(run.contains("2 backups are preserved and stay so"), "\(run)")
        try house.run("plan")
        #expect(try house.run("cleanup", "--approve").status == 0)
        #expect(house.names().count == 6, "two of each, and two are preserved")
        #expect(flat(try house.run("release", "dumps", "--preserved").out).contains("dumps: 2 backups released"))
        #expect(try house.run("cleanup").status == 0)
        #expect(house.names().count == 4)
    }

    @Test("restore --wanted brings back what the policy would keep now, with one mark")
    func wanted() throws {
        let house = try CLIFixture()
        try house.dailies(6)
        try house.cleanup()
        #expect(try house.run("restore", "--wanted").status == 5)
        for day in [5, 6] { try FileManager.default.removeItem(at: house.vault.appending(path: orders(day))) }
        #expect(flat(try house.run("status").out).contains("reprieve restore --wanted dumps"))
        #expect(try house.run("restore", "--wanted", "dumps", "-n").status == 0 && house.names().isEmpty)
        #expect(try house.run("restore", "--wanted", "dumps").status == 0)
        #expect(house.names() == [orders(3), orders(4)])
        let marks = try String(contentsOf: house.state.appending(path: "marks.json"), encoding: .utf8)
        #expect(marks.components(separatedBy: "reprieved").count == 2)
        #expect(try house.run("restore", "--wanted").status == 5)
    }

    @Test("purge --now --free takes the oldest backup, not the first name")
    func oldest() throws {
        let house = try CLIFixture()
        let size = String(repeating: "x", count: 100_000)
        for (name, days) in [("app/aaa", 3...6), ("app/zzz", 1...6)] {
            for day in days { try house.put("\(name)-\(CLIFixture.day(day)).dump", size) }
        }
        try house.cleanup()
        let plan = try house.run("purge", "--now", "--free", "150KiB", "-n", "--json").json()
        let going = try #require(plan["backups"] as? [[String: Any]]).compactMap { $0["path"] as? String }
        #expect(going == ["app/zzz-\(CLIFixture.day(1)).dump", "app/zzz-\(CLIFixture.day(2)).dump"])
    }

    @Test("a vault that is not configured any more is given up, and one that is configured is not")
    func forget() throws {
        let house = try CLIFixture()
        try house.dailies(2)
        try house.run("status")
        #expect(try house.run("forget", "dumps").status == 64)
        let other = house.root.appending(path: "other", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: other, withIntermediateDirectories: true)
        let settings = try String(contentsOf: house.config, encoding: .utf8)
        try house.write(house.config, settings.replacing(house.vault.path, with: other.path))
        #expect(try house.run("forget", "nothing").status == 5)
        let outcome = try house.run("forget", "vault")
        #expect(outcome.status == 0 && outcome.out.contains(house.vault.path), "\(outcome.error)")
        #expect(try house.run("forget", house.vault.path).status == 5, "it is forgotten already")
        #expect(house.names().count == 2)
        #expect(try house.events().contains { $0["event"] as? String == "vault.forgotten" })
    }

    @Test("Ctrl-C says how far it got, and how to go on")
    func interrupted() throws {
        let house = try CLIFixture()
        try house.dailies(6)
        try house.settle()
        try house.run("plan")
        // Somebody holds the vault: the command waits until it is interrupted.
        try house.run("freeze", "dumps", "--reason", "x")
        try house.run("unfreeze", "dumps")
        let lock = open(house.vault.appending(path: ".trash/.lock").path, O_RDWR | O_CLOEXEC)
        #expect(flock(lock, LOCK_EX) == 0)
        defer { close(lock) }
        let outcome = try CLIFixture.launch([
            "/usr/bin/timeout", "-s", "INT", "2", CLIFixture.binary.path, "cleanup", "dumps", "--approve", "--wait",
            "60s",
            "--config", house.config.path, "--state-dir", house.state.path,
        ])
        #expect(flat(outcome.error).contains("interrupted, and nothing was moved to the trash"), "\(outcome.error)")
        #expect(flat(outcome.error).contains("to go on: reprieve cleanup dumps --approve"))
        #expect(outcome.error.components(separatedBy: "interrupted").count == 2, "said once: \(outcome.error)")
        #expect(house.names().count == 6)
    }

    @Test("Ctrl-C in the middle of a cleanup tells what was moved; going on and undoing do the rest")
    func interruptedInTheMiddle() throws {
        let house = try CLIFixture(keep: "{ last: 2 }")
        let all = 4000
        for n in 0..<all {
            let date = Date(timeIntervalSinceNow: Double(n - all) * 86_400)
            try house.put("db-\(ISO8601DateFormatter().string(from: date).prefix(10)).dump", "x")
        }
        try house.settle()
        try house.run("plan")
        let said = house.root.appending(path: "said")
        _ = FileManager.default.createFile(atPath: said.path, contents: nil)
        let process = Process()
        // A script that starts the tests in the background has them ignore the signal, and a command leaves it ignored.
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "--default-signal=INT", CLIFixture.binary.path, "cleanup", "--approve", "--config", house.config.path,
            "--state-dir", house.state.path,
        ]
        (process.standardInput, process.standardOutput) = (FileHandle.nullDevice, FileHandle.nullDevice)
        process.standardError = try FileHandle(forWritingTo: said)
        try process.run()
        // Asked often: all of it takes less than a second.
        let end = Date().addingTimeInterval(30)
        let trash = house.vault.appending(path: ".trash").path
        while process.isRunning, Date() < end {
            let batch = house.batches().last.map { "\(trash)/\($0)/files" }
            let moved = batch.flatMap { try? FileManager.default.contentsOfDirectory(atPath: $0) } ?? []
            if !moved.isEmpty { break }
            usleep(500)
        }
        process.interrupt()
        process.waitUntilExit()
        let text = flat(try String(contentsOf: said, encoding: .utf8))
        try #require(
            process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGINT,
            "\(process.terminationStatus): \(text)")
        #expect(text.components(separatedBy: "interrupted").count == 2, "\(text)")
        let moved = all - house.names().count
        #expect(moved > 0 && moved < all - 2)
        let told = try #require(text.firstMatch(of: /([0-9 ]+) backups? (was|were) moved to the trash/))
        #expect(Int(told.1.filter(\.isNumber)).map { $0 > 0 && $0 <= moved } == true, "\(moved): \(text)")
        #expect(text.contains("to undo it: reprieve undo "))
        try house.run("plan")
        #expect(try house.run("cleanup", "--approve").status == 0 && house.names().count == 2)
    }
}
