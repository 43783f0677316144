internal import Audit
internal import Model
internal import Retention
internal import State
internal import Trash

/// A run that breaks off ends in the log too. Who watches over us hears of the look before it, and would take that for
/// the whole story.
extension Keeper {
    /// Moves backups into the trash, in one run.
    func condemn(_ going: [Plan.Judged], _ report: inout CleanupReport) throws(Fault) {
        do throws(Fault) {
            try carryOut(going, &report)
        } catch {
            let (gone, dropped) = (report.condemned.count, report.dropped.count)
            let failed = max(1, going.count - gone - dropped)
            sayBrokenOff(
                .condemningCompleted(condemned: gone, failed: failed, dropped: dropped), run: report.run,
                report.plan.attended.vault, error)
            throw error
        }
    }

    /// Takes what may go of one batch, and its directory where nothing is left in it.
    func take(
        _ due: [Batch.Item], _ batch: Batch, _ attended: Attended, _ decision: PurgeDecision, _ trash: TrashDirectory,
        _ terms: PurgeTerms, _ report: inout PurgeReport
    ) throws(Fault) {
        do throws(Fault) {
            try takeLocked(due, batch, attended, decision, trash, terms, &report)
        } catch {
            // What was taken is unlinked later, and said then.
            let taken = Set(report.purged.map(\.id))
            let failed = max(1, due.count { !taken.contains($0.backup.id) })
            sayBrokenOff(.purgingCompleted(purged: 0, failed: failed), run: report.run, attended.vault, error)
            report.isBreakSaid = true
            throw error
        }
    }

    private func sayBrokenOff(_ end: Event, run: Int?, _ vault: OpenVault, _ fault: Fault) {
        do throws(Fault) {
            let number: Int
            if let run { number = run } else { number = try home.audit.nextRun() }
            try home.audit.append(
                [AuditRecord(end, run: number, vault: vault.label, vaultID: vault.id, reason: fault.message)],
                at: now())
        } catch {
            // What broke the run off goes to who asked for it; it may well be this log.
        }
    }

    /// The end of a purge that could take nothing.
    func sayNothingTaken(_ report: PurgeReport) throws(Fault) {
        guard let run = report.run, let fault = report.faults.first, !report.isBreakSaid else { return }
        let vault = try open(report.vault)
        try home.audit.append(
            [
                AuditRecord(
                    .purgingCompleted(purged: 0, failed: report.faults.count), run: run, vault: vault.label,
                    vaultID: vault.id, reason: fault.message)
            ], at: now())
    }
}
