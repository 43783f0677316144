internal import Foundation
internal import GRDB
package import Model

/// What is known of a vault.
extension Catalog {
    /// `place`: only of this directory.
    package func present(vault: VaultID, place: Bytes? = nil) throws(Fault) -> [Backup] {
        guard let place else { return try backups("vault = ? AND batch = ''", [vault.text]) }
        return try backups("vault = ? AND batch = '' AND place = ?", [vault.text, place.data])
    }

    /// Present ones that are not complete because time has to pass: neither temporary names, which settle never, nor
    /// those that only wait for somebody to look into them.
    package func settling(vault: VaultID) throws(Fault) -> [Backup] {
        try backups(
            "vault = ? AND batch = '' AND condition = 'settling' AND note NOT IN (?, ?)",
            [vault.text, Backup.temporaryNote, Backup.unprobedNote])
    }

    /// Any file that is there, to try something on.
    package func anyFile(vault: VaultID) throws(Fault) -> Backup? {
        try backups("vault = ? AND batch = '' AND is_directory = 0 LIMIT 1", [vault.text]).first
    }

    /// How many each series has, and the newest time. It goes through the whole table.
    package func seriesCounts(vault: VaultID) throws(Fault) -> [Bytes: (count: Int, newest: Timestamp)] {
        try read { db in
            let rows = try Row.fetchCursor(
                db,
                sql: "SELECT series, count(*), max(time) FROM backup WHERE vault = ? AND batch = '' GROUP BY series",
                arguments: [vault.text])
            var seriesCounts: [Bytes: (count: Int, newest: Timestamp)] = [:]
            while let row = try rows.next() {
                seriesCounts[Bytes(row[0] as Data)] = (row[1], Timestamp(nanoseconds: row[2]))
            }
            return seriesCounts
        }
    }

    /// The ids of backups here and in the trash whose object lies in a range.
    package func ids(vault: VaultID, _ objects: ClosedRange<UInt64>, most: Int) throws(Fault) -> [String] {
        try read { db in
            let rows = try Row.fetchCursor(
                db, sql: "SELECT DISTINCT id FROM backup WHERE vault = ? AND id BETWEEN ? AND ? LIMIT ?",
                arguments: [
                    vault.text, Int64(bitPattern: objects.lowerBound), Int64(bitPattern: objects.upperBound), most,
                ])
            var ids: [String] = []
            while let row = try rows.next() { ids.append(BackupID(object: UInt64(bitPattern: row[0] as Int64)).text) }
            return ids
        }
    }

    func backups(_ condition: String, _ arguments: StatementArguments) throws(Fault) -> [Backup] {
        try read { db in try BackupRows(db: db).all(where: condition, arguments) }
    }

    /// Entries that are not backups.
    package func skippedEntries(vault: VaultID) throws(Fault) -> [SkippedEntry] {
        try read { db in try SkippedEntry.all(db, vault, nil) }.sorted { $0.path < $1.path }
    }
}
