/// How much the kernel lets us watch. Each is `nil` where it cannot be read.
package struct WatchLimits: Sendable, Hashable {
    /// Directories that all programs of one user may watch together: the lower of the system's and the namespace's.
    package var watches: Int?
    /// Events that wait before some are lost. Fixed when a program begins to watch.
    package var queue: Int?
    /// What other programs of this user watch now, as far as we may look.
    package var others = 0

    package init() {}
}
