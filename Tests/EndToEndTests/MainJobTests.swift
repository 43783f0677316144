import Foundation
import Testing

@Suite("the main job, with the real binary")
struct MainJobTests {
    @Test("plan, hold, approval, cleanup: the rules' choice is moved, the rest untouched, and all is in the log")
    func cleanup() throws {
        let house = try CLIFixture()
        try house.dailies(5)
        try house.put("app/orders-\(CLIFixture.day(1)).dump.sha256", "sum")
        try house.put("notes.txt")
        try house.settle()

        let plan = try house.run("plan", "--json").json()
        #expect(plan["held"] as? Bool == true)
        let decisions = try #require(plan["decisions"] as? [[String: Any]])
        #expect(decisions.count == 5 && decisions.filter { $0["retain"] as? Bool == false }.count == 3)

        let held = try house.run("cleanup")
        #expect(held.status == 4)
        #expect(house.names().count == 7, "a held plan moves nothing")

        let done = try house.run("cleanup", "--approve", "--json")
        #expect(done.status == 0)
        #expect((try done.json()["moved"] as? [Any])?.count == 3)
        #expect(
            house.names() == [
                "app/orders-\(CLIFixture.day(4)).dump", "app/orders-\(CLIFixture.day(5)).dump", "notes.txt",
            ])
        let batch = try #require(house.batches().first)
        #expect(house.exists(".trash/\(batch)/files/app/orders-\(CLIFixture.day(1)).dump"))
        #expect(house.exists(".trash/\(batch)/files/app/orders-\(CLIFixture.day(1)).dump.sha256"))
        let manifest =
            try JSONSerialization.jsonObject(
                with: Data(contentsOf: house.vault.appending(path: ".trash/\(batch)/manifest.json"))) as? [String: Any]
        #expect((manifest?["items"] as? [Any])?.count == 3)

        // What it did is in the log, intent before outcome, and the chain is whole.
        let events = try house.events().compactMap { $0["event"] as? String }
        let intent = try #require(events.firstIndex(of: "condemn.intent"))
        let outcome = try #require(events.firstIndex(of: "backup.condemned"))
        #expect(events.contains("vault.indexed"))
        #expect(intent < outcome && events.contains("plan.held") && events.contains("plan.approved"))
        #expect(try house.run("audit", "verify").status == 0)

