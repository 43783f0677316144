internal import Audit
package import Catalog
package import Model
internal import State
internal import Survey
internal import Trash

/// What became of everything that was ever in the trash, and the writing down of it.
package struct TrashReconciler: UseCase {
    let context: Context

    var markEditor: MarkEditor { MarkEditor(context: context) }
    var massChangeGuard: MassChangeGuard { MassChangeGuard(context: context) }

    /// Compares every batch with what is there: trashed, brought back, purged, missing (invariant 3).
    func reconcile(_ snapshot: inout Snapshot, _ before: Gone, _ facts: LazyFacts) throws(Fault) {
        let vault = snapshot.vault
        let rows = try state.catalog.trashed(vault: vault.id, states: [.trashed, .purged, .missing])
        let known = Dictionary(rows.map { (Gone.key($0), $0) }) { first, _ in first }
        var gone: [(backup: Backup, isOurs: Bool)] = []
        var seen: Set<String> = []
        for batch in snapshot.batches {
            let isVerified = try isVerified(batch, vault, facts)
            for item in batch.items {
                let key = Gone.key(item.backup)
                seen.insert(key)
                if !item.holdsPrimary {
                    gone.append((item.backup, isVerified || known[key] != nil))
                } else if known[key]?.state != .trashed {
                    snapshot.inTrash.append(item.backup)
                }
            }
        }
        // What a manifest that cannot be read would name is not known to be gone.
        let unread = Set(snapshot.batches.filter { $0.manifest == nil }.map(\.name))
        gone += rows.filter { row in
            row.state == .trashed && !seen.contains(Gone.key(row)) && !unread.contains(row.trashed?.batch ?? "")
        }.map { ($0, true) }
        try state.catalog.recordCondemned(snapshot.inTrash)
        // What our catalog has as purged or missing is settled, also where the log was rotated away.
        gone.removeAll { known[Gone.key($0.backup)].map { $0.state != .trashed } ?? false }
        guard !gone.isEmpty else { return }
        let found = Found(
            snapshot, present: snapshot.present.isEmpty ? try state.catalog.present(vault: vault.id) : snapshot.present)
        for (backup, isOurs) in gone {
            let row = known[Gone.key(backup)]
            // Back in its place and marked so: nothing to find out, and no log to read. (Of an object with several
            // links the mark does not tell which one went elsewhere.)
            if let mark = snapshot.marks.newest(.reprieved, backup.id.objectText),
                mark.at >= (backup.trashed?.condemnedAt ?? mark.at),
                found.isInVault(backup) || (mark.isElsewhere == true && backup.id.link == nil)
            {
                if row != nil { snapshot.left.append((backup, .present)) }
                continue
            }
            classify(
                backup, isOurs: isOurs, row, found: found, before: before, snapshot: &snapshot,
                proven: try facts.value())
        }
    }

    /// One item that left its batch: what became of it.
    private func classify(
        _ backup: Backup, isOurs: Bool, _ row: Backup?, found: Found, before: Gone, snapshot: inout Snapshot,
        proven: AuditLog.Facts
    ) {
        let item = AuditLog.Facts.Item(batch: backup.trashed?.batch ?? "", id: backup.id)
        if proven.purged.contains(item) {
            if row != nil { snapshot.left.append((backup, .purged)) }
        } else if found.isInVault(backup) {
            if row != nil { snapshot.left.append((backup, .present)) }
            // Never moved at all (an interrupted condemn) it came back from nowhere.
            let wasThere = row != nil || proven.condemned.contains(item)
            if wasThere, !proven.restored.contains(item) { snapshot.broughtBack.append(backup) }
        } else if proven.purgeIntended.contains(item) {
            if row != nil { snapshot.left.append((backup, .purged)) }
            snapshot.purgeCompleted.append(backup)
        } else if found.isInAnotherBatch(backup) || proven.restored.contains(item) || proven.missing.contains(item) {
            if row != nil { snapshot.left.append((backup, .present)) }
        } else if found.isSure, isOurs, before.keys.contains(Gone.key(backup)) {
            snapshot.missing.append(backup)
        }
    }

    /// Where objects are now.
    private struct Found {
        private var inVault: [ObjectID: Set<Bytes>] = [:]
        private var atOrigin: Set<String> = []
        private var inBatches: [ObjectID: Set<String>] = [:]
        /// Where a directory could not be read, gone is not known to be gone.
        let isSure: Bool

        init(_ snapshot: Snapshot, present: [Backup]) {
            isSure = snapshot.scan.unreadable.isEmpty && snapshot.scan.faults.isEmpty
            for backup in present {
                for member in backup.members { inVault[member.object, default: []].insert(member.path) }
            }
            for (object, path) in snapshot.scan.movedObjects { inVault[object, default: []].insert(path) }
            for batch in snapshot.batches {
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
            var inTrash: Set<String> = []
            let items = batches.flatMap(\.items)
            for item in items {
                if item.holdsPrimary {
                    inTrash.insert(Self.key(item.backup))
                } else {
                    keys.insert(Self.key(item.backup))
                }
            }
            for row in rows where !inTrash.contains(Self.key(row)) { keys.insert(Self.key(row)) }
            // Rows know more than manifests.
            trashed = VaultSurvey.Trashed(rows + items.map(\.backup))
        }

        static func key(_ backup: Backup) -> String { "\(backup.trashed?.batch ?? "")/\(backup.path.hexadecimal)" }
    }

    /// A batch is verified where our catalog or our audit log knows its manifest's hash.
    func isVerified(_ batch: Batch, _ vault: OpenVault, _ facts: LazyFacts) throws(Fault) -> Bool {
        guard batch.manifest != nil else { return false }
        if let known = try state.catalog.knownBatch(vault: vault.id, name: batch.name) {
            return known.manifestHash == batch.manifestHash
        }
        guard try facts.value().manifests[batch.name] == batch.manifestHash else { return false }
        // By a count of another witness its grace might be over early.
        guard state.damage?.faults.isEmpty ?? true else { return true }
        let witness = try state.witness.renew(at: now())
        try state.catalog.recordBatch(
            vault: vault.id, name: batch.name, manifestHash: batch.manifestHash, witnessed: witness.seconds)
        return true
    }

    // MARK: Writing down

    func writeDown(_ snapshot: inout Snapshot, _ facts: LazyFacts) throws(Fault) {
        let vault = snapshot.vault
        let counts = try state.catalog.vaults.counts(vault: vault.id, isUnchanged: snapshot.scan.read == 0)
        var records = Self.records(of: snapshot.changes, vault)
        records += try outcomesFound(snapshot, facts)
        records.append(
            vault.record(
                .indexed(
                    backups: counts.present, complete: counts.complete, trashed: snapshot.trashed.count,
                    unreadable: snapshot.scan.unreadable.count)))
        if !snapshot.broughtBack.isEmpty || !snapshot.missing.isEmpty {
            // The whole trash may have been removed: what people said must stand somewhere.
            try recordReturnedAndMissing(&snapshot, &records)
        }
        try state.audit.append(records, at: snapshot.at)
        // Only now: until it is in the log, the next look must find it again.
        try state.catalog.recordLeft(snapshot.missing, as: .missing)
        for (backup, fate) in snapshot.left { try state.catalog.recordLeft([backup], as: fate) }
    }

    /// Deeds whose outcome the log does not have, because we were stopped in between.
    private func outcomesFound(_ snapshot: Snapshot, _ facts: LazyFacts) throws(Fault) -> [AuditRecord] {
        let vault = snapshot.vault
        func record(_ event: Event, _ backup: Backup) -> AuditRecord {
            vault.record(event, about: backup, reason: "found by recovery")
        }
        var records = snapshot.purgeCompleted.map { record(.purged(size: $0.size), $0) }
        guard !snapshot.inTrash.isEmpty else { return records }
        let condemned = try facts.value().condemned
        for backup in snapshot.inTrash {
            let item = AuditLog.Facts.Item(batch: backup.trashed?.batch ?? "", id: backup.id)
            if !condemned.contains(item) { records.append(record(.condemned(size: backup.size), backup)) }
        }
        return records
    }

    /// Says in the audit log what a look found out.
    package func record(_ changes: Catalog.Changes, in vault: OpenVault) throws(Fault) {
        try state.audit.append(Self.records(of: changes, vault), at: now())
        _ = try massChangeGuard.freezeIfAlarmed(vault)
    }

    private static func records(of changes: Catalog.Changes, _ vault: OpenVault) -> [AuditRecord] {
        changes.completed.map {
            vault.record(.complete(size: $0.size), about: $0)
        }
            + changes.vanished.map {
                vault.record(.vanished, about: $0, reason: "it went without us")
            }
    }

    private func recordReturnedAndMissing(
        _ snapshot: inout Snapshot, _ records: inout [AuditRecord]
    ) throws(Fault) {
        let vault = snapshot.vault
        let until = markEditor.reprieveEnd(vault.configuration)
        for backup in snapshot.broughtBack {
            records.append(
                vault.record(.reprieved, about: backup, reason: "brought back by hand"))
        }
        for backup in snapshot.missing {
            records.append(
                vault.record(.missing, about: backup, reason: "somebody else removed it from the trash"))
        }
        let count = snapshot.missing.count
        let why = snapshot.missing.first.map {
            "\(count) backup\(count == 1 ? "" : "s") missing from the trash ('\($0.path.display)'): removed by somebody else"
        }
        if let why { records.append(FreezeGuard.frozenRecord(.missing, vault, why)) }
        let (broughtBack, at) = (snapshot.broughtBack, snapshot.at)
        snapshot.marks = try markEditor.edit(vault) { marks, _ in
            markEditor.reprieve(broughtBack, until: until, reason: "brought back by hand", in: &marks, at: at)
            if let why { marks.add(.freeze(.missing, reason: why, actor: state.program, at: at.wall)) }
            return marks
        }
    }
}
