internal import Audit
internal import Catalog
internal import Disk
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
    /// `.purging-*` that were complete under the lock, to be unlinked.
    package var unlinking: [Bytes] = []
    package var faults: [Fault] = []

    package var status: ExitStatus {
        if !faults.isEmpty { return purged.isEmpty ? .failed : .partial }
        return frozen != nil ? .held : .done
    }
}

extension Keeper {
    /// Unlinks what is due in one vault.
    package func purge(_ configuration: VaultConfiguration) throws(Fault) -> PurgeReport {
        try purge(try attend(configuration, acting: true), shouldStop: { false })
    }

    /// The same in one that was just looked at.
    func purge(_ attended: Attended, shouldStop: () -> Bool) throws(Fault) -> PurgeReport {
        var report = try takeDue(attended)
        try unlink(&report, shouldStop: shouldStop)
        return report
    }

    /// When the next item of a vault is due by the wall clock, as far as the catalog knows.
    package func nextPurge(_ configuration: VaultConfiguration) throws(Fault) -> Timestamp? {
        guard let id = try home.registry.lastKnown(configuration.path) else { return nil }
        return try home.catalog.trashed(vault: id).compactMap(\.trashed?.earliestPurge).min()
    }

    /// What a purge would do now: the decision without the deed.
    package func planPurge(_ configuration: VaultConfiguration) throws(Fault) -> PurgeReport {
        let attended = try attend(configuration, acting: false)
        var report = PurgeReport(vault: configuration)
        report.frozen = try frozen(attended.vault, attended.marks, at: attended.at.wall)
        let decision = try purgeDecision(attended)
        let facts = LazyFacts { () throws(Fault) in try home.audit.facts(of: attended.vault.id) }
        for batch in attended.batches where batch.manifest != nil && report.frozen == nil {
            let isVerified = try isVerified(batch, attended.vault, facts)
            report.purged += try due(in: batch, attended, decision, isVerified: isVerified, &report).map(\.backup)
        }
        return report
    }

    /// The first half, under the vault's lock: a fresh decision for each item (invariant 5), the audited intent, the
    /// renames into `.purging-*`.
    package func takeDue(_ attended: Attended) throws(Fault) -> PurgeReport {
        let vault = attended.vault
        var report = PurgeReport(vault: vault.configuration)
        for case .unlinkUnfinished(let name) in attended.recovery { report.unlinking.append(name) }
        guard let trash = try vault.trash() else { return report }
        if !report.unlinking.isEmpty { try requireWritable(vault) }
        report.frozen = try frozen(vault, attended.marks, at: attended.at.wall)
        guard report.frozen == nil else { return report }
        let decision = try purgeDecision(attended)
        let facts = LazyFacts { () throws(Fault) in try home.audit.facts(of: vault.id) }
        for batch in attended.batches where batch.manifest != nil {
            let isVerified = try isVerified(batch, vault, facts)
            let due = try due(in: batch, attended, decision, isVerified: isVerified, &report)
            let isOld = isVerified && batch.items.allSatisfy { $0.inBatch.isEmpty && $0.strangers.isEmpty }
            if !due.isEmpty || isOld { try take(due, batch, attended, decision, trash, &report) }
            guard report.frozen == nil else { break }
        }
        return report
    }

