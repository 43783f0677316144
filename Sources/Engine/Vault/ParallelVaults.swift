internal import Config
internal import Disk
internal import Dispatch
internal import Foundation
internal import Model
internal import Synchronization

/// Work in several vaults at once, each in a thread of its own. One whose file system hangs is left behind: the others
/// are neither stopped nor delayed, and nobody waits for its thread when the process ends.
///
/// A vault hangs when its work makes no progress for so long *and* its file system does not answer a question asked
/// meanwhile. Slow work, or a wait for a lock, is no hang.
struct ParallelVaults {
    let context: Context

    /// So many at once; those that hang are not counted.
    static let atOnce = 4

    /// Progress of one vault's work: it tells that it is alive, and hears whether anybody still waits for it.
    final class Heartbeat: Sendable {
        private let beaten: Atomic<Int64>
        private let left = Atomic(false)

        init(at now: Moment) { beaten = Atomic(now.boot) }

        fileprivate var last: Int64 { beaten.load(ordering: .relaxed) }
        fileprivate func leave() { left.store(true, ordering: .relaxed) }

        func beat(at now: Moment) { beaten.store(now.boot, ordering: .relaxed) }
        var isLeft: Bool { left.load(ordering: .relaxed) }
    }

    private enum Slot<T: Sendable>: Sendable {
        case waiting
        /// `isProbed`: its file system is being asked.
        case running(Heartbeat, isProbed: Bool)
        case done(T)

        var isDone: Bool { if case .done = self { true } else { false } }
    }

    private final class Board<T: Sendable>: Sendable {
        let slots: Mutex<[Slot<T>]>
        let news = DispatchSemaphore(value: 0)

        init(_ count: Int) { slots = Mutex(Array(repeating: .waiting, count: count)) }
    }

    /// The results, in the order of the vaults. `hung` stands in for the result of one that hangs.
    func run<T: Sendable>(
        _ vaults: [VaultConfiguration], hung: @escaping @Sendable (VaultConfiguration) -> T,
        _ work: @escaping @Sendable (VaultConfiguration, Heartbeat) -> T
    ) -> [T] {
        let board = Board<T>(vaults.count)
        while true {
            start(vaults, board, work)
            let results = board.slots.withLock { slots in
                slots.compactMap { slot -> T? in if case .done(let result) = slot { result } else { nil } }
            }
            if results.count == vaults.count { return results }
            _ = board.news.wait(timeout: .now() + .milliseconds(100))
            leaveHung(vaults, board, hung)
        }
    }

    private func start<T: Sendable>(
        _ vaults: [VaultConfiguration], _ board: Board<T>,
        _ work: @escaping @Sendable (VaultConfiguration, Heartbeat) -> T
    ) {
        let fresh = board.slots.withLock { slots -> [(Int, Heartbeat)] in
            let running = slots.count { if case .running = $0 { true } else { false } }
            let waiting = slots.indices.filter { if case .waiting = slots[$0] { true } else { false } }
            return waiting.prefix(max(0, Self.atOnce - running)).map { n in
                let heartbeat = Heartbeat(at: context.now())
                slots[n] = .running(heartbeat, isProbed: false)
                return (n, heartbeat)
            }
        }
        for (n, heartbeat) in fresh {
            let vault = vaults[n]
            thread(vault.label) {
                let result = work(vault, heartbeat)
                // Who was left has been answered for already.
                board.slots.withLock { if !$0[n].isDone { $0[n] = .done(result) } }
                board.news.signal()
            }
        }
    }

    /// Asks the file systems of those that make no progress for half the time, and leaves those that do not answer
    /// until all of it is over.
    private func leaveHung<T: Sendable>(
        _ vaults: [VaultConfiguration], _ board: Board<T>, _ hung: @escaping @Sendable (VaultConfiguration) -> T
    ) {
        let now = context.now()
        let seconds = VaultAccess(context: context).answerSeconds
        let left = board.slots.withLock { slots -> [Int] in
            var left: [Int] = []
            for n in slots.indices {
                guard case .running(let heartbeat, let isProbed) = slots[n] else { continue }
                let silence = Double(now.boot - heartbeat.last) / 1e9
                if silence >= seconds {
                    heartbeat.leave()
                    left.append(n)
                } else if silence >= seconds / 2, !isProbed {
                    slots[n] = .running(heartbeat, isProbed: true)
                    probe(vaults[n], n, heartbeat: heartbeat, board: board)
                }
            }
            return left
        }
        for n in left {
            let result = hung(vaults[n])
            board.slots.withLock { if !$0[n].isDone { $0[n] = .done(result) } }
        }
    }

    private func probe<T: Sendable>(_ vault: VaultConfiguration, _ n: Int, heartbeat: Heartbeat, board: Board<T>) {
        thread("ask " + vault.label) { [context] in
            // Asked here and not through `Reach`: this thread has nothing else to do than to wait.
            if let directory = try? Directory.open(absolute: vault.path) { _ = try? FileSystem(of: directory) }
            heartbeat.beat(at: context.now())
            board.slots.withLock { slots in
                if case .running = slots[n] { slots[n] = .running(heartbeat, isProbed: false) }
            }
        }
    }

    private func thread(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.name = name
        thread.stackSize = 8 << 20
        thread.start()
    }
}
