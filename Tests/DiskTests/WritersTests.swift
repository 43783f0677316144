import Disk
import Foundation
import Glibc
import Model
import Support
import Testing

/// The lease probe, on the real kernel.
@Suite("writers")
struct WritersTests {
    init() { Signals.ignoreFatal() }

    @Test("a shared mapping that can be written is a writer, long after its descriptor is closed")
    func mapping() throws {
        let scratch = try Scratch()
        let file = try scratch.write("a", String(repeating: "x", count: 8192))
        let root = try scratch.open()
        let fd = Glibc.open(file.path, O_RDWR)
        let pages = try #require(mmap(nil, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0))
        close(fd)
        #expect(FileLook("a", in: root).writer() == .written)
        munmap(pages, 8192)
        #expect(FileLook("a", in: root).writer() == .free)
        let reading = Glibc.open(file.path, O_RDONLY)
        let readable = try #require(mmap(nil, 8192, PROT_READ, MAP_SHARED, reading, 0))
        #expect(FileLook("a", in: root).writer() == .free, "a mapping for reading only")
        munmap(readable, 8192)
        close(reading)
    }

    @Test("what cannot be opened, or is no file, is unsupported; a pipe does not block")
    func unsupported() throws {
        let scratch = try Scratch()
        try scratch.write("d/file")
        try FileManager.default.createSymbolicLink(
            at: scratch.url.appending(path: "link"), withDestinationURL: scratch.url.appending(path: "d/file"))
        mkfifo(scratch.url.appending(path: "fifo").path, 0o600)
        let root = try scratch.open()
        for name: Bytes in ["gone", "d", "link", "fifo"] {
            #expect(FileLook(name, in: root).writer() == .unsupported)
            #expect(try FileLook(name, in: root).ends(head: 1, tail: 1) == nil)
        }
        #expect(try FileLook("null", in: Directory.open(absolute: "/dev")).ends(head: 1, tail: 1) == nil)
    }

    @Test("a write lease, as file servers hold, is a writer, and is not waited for")
    func writeLease() throws {
        let scratch = try Scratch()
        let file = try scratch.write("a")
        let fd = Glibc.open(file.path, O_RDONLY)
        defer { close(fd) }
        let setLease: Int32 = 1024
        try #require(fcntl(fd, setLease, Int32(F_WRLCK)) == 0)
        // The break time is 45 s; a probe that waited would take all of it, or turn in circles.
        #expect(try FileLook("a", in: scratch.open()).writer() == .written)
    }

    @Test(
        "another's file, as an ordinary user: no lease, so only time can tell; it can be read all the same",
        .enabled(if: Privilege.isRoot, "not root"))
    func anothers() throws {
        let scratch = try Scratch()
        try scratch.write("theirs", "content")
        let root = try scratch.open()
        #expect(FileLook("theirs", in: root).writer() == .free)
        try Privilege.asNobody {
            #expect(FileLook("theirs", in: root).writer() == .unsupported)
            // O_NOATIME is refused to him; it is read without.
            let ends = try FileLook("theirs", in: root).ends(head: 3, tail: 3)
            #expect(ends?.tail == Array("ent".utf8))
        }
        #expect(FileLook("theirs", in: root).writer() == .free)
    }

    @Test("looking leaves the access time as it is")
    func accessTime() throws {
        let scratch = try Scratch()
        let file = try scratch.write("a", "content")
        let root = try scratch.open()
        let old = timespec(tv_sec: 1_000_000_000, tv_nsec: 0)
        utimensat(AT_FDCWD, file.path, [old, timespec(tv_sec: 1_100_000_000, tv_nsec: 0)], 0)
        #expect(try FileLook("a", in: root).ends(head: 100, tail: 100)?.head == Array("content".utf8))
        #expect(FileLook("a", in: root).writer() == .free)
        var seen = stat()
        stat(file.path, &seen)
        #expect(seen.st_atim.tv_sec == 1_000_000_000)
        // Where the file system is mounted noatime, the above shows nothing.
        _ = try Data(contentsOf: file)
        stat(file.path, &seen)
        if seen.st_atim.tv_sec == 1_000_000_000 { print("writers: access times are not kept here") }
    }

