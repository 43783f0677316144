internal import CLinux
internal import Glibc
package import Model

/// For work that nobody waits for.
package enum BackgroundPriority {
    /// Gives the *calling thread* the idle I/O class and the lowest CPU priority, for the rest of its life: without
    /// privilege there is no way back. So call it on a thread made for the work, never on one of a pool.
    ///
    /// The idle class counts where the I/O scheduler knows it (BFQ, mq-deadline); elsewhere ``Pacing`` is what helps.
    package static func takeForThisThread() throws(Fault) {
        try check(cl_background_priority(), "lower the priority of", "this thread")
    }
}

/// How often background work steps aside.
package struct Pacing: Sendable {
    /// A pause after so many entries.
    package var entries: Int
    package var pause: @Sendable () -> Void

    package init(entries: Int, pause: @escaping @Sendable () -> Void) {
        precondition(entries > 0, "a pause after no entry is a standstill")
        self.entries = entries
        self.pause = pause
    }

    package static let none = Pacing(entries: .max) {}
    /// 4 ms after each 4,096 entries, which take 2 to 12 from the cache: whoever waits for the disk gets it.
    package static let background = Pacing(entries: 4096) { usleep(4000) }
}
