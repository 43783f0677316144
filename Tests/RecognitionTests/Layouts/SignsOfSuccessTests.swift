import Foundation
import Model
import Recognition
import Support
import Testing

/// Directories whose tool leaves a record of success or failure in them or beside them.
@Suite("signs of success")
struct SignsOfSuccessTests {
    private func contents(
        _ name: Bytes, _ names: [Bytes], texts: [Bytes: Bytes] = [:], heads: [Bytes: [UInt8]] = [:],
        unread: [Bytes] = [], why: SmallFile.Why = .tooLarge
    ) -> Contents? {
        Layouts.read(
            UnitContents(
                name: name, directory: "d", isDirectory: true,
                names: Set(names).union(texts.keys).union(heads.keys).union(unread), members: [], size: 0, head: [],
                file: { unread.contains($0) ? .unread(why) : texts[$0].map { .text($0) } },
                headOf: { heads[$0] ?? texts[$0]?.storage ?? [] }))
    }

    private func contents(
        _ names: [Bytes], texts: [Bytes: Bytes] = [:], heads: [Bytes: [UInt8]] = [:], unread: [Bytes] = []
    ) -> Contents? { contents("x-2026-11-23", names, texts: texts, heads: heads, unread: unread) }

    // MARK: Not a regular file

    @Test(
        "a pipe, a link or a directory with the name of a sign of success is none; a large file is one",
        arguments: [
            ("web-2026-11-23", ["web.vmx"], "STATUS.ok"), ("web-2026-11-23", ["web.vmx"], "STATUS.warn"),
            ("FULL-2026-11-22_01-00", ["config.xml"], "backup-completed.info"),
            ("2026.11.23_01.00.00", ["home"], ".md5CheckSums.info"),
            ("pg-2026-11-23", ["base.tar.gz"], "backup_manifest"), ("pg-2026-11-23", ["PG_VERSION"], "backup_manifest"),
            ("20261123-010000-123", ["backup"], "info"),
        ] as [(Bytes, [Bytes], Bytes)])
    func noFile(name: Bytes, files: [Bytes], sign: Bytes) {
        let strange = contents(name, files, unread: [sign], why: .noFile)
        #expect(strange?.outcome == .unread && strange?.signs == [])
        #expect(strange?.why == "'\(sign.display)' is not a regular file")
        let fault = contents(name, files, unread: [sign], why: "could not be read: broken")
        #expect(fault?.outcome == .unread && fault?.why == "'\(sign.display)' could not be read: broken")
        for whole in [contents(name, files, unread: [sign]), contents(name, files, texts: [sign: ""])] {
            #expect(whole != nil && whole?.outcome != .unread)
            #expect(whole?.tool == strange?.tool)
        }
    }

    @Test("what a small file is on the disk")
    func onDisk() throws {
        let scratch = try Scratch()
        try scratch.write("whole", "text")
        try scratch.write("large", String(repeating: "x", count: SmallFile.limit + 1))
        try scratch.write("directory/x")
        #expect(symlink("whole", scratch.url.appending(path: "link").path) == 0)
        #expect(symlink("nowhere", scratch.url.appending(path: "dangling").path) == 0)
        #expect(mkfifo(scratch.url.appending(path: "pipe").path, 0o600) == 0)
        let place = try scratch.open()
        for name in ["link", "dangling", "pipe", "directory"] as [Bytes] {
            guard case .unread(let why)? = SmallFile(name, in: place) else {
                Issue.record("\(name)")
                continue
            }
            #expect(why.text == "is not a regular file" && !why.isTooLarge)
        }
        if case .unread(let why)? = SmallFile("large", in: place) {
            #expect(why.isTooLarge)
        } else {
            Issue.record("large")
        }
        if case .text(let text)? = SmallFile("whole", in: place) {
            #expect(text == "text")
        } else {
            Issue.record("whole")
        }
        #expect(SmallFile("nothing", in: place) == nil)
    }

    // MARK: ghettoVCB

