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
        defer { layer.close(fd) }
        let size = 1 << 20
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
        defer { buffer.deallocate() }
        var interrupted = 0
        while true {
            let n = layer.read(fd, UnsafeMutableRawBufferPointer(start: buffer, count: size))
            if n == -Int(EINTR), interrupted < Self.mostInterrupted {
                interrupted += 1
                continue
            }
            guard n >= 0 else { throw .system("read", whole, Int32(-n)) }
            guard n > 0 else { return true }
            body(UnsafeRawBufferPointer(start: buffer, count: n))
        }
    }
}
