import Foundation
import Testing

@Suite("doctor --repair: the invariants against the disk")
struct RepairTests {
    private func codes(_ outcome: CLIFixture.Outcome, _ key: String = "findings") throws -> [String: Bool] {
        let findings = try #require(try outcome.json()[key] as? [[String: Any]])
        let pairs = findings.compactMap { finding in
            (finding["code"] as? String).map { ($0, finding["repaired"] as? Bool ?? false) }
        }
        #expect(findings.allSatisfy { ($0["message"] as? String)?.isEmpty == false })
        return Dictionary(pairs) { $0 && $1 }
    }

    /// Everything in a directory: names, sizes, inodes and times. But the lock: whoever looks holds it.
    private func picture(_ directory: URL) throws -> [String] {
        let outcome = try CLIFixture.launch([
            "/usr/bin/find", directory.path, "-not", "-name", ".lock", "-printf", "%P %s %i %T@ %C@ %m\n",
        ])
        return outcome.out.split(separator: "\n").map(String.init).sorted()
    }

    private func trashed() throws -> (CLIFixture, batch: String) {
        let house = try CLIFixture()
        try house.dailies(5)
        try house.put("app/orders-\(CLIFixture.day(1)).dump.sha256", "sum")
        try house.cleanup()
        return (house, try #require(house.batches().first))
    }

    @Test("where all holds: 0, and nothing is changed")
    func whole() throws {
        let (house, _) = try trashed()
        let before = try picture(house.vault)
        let outcome = try house.run("doctor", "--repair")
        #expect(outcome.status == 0 && outcome.out.contains("All invariants hold"), "\(outcome.out)\(outcome.error)")
        #expect(try house.run("doctor").status == 0)
        #expect(try picture(house.vault) == before)
    }

    @Test("without --repair all is found and nothing changed; with it set right; then all holds")
    func mended() throws {
        let (house, batch) = try trashed()
        try house.run("preserve", "orders-\(CLIFixture.day(5)).dump", "--reason", "audit")
        let trash = house.vault.appending(path: ".trash")
        for name in [".spare", "vault.json", "marks.json"] {
            try FileManager.default.removeItem(at: trash.appending(path: name))
        }
        for name in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(at: house.state.appending(path: "catalog.sqlite" + name))
        }
        // Half back: its side file alone.
        let side = "app/orders-\(CLIFixture.day(1)).dump.sha256"
        try FileManager.default.moveItem(
            at: trash.appending(path: "\(batch)/files/\(side)"), to: house.vault.appending(path: side))
        try FileManager.default.createDirectory(
            at: trash.appending(path: "20200101T000000.000Z"), withIntermediateDirectories: true)
        try house.write(trash.appending(path: ".purging-20200101T000000.000Z.1/x"), "remains")

        let before = try picture(house.vault)
        let looked = try house.run("doctor", "--json")
        #expect(looked.status == 1)
        let found = try codes(looked, "problems")
        #expect(found.values.allSatisfy { !$0 })
        #expect(
            Set(found.keys) == [
                "no-marker", "marks-differ", "catalog-differs", "half", "empty-batch", "purge-unfinished",
            ])
        #expect(try picture(house.vault) == before, "only looked")

