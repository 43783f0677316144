internal import Model

/// WAL segments of PostgreSQL and binary logs of MySQL and MariaDB: each leads from one moment to the next, and a base
/// backup needs all behind it. Their age says nothing of which are needed, so they are never a backup by themselves.
///
/// Names of WAL are in `access/xlog_internal.h`: 24 digits, `.partial`, `.history`, `.00000028.backup`; archivers put
/// an ending behind, pgBackRest a checksum before it.
struct WriteAheadLogs: Layout {
    let guide = LayoutGuide(
        tool: "WAL segments, binary logs",
        names:
            "`000000010000000000000015.gz`, `00000002.history`, `mysql-bin.000042`, `binlog.000042`, `mysql-bin.index`",
        kind: "left alone", chain: "every one since the base backup", complete: "not looked at",
        prunes: "pg_archivecleanup, PURGE BINARY LOGS, or the backup tool")

    private static let wal =
        "WAL: base backups need it to roll forward; pg_archivecleanup or the backup tool removes old segments"
    private static let binaryLog =
        "a binary log: dumps need it to roll forward; PURGE BINARY LOGS or the backup tool removes old ones"

    /// A directory of nothing else is told once, and not by thousands of lines.
    func place(_ place: PlaceNames) -> SkippedEntry.Why? {
        var first: String?
        for name in place.names {
            if Self.beside.contains(name) { continue }
            guard let why = Self.kind(name) else { return nil }
            first = min(first ?? why, why)
        }
        guard let first else { return nil }
        return .notRecognised(
            first == Self.wal
                ? first
                : "binary logs: dumps need them to roll forward; PURGE BINARY LOGS or the backup tool removes old ones")
    }

    /// A day's segments are no backup of that day: the base backup before them needs every one.
    var countsInDatedDirectories: Bool { true }

    private static let beside: Set<Bytes> = ["archive_status", "summaries", "xlog.db"]

    func claim(in listing: inout Listing) {
        var numbered: [(index: Int, stem: Bytes)] = []
        for index in listing.entries.indices where listing.isOpen(index) && listing.entries[index].isFile {
            let name = listing.entries[index].name
            if let why = Self.kind(name) {
                listing.leave(index, why)
            } else if let stem = Self.numbered(name) {
                numbered.append((index, stem))
            }
        }
        // `log-bin=NAME` may be any name: then the index of them, `NAME.index`, tells.
        for (index, stem) in numbered where listing.index(of: stem + ".index") != nil {
            listing.leave(index, Self.binaryLog)
        }
    }

    private static func kind(_ name: Bytes) -> String? {
        if isWAL(name) { return wal }
        let stem = numbered(name) ?? (isIndex(name) ? name.dropLast(6) : nil)
        return stem.map(isBinaryLog) ?? false ? binaryLog : nil
    }

    // MARK: PostgreSQL

    private static func isWAL(_ name: Bytes) -> Bool {
        let bytes = name.storage
        guard bytes.count >= 16, bytes[..<8].allSatisfy(isUpperHex) else { return false }
        let digits = bytes.firstIndex { !isUpperHex($0) } ?? bytes.count
        switch digits {
        case 8: return bytes[8...].starts(with: ".history".utf8) && isPacked(bytes[16...])
        // Timelines are few. A segment has at least 1 MiB, so that its number in 4 GiB has at most three digits.
        case 24:
            let zeros = bytes[..<2] + bytes[16..<21]
            return zeros.allSatisfy { $0 == UInt8(ascii: "0") } && isTail(bytes[24...])
        default: return false
        }
    }

    /// What stands behind the 24 digits.
    private static func isTail(_ tail: ArraySlice<UInt8>) -> Bool {
        if isPacked(tail) { return true }
        for ending in [".partial", ".ready", ".done"] where tail.starts(with: ending.utf8) {
            return isPacked(tail.dropFirst(ending.utf8.count))
        }
        let rest = tail.dropFirst()
        if tail.first == UInt8(ascii: "."), rest.prefix(8).allSatisfy(isUpperHex), rest.count >= 15 {
            return rest.dropFirst(8).starts(with: ".backup".utf8) && isPacked(rest.dropFirst(15))
        }
        // pgBackRest: `-` and a checksum in SHA-1.
        guard tail.first == UInt8(ascii: "-"), rest.count >= 40 else { return false }
        return Bytes(rest.prefix(40)).isHexadecimal && isPacked(rest.dropFirst(40))
    }

    private static func isUpperHex(_ byte: UInt8) -> Bool { byte.isDigit || (0x41...0x46).contains(byte) }

    // MARK: MySQL and MariaDB

    /// `mysql-bin.000042.gz`: what stands before the number of six digits or more.
    private static func numbered(_ name: Bytes) -> Bytes? {
        var bytes = name.storage[...]
        // Two digits at the end are of the number: `.bz2` and `.lz4` have one.
        if !bytes.suffix(2).allSatisfy(\.isDigit) {
            guard let ending = packers.first(where: { bytes.suffix($0.count).elementsEqual($0) }) else { return nil }
            bytes = bytes.dropLast(ending.count)
        }
        guard let dot = bytes.lastIndex(of: UInt8(ascii: ".")), dot > 0, (6...10).contains(bytes.count - dot - 1),
            bytes[(dot + 1)...].allSatisfy(\.isDigit)
        else { return nil }
        return Bytes(bytes[..<dot])
    }

    private static func isIndex(_ name: Bytes) -> Bool {
        switch name.storage.last {
        case UInt8(ascii: "x"): name.hasSuffix(".index")
        case UInt8(ascii: "e"): name.hasSuffix(".state")
        default: false
        }
    }

    private static func isBinaryLog(_ stem: Bytes) -> Bool { stem.hasSuffix("-bin") || stem.hasSuffix("binlog") }

    // MARK: Both

    private static let packers: [[UInt8]] = [
        ".gz", ".lz4", ".zst", ".xz", ".bz2", ".br", ".lzo", ".lzma", ".gpg", ".age", ".enc", ".pgp",
    ].map { Array($0.utf8) }

    /// Nothing, or endings of packers and ciphers, at most two.
    private static func isPacked(_ tail: ArraySlice<UInt8>) -> Bool {
        var rest = tail
        for _ in 0..<2 {
            guard let ending = packers.first(where: { rest.starts(with: $0) }) else { break }
            rest = rest.dropFirst(ending.count)
        }
        return rest.isEmpty
    }
}
