import Foundation
@testable import Model
import Synchronization
import Testing

@testable import Engine

@Suite("queues")
struct WorkerQueuesTests {
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
        let queues = WorkerQueues()
        let hang = DispatchSemaphore(value: 0)
        let done = Mutex<Set<String>>([])
        queues.start(.init("/hung"), "look") { hang.wait() }
        queues.start(.init("/hung"), "behind it") { done.withLock { _ = $0.insert("behind") } }
        queues.start(.init("/hung", .unlinking), "unlink") { done.withLock { _ = $0.insert("unlink") } }
        queues.start(.init("other"), "look") { done.withLock { _ = $0.insert("other") } }
        #expect(wait { done.withLock { $0 } == ["unlink", "other"] })
        #expect(queues.isBusy(.init("/hung")) && !queues.isIdle)
        hang.signal()
        #expect(wait { done.withLock { $0.contains("behind") } && queues.isIdle })
    }

    @Test("work of a queue runs in order, one at a time, and the same work does not wait twice")
    func order() {
        let queues = WorkerQueues()
        let gate = DispatchSemaphore(value: 0)
        let order = Mutex<[Int]>([])
        queues.start(.init("v"), "first") { gate.wait() }
        for n in 1...5 { queues.start(.init("v"), "work \(n)") { order.withLock { $0.append(n) } } }
        for _ in 1...5 { queues.start(.init("v"), "again") { order.withLock { $0.append(9) } } }
        gate.signal()
        #expect(wait { queues.isIdle })
        #expect(order.withLock { $0 } == [1, 2, 3, 4, 5, 9])
    }

    @Test("once stopped, nothing new begins")
    func stopped() {
        let queues = WorkerQueues()
        let gate = DispatchSemaphore(value: 0)
        let ran = Atomic(false)
        queues.start(.init("v"), "first") { gate.wait() }
        queues.start(.init("v"), "second") { ran.store(true, ordering: .relaxed) }
        queues.stop()
        gate.signal()
        #expect(wait { queues.isIdle })
        #expect(!ran.load(ordering: .relaxed) && queues.shouldStop(WorkerQueues.Key("a")))
    }
}
