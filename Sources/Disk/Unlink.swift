internal import CLinux
internal import Dispatch
internal import Glibc
package import Model
internal import Synchronization

/// The only file that unlinks (invariant 4; TidyTests). It works below one directory, which is `.trash/.purging-*`.
///
/// The walk goes down ``UnlinkWalk/levels`` directories by descriptor. What lies deeper is renamed up into the top
/// (*hoisted*) and found there by the next pass, so that depth costs neither descriptors nor memory. A listing is
/// worked off some thousand names at a time, in the order of inodes; its files by several threads, because what a file
/// held is given back (and on some disks discarded) after its name has gone, for each file alone. Nothing is looked at
/// by name before it is opened: on a hung mount such a look never returns. If we stop anywhere, what is left is below
/// the top, and the next run goes on.
package struct UnlinkWalk {
    /// Descriptors that a walk holds at most, the top's own among them.
    private static let levels = 20
    /// Names of one directory in memory at a time.
    private static let batch = 4096
    /// Fewer files than this are not worth a second thread; and what a thread takes at a time.
    private static let leastTogether = 32
    private static let together = 8
    /// Faults that are told one by one; the others are counted.
    private static let mostFaults = 100
    /// Passes over a directory that others keep filling. What we hoisted into the top ourselves allows one more each:
    /// depth is not taken for that.
    package static let mostPasses = 1000
    private static let mostHoisted = 1_000_000

    private let top: Directory
    /// Asked between batches; `true` leaves the rest for the next run.
    private let shouldStop: () -> Bool
    /// Names a second at most; `nil`: as fast as it goes.
    private let perSecond: Int?
    private let mostPasses: Int
    /// Threads that unlink files of one directory.
    private let threads: Int
    private var open: [Level] = []
    /// Drawn for each walk: names of an interrupted one must not be given again.
    private let prefix = "h" + Surroundings.randomHex(bytes: 6) + "-"
    private var hoisted = 0
    private var sinceRest = 0
    package private(set) var removed = 0
    package private(set) var faults: [Fault] = []
    /// Of all that were met, also those that are not in ``faults``.
    package private(set) var faultCount = 0

    private struct Level {
        let directory: Directory
        /// By which its parent has it; empty for the top.
        let name: Bytes
        var waiting: [Directory.Entry] = []
        /// Whether this pass has seen a name, and whether it took one away.
        var sawAny = false
        var tookAny = false
        var passes = 0
    }

    package init(
        below top: Directory, perSecond: Int? = nil, mostPasses: Int = Self.mostPasses,
        shouldStop: @escaping () -> Bool = { false }
    ) {
        self.top = top
        self.perSecond = perSecond
        self.mostPasses = mostPasses
        // A rate is kept by one.
        threads = perSecond == nil ? top.layer.unlinkingThreads(top.descriptor) : 1
        self.shouldStop = shouldStop
    }

    /// Removes all that is below the top. An error stops nobody else: what it met is in ``faults`` and still there.
    package mutating func run() {
        top.layer.rewind(top.descriptor)
        open = [Level(directory: top, name: Bytes())]
        while let level = open.last {
            if level.waiting.isEmpty {
                guard !shouldStop(), refill() else { return }
            } else {
                let entry = open[open.count - 1].waiting.removeLast()
                remove(entry, in: level.directory)
            }
        }
    }

    // MARK: A level

    /// The next names of the deepest directory; at the end of its listing another pass, or it is left. `false`: done.
    private mutating func refill() -> Bool {
        let deepest = open.count - 1
        do {
            var names: [Directory.Entry] = []
            while names.count < Self.batch, let more = try open[deepest].directory.nextBatch() { names += more }
            guard names.isEmpty else {
                // Popped from the end: the lowest inode first.
                names.sort { $0.inode > $1.inode }
                open[deepest].sawAny = true
                if threads > 1 { names = removeTogether(names, in: open[deepest].directory) }
                open[deepest].waiting = names
                return true
            }
        } catch {
            record(error)
            return leave()
        }
        // Removing while listing may skip names; another pass finds them.
        let most = mostPasses + (deepest == 0 ? min(hoisted, Self.mostHoisted) : 0)
        guard open[deepest].sawAny, open[deepest].tookAny, open[deepest].passes < most else { return leave() }
        open[deepest].sawAny = false
        open[deepest].tookAny = false
        open[deepest].passes += 1
        // Most often nothing is left, and one call tells.
        if deepest > 0, removeDirectory(open[deepest].name, in: open[deepest - 1].directory) == 0 {
            count(1)
            open[deepest - 1].tookAny = true
            open.removeLast()
            return true
        }
        top.layer.rewind(open[deepest].directory.descriptor)
        return true
    }

    /// Up again, and the directory is removed where it is empty. `false`: that was the top.
    private mutating func leave() -> Bool {
        let level = open.removeLast()
        guard let above = open.last else { return false }
        let answer = removeDirectory(level.name, in: above.directory)
        switch answer {
        case 0:
            count(1)
            open[open.count - 1].tookAny = true
        case -ENOENT: break
        // What it still holds was said already, or came while we were there.
        case -ENOTEMPTY, -EEXIST: if faultCount == 0 { fail(level.name, in: above.directory, answer) }
        default: fail(level.name, in: above.directory, answer)
        }
        return true
    }

    // MARK: A name

    private mutating func remove(_ entry: Directory.Entry, in directory: Directory) {
        if entry.kind == .directory { return enter(entry.name, in: directory) }
        finish(entry, in: directory, directory.layer.unlink(directory.descriptor, entry.name, isDirectory: false))
    }

    /// Removes the files among these names and gives back the others.
    private mutating func removeTogether(_ names: [Directory.Entry], in directory: Directory) -> [Directory.Entry] {
        let files = Array(names.reversed().filter { $0.kind != .directory })
        guard files.count >= Self.leastTogether else { return names }
        let (layer, descriptor) = (directory.layer, directory.descriptor)
        let next = Atomic(0)
        let answers = [Int32](unsafeUninitializedCapacity: files.count) { buffer, count in
            nonisolated(unsafe) let answers = buffer
            // Each takes the next few: together they stay near the order of inodes.
            DispatchQueue.concurrentPerform(iterations: threads) { _ in
                while case let first = next.add(Self.together, ordering: .relaxed).oldValue, first < files.count {
                    for index in first..<min(first + Self.together, files.count) {
                        let answer = layer.unlink(descriptor, files[index].name, isDirectory: false)
                        answers.initializeElement(at: index, to: answer)
                    }
                }
            }
            count = files.count
        }
        var others = names.filter { $0.kind == .directory }
        for (entry, answer) in zip(files, answers) {
            // The listing was wrong, or somebody was faster: one by one.
            if answer == -EISDIR || answer == -EPERM {
                others.append(entry)
            } else {
                finish(entry, in: directory, answer)
            }
        }
        return others
    }

    /// What became of a name that is no directory, as far as the listing knew.
    private mutating func finish(_ entry: Directory.Entry, in directory: Directory, _ answer: Int32) {
        switch answer {
        case -ENOENT: break
        // Linux never unlinks a directory so; what some file systems say instead is EPERM.
        case -EISDIR: enter(entry.name, in: directory)
        case -EPERM where directory.kind(behind: entry.name) == .directory: enter(entry.name, in: directory)
        case ..<0: fail(entry.name, in: directory, answer)
        default:
            count(1)
            open[open.count - 1].tookAny = true
        }
    }

    /// Goes down, or brings the directory up. Opening refuses mounts and other devices (invariant 11).
    private mutating func enter(_ name: Bytes, in directory: Directory) {
        do {
            guard open.count < Self.levels else { return try hoist(name, from: directory) }
            open.append(Level(directory: try directory.open(name), name: name))
        } catch {
            if error.errno == ENOENT { return }
            record(error)
        }
    }

    private mutating func hoist(_ name: Bytes, from directory: Directory) throws(Fault) {
        // An empty one is gone at once; a mount point is busy, and stays.
        let answer = removeDirectory(name, in: directory)
        if answer == 0 {
            count(1)
        } else {
            // A mount could be carried up, but it would only lie there: it stays where it is, and is reported.
            _ = try directory.open(name)
            try directory.rename(name, to: top, as: Bytes(prefix + String(hoisted)))
            hoisted += 1
            open[0].tookAny = true
            open[0].sawAny = true
        }
        open[open.count - 1].tookAny = true
    }

    private func removeDirectory(_ name: Bytes, in directory: Directory) -> Int32 {
        directory.layer.unlink(directory.descriptor, name, isDirectory: true)
    }

    // MARK: Pace and faults

    private mutating func count(_ names: Int) {
        removed += names
        guard let perSecond else { return }
        // Ten rests of a tenth of a second in each second's worth.
        sinceRest += names
        guard sinceRest >= max(1, perSecond / 10) else { return }
        sinceRest = 0
        usleep(100_000)
    }

    private mutating func fail(_ name: Bytes, in directory: Directory, _ answer: Int32) {
        record(.system("remove", directory.path.appending(name), -answer))
    }

    private mutating func record(_ fault: Fault) {
        faultCount += 1
        if faults.count < Self.mostFaults { faults.append(fault) }
    }

    /// Of a directory outside of all vaults in which a copy is made.
    package static let stagingPrefix = ".reprieve-copy-"

    /// Removes the emptied top itself, by its name in the trash.
    package static func removeEmpty(_ name: Bytes, in trash: Directory) throws(Fault) {
        precondition(
            name.hasPrefix(".purging-") || name.hasPrefix(Bytes(stagingPrefix)),
            "invariant 4: nothing is unlinked outside .trash/.purging-*")
        try check(
            trash.layer.unlink(trash.descriptor, name, isDirectory: true), "remove", trash.path.appending(name))
    }

    /// Removes a directory that is empty; what is not empty stays, and is an error (ENOTEMPTY).
    package static func removeIfEmpty(_ name: Bytes, in directory: Directory) throws(Fault) {
        try check(
            directory.layer.unlink(directory.descriptor, name, isDirectory: true), "remove",
            directory.path.appending(name))
    }
}

