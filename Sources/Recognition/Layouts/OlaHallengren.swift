internal import Model

/// SQL Server, by the names of Ola Hallengren's scripts: `SQL1/Shop/FULL/SQL1_Shop_FULL_20261123_010000.bak`.
///
/// A DIFF needs the last FULL, whichever directory that is in; `COPY_ONLY` is full and no base. A LOG leads from a full
/// one to any moment behind it. A striped backup is a set: `…_20261123_010000_1.bak`, `…_2.bak`. Backups of the
/// filegroups that can be written to (`PARTIAL`) are a chain of their own. (From the documentation of its
/// `@DirectoryStructure` and `@FileName`.)
struct OlaHallengren: Layout {
    let guide = LayoutGuide(
        tool: "SQL Server (Ola Hallengren's scripts)",
        names: "SQL1/Shop/FULL/SQL1_Shop_FULL_20261123_010000.bak, …/DIFF/…, …/LOG/….trn",
        kind: "FULL, DIFF, LOG in the name; FULL_COPY_ONLY is full and no base",
        chain: "DIFF: the last FULL; LOG: stays as long as the FULL before it")

    private static let tool = "SQL Server"
    private static let packers: [Bytes] = [".gz", ".zst", ".xz", ".7z", ".zip", ".gpg"]
    private static let extensions: [Bytes] = [".bak", ".trn", ".dif", ".sqb", ".safe", ".hbc", ".bkp"]
    private static let kinds: [Bytes] = ["_FULL", "_DIFF", "_LOG"]
    private static let directories: Set<Bytes> = [
        "FULL", "DIFF", "LOG", "FULL_COPY_ONLY", "LOG_COPY_ONLY", "FULL_PARTIAL", "DIFF_PARTIAL",
        "FULL_PARTIAL_COPY_ONLY",
    ]

    private struct File {
        /// Server and database.
        var stem: Bytes
        var kind: Backup.Kind
        var isCopyOnly: Bool
        var isPartial: Bool
        var civil: CivilTime
        var stripe: Int?
        /// The name without stripe and extension.
        var set: Bytes
    }

    var signs: [Bytes] { Self.kinds }

    func claim(in listing: inout Listing) {
        var parts: [(index: Int, part: Listing.SetPart)] = []
        for index in listing.entries.indices where listing.isCandidate(index) && listing.entries[index].isFile {
            guard let file = Self.file(listing.entries[index].name) else { continue }
            var contents = Contents(tool: Self.tool)
            contents.isNoBase = file.isCopyOnly
            if file.kind == .differential { contents.needs = [.lastFull] }
            let found = Claim.Found(
                series: Self.series(of: file, in: listing.directory), time: listing.instant(of: file.civil), by: name,
                kind: file.kind, contents: contents)
            parts.append((index, .init(set: file.set, number: file.stripe, found: found)))
        }
        listing.claimSets(parts, countingFrom: 1)
    }

    /// One series for the directories of all kinds.
    private static func series(of file: File, in directory: Bytes) -> Bytes {
        let own = directories.contains(directory.lastComponent)
        let above = SeriesKey.escaped(own ? directory.parent : directory)
        let pattern = SeriesKey.escaped(file.stem) + (file.isPartial ? "_*_PARTIAL_*" : "_*")
        return (own ? above.appending("*") : above).appending(pattern)
    }

    private static func file(_ name: Bytes) -> File? {
        var tail = NameTail(name)
        tail.drop(oneOf: packers)
        guard tail.drop(oneOf: extensions) != nil else { return nil }
        var stripe: Int?
        var stamp = tail.dateAndTime()
        if stamp == nil {
            guard let digits = tail.digits(1...2), tail.drop("_") else { return nil }
            stripe = Int(tail.number(digits))
            stamp = tail.dateAndTime()
        }
        guard let (civil, range) = stamp, tail.drop("_") else { return nil }
        let isCopyOnly = tail.drop("_COPY_ONLY"), isPartial = tail.drop("_PARTIAL")
        guard let word = tail.drop(oneOf: kinds), !tail.rest.isEmpty else { return nil }
        return File(
            stem: Bytes(tail.rest), kind: word == "_FULL" ? .full : word == "_DIFF" ? .differential : .log,
            isCopyOnly: isCopyOnly, isPartial: isPartial, civil: civil, stripe: stripe,
            set: Bytes(tail.bytes[..<range.upperBound]))
    }
}
