import Disk
import Foundation
import Model
import Recognition
import Support
import Testing

@Suite("pieces of one file")
struct SplitPartsTests {
    @Test(
        "pieces are one backup with the series and the time of the whole",
        arguments: [
            (["home-2026-11-23.tar.gz.aa", "home-2026-11-23.tar.gz.ab", "home-2026-11-23.tar.gz.ac"], "home-*.tar.gz"),
            (["home-2026-11-23.tar.gz.aaa", "home-2026-11-23.tar.gz.aab"], "home-*.tar.gz"),
            (["home-2026-11-23.tar.gz-aa", "home-2026-11-23.tar.gz-ab"], "home-*.tar.gz"),
            (["home-2026-11-23.tar.gzaa", "home-2026-11-23.tar.gzab"], "home-*.tar.gz"),
            (["home-2026-11-23.tar.bz200", "home-2026-11-23.tar.bz201"], "home-*.tar.bz2"),
            (["home-2026-11-23.sql.00", "home-2026-11-23.sql.01"], "home-*.sql"),
            (["home-2026-11-23.img.000", "home-2026-11-23.img.001"], "home-*.img"),
            (["home-2026-11-23.7z.001", "home-2026-11-23.7z.002"], "home-*.7z"),
            (["home-2026-11-23.zip", "home-2026-11-23.z01", "home-2026-11-23.z02"], "home-*.zip"),
            (["home-2026-11-23.part1.rar", "home-2026-11-23.part2.rar"], "home-*.rar"),
            (["home-2026-11-23.part01.rar", "home-2026-11-23.part02.rar"], "home-*.rar"),
            (["home-2026-11-23.rar", "home-2026-11-23.r00", "home-2026-11-23.r01"], "home-*.rar"),
            // Split behind a word, and encrypted afterwards.
            (["home-2026-11-23.tar.gz.partaa", "home-2026-11-23.tar.gz.partab"], "home-*.tar.gz"),
            (["home-2026-11-23.tar.gz.part-aa", "home-2026-11-23.tar.gz.part-ab"], "home-*.tar.gz"),
            (["home-2026-11-23.tar.gz.part.00", "home-2026-11-23.tar.gz.part.01"], "home-*.tar.gz"),
            (["home-2026-11-23.tar.gz.aa.gpg", "home-2026-11-23.tar.gz.ab.gpg"], "home-*.tar.gz.gpg"),
            (["home-2026-11-23.tar.zst.001.age", "home-2026-11-23.tar.zst.002.age"], "home-*.tar.zst.age"),
            (["home-2026-11-23.sql.gz.00.enc", "home-2026-11-23.sql.gz.01.enc"], "home-*.sql.gz.enc"),
            (["home-2026-11-23.tar.gz.part1.gpg", "home-2026-11-23.tar.gz.part2.gpg"], "home-*.tar.gz.gpg"),
            (["home-2026-11-23.tar.1.gpg", "home-2026-11-23.tar.2.gpg"], "home-*.tar.gpg"),
            // People's scripts.
            (["home-2026-11-23.tar.gz.part1", "home-2026-11-23.tar.gz.part2"], "home-*.tar.gz"),
            (["home-2026-11-23.tar.gz.part01", "home-2026-11-23.tar.gz.part02"], "home-*.tar.gz"),
            (["home-2026-11-23.sql.gz-part0", "home-2026-11-23.sql.gz-part1"], "home-*.sql.gz"),
            ((1...12).map { Bytes("home-2026-11-23.tar.\($0)") }, "home-*.tar"),
            (["home-2026-11-23.tar.zst.1", "home-2026-11-23.tar.zst.2"], "home-*.tar.zst"),
            (["home-2026-11-23-1of3.tar", "home-2026-11-23-2of3.tar", "home-2026-11-23-3of3.tar"], "home-*.tar"),
            (["home-2026-11-23_1-of-2.tar.gz", "home-2026-11-23_2-of-2.tar.gz"], "home-*.tar.gz"),
            (["home-2026-11-23.part1of2.zip", "home-2026-11-23.part2of2.zip"], "home-*.zip"),
            (["home-2026-11-23.tar.1of2", "home-2026-11-23.tar.2of2"], "home-*.tar"),
            (["home-2026-11-23.vol1.tar", "home-2026-11-23.vol2.tar"], "home-*.tar"),
            (["home-2026-11-23_part1.zip", "home-2026-11-23_part2.zip"], "home-*.zip"),
            (["home-2026-11-23-part1.tar.gz", "home-2026-11-23-part2.tar.gz"], "home-*.tar.gz"),
            (["home-2026-11-23-Part01.tgz.gpg", "home-2026-11-23-Part02.tgz.gpg"], "home-*.tgz.gpg"),
            (["home-2026-11-23.001.tar", "home-2026-11-23.002.tar"], "home-*.tar"),
            (["home-2026-11-23.000.tar.gz", "home-2026-11-23.001.tar.gz"], "home-*.tar.gz"),
            // Not the ending of an archive, and clearly counted.
            (["home-2026-11-23.001", "home-2026-11-23.002"], "home-*"),
            (["2026-11-23_home.aa", "2026-11-23_home.ab"], "*_home"),
            // One piece is all where the whole was small.
            (["home-2026-11-23.tar.gz.aa"], "home-*.tar.gz"), (["home-2026-11-23.7z.001"], "home-*.7z"),
            (["home-2026-11-23.part1.rar"], "home-*.rar"), (["home-2026-11-23.tar.part1"], "home-*.tar"),
            (["home-2026-11-23.tar.gz.aa.gpg"], "home-*.tar.gz.gpg"), (["home-2026-11-23-part1.zip"], "home-*.zip"),
            (["home-2026-11-23-1of1.zip"], "home-*.zip"),
        ] as [([Bytes], Bytes)])
    func sets(names: [Bytes], series: Bytes) {
        for names in [names, names.reversed()] {
            let reading = read(names + ["other-2026-11-23.tar", "home-2026-11-24.txt.old"])
            let unit = reading.units.first { $0.isSet }
            #expect(unit?.series == "d/" + Backup.seriesWithoutPacker(series))
            #expect(unit?.time == Timestamp(rfc3339: "2026-11-23T00:00:00Z"))
            #expect(unit?.contents.outcome == .unsaid)
            #expect(Set(unit?.sideFiles ?? []) == Set(names).subtracting([unit?.name ?? ""]))
            #expect(reading.units.count == 3)
        }
    }

