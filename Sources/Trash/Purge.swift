package import Disk
package import Model

/// Unlinks what is due, in the order that stands at the head of ``TrashDirectory``. What lies in `.purging-*` is
/// nobody's any more and is never offered for restore.
package struct Purging {
    private let trash: TrashDirectory

    package init(trash: TrashDirectory) { self.trash = trash }

    /// A `.purging-*` of this batch. The spare directory becomes it, because a full disk makes none.
    package func begin(batch: String) throws(Fault) -> Directory {
        let name = try freeName(batch)
        do {
            try trash.directory.rename(TrashDirectory.spareName, to: trash.directory, as: name)
        } catch {
            guard error.errno == Errno.ENOENT else { throw error }  // the spare is in use
            try trash.directory.makeDirectory(name, mode: 0o700)
        }
        return try trash.directory.open(name)
    }

    /// An earlier purge may have a name.
    private func freeName(_ batch: String) throws(Fault) -> Bytes {
        for n in 1...10_000 {
            let name = TrashDirectory.purgingPrefix + Bytes("\(batch).\(n)")
            if try trash.directory.sighting(of: name) == nil { return name }
        }
        throw Fault(
            .failed, "ten thousand unfinished purges of batch \(batch)", hint: "`reprieve purge` works them off")
    }

    /// What became of the items of a batch.
    package struct Outcome {
        /// The `.purging-*` that holds them.
        package let name: Bytes
        package var taken: [Batch.Item] = []
        package var failed: [(item: Batch.Item, fault: Fault)] = []
        /// The renames were done, and the disk did not say that they will last; or one item is half and half. Then
        /// nothing of it is unlinked now.
        package var unsynced: Fault?
    }

    /// An item that is not in `.purging-*`: whole in its batch, or stuck half way.
    private struct NotTaken: Error {
        var why: Fault
        var isStuck = false
    }

    /// From the audit intent to the barrier, under the vault's lock. `intent` throws where it cannot be written: then
    /// nothing is begun (invariant 9).
    package func carryOut(
        _ items: [Batch.Item], from batch: Batch, intent: () throws(Fault) -> Void
    ) throws(Fault) -> Outcome {
        try intent()
        let purging = try begin(batch: batch.name)
        var outcome = Outcome(name: purging.path.lastComponent)
        let files = try batch.files()
        var places = OpenPlaces()
        for item in items {
            do throws(NotTaken) {
                try take(item, from: files, &places, into: purging)
                outcome.taken.append(item)
                Progress.step()
            } catch {
                outcome.failed.append((item, error.why))
                // Half of it could not go back: nothing of this is unlinked before recovery took the other half.
                if error.isStuck { outcome.unsynced = error.why }
            }
        }
        do { try sync(purging) } catch { outcome.unsynced = error }
        return outcome
    }

    /// Renames an item's members out of the batch, each compared by object; with a stranger among them all go back.
    /// Names in `.purging-*` are flat and start with the item's id.
    private func take(
        _ item: Batch.Item, from files: Directory, _ places: inout OpenPlaces, into purging: Directory
    ) throws(NotTaken) {
        // A unit goes whole, or not at all.
        if let mismatch = item.mismatches.first { throw NotTaken(why: self.mismatch(mismatch)) }
        var done: [(place: Directory, name: Bytes, fresh: Bytes)] = []
        do throws(Fault) {
            for (n, member) in item.backup.members.enumerated() where item.inBatch.contains(member) {
                let place = try places.opened(member.path.parent, below: files)
                let (name, fresh) = (member.path.lastComponent, Self.name(of: item.backup, n))
                try place.rename(name, to: purging, as: fresh)
                done.append((place, name, fresh))
                guard try purging.object(of: fresh) == member.object else { throw mismatch(member.path) }
            }
        } catch {
            // What cannot go back stays there; its intent makes it purged, by the next recovery (invariant 1).
            var isStuck = false
            for (place, name, fresh) in done.reversed() {
                do throws(Fault) { try purging.rename(fresh, to: place, as: name) } catch { isStuck = true }
            }
            throw NotTaken(why: error, isStuck: isStuck)
        }
    }

    private static func name(of backup: Backup, _ member: Int) -> Bytes { Bytes("\(backup.id.text)-\(member)") }

    private func mismatch(_ path: Bytes) -> Fault {
        Fault(
            .damaged, "'\(path.display)' in the trash is not the object that was condemned",
            hint: "somebody replaced it; look at it, and move it by hand", path: path)
    }

    /// The intent stands in the audit log, and part of the item is in `.purging-*`: the rest follows (invariant 1).
    /// Answers the `.purging-*` it is in.
    func complete(_ item: Batch.Item, from batch: Batch) throws(Fault) -> Bytes {
        let purging = try begin(batch: batch.name)
        var places = OpenPlaces()
        let files = try batch.files()
        do throws(NotTaken) { try take(item, from: files, &places, into: purging) } catch { throw error.why }
        try sync(purging)
        return purging.path.lastComponent
    }

    /// A batch directory becomes a `.purging-*` itself, if it holds nothing but its manifest and empty directories.
    /// Answers its name then.
    @discardableResult
    package func takeEmpty(_ batch: String) throws(Fault) -> Bytes? {
        guard try isBare(batch) else { return nil }
        let name = try freeName(batch)
        try trash.directory.rename(Bytes(batch), to: trash.directory, as: name)
        try trash.directory.sync()
        return name
    }

    /// Of a batch that could not be begun: what its manifest has taken of a full disk comes back at once.
    func discard(_ batch: String) {
        do throws(Fault) {
            if let name = try takeEmpty(batch) { _ = unlink([name]) }
        } catch {
            // Then recovery clears it away.
        }
    }

    /// Whether nothing is left in a batch: no file anywhere below it but the manifest. An error means no.
    package func isBare(_ batch: String) throws(Fault) -> Bool {
        guard TrashDirectory.isBatchName(batch) else { return false }
        guard try trash.directory.sighting(of: Bytes(batch)) != nil else { return false }
        let directory = try trash.directory.open(Bytes(batch))
        for entry in try directory.entries() {
            let isOurs = entry.name == TrashDirectory.manifestName || entry.name == TrashDirectory.filesName
            guard isOurs else { return false }
        }
        var waiting: [Bytes] = [TrashDirectory.filesName]
        while let path = waiting.popLast() {
            let place: Directory
            do {
                place = try directory.open(path)
            } catch {
                if error.errno == Errno.ENOENT, path == TrashDirectory.filesName { return true }  // not even begun
                throw error
            }
            for entry in try place.entries() {
                guard entry.kind == .directory else { return false }
                waiting.append(path.appending(entry.name))
            }
        }
        return true
    }

    private func sync(_ purging: Directory) throws(Fault) {
        if try purging.sync() == .thisDirectory { try trash.directory.sync() }
    }

    /// Unlinks everything in these `.purging-*`, without the lock, and keeps an empty directory in reserve again. They
    /// must have been complete under the lock: another process may be filling one that came since.
    /// `perSecond`: names a second at most.
    package func unlink(
        _ names: [Bytes], perSecond: Int? = nil, shouldStop: () -> Bool = { false }
    ) -> (removed: Int, faults: [Fault]) {
        var removed = 0
        var faults: [Fault] = []
        for name in names where !shouldStop() {
            do {
                let directory = try trash.directory.open(name)
                guard FileLock.takeIfFree(directory) else { continue }  // another process is at it
                let (count, met) = withoutActuallyEscaping(shouldStop) { stop in
                    var walk = UnlinkWalk(below: directory, perSecond: perSecond, shouldStop: stop)
                    walk.run()
                    return (walk.removed, walk.faults)
                }
                removed += count
                faults += met
                guard met.isEmpty, !shouldStop() else { continue }
                try UnlinkWalk.removeEmpty(name, in: trash.directory)
            } catch {
                if error.errno != Errno.ENOENT { faults.append(error) }  // somebody else was faster
            }
        }
        do {
            _ = try trash.directory.ensureDirectory(TrashDirectory.spareName, mode: 0o700)
            try trash.directory.sync()
        } catch {
            faults.append(error)
        }
        return (removed, faults)
    }

    /// The `.purging-*` that are there.
    package func unfinished() throws(Fault) -> [Bytes] {
        try trash.directory.entries().filter {
            $0.kind == .directory && $0.name.hasPrefix(TrashDirectory.purgingPrefix)
        }
        .map(\.name).sorted()
    }
}
