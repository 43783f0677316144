import Disk
import Foundation
import Glibc
import Model
import Support
import Testing

@Suite("directories")
struct DirectoryTests {
    @Test("no link is followed and no step out is taken, in any component")
    func safePaths() throws {
        let scratch = try Scratch()
        try scratch.write("inside/file")
        try FileManager.default.createSymbolicLink(
            at: scratch.url.appending(path: "link"), withDestinationURL: URL(filePath: "/etc"))
        let root = try scratch.open()
        #expect(throws: Fault.self) { try root.open("link") }
        #expect(throws: Fault.self) { try root.open("inside/../inside") }
        #expect(throws: Fault.self) { try root.open("..") }
        #expect(try root.open("inside").entries().map(\.name) == ["file"])
        #expect(throws: Fault.self) { try root.ownFiles.read("link", limit: 10) }
    }

    @Test("a rename never replaces")
    func noReplace() throws {
        let scratch = try Scratch()
        try scratch.write("a", "1")
        try scratch.write("b", "2")
        let root = try scratch.open()
        let fault = #expect(throws: Fault.self) { try root.rename("a", to: root, as: "b") }
        #expect(fault?.errno == EEXIST)
        #expect(try root.ownFiles.read("b", limit: 10) == "2")
    }

    @Test("a person's file is written anew with its mode; no other name beside it is touched, and no link lags behind")
    func rewrite() throws {
        let scratch = try Scratch()
        let root = try scratch.open()
        for (name, mode) in [("a", 0o640), ("a.new", 0o600)] {
            try root.ownFiles.create(Bytes(name), Bytes("mine: " + name), mode: UInt32(mode))
        }
        try root.ownFiles.rewrite("a", with: "theirs", like: try #require(try root.sighting(of: "a")))
        #expect(try root.ownFiles.read("a", limit: 10) == "theirs")
        #expect(try root.sighting(of: "a")?.mode == 0o640)
        #expect(try root.ownFiles.read("a.new", limit: 20) == "mine: a.new")
        #expect(Set(try root.entries().map(\.name)) == ["a", "a.new"])
        try FileManager.default.linkItem(
            at: scratch.url.appending(path: "a"), to: scratch.url.appending(path: "other"))
        let linked = try #require(try root.sighting(of: "a"))
        #expect(throws: Fault.self) { try root.ownFiles.rewrite("a", with: "new", like: linked) }
        #expect(try root.readAny("other", limit: 10) == "theirs")
        #expect(Set(try root.entries().map(\.name)) == ["a", "a.new", "other"])
    }

    @Test("names of any bytes come back as they are, however many there are")
    func anyNames() throws {
        let scratch = try Scratch()
        let root = try scratch.open()
        var names: Set<Bytes> = [Bytes([0xFF, 0x0A, 0x1B]), "-rf *", Bytes([UInt8](repeating: 0x61, count: 255))]
        for n in 0..<3000 { names.insert(Bytes("file-\(n)")) }
        for name in names { try root.ownFiles.create(name, "", mode: 0o600) }
        #expect(Set(try root.entries().map(\.name)) == names)
    }

    @Test("an object keeps its identity across a rename, and a new file at the old name is another")
    func identity() throws {
        let scratch = try Scratch()
        let root = try scratch.open()
        try root.ownFiles.create("a", "1", mode: 0o600)
        let before = try #require(try root.sighting(of: "a"))
        try root.rename("a", to: root, as: "b")
        #expect(try root.sighting(of: "b")?.object == before.object)
        for round in 0..<20 {
            var walk = UnlinkWalk(below: try root.ensureDirectory("p\(round)", mode: 0o700))
            walk.run()
            try root.ownFiles.create("a", "1", mode: 0o600)
            #expect(try root.sighting(of: "a")?.object != before.object)
            try root.rename("a", to: try root.open("p\(round)"), as: "gone")
        }
        #expect(try root.sighting(of: "nothing") == nil)
    }

    @Test("paths longer than the kernel takes at once are walked in parts")
    func deepPaths() throws {
        let scratch = try Scratch()
        let root = try scratch.open()
        let name = Bytes([UInt8](repeating: 0x64, count: 200))
        var place = root
        var path = Bytes()
        for _ in 0..<40 {
            place = try place.ensureDirectory(name, mode: 0o700)
            path = path.appending(name)
        }
        try place.ownFiles.create("bottom", "here", mode: 0o600)
        #expect(path.count > 8000)
        #expect(try root.open(path).ownFiles.read("bottom", limit: 10) == "here")
        var walk = UnlinkWalk(below: root)
        walk.run()
        #expect(walk.faults.isEmpty)
        #expect(try root.entries().isEmpty)
    }
}

@Suite("the unlink walk")
struct UnlinkTests {
    @Test("everything below goes, nothing beside it and nothing behind a link")
    func removes() throws {
        let scratch = try Scratch()
        try scratch.write("keep/precious", "1")
        try scratch.write("top/a/b/c/file")
        try scratch.write("top/a/h0", "a name of its own")
        try scratch.write("top/h3/file")
        for n in 0..<500 { try scratch.write("top/many/\(n)") }
        try FileManager.default.createSymbolicLink(
            at: scratch.url.appending(path: "top/a/link"), withDestinationURL: scratch.url.appending(path: "keep"))
        mkfifo(scratch.url.appending(path: "top/fifo").path, 0o600)
        let top = try scratch.open().open("top")
        var walk = UnlinkWalk(below: top)
        walk.run()
        #expect(walk.faults.isEmpty)
        #expect(try top.entries().isEmpty)
        #expect(scratch.exists("keep/precious"))
    }

