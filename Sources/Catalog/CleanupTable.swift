internal import Foundation
internal import GRDB
package import Model

/// What cleanups saw, and what was restored how often. Lost with the catalog; then a plan may hold once what it need
/// not have held.
package struct CleanupTable: Sendable {
    let catalog: Catalog

    /// When the last cleanup of a vault ran, and the newest complete backup of each series then. `nil`: none is known.
    package func lastRun(vault: VaultID) throws(Fault) -> (at: Timestamp, newest: [Bytes: Timestamp])? {
        try catalog.read { db in
            guard let at = try Int64.fetchOne(db, sql: "SELECT at FROM run WHERE vault = ?", arguments: [vault.text])
            else { return nil }
            let rows = try Row.fetchAll(
                db, sql: "SELECT series, newest FROM run_series WHERE vault = ?", arguments: [vault.text])
            let pairs = rows.map { (Bytes($0[0] as Data), Timestamp(nanoseconds: $0[1])) }
            return (Timestamp(nanoseconds: at), Dictionary(pairs) { first, _ in first })
        }
    }

    /// Unchanged series cost no write.
    package func recordRun(vault: VaultID, at now: Timestamp, newest: [Bytes: Timestamp]) throws(Fault) {
        let known = try lastRun(vault: vault)?.newest ?? [:]
        try catalog.write { db in
            try db.execute(
                sql: "INSERT OR REPLACE INTO run (vault, at) VALUES (?, ?)", arguments: [vault.text, now.nanoseconds])
            for (series, time) in newest where known[series] != time {
                try db.execute(
                    sql: "INSERT OR REPLACE INTO run_series (vault, series, newest) VALUES (?, ?, ?)",
                    arguments: [vault.text, series.data, time.nanoseconds])
            }
            for series in known.keys where newest[series] == nil {
                try db.execute(
                    sql: "DELETE FROM run_series WHERE vault = ? AND series = ?",
                    arguments: [vault.text, series.data])
            }
        }
    }

    /// One that was once condemned: it is in the trash, or purged.
    package struct Past: Sendable {
        package var object: UInt64
        package var time: Timestamp
        package var size: Int64
        package var isFull: Bool
    }

    /// The newest of each series of all that was once condemned. What cleanups thinned out still tells how often a
    /// series gets a new backup, and of what size. Newest first, `most` of each, none later than `latest`.
    package func past(vault: VaultID, most: Int, latest: Timestamp) throws(Fault) -> [Bytes: [Past]] {
        try catalog.read { db in
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT series, time, size, kind = 'full', id FROM (
                        SELECT series, time, size, kind, id,
                            row_number() OVER (PARTITION BY series ORDER BY time DESC) AS n
                        FROM backup WHERE vault = ? AND batch <> '' AND condition = 'complete' AND time <= ?
                    ) WHERE n <= ? ORDER BY series, time DESC
                    """, arguments: [vault.text, latest.nanoseconds, most])
            var past: [Bytes: [Past]] = [:]
            while let row = try rows.next() {
                past[Bytes(row[0] as Data), default: []].append(
                    Past(
                        object: UInt64(bitPattern: row[4] as Int64), time: Timestamp(nanoseconds: row[1]), size: row[2],
                        isFull: row[3]))
            }
            return past
        }
    }

    /// How often each object was brought back, by the number in its id.
    package func restored(vault: VaultID) throws(Fault) -> [UInt64: UInt16] {
        try catalog.read { db in
            let rows = try Row.fetchAll(
                db, sql: "SELECT id, count FROM restored WHERE vault = ?", arguments: [vault.text])
            let pairs = rows.map { (UInt64(bitPattern: $0[0] as Int64), UInt16(clamping: $0[1] as Int64)) }
            return Dictionary(pairs) { first, _ in first }
        }
    }

    package func recordRestored(vault: VaultID, objects: [UInt64]) throws(Fault) {
        for start in stride(from: 0, to: objects.count, by: Catalog.mostRows) {
            let some = objects[start..<min(start + Catalog.mostRows, objects.count)]
            try catalog.write { db in
                let statement = try db.cachedStatement(
                    sql: """
                        INSERT INTO restored (vault, id, count) VALUES (?, ?, 1)
                        ON CONFLICT (vault, id) DO UPDATE SET count = count + 1
                        """)
                for object in some { try statement.execute(arguments: [vault.text, Int64(bitPattern: object)]) }
            }
        }
    }
}
