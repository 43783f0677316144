internal import Foundation
internal import GRDB
internal import Model

/// Writes what looks at places found, within one transaction.
struct LookWriter {
    private let rows: BackupRows
    private let vault: VaultID
    /// Whether a whole look at the vault has ever finished.
    private let isIndexed: Bool
    private let elsewhere: KnownObjects
    private(set) var changes = Catalog.Changes()

    private var db: Database { rows.db }

    init(_ db: Database, _ vault: VaultID, isIndexed: Bool) {
        (rows, self.vault, self.isIndexed) = (BackupRows(db: db), vault, isIndexed)
        elsewhere = KnownObjects(db, vault)
    }

    /// `isPart`: others of the same place follow.
    mutating func record(_ look: Catalog.Look, isPart: Bool) throws {
        var look = look
        // Where another process was faster, the place has to be read again.
        if try !write(look) {
            look.digest = nil
            changes.contested += 1
        }
        guard !isPart else { return }
        try replaceSkipped(look)
        try record(look)
    }

    /// `false`: a row was not written, because it is not as it was before the look.
    private mutating func write(_ look: Catalog.Look) throws -> Bool {
        var isWhole = true
        let links = Dictionary(
            look.skippedEntries.compactMap { entry in
                if case .link(let target?) = entry.why { (entry.path, target.withoutDots) } else { nil }
            }
        ) { first, _ in first }
        let known = Dictionary(look.known.map { ($0.path, $0) }) { first, _ in first }
        let (fresh, again) = (
            try db.cachedStatement(sql: BackupRows.insert), try db.cachedStatement(sql: BackupRows.replace)
        )
        for backup in look.backups {
            let before = known[backup.path]
            guard before != backup else { continue }
            // Asked before its own row is written.
            let isFurther = try before.map { try elsewhere.isFurtherLink(backup, $0) } ?? false
            if let before {
                guard try isUnchanged(before) else {
                    isWhole = false
                    continue
                }
                try rows.run(again, backup)
            } else {
                try rows.run(fresh, backup)
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
            if backup.isComplete { for sign in backup.signs { try recordSign(backup, sign) } }
            if !backup.isComplete, backup.condition != .settling, before?.condition != backup.condition {
                changes.newlyUnusable += 1
            }
            guard backup.isComplete, !(before?.isComplete ?? false) else { continue }
            changes.newlyComplete += 1
            if before != nil || isIndexed { changes.completed.append(backup) }
        }
        let kept = Set(look.backups.map(\.path))
        for old in look.known where !kept.contains(old.path) && !look.unknown.contains(old.path) {
            guard try isUnchanged(old) else { continue }
            try rows.delete(vault, batch: "", old.path)
            changes.vanished.append(old)
            if let target = links[old.path], let known = try rows.row(vault, batch: "", target), known.size == old.size
            {
                changes.linked.insert(old.id.object)
            }
        }
        return isWhole
    }

    /// Whether a row is what it was; what was measured meanwhile makes no difference.
    private func isUnchanged(_ before: Backup) throws -> Bool {
        guard var now = try rows.row(before.vault, batch: "", before.path) else { return false }
        now.freed = before.freed
        return now == before
    }

    /// The place itself, and those in it: a place that is not read again must still lead to what lies in it.
    private func record(_ look: Catalog.Look) throws {
        let place = try db.cachedStatement(
            sql: """
                INSERT INTO place (vault, path, high, low) VALUES (?, ?, ?, ?)
                ON CONFLICT (vault, path) DO UPDATE SET high = excluded.high, low = excluded.low
                WHERE high IS NOT excluded.high OR low IS NOT excluded.low
                """)
        try place.execute(
            arguments: [
                vault.text, look.place.data, look.digest.map { Int64(bitPattern: $0.high) },
                look.digest.map { Int64(bitPattern: $0.low) },
            ])
        let inner = try db.cachedStatement(sql: "INSERT OR IGNORE INTO place (vault, path) VALUES (?, ?)")
        for path in look.inside { try inner.execute(arguments: [vault.text, path.data]) }
    }

    /// The first one of a series that shows a sign makes later ones without it incomplete; of the footer of plain SQL,
    /// which options take away, it is only said.
    private func recordSign(_ backup: Backup, _ sign: String) throws {
        let (vault, series) = (backup.vault.text, backup.series.data)
        try db.cachedStatement(
            sql: """
                INSERT INTO sign (vault, series, name, since) VALUES (?, ?, ?, ?)
                ON CONFLICT (vault, series, name) DO UPDATE SET since = excluded.since WHERE since > excluded.since
                """
        ).execute(arguments: [vault, series, sign, backup.time.nanoseconds])
        guard db.changesCount == 1 else { return }
        let isFooter = sign == Backup.footerSign
        let without = try rows.all(
            where:
                """
                vault = ? AND batch = '' AND series = ? AND time > ? AND condition = 'complete'
                AND \(isFooter ? "end_mark = 'footer-absent'" : "instr(coalesce(contents, ''), ?) = 0")
                """, [vault, series, backup.time.nanoseconds] + (isFooter ? [] : [sign]))
        let statement = try db.cachedStatement(sql: BackupRows.replace)
        for var backup in without {
            if !isFooter { backup.condition = .incomplete }
            backup.note = isFooter ? Backup.footerAbsentNote : Backup.signNote(sign)
            try rows.run(statement, backup)
        }
    }

    /// Makes the entries of a place equal to what a look found. What was measured of an entry stays.
    private func replaceSkipped(_ look: Catalog.Look) throws {
        if look.isNew, look.skippedEntries.isEmpty { return }
        let old = Set(try SkippedEntry.all(db, vault, look.place).map(\.unmeasured))
        let fresh = Set(look.skippedEntries)
        for entry in old.subtracting(fresh) {
            try db.cachedStatement(sql: "DELETE FROM left_alone WHERE vault = ? AND place = ? AND path = ?")
                .execute(arguments: [vault.text, entry.place.data, entry.path.data])
        }
        for entry in fresh.subtracting(old) {
            let (tool, prune, why, isLink, target): (String?, String?, String, Bool, Data?) =
                switch entry.why {
                case .managed(let tool, let prune): (tool, prune, "", false, nil)
                case .notRecognised(let why): (nil, nil, why, false, nil)
                case .link(let target): (nil, nil, "", true, target.map { $0.data })
                }
            try db.cachedStatement(
                sql: """
                    INSERT OR REPLACE INTO left_alone (vault, place, path, tool, prune, why, is_link, target, entries)
                    VALUES (?,?,?,?,?,?,?,?,?)
                    """
            )
            .execute(
                arguments: [
                    vault.text, entry.place.data, entry.path.data, tool, prune, why, isLink, target, entry.entries,
                ])
        }
    }
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

extension SkippedEntry {
    /// `place`: only what is there.
    static func all(_ db: Database, _ vault: VaultID, _ place: Bytes?) throws -> [SkippedEntry] {
        let statement = try db.cachedStatement(
            sql:
                "SELECT path, tool, prune, why, place, is_link, target, size, newest, entries FROM left_alone "
                + "WHERE vault = ? "
                + (place == nil ? "" : "AND place = ?"))
        let arguments: StatementArguments = place.map { [vault.text, $0.data] } ?? [vault.text]
        return try Row.fetchAll(statement, arguments: arguments).map { row in
            let tool: String? = row[1]
            let target: Data? = row[6]
            let newest: Int64? = row[8]
            let other: SkippedEntry.Why = row[5] ? .link(to: target.map { Bytes($0) }) : .notRecognised(row[3])
            return SkippedEntry(
                path: Bytes(row[0] as Data), place: Bytes(row[4] as Data),
                why: tool.map { .managed(tool: $0, prune: row[2] ?? "") } ?? other, size: row[7],
                newest: newest.map { Timestamp(nanoseconds: $0) }, entries: row[9])
        }
    }

    fileprivate var unmeasured: SkippedEntry { SkippedEntry(path: path, place: place, why: why, entries: entries) }
}
