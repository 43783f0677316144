internal import Disk
internal import Glibc
internal import Model

/// The log as it is written: its end read and mended, then appended to. Held under `audit.lock`.
final class LogFile {
    private let file: OwnFile
    private var descriptor: Int32 { file.descriptor }
    private let path: Bytes
    /// Changes with a rename by others, and stays when a log is emptied in its place.
    let inode: UInt64

    convenience init(_ path: Bytes) throws(Fault) { try self.init(path, flags: 0) }

    /// Begins one where none is, with the access of the log before it; where that cannot be had, as it was made.
    convenience init(new path: Bytes, after other: LogFile) throws(Fault) {
        try self.init(path, flags: O_EXCL)
        LogFile.copyAccess(from: other.descriptor, to: descriptor)
    }

    private init(_ path: Bytes, flags: Int32) throws(Fault) {
        self.path = path
        let directory = try Directory.open(absolute: path.parent)
        let all = O_RDWR | O_APPEND | O_CREAT | flags
        guard let file = try directory.ownFiles.open(path.lastComponent, all, mode: 0o640) else {
            throw .system("open", path, ENOENT)
        }
        self.file = file
        var stat = stat()
        guard fstat(file.descriptor, &stat) == 0 else { throw .system("look at", path, errno) }
        inode = UInt64(stat.st_ino)
    }

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
            throw Fault(.damaged, "the end of the audit log '\(path.display)' is not text", path: path)
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
        _ = file.reserve(from: end, count: Self.reserve)
    }

    /// Gives the reserve back: nothing is appended any more.
    func giveReserveBack() throws(Fault) { try cut(to: try size()) }

    /// `new` was made by us just now.
    static func copyAccess(from old: Int32, to new: Int32) {
        var stat = stat()
        guard fstat(old, &stat) == 0 else { return }
        _ = fchown(new, stat.st_uid, stat.st_gid)
        _ = fchmod(new, stat.st_mode & 0o777)
    }

    /// Whether the disk takes another reserve, and a packed copy beside the plain one.
    func hasRoom(for bytes: Int) -> Bool {
        var space = statvfs()
        guard fstatvfs(descriptor, &space) == 0 else { return false }
        return Int(space.f_bavail) * Int(space.f_frsize) > bytes + 2 * Self.reserve
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

    func size() throws(Fault) -> Int {
        let size = lseek(descriptor, 0, SEEK_END)
        guard size >= 0 else { throw .system("look at", path, errno) }
        return size
    }

    private func cut(to size: Int) throws(Fault) {
        guard ftruncate(descriptor, size) == 0 else { throw .system("repair the end of", path, errno) }
    }

    private func read(_ count: Int, at offset: Int) throws(Fault) -> [UInt8] {
        let bytes = try PlainFile.read(descriptor, count, at: offset, path)
        guard bytes.count == count else { throw .system("read", path, EIO) }
        return bytes
    }
}

enum PlainFile {
    /// As many bytes as there are, `count` at most.
    static func read(_ descriptor: Int32, _ count: Int, at offset: Int, _ path: Bytes) throws(Fault) -> [UInt8] {
        var failed: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                let n = pread(descriptor, buffer.baseAddress! + done, count - done, off_t(offset + done))
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

extension Bytes {
    /// A path for the system calls of this room. Ours are configured as text and have no NUL.
    var text: String { String(decoding: storage, as: UTF8.self) }
}
