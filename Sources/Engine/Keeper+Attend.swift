internal import Audit
package import Catalog
package import Disk
package import Model
package import Survey
package import Trash

/// A vault as it was just looked at, whole: what is there, what is in its trash, what people said.
package struct Attended: Sendable {
    package var vault: OpenVault
    package var at: Moment
    package var scan: VaultSurvey.Scan
    package var batches: [Batch]
    package var marks: Marks
    package var changes: Catalog.Changes
    /// What recovery did, or would do.
    package var recovery: [Recovery.Finding] = []
    /// Brought back by a person's `mv`: left alone for a grace, as after our restore.
    package var broughtBack: [Backup] = []
    /// Gone from a batch without our purge.
    package var missing: [Backup] = []

    package var present: [Backup] { scan.backups }

    package var trashed: [(batch: Batch, item: Batch.Item)] {
        batches.flatMap { batch in batch.items.filter(\.holdsPrimary).map { (batch, $0) } }
    }
}

extension Keeper {
    /// Looks at a vault and its trash, and makes the catalog equal to them. `acting`: also recovers, and writes down
    /// what it found out; without it nothing in the vault is changed.
    package func attend(
        _ configuration: VaultConfiguration, acting: Bool, watch: ((Directory, Bytes) -> Void)? = nil,
        shouldStop: () -> Bool = { false }
    ) throws(Fault) -> Attended {
        let vault = try open(configuration)
        let at = now()
        let facts = LazyFacts { () throws(Fault) in try home.audit.facts(of: vault.id) }
        let recovery = try recover(vault, acting: acting, facts)
        let trash = try vault.trash()
        let batches = try trash?.batches() ?? []
        let scan = try self.scan(vault, batches, at, watch, shouldStop)
        let scope = Catalog.Scope.whole(unreadable: Set(scan.unreadable.keys))
        let changes = try home.catalog.record(
            vault: vault.id, scope: scope, backups: scan.backups, leftAlone: scan.leftAlone, at: at.wall)
        var attended = Attended(
            vault: vault, at: at, scan: scan, batches: batches, marks: try home.marks.read(vault.id, trash: trash),
            changes: changes, recovery: recovery)
        try settleTrash(&attended, facts)
        if acting { try writeDown(&attended, trash, facts) }
        return attended
    }

    private func scan(
        _ vault: OpenVault, _ batches: [Batch], _ at: Moment, _ watch: ((Directory, Bytes) -> Void)?,
        _ shouldStop: () -> Bool
    ) throws(Fault) -> VaultSurvey.Scan {
        let known = try home.catalog.present(vault: vault.id)
        let inodes = batches.flatMap(\.items).flatMap { $0.backup.members.map(\.inode) }
        return vault.survey.scan(
            below: vault.root,
            known: .init(
                backups: Dictionary(known.map { ($0.path, $0) }) { first, _ in first }, trashedInodes: Set(inodes)),
            now: at, watch: watch, shouldStop: shouldStop)
    }

    // MARK: Recovery

    private func recover(_ vault: OpenVault, acting: Bool, _ facts: LazyFacts) throws(Fault) -> [Recovery.Finding] {
        guard let trash = try vault.trash() else { return [] }
        let recovery = Recovery(trash: trash)
        func intended(_ backup: Backup) throws(Fault) -> Bool {
            guard let batch = backup.trashed?.batch else { return false }
            return try facts.value().purgeIntended.contains(.init(batch: batch, id: backup.id))
        }
        let found = try recovery.inspect(purgeIntended: intended)
        guard acting, !found.isEmpty else { return found }
        let lock = try trash.lock(holder: holder, waitSeconds: waitSeconds)
        let done = try recovery.run(purgeIntended: intended)
        try freezeStuck(done, vault, trash)
        withExtendedLifetime(lock) {}
        let records = done.compactMap { finding -> AuditRecord? in
            if case .unlinkUnfinished = finding { return nil }
            if case .unreadable = finding { return nil }
            return AuditRecord(.vaultRecovered, vault: vault.label, vaultID: vault.id, reason: finding.text)
        }
        try home.audit.append(records, at: now())
        return done
    }

