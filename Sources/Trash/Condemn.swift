internal import Disk
package import Model

/// Moves backups into a new batch. The steps are called in this order, under the vault's lock:
///
///     confirm │ (audit intent) │ makeBatch │ move │ sync │ (catalog, audit outcome)
///
/// What is on disk if we stop after a step:
/// - makeBatch: a batch whose items are all at their origin; recovery removes it.
/// - within move: each unit whole at its origin or whole in the batch, at most one half and half; recovery brings that
///   one back to its origin (invariant 1).
/// - sync: all is done and durable.
package struct Condemning {
    package struct Item: Sendable {
        package var backup: Backup
        package var decision: Manifest.Decision
        /// What it needs to be restored. Items come before what they need.
        package var parent: BackupID?

        package init(backup: Backup, decision: Manifest.Decision, parent: BackupID? = nil) {
            self.backup = backup
            self.decision = decision
            self.parent = parent
        }
    }

    private let trash: TrashDirectory
    /// Needed by one that could not go: they stay too.
    package var needed: Set<BackupID> = []
    private var places = OpenPlaces()

    package init(trash: TrashDirectory) { self.trash = trash }

    // MARK: Confirm

    /// Compares every member with what the plan saw: object, size, times, no writer. What changed drops out, with why.
    package mutating func confirm(_ items: [Item]) -> (still: [Item], dropped: [(item: Item, why: String)]) {
        var still: [Item] = []
        var dropped: [(Item, String)] = []
        for item in items {
            if let why = change(of: item.backup) {
                dropped.append((item, why))
            } else if isProtectedNow(item.backup) {
                dropped.append((item, "it is protected since the plan"))
            } else {
                still.append(item)
            }
        }
        return (still, dropped)
    }

    /// Whether a backup is where and what it was; `nil` where it is.
    package mutating func change(of backup: Backup) -> String? {
        for member in backup.members {
            guard let seen = (try? places.sighting(of: member.path, below: trash.root)) ?? nil else {
                return "it is not there any more"
            }
            guard seen.object == member.object else { return "another object stands at its name" }
            guard seen.mtime == member.mtime else { return "it has changed" }
            guard !member.isDirectory else { continue }  // the times of what is inside are those of the survey
            guard seen.size == member.size, seen.ctime == member.ctime else { return "it has changed" }
            if case .written = places.place(member.path.parent, below: trash.root)?.writer(
                of: member.path.lastComponent)
            {
                return "it is being written"
            }
        }
        return nil
    }

    /// vzdump's mark beside a backup, made since the survey, in whatever form.
    private mutating func isProtectedNow(_ backup: Backup) -> Bool {
        let mark = backup.path + ".protected"
        guard !backup.members.contains(where: { $0.path == mark }) else { return false }
        return ((try? places.sighting(of: mark, below: trash.root)) ?? nil) != nil
    }

    // MARK: Batch

    /// The directories that the items lie in, as they are now.
    package mutating func parents(of items: [Item]) -> [Manifest.Parent] {
        var paths: Set<Bytes> = []
        for item in items {
            for member in item.backup.members {
                var path = member.path.parent
                while !path.isEmpty, paths.insert(path).inserted { path = path.parent }
            }
        }
        return paths.sorted().compactMap { path in
            guard let seen = try? trash.root.open(path).sighting() else { return nil }
            return Manifest.Parent(seen, path: path)
        }
    }

    /// Makes the batch directory with its manifest, both durable before this returns (invariant 2).
    package func makeBatch(_ manifest: Manifest) throws(Fault) -> Batch {
        let name = Bytes(manifest.batch)
        try trash.directory.makeDirectory(name, mode: 0o750)
        let directory = try trash.directory.open(name)
        let bytes = manifest.encoded
        try directory.create(TrashDirectory.manifestName, bytes, mode: 0o640)
        try directory.makeDirectory(TrashDirectory.filesName, mode: 0o750)
        try directory.sync()
        try trash.directory.sync()
        return Batch(
            name: manifest.batch, manifest: manifest, manifestHash: Manifest.hash(bytes), problem: nil,
            directory: directory)
    }

    /// A name for a batch that is not taken.
    package func freeBatchName(at now: Timestamp) throws(Fault) -> String {
        var at = now
        while try trash.directory.sighting(of: Bytes(at.batchName)) != nil {
            at = Timestamp(nanoseconds: at.nanoseconds + 1_000_000)
        }
        return at.batchName
    }

    // MARK: Move

    /// What became of the items.
    package struct Moved {
        package var moved: [Item] = []
        package var failed: [(item: Item, fault: Fault)] = []
        var touched: Set<Bytes> = []
        var made: Set<Bytes> = [""]
    }

    /// Renames every member into the batch and looks whether it was the right object; a unit goes whole or not at all.
    package mutating func move(_ items: [Item], into batch: Batch) throws(Fault) -> Moved {
        let files = try batch.directory.open(TrashDirectory.filesName)
        var result = Moved()
        for item in items {
            do throws(Fault) {
                if needed.contains(item.backup.id) {
                    throw Fault(
                        .failed, "'\(item.backup.path.display)' is needed by one that could not be moved",
                        path: item.backup.path)
                }
                try move(item, into: files, &result)
                result.moved.append(item)
            } catch {
                result.failed.append((item, error))
                if let parent = item.parent { needed.insert(parent) }
            }
        }
        return result
    }

    private mutating func move(_ item: Item, into files: Directory, _ result: inout Moved) throws(Fault) {
        var done: [Backup.Member] = []
        do throws(Fault) {
            for member in item.backup.members {
                let target = try ensure(member.path.parent, below: files, &result.made)
                guard let source = places.place(member.path.parent, below: trash.root) else {
                    throw Fault.system("open", member.path.parent, 2)
                }
                let name = member.path.lastComponent
                try source.rename(name, to: target, as: name)
                done.append(member)
                result.touched.insert(member.path.parent)
                // There is no race-free "rename only this object": rename first, then look (invariant 3).
                guard try target.sighting(of: name)?.object == member.object else {
                    throw Fault(
                        .failed, "'\(member.path.display)' became another file while it was moved; it was put back",
                        path: member.path)
                }
            }
        } catch {
            for member in done.reversed() { try putBack(member, from: files) }
            throw error
        }
    }

    private mutating func putBack(_ member: Backup.Member, from files: Directory) throws(Fault) {
        let name = member.path.lastComponent
        let (place, origin) = (try files.open(member.path.parent), try trash.root.open(member.path.parent))
        try place.rename(name, to: origin, as: name)
    }

    /// Makes the directories of a mirrored path below `files`.
    private func ensure(_ path: Bytes, below files: Directory, _ made: inout Set<Bytes>) throws(Fault) -> Directory {
        if !made.contains(path) {
            let parent = try ensure(path.parent, below: files, &made)
            _ = try parent.ensureDirectory(path.lastComponent, mode: 0o750)
            made.insert(path)
        }
        return try files.open(path)
    }

    // MARK: Sync

    /// The second barrier: every directory that lost or gained a name.
    package func sync(_ moved: Moved, in batch: Batch) throws(Fault) {
        let files = try batch.directory.open(TrashDirectory.filesName)
        for path in moved.made.sorted() { try files.open(path).sync() }
        for path in moved.touched.sorted() { try trash.root.open(path).sync() }
    }
}
