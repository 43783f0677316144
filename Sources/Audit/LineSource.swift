internal import CZlib
internal import Disk
internal import Glibc
internal import Model

/// The lines of a file from a place on, packed or not: zlib passes plain files through. One at a time for a descriptor.
final class LineSource {
    private let file: gzFile
    private let path: Bytes
    /// The beginning of a line whose end was not read yet; when the source is at its end, a torn line.
    private(set) var rest: [UInt8] = []

    /// No record is longer, by far.
    private static let longestLine = 16 << 20

    init(_ descriptor: Int32, _ path: Bytes, from offset: Int = 0) throws(Fault) {
        self.path = path
        let own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard own >= 0, lseek(own, off_t(offset), SEEK_SET) >= 0 else {
            let error = errno
            if own >= 0 { close(own) }
            throw .system("read", path, error)
        }
        guard let file = gzdopen(own, "rb") else {
            close(own)
            throw .system("read", path, ENOMEM)
        }
        self.file = file
        gzbuffer(file, 1 << 17)
    }

    deinit { gzclose(file) }

    /// Whole lines with their ends, about `count` bytes of them; `nil` at the end.
    func next(_ count: Int = 1 << 20) throws(Fault) -> [UInt8]? {
        while true {
            var n: Int32 = 0
            let before = rest
            var bytes = [UInt8](unsafeUninitializedCapacity: before.count + count) { buffer, done in
                _ = buffer.initialize(from: before)
                n = gzread(file, buffer.baseAddress! + before.count, UInt32(count))
                done = before.count + Int(max(0, n))
            }
            guard n > 0 else {
                try checkEnd(n)
                return nil
            }
            guard let end = bytes.lastIndex(of: 0x0A) else {
                guard bytes.count < Self.longestLine else {
                    throw Fault(.damaged, "'\(path.display)' holds a line that is not text", path: path)
                }
                rest = bytes
                continue
            }
            rest = Array(bytes[(end + 1)...])
            bytes.removeSubrange((end + 1)...)
            return bytes
        }
    }

    private func checkEnd(_ n: Int32) throws(Fault) {
        var code: Int32 = 0
        _ = gzerror(file, &code)
        guard n < 0 || code != Z_OK else { return }
        if code == Z_ERRNO { throw .system("read", path, errno) }
        throw Fault(
            .damaged, "could not unpack '\(path.display)': it is damaged or cut off",
            hint: "what stands before the damage can be read with `zcat`", path: path)
    }
}

extension [UInt8] {
    /// Gives every line, without its end, until the body answers `false`.
    func forEachLine(_ body: (ArraySlice<UInt8>) -> Bool) -> Bool {
        var start = 0
        while let end = lineEnd(from: start) {
            if end > start, !body(self[start..<end]) { return false }
            start = end + 1
        }
        return true
    }

    private func lineEnd(from start: Int) -> Int? {
        withUnsafeBytes { buffer in
            guard start < buffer.count, let base = buffer.baseAddress,
                let found = memchr(base + start, 0x0A, buffer.count - start)
            else { return nil }
            return UnsafeRawPointer(base).distance(to: found)
        }
    }
}
