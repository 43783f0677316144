internal import Model

/// What a file is, by what it begins with; by its name where that says nothing.
enum FileFormat: Hashable {
    case xz, bzip2, lz4, zip, tar, bolt, backupManifest
    case sql(SQLFooter.Dialect)
    /// Fewer bytes than its format begins with.
    case cutOff(String)
    /// A format without a cheap end mark, or none that is known.
    case noMark(String)

    /// For people.
    var text: String {
        switch self {
        case .xz: "xz"
        case .bzip2: "bzip2"
        case .lz4: "lz4"
        case .zip: "zip"
        case .tar: "tar"
        case .bolt: "bbolt database"
        case .backupManifest: "backup_manifest"
        case .sql: "plain SQL"
        case .cutOff(let format), .noMark(let format): format
        }
    }

    init(name: Bytes, head: [UInt8]) {
        if name == EndMarks.manifestName, head.first == UInt8(ascii: "{") {
            self = .backupManifest
        } else {
            self =
                Self.byMagic(head) ?? (TarEnd.isHeader(head) ? .tar : nil) ?? (BoltEnd.isHeader(head) ? .bolt : nil)
                ?? SQLFooter.dialect(head: head).map { .sql($0) } ?? Self.byName(name, head)
        }
    }

    // MARK: By magic

    private static let magics: [(bytes: [UInt8], format: FileFormat)] = [
        ([0xFD] + Array("7zXZ\0".utf8), .xz),
        (Array("BZh".utf8), .bzip2),
        ([0x04, 0x22, 0x4D, 0x18], .lz4),
        (Array("PK\u{3}\u{4}".utf8), .zip),
        (Array("PK\u{5}\u{6}".utf8), .zip),
        (Array("PK00PK".utf8), .zip),
        (Array("PK\u{7}\u{8}".utf8), .noMark("a part of a split zip")),
        ([0x02, 0x21, 0x4C, 0x18], .noMark("lz4, the old format")),
        ([0x28, 0xB5, 0x2F, 0xFD], .noMark("zstd")),
        ([0x1F, 0x8B], .noMark("gzip")),
        ([0x89] + Array("LZO\0\r\n\u{1A}\n".utf8), .noMark("lzop")),
        (Array("LZIP".utf8), .noMark("lzip")),
        (Array("7z".utf8) + [0xBC, 0xAF, 0x27, 0x1C], .noMark("7-Zip")),
        (Array("Rar!\u{1A}\u{7}".utf8), .noMark("rar")),
        (Array("PGDMP".utf8), .noMark("pg_dump's custom format")),
        (Array("Salted__".utf8), .noMark("encrypted")),
        (Array("age-encryption.org/".utf8), .noMark("encrypted")),
        (Array("-----BEGIN PGP MESSAGE".utf8), .noMark("encrypted")),
        (Array("-----BEGIN AGE ENCRYPTED FILE".utf8), .noMark("encrypted")),
    ]

    private static func byMagic(_ head: [UInt8]) -> FileFormat? {
        for (bytes, format) in magics where head.starts(with: bytes) {
            return format == .bzip2 && !Bzip2End.isHeader(head) ? nil : format
        }
        // 16 magics of frames that a reader skips; what comes behind them is beyond the head.
        let skippable: [UInt8] = [0x2A, 0x4D, 0x18]
        if let first = head.first, first & 0xF0 == 0x50, head.dropFirst().starts(with: skippable) {
            return .noMark("zstd or lz4 behind a skippable frame")
        }
        return nil
    }

    // MARK: Against its name

    /// What files with these endings always begin with.
    private static let promises: [(endings: [Bytes], bytes: [[UInt8]])] = [
        ([".gz", ".tgz"], [[0x1F, 0x8B]]),
        ([".zst", ".tzst"], [[0x28, 0xB5, 0x2F, 0xFD]]),
        ([".xz", ".txz"], [[0xFD] + Array("7zXZ\0".utf8)]),
        ([".bz2", ".tbz2", ".tbz"], [Array("BZh".utf8)]),
        ([".lz4"], [[0x04, 0x22, 0x4D, 0x18]]),
        ([".zip"], [Array("PK".utf8)]),
        ([".7z"], [Array("7z".utf8) + [0xBC, 0xAF]]),
        ([".rar"], [Array("Rar!".utf8)]),
    ]

    /// Whether the first bytes are of no known format although the name says what they should be. Another known format
    /// under a wrong name is a habit of its writer, and no sign.
    static func contradicts(name: Bytes, head: [UInt8]) -> Bool {
        let isKnown = byMagic(head) != nil || TarEnd.isHeader(head) || SQLFooter.dialect(head: head) != nil
        guard head.count >= 16, !isKnown else { return false }
        let lower = name.lowercased
        if lower.hasSuffix(".tar") { return head.count >= 512 && head.contains { $0 != 0 } }
        // Encrypted: text has no zeros, unless it is of two bytes a letter.
        if lower.hasSuffix(".sql") { return head.contains(0) && !isWide(head) }
        return promises.contains { promise in
            promise.endings.contains { lower.hasSuffix($0) } && !promise.bytes.contains { head.starts(with: $0) }
        }
    }

    /// UTF-16 or UTF-32, by its mark or by every other byte.
    private static func isWide(_ head: [UInt8]) -> Bool {
        if head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) || head.starts(with: [0, 0, 0xFE, 0xFF]) {
            return true
        }
        return head.count { $0 == 0 } * 3 >= head.count
    }

    // MARK: By name

    private static let endings: [(ending: Bytes, format: FileFormat)] = [
        (".sql", .sql(.unknown)), (".zip", .zip),
        (".gpg", .noMark("encrypted")), (".pgp", .noMark("encrypted")), (".asc", .noMark("encrypted")),
        (".age", .noMark("encrypted")), (".enc", .noMark("encrypted")), (".aes", .noMark("encrypted")),
    ]

    /// What a name that ends so must begin with, for a file that is shorter than that.
    private static let beginnings: [(ending: Bytes, bytes: [UInt8], format: String)] = [
        (".xz", [0xFD] + Array("7zXZ\0".utf8), "xz"), (".txz", [0xFD] + Array("7zXZ\0".utf8), "xz"),
        (".bz2", Array("BZh".utf8), "bzip2"), (".tbz2", Array("BZh".utf8), "bzip2"),
        (".lz4", [0x04, 0x22, 0x4D, 0x18], "lz4"), (".zip", Array("PK\u{3}\u{4}".utf8), "zip"),
    ]

    private static func byName(_ name: Bytes, _ head: [UInt8]) -> FileFormat {
        let lower = name.lowercased
        for (ending, bytes, format) in beginnings
        where lower.hasSuffix(ending) && head.count < bytes.count && bytes.starts(with: head) {
            return .cutOff(format)
        }
        for (ending, format) in endings where lower.hasSuffix(ending) {
            // Encrypted, or in another alphabet: no footer can be read in it.
            if case .sql = format, head.contains(0) { continue }
            return format
        }
        return .noMark("unknown format")
    }
}
