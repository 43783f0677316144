internal import Config
internal import Disk
internal import Catalog
internal import Engine
internal import Logging
internal import Model
internal import State
internal import Survey

/// The agent's state machine: what happened goes in, jobs and effects come out. It starts nothing, asks nobody and
/// writes nothing, so that a test can feed it moments by hand.
struct Turn {
    /// What happened since the last step.
    struct Input {
        var results: [JobResult] = []
        /// What the watcher saw.
        var dirt = Watcher.Dirt()
        var mountsChanged = false
        var isReloadAsked = false
        var queues = WorkerQueues.Snapshot()
        /// The catalog is damaged; it is set aside when it is opened anew.
        var damage: Fault?
    }

    struct Output {
        var jobs: [Job] = []
        /// In the order in which they are to be carried out.
        var effects: [Effect] = []
    }

    var configuration: Configuration
    /// The mounts at, above or below a path; `nil`: the table cannot be read.
    let mounts: @Sendable (Bytes) -> [Bytes]?
    /// One round for cron: each vault is cleaned up unless its schedule is `manual`, then purged, and its limits are
    /// checked. What fails or hangs has had its turn. Nothing is watched, and nothing is tried again.
    let isOnce: Bool
    var output = Output()
    /// Queues with work, those of this step's jobs among them.
    var queues = WorkerQueues.Snapshot()
    var vaults: [Bytes: VaultState] = [:]
    var nextHour: Int64 = 0
    var nextExpansion: Int64 = 0
    /// Looks and runs that ended, for the monitor.
    var notes: [(vault: String, note: RunNote)] = []
    var hooks = HookSchedule()
    var nextClock: Int64 = 0

    /// Who gives no sign of life for so long is said to hang.
    static let silenceSeconds = 60.0
    /// So many places are looked at in one job; the queue is free for others in between.
    static let placesAtOnce = 200

    /// `ids`: the vaults that are known, by path.
    init(
        _ configuration: Configuration, ids: [Bytes: VaultID], at now: Moment, isOnce: Bool = false,
        mounts: @escaping @Sendable (Bytes) -> [Bytes]?
    ) {
        self.configuration = configuration
        self.mounts = mounts
        self.isOnce = isOnce
        adopt(configuration, ids, at: now)
    }

    /// One step: events say which directory is to be scanned, never more; what may block becomes a job; nothing is
    /// awaited.
    mutating func step(at now: Moment, _ input: Input) -> Output {
        queues = input.queues
        if input.isReloadAsked { reload(isAsked: true) }
        for result in input.results { record(result, at: now) }
        if let damage = input.damage {
            // The agent ends, and its service starts it again.
            output.effects.append(.end(damage))
            return takeOutput()
        }
        if input.mountsChanged { doubtRemounted(at: now) }
        absorb(input.dirt, at: now)
        if !isOnce {
            hourly(at: now)
            output.jobs += hooks.jobs(configuration, at: now)
        }
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
        return takeOutput()
    }

    mutating func takeOutput() -> Output {
        defer { output = Output() }
        return output
    }

    mutating func log(_ level: Logger.Level, _ text: String) { output.effects.append(.log(level, text)) }

    /// In a vault's own queue, or in another of its.
    mutating func start(_ work: Job.Work, _ name: String, in state: VaultState, queue key: WorkerQueues.Key? = nil) {
        let key = key ?? queue(state.configuration.path)
        queues.busy.insert(key)
        output.jobs.append(Job(queue: key, name: name, vault: state.configuration, work: work))
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
            let present = mounts(path)
            guard present == nil || present != vaults[path]?.mounts else { continue }
            vaults[path]?.mounts = present ?? []
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
                log(.notice, "\(state.configuration.label): \(why); all is looked at again")
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
        let isSilent = queues.hung.contains(queue(path))
        guard isSilent != state.isHung else { return }
        guard !isOnce else {
            output.effects.append(.giveUp(state.configuration))
            vaults[path] = nil
            return
        }
        state.isHung = isSilent
        state.problem =
            isSilent ? Fault(.offline, "the vault '\(state.configuration.label)' does not answer", path: path) : nil
        if isSilent {
            let why = "it has not answered for a minute: does its file system hang?"
            log(.error, "\(state.configuration.label): \(why)")
            state.doubts += 1
            state.rescanAt = min(state.rescanAt, now.boot)
            markUnreconciled(state, why)
        } else {
            log(.notice, "\(state.configuration.label): it answers again")
        }
        vaults[path] = state
        if isSilent { recordUnreconciled(path, "it has not answered for a minute") }
    }

