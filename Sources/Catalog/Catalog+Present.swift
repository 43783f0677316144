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
        /// All that rests now and cannot be used: cut off, empty, reported as failed.
        package var newlyUnusable = 0
        package var vanished: [Backup] = []
        /// Complete ones whose name has another content now; of a vault that was known.
        package var rewritten: [(before: Backup, after: Backup)] = []
        /// Known ones that are under another name now.
        package var moved: [(before: Backup, after: Arrival)] = []
        /// What is there that was not there under this name; of a vault that was known.
        package var arrived: [Arrival] = []
        /// Names were read in another way than before: what is gone may only be no backup any more.
        package var isReread = false
        /// Those whose name another known one took.
        package var dropped: [Backup] = []
        /// Objects of vanished ones where a link to a known one as large stands now.
        package var linked: Set<UInt64> = []
        /// Places of which another process changed a row meanwhile: they have to be read again.
        var contested = 0

        /// Something under a name that it did not have.
        package struct Arrival: Sendable, Hashable {
            package var object: UInt64
            package var series: Bytes
            package var path: Bytes
        }

        package init() {}

        package mutating func merge(_ other: Changes) {
            appeared.formUnion(other.appeared)
            places.formUnion(other.places)
            completed += other.completed
            newlyComplete += other.newlyComplete
            newlyUnusable += other.newlyUnusable
            vanished += other.vanished
            rewritten += other.rewritten
            moved += other.moved
            arrived += other.arrived
            isReread = isReread || other.isReread
            contested += other.contested
            linked.formUnion(other.linked)
        }

        /// What is gone from one place and was seen in another has only moved.
        package mutating func mergeMoves() {
            let gone = vanished.filter { !appeared.contains($0.id.object) }
            guard !arrived.isEmpty else {
                vanished = gone
                return
            }
            let now = Dictionary(arrived.map { ($0.object, $0) }) { first, _ in first }
            let replaced = rewritten.filter { $0.before.object != $0.after.object }.map(\.before)
            moved = (vanished + replaced).compactMap { before in now[before.id.object].map { (before, $0) } }
            // Where another known one took the name, its content is not another: it is a rotation.
            let known = Set((vanished + replaced).map(\.id.object))
            let overwritten = rewritten.filter { known.contains($0.after.id.object) && now[$0.before.id.object] == nil }
            rewritten.removeAll { now[$0.before.id.object] != nil || known.contains($0.after.id.object) }
            arrived.removeAll { known.contains($0.object) }
            vanished = gone
            dropped = overwritten.map(\.before)
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
            together += try split(look, vault, isIndexed: isIndexed, changes: &changes)
            rows += together.last?.rows ?? 0
        }
        if !together.isEmpty { changes.merge(try write(vault, together, isIndexed)) }
        return changes
    }

    /// A place of more rows than one transaction may have: all but the last part is written at once. Its digest comes
    /// with the last part, so that a crash in between makes it read again.
    private func split(
        _ look: Look, _ vault: VaultID, isIndexed: Bool, changes: inout Changes
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
            let elsewhere = KnownObjects(db, vault)
            for var look in looks {
                // Where another process was faster, the place has to be read again.
                if try !Self.write(
                    db, look, vault: vault, isIndexed: isIndexed, elsewhere: elsewhere, changes: &changes)
                {
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
        _ db: Database, _ look: Look, vault: VaultID, isIndexed: Bool, elsewhere: KnownObjects,
        changes: inout Changes
    ) throws -> Bool {
        var isWhole = true
        let links = Dictionary(
            look.leftAlone.compactMap { entry in
                if case .link(let target?) = entry.why { (entry.path, target.withoutDots) } else { nil }
            }
        ) { first, _ in first }
        let known = Dictionary(look.known.map { ($0.path, $0) }) { first, _ in first }
        let (fresh, again) = (try db.cachedStatement(sql: insert), try db.cachedStatement(sql: replace))
        for backup in look.backups {
            let before = known[backup.path]
            guard before != backup else { continue }
            // Asked before its own row is written.
            let isFurther = try before.map { try elsewhere.isFurtherLink(backup, $0) } ?? false
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
                // The first of several links has another id too, and is the same object.
                if !isFurther, before?.id.object != backup.id.object { elsewhere.fresh.insert(backup.id.object) }
                changes.appeared.insert(backup.id.object)
                changes.places.insert(look.place)
                if isIndexed {
                    changes.arrived.append(
                        .init(object: backup.id.object, series: backup.series, path: backup.path))
                }
            }
            if isIndexed, let before,
                before.isComplete && before.isAnother(than: backup) || before.showed(moreThan: backup), !isFurther
            {
                changes.rewritten.append((before, backup))
            }
            if backup.isComplete { for sign in backup.signs { try recordSign(db, backup, sign) } }
            if !backup.isComplete, backup.condition != .settling, before?.condition != backup.condition {
                changes.newlyUnusable += 1
            }
            guard backup.isComplete, !(before?.isComplete ?? false) else { continue }
            changes.newlyComplete += 1
            if before != nil || isIndexed { changes.completed.append(backup) }
        }
        let kept = Set(look.backups.map(\.path))
        for old in look.known where !kept.contains(old.path) && !look.unknown.contains(old.path) {
            guard try isUnchanged(db, old) else { continue }
            try delete(db, vault, batch: "", old.path)
            changes.vanished.append(old)
            if let target = links[old.path], let known = try row(db, vault, batch: "", target), known.size == old.size {
                changes.linked.insert(old.id.object)
            }
        }
        return isWhole
    }

    /// Equal files that a tool made one (`rdfind`, `jdupes`, `hardlink`): under a name lies now, as a further link of
    /// it, what was known under another name of the vault and is as large.
    private final class KnownObjects {
        private let db: Database
        private let vault: VaultID
        /// The size of each object; read when it is asked for.
        private var known: [UInt64: Int64]?
        /// Objects that have only just come.
        var fresh: Set<UInt64> = []

        init(_ db: Database, _ vault: VaultID) { (self.db, self.vault) = (db, vault) }

        func isFurtherLink(_ backup: Backup, _ before: Backup) throws -> Bool {
            guard backup.links > 1, backup.size == before.size, !backup.primary.isDirectory,
                before.object != backup.object, !fresh.contains(backup.id.object)
            else { return false }
            let all = try known ?? read()
            known = all
            return all[backup.id.object] == backup.size
        }

        private func read() throws -> [UInt64: Int64] {
            var all: [UInt64: Int64] = [:]
            let rows = try Row.fetchCursor(
                db, sql: "SELECT id, size FROM backup WHERE vault = ? AND batch = ''", arguments: [vault.text])
            while let row = try rows.next() {
                all[UInt64(bitPattern: row[0])] = row[1]
            }
            return all
        }
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
        let reader = RowReader(statement)
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

    // MARK: Signs

    /// By series: the signs of success that one of its backups has shown, and the time of the first that did.
    package func signs(vault: VaultID) throws(Fault) -> [Bytes: [String: Timestamp]] {
        try read { db in
            let rows = try Row.fetchCursor(
                db, sql: "SELECT series, name, since FROM sign WHERE vault = ?", arguments: [vault.text])
            var signs: [Bytes: [String: Timestamp]] = [:]
            while let row = try rows.next() {
                signs[Self.bytes(row[0]), default: [:]][row[1]] = Timestamp(nanoseconds: row[2])
            }
            return signs
        }
    }

    /// The first one of a series that shows a sign makes later ones without it incomplete; of the footer of plain SQL,
    /// which options take away, it is only said.
    private static func recordSign(_ db: Database, _ backup: Backup, _ sign: String) throws {
        let (vault, series) = (backup.vault.text, data(backup.series))
        try db.cachedStatement(
            sql: """
                INSERT INTO sign (vault, series, name, since) VALUES (?, ?, ?, ?)
                ON CONFLICT (vault, series, name) DO UPDATE SET since = excluded.since WHERE since > excluded.since
                """
        ).execute(arguments: [vault, series, sign, backup.time.nanoseconds])
        guard db.changesCount == 1 else { return }
        let isFooter = sign == Backup.footerSign
        let without = try backups(
            db,
            """
            vault = ? AND batch = '' AND series = ? AND time > ? AND condition = 'complete'
            AND \(isFooter ? "end_mark = 'footer-absent'" : "instr(coalesce(contents, ''), ?) = 0")
            """, [vault, series, backup.time.nanoseconds] + (isFooter ? [] : [sign]))
        let statement = try db.cachedStatement(sql: replace)
        for var backup in without {
            if !isFooter { backup.condition = .incomplete }
            backup.note = isFooter ? Backup.footerAbsentNote : Backup.signNote(sign)
            try run(statement, backup, db)
        }
    }
}

extension Backup {
    /// Whether the same name has another content: another object, size or time.
    fileprivate func isAnother(than now: Backup) -> Bool {
        let (own, other) = (primary, now.primary)
        if isCopied(as: now) { return false }
        return own.object != other.object || own.size != other.size || own.mtime != other.mtime
    }

    /// Written over in place, with size and time put back: the marks of its format, which it had, are not there any
    /// more. (While it is not looked into again, it has those of before.)
    fileprivate func showed(moreThan now: Backup) -> Bool {
        switch (endMark, now.endMark) {
        case (.shown, .absent), (.shown, .contradicted), (.shown, .footerAbsent), (.footerShown, .absent),
            (.footerShown, .contradicted), (.footerShown, .footerAbsent), (.none, .absent), (.none, .contradicted):
            !isAnother(than: now)
        default: false
        }
    }
}

extension Bytes {
    /// A link's target as the vault would resolve it, were no other link on the way.
    fileprivate var withoutDots: Bytes {
        components.reduce(into: [Bytes]()) { parts, part in
            if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(part) }
        }.reduce(Bytes()) { $0.appending($1) }
    }
}
