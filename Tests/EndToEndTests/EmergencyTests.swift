import Foundation
import Testing

/// What must work on the worst day: list, restore, undo, freeze and the audit log, whatever else is broken.
@Suite("A broken configuration or state directory stops no restore")
struct EmergencyTests {
    private func trashed(_ house: CLIFixture) throws -> [String] {
        let outcome = try house.run("list", "--trash", "--json")
        let backups = try outcome.json()["backups"] as? [[String: Any]] ?? []
        return backups.compactMap { $0["id"] as? String }
    }

    /// Each of the commands does its work, warns of what is broken, and ends with 3. `isInVault`: who does not look
    /// into the vault does not see it.
    private func checkCommands(
        _ house: CLIFixture, _ what: String, id: String, warning: String, isInVault: Bool = false
    ) throws {
        for command in [
            ["list", "--trash"], ["freeze", "--all", "--reason", "test"], ["undo", "--last", "-n"], ["restore", id],
            ["audit", "tail"],
        ] where !isInVault || command[0] != "audit" {
            let outcome = try house.run(command)
            #expect(outcome.status == 3, "\(what): \(command): \(outcome.status) \(outcome.out)\(outcome.error)")
            #expect(outcome.error.contains(warning), "\(what): \(command): \(outcome.error)")
        }
        #expect(try !trashed(house).contains(id), "\(what)")
    }

    @Test("damaged files of the state directory: a warning and exit 3, and no protection is lost")
    func damagedState() throws {
        let house = try CLIFixture()
        try house.dailies(9)
        try house.cleanup()
        var ids = try trashed(house)
        #expect(ids.count == 7)
        let plans = try FileManager.default.contentsOfDirectory(atPath: house.state.appending(path: "plans").path)
            .filter { $0.hasSuffix(".json") }
        let plan = try #require(plans.first)
        let hold = plan.replacingOccurrences(of: ".json", with: ".hold.json")
        let own = house.vault.appending(path: ".trash/marks.json")
        let files =
            ["witness", "clock", "vaults.json", "marks.json", "plans/\(hold)"].map { house.state.appending(path: $0) }
            + [own]
        for file in files {
            let id = ids.removeFirst()
            let before = try? Data(contentsOf: file)
            try house.write(file, "{ \"half a fi")
            try checkCommands(
                house, file.lastPathComponent, id: id, warning: file.lastPathComponent, isInVault: file == own)
            // Nobody who condemns or purges goes on like that, and what is damaged is left for a person to look at.
            let purge = try house.run("purge")
            #expect(file.lastPathComponent == hold || purge.status != 0, "\(file.path): \(purge.out)\(purge.error)")
            #expect(try String(contentsOf: file, encoding: .utf8) == "{ \"half a fi")
            if let before { try before.write(to: file) } else { try FileManager.default.removeItem(at: file) }
            // What was said meanwhile holds: the freeze, and the grace of what came back.
            let frozen = try house.run("status", "--json").json()["vaults"] as? [[String: Any]]
            #expect(frozen?.first?["state"] as? String == "frozen", "\(file.path)")
            let back = try house.run("explain", id, "--json")
            #expect(back.out.contains("reprieved"), "\(file.path): \(back.out)\(back.error)")
            try house.run("unfreeze", "--all")
        }
        // A whole run comes back without one copy of the marks, and is frozen by the other.
        let copy = house.state.appending(path: "marks.json")
        let before = try Data(contentsOf: copy)
        try house.write(copy, "{")
        let undo = try house.run("undo", "--last")
        #expect(undo.status == 3 && house.names().count == 9, "\(undo.out)\(undo.error)")
        try before.write(to: copy)
        let vaults = try house.run("status", "--json").json()["vaults"] as? [[String: Any]]
        #expect(vaults?.first?["state"] as? String == "frozen")
    }