    @Test(
        "files of one directory are unlinked by several threads: each is counted once, each fault is told",
        .enabled(if: LoopDisk.isPossible, LoopDisk.whySkipped), arguments: LoopDisk.Kind.allCases)
    func together(kind: LoopDisk.Kind) throws {
        let disk = try LoopDisk(kind)
        for n in 0..<300 { try disk.write("f\(n)") }
        for n in 0..<40 { try disk.write("d\(n)/file") }
        let staying: Set<Bytes> = ["f7", "f150", "f299"]
        try LoopDisk.run(["chattr", "+i"] + staying.map { disk.path($0.display) })
        let top = try disk.open()
        #expect((LinuxFileLayer().unlinkingThreads(top.descriptor) == 1) == (kind == .btrfs))
        var walk = UnlinkWalk(below: top)
        walk.run()
        #expect(Set(try top.entries().map(\.name)) == staying)
        #expect(Set(walk.faults.map { $0.path?.lastComponent }) == Set(staying.map(Optional.some)))
        // ext4 has its lost+found.
        #expect(walk.removed == 297 + 80 + (kind == .ext4 || kind == .ext4Untyped ? 1 : 0))
    }

    @Test("a rate is kept: it takes no less than its time")
    func rate() throws {
        let scratch = try Scratch()
        for n in 0..<60 { try scratch.write("top/f\(n)") }
        let start = DispatchTime.now()
        var walk = UnlinkWalk(below: try scratch.open().open("top"), perSecond: 100)
        walk.run()
        #expect(walk.removed == 60 && walk.faults.isEmpty)
        #expect(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds >= 500_000_000)
    }

    @Test("a walk that was stopped goes on from where it was")
    func goesOn() throws {
        let scratch = try Scratch()
        for n in 0..<30 { try scratch.write("top/d\(n)/e/f/file") }
        let top = try scratch.open().open("top")
        var rounds = 0
        while try !top.entries().isEmpty, rounds < 300 {
            var asked = 0
            var walk = UnlinkWalk(below: top) {
                asked += 1
                return asked > 6
            }
            walk.run()
            rounds += 1
        }
        #expect(try top.entries().isEmpty)
        #expect(rounds > 3, "it was stopped in between")
    }

