import Foundation
import Testing

/// How the index follows: what is watched, what is polled, what is written, and what is said of it.
@Suite("an index that follows", .serialized)
struct FollowTests {
    /// A user namespace of its own, in which only so many directories can be watched.
    private static func limited(_ watches: Int) -> [String] {
        [
            "/usr/bin/unshare", "-Ur", "/bin/sh", "-c",
            "echo \(watches) > /proc/sys/user/max_inotify_watches && exec \"$@\"", "sh",
        ]
    }

    /// How many directories a process watches, as the kernel counts them.
    private static func watches(_ process: Process) throws -> Int {
        let base = "/proc/\(process.processIdentifier)/fdinfo"
        return try FileManager.default.contentsOfDirectory(atPath: base).reduce(0) { sum, name in
            let text = (try? String(contentsOfFile: base + "/" + name, encoding: .utf8)) ?? ""
            return sum + text.split(separator: "\n").count { $0.hasPrefix("inotify wd:") }
        }
    }

    @Test("where no more can be watched the rest is polled, status says so, and doctor says how to raise the limit")
    func watchLimit() throws {
        let house = try CLIFixture()
        for n in 0..<20 { try house.put("host\(n)/deep/db-\(CLIFixture.day(8)).sql") }
        try house.startAgent(under: Self.limited(25))
        let agent = try #require(house.lastAgent)
        try house.wait("the status to say it") { try house.run("status").out.contains("polled every minute") }
        // The upper levels come first: the vault, its twenty hosts, and some of what lies in them.
        #expect(try Self.watches(agent) == 25)
        try house.put("host3/db-\(CLIFixture.day(9)).sql")
        try house.wait("an upper level to be followed") { try house.backup("host3/db-\(CLIFixture.day(9)).sql") != nil }
        // What is not watched: who asks looks for himself, because the agent does not vouch.
        for n in 0..<20 { try house.put("host\(n)/deep/db-\(CLIFixture.day(9)).sql") }
        #expect(try house.list().count == 41)
        let doctor = try house.run(["doctor", "--json"], under: Self.limited(25))
        #expect(doctor.status == 1)
        let problems = try doctor.json()["problems"] as? [[String: Any]]
        let problem = try #require(problems?.first { $0["code"] as? String == "watch-limit" })
        #expect((problem["remedy"] as? [String])?.first?.hasPrefix("sysctl -w fs.inotify.max_user_watches=") == true)
    }

    @Test("nothing is watched, or looked at again, below a directory that is one complete backup")
    func directoryUnits() throws {
        let house = try CLIFixture()
        for day in 7...9 {
            for n in 0..<30 { try house.put("host/\(CLIFixture.day(day))/d\(n)/file") }
        }
        try house.startAgent()
        try house.settle()
        #expect(try house.list().count == 3)
        #expect(try Self.watches(try #require(house.lastAgent)) == 2)
    }

    @Test(
        "a file system that others may change unseen is polled, and status says so", .enabled(if: DiskFixture.isUsable))
    func polled() throws {
        try DiskFixture.with { rack, house in
            try house.dailies(3)
            let mount = house.root.appending(path: "fuse")
            try FileManager.default.createDirectory(at: mount, withIntermediateDirectories: true)
            _ = try rack.serve(house.vault.path, at: mount.path)
            try house.write(
                house.config, "vaults: { v: { path: \(mount.path), keep: { last: 2 }, quiet-period: 1s } }")
            try house.startAgent()
            try house.wait("status to say it") {
                try house.run("status").out.contains("polled every 2 min: on FUSE")
            }
            // A lease there sees no writer behind the mount: four quiet periods.
            try house.wait("the backups to be complete") {
                try house.list().allSatisfy { $0["complete"] as? Bool == true }
            }
            #expect(try house.run("doctor").out.contains("not told"))
        }
    }

