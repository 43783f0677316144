internal import Foundation
internal import GRDB
package import Model

extension Catalog {
    /// What changed by recording a look.
    package struct Changes: Sendable {
        package var appeared: [Backup] = []
        package var completed: [Backup] = []
        package var vanished: [Backup] = []

        package init() {}
    }

    /// Which part of a vault was looked at.
    package enum Scope: Sendable {
        /// These directories, and which directories lie in each: what else was known below them is gone.
        case places([Bytes: Set<Bytes>])
        /// All of it, but for what lies below directories that could not be read.
        case whole(unreadable: Set<Bytes>)
    }

    /// Makes the catalog equal to what was seen within the scope. Unchanged rows are not written.
    ///
    /// `known`: the rows as they were before the look. A row that another process changed since is newer than the look,
    /// and stays.
    package func record(
        vault: VaultID, scope: Scope, known: [Backup], backups: [Backup], leftAlone: [LeftAlone], at now: Timestamp
    ) throws(Fault) -> Changes {
        let expected = Dictionary(known.map { ($0.path, $0) }) { first, _ in first }
        return try write { db in
            let old = try Self.rows(db, vault, scope)
            var changes = Changes()
            let insert = try db.cachedStatement(sql: Self.insert)
            var kept: Set<Bytes> = []
            for backup in backups {
                kept.insert(backup.path)
                let before = old[backup.path]
                guard before != backup, before == expected[backup.path] else { continue }
                if before?.id != backup.id { changes.appeared.append(backup) }
                if backup.isComplete, !(before?.isComplete ?? false) { changes.completed.append(backup) }
                try insert.execute(arguments: Self.arguments(backup))
            }
            let moved = Set(backups.map(\.id.object))
            for (path, backup) in old where !kept.contains(path) && expected[path] == backup {
                try Self.delete(db, vault, batch: "", path)
                if !moved.contains(backup.id.object) { changes.vanished.append(backup) }
            }
            try Self.replace(db, vault, scope, leftAlone)
            if case .whole = scope {
                try db.execute(
                    sql: """
                        INSERT INTO vault (id, scanned_at) VALUES (?, ?)
                        ON CONFLICT (id) DO UPDATE SET scanned_at = excluded.scanned_at
                        """, arguments: [vault.text, now.nanoseconds])
            }
            return changes
        }
    }

    private static func delete(_ db: Database, _ vault: VaultID, batch: String, _ path: Bytes) throws {
        try db.execute(
            sql: "DELETE FROM backup WHERE vault = ? AND batch = ? AND path = ?",
            arguments: [vault.text, batch, Data(path.storage)])
    }

    /// The present rows that the scope speaks for.
    private static func rows(_ db: Database, _ vault: VaultID, _ scope: Scope) throws -> [Bytes: Backup] {
        var found: [Bytes: Backup] = [:]
        func add(_ condition: String, _ arguments: StatementArguments) throws {
            let cursor = try Row.fetchCursor(
                db, sql: "SELECT \(columns) FROM backup WHERE vault = ? AND batch = '' \(condition)",
                arguments: [vault.text] + arguments)
            while let row = try cursor.next() {
                let backup = try backup(row)
                found[backup.path] = backup
            }
        }
        switch scope {
        case .whole(let unreadable):
            try add("", [])
            if !unreadable.isEmpty {
                found = found.filter { path, _ in !unreadable.contains { path.isWithin($0) } }
            }
        case .places(let places):
            for (place, inside) in places {
                try add("AND place = ?", [Data(place.storage)])
                for gone in try placesGone(db, "backup", vault, place, inside) {
                    try add("AND place = ?", [Data(gone.storage)])
                }
            }
        }
        return found
    }

    /// Places known below `place` whose directory in it is there no more.
    private static func placesGone(
        _ db: Database, _ table: String, _ vault: VaultID, _ place: Bytes, _ inside: Set<Bytes>
    ) throws -> [Bytes] {
        // All paths with the prefix "PLACE/": "0" is the byte after "/".
        let low = place.isEmpty ? Bytes() : place + "/"
        let high = place.isEmpty ? Bytes([0xFF]) : place + "0"
        let known = try Data.fetchAll(
            db, sql: "SELECT DISTINCT place FROM \(table) WHERE vault = ? AND place > ? AND place < ?",
            arguments: [vault.text, Data(low.storage), Data(high.storage)])
        return known.map { Bytes($0) }.filter { known in
            !inside.contains { known.isWithin($0) }
        }
    }