    @Test("freeze needs no reason, and one vault that cannot be reached stops no other")
    func noReason() throws {
        let house = try CLIFixture()
        try house.dailies(3)
        let other = house.root.appending(path: "other", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: other, withIntermediateDirectories: true)
        let text = try String(contentsOf: house.config, encoding: .utf8)
        try house.write(
            house.config,
            text.replacingOccurrences(
                of: "vaults:\n",
                with: "vaults:\n  another: { path: \(other.path), keep: { last: 2 }, quiet-period: 1s }\n"))
        try house.write(other.appending(path: "a-\(CLIFixture.day(1)).dump"), "a")
        try house.cleanup()
        let aside = house.root.appending(path: "aside")
        try FileManager.default.moveItem(at: other, to: aside)
        let outcome = try house.run("freeze", "--all")
        #expect(outcome.status == 3, "\(outcome.out)\(outcome.error)")
        #expect(outcome.said.contains("'another' is frozen by"), "\(outcome.error)")
        // It is so when it comes back.
        try FileManager.default.moveItem(at: aside, to: other)
        let vaults = try house.run("status", "--json").json()["vaults"] as? [[String: Any]] ?? []
        #expect(vaults.map { $0["state"] as? String } == ["frozen", "frozen"])
        #expect(try house.run("unfreeze", "--all").status == 0)
        #expect(try house.run("freeze", "dumps", "--json").status == 0)
    }

    @Test("both copies of the marks are damaged: a freeze stands as a file")
    func bothMarks() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.cleanup()
        let id = try #require(try trashed(house).first)
        let copies = [house.state.appending(path: "marks.json"), house.vault.appending(path: ".trash/marks.json")]
        for copy in copies { try house.write(copy, "{") }
        try checkCommands(house, "both", id: id, warning: "marks.json")
        for copy in copies { try FileManager.default.removeItem(at: copy) }
        let vaults = try house.run("status", "--json").json()["vaults"] as? [[String: Any]]
        #expect(vaults?.first?["state"] as? String == "frozen")
    }

    @Test("a broken configuration: the last good one is used by who brings back or freezes, and by nobody else")
    func brokenConfiguration() throws {
        let house = try CLIFixture()
        try house.dailies(6)
        try house.cleanup()
        var ids = try trashed(house)
        let good = try String(contentsOf: house.config, encoding: .utf8)
        let more = house.root.appending(path: "conf.d/more.yaml")
        for damage in [
            { try house.write(house.config, good + "\n  nonsense: [") },
            { try FileManager.default.removeItem(at: house.config) },
            { try house.write(more, "vaults: { dumps: 7 }") },
        ] {
            try damage()
            try checkCommands(house, "configuration", id: ids.removeFirst(), warning: "last good")
            let cleanup = try house.run("cleanup")
            #expect(cleanup.status == 78, "\(cleanup.out)\(cleanup.error)")
            try? FileManager.default.removeItem(at: more)
            try house.write(house.config, good)
            #expect(try house.run("status").status == 0)
        }
        // A state directory that the broken file names is found all the same.
        let state = house.root.appending(path: "other")
        let named = good + "\nstate-directory: \"\(state.path)\"  # here\n"
        func run(_ words: String...) throws -> CLIFixture.Outcome {
            try CLIFixture.launch([CLIFixture.binary.path] + words + ["--config", house.config.path])
        }
        try house.write(house.config, named)
        #expect(try run("list").status == 0)
        try house.write(house.config, named + "  oops")
        let outcome = try run("restore", ids.removeFirst())
        #expect(outcome.status == 3, "\(outcome.out)\(outcome.error)")
        // Another configuration has no part in it.
        try house.write(house.root.appending(path: "other.yaml"), "oops")
        let other = try CLIFixture.launch([
            CLIFixture.binary.path, "list", "--config", house.root.appending(path: "other.yaml").path, "--state-dir",
            state.path,
        ])
        #expect(other.status == 78, "\(other.out)\(other.error)")
    }
}
