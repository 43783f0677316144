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
    let log: Logger
    let watcher: Watcher
    let mounts: MountTable
    let queues: WorkerQueues
    private let runner: JobRunner
    let wakeup: Wakeup
    let monitor: Monitor
    private let serving = Mutex<(listen: MetricsSettings.Listen, task: Task<Void, Never>)?>(nil)
    private let inbox: Inbox
    private let initial: Configuration

    /// `load` reads the configuration again on SIGHUP; a broken one is refused and the old one stays. `publish` writes
    /// `status.json`, and says how long it is good for.
    package init(
        configuration: Configuration, state stateDirectory: StateDirectory,
        load: @escaping @Sendable () throws -> Configuration,
        publish: @escaping @Sendable (Engine, Overview, _ validSeconds: Int64) throws -> Void
    ) throws(Fault) {
        self.stateDirectory = stateDirectory
        initial = configuration
        var log = Logger(label: "reprieve") { _ in ReadableLog() }
        log.logLevel = .info
        self.log = log
        let wakeup = try Wakeup()
        self.wakeup = wakeup
        let inbox = Inbox { wakeup.raise() }
        self.inbox = inbox
        queues = WorkerQueues(clock: stateDirectory.clock, onIdle: { wakeup.raise() })
        let watcher = try Watcher(clock: stateDirectory.clock, onDirt: { wakeup.raise() })
        self.watcher = watcher
        runner = JobRunner(
            stateDirectory, queues: queues, log: log, watcher: watcher, load: load, post: { inbox.post($0) })
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
            inbox.leave { $0.isStopping = true }
        }
    }

    /// Reads the configuration again.
    package func reload() {
        inbox.leave { $0.isReloadAsked = true }
    }

    /// Ends the agent with an error: whoever started it starts it again.
    private func end(because fault: Fault) {
        inbox.leave {
            $0.failure = $0.failure ?? fault
            $0.isStopping = true
        }
    }

    private func loop() throws {
        let lock = try stateDirectory.takeAgentLock()
        defer { withExtendedLifetime(lock) {} }
        try stateDirectory.recordAgent(started: true, detail: "\(Watcher.backend), \(initial.vaults.count) vaults")
        var engine = Engine(configuration: initial, state: stateDirectory)
        var turn = Turn(
            engine.configuration, ids: engine.access.knownIDs, at: engine.now(), mounts: { try? MountTable.around($0) })
        // Before anybody can take the index of the last agent for this one's.
        for effect in turn.takeOutput().effects { carryOut(effect, engine) }
        watcher.start()
        try stateDirectory.runs.recordAgent(since: stateDirectory.clock.now().wall)
        var manager = ServiceManager()
        monitor.start(engine, isServed: !manager.listening.isEmpty)
        let sockets = manager.listening.map { socket in
            Task { [monitor, log] in
                await MetricsServer(monitor: monitor) { _, problem in
                    if let problem { log.error("\(problem)") }
                }.run(socket)
            }
        }
        defer {
            manager.stopping()
            for task in sockets { task.cancel() }
        }
        func status() -> String {
            let count = engine.configuration.vaults.count
            return "watching \(count) vault\(count == 1 ? "" : "s") with \(Watcher.backend)"
        }
        log.info("\(status())")
        manager.ready(status())
        let waiting = Waiting(descriptors: [wakeup.descriptor], mounts: mounts)
        var mountsChanged = false
        while true {
            let news = inbox.take()
            if news.isStopping { break }
            let now = stateDirectory.clock.now()
            defer { pause(since: now) }
            manager.beat(at: now)
            if news.isReloadAsked { manager.reloading() }
            for result in news.results {
                switch result {
                case .configuration(let fresh, _): engine = Engine(configuration: fresh, state: stateDirectory)
                case .loaded: break
                default: continue
                }
                manager.ready(status())
            }
            let catalog = stateDirectory.catalog
            let snapshot = queues.snapshot(silenceSeconds: Turn.silenceSeconds)
            let output = turn.step(
                at: now,
                Turn.Input(
                    results: news.results, dirt: watcher.take(), mountsChanged: mountsChanged,
                    isReloadAsked: news.isReloadAsked, queues: snapshot,
                    damage: catalog.isDamaged ? catalog.damageNotice : nil))
            for effect in output.effects { later(effect, engine) }
            for job in output.jobs { runner.start(job, engine) }
            // In the service's sandbox there is no network to listen on: its socket unit does that.
            serveMetrics(sockets.isEmpty ? engine.configuration.metrics.listen?.value : nil)
            monitor.record(
                engine, turn.heartbeats(at: now), turn.takeNotes(),
                isNews: mountsChanged || news.results.contains(where: \.isNews))
            let pause = turn.pauseMilliseconds(at: stateDirectory.clock.now())
            // Whether a queue hangs is asked now and then.
            let ready = waiting.wait(
                milliseconds: manager.pauseMilliseconds(snapshot.busy.isEmpty ? pause : min(pause, 15_000)))
            mountsChanged = ready.contains(1)
            wakeup.clear()
        }
        stop()
        if let failure = inbox.take().failure { throw failure }
    }

    private static let writing = WorkerQueues.Key("state")
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

    /// Begins, changes or ends `GET /metrics` where the configuration says another thing than before.
    private func serveMetrics(_ listen: MetricsSettings.Listen?) {
        serving.withLock { serving in
            guard serving?.listen != listen else { return }
            serving?.task.cancel()
            serving = listen.map { listen in
                let server = MetricsServer(monitor: monitor) { [log, stateDirectory] place, problem in
                    if let problem { log.error("\(problem)") } else { log.info("metrics at \(place)") }
                    do throws(Fault) {
                        try stateDirectory.runs.recordMetrics(problem: problem)
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
            try stateDirectory.recordAgent(started: false, detail: "asked to")
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
