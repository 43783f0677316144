internal import Model

/// A mirror with the way back to older states in `rdiff-backup-data/`: an older one needs every newer increment and the
/// mirror, so all of the directory is one thing. Seen with rdiff-backup 2.2.
extension Repository {
    static let rdiffBackup = Repository(
        "rdiff-backup", names: "a directory with `rdiff-backup-data/` in it",
        prunes: "rdiff-backup remove increments --older-than AGE DIR"
    ) { place in
        if place.hasDirectory("rdiff-backup-data") { return true }
        // That directory itself.
        return place.contains { $0.hasPrefix(current) }
            || (place.has("increments") && place.contains { $0.hasPrefix(metadata) })
    }

    private static let current: Bytes = "current_mirror."
    private static let metadata: Bytes = "mirror_metadata."
}
