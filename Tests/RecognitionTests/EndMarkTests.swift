import Disk
import Foundation
import Model
import Recognition
import Support
import Testing

/// Files made by the real tools, whole and cut off.
@Suite("end marks")
struct EndMarkTests {
    /// What a script leaves in the scratch directory; `text` is there for it, 300 KB of words and noise.
    private static func made(by script: String) throws -> Scratch {
        let scratch = try Scratch()
        var random = Seeded(seed: 4)
        var text = Data()
        while text.count < 300_000 {
            text += Data("line \(random.next() % 1000) of a dump, like many others\n".utf8)
            text += Data((0..<40).map { _ in UInt8.random(in: 1...255, using: &random) })
        }
        try text.write(to: scratch.url.appending(path: "text"))
        try scratch.write("few/a", "1")
        try scratch.write("few/b", "2")
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["-euo", "pipefail", "-c", "cd '\(scratch.url.path)'\n" + script]
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "a tool of Scripts/setup is missing, or failed: \(script)")
        return scratch
    }

    private func read(_ name: String, _ bytes: some Collection<UInt8>) -> EndMarkReading {
        let head = Array(bytes.prefix(EndMarks.headBytes))
        let tail = Array(bytes.suffix(EndMarks.tailBytes(name: Bytes(name), head: head)))
        return EndMarks.read(name: Bytes(name), size: Int64(bytes.count), head: head, tail: tail)
    }

    /// Every file of the directory by the probe that Survey uses.
    private func marks(_ scratch: Scratch, ending: String) throws -> [(name: String, reading: EndMarkReading)] {
        let directory = try scratch.open()
        let names = try directory.entries().map(\.name).filter { $0.hasSuffix(Bytes(ending)) }.sorted()
        return try names.map { ($0.display, try #require(try EndMarks.probe($0, in: directory)).reading) }
    }

    private func expectShown(_ scratch: Scratch, _ ending: String, format: String, count: Int) throws {
        let all = try marks(scratch, ending: ending)
        #expect(all.count == count)
        for (name, reading) in all {
            #expect(reading == EndMarkReading(mark: .shown, format: format), "whole: \(name)")
        }
    }

    /// Cuts a file off at each of its last 64 bytes and at 100 places: what may pass is `allowed` of these, what is in
    /// doubt `doubtful`.
    private func expectAbsent(
        _ scratch: Scratch, _ name: String, mayPass allowed: Int = 0, inDoubt ambiguous: Int = 0,
        shown: EndMark = .shown, absent: EndMark = .absent
    ) throws {
        let bytes = [UInt8](try Data(contentsOf: scratch.url.appending(path: name)))
        var random = Seeded(seed: 64)
        let near = (max(1, bytes.count - 64)..<bytes.count).map { $0 }
        let anywhere = (0..<100).map { _ in Int.random(in: 1..<bytes.count, using: &random) }
        var counts: [EndMark: Int] = [:]
        for cut in near + anywhere { counts[read(name, bytes[..<cut]).mark, default: 0] += 1 }
        let (passed, doubted) = (counts[shown, default: 0], counts[.none, default: 0])
        print("end marks: \(name): \(near.count + 100) truncations, \(passed) pass, \(doubted) in doubt")
        #expect(passed <= allowed && doubted <= ambiguous, "\(name): \(counts)")
        #expect(counts[absent, default: 0] == near.count + 100 - passed - doubted, "\(name): \(counts)")
    }

    @Test("xz: one stream, blocks, several streams, padding, every check; a compressed tar is an xz")
    func xz() throws {
        let scratch = try Self.made(
            by: """
                xz -c text > one.xz; xz -T2 --block-size=64KiB -c text > blocks.xz
                for check in none crc32 sha256; do xz -C $check -c text > $check.xz; done
                xz < /dev/null > empty.xz; cat one.xz blocks.xz > two.xz
                (cat one.xz; printf '\\0\\0\\0\\0\\0\\0\\0\\0') > padded.xz
                xz -c text | dd bs=10240 iflag=fullblock conv=sync status=none > taped.xz
                tar -cJf few.tar.xz few; seq 200000 | xz -T2 --block-size=4KiB > many.xz
                """)
        try expectShown(scratch, ".xz", format: "xz", count: 11)
        for name in ["one.xz", "blocks.xz", "two.xz", "many.xz", "few.tar.xz"] { try expectAbsent(scratch, name) }
        // Of eight bytes of padding, four or all may be missing.
        try expectAbsent(scratch, "padded.xz", mayPass: 2)
    }

    @Test("bzip2: the end stands at any bit")
    func bzip2() throws {
        let scratch = try Self.made(
            by: """
                for n in $(seq 0 40) 1000 299999; do head -c $n text | bzip2 > $n.bz2; done
                cat 40.bz2 0.bz2 > two.bz2; tar -cjf few.tar.bz2 few
                bzip2 -c text | dd bs=10240 iflag=fullblock conv=sync status=none > taped.bz2
                """)
        try expectShown(scratch, ".bz2", format: "bzip2", count: 46)
        var alignments: Set<Int> = []
        for n in 0...40 {
            let bytes = [UInt8](try Data(contentsOf: scratch.url.appending(path: "\(n).bz2")))
            let bits = bytes.suffix(11).map { String(0x100 | Int($0), radix: 2).dropFirst() }.joined()
            let magic = String(0x1_1772_4538_5090 as UInt64, radix: 2).dropFirst(1)
            let end = try #require(bits.range(of: magic.suffix(48)))
            alignments.insert(bits.distance(from: end.upperBound, to: bits.endIndex) - 32)
        }
        #expect(alignments == Set(0..<8), "all eight were made")
        for name in ["0.bz2", "7.bz2", "299999.bz2", "two.bz2"] {
            // The second of the two is 14 bytes, and without it the first is whole.
            try expectAbsent(scratch, name, mayPass: name == "two.bz2" ? 4 : 0)
        }
    }

    @Test("zip: comments, streams, zip64, something before it; not the end of a zip that is stored in it")
    func zip() throws {
        let scratch = try Self.made(
            by: """
                zip -q plain.zip text; zip -q noted.zip text; echo a comment | zip -qz noted.zip > /dev/null
                zip -q - text | cat > streamed.zip; zip -q0 nested.zip plain.zip
                python3 -c '
                import zipfile
                with zipfile.ZipFile("long.zip", "w") as z: z.writestr("a", "1"); z.comment = b"#" * 65535
                with zipfile.ZipFile("entries.zip", "w") as z:
                    for n in range(66000): z.writestr(str(n), "")
                with zipfile.ZipFile("none.zip", "w") as z: pass
                '
                (echo '#!/bin/sh'; cat plain.zip) > before.zip; (cat few/a; cat none.zip) > nothing.zip
                dd if=plain.zip of=taped.zip bs=10240 iflag=fullblock conv=sync status=none
                """)
        try expectShown(scratch, ".zip", format: "zip", count: 10)
        for name in ["plain.zip", "noted.zip", "streamed.zip", "long.zip", "entries.zip"] {
            try expectAbsent(scratch, name)
        }
        // Cut off right behind the inner zip: in doubt, and only there.
        let nested = [UInt8](try Data(contentsOf: scratch.url.appending(path: "nested.zip")))
        let inner = [UInt8](try Data(contentsOf: scratch.url.appending(path: "plain.zip")))
        let end = try #require(nested.firstRange(of: inner)).upperBound
        #expect(read("nested.zip", nested[..<end]).mark == EndMark.none)
        #expect(read("nested.zip", nested[..<(end + 1)]).mark == .absent)
        try expectAbsent(scratch, "nested.zip")
    }

    @Test("the last volume of a split zip has the end; split's pieces have it together")
    func volumes() throws {
        let scratch = try Self.made(
            by: """
                cp text other; zip -q -s 64k x.zip text other; zip -q whole.zip text
                split -b 40000 whole.zip whole.zip.; rm whole.zip
                """)
        let directory = try scratch.open()
        #expect(try EndMarks.probe("x.zip", in: directory)?.reading.mark == .shown)
        #expect(try EndMarks.probe("x.z01", in: directory)?.reading.mark == EndMark.none)
        let entries = try directory.entries().map(\.name).filter { $0.hasPrefix("whole.zip.") }.sorted()
        let unit = try #require(PieceNames.pieces(entries[0], among: Array(entries.dropFirst().reversed())))
        #expect(unit.whole == "whole.zip" && unit.names == entries)
        let pieces = try entries.map { (name: $0, size: try #require(try directory.sighting(of: $0)).size) }
        #expect(try EndMarks.probe(unit.whole, pieces: pieces, in: directory)?.reading.mark == .shown)
        let fewer = Array(pieces.dropLast())
        #expect(try EndMarks.probe(unit.whole, pieces: fewer, in: directory)?.reading.mark == .absent)
    }

    @Test("tar: every format and writer, sparse, labelled, appended to, one behind the other")
    func tar() throws {
        let scratch = try Self.made(
            by: """
                mkdir -p big; cp text big; truncate -s 5M big/sparse
                for format in posix gnu v7 ustar oldgnu; do tar -c --format=$format -f $format.tar few text; done
                tar -b1 -cf small.tar few text; tar -cSf sparse.tar big; tar -g list -cf incremental.tar few
                cat gnu.tar posix.tar > two.tar; cp gnu.tar appended.tar; tar -rf appended.tar few
                tar -V label -cf labelled.tar few text
                python3 -c '
                import tarfile
                for f, n in (tarfile.PAX_FORMAT, "pax"), (tarfile.GNU_FORMAT, "pygnu"), (tarfile.USTAR_FORMAT, "pyustar"):
                    with tarfile.open("python-" + n + ".tar", "w", format=f) as t: t.add("few"); t.add("text")
                '
                perl -MArchive::Tar -e 'Archive::Tar->create_archive("perl.tar", 0, "few/a", "text")'
                git init -q g; cp text g; git -C g add text
                git -C g -c user.name=a -c user.email=a@b commit -qm 1; git -C g archive -o ../git.tar HEAD
                """)
        try expectShown(scratch, ".tar", format: "tar", count: 16)
        // What tar pads with beyond the two blocks may be missing in whole blocks. (The last byte of a file may be.)
        for name in ["posix.tar", "v7.tar", "small.tar", "python-pax.tar", "two.tar", "git.tar"] {
            try expectAbsent(scratch, name, mayPass: 2, inDoubt: 2)
        }
    }

    @Test("tar: what cannot be told apart is in doubt, what has no end at all is not")
    func doubtfulTars() throws {
        let scratch = try Self.made(
            by: """
                tar -b1 -cf all.tar few text; size=$(stat -c %s all.tar)
                head -c $((size - 512)) all.tar > lone.tar; head -c $((size - 1024)) all.tar > bare.tar
                tar -b1 -V label -cM -L 100 -f v1.tar -f v2.tar -f v3.tar -f v4.tar text
                head -c 5000 all.tar > piece.tar.001; head -c 5120 all.tar > piece.taraa
                head -c 5120 all.tar > db-2026-11-01.tar; head -c 10240 /dev/zero > empty.tar
                (cat all.tar; printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nabc\\n-----END PGP SIGNATURE-----\\n') > signed.tar
                (cat bare.tar; printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nabc\\n-----END PGP SIGNATURE-----\\n') > sealed.tar
                """)
        let directory = try scratch.open()
        let expected: [Bytes: EndMark] = [
            "lone.tar": .none, "bare.tar": .absent, "v1.tar": .none, "v2.tar": .none, "piece.tar.001": .none,
            "piece.taraa": .none, "db-2026-11-01.tar": .absent, "empty.tar": .none, "signed.tar": .shown,
            "sealed.tar": .absent,
        ]
        for (name, mark) in expected {
            #expect(try EndMarks.probe(name, in: directory)?.reading.mark == mark, "\(name)")
        }
    }

    @Test("lz4: with and without checksums, several frames; the old format has no end mark")
    func lz4() throws {
        let scratch = try Self.made(
            by: """
                lz4 -q text sums.lz4; lz4 -q --no-frame-crc text plain.lz4; lz4 -q -BD -B4 --content-size text linked.lz4
                lz4 -q -c < /dev/null > empty.lz4; cat sums.lz4 linked.lz4 > two.lz4; tar -c few | lz4 -q > few.tar.lz4
                dd if=sums.lz4 of=taped.lz4 bs=10240 iflag=fullblock conv=sync status=none
                cat plain.lz4 sums.lz4 > mixed.LZ4; (cat sums.lz4; printf 'P*M\\030\\003\\0\\0\\0abc') > skipped.LZ4
                lz4 -q -l text old.LZ4
                """)
        try expectShown(scratch, ".lz4", format: "lz4", count: 7)
        for (name, reading) in try marks(scratch, ending: ".LZ4") {
            #expect(reading.mark == EndMark.none, "\(name)")
        }
        // A short file is walked through. Without the checksum the four zeros are those of a frame that has none.
        for name in ["sums.lz4", "linked.lz4", "two.lz4", "few.tar.lz4"] {
            try expectAbsent(scratch, name, inDoubt: name == "few.tar.lz4" ? 0 : 1)
        }
        try expectAbsent(scratch, "plain.lz4")
    }

    @Test("bbolt: the pages and a hash are etcd's snapshot, the pages alone tell nothing, fewer were cut off")
    func bolt() {
        func database(pages: UInt64, of size: UInt64 = 4096, bytes: Int) -> [UInt8] {
            func little(_ value: UInt64, _ count: Int) -> [UInt8] {
                (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
            }
            let meta =
                little(0xED0C_DAED, 4) + little(2, 4) + little(size, 4) + little(0, 4) + little(3, 8) + little(0, 8)
                + little(2, 8) + little(pages, 8) + little(7, 8)
            let sum = meta.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
            let head = little(0, 8) + little(4, 2) + little(0, 2) + little(0, 4) + meta + little(sum, 8)
            return Array((head + [UInt8](repeating: 7, count: max(0, bytes - head.count))).prefix(bytes))
        }
        let pages = 4 * 4096
        for (bytes, mark) in [
            (pages + 32, .shown), (pages, .none), (pages - 1, .absent), (pages + 31, .absent), (pages + 1, .absent),
            (pages + 4096, .none), (pages + 4096 + 32, .shown), (4096 + 32, .absent), (80, .absent),
        ] as [(Int, EndMark)] {
            let reading = read("snapshot-2026-11-23.db", database(pages: 4, bytes: bytes))
            #expect(reading == EndMarkReading(mark: mark, format: "bbolt database"), "\(bytes)")
        }
        #expect(read("x.db", database(pages: .max, bytes: pages)).mark == EndMark.none)
        #expect(read("x.db", database(pages: 0, bytes: pages)).mark == EndMark.none)
        var damaged = database(pages: 4, bytes: pages - 1)
        damaged[56] = 1
        #expect(read("x.db", damaged).mark == EndMark.none)
        #expect(read("x.db", database(pages: 4, bytes: 79)).mark == EndMark.none)
    }

    @Test("plain SQL: a footer of its kind, in the last kilobyte", arguments: SQLSample.all)
    func sql(_ sample: SQLSample) throws {
        let scratch = try Scratch()
        let rows = String(repeating: "INSERT INTO t VALUES (1, 'some data of a row');\n", count: 2000)
        try scratch.write("dump.sql", sample.head + rows + sample.footer)
        try scratch.write("dump", sample.head + rows + sample.footer)
        try scratch.write("bare.sql", sample.head + rows)
        for name in ["dump.sql", "dump"] where sample.isKnown || name != "dump" {
            let reading = try EndMarks.probe(Bytes(name), in: try scratch.open())?.reading
            #expect(reading == EndMarkReading(mark: .footerShown, format: "plain SQL"))
        }
        #expect(try EndMarks.probe("bare.sql", in: try scratch.open())?.reading.mark == .footerAbsent)
        // Behind the line of the footer comes nothing of the data.
        try expectAbsent(
            scratch, "dump.sql", mayPass: sample.behind, shown: .footerShown, absent: .footerAbsent)
    }

    struct SQLSample: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var head: String
        var footer: String
        var isKnown = true
        /// Bytes behind the footer's line.
        var behind: Int

        static let all: [SQLSample] = [
            .init(
                testDescription: "pg_dump", head: "--\n-- PostgreSQL database dump\n--\n\n-- Dumped from 15.1\n\n",
                footer: "--\n-- PostgreSQL database dump complete\n--\n\n", behind: 4),
            .init(
                testDescription: "pg_dump, late releases",
                head: "--\n-- PostgreSQL database dump\n--\n\n\\restrict rjaYV5Wc\n\n",
                footer: "--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict rjaYV5Wc\n\n", behind: 27),
            .init(
                testDescription: "pg_dumpall: the footers of its databases do not count",
                head: "--\n-- PostgreSQL database cluster dump\n--\n\n",
                footer: "-- PostgreSQL database dump complete\n--\n\n"
                    + "--\n-- PostgreSQL database cluster dump complete\n--\n\n",
                behind: 4),
            .init(
                testDescription: "mysqldump", head: "-- MySQL dump 10.13  Distrib 8.0.40\n--\n",
                footer: "-- Dump completed on 2026-11-23  4:00:00\n", behind: 0),
            .init(
                testDescription: "mariadb-dump",
                head: "/*!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n--\n",
                footer: "\n-- Dump completed on 2026-11-23  4:00:00\n", behind: 0),
            .init(
                testDescription: "of that name only", head: "SET NAMES utf8;\n", footer: "-- Dump completed\n",
                isKnown: false, behind: 0),
        ]
    }

    @Test("a backup_manifest ends with its own checksum")
    func manifest() throws {
        let scratch = try Scratch()
        let digits = String(repeating: "0123456789abcdef", count: 4)
        let text = """
            { "PostgreSQL-Backup-Manifest-Version": 1,
            "Files": [
            \(String(repeating: "{ \"Path\": \"base/1/112\", \"Size\": 8192, \"Checksum-Algorithm\": \"CRC32C\" },\n", count: 200))
            ],
            "WAL-Ranges": [
            { "Timeline": 1, "Start-LSN": "0/2000028", "End-LSN": "0/2000100" }
            ],
            "Manifest-Checksum": "\(digits)"}

            """
        try scratch.write("b/backup_manifest", text)
        try scratch.write("without/file")
        let unit = try scratch.open().open("b")
        #expect(try EndMarks.probe(directory: unit).mark == .shown)
        #expect(try EndMarks.probe("backup_manifest", in: unit)?.reading.mark == .shown)
        #expect(try EndMarks.probe(directory: try scratch.open().open("without")).mark == EndMark.none)
        let bytes = Array(text.utf8)
        for cut in 1..<(bytes.count - 1) {
            #expect(EndMarks.readManifest(tail: Array(bytes[..<cut].suffix(1024))).mark == .absent, "\(cut)")
        }
        #expect(EndMarks.readManifest(tail: []).mark == .absent)
    }

    @Test("formats without a cheap end mark say so, by name")
    func noMark() throws {
        let scratch = try Self.made(
            by: """
                gzip -c text > a.gz; zstd -q text -o a.zst; lz4 -q text text.lz4
                openssl enc -aes-256-cbc -pbkdf2 -k secret -in text -out a.enc 2> /dev/null
                head -c 5000 text.lz4 > a.lz4.gpg; head -c 2000 /dev/urandom > b.tar.gpg
                head -c 5000 text > unknown; printf 'PGDMP\\001\\016' > a.dump; : > nothing.xz; printf '\\3757z' > short.xz
                """)
        let expected: [Bytes: (EndMark, String)] = [
            "a.gz": (.none, "gzip"), "a.zst": (.none, "zstd"), "a.enc": (.none, "encrypted"),
            "b.tar.gpg": (.none, "encrypted"), "unknown": (.none, "unknown format"),
            "a.dump": (.none, "pg_dump's custom format"), "nothing.xz": (.none, "an empty file"),
            "short.xz": (.absent, "xz"),
        ]
        for (name, (mark, format)) in expected {
            let reading = try EndMarks.probe(name, in: try scratch.open())?.reading
            #expect(reading == EndMarkReading(mark: mark, format: format), "\(name)")
        }
        #expect(try EndMarks.probe("gone", in: try scratch.open()) == nil)
        #expect(try EndMarks.probe("few", in: try scratch.open()) == nil)
        #expect(EndMarkReading(mark: .none, format: "gzip").note == "no end mark that could be checked (gzip)")
    }

    @Test("too little of a file is unprobed, and no bytes at all can trap")
    func anyBytes() {
        var random = Seeded(seed: 20_261_123)
        let whole = [UInt8](repeating: 7, count: 5000)
        let few = EndMarks.read(name: "a.sql", size: 5000, head: Array(whole.prefix(1024)), tail: [1, 2])
        #expect(few.mark == .unprobed)
        #expect(EndMarks.read(name: "a", size: 5000, head: [], tail: whole).mark == .unprobed)
        let beginnings: [[UInt8]] = [
            [], [0xFD] + Array("7zXZ\0".utf8), Array("BZh91AY&SY".utf8), [0x04, 0x22, 0x4D, 0x18, 0x64, 0x40, 0xA7],
            Array("PK\u{3}\u{4}".utf8), Array("-- MySQL dump".utf8), Array("PK\u{5}\u{6}".utf8), Array("{".utf8),
        ]
        let endings: [[UInt8]] = [
            [], Array("YZ".utf8), [0x17, 0x72, 0x45, 0x38, 0x50, 0x90, 0, 0, 0, 0], [0, 0, 0, 0],
            Array("PK\u{5}\u{6}".utf8) + [UInt8](repeating: 0xFF, count: 18), Array("\n-- Dump completed\n".utf8),
            Array("-----BEGIN -----".utf8), Array("-----".utf8), [UInt8](repeating: 0, count: 1024),
            Array("PK\u{5}\u{6}".utf8) + [UInt8](repeating: 0, count: 18), Array("\"}".utf8),
        ]
        let names: [Bytes] = ["a.xz", "b.tar", "c.zip", "d.sql", "backup_manifest", "", "aaaa", "x.tar.001", "\u{0}"]
        var seen: [EndMark: Int] = [:]
        let rounds = isLongForm ? 50_000 : 4_000
        for _ in 0..<rounds {
            let size = Int.random(in: 0...1600, using: &random)
            let filling: ClosedRange<UInt8> = Bool.random(using: &random) ? 0...255 : 0...1
            var bytes = (0..<size).map { _ in UInt8.random(in: filling, using: &random) }
            bytes = Array((beginnings.randomElement(using: &random)! + bytes).prefix(size))
            let ending = endings.randomElement(using: &random)!
            bytes = Array((bytes.dropLast(ending.count) + ending).suffix(size))
            if size > 512, Bool.random(using: &random) { bytes = Self.tarHeader + bytes.dropFirst(512) }
            let reading = EndMarks.read(
                name: names.randomElement(using: &random)!, size: Int64(size), head: Array(bytes.prefix(1024)),
                tail: Array(bytes.suffix(EndMarks.tailBytes)))
            seen[reading.mark, default: 0] += 1
            _ = EndMarks.readManifest(tail: bytes)
        }
        print("end marks: of \(rounds) random files \(seen)")
    }

    private static let tarHeader: [UInt8] = {
        var header = [UInt8](repeating: 0, count: 512)
        header[0] = 0x61
        let sum = 0x61 + 8 * 0x20
        header.replaceSubrange(148..<155, with: Array(("000" + String(sum, radix: 8)).utf8) + [0])
        return header
    }()
}
