internal import Foundation
internal import GRDB
package import Model

/// What is there and is no backup.
extension Catalog {
    /// Makes the entries of a place equal to what a look found. What was measured of an entry stays.
    static func replaceLeftAlone(_ db: Database, _ vault: VaultID, _ look: Look) throws {
        if look.isNew, look.leftAlone.isEmpty { return }
        let old = Set(try leftAlone(db, vault, look.place).map(\.unmeasured))
        let fresh = Set(look.leftAlone)
        for entry in old.subtracting(fresh) {
            try db.cachedStatement(sql: "DELETE FROM left_alone WHERE vault = ? AND place = ? AND path = ?")
                .execute(arguments: [vault.text, data(entry.place), data(entry.path)])
        }
        for entry in fresh.subtracting(old) {
            let (tool, prune, why, isLink, target): (String?, String?, String, Bool, Data?) =
                switch entry.why {
                case .opaque(let tool, let prune): (tool, prune, "", false, nil)
                case .foreign(let why): (nil, nil, why, false, nil)
                case .link(let target): (nil, nil, "", true, target.map { data($0) })
                }
            try db.cachedStatement(
                sql: """
                    INSERT OR REPLACE INTO left_alone (vault, place, path, tool, prune, why, is_link, target, entries)
                    VALUES (?,?,?,?,?,?,?,?,?)
                    """
            )
            .execute(
                arguments: [
                    vault.text, data(entry.place), data(entry.path), tool, prune, why, isLink, target, entry.entries,
                ])
        }
    }

    private static func leftAlone(_ db: Database, _ vault: VaultID, _ place: Bytes?) throws -> [LeftAlone] {
        let statement = try db.cachedStatement(
            sql:
                "SELECT path, tool, prune, why, place, is_link, target, size, newest, entries FROM left_alone "
                + "WHERE vault = ? "
                + (place == nil ? "" : "AND place = ?"))
        let arguments: StatementArguments = place.map { [vault.text, data($0)] } ?? [vault.text]
        return try Row.fetchAll(statement, arguments: arguments).map { row in
            let tool: String? = row[1]
            let target: Data? = row[6]
            let newest: Int64? = row[8]
            let other: LeftAlone.Why = row[5] ? .link(to: target.map { bytes($0) }) : .foreign(row[3])
            return LeftAlone(
                path: bytes(row[0]), place: bytes(row[4]),
                why: tool.map { .opaque(tool: $0, prune: row[2] ?? "") } ?? other, size: row[7],
                newest: newest.map { Timestamp(nanoseconds: $0) }, entries: row[9])
        }
    }

    package func leftAlone(vault: VaultID) throws(Fault) -> [LeftAlone] {
        try read { db in try Self.leftAlone(db, vault, nil) }.sorted { $0.path < $1.path }
    }

    /// What was measured of an opaque unit.
    package func recordMeasured(vault: VaultID, _ entry: LeftAlone) throws(Fault) {
        try write { db in
            try db.execute(
                sql: """
                    UPDATE left_alone SET size = ?, newest = ?
                    WHERE vault = ? AND place = ? AND path = ? AND (size IS NOT ? OR newest IS NOT ?)
                    """,
                arguments: [
                    entry.size, entry.newest?.nanoseconds, vault.text, Self.data(entry.place), Self.data(entry.path),
                    entry.size, entry.newest?.nanoseconds,
                ])
        }
    }
}

extension LeftAlone {
    fileprivate var unmeasured: LeftAlone { LeftAlone(path: path, place: place, why: why, entries: entries) }
}
