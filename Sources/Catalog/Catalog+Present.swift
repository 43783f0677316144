internal import Foundation
internal import GRDB
package import Model

extension Catalog {
    /// What changed by recording looks.
    package struct Changes: Sendable {
        /// Objects that were not known, and the places they are in.
        package var appeared: Set<UInt64> = []
        package var places: Set<Bytes> = []
        /// Those that became complete before our eyes. What stood there complete when a vault was first indexed is not
        /// among them.
        package var completed: [Backup] = []
        /// All that is complete now and was not known to be, those of a first index too.
        package var newlyComplete = 0
        package var vanished: [Backup] = []
        /// Places of which another process changed a row meanwhile: they have to be read again.
        var contested = 0

        package init() {}

        package mutating func merge(_ other: Changes) {
            appeared.formUnion(other.appeared)
            places.formUnion(other.places)
            completed += other.completed
            newlyComplete += other.newlyComplete
            vanished += other.vanished
            contested += other.contested
        }

        /// What is gone from one place and was seen in another has only moved.
        package mutating func settleMoves() {
            vanished.removeAll { appeared.contains($0.id.object) }
        }
    }

    /// What one look at a place found.
    package struct Look: Sendable {
        package var place: Bytes
        /// The rows as they were before the look. A row that another process changed since is newer, and stays.
        package var known: [Backup]
        package var backups: [Backup]
        package var leftAlone: [LeftAlone]
        /// Directories in it that are places too.
        package var inside: [Bytes]
        /// `nil`: it has to be read again next time, whatever it looks like.
        package var digest: PlaceDigest?
        /// Backups of which nothing could be seen: they are not gone.
        package var unknown: Set<Bytes>
        /// Nothing was ever recorded of it.
        package var isNew: Bool

        package init(
            place: Bytes, known: [Backup], backups: [Backup], leftAlone: [LeftAlone], inside: [Bytes],
            digest: PlaceDigest?, unknown: Set<Bytes> = [], isNew: Bool = false
        ) {
            self.isNew = isNew
            self.unknown = unknown
            self.place = place
            self.known = known
            self.backups = backups
            self.leftAlone = leftAlone
            self.inside = inside
            self.digest = digest
        }

        package var rows: Int { backups.count + leftAlone.count + 1 }
    }

    /// No transaction writes more rows than this: nobody waits for the database for long.
    package static let mostRows = 1000

    /// Makes the catalog equal to what was seen in these places. Unchanged rows are not written.
    package func record(vault: VaultID, _ looks: [Look]) throws(Fault) -> Changes {
        var changes = Changes()
        let isIndexed = try isIndexed(vault: vault)
        var together: [Look] = []
        var rows = 0
        for look in looks {
            if rows + look.rows > Self.mostRows, !together.isEmpty {
                changes.merge(try write(vault, together, isIndexed))
                together = []
                rows = 0
            }
            together += try split(look, vault, isIndexed, &changes)
            rows += together.last?.rows ?? 0
        }
        if !together.isEmpty { changes.merge(try write(vault, together, isIndexed)) }
        return changes
    }

    /// A place of more rows than one transaction may have: all but the last part is written at once. Its digest comes
    /// with the last part, so that a crash in between makes it read again.
    private func split(
        _ look: Look, _ vault: VaultID, _ isIndexed: Bool, _ changes: inout Changes
    ) throws(Fault) -> [Look] {
        guard look.backups.count > Self.mostRows else { return [look] }
        let known = Dictionary(look.known.map { ($0.path, $0) }) { first, _ in first }
        var last = look
        last.backups = []
        for start in stride(from: 0, to: look.backups.count, by: Self.mostRows) {
            let some = Array(look.backups[start..<min(start + Self.mostRows, look.backups.count)])
            let part = Look(
                place: look.place, known: some.compactMap { known[$0.path] }, backups: some, leftAlone: [], inside: [],
                digest: nil)
            let before = changes.contested
            changes.merge(try write(vault, [part], isIndexed, isPart: true))
            if changes.contested > before { last.digest = nil }
        }
        let kept = Set(look.backups.map(\.path))
        last.known = look.known.filter { !kept.contains($0.path) }
        return [last]
    }

    private func write(
        _ vault: VaultID, _ looks: [Look], _ isIndexed: Bool, isPart: Bool = false
    ) throws(Fault) -> Changes {
        try write { db in
            var changes = Changes()
            for var look in looks {
                // Where another process was faster, the place has to be read again.
                if try !Self.write(db, look, vault, isIndexed, &changes) {
                    look.digest = nil
                    changes.contested += 1
                }
                guard !isPart else { continue }
                try Self.replaceLeftAlone(db, vault, look)
                try Self.note(db, vault, look)
            }
            return changes
        }
    }

    /// `false`: a row was not written, because it is not as it was before the look.
    private static func write(
        _ db: Database, _ look: Look, _ vault: VaultID, _ isIndexed: Bool, _ changes: inout Changes
    ) throws -> Bool {
        var isWhole = true
        let known = Dictionary(look.known.map { ($0.path, $0) }) { first, _ in first }
        let (fresh, again) = (try db.cachedStatement(sql: insert), try db.cachedStatement(sql: replace))
        for backup in look.backups {
            let before = known[backup.path]
            guard before != backup else { continue }
            if let before {
                guard try isUnchanged(db, before) else {
                    isWhole = false
                    continue
                }
                try run(again, backup, db)
            } else {
                try run(fresh, backup, db)
                guard db.changesCount == 1 else {
                    isWhole = false
                    continue
                }
            }
            if before?.id != backup.id {
                changes.appeared.insert(backup.id.object)
                changes.places.insert(look.place)
            }
            if backup.endMark == .footerShown { try noteFooter(db, vault, backup.series) }
            guard backup.isComplete, !(before?.isComplete ?? false) else { continue }
            changes.newlyComplete += 1
            if before != nil || isIndexed { changes.completed.append(backup) }
        }
        let kept = Set(look.backups.map(\.path))
        for old in look.known where !kept.contains(old.path) && !look.unknown.contains(old.path) {
            guard try isUnchanged(db, old) else { continue }
            try delete(db, vault, batch: "", old.path)
            changes.vanished.append(old)
        }
        return isWhole
    }