        let outcome = try house.run("doctor", "--repair", "--json")
        #expect(outcome.status == 3)
        let mended = try codes(outcome)
        #expect(mended.values.allSatisfy { $0 })
        #expect(
            Set(mended.keys).isSuperset(of: ["no-marker", "marks-differ", "half", "empty-batch", "purge-unfinished"]))
        #expect(
            house.exists(side) && house.exists("app/orders-\(CLIFixture.day(1)).dump"), "the half one is at its origin")
        #expect(house.exists(".trash/vault.json") && house.exists(".trash/marks.json") && house.exists(".trash/.spare"))
        #expect(!house.exists(".trash/20200101T000000.000Z") && house.purging().isEmpty)
        let again = try house.run("doctor", "--repair")
        #expect(again.status == 0, "\(again.out)")
        #expect(try house.list().contains { $0["preserved"] as? Bool == true })
    }

    @Test("the spare directory is made again")
    func spare() throws {
        let (house, _) = try trashed()
        try FileManager.default.removeItem(at: house.vault.appending(path: ".trash/.spare"))
        #expect(try codes(try house.run("doctor", "--json"), "problems") == ["no-spare": false])
        #expect(!house.exists(".trash/.spare"))
        #expect(try codes(try house.run("doctor", "--repair", "--json")) == ["no-spare": true])
        #expect(house.exists(".trash/.spare"))
    }

    @Test(
        "an older copy of the marks is made equal; what protects in either holds", arguments: ["state", "vault/.trash"])
    func marks(_ side: String) throws {
        let (house, _) = try trashed()
        let file = house.root.appending(path: "\(side)/marks.json")
        let older = try Data(contentsOf: file)
        try house.run("preserve", "orders-\(CLIFixture.day(5)).dump", "--reason", "audit")
        try older.write(to: file)
        #expect(try codes(try house.run("doctor", "--repair", "--json")) == ["marks-differ": true])
        let text = try String(contentsOf: file, encoding: .utf8)
        #expect(text.contains("audit"))
        #expect(try house.run("doctor", "--repair").status == 0)
    }

    @Test("strangers, an altered manifest and lost side files are named, with a remedy, and left")
    func left() throws {
        let (house, batch) = try trashed()
        let trash = house.vault.appending(path: ".trash")
        try house.write(trash.appending(path: "notes.txt"), "whose?")
        try house.write(trash.appending(path: "\(batch)/files/app/mine.txt"), "mine")
        try FileManager.default.removeItem(
            at: trash.appending(path: "\(batch)/files/app/orders-\(CLIFixture.day(1)).dump.sha256"))
        let manifest = trash.appending(path: "\(batch)/manifest.json")
        let text = try String(contentsOf: manifest, encoding: .utf8)
        try Data((text + "\n").utf8).write(to: manifest)
        let before = try picture(trash)
        let outcome = try house.run("doctor", "--repair", "--json")
        #expect(outcome.status == 3)
        #expect(try codes(outcome) == ["stranger": false, "altered-batch": false, "incomplete-item": false])
        let findings = try #require(try outcome.json()["findings"] as? [[String: Any]])
        #expect(findings.allSatisfy { ($0["remedy"] as? [String])?.isEmpty == false })
        #expect(findings.contains { ($0["message"] as? String)?.contains("files/app/mine.txt") == true })
        #expect(try picture(trash).filter { $0.contains("/") } == before.filter { $0.contains("/") })
        let told = try house.run("doctor", "--repair")
        #expect(told.out.contains("Found: 4. Repaired: 0. Left to you: 4."), "\(told.out)")
    }

    @Test("a backup taken from the trash by somebody else, and a log with a record changed, are said")
    func missing() throws {
        let (house, batch) = try trashed()
        try FileManager.default.removeItem(
            at: house.vault.appending(path: ".trash/\(batch)/files/app/orders-\(CLIFixture.day(2)).dump"))
        let log = house.state.appending(path: "audit.log")
        let text = try String(contentsOf: log, encoding: .utf8)
        try Data(text.replacingOccurrences(of: "vault.indexed", with: "vault.indexeD").utf8).write(to: log)
        let outcome = try house.run("doctor", "--repair", "--json")
        #expect(outcome.status == 3)
        let found = try codes(outcome)
        #expect(found["missing"] == false && found["audit-chain"] == false)
        #expect(try house.run("status").out.contains("FROZEN"))
    }

    @Test("a group that may write in the vault, or in its trash, is named with the command that ends it")
    func groups() throws {
        let (house, _) = try trashed()
        chmod(house.vault.path, 0o775)
        let vault = try house.run("doctor")
        #expect(vault.status == 0 && vault.out.contains("chmod g-w \(house.vault.path)"), "\(vault.out)")
        chmod(house.vault.appending(path: ".trash").path, 0o770)
        let trash = try house.run("doctor")
        #expect(trash.status == 1 && trash.out.contains("chmod g-w \(house.vault.path)/.trash"))
    }

    @Test("state and audit log on btrfs: their reserve is not certain, and doctor says so", .enabled(if: Disk.canMount))
    func btrfs() throws {
        let disk = try Disk(.btrfs)
        let house = try CLIFixture()
        try house.dailies(2)
        let outcome = try CLIFixture.launch([
            CLIFixture.binary.path, "doctor", "--json", "--config", house.config.path, "--state-dir",
            disk.root.appending(path: "state").path, "--search-root", house.root.appending(path: "host").path,
        ])
        let notes = try #require(try outcome.json()["notes"] as? [[String: Any]])
        #expect(notes.count { $0["code"] as? String == "btrfs-reserve" } == 2)
        #expect(!(try house.run("doctor").out.contains("btrfs")))
    }
}
