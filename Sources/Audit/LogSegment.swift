internal import Disk
internal import Glibc
internal import Model

/// One file of the log, open: the one that is written, one that was put aside, packed or not.
///
/// It stays readable when it is renamed, packed or dropped meanwhile.
final class LogSegment {
    /// In the order in which two files count that begin with the same record: a copy may be half done.
    enum Origin: Int { case live, ours, packed, others, othersPacked }

    let name: Bytes
    let path: Bytes
    let origin: Origin
    let inode: UInt64
    /// Bytes on the disk.
    let size: Int
    /// The number of its first record; where that cannot be read, and the name is ours, by the name.
    let first: Int
    /// When that was written; `nil`: it cannot be read.
    let began: Timestamp?
    private let descriptor: Int32

    /// `nil`: not there (any more), no file, or no record in it.
    /// `number`: what the name says of its first record.
    init?(_ path: Bytes, _ origin: Origin, number: Int? = nil) throws(Fault) {
        (self.path, self.origin, name) = (path, origin, path.lastComponent)
        descriptor = open(path.text, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ELOOP { return nil }
            throw .system("open", path, errno)
        }
        var stat = stat()
        guard fstat(descriptor, &stat) == 0, stat.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            return nil
        }
        inode = UInt64(stat.st_ino)
        size = Int(stat.st_size)
        var line: AuditLine?
        do throws(Fault) {
            line = try Self.first(try LineSource(descriptor, path))
        } catch {
            guard error.code == .damaged else {
                close(descriptor)
                throw error
            }
        }
        // A file of others without a record is of another kind, or is being written.
        guard let first = line?.seq ?? number else {
            close(descriptor)
            return nil
        }
        self.first = first
        began = line.flatMap { Timestamp(rfc3339: $0.time) }
    }

    deinit { close(descriptor) }

    private static func first(_ source: LineSource) throws(Fault) -> AuditLine? {
        // A few lines may be no records; a file that begins with more of them is no log of ours.
        for _ in 0..<4 {
            var found: AuditLine?
            guard let lines = try source.next(8192) else { return nil }
            _ = lines.forEachLine { line in
                found = AuditLine(line)
                return found == nil
            }
            if let found { return found }
        }
        return nil
    }

    func source(from offset: Int = 0) throws(Fault) -> LineSource { try LineSource(descriptor, path, from: offset) }

    /// Every record, until the body answers `false`; then so does this. `after`: only those with a larger number. What
    /// stands behind a damage in a packed part proves nothing, as a line that is none.
    @discardableResult
    func forEach(after seq: Int = 0, _ body: (AuditLine) -> Bool) throws(Fault) -> Bool {
        let source = try source(from: try offset(of: seq + 1))
        func next() throws(Fault) -> [UInt8]? {
            do {
                return try source.next()
            } catch {
                guard error.code == .damaged else { throw error }
                return nil
            }
        }
        while let lines = try next() {
            let goesOn = lines.forEachLine { bytes in
                guard let line = AuditLine(bytes), line.seq > seq else { return true }
                return body(line)
            }
            if !goesOn { return false }
        }
        return true
    }

    /// A place at or before the record with this number, found by bisection; the start where the file is packed.
    private func offset(of seq: Int) throws(Fault) -> Int {
        guard origin == .live || origin == .ours, seq > first else { return 0 }
        var (low, high) = (0, size)
        // Where a line is no record, the part before it is looked through.
        while high - low > 65_536 {
            let middle = (low + high) / 2
            let bytes = try PlainFile.read(descriptor, 16_384, at: middle, path)
            guard let start = bytes.firstIndex(of: 0x0A).map({ $0 + 1 }),
                let end = bytes[start...].firstIndex(of: 0x0A), let line = AuditLine(bytes[start..<end])
            else { break }
            if line.seq <= seq { low = middle + start } else { high = middle }
        }
        return low
    }

    /// Number and hash of the last record.
    func last() throws(Fault) -> (seq: Int, hash: String)? {
        var last: AuditLine?
        try forEach(after: first - 1) { line in
            last = line
            return true
        }
        return last.map { ($0.seq, $0.hash) }
    }
}
