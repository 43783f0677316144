import Foundation
import Testing

/// A disk that can be put back to any moment of its past: a file system in a loop device above a FUSE file that writes
/// down every write and every flush (`Tests/Labs/blocklog.c`). Unmounted with the test, however it ends.
final class PowerCutDisk {
    /// In CI these tests are never left out: there they fail where something is missing.
    static let isPossible = Disk.canMount && (ProcessInfo.processInfo.environment["CI"] != nil || hasTools)
    private static let hasTools =
        FileManager.default.fileExists(atPath: "/dev/fuse")
        && (try? CLIFixture.launch(["/usr/bin/env", "pkg-config", "--exists", "fuse3"]).status) == 0

    let kind: Disk.Kind
    /// Where the file system is mounted, and later each image: the same path, so that the vault is the same.
    let root: URL
    /// All files of the laboratory are in memory.
    private let memory: Disk
    private let recorder: Process
    private var image: URL { memory.root.appending(path: "image") }
    private var log: URL { memory.root.appending(path: "log") }
    private var blocks: URL { memory.root.appending(path: "blocks", directoryHint: .isDirectory) }

    /// Another disk cannot be mounted; a smaller one is copied sooner.
    static func megabytes(_ kind: Disk.Kind) -> Int {
        switch kind {
        case .xfs: 320
        case .btrfs: 128
        case .ext4, .tmpfs: 64
        }
    }

    init(_ kind: Disk.Kind) throws {
        self.kind = kind
        memory = try Disk(.tmpfs, megabytes: 1024)
        root = memory.root.appending(path: "mounted", directoryHint: .isDirectory)
        let places = (image: memory.root.appending(path: "image"), log: memory.root.appending(path: "log"))
        let blocks = memory.root.appending(path: "blocks", directoryHint: .isDirectory)
        for directory in [root, blocks] {
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        }
        let program = memory.root.appending(path: "blocklog")
        try Self.compile("blocklog.c", to: program, with: "$(pkg-config --cflags --libs fuse3)")
        #expect(FileManager.default.createFile(atPath: places.image.path, contents: nil))
        #expect(truncate(places.image.path, off_t(Self.megabytes(kind) << 20)) == 0)
        try Disk.run(kind.make + [places.image.path])
        try Disk.run(["fallocate", "--dig-holes", places.image.path])
        try Disk.run(["cp", places.image.path, memory.root.appending(path: "base").path])

        recorder = Process()
        recorder.executableURL = program
        recorder.arguments = [places.image.path, places.log.path, blocks.path]
        recorder.standardInput = FileHandle.nullDevice
        try recorder.run()
        let disk = blocks.appending(path: "disk").path
        for _ in 0..<500 where !FileManager.default.fileExists(atPath: disk) { usleep(20_000) }
        try Disk.run(["mount", "-o", "loop", disk, root.path])
    }

    deinit {
        _ = try? CLIFixture.launch(["/usr/bin/env", "umount", "-l", root.path])
        _ = try? CLIFixture.launch(["/usr/bin/env", "umount", "-l", blocks.path])
        if recorder.isRunning { kill(recorder.processIdentifier, SIGKILL) }
        recorder.waitUntilExit()
    }

    /// A program of `Tests/Labs`.
    static func compile(_ name: String, to program: URL, with options: String) throws {
        let source = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Labs/\(name)")
        try Disk.run(["sh", "-c", "cc -O1 -Wall -Werror -o '\(program.path)' '\(source.path)' \(options)"])
    }

    /// How much was recorded up to now: a moment.
    func moment() throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: log.path)[.size] as? Int)
    }

    /// Everything that was written is in the log.
    func flush() throws { try Disk.run(["sync", "-f", root.path]) }

    /// Ends the recording, unmounts, and answers what was recorded.
    func finish() throws -> BlockLog {
        try Disk.run(["umount", root.path])
        try Disk.run(["umount", blocks.path])
        recorder.waitUntilExit()
        #expect(recorder.terminationStatus == 0, "the recording file system failed")
        return try BlockLog(Data(contentsOf: log), base: memory.root.appending(path: "base"))
    }

    /// Mounts an image like after a power cut, for the time of `body`; what happens there happens to a copy.
    func mounted<T>(_ image: BlockLog.Image, _ body: () throws -> T) throws -> T {
        let copy = memory.root.appending(path: "copy")
        try image.write(to: copy)
        let outcome = try CLIFixture.launch(["/usr/bin/env", "mount", "-o", "loop", copy.path, root.path])
        guard outcome.status == 0 else { throw MountFailure(text: outcome.error) }
        defer {
            // A process that just ended may still hold something for a moment.
            for _ in 0..<50 {
                if (try? CLIFixture.launch(["/usr/bin/env", "umount", root.path]))?.status == 0 { break }
                usleep(100_000)
            }
        }
        return try body()
    }

    struct MountFailure: Error { var text: String }
}

