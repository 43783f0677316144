import Foundation
import Testing

@Suite("undo, with the real binary")
struct UndoTests {
    private func orders(_ n: Int) -> String { "app/orders-\(CLIFixture.day(n)).dump" }

    private func marks(_ url: URL) throws -> String { try String(contentsOf: url, encoding: .utf8) }

    @Test("a run comes back whole; the vault is frozen until unfreeze, in both copies, and status names the run")
    func run() throws {
        let house = try CLIFixture()
        try house.dailies(6)
        try house.cleanup()
        #expect(house.names().count == 2)
        let dry = try house.run("undo", "--last", "-n", "--json").json()
        #expect((dry["backups"] as? [Any])?.count == 4 && house.names().count == 2)

        let outcome = try house.run("undo", "1", "--json")
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect((try outcome.json()["backups"] as? [Any])?.count == 4)
        #expect(try outcome.json()["frozen"] as? [String] == ["dumps"])
        #expect(house.names().count == 6)
        for copy in [house.state.appending(path: "marks.json"), house.vault.appending(path: ".trash/marks.json")] {
            #expect(try marks(copy).contains("undone run 1"))
        }
        let events = try house.events().compactMap { $0["event"] as? String }
        let frozen = try #require(events.firstIndex(of: "vault.frozen"))
        let restored = try #require(events.firstIndex(of: "backup.restored"))
        #expect(frozen < restored)

        let status = try house.run("status")
        #expect(status.said.contains("undone run 1") && status.said.contains("reprieve unfreeze dumps"))
        #expect(try house.run("cleanup").status == 4)
        #expect(try house.run("condemn", orders(1), "--reason", "x").status == 4)
        #expect(house.names().count == 6)
        // Again: nothing is left to do, and no earlier run is taken for the last.
        #expect(try house.run("undo", "--last").said.contains("nothing came back"))
        #expect(try house.run("unfreeze", "dumps").status == 0)
        #expect(try house.run("cleanup").status == 0)
        #expect(house.names().count == 6, "reprieved for a grace")
        // One mark for all of them, out of which one is released; either copy is enough.
        for copy in [house.state.appending(path: "marks.json"), house.vault.appending(path: ".trash/marks.json")] {
            #expect(try marks(copy).components(separatedBy: "reprieved").count == 2)
        }
        try FileManager.default.removeItem(at: house.vault.appending(path: ".trash/marks.json"))
        #expect(try house.run("release", orders(1)).status == 0)
        try FileManager.default.removeItem(at: house.state.appending(path: "marks.json"))
        try house.run("plan")
        #expect(try house.run("cleanup", "--approve").status == 0)
        #expect(!house.exists(orders(1)) && house.names().count == 5, "only the one that was released")
        #expect(try house.run("audit", "verify").status == 0)
    }

    @Test("undo of retire and of condemn withdraws their marks: nothing goes again by them; a later word stays")
    func marksWithdrawn() throws {
        let house = try CLIFixture(keep: "{ last: 9 }", grace: "1s")
        try house.dailies(4)
        try house.dailies(3, series: "mail/box")
        try house.settle()
        let retire = ["retire", "mail/box", "--keep", "none", "--reason", "moved", "--confirm", "mail/box"]
        #expect(try house.run(retire).status == 0)
        #expect(!house.exists("mail/box-\(CLIFixture.day(1)).dump"))
        let undo = try house.run("undo", "--last", "--json")
        #expect(undo.status == 0, "\(undo.error)")
        #expect(try undo.json()["no_longer_retired"] as? [String] == ["mail/box"])
        #expect(try !house.run("list").out.contains("retired"))
        try house.run("unfreeze", "--all")
        #expect(try house.run("condemn", orders(1), "--reason", "broken").status == 0)
        #expect(try house.run("undo", "--last").status == 0)
        // A second word, said after the undo, is none of that command's.
        try house.run("unfreeze", "--all")
        #expect(try house.run("retire", "mail/box", "--keep", "1", "--after", "30d", "--reason", "x", "-y").status == 0)
        #expect(try house.run("undo", "1").out.contains("no longer retired") == false)
        #expect(try house.run("list").out.contains("retired"))
        try house.pass(1.1)
        try house.run("plan")
        let cleanup = try house.run("cleanup", "--approve")
        #expect(cleanup.status == 0, "\(cleanup.out)\(cleanup.error)")
        #expect(house.names().count == 7, "\(house.names())")
        let released = try house.events().filter { $0["event"] as? String == "backup.released" }
        #expect(released.contains { $0["series"] as? String == "mail/box-*.dump" }, "\(released)")
    }

    @Test("the freeze holds under the same policy only, and neither ends nor weakens a person's")
    func policy() throws {
        let house = try CLIFixture()
        try house.dailies(6)
        try house.cleanup()
        try #require(try house.run("undo", "--last").status == 0)
        #expect(try house.state() == "frozen")
        try house.configure(keep: "{ last: 3 }")
        #expect(try house.state() != "frozen")
        #expect([0, 4].contains(try house.run("cleanup").status))
        try house.configure(keep: "{ last: 2 }")
        #expect(try house.state() == "frozen", "the policy that was undone is in force again")
        try house.run("freeze", "dumps", "--reason", "stocktaking")
        try house.configure(keep: "{ last: 3 }")
        #expect(try house.state() == "frozen")
        try house.run("unfreeze", "dumps")
        try house.configure(keep: "{ last: 2 }")
        #expect(try house.state() != "frozen", "unfreeze lifts both")
    }

