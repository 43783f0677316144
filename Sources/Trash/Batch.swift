package import Disk
package import Model

/// A batch as it stands on disk: its manifest, and which of its items are really there.
package struct Batch: Sendable {
    package let name: String
    /// `nil`: it has no manifest that can be read; then nothing of it is purged, and `problem` says why.
    package let manifest: Manifest?
    package let manifestHash: String
    package let problem: String?
    /// Where it lies. No descriptor of its own is kept: there may be a thousand batches.
    package let trash: TrashDirectory
    package var items: [Item] = []

    package var path: Bytes { trash.directory.path.appending(Bytes(name)) }

    /// `files`, under which the tree of the vault is mirrored.
    package func files() throws(Fault) -> Directory {
        try trash.directory.open(Bytes(name).appending(TrashDirectory.filesName))
    }

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
        package var mismatches: [Bytes] = []

        /// Whether the backup itself is here; a side file may be gone.
        package var holdsPrimary: Bool { inBatch.contains { $0.path == backup.path } }
        package var isHalfBack: Bool { !inBatch.isEmpty && !(atOrigin.isEmpty && beside.isEmpty) }
    }
}

extension TrashDirectory {
    private static let manifestLimit = 1 << 28

    /// All batches, oldest first. `knowing`: as they were a moment ago, so that a manifest that is still the same need
    /// not be taken apart again; where its items are is looked at all the same.
    package func batches(knowing earlier: [Batch] = []) throws(Fault) -> [Batch] {
        let known = Dictionary(earlier.map { ($0.name, $0) }) { first, _ in first }
        var found: [Batch] = []
        for name in try batchNames() {
            if let batch = try batch(named: name, knowing: known[name]) { found.append(batch) }
        }
        return found
    }

    /// `nil`: there is none of that name.
    package func batch(named name: String, knowing earlier: Batch? = nil) throws(Fault) -> Batch? {
        let directory: Directory
        do {
            directory = try self.directory.open(Bytes(name))
        } catch {
            if error.errno == Errno.ENOENT { return nil }
            throw error
        }
        let bytes: Bytes?
        do {
            bytes = try directory.ownFiles.read(Self.manifestName, limit: Self.manifestLimit)
        } catch {
            guard error.code == .unsafe || error.code == .damaged else { throw error }
            return Batch(name: name, manifest: nil, manifestHash: "", problem: error.message, trash: self)
        }
        guard let bytes else {
            return Batch(name: name, manifest: nil, manifestHash: "", problem: "it has no manifest", trash: self)
        }
        var batch = read(bytes, name, knowing: earlier)
        var places = OpenPlaces()
        for n in batch.items.indices { try stand(&batch.items[n], in: directory, &places) }
        return batch
    }

    /// What a manifest says; nothing of where the items are.
    private func read(_ bytes: Bytes, _ name: String, knowing earlier: Batch?) -> Batch {
        let hash = Manifest.hash(bytes)
        if let earlier, earlier.manifestHash == hash { return earlier }
        guard let manifest = try? Manifest(decoding: bytes), manifest.format == Manifest.currentFormat,
            manifest.batch == name
        else {
            return Batch(
                name: name, manifest: nil, manifestHash: hash, problem: "its manifest cannot be read", trash: self)
        }
        var batch = Batch(name: name, manifest: manifest, manifestHash: hash, problem: nil, trash: self)
        batch.items = manifest.items.compactMap { item in
            item.backup(in: manifest).map { Batch.Item(backup: $0, reasons: item.decision.reasons) }
        }
        return batch
    }

    /// An error on the trash's side is thrown: what cannot be looked at is not gone. At the origin it only means that
    /// nothing was found there; the survey says which directories it could not read.
    private func stand(
        _ item: inout Batch.Item, in batch: Directory, _ places: inout OpenPlaces
    ) throws(Fault) {
        (item.inBatch, item.atOrigin, item.beside, item.mismatches) = ([], [], [], [])
        var missing: [Backup.Member] = []
        for member in item.backup.members {
            let below = Self.filesName.appending(member.path)
            let seen = try places.object(of: below, below: batch)
            if let seen, seen == member.object {
                item.inBatch.append(member)
            } else if seen != nil {
                item.mismatches.append(below)
            }
            let origin = (try? places.object(of: member.path, below: root)) ?? nil
            if origin == member.object {
                item.atOrigin.append(member)
            } else if seen != member.object {
                missing.append(member)
            }
        }
        if !item.inBatch.isEmpty, !missing.isEmpty { item.beside = beside(missing, &places) }
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

    /// What stands at a path; `nil` for nothing. An error that does not mean "nothing" is thrown. `known`: what it
    /// probably is, see ``Directory/sighting(of:knownAs:)``.
    mutating func sighting(
        of path: Bytes, below root: Directory, knownAs known: Backup.Member? = nil
    ) throws(Fault) -> Sighting? {
        do {
            return try opened(path.parent, below: root).sighting(of: path.lastComponent, knownAs: known)
        } catch {
            if error.errno == Errno.ENOENT || error.errno == Errno.ENOTDIR { return nil }
            throw error
        }
    }

    /// The object at a path; `nil` for nothing. An error that does not mean "nothing" is thrown.
    mutating func object(of path: Bytes, below root: Directory) throws(Fault) -> ObjectID? {
        do {
            return try opened(path.parent, below: root).object(of: path.lastComponent)
        } catch {
            if error.errno == Errno.ENOENT || error.errno == Errno.ENOTDIR { return nil }
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
