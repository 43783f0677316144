internal import Catalog
package import Config
internal import Disk
package import Engine
internal import Foundation
internal import Logging
package import Model
internal import ServiceLifecycle
package import State
internal import Survey
internal import Synchronization
internal import UnixSignals

/// The background service: keeps the index live, cleans up and purges when due.
///
/// One thread runs ``step(at:)`` and owns all state; what may block runs in a queue for each vault. Newcomers start
/// reading at `step`.
package final class Agent: Service {
    let stateDirectory: StateDirectory
    let load: @Sendable () throws -> Configuration
    let log: Logger
    let watcher: Watcher
    let mounts: MountTable
    let queues: WorkerQueues
    let wakeup: Wakeup
    let monitor: Monitor
    private let serving = Mutex<(listen: MetricsSettings.Listen, task: Task<Void, Never>)?>(nil)
    private let inbox = Mutex(Inbox())
    private let initial: Configuration

    private struct Inbox {
        var results: [Result] = []
        var isReloadWanted = false
        var isStopping = false
        /// Why it cannot go on.
        var failure: Fault?
    }

    /// What a job found out.
    enum Result: Sendable {
        case looked(path: Bytes, id: VaultID, Looked)
        case rescanned(path: Bytes, id: VaultID, doubts: Int, Looked)
        /// `isVetoed`: a hook held it back.
        case cleaned(path: Bytes, trashNames: Set<String>, ExitStatus, isVetoed: Bool)
        /// What is due and stayed is asked again after this time at the earliest.
        case purged(path: Bytes, retryAfterSeconds: Int64, trashNames: Set<String>)
        /// Limits were looked at; the trash of each vault that gave something, and after how long more may go.
        case purgedEarly(path: Bytes, retryAfterSeconds: Int64?, looked: Set<Bytes>, trashNames: [Bytes: Set<String>])
        case trashChanged(path: Bytes, names: Set<String>)
        case measured(path: Bytes, nanoseconds: Int64)
        case failed(path: Bytes, what: String, fault: Fault)
        /// And which vaults are known, by path.
        case configuration(Configuration, ids: [Bytes: VaultID])
        /// When the next one in the trash is due; `nil`: nothing is there.
        case nextPurge(path: Bytes, due: Timestamp?)
        /// The number of the log's last record.
        case recorded(Int)
        /// A hook was told what there is; when to go on, in seconds, where something is left.
        case delivered(hook: String, upTo: Int, retrySeconds: Double?)

        /// Whether it may change what a monitor shows.
        var isNews: Bool {
            switch self {
            case .recorded, .nextPurge: false
            default: true
            }
        }
    }

    /// What a look at places found.
    struct Looked: Sendable {
        /// When each place has something to look at again, by the boot clock.
        var settling: [Bytes: Int64] = [:]
        /// The places that were looked at.
        var places: Set<Bytes> = []
        /// Places with backups that nobody has looked into yet.
        var unprobed: Set<Bytes> = []
        var completed = false
        /// Something needs a whole look, or a purge to go on.
        var hasReturned = false
        var faults: [Fault] = []
        /// How many directories the kernel refused to watch: events do not tell everything.
        var refused = Watcher.Refusals()
        /// How long it took: who comes often with much to look at waits longer for the next look.
        var nanoseconds: Int64 = 0
        /// The batches, and FREEZE, at a whole look; `nil` otherwise.
        var trashNames: Set<String>?
        /// Its file system, where others may change it unseen.
        var remoteKind: String?
    }

    /// `load` reads the configuration again on SIGHUP; a broken one is refused and the old one stays. `publish` writes
    /// `status.json`, and says how long it is good for.
    package init(
        configuration: Configuration, state stateDirectory: StateDirectory,
        load: @escaping @Sendable () throws -> Configuration,
        publish: @escaping @Sendable (Engine, Overview, _ validSeconds: Int64) throws -> Void
    ) throws(Fault) {
        self.stateDirectory = stateDirectory
        self.load = load
        initial = configuration
        var log = Logger(label: "reprieve") { _ in ReadableLog() }
        log.logLevel = .info
        self.log = log
        let wakeup = try Wakeup()
        self.wakeup = wakeup
        queues = WorkerQueues(clock: stateDirectory.clock, onIdle: { wakeup.raise() })
        let watcher = try Watcher(clock: stateDirectory.clock, onDirt: { wakeup.raise() })
        self.watcher = watcher
        monitor = Monitor(log: log, watches: { watcher.count }, publish: publish)
        mounts = try MountTable()
    }

    /// Runs until it is told to stop (SIGTERM, SIGINT).
    package func run() async throws {
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await withCheckedThrowingContinuation { continuation in
                let thread = Thread { [self] in
                    do {
                        try loop()
                        continuation.resume()
                    } catch {
                        continuation.resume(throwing: error)
                    }
                }
                thread.name = "agent"
                thread.stackSize = 4 << 20
                thread.start()
            }
        } onCancelOrGracefulShutdown: { [self] in
            inbox.withLock { $0.isStopping = true }
            wakeup.raise()
        }
    }

    /// Reads the configuration again.
    package func reload() {
        inbox.withLock { $0.isReloadWanted = true }
        wakeup.raise()
    }

    /// Ends the agent with an error: whoever started it starts it again.
    func end(because fault: Fault) {
        inbox.withLock {
            $0.failure = $0.failure ?? fault
            $0.isStopping = true
        }
        wakeup.raise()
    }

    func post(_ result: Result) {
        inbox.withLock { $0.results.append(result) }
        wakeup.raise()
    }

    private func loop() throws {
        let lock = try stateDirectory.takeAgentLock()
        defer { withExtendedLifetime(lock) {} }
        try stateDirectory.noteAgent(started: true, detail: "\(Watcher.backend), \(initial.vaults.count) vaults")
        var engine = Engine(configuration: initial, state: stateDirectory)
        var turn = Turn(
            engine.configuration, ids: Self.ids(engine), at: engine.now(), mounts: { try? MountTable.around($0) })
        // Before anybody can take the index of the last agent for this one's.
        for effect in turn.takeOutput().effects { carryOut(effect, engine) }
        watcher.start()
        try stateDirectory.runs.noteAgent(since: stateDirectory.clock.now().wall)
        monitor.start(engine)
        log.info(
            "watching \(initial.vaults.count) vault\(initial.vaults.count == 1 ? "" : "s") with \(Watcher.backend)")
        let waiting = Waiting(descriptors: [wakeup.descriptor], mounts: mounts)
        var mountsChanged = false
        while true {
            let (results, isReloadWanted, isStopping) = inbox.withLock { inbox in
                defer {
                    inbox.results = []
                    inbox.isReloadWanted = false
                }
                return (inbox.results, inbox.isReloadWanted, inbox.isStopping)
            }
            if isStopping { break }
            let now = stateDirectory.clock.now()
            defer { pause(since: now) }
            for case .configuration(let fresh, _) in results {
                engine = Engine(configuration: fresh, state: stateDirectory)
            }
            let catalog = stateDirectory.catalog
            let output = turn.step(
                at: now,
                Turn.Input(
                    results: results, dirt: watcher.take(), mountsChanged: mountsChanged, isReloadAsked: isReloadWanted,
                    queues: queues.snapshot(at: now.boot), damage: catalog.isDamaged ? catalog.damageNotice : nil))
            for effect in output.effects { later(effect, engine) }
            for job in output.jobs { start(job, engine) }
            serveMetrics(engine.configuration.metrics.listen?.value)
            monitor.note(
                engine, turn.pulses(at: now), turn.takeNotes(),
                isNews: mountsChanged || results.contains(where: \.isNews))
            let ready = waiting.wait(milliseconds: turn.pauseMilliseconds(at: stateDirectory.clock.now()))
            mountsChanged = ready.contains(1)
            wakeup.clear()
        }
        stop()
        if let failure = inbox.withLock({ $0.failure }) { throw failure }
    }

    private static let writing = WorkerQueues.Key(vault: "state")
    private let written = Atomic(0)

    /// What only tells is done at once. What goes to disk has a queue of its own, in order: the state's disk may hang.
    private func later(_ effect: Effect, _ engine: Engine) {
        switch effect {
        case .log, .forgetWatches, .end: carryOut(effect, engine)
        default:
            let number = written.wrappingAdd(1, ordering: .relaxed).newValue
            queues.start(Self.writing, "effect \(number)") { [self] in carryOut(effect, engine) }
        }
    }

    private func carryOut(_ effect: Effect, _ engine: Engine) {
        do throws(Fault) {
            switch effect {
            case .log(let level, let text): log.log(level: level, "\(text)")
            case .forgetWatches(let id): watcher.forget(vault: id)
            case .setUnreconciled(let id, let why): try stateDirectory.setUnreconciled(id, why)
            case .recordUnreconciled(let id, let label, let why):
                try stateDirectory.recordUnreconciled(id, label, why)
            case .setWatching(let id, let how): try stateDirectory.setWatching(id, how)
            case .recordVanished: try engine.episodes.recordVanished()
            case .renewWitness: try stateDirectory.renewWitness()
            case .checkClock(let vaults):
                for (vault, id) in vaults { try engine.clockGuard.check(vault, id) }
            case .end(let fault): end(because: fault)
            }
        } catch {
            log.error("\(error.message)")
        }
    }

    static func ids(_ engine: Engine) -> [Bytes: VaultID] {
        var ids: [Bytes: VaultID] = [:]
        for vault in engine.configuration.vaults { ids[vault.path] = (try? engine.access.lastKnownID(vault)) ?? nil }
        return ids
    }

    /// Begins, changes or ends `GET /metrics` where the configuration says another thing than before.
    private func serveMetrics(_ listen: MetricsSettings.Listen?) {
        serving.withLock { serving in
            guard serving?.listen != listen else { return }
            serving?.task.cancel()
            serving = listen.map { listen in
                let server = MetricsServer(monitor: monitor) { [log, stateDirectory] listen, problem in
                    if let problem { log.error("\(problem)") } else { log.info("metrics at \(listen.text)") }
                    do throws(Fault) {
                        try stateDirectory.runs.noteMetrics(problem: problem)
                    } catch {
                        log.error("\(error.message)")
                    }
                }
                return (listen, Task { await server.run(listen) })
            }
        }
    }

    /// A storm of events makes forty turns a second, not thousands.
    private func pause(since start: Moment) {
        let rest = Self.shortestTurn - (stateDirectory.clock.now().boot - start.boot)
        if rest > 0 { Thread.sleep(forTimeInterval: Double(rest) / 1e9) }
    }

    private static let shortestTurn: Int64 = 25_000_000

    /// Within two seconds, plus the system call that a queue may hang in.
    private func stop() {
        serveMetrics(nil)
        monitor.stop()
        let end = stateDirectory.clock.now().boot + 2 * VaultState.second
        // What was to be written is written, unless the state's disk hangs.
        while queues.isBusy(Self.writing), stateDirectory.clock.now().boot < end - VaultState.second {
            Thread.sleep(forTimeInterval: 0.01)
        }
        queues.stop()
        while !queues.isIdle, stateDirectory.clock.now().boot < end { Thread.sleep(forTimeInterval: 0.01) }
        watcher.end()
        do {
            try stateDirectory.noteAgent(started: false, detail: "asked to")
        } catch {
            log.error("\(error.message)")
        }
        log.info("stopped")
    }
}

extension Agent {
    /// Runs as a service group: SIGTERM and SIGINT end it gracefully.
    package func runUntilSignalled() async throws {
        let group = ServiceGroup(
            configuration: .init(services: [self], gracefulShutdownSignals: [.sigterm, .sigint], logger: log))
        try await group.run()
    }
}

/// What every process of ours does before anything else.
package func prepareProcess() {
    Signals.occupyStandardDescriptors()
    Signals.ignoreFatal()
}
