internal import Disk
package import Model

/// Moves backups into a new batch, in the order that stands at the head of ``TrashDirectory``.
package struct Condemning {
    package struct Item: Sendable {
        package var backup: Backup
        package var decision: Manifest.Decision
        /// What it needs to be restored. Items come before what they need.
        package var needs: [BackupID]

        package init(backup: Backup, decision: Manifest.Decision, needs: [BackupID] = []) {
            self.backup = backup
            self.decision = decision
            self.needs = needs
        }
    }

    private let trash: TrashDirectory
    /// Needed by one that could not go: they stay too.
    package var needed: Set<BackupID> = []
    private var places = OpenPlaces()
    /// Directories of the batch, and its name.
    private var targets = OpenPlaces()
    private var batchName = ""

    package init(trash: TrashDirectory) { self.trash = trash }

    // MARK: Confirm

    /// Compares every member with what the plan saw: object, size, times. What changed drops out, with why. Whether
    /// somebody writes is asked when it is moved.
    package mutating func confirm(_ items: [Item]) throws(Fault) -> (
        still: [Item], dropped: [(item: Item, why: String)]
    ) {
        var still: [Item] = []
        var dropped: [(Item, String)] = []
        let mounts = try MountTable.points(below: trash.root.path)
        let protected = protectionMarks(beside: items)
        for item in items {
            if let why = change(of: item.backup) {
                dropped.append((item, why))
            } else if let mount = mounts.first(where: { point in
                item.backup.members.contains { point.isWithin($0.path) }
            }) {
                // A rename would carry it along (invariant 11).
                dropped.append((item, "a file system is mounted at '\(mount.display)'"))
            } else if isProtectedNow(item.backup, protected) {
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
            guard let seen = (try? places.sighting(of: member.path, below: trash.root, knownAs: member)) ?? nil else {
                return "it is not there any more"
            }
            guard seen.object == member.object else { return "another object stands at its name" }
            guard seen.mtime == member.mtime else { return "it has changed" }
            guard !member.isDirectory else { continue }  // the times of what is inside are those of the survey
            guard seen.size == member.size, seen.ctime == member.ctime else { return "it has changed" }
        }
        return nil
    }

    /// From so many items of a directory on, its listing costs less than a look beside each.
    private static let worthListing = 64

    /// The paths of vzdump's marks in the directories that many of the items lie in.
    private mutating func protectionMarks(beside items: [Item]) -> [Bytes: Set<Bytes>] {
        var counts: [Bytes: Int] = [:]
        for item in items { counts[item.backup.path.parent, default: 0] += 1 }
        var marks: [Bytes: Set<Bytes>] = [:]
        for (path, count) in counts where count >= Self.worthListing {
            do throws(Fault) {
                var found: Set<Bytes> = []
                try places.opened(path, below: trash.root).forEachBatch { entries in
                    for entry in entries where entry.name.hasSuffix(Self.protectedEnding) {
                        found.insert(path.appending(entry.name))
                    }
                }
                marks[path] = found
            } catch {
                // What cannot be listed is looked at one by one.
            }
        }
        return marks
    }

    private static let protectedEnding: Bytes = ".protected"

    /// vzdump's mark beside a backup, made since the survey, in whatever form.
    private mutating func isProtectedNow(_ backup: Backup, _ marks: [Bytes: Set<Bytes>]) -> Bool {
        let mark = backup.path + Self.protectedEnding
        guard !backup.members.contains(where: { $0.path == mark }) else { return false }
        if let known = marks[mark.parent] { return known.contains(mark) }
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

    /// What became of the items of a batch.
    package struct Outcome {
        package let batch: Batch
        package var moved: [Item] = []
        /// Somebody was at it at the last moment; it is where it was.
        package var dropped: [(item: Item, why: String)] = []
        package var failed: [(item: Item, fault: Fault)] = []
        /// The renames were done, and the disk did not say that they will last.
        package var unsynced: Fault?
    }

    /// From the audit intent to the second barrier. `intent` throws where it cannot be written: then nothing is begun
    /// (invariant 9).
    package mutating func carryOut(
        _ items: [Item], _ manifest: Manifest.Sealed, intent: () throws(Fault) -> Void
    ) throws(Fault) -> Outcome {
        try intent()
        let batch: Batch
        do throws(Fault) {
            batch = try makeBatch(manifest)
        } catch {
            Purging(trash: trash).discard(manifest.content.batch)
            throw error
        }
        batchName = batch.name
        var outcome = Outcome(batch: batch)
        var touched = Touched()
        try move(items, into: batch, &outcome, &touched)
        do { try sync(touched, in: batch) } catch { outcome.unsynced = error }
        return outcome
    }

    /// Makes the batch directory with its manifest, both durable before this returns (invariant 2).
    private func makeBatch(_ manifest: Manifest.Sealed) throws(Fault) -> Batch {
        let name = Bytes(manifest.content.batch)
        try trash.directory.makeDirectory(name, mode: 0o750)
        let directory = try trash.directory.open(name)
        try directory.ownFiles.create(TrashDirectory.manifestName, manifest.bytes, mode: 0o640)
        try directory.makeDirectory(TrashDirectory.filesName, mode: 0o750)
        if try directory.sync() == .thisDirectory { _ = try trash.directory.sync() }
        return Batch(
            name: manifest.content.batch, manifest: manifest.content, manifestHash: manifest.hash, problem: nil,
            trash: trash)
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

    private struct Touched {
        /// Directories of the vault that lost a name.
        var origins: Set<Bytes> = []
        /// Directories below `files` that were made.
        var made: Set<Bytes> = [""]
    }

    /// Why an item stays after all.
    private enum Stays: Error {
        case dropped(String)
        case failed(Fault)
    }

    /// Renames every member into the batch and looks whether it was the right object; a unit goes whole or not at all.
    private mutating func move(
        _ items: [Item], into batch: Batch, _ outcome: inout Outcome, _ touched: inout Touched
    ) throws(Fault) {
        let files = try batch.files()
        for item in items {
            do throws(Stays) {
                guard !needed.contains(item.backup.id) else {
                    throw .failed(
                        Fault(
                            .failed, "'\(item.backup.path.display)' is needed by one that could not be moved",
                            path: item.backup.path))
                }
                try move(item, into: files, &touched)
                outcome.moved.append(item)
                Progress.step()
            } catch {
                needed.formUnion(item.needs)
                switch error {
                case .dropped(let why): outcome.dropped.append((item, why))
                case .failed(let fault): outcome.failed.append((item, fault))
                }
            }
        }
    }

    private mutating func move(_ item: Item, into files: Directory, _ touched: inout Touched) throws(Stays) {
        var done: [(member: Backup.Member, source: Directory, target: Directory)] = []
        do throws(Stays) {
            for member in item.backup.members {
                let (source, target): (Directory, Directory)
                do throws(Fault) {
                    target = try self.target(member.path.parent, below: files, &touched.made)
                    source = try places.opened(member.path.parent, below: trash.root)
                } catch {
                    throw .failed(error)
                }
                let name = member.path.lastComponent
                // Held over the rename: who opens it for writing from now on is noticed. *Unsupported* is no veto.
                let lease = member.isDirectory ? nil : FileLook(name, in: source).lease()
                if lease?.first == .written { throw .dropped("it is being written") }
                do throws(Fault) { try source.rename(name, to: target, as: name) } catch { throw .failed(error) }
                done.append((member, source, target))
                touched.origins.insert(member.path.parent)
                // There is no race-free "rename only this object": rename first, then look (invariant 3).
                let object: ObjectID?
                do throws(Fault) { object = try target.object(of: name) } catch { throw .failed(error) }
                guard object == member.object else {
                    throw .dropped("'\(member.path.display)' became another file while it was moved; it was put back")
                }
                if lease?.answer == .written { throw .dropped("it was opened for writing while it was moved") }
            }
        } catch {
            // The first to fail is told; all are tried. What stays half and half is the next recovery's (invariant 1).
            var stuck: Fault?
            for (member, source, target) in done.reversed() {
                do throws(Fault) { try putBack(member, from: target, to: source) } catch { stuck = stuck ?? error }
            }
            if let stuck { throw .failed(stuck) }
            throw error
        }
    }

    private func putBack(_ member: Backup.Member, from place: Directory, to origin: Directory) throws(Fault) {
        let name = member.path.lastComponent
        try MoveOut(from: place, to: origin).move(name, as: name) { () throws(Fault) in
            try Purging(trash: trash).begin(batch: batchName)
        }
    }

    /// A directory of a mirrored path below `files`, made where it is missing.
    private mutating func target(
        _ path: Bytes, below files: Directory, _ made: inout Set<Bytes>
    ) throws(Fault) -> Directory {
        if !made.contains(path) {
            let parent = try target(path.parent, below: files, &made)
            _ = try parent.ensureDirectory(path.lastComponent, mode: 0o750)
            made.insert(path)
        }
        return try targets.opened(path, below: files)
    }

    // MARK: Sync

    /// The second barrier: every directory that lost or gained a name.
    private mutating func sync(_ touched: Touched, in batch: Batch) throws(Fault) {
        let files = try batch.files()
        // On btrfs one commit is all of it.
        guard try files.sync() == .thisDirectory else { return }
        for path in touched.made.sorted() where !path.isEmpty {
            _ = try targets.opened(path, below: files).sync()
        }
        for path in touched.origins.sorted() { _ = try places.opened(path, below: trash.root).sync() }
    }
}