    @Test("a tree of any depth needs no more descriptors than a flat one", .timeLimit(.minutes(60)))
    func depth() throws {
        let scratch = try Scratch()
        let root = try scratch.open()
        var place = try root.ensureDirectory("top", mode: 0o700)
        let top = place
        let levels = isLongForm ? 20_500 : 800
        for _ in 0..<levels { place = try place.ensureDirectory("d", mode: 0o700) }
        // Far fewer passes than times that something is hoisted: it is not taken for others' doing.
        var walk = UnlinkWalk(below: top, mostPasses: isLongForm ? UnlinkWalk.mostPasses : 20)
        walk.run()
        #expect(walk.faults.isEmpty && walk.removed == levels)
    }
}

@Suite("locks, writers, measures")
struct DiskPartsTests {
    @Test("a second lock waits, and names who holds the first; nobody else can open it, and its text ends with it")
    func lock() throws {
        let scratch = try Scratch()
        let root = try scratch.open()
        // As an earlier version left it.
        try root.ownFiles.create("l", "reprieve 0 (1)\n", mode: 0o644)
        var first: FileLock? = try FileLock.take("l", in: root, holder: "reprieve 1", waitSeconds: 0)
        #expect(try root.sighting(of: "l")?.mode == 0o600)
        #expect(try FileLock.process(holding: "l", in: root) == getpid())
        let fault = #expect(throws: Fault.self) {
            try FileLock.take("l", in: root, holder: "second", waitSeconds: 0.05)
        }
        #expect(fault?.code == .locked && fault?.message.contains("reprieve 1 (\(getpid()))") == true)
        withExtendedLifetime(first) {}
        first = nil
        #expect(try root.ownFiles.read("l", limit: 100) == "")
    }

    @Test("a lock's text names a process only while that process lives", arguments: ["4194304", "1", "\(getpid())"])
    func lockOfTheDead(pid: String) throws {
        let scratch = try Scratch()
        let root = try scratch.open()
        try root.ownFiles.create("l", Bytes("reprieve 1 (\(pid))\n17\n"), mode: 0o600)
        let fd = open(scratch.url.appending(path: "l").path, O_RDWR)
        defer { close(fd) }
        #expect(flock(fd, LOCK_EX) == 0)
        let fault = #expect(throws: Fault.self) { try FileLock.take("l", in: root, holder: "second", waitSeconds: 0) }
        #expect(fault?.message.hasSuffix("held by another process") == true, "\(fault?.message ?? "")")
        #expect(try FileLock.process(holding: "l", in: root) == nil)
    }

    @Test("a file that is open for writing is being written, one that is only read is not")
    func writer() throws {
        Signals.ignoreFatal()
        let scratch = try Scratch()
        let file = try scratch.write("a")
        let root = try scratch.open()
        let reader = try FileHandle(forReadingFrom: file)
        #expect(FileLook("a", in: root).writer() == .free)
        let writer = try FileHandle(forWritingTo: file)
        #expect(FileLook("a", in: root).writer() == .written)
        try writer.close()
        #expect(FileLook("a", in: root).writer() == .free)
        try reader.close()
    }

    @Test("a tree's measure changes with any file in it, and sees a vault inside")
    func measure() throws {
        let scratch = try Scratch()
        try scratch.write("t/a/b", "12345")
        let tree = try scratch.open().open("t")
        let first = try TreeMeasure(of: tree)
        #expect(try TreeMeasure(of: tree) == first)
        try scratch.write("t/a/b", "123456")
        #expect(try TreeMeasure(of: tree) != first)
        #expect(first.obstacle == nil)
        try scratch.write("t/a/.trash/vault.json", "{}")
        #expect(try TreeMeasure(of: tree).obstacle != nil)
    }
}
