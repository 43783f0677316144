internal import Config
internal import Dispatch
internal import Model
internal import State
internal import Synchronization

/// Work in several vaults at once, each in a queue of its own. One whose file system hangs is left behind: the others
/// are neither stopped nor delayed, and nobody waits for its thread when the process ends.
struct ParallelVaults {
    let context: Context

    /// So many at once; those that hang are not counted.
    static let atOnce = 4

    private final class Board<T: Sendable>: Sendable {
        let results = Mutex<[Bytes: T]>([:])
    }

    /// The results, in the order of the vaults. `hung` stands in for the result of one that hangs. The question that
    /// `work` asks again and again says whether to stop, and is its sign of life.
    func run<T: Sendable>(
        _ vaults: [VaultConfiguration], hung: (VaultConfiguration) -> T,
        _ work: @escaping @Sendable (VaultConfiguration, _ shouldStop: @escaping @Sendable () -> Bool) -> T
    ) -> [T] {
        let board = Board<T>()
        let news = DispatchSemaphore(value: 0)
        let queues = WorkerQueues(clock: context.state.clock, stackSize: 8 << 20) { news.signal() }
        let seconds = VaultAccess(context: context).answerSeconds
        var waiting = vaults[...]
        while true {
            let running = queues.snapshot(silenceSeconds: seconds)
            for key in running.hung {
                queues.leave(key)
                guard let vault = vaults.first(where: { $0.path == key.name }) else { continue }
                let result = hung(vault)
                board.results.withLock { $0[vault.path] = $0[vault.path] ?? result }
            }
            for vault in waiting.prefix(max(0, Self.atOnce - running.busy.subtracting(running.hung).count)) {
                waiting.removeFirst()
                let key = WorkerQueues.Key(vault.path)
                queues.start(key, "work") {
                    let result = work(vault) { queues.shouldStop(key) }
                    // A vault that was left has its result already.
                    board.results.withLock { $0[vault.path] = $0[vault.path] ?? result }
                }
            }
            let results = board.results.withLock { results in vaults.compactMap { results[$0.path] } }
            if results.count == vaults.count { return results }
            _ = news.wait(timeout: .now() + .milliseconds(100))
        }
    }
}
