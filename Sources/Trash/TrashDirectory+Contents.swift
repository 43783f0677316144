internal import Disk
package import Model

/// What belongs into a trash.
extension TrashDirectory {
    private static let known: Set<Bytes> = [
        "README", "CACHEDIR.TAG", ".lock", ".spare", "vault.json", "marks.json", "FREEZE",
    ]

    /// Names that neither we nor a person's word put there; never purged.
    package func mismatches() throws(Fault) -> [Bytes] {
        try directory.entries().filter { entry in
            let isBatch = entry.kind == .directory && (entry.name.utf8.map(Self.isBatchName) ?? false)
            let isOurs = Self.known.contains(entry.name) || entry.name.hasPrefix(Self.purgingPrefix)
            // A file that was being replaced when we stopped.
            let isBegun = OwnFiles.name(ofTemporary: entry.name).map(Self.known.contains) ?? false
            return !isBatch && !isOurs && !isBegun
        }.map(\.name).sorted()
    }

    /// The directory in reserve, because a full disk makes none. While a purge goes on it is in use.
    package func hasSpare() throws(Fault) -> Bool {
        if try directory.sighting(of: Self.spareName)?.kind == .directory { return true }
        return try !Purging(trash: self).unfinished().isEmpty
    }

    /// Under the vault's lock.
    package func makeSpare() throws(Fault) {
        _ = try directory.ensureDirectory(Self.spareName, mode: 0o700)
        try directory.sync()
    }
}

extension Batch {
    /// So many are named.
    private static let mostNamed = 100
    /// A tree is not deeper than a path is long.
    private static let deepest = 64

    /// Names in the batch that its manifest does not have, from its own directory. Never purged.
    package func unknownNames() throws(Fault) -> [Bytes] {
        let directory = try trash.directory.open(Bytes(name))
        var found = try directory.entries().map(\.name)
            .filter { $0 != TrashDirectory.manifestName && $0 != TrashDirectory.filesName }
        let members = Set(items.flatMap { $0.backup.members.map(\.path) })
        var ways: Set<Bytes> = [""]
        for member in members {
            var parent = member.parent
            while ways.insert(parent).inserted { parent = parent.parent }
        }
        var open: [(path: Bytes, depth: Int)] = [("", 0)]
        while let (path, depth) = open.popLast(), found.count < Self.mostNamed {
            let place: Directory
            do {
                place = try directory.open(TrashDirectory.filesName.appending(path))
            } catch {
                if error.errno == Errno.ENOENT { continue }  // nothing of it is left
                throw error
            }
            for entry in try place.entries() {
                let below = path.appending(entry.name)
                if members.contains(below) { continue }
                if ways.contains(below), depth < Self.deepest {
                    open.append((below, depth + 1))
                } else {
                    found.append(TrashDirectory.filesName.appending(below))
                }
            }
        }
        return Array(found.sorted().prefix(Self.mostNamed))
    }
}
