internal import Glibc
internal import Disk
package import Model

/// The log as a file: read from its end, cut, append, read through.
final class LogFile {
    private let descriptor: Int32
    private let path: Bytes

    init(_ path: Bytes) throws(Fault) {
        self.path = path
        descriptor = open(path.text, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw .system("open", path, errno) }
    }

    deinit { close(descriptor) }

    /// The number and hash of the last whole line. What stands behind it was never acknowledged, and is cut off.
    func cutTornTail() throws(Fault) -> (seq: Int, hash: String)? {
        let size = try self.size()
        guard size > 0 else { return nil }
        // Most lines are some hundred bytes. Paths end at 4 KiB and are written at most four times.
        for length in [8192, 1 << 20] {
            let start = max(0, size - length)
            let bytes = try read(size - start, at: start)
            guard let end = bytes.lastIndex(of: 0x0A) else { continue }
            let before = bytes[..<end].lastIndex(of: 0x0A)
            guard before != nil || start == 0 || length > 8192 else { continue }
            if end + 1 < bytes.count { try cut(to: start + end + 1) }
            return AuditLine(bytes[(before.map { $0 + 1 } ?? 0)..<end]).map { ($0.seq, $0.hash) }
        }
        guard size <= 1 << 20 else {
            throw Fault(.damaged, "the end of the audit log '\(path.display)' is no text", path: path)
        }
        try cut(to: 0)
        return nil
    }

    /// Bytes kept allocated behind the end, so that the intents of a purge find room on a full disk.
    private static let reserve = 1 << 20

    func append(_ bytes: [UInt8]) throws(Fault) {
        let end = try size()
        do {
            try write(bytes)
        } catch {
            // Half a line was never acknowledged.
            try cut(to: end)
            throw error
        }
        keepReserve(behind: end + bytes.count)
        guard fdatasync(descriptor) == 0 else { throw .system("sync", path, errno) }
    }

    /// Where it cannot be had (a full disk, a file system without), there is none.
    private func keepReserve(behind end: Int) {
        var stat = stat()
        // Half of it is left: nothing to do, most of the time.
        guard fstat(descriptor, &stat) == 0, Int(stat.st_blocks) * 512 < end + Self.reserve / 2 else { return }
        _ = Directory.reserve(descriptor, from: end, count: Self.reserve)
    }

    private func write(_ bytes: [UInt8]) throws(Fault) {
        var done = 0
        while done < bytes.count {
            let n = bytes[done...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if n < 0, errno == EINTR { continue }
            guard n > 0 else { throw .system("write", path, n < 0 ? errno : EIO) }
            done += n
        }
    }

    private func size() throws(Fault) -> Int {
        let size = lseek(descriptor, 0, SEEK_END)
        guard size >= 0 else { throw .system("look at", path, errno) }
        return size
    }

    private func cut(to size: Int) throws(Fault) {
        guard ftruncate(descriptor, size) == 0 else { throw .system("repair the end of", path, errno) }
    }

    private func read(_ count: Int, at offset: Int) throws(Fault) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let n = bytes[done...].withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress, $0.count, off_t(offset + done))
            }
            if n < 0, errno == EINTR { continue }
            guard n > 0 else { throw .system("read", path, n < 0 ? errno : EIO) }
            done += n
        }
        return bytes
    }
}

/// Reads a log line by line, and on from where it stopped.
package struct LogReader {
    private let path: Bytes
    /// Where the first line stands that was not yet given.
    private var offset: Int

    package init(_ path: Bytes, from offset: Int = 0) {
        self.path = path
        self.offset = offset
    }

    /// The whole lines that have come since the last call, some thousand at most and none at the end; an unfinished one
    /// waits.
    package mutating func next() throws(Fault) -> [ArraySlice<UInt8>] {
        let fd = open(path.text, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard fd >= 0 else {
            if errno == ENOENT { return [] }
            throw .system("open", path, errno)
        }
        defer { close(fd) }
        let size = lseek(fd, 0, SEEK_END)
        if size < offset { offset = 0 }  // cut or replaced: from the start
        for length in [1 << 20, 16 << 20] {
            let chunk = try Self.read(fd, length, at: offset, path)
            let lines = chunk.wholeLines
            if let last = lines.last {
                offset += last.endIndex + 1
                return lines.filter { !$0.isEmpty }
            }
            guard chunk.count == length else { return [] }
        }
        throw Fault(.damaged, "'\(path.display)' holds what is no line of text", path: path)
    }

    private static func read(_ fd: Int32, _ count: Int, at offset: Int, _ path: Bytes) throws(Fault) -> [UInt8] {
        var failed: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                let n = pread(fd, buffer.baseAddress! + done, count - done, off_t(offset + done))
                if n < 0, errno == EINTR { continue }
                if n < 0 { failed = errno }
                guard n > 0 else { return }
                done += n
            }
        }
        guard failed == 0 else { throw .system("read", path, failed) }
        return bytes
    }
}

extension [UInt8] {
    /// The lines that have their end, without it.
    fileprivate var wholeLines: [ArraySlice<UInt8>] {
        var ends: [Int] = []
        withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress else { return }
            var from = 0
            while let found = memchr(base + from, 0x0A, buffer.count - from) {
                from = base.distance(to: found) + 1
                ends.append(from - 1)
            }
        }
        var start = 0
        return ends.map { end in
            defer { start = end + 1 }
            return self[start..<end]
        }
    }
}

extension Bytes {
    /// A path for the system calls of this file. Ours are configured as text and have no NUL.
    fileprivate var text: String { String(decoding: storage, as: UTF8.self) }
}
