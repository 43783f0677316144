internal import Config
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
    var notes: [(vault: String, note: RunRecord)] = []
    var hooks = HookSchedule()
    var nextClock: Int64 = 0

    /// Who gives no sign of life for so long is said to hang.
    static let silenceSeconds = 60.0

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
        if input.mountsChanged { checkMounts(at: now) }
        absorb(input.dirt, at: now)
        if !isOnce {
            hourly(at: now)
            output.jobs += hooks.jobs(configuration, at: now)
        }
        for path in vaults.keys.sorted() {
            watchQueue(path, at: now)
            startJobs(path, at: now)
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
        // What is due already waits for its queue, which wakes us when it is free.
        let next = vaults.values.flatMap { $0.next(at: now) }.filter { $0 > now.boot }
            .reduce(min(nextHour, now.boot + 60 * VaultState.second, hooks.next), min)
        return Int32(clamping: max(0, next - now.boot) / 1_000_000 + 1)
    }

    // MARK: Events

    mutating func absorb(_ dirt: Watcher.Dirt, at now: Moment) {
        guard !dirt.isEmpty else { return }
        for (path, state) in vaults {
            guard let id = state.id else { continue }
            if dirt.places[id]?.contains(".trash") == true {
                vaults[path]?.trashCheckAt = now.boot + VaultState.second / 2
            }
            vaults[path]?.directories.add(dirt, of: id)
            if let why = dirt.unreconciled[id] { miss(path, why, isStorm: true, at: now) }
        }
    }

    /// Vaults with another mount at, above or below them than before.
    mutating func checkMounts(at now: Moment) {
        for path in vaults.keys {
            // A table that cannot be read may say anything.
            let present = mounts(path)
            guard present == nil || present != vaults[path]?.index.mounts else { continue }
            vaults[path]?.index.mounts = present ?? []
            // A mount that could not be written may be writable now: what failed is tried again at once.
            if vaults[path]?.problems.hasFailedJob == true {
                vaults[path]?.cleanup.last = nil
                vaults[path]?.purge.resume(at: now)
            }
            miss(path, "something was mounted or unmounted there", at: now)
        }
    }

    /// Something may have been missed: the index is not current until a rescan has finished.
    mutating func miss(_ path: Bytes, _ why: String, isStorm: Bool = false, at now: Moment) {
        guard var state = vaults[path] else { return }
        if state.index.miss(isStorm: isStorm, at: now) {
            log(.notice, "\(state.label): \(why); all is scanned again")
        }
        vaults[path] = state
        markUnreconciled(state, why)
        if isStorm { recordUnreconciled(path, why) }
    }

    /// A system call that does not return: the file system hangs. Its vault waits, and says so; the others go on.
    mutating func watchQueue(_ path: Bytes, at now: Moment) {
        // In one round its unlinking, too, may be what hangs; the vault has had its turn.
        if isOnce, queues.hung.contains(where: { $0.name == path }) { vaults[path] = nil }
        let isHung = queues.hung.contains(queue(path))
        guard var state = vaults[path], isHung != state.problems.isHung else { return }
        state.problems.isHung = isHung
        state.problems.fault =
            isHung ? Fault(.offline, "the vault '\(state.label)' does not answer", path: path) : nil
        if isHung {
            state.index.missAll(at: now)
            let why = "it has not answered for a minute"
            log(.error, "\(state.label): \(why): does its file system hang?")
            markUnreconciled(state, "\(why): does its file system hang?")
            vaults[path] = state
            recordUnreconciled(path, why)
        } else {
            log(.notice, "\(state.label): it answers again")
            vaults[path] = state
        }
    }

    /// As an event, once until it is over.
    mutating func recordUnreconciled(_ path: Bytes, _ why: String) {
        guard let state = vaults[path], let id = state.id, !state.index.isRecorded else { return }
        vaults[path]?.index.isRecorded = true
        output.effects.append(.recordUnreconciled(id, label: state.label, why: why))
    }

    /// `why`: `nil` makes the index valid again.
    mutating func markUnreconciled(_ state: VaultState, _ why: String?) {
        guard !isOnce, let id = state.id else { return }
        output.effects.append(.setUnreconciled(id, why))
    }

    // MARK: Jobs

    /// What is due in a vault, in this order.
    private mutating func startJobs(_ path: Bytes, at now: Moment) {
        guard var state = vaults[path] else { return }
        let queue = queue(path)
        // A rescan covers all changed directories, and must not starve behind them.
        if !queues.busy.contains(queue), let missed = state.index.begin(at: now) {
            start(.rescan(missed: missed), "rescan", in: state)
        }
        if state.id != nil, !queues.busy.contains(queue), let work = state.directories.take(at: now) {
            start(work, "scan", in: state)
        }
        if let at = state.trashCheckAt, at <= now.boot {
            state.trashCheckAt = nil
            start(.checkTrash, "trash", in: state)
        }
        let isKnown = state.index.isCurrent && state.directories.isProbed
        if isOnce ? state.cleanup.isFirst : isKnown && state.id != nil && state.cleanup.isDue(at: now) {
            state.cleanup.started(at: now, zone: configuration.zone.value)
            start(.cleanup, "cleanup", in: state)
        }
        // In one round a cleanup that fails is the end of it.
        if state.index.isCurrent, state.purge.isDue(at: now), !isOnce || !queues.busy.contains(queue) {
            state.purge.started()
            start(.purge, "purge", in: state)
        }
        vaults[path] = state
        if state.index.isCurrent, state.purge.limitsAreDue(at: now), !isOnce || isEveryPurgeOver {
            vaults[path]?.purge.limitsStarted()
            start(.purgeEarly, "early purge", in: state)
        }
        let measuring = WorkerQueues.Key(path, .measuring)
        if isKnown, state.measuring.isDue(at: now), !queues.busy.contains(measuring) {
            vaults[path]?.measuring.started()
            start(.measure, "measure", in: state, queue: measuring)
        }
    }

    /// What is lacking after all vaults have purged what is due is lacking; and one file system at a time.
    private var isEveryPurgeOver: Bool { queues.busy.isEmpty && vaults.values.allSatisfy { $0.purge.at == nil } }

    func queue(_ path: Bytes) -> WorkerQueues.Key { WorkerQueues.Key(path) }
}
