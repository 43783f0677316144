internal import Audit
internal import Catalog
package import Config
internal import Disk
internal import Hooks
package import Model
internal import Retention
package import State
internal import Survey
internal import Trash

/// What a purge did, or why it left things.
package struct PurgeReport: Sendable {
    package var vault: VaultConfiguration
    package var run: Int?
    package var purged: [Backup] = []
    /// In the trash, and worth nothing without ``purged``; only of `purge --now`.
    package var worthless: [Backup] = []
    /// In the trash, due, and kept all the same; why.
    package var kept: [(backup: Backup, why: String)] = []
    /// The policy would keep them now: a person may want them back.
    package var keptByPolicy: [Backup] = []
    package var notDue = 0
    /// When the first of them may be due.
    package var dueFrom: Timestamp?
    /// Of ``purged``, those whose grace was not over, because room is lacking; and what is lacking.
    package var early: Set<BackupID> = []
    package var earlyBecause: String?
    /// Limits that are not met, and that nothing which may go would meet, in words.
    package var unmet: [String] = []
    /// The room that the greatest of them asks for; 0 where none asks for bytes.
    package var unmetBytes: Int64 = 0
    /// What ``purged`` gives back, at least; `nil`: not measured.
    package var freed: Int64?
    /// A person named what is to go: what stays was asked for in vain.
    package var isByPerson = false
    package var frozen: Mark?
    /// A hook held it back: nothing more was taken.
    package var veto: Veto?
    /// `.purging-*` that were complete under the lock, to be unlinked.
    package var unlinking: [Bytes] = []
    package var faults: [Fault] = []
    /// That it broke off stands in the log already.
    var isBreakRecorded = false

    package var status: ExitStatus {
        if !faults.isEmpty { return purged.isEmpty ? .failed : .partial }
        if isByPerson, !kept.isEmpty || !keptByPolicy.isEmpty { return .held }
        return frozen != nil || veto != nil ? .held : .done
    }

    /// Without what another one has already.
    package func without(_ others: [Backup]) -> PurgeReport {
        let ids = Set(others.map(\.id))
        var report = self
        report.purged.removeAll { ids.contains($0.id) }
        report.early.subtract(ids)
        return report
    }

    /// What another purge right after it did: what stayed is what stays now.
    fileprivate mutating func followed(by next: PurgeReport) {
        purged += next.purged
        (kept, keptByPolicy, frozen, veto) = (next.kept, next.keptByPolicy, next.frozen, next.veto)
        (notDue, dueFrom) = (next.notDue, next.dueFrom)
        faults = faults.filter { !$0.isFull } + next.faults
    }

    /// What was purged early beside what was due.
    package mutating func add(_ more: PurgeReport) {
        run = run ?? more.run
        purged += more.purged
        kept += more.kept
        keptByPolicy += more.keptByPolicy
        early.formUnion(more.early)
        notDue = max(0, notDue - more.early.count)
        earlyBecause = earlyBecause ?? more.earlyBecause
        unmet += more.unmet
        unmetBytes = max(unmetBytes, more.unmetBytes)
        frozen = frozen ?? more.frozen
        veto = veto ?? more.veto
        faults += more.faults
    }
}

