import Disk
import Foundation
import Model
import Recognition
import Survey
import Synchronization
import Testing

/// The real kernel, through libinotifytools or our own shim: whichever the build chose. The library's state is global,
/// so there is one watcher for all tests of the process, and they run one after the other.
@Suite("watching", .serialized)
struct WatcherTests {
    static let signal = DispatchSemaphore(value: 0)
    static let watcher: Watcher = {
        let watcher = try! Watcher(onDirt: { signal.signal() })
        watcher.start()
        return watcher
    }()

    /// What was dirty until the condition held, or a second had passed.
    private func dirt(_ vault: VaultID, until isEnough: (Watcher.Dirt) -> Bool) -> Watcher.Dirt {
        var all = Watcher.Dirt()
        for _ in 0..<200 {
            let new = Self.watcher.take()
            for (id, places) in new.places { all.places[id, default: []].formUnion(places) }
            for (id, paths) in new.finished { all.finished[id, default: []].formUnion(paths) }
            all.unreconciled.merge(new.unreconciled) { $1 }
            if isEnough(all) { return all }
            _ = Self.signal.wait(timeout: .now() + 0.005)
        }
        return all
    }

    private func isDirty(_ vault: VaultID, _ place: Bytes) -> Bool {
        dirt(vault) { $0.places[vault]?.contains(place) == true }.places[vault]?.contains(place) == true
    }

    private func vault(_ scratch: Scratch, _ paths: [String] = [""]) throws -> VaultID {
        let vault = VaultID(text: scratch.url.lastPathComponent)
        let root = try scratch.open()
        for path in paths { Self.watcher.watch(try root.open(Bytes(path)), vault: vault, path: Bytes(path)) }
        _ = Self.watcher.take()
        return vault
    }

    @Test("a written, a linked, a renamed and a deleted file make their directory dirty")
    func files() throws {
        let scratch = try Scratch()
        try scratch.write("d/there")
        let vault = try vault(scratch, ["", "d"])
        try scratch.write("d/new")
        #expect(isDirty(vault, "d"))
        link(scratch.url.appending(path: "d/there").path, scratch.url.appending(path: "other").path)
        #expect(isDirty(vault, ""))
        rename(scratch.url.appending(path: "d/there").path, scratch.url.appending(path: "d/moved").path)
        #expect(isDirty(vault, "d"))
        unlink(scratch.url.appending(path: "d/moved").path)
        #expect(isDirty(vault, "d"))
    }

    @Test("a rename from a temporary name says that its writer is done")
    func finished() throws {
        let scratch = try Scratch()
        let vault = try vault(scratch)
        try scratch.write(".app-2026-11-23.tar.Ab3xYz")
        rename(
            scratch.url.appending(path: ".app-2026-11-23.tar.Ab3xYz").path,
            scratch.url.appending(path: "app-2026-11-23.tar").path)
        let found = dirt(vault) { $0.finished[vault]?.isEmpty == false }
        #expect(found.finished[vault] == ["app-2026-11-23.tar"])
    }

    @Test("a directory deleted and made again is looked at and watched anew")
    func madeAgain() throws {
        let scratch = try Scratch()
        try scratch.write("d/file")
        let vault = try vault(scratch, ["", "d"])
        try FileManager.default.removeItem(at: scratch.url.appending(path: "d"))
        #expect(isDirty(vault, "d"))
        for _ in 0..<200 where Self.watcher.watched(vault).contains("d") { usleep(5_000) }
        #expect(!Self.watcher.watched(vault).contains("d"))
        try scratch.write("d/file")
        Self.watcher.watch(try scratch.open().open("d"), vault: vault, path: "d")
        try scratch.write("d/second")
        #expect(isDirty(vault, "d"))
    }

    @Test("a directory moved away is not reported under its old path")
    func movedAway() throws {
        let (scratch, elsewhere) = (try Scratch(), try Scratch())
        try scratch.write("d/file")
        let vault = try vault(scratch, ["", "d"])
        rename(scratch.url.appending(path: "d").path, elsewhere.url.appending(path: "d").path)
        #expect(isDirty(vault, ""))
        try elsewhere.write("d/later")
        let later = dirt(vault) { _ in false }
        #expect(later.places[vault]?.contains("d") != true)
    }

    @Test("names of any bytes, and many at once, are told without loss")
    func many() throws {
        let scratch = try Scratch()
        let root = try scratch.open()
        for n in 0..<50 { _ = try root.ensureDirectory(Bytes("d\(n)"), mode: 0o700) }
        let vault = try vault(scratch, (0..<50).map { "d\($0)" })
        for n in 0..<50 { try root.open(Bytes("d\(n)")).create(Bytes([0xFF, 0x0A, UInt8(n + 0x80)]), "", mode: 0o600) }
        let found = dirt(vault) { $0.places[vault]?.count == 50 }
        #expect(found.places[vault]?.count == 50)
    }
}

@Suite("a vault's survey")
struct VaultSurveyTests {
    private let clock = TestClock()

    private func survey(_ scratch: Scratch, quiet: Int64 = 60) -> VaultSurvey {
        VaultSurvey(
            vault: VaultID(text: "v"), quietSeconds: quiet, recognisers: .byName, zone: .utc, nested: [])
    }

    private func now(after seconds: Double = 0) -> Moment {
        // The files are real, so the wall clock must be too.
        Moment(
            wall: Timestamp(nanoseconds: Int64((Date().timeIntervalSince1970 + seconds) * 1e9)),
            boot: 5_000_000_000 + Int64(seconds * 1e9), bootID: "b")
    }

