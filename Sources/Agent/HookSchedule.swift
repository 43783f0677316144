internal import Config
internal import Engine
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
    /// The number of the log's last record, as last counted; `nil`: not yet.
    private var last: Int?
    /// When the log is looked at next, by the boot clock. Others append to it too, and nobody tells us.
    private(set) var next = Int64.max
    private static let pauseNanoseconds = VaultState.second

    /// What is to be told now, of a log that was counted before; and counting it again.
    mutating func jobs(_ configuration: Configuration, at now: Moment) -> [Job] {
        let hooks = configuration.hooks.filter { !$0.events.isEmpty }
        guard !hooks.isEmpty else {
            next = .max
            return []
        }
        var jobs: [Job] = []
        if next == .max || now.boot >= next {
            next = now.boot + Self.pauseNanoseconds
            jobs.append(Job(queue: .init("hooks"), name: "count", vault: nil, work: .countRecords))
        }
        guard let last else { return jobs }
        for hook in hooks {
            let entry = entries[hook.name] ?? Entry()
            let isDue = entry.retryAt.map { $0 <= now.boot } ?? (entry.upTo != last)
            guard isDue, !entry.isRunning else { continue }
            entries[hook.name, default: Entry()].isRunning = true
            let key = WorkerQueues.Key(Bytes("hook \(hook.name)"))
            jobs.append(Job(queue: key, name: "deliver", vault: nil, work: .deliver(hook, upTo: last)))
        }
        return jobs
    }

    mutating func recorded(_ last: Int) { self.last = last }

    mutating func delivered(_ hook: String, upTo: Int, _ retry: Double?, at now: Moment) {
        entries[hook] = Entry(upTo: upTo, retryAt: retry.map { now.boot + Int64($0 * 1e9) })
    }
}
