import Model
import Recognition
import Testing

@Suite("side files")
struct SideFilesTests {
    @Test(
        "a file that has a backup's whole name, or its stem, and such an ending goes with it",
        arguments: [
            "x-2026-11-23.tar.gz.sha1", "x-2026-11-23.tar.gz.sha224", "x-2026-11-23.tar.gz.sha256",
            "x-2026-11-23.tar.gz.sha384", "x-2026-11-23.tar.gz.sha512", "x-2026-11-23.tar.gz.b2",
            "x-2026-11-23.tar.gz.md5", "x-2026-11-23.tar.gz.sha256sum", "x-2026-11-23.tar.gz.sha256sums",
            "x-2026-11-23.tar.gz.b2sum", "x-2026-11-23.tar.gz.md5sum", "x-2026-11-23.tar.gz.MD5",
            "x-2026-11-23.tar.gz.sig", "x-2026-11-23.tar.gz.asc", "x-2026-11-23.tar.gz.minisig",
            "x-2026-11-23.tar.gz.par2", "x-2026-11-23.tar.gz.vol03+04.par2", "x-2026-11-23.tar.gz.log",
            "x-2026-11-23.tar.gz.lst", "x-2026-11-23.tar.gz.list", "x-2026-11-23.tar.gz.info",
            "x-2026-11-23.tar.gz.json", "x-2026-11-23.tar.gz.meta", "x-2026-11-23.tar.gz.manifest",
            "x-2026-11-23.tar.gz.metadata", "x-2026-11-23.tar.gz.snar", "x-2026-11-23.tar.gz.notes",
            "x-2026-11-23.tar.gz.protected", "x-2026-11-23.tar.gz.txt", "x-2026-11-23.tar.gz.err",
            "x-2026-11-23.tar.gz.sha256.asc", "x-2026-11-23.tar.gz.log.sha256",
            "x-2026-11-23.sha256", "x-2026-11-23.log", "x-2026-11-23.snar", "x-2026-11-23.lst", "x-2026-11-23.json",
            "x-2026-11-23.manifest", "x-2026-11-23.vol03+04.par2",
        ] as [Bytes])
    func endings(name: Bytes) {
        var names: [Bytes] = ["x-2026-11-23.tar.gz", "x-2026-11-24.tar.gz", name]
        if name.hasSuffix(".sha256.asc") { names.append("x-2026-11-23.tar.gz.sha256") }
        if name.hasSuffix(".log.sha256") { names.append("x-2026-11-23.tar.gz.log") }
        let reading = read(names)
        #expect(reading.units.map(\.name) == ["x-2026-11-23.tar.gz", "x-2026-11-24.tar.gz"])
        #expect(reading.units[0].sideFiles == names.dropFirst(2).sorted())
        #expect(reading.skippedEntries.isEmpty)
    }

    @Test(
        "other checksums go with a backup only behind its whole name, and where that is there",
        arguments: [
            "crc", "CRC", "crc32", "CRC32", "crc32c", "sfv", "sha", "sha3", "sha3-256", "blake2b", "blake3", "b3",
            "b3sum",
            "xxh", "xxh3", "xxh32", "xxh64", "xxh128", "xxhsum", "cksum", "sum", "md4", "rmd160", "checksum", "adler32",
        ] as [Bytes])
    func exactChecksums(ending: Bytes) {
        let (name, day) = ("x-2026-11-23.tar.gz" as Bytes, "x-2026-11-23" as Bytes)
        let reading = read([name, name + "." + ending, "x-2026-11-24.tar.gz", day + ".log"])
        #expect(reading.units.map(\.name) == [name, "x-2026-11-24.tar.gz"])
        #expect(reading.units[0].sideFiles == [name + "." + ending, day + ".log"].sorted())
        let others = read([name, day + "." + ending])
        #expect(others.units.allSatisfy { $0.sideFiles.isEmpty })
        #expect(read([day + "/", day + "." + ending]).units.allSatisfy { $0.sideFiles.isEmpty })
        #expect(read([name, "crc32", ".crc", "x.", ending]).units.map(\.name) == [name])
    }

