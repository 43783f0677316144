internal import Disk
package import Model

/// A log that is full is put aside, packed, and dropped when its time is over.
///
///     audit.log ─► audit.log.000000004711 ─► audit.log.000000004711.gz ─► gone
///
/// Each step leaves a whole chain on the disk if we stop behind it: a packed part gets its name when it is on stable
/// storage and was read back, and only then the plain one goes; of two that begin with the same record one is read.
extension AuditLog {
    /// What a rotation did.
    package struct RotationNote: Sendable {
        /// Parts that were packed.
        package var packed: [Bytes] = []
        /// Records that are gone for good.
        package var dropped: Range<Int>?
        /// Of these, what somebody still needed.
        package var lost: Range<Int>?
    }

    /// Puts the log aside where it is full or its first record a year old, packs what was put aside, and drops what is
    /// older than a year. `needed`: the lowest number that a hook was not told of or a batch in the trash rests on;
    /// from there on all is kept, up to ``Limits/mostBytes`` in all. `nil`: nothing was to do, or another does it.
    package func rotateIfDue(needed: Int?, at now: Moment) throws(Fault) -> RotationNote? {
        let state = try Directory.open(absolute: stateDirectory)
        let lock: FileLock
        do {
            lock = try FileLock.take("audit.rotation.lock", in: state, holder: holder, waitSeconds: 0)
        } catch {
            guard error.code == .locked else { throw error }
            return nil
        }
        defer { withExtendedLifetime(lock) {} }
        try putAsideIfDue(at: now)
        var note = RotationNote()
        try pack(&note)
        try drop(needed, at: now, &note)
        if let lost = note.lost {
            try append(
                [
                    AuditRecord(
                        .eventsLost(hook: nil, first: lost.lowerBound, last: lost.upperBound - 1),
                        reason:
                            "records \(lost.lowerBound) to \(lost.upperBound - 1) were still needed, and dropped: the log takes more than \(limits.mostBytes >> 20) MiB"
                    )
                ], at: now)
        }
        return note.packed.isEmpty && note.dropped == nil ? nil : note
    }

    // MARK: Putting aside

    private func putAsideIfDue(at now: Moment) throws(Fault) {
        guard let live = try LogSegment(path, .live) else { return }
        guard live.size >= limits.segmentBytes || isOver(live.began, at: now) else { return }
        try withLock { state throws(Fault) in
            guard var head = try Head.read(state) else { return }
            let log = try LogFile(path)
            // Meanwhile another may have done it.
            guard log.inode == live.inode, let tail = try log.cutTornTail() else { return }
            if tail.seq >= head.seq { (head.seq, head.hash) = tail }
            _ = try putAside(log, head, state)
        }
    }

    private func isOver(_ time: Timestamp?, at now: Moment) -> Bool {
        // What has no readable time is kept.
        guard let time else { return false }
        return now.wall.seconds(since: time) > limits.keptSeconds
    }

    /// For whoever appends: where it cannot be had (no room, a directory that is not ours, `chattr +a`), the log grows
    /// on, and the next rotation says why.
    func putAsideIfPossible(_ log: LogFile, _ head: Head, _ state: Directory) throws(Fault) -> LogFile? {
        guard log.hasRoom(for: limits.segmentBytes) else { return nil }
        do {
            return try putAside(log, head, state)
        } catch {
            return nil
        }
    }

    /// Renames the log, which ends with the head's record, and begins a new one; under `audit.lock`. If we stop in
    /// between there is no log, and whoever appends begins it: the head is on stable storage before the rename.
    private func putAside(_ log: LogFile, _ head: Head, _ state: Directory) throws(Fault) -> LogFile {
        try head.write(state)
        try log.giveReserveBack()
        guard let first = try LogSegment(path, .live)?.first else {
            throw Fault(.damaged, "the audit log holds no record", path: path)
        }
        let directory = try Directory.open(absolute: path.parent)
        try rename(path.lastComponent, in: directory, to: parts.name(first: first))
        let fresh: LogFile
        do {
            fresh = try LogFile(new: path, after: log)
        } catch {
            guard error.errno == Errno.EEXIST else { throw error }  // another program was faster
            fresh = try LogFile(path)
        }
        try directory.sync()
        return fresh
    }

    /// A name that is taken (a state directory was lost, and numbers began anew) gets a number behind it.
    private func rename(_ base: Bytes, in directory: Directory, to name: Bytes) throws(Fault) {
        for n in 0..<1000 {
            let name = n == 0 ? name : name + Bytes("-\(n)")
            guard try directory.sighting(of: name + ".gz") == nil else { continue }
            do {
                return try LogDirectory(directory, log: base).putAside(base, as: name)
            } catch {
                guard error.errno == Errno.EEXIST else { throw error }
            }
        }
        throw Fault(.failed, "there are a thousand parts '\(name.display)' of the audit log", path: path)
    }

    // MARK: Packing

    private func pack(_ note: inout RotationNote) throws(Fault) {
        let directory = try Directory.open(absolute: path.parent)
        let base = path.lastComponent
        let names = try directory.entries().map(\.name)
        for name in names where name.hasPrefix(base + ".") && name.hasSuffix(".new") {
            // Half done, by one who is no more.
            try LogDirectory(directory, log: base).removePart(name)
        }
        for name in names.sorted() where parts.isOurs(name) && !name.hasSuffix(".gz") {
            let packed = name + ".gz"
            if !names.contains(packed) {
                let fresh = packed + Bytes("." + Surroundings.randomHex(bytes: 8) + ".new")
                try Packing.pack(name, to: fresh, in: directory)
                try LogDirectory(directory, log: base).putAside(fresh, as: packed)
                note.packed.append(packed)
            }
            try LogDirectory(directory, log: base).removePart(name)
        }
        try directory.sync()
    }

    // MARK: Dropping

    private func drop(_ needed: Int?, at now: Moment, _ note: inout RotationNote) throws(Fault) {
        let all = try parts.segments()
        var total = all.filter { parts.isOurs($0.name) }.map(\.size).reduce(0, +)
        let directory = try Directory.open(absolute: path.parent)
        for (n, (segment, next)) in zip(all, all.dropFirst()).enumerated() {
            // What others put aside is theirs to drop.
            guard parts.isOurs(segment.name) else { continue }
            let isNeeded = needed.map { $0 < next.first } ?? false
            // A record behind its last one is older than that: so it is over whole.
            let isOver = all[(n + 1)...].contains { self.isOver($0.began, at: now) } && !isNeeded
            guard isOver || total > limits.mostBytes else { return }
            try withLock { state throws(Fault) in
                var head = try Head.read(state) ?? Head()
                head.first = max(head.first ?? 0, next.first)
                try head.write(state)
            }
            try LogDirectory(directory, log: path.lastComponent).removePart(segment.name)
            try directory.sync()
            total -= segment.size
            note.dropped = (note.dropped?.lowerBound ?? segment.first)..<next.first
            if let needed, isNeeded {
                note.lost = (note.lost?.lowerBound ?? max(needed, segment.first))..<next.first
            }
        }
    }
}