    @Test(
        "a number that is missing makes the set incomplete",
        arguments: [
            (["home-2026-11-23.tar.aa", "home-2026-11-23.tar.ac"], "part 1 is missing"),
            (["home-2026-11-23.tar.ab", "home-2026-11-23.tar.ac"], "part 0 is missing"),
            (["home-2026-11-23.tar.001", "home-2026-11-23.tar.003"], "part 2 is missing"),
            (["home-2026-11-23.tar.002", "home-2026-11-23.tar.003"], "part 1 is missing"),
            (["home-2026-11-23.z01", "home-2026-11-23.z02"], "its last part ('home-2026-11-23.zip') is missing"),
            (["home-2026-11-23.zip", "home-2026-11-23.z02"], "part 1 is missing"),
            (["home-2026-11-23.part2.rar"], "part 1 is missing"),
            (["home-2026-11-23.r00"], "its first part ('home-2026-11-23.rar') is missing"),
            (["home-2026-11-23.tar.aa.gpg", "home-2026-11-23.tar.ac.gpg"], "part 1 is missing"),
            (["home-2026-11-23.tar.part1", "home-2026-11-23.tar.part3"], "part 2 is missing"),
            (["home-2026-11-23-part2.tar", "home-2026-11-23-part3.tar"], "part 1 is missing"),
            (["home-2026-11-23.tar.1", "home-2026-11-23.tar.2", "home-2026-11-23.tar.4"], "part 3 is missing"),
            (["home-2026-11-23-1of3.tar", "home-2026-11-23-2of3.tar"], "part 3 of 3 is missing"),
            (["home-2026-11-23-2of2.tar"], "part 1 of 2 is missing"),
            (["home-2026-11-23.vol1.tar", "home-2026-11-23.vol3.tar"], "part 2 is missing"),
        ] as [([Bytes], String)])
    func gaps(names: [Bytes], why: String) {
        let reading = read(names)
        #expect(reading.units.count == 1)
        #expect(reading.units.first?.contents.outcome == .lacking)
        #expect(reading.units.first?.contents.why == why)
    }

