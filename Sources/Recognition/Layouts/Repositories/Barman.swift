internal import Model

/// The directory of one server: `base/` and `wals/` belong together, and incremental and "hook" backups share files.
/// `backup.info` lies in `base/ID/`, from 3.13.2 on in `meta/` under the name of its backup. Source: `config.py`,
/// `infofile.py`.
extension Repository {
    static let barman = Repository(
        "barman", names: "`SERVER/base/`, `wals/`, `streaming/`, `incoming/`, `errors/`, `meta/`, `identity.json`",
        prunes: "barman delete SERVER BACKUP, or retention_policy"
    ) { place in
        if place.hasDirectory("wals"), place.hasDirectory("base") { return true }
        if place.has("wals") || place.has("base") {
            return place.holds(3, of: ["wals", "base", "identity.json", "meta", "streaming", "incoming", "errors"])
                && place.holds(1, of: ["identity.json", "streaming"])
        }
        return isBackup(place) || place.contains(where: isInfo)
    }

    /// `base/ID` with its own record: lines `key=value`, no sections.
    private static func isBackup(_ place: PlaceNames) -> Bool {
        guard case .text(let text)? = place.read("backup.info"), let values = KeyValues(text) else { return false }
        return values["begin_wal"] != nil && values["status"] != nil
    }

    /// `meta/20261123T010000-backup.info`.
    private static func isInfo(_ name: Bytes) -> Bool {
        guard name.count == 27, name.hasSuffix("-backup.info") else { return false }
        return name.storage[..<15].enumerated().allSatisfy {
            $0.offset == 8 ? $0.element == UInt8(ascii: "T") : $0.element.isDigit
        }
    }
}