    /// Half in the trash and not to be put back: its series waits for a person.
    private func freezeStuck(_ findings: [Recovery.Finding], _ vault: OpenVault, _ trash: TrashDirectory) throws(Fault)
    {
        let at = now()
        var marks = try home.marks.read(vault.id, trash: trash)
        var isChanged = false
        for case .stuck(let backup, let fault) in findings where marks.frozen(series: backup.series, at: at.wall) == nil
        {
            marks.say(
                Mark(
                    kind: .frozen, target: Mark.seriesTarget(backup.series),
                    reason: "'\(backup.path.display)' is half in the trash: \(fault.message)",
                    actor: home.program, at: at.wall))
            isChanged = true
        }
        if isChanged { try home.marks.write(marks, vault.id, trash: trash) }
    }

    // MARK: Trash

    /// Compares every batch with what is there: trashed, brought back, purged, missing (invariant 3).
    private func settleTrash(_ attended: inout Attended, _ facts: LazyFacts) throws(Fault) {
        let vault = attended.vault
        let rows = try home.catalog.trashed(vault: vault.id)
        let known = Dictionary(rows.map { (Self.key($0), $0) }) { first, _ in first }
        var standing: [Backup] = []
        var gone: [(backup: Backup, isOurs: Bool)] = []
        var seen: Set<String> = []
        for batch in attended.batches {
            let isVerified = try isVerified(batch, vault, facts)
            for item in batch.items {
                seen.insert(Self.key(item.backup))
                if item.holdsPrimary {
                    if known[Self.key(item.backup)] == nil { standing.append(item.backup) }
                } else {
                    gone.append((item.backup, isVerified || known[Self.key(item.backup)] != nil))
                }
            }
        }
        gone += rows.filter { !seen.contains(Self.key($0)) }.map { ($0, true) }
        try home.catalog.recordCondemned(standing)
        guard !gone.isEmpty else { return }
        let places = Set(attended.present.flatMap { $0.members.map(\.object) }).union(attended.scan.strays.keys)
        // Where a directory could not be read, or the look was broken off, gone is not known to be gone.
        let isSure = attended.scan.unreadable.isEmpty && attended.scan.faults.isEmpty
        for (backup, isOurs) in gone {
            let item = AuditLog.Facts.Item(batch: backup.trashed?.batch ?? "", id: backup.id)
            let proven = try facts.value()
            if proven.purged.contains(item) || proven.purgeIntended.contains(item) {
                if known[Self.key(backup)] != nil { try home.catalog.recordLeft([backup], as: .purged) }
            } else if places.contains(backup.object) {
                if known[Self.key(backup)] != nil { try home.catalog.recordLeft([backup], as: .present) }
                if !proven.restored.contains(item), proven.condemned.contains(item) {
                    attended.broughtBack.append(backup)
                }
            } else if isSure, isOurs, !proven.missing.contains(item), !proven.restored.contains(item) {
                attended.missing.append(backup)
            }
        }
        attended.broughtBack.removeAll { backup in
            guard let mark = attended.marks.all[Mark.Key(.reprieved, backup.id.objectText)] else { return false }
            return mark.at >= (backup.trashed?.condemnedAt ?? mark.at)
        }
    }

    private static func key(_ backup: Backup) -> String { "\(backup.trashed?.batch ?? "")/\(backup.path.hexadecimal)" }

    /// A batch is verified where our catalog or our audit log knows its manifest's hash.
    func isVerified(_ batch: Batch, _ vault: OpenVault, _ facts: LazyFacts) throws(Fault) -> Bool {
        guard batch.manifest != nil else { return false }
        if let known = try home.catalog.knownBatch(vault: vault.id, name: batch.name) {
            return known.manifestHash == batch.manifestHash
        }
        guard try facts.value().manifests[batch.name] == batch.manifestHash else { return false }
        let witness = try home.witness.renew(at: now())
        try home.catalog.recordBatch(
            vault: vault.id, name: batch.name, manifestHash: batch.manifestHash, witnessed: witness.seconds)
        return true
    }

    // MARK: Writing down

