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
    /// Rows of the catalog that are in no batch any more, and what they are now. Written only by who acts, and last:
    /// until marks and log have it, the row is what remembers that it was in the trash.
    var left: [(backup: Backup, state: Backup.State)] = []
    /// In a batch, but not so in our catalog.
    var standing: [Backup] = []
    /// Gone by a purge of ours whose outcome was not written.
    var purgeCompleted: [Backup] = []

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
        let facts = LazyFacts { () throws(Fault) in try home.audit.facts(of: vault.id) }
        let recovery = try recover(vault, acting: acting, facts)
        let at = now()
        // What was gone before the look began: what goes meanwhile is another process's doing, and the next look's.
        let before = try Gone(vault, home.catalog)
        let known = try home.catalog.present(vault: vault.id)
        let scan = try self.scan(vault, known, before.inodes, at, watch, shouldStop)
        var attended = try settle(vault, at, scan, known, recovery, before, facts)
        if acting { try writeDown(&attended, facts) }
        return attended
    }

    private func scan(
        _ vault: OpenVault, _ known: [Backup], _ inodes: Set<UInt64>, _ at: Moment,
        _ watch: ((Directory, Bytes) -> Void)?,
        _ shouldStop: () -> Bool
    ) throws(Fault) -> VaultSurvey.Scan {
        let scan = vault.survey.scan(
            below: vault.root,
            known: .init(backups: Dictionary(known.map { ($0.path, $0) }) { first, _ in first }, trashedInodes: inodes),
            now: at, watch: watch, shouldStop: shouldStop)
        // Half a look would say that the other half is gone.
        guard !scan.wasStopped else { throw Fault(.failed, "stopped while looking at '\(vault.label)'") }
        return scan
    }

    /// Brings scan, trash and catalog together, under the vault's lock: nobody moves anything meanwhile.
    private func settle(
        _ vault: OpenVault, _ at: Moment, _ scan: VaultSurvey.Scan, _ known: [Backup], _ recovery: [Recovery.Finding],
        _ before: Gone,
        _ facts: LazyFacts
    ) throws(Fault) -> Attended {
        let trash = try vault.trash()
        let lock = try trash.flatMap { trash throws(Fault) in try lockToLook(trash) }
        defer { withExtendedLifetime(lock) {} }
        let batches = try trash?.batches() ?? []
        let inTrash = Set(
            batches.flatMap(\.items).filter { $0.holdsPrimary && $0.atOrigin.isEmpty }.map(\.backup.object))
        var scan = scan
        // Condemned since the scan passed by.
        scan.backups.removeAll { $0.id.link == nil && inTrash.contains($0.object) }
        var changes = try home.catalog.record(
            vault: vault.id, scope: .whole(unreadable: Set(scan.unreadable.keys)), known: known, backups: scan.backups,
            leftAlone: scan.leftAlone, at: at.wall)
        changes.vanished.removeAll { inTrash.contains($0.object) }
        var attended = Attended(
            vault: vault, at: at, scan: scan, batches: batches, marks: try home.marks.read(vault.id, trash: trash),
            changes: changes, recovery: recovery)
        try settleTrash(&attended, before, facts)
        return attended
    }

    /// Who only looks may not be able to write the lock's file: then nobody of ours writes there either.
    func lockToLook(_ trash: TrashDirectory) throws(Fault) -> FileLock? {
        do {
            return try trash.lock(holder: holder, waitSeconds: waitSeconds)
        } catch {
            if error.code == .permission || error.errno == 30 { return nil }  // EROFS
            throw error
        }
    }

    // MARK: Recovery

    /// Before a restore: what is half in the trash goes to its origin first. A fault does not stop the restore.
    package func recoverBeforeRestore(_ configuration: VaultConfiguration) -> Fault? {
        do {
            let vault = try open(configuration)
            _ = try recover(
                vault, acting: true, LazyFacts { () throws(Fault) in try home.audit.facts(of: vault.id) })
            return nil
        } catch {
            return error
        }
    }

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
        let isNewlyStuck = try freezeStuck(done, vault, trash)
        withExtendedLifetime(lock) {}
        let records = done.compactMap { finding -> AuditRecord? in
            if case .unlinkUnfinished = finding { return nil }
            if case .unreadable = finding { return nil }
            if case .stuck = finding, !isNewlyStuck { return nil }  // said when its series froze
            return AuditRecord(.vaultRecovered, vault: vault.label, vaultID: vault.id, reason: finding.text)
        }
        try home.audit.append(records, at: now())
        return done
    }

    /// Half in the trash and not to be put back: its series waits for a person.
    private func freezeStuck(
        _ findings: [Recovery.Finding], _ vault: OpenVault, _ trash: TrashDirectory
    ) throws(Fault) -> Bool {
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
        return isChanged
    }

    // MARK: Trash

    /// Compares every batch with what is there: trashed, brought back, purged, missing (invariant 3).
    private func settleTrash(_ attended: inout Attended, _ before: Gone, _ facts: LazyFacts) throws(Fault) {
        let vault = attended.vault
        let rows = try home.catalog.trashed(vault: vault.id, states: [.trashed, .purged, .missing])
        let known = Dictionary(rows.map { (Gone.key($0), $0) }) { first, _ in first }
        var gone: [(backup: Backup, isOurs: Bool)] = []
        var seen: Set<String> = []
        for batch in attended.batches {
            let isVerified = try isVerified(batch, vault, facts)
            for item in batch.items {
                let key = Gone.key(item.backup)
                seen.insert(key)
                if !item.holdsPrimary {
                    gone.append((item.backup, isVerified || known[key] != nil))
                } else if known[key]?.state != .trashed {
                    attended.standing.append(item.backup)
                }
            }
        }
        gone += rows.filter { $0.state == .trashed && !seen.contains(Gone.key($0)) }.map { ($0, true) }
        try home.catalog.recordCondemned(attended.standing)
        // What our catalog has as purged or missing is settled, also where the log was rotated away.
        gone.removeAll { known[Gone.key($0.backup)].map { $0.state != .trashed } ?? false }
        guard !gone.isEmpty else { return }
        let found = Found(attended)
        for (backup, isOurs) in gone {
            let row = known[Gone.key(backup)]
            // Back in its place and marked so: nothing to find out, and no log to read.
            if found.isInVault(backup), let mark = attended.marks.all[Mark.Key(.reprieved, backup.id.objectText)],
                mark.at >= (backup.trashed?.condemnedAt ?? mark.at)
            {
                if row != nil { attended.left.append((backup, .present)) }
                continue
            }
            settle(backup, isOurs: isOurs, row, found, before, &attended, try facts.value())
        }
    }

    /// One item that left its batch: what became of it.
    private func settle(
        _ backup: Backup, isOurs: Bool, _ row: Backup?, _ found: Found, _ before: Gone, _ attended: inout Attended,
        _ proven: AuditLog.Facts
    ) {
        let item = AuditLog.Facts.Item(batch: backup.trashed?.batch ?? "", id: backup.id)
        if proven.purged.contains(item) {
            if row != nil { attended.left.append((backup, .purged)) }
        } else if found.isInVault(backup) {
            if row != nil { attended.left.append((backup, .present)) }
            // Never moved at all (an interrupted condemn) it came back from nowhere.
            let wasThere = row != nil || proven.condemned.contains(item)
            if wasThere, !proven.restored.contains(item) { attended.broughtBack.append(backup) }
        } else if proven.purgeIntended.contains(item) {
            if row != nil { attended.left.append((backup, .purged)) }
            attended.purgeCompleted.append(backup)
        } else if found.isInAnotherBatch(backup) || proven.restored.contains(item) || proven.missing.contains(item) {
            if row != nil { attended.left.append((backup, .present)) }
        } else if found.isSure, isOurs, before.keys.contains(Gone.key(backup)) {
            attended.missing.append(backup)
        }
    }

    /// Where objects are now.
    private struct Found {
        private var inVault: [ObjectID: Set<Bytes>] = [:]
        private var atOrigin: Set<String> = []
        private var inBatches: [ObjectID: Set<String>] = [:]
        /// Where a directory could not be read, gone is not known to be gone.
        let isSure: Bool

        init(_ attended: Attended) {
            isSure = attended.scan.unreadable.isEmpty && attended.scan.faults.isEmpty
            for backup in attended.present {
                for member in backup.members { inVault[member.object, default: []].insert(member.path) }
            }
            for (object, path) in attended.scan.strays { inVault[object, default: []].insert(path) }
            for batch in attended.batches {
                for item in batch.items {
                    if item.holdsPrimary { inBatches[item.backup.object, default: []].insert(batch.name) }
                    if item.atOrigin.contains(where: { $0.path == item.backup.path }) {
                        atOrigin.insert(Gone.key(item.backup))
                    }
                }
            }
        }

        /// Of an object with several links another one may be there: then only its own place counts.
        func isInVault(_ backup: Backup) -> Bool {
            if atOrigin.contains(Gone.key(backup)) { return true }
            guard let paths = inVault[backup.object] else { return false }
            return backup.id.link == nil || paths.contains(backup.path)
        }

        func isInAnotherBatch(_ backup: Backup) -> Bool {
            !(inBatches[backup.object] ?? []).subtracting([backup.trashed?.batch ?? ""]).isEmpty
        }
    }

    /// What had left its batch when a look began.
    private struct Gone {
        private(set) var keys: Set<String> = []
        /// Inodes of everything that is or was in the trash: somebody may have brought one back under any name.
        private(set) var inodes: Set<UInt64> = []

        init(_ vault: OpenVault, _ catalog: Catalog) throws(Fault) {
            let batches = try vault.trash()?.batches() ?? []
            let rows = try catalog.trashed(vault: vault.id)
            var standing: Set<String> = []
            for item in batches.flatMap(\.items) {
                if item.holdsPrimary {
                    standing.insert(Self.key(item.backup))
                } else {
                    keys.insert(Self.key(item.backup))
                }
                inodes.formUnion(item.backup.members.map(\.inode))
            }
            for row in rows where !standing.contains(Self.key(row)) {
                keys.insert(Self.key(row))
                inodes.formUnion(row.members.map(\.inode))
            }
        }

        static func key(_ backup: Backup) -> String { "\(backup.trashed?.batch ?? "")/\(backup.path.hexadecimal)" }
    }

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

    private func writeDown(_ attended: inout Attended, _ facts: LazyFacts) throws(Fault) {
        let vault = attended.vault
        var records = Self.records(of: attended.changes, vault)
        records += try outcomesFound(attended, facts)
        if !attended.broughtBack.isEmpty || !attended.missing.isEmpty {
            // The whole trash may have been removed: what people said must stand somewhere.
            try noteReturnedAndMissing(&attended, try makeTrash(vault), &records)
        }
        try home.audit.append(records, at: attended.at)
        // Only now: until it is in the log, the next look must find it again.
        try home.catalog.recordLeft(attended.missing, as: .missing)
        for (backup, state) in attended.left { try home.catalog.recordLeft([backup], as: state) }
    }

    /// Deeds whose outcome the log does not have, because we were stopped in between.
    private func outcomesFound(_ attended: Attended, _ facts: LazyFacts) throws(Fault) -> [AuditRecord] {
        let vault = attended.vault
        func record(_ event: AuditEvent, _ backup: Backup) -> AuditRecord {
            AuditRecord(
                event, vault: vault.label, vaultID: vault.id, series: backup.series, backup: backup.id,
                batch: backup.trashed?.batch, path: backup.path, reason: "found by recovery")
        }
        var records = attended.purgeCompleted.map { record(.purged, $0) }
        guard !attended.standing.isEmpty else { return records }
        let condemned = try facts.value().condemned
        for backup in attended.standing {
            let item = AuditLog.Facts.Item(batch: backup.trashed?.batch ?? "", id: backup.id)
            if !condemned.contains(item) { records.append(record(.condemned, backup)) }
        }
        return records
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
