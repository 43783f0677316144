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

    /// What in the trash makes a difference: the batches, and a person's FREEZE.
    package func trashNames(_ configuration: VaultConfiguration) throws(Fault) -> Set<String> {
        guard let trash = try open(configuration).trash() else { return [] }
        let names = Set(try trash.batchNames())
        return try trash.directory.sighting(of: "FREEZE") == nil ? names : names.union(["FREEZE"])
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