    /// As an event, once until it is over.
    mutating func recordUnreconciled(_ path: Bytes, _ why: String) {
        guard let state = vaults[path], let id = state.id, !state.isDoubtSaid else { return }
        vaults[path]?.isDoubtSaid = true
        output.effects.append(.recordUnreconciled(id, label: state.configuration.label, why: why))
    }

    /// `why`: `nil` vouches for the index again.
    mutating func markUnreconciled(_ state: VaultState, _ why: String?) {
        guard !isOnce, let id = state.id else { return }
        output.effects.append(.setUnreconciled(id, why))
    }

    // MARK: Jobs

    mutating func startLooks(_ path: Bytes, at now: Moment) {
        guard var state = vaults[path], state.id != nil, now.boot >= state.looksFrom, !queues.busy.contains(queue(path))
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
        start(.scan(places: places, deep: deep, finished: finished), "scan", in: state)
    }

    mutating func startRescan(_ path: Bytes, at now: Moment) {
        guard let state = vaults[path], state.rescanAt <= now.boot, !queues.busy.contains(queue(path)) else { return }
        vaults[path]?.rescanAt = now.boot + state.reconcileSeconds * VaultState.second
        start(.rescan(doubts: state.doubts), "rescan", in: state)
    }

    mutating func startTrashCheck(_ path: Bytes, at now: Moment) {
        guard let state = vaults[path], let at = state.trashCheckAt, at <= now.boot else { return }
        vaults[path]?.trashCheckAt = nil
        start(.checkTrash, "trash", in: state)
    }

    mutating func startCleanup(_ path: Bytes, at now: Moment) {
        guard let state = vaults[path], state.id != nil || isOnce, state.doubts == 0, state.unprobed.isEmpty,
            isOnce ? state.isFirstCleanup : state.cleanupIsDue(at: now)
        else { return }
        vaults[path]?.wantsCleanup = false
        vaults[path]?.lastCleanup = now.boot
        vaults[path]?.schedule(after: now.wall, zone: configuration.zone.value)
        start(.cleanup, "cleanup", in: state)
    }

    mutating func startPurge(_ path: Bytes, at now: Moment) {
        guard let state = vaults[path], state.doubts == 0, let at = state.purgeAt, at <= now.boot else { return }
        // A cleanup that failed is the end of its round.
        if isOnce, queues.busy.contains(queue(path)) { return }
        vaults[path]?.purgeAt = nil
        vaults[path]?.mustPurge = false
        start(.purge, "purge", in: state)
    }

    mutating func startEarlyPurge(_ path: Bytes, at now: Moment) {
        guard let state = vaults[path], state.doubts == 0, let at = state.earlyPurgeDue, at <= now.boot else { return }
        // What is lacking after all vaults have purged what is due is lacking; and one file system at a time.
        if isOnce, !queues.busy.isEmpty || vaults.values.contains(where: { $0.purgeAt != nil }) { return }
        vaults[path]?.earlyPurgeAt = nil
        start(.purgeEarly, "early purge", in: state)
    }

    /// Once all was looked into; then some seconds after something became complete.
    mutating func startMeasure(_ path: Bytes, at now: Moment) {
        let key = WorkerQueues.Key(path, .measuring)
        guard let state = vaults[path], state.doubts == 0, state.unprobed.isEmpty, let at = state.measureAt,
            at <= now.boot, !queues.busy.contains(key)
        else { return }
        vaults[path]?.measureAt = nil
        start(.measure, "measure", in: state, queue: key)
    }

    func queue(_ path: Bytes) -> WorkerQueues.Key { WorkerQueues.Key(path) }
}
