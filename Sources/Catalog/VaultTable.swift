internal import Foundation
internal import GRDB
package import Model

/// What is known of a vault as a whole: whether and how it was looked through, how many backups it has, and what the
/// agent says of it.
package struct VaultTable: Sendable {
    let catalog: Catalog

    /// A whole look has finished, in which names were read in this way. Written once.
    package func recordIndexed(vault: VaultID, readAs: String) throws(Fault) {
        let isSame = try catalog.read { db in
            try Bool.fetchOne(
                db, sql: "SELECT indexed AND read_as IS ? FROM vault WHERE id = ?", arguments: [readAs, vault.text])
        }
        guard isSame != true else { return }
        try catalog.write { db in
            try db.execute(
                sql: """
                    INSERT INTO vault (id, indexed, read_as) VALUES (?, 1, ?)
                    ON CONFLICT (id) DO UPDATE SET indexed = 1, read_as = excluded.read_as
                    """, arguments: [vault.text, readAs])
        }
    }

    /// How names were read in the last whole look that finished.
    package func readAs(vault: VaultID) throws(Fault) -> String? {
        try catalog.read { db in
            try String.fetchOne(db, sql: "SELECT read_as FROM vault WHERE id = ?", arguments: [vault.text])
        }
    }

    /// Whether a whole look at this vault has ever finished.
    package func isIndexed(vault: VaultID) throws(Fault) -> Bool {
        try catalog.read { db in
            try Bool.fetchOne(db, sql: "SELECT indexed FROM vault WHERE id = ?", arguments: [vault.text]) ?? false
        }
    }

    /// How many are there, and complete. `isUnchanged`: nothing was read since they were counted, and a table of
    /// hundreds of thousands is not gone through again.
    package func counts(vault: VaultID, isUnchanged: Bool) throws(Fault) -> (present: Int, complete: Int) {
        if isUnchanged, let known = try lastCounts(vault: vault) { return known }
        let counts = try count(vault: vault)
        try catalog.write { db in
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
        try catalog.read { db in
            let row = try Row.fetchOne(
                db, sql: "SELECT present, complete FROM vault WHERE id = ? AND present NOTNULL",
                arguments: [vault.text])
            return row.map { ($0[0], $0[1]) }
        }
    }

    private func count(vault: VaultID) throws(Fault) -> (present: Int, complete: Int) {
        try catalog.read { db in
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT count(*), coalesce(sum(condition = 'complete'), 0) FROM backup
                    WHERE vault = ? AND batch = ''
                    """, arguments: [vault.text])
            return (row?[0] ?? 0, row?[1] ?? 0)
        }
    }

    /// Why the agent does not vouch for what stands here; `nil` where it does.
    package func unreconciled(vault: VaultID) throws(Fault) -> String? {
        try catalog.read { db in
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
        try catalog.read { db in
            try String.fetchOne(db, sql: "SELECT watching FROM vault WHERE id = ?", arguments: [vault.text])
        }
    }

    package func setWatching(vault: VaultID, _ how: String?) throws(Fault) { try set("watching", how, of: vault) }

    private func set(_ column: String, _ text: String?, of vault: VaultID) throws(Fault) {
        let isSame = try catalog.read { db in
            try Bool.fetchOne(
                db, sql: "SELECT \(column) IS ? FROM vault WHERE id = ?", arguments: [text, vault.text])
        }
        guard isSame != true else { return }
        try catalog.write { db in
            try db.execute(
                sql: """
                    INSERT INTO vault (id, \(column)) VALUES (?, ?)
                    ON CONFLICT (id) DO UPDATE SET \(column) = excluded.\(column)
                    """, arguments: [vault.text, text])
        }
    }
}