extension OwnFiles {
    /// Removes a temporary file that this process has made. What goes wrong is left to ``sweepTemporaries(at:)``.
    func removeTemporary(_ name: Bytes) {
        precondition(Self.name(ofTemporary: name) != nil, "invariant 4: no other name is removed here")
        _ = directory.layer.unlink(directory.descriptor, name, isDirectory: false)
    }

    /// Temporary files of ours that are older than this were left by a crash.
    private static let temporarySeconds: Int64 = 3600

    /// Removes those that a crash left behind. A file that only has such a name, and is not ours, stays.
    package func sweepTemporaries(at now: Timestamp) throws(Fault) {
        for entry in try directory.entries() where Self.name(ofTemporary: entry.name) != nil {
            do {
                guard let changed = try open(entry.name, O_RDONLY)?.stat().ctime,
                    now.seconds(since: Timestamp(nanoseconds: changed)) > Self.temporarySeconds
                else { continue }
                removeTemporary(entry.name)
            } catch {
                guard error.code == .unsafe || error.code == .permission else { throw error }
            }
        }
    }
}

extension LinuxFileLayer {
    package func unlink(_ directory: Int32, _ name: Bytes, isDirectory: Bool) -> Int32 {
        name.withCString { unlinkat(directory, $0, isDirectory ? AT_REMOVEDIR : 0) < 0 ? -errno : 0 }
    }

    /// Measured with 50,000 files on two cores, beside one thread: ext4 0.5, xfs 0.85, tmpfs 0.7; btrfs 1.6, where
    /// they only wait for each other. What was not measured, and what may hang (network, FUSE), stays with one.
    package func unlinkingThreads(_ directory: Int32) -> Int {
        Self.fasterTogether.contains(cl_filesystem_type(directory)) ? 4 : 1
    }

    /// ext4, xfs, tmpfs.
    private static let fasterTogether: Set<Int> = [0xEF53, 0x5846_5342, 0x0102_1994]
}
