internal import Audit
internal import Catalog
internal import Disk
package import Model
internal import Trash

/// What only the agent needs.
extension Keeper {
    package func lastKnownID(_ vault: VaultConfiguration) throws(Fault) -> VaultID? {
        try home.registry.lastKnown(vault.path)
    }

    /// Whether the batches on disk are others than the catalog knows.
    package func trashDiffers(_ configuration: VaultConfiguration) throws(Fault) -> Bool {
        let vault = try open(configuration)
        let onDisk = Set(try vault.trash()?.batchNames() ?? [])
        let known = Set(try home.catalog.trashed(vault: vault.id).compactMap(\.trashed?.batch))
        guard known.isSubset(of: onDisk) else { return true }
        for name in onDisk.subtracting(known) {
            if try home.catalog.knownBatch(vault: vault.id, name: name) == nil { return true }
        }
        return false
    }

    /// What is to be looked at again: not temporary names, which settle never.
    package func settling(in vault: OpenVault, places: Set<Bytes>?) throws(Fault) -> [Backup] {
        var found: [Backup] = []
        if let places {
            for place in places { found += try home.catalog.present(vault: vault.id, place: place) }
        } else {
            found = try home.catalog.present(vault: vault.id)
        }
        return found.filter { $0.condition == .settling && $0.note != Backup.temporaryNote }
    }
}

extension Home {
    package func setUnreconciled(_ vault: VaultID, _ why: String?) throws(Fault) {
        try catalog.setUnreconciled(vault: vault, why)
    }

    package func renewWitness() throws(Fault) { _ = try witness.renew(at: clock.now()) }

    package func noteAgent(started: Bool, detail: String) throws(Fault) {
        try audit.append([.init(started ? .agentStarted : .agentStopped, reason: detail)], at: clock.now())
    }
}
