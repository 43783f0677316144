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
        /// Names in the batch that hold another object than the manifest says: strangers, never touched.
        package var strangers: [Bytes] = []

        package var isWhole: Bool { inBatch.count == backup.members.count }
        /// Whether the backup itself is here; a side file may be gone.
        package var holdsPrimary: Bool { inBatch.contains { $0.path == backup.path } }
        package var isHalfBack: Bool { !inBatch.isEmpty && !atOrigin.isEmpty }
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
            batch.items.append(stand(backup, item.decision.reasons, in: batch, &places))
        }
        return batch
    }

    private func stand(_ backup: Backup, _ reasons: [String], in batch: Batch, _ places: inout OpenPlaces) -> Batch.Item
    {
        var item = Batch.Item(backup: backup, reasons: reasons)
        for member in backup.members {
            let below = Self.filesName.appending(member.path)
            if let seen = places.sighting(of: below, below: batch.directory) {
                if seen.object == member.object { item.inBatch.append(member) } else { item.strangers.append(below) }
            }
            if places.sighting(of: member.path, below: root)?.object == member.object { item.atOrigin.append(member) }
        }
        return item
    }
}

/// Directories opened once for many names; a bounded number at a time.
struct OpenPlaces {
    private var open: [Key: Directory?] = [:]

    private struct Key: Hashable {
        var root: Int32
        var path: Bytes
    }

    /// What stands at a path; `nil` for nothing, and for what cannot be looked at.
    mutating func sighting(of path: Bytes, below root: Directory) -> Sighting? {
        guard let place = place(path.parent, below: root) else { return nil }
        return (try? place.sighting(of: path.lastComponent)) ?? nil
    }

    mutating func place(_ path: Bytes, below root: Directory) -> Directory? {
        let key = Key(root: root.descriptor, path: path)
        if let known = open[key] { return known }
        if open.count >= 64 { open = [:] }
        let place = try? root.open(path)
        open[key] = .some(place)
        return place
    }
}
