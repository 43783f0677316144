import Foundation
import Testing

@Suite("retention, with the real binary")
struct RetentionTests {
    @Test("more than the amount waits, the oldest go, and it drains run by run")
    func amounts() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.cleanup()
        // Thirty older ones are copied in: they did not arrive.
        for n in 1...30 { try house.put("app/orders-\(CLIFixture.day(-n)).dump") }
        try house.settle()
        let first = try house.run("cleanup", "--json")
        #expect(first.status == 4)
        let json = try first.json()
        #expect(json["hold"] as? String == "amount")
        // A quarter of 32 is 8.
        #expect((json["moved"] as? [Any])?.count == 8 && json["waiting"] as? Int == 22)
        #expect(
            !house.exists("app/orders-\(CLIFixture.day(-30)).dump")
                && house.exists("app/orders-\(CLIFixture.day(-22)).dump"))
        let status = try house.run("status")
        #expect(status.out.contains("30 of 32 would go, 8 may") || status.out.contains("of 24 would go, 6 may"))
        var runs = 0
        while try house.run("cleanup").status == 4, runs < 20 { runs += 1 }
        #expect(runs > 1 && house.names().count == 2)
        #expect(try !house.run("status").out.contains("TO DECIDE"))
        // Said once, not every run.
        #expect(try house.events().count { $0["event"] as? String == "plan.held" } == 1)
    }

    @Test("retention set: consequences first, written where it wins, and what it takes waits")
    func set() throws {
        let house = try CLIFixture(keep: "{ last: 4, weekly: 2 }")
        try house.dailies(9)
        try house.cleanup()
        let before = house.names()
        let preview = try house.run("retention", "set", "dumps", "last=2", "-n", "--json").json()
        let comparison = try #require(preview["comparison"] as? [String: Any])
        #expect((comparison["would_go"] as? [Any])?.isEmpty == false && preview["written"] as? Bool == false)
        let file = try #require(preview["file"] as? String)
        #expect(!FileManager.default.fileExists(atPath: file))

        #expect(try house.run("retention", "set", "dumps", "last=2").status == 0)
        let shown = try house.run("retention", "show", "dumps").out
        #expect(shown.contains("last 2, weekly 2") && shown.contains("90-retention-set.yaml:"))
        #expect(try house.run("cleanup").status == 4)
        #expect(house.names() == before, "held: nothing goes that the approved policy keeps")
        // Another set keeps the first one's, an empty value drops a rule.
        #expect(try house.run("retention", "set", "dumps", "weekly=", "grace-period=2h").status == 0)
        let now = try house.run("retention", "show", "dumps").out
        #expect(now.contains("last 2 ") && !now.contains("weekly") && now.contains("2h"))
        #expect(try house.run("plan").status == 0)
        #expect(try house.run("cleanup", "--approve").status == 0)
        #expect(house.names().count == 2)
        for bad in ["last=0", "lst=3", "last", "keep.daily=x", "grace-period=5m"] {
            #expect(try house.run("retention", "set", "dumps", bad).status == 64, "\(bad)")
        }
        #expect(try house.run("retention", "set", "dumps", "last=").error.contains("no rule would be left"))
        #expect(try house.run("retention", "set", "nowhere", "last=2").status == 5)
    }

    @Test("plan --policy compares; nothing is written or moved")
    func compare() throws {
        let house = try CLIFixture(keep: "{ last: 5 }")
        try house.dailies(9)
        try house.settle()
        let file = house.root.appending(path: "new.yaml")
        try house.write(file, "keep: { last: 3 }\n")
        let outcome = try house.run("plan", "--policy", file.path, "--json").json()
        let vault = try #require((outcome["vaults"] as? [[String: Any]])?.first)
        #expect((vault["would_go"] as? [Any])?.count == 2)
        #expect((vault["would_stay"] as? [Any])?.isEmpty == true)
        #expect(try house.run("plan", "--policy", file.path).out.contains("2 backups"))
        try house.write(file, "keep: { lst: 3 }\n")
        #expect(try house.run("plan", "--policy", file.path).status == 78)
        #expect(house.names().count == 9)
    }

    @Test("condemn by hand: past the policy, never past a mark; it is purged, and restore takes it back for good")
    func condemn() throws {
        let house = try CLIFixture(keep: "{ last: 9 }", grace: "2s")
        try house.dailies(5)
        try house.settle()
        let (third, newest) = ("app/orders-\(CLIFixture.day(3)).dump", "app/orders-\(CLIFixture.day(5)).dump")
        #expect(try house.run("condemn", newest, "--reason", "no").status == 4)
        #expect(try house.run("condemn", third, "--reason", "corrupt", "-n").out.contains("would go"))
        #expect(house.exists(third))
        #expect(try house.run("condemn", third, "--reason", "corrupt").status == 0)
        #expect(!house.exists(third))
        #expect(try house.events().contains { ($0["reason"] as? String)?.contains("by hand: corrupt") == true })
        #expect(try house.run("restore", third).status == 0)
        #expect(house.exists(third))
        // Restored, the word against it is over: a later cleanup does not take it.
        #expect(try house.run("cleanup").status == 0)
        #expect(house.exists(third))
        #expect(try house.run("condemn", "app/orders-\(CLIFixture.day(1)).dump", "--reason", "corrupt").status == 0)
        #expect(try house.run("preserve", "app/orders-\(CLIFixture.day(2)).dump", "--reason", "audit").status == 0)
        #expect(try house.run("condemn", "app/orders-\(CLIFixture.day(2)).dump", "--reason", "x").status == 4)
        try house.pass(2.3)
        // The policy (last: 9) would keep it: the person's word stands in its place.
        let purge = try house.run("purge", "--json").json()
        #expect((purge["backups"] as? [Any])?.count == 1)
        #expect(house.batches().isEmpty)
    }

    @Test("retire: what stays, what goes, an emptied series is purged and said; a new backup ends it")
    func retire() throws {
        let house = try CLIFixture(keep: "{ last: 2 }", grace: "2s")
        try house.dailies(4, series: "mail/box")
        try house.dailies(4)
        try house.cleanup()
        #expect(try house.run("retire", "mail/box", "--reason", "moved").out.contains("stay"))
        #expect(try house.run("list").out.contains("retired"))
        #expect(try house.run("release", "mail/box").out.contains("no longer retired"))
        #expect(try house.run("retire", "mail/box", "--keep", "none", "--reason", "moved").status == 64)
        #expect(
            try house.run("retire", "mail/box", "--keep", "none", "--reason", "moved", "--confirm", "box").status == 64)
        #expect(house.names().contains { $0.hasPrefix("mail/") })
        let done = try house.run(
            "retire", "mail/box", "--keep", "none", "--reason", "moved", "--confirm", "mail/box")
        #expect(done.status == 0, "\(done.error)")
        #expect(!house.names().contains { $0.hasPrefix("mail/") } && house.names().count == 2)
        let erased = try #require(try house.events().first { $0["event"] as? String == "series.erased" })
        #expect((erased["erased"] as? [[String: Any]])?.count == 2)
        try house.pass(2.3)
        #expect(try house.run("purge").status == 0)
        #expect(house.batches().isEmpty, "nothing newer is present: the person's word stands for that too")
        // It lives after all: its rules apply again.
        for day in 6...9 { try house.put("mail/box-\(CLIFixture.day(day)).dump") }
        try house.settle()
        #expect(try house.run("cleanup").status == 0)
        #expect(house.names().count { $0.hasPrefix("mail/") } == 2)
    }

    @Test("retire speaks of what was there: not of what is moved in under its name, nor of what comes while it asks")
    func retiredObjects() throws {
        let house = try CLIFixture(keep: "{ last: 9 }")
        try house.dailies(4, series: "mail/box")
        try house.dailies(6, series: "other/box")
        try house.settle()
        #expect(
            try house.run("retire", "mail/box", "--keep", "none", "--reason", "moved", "--confirm", "mail/box").status
                == 0)
        let vault = house.vault
        try FileManager.default.moveItem(at: vault.appending(path: "mail"), to: vault.appending(path: "mail.old"))
        try FileManager.default.moveItem(at: vault.appending(path: "other"), to: vault.appending(path: "mail"))
        try house.settle()
        #expect(try house.run("cleanup").status == 0)
        #expect(house.names().count { $0.hasPrefix("mail/") } == 6, "another series got its name")
        // It is over for good: also when what ended it is gone.
        #expect(try house.events().contains { $0["event"] as? String == "backup.released" })
        #expect(!(try house.run("list").out.contains("retired")))
    }

    @Test("a word of condemn is for one link, is not said of what was restored, and not kept for what stayed")
    func condemnedLink() throws {
        let house = try CLIFixture(keep: "{ last: 9 }")
        for day in 1...3 {
            let file = try house.put("daily/db-\(CLIFixture.day(day)).sql")
            try FileManager.default.createDirectory(
                at: house.vault.appending(path: "weekly"), withIntermediateDirectories: true)
            link(file.path, house.vault.appending(path: "weekly/db-\(CLIFixture.day(day)).sql").path)
        }
        try house.settle()
        let one = "daily/db-\(CLIFixture.day(1)).sql"
        #expect(try house.run("condemn", one, one, "--reason", "corrupt").status == 0, "named twice is named once")
        #expect(house.exists("weekly/db-\(CLIFixture.day(1)).sql"))
        let marks = try String(contentsOf: house.state.appending(path: "marks.json"), encoding: .utf8)
        let target = try #require(marks.components(separatedBy: "\"target\":\"").dropFirst().first)
        #expect(target.dropFirst(16).first == "~", "the mark names the link")
        #expect(try house.run("restore", one).status == 0)
        #expect(try house.run("condemn", one, "--reason", "again").status == 4, "restored: it has its grace")
        #expect(house.exists(one))
    }

    @Test("--after: not before its time, and by itself then")
    func after() throws {
        let house = try CLIFixture(keep: "{ last: 2 }")
        try house.dailies(4, series: "mail/box")
        try house.cleanup()
        #expect(
            try house.run("retire", "mail/box", "--keep", "1", "--after", "2s", "--reason", "moved", "-y").status == 0)
        #expect(house.names().count == 2)
        try house.pass(2.3)
        #expect(try house.run("cleanup").status == 0)
        #expect(house.names() == ["mail/box-\(CLIFixture.day(4)).dump"])
    }

    @Test("what a link points to stays, and what vzdump protects; its file goes where it goes")
    func protected() throws {
        let house = try CLIFixture(keep: "{ last: 1 }")
        try house.dailies(5)
        let app = house.vault.appending(path: "app")
        try FileManager.default.createSymbolicLink(
            atPath: app.appending(path: "latest").path, withDestinationPath: "orders-\(CLIFixture.day(2)).dump")
        try FileManager.default.createSymbolicLink(
            atPath: house.vault.appending(path: "current").path,
            withDestinationPath: app.appending(path: "latest").path)
        try house.put("app/orders-\(CLIFixture.day(3)).dump.protected", "")
        try house.cleanup()
        #expect(
            house.names().filter { $0.hasSuffix(".dump") }.sorted() == [
                "app/orders-\(CLIFixture.day(2)).dump", "app/orders-\(CLIFixture.day(3)).dump",
                "app/orders-\(CLIFixture.day(5)).dump",
            ])
        #expect(try house.run("explain", "orders-\(CLIFixture.day(2)).dump").out.contains("target of app/latest"))
        #expect(try house.run("explain", "orders-\(CLIFixture.day(3)).dump").out.contains("protected by the file"))
        // Taken away, the rules decide again; a link that dangles protects nothing and hurts nothing.
        try FileManager.default.removeItem(at: app.appending(path: "orders-\(CLIFixture.day(3)).dump.protected"))
        try FileManager.default.removeItem(at: app.appending(path: "latest"))
        try house.settle()
        #expect(try house.run("cleanup").status == 0)
        #expect(house.names().filter { $0.hasSuffix(".dump") }.sorted() == ["app/orders-\(CLIFixture.day(5)).dump"])
    }

    @Test("links through linked directories protect too; a name that only ends in .protected is a backup of its own")
    func linkedDirectories() throws {
        let house = try CLIFixture(keep: "{ last: 1 }", more: "    series: { \"app/*.protected\": { keep: all } }")
        try house.dailies(3)
        for day in 1...3 { try house.put("app/state-\(CLIFixture.day(day)).protected", "content") }
        for day in 1...3 { try house.put("app/state-\(CLIFixture.day(day)).tar", "content") }
        let vault = house.vault.path
        try FileManager.default.createSymbolicLink(atPath: vault + "/current", withDestinationPath: "app")
        try FileManager.default.createSymbolicLink(
            atPath: vault + "/golden", withDestinationPath: "current/../current/./orders-\(CLIFixture.day(1)).dump")
        try FileManager.default.createSymbolicLink(atPath: vault + "/circle", withDestinationPath: "circle/x")
        try house.cleanup()
        #expect(house.exists("app/orders-\(CLIFixture.day(1)).dump"), "the kernel finds it behind golden")
        #expect(!house.exists("app/orders-\(CLIFixture.day(2)).dump"))
        #expect(house.names().count { $0.hasSuffix(".protected") } == 3)
        #expect(house.names().count { $0.hasSuffix(".tar") } == 1)
    }

    @Test("backups that appear during a cleanup are none of its business")
    func appearing() throws {
        let house = try CLIFixture(keep: "{ last: 2 }")
        for n in 0..<200 { try house.put("app/orders-2024-01-01T0\(n / 60)\(n % 60 < 10 ? "0" : "")\(n % 60).dump") }
        for n in 1...3 { try house.put("app/orders-\(CLIFixture.day(n + 4)).dump") }
        try house.settle()
        try house.run("plan")
        let writer = Thread {
            for n in 0..<100 {
                _ = try? house.put("app/orders-\(CLIFixture.day(9))T0\(n / 60)\(n % 60 < 10 ? "0" : "")\(n % 60).dump")
                usleep(2_000)
            }
        }
        writer.start()
        let outcome = try house.run("cleanup", "--approve")
        #expect(outcome.status == 0, "\(outcome.error)")
        try house.wait("the writer") { writer.isFinished }
        let fresh = house.names().filter { $0.contains(CLIFixture.day(9) + "T") }
        #expect(fresh.count == 100, "none that came meanwhile went")
        #expect(
            house.exists("app/orders-\(CLIFixture.day(7)).dump") && house.exists("app/orders-\(CLIFixture.day(6)).dump")
        )
        #expect(!house.names().contains { $0.contains("2024-01-01") })
    }

    @Test("late and ended series are said; of an ended one nothing goes")
    func rhythm() throws {
        let house = try CLIFixture(keep: "{ last: 1 }")
        try house.dailies(4)  // five days ago: late
        for n in 0..<5 { try house.put("old/db-\(CLIFixture.day(-100 + n)).dump") }
        try house.settle()
        let list = try house.run("list").out
        #expect(list.contains("LATE") && list.contains("ended"))
        let status = try house.run("status", "--json").json()
        let late = try #require(status["late"] as? [[String: Any]])
        #expect(late.count == 1 && (late[0]["message"] as? String)?.contains("app/orders") == true)
        try house.cleanup()
        #expect(house.names().count { $0.hasPrefix("old/") } == 5)
        #expect(house.names().count { $0.hasPrefix("app/") } == 1)
        #expect(try house.run("explain", "old/db-\(CLIFixture.day(-100)).dump").out.contains("series ended"))
    }

    @Test("explain says until when, forecast what there will be")
    func foresight() throws {
        let house = try CLIFixture(keep: "{ daily: 7, weekly: 4 }", grace: "1d")
        try house.dailies(9)
        try house.settle()
        let text = try house.run("explain", "orders-\(CLIFixture.day(9)).dump").out
        #expect(text.contains("at the present rhythm (one every 1 d)") && text.contains("purged on"))
        let forecast = try house.run("retention", "forecast", "dumps", "--until", "90d", "--json").json()
        let days = try #require(forecast["days"] as? [[String: Any]])
        let last = try #require(days.last?["backups"] as? Int)
        #expect(days.count > 5 && (9...11).contains(last))
        #expect(
            try house.run("retire", "app/orders", "--keep", "2", "--after", "30d", "--reason", "x", "-y").status == 0)
        let retired = try house.run("retention", "forecast", "dumps", "--until", "90d", "--json").json()
        #expect((retired["days"] as? [[String: Any]])?.last?["backups"] as? Int == 2, "its date comes")
        #expect(try house.run("retention", "forecast", "dumps", "--until", "2020-01-01").status == 64)
        #expect(try house.run("retention", "forecast", "dumps", "--until", "1y").out.contains("FORECAST"))
    }

    @Test("simulate: a list in, decisions out in the same order; no state is made")
    func simulate() throws {
        let house = try CLIFixture()
        let file = house.root.appending(path: "list.json")
        let backups = (1...40).map {
            "{\"id\": \"b\($0)\", \"time\": \"2026-\($0 < 31 ? "10" : "11")-\($0 < 10 ? "0" : "")\($0 < 31 ? $0 : $0 - 21)T01:00:00Z\"}"
        }
        try house.write(file, "{\"backups\": [\(backups.joined(separator: ","))]}")
        func run(_ more: String...) throws -> CLIFixture.Outcome {
            try CLIFixture.launch([CLIFixture.binary.path, "retention", "simulate", "--input", file.path] + more)
        }
        let outcome = try run("--keep-daily", "7", "--keep-weekly", "4", "--json", "--timezone", "UTC")
        #expect(outcome.status == 0, "\(outcome.error)")
        let decisions = try #require(try outcome.json()["decisions"] as? [[String: Any]])
        #expect(decisions.map { $0["id"] as? String } == (1...40).map { "b\($0)" })
        #expect(decisions[39]["retain"] as? Bool == true)
        #expect(decisions[39]["reasons"] as? [String] == ["daily 1/7", "weekly 1/4"])
        #expect(["critical", "important", "standard", "low"].contains(decisions[0]["priority"] as? String ?? ""))
        #expect(try run("--keep-daily", "unlimited", "--semantics", "borg").out.contains("40 backups of 40"))
        #expect(try run("--semantics", "restic").status == 64)
        #expect(try run("--keep-daily", "7d").error.contains("counts backups"))
        #expect(try run("--keep-within", "2m", "--semantics", "restic", "--timezone", "UTC").status == 0)
        #expect(try run("--keep-daily", "3", "--timezone", "Mars/Base").status == 64)
        #expect(!FileManager.default.fileExists(atPath: house.state.path))
    }
}
