internal import Config
internal import Disk
internal import Dispatch
internal import Engine
internal import Foundation
internal import Logging
internal import Model
internal import State
internal import Survey
internal import Synchronization

/// Tells who watches over us how things stand: `status.json`, node_exporter's text file, `GET /metrics`.
///
/// A thread of its own collects: after a turn in which something happened, but not sooner than `every` after the last
/// time, and now and then without that. The agent's thread only leaves notes here and never waits; whoever scrapes gets
/// the last text. Collecting looks at no vault, so a hung disk does not stop it.
final class Monitor: Sendable {
    /// What the agent's thread left.
    private struct Inbox {
        var engine: Engine?
        var heartbeats: [Bytes: IndexHeartbeat] = [:]
        var notes: [(vault: String, note: RunRecord)] = []
        var isChanged = false
        var isStopping = false
    }

    private let inbox = Mutex(Inbox())
    private let news = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)
    /// What is answered to `GET /metrics`.
    private let text = Mutex<[UInt8]>([])
    /// Whoever asks for metrics comes through a socket that was handed over.
    private let isServed = Atomic(false)
    private let watches: @Sendable () -> Int
    private let log: Logger
    /// Writes `status.json`. The command line knows its words.
    private let publish: @Sendable (Engine, Overview, _ validSeconds: Int64) throws -> Void

    /// Without any news it is collected again after this time, or a hundred times as long as it takes.
    private static let restNanoseconds: Int64 = 60 * VaultState.second
    /// For the first time, should nothing happen.
    private static let firstNanoseconds: Int64 = 5 * VaultState.second
    /// With news: a twentieth of the time at most.
    private static let share: Int64 = 20

    init(
        log: Logger, watches: @escaping @Sendable () -> Int,
        publish: @escaping @Sendable (Engine, Overview, _ validSeconds: Int64) throws -> Void
    ) {
        self.log = log
        self.watches = watches
        self.publish = publish
    }

    /// The figures as they were last collected; empty: not yet.
    var lastText: [UInt8] { text.withLock { $0 } }

    // MARK: From the agent's thread

    /// After a turn. Costs the agent's thread a lock that nobody holds for long.
    func record(
        _ engine: Engine, _ heartbeats: [Bytes: IndexHeartbeat], _ notes: [(vault: String, note: RunRecord)],
        isNews: Bool
    ) {
        inbox.withLock { inbox in
            inbox.engine = engine
            inbox.heartbeats = heartbeats
            inbox.notes += notes
            inbox.isChanged = inbox.isChanged || isNews || !notes.isEmpty
        }
        if isNews || !notes.isEmpty { news.signal() }
    }

    func start(_ engine: Engine, isServed: Bool) {
        self.isServed.store(isServed, ordering: .relaxed)
        inbox.withLock { $0.engine = engine }
        let thread = Thread { [self] in run(since: engine.now()) }
        thread.name = "monitor"
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// What was done is written down before the end, unless the state's disk hangs.
    func stop() {
        inbox.withLock { $0.isStopping = true }
        news.signal()
        _ = ended.wait(timeout: .now() + .seconds(1))
    }

    // MARK: Its own thread

    private func run(since start: Moment) {
        var problems: [String: String] = [:]
        var last: Int64?
        var took: Int64 = 0
        var limit = WatchLimits.allowed
        var counted: Int?
        while true {
            let (engine, every, isChanged, isStopping) = inbox.withLock { inbox in
                (
                    inbox.engine, inbox.engine?.configuration.metrics.every.value.fixedSeconds ?? 15, inbox.isChanged,
                    inbox.isStopping
                )
            }
            guard let engine, !isStopping else { return end(&problems) }
            let now = engine.now().boot
            // What commands did beside us stands in the log, and perhaps nowhere that we watch.
            let recorded = lastRecord(engine)
            let hasNews = isChanged || recorded != counted
            let rest = max(Self.restNanoseconds, 100 * took)
            let pause = hasNews ? max(every * VaultState.second, Self.share * took) : rest
            // The first time when something is known.
            let due = last.map { $0 + pause } ?? (isChanged ? now : start.boot + Self.firstNanoseconds)
            guard now >= due else {
                let wait = min(due - now, every * VaultState.second)
                _ = news.wait(timeout: .now() + .milliseconds(Int(clamping: wait / 1_000_000 + 1)))
                continue
            }
            let (heartbeats, notes) = inbox.withLock { inbox in
                defer {
                    inbox.notes = []
                    inbox.isChanged = false
                }
                return (inbox.heartbeats, inbox.notes)
            }
            counted = recorded
            limit = WatchLimits.allowed ?? limit
            let agent = AgentHeartbeat(since: start.wall, watches: watches(), watchLimit: limit, vaults: heartbeats)
            // Twice as long as until the next time: then it is said that nobody writes it any more.
            collect(engine, agent, notes: notes, validSeconds: 2 * rest / VaultState.second + 60, problems: &problems)
            giveBack()
            let end = engine.now().boot
            (last, took) = (end, end - now)
        }
    }

    private func end(_ problems: inout [String: String]) {
        defer { ended.signal() }
        let (engine, notes) = inbox.withLock { ($0.engine, $0.notes) }
        guard let engine else { return }
        attempt("runs", &problems) { try engine.state.runs.record(notes, by: .agent) }
    }

    private func lastRecord(_ engine: Engine) -> Int? {
        do {
            return try engine.lastRecord()
        } catch {
            return nil  // said by whoever has to write there
        }
    }

    private func collect(
        _ engine: Engine, _ agent: AgentHeartbeat, notes: [(vault: String, note: RunRecord)], validSeconds: Int64,
        problems: inout [String: String]
    ) {
        attempt("runs", &problems) { try engine.state.runs.record(notes, by: .agent) }
        let overview = engine.overviews.overview(agent)
        attempt("status", &problems) { try publish(engine, overview, validSeconds) }
        let settings = engine.configuration.metrics
        guard settings.textfile != nil || settings.listen != nil || isServed.load(ordering: .relaxed) else { return }
        let fresh = engine.overviews.metrics(of: overview).text
        text.withLock { $0 = fresh }
        attempt("textfile", &problems) { try engine.overviews.writeTextfile(fresh) }
    }

    /// All rows of all vaults were in memory, which the allocator would keep for the next time.
    private func giveBack() { Surroundings.giveMemoryBack() }

    /// What goes wrong is said once, until it is another thing or goes right.
    private func attempt(_ what: String, _ problems: inout [String: String], _ body: () throws -> Void) {
        do {
            try body()
            problems[what] = nil
        } catch {
            let text = (error as? Fault)?.message ?? "\(error)"
            if problems[what] != text { log.error("\(text)") }
            problems[what] = text
        }
    }
}
