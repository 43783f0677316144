package import CLinux
internal import Glibc
package import Model

/// The system calls through which a vault and the state directory are seen and changed, each one call thick.
///
/// ``LinuxFileLayer`` is the kernel. Tests put another in its place: one in memory that stops after each step, one that
/// fails the n-th call. Every function answers a value >= 0, or -errno. An empty name means the descriptor itself.
package protocol FileLayer: Sendable {
    /// By an absolute path, links followed.
    func open(absolute path: Bytes, flags: Int32) -> Int32
    /// `resolve`: `CL_BENEATH`, `CL_NO_XDEV`.
    func open(_ directory: Int32, _ path: Bytes, flags: Int32, mode: UInt32, resolve: UInt32) -> Int32
    func close(_ file: Int32)
    func stat(_ directory: Int32, _ name: Bytes, _ stat: inout cl_stat) -> Int32
    /// The handle of an object, the same for all its names and for as long as it lives.
    func object(_ directory: Int32, _ name: Bytes, _ handle: inout (type: Int32, bytes: Bytes)) -> Int32
    /// The next names of a listing; none at its end.
    func list(_ directory: Int32, _ entries: inout [Directory.Entry]) -> Int32
    func rewind(_ directory: Int32)
    func read(_ file: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int
    func write(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int
    func truncate(_ file: Int32) -> Int32
    func makeDirectory(_ directory: Int32, _ name: Bytes, mode: UInt32) -> Int32
    func setOwner(_ file: Int32, uid: UInt32, gid: UInt32) -> Int32
    func setMode(_ file: Int32, _ mode: UInt32) -> Int32
    /// `replacing` false: RENAME_NOREPLACE.
    func rename(
        _ directory: Int32, _ name: Bytes, to target: Int32, as newName: Bytes, replacing: Bool
    ) -> Int32
    /// A second name for a file.
    func link(_ directory: Int32, _ name: Bytes, to target: Int32, as newName: Bytes) -> Int32
    func unlink(_ directory: Int32, _ name: Bytes, isDirectory: Bool) -> Int32
    /// How many threads may unlink names of this file system at once: 1 where more are slower, or the order counts.
    func unlinkingThreads(_ directory: Int32) -> Int
    func sync(file: Int32) -> Int32
    /// What was renamed, made or removed in it becomes durable. 1: and everything else on its file system.
    func sync(directory: Int32) -> Int32
    func lock(_ file: Int32, isExclusive: Bool) -> Int32
    /// A read lease: 0 granted, -EAGAIN somebody writes, another error: no leases here.
    func takeLease(_ file: Int32) -> Int32
    /// Whether the lease that was taken still holds: nobody opened the file for writing since.
    func holdsLease(_ file: Int32) -> Bool
}

extension FileLayer {
    /// All that can be read of an open file, so many bytes at a time.
    func forEachChunk(
        _ fd: Int32, _ path: Bytes, bytes: Int, _ body: (UnsafeRawBufferPointer) throws(Fault) -> Void
    ) throws(Fault) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 64)
        defer { buffer.deallocate() }
        var interrupted = 0
        while true {
            let n = read(fd, buffer)
            if n == -Int(EINTR), interrupted < Directory.mostInterrupted {
                interrupted += 1
                continue
            }
            guard n >= 0 else { throw .system("read", path, Int32(-n)) }
            guard n > 0 else { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<n]))
        }
    }

    /// The same in one, at most `limit` bytes.
    func readAll(_ fd: Int32, _ path: Bytes, limit: Int) throws(Fault) -> Bytes {
        var bytes: [UInt8] = []
        try forEachChunk(fd, path, bytes: 65_536) { chunk throws(Fault) in
            bytes += chunk
            guard bytes.count <= limit else {
                throw Fault(.damaged, "could not read '\(path.display)': it is larger than \(limit) bytes", path: path)
            }
        }
        return Bytes(bytes)
    }
}