    @Test("ghettoVCB: STATUS.ok and STATUS.warn are success, STATUS.error is not")
    func ghettoVCB() {
        let files: [Bytes] = ["web.vmx", "web.vmdk", "web-flat.vmdk"]
        let ok = contents(files, texts: ["STATUS.ok": "Successfully completed backup\n"])
        #expect(ok?.outcome == .finished && ok?.signs == ["STATUS.ok"] && ok?.said == "Successfully completed backup")
        #expect(contents(files, texts: ["STATUS.warn": ""])?.signs == ["STATUS.ok"])
        let failed = contents(files, texts: ["STATUS.error": "ERROR: Unable to backup\u{1B}[31m web\nmore"])
        #expect(failed?.outcome == .failed)
        #expect(failed?.why == "'STATUS.error' is in it: ERROR: Unable to backup\\x1b[31m web")
        #expect(contents(files, texts: ["STATUS.ok": ""], unread: ["STATUS.error"])?.outcome == .failed)
        #expect(contents(files) == nil)
    }

    // MARK: mydumper

    @Test("mydumper: metadata says when it finished, in both forms; metadata.partial says that it did not")
    func myDumper() {
        let files: [Bytes] = ["shop-schema-create.sql.gz", "shop.orders.00000.sql.gz"]
        let old: Bytes =
            "Started dump at: 2026-11-23 01:00:00\nSHOW MASTER STATUS:\n\tLog: b.1\n\nFinished dump at: 2026-11-23 01:02:03\n"
        let new: Bytes = """
            # Started dump at: 2026-11-23 01:00:00
            [config]
            quote-character = BACKTICK

            [`shop`.`orders`]
            real_table_name=orders
            rows = 7
            # Finished dump at: 2026-11-23 01:02:03

            """
        for text in [old, new] {
            let whole = contents(files, texts: ["metadata": text])
            #expect(whole?.outcome == .finished && whole?.signs == ["metadata"])
            #expect(whole?.said == "Finished dump at: 2026-11-23 01:02:03")
            let cut = contents(files, texts: ["metadata": text.dropLast(40)])
            #expect(cut?.outcome == .failed)
        }
        #expect(
            contents(files, texts: ["metadata.partial": "# Started dump at: 2026-11-23 01:00:00\n"])?.outcome
                == .running)
        let long = new.storage + [UInt8](repeating: 0x20, count: SmallFile.limit)
        #expect(contents(files, heads: ["metadata": long], unread: ["metadata"])?.outcome == .finished)
        #expect(contents(files, texts: ["metadata": "something else"])?.outcome == .unread)
        #expect(contents(files, unread: ["metadata"])?.outcome == .unread)
        #expect(
            contents(files, texts: ["metadata": "# Started dump at: \u{0}\nFinished dump at: x\n"])?.outcome == .unread)
        // Of another tool.
        #expect(contents(["a.json"], texts: ["metadata": old]) == nil)
    }

    // MARK: pg_dump -Fd

    /// A `toc.dat` as pg_dump 15 writes it, as far as it matters: numbers and texts with their lengths.
    private func toc(_ entries: [(number: Int, tag: String, file: String)]) -> [UInt8] {
        func int(_ value: Int) -> [UInt8] {
            let size = abs(value)
            return [value < 0 ? 1 : 0] + (0..<4).map { UInt8(truncatingIfNeeded: size >> ($0 * 8)) }
        }
        func text(_ text: String) -> [UInt8] { int(text.utf8.count) + Array(text.utf8) }
        var bytes = Array("PGDMP".utf8) + [1, 14, 0, 4, 8, 3] + int(entries.count)
        for entry in entries {
            bytes += int(entry.number) + int(entry.file.isEmpty ? 0 : 1) + text("0") + text("16385") + text(entry.tag)
            bytes +=
                text("TABLE DATA") + int(3) + int(-1) + int(-1) + text("COPY") + text(entry.tag) + int(-1)
                + text("heap")
            bytes += text("postgres") + text("false") + text("215") + int(-1) + text(entry.file)
        }
        return bytes
    }

    @Test("pg_dump -Fd: every file that toc.dat names is there, however it is compressed")
    func pgDump() {
        let head = toc([(7, "a", "3301.dat"), (8, "5.dat", ""), (9, "7.dat", "3302.dat"), (10, "BLOBS", "blobs.toc")])
        let blobs: Bytes = "16394 blob_16394.dat\n16395 blob_16395.dat\n"
        let files: [Bytes] = ["3301.dat.gz", "3302.dat", "blob_16394.dat.zst", "blob_16395.dat.lz4"]
        func read(_ files: [Bytes], _ head: [UInt8]) -> Contents? {
            contents(files, texts: ["blobs.toc": blobs], heads: ["toc.dat": head])
        }
        let whole = read(files, head)
        #expect(whole?.outcome == .finished && whole?.tool == "pg_dump")
        for n in files.indices {
            var some = files
            let gone = some.remove(at: n)
            let broken = read(some, head)
            #expect(broken?.outcome == .failed)
            #expect(broken?.why?.contains(gone.display.split(separator: ".").prefix(2).joined(separator: ".")) == true)
        }
        #expect(contents(files, heads: ["toc.dat": head])?.outcome == .failed, "blobs.toc is named")
        // Only right behind an entry it cannot be seen that more followed.
        let passed = (12..<head.count).count { read(["3301.dat"], Array(head[..<$0]))?.outcome == .finished }
        #expect(passed <= 2)
        for cut in 0..<12 { _ = read(files, Array(head[..<cut])) }
    }

    @Test("pg_dump -Fd: of a long toc.dat the beginning counts; a short or strange one is unread, another file is none")
    func pgDumpHostile() {
        let long = Array(toc((0..<2000).map { ($0 + 1, "t\($0)", "\($0 + 3000).dat") }).prefix(SmallFile.limit))
        #expect(long.count == SmallFile.limit)
        let all = (0..<2000).map { Bytes("\($0 + 3000).dat.gz") }
        #expect(contents(all, heads: ["toc.dat": long])?.outcome == .finished)
        #expect(contents(Array(all.dropFirst()), heads: ["toc.dat": long])?.outcome == .failed)
        #expect(contents(all, heads: ["toc.dat": []])?.outcome == .unread)
        #expect(contents(all, heads: ["toc.dat": Array("PGDMP".utf8)])?.outcome == .unread)
        #expect(contents(all, heads: ["toc.dat": Array("PGDMP\u{1}\u{E}\u{0}\u{4}".utf8)])?.outcome == .unread)
        #expect(contents(all, heads: ["toc.dat": Array("something".utf8)]) == nil)
        let schemaOnly = toc([(7, "a", ""), (8, "b", "")])
        #expect(contents([], heads: ["toc.dat": schemaOnly])?.outcome == .finished)
    }

    @Test(
        "pg_dump -Fd: of a form that is not known, the names in its text count",
        arguments: [
            "PGDMP\u{1}\u{E}\u{0}\u{8}\u{8}\u{3}", "PGDMP\u{2}\u{0}\u{0}\u{4}\u{8}\u{3}", "PGDMP plain text\n",
            "PGDMP\u{1}\u{E}\u{0}\u{4}\u{8}\u{3}",
        ])
    func pgDumpOfAnotherForm(head: String) {
        let named = head + "\n3301.dat\n\"3302.dat\", a/33.dat x34.dat 35.data 36_1.dat 3303.dat.gz\0"
        func read(_ files: [Bytes]) -> Contents? { contents(files, heads: ["toc.dat": Array(named.utf8)]) }
        let whole = read(["3301.dat.gz", "3302.dat", "3303.dat.gz"])
        #expect(whole?.outcome == .finished && whole?.said == "3 files of data")
        #expect(read(["3301.dat.gz", "3303.dat.gz"])?.outcome == .failed)
        #expect(read([])?.why?.contains("3301.dat") == true)
    }

    @Test("pg_dump -Fd: of a form that is not known, and without a name, it says nothing")
    func pgDumpSaysNothing() {
        let none = contents(["a"], heads: ["toc.dat": Array("PGDMP\u{1}\u{E}\u{0}\u{8}\u{8}\u{3}more".utf8)])
        #expect(none?.outcome == .unsaid && none?.tool == "pg_dump")
        // Of the known form a tag is no name, and what is cut off is.
        #expect(contents([], heads: ["toc.dat": toc([(8, "5.dat", "")])])?.outcome == .finished)
        #expect(contents([], heads: ["toc.dat": Array(toc([(8, "orders", "")]).dropLast(3))])?.outcome == .failed)
    }

    // MARK: Back In Time

    @Test("Back In Time: failed, named and unfinished snapshots")
    func backInTime() {
        let files: [Bytes] = ["backup", "info", "fileinfo.bz2"]
        #expect(contents("20261123-010000-123", files)?.outcome == .finished)
        #expect(contents("20261123-010000-123", files + ["failed"])?.outcome == .failed)
        let named = contents("20261123-010000-123", files, texts: ["name": "before the move\n"])
        #expect(named?.protectedBy == "it has the name 'before the move' in Back In Time")
        #expect(contents("20261123-010000-123", files, texts: ["name": " \n"])?.protectedBy == nil)
        #expect(contents("20261123-010000-123", files, unread: ["name"])?.protectedBy != nil)
        #expect(contents("app-20261123", files) == nil && contents("20261123-010000-123", ["info"]) == nil)
        let reading = read(["20261123-010000-123/", "new_snapshot/"], in: "h/u/1")
        #expect(reading.units.map(\.name) == ["20261123-010000-123"] && reading.descend.isEmpty)
        #expect(read(["new_snapshot/"], in: "backintime/h/u/1").descend.isEmpty)
        #expect(read(["new_snapshot/"], in: "other").descend == ["new_snapshot"])
    }

    // MARK: rsync-time-backup

    @Test("rsync-time-backup: backup.inprogress is of the newest directory")
    func rsyncTimeBackup() {
        let names: [Bytes] = ["2026-11-22-010000/", "2026-11-23-010000/", "backup.marker", "other-2026-11-24/"]
        let rest = read(names)
        #expect(rest.units.allSatisfy { $0.contents.outcome == .unsaid })
        let busy = read(names + ["backup.inprogress"])
        #expect(busy.unit("2026-11-23-010000")?.contents.outcome == .running)
        #expect(busy.unit("2026-11-22-010000")?.contents.outcome == .unsaid)
        #expect(
            busy.units.map(\.series) == rest.units.map(\.series) && busy.units.map(\.time) == rest.units.map(\.time))
        #expect(read(["backup.inprogress", "x-2026-11-23.tar"]).unit("x-2026-11-23.tar")?.contents.outcome == .unsaid)
    }

    @Test("no bytes at all can trap")
    func anyBytes() {
        var random = Seeded(seed: 7)
        let files: [Bytes] = [
            "toc.dat", "metadata", "STATUS.ok", "STATUS.error", "name", "info", "backup", "a.sql", "blobs.toc",
        ]
        for _ in 0..<3_000 {
            let beginning = [Array("PGDMP\u{1}\u{E}\u{0}\u{4}\u{8}\u{3}".utf8), Array("# Started dump at:".utf8), []]
                .randomElement(using: &random)!
            let bytes =
                beginning
                + (0..<Int.random(in: 0...80, using: &random)).map { _ in
                    [0, 1, 8, 0x2E, 0x64, 0x61, 0x74, 0x31, UInt8.random(in: 0...255, using: &random)].randomElement(
                        using: &random)!
                }
            let there = files.filter { _ in Bool.random(using: &random) }
            let texts = Dictionary(uniqueKeysWithValues: there.map { ($0, Bytes(bytes)) })
            _ = contents("20261123-010000-123", [], texts: texts)
        }
    }
}