    @Test(
        "what may be something else is read as before",
        arguments: [
            // An ordinary archive, and no pieces.
            ["home-2026-11-23.zip"], ["home-2026-11-23.rar"], ["home-2026-11-23.tar.gz", "home-2026-11-24.tar.gz"],
            // Hours, languages, a copy beside the whole, words that only look like letters of split.
            ["x-2026-11-23.00", "x-2026-11-23.01"], ["x-2026-11-23_01.00", "x-2026-11-23_01.01"],
            ["x-2026-11-23-aa", "x-2026-11-23-ab"],
            ["x-2026-11-23.tar.gz", "x-2026-11-23.tar.gz.01"], ["x-2026-11-23.tar.gz", "x-2026-11-23.tar.xz"],
            // Runs of a day, levels, hosts and customers, partitions, volumes of a machine, hours, copies of one file.
            ["x-2026-11-23-1.tar.gz", "x-2026-11-23-2.tar.gz"], ["x-2026-11-23_1.tar", "x-2026-11-23_2.tar"],
            ["x-2026-11-23.1.tar", "x-2026-11-23.2.tar"], ["x-2026-11-23-001.tar", "x-2026-11-23-002.tar"],
            ["x-2026-11-23.101.tar", "x-2026-11-23.102.tar"], ["x-2026-11-23.001.tar"],
            ["x-2026-11-23.001.tar", "x-2026-11-23.003.tar"],
            ["x-2026-11-23-part1.img.gz", "x-2026-11-23-part2.img.gz"],
            ["x-2026-11-23-part1.sql", "x-2026-11-23-part2.sql"],
            ["x-2026-11-23-vol1.tar", "x-2026-11-23-vol2.tar"], ["x-2026-11-23.vol1.tar"],
            ["x-2026-11-23.tar.1"], ["x-2026-11-23.tar.2", "x-2026-11-23.tar.3"],
            ["x-2026-11-23.tar.0", "x-2026-11-23.tar.1", "x-2026-11-23.tar.2"],
            ["x-2026-11-23.tar", "x-2026-11-23.tar.1", "x-2026-11-23.tar.2"],
            ["x-2026-11-23.zip", "x-2026-11-23-part1.zip", "x-2026-11-23-part2.zip"],
            ["x-2026-11-23.sql.1", "x-2026-11-23.sql.2"], ["x-2026-11-23.sql.gz.1", "x-2026-11-23.sql.gz.2"],
            ["x-2026-11-23-3of2.tar"], ["x-2026-11-23-apart1.tar", "x-2026-11-23-apart2.tar"],
            ["x-part1-2026-11-23.tar", "x-part2-2026-11-23.tar"],
            ["x-2026-11-23_01.001.tar", "x-2026-11-23_02.001.tar"],
            // One alone, and no end of an archive.
            ["base-2026-11-23.001"], ["base-2026-11-23.aa"], ["x-2026-11-23.001", "x-2026-11-23.003"],
        ] as [[Bytes]])
    func ordinary(names: [Bytes]) {
        let reading = read(names)
        #expect(reading.units.map(\.name) == names.sorted())
        #expect(reading.units.allSatisfy { !$0.isSet && $0.sideFiles.isEmpty && $0.contents.outcome == .unsaid })
    }

