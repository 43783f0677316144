internal import Foundation
internal import GRDB
package import Model

extension Catalog {
    /// Condemned, purged and missing ones, by batch.
    package func trashed(vault: VaultID, states: Set<Backup.State> = [.trashed]) throws(Fault) -> [Backup] {
        try backups("vault = ? AND batch <> ''", [vault.text]).filter { states.contains($0.state) }
    }

    /// A backup went from its place into a batch.
    package func recordCondemned(_ backups: [Backup]) throws(Fault) {
        try write { db in
            for backup in backups {
                try Self.removePresent(db, backup)
                try db.execute(sql: Self.insert, arguments: Self.arguments(backup))
            }
        }
    }

    /// A backup left its batch: back in its place (`present`), purged, or missing.
    package func recordLeft(_ backups: [Backup], as state: Backup.State) throws(Fault) {
        try write { db in
            for backup in backups {
                guard let batch = backup.trashed?.batch else { continue }
                if state == .present {
                    try db.execute(
                        sql: "DELETE FROM backup WHERE vault = ? AND batch = ? AND path = ?",
                        arguments: [backup.vault.text, batch, Data(backup.path.storage)])
                } else {
                    var backup = backup
                    backup.state = state
                    try db.execute(sql: Self.insert, arguments: Self.arguments(backup))
                }
            }
        }
    }

    private static func removePresent(_ db: Database, _ backup: Backup) throws {
        try db.execute(
            sql: "DELETE FROM backup WHERE vault = ? AND batch = '' AND path = ?",
            arguments: [backup.vault.text, Data(backup.path.storage)])
    }

    // MARK: Batches

    /// What this state knows of a batch.
    package struct KnownBatch: Sendable {
        /// SHA-256 of the manifest as we wrote or adopted it.
        package var manifestHash: String
        /// Our witnessed seconds when we first saw it.
        package var seenWitnessed: Int64
    }

    package func knownBatch(vault: VaultID, name: String) throws(Fault) -> KnownBatch? {
        try read { db in
            try Row.fetchOne(
                db, sql: "SELECT manifest_hash, seen_witnessed FROM batch WHERE vault = ? AND name = ?",
                arguments: [vault.text, name])
        }.map { KnownBatch(manifestHash: $0[0], seenWitnessed: $0[1]) }
    }

    package func recordBatch(vault: VaultID, name: String, manifestHash: String, witnessed: Int64) throws(Fault) {
        try write { db in
            try db.execute(
                sql: "INSERT OR IGNORE INTO batch (vault, name, manifest_hash, seen_witnessed) VALUES (?,?,?,?)",
                arguments: [vault.text, name, manifestHash, witnessed])
        }
    }
}
