internal import Model

/// The directory of each stanza below `backup/` and `archive/`; `*.info` exists twice, with a checksum in it. Barman
/// has a `backup.info` too, of another form. Source: `command/backup/common.c`, `info/infoBackup.c`.
extension Repository {
    static let pgBackRest = Repository(
        "pgBackRest", names: "`backup/STANZA/backup.info`, `archive/STANZA/archive.info`, each with `.copy`",
        prunes: "pgbackrest expire"
    ) { place in
        if place.holds(1, of: ["backup.info.copy", "archive.info", "archive.info.copy", "backup.manifest.copy"]) {
            return true
        }
        if place.has("backup.manifest") { return place.hasDirectory("pg_data") || place.hasDirectory("bundle") }
        guard place.has("backup.info") || place.has("backup.history") else { return false }
        return place.says("[backrest]", in: "backup.info") || place.contains(where: isLabel)
    }

    /// `20240101-010101F`, `20240101-010101F_20240102-010101D`: F full, D differential, I incremental.
    private static func isLabel(_ name: Bytes) -> Bool {
        func isTime(_ bytes: ArraySlice<UInt8>) -> Bool {
            bytes.enumerated().allSatisfy { $0.offset == 8 ? $0.element == UInt8(ascii: "-") : $0.element.isDigit }
        }
        let bytes = name.storage
        guard bytes.count == 16 || bytes.count == 33, bytes[15] == UInt8(ascii: "F"), isTime(bytes[..<15]) else {
            return false
        }
        return bytes.count == 16
            || (bytes[16] == UInt8(ascii: "_") && isTime(bytes[17..<32])
                && (bytes[32] == UInt8(ascii: "D") || bytes[32] == UInt8(ascii: "I")))
    }
}
