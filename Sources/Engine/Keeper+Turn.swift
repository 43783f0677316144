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
    /// A vault that fails stops no other. Not beside an agent, which does the same by itself.
    package func turn() throws(Fault) -> [TurnOutcome] {
        let lock = try home.takeAgentLock()
        defer { withExtendedLifetime(lock) {} }
        return configuration.vaults.map { vault in
            var outcome = TurnOutcome(vault: vault)
            do throws(Fault) {
                if vault.settings.schedule.value != .manual {
                    outcome.cleanup = try cleanup(try attend(vault, acting: true))
                }
                outcome.purge = try purge(vault)
            } catch {
                outcome.faults.append(error)
            }
            return outcome
        }
    }
}
