import Disk
import Foundation
import Model
import Recognition
import Support
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
            for (id, places) in new.deep { all.deep[id, default: []].formUnion(places) }
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
        for _ in 0..<200 where Self.watcher.isWatched(vault, "d") { usleep(5_000) }
        #expect(!Self.watcher.isWatched(vault, "d"))
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

    @Test("a directory renamed within the vault keeps its watches, and is looked at with all below it")
    func renamedWithin() throws {
        let scratch = try Scratch()
        try scratch.write("a/b/c/file")
        try scratch.write("z/file")
        let vault = try vault(scratch, ["", "a", "a/b", "a/b/c", "z"])
        rename(scratch.url.appending(path: "a/b").path, scratch.url.appending(path: "z/n").path)
        #expect(dirt(vault) { $0.deep[vault]?.isEmpty == false }.deep[vault] == ["z/n"])
        #expect(Self.watcher.isWatched(vault, "z/n/c") && !Self.watcher.isWatched(vault, "a/b/c"))
        try scratch.write("z/n/c/later")
        #expect(isDirty(vault, "z/n/c"))
    }

    @Test("two directories exchanged are each told under the other's name")
    func exchanged() throws {
        let scratch = try Scratch()
        try scratch.write("a/in/x")
        try scratch.write("b/y")
        let vault = try vault(scratch, ["", "a", "a/in", "b"])
        try exchange(scratch.url.appending(path: "a").path, scratch.url.appending(path: "b").path)
        #expect(dirt(vault) { $0.deep[vault]?.count == 2 }.deep[vault] == ["a", "b"])
        #expect(Self.watcher.isWatched(vault, "b/in") && !Self.watcher.isWatched(vault, "a/in"))
        try scratch.write("b/in/later")
        #expect(isDirty(vault, "b/in"))
        try scratch.write("a/later")
        #expect(isDirty(vault, "a"))
    }

    @Test("a directory moved in is looked at with all below it; its old place, in another vault, knows it no more")
    func betweenVaults() throws {
        let (one, two) = (try Scratch(), try Scratch())
        try one.write("d/e/file")
        let (first, second) = (try vault(one, ["", "d", "d/e"]), try vault(two))
        rename(one.url.appending(path: "d").path, two.url.appending(path: "d").path)
        #expect(dirt(second) { $0.deep[second]?.isEmpty == false }.deep[second] == ["d"])
        #expect(Self.watcher.isWatched(second, "d/e") && !Self.watcher.isWatched(first, "d/e"))
        try two.write("d/e/later")
        #expect(isDirty(second, "d/e"))
    }

    @Test("a whole look ends the watches it did not ask for")
    func sweep() throws {
        let scratch = try Scratch()
        try scratch.write("a/x")
        try scratch.write("b/x")
        let vault = try vault(scratch, ["", "a", "b"])
        let before = Self.watcher.count
        let root = try scratch.open()
        try Self.watcher.sweep(vault) { () throws(Fault) in
            Self.watcher.watch(root, vault: vault, path: "")
            Self.watcher.watch(try root.open("a"), vault: vault, path: "a")
        }
        #expect(Self.watcher.count == before - 1)
        #expect(Self.watcher.isWatched(vault, "a") && !Self.watcher.isWatched(vault, "b"))
        // What is said of an ended watch makes nothing unreconciled.
        try scratch.write("b/later")
        try scratch.write("a/later")
        #expect(dirt(vault) { $0.places[vault]?.contains("a") == true }.unreconciled[vault] == nil)
    }

    @Test("names of any bytes, and many at once, are told without loss")
    func many() throws {
        let scratch = try Scratch()
        let root = try scratch.open()
        for n in 0..<50 { _ = try root.ensureDirectory(Bytes("d\(n)"), mode: 0o700) }
        let vault = try vault(scratch, [""] + (0..<50).map { "d\($0)" })
        for n in 0..<50 {
            try root.open(Bytes("d\(n)")).ownFiles.create(Bytes([0xFF, 0x0A, UInt8(n + 0x80)]), "", mode: 0o600)
        }
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

    /// All that a whole look finds, put together.
    private struct Found {
        var backups: [Backup] = []
        var skippedEntries: [SkippedEntry] = []
        var digests: [Bytes: PlaceDigest?] = [:]
        var scan: VaultSurvey.Scan?
        var read: Int { scan?.read ?? -1 }
    }

    private func scan(
        _ scratch: Scratch, known: [Backup] = [], digests: [Bytes: PlaceDigest?] = [:], at moment: Moment,
        probing: VaultSurvey.Probing = .now
    ) throws -> Found {
        var rows = VaultSurvey.Known { (place: Bytes) throws(Fault) in known.filter { $0.path.parent == place } }
        rows.digests = digests
        var found = Found()
        found.scan = try survey(scratch).scan(
            below: try scratch.open(), known: rows, now: moment, probing: probing
        ) { (place: VaultSurvey.Place) throws(Fault) in
            found.backups += place.backups
            found.skippedEntries += place.skippedEntries
            found.digests[place.directory] = .some(place.digest)
        }
        return found
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
        #expect(Set(scan.skippedEntries.map(\.path)) == ["inner", "2026-11-22", "2026-11-23"])
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
        #expect(scan.skippedEntries.count == 3)
    }

    @Test("a place that is as it was is not read again; one that changed, or that time alone may change, is")
    func digests() throws {
        let scratch = try Scratch()
        try scratch.write("app/db-2026-11-22.sql")
        try scratch.write("app/db-2026-11-23.sql")
        try scratch.write("other/x-2026-11-23.tar")
        let young = try scan(scratch, at: now())
        #expect(young.digests["app"] == .some(nil))  // it settles
        let first = try scan(scratch, known: young.backups, at: now(after: 400))
        #expect(first.digests.values.allSatisfy { $0 != nil } && first.digests.count == 3)
        let again = try scan(scratch, known: first.backups, digests: first.digests, at: now(after: 500))
        #expect(again.read == 0 && again.scan?.places == ["", "app", "other"])
        // Content of the same length, with its mtime put back: ctime tells.
        let file = scratch.url.appending(path: "app/db-2026-11-23.sql")
        let mtime = try FileManager.default.attributesOfItem(atPath: file.path)[.modificationDate] as? Date
        usleep(20_000)
        try Data("y".utf8).write(to: file)
        try FileManager.default.setAttributes([.modificationDate: try #require(mtime)], ofItemAtPath: file.path)
        let changed = try scan(scratch, known: first.backups, digests: first.digests, at: now(after: 2))
        #expect(changed.read == 1 && changed.digests["app"] == .some(nil))
        // A directory swapped for another one with the same names.
        rename(scratch.url.appending(path: "other").path, scratch.url.appending(path: "was").path)
        try scratch.write("other/x-2026-11-23.tar")
        let swapped = try scan(scratch, known: first.backups, digests: first.digests, at: now(after: 2))
        #expect(swapped.scan?.places == ["", "app", "other", "was"])
        #expect(swapped.backups.first { $0.path == "other/x-2026-11-23.tar" }?.condition == .settling)
    }

    @Test("what nobody has looked into yet is not complete")
    func unprobed() throws {
        let scratch = try Scratch()
        try scratch.write("app/db-2026-11-23.sql")
        let first = try scan(scratch, at: now(after: 400), probing: .later)
        #expect(first.backups.map(\.condition) == [.settling] && first.scan?.unprobed == ["app"])
        #expect(first.digests["app"] == .some(nil))
        let second = try scan(scratch, known: first.backups, at: now(after: 401))
        #expect(second.backups.map(\.condition) == [.complete])
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
