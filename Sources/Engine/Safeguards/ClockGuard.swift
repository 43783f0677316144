internal import Audit
package import Config
internal import Disk
package import Model
internal import State

/// Whether the clock may be believed: what depends on the time waits while it is in doubt.
package struct ClockGuard: UseCase {
    let context: Context

    private func isSynchronised(_ vault: VaultConfiguration) -> Bool? {
        vault.settings.brakes.clock.value == .untilUnfrozen ? nil : state.clock.isSynchronised()
    }

    func doubt(_ vault: VaultConfiguration, _ id: VaultID) throws(Fault) -> ClockFile.Doubted? {
        guard vault.settings.brakes.clock.value != .off else { return nil }
        return try state.clockFile.doubt(of: id, at: now(), isSynchronised: isSynchronised(vault))
    }

    /// Whether the clock is in doubt for any vault, as far as they are known.
    func isDoubted() throws(Fault) -> Bool {
        for vault in configuration.vaults {
            if let id = try state.registry.lastKnown(vault.path), try doubt(vault, id) != nil { return true }
        }
        return false
    }

    func freeze(_ doubt: ClockFile.Doubted, _ vault: VaultConfiguration) -> Mark {
        let end =
            vault.settings.brakes.clock.value == .untilUnfrozen
            ? "until somebody says that it is right" : "until it is synchronised, or as it was"
        return .freeze(.clock, reason: "\(doubt.reason); \(end)", actor: state.program, at: doubt.since)
    }

    /// Looks at the clock before anything is done in a vault, and every few seconds in the agent.
    package func check(_ vault: VaultConfiguration, _ id: VaultID) throws(Fault) {
        guard vault.settings.brakes.clock.value != .off else { return }
        let now = now()
        let synchronised = isSynchronised(vault)
        let record: AuditRecord
        switch try state.clockFile.update(id, at: now, isSynchronised: synchronised) {
        case .none: return
        case .frozen(let doubt):
            record = AuditRecord(
                .vaultFrozen(cause: .clock), vault: vault.label, vaultID: id, reason: freeze(doubt, vault).reason)
        case .unfrozen:
            record = AuditRecord(
                .vaultUnfrozen(cause: .clock), vault: vault.label, vaultID: id,
                reason: synchronised == true ? "the clock is synchronised" : "the clock is as it was")
        }
        try state.audit.append([record], at: now)
    }

    /// A person lifts a vault's freezes: the clock is right. Whether it was in doubt.
    func believe(_ vault: OpenVault) throws(Fault) -> Bool {
        guard vault.configuration.settings.brakes.clock.value != .off else { return false }
        return try state.clockFile.believe(
            vault.id, at: now(), isSynchronised: isSynchronised(vault.configuration))
    }
}
