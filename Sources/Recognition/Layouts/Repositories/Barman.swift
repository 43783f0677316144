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
                && place.holds(1, of: ["identity.json", "streaming"]) || hasBackups(place)
        }
        return isBackup(place) || place.contains(where: isInfo)
    }

    /// `base/` with `identity.json` or `meta/` beside it, and nothing else: what is in them tells.
    private static func hasBackups(_ place: PlaceNames) -> Bool {
        guard place.hasDirectory("base"), place.holds(1, of: ["identity.json", "meta"]) else { return false }
        return place.names(in: "base").contains(where: isID) || place.names(in: "meta").contains(where: isInfo)
            || place.says("\"systemid\"", in: "identity.json")
    }

    /// `base/ID` with its own record: lines `key=value`, no sections.
    private static func isBackup(_ place: PlaceNames) -> Bool {
        guard case .text(let text)? = place.read("backup.info"), let values = KeyValues(text) else { return false }
        return values["begin_wal"] != nil && values["status"] != nil
    }

    /// `meta/20261123T010000-backup.info`.
    private static func isInfo(_ name: Bytes) -> Bool {
        name.count == 27 && name.hasSuffix("-backup.info") && isID(name.dropLast(12))
    }

    /// `20261123T010000`.
    private static func isID(_ name: Bytes) -> Bool {
        guard name.count == 15 else { return false }
        return name.storage.enumerated().allSatisfy {
            $0.offset == 8 ? $0.element == UInt8(ascii: "T") : $0.element.isDigit
        }
    }
}
