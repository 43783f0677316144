internal import CLinux
internal import Glibc
package import Model

/// The first and the last bytes of a file, and what it was when they were read.
package struct FileEnds: Hashable, Sendable {
    package var size: Int64
    package var inode: UInt64
    package var ctime: Timestamp
    package var head: [UInt8]
    /// Overlaps the head in a short file.
    package var tail: [UInt8]
}

extension Directory {
    /// At most `head` bytes of a file's beginning and `tail` of its end. `nil` where no regular file has that name. A
    /// file that is cut off meanwhile gives fewer.
    package func ends(of name: Bytes, head: Int, tail: Int) throws(Fault) -> FileEnds? {
        try ends(of: name, head: head) { _ in tail }
    }

    /// The same, where the beginning tells how much of the end is wanted.
    package func ends(of name: Bytes, head: Int, tail: ([UInt8]) -> Int) throws(Fault) -> FileEnds? {
        let whole = path.appending(name)
        let fd = openToLook(name)
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

    /// Opens a regular file of this directory to look at it and to leave no trace: no link is followed and no mount
    /// crossed, the access time stays where that is permitted, and what is no file is not opened at all (a tape would
    /// rewind): that is -ENXIO. The caller closes it. -errno: not opened.
    func openToLook(_ name: Bytes) -> Int32 {
        var stat = cl_stat()
        let seen = layer.stat(descriptor, name, &stat)
        guard seen >= 0 else { return seen }
        guard stat.mode & S_IFMT == S_IFREG else { return -ENXIO }
        guard stat.dev == device else { return -EXDEV }
        let flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
        let resolve = UInt32(CL_BENEATH | CL_NO_XDEV | CL_NO_ATIME)
        return layer.open(descriptor, name, flags: flags, mode: 0, resolve: resolve)
    }
}
