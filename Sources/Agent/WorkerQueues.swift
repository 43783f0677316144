internal import Disk
internal import Foundation
internal import Model
internal import Synchronization

/// Work that may block, in one bounded queue for each vault: a hung mount or a long purge delays no other vault. A
/// queue is a thread that lives while it has work.
final class WorkerQueues: Sendable {
    struct Key: Hashable, Sendable {
        var vault: String
        /// Unlinking has a queue of its own: it may take hours, and needs no lock.
        var isUnlinking = false
        /// So has measuring, which nobody waits for.
        var isMeasuring = false
    }

    private struct State {
        var waiting: [Key: [(name: String, work: @Sendable () -> Void)]] = [:]
        /// And the boot time at which each last gave a sign of life.
        var running: [Key: Int64] = [:]
    }

    private let state = Mutex(State())
    /// Called when a queue has nothing left: who waited for it to be free may go on.
    private let onIdle: @Sendable () -> Void
    private let clock: Clock
    private let stopping = Atomic(false)

    init(clock: Clock = .system, onIdle: @escaping @Sendable () -> Void = {}) {
        self.clock = clock
        self.onIdle = onIdle
    }

    private var isStopping: Bool { stopping.load(ordering: .relaxed) }

    /// Asked by long work, again and again: the question is also its sign of life.
    func shouldStop(_ key: Key) -> Bool {
        let now = clock.now().boot
        state.withLock { $0.running[key] = now }
        return isStopping
    }

    /// Starts work in a queue, or puts it behind what runs there. Work of a name that waits already is not put twice.
    func start(_ key: Key, _ name: String, _ work: @escaping @Sendable () -> Void) {
        let now = clock.now().boot
        let isNew = state.withLock { state in
            guard !(state.waiting[key, default: []].contains { $0.name == name }) else { return false }
            state.waiting[key, default: []].append((name, work))
            guard state.running[key] == nil else { return false }
            state.running[key] = now
            return true
        }
        guard isNew, !isStopping else { return }
        let thread = Thread { [self] in run(key) }
        thread.name = key.vault
        thread.stackSize = 4 << 20
        thread.start()
    }

    private func run(_ key: Key) {
        while let work = next(key) { work() }
        onIdle()
    }

    private func next(_ key: Key) -> (@Sendable () -> Void)? {
        let now = clock.now().boot
        return state.withLock { state in
            state.running[key] = now
            guard !isStopping, let first = state.waiting[key]?.first else {
                state.running[key] = nil
                state.waiting[key] = nil
                return nil
            }
            state.waiting[key]?.removeFirst()
            return first.work
        }
    }

    /// What is running, and how long each has given no sign of life, in nanoseconds.
    struct Snapshot: Sendable {
        var busy: Set<Key> = []
        var silence: [Key: Int64] = [:]
    }

    func snapshot(at now: Int64) -> Snapshot {
        state.withLock { state in
            Snapshot(busy: Set(state.running.keys), silence: state.running.mapValues { now - $0 })
        }
    }

    var isIdle: Bool { state.withLock { $0.running.isEmpty } }

    func isBusy(_ key: Key) -> Bool { state.withLock { $0.running[key] != nil } }

    /// Lets nothing new begin; what runs is asked to stop.
    func stop() { stopping.store(true, ordering: .relaxed) }
}
