internal import Audit
package import Config
internal import Disk
package import Model
package import State

/// Asks hooks before backups go; any of them may say no.
package struct VetoGate: Sendable {
    let configuration: Configuration
    let state: StateDirectory
    /// Asked again and again while a hook takes its time.
    let shouldStop: @Sendable () -> Bool

    package init(
        _ configuration: Configuration, _ state: StateDirectory, shouldStop: @escaping @Sendable () -> Bool
    ) {
        self.configuration = configuration
        self.state = state
        self.shouldStop = shouldStop
    }

    /// Asks the hooks of a phase, one after the other, before the vault's lock is taken. The first *no*, failure or
    /// silence holds all of it back. `backups`: what would go; none: nobody is asked.
    package func ask(
        _ phase: Hook.Phase, in vault: (label: String, id: VaultID), about backups: [Backup], why: String
    ) throws(Fault) -> Veto? {
        let hooks = configuration.hooks.filter { $0.phases.contains(phase) && $0.wants(vault.label) }
        guard !backups.isEmpty, !hooks.isEmpty else {
            if hooks.isEmpty { try state.vetoes.record(nil, phase: phase.rawValue, of: vault.id) }
            return nil
        }
        for hook in hooks {
            var sender = HookSender(hook: hook, clock: state.clock)
            sender.shouldStop = shouldStop
            let outcome = sender.send([HookMessage(phase, vault: vault.label, backups, why: why, for: hook)])
            guard let failure = outcome.failure else { continue }
            let now = state.clock.now()
            let known = try state.vetoes.vetoes(of: vault.id).first {
                $0.phase == phase.rawValue && $0.hook == hook.name
            }
            var veto = known ?? Veto(hook: hook.name, phase: phase.rawValue, why: "", since: now.wall, saidAt: now.wall)
            veto.why = failure
            guard !outcome.isUntried else { return veto }
            let isOld = abs(now.wall.seconds(since: veto.saidAt)) >= HoldEpisode.reminderSeconds
            if known == nil || isOld {
                try state.audit.append(
                    [
                        AuditRecord(
                            .hookVetoed(hook: hook.name, phase: phase.rawValue), vault: vault.label, vaultID: vault.id,
                            reason: failure)
                    ], at: now)
                veto.saidAt = now.wall
            }
            try state.vetoes.record(veto, phase: phase.rawValue, of: vault.id)
            return veto
        }
        try state.vetoes.record(nil, phase: phase.rawValue, of: vault.id)
        return nil
    }
}
