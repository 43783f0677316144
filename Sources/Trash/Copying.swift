internal import Crypto
package import Disk
package import Model

/// Copies a backup out of a batch, also to another file system: the one in the trash stays.
///
/// All is made in a directory of its own beside the target names, read back and compared, and renamed from there: under
/// its name stands a whole copy or none. Nothing is replaced.
package struct Copying {
    /// Is given the number of bytes copied so far.
    package typealias Progress = (_ done: Int64) -> Void

    private let target: Directory
    private let progress: Progress
    private var done: Int64 = 0
    private var lost: LostAttributes = []
    /// Of files with several names in one tree: where the first copy is.
    private var linked: [ObjectID: (place: Bytes, name: Bytes)] = [:]

    /// Trees that get what belongs to their top last: one that its owner may not write could not be renamed.
    private var tops: [(original: Directory, copy: Directory)] = []

    package init(to target: Directory, progress: @escaping Progress) {
        self.target = target
        self.progress = progress
    }

    /// Answers the names in the target, and what the file system there could not keep.
    package mutating func copy(
        _ item: Batch.Item, from batch: Batch, as newName: Bytes?
    ) throws(Fault) -> (names: [Bytes], lost: LostAttributes) {
        let files = try batch.files()
        let names = item.inBatch.map { Restoring.name(of: $0, item, as: newName) }
        for name in names {
            guard try target.sighting(of: name) == nil else { throw Self.taken(name, target) }
        }
        let temporary = Bytes(UnlinkWalk.stagingPrefix + Surroundings.randomHex(bytes: 8))
        let staging = try target.ensureDirectory(temporary, mode: 0o700)
        var moved: [Bytes] = []
        do throws(Fault) {
            for (member, name) in zip(item.inBatch, names) {
                let source = try files.open(member.path.parent)
                guard try source.object(of: member.path.lastComponent) == member.object else {
                    throw Fault(
                        .failed, "'\(member.path.display)' is not in the trash any more", path: member.path)
                }
                try copy(member.path.lastComponent, in: source, to: staging, as: name)
                // Purged meanwhile it may be half a copy.
                guard try source.object(of: member.path.lastComponent) == member.object else {
                    throw Fault(
                        .failed, "'\(member.path.display)' left the trash while it was copied", path: member.path)
                }
            }
            try staging.sync()
            // The backup itself last, as with every move into another directory.
            for name in names.reversed() {
                do throws(Fault) {
                    try staging.rename(name, to: target, as: name)
                } catch {
                    throw error.errno == Errno.EEXIST ? Self.taken(name, target) : error
                }
                moved.append(name)
            }
            for top in tops {
                lost.formUnion(try EntryCopy(from: top.original, to: top.copy).attributes())
                try top.copy.sync()
            }
            try UnlinkWalk.removeEmpty(temporary, in: target)
            try target.sync()
        } catch {
            throw giveUp(error, moved, temporary: temporary, staging: staging)
        }
        Model.Progress.step()
        return (names, lost)
    }

    /// Removes what was made. Where that fails, the error says what to remove.
    private func giveUp(_ fault: Fault, _ moved: [Bytes], temporary: Bytes, staging: Directory) -> Fault {
        do throws(Fault) {
            for name in moved { try target.rename(name, to: staging, as: name) }
            var walk = UnlinkWalk(below: staging)
            walk.run()
            try UnlinkWalk.removeEmpty(temporary, in: target)
            return fault
        } catch {
            var fault = fault
            fault.hint = "remove '\(target.path.appending(temporary).display)', which holds an unfinished copy"
            return fault
        }
    }

    private static func taken(_ name: Bytes, _ target: Directory) -> Fault {
        Fault(
            .failed, "could not copy to '\(target.path.appending(name).display)': the name is taken",
            hint: "move that away, or copy it under another name with --as NAME", path: target.path.appending(name))
    }

    // MARK: Trees

    /// A file, or a tree: from the top down, one directory at a time, whatever its depth.
    private mutating func copy(
        _ name: Bytes, in source: Directory, to copy: Directory, as newName: Bytes
    ) throws(Fault) {
        guard let seen = try source.sighting(of: name), seen.kind == .directory else {
            return try copyFile(name, source, copy: copy, newName: newName)
        }
        linked = [:]
        let (top, made) = (try source.open(name), try copy.ensureDirectory(newName, mode: 0o700))
        var waiting: [Bytes] = [Bytes()]
        var all: [Bytes] = []
        while let place = waiting.popLast() {
            all.append(place)
            let (from, to) = (try top.open(place), try made.open(place))
            for entry in try from.entries() {
                guard let seen = try from.sighting(of: entry.name) else {
                    throw Fault(.failed, "'\(from.path.appending(entry.name).display)' went while it was copied")
                }
                if seen.kind == .directory {
                    _ = try to.ensureDirectory(entry.name, mode: 0o700)
                    waiting.append(place.appending(entry.name))
                } else {
                    try copyEntry(seen, from, to: to, place: place, top: made)
                }
            }
        }
        // From the bottom up: what is made in a directory changes its time.
        var isSynced = false
        for place in all.reversed() where !place.isEmpty {
            let to = try made.open(place)
            lost.formUnion(try EntryCopy(from: top.open(place), to: to).attributes())
            if !isSynced { isSynced = try to.sync() == .wholeFileSystem }
        }
        tops.append((top, made))
    }

    private mutating func copyEntry(
        _ seen: Sighting, _ from: Directory, to: Directory, place: Bytes, top: Directory
    ) throws(Fault) {
        if seen.kind == .file, seen.links > 1 {
            if let first = linked[seen.object] {
                return try EntryCopy(from: top.open(first.place), to: to).link(first.name, as: seen.name)
            }
            linked[seen.object] = (place, seen.name)
        }
        guard seen.kind == .file else {
            lost.formUnion(try EntryCopy(from: from, to: to).special(seen.name, as: seen.name))
            return
        }
        try copyFile(seen.name, from, copy: to, newName: seen.name)
    }

    /// One file, read back from the disk and compared.
    private mutating func copyFile(
        _ name: Bytes, _ source: Directory, copy: Directory, newName: Bytes
    ) throws(Fault) {
        var (written, found) = (SHA256(), SHA256())
        let copied = try EntryCopy(from: source, to: copy).file(name, as: newName) { bytes in
            written.update(bufferPointer: bytes)
            done += Int64(bytes.count)
            progress(done)
        }
        lost.formUnion(copied.lost)
        guard !copied.isClone else { return }
        try FileLook(newName, in: copy).forEachChunk(in: copied.ranges) { found.update(bufferPointer: $0) }
        guard written.finalize() == found.finalize() else {
            throw Fault(
                .io, "the copy of '\(source.path.appending(name).display)' is not what was read: the checksums differ",
                hint: "the disk of the copy may be failing: look at `dmesg`", path: copy.path.appending(newName))
        }
    }
}
