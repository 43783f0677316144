internal import Audit
internal import Catalog
internal import Config
internal import Disk
internal import Hooks
internal import Model
internal import Retention
internal import State
internal import Trash

package struct Condemner: UseCase {
    let context: Context

    var access: VaultAccess { VaultAccess(context: context) }
    var freezeGuard: FreezeGuard { FreezeGuard(context: context) }
    var runLog: RunLog { RunLog(context: context) }
    var scanner: Scanner { Scanner(context: context) }

    /// ``condemn(_:_:)`` says it where this breaks off.
    func carryOut(_ going: [Plan.Judged], _ report: inout CleanupReport) throws(Fault) {
        let vault = report.plan.snapshot.vault
        try access.requireWritable(vault)
        let plan = report.plan.plan
        let mistaken = try scanner.mistaken(report.plan.snapshot, in: Set(going.map(\.backup.series)))
        report.dropped += going.lazy.map(\.backup).filter { mistaken.contains($0.series) }.map {
            ($0, "the disk shows another state of its series than the plan was made of")
        }
        let going = going.filter { !mistaken.contains($0.backup.series) }
        guard !going.isEmpty else { return }
        report.veto = try vetoGate.ask(
            .beforeCondemn, in: (vault.label, vault.id), about: going.map(\.backup), why: "plan \(plan.id)")
        guard report.veto == nil else { return }
        let run = try runLog.next()
        report.run = run
        try state.audit.append(
            [
                .init(.retentionStarted(plan: plan.id), run: run, vault: vault.label, vaultID: vault.id),
                .init(
                    .retentionPolicyApplied(
                        policy: plan.policy.hash, backups: plan.judged.count, going: going.count),
                    run: run, vault: vault.label, vaultID: vault.id),
            ], at: now())
        let (free, held) = plan.withoutNeeded(going)
        report.dropped += held.map { ($0.backup, "one that stays needs it") }
        var rest = plan.withSharedFiles(plan.inOrder(free))[...]
        var needed: Set<BackupID> = []
        var most = Manifest.mostItems
        while !rest.isEmpty {
            let chunk = rest.prefix(most)
            var (trial, trialNeeded) = (report, needed)
            do throws(Fault) {
                guard try condemnBatch(Array(chunk), run, needed: &trialNeeded, report: &trial) else {
                    report = trial
                    break
                }
            } catch {
                // Its records and its manifest found no room, and nothing was moved: fewer need less.
                guard error.isFull, chunk.count > 1 else { throw error }
                most = chunk.count / 2
                continue
            }
            (report, needed) = (trial, trialNeeded)
            rest = rest.dropFirst(chunk.count)
        }
        try state.audit.append(
            erased(report, run) + [
                .init(
                    .condemningCompleted(
                        condemned: report.condemned.count, failed: report.failed.count, dropped: report.dropped.count),
                    run: run, vault: vault.label, vaultID: vault.id)
            ], at: now())
    }

    /// One batch, in the order of docs/ARCHITECTURE.md, "One cleanup". `false`: a freeze came in between.
    private func condemnBatch(
        _ chunk: [Plan.Judged], _ run: Int, needed: inout Set<BackupID>, report: inout CleanupReport
    ) throws(Fault) -> Bool {
        let vault = report.plan.snapshot.vault
        let trash = try access.makeTrash(vault)
        var condemning = Condemning(trash: trash)
        condemning.needed = needed
        let lock = try trash.lock(holder: holder, waitSeconds: waitSeconds)
        let marks = try state.marks.read(vault.id, trash: trash)
        let at = now()
        if let frozen = try freezeGuard.frozen(vault, marks, at: at.wall) {
            report.plan.frozen = frozen
            return false
        }
        let items = chunk.map { judged in
            Condemning.Item(
                backup: judged.backup,
                decision: .init(
                    retain: false, priority: judged.decision.priority.rawValue,
                    reasons: judged.decision.reasons.map { $0.text(id: \.text) }),
                needs: report.plan.plan.links?.needs(of: judged.backup.id) ?? [])
        }
        let (still, dropped) = try confirm(items, report.plan, marks: marks, condemning: &condemning, at: at)
        needed = condemning.needed
        report.dropped += dropped
        guard !still.isEmpty else { return true }
        let sealed = try manifest(still, trash, condemning: condemning, run: run, report: report.plan, at: at).sealed
        let manifest = sealed.content
        // │ audit intent │ batch and manifest │ the renames, each compared by object │ both parents of each.
        let outcome = try condemning.carryOut(still, sealed) { () throws(Fault) in
            try state.audit.append(intents(still, sealed, vault: vault, run: run), at: at)
        }
        needed = condemning.needed
        let batch = outcome.batch
        let condemned = outcome.moved.map { $0.backup.condemned(in: manifest) }
        report.batches.append(batch.name)
        report.condemned += condemned
        report.dropped += outcome.dropped.map { ($0.item.backup, $0.why) }
        report.failed += outcome.failed.map { ($0.item.backup, $0.fault) }
        report.warnings += [outcome.unsynced].compactMap { $0 }
        attempt(&report.warnings) { () throws(Fault) in
            // A cache: the next look finds what it does not have (invariant 10).
            try state.catalog.recordCondemned(condemned)
            try state.catalog.recordBatch(
                vault: vault.id, name: batch.name, manifestHash: batch.manifestHash,
                witnessed: manifest.condemnedAt.witnessedSeconds)
        }
        withExtendedLifetime(lock) {}
        try state.audit.append(outcomes(outcome, manifest, vault: vault, run: run), at: now())
        return true
    }

    /// Under the lock: marks read again, every object compared, the newest complete one of each series still there.
    private func confirm(
        _ items: [Condemning.Item], _ report: PlanReport, marks: Marks, condemning: inout Condemning, at: Moment
    ) throws(Fault) -> (still: [Condemning.Item], dropped: [(backup: Backup, why: String)]) {
        var dropped: [(backup: Backup, why: String)] = []
        var isSafe: [Bytes: Bool] = [:]
        let newest = report.plan.newestKept
        let retired = Set(report.plan.judged.filter { $0.isByRetirement }.map(\.backup.series))
        var open: [Condemning.Item] = []
        for item in items {
            let series = item.backup.series
            if isSafe[series] == nil {
                // Invariant 6: what the series keeps must really be there before anything else of it goes.
                let mark = marks.mark(.retired, Mark.seriesTarget(series), at: at.wall)
                isSafe[series] =
                    newest[series].map { kept in
                        kept.allSatisfy { !marks.isBad($0) && condemning.change(of: $0) == nil }
                    }
                    ?? (mark?.keep == 0)
                // What goes because its series was retired, goes only as long as it is.
                if retired.contains(series), mark?.keep != report.protection.retired[series]?.keep {
                    isSafe[series] = false
                }
            }
            let target = item.backup.id.objectText
            if let obstacle = item.backup.obstacle {
                dropped.append((item.backup, "it cannot be moved and deleted: \(obstacle)"))
            } else if isSafe[series] != true {
                dropped.append((item.backup, "what its series keeps, or was said of it, has changed since the plan"))
            } else if marks.frozen(series: series, at: at.wall) != nil {
                dropped.append((item.backup, "its series is frozen"))
            } else if marks.mark(.preserved, target, at: at.wall) != nil
                || marks.mark(.reprieved, target, at: at.wall) != nil
            {
                dropped.append((item.backup, "it is protected since the plan"))
            } else {
                open.append(item)
            }
        }
        let (unchanged, changed) = try condemning.confirm(open)
        dropped += changed.map { ($0.item.backup, $0.why) }
        // What stays needs its chain: items come before what they need.
        let staying = Set(dropped.map(\.backup.id))
        for item in items where staying.contains(item.backup.id) {
            condemning.needed.formUnion(item.needs)
        }
        var still: [Condemning.Item] = []
        for item in unchanged {
            if condemning.needed.contains(item.backup.id) {
                dropped.append((item.backup, "one that stays needs it"))
                condemning.needed.formUnion(item.needs)
            } else {
                still.append(item)
            }
        }
        return (still, dropped)
    }

    private func manifest(
        _ items: [Condemning.Item], _ trash: TrashDirectory, condemning: Condemning, run: Int, report: PlanReport,
        at: Moment
    ) throws(Fault) -> Manifest {
        var condemning = condemning
        let witness = try state.witness.renew(at: at)
        let vault = report.snapshot.vault
        return Manifest(
            vault: vault.id, batch: try condemning.freeBatchName(at: at.wall), run: run, plan: report.plan.id,
            program: state.program,
            condemnedAt: .init(moment: at, witness: witness.id, witnessedSeconds: witness.seconds),
            graceSeconds: vault.configuration.settings.gracePeriod.value.fixedSeconds,
            policy: .init(hash: report.plan.policy.hash, text: report.plan.policy.text),
            parents: condemning.parents(of: items), items: items.map { Manifest.Item($0.backup, decision: $0.decision) }
        )
    }

    private func intents(
        _ items: [Condemning.Item], _ manifest: Manifest.Sealed, vault: OpenVault, run: Int
    ) -> [AuditRecord] {
        [
            vault.record(
                .batchIntent(manifest: manifest.hash, items: items.count), run: run, batch: manifest.content.batch)
        ]
            + items.map {
                vault.record(
                    .condemnIntent, run: run, about: $0.backup, batch: manifest.content.batch,
                    reason: $0.decision.reasons.joined(separator: ", "))
            }
    }

    private func outcomes(
        _ outcome: Condemning.Outcome, _ manifest: Manifest, vault: OpenVault, run: Int
    ) -> [AuditRecord] {
        let stayed = outcome.failed.map { ($0.item, $0.fault.message) } + outcome.dropped.map { ($0.item, $0.why) }
        return outcome.moved.map {
            vault.record(
                .condemned(size: $0.backup.size, earliestPurge: manifest.earliestPurge), run: run,
                about: $0.backup, batch: manifest.batch,
                reason: $0.decision.reasons.joined(separator: ", "))
        }
            + stayed.map { item, why in
                vault.record(.condemnFailed, run: run, about: item.backup, batch: manifest.batch, reason: why)
            }
    }

    /// Moves backups into the trash, in one run.
    func condemn(_ going: [Plan.Judged], _ report: inout CleanupReport) throws(Fault) {
        do throws(Fault) {
            try carryOut(going, &report)
        } catch {
            let (gone, dropped) = (report.condemned.count, report.dropped.count)
            let failed = max(1, going.count - gone - dropped)
            runLog.recordBrokenOff(
                .condemningCompleted(condemned: gone, failed: failed, dropped: dropped), run: report.run,
                report.plan.snapshot.vault, error)
            throw error
        }
    }

    /// Of series that a run emptied: what was there.
    func erased(_ report: CleanupReport, _ run: Int) -> [AuditRecord] {
        let vault = report.plan.snapshot.vault
        let kept = Set(report.plan.plan.judged.filter { $0.decision.retain }.map(\.backup.series))
        let gone = Dictionary(grouping: report.condemned.filter { !kept.contains($0.series) }, by: \.series)
        return gone.sorted { $0.key < $1.key }.map { series, backups in
            vault.record(
                .seriesErased(backups.map { .init(path: $0.path, size: $0.size) }), run: run, series: series,
                reason: report.plan.protection.retired[series]?.reason)
        }
    }
}

extension Backup {
    func condemned(in manifest: Manifest) -> Backup {
        var backup = self
        backup.state = .trashed
        backup.trashed = .init(
            batch: manifest.batch, condemnedAt: manifest.condemnedAt.wall, earliestPurge: manifest.earliestPurge)
        return backup
    }
}
