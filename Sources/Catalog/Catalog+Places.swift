internal import Foundation
internal import GRDB
package import Model

/// Directories that are looked at: what they looked like when they were last read, and which are there no more.
extension Catalog {
    /// All places of a vault, and what they looked like when they were last read in this way. `readAs`: how names are
    /// read now; where it was another way before, no digest counts.
    package func places(vault: VaultID, readAs: String) throws(Fault) -> [Bytes: PlaceDigest?] {
        try read { db in
            let before = try String.fetchOne(db, sql: "SELECT read_as FROM vault WHERE id = ?", arguments: [vault.text])
            var found: [Bytes: PlaceDigest?] = [:]
            let rows = try Row.fetchCursor(
                db, sql: "SELECT path, high, low FROM place WHERE vault = ?", arguments: [vault.text])
            while let row = try rows.next() {
                let (high, low): (Int64?, Int64?) = (row[1], row[2])
                var digest: PlaceDigest?
                if let high, let low, before == readAs {
                    digest = PlaceDigest(high: UInt64(bitPattern: high), low: UInt64(bitPattern: low))
                }
                found.updateValue(digest, forKey: try row.withUnsafeData(atIndex: 0) { Bytes($0 ?? Data()) })
            }
            return found
        }
    }

    /// The places below one of these that are not among them: `inside` says which directories lie in each.
    package func placesGone(vault: VaultID, _ looked: [Bytes: Set<Bytes>]) throws(Fault) -> [Bytes] {
        try read { db in
            var gone: Set<Bytes> = []
            for (place, inside) in looked {
                // All paths with the prefix "PLACE/": "0" is the byte after "/".
                let low = place.isEmpty ? Bytes() : place + "/"
                let high = place.isEmpty ? Bytes([0xFF]) : place + "0"
                let known = try Data.fetchCursor(
                    db, sql: "SELECT path FROM place WHERE vault = ? AND path > ? AND path < ?",
                    arguments: [vault.text, Self.data(low), Self.data(high)])
                while let path = try known.next() {
                    let path = Bytes(path)
                    // The directory in `place` that leads to it.
                    let first = path.storage[low.count...].prefix { $0 != UInt8(ascii: "/") }
                    if !inside.contains(low + Bytes(first)), looked[path] == nil { gone.insert(path) }
                }
            }
            return gone.sorted()
        }
    }

    /// Places that are there no more, with all that was known in them. Answers the backups that were.
    package func forget(vault: VaultID, places: [Bytes]) throws(Fault) -> [Backup] {
        var vanished: [Backup] = []
        for place in places {
            while true {
                let some = try write { db in try Self.forgetSome(db, vault, place) }
                vanished += some
                if some.count < Self.mostRows { break }
            }
        }
        return vanished
    }

    private static func forgetSome(_ db: Database, _ vault: VaultID, _ place: Bytes) throws -> [Backup] {
        let rows = try backups(
            db, "vault = ? AND batch = '' AND place = ? LIMIT \(mostRows)", [vault.text, data(place)])
        for row in rows { try delete(db, vault, batch: "", row.path) }
        guard rows.count < mostRows else { return rows }
        try db.execute(
            sql: "DELETE FROM left_alone WHERE vault = ? AND place = ?", arguments: [vault.text, data(place)])
        try db.execute(sql: "DELETE FROM place WHERE vault = ? AND path = ?", arguments: [vault.text, data(place)])
        // Its parent must be read again: what it looked like had this one in it.
        try db.execute(
            sql: "UPDATE place SET high = NULL, low = NULL WHERE vault = ? AND path = ? AND high IS NOT NULL",
            arguments: [vault.text, data(place.parent)])
        return rows
    }

    /// A whole look has finished, in which names were read in this way. Written once.
    package func recordIndexed(vault: VaultID, readAs: String) throws(Fault) {
        let isSame = try read { db in
            try Bool.fetchOne(
                db, sql: "SELECT indexed AND read_as IS ? FROM vault WHERE id = ?", arguments: [readAs, vault.text])
        }
        guard isSame != true else { return }
        try write { db in
            try db.execute(
                sql: """
                    INSERT INTO vault (id, indexed, read_as) VALUES (?, 1, ?)
                    ON CONFLICT (id) DO UPDATE SET indexed = 1, read_as = excluded.read_as
                    """, arguments: [vault.text, readAs])
        }
    }

    /// How names were read in the last whole look that finished.
    package func readAs(vault: VaultID) throws(Fault) -> String? {
        try read { db in
            try String.fetchOne(db, sql: "SELECT read_as FROM vault WHERE id = ?", arguments: [vault.text])
        }
    }

    /// Whether a whole look at this vault has ever finished.
    package func isIndexed(vault: VaultID) throws(Fault) -> Bool {
        try read { db in
            try Bool.fetchOne(db, sql: "SELECT indexed FROM vault WHERE id = ?", arguments: [vault.text]) ?? false
        }
    }
}