    @Test("taken names stay in the trash and are reported, purged ones are named, the rest is done: exit 3")
    func partly() throws {
        let house = try CLIFixture(grace: "2s")
        try house.dailies(6)
        try house.cleanup()
        try house.put(orders(1), "a new one")
        let batch = try #require(house.batches().first)
        // Gone without us: undo names it.
        try FileManager.default.removeItem(at: house.vault.appending(path: ".trash/\(batch)/files/\(orders(2))"))
        let outcome = try house.run("undo", "--last")
        #expect(outcome.status == 3)
        #expect(outcome.said.contains("the name is taken"), "\(outcome.error)")
        #expect(outcome.said.contains("gone for good: \(orders(2))"), "\(outcome.out)")
        #expect(house.exists(orders(3)) && house.exists(orders(4)))
        #expect(try String(contentsOf: house.vault.appending(path: orders(1)), encoding: .utf8) == "a new one")
        #expect(house.exists(".trash/\(batch)/files/\(orders(1))"))
    }

    @Test("a run of which all was purged is said to be gone; a number that never was is not found")
    func gone() throws {
        let house = try CLIFixture(grace: "1s")
        try house.dailies(4)
        try house.cleanup()
        try house.pass(1.2)
        #expect(try house.run("purge").status == 0)
        let gone = try house.run("undo", "1")
        #expect(gone.status == 5 && gone.said.contains("none is in the trash any more"), "\(gone.error)")
        #expect(try house.run("undo", "99").status == 5)
        #expect(try house.run("undo").status == 64)
        #expect(try house.run("undo", "dumps").status == 64)
        #expect(try house.run("undo", "1", "--last").status == 64)
    }

    @Test("one cleanup of several vaults is one run; --since takes all runs, each vault once")
    func several() throws {
        let house = try CLIFixture()
        let other = house.root.appending(path: "other", directoryHint: .isDirectory)
        try house.addVault(
            "other", other.path,
            "keep: { last: 2 }, quiet-period: 1s, min-age: 1s, min-observed-age: 1s, min-grace: 1s, grace-period: 1h")
        try house.dailies(4)
        for n in 1...4 { try house.write(other.appending(path: "db-\(CLIFixture.day(n)).sql.gz"), "\(n)") }
        try house.cleanup()
        try house.put(orders(5))
        try house.settle()
        try #require(try house.run("cleanup").status == 0)
        #expect(try house.list("--trash").count == 5)

        let first = try house.run("undo", "1", "--json")
        #expect(first.status == 0, "\(first.error)")
        #expect(Set(try #require(try first.json()["frozen"] as? [String])) == ["dumps", "other"])
        #expect((try first.json()["backups"] as? [Any])?.count == 4)
        let rest = try house.run("undo", "--since", "1h", "dumps")
        #expect(rest.status == 0, "\(rest.out)\(rest.error)")
        #expect(try house.list("--trash").isEmpty)
    }

    @Test("with the disk alone: manifests tell the runs", arguments: [false, true])
    func diskAlone(isLogKept: Bool) throws {
        let house = try CLIFixture()
        try house.dailies(5)
        try house.cleanup()
        for name in try FileManager.default.contentsOfDirectory(atPath: house.state.path)
        where !isLogKept || !name.hasPrefix("audit") {
            try FileManager.default.removeItem(at: house.state.appending(path: name))
        }
        let outcome = try CLIFixture.launch([
            CLIFixture.binary.path, "undo", "--last", "--vault", house.vault.path, "--state-dir", house.state.path,
        ])
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(house.names().count == 5)
    }

    @Test(
        "a freeze that cannot be written stops no undo, and is said",
        .enabled(if: Tracing.isPossible, "SKIPPED: needs a strace that may trace"))
    func noMark() throws {
        let house = try CLIFixture()
        try house.dailies(5)
        try house.cleanup()
        let outcome = try house.run(["undo", "--last"], under: Tracing.failing("renameat", on: "marks.json"))
        #expect(outcome.status == 3 && outcome.error.contains("marks.json"), "\(outcome.error)")
        #expect(!outcome.out.contains("is frozen"))
        #expect(house.names().count == 5)
    }

    @Test("an agent at work takes nothing back while an undo is under way, nor after it")
    func agent() throws {
        let house = try CLIFixture(more: "    schedule: after-backup\n    cleanup-every: 1s")
        try house.dailies(6)
        try house.cleanup()
        try house.startAgent()
        let outcome = try house.run("undo", "--last")
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(house.names().count == 6)
        try house.put(orders(7))
        try house.wait("the agent to see the new one") { try house.backup(orders(7)) != nil }
        try house.pass(2.5)
        #expect(house.names().count == 7)
        #expect(try house.state() == "frozen")
    }
}
