internal import Audit
internal import Catalog
package import Model
internal import Retention
internal import Survey
internal import Trash

/// What a purge did, or why it left things.
package struct PurgeReport: Sendable {
    package var vault: VaultConfiguration
    package var run: Int?
    package var purged: [Backup] = []
    /// In the trash, due, and kept all the same; why.
    package var kept: [(backup: Backup, why: String)] = []
    /// The policy would keep them now: a person may want them back.
    package var wanted: [Backup] = []
    package var notDue = 0
    package var frozen: Mark?
    package var faults: [Fault] = []

    package var status: ExitStatus {
        if !faults.isEmpty { return purged.isEmpty ? .failed : .partial }
        return frozen != nil ? .held : .done
    }
}

extension Keeper {
    /// Unlinks what is due in one vault.
    package func purge(_ configuration: VaultConfiguration) throws(Fault) -> PurgeReport {
        var report = try takeDue(try attend(configuration, acting: true))
        try unlink(&report)
        return report
    }

    /// When the next item of a vault is due by the wall clock, as far as the catalog knows.
    package func nextPurge(_ configuration: VaultConfiguration) throws(Fault) -> Timestamp? {
        guard let id = try home.registry.lastKnown(configuration.path) else { return nil }
        return try home.catalog.trashed(vault: id).compactMap(\.trashed?.earliestPurge).min()
    }

    /// The first half, under the vault's lock: a fresh decision for each item (invariant 5), the audited intent, the
    /// renames into `.purging-*`.
    package func takeDue(_ attended: Attended) throws(Fault) -> PurgeReport {
        let vault = attended.vault
        var report = PurgeReport(vault: vault.configuration)
        guard let trash = try vault.trash() else { return report }
        report.frozen = try frozen(vault, attended.marks, at: attended.at.wall)
        guard report.frozen == nil else { return report }
        let wanted = try wanted(attended)
        let facts = LazyFacts { () throws(Fault) in try home.audit.facts(of: vault.id) }
        let newest = Self.newestComplete(attended)
        for batch in attended.batches {
            try take(batch, attended, trash, wanted, newest, facts, &report)
        }
        return report
    }

    private func take(
        _ batch: Batch, _ attended: Attended, _ trash: TrashDirectory, _ wanted: Set<BackupID>,
        _ newest: [Bytes: Backup],
        _ facts: LazyFacts, _ report: inout PurgeReport
    ) throws(Fault) {
        let vault = attended.vault
        let isVerified = try isVerified(batch, vault, facts)
        let isOver = try graceIsOver(batch, vault, at: attended.at)
        var due: [Batch.Item] = []
        for item in batch.items where !item.inBatch.isEmpty {
            let backup = item.backup
            if !isOver {
                report.notDue += 1
            } else if !isVerified {
                report.kept.append((backup, "its batch was not written by this host"))
            } else if !item.strangers.isEmpty {
                report.kept.append((backup, "another object stands in its place in the trash"))
            } else if attended.marks.frozen(series: backup.series, at: attended.at.wall) != nil {
                report.kept.append((backup, "its series is frozen"))
            } else if wanted.contains(backup.id) {
                report.wanted.append(backup)
            } else if let newer = newest[backup.series], (newer.time, newer.path) > (backup.time, backup.path) {
                due.append(item)
            } else {
                report.kept.append((backup, "no newer complete backup of its series is present"))
            }
        }
        guard !due.isEmpty || isEmptied(batch, attended, facts) else { return }
        try take(due, batch, vault, trash, &report)
    }

    private func take(
        _ due: [Batch.Item], _ batch: Batch, _ vault: OpenVault, _ trash: TrashDirectory, _ report: inout PurgeReport
    ) throws(Fault) {
        let purging = Purging(trash: trash)
        let lock = try trash.lock(holder: holder, waitSeconds: waitSeconds)
        defer { withExtendedLifetime(lock) {} }
        let at = now()
        // │ marks again, under the lock.
        let marks = try home.marks.read(vault.id, trash: trash)
        report.frozen = try frozen(vault, marks, at: at.wall)
        guard report.frozen == nil else { return }
        let going = due.filter {
            marks.mark(.preserved, $0.backup.id.objectText, at: at.wall) == nil
                && marks.mark(.reprieved, $0.backup.id.objectText, at: at.wall) == nil
        }
        if going.isEmpty, !due.isEmpty { return }
        if going.isEmpty { return try purging.takeEmpty(batch) }
        let run: Int
        if let known = report.run { run = known } else { run = try home.audit.nextRun() }
        report.run = run
        // │ audit intent: no audit, no deed (invariant 9).
        try home.audit.append(
            going.map {
                Self.record(
                    .purgeIntent, vault, run, $0.backup,
                    "grace is over; was condemned: \($0.reasons.joined(separator: ", "))")
            }, at: at)
        let directory = try purging.begin(batch: batch.name)
        var taken: [Backup] = []
        for item in going {
            do {
                try purging.take(item, from: batch, into: directory)
                taken.append(item.backup)
            } catch {
                report.faults.append(error)
            }
        }
        try purging.sync(directory)
        report.purged += taken
        try home.catalog.recordLeft(taken, as: .purged)
        if let rest = try trash.batch(named: batch.name),
            rest.items.allSatisfy({ $0.inBatch.isEmpty && $0.strangers.isEmpty })
        {
            try purging.takeEmpty(rest)
        }
    }

