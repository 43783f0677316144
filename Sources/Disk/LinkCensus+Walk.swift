internal import CLinux
internal import Glibc
package import Model

extension LinkCensus {
    /// Counts a unit that is a directory, itself included. A unit may have several trees and files: count them one
    /// after the other, under the same number.
    ///
    /// What cannot be read, a mount or a subvolume in it, another device than that of the census, and a stop make the
    /// unit uncertain. `false`: stopped. Meant for a thread of its own with ``BackgroundPriority``.
    @discardableResult
    package mutating func count(
        tree: Directory, as unit: UInt32, pacing: Pacing = .none, shouldStop: () -> Bool = { false }
    ) throws(Fault) -> Bool {
        guard isOnOurDevice(tree) else {
            distrust(unit)
            return true
        }
        var visitor = CensusVisitor(census: self, unit: unit, pacing: pacing)
        self = LinkCensus(limit: 0)  // moved, not copied
        var isWhole = false
        defer {
            visitor.census.addOwn(unit, visitor.own)
            if !isWhole || visitor.isBlocked { visitor.census.distrust(unit) }
            self = visitor.census
        }
        var walk = TreeWalk(below: tree)
        isWhole = try walk.run(&visitor, shouldStop: shouldStop)
        return isWhole
    }

    /// Counts one file of a unit: opened without a mount in the way, and only then looked at.
    package mutating func count(file name: Bytes, in directory: Directory, as unit: UInt32) throws(Fault) {
        guard isOnOurDevice(directory) else { return distrust(unit) }
        let flags = CL_O_PATH | O_NOFOLLOW | O_CLOEXEC
        let fd = name.withCString { cl_openat2(directory.descriptor, $0, flags, 0, UInt32(CL_NO_XDEV)) }
        switch fd {
        case -ENOENT: return
        case -EXDEV: return distrust(unit)
        default: try check(fd, "look at", directory.path.appending(name))
        }
        defer { close(fd) }
        var stat = cl_stat()
        try check(cl_statx(fd, "", 1, &stat), "look at", directory.path.appending(name))
        // A directory has one link from above and one from each directory in it.
        let links = stat.mode & S_IFMT == S_IFDIR ? 1 : stat.nlink
        add(unit: unit, inode: stat.ino, links: links, allocated: Int64(clamping: stat.allocated))
    }
}

private struct CensusVisitor: TreeVisitor {
    var census: LinkCensus
    let unit: UInt32
    let pacing: Pacing
    var own: Int64 = 0
    var isBlocked = false
    private var untilPause: Int

    init(census: LinkCensus, unit: UInt32, pacing: Pacing) {
        self.census = census
        self.unit = unit
        self.pacing = pacing
        untilPause = pacing.entries
    }

    mutating func counts(listedInode inode: UInt64) -> Bool {
        rest()
        return census.addKnown(unit: unit, inode: inode)
    }

    mutating func visit(file stat: cl_stat, at place: () -> Bytes) {
        let bytes = Int64(clamping: stat.allocated)
        if stat.nlink > 1 {
            census.add(unit: unit, inode: stat.ino, links: stat.nlink, allocated: bytes)
        } else {
            own = own.adding(bytes)
        }
    }

    mutating func visit(directory stat: cl_stat) {
        rest()
        own = own.adding(Int64(clamping: stat.allocated))
    }

    mutating func meet(_ obstacle: Obstacle) { isBlocked = true }

    private mutating func rest() {
        untilPause -= 1
        guard untilPause <= 0 else { return }
        untilPause = pacing.entries
        pacing.pause()
    }
}
