internal import CLinux
internal import Glibc
package import Model

/// One file of a directory, opened to look at it and to leave no trace: no link is followed and no mount crossed, the
/// access time stays where that is permitted, and only a regular file is opened at all (a tape would rewind).
package struct FileLook {
    let directory: Directory
    let name: Bytes
    private var layer: any FileLayer { directory.layer }
    private var whole: Bytes { directory.path.appending(name) }

    package init(_ name: Bytes, in directory: Directory) { (self.directory, self.name) = (directory, name) }

    /// At most `head` bytes of a file's beginning and `tail` of its end. `nil` where no regular file has that name. A
    /// file that is cut off meanwhile gives fewer.
    package func ends(head: Int, tail: Int) throws(Fault) -> FileEnds? {
        try ends(head: head) { _ in tail }
    }

    /// The same, where the beginning tells how much of the end is wanted.
    package func ends(head: Int, tail: ([UInt8]) -> Int) throws(Fault) -> FileEnds? {
        let (fd, whole) = (open(), whole)
        guard fd != -ENOENT, fd != -EISDIR, fd != -ENXIO else { return nil }
        try check(fd, "open", whole)
        defer { layer.close(fd) }
        var stat = cl_stat()
        try check(cl_statx(fd, "", 1, &stat), "look at", whole)
        let size = Int64(clamping: stat.size)
        let first = try Self.read(fd, at: 0, count: Int(min(size, Int64(head))), whole)
        let count = min(size, Int64(max(0, tail(first))))
        let last = try Self.read(fd, at: size - count, count: Int(count), whole)
        return FileEnds(
            size: size, inode: stat.ino, ctime: Timestamp(nanoseconds: stat.ctime), head: first, tail: last)
    }

    /// Its content, a megabyte at a time, from its start to its end. `false`: no regular file has that name.
    package func forEachChunk(_ body: (UnsafeRawBufferPointer) -> Void) throws(Fault) -> Bool {
        let (fd, whole) = (open(), whole)
        guard fd != -ENOENT, fd != -EISDIR, fd != -ENXIO else { return false }
        try check(fd, "open", whole)
        defer { layer.close(fd) }
        try layer.forEachChunk(fd, whole, bytes: 1 << 20) { chunk throws(Fault) in body(chunk) }
        return true
    }

    /// Its data in these places.
    package func forEachChunk(
        in ranges: [Range<Int64>], _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(Fault) {
        let whole = whole
        let file = try check(open(), "open", whole)
        defer { layer.close(file) }
        for range in ranges {
            try Self.forEachChunk(of: file, in: range, whole) { bytes, _ throws(Fault) in body(bytes) }
        }
    }

    /// Whether somebody writes it: asks with a read lease, for microseconds. Needs SIGIO ignored
    /// (``Signals/ignoreFatal()``).
    ///
    /// Behind a mount (NFS, SMB, FUSE) it sees at most the writers of this machine: who trusts *free* there is wrong.
    package func writer() -> WriterAnswer {
        let fd = open()
        // Somebody holds a write lease, a file server for a client that may be writing; he is asked to give it up.
        guard fd != -EAGAIN else { return .written }
        guard fd >= 0 else { return .unsupported }
        defer { layer.close(fd) }  // and the lease with it
        return Lease.answer(layer.takeLease(fd))
    }

    /// The same, held until it is released: who opens the file for writing from now on is noticed.
    package func lease() -> Lease {
        let fd = open()
        guard fd >= 0 else { return Lease(layer, -1, fd == -EAGAIN ? .written : .unsupported) }
        return Lease(layer, fd, Lease.answer(layer.takeLease(fd)))
    }

    /// The caller closes it. -errno: not opened; -ENXIO: not a regular file.
    func open() -> Int32 {
        var stat = cl_stat()
        let seen = layer.stat(directory.descriptor, name, &stat)
        guard seen >= 0 else { return seen }
        guard stat.mode & S_IFMT == S_IFREG else { return -ENXIO }
        guard stat.dev == directory.device else { return -EXDEV }
        let flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
        let resolve = UInt32(CL_BENEATH | CL_NO_XDEV | CL_NO_ATIME)
        return layer.open(directory.descriptor, name, flags: flags, mode: 0, resolve: resolve)
    }

    private static func read(_ fd: Int32, at offset: Int64, count: Int, _ path: Bytes) throws(Fault) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let n = bytes[done...].withUnsafeMutableBytes {
                pread(fd, $0.baseAddress, $0.count, Int(offset) + done)
            }
            if n < 0, errno == EINTR { continue }
            guard n >= 0 else { throw .system("read", path, errno) }
            guard n > 0 else { break }
            done += n
        }
        return Array(bytes.prefix(done))
    }

    static func forEachChunk(
        of file: Int32, in range: Range<Int64>, _ path: Bytes,
        _ body: (UnsafeRawBufferPointer, Int64) throws(Fault) -> Void
    ) throws(Fault) {
        let most = 1 << 20
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: most, alignment: 64)
        defer { buffer.deallocate() }
        var at = range.lowerBound
        while at < range.upperBound {
            let n = pread(file, buffer, min(most, Int(range.upperBound - at)), off_t(at))
            if n < 0, errno == EINTR { continue }
            guard n >= 0 else { throw .system("read", path, errno) }
            guard n > 0 else { throw Fault(.failed, "'\(path.display)' became shorter while it was read", path: path) }
            try body(UnsafeRawBufferPointer(start: buffer, count: n), at)
            at += Int64(n)
        }
    }
}

/// The first and the last bytes of a file, and what it was when they were read.
package struct FileEnds: Hashable, Sendable {
    package var size: Int64
    package var inode: UInt64
    package var ctime: Timestamp
    package var head: [UInt8]
    /// Overlaps the head in a short file.
    package var tail: [UInt8]
}
