internal import Model

/// An instance's directory: backups are named by their time in base 36, and an incremental one names its parent in
/// `backup.control`. The WAL lies beside it, in `wal/INSTANCE/`. Source: its manual, "The Backup Catalog".
extension Repository {
    static let pgProBackup = Repository(
        "pg_probackup", names: "`backups/INSTANCE/pg_probackup.conf`, `backups/INSTANCE/SCUN6L/backup.control`",
        prunes: "pg_probackup delete"
    ) { place in
        if place.has("pg_probackup.conf") || place.has("backup_content.control") { return true }
        if place.has("backup.control") { return place.hasDirectory("database") }
        if place.hasDirectory("backups"), place.hasDirectory("wal") {
            let instances = Set(place.names(in: "backups"))
            return !instances.isEmpty && instances == Set(place.names(in: "wal"))
        }
        // Without its configuration: only backups.
        guard !place.names.isEmpty, place.names.count <= 100_000, place.names.allSatisfy(isID) else { return false }
        return place.names.min().map { place.names(in: $0).contains("backup.control") } ?? false
    }

    private static func isID(_ name: Bytes) -> Bool {
        name.count == 6 && name.storage.allSatisfy { $0.isDigit || (0x41...0x5A).contains($0) }
    }
}