    private static func replace(_ db: Database, _ vault: VaultID, _ scope: Scope, _ leftAlone: [LeftAlone]) throws {
        let old = try self.leftAlone(db, vault, scope)
        let fresh = Set(leftAlone)
        for entry in old.subtracting(fresh) {
            try db.execute(
                sql: "DELETE FROM left_alone WHERE vault = ? AND place = ? AND path = ?",
                arguments: [vault.text, Data(entry.place.storage), Data(entry.path.storage)])
        }
        for entry in fresh.subtracting(old) {
            let (tool, prune, why, isLink, target): (String?, String?, String, Bool, Data?) =
                switch entry.why {
                case .opaque(let tool, let prune): (tool, prune, "", false, nil)
                case .foreign(let why): (nil, nil, why, false, nil)
                case .link(let target): (nil, nil, "", true, target.map { Data($0.storage) })
                }
            try db.execute(
                sql: """
                    INSERT OR REPLACE INTO left_alone (vault, place, path, tool, prune, why, is_link, target)
                    VALUES (?,?,?,?,?,?,?,?)
                    """,
                arguments: [
                    vault.text, Data(entry.place.storage), Data(entry.path.storage), tool, prune, why, isLink, target,
                ])
        }
    }

    private static func leftAlone(_ db: Database, _ vault: VaultID, _ scope: Scope) throws -> Set<LeftAlone> {
        switch scope {
        case .whole(let unreadable):
            return try leftAlone(db, vault, nil).filter { entry in !unreadable.contains { entry.path.isWithin($0) } }
        case .places(let places):
            var found: Set<LeftAlone> = []
            for (place, inside) in places {
                found.formUnion(try leftAlone(db, vault, place))
                for gone in try placesGone(db, "left_alone", vault, place, inside) {
                    found.formUnion(try leftAlone(db, vault, gone))
                }
            }
            return found
        }
    }

    private static func leftAlone(_ db: Database, _ vault: VaultID, _ place: Bytes?) throws -> Set<LeftAlone> {
        let (condition, arguments): (String, StatementArguments) =
            place.map { ("AND place = ?", [Data($0.storage)]) } ?? ("", [])
        let rows = try Row.fetchAll(
            db,
            sql: "SELECT path, tool, prune, why, place, is_link, target FROM left_alone WHERE vault = ? \(condition)",
            arguments: [vault.text] + arguments)
        return Set(
            rows.map { row in
                let tool: String? = row[1]
                let target: Data? = row[6]
                let other: LeftAlone.Why = row[5] ? .link(to: target.map { bytes($0) }) : .foreign(row[3])
                return LeftAlone(
                    path: bytes(row[0]), place: bytes(row[4]),
                    why: tool.map { .opaque(tool: $0, prune: row[2] ?? "") } ?? other)
            })
    }

    // MARK: Questions

    package func present(vault: VaultID) throws(Fault) -> [Backup] {
        try backups("vault = ? AND batch = ''", [vault.text])
    }

    package func present(vault: VaultID, place: Bytes) throws(Fault) -> [Backup] {
        try backups("vault = ? AND batch = '' AND place = ?", [vault.text, Data(place.storage)])
    }

    func backups(_ condition: String, _ arguments: StatementArguments) throws(Fault) -> [Backup] {
        try read { db in
            var found: [Backup] = []
            let cursor = try Row.fetchCursor(
                db, sql: "SELECT \(Self.columns) FROM backup WHERE \(condition)", arguments: arguments)
            while let row = try cursor.next() { found.append(try Self.backup(row)) }
            return found
        }
    }

    package func leftAlone(vault: VaultID) throws(Fault) -> [LeftAlone] {
        try read { db in try Self.leftAlone(db, vault, nil) }.sorted { $0.path < $1.path }
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
        try write { db in
            try db.execute(
                sql: """
                    INSERT INTO vault (id, unreconciled) VALUES (?, ?)
                    ON CONFLICT (id) DO UPDATE SET unreconciled = excluded.unreconciled
                    """, arguments: [vault.text, why])
        }
    }
}
