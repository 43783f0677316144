internal import Disk
internal import Dispatch
internal import Foundation
internal import Model
internal import Synchronization

/// How many programs of event hooks run at once: one that finds no place waits, and was not tried. Vetoes need none:
/// they are asked in a vault's own worker queue, one after the other, and what is told of events must never turn into
/// a *no*.
package struct HookSlots: Sendable {
    package static let shared = HookSlots()
    static let atOnce = 4

    private let free = DispatchSemaphore(value: atOnce)

    package init() {}

    /// `end`: by the boot clock; without it as long as it takes, which those that run bound by their time limits.
    /// `false`: none came free, or too late to be of use: who is killed at once would have failed through no fault of
    /// its own.
    func take(until end: Int64?, _ clock: Clock, _ shouldStop: () -> Bool) -> Bool {
        if free.wait(timeout: .now()) == .success { return true }
        func isUseful() -> Bool { !shouldStop() && end.map { clock.now().boot + Self.leastNanoseconds < $0 } ?? true }
        while free.wait(timeout: .now() + .milliseconds(50)) != .success {
            guard isUseful() else { return false }
        }
        guard isUseful() else {
            giveBack()
            return false
        }
        return true
    }

    private static let leastNanoseconds: Int64 = 1_000_000_000

    func giveBack() { free.signal() }
}

/// What is killed together: the programs that one command started, when it gives up waiting for them.
package final class HookKillSwitch: Sendable {
    private struct State {
        var isOver = false
        var groups: Set<ChildProcess.Group> = []
    }

    private let state = Mutex(State())

    /// `nil`: it is over, and nothing was started.
    func start(_ make: () throws(Fault) -> ChildProcess) throws(Fault) -> ChildProcess? {
        // Under the lock: none starts unseen while the others are killed.
        try state.withLock { state throws(Fault) in
            guard !state.isOver else { return nil }
            let child = try make()
            state.groups.insert(child.group)
            return child
        }
    }

    /// Before it is reaped: then its number may be another's.
    func letGo(_ group: ChildProcess.Group) { state.withLock { _ = $0.groups.remove(group) } }

    /// Kills all of them; from now on none is started. Not even a program whose disk hangs while it is started holds
    /// this up: the time limits killed the others before.
    func end() {
        for _ in 0..<Self.tries {
            let isDone: Void? = state.withLockIfAvailable { state in
                state.isOver = true
                for group in state.groups { group.kill() }
            }
            if isDone != nil { return }
            Thread.sleep(forTimeInterval: 0.02)
        }
    }

    private static let tries = 50
}
