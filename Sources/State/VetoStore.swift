package import Model

/// A hook said no before a deed, or nothing in time.
package struct Veto: Hashable, Sendable, Codable {
    package var hook: String
    package var phase: String
    package var why: String
    package var since: Timestamp
    /// When it was last recorded as an event.
    package var saidAt: Timestamp

    package init(hook: String, phase: String, why: String, since: Timestamp, saidAt: Timestamp) {
        self.hook = hook
        self.phase = phase
        self.why = why
        self.since = since
        self.saidAt = saidAt
    }

    package var text: String { "the hook '\(hook)' said no (\(phase)): \(why)" }
}

/// `<state>/vetoes.json`: which vaults are held back by a hook now, for `status`, and so that it is said once.
package struct VetoStore: Sendable {
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

    package func vetoes(of vault: VaultID) throws(Fault) -> [Veto] {
        (try file.read()?.vetoes ?? []).filter { $0.vault == vault.text }.map(\.veto)
    }

    /// `nil`: none is left of this phase.
    package func record(_ veto: Veto?, phase: String, of vault: VaultID) throws(Fault) {
        let known = try vetoes(of: vault).filter { $0.phase == phase }
        guard known != [veto].compactMap({ $0 }) else { return }
        try file.change { file in
            let others = (file?.vetoes ?? []).filter { $0.vault != vault.text || $0.veto.phase != phase }
            file = File(vetoes: others + (veto.map { [Entry(vault: vault.text, veto: $0)] } ?? []))
        }
    }
}
