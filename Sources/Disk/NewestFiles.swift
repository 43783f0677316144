package import Model

/// The files that changed last, of any number: a few are remembered, the oldest of them on top of a heap.
package struct NewestFiles: Sendable {
    private struct File: Comparable {
        var changed: Timestamp
        var path: Bytes

        // Ties by path: the same tree gives the same files, in whatever order it lists them.
        static func < (a: File, b: File) -> Bool { (a.changed, a.path) < (b.changed, b.path) }
    }

    /// So many of a directory or set are asked about writers: who writes has changed one of these just now.
    package static let probed = 64

    package let capacity: Int
    private var heap: [File] = []

    package init(capacity: Int = probed) {
        precondition(capacity > 0, "some file must be remembered")
        self.capacity = capacity
    }

    package mutating func consider(_ path: @autoclosure () -> Bytes, mtime: Timestamp, ctime: Timestamp) {
        let changed = max(mtime, ctime)
        guard heap.count < capacity || changed >= heap[0].changed else { return }
        let file = File(changed: changed, path: path())
        if heap.count < capacity {
            heap.append(file)
            rise()
        } else if heap[0] < file {
            heap[0] = file
            sink()
        }
    }

    /// Their paths, as they were given.
    package var newestFirst: [Bytes] { heap.sorted(by: >).map(\.path) }

    private mutating func rise() {
        var at = heap.count - 1
        while at > 0, heap[at] < heap[(at - 1) / 2] {
            heap.swapAt(at, (at - 1) / 2)
            at = (at - 1) / 2
        }
    }

    private mutating func sink() {
        var at = 0
        while true {
            let children = (2 * at + 1)..<min(2 * at + 3, max(heap.count, 2 * at + 1))
            guard let least = children.min(by: { heap[$0] < heap[$1] }), heap[least] < heap[at] else { return }
            heap.swapAt(at, least)
            at = least
        }
    }
}