    @Test("both ends of a file, however short")
    func ends() throws {
        let scratch = try Scratch()
        try scratch.write("a", "0123456789")
        try scratch.write("empty", "")
        let root = try scratch.open()
        let both = try #require(try FileLook("a", in: root).ends(head: 3, tail: 4))
        #expect(both.head == Array("012".utf8) && both.tail == Array("6789".utf8) && both.size == 10)
        let seen = try #require(try root.sighting(of: "a"))
        #expect(both.inode == seen.inode && both.ctime == seen.ctime)
        #expect(try FileLook("a", in: root).ends(head: 50, tail: 50)?.tail.count == 10)
        let wanted = try FileLook("a", in: root).ends(head: 2) { $0 == Array("01".utf8) ? 1 : 5 }
        #expect(wanted?.tail == [0x39])
        #expect(try FileLook("empty", in: root).ends(head: 50, tail: 50)?.head == [])
    }

    // MARK: Directories and sets

    @Test("of a directory, the 64 files that changed last are asked")
    func tree() throws {
        let scratch = try Scratch()
        try scratch.write("t/old")
        let held = try FileHandle(forWritingTo: scratch.url.appending(path: "t/old"))
        // Later than `old` by at least a tick of the kernel's coarse clock.
        usleep(20_000)
        for n in 0..<64 { try scratch.write("t/\(n % 7)/\(n % 3)/file-\(n)") }
        try FileManager.default.createSymbolicLink(
            at: scratch.url.appending(path: "t/link"), withDestinationURL: scratch.url)
        let tree = try scratch.open().open("t")
        #expect(try WriterSearch(in: tree).newestFiles().newestFirst.count == 64)
        #expect(
            try WriterSearch(in: tree).writer() == .free, "its writer has not touched it for longer than all others")
        #expect(try WriterSearch(in: tree).writer(ofNewest: 65) == .written)
        try held.write(contentsOf: Data("y".utf8))
        #expect(try WriterSearch(in: tree).writer() == .written)
        #expect(try WriterSearch(in: tree).newestFiles(1).newestFirst == ["old"])
        try held.close()
        #expect(try WriterSearch(in: tree).writer() == .free)
        let deep = try FileHandle(forWritingTo: scratch.url.appending(path: "t/6/0/file-6"))
        try deep.write(contentsOf: Data("y".utf8))
        #expect(try WriterSearch(in: tree).writer() == .written)
        try deep.close()
    }

    @Test("of a set, the members that changed last are asked")
    func set() throws {
        let scratch = try Scratch()
        for n in 0..<5 { try scratch.write("x.\(n)") }
        try scratch.write("d/file")
        let root = try scratch.open()
        let members = try (0..<5).map { try #require(try root.sighting(of: Bytes("x.\($0)"))) }
        let directory = try #require(try root.sighting(of: "d"))
        #expect(WriterSearch(in: root).writer(of: members + [directory]) == .free)
        let writer = try FileHandle(forWritingTo: scratch.url.appending(path: "x.3"))
        #expect(WriterSearch(in: root).writer(of: members) == .written)
        try writer.close()
        #expect(WriterSearch(in: root).writer(of: []) == .free)
    }

    @Test("the newest are the newest, whatever the order; ties by path")
    func heap() {
        var random = Seeded(seed: 64)
        for count in [0, 1, 2, 63, 64, 65, 1000] {
            let files = (0..<count).map { n in
                (path: Bytes("f\(n)"), mtime: Int64.random(in: 0...50, using: &random), ctime: Int64(n % 13))
            }
            let sorted = files.sorted { (max($0.mtime, $0.ctime), $0.path) > (max($1.mtime, $1.ctime), $1.path) }
            for _ in 0..<3 {
                var newest = NewestFiles()
                for file in files.shuffled(using: &random) {
                    newest.consider(
                        file.path, mtime: Timestamp(nanoseconds: file.mtime), ctime: Timestamp(nanoseconds: file.ctime))
                }
                #expect(newest.newestFirst == sorted.prefix(64).map(\.path))
            }
        }
    }

    // MARK: FUSE

    @Test(
        "FUSE: a writer on this side of the mount is seen, one behind it is not: free says nothing there",
        .enabled(if: FuseMount.isPossible, "no root, no /dev/fuse or no bindfs"))
    func fuse() throws {
        let scratch = try Scratch()
        try scratch.write("behind/a")
        try scratch.write("beside")
        try FileManager.default.createDirectory(
            at: scratch.url.appending(path: "mount"), withIntermediateDirectories: false)
        let mount = try FuseMount(of: scratch.url.appending(path: "behind"), at: scratch.url.appending(path: "mount"))
        defer { mount.end() }
        let here = try scratch.open().open("mount", crossMounts: true)
        let quiet = FileLook("a", in: here).writer()
        let local = try FileHandle(forWritingTo: scratch.url.appending(path: "mount/a"))
        let seen = FileLook("a", in: here).writer()
        try local.close()
        let hidden = try FileHandle(forWritingTo: scratch.url.appending(path: "behind/a"))
        let missed = FileLook("a", in: here).writer()
        try hidden.close()
        print("writers: on FUSE, nobody: \(quiet), one here: \(seen), one behind the mount: \(missed)")
        #expect(seen != .free)
        #expect(quiet != .written && missed != .written)
        #expect(try FileLook("a", in: here).ends(head: 1, tail: 1)?.tail == [0x78])
        // Mounts are not crossed on the way down (invariant 11).
        #expect(Set(try WriterSearch(in: scratch.open()).newestFiles().newestFirst) == ["behind/a", "beside"])
    }
}

