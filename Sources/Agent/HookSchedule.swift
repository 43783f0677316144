internal import Audit
internal import Config
internal import Engine
internal import Hooks
internal import Logging
internal import Model

/// When which hook is told: each in a queue of its own, as soon as the log has grown, and after a failure when its time
/// has come. Only the agent's own thread touches it.
struct HookSchedule {
    private struct Entry {
        /// The number of the log's last record when it was last told all.
        var upTo: Int?
        var retryAt: Int64?
        var isRunning = false
    }

    private var entries: [String: Entry] = [:]
    /// When the log is looked at next, by the boot clock. Others append to it too, and nobody tells us.
    private(set) var next = Int64.max
    private static let pauseNanoseconds = VaultState.second

    mutating func start(_ engine: Engine, _ agent: Agent, at now: Moment) {
        let hooks = engine.hooks.following
        guard !hooks.isEmpty else {
            next = .max
            return
        }
        guard next == .max || now.boot >= next else { return }
        next = now.boot + Self.pauseNanoseconds
        let last: Int
        do {
            last = try engine.lastRecord() ?? 0
        } catch {
            return agent.log.error("\(error.message)")
        }
        for hook in hooks {
            let entry = entries[hook.name] ?? Entry()
            let isDue = entry.retryAt.map { $0 <= now.boot } ?? (entry.upTo != last)
            guard isDue, !entry.isRunning else { continue }
            entries[hook.name, default: Entry()].isRunning = true
            agent.queues.start(WorkerQueues.Key(vault: "hook \(hook.name)"), "deliver") {
                agent.deliver(engine, hook, last)
            }
        }
    }

    mutating func delivered(_ hook: String, upTo: Int, _ retry: Double?, at now: Moment) {
        entries[hook] = Entry(upTo: upTo, retryAt: retry.map { now.boot + Int64($0 * 1e9) })
    }
}

extension Agent {
    func deliver(_ engine: Engine, _ hook: Hook, _ last: Int) {
        let key = WorkerQueues.Key(vault: "hook \(hook.name)")
        do {
            let delivery = try engine.hooks.deliver(hook, shouldStop: { [queues] in queues.shouldStop(key) })
            for line in delivery.output { log.info("hook \(hook.name) | \(line)") }
            if let failure = delivery.failure { log.warning("hook \(hook.name): \(failure)") }
            post(
                .delivered(
                    hook: hook.name, upTo: last, retrySeconds: delivery.isElsewhere ? 1 : delivery.retrySeconds))
        } catch {
            log.error("hook \(hook.name): \(error.message)")
            post(.delivered(hook: hook.name, upTo: last, retrySeconds: 60))
        }
    }
}
