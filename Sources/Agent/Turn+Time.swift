internal import Config
internal import Disk
internal import Catalog
internal import Engine
internal import Logging
internal import Model
internal import State
internal import Survey

/// What comes with time, and with another configuration.
extension Turn {
    mutating func hourly(at now: Moment) {
        if now.boot >= nextHour {
            nextHour = now.boot + 3600 * VaultState.second
            do {
                try engine.state.renewWitness()
            } catch {
                agent.log.error("\(error.message)")
            }
            rotateAudit()
        }
        if now.boot >= nextClock {
            nextClock = now.boot + 10 * VaultState.second
            checkClock()
        }
        if now.boot >= nextExpansion, engine.configuration.hasWildcards {
            nextExpansion = now.boot + 60 * VaultState.second
            reload(isAsked: false)
        }
    }

    /// Packing takes seconds: in a queue of its own.
    func rotateAudit() {
        let (agent, engine) = (self.agent, self.engine)
        agent.queues.start(WorkerQueues.Key(vault: "audit"), "rotate") {
            do throws(Fault) {
                try engine.auditTrail.rotateAudit()
            } catch {
                agent.log.error("\(error.message)")
            }
        }
    }

    /// A clock that jumps is said now, not when the next vault is looked at.
    func checkClock() {
        for state in vaults.values {
            guard let id = state.id else { continue }
            do {
                try engine.clockGuard.check(state.configuration, id)
            } catch {
                agent.log.error("\(error.message)")
            }
        }
    }

    /// Reads the configuration in a queue of its own: its paths may hang too.
    func reload(isAsked: Bool) {
        let (agent, old, stateDirectory) = (self.agent, engine.configuration, engine.state)
        agent.queues.start(WorkerQueues.Key(vault: "configuration"), "load") {
            do {
                let fresh = try agent.load()
                let new = Engine(configuration: fresh, state: stateDirectory).configuration
                guard
                    isAsked || new.vaults.map(\.path) != old.vaults.map(\.path)
                        || new.vanished.map(\.path) != old.vanished.map(\.path)
                else { return }
                agent.log.notice("configuration read: \(fresh.vaults.count) vaults")
                agent.post(.configuration(fresh))
            } catch let fault as Fault {
                agent.log.error("the configuration is refused, the old one stays: \(fault.message)")
            } catch {
                agent.log.error("the configuration is refused, the old one stays: \(error)")
            }
        }
    }

    mutating func adopt(_ configuration: Configuration) {
        engine = Engine(configuration: configuration, state: engine.state)
        do throws(Fault) {
            try engine.episodes.recordVanished()
        } catch {
            agent.log.error("\(error.message)")
        }
        let now = engine.now()
        var fresh: [Bytes: VaultState] = [:]
        for vault in engine.configuration.vaults {
            var state = vaults[vault.path] ?? VaultState(vault)
            state.configuration = vault
            state.id = state.id ?? (try? engine.access.lastKnownID(vault)) ?? nil
            state.doubts += 1
            state.rescanAt = now.boot
            state.wantsCleanup = true
            state.schedule(after: now.wall, zone: configuration.zone.value)
            state.mounts = (try? MountTable.around(vault.path)) ?? []
            fresh[vault.path] = state
            markUnreconciled(state, "the agent has not looked at it yet")
        }
        for (path, state) in vaults where fresh[path] == nil {
            if let id = state.id { agent.watcher.forget(vault: id) }
        }
        vaults = fresh
    }
}
