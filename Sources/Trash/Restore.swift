internal import Disk
package import Model

/// Puts a backup back where it was. Under the vault's lock:
///
///     prepare │ (reprieved mark │ audit intent) │ move
///
/// If we stop within move, part of the members are at their origin: recovery goes on towards the origin (invariant 1).
package struct Restoring {
    private let trash: TrashDirectory

    package init(trash: TrashDirectory) { self.trash = trash }

    /// Whether it can be put back; throws the reason where it cannot. Nothing is changed.
    package func prepare(_ item: Batch.Item, as newName: Bytes? = nil) throws(Fault) {
        for member in item.inBatch {
            let path = target(of: member, item, as: newName)
            guard let parent = try? trash.root.open(path.parent) else { continue }
            if try parent.sighting(of: path.lastComponent) != nil {
                throw Fault(
                    .failed, "could not restore '\(member.path.display)': the name is taken",
                    hint: "move the newer one away, or restore under another name with --as NAME", path: path)
            }
        }
        for stranger in item.strangers {
            throw Fault(
                .damaged,
                "refused '\(stranger.display)' in batch \(item.backup.trashed?.batch ?? ""): it is not the object that was condemned",
                hint: "somebody replaced it; look at it, and move it by hand", path: stranger)
        }
    }

    /// Renames the members back and makes it durable. Answers where they are now.
    package func move(_ item: Batch.Item, from batch: Batch, as newName: Bytes? = nil) throws(Fault) -> [Bytes] {
        let files = try batch.directory.open(TrashDirectory.filesName)
        var done: [Bytes] = []
        for member in item.inBatch {
            let path = target(of: member, item, as: newName)
            let origin = try ensure(path.parent, batch.manifest)
            let place = try files.open(member.path.parent)
            try place.moveOut(member.path.lastComponent, to: origin, as: path.lastComponent) { () throws(Fault) in
                try Purging(trash: trash).begin(batch: batch.name)
            }
            try origin.sync()
            try place.sync()
            done.append(path)
        }
        return done
    }

    /// Side files keep their relation to the new name: `new` and `new.sha256`.
    private func target(of member: Backup.Member, _ item: Batch.Item, as newName: Bytes?) -> Bytes {
        guard let newName else { return member.path }
        let old = item.backup.path.lastComponent
        let name = member.path.lastComponent
        let renamed = name.hasPrefix(old) ? newName + name.dropFirst(old.count) : name
        return member.path.parent.appending(renamed)
    }

    /// Makes missing directories again as the manifest recorded them.
    private func ensure(_ path: Bytes, _ manifest: Manifest?) throws(Fault) -> Directory {
        do {
            return try trash.root.open(path)
        } catch {
            guard error.errno == 2, !path.isEmpty else { throw error }
        }
        let parent = try ensure(path.parent, manifest)
        let recorded = manifest?.parents.first { Bytes(text: $0.path, raw: $0.pathRaw) == path }
        let made = try parent.ensureDirectory(path.lastComponent, mode: 0o700)
        if let recorded {
            // Not as root we cannot give it away; then it is ours, and readable as before.
            if Surroundings.isRoot { try made.setOwner(uid: recorded.uid, gid: recorded.gid) }
            try made.setMode(recorded.mode & 0o7777)
        } else {
            try made.setMode(0o750)
        }
        try parent.sync()
        return made
    }
}
