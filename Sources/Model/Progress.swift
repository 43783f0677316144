internal import Synchronization

/// How many backups this process has moved: what it can say when somebody interrupts it.
package enum Progress {
    private static let count = Atomic<Int>(0)

    package static func step() { count.add(1, ordering: .relaxed) }

    package static var done: Int { count.load(ordering: .relaxed) }
}
