internal import Config
internal import Engine
internal import Model

/// What comes with time, and with another configuration.
extension Turn {
    mutating func hourly(at now: Moment) {
        if now.boot >= nextHour {
            nextHour = now.boot + 3600 * VaultState.second
            output.effects.append(.renewWitness)
            // Packing takes seconds: in a queue of its own.
            output.jobs.append(Job(queue: .init("audit"), name: "rotate", vault: nil, work: .rotateAudit))
        }
        if now.boot >= nextClock {
            nextClock = now.boot + 10 * VaultState.second
            // A clock that jumps is recorded now, not when the next vault is scanned.
            output.effects.append(.checkClock(vaults.values.compactMap { s in s.id.map { (s.configuration, $0) } }))
        }
        if now.boot >= nextExpansion, configuration.hasWildcards {
            nextExpansion = now.boot + 60 * VaultState.second
            reload(isAsked: false)
        }
    }

    /// Reads the configuration in a queue of its own: its paths may hang too.
    mutating func reload(isAsked: Bool) {
        let key = WorkerQueues.Key("configuration")
        output.jobs.append(
            Job(queue: key, name: isAsked ? "reload" : "load", vault: nil, work: .load(isAsked: isAsked)))
    }

    mutating func adopt(_ configuration: Configuration, _ ids: [Bytes: VaultID], at now: Moment) {
        self.configuration = configuration
        output.effects.append(.recordVanished)
        var fresh: [Bytes: VaultState] = [:]
        for vault in configuration.vaults {
            var state = vaults[vault.path] ?? VaultState(vault)
            state.configuration = vault
            state.id = state.id ?? ids[vault.path]
            state.cleanup.adopt(vault.settings, at: now, zone: configuration.zone.value)
            if isOnce {
                // The cleanup or the purge scans it.
                state.index.never()
                state.purge.goOn(at: now)
                state.purge.checkLimits(at: now)
            } else {
                state.index.missAll(at: now)
            }
            state.index.mounts = mounts(vault.path) ?? []
            fresh[vault.path] = state
            markUnreconciled(state, "the agent has not scanned it yet")
        }
        for (path, state) in vaults where fresh[path] == nil {
            if let id = state.id { output.effects.append(.forgetWatches(id)) }
        }
        vaults = fresh
    }
}
