internal import Disk
internal import Catalog
internal import Engine
internal import Logging
internal import Model
internal import Survey

/// The agent's own thread: its state, and the straight line of steps.
struct Turn {
    private let agent: Agent
    private(set) var keeper: Keeper
    private var vaults: [Bytes: VaultState] = [:]
    private var nextHour: Int64 = 0
    private var nextExpansion: Int64 = 0
    /// Looks and runs that ended, for the monitor.
    private var notes: [(vault: String, note: RunNote)] = []
    private var hooks = HookSchedule()
    private var nextClock: Int64 = 0

    /// Who gives no sign of life for so long is said to hang.
    static let silenceSeconds: Int64 = 60
    /// So many places are looked at in one job; the lane is free for others in between.
    static let placesAtOnce = 200

    init(agent: Agent, keeper: Keeper) {
        self.agent = agent
        self.keeper = keeper
        adopt(keeper.configuration)
    }

    /// One turn: events say "look here", never more; what may block goes into the vault's lane; nothing is awaited.
    mutating func step(at now: Moment, results: [Agent.Result], mountsChanged: Bool) {
        for result in results { record(result, at: now) }
        if mountsChanged { doubtRemounted(at: now) }
        absorb(agent.watcher.take(), at: now)
        hourly(at: now)
        hooks.start(keeper, agent, at: now)
        for path in vaults.keys.sorted() {
            watchLane(path, at: now)
            // A rescan covers all dirty places, and must not starve behind them.
            startRescan(path, at: now)
            startLooks(path, at: now)
            startTrashCheck(path, at: now)
            startCleanup(path, at: now)
            startPurge(path, at: now)
            startRelief(path, at: now)
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
                state.nextCleanup(at: now), state.purgeAt, state.reliefDue, state.trashCheckAt, state.measureAt,
            ]
            // What is due already waits for its lane, which wakes us when it is free.
            next = times.compactMap { $0 }.filter { $0 > now.boot }.reduce(next, min)
        }
        return Int32(clamping: max(0, next - now.boot) / 1_000_000 + 1)
    }

    // MARK: Events

    private mutating func absorb(_ dirt: Watcher.Dirt, at now: Moment) {
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
    private mutating func doubtRemounted(at now: Moment) {
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
    private mutating func doubt(_ paths: [Bytes], _ why: String, isStorm: Bool = false, at now: Moment) {
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
            if isStorm { sayUnreconciled(path, why) }
        }
    }

    private static let mostStormSeconds: Int64 = 300

    /// A system call that does not return: the file system hangs. Its vault waits, and says so; the others go on.
    private mutating func watchLane(_ path: Bytes, at now: Moment) {
        guard var state = vaults[path] else { return }
        let isSilent = (agent.lanes.silence(lane(path), at: now.boot) ?? 0) > Self.silenceSeconds * VaultState.second
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
        if isSilent { sayUnreconciled(path, "it has not answered for a minute") }
    }

    /// As an event, once until it is over.
    private mutating func sayUnreconciled(_ path: Bytes, _ why: String) {
        guard let state = vaults[path], let id = state.id, !state.isDoubtSaid else { return }
        vaults[path]?.isDoubtSaid = true
        do {
            try keeper.home.sayUnreconciled(id, state.configuration.label, why)
        } catch {
            agent.log.error("\(error.message)")
        }
    }

    private func markUnreconciled(_ state: VaultState, _ why: String?) {
        guard let id = state.id else { return }
        do {
            try keeper.home.setUnreconciled(id, why)
        } catch {
            agent.log.error("\(error.message)")
        }
    }

    // MARK: Jobs

    private mutating func startLooks(_ path: Bytes, at now: Moment) {
        guard var state = vaults[path], state.id != nil, now.boot >= state.looksFrom, !agent.lanes.isBusy(lane(path))
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
        let (agent, keeper, configuration) = (self.agent, self.keeper, state.configuration)
        agent.lanes.start(lane(path), "look") { agent.look(keeper, configuration, places, deep: deep, finished) }
    }

    private mutating func startRescan(_ path: Bytes, at now: Moment) {
        guard let state = vaults[path], state.rescanAt <= now.boot, !agent.lanes.isBusy(lane(path)) else { return }
        vaults[path]?.rescanAt = now.boot + state.reconcileSeconds * VaultState.second
        let (agent, keeper) = (self.agent, self.keeper)
        agent.lanes.start(lane(path), "rescan") { agent.rescan(keeper, state.configuration, doubts: state.doubts) }
    }

    private mutating func startTrashCheck(_ path: Bytes, at now: Moment) {
        guard let state = vaults[path], let at = state.trashCheckAt, at <= now.boot else { return }
        vaults[path]?.trashCheckAt = nil
        let (agent, keeper) = (self.agent, self.keeper)
        agent.lanes.start(lane(path), "trash") { agent.checkTrash(keeper, state.configuration) }
    }

    private mutating func startCleanup(_ path: Bytes, at now: Moment) {
        guard let state = vaults[path], state.id != nil, state.doubts == 0, state.unprobed.isEmpty,
            state.cleanupIsDue(at: now)
        else { return }
        vaults[path]?.wantsCleanup = false
        vaults[path]?.lastCleanup = now.boot
        vaults[path]?.schedule(after: now.wall, zone: keeper.configuration.zone.value)
        let (agent, keeper) = (self.agent, self.keeper)
        agent.lanes.start(lane(path), "cleanup") { agent.cleanup(keeper, state.configuration) }
    }

    private mutating func startPurge(_ path: Bytes, at now: Moment) {
        guard let state = vaults[path], state.doubts == 0, let at = state.purgeAt, at <= now.boot else { return }
        vaults[path]?.purgeAt = nil
        let (agent, keeper) = (self.agent, self.keeper)
        agent.lanes.start(lane(path), "purge") { agent.purge(keeper, state.configuration) }
    }

    private mutating func startRelief(_ path: Bytes, at now: Moment) {
        guard let state = vaults[path], state.doubts == 0, let at = state.reliefDue, at <= now.boot else { return }
        vaults[path]?.reliefAt = nil
        let (agent, keeper) = (self.agent, self.keeper)
        agent.lanes.start(lane(path), "relief") { agent.relieve(keeper, state.configuration) }
    }

    /// Once all was looked into; then some seconds after something became complete.
    private mutating func startMeasure(_ path: Bytes, at now: Moment) {
        let key = Lanes.Key(vault: path.display, isMeasuring: true)
        guard let state = vaults[path], state.doubts == 0, state.unprobed.isEmpty, let at = state.measureAt,
            at <= now.boot, !agent.lanes.isBusy(key)
        else { return }
        vaults[path]?.measureAt = nil
        let (agent, keeper) = (self.agent, self.keeper)
        agent.lanes.start(key, "measure") { agent.measure(keeper, state.configuration) }
    }

    private func lane(_ path: Bytes) -> Lanes.Key { Lanes.Key(vault: path.display) }

    // MARK: Results

    private mutating func record(_ result: Agent.Result, at now: Moment) {
        switch result {
        case .looked(let path, let id, let looked):
            vaults[path]?.id = id
            for place in looked.places { vaults[path]?.due[place] = nil }
            vaults[path]?.due.merge(looked.settling) { _, new in new }
            if looked.hasReturned { doubt([path], "a backup came back from the trash", at: now) }
            if looked.refused > 0, state(path)?.reconcileSeconds != VaultState.unwatchedReconcileSeconds {
                doubt([path], Self.limitText, isStorm: true, at: now)
            }
            // A tenth of the time at most goes into looks.
            vaults[path]?.looksFrom = now.boot + max(VaultState.second / 10, 9 * looked.nanoseconds)
            note(looked, path, at: now)
        case .rescanned(let path, let id, let doubts, let looked):
            rescanned(path, id, looked, doubts, at: now)
        case .delivered(let hook, let upTo, let retry): hooks.delivered(hook, upTo: upTo, retry, at: now)
        case .cleaned(let path, let names, let status, let isVetoed):
            if let label = vaults[path]?.configuration.label { notes.append((label, .run(at: now.wall, status))) }
            vaults[path]?.trashNames = names
            // Asked again after `cleanup-every`, whether or not a new backup comes.
            if isVetoed { vaults[path]?.wantsCleanup = true }
            vaults[path]?.reliefAt = now.boot
            vaults[path]?.lastJobProblem = nil
            plan(purgeOf: path, at: now)
        case .purged(let path, let retry, let names):
            vaults[path]?.trashNames = names
            vaults[path]?.lastJobProblem = nil
            vaults[path]?.purgeFrom = now.boot + retry * VaultState.second
            plan(purgeOf: path, at: now)
        case .relieved(let path, let retry, let looked, let names):
            relieved(path, retry, looked, names, at: now)
        case .trashChanged(let path, let names):
            if vaults[path]?.trashNames != names { doubt([path], "its trash was changed by somebody else", at: now) }
            vaults[path]?.trashNames = names
            plan(purgeOf: path, at: now)
        case .measured(let path, let nanoseconds):
            vaults[path]?.measureFrom = now.boot + 20 * nanoseconds
        case .failed(let path, let what, let fault): failed(path, what, fault, at: now)
        case .configuration(let configuration): adopt(configuration)
        }
    }

    /// What every look says: is there something to clean up, and what could not be looked at. Said once, not each time.
    private mutating func note(_ looked: Agent.Looked, _ path: Bytes, at now: Moment) {
        if looked.completed {
            vaults[path]?.wantsCleanup = true
            if var state = vaults[path], state.measureAt == nil {
                state.measureAt = max(now.boot + VaultState.measureSeconds * VaultState.second, state.measureFrom)
                vaults[path] = state
            }
        }
        guard let fault = looked.faults.first, let label = vaults[path]?.configuration.label else { return }
        if vaults[path]?.lastFault != fault.message { agent.log.warning("\(label): \(fault.message)") }
        vaults[path]?.lastFault = fault.message
    }

    private mutating func rescanned(
        _ path: Bytes, _ id: VaultID, _ looked: Agent.Looked, _ doubts: Int, at now: Moment
    ) {
        note(looked, path, at: now)
        guard var state = vaults[path] else { return }
        if let before = state.id, before != id {
            agent.watcher.forget(vault: before)
            agent.log.notice("\(state.configuration.label): another of its disks is there now")
        }
        state.id = id
        state.due = looked.settling
        state.unprobed = looked.unprobed
        state.trashNames = looked.trashNames ?? state.trashNames
        state.backOffSeconds = 1
        // At the first look nobody has measured anything.
        if state.rescannedAt == nil { state.measureAt = now.boot }
        state.rescannedAt = now.boot
        state.reliefAt = now.boot
        if state.lastProblem != nil { agent.log.notice("\(state.configuration.label): in order again") }
        (state.lastProblem, state.problem) = (nil, nil)
        notes.append((state.configuration.label, .look(at: now.wall)))
        let how = reconcile(looked, &state, at: now)
        // A doubt that came during the rescan is not answered by it.
        if state.doubts == doubts {
            state.doubts = 0
            state.isDoubtSaid = false
            // Where not all could be read, who only looks must look for himself.
            let isFrozenByFile = looked.trashNames?.contains("FREEZE") == true
            let why =
                isFrozenByFile
                ? "the file .trash/FREEZE is there" : looked.faults.first?.message ?? how
            markUnreconciled(state, why)
        }
        vaults[path] = state
        do {
            try keeper.home.setWatching(id, how)
        } catch {
            agent.log.error("\(error.message)")
        }
        plan(purgeOf: path, at: now)
        if looked.hasReturned { vaults[path]?.purgeAt = max(now.boot, state.purgeFrom) }
    }

    private mutating func relieved(
        _ path: Bytes, _ retry: Int64?, _ looked: Set<Bytes>, _ names: [Bytes: Set<String>], at now: Moment
    ) {
        for (path, names) in names {
            vaults[path]?.trashNames = names
            plan(purgeOf: path, at: now)
        }
        for other in looked { vaults[other]?.reliefFrom = now.boot + VaultState.reliefSeconds * VaultState.second }
        // When the next one passes its `min-grace`: nothing is asked again and again before.
        guard let retry else { return }
        vaults[path]?.reliefFrom = 0
        vaults[path]?.reliefAt = now.boot + max(1, retry) * VaultState.second
    }

    static let limitText = "the limit of inotify watches is reached"

    /// When all is looked at again whatever the events say; and how changes are learnt of, where that is not by events
    /// alone.
    private func reconcile(_ looked: Agent.Looked, _ state: inout VaultState, at now: Moment) -> String? {
        var how: String?
        state.reconcileSeconds = VaultState.localReconcileSeconds
        if let kind = looked.remoteKind {
            state.reconcileSeconds = VaultState.remoteReconcileSeconds
            how = "polled every \(state.reconcileSeconds / 60) min: on \(kind), others may change it unseen"
        }
        if looked.refused > 0 {
            state.reconcileSeconds = VaultState.unwatchedReconcileSeconds
            how =
                "\(looked.refused) directories are not watched, and polled every minute: \(Self.limitText); see `reprieve doctor`"
        }
        // A twentieth of the time at most.
        state.reconcileSeconds = max(state.reconcileSeconds, 20 * looked.nanoseconds / VaultState.second)
        state.rescanAt = min(state.rescanAt, now.boot + state.reconcileSeconds * VaultState.second)
        return how
    }

    private func state(_ path: Bytes) -> VaultState? { vaults[path] }

    private mutating func plan(purgeOf path: Bytes, at now: Moment) {
        guard let state = vaults[path] else { return }
        do {
            guard let due = try keeper.nextPurge(state.configuration) else {
                vaults[path]!.purgeAt = nil
                return
            }
            let wait = max(0, due.nanoseconds - now.wall.nanoseconds)
            // What was due and stayed (wanted, frozen, not witnessed long enough) is asked again later.
            vaults[path]?.purgeAt = max(now.boot + min(wait, Int64.max / 4), state.purgeFrom)
        } catch {
            agent.log.error("\(error.message)")
        }
    }

    private mutating func failed(_ path: Bytes, _ what: String, _ fault: Fault, at now: Moment) {
        guard var state = vaults[path] else { return }
        // A damaged catalog is set aside when it is opened: the agent ends, and its service starts it again.
        if fault.code == .damaged, fault.path == keeper.home.catalog.file { return agent.end(because: fault) }
        let text = "\(state.configuration.label): \(what): \(fault.message)"
        if what == Agent.reliefFailed {
            if state.lastJobProblem != fault.message { agent.log.error("\(text)") }
            state.lastJobProblem = fault.message
            state.reliefAt = now.boot + 60 * VaultState.second
            vaults[path] = state
            return
        }
        if what == Agent.cleanupFailed || what == Agent.purgeFailed {
            // Not forgotten, and not before a minute has passed. Said once, not every minute.
            if state.lastJobProblem != fault.message { agent.log.error("\(text)") }
            state.lastJobProblem = fault.message
            state.purgeFrom = now.boot + 60 * VaultState.second
            state.rescanAt = min(state.rescanAt, state.purgeFrom)
            if what == Agent.cleanupFailed {
                notes.append((state.configuration.label, .run(at: now.wall, .failed, problem: fault.message)))
                state.wantsCleanup = true
                let pause = state.configuration.settings.cleanupEvery.value.fixedSeconds
                state.lastCleanup = now.boot - max(0, pause - 60) * VaultState.second
                if state.nextScheduled != nil { state.nextScheduled = now.wall.adding(seconds: 60) }
            }
            vaults[path] = state
            return
        }
        if state.lastProblem != fault.message { agent.log.error("\(text)") }
        (state.lastProblem, state.problem) = (fault.message, fault)
        state.doubts += 1
        state.rescanAt = now.boot + state.backOffSeconds * VaultState.second
        state.backOffSeconds = min(60, state.backOffSeconds * 2)
        vaults[path] = state
        markUnreconciled(state, fault.message)
        // That it is offline is an event of its own.
        if fault.code != .offline { sayUnreconciled(path, fault.message) }
    }

    // MARK: For the monitor

    mutating func takeNotes() -> [(vault: String, note: RunNote)] {
        defer { notes = [] }
        return notes
    }

    /// How far the index is behind the disk.
    mutating func pulses(at now: Moment) -> [Bytes: IndexPulse] {
        var pulses: [Bytes: IndexPulse] = [:]
        for (path, state) in vaults {
            let isBehind = state.pending > 0 || state.doubts > 0
            let since = isBehind ? state.behindSince ?? now.boot : nil
            if state.behindSince != since { vaults[path]?.behindSince = since }
            pulses[path] = IndexPulse(
                lagSeconds: since.map { (now.boot - $0) / VaultState.second } ?? 0, pending: state.pending,
                problem: state.problem, isFrozenByFile: state.trashNames.contains("FREEZE"))
        }
        return pulses
    }

    // MARK: Configuration and time

    private mutating func hourly(at now: Moment) {
        if now.boot >= nextHour {
            nextHour = now.boot + 3600 * VaultState.second
            do {
                try keeper.home.renewWitness()
            } catch {
                agent.log.error("\(error.message)")
            }
            rotateAudit()
        }
        if now.boot >= nextClock {
            nextClock = now.boot + 10 * VaultState.second
            settleClock()
        }
        if now.boot >= nextExpansion, keeper.configuration.hasWildcards {
            nextExpansion = now.boot + 60 * VaultState.second
            reload(isAsked: false)
        }
    }

    /// Packing takes seconds: in a lane of its own.
    private func rotateAudit() {
        let (agent, keeper) = (self.agent, self.keeper)
        agent.lanes.start(Lanes.Key(vault: "audit"), "rotate") {
            do throws(Fault) {
                try keeper.rotateAudit()
            } catch {
                agent.log.error("\(error.message)")
            }
        }
    }

    /// A clock that jumps is said now, not when the next vault is looked at.
    private func settleClock() {
        for state in vaults.values {
            guard let id = state.id else { continue }
            do {
                try keeper.settleClock(state.configuration, id)
            } catch {
                agent.log.error("\(error.message)")
            }
        }
    }

    /// Reads the configuration in a lane of its own: its paths may hang too.
    func reload(isAsked: Bool) {
        let (agent, old) = (self.agent, keeper.configuration)
        agent.lanes.start(Lanes.Key(vault: "configuration"), "load") {
            do {
                let fresh = try agent.load()
                guard isAsked || fresh.vaults.map(\.path) != old.vaults.map(\.path) else { return }
                agent.log.notice("configuration read: \(fresh.vaults.count) vaults")
                agent.post(.configuration(fresh))
            } catch let fault as Fault {
                agent.log.error("the configuration is refused, the old one stays: \(fault.message)")
            } catch {
                agent.log.error("the configuration is refused, the old one stays: \(error)")
            }
        }
    }

    private mutating func adopt(_ configuration: Configuration) {
        keeper = Keeper(configuration: configuration, home: keeper.home)
        let now = keeper.now()
        var fresh: [Bytes: VaultState] = [:]
        for vault in configuration.vaults {
            var state = vaults[vault.path] ?? VaultState(vault)
            state.configuration = vault
            state.id = state.id ?? (try? keeper.lastKnownID(vault)) ?? nil
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
