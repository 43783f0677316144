/// The checksum of a row: a sum over its columns in any order, each weighed by where it stands. Another value in one
/// column always makes another sum.
///
/// What an `UPDATE` changes by itself is left out: the columns of the trash, of which the batch's manifest is the
/// truth, and what purging would free, which decides nothing.
struct RowSum {
    private(set) var value: UInt64 = 0x5265_7072_6965_7665

    /// By their place in ``BackupRows/columns``.
    private static let skipped: Set<Int32> = [1, 7, 26, 27, 34, 35]
    private static let isSkipped: [Bool] = (0..<BackupRows.summed).map { skipped.contains(Int32($0)) }

    private static func mixed(_ value: UInt64) -> UInt64 {
        // The finalizer of MurmurHash3: each input has an output of its own.
        var z = value
        z = (z ^ (z >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        z = (z ^ (z >> 33)) &* 0xC4CE_B9FE_1A85_EC53
        return z ^ (z >> 33)
    }

    private mutating func add(_ column: Int32, _ hash: UInt64) {
        guard !Self.isSkipped[Int(column)] else { return }
        value &+= Self.mixed(hash &+ UInt64(column + 1) &* 0x9E37_79B9_7F4A_7C15)
    }

    mutating func add(_ column: Int32, _ number: Int64) { add(column, UInt64(bitPattern: number)) }

    mutating func add(_ column: Int32, _ bytes: UnsafeRawBufferPointer) {
        var hash = UInt64(bytes.count)
        var at = 0
        while at + 8 <= bytes.count {
            hash = (hash ^ bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)) &* 0x9FB2_1C65_1E98_DF25
            hash ^= hash >> 32
            at += 8
        }
        var rest: UInt64 = 0
        while at < bytes.count {
            rest = rest << 8 | UInt64(bytes[at])
            at += 1
        }
        add(column, (hash ^ rest) &* 0x9FB2_1C65_1E98_DF25)
    }
}
