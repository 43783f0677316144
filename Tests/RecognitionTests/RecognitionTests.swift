import Disk
import Model
import Recognition
import Support
import Testing

@Suite("times in names")
struct NameTimeTests {
    @Test(
        "dates and times of the field",
        arguments: [
            ("app-2026-11-23.tar.gz", "2026-11-22T23:00:00Z", "app-*.tar.gz"),
            ("app-20261123.tar", "2026-11-22T23:00:00Z", "app-*.tar"),
            ("app20261123.tar", "2026-11-22T23:00:00Z", "app*.tar"),
            ("2026-11-23", "2026-11-22T23:00:00Z", "*"),
            ("2026_11_23", "2026-11-22T23:00:00Z", "*"),
            ("app.2026.11.23.sql", "2026-11-22T23:00:00Z", "app.*.sql"),
            ("orders-2026-11-23T0100.dump", "2026-11-23T00:00:00Z", "orders-*.dump"),
            ("orders-2026-11-23T01:00:30Z.dump", "2026-11-23T01:00:30Z", "orders-*.dump"),
            ("orders-2026-11-23T01:00:30+05:30.dump", "2026-11-22T19:30:30Z", "orders-*.dump"),
            ("orders-20261123T010000-0500.dump", "2026-11-23T06:00:00Z", "orders-*.dump"),
            ("20261123T041500.123Z", "2026-11-23T04:15:00Z", "*"),
            ("vzdump-qemu-100-2026_11_23-01_00_02.vma.zst", "2026-11-23T00:00:02Z", "vzdump-qemu-100-*.vma.zst"),
            ("db_2026-11-23_01h05m.sql.gz", "2026-11-23T00:05:00Z", "db_*.sql.gz"),
            ("db-20261123-010000.sql", "2026-11-23T00:00:00Z", "db-*.sql"),
            ("db_20261123010000.sql", "2026-11-23T00:00:00Z", "db_*.sql"),
            ("db_202611230100.sql", "2026-11-23T00:00:00Z", "db_*.sql"),
            ("backup-2026-11-23T01-00-00.tar.gz", "2026-11-23T00:00:00Z", "backup-*.tar.gz"),
            ("2026-11-23-010000", "2026-11-23T00:00:00Z", "*"),
            ("1700000000_gitlab_backup.tar", "2023-11-14T22:13:20Z", "*_gitlab_backup.tar"),
            ("1700000000_2023_11_14_16.5.1_gitlab_backup.tar", "2023-11-14T22:13:20Z", "*_*_16.5.1_gitlab_backup.tar"),
            ("FULL-2026-11-23_01-00", "2026-11-23T00:00:00Z", "FULL-*"),
            ("leap-2024-02-29.tar", "2024-02-28T23:00:00Z", "leap-*.tar"),
            // What follows a date and is no time of day belongs to the series: numbered slices must not be one series.
            ("set-2026-11-23-1.tar", "2026-11-22T23:00:00Z", "set-*-1.tar"),
            ("set-2026-11-23-9999.tar", "2026-11-22T23:00:00Z", "set-*-9999.tar"),
            ("base-2026-11-23.001", "2026-11-22T23:00:00Z", "base-*.001"),
            ("vol-20261123.0003", "2026-11-22T23:00:00Z", "vol-*.0003"),
            ("part-20261123010203-0001.tar", "2026-11-23T00:02:03Z", "part-*-0001.tar"),
            ("db-20261123-0100.sql", "2026-11-23T00:00:00Z", "db-*.sql"),
            // A star or backslash of the name's own cannot be mistaken for the place of a time.
            ("a*b-2026-11-23", "2026-11-22T23:00:00Z", "a\\*b-*"),
        ])
    func read(name: String, instant: String, pattern: Bytes) throws {
        var parser = NameTimeParser(zone: try #require(Zone(name: "Europe/Berlin")))
        let expected = try #require(Timestamp(rfc3339: instant))
        guard case .time(let time, let found, _) = parser.read(Bytes(name)) else {
            Issue.record("\(name) was read as \(parser.read(Bytes(name)))")
            return
        }
        #expect(time == expected && found == pattern)
    }

    @Test(
        "impossible, ambiguous and missing dates are no times",
        arguments: [
            "app-2026-02-30.tar", "app-20261301.tar", "app-2025-02-29.tar", "app-2026-00-10.tar",
            "app-2026-11-23T2560.tar",
            "app-23-11-2026.tar", "app-01-02-2026.tar", "app-1.2.2026.tar", "app-23112026.tar",
            "from-2026-01-01-to-2026-01-31-2027-01-31.tar",
        ])
    func refused(name: String) {
        var parser = NameTimeParser(zone: .utc)
        guard case .refused = parser.read(Bytes(name)) else {
            Issue.record("\(name) was read as \(parser.read(Bytes(name)))")
            return
        }
    }

    @Test(
        "digits that are no date",
        arguments: [
            "README", "vm-100.tar", "app-1.2.3.tar", "id12345678901.bin", "x1700000000.tar", "17000000000.tar",
            "app-2026.tar", "app-202611.tar", "v2026.11.tar", "serial-99999999.bin", "0000000001.bin",
        ])
    func none(name: String) {
        var parser = NameTimeParser(zone: .utc)
        #expect(parser.read(Bytes(name)) == .none)
    }

    @Test("digits behind a date that may be a number say so")
    func doubts() {
        var parser = NameTimeParser(zone: .utc)
        func ambiguity(_ name: Bytes) -> TimeAmbiguity? {
            if case .time(_, _, let ambiguity) = parser.read(name) { ambiguity } else { nil }
        }
        for name in ["c-20261123-1001.tar", "c_2026-11-23_10-01.tar", "c-2026-11-23-10.06.tar", "s-1700000000.sql"]
            as [Bytes]
        {
            #expect(ambiguity(name) != nil, "\(name)")
        }
        for name in ["c-20261123T1001.tar", "c-2026-11-23.tar", "c-20261123-100130.tar", "c_2026-11-23_10:01.tar"]
            as [Bytes]
        {
            #expect(ambiguity(name) == nil, "\(name)")
        }
    }

    @Test("names that differ only in where the date stands are different series")
    func positions() {
        var parser = NameTimeParser(zone: .utc)
        let names: [Bytes] = ["a-2026-11-23-b", "a-b-2026-11-23", "2026-11-23-a-b"]
        let patterns = names.map { name -> Bytes? in
            if case .time(_, let pattern, _) = parser.read(name) { pattern } else { nil }
        }
        #expect(Set(patterns).count == 3 && !patterns.contains(nil))
    }

    @Test("any bytes are read without a trap")
    func anyBytes() {
        var parser = NameTimeParser(zone: .utc)
        var generator = Seeded(seed: 20_261_123)
        let alphabet = Array("0123456789-_.:TZhm+*\\ a".utf8) + [0xFF, 0x0A]
        for _ in 0..<20_000 {
            let name = (0..<Int.random(in: 1...30, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator)!
            }
            _ = parser.read(Bytes(name))
        }
    }
}

@Suite("directories by their names")
struct DirectoryReadingTests {
    private func read(
        _ files: [Bytes], directories: [Bytes] = [], links: [Bytes] = [],
        timeFrom: DirectoryReading.TimeSource = .name
    ) -> DirectoryReading {
        var parser = NameTimeParser(zone: .utc)
        let entries =
            files.map { Directory.Entry(name: $0, kind: .file, inode: 1) }
            + directories.map { Directory.Entry(name: $0, kind: .directory, inode: 1) }
            + links.map { Directory.Entry(name: $0, kind: .symlink, inode: 1) }
        return DirectoryReading(of: entries, in: "d", by: Recognisers(timeFrom: timeFrom), parser: &parser)
    }

