package import Config
internal import Disk
package import Model
internal import State

/// What one turn did in a vault.
package struct TurnOutcome: Sendable {
    package var vault: VaultConfiguration
    package var cleanup: CleanupReport?
    package var purge: PurgeReport?
    package var faults: [Fault] = []
    /// The disk of a removable vault is not there.
    package var isAway = false
}

package struct OneTurn: UseCase {
    let context: Context

    var access: VaultAccess { VaultAccess(context: context) }
    var cleanup: Cleanup { Cleanup(context: context) }
    var earlyPurge: EarlyPurge { EarlyPurge(context: context) }
    var episodes: Episodes { Episodes(context: context) }
    var pressureGauge: PressureGauge { PressureGauge(context: context) }
    var purger: Purger { Purger(context: context) }
    var wholeScan: WholeScan { WholeScan(context: context) }

    /// One turn for cron: every vault recovered, looked at, cleaned up unless it is `manual`, purged of what is due.
    /// A vault that fails or hangs stops no other. Not beside an agent, which does the same by itself.
    package func run() throws(Fault) -> [TurnOutcome] {
        let lock = try state.takeAgentLock()
        defer { withExtendedLifetime(lock) {} }
        var outcomes = ParallelVaults(context: context).run(configuration.vaults) { vault in
            TurnOutcome(vault: vault, faults: [access.hung(vault)])
        } _: { vault, pulse in
            run(in: vault, pulse)
        }
        // One whose file system hangs never came to say it.
        for outcome in outcomes {
            for fault in outcome.faults where fault.code == .offline { episodes.recordOffline(outcome.vault, fault) }
        }
        purgeEarly(&outcomes)
        note(outcomes)
        try episodes.recordVanished()
        return outcomes
    }

    /// For who watches over us. That it cannot be written must not fail what was done.
    private func note(_ outcomes: [TurnOutcome]) {
        let at = now().wall
        let notes = outcomes.filter { !$0.isAway }.flatMap { outcome -> [(vault: String, note: RunNote)] in
            let label = outcome.vault.label
            if let fault = outcome.faults.first {
                return [(label, .run(at: at, .failed, problem: fault.message))]
            }
            let status = outcome.cleanup?.status ?? outcome.purge?.status ?? .done
            return [(label, .look(at: at)), (label, .run(at: at, status))]
        }
        var warnings: [Fault] = []
        attempt(&warnings) { () throws(Fault) in try state.runs.note(notes, by: .once) }
    }

    /// After all vaults have purged what is due: what is lacking then is lacking.
    private func purgeEarly(_ outcomes: inout [TurnOutcome]) {
        var seen: Set<String> = []
        let ones = outcomes.filter { $0.faults.isEmpty && !$0.isAway }.map(\.vault).filter { vault in
            pressureGauge.fileSystem(of: vault).map { seen.insert($0.id).inserted } ?? false
        }
        let outcomesEarly = ParallelVaults(context: context).run(ones) { vault in
            EarlyPurgeOutcome(vault: vault, fault: access.hung(vault))
        } _: { vault, pulse in
            purgeEarly(from: vault, pulse)
        }
        for early in outcomesEarly {
            for report in early.reports {
                for n in outcomes.indices where outcomes[n].vault.path == report.vault.path {
                    if outcomes[n].purge == nil { outcomes[n].purge = report } else { outcomes[n].purge?.add(report) }
                }
            }
            guard let fault = early.fault else { continue }
            for n in outcomes.indices where outcomes[n].vault.path == early.vault.path {
                outcomes[n].faults.append(fault)
            }
        }
    }

    private struct EarlyPurgeOutcome: Sendable {
        var vault: VaultConfiguration
        var reports: [PurgeReport] = []
        var fault: Fault?
    }

    private func purgeEarly(from vault: VaultConfiguration, _ pulse: ParallelVaults.Heartbeat) -> EarlyPurgeOutcome {
        var outcome = EarlyPurgeOutcome(vault: vault)
        func isLeft() -> Bool {
            pulse.beat(at: now())
            return pulse.isLeft
        }
        do throws(Fault) {
            for report in try earlyPurge.run(vault, shouldStop: isLeft).reports {
                outcome.reports.append(try purger.unlinked(report, shouldStop: isLeft))
            }
        } catch {
            outcome.fault = error
        }
        return outcome
    }

    private func run(in vault: VaultConfiguration, _ pulse: ParallelVaults.Heartbeat) -> TurnOutcome {
        var outcome = TurnOutcome(vault: vault)
        func look() throws(Fault) -> Snapshot {
            try wholeScan.run(
                vault, acting: true,
                shouldStop: {
                    pulse.beat(at: now())
                    return pulse.isLeft
                })
        }
        do throws(Fault) {
            if vault.settings.schedule.value != .manual { outcome.cleanup = try cleanup.run(try look()) }
            outcome.purge = try purger.purge(try look(), shouldStop: { pulse.isLeft })
        } catch {
            if error.code == .away { outcome.isAway = true } else { outcome.faults.append(error) }
        }
        return outcome
    }
}
