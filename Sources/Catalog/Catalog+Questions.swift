internal import Foundation
internal import GRDB
package import Model

/// What is known of a vault.
extension Catalog {
    package func present(vault: VaultID) throws(Fault) -> [Backup] {
        try backups("vault = ? AND batch = ''", [vault.text])
    }

    package func present(vault: VaultID, place: Bytes) throws(Fault) -> [Backup] {
        try backups("vault = ? AND batch = '' AND place = ?", [vault.text, Self.data(place)])
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
    package func standing(vault: VaultID) throws(Fault) -> [Bytes: (count: Int, newest: Timestamp)] {
        try read { db in
            let rows = try Row.fetchCursor(
                db,
                sql: "SELECT series, count(*), max(time) FROM backup WHERE vault = ? AND batch = '' GROUP BY series",
                arguments: [vault.text])
            var standing: [Bytes: (count: Int, newest: Timestamp)] = [:]
            while let row = try rows.next() {
                standing[Self.bytes(row[0])] = (row[1], Timestamp(nanoseconds: row[2]))
            }
            return standing
        }
    }

    /// How many are there, and complete. `isUnchanged`: nothing was read since they were counted, and a table of
    /// hundreds of thousands is not gone through again.
    package func counts(vault: VaultID, isUnchanged: Bool) throws(Fault) -> (present: Int, complete: Int) {
        if isUnchanged, let known = try lastCounts(vault: vault) { return known }
        let counts = try count(vault: vault)
        try write { db in
            try db.execute(
                sql: """
                    UPDATE vault SET present = ?, complete = ?
                    WHERE id = ? AND (present IS NOT ? OR complete IS NOT ?)
                    """,
                arguments: [counts.present, counts.complete, vault.text, counts.present, counts.complete])
        }
        return counts
    }

    private func lastCounts(vault: VaultID) throws(Fault) -> (present: Int, complete: Int)? {
        try read { db in
            let row = try Row.fetchOne(
                db, sql: "SELECT present, complete FROM vault WHERE id = ? AND present NOTNULL",
                arguments: [vault.text])
            return row.map { ($0[0], $0[1]) }
        }
    }

    private func count(vault: VaultID) throws(Fault) -> (present: Int, complete: Int) {
        try read { db in
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT count(*), coalesce(sum(condition = 'complete'), 0) FROM backup
                    WHERE vault = ? AND batch = ''
                    """, arguments: [vault.text])
            return (row?[0] ?? 0, row?[1] ?? 0)
        }
    }

    func backups(_ condition: String, _ arguments: StatementArguments) throws(Fault) -> [Backup] {
        try read { db in try Self.backups(db, condition, arguments) }
    }

    static func backups(_ db: Database, _ condition: String, _ arguments: StatementArguments) throws -> [Backup] {
        let statement = try db.cachedStatement(sql: "SELECT \(columns) FROM backup WHERE \(condition)")
        try statement.setArguments(arguments)
        var found: [Backup] = []
        let reader = RowReader(statement)
        while let backup = try reader.next(db) { found.append(backup) }
        return found
    }

    /// Why the agent does not vouch for what stands here; `nil` where it does.
    package func unreconciled(vault: VaultID) throws(Fault) -> String? {
        try read { db in
            guard
                let row = try Row.fetchOne(
                    db, sql: "SELECT unreconciled FROM vault WHERE id = ?", arguments: [vault.text])
            else { return "not looked at yet" }
            return row[0]
        }
    }

    package func setUnreconciled(vault: VaultID, _ why: String?) throws(Fault) {
        try set("unreconciled", why, of: vault)
    }

    /// How the agent learns of changes there, where that is not by events alone; `nil`: by events.
    package func watching(vault: VaultID) throws(Fault) -> String? {
        try read { db in
            try String.fetchOne(db, sql: "SELECT watching FROM vault WHERE id = ?", arguments: [vault.text])
        }
    }

    package func setWatching(vault: VaultID, _ how: String?) throws(Fault) { try set("watching", how, of: vault) }

    private func set(_ column: String, _ text: String?, of vault: VaultID) throws(Fault) {
        let isSame = try read { db in
            try Bool.fetchOne(
                db, sql: "SELECT \(column) IS ? FROM vault WHERE id = ?", arguments: [text, vault.text])
        }
        guard isSame != true else { return }
        try write { db in
            try db.execute(
                sql: """
                    INSERT INTO vault (id, \(column)) VALUES (?, ?)
                    ON CONFLICT (id) DO UPDATE SET \(column) = excluded.\(column)
                    """, arguments: [vault.text, text])
        }
    }
}
