package import Config
internal import Dispatch
package import Engine
internal import Logging
package import Model
internal import State

/// What one round did in a vault.
package struct RoundOutcome: Sendable {
    package var vault: VaultConfiguration
    package var cleanup: CleanupReport?
    package var purge: PurgeReport?
    package var faults: [Fault] = []
    /// The disk of a removable vault is not there.
    package var isAway = false
}

/// One round for cron: the agent's own state machine, drained. Every vault is cleaned up unless its schedule is
/// `manual`, and purged of what is due. A vault that fails or hangs stops no other.
package struct Round {
    private let engine: Engine
    private var outcomes: [RoundOutcome]

    package init(_ engine: Engine) {
        self.engine = engine
        outcomes = engine.configuration.vaults.map { RoundOutcome(vault: $0) }
    }

    /// What it did in each vault, in their order. Not beside an agent, which does the same by itself.
    package consuming func run() throws(Fault) -> [RoundOutcome] {
        let state = engine.state
        let lock = try state.takeAgentLock()
        defer { withExtendedLifetime(lock) {} }
        let news = DispatchSemaphore(value: 0)
        let inbox = Inbox { news.signal() }
        let queues = WorkerQueues(clock: state.clock, stackSize: 8 << 20) { news.signal() }
        let configuration = engine.configuration
        // The outcomes say it all.
        let log = Logger(label: "reprieve") { _ in SwiftLogNoOpLogHandler() }
        let runner = JobRunner(
            state, queues: queues, log: log, watcher: nil, load: { configuration }, post: { inbox.post($0) })
        var turn = Turn(
            configuration, ids: engine.access.knownIDs, at: engine.now(), isOnce: true, mounts: { _ in [] })
        while true {
            let busy = queues.snapshot(silenceSeconds: engine.access.answerSeconds)
            let results = inbox.take().results
            for result in results { record(result) }
            for key in busy.hung {
                queues.leave(key)
                guard let vault = configuration.vaults.first(where: { $0.path == key.name }) else { continue }
                fail(vault.path, engine.access.hung(vault))
                // Its job never came to record that itself.
                engine.episodes.recordOffline(vault, engine.access.hung(vault))
            }
            let output = turn.step(at: engine.now(), Turn.Input(results: results, queues: busy))
            for job in output.jobs { runner.start(job, engine) }
            if busy.busy.isEmpty, output.jobs.isEmpty, inbox.isEmpty { break }
            _ = news.wait(timeout: .now() + .milliseconds(100))
        }
        remember()
        try engine.episodes.recordVanished()
        return outcomes
    }

    private mutating func record(_ result: JobResult) {
        switch result {
        case .cleanupReport(let report):
            change(report.plan.snapshot.vault.configuration.path) { $0.cleanup = report }
        case .purgeReport(let report):
            change(report.vault.path) { outcome in
                if outcome.purge == nil { outcome.purge = report } else { outcome.purge?.add(report) }
            }
        case .failed(let path, _, let fault): fail(path, fault)
        default: break
        }
    }

    private mutating func fail(_ path: Bytes, _ fault: Fault) {
        change(path) { outcome in
            if fault.code == .away { outcome.isAway = true } else { outcome.faults.append(fault) }
        }
    }

    private mutating func change(_ path: Bytes, _ body: (inout RoundOutcome) -> Void) {
        for n in outcomes.indices where outcomes[n].vault.path == path { body(&outcomes[n]) }
    }

    /// For monitoring. That it cannot be written must not fail what was done.
    private func remember() {
        let at = engine.now().wall
        let notes = outcomes.filter { !$0.isAway }.flatMap { outcome -> [(vault: String, note: RunRecord)] in
            let label = outcome.vault.label
            if let fault = outcome.faults.first {
                return [(label, .run(at: at, .failed, problem: fault.message))]
            }
            let status = outcome.cleanup?.status ?? outcome.purge?.status ?? .done
            return [(label, .look(at: at)), (label, .run(at: at, status))]
        }
        do throws(Fault) {
            try engine.state.runs.record(notes, by: .once)
        } catch {
            // Then `status` says that nobody has run for longer than is true.
        }
    }
}