    /// Which items of a batch may go; the others are in the report with why they stay.
    private func due(
        in batch: Batch, _ attended: Attended, _ decision: PurgeDecision, isVerified: Bool, _ report: inout PurgeReport
    ) throws(Fault) -> [Batch.Item] {
        let isOver = try graceIsOver(batch, attended.vault)
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
            } else if let mark = attended.marks.mark(.preserved, backup.id.objectText, at: attended.at.wall) {
                report.kept.append((backup, "preserved: \(mark.reason)"))
            } else if decision.needed.contains(backup.id)
                || decision.wanted.contains(backup.id) && !isByHand(backup, attended.marks, attended.at)
            {
                report.wanted.append(backup)
            } else if let newer = decision.kept[backup.series]?.first,
                (newer.time, newer.path) > (backup.time, backup.path)
            {
                due.append(item)
            } else if decision.retired[backup.series]?.keep == 0 {
                due.append(item)
            } else {
                report.kept.append((backup, "no newer complete backup of its series is present"))
            }
        }
        return due
    }

    /// A person condemned it: that stands for the policy's word (invariant 5).
    private func isByHand(_ backup: Backup, _ marks: Marks, _ at: Moment) -> Bool {
        marks.mark(.condemned, backup.id.text, at: at.wall) != nil
    }

    private func take(
        _ due: [Batch.Item], _ batch: Batch, _ attended: Attended, _ decision: PurgeDecision, _ trash: TrashDirectory,
        _ report: inout PurgeReport
    ) throws(Fault) {
        let vault = attended.vault
        try requireWritable(vault)
        let purging = Purging(trash: trash)
        let lock = try trash.lock(holder: holder, waitSeconds: waitSeconds)
        defer { withExtendedLifetime(lock) {} }
        let at = now()
        // │ marks, batch and what is kept, again, under the lock.
        let marks = try home.marks.read(vault.id, trash: trash)
        report.frozen = try frozen(vault, marks, at: at.wall)
        guard report.frozen == nil, let fresh = try trash.batch(named: batch.name),
            fresh.manifestHash == batch.manifestHash
        else { return }
        let leaving = confirm(due, fresh, marks, decision, trash, at, &report)
        var taken: [Backup] = []
        if !leaving.isEmpty {
            let run: Int
            if let known = report.run { run = known } else { run = try home.audit.nextRun() }
            report.run = run
            // │ audit intent: no audit, no deed (invariant 9). │ the renames.
            let outcome = try purging.carryOut(leaving, from: fresh) { () throws(Fault) in
                try home.audit.append(
                    leaving.map {
                        Self.record(
                            .purgeIntent, vault, run, $0.backup,
                            "grace is over; was condemned: \($0.reasons.joined(separator: ", "))")
                    }, at: at)
            }
            // What may not last waits for the next run, which looks again.
            if outcome.unsynced == nil { report.unlinking.append(outcome.name) }
            taken = outcome.taken.map(\.backup)
            report.faults += outcome.failed.map(\.fault) + [outcome.unsynced].compactMap { $0 }
            report.purged += taken
            // A cache: the audit log has it (invariant 10).
            going(on: &report.faults) { () throws(Fault) in try home.catalog.recordLeft(taken, as: .purged) }
        }
        try takeEmptied(batch, Set(taken.map(\.id)), attended, purging, &report)
    }

    /// Under the lock: marks of the item and its series, and everything that the series keeps, read again.
    private func confirm(
        _ due: [Batch.Item], _ fresh: Batch, _ marks: Marks, _ decision: PurgeDecision, _ trash: TrashDirectory,
        _ at: Moment, _ report: inout PurgeReport
    ) -> [Batch.Item] {
        var looking = Condemning(trash: trash)
        var isSafe: [Bytes: Bool] = [:]
        let standing = Dictionary(fresh.items.map { ($0.backup.path, $0) }) { first, _ in first }
        var going: [Batch.Item] = []
        for item in due {
            let (series, target) = (item.backup.series, item.backup.id.objectText)
            if isSafe[series] == nil {
                isSafe[series] = (decision.kept[series] ?? []).allSatisfy { looking.change(of: $0) == nil }
            }
            if isSafe[series] != true {
                report.kept.append((item.backup, "what its series keeps has changed since the look"))
            } else if marks.mark(.preserved, target, at: at.wall) != nil
                || marks.mark(.reprieved, target, at: at.wall) != nil
                || marks.frozen(series: series, at: at.wall) != nil
            {
                report.kept.append((item.backup, "it is protected since the look"))
            } else if let retired = decision.retired[series],
                marks.mark(.retired, Mark.seriesTarget(series), at: at.wall)?.keep != retired.keep
            {
                report.kept.append((item.backup, "its series is no longer retired"))
            } else if decision.wanted.contains(item.backup.id), !isByHand(item.backup, marks, at) {
                report.kept.append((item.backup, "what was said against it was taken back"))
            } else if let now = standing[item.backup.path], !now.inBatch.isEmpty, now.strangers.isEmpty {
                going.append(now)
            }
        }
        return going
    }

    /// The directory of a batch whose every item is accounted for goes too.
    private func takeEmptied(
        _ batch: Batch, _ taken: Set<BackupID>, _ attended: Attended, _ purging: Purging, _ report: inout PurgeReport
    ) throws(Fault) {
        let isAccounted = batch.items.allSatisfy { $0.inBatch.isEmpty || taken.contains($0.backup.id) }
        guard isAccounted, batch.items.count == batch.manifest?.items.count, attended.scan.faults.isEmpty else {
            return
        }
        if let name = try purging.takeEmpty(batch.name) { report.unlinking.append(name) }
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

    /// The second half, without the lock: unlinks what was taken, and writes down the outcome. It may take long.
    package func unlink(_ report: inout PurgeReport, shouldStop: () -> Bool = { false }) throws(Fault) {
        guard !report.unlinking.isEmpty else { return }
        let vault = try open(report.vault)
        guard let trash = try vault.trash() else { return }
        let faults = Purging(trash: trash).unlink(report.unlinking, shouldStop: shouldStop).faults
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

    /// Unlinks what earlier purges took and did not come to the end of. Answers what would not go.
    func finishPurges(_ names: [Bytes], of configuration: VaultConfiguration) throws(Fault) -> [Fault] {
        var report = PurgeReport(vault: configuration)
        report.unlinking = names
        try unlink(&report)
        return report.faults
    }

    // MARK: The decision

    /// What a purge needs to know of the present backups.
    private struct PurgeDecision {
        /// In the trash, and the policy would keep them now (invariants 5 and 7).
        var wanted: Set<BackupID> = []
        /// Complete and kept, by series, newest first.
        var kept: [Bytes: [Backup]] = [:]
        /// In the trash, and one that stays needs them: no word of a person's is meant against that.
        var needed: Set<BackupID> = []
        /// Series that a person retired as they still are: of one of which nothing was to stay, no newer one is needed.
        var retired: [Bytes: Judge.Retirement] = [:]
    }

    /// Present and trashed of each series judged together.
    private func purgeDecision(_ attended: Attended) throws(Fault) -> PurgeDecision {
        let policy = attended.vault.policy
        guard let judge = Judge(policy: policy, now: attended.at, protection: try protection(attended)) else {
            throw Self.unknownZone(policy.timezone)
        }
        let trashed = Dictionary(grouping: attended.trashed.map(\.item.backup), by: \.series)
        let present = Dictionary(grouping: attended.present, by: \.series)
        var decision = PurgeDecision()
        for (series, backups) in trashed {
            let here = present[series] ?? []
            decision.wanted.formUnion(judge.wanted(series: series, present: here, trashed: backups))
            decision.needed.formUnion(judge.needed(series: series, present: here, trashed: backups))
            let together = judge.timeline((here + backups).map { Candidate($0) })
            decision.retired[series] = judge.retirement(of: series, together)
            decision.kept[series] = judge.decideAll(here).filter { $0.decision.retain && !$0.decision.isSetAside }
                .map(\.backup)
        }
        return decision
    }

    /// By the wall clock *and* by the time that this state has seen pass.
    private func graceIsOver(_ batch: Batch, _ vault: OpenVault) throws(Fault) -> Bool {
        let now = now()
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