    /// Whether a row is what it was; what was measured meanwhile makes no difference.
    private static func isUnchanged(_ db: Database, _ before: Backup) throws -> Bool {
        guard var now = try row(db, before.vault, batch: "", before.path) else { return false }
        now.freed = before.freed
        return now == before
    }

    static func delete(_ db: Database, _ vault: VaultID, batch: String, _ path: Bytes) throws {
        try db.cachedStatement(sql: "DELETE FROM backup WHERE vault = ? AND batch = ? AND place = ? AND name = ?")
            .execute(arguments: [vault.text, batch, data(path.parent), data(path.lastComponent)])
    }

    private static func row(_ db: Database, _ vault: VaultID, batch: String, _ path: Bytes) throws -> Backup? {
        let statement = try db.cachedStatement(
            sql: "SELECT \(columns) FROM backup WHERE vault = ? AND batch = ? AND place = ? AND name = ?")
        try statement.setArguments([vault.text, batch, data(path.parent), data(path.lastComponent)])
        var reader = RowReader(statement)
        return try reader.only(db)
    }

    static func data(_ bytes: Bytes) -> Data { Data(bytes.storage) }

    /// The place itself, and those in it: a place that is not read again must still lead to what lies in it.
    private static func note(_ db: Database, _ vault: VaultID, _ look: Look) throws {
        let place = try db.cachedStatement(
            sql: """
                INSERT INTO place (vault, path, high, low) VALUES (?, ?, ?, ?)
                ON CONFLICT (vault, path) DO UPDATE SET high = excluded.high, low = excluded.low
                WHERE high IS NOT excluded.high OR low IS NOT excluded.low
                """)
        try place.execute(
            arguments: [
                vault.text, data(look.place), look.digest.map { Int64(bitPattern: $0.high) },
                look.digest.map { Int64(bitPattern: $0.low) },
            ])
        let inner = try db.cachedStatement(sql: "INSERT OR IGNORE INTO place (vault, path) VALUES (?, ?)")
        for path in look.inside { try inner.execute(arguments: [vault.text, data(path)]) }
    }

    // MARK: Places

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

    /// These places have to be read again, whatever they look like.
    package func distrust(vault: VaultID, places: some Sequence<Bytes>) throws(Fault) {
        try write { db in
            for place in places {
                try db.execute(
                    sql: "UPDATE place SET high = NULL, low = NULL WHERE vault = ? AND path = ? AND high IS NOT NULL",
                    arguments: [vault.text, Self.data(place)])
            }
        }
    }

    /// A whole look has finished, in which names were read in this way. Written once.
    package func noteIndexed(vault: VaultID, readAs: String) throws(Fault) {
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

    /// Whether a whole look at this vault has ever finished.
    package func isIndexed(vault: VaultID) throws(Fault) -> Bool {
        try read { db in
            try Bool.fetchOne(db, sql: "SELECT indexed FROM vault WHERE id = ?", arguments: [vault.text]) ?? false
        }
    }

    // MARK: Footers

    /// Series of which a backup has shown the footer of its format: from then on it is demanded of all.
    package func footers(vault: VaultID) throws(Fault) -> Set<Bytes> {
        try read { db in
            Set(
                try Data.fetchAll(db, sql: "SELECT series FROM footer WHERE vault = ?", arguments: [vault.text])
                    .map { Bytes($0) })
        }
    }

    /// The first one of a series makes those without it incomplete.
    private static func noteFooter(_ db: Database, _ vault: VaultID, _ series: Bytes) throws {
        try db.cachedStatement(sql: "INSERT OR IGNORE INTO footer (vault, series) VALUES (?, ?)")
            .execute(arguments: [vault.text, data(series)])
        guard db.changesCount == 1 else { return }
        try db.execute(
            sql: """
                UPDATE backup SET condition = 'incomplete', note = ?
                WHERE vault = ? AND batch = '' AND series = ? AND end_mark = 'footer-absent' AND condition = 'complete'
                """, arguments: [Backup.footerAbsentNote, vault.text, data(series)])
    }

    // MARK: Questions

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

    /// How many are there, and complete. `isUnchanged`: nothing was read since they were counted, and a table of hundreds
    /// of thousands is not gone through again.
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
        var reader = RowReader(statement)
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
        try say("unreconciled", why, of: vault)
    }

    /// How the agent learns of changes there, where that is not by events alone; `nil`: by events.
    package func watching(vault: VaultID) throws(Fault) -> String? {
        try read { db in
            try String.fetchOne(db, sql: "SELECT watching FROM vault WHERE id = ?", arguments: [vault.text])
        }
    }

    package func setWatching(vault: VaultID, _ how: String?) throws(Fault) { try say("watching", how, of: vault) }

    private func say(_ column: String, _ text: String?, of vault: VaultID) throws(Fault) {
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
