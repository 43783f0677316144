import Foundation
import Testing

/// Limits on a small real file system: what goes early, what gives way, what only a person may do.
@Suite("space", .enabled(if: Disk.canMount, "mounting needs root"))
struct SpaceTests: SmallDiskTests {
    @Test("under min-free the oldest in the trash go early, as many as are needed and no more, and the log says why")
    func early() throws {
        let disk = try Disk(.tmpfs, megabytes: 64)
        let house = try house(disk, limits: "{ min-free: 30% }")
        try put(house, 1...10)
        try house.cleanup()
        #expect(try paths(try house.run("purge", "--json")).isEmpty, "there is room")
        try big(disk.root.appending(path: "foreign"), 12)
        try house.pass(1.1)
        #expect(free(disk).bytes < 64 * mebibyte * 3 / 10)
        let planned = try house.run("purge", "-n", "--json")
        #expect(try paths(planned) == [name(1), name(2)])
        #expect(house.exists(".trash/\(house.batches()[0])/files/\(name(1))"), "a dry run")
        let outcome = try house.run("purge", "--json")
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(try paths(outcome) == [name(1), name(2)])
        #expect(try outcome.json()["not_due"] as? Int == 6)
        #expect(free(disk).bytes >= 64 * mebibyte * 3 / 10 && house.purging().isEmpty)
        let why = try reasons(house, "purge.intent")
        #expect(why.count == 2 && why.allSatisfy { $0.hasPrefix("early: free space ") })
        #expect(why.allSatisfy { $0.contains("% under min-free 30%; was condemned: ") })
        #expect(try paths(try house.run("purge", "--json")).isEmpty, "and then no more")
        #expect(try house.list("--trash").count == 6)
    }

    @Test("never before min-grace: what cannot be met is reported, in status too, and in the log once")
    func unmet() throws {
        let disk = try Disk(.tmpfs, megabytes: 64)
        let house = try house(disk, limits: "{ min-free: 40% }", minGrace: "1h")
        try put(house, 1...10)
        try house.cleanup()
        for command in [["purge"], ["agent", "--once"], ["purge"]] {
            let outcome = try house.run(command)
            #expect(outcome.status == 0, "\(outcome.error)")
            #expect(outcome.said.contains("needs more room: free space") && outcome.said.contains("under min-free 40%"))
        }
        #expect(try house.list("--trash").count == 8, "nothing is forced")
        #expect(try reasons(house, "space.short").count == 1, "said once")
        let status = try house.run("status", "--json").json()
        #expect((status["to_decide"] as? [[String: Any]])?.isEmpty == true, "it comes by itself")
        let matters = try #require(status["late"] as? [[String: Any]])
        let matter = try #require(matters.first { $0["code"] as? String == "space" })
        #expect((matter["message"] as? String)?.contains("under min-free 40%") == true)
        let command = try #require((matter["commands"] as? [String])?.first)
        #expect(command.hasPrefix("reprieve purge --now --free ") && command.hasSuffix("MiB dumps"))
        let shown = try #require((status["disks"] as? [[String: Any]])?.first)
        #expect(shown["mount"] as? String == disk.root.path && shown["total"] as? Int == 64 * mebibyte)
        #expect(shown["trash_allocated"] as? Int == 32 * mebibyte && shown["short_since"] as? String != nil)
        let text = try house.run("status").out
        #expect(text.contains("NEXT PURGE") && text.contains("40.0 of 64.0 MiB"))
        #expect(text.split(separator: "\n").allSatisfy { $0.count < 80 }, "\(text)")
        // Once there is room again, that is forgotten; and then it is said anew.
        try configure(house, limits: "{ min-free: off }", minGrace: "1h")
        #expect(!(try house.run("purge").said.contains("needs more room")))
        try configure(house, limits: "{ min-free: 40% }", minGrace: "1h")
        #expect(try house.run("purge").said.contains("needs more room"))
        #expect(try reasons(house, "space.short").count == 2)
    }

