internal import Model

/// Jenkins thinBackup: `FULL-2026-11-22_01-00/`, and `DIFF-…/` with what changed since the newest full one that is not
/// newer. `backup-completed.info`, empty, is written last in each. A `BACKUPSET_…zip` holds a full one with its
/// differentials and stands alone.
struct ThinBackup: Layout {
    let guide = LayoutGuide(
        tool: "thinBackup", names: "FULL-2026-11-22_01-00/, DIFF-2026-11-23_01-00/, BACKUPSET_…_….zip",
        kind: "FULL, DIFF in the name", chain: "DIFF: the last FULL", complete: "`backup-completed.info` is in it")

    private static let pattern = NamePattern("{kind:FULL|DIFF}-%Y-%m-%d_%H-%M")
    private static let sign: Bytes = "backup-completed.info"

    var signs: [Bytes] { ["FULL-", "DIFF-"] }

    func claim(in listing: inout Listing) {
        for index in listing.entries.indices where listing.isCandidate(index) {
            guard let match = Self.pattern.match(listing.entries[index].name), let time = match.time else { continue }
            let isFull = match["kind"] == "FULL"
            var contents = Contents(tool: name)
            if !isFull { contents.needs = [.lastFull] }
            listing.claim(
                index,
                as: .backup(
                    .init(
                        series: listing.key("*-*"), time: listing.instant(of: time), by: name,
                        kind: isFull ? .full : .differential, contents: contents)))
        }
    }

    func read(_ unit: UnitContents) -> Contents? {
        guard unit.isDirectory, unit.has(Self.sign) else { return nil }
        if let strange = unit.strangeSign(Self.sign, of: name) { return strange }
        var contents = Contents(tool: name, file: Self.sign.display)
        contents.signs = [Self.sign.display]
        return contents
    }
}
