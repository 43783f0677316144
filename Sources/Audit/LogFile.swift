internal import Foundation
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
        // A record is far below 1 MiB: paths end at 4 KiB and are written at most four times.
        let length = min(size, 1 << 20)
        var bytes = try read(length, at: size - length)
        guard let end = bytes.lastIndex(of: 0x0A) else {
            guard size <= 1 << 20 else {
                throw Fault(.damaged, "the end of the audit log '\(path.display)' is no text", path: path)
            }
            try cut(to: 0)
            return nil
        }
        if end + 1 < bytes.count { try cut(to: size - length + end + 1) }
        bytes.removeSubrange(end...)
        let start = bytes.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        guard let line = try? JSONDecoder().decode(AuditLine.self, from: Data(bytes[start...])) else { return nil }
        return (line.seq, line.hash)
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
    private var offset: Int
    private var rest: [UInt8] = []

    package init(_ path: Bytes, from offset: Int = 0) {
        self.path = path
        self.offset = offset
    }

    /// The whole lines that have come since the last call; an unfinished one waits. `limit`: bytes at most.
    package mutating func next(limit: Int = 8 << 20) throws(Fault) -> [[UInt8]] {
        let fd = open(path.text, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard fd >= 0 else {
            if errno == ENOENT { return [] }
            throw .system("open", path, errno)
        }
        defer { close(fd) }
        let size = lseek(fd, 0, SEEK_END)
        if size < offset {  // cut or replaced: from the start
            offset = 0
            rest = []
        }
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        var taken = 0
        while taken < limit {
            let n = pread(fd, &chunk, chunk.count, off_t(offset))
            if n < 0, errno == EINTR { continue }
            guard n >= 0 else { throw .system("read", path, errno) }
            guard n > 0 else { break }
            offset += n
            taken += n
            rest += chunk[..<n]
        }
        guard let end = rest.lastIndex(of: 0x0A) else { return [] }
        let lines = rest[...end].split(separator: 0x0A).map(Array.init)
        rest.removeSubrange(...end)
        return lines
    }
}

extension Bytes {
    /// A path for the system calls of this file. Ours are configured as text and have no NUL.
    fileprivate var text: String { String(decoding: storage, as: UTF8.self) }
}
