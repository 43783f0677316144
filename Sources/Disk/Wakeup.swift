internal import CLinux
internal import Glibc
package import Model

/// Lets one thread wake another that waits for descriptors.
package final class Wakeup: Sendable {
    package let descriptor: Int32

    package init() throws(Fault) { descriptor = try check(cl_eventfd(), "make", "an event descriptor") }

    deinit { close(descriptor) }

    package func raise() { _ = cl_eventfd_raise(descriptor) }
    package func clear() { _ = cl_eventfd_clear(descriptor) }
}

/// Waits for any of a few descriptors.
package struct Waiting: Sendable {
    private let descriptors: [Int32]
    private let urgent: Int32

    /// `mounts`: also ends when anything is mounted or unmounted; its index is after those of the descriptors.
    package init(descriptors: [Int32], mounts: MountTable? = nil) {
        precondition(descriptors.count < 8, "poll is given a fixed table")
        self.descriptors = descriptors + (mounts.map { [$0.descriptor] } ?? [])
        urgent = mounts == nil ? 0 : 1 << Int32(descriptors.count)
    }

    /// Indices of those that are ready; empty after the time or a signal. -1 waits for ever.
    package func wait(milliseconds: Int32) -> Set<Int> {
        let ready = cl_wait(descriptors, Int32(descriptors.count), urgent, milliseconds)
        return Set(descriptors.indices.filter { ready > 0 && ready & (1 << Int32($0)) != 0 })
    }
}

/// The table of mounts, whose changes can be waited for.
package final class MountTable: Sendable {
    let descriptor: Int32

    package init() throws(Fault) {
        descriptor = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open", "/proc/self/mountinfo", errno) }
    }

    deinit { close(descriptor) }
}
