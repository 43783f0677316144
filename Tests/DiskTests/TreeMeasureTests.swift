import Disk
import Foundation
import Glibc
import Model
import Support
import Testing

@Suite("measuring a tree")
struct TreeMeasureTests {
    @Test("it counts what find counts, in a tree of files, links, pipes and odd names")
    func asFind() throws {
        let scratch = try Scratch()
        var random = Seeded(seed: 4)
        for n in 0..<300 {
            let depth = Int.random(in: 0...6, using: &random)
            let place = (0..<depth).map { _ in "d\(Int.random(in: 0...3, using: &random))" } + ["f\(n)\n\u{1B}é"]
            let content = String(repeating: "x", count: Int.random(in: 0...20_000, using: &random))
            try scratch.write("t/" + place.joined(separator: "/"), content)
        }
        symlink("/etc", scratch.url.appending(path: "t/link").path)
        mkfifo(scratch.url.appending(path: "t/pipe").path, 0o600)
        let listed = try LoopDisk.run(["find", scratch.url.appending(path: "t").path, "-printf", "%s %b %y\\0"])
        let rows = listed.split(separator: "\0").map { $0.split(separator: " ") }
        let measure = try TreeMeasure(of: try scratch.open().open("t"))
        #expect(measure.entries == rows.count)
        #expect(measure.directories == rows.count { $0[2] == "d" })
        #expect(measure.size == rows.total { Int64($0[0]) ?? 0 })
        #expect(measure.allocated == rows.total { (Int64($0[1]) ?? 0) * 512 })
        #expect(measure.obstacles.isEmpty)
    }

    @Test("a path of any length needs at most 24 descriptors, also where each level has a second directory")
    func depth() throws {
        let scratch = try Scratch()
        let root = try scratch.open()
        let levels = isLongForm ? 20_000 : 1500
        let top = try root.ensureDirectory("top", mode: 0o700)
        var place = top
        let long = Bytes([UInt8](repeating: 0x64, count: 60))
        for _ in 0..<levels {
            _ = try place.ensureDirectory("side", mode: 0o700)
            place = try place.ensureDirectory(long, mode: 0o700)
        }
        try place.ownFiles.create("bottom", "1234567", mode: 0o600)
        var (asked, most) = (0, 0)
        let measure = try TreeMeasure(of: top) {
            asked += 1
            if asked.isMultiple(of: 97) { most = max(most, Self.descriptors(on: top.device)) }
            return false
        }
        #expect(measure.directories == levels * 2 + 1 && measure.entries == levels * 2 + 2)
        #expect(most > 0 && most <= 24, "\(most) descriptors")
        // A remover that has no limit: the path is longer than any tool takes at once.
        var walk = UnlinkWalk(below: root)
        walk.run()
        #expect(walk.faults.isEmpty)
    }

