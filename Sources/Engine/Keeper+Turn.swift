internal import Disk
package import Model

/// What one turn did in a vault.
package struct TurnOutcome: Sendable {
    package var vault: VaultConfiguration
    package var cleanup: CleanupReport?
    package var purge: PurgeReport?
    package var faults: [Fault] = []
}

extension Keeper {
    /// One turn for cron: every vault recovered, looked at, cleaned up unless it is `manual`, purged of what is due.
    /// A vault that fails or hangs stops no other. Not beside an agent, which does the same by itself.
    package func turn() throws(Fault) -> [TurnOutcome] {
        let lock = try home.takeAgentLock()
        defer { withExtendedLifetime(lock) {} }
        return VaultLanes(keeper: self).run(configuration.vaults) { vault in
            TurnOutcome(vault: vault, faults: [hung(vault)])
        } _: { vault, pulse in
            turn(in: vault, pulse)
        }
    }

    private func turn(in vault: VaultConfiguration, _ pulse: VaultLanes.Pulse) -> TurnOutcome {
        var outcome = TurnOutcome(vault: vault)
        func look() throws(Fault) -> Attended {
            try attend(
                vault, acting: true,
                shouldStop: {
                    pulse.beat(at: now())
                    return pulse.isLeft
                })
        }
        do throws(Fault) {
            if vault.settings.schedule.value != .manual { outcome.cleanup = try cleanup(try look()) }
            outcome.purge = try purge(try look(), shouldStop: { pulse.isLeft })
        } catch {
            outcome.faults.append(error)
        }
        return outcome
    }
}
