import Model
import Recognition
import Testing

@Suite("backup-manager")
struct BackupManagerTests {
    @Test("what has no master in its name is incremental where a master of its stem is there (documented names)")
    func chain() {
        let reading = read([
            "host-etc.20261122.master.tar.gz", "host-etc.20261123.tar.gz", "host-etc.20261124.tar.bz2.gpg",
            "host-etc.incremental.bin", "host-etc.incremental.bin.orig", "host-www.20261123.tar.gz", "host-hashes.md5",
        ])
        let chain = reading.units.filter { $0.recogniser == "backup-manager" }
        #expect(chain.map(\.kind) == [.full, .incremental, .incremental])
        #expect(Set(chain.map(\.series)) == ["d/host-etc.*"])
        #expect(reading.unit("host-www.20261123.tar.gz")?.kind == .full)
        #expect(reading.unit("host-www.20261123.tar.gz")?.recogniser != "backup-manager")
        #expect(reading.why("host-etc.incremental.bin") != nil && reading.why("host-hashes.md5") != nil)
    }

    @Test("the list of files alone proves a chain")
    func list() {
        #expect(read(["h.incremental.bin", "h.20261123.tar.gz"]).units.first?.kind == .incremental)
        #expect(
            read([".20261123.tar.gz", ".master.tar.gz", ".incremental.bin", "x.99999999.master.tar.gz"]).units.isEmpty)
    }
}

@Suite("hdup")
struct HdupTests {
    private func said(_ names: Set<Bytes>, day: Bytes = "2026-11-23") -> Contents? {
        Layouts.read(MadeContents.directory(day, in: "host", names: names))
    }

    @Test("the lowest level in the directory of a day counts (names from a run of 2.0.14)")
    func levels() {
        let daily: Bytes = "host.2026-11-23.daily.tar.gz", weekly: Bytes = "host.2026-11-23.weekly.tar.bz2.gpg"
        let monthly: Bytes = "host.2026-11-23.monthly.tar.gz"
        #expect(said([daily])?.needs == [.levelsBelow(2)] && said([daily])?.level == 2)
        #expect(said([daily, weekly])?.needs == [.levelsBelow(1)] && said([weekly])?.kind == .incremental)
        let all = said([daily, weekly, monthly])
        #expect(all?.kind == .full && all?.level == 0 && all?.needs == [])
    }

    @Test("anything else is not hdup's")
    func others() {
        #expect(said(["host.2026-11-22.daily.tar.gz", "daily", ".2026-11-23.daily.tar.gz", "x.2026-11-23."]) == nil)
        #expect(said([], day: "2026-11-23") == nil)
    }

    @Test("the directories of one host are one series, and its own lists are none")
    func series() {
        let reading = read(["2026-11-22/", "2026-11-23/", "etc/"], in: "hdup/host")
        #expect(Set(reading.units.map(\.series)) == ["hdup/host/*"] && reading.descend == ["etc"])
    }
}

@Suite("SQL Server, Ola Hallengren's scripts")
struct OlaHallengrenTests {
    @Test("one series across the directories of the kinds (documented names)")
    func directories() throws {
        let full = read(["SQL1_Shop_FULL_20261123_010000.bak"], in: "SQL1/Shop/FULL").units
        let diff = read(["SQL1_Shop_DIFF_20261124_010000.bak"], in: "SQL1/Shop/DIFF").units
        let log = read(["SQL1_Shop_LOG_20261124_071500.trn"], in: "SQL1/Shop/LOG").units
        let copy = read(["SQL1_Shop_FULL_COPY_ONLY_20261124_080000.bak"], in: "SQL1/Shop/FULL_COPY_ONLY").units
        let all = full + diff + log + copy
        #expect(Set(all.map(\.series)) == ["SQL1/Shop/*/SQL1_Shop_*"])
        #expect(all.map(\.kind) == [.full, .differential, .log, .full])
        #expect(diff.first?.contents.needs == [.lastFull] && copy.first?.contents.isNoBase == true)
        #expect(full.first?.contents.isNoBase == false)
    }

