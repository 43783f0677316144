internal import Model

/// Plain SQL says in its last lines that the dump is complete, unless it was told not to.
enum SQLFooter {
    enum Dialect: Hashable { case postgres, postgresCluster, mysql, unknown }

    /// By the first lines.
    private static let openings: [(text: [UInt8], dialect: Dialect)] = [
        (Array("-- PostgreSQL database cluster dump".utf8), .postgresCluster),
        (Array("-- PostgreSQL database dump".utf8), .postgres),
        (Array("-- MySQL dump".utf8), .mysql), (Array("-- MariaDB dump".utf8), .mysql),
        (Array("/*!999999\\- enable the sandbox mode".utf8), .mysql),
        (Array("/*M!999999\\- enable the sandbox mode".utf8), .mysql),
    ]

    static func dialect(head: [UInt8]) -> Dialect? {
        guard !head.contains(0) else { return nil }
        for line in head.split(separator: 0x0A, maxSplits: 20) {
            if let found = openings.first(where: { line.starts(with: $0.text) }) { return found.dialect }
        }
        return nil
    }

    /// A cluster's dump holds the whole dumps of its databases: only its own footer counts.
    private static func footers(of dialect: Dialect) -> [[UInt8]] {
        let postgres = Array("-- PostgreSQL database dump complete".utf8)
        let cluster = Array("-- PostgreSQL database cluster dump complete".utf8)
        let mysql = Array("-- Dump completed".utf8)
        return switch dialect {
        case .postgres: [postgres]
        case .postgresCluster: [cluster]
        case .mysql: [mysql]
        case .unknown: [postgres, cluster, mysql]
        }
    }

    /// A whole line of the last kilobyte: pg_dump may write a line behind it (`\unrestrict`), and people do.
    static func mark(_ dialect: Dialect, _ ends: FileEnding) -> EndMark {
        let tail = ends.tail.suffix(1024)
        let lines = tail.split(separator: 0x0A, omittingEmptySubsequences: false)
        // The first may have begun before, the last is not ended.
        let whole = (Int64(tail.count) < ends.size ? lines.dropFirst() : lines[...]).dropLast()
        let footers = footers(of: dialect)
        return whole.contains { line in footers.contains { line.starts(with: $0) } } ? .footerShown : .footerAbsent
    }
}

/// PostgreSQL's `backup_manifest` is JSON that ends with its own checksum. pg_basebackup writes it last.
enum BackupManifest {
    static func mark(_ tail: [UInt8]) -> EndMark {
        let object = trimmed(tail[...])
        guard object.last == UInt8(ascii: "}") else { return .absent }
        // "Manifest-Checksum": "64 digits"
        let value = trimmed(object.dropLast())
        let quote = UInt8(ascii: "\"")
        guard value.last == quote, value.dropLast().suffix(64).allSatisfy(isHexadecimal),
            value.dropLast(65).last == quote
        else { return .absent }
        let key = trimmed(value.dropLast(66))
        return key.suffix(20).elementsEqual("\"Manifest-Checksum\":".utf8) ? .shown : .absent
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        bytes.lastIndex { !isBlank($0) }.map { bytes[...$0] } ?? []
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) || (0x41...0x46).contains(byte)
    }
}
