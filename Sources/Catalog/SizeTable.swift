internal import Foundation
internal import GRDB
package import Model

/// What purging would free and what opaque units hold, measured in the background.
package struct SizeTable: Sendable {
    let catalog: Catalog

    /// Present ones that may share bytes with others: directories, and files with several links.
    package func sharing(vault: VaultID) throws(Fault) -> [Backup] {
        try catalog.backups(
            "vault = ? AND batch = '' AND condition = 'complete' AND (is_directory OR links > 1)", [vault.text])
    }

    /// Whether some of them were not measured yet.
    package func hasUnmeasured(vault: VaultID) throws(Fault) -> Bool {
        try catalog.read { db in
            try Bool.fetchOne(
                db,
                sql: """
                    SELECT EXISTS (SELECT 1 FROM backup WHERE vault = ? AND batch = '' AND condition = 'complete'
                        AND (is_directory OR links > 1) AND freed IS NULL)
                    OR EXISTS (SELECT 1 FROM left_alone WHERE vault = ? AND tool IS NOT NULL AND size IS NULL)
                    """, arguments: [vault.text, vault.text]) ?? false
        }
    }

    /// Only rows that are as they were when they were measured, and only where the figure is another.
    package func recordFreed(_ measured: [(backup: Backup, freed: Backup.Freed)]) throws(Fault) {
        let changed = measured.filter { $0.backup.freed != $0.freed }
        for start in stride(from: 0, to: changed.count, by: Catalog.mostRows) {
            let some = changed[start..<min(start + Catalog.mostRows, changed.count)]
            try catalog.write { db in
                let statement = try db.cachedStatement(
                    sql: """
                        UPDATE backup SET freed = ?, freed_is_at_least = ?
                        WHERE vault = ? AND batch = '' AND place = ? AND name = ? AND object = ?
                        """)
                for (backup, freed) in some {
                    try statement.execute(
                        arguments: [
                            freed.bytes, freed.isAtLeast, backup.vault.text, backup.path.parent.data,
                            backup.path.lastComponent.data, backup.object.text,
                        ])
                }
            }
        }
    }

    /// What was measured of an opaque unit.
    package func recordMeasured(vault: VaultID, _ entry: SkippedEntry) throws(Fault) {
        try catalog.write { db in
            try db.execute(
                sql: """
                    UPDATE left_alone SET size = ?, newest = ?
                    WHERE vault = ? AND place = ? AND path = ? AND (size IS NOT ? OR newest IS NOT ?)
                    """,
                arguments: [
                    entry.size, entry.newest?.nanoseconds, vault.text, entry.place.data, entry.path.data,
                    entry.size, entry.newest?.nanoseconds,
                ])
        }
    }
}
