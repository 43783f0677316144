internal import Audit
internal import Catalog
internal import Disk
package import Model

extension StateDirectory {
    package func setWatching(_ vault: VaultID, _ how: String?) throws(Fault) {
        try catalog.vaults.setWatching(vault: vault, how)
    }

    package func setUnreconciled(_ vault: VaultID, _ why: String?) throws(Fault) {
        try catalog.vaults.setUnreconciled(vault: vault, why)
    }

    package func renewWitness() throws(Fault) { _ = try witness.renew(at: clock.now()) }

    package func recordAgent(started: Bool, detail: String) throws(Fault) {
        try audit.append([.init(started ? .agentStarted : .agentStopped, reason: detail)], at: clock.now())
        if !started { try audit.announceHead(at: clock.now()) }
    }
}
