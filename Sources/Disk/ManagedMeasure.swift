internal import CLinux
internal import Glibc
package import Model

/// How large an opaque unit is and how old: for a person to see, and no decision hangs on it.
package struct ManagedMeasure: Hashable, Sendable {
    /// Apparent bytes. What a btrfs snapshot shares with others counts in full; `btrfs filesystem du` knows better.
    package private(set) var size: Int64 = 0
    /// The newest mtime of a file in it, or of the whole where it holds none.
    package private(set) var newest: Timestamp?
    /// It was stopped, over the limit, or could not be read everywhere: it is at least that large.
    package private(set) var isAtLeast = false

    /// After about so many it stops: a repository of a chunk store may have tens of millions.
    package static let entryLimit = 2_000_000

    /// Of a repository or a subvolume (``Directory/openSubvolume(_:)``). What is mounted in it does not count.
    package init(
        of directory: Directory, entryLimit: Int = ManagedMeasure.entryLimit, pacing: Pacing = .none,
        shouldStop: () -> Bool = { false }
    ) {
        var visitor = Visitor(entriesLeft: entryLimit, pacing: pacing)
        let isWhole: Bool
        do {
            var walk = TreeWalk(below: directory)
            isWhole = try walk.run(&visitor, shouldStop: shouldStop)
        } catch {
            isWhole = false
        }
        size = visitor.size
        newest = (visitor.newestFile ?? visitor.newestDirectory).map { Timestamp(nanoseconds: $0) }
        isAtLeast = !isWhole || visitor.isBlocked
    }

    /// Of a set of files in one directory, as the slices of an archive.
    package init(of files: [Bytes], in directory: Directory) {
        for name in files {
            guard let seen = try? directory.sighting(of: name) else {
                isAtLeast = true
                continue
            }
            size = size.adding(seen.size)
            newest = max(newest ?? seen.mtime, seen.mtime)
        }
    }

    private struct Visitor: TreeVisitor {
        var entriesLeft: Int
        let pacing: Pacing
        var size: Int64 = 0
        var newestFile: Int64?
        var newestDirectory: Int64?
        var isBlocked = false

        init(entriesLeft: Int, pacing: Pacing) {
            self.entriesLeft = entriesLeft
            self.pacing = pacing
        }

        var hasEnough: Bool { entriesLeft <= 0 }

        private mutating func count() {
            entriesLeft -= 1
            if entriesLeft.isMultiple(of: pacing.entries) { pacing.pause() }
        }

        mutating func visit(file stat: cl_stat, at place: () -> Bytes) {
            count()
            size = size.adding(Int64(clamping: stat.size))
            if stat.mode & S_IFMT == S_IFREG { newestFile = max(newestFile ?? .min, stat.mtime) }
        }

        mutating func visit(directory stat: cl_stat) {
            count()
            newestDirectory = max(newestDirectory ?? .min, stat.mtime)
        }

        mutating func meet(_ obstacle: Obstacle) { isBlocked = isBlocked || obstacle.kind == .mount }
    }
}