    /// Of this thread's walk: other tests run beside, so only directories named `side` or of 60 letters count.
    private static func descriptors(on device: UInt64) -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return names.count { name in
            var buffer = [CChar](repeating: 0, count: 8192)
            let count = readlink("/proc/self/fd/\(name)", &buffer, buffer.count)
            // The kernel says ENAMETOOLONG of a path that does not fit a page: it is one of ours.
            guard count >= 0 else { return errno == ENAMETOOLONG }
            let path = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return path.hasSuffix("/side") || path.hasSuffix(String(repeating: "d", count: 60))
        }
    }

    @Test("asked to stop, it gives no measure, and asks at least once a directory")
    func stops() throws {
        let scratch = try Scratch()
        for n in 0..<20 { try scratch.write("t/d\(n)/f") }
        let tree = try scratch.open().open("t")
        var asked = 0
        let fault = #expect(throws: Fault.self) {
            _ = try TreeMeasure(of: tree) {
                asked += 1
                return asked == 10
            }
        }
        #expect(fault?.code == .partial && asked == 10)
        asked = 0
        _ = try TreeMeasure(of: tree) {
            asked += 1
            return false
        }
        #expect(asked >= 20)
    }

    @Test("a directory that may not be read makes no measure: unknown is not empty")
    func unreadable() throws {
        guard geteuid() != 0 else { return }
        let scratch = try Scratch()
        try scratch.write("t/closed/f")
        chmod(scratch.url.appending(path: "t/closed").path, 0)
        defer { chmod(scratch.url.appending(path: "t/closed").path, 0o700) }
        #expect(throws: Fault.self) { _ = try TreeMeasure(of: try scratch.open().open("t")) }
    }

    // MARK: Rest

    @Test("what writes or changes a file of one name, makes or removes one, changes the fingerprint")
    func restless() throws {
        let scratch = try Scratch()
        try scratch.write("t/a/one", "12345")
        let file = scratch.url.appending(path: "t/a/one").path
        let tree = try scratch.open().open("t")
        var last = try TreeMeasure(of: tree)
        #expect(try TreeMeasure(of: tree).fingerprint == last.fingerprint)
        let changes: [(String, () throws -> Void)] = [
            ("written, same size", { try scratch.write("t/a/one", "54321") }),
            ("mode", { chmod(file, 0o600) }),
            (
                "mtime set back",
                {
                    var times = [timeval(tv_sec: 1, tv_usec: 0), timeval(tv_sec: 1, tv_usec: 0)]
                    utimes(file, &times)
                }
            ),
            ("new", { try scratch.write("t/b") }),
            ("renamed", { rename(file, file + "2") }),
            ("removed", { unlink(scratch.url.appending(path: "t/b").path) }),
        ]
        for (what, change) in changes {
            usleep(20_000)  // ctime moves with the kernel's tick
            try change()
            let next = try TreeMeasure(of: tree)
            #expect(next.fingerprint != last.fingerprint && next.newestChange > last.newestChange, "\(what)")
            last = next
        }
    }

    @Test("a new name elsewhere for its files does not make a tree restless, a write into one of them does")
    func hardLinks() throws {
        let scratch = try Scratch()
        try scratch.write("old/f", "12345")
        try scratch.write("new/x")
        let file = scratch.url.appending(path: "old/f").path
        link(file, scratch.url.appending(path: "first").path)
        let tree = try scratch.open().open("old")
        let before = try TreeMeasure(of: tree)
        usleep(20_000)
        link(file, scratch.url.appending(path: "new/f").path)
        let linked = try TreeMeasure(of: tree)
        #expect(linked.fingerprint == before.fingerprint && linked.newestChange == before.newestChange)
        let handle = try FileHandle(forWritingTo: URL(filePath: file))
        try handle.write(contentsOf: Data("54321".utf8))
        try handle.close()
        let written = try TreeMeasure(of: tree)
        #expect(written.fingerprint != before.fingerprint && written.newestChange > before.newestChange)
        // A time in the future is no change that is still to come.
        var times = [timeval(tv_sec: 4_000_000_000, tv_usec: 0), timeval(tv_sec: 4_000_000_000, tv_usec: 0)]
        utimes(file, &times)
        #expect(try TreeMeasure(of: tree).newestChange.seconds < 3_900_000_000)
    }

    @Test("with what was seen in the trees before, the measure is the same")
    func memory() throws {
        let scratch = try Scratch()
        for n in 0..<50 {
            try scratch.write("t0/d\(n % 5)/f\(n)", String(repeating: "x", count: n * 100))
            for tree in 1...4 {
                try scratch.write("t\(tree)/d\(n % 5)/own\(n)")
                link(
                    scratch.url.appending(path: "t0/d\(n % 5)/f\(n)").path,
                    scratch.url.appending(path: "t\(tree)/d\(n % 5)/f\(n)").path)
            }
        }
        let root = try scratch.open()
        var (all, few) = (LinkMemory(), LinkMemory(limit: 7))
        for tree in 0...4 {
            let directory = try root.open(Bytes("t\(tree)"))
            let plain = try TreeMeasure(of: directory)
            #expect(try TreeMeasure(of: directory, memory: &all) == plain)
            #expect(try TreeMeasure(of: directory, memory: &few) == plain)
        }
        #expect(all.count == 50 && few.count == 7)
    }
}

