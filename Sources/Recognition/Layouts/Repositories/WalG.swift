internal import Model

/// `_005` is the version of the layout, which WAL-G inherited from WAL-E: their stores are not told apart. A backup's
/// sentinel names the one that it is a difference to. Source: `utility/utility.go`.
extension Repository {
    static let walG = Repository(
        "WAL-G or WAL-E repository", names: "`basebackups_005/`, `wal_005/`, `binlog_005/`, `oplog_005/`",
        prunes: "wal-g delete, or wal-e delete"
    ) { place in
        if place.has("basebackups_005") { return true }
        if place.holds(1, of: ["wal_005", "binlog_005", "oplog_005"]) {
            // Segments that somebody counts.
            return !place.holds(1, of: ["wal_004", "wal_006", "binlog_004", "binlog_006", "oplog_004", "oplog_006"])
        }
        return place.contains {
            $0.storage.last == UInt8(ascii: "n") && $0.hasSuffix("_backup_stop_sentinel.json")
        }
    }
}
