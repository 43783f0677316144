internal import Config
internal import Disk
internal import Catalog
internal import Engine
internal import Logging
internal import Model
internal import State
internal import Survey

/// The agent's own thread: its state, and the straight line of steps.
struct Turn {
    let agent: Agent
    var engine: Engine
    var vaults: [Bytes: VaultState] = [:]
    var nextHour: Int64 = 0
    var nextExpansion: Int64 = 0
    /// Looks and runs that ended, for the monitor.
    var notes: [(vault: String, note: RunNote)] = []
    var hooks = HookSchedule()
    var nextClock: Int64 = 0

    /// Who gives no sign of life for so long is said to hang.
    static let silenceSeconds: Int64 = 60
    /// So many places are looked at in one job; the queue is free for others in between.
    static let placesAtOnce = 200

    init(agent: Agent, engine: Engine) {
        self.agent = agent
        self.engine = engine
        adopt(engine.configuration)
    }

    /// One turn: events say "look here", never more; what may block goes into the vault's queue; nothing is awaited.
    mutating func step(at now: Moment, results: [Agent.Result], mountsChanged: Bool) {
        for result in results { record(result, at: now) }
        // It is set aside when it is opened: the agent ends, and its service starts it again.
        let catalog = engine.state.catalog
        guard !catalog.isDamaged else { return agent.end(because: catalog.damageNotice) }
        if mountsChanged { doubtRemounted(at: now) }
        absorb(agent.watcher.take(), at: now)
        hourly(at: now)
        hooks.start(engine, agent, at: now)
        for path in vaults.keys.sorted() {
            watchQueue(path, at: now)
            // A rescan covers all dirty places, and must not starve behind them.
            startRescan(path, at: now)
            startLooks(path, at: now)
            startTrashCheck(path, at: now)
            startCleanup(path, at: now)
            startPurge(path, at: now)
            startEarlyPurge(path, at: now)
            startMeasure(path, at: now)
        }
    }

    /// How long nothing is due, at most a minute.
    func pauseMilliseconds(at now: Moment) -> Int32 {
        var next = min(nextHour, now.boot + 60 * VaultState.second, hooks.next)
        for state in vaults.values {
            let isLookDue =
                !state.dirty.isEmpty || !state.deep.isEmpty || !state.unprobed.isEmpty
                || state.due.values.contains { $0 <= now.boot }
            let times = [
                state.due.values.filter { $0 > now.boot }.min(), isLookDue ? state.looksFrom : nil, state.rescanAt,
                state.nextCleanup(at: now), state.purgeAt, state.earlyPurgeDue, state.trashCheckAt, state.measureAt,
            ]
            // What is due already waits for its queue, which wakes us when it is free.
            next = times.compactMap { $0 }.filter { $0 > now.boot }.reduce(next, min)
        }
        return Int32(clamping: max(0, next - now.boot) / 1_000_000 + 1)
    }

    // MARK: Events

    mutating func absorb(_ dirt: Watcher.Dirt, at now: Moment) {
        guard !dirt.isEmpty else { return }
        for (path, state) in vaults {
            guard let id = state.id else { continue }
            if let places = dirt.places[id] {
                if places.contains(".trash") { vaults[path]?.trashCheckAt = now.boot + VaultState.second / 2 }
                vaults[path]?.dirty.formUnion(places.subtracting([".trash"]))
                vaults[path]?.finished.formUnion(dirt.finished[id] ?? [])
            }
            vaults[path]?.deep.formUnion(dirt.deep[id] ?? [])
            if let why = dirt.unreconciled[id] { doubt([path], why, isStorm: true, at: now) }
        }
    }

    /// Vaults with another mount at, above or below them than before.
    mutating func doubtRemounted(at now: Moment) {
        for path in vaults.keys {
            // A table that cannot be read may say anything.
            let mounts = try? MountTable.around(path)
            guard mounts == nil || mounts != vaults[path]?.mounts else { continue }
            vaults[path]?.mounts = mounts ?? []
            // A mount that could not be written may be writable now: what failed is tried again at once.
            if vaults[path]?.lastJobProblem != nil {
                vaults[path]?.lastCleanup = nil
                vaults[path]?.purgeFrom = now.boot
            }
            doubt([path], "something was mounted or unmounted there", at: now)
        }
    }

    /// Something may have been missed: nothing is taken for granted until a rescan has finished. `isStorm`: more events
    /// than could be followed. The rescan must not feed the storm: soon after the last one it waits, twice as long
    /// each time.
    mutating func doubt(_ paths: [Bytes], _ why: String, isStorm: Bool = false, at now: Moment) {
        for path in paths {
            guard var state = vaults[path] else { continue }
            var pause: Int64 = 1
            if isStorm, state.doubts == 0 {
                let isSoon = state.rescannedAt.map { now.boot - $0 < 10 * state.stormSeconds * VaultState.second }
                state.stormSeconds = isSoon == true ? min(Self.mostStormSeconds, 2 * state.stormSeconds) : 1
                pause = state.stormSeconds
                agent.log.notice("\(state.configuration.label): \(why); all is looked at again")
            }
            state.rescanAt = min(
                state.doubts > 0 && isStorm ? state.rescanAt : max(state.rescanAt, now.boot),
                now.boot + pause * VaultState.second)
            state.doubts += 1
            vaults[path] = state
            markUnreconciled(state, why)
            if isStorm { recordUnreconciled(path, why) }
        }
    }

    static let mostStormSeconds: Int64 = 300

