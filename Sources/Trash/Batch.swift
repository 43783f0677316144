package import Disk
package import Model

/// A batch as it stands on disk: its manifest, and which of its items are really there.
package struct Batch: Sendable {
    package let name: String
    /// `nil`: it has no manifest that can be read; then nothing of it is purged, and `problem` says why.
    package let manifest: Manifest?
    package let manifestHash: String
    package let problem: String?
    package let directory: Directory
    package var items: [Item] = []

    /// One item, and where its members are. The disk tells, by object and not by path (invariant 3).
    package struct Item: Sendable {
        package let backup: Backup
        package let reasons: [String]
        /// Members whose object is in the batch.
        package var inBatch: [Backup.Member] = []
        /// Members whose object is at its origin.
        package var atOrigin: [Backup.Member] = []
        /// Members that a restore under another name left beside the origin, and where.
        package var beside: [Bytes] = []
        /// Names in the batch that hold another object than the manifest says: strangers, never touched.
        package var strangers: [Bytes] = []

        /// Whether the backup itself is here; a side file may be gone.
        package var holdsPrimary: Bool { inBatch.contains { $0.path == backup.path } }
        package var isHalfBack: Bool { !inBatch.isEmpty && !(atOrigin.isEmpty && beside.isEmpty) }
    }
}

extension TrashDirectory {
    private static let manifestLimit = 1 << 28

    /// All batches, oldest first.
    package func batches() throws(Fault) -> [Batch] {
        var found: [Batch] = []
        for name in try batchNames() {
            if let batch = try batch(named: name) { found.append(batch) }
        }
        return found
    }

    /// `nil`: there is none of that name.
    package func batch(named name: String) throws(Fault) -> Batch? {
        let directory: Directory
        do {
            directory = try self.directory.open(Bytes(name))
        } catch {
            if error.errno == 2 { return nil }
            throw error
        }
        guard let bytes = try directory.read(Self.manifestName, limit: Self.manifestLimit) else {
            return Batch(
                name: name, manifest: nil, manifestHash: "", problem: "it has no manifest", directory: directory)
        }
        let hash = Manifest.hash(bytes)
        guard let manifest = try? Manifest(decoding: bytes), manifest.format == Manifest.currentFormat,
            manifest.batch == name
        else {
            return Batch(
                name: name, manifest: nil, manifestHash: hash, problem: "its manifest cannot be read",
                directory: directory)
        }
        var batch = Batch(name: name, manifest: manifest, manifestHash: hash, problem: nil, directory: directory)
        var places = OpenPlaces()
        for item in manifest.items {
            guard let backup = item.backup(in: manifest) else { continue }
            batch.items.append(try stand(backup, item.decision.reasons, in: batch, &places))
        }
        return batch
    }

    /// An error on the trash's side is thrown: what cannot be looked at is not gone. At the origin it only means that
    /// nothing was found there; the survey says which directories it could not read.
    private func stand(
        _ backup: Backup, _ reasons: [String], in batch: Batch, _ places: inout OpenPlaces
    ) throws(Fault) -> Batch.Item {
        var item = Batch.Item(backup: backup, reasons: reasons)
        var missing: [Backup.Member] = []
        for member in backup.members {
            let below = Self.filesName.appending(member.path)
            let seen = try places.sighting(of: below, below: batch.directory)
            if let seen, seen.object == member.object {
                item.inBatch.append(member)
            } else if seen != nil {
                item.strangers.append(below)
            }
            let origin = (try? places.sighting(of: member.path, below: root)) ?? nil
            if origin?.object == member.object {
                item.atOrigin.append(member)
            } else if seen?.object != member.object {
                missing.append(member)
            }
        }
        if !item.inBatch.isEmpty, !missing.isEmpty { item.beside = beside(missing, &places) }
        return item
    }

    /// Members that are in the directory they came from, under another name.
    private func beside(_ members: [Backup.Member], _ places: inout OpenPlaces) -> [Bytes] {
        members.compactMap { member in
            guard let place = places.place(member.path.parent, below: root),
                let entries = try? place.entries(),
                let twin = entries.first(where: { entry in
                    entry.inode == member.inode && (try? place.sighting(of: entry.name))?.object == member.object
                })
            else { return nil }
            return member.path.parent.appending(twin.name)
        }
    }
}

/// Directories opened once for many names; a bounded number at a time.
struct OpenPlaces {
    private var open: [Key: Directory] = [:]

    private struct Key: Hashable {
        var root: Int32
        var path: Bytes
    }

    /// What stands at a path; `nil` for nothing. An error that does not mean "nothing" is thrown.
    mutating func sighting(of path: Bytes, below root: Directory) throws(Fault) -> Sighting? {
        do {
            return try opened(path.parent, below: root).sighting(of: path.lastComponent)
        } catch {
            if error.errno == 2 || error.errno == 20 { return nil }  // ENOENT, ENOTDIR
            throw error
        }
    }

    /// `nil` also where it cannot be opened.
    mutating func place(_ path: Bytes, below root: Directory) -> Directory? {
        try? opened(path, below: root)
    }

    mutating func opened(_ path: Bytes, below root: Directory) throws(Fault) -> Directory {
        let key = Key(root: root.descriptor, path: path)
        if let known = open[key] { return known }
        // A bound on descriptors; most items of a batch lie together.
        if open.count >= 64 { open = [:] }
        let place = try root.open(path)
        open[key] = place
        return place
    }
}
