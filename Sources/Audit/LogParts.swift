internal import Disk
internal import Model

/// Which files hold the log: the one that is written, and the parts of it that were put aside beside it.
struct LogParts {
    /// Of the one that is written.
    let path: Bytes

    /// All files of the log, oldest first, open. Those that others put aside beside it (`audit.log.1`,
    /// `audit.log-20261123.gz`) are read as ours are; which is which tells their first record.
    func segments() throws(Fault) -> [LogSegment] {
        // The log first: if it is put aside before the names are listed, it is seen twice and not never.
        var all: [LogSegment] = []
        let live = try LogSegment(path, .live)
        if let live { all.append(live) }
        let directory = try Directory.open(absolute: path.parent)
        for entry in try directory.entries() where entry.kind == .file || entry.kind == .unknown {
            guard let origin = origin(entry.name) else { continue }
            let (path, number) = (path.parent.appending(entry.name), number(entry.name))
            if let segment = try LogSegment(path, origin, number: number) {
                if segment.inode != live?.inode { all.append(segment) }
            } else if origin == .ours, let packed = try LogSegment(path + ".gz", .packed, number: number) {
                // It was packed since the names were listed.
                all.append(packed)
            }
        }
        all.sort { ($0.first, $0.origin.rawValue) < ($1.first, $1.origin.rawValue) }
        var known: Set<Int> = []
        return all.filter { known.insert($0.first).inserted }
    }

    /// The files that hold records from this number on.
    func segments(from seq: Int) throws(Fault) -> [LogSegment] {
        // Most of the time it is the one that is written.
        if let live = try LogSegment(path, .live), live.first <= seq { return [live] }
        let all = try segments()
        return Array(all[(all.lastIndex { $0.first <= seq } ?? 0)...])
    }

    /// `nil`: no part of this log.
    private func origin(_ name: Bytes) -> LogSegment.Origin? {
        let base = path.lastComponent
        guard name.hasPrefix(base + ".") || name.hasPrefix(base + "-"), !name.hasSuffix(".new") else { return nil }
        let isPacked = name.hasSuffix(".gz")
        guard isOurs(name) else { return isPacked ? .othersPacked : .others }
        return isPacked ? .packed : .ours
    }

    /// `audit.log.000000000001`, `audit.log.000000000001-1.gz`: named for their first record.
    func isOurs(_ name: Bytes) -> Bool { number(name) != nil }

    private func number(_ name: Bytes) -> Int? {
        let base = path.lastComponent
        guard name.hasPrefix(base + ".") else { return nil }
        var rest = name.dropFirst(base.count + 1).storage[...]
        if rest.suffix(3).elementsEqual(".gz".utf8) { rest = rest.dropLast(3) }
        let digits = rest.prefix { (48...57).contains($0) }
        rest = rest.dropFirst(digits.count)
        guard digits.count >= Self.nameDigits, rest.isEmpty || rest.first == UInt8(ascii: "-") else { return nil }
        return Int(String(decoding: digits, as: UTF8.self)).flatMap { AuditLog.numbers.contains($0) ? $0 : nil }
    }

    private static let nameDigits = 12

    /// Of a part that begins with this record.
    func name(first: Int) -> Bytes {
        let digits = String(first)
        return path.lastComponent
            + Bytes("." + String(repeating: "0", count: max(0, Self.nameDigits - digits.count)) + digits)
    }
}
