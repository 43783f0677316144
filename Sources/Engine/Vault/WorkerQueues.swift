package import Disk
internal import Foundation
package import Model
internal import Synchronization

/// Work that may block, in one bounded queue for each vault: a hung mount or a long purge delays no other vault. A
/// queue is a thread that lives while it has work.
///
/// A queue hangs when its work gives no sign of life for so long *and* the file system at its path does not answer a
/// question asked meanwhile. Slow work, or waiting for a lock, does not count as hanging.
package final class WorkerQueues: Sendable {
    package struct Key: Hashable, Sendable {
        package enum Work: Sendable {
            case main
            /// Unlinking has a queue of its own: it may take hours, and needs no lock.
            case unlinking
            /// So has measuring, which nobody waits for.
            case measuring
        }

        package var name: Bytes
        package var work = Work.main

        package init(_ name: Bytes, _ work: Work = .main) {
            self.name = name
            self.work = work
        }

        /// Asked whether it answers, where a queue is a vault's.
        var path: Bytes? { name.hasPrefix("/") ? name : nil }
    }

    private struct Running {
        /// The boot time of its last sign of life.
        var beat: Int64
        /// Its file system was asked then, and has not answered.
        var askedAt: Int64?
        /// Nobody waits for it any more.
        var isLeft = false
    }

    private struct State {
        var waiting: [Key: [(name: String, work: @Sendable () -> Void)]] = [:]
        var running: [Key: Running] = [:]
    }

    private let state = Mutex(State())
    /// Called when a queue has nothing left: whatever waited for it may go on.
    private let onIdle: @Sendable () -> Void
    private let clock: Clock
    private let stackSize: Int
    private let stopping = Atomic(false)

    package init(clock: Clock = .system, stackSize: Int = 4 << 20, onIdle: @escaping @Sendable () -> Void = {}) {
        self.clock = clock
        self.stackSize = stackSize
        self.onIdle = onIdle
    }

    private var isStopping: Bool { stopping.load(ordering: .relaxed) }

    /// Asked by long work, again and again: the question is also its sign of life.
    package func shouldStop(_ key: Key) -> Bool {
        let now = clock.now().boot
        let isLeft = state.withLock { state in
            state.running[key]?.beat = now
            return state.running[key]?.isLeft ?? false
        }
        return isLeft || isStopping
    }

    /// Starts work in a queue, or puts it behind what runs there. Work of a name that waits already is not put twice.
    package func start(_ key: Key, _ name: String, _ work: @escaping @Sendable () -> Void) {
        let now = clock.now().boot
        let isNew = state.withLock { state in
            guard !(state.waiting[key, default: []].contains { $0.name == name }) else { return false }
            state.waiting[key, default: []].append((name, work))
            guard state.running[key] == nil else { return false }
            state.running[key] = Running(beat: now)
            return true
        }
        guard isNew, !isStopping else { return }
        thread(key.name.display) { [self] in run(key) }
    }

    private func thread(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.name = name
        thread.stackSize = stackSize
        thread.start()
    }

    private func run(_ key: Key) {
        while let work = next(key) { work() }
        onIdle()
    }

    private func next(_ key: Key) -> (@Sendable () -> Void)? {
        let now = clock.now().boot
        return state.withLock { state in
            guard !isStopping, state.running[key]?.isLeft != true, let first = state.waiting[key]?.first else {
                state.running[key] = nil
                state.waiting[key] = nil
                return nil
            }
            state.running[key]?.beat = now
            state.waiting[key]?.removeFirst()
            return first.work
        }
    }

    /// Which queues have work, and which of them hang: no sign of life for so many seconds, and no answer from the file
    /// system, which is asked after half of them. Those that were left are not counted.
    package struct Snapshot: Sendable {
        package var busy: Set<Key> = []
        package var hung: Set<Key> = []

        package init() {}
    }

    package func snapshot(silenceSeconds: Double) -> Snapshot {
        let now = clock.now().boot
        let limit = Int64(silenceSeconds * 1e9)
        let (snapshot, asked) = state.withLock { state in
            var snapshot = Snapshot()
            var asked: [(Key, Bytes)] = []
            for (key, running) in state.running where !running.isLeft {
                snapshot.busy.insert(key)
                guard let path = key.path, now - running.beat >= limit / 2 else { continue }
                guard let askedAt = running.askedAt else {
                    state.running[key]?.askedAt = now
                    asked.append((key, path))
                    continue
                }
                if now - running.beat >= limit, now - askedAt >= limit / 2 { snapshot.hung.insert(key) }
            }
            return (snapshot, asked)
        }
        for (key, path) in asked { ask(key, path) }
        return snapshot
    }

    private func ask(_ key: Key, _ path: Bytes) {
        thread("ask " + path.display) { [self] in
            // Asked here and not through `Reach`: this thread has nothing else to do than to wait.
            if let directory = try? Directory.open(absolute: path) { _ = try? FileSystem(of: directory) }
            let now = clock.now().boot
            state.withLock { state in
                state.running[key]?.beat = now
                state.running[key]?.askedAt = nil
            }
        }
    }

    /// Nobody waits for this queue any more: what runs there is asked to stop, and nothing else begins there.
    package func leave(_ key: Key) { state.withLock { $0.running[key]?.isLeft = true } }

    package var isIdle: Bool { state.withLock { state in state.running.values.allSatisfy(\.isLeft) } }

    package func isBusy(_ key: Key) -> Bool { state.withLock { $0.running[key] != nil } }

    /// Lets nothing new begin; what runs is asked to stop.
    package func stop() { stopping.store(true, ordering: .relaxed) }
}