@Suite("obstacles in a tree", .enabled(if: LoopDisk.isPossible, LoopDisk.whySkipped))
struct ObstacleTests {
    private func kinds(_ measure: TreeMeasure) -> [String] {
        measure.obstacles.first.map { "\($0.kind.rawValue) \($0.path.display)" }.sorted()
    }

    @Test(
        "immutable and append-only files and directories are named, and are backups still",
        arguments: [LoopDisk.Kind.ext4, .xfs])
    func attributes(kind: LoopDisk.Kind) throws {
        let disk = try LoopDisk(kind)
        for path in ["t/a/immutable", "t/a/append", "t/dir/x"] { try disk.write(path) }
        try LoopDisk.run(["chattr", "+i", disk.path("t/a/immutable"), disk.path("t/dir")])
        try LoopDisk.run(["chattr", "+a", disk.path("t/a/append")])
        let measure = try disk.measure("t")
        #expect(kinds(measure) == ["append-only a/append", "immutable a/immutable", "immutable dir"])
        #expect(measure.obstacle == nil && measure.obstacles.noBackup == nil && measure.entries == 6)
        #expect(kinds(try disk.measure("t/dir")) == ["immutable "])
    }

    @Test("the first ten are kept and all are counted; what makes it no backup is never lost among them")
    func many() throws {
        let disk = try LoopDisk(.ext4)
        for n in 0..<30 { try disk.write("t/\(n)") }
        try LoopDisk.run(["chattr", "-R", "+i"] + (0..<30).map { disk.path("t/\($0)") })
        try disk.write("t/v/.trash/vault.json")
        let measure = try disk.measure("t")
        #expect(measure.obstacles.count == 31 && measure.obstacles.first.count == 10)
        #expect(measure.obstacles.noBackup == Obstacle(.vault, at: "v"))
        #expect(measure.obstacle == "a vault lies inside it, at 'v'")
    }

    @Test(
        "mounts are not entered, whatever is mounted: another file system, this one again, on a file",
        arguments: [.ext4, .ext4Untyped] as [LoopDisk.Kind])
    func mounts(kind: LoopDisk.Kind) throws {
        let disk = try LoopDisk(kind)
        for path in ["t/a/other/x", "t/bind/x", "t/file", "t/trash/.trash/x", "source/large", "s/y"] {
            try disk.write(path, bytes: 10_000)
        }
        let before = try disk.measure("t")
        #expect(before.entries == 10 && before.obstacles.isEmpty)
        try LoopDisk.run(["mount", "-t", "tmpfs", "none", disk.path("t/a/other")])
        try LoopDisk.run(["mount", "--bind", disk.path("source"), disk.path("t/bind")])
        try LoopDisk.run(["mount", "--bind", disk.path("s/y"), disk.path("t/file")])
        defer {
            for path in ["a/other", "bind", "file"] { _ = try? LoopDisk.run(["umount", disk.path("t/" + path)]) }
        }
        let measure = try disk.measure("t")
        #expect(kinds(measure) == ["mount a/other", "mount bind", "mount file"])
        #expect(measure.obstacle != nil && measure.entries == 5)
    }