package struct Purger: UseCase {
    let context: Context

    var access: VaultAccess { VaultAccess(context: context) }
    var freezeGuard: FreezeGuard { FreezeGuard(context: context) }
    var reconciler: TrashReconciler { TrashReconciler(context: context) }
    var runLog: RunLog { RunLog(context: context) }
    var scanner: Scanner { Scanner(context: context) }
    var wholeScan: WholeScan { WholeScan(context: context) }

    /// Unlinks what is due in one vault.
    package func purge(_ configuration: VaultConfiguration) throws(Fault) -> PurgeReport {
        var report = try purge(try wholeScan.run(configuration, acting: true), shouldStop: { false })
        // A full disk makes no directory: of several batches the first takes the spare one. What it freed lets the next
        // one go, as long as each round frees something.
        while report.faults.contains(where: \.isFull), !report.purged.isEmpty {
            let next = try purge(try wholeScan.run(configuration, acting: true), shouldStop: { false })
            guard !next.purged.isEmpty else { break }
            report.followed(by: next)
        }
        return report
    }

    /// The same in one that was just looked at.
    func purge(_ snapshot: Snapshot, shouldStop: () -> Bool) throws(Fault) -> PurgeReport {
        var report = try takeDue(snapshot)
        try unlinkTaken(&report, shouldStop: shouldStop)
        return report
    }

    /// A report with its second half done.
    package func unlinked(_ report: PurgeReport, shouldStop: () -> Bool = { false }) throws(Fault) -> PurgeReport {
        var report = report
        try unlinkTaken(&report, shouldStop: shouldStop)
        return report
    }

    /// When the next item of a vault is due by the wall clock, as far as the catalog knows.
    package func nextPurge(_ configuration: VaultConfiguration) throws(Fault) -> Timestamp? {
        guard let id = try state.registry.lastKnown(configuration.path) else { return nil }
        return try state.catalog.trashed(vault: id).compactMap(\.trashed?.earliestPurge).min()
    }

    /// What a purge would do now: the decision without the deed.
    package func planPurge(_ configuration: VaultConfiguration) throws(Fault) -> PurgeReport {
        let snapshot = try wholeScan.run(configuration, acting: false)
        var report = PurgeReport(vault: configuration)
        report.frozen = try freezeGuard.frozen(snapshot.vault, snapshot.marks, at: snapshot.at.wall)
        let decision = try purgeDecision(snapshot)
        let facts = LazyFacts { () throws(Fault) in try state.audit.facts(of: snapshot.vault.id) }
        for batch in snapshot.batches where batch.manifest != nil && report.frozen == nil {
            let isVerified = try reconciler.isVerified(batch, snapshot.vault, facts)
            report.purged += try due(
                in: batch, snapshot, decision, isVerified: isVerified, terms: .due, report: &report
            ).map(\.backup)
        }
        return report
    }

    /// The first half, under the vault's lock: a fresh decision for each item (invariant 5), the audited intent, the
    /// renames into `.purging-*`.
    package func takeDue(_ snapshot: Snapshot) throws(Fault) -> PurgeReport {
        let vault = snapshot.vault
        var report = PurgeReport(vault: vault.configuration)
        for case .unlinkUnfinished(let name) in snapshot.recovery { report.unlinking.append(name) }
        guard let trash = try vault.trash() else { return report }
        if !report.unlinking.isEmpty { try access.requireWritable(vault) }
        report.frozen = try freezeGuard.frozen(vault, snapshot.marks, at: snapshot.at.wall)
        guard report.frozen == nil else { return report }
        var decision = try purgeDecision(snapshot)
        let facts = LazyFacts { () throws(Fault) in try state.audit.facts(of: vault.id) }
        var leaving: [(batch: Batch, due: [Batch.Item])] = []
        for batch in snapshot.batches where batch.manifest != nil {
            let isVerified = try reconciler.isVerified(batch, vault, facts)
            let due = try due(in: batch, snapshot, decision, isVerified: isVerified, terms: .due, report: &report)
            let isOld = isVerified && batch.items.allSatisfy { $0.inBatch.isEmpty && $0.mismatches.isEmpty }
            if !due.isEmpty || isOld { leaving.append((batch, due)) }
        }
        let due = leaving.flatMap { $0.due.map(\.backup) }
        report.veto = try vetoGate.ask(
            .beforePurge, in: (vault.label, vault.id), about: due, why: PurgeTerms.due.reason)
        guard report.veto == nil else { return report }
        decision.mistaken = try scanner.mistaken(snapshot, in: Set(due.map(\.series)))
        for (batch, due) in leaving {
            do {
                try take(due, batch, snapshot: snapshot, decision: decision, trash: trash, terms: .due, report: &report)
            } catch {
                // No room for another directory: what was taken makes some when it is unlinked.
                guard error.isFull, !report.unlinking.isEmpty else { throw error }
                report.faults.append(error)
                break
            }
            guard report.frozen == nil else { break }
        }
        return report
    }

    /// ``take(_:_:_:_:_:_:_:)`` says it where this breaks off.
    func takeLocked(
        _ due: [Batch.Item], _ batch: Batch, snapshot: Snapshot, decision: PurgeDecision, trash: TrashDirectory,
        terms: PurgeTerms, report: inout PurgeReport
    ) throws(Fault) {
        let vault = snapshot.vault
        try access.requireWritable(vault)
        let purging = Purging(trash: trash)
        let lock = try trash.lock(holder: holder, waitSeconds: waitSeconds)
        defer { withExtendedLifetime(lock) {} }
        let at = now()
        // │ marks, batch and what is kept, again, under the lock.
        let marks = try state.marks.read(vault.id, trash: trash)
        report.frozen = try freezeGuard.frozen(vault, marks, at: at.wall)
        guard report.frozen == nil, let fresh = try trash.batch(named: batch.name),
            fresh.manifestHash == batch.manifestHash
        else { return }
        let leaving = confirm(due, fresh, marks: marks, decision: decision, trash: trash, at: at, report: &report)
        var taken: [Backup] = []
        if !leaving.isEmpty {
            let run: Int
            if let known = report.run { run = known } else { run = try state.audit.nextRun() }
            report.run = run
            expect(leaving.total { $0.backup.allocated }, in: vault)
            // │ audit intent: no audit, no deed (invariant 9). │ the renames.
            let outcome = try purging.carryOut(leaving, from: fresh) { () throws(Fault) in
                try state.audit.append(
                    leaving.map {
                        Self.record(
                            .purgeIntent(size: $0.backup.size), vault, run: run, backup: $0.backup,
                            reason: "\(terms.reason); was condemned: \($0.reasons.joined(separator: ", "))")
                    }, at: at)
            }
            // What may not last waits for the next run, which looks again.
            if outcome.unsynced == nil { report.unlinking.append(outcome.name) }
            taken = outcome.taken.map(\.backup)
            report.faults += outcome.failed.map(\.fault) + [outcome.unsynced].compactMap { $0 }
            report.purged += taken
            // A cache: the audit log has it (invariant 10).
            attempt(&report.faults) { () throws(Fault) in try state.catalog.recordLeft(taken, as: .purged) }
        }
        do {
            try takeEmptied(batch, Set(taken.map(\.id)), snapshot: snapshot, purging: purging, report: &report)
        } catch {
            // A longer name may need room that is not there; the next purge takes the empty directory.
            guard error.isFull else { throw error }
        }
    }

    /// Who looks for room in the next minutes knows that this much is about to come.
    private func expect(_ bytes: Int64, in vault: OpenVault) {
        do throws(Fault) {
            let system = try FileSystem(of: vault.root)
            try state.space.credit(system.id, bytes: bytes, available: system.availableBytes, at: now())
        } catch {
            // A full disk is no reason not to purge.
        }
    }

    /// The directory of a batch whose every item is accounted for goes too.
    private func takeEmptied(
        _ batch: Batch, _ taken: Set<BackupID>, snapshot: Snapshot, purging: Purging, report: inout PurgeReport
    ) throws(Fault) {
        let isAccounted = batch.items.allSatisfy { $0.inBatch.isEmpty || taken.contains($0.backup.id) }
        guard isAccounted, batch.items.count == batch.manifest?.items.count, snapshot.scan.faults.isEmpty else {
            return
        }
        if let name = try purging.takeEmpty(batch.name) { report.unlinking.append(name) }
    }

    private static func record(
        _ event: Event, _ vault: OpenVault, run: Int, backup: Backup, reason: String?
    ) -> AuditRecord {
        vault.record(event, run: run, about: backup, reason: reason)
    }

    /// The second half, without the lock: unlinks what was taken, and writes down the outcome. It may take long.
    func unlinkTaken(_ report: inout PurgeReport, shouldStop: () -> Bool = { false }) throws(Fault) {
        guard !report.unlinking.isEmpty else { return try recordNothingTaken(report) }
        let vault = try access.open(report.vault)
        guard let trash = try vault.trash() else { return }
        let rate = report.vault.settings.purgeRate.value
        let faults = Purging(trash: trash).unlink(report.unlinking, perSecond: rate, shouldStop: shouldStop).faults
        report.faults += faults
        let run: Int
        if let known = report.run { run = known } else { run = try state.audit.nextRun() }
        var records = report.purged.map {
            Self.record(.purged(size: $0.size), vault, run: run, backup: $0, reason: nil)
        }
        records += faults.prefix(100).map {
            vault.record(.purgeFailed, run: run, path: $0.path, reason: $0.message)
        }
        records.append(
            vault.record(.purgingCompleted(purged: report.purged.count, failed: report.faults.count), run: run))
        try state.audit.append(records, at: now())
    }

    /// Unlinks what earlier purges took and did not come to the end of. Answers what would not go.
    func finishPurges(_ names: [Bytes], of configuration: VaultConfiguration) throws(Fault) -> [Fault] {
        var report = PurgeReport(vault: configuration)
        report.unlinking = names
        try unlinkTaken(&report)
        return report.faults
    }

    /// Takes what may go of one batch, and its directory where nothing is left in it.
    func take(
        _ due: [Batch.Item], _ batch: Batch, snapshot: Snapshot, decision: PurgeDecision, trash: TrashDirectory,
        terms: PurgeTerms, report: inout PurgeReport
    ) throws(Fault) {
        do throws(Fault) {
            try takeLocked(
                due, batch, snapshot: snapshot, decision: decision, trash: trash, terms: terms, report: &report)
        } catch {
            // What was taken is unlinked later, and said then.
            let taken = Set(report.purged.map(\.id))
            let failed = max(1, due.count { !taken.contains($0.backup.id) })
            runLog.recordBrokenOff(.purgingCompleted(purged: 0, failed: failed), run: report.run, snapshot.vault, error)
            report.isBreakRecorded = true
            throw error
        }
    }

    /// The end of a purge that could take nothing.
    func recordNothingTaken(_ report: PurgeReport) throws(Fault) {
        guard let run = report.run, let fault = report.faults.first, !report.isBreakRecorded else { return }
        let vault = try access.open(report.vault)
        try state.audit.append(
            [
                vault.record(.purgingCompleted(purged: 0, failed: report.faults.count), run: run, reason: fault.message)
            ], at: now())
    }
}