    @Test("vaults of one file system act together: the strictest limit, and the oldest of all of them")
    func shared() throws {
        let disk = try Disk(.tmpfs, megabytes: 64)
        let other = disk.root.appending(path: "other", directoryHint: .isDirectory)
        let more = """
              other: { path: \(other.path), keep: { last: 1 }, grace-period: 1h, quiet-period: 1s, min-age: 1s,
                       min-observed-age: 1s, min-grace: 1s, limits: { min-free: 30% } }
            """
        let house = try house(disk, limits: "{ min-free: 6MiB }", more: more)
        try put(house, 1...6)
        for day in 1...4 { try big(other.appending(path: "b-\(CLIFixture.day(day)).dump"), 4) }
        try house.settle()
        for vault in ["dumps", "other"] {
            try house.run("plan", vault)
            #expect(try house.run("cleanup", vault, "--approve").status == 0)
        }
        // dumps was first: its four are the oldest. 24 of 64 MiB are free, 19.2 must be.
        try put(house, 7...9)
        try house.pass(1.1)
        let outcome = try house.run("purge", "--json")
        #expect(try paths(outcome) == [name(1), name(2)], "eight MiB where 7.2 are lacking")
        // With a size of its own a vault gives what it is over, of its own, though others are older.
        try house.write(
            house.config,
            try String(contentsOf: house.config, encoding: .utf8)
                .replacingOccurrences(of: "limits: { min-free: 30% }", with: "limits: { max-size: 9MiB }"))
        let sized = try house.run("purge", "--json")
        #expect(try paths(sized) == (1...2).map { "b-\(CLIFixture.day($0)).dump" }, "\(sized.out)")
        #expect(try reasons(house, "purge.intent").last?.contains("over max-size 9MiB") == true)
    }

    @Test("three at once do not take what is lacking three times")
    func together() throws {
        let disk = try Disk(.tmpfs, megabytes: 64)
        let house = try house(disk, limits: "{ min-free: 30% }")
        try put(house, 1...10)
        try house.cleanup()
        try big(disk.root.appending(path: "foreign"), 12)
        try house.pass(1.1)
        let outcomes = try CLIFixture.together(3) { try house.run("purge", "--json", "--wait", "30s") }
        #expect(outcomes.allSatisfy { $0.status == 0 }, "\(outcomes.map(\.error))")
        #expect(try outcomes.flatMap { try paths($0) }.sorted() == [name(1), name(2)])
    }

