internal import CLinux
package import Model

/// A directory taken as one backup, summed up.
package struct TreeMeasure: Hashable, Sendable {
    package private(set) var entries = 0
    package private(set) var directories = 0
    /// Apparent bytes. A file with several names in the tree counts once for each.
    package private(set) var size: Int64 = 0
    package private(set) var allocated: Int64 = 0
    /// The last change of anything in it.
    ///
    /// Of directories, and of files with one name, that is the ctime: nobody sets it back. Of a file with several names
    /// it is the mtime, or the ctime where that is earlier. `rsync --link-dest` and `cp -al` give every file of the
    /// tree before a new name, which renews the ctime and changes no byte; by ctime, yesterday's tree would begin to
    /// settle again with each new one. What is lost: a change of such a file's mode or owner, and a write whose mtime
    /// somebody set back to what it was.
    package private(set) var newestChange = Timestamp(nanoseconds: .min)
    /// Of what must be equal between two walks: inode, size and time of change (as above) of every entry. Two equal
    /// ones a quiet period apart mean that the tree rests. Compare this, and not the whole measure: what is allocated
    /// changes by itself when delayed writes reach the disk.
    package private(set) var fingerprint: UInt64 = 0
    package private(set) var obstacles = Obstacles()

    /// Walks the tree below `directory`, which is part of it. Asked to stop, or with anything in it that cannot be
    /// looked at, it throws: half a measure is none.
    ///
    /// `memory` carries what is known of files with several names from tree to tree of one look at a vault, so that
    /// each is asked for once and not 300 times.
    package init(
        of directory: Directory, memory: inout LinkMemory, shouldStop: () -> Bool = { false }
    ) throws(Fault) {
        var visitor = Visitor(memory: memory)
        memory = LinkMemory(limit: 0)  // moved, not copied
        defer { memory = visitor.memory }
        var walk = TreeWalk(below: directory)
        let isWhole = try walk.run(&visitor, shouldStop: shouldStop)
        self = visitor.measure
        guard isWhole else {
            throw Fault(.partial, "'\(directory.path.display)' was not measured: asked to stop", path: directory.path)
        }
    }

    package init(of directory: Directory, shouldStop: () -> Bool = { false }) throws(Fault) {
        var memory = LinkMemory(limit: 0)
        try self.init(of: directory, memory: &memory, shouldStop: shouldStop)
    }

    private init() {}

    /// What makes it no backup, and a subvolume, which makes it one that no purge can finish.
    package var obstacle: String? {
        (obstacles.noBackup ?? obstacles.first.first { $0.kind == .subvolume })?.text
    }
}

extension TreeMeasure {
    private struct Visitor: TreeVisitor {
        var measure = TreeMeasure()
        var memory: LinkMemory

        init(memory: LinkMemory) { self.memory = memory }

        mutating func counts(listedInode inode: UInt64) -> Bool {
            guard let known = memory[inode] else { return false }
            measure.add(known)
            return true
        }

        mutating func visit(file stat: cl_stat, at place: () -> Bytes) {
            let entry = Entry(file: stat)
            measure.add(entry)
            if stat.nlink > 1, stat.attributes & TreeWalk.Attribute.any == 0 { memory.remember(entry) }
        }

        mutating func visit(directory stat: cl_stat) {
            measure.directories += 1
            measure.add(Entry(directory: stat))
        }

        mutating func meet(_ obstacle: Obstacle) { measure.obstacles.record(obstacle) }
    }

    /// What counts of one entry.
    struct Entry: Sendable {
        var inode: UInt64
        var size: Int64
        var allocated: Int64
        var change: Int64

        init(file stat: cl_stat) {
            self.init(stat, change: stat.nlink > 1 ? min(stat.mtime, stat.ctime) : stat.ctime)
        }

        init(directory stat: cl_stat) { self.init(stat, change: stat.ctime) }

        private init(_ stat: cl_stat, change: Int64) {
            inode = stat.ino
            size = Int64(clamping: stat.size)
            allocated = Int64(clamping: stat.allocated)
            self.change = change
        }
    }

    private mutating func add(_ entry: Entry) {
        entries += 1
        size = size.adding(entry.size)
        allocated = allocated.adding(entry.allocated)
        newestChange = max(newestChange, Timestamp(nanoseconds: entry.change))
        // A sum, because a directory may list in another order the next time.
        var hash = Self.mixed(entry.inode)
        hash = Self.mixed(hash ^ UInt64(bitPattern: entry.size))
        fingerprint &+= Self.mixed(hash ^ UInt64(bitPattern: entry.change))
    }

    /// SplitMix64's finalizer.
    private static func mixed(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
