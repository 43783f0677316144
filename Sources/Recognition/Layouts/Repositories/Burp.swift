internal import Model

/// A client's directory has `0000012 2026-11-23 01:00:00/` for each backup; of files that changed an older one may keep
/// only the way back from the newer one (`deltas.reverse/`). Source: `server/bu_get.c`, `server/fdirs.c`.
extension Repository {
    static let burp = Repository(
        "burp",
        names: "`CLIENT/0000012 2026-11-23 01:00:00/` with `manifest.gz`, `timestamp`, `backup_stats`, `log.gz`",
        prunes: "burp's keep, or burp -a delete -b NUMBER"
    ) { place in
        let manifest = place.has("manifest.gz") || place.has("manifest") ? 1 : 0
        return manifest + place.count(of: ["timestamp", "backup_stats", "log.gz"]) >= 3
            || place.contains { isBackup($0) && place.hasDirectory($0) }
    }

    private static func isBackup(_ name: Bytes) -> Bool {
        let bytes = name.storage
        guard bytes.count >= 27, bytes[7] == UInt8(ascii: " "), bytes[18] == UInt8(ascii: " "),
            bytes[21] == UInt8(ascii: ":")
        else { return false }
        return bytes[..<12].enumerated().allSatisfy { $0.offset == 7 || $0.element.isDigit }
    }
}
