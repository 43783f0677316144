internal import Synchronization

/// What could not be read of our own files, and what a command that must always work went on without. One of a process.
package final class Damage: Sendable {
    private let found = Mutex<[Fault]>([])

    package init() {}

    package var faults: [Fault] { found.withLock { $0 } }

    /// Each file once.
    package func add(_ fault: Fault, _ path: Bytes?) {
        var fault = fault
        fault.path = path
        found.withLock { known in
            if !known.contains(where: { $0.path == path }) { known.append(fault) }
        }
    }

    package func contains(_ path: Bytes) -> Bool { found.withLock { $0.contains { $0.path == path } } }
}