    @Test(
        "without a date nothing is joined: a month of backups may be counted like that; in the directory of a day it is"
    )
    func undated() {
        let names: [Bytes] = ["dump.tar.01", "dump.tar.02"]
        #expect(read(names, by: .byMtime).units.map(\.name) == names)
        let reading = read(names, in: "2026/11/23")
        #expect(reading.units.map(\.name) == ["dump.tar.01"])
        #expect(reading.units.first?.series == "*/*/*/dump.tar")
        #expect(reading.units.first?.sideFiles == ["dump.tar.02"])
    }

    @Test("numbers without a date are rotations, months or hosts; in the directory of a day words count")
    func undatedNumbers() {
        for names: [Bytes] in [
            ["db.sql.gz.1", "db.sql.gz.2"], ["db.tar.1", "db.tar.2"], ["x.001.tar", "x.002.tar"],
            ["x-part1.tar", "x-part2.tar"], ["x-1of2.tar", "x-2of2.tar"], ["x-2026.part1.tar", "x-2026.part2.tar"],
            (1...12).map { Bytes("x-2026.tar.\($0)") }, (1...12).map { Bytes("x-2026.\($0 < 10 ? "0" : "")\($0).tar") },
        ] {
            #expect(read(names).units.allSatisfy { !$0.isSet })
            #expect(read(names, by: .byMtime).units.allSatisfy { !$0.isSet })
            #expect(read(names, in: "2026/11").units.allSatisfy { !$0.isSet })
        }
        #expect(read(["db.sql.gz.1"]).why("db.sql.gz.1")?.contains("renumbers") == true)
        let day = read(["x-part1.tar", "x-part2.tar", "db.tar.1", "db.tar.2"], in: "2026/11/23")
        #expect(day.units.filter(\.isSet).map(\.name) == ["x-part1.tar"] && day.units.count == 3)
    }

    @Test("each time and each ending is a set of its own")
    func apart() {
        let names: [Bytes] = [
            "x-2026-11-23-part1.tar", "x-2026-11-23-part2.tar", "x-2026-11-24-part1.tar", "x-2026-11-24-part2.tar",
            "x-2026-11-24-part1.zip", "x-2026-11-24_part1.tar", "x-2026-11-23.tar.aa", "x-2026-11-23.tar.aa.gpg",
            "x-2026-11-23.tar.ab", "x-2026-11-23.tar.ab.gpg",
        ]
        let reading = read(names)
        #expect(reading.units.map(\.sideFiles.count).sorted() == [0, 0, 1, 1, 1, 1])
        #expect(reading.units.allSatisfy { $0.contents.outcome == .unsaid })
    }

    @Test("split's own widening goes on with the same set; other endings beside the pieces are none of them")
    func widening() {
        let letters = (0..<650).map { "x-2026-11-23.tar.\(Self.letter($0 / 26))\(Self.letter($0 % 26))" }
        let reading = read((letters + ["x-2026-11-23.tar.zaaa", "x-2026-11-23.tar.zaab"]).map { Bytes($0) })
        #expect(reading.units.count == 1 && reading.units[0].contents.outcome == .unsaid)
        let digits = (0..<90).map { "x-2026-11-23.tar." + ($0 < 10 ? "0" : "") + "\($0)" }
        let numbered = read((digits + ["x-2026-11-23.tar.9000", "x-2026-11-23.tar.9001"]).map { Bytes($0) })
        #expect(numbered.units.count == 1 && numbered.units[0].contents.outcome == .unsaid)
        let beside = read(["x-2026-11-23.tar.aa", "x-2026-11-23.tar.ab", "x-2026-11-23.tar.gz"])
        #expect(Set(beside.units.map(\.name)) == ["x-2026-11-23.tar.aa", "x-2026-11-23.tar.gz"])
        #expect(beside.units.allSatisfy { $0.contents.outcome == .unsaid })
    }

    private static func letter(_ n: Int) -> Character { Character(Unicode.Scalar(UInt8(97 + n))) }

    @Test("a piece that is still written makes the set temporary; kinds are those of the whole")
    func temporary() {
        let reading = read(["x-2026-11-23.tar.aa", "x-2026-11-23.tar.ab.part"])
        #expect(reading.units.map(\.name) == ["x-2026-11-23.tar.aa"])
        #expect(reading.units.first?.isTemporary == true)
    }

