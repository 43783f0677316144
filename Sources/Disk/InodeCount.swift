internal import CLinux
package import Model

/// How many inodes come free when a directory is unlinked, at least: itself, its directories, and its files with one
/// name.
package struct InodeCount: Sendable {
    package private(set) var inodes: Int64 = 0

    /// What cannot be looked at is not counted.
    package init(of directory: Directory, shouldStop: () -> Bool = { false }) throws(Fault) {
        var visitor = Visitor()
        var walk = TreeWalk(below: directory)
        _ = try walk.run(&visitor, shouldStop: shouldStop)
        inodes = visitor.inodes
    }

    private struct Visitor: TreeVisitor {
        var inodes: Int64 = 0

        mutating func counts(listedInode inode: UInt64) -> Bool { false }
        mutating func visit(file stat: cl_stat, at place: () -> Bytes) { if stat.nlink <= 1 { inodes += 1 } }
        mutating func visit(directory stat: cl_stat) { inodes += 1 }
        mutating func meet(_ obstacle: Obstacle) {}
    }
}