    /// A system call that does not return: the file system hangs. Its vault waits, and says so; the others go on.
    mutating func watchQueue(_ path: Bytes, at now: Moment) {
        guard var state = vaults[path] else { return }
        let isSilent = (agent.queues.silence(queue(path), at: now.boot) ?? 0) > Self.silenceSeconds * VaultState.second
        guard isSilent != state.isHung else { return }
        state.isHung = isSilent
        state.problem =
            isSilent ? Fault(.offline, "the vault '\(state.configuration.label)' does not answer", path: path) : nil
        if isSilent {
            let why = "it has not answered for a minute: does its file system hang?"
            agent.log.error("\(state.configuration.label): \(why)")
            state.doubts += 1
            state.rescanAt = min(state.rescanAt, now.boot)
            markUnreconciled(state, why)
        } else {
            agent.log.notice("\(state.configuration.label): it answers again")
        }
        vaults[path] = state
        if isSilent { recordUnreconciled(path, "it has not answered for a minute") }
    }

    /// As an event, once until it is over.
    mutating func recordUnreconciled(_ path: Bytes, _ why: String) {
        guard let state = vaults[path], let id = state.id, !state.isDoubtSaid else { return }
        vaults[path]?.isDoubtSaid = true
        do {
            try engine.state.recordUnreconciled(id, state.configuration.label, why)
        } catch {
            agent.log.error("\(error.message)")
        }
    }

    func markUnreconciled(_ state: VaultState, _ why: String?) {
        guard let id = state.id else { return }
        do {
            try engine.state.setUnreconciled(id, why)
        } catch {
            agent.log.error("\(error.message)")
        }
    }

    // MARK: Jobs

    mutating func startLooks(_ path: Bytes, at now: Moment) {
        guard var state = vaults[path], state.id != nil, now.boot >= state.looksFrom, !agent.queues.isBusy(queue(path))
        else { return }
        // What changed comes before what only waits to be looked into.
        let settled = state.due.filter { $0.value <= now.boot }.keys
        let changed = state.dirty.union(settled)
        let some = changed.count > Self.placesAtOnce ? Set(changed.prefix(Self.placesAtOnce)) : changed
        let places = some.isEmpty ? Set(state.unprobed.prefix(Self.placesAtOnce / 4)) : some
        let (deep, finished) = (state.deep, state.finished)
        guard !places.isEmpty || !deep.isEmpty else { return }
        for place in places { state.due[place] = nil }
        state.dirty.subtract(places)
        state.unprobed.subtract(places)
        state.deep = []
        state.finished = state.dirty.isEmpty ? [] : finished
        vaults[path] = state
        let (agent, engine, configuration) = (self.agent, self.engine, state.configuration)
        agent.queues.start(queue(path), "look") {
            agent.look(engine, configuration, places: places, deep: deep, finished: finished)
        }
    }

    mutating func startRescan(_ path: Bytes, at now: Moment) {
        guard let state = vaults[path], state.rescanAt <= now.boot, !agent.queues.isBusy(queue(path)) else { return }
        vaults[path]?.rescanAt = now.boot + state.reconcileSeconds * VaultState.second
        let (agent, engine) = (self.agent, self.engine)
        agent.queues.start(queue(path), "rescan") { agent.rescan(engine, state.configuration, doubts: state.doubts) }
    }

    mutating func startTrashCheck(_ path: Bytes, at now: Moment) {
        guard let state = vaults[path], let at = state.trashCheckAt, at <= now.boot else { return }
        vaults[path]?.trashCheckAt = nil
        let (agent, engine) = (self.agent, self.engine)
        agent.queues.start(queue(path), "trash") { agent.checkTrash(engine, state.configuration) }
    }

    mutating func startCleanup(_ path: Bytes, at now: Moment) {
        guard let state = vaults[path], state.id != nil, state.doubts == 0, state.unprobed.isEmpty,
            state.cleanupIsDue(at: now)
        else { return }
        vaults[path]?.wantsCleanup = false
        vaults[path]?.lastCleanup = now.boot
        vaults[path]?.schedule(after: now.wall, zone: engine.configuration.zone.value)
        let (agent, engine) = (self.agent, self.engine)
        agent.queues.start(queue(path), "cleanup") { agent.cleanup(engine, state.configuration) }
    }

    mutating func startPurge(_ path: Bytes, at now: Moment) {
        guard let state = vaults[path], state.doubts == 0, let at = state.purgeAt, at <= now.boot else { return }
        vaults[path]?.purgeAt = nil
        let (agent, engine) = (self.agent, self.engine)
        agent.queues.start(queue(path), "purge") { agent.purge(engine, state.configuration) }
    }

    mutating func startEarlyPurge(_ path: Bytes, at now: Moment) {
        guard let state = vaults[path], state.doubts == 0, let at = state.earlyPurgeDue, at <= now.boot else { return }
        vaults[path]?.earlyPurgeAt = nil
        let (agent, engine) = (self.agent, self.engine)
        agent.queues.start(queue(path), "early purge") { agent.purgeEarly(engine, state.configuration) }
    }

    /// Once all was looked into; then some seconds after something became complete.
    mutating func startMeasure(_ path: Bytes, at now: Moment) {
        let key = WorkerQueues.Key(vault: path.display, isMeasuring: true)
        guard let state = vaults[path], state.doubts == 0, state.unprobed.isEmpty, let at = state.measureAt,
            at <= now.boot, !agent.queues.isBusy(key)
        else { return }
        vaults[path]?.measureAt = nil
        let (agent, engine) = (self.agent, self.engine)
        agent.queues.start(key, "measure") { agent.measure(engine, state.configuration) }
    }

    func queue(_ path: Bytes) -> WorkerQueues.Key { WorkerQueues.Key(vault: path.display) }
}