    @Test("a mount that answers nobody does not hang the walk", arguments: [.ext4, .ext4Untyped] as [LoopDisk.Kind])
    func hung(kind: LoopDisk.Kind) throws {
        let disk = try LoopDisk(kind)
        try disk.write("t/hung/x")
        try disk.write("t/z")
        let device = Glibc.open("/dev/fuse", O_RDWR | O_CLOEXEC)
        try #require(device >= 0)
        let options = "fd=\(device),rootmode=40000,user_id=0,group_id=0"
        let place = disk.path("t/hung")
        try #require(options.withCString { mount("none", place, "fuse", 0, $0) } == 0)
        // Whoever asks this mount waits until the device is closed; then the test fails instead of hanging.
        let isDone = DispatchSemaphore(value: 0)
        let closed = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            _ = isDone.wait(timeout: .now() + 20)
            close(device)
            closed.signal()
        }
        defer {
            isDone.signal()
            closed.wait()
            umount2(place, Int32(MNT_DETACH))
        }
        let start = DispatchTime.now()
        let measure = try disk.measure("t")
        #expect(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds < 10_000_000_000)
        #expect(kinds(measure) == ["mount hung"] && measure.entries == 2)
    }

    @Test("a btrfs subvolume is named and not entered; what is measured for it is measured on its own")
    func subvolume() throws {
        let disk = try LoopDisk(.btrfs)
        try disk.write("t/x", bytes: 100)
        try LoopDisk.run(["btrfs", "subvolume", "create", disk.path("t/sub")])
        try disk.write("t/sub/deep/y", bytes: 5000)
        let measure = try disk.measure("t")
        #expect(kinds(measure) == ["subvolume sub"] && measure.entries == 2)
        #expect(measure.obstacles.noBackup == nil && measure.obstacle != nil)

        let tree = try disk.open("t")
        let inside = try #require(try tree.openSubvolume("sub"))
        #expect(try TreeMeasure(of: inside).entries == 3)
        #expect(ManagedMeasure(of: inside).size >= 5000)
        #expect(try tree.openSubvolume("x") == nil && tree.openSubvolume("nothing") == nil)
        #expect(try inside.openSubvolume("deep") == nil)
        #expect(try tree.openSubvolume("..") == nil)
    }

    @Test("a mount on a subvolume's name is no subvolume")
    func mountedOver() throws {
        let disk = try LoopDisk(.btrfs)
        try LoopDisk.run(["btrfs", "subvolume", "create", disk.path("sub")])
        try LoopDisk.run(["mount", "-t", "tmpfs", "none", disk.path("sub")])
        defer { _ = try? LoopDisk.run(["umount", disk.path("sub")]) }
        #expect(try disk.open().openSubvolume("sub") == nil)
    }
}

@Suite("measuring what is opaque")
struct OpaqueMeasureTests {
    @Test("size and the newest file; stopped or over the limit it is at least that much")
    func measure() throws {
        let scratch = try Scratch()
        for n in 0..<40 { try scratch.write("r/d\(n)/f", String(repeating: "x", count: 1000)) }
        let newest = scratch.url.appending(path: "r/d7/f").path
        for n in 0..<40 {
            var times = [timeval(tv_sec: 1000 + n, tv_usec: 0), timeval(tv_sec: 1000 + n, tv_usec: 0)]
            utimes(scratch.url.appending(path: "r/d\(n)/f").path, &times)
        }
        var late = [timeval(tv_sec: 5000, tv_usec: 0), timeval(tv_sec: 5000, tv_usec: 0)]
        utimes(newest, &late)
        let tree = try scratch.open().open("r")
        let whole = ManagedMeasure(of: tree)
        #expect(whole.size == 40_000 && whole.newest == Timestamp(seconds: 5000) && !whole.isAtLeast)
        let part = ManagedMeasure(of: tree, entryLimit: 20)
        #expect(part.isAtLeast && part.size > 0 && part.size < whole.size)
        #expect(ManagedMeasure(of: tree, shouldStop: { true }).isAtLeast)
    }

    @Test("a set of files")
    func files() throws {
        let scratch = try Scratch()
        try scratch.write("a.1.dar", "123")
        try scratch.write("a.2.dar", "12")
        let root = try scratch.open()
        #expect(ManagedMeasure(of: ["a.1.dar", "a.2.dar"], in: root).size == 5)
        #expect(ManagedMeasure(of: ["a.1.dar", "gone"], in: root).isAtLeast)
    }
}
