internal import Model

/// A bbolt database, and etcd's snapshot of one. etcd sends the pages and behind them 32 bytes, their SHA-256, which
/// `etcdutl snapshot restore` demands: a size of whole blocks and 32 bytes more tells it (`client/v3/snapshot`).
///
/// Page 0 has a header of 16 bytes, and then magic, version, page size, …, the first page that was never used, …, and
/// an FNV-1a hash of all that (`internal/common/meta.go`). A copy of a database in use is longer than its pages.
enum BoltEnd {
    private static let magic: UInt64 = 0xED0C_DAED
    private static let hash = 32

    static func isHeader(_ head: [UInt8]) -> Bool { head.count >= 80 && head.little(16, 4) == magic }

    static func mark(_ ends: FileEnding) -> EndMark {
        guard let pages = bytesOfPages(ends.head) else { return .none }
        let size = UInt64(ends.size)
        if size < pages { return .absent }
        // The pages alone are a database without a hash; part of a hash is a snapshot that was cut off.
        if size > pages, size - pages < hash { return .absent }
        return size % 512 == hash ? .shown : .none
    }

    /// `nil`: the page is not as it was written, and another one counts.
    private static func bytesOfPages(_ head: [UInt8]) -> UInt64? {
        guard head.little(72, 8) == checksum(head[16..<72]) else { return nil }
        let (bytes, overflow) = head.little(56, 8).multipliedReportingOverflow(by: head.little(24, 4))
        return overflow || bytes == 0 ? nil : bytes
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }
}
