internal import Audit
internal import Catalog
package import Config
internal import Disk
package import Model
internal import State
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

    /// What is to be looked at again.
    package func settling(in vault: OpenVault) throws(Fault) -> [Backup] {
        try home.catalog.settling(vault: vault.id).filter(\.settles)
    }
}

extension StateDirectory {
    package func setWatching(_ vault: VaultID, _ how: String?) throws(Fault) {
        try catalog.setWatching(vault: vault, how)
    }

    package func setUnreconciled(_ vault: VaultID, _ why: String?) throws(Fault) {
        try catalog.setUnreconciled(vault: vault, why)
    }

    package func renewWitness() throws(Fault) { _ = try witness.renew(at: clock.now()) }

    package func noteAgent(started: Bool, detail: String) throws(Fault) {
        try audit.append([.init(started ? .agentStarted : .agentStopped, reason: detail)], at: clock.now())
        if !started { try audit.announceHead(at: clock.now()) }
    }
}