    @Test("a rebuilt catalog says the same as the old one")
    func rebuilt() throws {
        let house = try CLIFixture()
        try house.dailies(5)
        try house.dailies(5, series: "other/x")
        // The marker, so that a fresh state takes it for the same vault.
        #expect(try house.run("freeze", "dumps", "--reason", "a test").status == 0)
        #expect(try house.run("unfreeze", "dumps").status == 0)
        try house.settle()
        let old = try house.rows()
        let fresh = try house.freshState()
        try house.pass(1.2)
        let rows = try house.rows(state: fresh)
        #expect(rows == old, "\(rows.symmetricDifference(old).sorted().prefix(4))")
    }

    @Test("a damaged catalog is set aside and made anew, and that is said")
    func damaged() throws {
        let house = try CLIFixture()
        try house.dailies(3)
        try house.settle()
        let file = house.state.appending(path: "catalog.sqlite")
        let old = try house.rows()
        // What stands in the log beside it would cover the damage.
        try sql(house, "PRAGMA wal_checkpoint(TRUNCATE)")
        // The header is whole; the pages behind it are not.
        let handle = try FileHandle(forWritingTo: file)
        try handle.seek(toOffset: 4096)
        let size = try handle.seekToEnd()
        try handle.seek(toOffset: 4096)
        try handle.write(contentsOf: Data(repeating: 0xA5, count: Int(size) - 4096))
        try handle.close()
        var outcomes: [CLIFixture.Outcome] = []
        for _ in 0..<3 { outcomes.append(try house.run("list")) }
        #expect(outcomes.contains { $0.error.contains("set aside") }, "\(outcomes.map(\.error))")
        #expect(outcomes.last?.status == 0)
        try house.pass(1.2)
        #expect(try house.rows() == old)
        let aside = try FileManager.default.contentsOfDirectory(atPath: house.state.path)
        #expect(aside.contains { $0.hasPrefix("catalog.sqlite.damaged-") })
    }