    @Test("stripes are one backup; databases are apart; partial backups are a chain of their own")
    func stripes() {
        let reading = read([
            "S_A_FULL_20261123_010000_1.bak", "S_A_FULL_20261123_010000_2.bak", "S_B_FULL_20261123_010000.bak",
            "S_A_FULL_PARTIAL_20261123_010000.bak", "S_A_FULL_20261124_010000_2.bak",
        ])
        #expect(reading.unit("S_A_FULL_20261123_010000_1.bak")?.sideFiles == ["S_A_FULL_20261123_010000_2.bak"])
        #expect(reading.unit("S_A_FULL_20261124_010000_2.bak")?.contents.outcome == .lacking)
        #expect(Set(reading.units.map(\.series)) == ["d/S_A_*", "d/S_B_*", "d/S_A_*_PARTIAL_*"])
    }

    @Test(
        "other names are not its",
        arguments: [
            "_FULL_20261123_010000.bak", "A_FULL_20261123_250000.bak", "A_FULL_20261123_010000.txt",
            "20261123_010000.bak",
            "_010000.bak", ".bak", "A_FULL_20261123_010000_123.bak", "A_LOGS_20261123_010000.trn",
        ] as [Bytes])
    func others(name: Bytes) {
        #expect(read([name]).units.allSatisfy { $0.contents.tool != "SQL Server" })
    }
}

@Suite("SAP HANA")
struct SAPHanaTests {
    @Test("volumes are one backup, kinds and directories one series (documented names)")
    func chain() throws {
        let data = read(
            [
                "2026_11_22_COMPLETE_DATA_BACKUP_databackup_0_1", "2026_11_22_COMPLETE_DATA_BACKUP_databackup_2_1",
                "2026_11_23_INCR_databackup_incremental_1795309200000_1795395600000_0_1",
                "2026_11_23_INCR_databackup_incremental_1795309200000_1795395600000_2_1",
                "2026_11_24_databackup_differential_1795309200000_1795482000000_0_1",
            ], in: "backup/data/DB_PRD")
        let log = read(
            ["log_backup_2_0_128_192.1795395900000", "log_backup_0_0_0_0.1795395900001"], in: "backup/log/DB_PRD")
        #expect(data.units.map(\.kind) == [.full, .incremental, .differential])
        #expect(log.units.map(\.kind) == [.log, .log])
        #expect(Set((data.units + log.units).map(\.series)) == ["backup/*/DB_PRD/*"])
        #expect(data.units[0].sideFiles.count == 1 && data.units[1].sideFiles.count == 1)
        #expect(data.units[1].time == Timestamp(seconds: 1_795_395_600))
    }

    @Test("systems that share a directory are apart; a full one without a date is left alone")
    func apart() {
        let reading = read(["PRD_2026_11_22_FULL_databackup_0_1", "QAS_2026_11_22_FULL_databackup_0_1"], in: "data")
        #expect(Set(reading.units.map(\.series)) == ["*/PRD*", "*/QAS*"])
        #expect(read(["COMPLETE_DATA_BACKUP_databackup_0_1"]).why("COMPLETE_DATA_BACKUP_databackup_0_1") != nil)
    }

    @Test(
        "hostile names",
        arguments: [
            "databackup_0_1", "_databackup_0_1", "log_backup_.1795395900000", "log_backup_1.1795395900000", "_0_1",
            "0_1",
            "log_backup_0_0_0_0.9999999999999", "x_databackup_9999999999999_9999999999999_9999999999999_0_1",
            "2026_11_22_databackup_99999999999999999999_1",
        ] as [Bytes])
    func hostile(name: Bytes) {
        #expect(read([name]).units.allSatisfy { $0.recogniser != "SAP HANA" })
    }
}

@Suite("Db2")
struct Db2Tests {
    @Test("images are left alone, because no name says which are incremental (documented names)")
    func images() {
        let names: [Bytes] = [
            "SHOP.0.db2inst1.DBPART000.20261123010000.001", "SHOP.0.db2inst1.DBPART000.20261123010000.002",
            "SHOP.3.db2inst1.NODE0000.CATN0000.20261123010000.001",
        ]
        let reading = read(names)
        #expect(reading.units.isEmpty && reading.skippedEntries.count == 3)
        #expect(reading.why(names[0])?.contains("Db2") == true)
    }