    private func scan(_ scratch: Scratch, known: [Backup] = [], at moment: Moment) throws -> VaultSurvey.Scan {
        survey(scratch).scan(
            below: try scratch.open(),
            known: .init(backups: Dictionary(known.map { ($0.path, $0) }) { $1 }, trashedInodes: []), now: moment)
    }

    @Test("a new file settles through the quiet period, and a change begins it anew")
    func quiet() throws {
        Signals.ignoreFatal()
        let scratch = try Scratch()
        let file = try scratch.write("app-2026-11-23.tar")
        let first = try scan(scratch, at: now())
        #expect(first.backups.map(\.condition) == [.settling])
        let early = try scan(scratch, known: first.backups, at: now(after: 59))
        #expect(early.backups.map(\.condition) == [.settling])
        let settled = try scan(scratch, known: early.backups, at: now(after: 61))
        #expect(settled.backups.map(\.condition) == [.complete])
        try Data("longer".utf8).write(to: file)
        let changed = try scan(scratch, known: settled.backups, at: now(after: 62))
        #expect(changed.backups.map(\.condition) == [.settling])
    }

    @Test("what nobody touched for five minutes is settled at first sight, by ctime and not by mtime")
    func oldCtime() throws {
        let scratch = try Scratch()
        try scratch.write("app-2026-11-23.tar")
        #expect(try scan(scratch, at: now(after: 299)).backups.map(\.condition) == [.settling])
        #expect(try scan(scratch, at: now(after: 302)).backups.map(\.condition) == [.complete])
        // cp -a brings an old mtime; ctime is new, and counts.
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1_000_000)],
            ofItemAtPath: scratch.url.appending(path: "app-2026-11-23.tar").path)
        #expect(try scan(scratch, at: now()).backups.map(\.condition) == [.settling])
    }

    @Test("an open writer keeps a file from settling, an empty one is incomplete, a temporary name settles never")
    func neverComplete() throws {
        Signals.ignoreFatal()
        let scratch = try Scratch()
        let file = try scratch.write("app-2026-11-22.tar")
        try scratch.write("app-2026-11-23.tar", "")
        try scratch.write("app-2026-11-24.tar.partial")
        let writer = try FileHandle(forWritingTo: file)
        let scan = try scan(scratch, at: now(after: 400))
        #expect(scan.backups.map(\.condition) == [.settling, .incomplete, .settling])
        try writer.close()
    }

    @Test("a dated directory is one backup; it settles when two walks a quiet period apart are equal")
    func directories() throws {
        let scratch = try Scratch()
        try scratch.write("host/2026-11-23/etc/passwd")
        let first = try scan(scratch, at: now())
        #expect(first.backups.map(\.path) == ["host/2026-11-23"])
        #expect(first.backups.map(\.condition) == [.settling])
        try scratch.write("host/2026-11-23/etc/group")
        let changed = try scan(scratch, known: first.backups, at: now(after: 61))
        #expect(changed.backups.map(\.condition) == [.settling])
        let settled = try scan(scratch, known: changed.backups, at: now(after: 122))
        #expect(settled.backups.map(\.condition) == [.complete])
    }

    @Test("a directory that holds a vault, or a repository, is no backup")
    func notABackup() throws {
        let scratch = try Scratch()
        try scratch.write("inner/.trash/vault.json", "{}")
        try scratch.write("2026-11-22/deep/.trash/vault.json", "{}")
        for name in ["config", "data/x", "keys/x", "snapshots/x"] { try scratch.write("2026-11-23/" + name) }
        let scan = try scan(scratch, at: now(after: 400))
        #expect(scan.backups.isEmpty)
        #expect(Set(scan.leftAlone.map(\.path)) == ["inner", "2026-11-22", "2026-11-23"])
    }

    @Test("numbers behind a date are a time only where the content's time bears it out")
    func numbers() throws {
        let scratch = try Scratch()
        let day = Date(timeIntervalSince1970: 1_795_392_000)  // 2026-11-23T00:00:00Z
        func put(_ name: String, hour: Double) throws {
            let file = try scratch.write(name)
            try FileManager.default.setAttributes(
                [.modificationDate: day.addingTimeInterval(hour * 3600)], ofItemAtPath: file.path)
        }
        for number in ["1001", "1002", "1042"] { try put("customers/c-20261123-\(number).tar", hour: 3) }
        for (number, hour) in [("0103", 1.1), ("0217", 2.3), ("1042", 10.8)] {
            try put("dumps/d-20261123-\(number).tar", hour: hour)
        }
        let scan = try scan(scratch, at: now())
        #expect(Set(scan.backups.map(\.path.parent)) == ["dumps"] && scan.backups.count == 3)
        #expect(scan.leftAlone.count == 3)
    }

    @Test("hard-linked backups have one object and two ids")
    func hardLinks() throws {
        let scratch = try Scratch()
        try scratch.write("daily/db-2026-11-23.sql")
        try FileManager.default.createDirectory(
            at: scratch.url.appending(path: "weekly"), withIntermediateDirectories: true)
        link(
            scratch.url.appending(path: "daily/db-2026-11-23.sql").path,
            scratch.url.appending(path: "weekly/db-2026-11-23.sql").path)
        let backups = try scan(scratch, at: now(after: 400)).backups
        #expect(backups.count == 2)
        #expect(Set(backups.map(\.id.object)).count == 1 && Set(backups.map(\.id)).count == 2)
    }
}
