internal import Foundation
internal import Synchronization

/// Work that may block, in one bounded lane for each vault: a hung mount or a long purge delays no other vault. A lane
/// is a thread that lives while it has work.
final class Lanes: Sendable {
    struct Key: Hashable, Sendable {
        var vault: String
        /// Unlinking has a lane of its own: it may take hours, and needs no lock.
        var isUnlinking = false
    }

    private struct State {
        var waiting: [Key: [(name: String, work: @Sendable () -> Void)]] = [:]
        var running: Set<Key> = []
    }

    private let state = Mutex(State())
    /// Called when a lane has nothing left: who waited for it to be free may go on.
    private let onIdle: @Sendable () -> Void
    private let stopping = Atomic(false)

    init(onIdle: @escaping @Sendable () -> Void = {}) { self.onIdle = onIdle }

    /// Asked by long work.
    var shouldStop: Bool { stopping.load(ordering: .relaxed) }

    /// Starts work in a lane, or puts it behind what runs there. Work of a name that waits already is not put twice.
    func start(_ key: Key, _ name: String, _ work: @escaping @Sendable () -> Void) {
        let isNew = state.withLock { state in
            guard !(state.waiting[key, default: []].contains { $0.name == name }) else { return false }
            state.waiting[key, default: []].append((name, work))
            return state.running.insert(key).inserted
        }
        guard isNew, !shouldStop else { return }
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
        state.withLock { state in
            guard !shouldStop, let first = state.waiting[key]?.first else {
                state.running.remove(key)
                state.waiting[key] = nil
                return nil
            }
            state.waiting[key]?.removeFirst()
            return first.work
        }
    }

    var isIdle: Bool { state.withLock { $0.running.isEmpty } }

    func isBusy(_ key: Key) -> Bool { state.withLock { $0.running.contains(key) } }

    /// Lets nothing new begin; what runs is asked to stop.
    func stop() { stopping.store(true, ordering: .relaxed) }
}
