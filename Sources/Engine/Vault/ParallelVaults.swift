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
    final class Pulse: Sendable {
        private let beaten: Atomic<Int64>
        private let left = Atomic(false)

        init(at now: Moment) { beaten = Atomic(now.boot) }

        fileprivate var last: Int64 { beaten.load(ordering: .relaxed) }
        fileprivate func leave() { left.store(true, ordering: .relaxed) }

        func beat(at now: Moment) { beaten.store(now.boot, ordering: .relaxed) }
        var isLeft: Bool { left.load(ordering: .relaxed) }
    }

    private enum Lane<T: Sendable>: Sendable {
        case waiting
        /// `isProbed`: its file system is being asked.
        case running(Pulse, isProbed: Bool)
        case done(T)

        var isDone: Bool { if case .done = self { true } else { false } }
    }

    private final class Board<T: Sendable>: Sendable {
        let lanes: Mutex<[Lane<T>]>
        let news = DispatchSemaphore(value: 0)

        init(_ count: Int) { lanes = Mutex(Array(repeating: .waiting, count: count)) }
    }

    /// The results, in the order of the vaults. `hung` stands in for the result of one that hangs.
    func run<T: Sendable>(
        _ vaults: [VaultConfiguration], hung: @escaping @Sendable (VaultConfiguration) -> T,
        _ work: @escaping @Sendable (VaultConfiguration, Pulse) -> T
    ) -> [T] {
        let board = Board<T>(vaults.count)
        while true {
            start(vaults, board, work)
            let results = board.lanes.withLock { lanes in
                lanes.compactMap { lane -> T? in if case .done(let result) = lane { result } else { nil } }
            }
            if results.count == vaults.count { return results }
            _ = board.news.wait(timeout: .now() + .milliseconds(100))
            leaveHung(vaults, board, hung)
        }
    }

    private func start<T: Sendable>(
        _ vaults: [VaultConfiguration], _ board: Board<T>, _ work: @escaping @Sendable (VaultConfiguration, Pulse) -> T
    ) {
        let fresh = board.lanes.withLock { lanes -> [(Int, Pulse)] in
            let running = lanes.count { if case .running = $0 { true } else { false } }
            let waiting = lanes.indices.filter { if case .waiting = lanes[$0] { true } else { false } }
            return waiting.prefix(max(0, Self.atOnce - running)).map { n in
                let pulse = Pulse(at: context.now())
                lanes[n] = .running(pulse, isProbed: false)
                return (n, pulse)
            }
        }
        for (n, pulse) in fresh {
            let vault = vaults[n]
            thread(vault.label) {
                let result = work(vault, pulse)
                // Who was left has been answered for already.
                board.lanes.withLock { if !$0[n].isDone { $0[n] = .done(result) } }
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
        let left = board.lanes.withLock { lanes -> [Int] in
            var left: [Int] = []
            for n in lanes.indices {
                guard case .running(let pulse, let isProbed) = lanes[n] else { continue }
                let silence = Double(now.boot - pulse.last) / 1e9
                if silence >= seconds {
                    pulse.leave()
                    left.append(n)
                } else if silence >= seconds / 2, !isProbed {
                    lanes[n] = .running(pulse, isProbed: true)
                    probe(vaults[n], n, pulse: pulse, board: board)
                }
            }
            return left
        }
        for n in left {
            let result = hung(vaults[n])
            board.lanes.withLock { if !$0[n].isDone { $0[n] = .done(result) } }
        }
    }

    private func probe<T: Sendable>(_ vault: VaultConfiguration, _ n: Int, pulse: Pulse, board: Board<T>) {
        thread("ask " + vault.label) { [context] in
            // Asked here and not through `Reach`: this thread has nothing else to do than to wait.
            if let directory = try? Directory.open(absolute: vault.path) { _ = try? FileSystem(of: directory) }
            pulse.beat(at: context.now())
            board.lanes.withLock { lanes in
                if case .running = lanes[n] { lanes[n] = .running(pulse, isProbed: false) }
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