/// Everything that was written to a disk, in order, and the disk as it was before.
final class BlockLog {
    enum Entry {
        /// Bytes of the log.
        case write(offset: Int, bytes: Range<Int>)
        case flush
    }

    let entries: [Entry]
    private let data: Data
    /// Where each entry ends in the log.
    private let ends: [Int]
    /// The disk as it was after the first ``settledCount`` entries.
    private let settled: URL
    private var settledCount = 0

    init(_ data: Data, base: URL) {
        var (entries, ends, at): ([Entry], [Int], Int) = ([], [], 0)
        data.withUnsafeBytes { bytes in
            while at + 16 <= bytes.count {
                let offset = bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                let length = Int(bytes.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self))
                at += 16
                entries.append(offset == .max ? .flush : .write(offset: Int(offset), bytes: at..<at + length))
                at += length
                ends.append(at)
            }
        }
        (self.data, self.entries, self.ends, settled) = (data, entries, ends, base)
    }

    /// How many entries a moment had seen.
    func count(at moment: Int) -> Int { ends.firstIndex { $0 > moment } ?? ends.count }

    /// What a disk can hold when the power goes.
    struct Image {
        fileprivate let log: BlockLog
        /// All of these reached the disk: the writes before the last flush.
        fileprivate let whole: Int
        /// Of the later ones, these pieces.
        fileprivate let pieces: [Piece]

        /// `copy` becomes this image.
        fileprivate func write(to copy: URL) throws {
            try log.settle(whole)
            try Disk.run(["cp", log.settled.path, copy.path])
            try log.write(pieces, to: copy)
        }
    }

    /// A part of a write that a disk does whole or not at all.
    fileprivate struct Piece {
        var offset: Int
        var bytes: Range<Int>
    }

    /// A disk that did the first `count` writes and no other.
    func prefix(_ count: Int) -> Image {
        let whole = lastFlush(before: count)
        return Image(log: self, whole: whole, pieces: entries[whole..<count].flatMap { pieces($0) })
    }

    /// A disk that did all before the last flush, and of what came later, up to `count`, a random part in blocks of 4
    /// KiB.
    func subset(_ count: Int, _ generator: inout SeededGenerator) -> Image {
        let whole = lastFlush(before: count)
        let percent = [10, 50, 90].randomElement(using: &generator) ?? 50
        let all = entries[whole..<count].flatMap { pieces($0) }
        let some = all.filter { _ in Int.random(in: 0..<100, using: &generator) < percent }
        return Image(log: self, whole: whole, pieces: some)
    }

    private func lastFlush(before count: Int) -> Int {
        var at = count
        while at > 0 {
            if case .flush = entries[at - 1] { return at }
            at -= 1
        }
        return 0
    }

    private func pieces(_ entry: Entry) -> [Piece] {
        guard case .write(let offset, let bytes) = entry else { return [] }
        var (found, at): ([Piece], Int) = ([], 0)
        while at < bytes.count {
            // To the next block of the disk.
            let end = min(at + 4096 - (offset + at) % 4096, bytes.count)
            found.append(Piece(offset: offset + at, bytes: bytes.lowerBound + at..<bytes.lowerBound + end))
            at = end
        }
        return found
    }

    /// Images are asked for in the order of time: what is settled is never taken back.
    private func settle(_ count: Int) throws {
        precondition(count >= settledCount, "images go forward in time")
        guard count > settledCount else { return }
        try write(entries[settledCount..<count].flatMap { pieces($0) }, to: settled)
        settledCount = count
    }

    private func write(_ pieces: [Piece], to image: URL) throws {
        let descriptor = open(image.path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw POSIXError(.EIO) }
        defer { close(descriptor) }
        try data.withUnsafeBytes { bytes in
            for piece in pieces {
                let start = bytes.baseAddress?.advanced(by: piece.bytes.lowerBound)
                let done = pwrite(descriptor, start, piece.bytes.count, off_t(piece.offset))
                guard done == piece.bytes.count else { throw POSIXError(.ENOSPC) }
            }
        }
    }
}
