import Foundation
import Testing

@Suite("other programs that delete in a vault")
struct OtherProgramsTests {
    @Test("doctor names the line that reaches into a vault, and the change; a line elsewhere is no one's business")
    func doctor() throws {
        let house = try CLIFixture()
        try house.dailies(2)
        try house.write(
            house.root.appending(path: "host/etc/cron.d/clean"),
            "0 3 * * * root find \(house.vault.path) -mtime +30 -delete\n0 4 * * * root find /var/log -mtime +9 -delete\n"
        )
        let told = try house.run("doctor")
        #expect(told.status == 1)
        #expect(told.out.contains("OTHER PROGRAMS THAT DELETE HERE\n1 dumps: find -delete"))
        #expect(
            told.out.contains("/etc/cron.d/clean, line 1:") && told.out.contains("keep: { within: 30d }")
                || told.out.contains("within: 30d"))
        #expect(!told.out.contains("/var/log"))

        let json = try house.run("doctor", "--json").json()
        let found = try #require(json["other_programs"] as? [[String: Any]])
        #expect(found.count == 1 && found[0]["line"] as? Int == 1 && found[0]["vault"] as? String == "dumps")
        #expect((json["excludes"] as? [Any])?.count == 4)

        try house.write(house.root.appending(path: "host/etc/cron.d/clean"), "# nothing any more\n")
        let quiet = try house.run("doctor")
        #expect(quiet.status == 0 && !quiet.out.contains("OTHER PROGRAMS"), "\(quiet.out)")
    }

    @Test("init says what reaches into the new vault, and how off-site copies leave the trash out")
    func initialise() throws {
        let house = try CLIFixture()
        let fresh = house.root.appending(path: "fresh")
        try house.write(fresh.appending(path: "db-2026-11-20.sql"), "x")
        try house.write(
            house.root.appending(path: "host/etc/crontab"),
            "0 3 * * * root find \(house.vault.path) -delete\n0 4 * * * root rm -f \(fresh.path)/*.sql\n")
        let told = try house.run("init", fresh.path, "--yes")
        #expect(told.status == 0, "\(told.error)")
        #expect(told.out.contains("1 fresh: rm removes") && told.out.contains("/etc/crontab, line 2:"))
        #expect(!told.out.contains("line 1:"), "another vault's business is doctor's")
        #expect(told.out.contains("rsync -a --exclude=/.trash/ \(fresh.path)/ TARGET"))
    }

    @Test("a line that reaches into several vaults is told once")
    func once() throws {
        let house = try CLIFixture()
        // The third is not named: no wildcard stands for all.
        for name in ["a", "b", "c"] {
            try house.write(house.root.appending(path: "new/\(name)/\(name)-\(CLIFixture.day(9)).sql"), "x")
        }
        try house.write(
            house.root.appending(path: "host/etc/cron.d/clean"),
            "0 3 * * * root find \(house.root.path)/new -mtime +30 -delete\n")
        let paths = ["a", "b"].map { house.root.appending(path: "new/\($0)").path }
        let told = try house.run(["init", "-n"] + paths)
        #expect(told.out.components(separatedBy: "find -delete removes").count == 2, "\(told.said)")
        #expect(told.out.contains("1 a, b: find -delete"))
    }

    /// The printed lines, run by the real tools.
    @Test(
        "what is said of off-site copies is true: each real tool leaves the trash out",
        arguments: ["vault", "odd [x]* $y 'z'"])
    func excludes(_ name: String) throws {
        let base = FileManager.default.temporaryDirectory.appending(
            path: "reprieve-offsite-\(UInt64.random(in: 0 ... .max))")
        defer { try? FileManager.default.removeItem(at: base) }
        let house = try CLIFixture(vault: base.appending(path: name))
        try house.dailies(4)
        if name != "vault" {
            try house.write(
                house.config,
                "vaults:\n  dumps:\n    path: \"\(house.vault.path)\"\n    keep: { last: 2 }\n\(CLIFixture.settings)\n")
        }
        try house.cleanup()
        let gone = "orders-\(CLIFixture.day(1)).dump"
        let stays = "orders-\(CLIFixture.day(4)).dump"
        let excludes = try #require(try house.run("doctor", "--json").json()["excludes"] as? [[String: Any]])
        #expect(excludes.compactMap { $0["tool"] as? String } == ["rsync", "rclone", "restic", "borg"])
        for exclude in excludes {
            let tool = try #require(exclude["tool"] as? String)
            let command = try #require(exclude["command"] as? String)
            let target = house.root.appending(path: "offsite-\(tool)").path
            let (before, after): (String, String) =
                switch tool {
                case "restic": ("restic init -q", "restic ls latest")
                case "borg": ("borg init -e none '\(target)'", "borg list '\(target)'::n")
                default: ("true", "find '\(target)'")
                }
            let script = """
                set -e
                export RESTIC_REPOSITORY='\(target)' RESTIC_PASSWORD=x HOME='\(house.root.path)'
                \(before)
                \(command.replacingOccurrences(of: "TARGET", with: "'\(target)'").replacingOccurrences(of: "REPO::NAME", with: "'\(target)'::n"))
                \(after)
                """
            let outcome = try CLIFixture.launch(["/bin/sh", "-c", script])
            #expect(outcome.status == 0, "\(tool): \(outcome.error)")
            #expect(outcome.out.contains(stays), "\(tool) copied the backups: \(outcome.out)")
            #expect(!outcome.out.contains(gone) && !outcome.out.contains("CACHEDIR.TAG"), "\(tool): \(outcome.out)")
        }
    }

    @Test("restic and borg leave it out by its CACHEDIR.TAG too", arguments: ["restic", "borg"])
    func cacheTag(_ tool: String) throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.cleanup()
        let target = house.root.appending(path: "offsite").path
        let run =
            tool == "restic"
            ? "restic init -q; restic backup -q --exclude-caches '\(house.vault.path)'; restic ls latest"
            : "borg init -e none '\(target)'; borg create --exclude-caches '\(target)'::n '\(house.vault.path)'; borg list '\(target)'::n"
        let outcome = try CLIFixture.launch([
            "/bin/sh", "-c",
            "set -e; export RESTIC_REPOSITORY='\(target)' RESTIC_PASSWORD=x HOME='\(house.root.path)'; \(run)",
        ])
        #expect(outcome.status == 0 && outcome.out.contains("orders-\(CLIFixture.day(4)).dump"), "\(outcome.error)")
        #expect(!outcome.out.contains("orders-\(CLIFixture.day(1)).dump"))
    }

    /// Files as old as the line wants them.
    private func old(_ house: CLIFixture) throws {
        let long = Date().addingTimeInterval(-90 * 86_400)
        for day in 1...4 {
            let file = house.vault.appending(path: "app/orders-\(CLIFixture.day(day)).dump")
            try FileManager.default.setAttributes([.modificationDate: long], ofItemAtPath: file.path)
        }
    }

    @Test("find -mtime +0 -delete over a vault with a batch: what it took from the batch is missing, and all is frozen")
    func find() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try old(house)
        try house.cleanup()
        try house.put("app/orders-\(CLIFixture.day(6)).dump")
        _ = try CLIFixture.launch(["/usr/bin/find", house.vault.path, "-mtime", "+0", "-delete"])
        let batch = try #require(house.batches().first)
        #expect(!house.exists(".trash/\(batch)/files/app/orders-\(CLIFixture.day(1)).dump"), "find took it")
        #expect(try house.run("cleanup").status == 4)
        let status = try house.run("status")
        #expect(status.out.contains("FROZEN") && status.out.contains("missing"), "\(status.out)")
        #expect(try house.events().count { $0["event"] as? String == "backup.missing" } == 2)
        #expect(try house.list("--purged").allSatisfy { $0["state"] as? String == "missing" })
    }

    @Test("the line that doctor offers instead leaves the trash alone")
    func instead() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try old(house)
        try house.cleanup()
        let line = "find \(house.vault.path) -mtime +0 -delete"
        try house.write(house.root.appending(path: "host/etc/crontab"), "0 3 * * * root \(line)\n")
        let found = try house.run("doctor", "--json").json()["other_programs"] as? [[String: Any]]
        let instead = try #require(found?.first?["instead"] as? String).replacingOccurrences(
            of: "...", with: "-mtime +0 -delete")
        let before = try FileManager.default.subpathsOfDirectory(atPath: house.vault.appending(path: ".trash").path)
        let outcome = try CLIFixture.launch(["/bin/sh", "-c", instead])
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(!house.exists("app/orders-\(CLIFixture.day(4)).dump"))
        #expect(
            try FileManager.default.subpathsOfDirectory(atPath: house.vault.appending(path: ".trash").path) == before)
        try house.write(house.root.appending(path: "host/etc/crontab"), "0 3 * * * root \(instead)\n")
        let after = try house.run("doctor", "--json").json()["other_programs"] as? [[String: Any]]
        #expect(after?.map { $0["weight"] as? String } == ["note"])
    }

    @Test("rsync -a --delete of an empty directory over a vault with a batch: missing, and frozen")
    func rsync() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.cleanup()
        let empty = house.root.appending(path: "empty")
        try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true)
        let outcome = try CLIFixture.launch([
            "/usr/bin/rsync", "-a", "--delete", empty.path + "/", house.vault.path + "/",
        ])
        #expect(outcome.status == 0 && house.names().isEmpty)
        // Nobody looks at an empty directory for a vault; the next backup is written there.
        try house.put("app/orders-\(CLIFixture.day(6)).dump")
        #expect(try house.run("cleanup").status == 4)
        let status = try house.run("status")
        #expect(status.out.contains("FROZEN") && status.out.contains("missing"), "\(status.out)")
        #expect(try house.events().contains { $0["event"] as? String == "vault.frozen" })
    }

    @Test("with the filter that doctor names, rsync --delete leaves the trash alone")
    func rsyncProtected() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.cleanup()
        let empty = house.root.appending(path: "empty")
        try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true)
        let outcome = try CLIFixture.launch([
            "/usr/bin/rsync", "-a", "--delete", "--filter=protect /.trash", empty.path + "/", house.vault.path + "/",
        ])
        #expect(outcome.status == 0 && house.names().isEmpty && house.batches().count == 1)
        try house.run("cleanup")
        #expect(try house.run("status").out.contains("missing") == false)
    }
}