        // A second run has nothing to do, and needs no approval any more.
        #expect(try house.run("cleanup").status == 0)
        try house.put("app/orders-\(CLIFixture.day(6)).dump")
        try house.settle()
        #expect(try house.run("cleanup").status == 0)
        #expect(!house.exists("app/orders-\(CLIFixture.day(4)).dump"))
    }

    @Test("a restored backup is where and what it was, and the next cleanup leaves it")
    func restore() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        let file = try house.put("app/orders-\(CLIFixture.day(1)).dump", "precious")
        let before = try FileManager.default.attributesOfItem(atPath: file.path)
        chmod(file.path, 0o640)
        if geteuid() == 0 { chown(file.path, 65_534, 65_534) }
        let old = Date(timeIntervalSince1970: 1_700_000_000)
        try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: file.path)
        try house.cleanup()
        #expect(!house.exists("app/orders-\(CLIFixture.day(1)).dump"))

        let outcome = try house.run("restore", "orders-\(CLIFixture.day(1)).dump")
        #expect(outcome.status == 0, "\(outcome.error)")
        let after = try FileManager.default.attributesOfItem(atPath: file.path)
        #expect(after[.posixPermissions] as? Int == 0o640)
        #expect(after[.modificationDate] as? Date == old)
        #expect(after[.systemFileNumber] as? Int == before[.systemFileNumber] as? Int)
        if geteuid() == 0 { #expect(after[.ownerAccountID] as? Int == 65_534) }
        #expect(try String(contentsOf: file, encoding: .utf8) == "precious")

        try house.settle()
        #expect(try house.run("cleanup").status == 0)
        #expect(house.exists("app/orders-\(CLIFixture.day(1)).dump"), "reprieved for a grace")
        // Restored again: it is in its place.
        #expect(try house.run("restore", "orders-\(CLIFixture.day(1)).dump").out.contains("in its place already"))
    }

    @Test("brought back by hand with mv it is kept as well")
    func byHand() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.cleanup()
        let batch = try #require(house.batches().first)
        try FileManager.default.moveItem(
            at: house.vault.appending(path: ".trash/\(batch)/files/app/orders-\(CLIFixture.day(1)).dump"),
            to: house.vault.appending(path: "app/orders-\(CLIFixture.day(1)).dump"))
        try house.settle()
        #expect(try house.run("cleanup").status == 0)
        #expect(house.exists("app/orders-\(CLIFixture.day(1)).dump"))
        #expect(try house.events().contains { $0["event"] as? String == "backup.reprieved" })
        #expect(!(try house.events().contains { $0["event"] as? String == "backup.missing" }))
    }

    @Test("brought back by hand under a name that is no backup's, it is still not missing")
    func byHandElsewhere() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.cleanup()
        let batch = try #require(house.batches().first)
        try FileManager.default.moveItem(
            at: house.vault.appending(path: ".trash/\(batch)/files/app/orders-\(CLIFixture.day(1)).dump"),
            to: house.vault.appending(path: "saved.bin"))
        #expect(try house.run("cleanup").status == 0)
        #expect(!(try house.events().contains { $0["event"] as? String == "backup.missing" }))
    }

    @Test("after the grace it is purged, and only then; what is gone is said to be gone")
    func purge() throws {
        let house = try CLIFixture(grace: "3s")
        try house.dailies(4)
        try house.cleanup()
        #expect(try house.run("purge").out.contains("nothing is due"))
        #expect(house.batches().count == 1)
        try house.pass(3.2)
        let outcome = try house.run("purge", "--json")
        #expect(outcome.status == 0)
        #expect((try outcome.json()["backups"] as? [Any])?.count == 2)
        #expect(house.batches().isEmpty && house.purging().isEmpty)
        #expect(house.names().count == 2)
        let gone = try house.run("restore", "orders-\(CLIFixture.day(1)).dump")
        #expect(gone.status == 5 && gone.error.contains("was purged"))
        #expect(try house.list("--purged").count == 2)
        let events = try house.events().compactMap { $0["event"] as? String }
        #expect(
            events.filter { $0 == "purge.intent" }.count == 2 && events.filter { $0 == "backup.deleted" }.count == 2)
    }

    @Test("what the policy would keep now, and what is preserved, stays in the trash when its grace is over")
    func purgeDecides() throws {
        let house = try CLIFixture(grace: "2s")
        try house.dailies(5)
        try house.cleanup()
        #expect(try house.run("preserve", "orders-\(CLIFixture.day(1)).dump", "--reason", "audit").status == 0)
        // Somebody deletes the newest: the newest trashed one is wanted again.
        try FileManager.default.removeItem(at: house.vault.appending(path: "app/orders-\(CLIFixture.day(5)).dump"))
        try house.pass(2.2)
        let outcome = try house.run("purge", "--json").json()
        #expect(
            (outcome["backups"] as? [[String: Any]])?.map { $0["path"] as? String } == [
                "app/orders-\(CLIFixture.day(2)).dump"
            ])
        let wanted = try #require(outcome["wanted"] as? [[String: Any]]).compactMap { $0["path"] as? String }
        #expect(wanted == ["app/orders-\(CLIFixture.day(3)).dump"])
        let kept = try #require(outcome["kept"] as? [[String: Any]]).compactMap { $0["why"] as? String }
        #expect(kept == ["preserved: audit"])
    }

    @Test("a new file at a condemned one's old name: both live, and neither is taken for the other")
    func oldName() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.cleanup()
        let trashed = try #require(
            try house.backup("app/orders-\(CLIFixture.day(1)).dump", "--trash")?["id"] as? String)
        try house.put("app/orders-\(CLIFixture.day(1)).dump", "a new one")
        let taken = try house.run("restore", trashed)
        #expect(taken.status == 1 && taken.error.contains("the name is taken") && taken.error.contains("--as"))
        #expect(
            try String(contentsOf: house.vault.appending(path: "app/orders-\(CLIFixture.day(1)).dump"), encoding: .utf8)
                == "a new one")
        #expect(try house.backup("app/orders-\(CLIFixture.day(1)).dump")?["id"] as? String != trashed)
        let other = try house.run("restore", trashed, "--as", "old-orders-\(CLIFixture.day(1)).dump")
        #expect(other.status == 0, "\(other.error)")
        #expect(
            try String(
                contentsOf: house.vault.appending(path: "app/old-orders-\(CLIFixture.day(1)).dump"), encoding: .utf8)
                == "content of app/orders-\(CLIFixture.day(1)).dump")
    }

    @Test("a batch emptied by hand: missing, said loudly, and the vault is frozen until a person lifts it")
    func missing() throws {
        let house = try CLIFixture(grace: "2s")
        try house.dailies(4)
        try house.cleanup()
        let batch = try #require(house.batches().first)
        try FileManager.default.removeItem(
            at: house.vault.appending(path: ".trash/\(batch)/files/app/orders-\(CLIFixture.day(1)).dump"))
        try house.put("app/orders-\(CLIFixture.day(6)).dump")
        try house.pass(2.2)
        let purge = try house.run("purge")
        #expect(purge.status == 4 && purge.out.contains("missing"))
        #expect(try house.events().contains { $0["event"] as? String == "backup.missing" })
        #expect(
            house.exists(".trash/\(batch)/files/app/orders-\(CLIFixture.day(2)).dump"),
            "nothing is purged in a frozen vault"
        )
        #expect(try house.run("cleanup").status == 4)
        #expect(try house.run("status").out.contains("FROZEN"))
        // Restore works all the same.
        #expect(try house.run("restore", "orders-\(CLIFixture.day(2)).dump").status == 0)
        #expect(try house.run("unfreeze", "dumps").status == 0)
        #expect(try house.run("cleanup").status == 0)
        #expect(try house.run("status").out.contains("FROZEN") == false, "said once, not again")
        #expect(try house.list("--purged").map { $0["state"] as? String } == ["missing"])
    }

    @Test("the whole trash removed by somebody else: missing and frozen too")
    func trashRemoved() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.cleanup()
        try FileManager.default.removeItem(at: house.vault.appending(path: ".trash"))
        #expect(try house.run("cleanup").status == 4)
        #expect(try house.run("status").out.contains("missing"))
    }

    @Test("freeze stops condemning, unfreeze lets it go on; a FREEZE file does the same")
    func freeze() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.settle()
        try house.run("plan")
        #expect(try house.run("freeze", "dumps", "--reason", "moving disks").status == 0)
        #expect(try house.run("cleanup", "--approve").status == 4)
        #expect(house.names().count == 4)
        #expect(try house.run("unfreeze", "dumps").status == 0)
        try house.put(".trash/FREEZE", "")
        #expect(try house.run("cleanup").status == 4)
        try FileManager.default.removeItem(at: house.vault.appending(path: ".trash/FREEZE"))
        #expect(try house.run("cleanup").status == 0)
        #expect(house.names().count == 2)
    }

    @Test("a frozen series stays, the others go")
    func freezeSeries() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.dailies(4, series: "app/users")
        try house.settle()
        #expect(try house.run("freeze", "app/users", "--reason", "look first").status == 0)
        try house.run("plan")
        #expect(try house.run("cleanup", "--approve").status == 0)
        #expect(house.names().filter { $0.contains("users") }.count == 4)
        #expect(house.names().filter { $0.contains("orders") }.count == 2)
    }

    @Test("preserved ones stay, and released ones go")
    func preserve() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.settle()
        #expect(try house.run("preserve", "orders-\(CLIFixture.day(1)).dump", "--reason", "audit 2026").status == 0)
        try house.run("plan")
        #expect(try house.run("cleanup", "--approve").status == 0)
        #expect(house.names().count == 3 && house.exists("app/orders-\(CLIFixture.day(1)).dump"))
        #expect(try house.run("explain", "orders-\(CLIFixture.day(1)).dump").out.contains("preserved: audit 2026"))
        #expect(try house.run("release", "orders-\(CLIFixture.day(1)).dump").status == 0)
        #expect(try house.run("cleanup").status == 0)
        #expect(house.names().count == 2)
    }

    @Test("a changed policy holds what the approved one keeps, and goes on with the rest")
    func changedPolicy() throws {
        let house = try CLIFixture(keep: "{ last: 4 }")
        try house.dailies(6)
        try house.cleanup()
        #expect(house.names().count == 4)
        try house.configure(keep: "{ last: 1 }")
        try house.put("app/orders-\(CLIFixture.day(7)).dump")
        try house.settle()
        let outcome = try house.run("cleanup")
        #expect(outcome.status == 4 && outcome.out.contains("policy changed"))
        #expect(house.names().count == 4, "the one that goes by both policies went")
        #expect(try house.run("cleanup", "--approve").status == 0)
        #expect(house.names() == ["app/orders-\(CLIFixture.day(7)).dump"])
    }

    @Test("a second series is not touched by the first one's rules, and a repository never")
    func othersUntouched() throws {
        let house = try CLIFixture(more: "    series: { \"keep/**\": { keep: all } }")
        try house.dailies(4)
        try house.dailies(4, series: "keep/these")
        for name in ["config", "data/\(CLIFixture.day(1))", "keys/k", "snapshots/\(CLIFixture.day(1))", "index/i"] {
            try house.put("repo/" + name)
        }
        try house.cleanup()
        #expect(house.names().filter { $0.hasPrefix("keep/") }.count == 4)
        #expect(house.names().filter { $0.hasPrefix("repo/") }.count == 5)
        #expect(house.names().filter { $0.hasPrefix("app/") }.count == 2)
        #expect(try house.run("explain", "repo").out.contains("restic"))
    }

    @Test("directories are backups too, and come back whole")
    func directories() throws {
        let house = try CLIFixture()
        for day in 1...4 { try house.put("host/\(CLIFixture.day(day))/etc/conf", "day \(day)") }
        try house.cleanup()
        #expect(!house.exists("host/\(CLIFixture.day(1))"))
        #expect(try house.run("restore", "host/\(CLIFixture.day(1))").status == 0)
        #expect(
            try String(contentsOf: house.vault.appending(path: "host/\(CLIFixture.day(1))/etc/conf"), encoding: .utf8)
                == "day 1")
    }

    @Test("without any configuration: --vault and rules")
    func adHoc() throws {
        let house = try CLIFixture()
        try house.dailies(5)
        let arguments = ["--vault", house.vault.path, "--keep-daily", "2"]
        let plan = try house.run(["plan", "--json"] + arguments).json()
        #expect((plan["decisions"] as? [Any])?.count == 5)
        #expect(try house.run(["plan", "--keep-daily", "2"]).status == 64)
        #expect(try house.run(["plan", "--vault", house.vault.path, "--keep-daily", "0"]).status == 64)
    }

    @Test("by mtime the directory is the series, and what find -mtime meant is kept within")
    func byMtime() throws {
        let house = try CLIFixture(keep: "{ within: 30d }", more: "    time-from: mtime")
        for (name, days) in [("a.tar", 0.0), ("b.tar", 10), ("c.tar", 40), ("d.tar", 400)] {
            let file = try house.put("host/\(name)")
            let date = Date().addingTimeInterval(-days * 86_400 - 60)
            try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: file.path)
        }
        try house.cleanup()
        #expect(house.names() == ["host/a.tar", "host/b.tar"])
    }

    @Test("what others put into .trash, and into a batch, is never unlinked")
    func strangersInTheTrash() throws {
        let house = try CLIFixture(grace: "1s")
        try house.dailies(4)
        try house.cleanup()
        let batch = try #require(house.batches().first)
        try house.put(".trash/mystuff/precious.txt")
        try house.put(".trash/\(batch)/files/app/mine.txt")
        rename(
            house.vault.appending(path: ".trash/\(batch)/files/app/orders-\(CLIFixture.day(1)).dump").path,
            house.vault.appending(path: ".trash/\(batch)/files/app/KEEPME.dump").path)
        try house.pass(1.3)
        try house.run("purge")
        try house.run("unfreeze", "dumps")
        try house.pass(1.3)
        for _ in 1...2 { try house.run("purge") }
        #expect(house.exists(".trash/mystuff/precious.txt"))
        #expect(house.exists(".trash/\(batch)/files/app/mine.txt"))
        #expect(house.exists(".trash/\(batch)/files/app/KEEPME.dump"))
    }

    @Test("a vault inside another, reached through a link, is outside it in every respect")
    func nestedThroughLink() throws {
        let house = try CLIFixture(keep: "{ last: 1 }")
        try house.dailies(3)
        try house.dailies(3, series: "legal/doc")
        let link = house.root.appending(path: "link")
        symlink(house.vault.appending(path: "legal").path, link.path)
        let text = try String(contentsOf: house.config, encoding: .utf8)
        try house.write(house.config, text + "\n  legal: { path: \(link.path), keep: all, quiet-period: 1s }\n")
        try house.settle()
        try house.run("plan", "dumps")
        #expect(try house.run("cleanup", "dumps", "--approve").status == 0)
        #expect(house.names().filter { $0.hasPrefix("legal/") }.count == 3)
        #expect(house.names().filter { $0.hasPrefix("app/") }.count == 1)
    }

    @Test("a copy of a vault is not taken for it, until it is adopted; then it has an id of its own")
    func copiedVault() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.cleanup()
        let copy = house.root.appending(path: "copy")
        #expect(try CLIFixture.launch(["/bin/cp", "-a", house.vault.path, copy.path]).status == 0)
        let text = try String(contentsOf: house.config, encoding: .utf8)
        try house.write(house.config, text + "\n  copy: { path: \(copy.path), keep: { last: 1 }, quiet-period: 1s }\n")
        let refused = try house.run("cleanup", "copy")
        #expect(refused.status == 1 && refused.error.contains("copy of the vault") && refused.error.contains("adopt"))
        #expect(try house.run("adopt", copy.path, "--yes").status == 0)
        #expect(try house.run("cleanup", "dumps").status == 0)
        #expect(try house.run("list", "copy").status == 0)
    }

    @Test("the crash between move and outcome does not cost a hand's restore its protection")
    func crashThenByHand() throws {
        let house = try CLIFixture()
        try house.dailies(3)
        try house.cleanup()
        // As after a crash before the outcome was written: the log ends with the intents.
        let log = house.state.appending(path: "audit.log")
        let lines = try String(contentsOf: log, encoding: .utf8).split(separator: "\n")
        let kept = lines.filter { !$0.contains("backup.condemned") && !$0.contains("retention.completed") }
        try Data((kept.joined(separator: "\n") + "\n").utf8).write(to: log)
        try house.loseCatalog()
        try house.run("purge")
        let batch = try #require(house.batches().first)
        rename(
            house.vault.appending(path: ".trash/\(batch)/files/app/orders-\(CLIFixture.day(1)).dump").path,
            house.vault.appending(path: "app/orders-\(CLIFixture.day(1)).dump").path)
        try house.settle()
        #expect(try house.run("cleanup").status == 0)
        #expect(house.exists("app/orders-\(CLIFixture.day(1)).dump"))
    }

    @Test(
        "a vault that another process holds: 11 after the time to wait, naming the holder; looking at it goes on after")
    func held() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.cleanup()
        let holder = Process()
        holder.executableURL = URL(filePath: "/usr/bin/flock")
        holder.arguments = ["--no-fork", house.vault.appending(path: ".trash/.lock").path, "/bin/sleep", "300"]
        try holder.run()
        defer {
            kill(holder.processIdentifier, SIGKILL)
            holder.waitUntilExit()
        }
        try house.wait("the lock to be held") { try house.run("cleanup", "--wait", "0s").status == 11 }
        let outcome = try house.run("restore", "orders-\(CLIFixture.day(1)).dump", "--wait", "1s")
        #expect(
            outcome.status == 11 && outcome.error.contains("held by") && outcome.error.contains("--wait"), "\(outcome)")
        #expect(!house.exists("app/orders-\(CLIFixture.day(1)).dump"))
    }

    @Test("brought back by hand, looked at by status, with the log rotated away: still kept")
    func byHandThenStatus() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.cleanup()
        let batch = try #require(house.batches().first)
        rename(house.state.appending(path: "audit.log").path, house.state.appending(path: "audit.log.1").path)
        rename(
            house.vault.appending(path: ".trash/\(batch)/files/app/orders-\(CLIFixture.day(1)).dump").path,
            house.vault.appending(path: "app/orders-\(CLIFixture.day(1)).dump").path)
        try house.settle()
        for _ in 1...2 { try house.run("status") }
        #expect(try house.run("cleanup").status == 0)
        #expect(house.exists("app/orders-\(CLIFixture.day(1)).dump"))
    }

    @Test("--approve means the plan that a person saw, not one that the service made since")
    func approvesWhatWasShown() throws {
        let house = try CLIFixture()
        try house.dailies(5)
        try house.settle()
        try house.run("plan")
        try house.put("app/orders-\(CLIFixture.day(6)).dump")
        try house.put("app/orders-\(CLIFixture.day(7)).dump")
        try house.settle()
        #expect(try house.run("agent", "--once").status == 4)
        #expect(try house.run("cleanup", "--approve").status == 0)
        // Three were shown; two more go by the policy now, and are decided by themselves, next time.
        #expect(house.names().count == 4)
        #expect(try house.run("cleanup").status == 0)
        #expect(house.names().count == 2)
    }

    @Test("two purges at once do not trip over each other")
    func twoPurges() throws {
        let house = try CLIFixture(grace: "1s")
        for day in 1...6 {
            for n in 0..<40 { try house.put("host/\(CLIFixture.day(day))/d\(n)/e/file") }
        }
        try house.cleanup()
        try house.pass(1.3)
        let outcomes = try CLIFixture.together(3) { try house.run("purge") }
        for outcome in outcomes { #expect(outcome.status == 0, "\(outcome.out)\(outcome.error)") }
        try house.wait("the remains to go") { try house.run("purge").status == 0 && house.purging().isEmpty }
        #expect(house.batches().isEmpty)
        #expect(!(try house.events().contains { $0["event"] as? String == "purge.failed" }))
    }

    @Test("approving a plan that moves nothing approves nothing: the first one that moves something waits")
    func approvedInVain() throws {
        let house = try CLIFixture(keep: "all")
        try house.dailies(5)
        try house.settle()
        try house.run("plan")
        let vain = try house.run("cleanup", "--approve")
        #expect(vain.status == 0 && vain.out.contains("Nothing to approve"), "\(vain.out)\(vain.error)")
        #expect(!(try house.events().contains { $0["event"] as? String == "plan.approved" }))
        try house.configure(keep: "{ last: 2 }")
        let held = try house.run("agent", "--once")
        #expect(held.status == 4 && held.out.contains("first plan"), "\(held.out)\(held.error)")
        #expect(house.batches().isEmpty)
        try house.run("plan")
        #expect(try house.run("cleanup", "--approve").status == 0)
        #expect(try house.list("--trash").count == 3)
    }

    @Test("a configuration that is only tried does not become the last good one")
    func tried() throws {
        let house = try CLIFixture()
        try house.dailies(3)
        _ = try house.list()
        let good = house.state.appending(path: "configuration.json")
        let before = try Data(contentsOf: good)
        let other = house.root.appending(path: "other.yaml")
        try house.write(other, "vaults: { x: { path: \(house.vault.path), keep: all } }")
        #expect(try house.run("config", "check", "--config", other.path).status == 0)
        #expect(try Data(contentsOf: good) == before)
    }
}