    @Test("the end of a set is read as that of the whole")
    func ends() throws {
        let scratch = try Scratch()
        let whole = Array("BZh91AY&SY".utf8) + [UInt8](repeating: 7, count: 3000)
        let end: [UInt8] = [0x17, 0x72, 0x45, 0x38, 0x50, 0x90, 1, 2, 3, 4]
        func pieces(_ bytes: [UInt8], _ cuts: [Int]) throws -> [(name: Bytes, size: Int64)] {
            var (from, all) = (0, [(name: Bytes, size: Int64)]())
            for (n, cut) in (cuts + [bytes.count]).enumerated() {
                let name = "x.bz2.a\(Self.letter(n))"
                try Data(bytes[from..<cut]).write(to: scratch.url.appending(path: name))
                all.append((Bytes(name), Int64(cut - from)))
                from = cut
            }
            return all
        }
        let directory = try scratch.open()
        for cuts in [[1500], [1500, 3005], [1100, 2000, 3012]] {
            let shown = try EndMarks.probe("x.bz2", pieces: try pieces(whole + end, cuts), in: directory)
            #expect(shown?.reading == EndMarkReading(mark: .shown, format: "bzip2"), "\(cuts)")
        }
        let absent = try EndMarks.probe("x.bz2", pieces: try pieces(whole, [1500]), in: directory)
        #expect(absent?.reading.mark == .absent)
        #expect(Set(absent?.ends.map(\.name) ?? []) == ["x.bz2.aa", "x.bz2.ab"])
        #expect(try EndMarks.probe("x.bz2", pieces: [("gone.aa", 5)], in: directory) == nil)
        #expect(try EndMarks.probe("x.bz2", pieces: [], in: directory) == nil)
    }

    @Test("any names are read without a trap, and in any order alike")
    func anyNames() {
        var random = Seeded(seed: 2026)
        let stems: [Bytes] = [
            "x-2026-11-23", "2026-11-23", "", ".", "x", "x-2026-11-23.tar", "x-2026-11-23.rar", "2026-11-23.7z",
        ]
        let tails: [Bytes] = [
            ".aa", "aa", ".ab", ".zaaa", ".zzaaaa", ".zzzzzz", ".00", ".01", "001", ".999999", ".9000", ".990000",
            ".z01",
            ".z9999", ".zip", ".rar", ".r00", ".s99", ".part1.rar", ".part99999.rar", ".part.rar", ".part1", "-aa",
            "_00",
            ".part2.tar", "-part1.tar", "-part2.tar.gz", ".tar.1", ".tar.2", ".1", ".2", "-1of2.tar", "-2of2.tar",
            ".vol1.tar",
            ".vol2.tar", ".001.tar", ".002.tar", ".aa.gpg", ".ab.gpg", ".tar.1.gpg", "-part1.zip", "-part1.z01", "of",
            "1of2",
            "-1of.tar", ".part", ".partaa", ".tar.partaa", ".crc32", ".tar.crc32",
            ".sha256", ".vol00+01.par2", ".par2", ".log", ".json", ".json.sha256", ".b2.b2.b2.b2", ".asc", ".aa.part",
        ]
        for _ in 0..<2_000 {
            let names = (0..<12).map { _ in stems.randomElement(using: &random)! + tails.randomElement(using: &random)!
            }
            let one = read(Array(Set(names))), other = read(Array(Set(names)).shuffled(using: &random))
            #expect(one.units == other.units)
            // Each name is in one place.
            let own = one.units.flatMap { [$0.name] + $0.sideFiles }
            #expect(own.count == Set(own).count)
            let shared = Set(one.units.flatMap(\.sharedSideFiles))
            #expect(Set(own).union(shared).union(one.skippedEntries.map(\.name)) == Set(names))
            #expect(shared.isDisjoint(with: own))
        }
    }
}
