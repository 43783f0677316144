internal import Model

/// backup-manager, method `tarball-incremental`: `host-etc.20261122.master.tar.gz` is a full one and
/// `host-etc.20261123.tar.gz` what changed since the one before it. Without a `.master.` of the same stem, or the list
/// of files that tar goes by (`host-etc.incremental.bin`), a name says nothing. (From its `backup-methods.sh`.)
struct BackupManager: Layout {
    let guide = LayoutGuide(
        tool: "backup-manager", names: "host-etc.20261122.master.tar.gz, host-etc.20261123.tar.gz",
        kind: "`master` in the name is full; the others of a stem that has a master are incremental",
        chain: "everything back to the last master")

    private static let types: [Bytes] = [".tar.gz", ".tar.bz2", ".tar.xz", ".tar.lzma", ".tar.lz", ".tar", ".zip"]
    private static let list: Bytes = ".incremental.bin"

    private struct Archive {
        var stem: Bytes
        var civil: CivilTime
        var isMaster: Bool
    }

    var signs: [Bytes] { [Self.list, ".master"] }

    func claim(in listing: inout Listing) {
        var archives: [(index: Int, archive: Archive)] = []
        var stems: Set<Bytes> = []
        for index in listing.entries.indices where listing.isCandidate(index) && listing.entries[index].isFile {
            let name = listing.entries[index].name
            if let stem = Self.stem(ofList: name) {
                stems.insert(stem)
                listing.leave(index, "the list of files that backup-manager's next incremental archive goes by")
            } else if let archive = Self.archive(name) {
                archives.append((index, archive))
                if archive.isMaster { stems.insert(archive.stem) }
            }
        }
        for (index, archive) in archives where stems.contains(archive.stem) {
            listing.claim(
                index,
                as: .backup(
                    .init(
                        series: listing.key(of: archive.stem.storage, then: ".*"),
                        time: listing.instant(of: archive.civil), by: name,
                        kind: archive.isMaster ? .full : .incremental, contents: Contents(tool: name))))
        }
    }

    private static func stem(ofList name: Bytes) -> Bytes? {
        var tail = NameTail(name)
        _ = tail.drop(".orig")
        return tail.drop(list) && !tail.rest.isEmpty ? Bytes(tail.rest) : nil
    }

    private static func archive(_ name: Bytes) -> Archive? {
        var tail = NameTail(name)
        _ = tail.drop(".gpg")
        guard tail.drop(oneOf: types) != nil else { return nil }
        let isMaster = tail.drop(".master")
        guard let digits = tail.digits(8...8), let civil = CivilTime(digits: tail.bytes[digits]), tail.drop("."),
            !tail.rest.isEmpty
        else { return nil }
        return Archive(stem: Bytes(tail.rest), civil: civil, isMaster: isMaster)
    }
}