    @Test("a log of several backups of one night belongs to all of them; that of a set to the set")
    func shared() {
        let reading = read([
            "app-2026-11-23.sql.gz", "app-2026-11-23.tar.gz", "app-2026-11-23.log", "app-2026-11-23.log.sha256",
            "app-2026-11-24.sql.gz", "app-2026-11-24.log",
        ])
        let night: [Bytes] = ["app-2026-11-23.log", "app-2026-11-23.log.sha256"]
        #expect(reading.units.map(\.sharedSideFiles) == [night, night, []])
        #expect(reading.units.map(\.sideFiles) == [[], [], ["app-2026-11-24.log"]])
        #expect(reading.skippedEntries.isEmpty)
        let sets = read([
            "x-2026-11-23.tar.gz.aa", "x-2026-11-23.tar.gz.ab", "x-2026-11-23.tar.gz.sha256", "x-2026-11-23.log",
            "x-2026-11-23.tar.gz.aa.md5", "y-2026-11-23.tar.gzaa", "y-2026-11-23.tar.gz.sha256",
            "z-2026-11-23.part1.rar", "z-2026-11-23.rar.md5", "x-2026-11-23.tar.gz.asc",
        ])
        #expect(sets.units.count == 3 && sets.skippedEntries.isEmpty)
        #expect(sets.units.allSatisfy { $0.sharedSideFiles.isEmpty })
        #expect(sets.units.map(\.sideFiles.count) == [5, 1, 1])
    }

    @Test("a log without a date is of no backup that has one, however many there are")
    func undated() {
        for names in [["app.2026-11-23.tar"], ["app.2026-11-23.tar", "app.2026-11-24.tar"]] as [[Bytes]] {
            let reading = read(names + ["app.log"])
            #expect(reading.units.allSatisfy { $0.sideFiles.isEmpty && $0.sharedSideFiles.isEmpty })
            #expect(reading.why("app.log") == "side file without its backup")
        }
    }

    @Test("what a backup may end in is judged as before where the other file is not there")
    func risky() {
        let names: [Bytes] = [
            "x-2026-11-23.sql.asc", "x-2026-11-23.json", "y-2026-11-23.txt", "x-2026-11-23.asc",
            "x-2026-11-23.tar.gz.sha1",
        ]
        let reading = read(names)
        #expect(reading.units.contains { $0.name == "x-2026-11-23.sql.asc" })
        #expect(reading.units.contains { $0.name == "y-2026-11-23.txt" } || reading.why("y-2026-11-23.txt") != nil)
        #expect(reading.why("x-2026-11-23.tar.gz.sha1") == "side file without its backup")
        // Encrypted, beside another backup of that night: a backup of its own.
        #expect(read(["x-2026-11-23.tar.gz", "x-2026-11-23.asc"]).units.count == 2)
    }

    @Test("what is beside a directory goes with it where that is a backup")
    func directories() {
        let reading = read(["2026-11-23/", "2026-11-23.log", "2026-11-23.json", "app/", "app.json"])
        #expect(reading.units.map(\.name) == ["2026-11-23"])
        #expect(reading.units.first?.sideFiles == ["2026-11-23.json", "2026-11-23.log"])
        #expect(reading.descend == ["app"])
    }

    @Test("in the directory of a day names need no date")
    func directoryOfADay() {
        let reading = read(["db.sql.gz", "db.tar.gz", "db.log", "db.sql.gz.sha512"], in: "2026/11/23")
        #expect(reading.units.map(\.sharedSideFiles) == [["db.log"], ["db.log"]])
        #expect(reading.units.map(\.sideFiles) == [["db.sql.gz.sha512"], []])
    }

    @Test("many side files and many names of one stem are no trouble")
    func many() {
        let volumes = (0..<3000).map { Bytes("x-2026-11-23.vol\($0)+1.par2") }
        let files = (0..<3000).map { Bytes("x-2026-11-23.\($0).tar") }
        let reading = read(volumes + files)
        #expect(reading.units.count == 3000)
        #expect(reading.skippedEntries.count == 3000)
    }
}
