internal import Foundation
internal import GRDB
package import Model

/// Directories that are looked at: what they looked like when they were last read, and which are there no more.
package struct PlaceTable: Sendable {
    let catalog: Catalog

    /// All places of a vault, and what they looked like when they were last read in this way. `readAs`: how names are
    /// read now; where it was another way before, no digest counts.
    package func digests(vault: VaultID, readAs: String) throws(Fault) -> [Bytes: PlaceDigest?] {
        try catalog.read { db in
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
    package func gone(vault: VaultID, _ looked: [Bytes: Set<Bytes>]) throws(Fault) -> [Bytes] {
        try catalog.read { db in
            var gone: Set<Bytes> = []
            for (place, inside) in looked {
                // All paths with the prefix "PLACE/": "0" is the byte after "/".
                let low = place.isEmpty ? Bytes() : place + "/"
                let high = place.isEmpty ? Bytes([0xFF]) : place + "0"
                let known = try Data.fetchCursor(
                    db, sql: "SELECT path FROM place WHERE vault = ? AND path > ? AND path < ?",
                    arguments: [vault.text, low.data, high.data])
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
                let some = try catalog.write { db in try forgetSome(db, vault, place) }
                vanished += some
                if some.count < Catalog.mostRows { break }
            }
        }
        return vanished
    }

    private func forgetSome(_ db: Database, _ vault: VaultID, _ place: Bytes) throws -> [Backup] {
        let rows = BackupRows(db: db)
        let found = try rows.all(
            where: "vault = ? AND batch = '' AND place = ? LIMIT \(Catalog.mostRows)", [vault.text, place.data])
        for row in found { try rows.delete(vault, batch: "", row.path) }
        guard found.count < Catalog.mostRows else { return found }
        try db.execute(
            sql: "DELETE FROM left_alone WHERE vault = ? AND place = ?", arguments: [vault.text, place.data])
        try db.execute(sql: "DELETE FROM place WHERE vault = ? AND path = ?", arguments: [vault.text, place.data])
        // Its parent must be read again: what it looked like had this one in it.
        try db.execute(
            sql: "UPDATE place SET high = NULL, low = NULL WHERE vault = ? AND path = ? AND high IS NOT NULL",
            arguments: [vault.text, place.parent.data])
        return found
    }
}
