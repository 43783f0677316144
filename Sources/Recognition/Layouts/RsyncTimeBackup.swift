internal import Model

/// rsync-time-backup: `2026-11-23-010000/` beside `backup.marker`, each a whole view. `backup.inprogress` lies there
/// while the script works, and stays when rsync had errors: the newest directory is not finished then. The next run
/// gives it a new date and goes on with it (`rsync_tmbackup.sh`).
struct RsyncTimeBackup: Layout {
    let guide = LayoutGuide(
        tool: "rsync-time-backup", names: "2026-11-23-010000/ beside backup.marker",
        complete: "no `backup.inprogress` lies beside it, or a newer one is there")

    private static let pattern = NamePattern("%Y-%m-%d-%H%M%S")
    private static let progress: Bytes = "backup.inprogress"

    func claim(in listing: inout Listing) {
        guard let mark = listing.index(of: Self.progress), listing.entries[mark].isFile, listing.isOpen(mark) else {
            return
        }
        // The last one by name is the newest.
        let newest = listing.entries.indices.last { index in
            listing.entries[index].isDirectory && listing.isOpen(index)
                && Self.pattern.match(listing.entries[index].name) != nil
        }
        guard let newest, let time = Self.pattern.match(listing.entries[newest].name)?.time else { return }
        var contents = Contents(tool: name, file: Self.progress.display)
        contents.outcome = .running
        contents.why = "'backup.inprogress' lies beside it: rsync-time-backup is at work, or its last run failed"
        listing.claim(
            newest,
            as: .backup(.init(series: listing.key("*"), time: listing.instant(of: time), by: name, contents: contents)))
        listing.leave(mark, "the sign of rsync-time-backup that it is at work, or that its last run failed")
    }
}
