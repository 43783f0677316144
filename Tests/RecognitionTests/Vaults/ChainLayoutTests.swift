import Foundation
import Model
import Recognition
import Retention
import Testing

/// Chains that a file in or beside each backup tells: mariadb-backup, btrbk, pg_basebackup.
@Suite("layouts: chains by what is in them", .timeLimit(.minutes(10)))
struct ChainLayoutTests {
    // MARK: mariadb-backup, xtrabackup

    /// A full one every seventh day. `directory`: of a day, with strftime's words. `grows`: how far a day's LSN goes.
    private func xtrabackup(
        _ vault: LayoutVault, _ days: ClosedRange<Int>, record: String = "xtrabackup_checkpoints",
        except missing: Set<Int> = [], server: String? = nil, grows: (Int) -> Int = { _ in 100 },
        _ directory: (Int) -> String
    ) throws -> Written {
        var written: Written = [:]
        var lsn = 1000
        for day in days.reversed() {
            let isFull = Weekly.isFull(day) || day == days.upperBound
            let (from, to) = (isFull ? 0 : lsn, lsn + grows(day))
            lsn = to
            guard !missing.contains(day) else { continue }
            let path = vault.name(directory(day), daysAgo: day)
            try vault.put("\(path)/\(isFull ? "ibdata1" : "ibdata1.delta")", daysAgo: day)
            try vault.put("\(path)/shop/o.ibd\(isFull ? "" : ".delta")", daysAgo: day)
            try vault.put("\(path)/\(record)", daysAgo: day, Page.checkpoints(from: from, to: to))
            if let server {
                let info =
                    "tool_name = mariadb-backup\ntool_command = --backup --datadir=/srv/\(server) --target-dir=x\n"
                try vault.put("\(path)/xtrabackup_info", daysAgo: day, info)
            }
            written[day] = [path]
        }
        return written
    }

    @Test("an incremental that stays keeps its base and all between, which no name tells")
    func backupDirectories() throws {
        let vault = try LayoutVault()
        let written = try xtrabackup(vault, 1...21) { _ in "mysql/%Y-%m-%d_%H-%M-%S" }
        let outcome = try vault.judge { $0.daily = .first(10) }
        expect(outcome, keeps: Set(1...14), of: written)
        #expect(outcome.series.count == 1)
    }

    @Test(
        "kind and parent are those of the checkpoints, across directories of one vault",
        arguments: [
            ("xtrabackup_checkpoints", "mysql/%Y-%m-%d_%H-%M-%S", "mysql/%Y-%m-%d_%H-%M-%S"),
            ("mariadb_backup_checkpoints", "%Y%m%dT%H%M%SZ", "%Y%m%dT%H%M%SZ"),
            ("xtrabackup_checkpoints", "mysql/base/%Y-%m-%d_%H-%M-%S", "mysql/incr/%Y-%m-%d_%H-%M-%S"),
            ("xtrabackup_checkpoints", "%Y-%m-%d_%H-%M-%S_full", "%Y-%m-%d_%H-%M-%S_inc"),
            ("mariadb_backup_checkpoints", "a/wholes/db-%Y-%m-%d", "b/c/steps/db-%Y-%m-%d"),
        ])
    func checkpoints(record: String, full: String, incremental: String) throws {
        let vault = try LayoutVault()
        let written = try xtrabackup(vault, 1...28, record: record) { Weekly.isFull($0) ? full : incremental }
        let outcome = try vault.judge { $0.daily = .first(3) }
        #expect(outcome.orphans.isEmpty)
        for (day, paths) in written {
            #expect(outcome.backup(paths[0])?.kind == (Weekly.isFull(day) ? .full : .incremental))
            #expect(outcome.needs(paths[0]) == (Weekly.isFull(day) ? [] : Set(written[day + 1]!)))
            #expect(outcome.condition(paths[0]) == .complete)
        }
        // Where full and incremental ones are told by no word, their directories are two series.
        if outcome.series.count == 1 {
            expect(outcome, keeps: Set(1...7), of: written)
        } else {
            #expect(Set((1...7).flatMap { written[$0]! }).isSubset(of: outcome.stays))
        }
    }

    @Test("28 in one directory, by the policy of the pages: the chains of what stays, and nothing else")
    func pageOfMariaDB() throws {
        let vault = try LayoutVault()
        let written = try xtrabackup(vault, 1...28) { _ in "%Y-%m-%d_%H-%M-%S" }
        let outcome = try vault.judge(pagePolicy)
        let stay = closure(vault.keptDays(of: 1...28), Weekly.incremental)
        #expect(stay.count == 7 || stay.count == 14)
        expect(outcome, keeps: stay, of: written)
        #expect(outcome.series.count == 1)
    }