/// Linux itself.
package struct LinuxFileLayer: FileLayer {
    package init() {}

    package func open(absolute path: Bytes, flags: Int32) -> Int32 {
        path.withCString { answer(Glibc.open($0, flags)) }
    }

    package func open(_ directory: Int32, _ path: Bytes, flags: Int32, mode: UInt32, resolve: UInt32) -> Int32 {
        path.withCString { cl_openat2(directory, $0, flags, mode, resolve) }
    }

    package func close(_ file: Int32) { Glibc.close(file) }

    package func stat(_ directory: Int32, _ name: Bytes, _ stat: inout cl_stat) -> Int32 {
        name.withCString { cl_statx(directory, $0, name.isEmpty ? 1 : 0, &stat) }
    }

    package func object(_ directory: Int32, _ name: Bytes, _ handle: inout (type: Int32, bytes: Bytes)) -> Int32 {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 128) { buffer in
            var length = UInt32(buffer.count)
            let answer = name.withCString { cl_handle(directory, $0, &handle.type, buffer.baseAddress, &length) }
            guard answer == 0 else { return answer }
            // A FUSE handle holds a number that the kernel and the server draw anew for each look-up; XFS has handles
            // of the same type, which last.
            if handle.type & 0x80 != 0, cl_filesystem_type(directory) == 0x6573_5546 { return -EOPNOTSUPP }
            handle.bytes = Bytes(Array(buffer.prefix(Int(length))))
            return 0
        }
    }

    package func list(_ directory: Int32, _ entries: inout [Directory.Entry]) -> Int32 {
        withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 8) { buffer in
            let n = cl_getdents(directory, buffer.baseAddress, buffer.count)
            guard n > 0 else { return Int32(n) }
            let filled = UnsafeRawBufferPointer(start: buffer.baseAddress, count: n)
            Directory.Entry.decode(filled, into: &entries)
            return 0
        }
    }

    package func rewind(_ directory: Int32) { lseek(directory, 0, SEEK_SET) }

    package func read(_ file: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        answer(Glibc.read(file, buffer.baseAddress, buffer.count))
    }

    package func write(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        answer(Glibc.write(file, bytes.baseAddress, bytes.count))
    }

    package func truncate(_ file: Int32) -> Int32 { answer(ftruncate(file, 0)) }

    package func makeDirectory(_ directory: Int32, _ name: Bytes, mode: UInt32) -> Int32 {
        name.withCString { answer(mkdirat(directory, $0, mode)) }
    }

    package func setOwner(_ file: Int32, uid: UInt32, gid: UInt32) -> Int32 { answer(fchown(file, uid, gid)) }
    package func setMode(_ file: Int32, _ mode: UInt32) -> Int32 { answer(fchmod(file, mode)) }

    package func rename(
        _ directory: Int32, _ name: Bytes, to target: Int32, as newName: Bytes, replacing: Bool
    ) -> Int32 {
        name.withCString { old in
            newName.withCString { new in
                replacing
                    ? answer(renameat(directory, old, target, new))
                    : cl_renameat2_noreplace(directory, old, target, new)
            }
        }
    }

    package func link(_ directory: Int32, _ name: Bytes, to target: Int32, as newName: Bytes) -> Int32 {
        name.withCString { old in newName.withCString { answer(linkat(directory, old, target, $0, 0)) } }
    }

    package func sync(file: Int32) -> Int32 { answer(fsync(file)) }

    package func sync(directory: Int32) -> Int32 {
        // On btrfs the transaction is committed: its log has lost directories that were fsynced alone.
        cl_btrfs_commit(directory) == 0 ? 1 : answer(fsync(directory))
    }

    package func lock(_ file: Int32, isExclusive: Bool) -> Int32 { cl_flock(file, isExclusive ? 1 : 0, 0) }
    package func takeLease(_ file: Int32) -> Int32 { cl_lease(file) }
    package func holdsLease(_ file: Int32) -> Bool { cl_holds_lease(file) == 1 }

    private func answer(_ value: Int32) -> Int32 { value < 0 ? -errno : value }
    private func answer(_ value: Int) -> Int { value < 0 ? -Int(errno) : value }
}