    private func sql(_ house: CLIFixture, _ statement: String) throws {
        let code = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()"
        let catalog = house.state.appending(path: "catalog.sqlite").path
        #expect(
            try CLIFixture.launch(["/usr/bin/python3", "-c", code, catalog, statement]).status == 0, "\(statement)")
    }

    /// One value of the row of the newest backup, as a bad disk or memory leaves it.
    static let flips: [(column: String, value: String)] = [
        ("time", "time - (1 << 52)"), ("time", "time - (1 << 62)"), ("series", "'app/orderz'"),
        ("condition", "'comp,ete'"), ("condition", "'incomplete'"), ("kind", "x'ff00'"), ("state", "'pressent'"),
        ("own_size", "own_size | (1 << 40)"), ("sides", "'[{'"), ("name", "name || 'x'"),
    ]

    @Test("a damaged row of the newest backup: it stays, no command fails, and the catalog is made anew")
    func damagedRow() throws {
        let house = try CLIFixture(keep: "{ last: 1 }", grace: "1s")
        try house.dailies(3)
        try house.settle()
        let newest = "app/orders-\(CLIFixture.day(3)).dump"
        let clean = house.root.appending(path: "clean")
        let row = try #require(try house.rows().first { $0.contains(newest) })
        try FileManager.default.moveItem(at: house.state, to: clean)
        for (column, value) in Self.flips {
            try? FileManager.default.removeItem(at: house.state)
            try FileManager.default.copyItem(at: clean, to: house.state)
            let its = "name = CAST('orders-\(CLIFixture.day(3)).dump' AS BLOB)"
            try sql(house, "UPDATE backup SET \(column) = \(value) WHERE \(its)")
            for command in [["plan"], ["cleanup", "--approve"], ["agent", "--once"]] {
                let outcome = try house.run(command)
                #expect([0, 4].contains(outcome.status), "\(column) = \(value): \(command) \(outcome.error)")
                #expect(house.exists(newest), "\(column) = \(value): \(command)")
            }
            let known = try house.rows().first { $0.contains(newest) }
            // Seen anew, it settles anew: all but that is as it was.
            let fields = row.components(separatedBy: " | ").dropLast(2)
            #expect(known?.components(separatedBy: " | ").dropLast(2) == fields, "\(column) = \(value)")
            for gone in 1...2 {
                if !house.exists("app/orders-\(CLIFixture.day(gone)).dump") { try house.dailies(gone) }
            }
        }
    }

    @Test("hard links: the plan says what purging all that goes frees, explain what one alone frees; it is so")
    func freed() throws {
        let house = try CLIFixture(keep: "{ last: 1 }")
        let size = 1 << 20
        let shared = String(repeating: "s", count: size)
        try house.put("host/\(CLIFixture.day(7))/shared", shared)
        try house.put("host/\(CLIFixture.day(7))/own", shared)
        for day in [8, 9] {
            let tree = house.vault.appending(path: "host/\(CLIFixture.day(day))")
            try FileManager.default.createDirectory(at: tree, withIntermediateDirectories: true)
            #expect(link(house.vault.path + "/host/\(CLIFixture.day(7))/shared", tree.path + "/shared") == 0)
        }
        // In the two that go, and not in the one that stays.
        try house.put("host/\(CLIFixture.day(7))/two", shared)
        #expect(
            link(
                house.vault.path + "/host/\(CLIFixture.day(7))/two", house.vault.path + "/host/\(CLIFixture.day(8))/two"
            ) == 0)
        try house.startAgent()
        try house.settle()
        let plan = try house.run("plan", "--json").json()
        let freed = try #require(plan["freed"] as? Int)
        // `own` and `two`; not `shared`. And some blocks of directories.
        #expect((2 * size..<2 * size + 200_000).contains(freed), "\(freed)")
        #expect(try house.run("plan").out.contains("MiB*"))
        try house.wait("the agent to have measured") {
            try house.backup("host/\(CLIFixture.day(7))")?["freed_if_purged"] as? Int != nil
        }
        let alone = try #require(try house.backup("host/\(CLIFixture.day(7))")?["freed_if_purged"] as? Int)
        #expect((size..<size + 100_000).contains(alone), "\(alone)")
    }

    @Test("a repository is shown with its size, its age and the command that prunes it")
    func managed() throws {
        let house = try CLIFixture()
        for name in ["config", "data/x", "keys/x", "snapshots/x"] {
            try house.put("laptop/" + name, String(repeating: "x", count: 5000))
        }
        try house.put("search/index-3")
        try house.put("search/index.latest")
        try house.put("search/snap-abc.dat")
        try house.put("search/indices/0")
        try house.dailies(1)
        try house.startAgent()
        try house.wait("both to be measured") {
            let entries = try house.run("list", "--json").json()["left_alone"] as? [[String: Any]] ?? []
            let managed = entries.filter { $0["condition"] as? String == "opaque" }
            return managed.count == 2 && managed.allSatisfy { ($0["size"] as? Int ?? 0) > 0 && $0["newest"] is String }
        }
        let text = try house.run("list", "--foreign").out
        #expect(text.contains("restic forget --prune") && text.contains("laptop") && text.contains("KiB"))
        #expect(text.contains("search") && text.contains("lasticsearch"))
    }

    @Test("an immutable backup is named as an obstacle and stays; the others go", .enabled(if: geteuid() == 0))
    func immutable() throws {
        let house = try CLIFixture(keep: "{ last: 1 }")
        try house.dailies(3)
        let first = house.vault.appending(path: "app/orders-\(CLIFixture.day(1)).dump").path
        #expect(try CLIFixture.launch(["/usr/bin/chattr", "+i", first]).status == 0)
        defer { _ = try? CLIFixture.launch(["/usr/bin/chattr", "-i", first]) }
        try house.settle()
        #expect(try house.backup("app/orders-\(CLIFixture.day(1)).dump")?["obstacle"] as? String != nil)
        try house.run("plan")
        let cleanup = try house.run("cleanup", "--approve")
        #expect(cleanup.out.contains("immutable"), "\(cleanup.out)\(cleanup.error)")
        #expect(
            house.exists("app/orders-\(CLIFixture.day(1)).dump")
                && !house.exists("app/orders-\(CLIFixture.day(2)).dump"))
    }
}