    private static func record(
        _ event: AuditEvent, _ vault: OpenVault, _ run: Int, _ backup: Backup, _ reason: String?
    ) -> AuditRecord {
        AuditRecord(
            event, run: run, vault: vault.label, vaultID: vault.id, series: backup.series, backup: backup.id,
            batch: backup.trashed?.batch, path: backup.path, reason: reason,
            more: [.init("size", .integer(backup.size))])
    }

    /// Nothing of the batch is left, and each item is accounted for: its directory may go.
    private func isEmptied(_ batch: Batch, _ attended: Attended, _ facts: LazyFacts) -> Bool {
        batch.manifest != nil && attended.scan.faults.isEmpty && attended.missing.isEmpty
            && batch.items.allSatisfy { $0.inBatch.isEmpty && $0.strangers.isEmpty }
    }

    /// The second half, without the lock: unlinks what lies in `.purging-*`, and writes down the outcome. It may take
    /// long.
    package func unlink(_ report: inout PurgeReport, shouldStop: () -> Bool = { false }) throws(Fault) {
        let vault = try open(report.vault)
        guard let trash = try vault.trash() else { return }
        let purging = Purging(trash: trash)
        let isWork = !(try purging.unfinished().isEmpty)
        let faults = isWork ? purging.unlink(shouldStop: shouldStop).faults : []
        report.faults += faults
        guard let run = report.run else { return }
        var records = report.purged.map { Self.record(.purged, vault, run, $0, nil) }
        records += faults.prefix(100).map {
            AuditRecord(
                .purgeFailed, run: run, vault: vault.label, vaultID: vault.id, path: $0.path, reason: $0.message)
        }
        records.append(
            AuditRecord(
                .retentionCompleted, run: run, vault: vault.label, vaultID: vault.id,
                more: [
                    .init("purged", .integer(Int64(report.purged.count))),
                    .init("failed", .integer(Int64(faults.count))),
                ]))
        try home.audit.append(records, at: now())
    }

    // MARK: The decision

    /// Present and trashed of each series judged together: what the policy would keep stays (invariants 5 and 7).
    private func wanted(_ attended: Attended) throws(Fault) -> Set<BackupID> {
        let policy = attended.vault.policy
        guard var judge = Judge(policy: policy, now: attended.at, protection: protection(attended)) else {
            throw Fault(.configuration, "the time zone '\(policy.timezone)' is not known on this machine")
        }
        let trashed = Dictionary(grouping: attended.trashed.map(\.item.backup), by: \.series)
        let present = Dictionary(grouping: attended.present, by: \.series)
        var wanted: Set<BackupID> = []
        for (series, backups) in trashed {
            wanted.formUnion(judge.wanted(series: series, present: present[series] ?? [], trashed: backups))
        }
        return wanted
    }

    private static func newestComplete(_ attended: Attended) -> [Bytes: Backup] {
        var newest: [Bytes: Backup] = [:]
        for backup in attended.present where backup.isComplete && !Judge.isFuture(backup, now: attended.at) {
            guard let old = newest[backup.series] else {
                newest[backup.series] = backup
                continue
            }
            if (backup.time, backup.path) > (old.time, old.path) { newest[backup.series] = backup }
        }
        return newest
    }

    /// By the wall clock *and* by the time that this state has seen pass.
    private func graceIsOver(_ batch: Batch, _ vault: OpenVault, at now: Moment) throws(Fault) -> Bool {
        guard let manifest = batch.manifest, now.wall >= manifest.earliestPurge else { return false }
        let witness = try home.witness.renew(at: now)
        if manifest.condemnedAt.witness == witness.id {
            return witness.seconds - manifest.condemnedAt.witnessedSeconds >= manifest.graceSeconds
        }
        // Condemned under another state: grace counts from when this one first saw the batch.
        guard let known = try home.catalog.knownBatch(vault: vault.id, name: batch.name) else { return false }
        return witness.seconds - known.seenWitnessed >= manifest.graceSeconds
    }
}