    @Test("side files go with their backup")
    func sideFiles() {
        let reading = read([
            "app-2026-11-23.tar", "app-2026-11-23.tar.sha256", "app-2026-11-23.tar.md5",
            "vzdump-lxc-1-2026_11_23-01_00_00.tar.zst", "vzdump-lxc-1-2026_11_23-01_00_00.log",
            "vzdump-lxc-1-2026_11_23-01_00_00.tar.zst.notes",
        ])
        #expect(reading.units.map(\.name) == ["app-2026-11-23.tar", "vzdump-lxc-1-2026_11_23-01_00_00.tar.zst"])
        #expect(reading.units[0].sideFiles == ["app-2026-11-23.tar.md5", "app-2026-11-23.tar.sha256"])
        #expect(reading.units[1].sideFiles.count == 2)
        #expect(reading.skippedEntries.isEmpty)
    }

    @Test("a side file of two backups is shared by them; one of none is left alone and is no backup")
    func unclearSideFiles() {
        let reading = read([
            "web-2026-11-23.sql.gz", "web-2026-11-23.tar.gz", "web-2026-11-23.log", "gone-2026-11-23.tar.sha256",
            "README.md5", "README",
        ])
        #expect(reading.units.map(\.name) == ["web-2026-11-23.sql.gz", "web-2026-11-23.tar.gz"])
        #expect(reading.units.allSatisfy { $0.sideFiles.isEmpty && $0.sharedSideFiles == ["web-2026-11-23.log"] })
        let left = Set(reading.skippedEntries.map(\.name))
        #expect(left == ["gone-2026-11-23.tar.sha256", "README", "README.md5"])
    }