    @Test("on a quiet server several backups end at the same LSN: each needs the newest before it")
    func quietServer() throws {
        let vault = try LayoutVault()
        let written = try xtrabackup(vault, 1...14, grows: { (3...6).contains($0) ? 0 : 100 }) { _ in
            "mysql/%Y-%m-%d_%H-%M-%S"
        }
        let outcome = try vault.judge { $0.last = .first(2) }
        for day in 1...6 { #expect(outcome.needs(written[day]![0]) == Set(written[day + 1]!)) }
        expect(outcome, keeps: Set(1...7), of: written)
    }

    @Test("LSNs of one server say nothing of another, in one directory or in two (xtrabackup_info tells the servers)")
    func twoServers() throws {
        for (one, other) in [("all/shop-%Y-%m-%d", "all/wiki-%Y-%m-%d"), ("db1/%Y-%m-%d", "db2/%Y-%m-%d")] {
            let vault = try LayoutVault()
            let first = try xtrabackup(vault, 1...14, server: "shop") { _ in one }
            // It has no full one since.
            let second = try xtrabackup(vault, 1...13, except: [7], server: "wiki") { _ in other }
            let outcome = try vault.judge { $0.last = .first(1) }
            #expect(outcome.series.count == 2)
            expect(outcome, keeps: Set(1...7), of: first)
            #expect(outcome.needs(second[12]![0]) == Set(second[13]!))
            // Its base is not there, and that of the other server is no base of it.
            #expect((1...6).allSatisfy { outcome.condition(second[$0]![0]) == .broken })
        }
    }

    @Test("a backup whose parent is not there is broken, and so is what stands on it; the rules go by the others")
    func parentMissing() throws {
        let vault = try LayoutVault()
        let written = try xtrabackup(vault, 1...21, except: [5]) { _ in "mysql/%Y-%m-%d_%H-%M-%S" }
        let outcome = try vault.judge { $0.last = .first(1) }
        #expect((1...4).allSatisfy { outcome.condition(written[$0]![0]) == .broken })
        #expect(outcome.why(written[4]![0])?.contains("LSN") == true)
        expect(outcome, keeps: Set(1...4).union([6, 7]), of: written)
    }

    // MARK: btrbk

    /// Stream and `.info` of each day; of some the stream broke off. `first`: numbers of UUIDs begin there.
    private func btrbk(
        _ vault: LayoutVault, _ format: String, first: Int = 0, brokenOff: Set<Int> = []
    ) throws -> Written {
        var written: Written = [:]
        for day in (1...28).reversed() {
            let path = try vault.put(format, daysAgo: day)
            let parent = Weekly.isFull(day) ? nil : first + day + 1
            let info = Page.info(
                (path as NSString).lastPathComponent, first + day, parent: parent, isWhole: !brokenOff.contains(day))
            written[day] = [path, try vault.put("\(path).info", daysAgo: day, info)]
        }
        return written
    }

    @Test(
        "the .info file says what a stream needs, and goes with it",
        arguments: ["home.%Y%m%dT%H%M.btrfs.gz", "raw/srv/home.%Y%m%d.btrfs.zst.gpg", "home.%Y%m%dT%H%M_1.btrfs"])
    func streams(format: String) throws {
        let vault = try LayoutVault()
        let written = try btrbk(vault, format)
        let outcome = try vault.judge(pagePolicy)
        expect(outcome, keeps: closure(vault.keptDays(of: 1...28), Weekly.incremental), of: written)
        #expect(outcome.series.count == 1)
        #expect((1...28).allSatisfy { outcome.backup(written[$0]![0])?.isLinked == !Weekly.isFull($0) })
    }

    @Test(
        "a stream that broke off is incomplete, what was sent relative to it is broken; another subvolume is judged alone"
    )
    func brokenStream() throws {
        let vault = try LayoutVault()
        let home = try btrbk(vault, "home.%Y%m%dT%H%M.btrfs.gz", brokenOff: [5])
        let root = try btrbk(vault, "root.%Y%m%dT%H%M.btrfs.gz", first: 100)
        let outcome = try vault.judge { $0.last = .first(1) }
        #expect(outcome.series.count == 2)
        #expect(outcome.condition(home[5]![0]) == .incomplete)
        #expect((1...4).allSatisfy { outcome.condition(home[$0]![0]) == .broken })
        expect(outcome, keeps: Set(1...7), of: home)
        expect(outcome, keeps: Set(1...7), of: root)
    }

    @Test("before version 0.27 the UUIDs stand in the name")
    func uuidsInNames() throws {
        let vault = try LayoutVault()
        let written = try vault.daily(1...28) { day in
            let parent = Weekly.isFull(day) ? "" : "@\(Page.uuid(day + 1))"
            return ["home.%Y%m%dT%H%M--\(Page.uuid(day))\(parent).btrfs.gz"]
        }
        let outcome = try vault.judge(pagePolicy)
        expect(outcome, keeps: closure(vault.keptDays(of: 1...28), Weekly.incremental), of: written)
        #expect(outcome.series.count == 1)
    }

    // MARK: pg_basebackup of PostgreSQL 17

    /// `base`: on what a day's incremental stands.
    private func postgres(
        _ vault: LayoutVault, _ format: String, system: Int = 7_444_444_444_444_444_444, isPlain: Bool = true,
        files: Int = 1, base: (Int) -> Int
    ) throws -> Written {
        func lsn(_ day: Int) -> Int { 0x2000028 + (28 - day) * 0x1000000 }
        var written: Written = [:]
        for day in (1...28).reversed() {
            let isFull = Weekly.isFull(day)
            let path = vault.name(format, daysAgo: day)
            if isPlain {
                for file in ["PG_VERSION", "base/1/1259", "global/pg_control"] {
                    try vault.put("\(path)/\(file)", daysAgo: day)
                }
                let label = Page.label(at: lsn(day), from: isFull ? nil : lsn(base(day)))
                try vault.put("\(path)/backup_label", daysAgo: day, label)
            } else {
                for file in ["base.tar.gz", "pg_wal.tar.gz"] { try vault.put("\(path)/\(file)", daysAgo: day) }
            }
            let manifest = Page.manifest(system: system, isIncremental: !isFull, files: files)
            try vault.put("\(path)/backup_manifest", daysAgo: day, manifest)
            written[day] = [path]
        }
        return written
    }

    @Test("an incremental needs what began at the LSN that its label names, and all that needs")
    func label() throws {
        for (format, files) in [("pg/base-%Y-%m-%d", 1), ("%Y%m%dT%H%M%S", 3000)] {
            let vault = try LayoutVault()
            let written = try postgres(vault, format, files: files) { $0 + 1 }
            let outcome = try vault.judge(pagePolicy)
            expect(outcome, keeps: closure(vault.keptDays(of: 1...28), Weekly.incremental), of: written)
            #expect(outcome.series.count == 1)
            #expect((1...28).allSatisfy { outcome.condition(written[$0]![0]) == .complete })
        }
    }

    @Test("incrementals that all stand on the full one keep that, and nothing between")
    func allOnTheFullOne() throws {
        let vault = try LayoutVault()
        let written = try postgres(vault, "pg/base-%Y-%m-%d", base: Weekly.base)
        let outcome = try vault.judge(pagePolicy)
        expect(outcome, keeps: closure(vault.keptDays(of: 1...28), Weekly.differential), of: written)
    }

    @Test("in archives the base cannot be read: the longer chain counts")
    func archives() throws {
        let vault = try LayoutVault()
        let written = try postgres(vault, "pg/base-%Y-%m-%d", isPlain: false) { $0 + 1 }
        let outcome = try vault.judge(pagePolicy)
        expect(outcome, keeps: closure(vault.keptDays(of: 1...28), Weekly.incremental), of: written)
        #expect(outcome.backup(written[1]![0])?.kind == .incremental)
    }

    @Test("two clusters with the same LSNs are two chains")
    func twoClusters() throws {
        let vault = try LayoutVault()
        let one = try postgres(vault, "pg/one-%Y-%m-%d") { $0 + 1 }
        let two = try postgres(vault, "pg/two-%Y-%m-%d", system: 7_555_555_555_555_555_555) { $0 + 1 }
        let outcome = try vault.judge(pagePolicy)
        let stay = closure(vault.keptDays(of: 1...28), Weekly.incremental)
        for written in [one, two] {
            expect(outcome, keeps: stay, of: written)
            #expect((1...6).allSatisfy { outcome.needs(written[$0]![0]) == Set(written[$0 + 1]!) })
        }
    }
}

extension ChainLayoutTests {
    @Test("streams with their records beside them: the directory goes where the stream goes, and tells the chain")
    func streams() throws {
        let vault = try LayoutVault()
        for day in (1...14).reversed() {
            let (from, to) = (day % 7 == 0 ? 0 : 1000 - day, 1000 - day + 1)
            let kind = day % 7 == 0 ? "full-backuped" : "incremental"
            try vault.put("app-%Y-%m-%d.xb.gz", daysAgo: day)
            try vault.put(
                "app-%Y-%m-%d-lsn/xtrabackup_checkpoints", daysAgo: day,
                "backup_type = \(kind)\nfrom_lsn = \(from)\nto_lsn = \(to)\n")
        }
        let outcome = try vault.judge { $0.last = .first(2) }
        #expect(outcome.series.count == 1 && outcome.backups.count == 14)
        #expect(outcome.orphans.isEmpty)
        let kept = Set(
            (1...7).flatMap { day in
                ["app-%Y-%m-%d.xb.gz", "app-%Y-%m-%d-lsn"].map { vault.name($0, daysAgo: day) }
            })
        #expect(outcome.stays == kept)
        #expect(outcome.backup(vault.name("app-%Y-%m-%d-lsn", daysAgo: 3))?.kind == .incremental)
    }
}
