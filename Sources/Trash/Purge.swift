package import Disk
package import Model

/// Unlinks what is due. Under the vault's lock:
///
///     (audit intent) │ begin: an empty .purging-* │ take each item │ sync │ unlock │ unlink walk │ (audit outcome)
///
/// If we stop after the first rename of an item, its audited intent makes it purged: recovery takes its other members
/// too (invariant 1). What lies in `.purging-*` is nobody's any more and is never offered for restore.
package struct Purging {
    private let trash: TrashDirectory

    package init(trash: TrashDirectory) { self.trash = trash }

    /// A `.purging-*` of this batch. The spare directory becomes it, because a full disk makes none.
    package func begin(batch: String) throws(Fault) -> Directory {
        for n in 1...10_000 {
            let name = TrashDirectory.purgingPrefix + Bytes("\(batch).\(n)")
            // EEXIST: an earlier purge has the name.
            guard try trash.directory.sighting(of: name) == nil else { continue }
            do {
                try trash.directory.rename(TrashDirectory.spareName, to: trash.directory, as: name)
            } catch {
                guard error.errno == 2 else { throw error }  // ENOENT: the spare is in use
                try trash.directory.makeDirectory(name, mode: 0o700)
            }
            return try trash.directory.open(name)
        }
        throw Fault(
            .failed, "ten thousand unfinished purges of batch \(batch)", hint: "`reprieve purge` works them off")
    }

    /// Renames an item's members out of the batch. Names in `.purging-*` are flat and start with the item's id.
    package func take(_ item: Batch.Item, from batch: Batch, into purging: Directory) throws(Fault) {
        let files = try batch.directory.open(TrashDirectory.filesName)
        let id = item.backup.id.text
        for (n, member) in item.backup.members.enumerated() where item.inBatch.contains(member) {
            let place = try files.open(member.path.parent)
            try place.rename(member.path.lastComponent, to: purging, as: Bytes("\(id)-\(n)"))
        }
    }

    /// A batch with nothing of its items left goes the same way, manifest and all.
    package func takeEmpty(_ batch: Batch) throws(Fault) {
        let purging = try begin(batch: batch.name)
        try trash.directory.rename(Bytes(batch.name), to: purging, as: "batch")
        try sync(purging)
    }

    package func sync(_ purging: Directory) throws(Fault) {
        try purging.sync()
        try trash.directory.sync()
    }

    /// Unlinks everything in all `.purging-*`, without the lock, and keeps an empty directory in reserve again.
    package func unlink(shouldStop: () -> Bool = { false }) -> (removed: Int, faults: [Fault]) {
        var removed = 0
        var faults: [Fault] = []
        do {
            for name in try unfinished() where !shouldStop() {
                let directory = try trash.directory.open(name)
                let (count, met) = withoutActuallyEscaping(shouldStop) { stop in
                    var walk = UnlinkWalk(below: directory, shouldStop: stop)
                    walk.run()
                    return (walk.removed, walk.faults)
                }
                removed += count
                faults += met
                guard met.isEmpty, !shouldStop() else { continue }
                try UnlinkWalk.removeEmpty(name, in: trash.directory)
            }
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
