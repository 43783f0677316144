internal import Audit
package import Catalog
internal import Config
internal import Disk
package import Model
internal import State
internal import Survey
internal import Trash

/// What became of everything that was ever in the trash, and the writing down of it.
extension Keeper {
    /// Compares every batch with what is there: trashed, brought back, purged, missing (invariant 3).
    func settleTrash(_ attended: inout Attended, _ before: Gone, _ facts: LazyFacts) throws(Fault) {
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
        // What a manifest that cannot be read would name is not known to be gone.
        let unread = Set(attended.batches.filter { $0.manifest == nil }.map(\.name))
        gone += rows.filter { row in
            row.state == .trashed && !seen.contains(Gone.key(row)) && !unread.contains(row.trashed?.batch ?? "")
        }.map { ($0, true) }
        try home.catalog.recordCondemned(attended.standing)
        // What our catalog has as purged or missing is settled, also where the log was rotated away.
        gone.removeAll { known[Gone.key($0.backup)].map { $0.state != .trashed } ?? false }
        guard !gone.isEmpty else { return }
        let found = Found(
            attended, present: attended.present.isEmpty ? try home.catalog.present(vault: vault.id) : attended.present)
        for (backup, isOurs) in gone {
            let row = known[Gone.key(backup)]
            // Back in its place and marked so: nothing to find out, and no log to read. (Of an object with several
            // links the mark does not tell which one went elsewhere.)
            if let mark = attended.marks.newest(.reprieved, backup.id.objectText),
                mark.at >= (backup.trashed?.condemnedAt ?? mark.at),
                found.isInVault(backup) || (mark.isElsewhere == true && backup.id.link == nil)
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

        init(_ attended: Attended, present: [Backup]) {
            isSure = attended.scan.unreadable.isEmpty && attended.scan.faults.isEmpty
            for backup in present {
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
    struct Gone {
        private(set) var keys: Set<String> = []
        /// Everything that is or was in the trash: somebody may have brought one back under any name.
        let trashed: VaultSurvey.Trashed

        init(_ batches: [Batch], _ vault: OpenVault, _ catalog: Catalog) throws(Fault) {
            let rows = try catalog.trashed(vault: vault.id)
            var standing: Set<String> = []
            let items = batches.flatMap(\.items)
            for item in items {
                if item.holdsPrimary {
                    standing.insert(Self.key(item.backup))
                } else {
                    keys.insert(Self.key(item.backup))
                }
            }
            for row in rows where !standing.contains(Self.key(row)) { keys.insert(Self.key(row)) }
            // Rows know more than manifests.
            trashed = VaultSurvey.Trashed(rows + items.map(\.backup))
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
        // By a count of another witness its grace might be over early.
        guard home.damage?.faults.isEmpty ?? true else { return true }
        let witness = try home.witness.renew(at: now())
        try home.catalog.recordBatch(
            vault: vault.id, name: batch.name, manifestHash: batch.manifestHash, witnessed: witness.seconds)
        return true
    }

    // MARK: Writing down

    func writeDown(_ attended: inout Attended, _ facts: LazyFacts) throws(Fault) {
        let vault = attended.vault
        let counts = try home.catalog.counts(vault: vault.id, isUnchanged: attended.scan.read == 0)
        var records = Self.records(of: attended.changes, vault)
        records += try outcomesFound(attended, facts)
        records.append(
            AuditRecord(
                .indexed(
                    backups: counts.present, complete: counts.complete, trashed: attended.trashed.count,
                    unreadable: attended.scan.unreadable.count), vault: vault.label, vaultID: vault.id))
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
        func record(_ event: Event, _ backup: Backup) -> AuditRecord {
            AuditRecord(
                event, vault: vault.label, vaultID: vault.id, series: backup.series, backup: backup.id,
                batch: backup.trashed?.batch, path: backup.path, reason: "found by recovery")
        }
        var records = attended.purgeCompleted.map { record(.purged(size: $0.size), $0) }
        guard !attended.standing.isEmpty else { return records }
        let condemned = try facts.value().condemned
        for backup in attended.standing {
            let item = AuditLog.Facts.Item(batch: backup.trashed?.batch ?? "", id: backup.id)
            if !condemned.contains(item) { records.append(record(.condemned(size: backup.size), backup)) }
        }
        return records
    }

    /// Says in the audit log what a look found out.
    package func note(_ changes: Catalog.Changes, in vault: OpenVault) throws(Fault) {
        try home.audit.append(Self.records(of: changes, vault), at: now())
        _ = try freezeUpheaval(vault)
    }

    private static func records(of changes: Catalog.Changes, _ vault: OpenVault) -> [AuditRecord] {
        changes.completed.map {
            AuditRecord(
                .complete(size: $0.size), vault: vault.label, vaultID: vault.id, series: $0.series, backup: $0.id,
                path: $0.path)
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
        let until = reprieveEnd(vault.configuration)
        reprieve(attended.broughtBack, until: until, reason: "brought back by hand", in: &marks, at: attended.at)
        for backup in attended.broughtBack {
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
            marks.say(.freeze(.missing, reason: reason, actor: home.program, at: attended.at.wall))
            records.append(Self.frozenRecord(.missing, vault, reason))
        }
        try home.marks.write(marks, vault.id, trash: trash)
        attended.marks = marks
    }

    func reprieveEnd(_ vault: VaultConfiguration) -> Timestamp {
        now().wall.adding(seconds: vault.settings.gracePeriod.value.fixedSeconds)
    }

    /// They are left alone for a grace, and what a person said against them is over. `until`: `nil` for what goes out
    /// of the vault; of that the mark only says that it is not missing. `run`: they went with it.
    func reprieve(
        _ backups: [Backup], until: Timestamp?, reason: String, run: Int? = nil, in marks: inout Marks, at: Moment
    ) {
        guard
            var mark = Mark.of(
                .reprieved, backups, reason: reason, actor: home.actorName, at: at.wall, until: until ?? at.wall)
        else { return }
        if until == nil { mark.isElsewhere = true }
        mark.run = run
        marks.say(mark)
        for backup in backups where marks.mark(.condemned, backup.id.text, at: at.wall) != nil {
            marks.say(
                Mark(
                    kind: .condemned, target: backup.id.text, released: true, reason: reason, actor: home.actorName,
                    at: at.wall))
        }
    }
}
