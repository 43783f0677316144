internal import Audit
package import Model

/// A hook said no before a deed, or nothing in time.
package struct Veto: Hashable, Sendable, Codable {
    package var hook: String
    package var phase: String
    package var why: String
    package var since: Timestamp
    /// When it was last said, as an event.
    var saidAt: Timestamp

    package var text: String { "the hook '\(hook)' said no (\(phase)): \(why)" }
}

/// `<state>/vetoes.json`: which vaults are held back by a hook now, for `status`, and so that it is said once.
struct VetoStore: Sendable {
    private struct File: Codable, Sendable {
        var vetoes: [Entry] = []
    }

    private struct Entry: Codable, Sendable {
        var vault: String
        var veto: Veto
    }

    private let file: StateFile<File>

    init(stateDirectory: Bytes, damage: Damage? = nil) {
        file = StateFile(directory: stateDirectory, name: "vetoes.json", damage: damage)
    }

    func vetoes(of vault: VaultID) throws(Fault) -> [Veto] {
        (try file.read()?.vetoes ?? []).filter { $0.vault == vault.text }.map(\.veto)
    }

    /// `nil`: none is left of this phase.
    func note(_ veto: Veto?, _ phase: Hook.Phase, of vault: VaultID) throws(Fault) {
        let known = try vetoes(of: vault).filter { $0.phase == phase.rawValue }
        guard known != [veto].compactMap({ $0 }) else { return }
        try file.change { file in
            let others = (file?.vetoes ?? []).filter { $0.vault != vault.text || $0.veto.phase != phase.rawValue }
            file = File(vetoes: others + (veto.map { [Entry(vault: vault.text, veto: $0)] } ?? []))
        }
    }
}

extension Keeper {
    /// Asks the hooks of a phase, one after the other, before the vault's lock is taken. The first *no*, failure or
    /// silence holds all of it back. `backups`: what would go; none: nobody is asked.
    func veto(_ phase: Hook.Phase, _ vault: OpenVault, _ backups: [Backup], why: String) throws(Fault) -> Veto? {
        let hooks = configuration.hooks.filter { $0.phases.contains(phase) && $0.wants(vault.label) }
        guard !backups.isEmpty, !hooks.isEmpty else {
            if hooks.isEmpty { try home.vetoes.note(nil, phase, of: vault.id) }
            return nil
        }
        for hook in hooks {
            var sender = HookSender(hook: hook, clock: home.clock)
            sender.shouldStop = shouldStop
            let outcome = sender.send([HookMessage(phase, vault: vault.label, backups, why: why, for: hook)])
            guard let failure = outcome.failure else { continue }
            let now = now()
            let known = try home.vetoes.vetoes(of: vault.id).first {
                $0.phase == phase.rawValue && $0.hook == hook.name
            }
            var veto = known ?? Veto(hook: hook.name, phase: phase.rawValue, why: "", since: now.wall, saidAt: now.wall)
            veto.why = failure
            guard !outcome.isUntried else { return veto }
            let isOld = abs(now.wall.seconds(since: veto.saidAt)) >= HoldEpisode.reminderSeconds
            if known == nil || isOld {
                try home.audit.append(
                    [
                        AuditRecord(
                            .hookVetoed(hook: hook.name, phase: phase.rawValue), vault: vault.label, vaultID: vault.id,
                            reason: failure)
                    ], at: now)
                veto.saidAt = now.wall
            }
            try home.vetoes.note(veto, phase, of: vault.id)
            return veto
        }
        try home.vetoes.note(nil, phase, of: vault.id)
        return nil
    }

    /// What holds a vault back, as it was last asked.
    package func vetoes(of vault: VaultID) throws(Fault) -> [Veto] { try home.vetoes.vetoes(of: vault) }
}
