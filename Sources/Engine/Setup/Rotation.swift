internal import Model
internal import Retention

/// Whether undated files are a rotation of whole archives or dumps of one job, so that their age says which are needed:
/// in each directory names that differ only in digits, an archive's or dump's ending, an interval, similar sizes.
enum Rotation {
    /// `found`: as `time-from: mtime` reads them; a directory is a series.
    static func isOne(_ found: [Backup]) -> Bool {
        let places = Dictionary(grouping: found, by: \.series).values
        return !places.isEmpty && places.allSatisfy { isRotation($0) }
    }

    private static let fewest = 4
    /// The largest may be so many times the smallest.
    private static let mostGrowth: Int64 = 10

    private static func isRotation(_ members: [Backup]) -> Bool {
        guard members.count >= fewest, Set(members.map { shape($0.path.lastComponent) }).count == 1,
            members.allSatisfy({ isArchive($0.path.lastComponent) || $0.primary.isDirectory })
        else { return false }
        let sizes = members.map(\.size)
        guard let low = sizes.min(), let high = sizes.max(), low > 0, high / mostGrowth <= low else { return false }
        let times = members.map(\.time).sorted(by: >)
        guard let rhythm = Rhythm(times) else { return false }
        // Two that come together are of two jobs.
        guard let shortest = zip(times, times.dropFirst()).map({ $0.seconds(since: $1) }).min(),
            shortest * 4 >= rhythm.seconds
        else { return false }
        return rhythm.seconds >= 60 && rhythm.spread <= rhythm.seconds
    }

    /// A name with one sign for each run of digits.
    private static func shape(_ name: Bytes) -> Bytes {
        var shape = Bytes()
        for byte in name.storage {
            let isDigit = (0x30...0x39).contains(byte)
            if isDigit, shape.storage.last == UInt8(ascii: "#") { continue }
            shape.storage.append(isDigit ? UInt8(ascii: "#") : byte)
        }
        return shape
    }

    private static let endings: [Bytes] = [
        ".tar", ".tgz", ".tar.gz", ".tar.zst", ".tar.xz", ".tar.bz2", ".zip", ".7z", ".sql", ".sql.gz", ".sql.zst",
        ".sql.xz", ".sql.bz2", ".dump", ".dump.gz", ".dump.zst", ".bak", ".backup", ".gz", ".zst", ".xz", ".bz2",
        ".rdb",
        ".vma", ".vma.zst", ".vma.gz", ".gpg", ".age", ".enc",
    ]

    private static func isArchive(_ name: Bytes) -> Bool {
        let lower = Bytes(name.storage.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 })
        return endings.contains { lower.hasSuffix($0) }
    }
}