    @Test(
        "a file system that shows only later what came free is not purged twice",
        arguments: [Disk.Kind.ext4, .xfs, .btrfs])
    func delayed(_ kind: Disk.Kind) throws {
        let disk = try Disk(kind)
        let house = try house(disk, limits: "{ min-free: off }")
        try put(house, 1...8, mebibytes: 16)
        try house.cleanup()
        try house.pass(1.1)
        sync()
        try configure(house, limits: "{ min-free: \(free(disk).bytes + 20 * mebibyte)B }")
        #expect(try paths(try house.run("purge", "--json")) == [name(1), name(2)])
        for _ in 1...3 { #expect(try paths(try house.run("purge", "--json")).isEmpty) }
        #expect(try house.list("--trash").count == 4)
    }

    @Test("too few inodes free: as many go as are lacking")
    func inodes() throws {
        let disk = try Disk(.tmpfs, megabytes: 64)
        try Disk.run(["mount", "-o", "remount,nr_inodes=200", disk.root.path])
        let house = try house(disk, limits: "{ min-free-inodes: 150 }")
        for day in -50...9 { try house.put(name(day)) }
        try house.cleanup()
        try house.pass(1.1)
        let lacking = 150 - free(disk).inodes
        #expect(lacking > 0)
        let outcome = try house.run("purge", "--json")
        #expect(try paths(outcome).count == lacking)
        #expect(try reasons(house, "purge.intent").allSatisfy { $0.contains("under min-free-inodes 150") })
    }

    @Test("hard links: what purging would not free is not purged early")
    func links() throws {
        let disk = try Disk(.tmpfs, megabytes: 64)
        let house = try house(disk, limits: "{ min-free: 30% }")
        try put(house, 1...8)
        // The two oldest have another name that stays.
        for day in 1...2 {
            try FileManager.default.createDirectory(
                at: disk.root.appending(path: "elsewhere"), withIntermediateDirectories: true)
            try FileManager.default.linkItem(
                at: house.vault.appending(path: name(day)), to: disk.root.appending(path: "elsewhere/\(day)"))
        }
        try house.cleanup()
        try big(disk.root.appending(path: "foreign"), 16)
        try house.pass(1.1)
        // 16 of 64 MiB are free: one is enough.
        let outcome = try house.run("purge", "--json")
        #expect(try paths(outcome) == [name(3)], "\(outcome.out)")
    }

    @Test("the agent purges early by itself, without being asked again and again")
    func agent() throws {
        let disk = try Disk(.tmpfs, megabytes: 64)
        let house = try house(disk, limits: "{ min-free: 30% }")
        try put(house, 1...10)
        try house.cleanup()
        try big(disk.root.appending(path: "foreign"), 12)
        try house.startAgent()
        try house.wait("two to be purged early") { try house.list("--trash").count == 6 && house.purging().isEmpty }
        #expect(try reasons(house, "purge.intent").allSatisfy { $0.hasPrefix("early: ") })
        sleep(2)
        #expect(try house.list("--trash").count == 6, "no more than needed")
        #expect(try house.run("status", "--json").json()["to_decide"] as? [[String: Any]] != nil)
    }

    @Test("ranges give way under a written limit, as much as is lacking; the trash counts as coming")
    func ranges() throws {
        let disk = try Disk(.tmpfs, megabytes: 64)
        let house = try house(disk, keep: "{ daily: 2-8 }", limits: "{ min-free: 5% }")
        try put(house, 1...8, mebibytes: 5)
        try house.cleanup()
        #expect(house.names().count == 8, "there is room: the higher bound holds")
        try configure(house, keep: "{ daily: 2-8 }", limits: "{ min-free: 50% }")
        let plan = try house.run("plan", "--json").json()
        #expect(plan["condemned_for_space"] as? Int == 2, "8 of 64 MiB are lacking, each gives 5")
        #expect(try house.run("plan").said.contains("Space: min-free 50% is not met, so 2 backups"))
        let outcome = try house.run("cleanup", "--approve")
        #expect(outcome.status == 0, "\(outcome.out)\(outcome.error)")
        #expect(house.names().count == 6 && house.exists(name(8)) && house.exists(name(7)))
        #expect(try reasons(house, "backup.condemned").allSatisfy { $0.contains("for space: min-free 50% is not met") })
        #expect(try house.run("cleanup").status == 0)
        #expect(house.names().count == 6, "what is in the trash will come")
        try house.pass(1.1)
        #expect(try paths(try house.run("purge", "--json")).count == 2, "and is not wanted")
        #expect(free(disk).bytes >= 32 * mebibyte)
    }

    @Test("wanted items do not give room: that is said, with the command that brings them back")
    func wanted() throws {
        let disk = try Disk(.tmpfs, megabytes: 64)
        let house = try house(disk, limits: "{ min-free: 50% }")
        try put(house, 6...9)
        try house.cleanup()
        for day in 8...9 { try FileManager.default.removeItem(at: house.vault.appending(path: name(day))) }
        try big(house.vault.appending(path: name(9, "app/users")), 4)
        try big(disk.root.appending(path: "foreign"), 24)
        try house.pass(1.1)
        let once = try house.run("agent", "--once")
        #expect(once.status == 0 && once.said.contains("needs more room: free space"), "\(once.out)\(once.error)")
        #expect(try house.list("--trash").count == 2, "the last of a series")
        let status = try house.run("status")
        #expect(status.said.contains("2 backups in the trash are wanted"))
        #expect(status.said.contains("nothing that may be purged gives it"))
        #expect(status.out.contains("reprieve restore --wanted dumps"))
    }

    @Test("the default limit purges early and condemns nothing")
    func byDefault() throws {
        let disk = try Disk(.tmpfs, megabytes: 64)
        let house = try house(disk, keep: "{ daily: 2-30 }", limits: "{ max-size: off }")
        try put(house, -5...9)
        try big(disk.root.appending(path: "foreign"), 2)
        try house.settle()
        #expect(free(disk).bytes < 64 * mebibyte / 20)
        #expect(try house.run("plan", "--json").json()["condemned"] as? Int == 0)
        #expect(try house.run("purge").said.contains("under min-free 5%"))
    }
}