    @Test("the extension is part of the series: a site's files and its database are two things")
    func extensions() {
        let reading = read(["web-2026-11-23.sql.gz", "web-2026-11-23.tar.gz"])
        #expect(Set(reading.units.map(\.series)) == ["d/web-*.sql", "d/web-*.tar"])
    }

    @Test("a schedule is no doubt: one a day, the same minute, or at fives; customers' numbers are")
    func schedules() {
        func ambiguous(_ names: [Bytes]) -> Int { read(names).units.filter { $0.ambiguity != nil }.count }
        #expect(ambiguous(["c-20261122-1001.tar", "c-20261123-1042.tar"]) == 0)
        #expect(ambiguous(["c-20261123-0017.tar", "c-20261123-0117.tar", "c-20261123-0217.tar"]) == 0)
        #expect(ambiguous(["c-20261123-0015.tar", "c-20261123-0030.tar"]) == 0)
        #expect(ambiguous(["c-20261123-1001.tar", "c-20261123-1002.tar", "c-20261122-1001.tar"]) == 3)
    }

    @Test(
        "temporary names never settle",
        arguments: [
            ".app-2026-11-23.tar.Ab3xYz", "app-2026-11-23.tar.partial", "app-2026-11-23.tar.part",
            "vzdump-qemu-1-2026_11_23-01_00_00.vma.dat", "app-2026-11-23.tmp", "app-2026-11-23-tmp-42",
        ] as [Bytes])
    func temporary(name: Bytes) {
        #expect(TemporaryNames.isTemporary(name))
        #expect(read([name]).units.allSatisfy { $0.isTemporary })
    }

    @Test(
        "ordinary names are not temporary",
        arguments: ["app-2026-11-23.tar", "data.dat", ".bashrc", "app-tmp-2026-11-23.tar", "x.template"] as [Bytes])
    func notTemporary(name: Bytes) { #expect(!TemporaryNames.isTemporary(name)) }

    @Test("by mtime the directory is the series, and undated files are backups")
    func byMtime() {
        let reading = read(["db.sql", "files.tar", ".hidden"], directories: ["sub"], timeFrom: .mtime)
        #expect(reading.units.map(\.name) == ["db.sql", "files.tar"])
        #expect(Set(reading.units.map(\.series)) == ["d"])
        #expect(reading.units.allSatisfy { $0.time == nil })
        #expect(reading.descend == ["sub"])
    }

    @Test("links, hidden and undated entries are left alone; undated directories are looked into")
    func skippedEntries() {
        let reading = read(["notes.txt", ".cache"], directories: ["2026-11-23", "app"], links: ["latest"])
        #expect(Set(reading.skippedEntries.map(\.name)) == ["notes.txt", ".cache"])
        #expect(reading.links == ["latest"])
        #expect(reading.units.map(\.name) == ["2026-11-23"])
        #expect(reading.descend == ["app"])
    }
}