    @Test(
        "numbers behind other names are not Db2's",
        arguments: [
            "SHOP.0.x.20261123010000.001", "a.b.c.DBPART000.20261123010000.001", "..", ".001", ".20261123010000.001",
            "SHOP.0.i.DBPART000.20261399010000.001",
        ] as [Bytes])
    func others(name: Bytes) {
        #expect(read([name]).why(name)?.contains("Db2") != true)
    }
}

@Suite("zfs send in files")
struct ZFSSendTests {
    @Test(
        "two snapshots in a name are an incremental stream",
        arguments: [
            ("tank_home@2026-11-22--2026-11-23.zfs.gz", "tank_home@2026-11-22.zfs.gz"),
            ("tank@auto-20261122T0100Z_to_auto-20261123T0100Z.zfs", "tank@auto-20261122T0100Z.zfs.zst"),
            ("t@daily_2026-11-22-daily_2026-11-23.zfs.xz.gpg", "t@daily_2026-11-22.zfs"),
        ] as [(Bytes, Bytes)])
    func ranges(range: Bytes, single: Bytes) throws {
        let reading = read([range, single])
        let (inc, full) = (try #require(reading.unit(range)), try #require(reading.unit(single)))
        #expect(inc.kind == .incremental && full.kind == .full && inc.series == full.series)
        #expect(inc.contents.needs == full.contents.provides.map { .exactly($0) })
        #expect(try #require(inc.time) > (try #require(full.time)))
        #expect(inc.contents.provides != full.contents.provides)
    }

    @Test("a full stream in the directory beside")
    func beside() {
        let full = read(["t@2026-11-22.zfs"], in: "zfs/full").units.first
        let inc = read(["t@2026-11-22-2026-11-23.zfs"], in: "zfs/inc").units.first
        #expect(inc?.contents.needs == full?.contents.provides.map { .exactly($0) })
    }

    @Test(
        "without an @, a range counts behind the full stream that it begins with, and behind ranges that do",
        arguments: [
            ("tank-2026-11-22.zfs.gz", "tank-2026-11-22_2026-11-23.zfs.gz", "tank-2026-11-23_2026-11-24.zfs.gz"),
            ("a_20261122.zfs", "a_20261122..20261123.zfs", "a_20261123..20261124.zfs.gpg"),
            (
                "20-x.20261122_0100.zfs", "20-x.20261122_0100_to_20261123_0100.zfs",
                "20-x.20261123_0100_20261124_0100.zfs"
            ),
        ] as [(Bytes, Bytes, Bytes)])
    func datesOnly(full: Bytes, second: Bytes, third: Bytes) throws {
        let alone = try #require(read([full]).unit(full))
        for names in [[full, second, third], [third, full, second, "tank-2026-11-01.zfs.gz", "b.zfs"]] {
            let reading = read(names)
            let units = try [full, second, third].map { try #require(reading.unit($0)) }
            #expect(units.map(\.kind) == [.full, .incremental, .incremental])
            #expect(units.allSatisfy { $0.series == alone.series })
            #expect(units[0].time == alone.time && units[0].contents.needs.isEmpty)
            for n in 1...2 {
                #expect(units[n].contents.needs == units[n - 1].contents.provides.map { .exactly($0) })
                #expect(units[n].contents.provides.count == 1)
                #expect((units[n].time ?? .init(seconds: 0)) > (units[n - 1].time ?? .init(seconds: 0)))
            }
        }
        // Where what it begins with is not here, nothing is known of it.
        let broken = read([full, third])
        #expect(broken.units.map(\.name) == [full] && broken.why(third) != nil)
        #expect(broken.unit(full) == alone)
        #expect(read([second, third]).units.isEmpty)
    }

    @Test("two dates that nothing takes apart are left alone")
    func unclear() {
        for name: Bytes in [
            "t@weekly-2026-11-16-daily-2026-11-23.zfs", "t-2026-11-22_2026-11-23.zfs", "t@a.zfs", "@.zfs",
        ] {
            #expect(read([name]).units.isEmpty)
        }
    }

    /// The first record, as OpenZFS's `zfs_ioctl.h` has it.
    private static func record(to: UInt8, from: UInt8, type: UInt8 = 1) -> [UInt8] {
        var head = [UInt8](repeating: 0, count: 312)
        head.replaceSubrange(8..<13, with: [0xAC, 0xCB, 0xBA, 0xF5, 0x02])
        (head[16], head[40], head[48]) = (type, to, from)
        return head
    }

    @Test("what is not compressed says itself what it needs")
    func stream() {
        func said(_ name: Bytes, _ head: [UInt8]) -> Contents? { Layouts.read(MadeContents.file(name, head: head)) }
        #expect(said("t-2026-11-22", Self.record(to: 7, from: 0))?.kind == .full)
        let inc = said("t-2026-11-23", Self.record(to: 8, from: 7))
        #expect(inc?.kind == .incremental && inc?.needs == [.exactly(Token("guid", "7"))])
        #expect(said("t@2026-11-22--2026-11-23.zfs", Self.record(to: 8, from: 7))?.needs == [])
        #expect(
            said("t-2026-11-23", Self.record(to: 0, from: 0, type: 2) + Array("fromsnap".utf8))?.kind == .incremental)
        for noise in MadeContents.noise(upTo: 64) {
            #expect(Layouts.read(MadeContents.file("t", head: noise)) == nil)
        }
        #expect(said("t", Array(Self.record(to: 8, from: 7).prefix(55))) == nil)
    }
}

@Suite("storeBackup")
struct StoreBackupTests {
    @Test("late links make it incremental until they are made (names from its source, 3.2.1)")
    func lateLinks() {
        func said(_ names: Set<Bytes>, _ links: [Bytes]) -> Contents? {
            Layouts.read(
                MadeContents.directory("2026.11.23_01.00.00", names: names, inside: [".storeBackupLinks": links]))
        }
        let late = said([".md5CheckSums.info", "home"], ["linkFile.bz2", "linkTo"])
        #expect(late?.kind == .incremental && late?.needs == [.previous])
        let linked = said([".md5CheckSums.info", "home"], ["linkFrom0"])
        #expect(linked?.kind == .full && linked?.needs == [] && linked?.signs == [".md5CheckSums.info"])
        #expect(said([".md5CheckSums.notFinished"], [])?.outcome == .running)
        #expect(said(["home"], ["linkFile.bz2"]) == nil)
    }
}

@Suite("Veeam")
struct VeeamTests {
    @Test("the files of a machine are a chain, whichever way the name is written (names from listings)")
    func chain() {
        let reading = read([
            "ris - ris.example.eduD2026-11-21T224145_2DCD.vbk", "ris - ris.example.eduD2026-11-22T220034_C114.vib",
            "ris - ris.example.eduD2026-11-23T220028_3BA6_W.vbk", "web1_1C93D2026-11-22T090027.vib",
            "web1_1C94D2026-11-21T090027.vbk", "ris.vbm",
        ])
        #expect(reading.units.map(\.kind) == [.full, .incremental, .full, .incremental, .full])
        #expect(Set(reading.units.map(\.series)) == ["d/ris - ris.example.edu*", "d/web1*"])
        #expect(reading.units.first?.time == Timestamp(seconds: 1_795_300_905))
        #expect(reading.why("ris.vbm")?.contains("Veeam") == true)
    }

    @Test("with reverse increments, and where a name says no time, all is left to Veeam")
    func reverse() {
        let names: [Bytes] = [
            "aD2026-11-21T010000_2DCD.vrb", "aD2026-11-22T010000_2DCE.vbk", "aD2026-11-22T020000.vib",
        ]
        #expect(read(names).units.isEmpty && read(names).skippedEntries.count == 3)
        #expect(read(["a.vbk", "2026-11-23.vbk", "aD2026-11-41T010000_2DCD.vib"]).units.isEmpty)
    }
}
