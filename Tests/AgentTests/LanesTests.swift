import Foundation
import Synchronization
import Testing

@testable import Agent

@Suite("lanes")
struct LanesTests {
    /// Waits for a condition, a second at most.
    private func wait(_ condition: () -> Bool) -> Bool {
        for _ in 0..<200 {
            if condition() { return true }
            usleep(5_000)
        }
        return condition()
    }

    @Test("a vault that hangs delays no other, nor its own unlinking")
    func hung() {
        let lanes = Lanes()
        let hang = DispatchSemaphore(value: 0)
        let done = Mutex<Set<String>>([])
        lanes.start(.init(vault: "hung"), "look") { hang.wait() }
        lanes.start(.init(vault: "hung"), "behind it") { done.withLock { _ = $0.insert("behind") } }
        lanes.start(.init(vault: "hung", isUnlinking: true), "unlink") { done.withLock { _ = $0.insert("unlink") } }
        lanes.start(.init(vault: "other"), "look") { done.withLock { _ = $0.insert("other") } }
        #expect(wait { done.withLock { $0 } == ["unlink", "other"] })
        #expect(lanes.isBusy(.init(vault: "hung")) && !lanes.isIdle)
        hang.signal()
        #expect(wait { done.withLock { $0.contains("behind") } && lanes.isIdle })
    }

    @Test("work of a lane runs in order, one at a time, and the same work does not wait twice")
    func order() {
        let lanes = Lanes()
        let gate = DispatchSemaphore(value: 0)
        let order = Mutex<[Int]>([])
        lanes.start(.init(vault: "v"), "first") { gate.wait() }
        for n in 1...5 { lanes.start(.init(vault: "v"), "work \(n)") { order.withLock { $0.append(n) } } }
        for _ in 1...5 { lanes.start(.init(vault: "v"), "again") { order.withLock { $0.append(9) } } }
        gate.signal()
        #expect(wait { lanes.isIdle })
        #expect(order.withLock { $0 } == [1, 2, 3, 4, 5, 9])
    }

    @Test("once stopped, nothing new begins")
    func stopped() {
        let lanes = Lanes()
        let gate = DispatchSemaphore(value: 0)
        let ran = Atomic(false)
        lanes.start(.init(vault: "v"), "first") { gate.wait() }
        lanes.start(.init(vault: "v"), "second") { ran.store(true, ordering: .relaxed) }
        lanes.stop()
        gate.signal()
        #expect(wait { lanes.isIdle })
        #expect(!ran.load(ordering: .relaxed) && lanes.shouldStop(Lanes.Key(vault: "a")))
    }
}