    private func writeDown(_ attended: inout Attended, _ trash: TrashDirectory?, _ facts: LazyFacts) throws(Fault) {
        let vault = attended.vault
        var records = Self.records(of: attended.changes, vault)
        if !attended.broughtBack.isEmpty || !attended.missing.isEmpty {
            // The whole trash may have been removed: what people said must stand somewhere.
            let writable = if let trash { trash } else { try makeTrash(vault) }
            try noteReturnedAndMissing(&attended, writable, &records)
        }
        try home.audit.append(records, at: attended.at)
        // Only now: until it is in the log, the next look must find it again.
        try home.catalog.recordLeft(attended.missing, as: .missing)
    }

    /// Says in the audit log what a look found out.
    package func note(_ changes: Catalog.Changes, in vault: OpenVault) throws(Fault) {
        try home.audit.append(Self.records(of: changes, vault), at: now())
    }

    private static func records(of changes: Catalog.Changes, _ vault: OpenVault) -> [AuditRecord] {
        changes.completed.map {
            AuditRecord(
                .complete, vault: vault.label, vaultID: vault.id, series: $0.series, backup: $0.id, path: $0.path,
                more: [.init("size", .integer($0.size))])
        }
            + changes.vanished.map {
                AuditRecord(
                    .vanished, vault: vault.label, vaultID: vault.id, series: $0.series, backup: $0.id, path: $0.path,
                    reason: "it went without us")
            }
    }

    private func noteReturnedAndMissing(
        _ attended: inout Attended, _ trash: TrashDirectory, _ records: inout [AuditRecord]
    ) throws(Fault) {
        let vault = attended.vault
        let lock = try trash.lock(holder: holder, waitSeconds: waitSeconds)
        defer { withExtendedLifetime(lock) {} }
        var marks = try home.marks.read(vault.id, trash: trash)
        for backup in attended.broughtBack {
            let until = reprieveEnd(vault.configuration)
            marks.say(reprieve(backup, until: until, reason: "brought back by hand", at: attended.at))
            records.append(
                AuditRecord(
                    .reprieved, vault: vault.label, vaultID: vault.id, series: backup.series, backup: backup.id,
                    batch: backup.trashed?.batch, path: backup.path, reason: "brought back by hand"))
        }
        for backup in attended.missing {
            records.append(
                AuditRecord(
                    .missing, vault: vault.label, vaultID: vault.id, series: backup.series, backup: backup.id,
                    batch: backup.trashed?.batch, path: backup.path, reason: "somebody else removed it from the trash"))
        }
        if let first = attended.missing.first {
            let count = attended.missing.count
            let reason =
                "\(count) backup\(count == 1 ? "" : "s") missing from the trash ('\(first.path.display)'): removed by somebody else"
            marks.say(
                Mark(kind: .frozen, target: Mark.vaultTarget, reason: reason, actor: home.program, at: attended.at.wall)
            )
            records.append(AuditRecord(.vaultFrozen, vault: vault.label, vaultID: vault.id, reason: reason))
        }
        try home.marks.write(marks, vault.id, trash: trash)
        attended.marks = marks
    }

    func reprieveEnd(_ vault: VaultConfiguration) -> Timestamp {
        now().wall.adding(seconds: vault.settings.gracePeriod.value.fixedSeconds)
    }

    func reprieve(_ backup: Backup, until: Timestamp, reason: String, at: Moment) -> Mark {
        var mark = Mark(
            kind: .reprieved, target: backup.id.objectText, reason: reason, actor: home.actorName, at: at.wall,
            until: until)
        mark.describe(backup)
        return mark
    }
}

extension Mark {
    /// How a backup is found again where its object changed.
    mutating func describe(_ backup: Backup) {
        (path, pathRaw) = backup.path.textAndRaw
        time = backup.time
        size = backup.size
    }

    func describes(_ backup: Backup) -> Bool {
        guard let path, let own = Bytes(text: path, raw: pathRaw) else { return false }
        return backup.path == own && backup.time == time && backup.size == size
    }
}

/// What the audit log proves, read only when something is amiss.
final class LazyFacts {
    private let read: () throws(Fault) -> AuditLog.Facts
    private var facts: AuditLog.Facts?

    init(_ read: @escaping () throws(Fault) -> AuditLog.Facts) { self.read = read }

    func value() throws(Fault) -> AuditLog.Facts {
        if let facts { return facts }
        let fresh = try read()
        facts = fresh
        return fresh
    }
}
