internal import Foundation
internal import GRDB
package import Model

extension Catalog {
    /// Condemned, purged and missing ones, by batch.
    /// `since`: without older ones.
    package func trashed(
        vault: VaultID, states: Set<Backup.State> = [.trashed], since: Timestamp = Timestamp(nanoseconds: .min)
    ) throws(Fault) -> [Backup] {
        let words = states.map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ")
        return try backups(
            "vault = ? AND batch <> '' AND state IN (\(words)) AND time >= ?", [vault.text, since.nanoseconds])
    }

    /// When the oldest that is still in the trash went there, in any vault; `nil`: none is.
    package func oldestInTrash() throws(Fault) -> Timestamp? {
        try read { db in
            try Int64.fetchOne(
                db, sql: "SELECT min(condemned_at) FROM backup WHERE batch <> '' AND state = 'trashed'")
        }.map(Timestamp.init(nanoseconds:))
    }

    /// A backup went from its place into a batch.
    package func recordCondemned(_ backups: [Backup]) throws(Fault) {
        try inTurn(backups) { rows, backup in
            // Nearly always its row is there, and only goes elsewhere.
            if try rows.move(backup) { return }
            try rows.delete(backup.vault, batch: "", backup.path)
            try rows.run(try rows.db.cachedStatement(sql: BackupRows.replace), backup)
        }
    }

    /// Rows of present ones whose object was condemned meanwhile.
    package func dropPresent(_ condemned: [Backup]) throws(Fault) {
        try inTurn(condemned) { rows, backup in
            try rows.db.cachedStatement(
                sql: "DELETE FROM backup WHERE vault = ? AND batch = '' AND place = ? AND name = ? AND object = ?"
            ).execute(
                arguments: [
                    backup.vault.text, backup.path.parent.data, backup.path.lastComponent.data,
                    backup.object.text,
                ])
        }
    }

    /// A backup left its batch: back in its place (`present`), purged, or missing.
    package func recordLeft(_ backups: [Backup], as state: Backup.State) throws(Fault) {
        try inTurn(backups) { rows, backup in
            guard let batch = backup.trashed?.batch else { return }
            if state == .present { return try rows.delete(backup.vault, batch: batch, backup.path) }
            var backup = backup
            backup.state = state
            try rows.run(try rows.db.cachedStatement(sql: BackupRows.replace), backup)
        }
    }

    /// Each in its turn, a bounded number in a transaction. What a crash leaves out, the next look finds on disk.
    private func inTurn(_ backups: [Backup], _ body: (BackupRows, Backup) throws -> Void) throws(Fault) {
        for start in stride(from: 0, to: backups.count, by: Self.mostRows / 2) {
            let some = backups[start..<min(start + Self.mostRows / 2, backups.count)]
            try write { db in for backup in some { try body(BackupRows(db: db), backup) } }
        }
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
