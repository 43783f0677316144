package import Disk
package import Model

/// Puts a backup back where it was. Under the vault's lock:
///
///     prepare │ (reprieved mark │ audit intent) │ put back │ sync
///
/// If we stop within the renames, part of the members are at their origin: recovery goes on towards the origin
/// (invariant 1).
package struct Restoring {
    private let trash: TrashDirectory
    /// Another directory than the origins, for everything.
    private let directory: Directory?
    private var touched: [Bytes: Directory] = [:]
    /// Directories of the vault.
    private var origins = OpenPlaces()
    /// `files` of the batch that is being emptied, and directories below it.
    private var source: (batch: String, files: Directory)?
    private var sources = OpenPlaces()
    /// `.purging-*` that hold second names.
    private var remains: [Bytes] = []

    /// So many directories are open at most before their renames are made durable.
    private static let mostTouched = 64

    package init(trash: TrashDirectory, to directory: Directory? = nil) {
        self.trash = trash
        self.directory = directory
    }

    /// Whether it can be put back; throws the reason where it cannot. Nothing is changed.
    package mutating func prepare(_ item: Batch.Item, as newName: Bytes? = nil) throws(Fault) {
        var names: Set<Bytes> = []
        for member in item.inBatch {
            let path = target(of: member, item, as: newName)
            let parent: Directory
            if let directory {
                parent = directory
            } else {
                guard let opened = try openParent(of: path, member) else { continue }
                parent = opened
            }
            let isFree = names.insert(path).inserted
            let stands = try parent.sighting(of: path.lastComponent)
            if !isFree || stands != nil {
                throw Fault(
                    .failed, "could not restore '\(member.path.display)': the name is taken",
                    hint: "move the newer one away, or restore under another name with --as NAME", path: path)
            }
        }
        for mismatch in item.mismatches {
            throw Fault(
                .damaged,
                "refused '\(mismatch.display)' in batch \(item.backup.trashed?.batch ?? ""): it is not the object that was condemned",
                hint: "somebody replaced it; look at it, and move it by hand", path: mismatch)
        }
    }

    /// `nil`: it is missing, and will be made again.
    private mutating func openParent(of path: Bytes, _ member: Backup.Member) throws(Fault) -> Directory? {
        do {
            return try origins.opened(path.parent, below: trash.root)
        } catch {
            if error.errno == Errno.ENOENT { return nil }
            guard let what = obstacle(on: path.parent) else { throw error }
            throw Fault(
                error.code, "could not restore '\(member.path.display)': \(what)",
                hint: "move that away, or restore it into another directory with --to DIR", path: path,
                errno: error.errno)
        }
    }

    /// What stands where one of these directories was.
    private func obstacle(on path: Bytes) -> String? {
        var place = trash.root
        for component in path.components {
            let whole =
                place === trash.root ? component : place.path.dropFirst(trash.root.path.count + 1).appending(component)
            guard let seen = (try? place.sighting(of: component)) ?? nil else { return nil }
            switch seen.kind {
            case .directory:
                guard let next = try? place.open(component) else {
                    return "its directory '\(whole.display)' cannot be opened, or lies on another file system now"
                }
                place = next
            case .symlink: return "where its directory '\(whole.display)' was is a symbolic link now"
            case .file, .other: return "where its directory '\(whole.display)' was is a file now"
            }
        }
        return nil
    }

    /// Renames the members and makes it durable. Answers where they are now: in the vault, or below ``directory``.
    package func move(_ item: Batch.Item, from batch: Batch, as newName: Bytes? = nil) throws(Fault) -> [Bytes] {
        var own = Restoring(trash: trash, to: directory)
        let done = try own.putBack(item, from: batch, as: newName)
        try own.sync()
        return done
    }

    /// Renames the members, all or none; durable only after ``sync()``.
    ///
    /// The backup itself goes last into another directory: if we stop in between, it still stands in its batch.
    package mutating func putBack(
        _ item: Batch.Item, from batch: Batch, as newName: Bytes? = nil
    ) throws(Fault) -> [Bytes] {
        let files = try files(of: batch)
        let members = directory == nil ? item.inBatch : item.inBatch.reversed()
        var done: [(place: Directory, name: Bytes, origin: Directory, path: Bytes)] = []
        do throws(Fault) {
            for member in members {
                let path = target(of: member, item, as: newName)
                var made: [Made] = []
                let origin: Directory
                if let directory { origin = directory } else { origin = try ensure(path.parent, batch.manifest, &made) }
                let place = try sources.opened(member.path.parent, below: files)
                try MoveOut(from: place, to: origin).move(member.path.lastComponent, as: path.lastComponent) {
                    () throws(Fault) in
                    let purging = try Purging(trash: trash).begin(batch: batch.name)
                    remains.append(purging.path.lastComponent)
                    return purging
                }
                done.append((place, member.path.lastComponent, origin, path))
                try compare(member, at: path, in: origin, from: place)
                for directory in made.reversed() { try directory.finish() }
                try touch(origin)
                try touch(place)
            }
        } catch {
            // Where even that fails, recovery goes on towards the origin.
            for step in done.reversed() {
                do throws(Fault) {
                    try step.origin.rename(step.path.lastComponent, to: step.place, as: step.name)
                } catch {
                    break
                }
            }
            throw error
        }
        Progress.step()
        return item.inBatch.map { target(of: $0, item, as: newName) }
    }

    /// Looks whether it was the right object (invariant 3). Another one at its origin now is a stranger that we moved
    /// only if our own still lies in the batch; otherwise somebody was there after us, and it is his.
    private func compare(
        _ member: Backup.Member, at path: Bytes, in origin: Directory, from place: Directory
    ) throws(Fault) {
        let object = try origin.object(of: path.lastComponent)
        if object == nil || object == member.object { return }
        for entry in try place.entries() where entry.inode == member.inode {
            guard try place.object(of: entry.name) == member.object else { continue }
            throw Fault(
                .damaged, "'\(member.path.display)' in the trash became another object while it was moved",
                hint: "somebody replaced it; look at it, and move it by hand", path: path)
        }
    }

    private mutating func files(of batch: Batch) throws(Fault) -> Directory {
        if let source, source.batch == batch.name { return source.files }
        let files = try batch.files()
        sources = OpenPlaces()
        source = (batch.name, files)
        return files
    }

    /// What was renamed is on stable storage when this returns.
    package mutating func sync() throws(Fault) {
        for (_, place) in touched where try place.sync() == .wholeFileSystem { break }
        touched = [:]
        // Second names that were given up; where they cannot be unlinked now, the next purge does it.
        guard !remains.isEmpty else { return }
        _ = Purging(trash: trash).unlink(remains)
        remains = []
    }

    private mutating func touch(_ place: Directory) throws(Fault) {
        if touched.count >= Self.mostTouched { try sync() }
        touched[place.path] = place
    }

    /// Side files keep their relation to the new name: `new` and `new.sha256`.
    private func target(of member: Backup.Member, _ item: Batch.Item, as newName: Bytes?) -> Bytes {
        let name = Self.name(of: member, item, as: newName)
        return directory == nil ? member.path.parent.appending(name) : name
    }

    static func name(of member: Backup.Member, _ item: Batch.Item, as newName: Bytes?) -> Bytes {
        let name = member.path.lastComponent
        let old = item.backup.path.lastComponent
        guard let newName, name.hasPrefix(old) else { return name }
        return newName + name.dropFirst(old.count)
    }

    // MARK: Directories made again

    /// A directory made again, which gets its mode last: in one that its owner may not write nothing could be put.
    private struct Made {
        var directory: MadeDirectory
        var mode: UInt32

        func finish() throws(Fault) { try directory.setMode(mode) }
    }

    /// Makes missing directories again as the manifest recorded them. Whoever stops before they are finished leaves
    /// them closed for others (0700).
    private mutating func ensure(
        _ path: Bytes, _ manifest: Manifest?, _ made: inout [Made]
    ) throws(Fault) -> Directory {
        do {
            return try origins.opened(path, below: trash.root)
        } catch {
            guard error.errno == Errno.ENOENT, !path.isEmpty else { throw error }
        }
        let parent = try ensure(path.parent, manifest, &made)
        let recorded = manifest?.parents.first { Bytes(text: $0.path, raw: $0.pathRaw) == path }
        let (directory, fresh) = try parent.openOrMake(path.lastComponent, mode: 0o700)
        // Somebody made it at this moment: it is as they want it.
        guard let fresh else { return directory }
        // Not as root we cannot give it away; then it is ours, and readable as before.
        if let recorded, Surroundings.isRoot { try fresh.setOwner(uid: recorded.uid, gid: recorded.gid) }
        made.append(Made(directory: fresh, mode: recorded.map { $0.mode & 0o7777 } ?? 0o750))
        try parent.sync()
        return directory
    }
}
