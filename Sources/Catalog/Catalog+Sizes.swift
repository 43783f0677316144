internal import Foundation
internal import GRDB
package import Model

/// What purging would free, measured in the background.
extension Catalog {
    /// Present ones that may share bytes with others: directories, and files with several links.
    package func sharing(vault: VaultID) throws(Fault) -> [Backup] {
        try backups("vault = ? AND batch = '' AND condition = 'complete' AND (is_directory OR links > 1)", [vault.text])
    }

    /// Whether some of them were not measured yet.
    package func hasUnmeasured(vault: VaultID) throws(Fault) -> Bool {
        try read { db in
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
        for start in stride(from: 0, to: changed.count, by: Self.mostRows) {
            let some = changed[start..<min(start + Self.mostRows, changed.count)]
            try write { db in
                let statement = try db.cachedStatement(
                    sql: """
                        UPDATE backup SET freed = ?, freed_is_at_least = ?
                        WHERE vault = ? AND batch = '' AND place = ? AND name = ? AND object = ?
                        """)
                for (backup, freed) in some {
                    try statement.execute(
                        arguments: [
                            freed.bytes, freed.isAtLeast, backup.vault.text, Self.data(backup.path.parent),
                            Self.data(backup.path.lastComponent), backup.object.text,
                        ])
                }
            }
        }
    }
}
