internal import Glibc
package import Model

extension Directory {
    /// The content of a regular file, a megabyte at a time, from its start to its end. `false`: there is none of that
    /// name. No link is followed, and its access time stays.
    package func forEachChunk(of name: Bytes, _ body: (UnsafeRawBufferPointer) -> Void) throws(Fault) -> Bool {
        let whole = path.appending(name)
        let fd = openToLook(name)
        guard fd != -ENOENT, fd != -EISDIR, fd != -ENXIO else { return false }
        try check(fd, "open", whole)
        defer { close(fd) }
        let size = 1 << 20
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
        defer { buffer.deallocate() }
        while true {
            let n = Glibc.read(fd, buffer, size)
            if n < 0, errno == EINTR { continue }
            guard n >= 0 else { throw .system("read", whole, errno) }
            guard n > 0 else { return true }
            body(UnsafeRawBufferPointer(start: buffer, count: n))
        }
    }
}
