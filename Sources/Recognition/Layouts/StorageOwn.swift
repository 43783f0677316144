internal import Model

/// What a NAS, a file system or a desktop puts into a share of its own accord: read-only views of earlier times, what
/// people deleted, thumbnails. Never looked into: a snapshot shows every backup a second time.
struct StorageOwn: Layout {
    let guide = LayoutGuide(
        tool: "the storage system",
        names: "`#snapshot/`, `@Recently-Snapshot/`, `.snapshots/`, `@Recycle/`, `@eaDir/`, …",
        kind: "left alone as a whole", chain: "none", complete: "not looked at", prunes: "the storage system")

    private static let snapshots: Set<Bytes> = [
        "@Recently-Snapshot", "#snapshot", "~snapshot", ".snapshot", ".snapshots", ".zfs", ".ckpt", "@GMT-Snapshots",
    ]
    private static let trash: Set<Bytes> = [
        "@Recycle", "#recycle", "$RECYCLE.BIN", "RECYCLER", ".Trashes", ".recycle",
    ]
    private static let others: Set<Bytes> = [
        "@eaDir", "@tmp", "@__thumb", ".@__thumb", ".stversions", ".stfolder", "lost+found",
        "System Volume Information",
        ".Spotlight-V100", ".fseventsd", ".DocumentRevisions-V100", ".TemporaryItems", ".AppleDB", ".AppleDouble",
        ".AppleDesktop",
    ]

    func claim(in listing: inout Listing) {
        for index in listing.entries.indices where listing.isOpen(index) {
            if let why = Self.why(listing.entries[index].name) { listing.leave(index, why) }
        }
    }

    private static func why(_ name: Bytes) -> String? {
        // Nearly every name is told by its first byte.
        guard let first = name.storage.first, Array("@#~.$lSR".utf8).contains(first), name.count <= 32 else {
            return nil
        }
        if snapshots.contains(name) { return "snapshots of the storage system: it removes them itself" }
        if trash.contains(name) || name.hasPrefix(".Trash-") {
            return "the trash of the storage system: what was deleted"
        }
        return others.contains(name) ? "the storage system's own" : nil
    }
}