/// bindfs, which ends with its mount.
private final class FuseMount {
    /// In CI it must be.
    static var isPossible: Bool {
        if ProcessInfo.processInfo.environment["CI"] != nil { return true }
        let tools = ["/usr/bin/bindfs", "/dev/fuse", "/usr/bin/umount"]
        return Privilege.isRoot && tools.allSatisfy { FileManager.default.fileExists(atPath: $0) }
    }

    private let process = Process()
    private let target: URL

    init(of source: URL, at target: URL) throws {
        self.target = target
        process.executableURL = URL(filePath: "/usr/bin/bindfs")
        process.arguments = ["-f", "-o", "attr_timeout=0,entry_timeout=0", source.path, target.path]
        try process.run()
        let end = Date().addingTimeInterval(10)
        while !FileManager.default.fileExists(atPath: target.appending(path: "a").path), Date() < end {
            usleep(20_000)
        }
        try #require(FileManager.default.fileExists(atPath: target.appending(path: "a").path), "bindfs did not mount")
    }

    func end() {
        let detach: Int32 = 2
        if umount2(target.path, detach) != 0 { print("writers: could not unmount \(target.path): \(errno)") }
        let end = Date().addingTimeInterval(5)
        while process.isRunning, Date() < end { usleep(20_000) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }
}

/// glibc's setresuid would change all threads, and with them all tests that run now; the system call changes one.
@_silgen_name("syscall") private func systemCall(_ number: Int, _ a: Int, _ b: Int, _ c: Int) -> Int

enum Privilege {
    static var isRoot: Bool { geteuid() == 0 }

    /// Runs as an ordinary user, without any capability, on this thread only.
    static func asNobody(_ body: () throws -> Void) throws {
        #if arch(arm64)
            let setresuid = 147
        #else
            let setresuid = 117
        #endif
        try #require(systemCall(setresuid, -1, 65534, -1) == 0)
        defer { _ = systemCall(setresuid, -1, 0, -1) }
        try body()
    }
}
