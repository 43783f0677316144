internal import Model

/// SAP HANA: `PREFIX_databackup_0_1`, a file a volume and part; of a delta backup
/// `PREFIX_databackup_incremental_FROM_TO_0_1` (or `differential`), and of the log `log_backup_2_0_1_2.ID`. Ids are
/// milliseconds since 1970.
///
/// The time of a full one is only in a prefix that a person chose; without one its next run writes over it, and it is
/// left alone. Words for the kind are not part of the series, nor is it whether the directory is `data` or `log`: logs
/// stay as long as the full backup before them. (Names as in SAP's administration guide.)
struct SAPHana: Layout {
    let guide = LayoutGuide(
        tool: "SAP HANA",
        names: "2026_11_23_COMPLETE_DATA_BACKUP_databackup_0_1, …_databackup_incremental_ID_ID_0_1, "
            + "log_backup_2_0_1_2.1795741200000",
        kind: "`incremental`, `differential` behind `databackup`; `log_backup` is log",
        chain: "incremental: everything back to the last full; differential: the last full; "
            + "log: stays as long as the full before it")

    private struct File {
        var prefix = ArraySlice<UInt8>()
        var kind = Backup.Kind.full
        /// Of a delta or log backup.
        var time: Timestamp?
        var set: Bytes
    }

    var signs: [Bytes] { ["log_backup_", "databackup"] }

    func claim(in listing: inout Listing) {
        var parts: [(index: Int, part: Listing.SetPart)] = []
        var directory: Bytes?
        for index in listing.entries.indices where listing.entries[index].name.storage.last?.isDigit == true {
            guard listing.isCandidate(index), listing.entries[index].isFile,
                let file = Self.file(listing.entries[index].name)
            else { continue }
            var (time, ambiguity, pattern) = (file.time, TimeAmbiguity?.none, SeriesKey.escaped(Bytes(file.prefix)))
            switch listing.parser.read(Bytes(file.prefix)) {
            case .time(let named, let found, let uncertain):
                pattern = found
                if time == nil { (time, ambiguity) = (named, uncertain) }
            case .refused(let why) where time == nil: listing.remark(index, why)
            case .refused, .none: break
            }
            guard let time else {
                listing.leave(index, "no date in its prefix: HANA writes over it at the next backup")
                continue
            }
            let place = directory ?? Self.place(listing.directory)
            directory = place
            let found = Claim.Found(
                series: place.appending(Self.withoutKind(pattern) + "*"), time: time, by: name, ambiguity: ambiguity,
                kind: file.kind, contents: Contents(tool: name))
            parts.append((index, .init(set: file.set, found: found)))
        }
        listing.claimSets(parts)
    }

    // MARK: Series

    /// The directory as part of a key, with a star where it says `data` or `log`.
    private static func place(_ directory: Bytes) -> Bytes {
        var steps = directory.components.map(SeriesKey.escaped)
        if let at = steps.lastIndex(where: { ["data", "log", "logs", "catalog"].contains($0) }) { steps[at] = "*" }
        return steps.reduce(Bytes()) { $0.appending($1) }
    }

    private static let words: Set<Bytes> = [
        "complete", "data", "backup", "full", "incremental", "incr", "inc", "differential", "diff", "delta", "hourly",
        "daily", "weekly", "monthly", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    ]

    /// What is left of a prefix without times and words for the kind: it tells systems apart.
    private static func withoutKind(_ pattern: Bytes) -> Bytes {
        let joints = Array("_-. *".utf8)
        let left = pattern.storage.split { joints.contains($0) }.filter { word in
            !words.contains(Bytes(word.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }))
        }
        return Bytes(left.joined(separator: [UInt8(ascii: "_")]))
    }

    // MARK: Names

    private static func file(_ name: Bytes) -> File? {
        var tail = NameTail(name)
        if name.hasPrefix("log_backup_") {
            guard let id = tail.digits(13...13), tail.drop(".") else { return nil }
            let numbers = tail.rest.dropFirst(11).split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
            guard numbers.count >= 2, numbers.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isDigit) }) else {
                return nil
            }
            return File(kind: .log, time: time(tail.number(id)), set: name)
        }
        guard tail.digits(1...9) != nil, tail.drop("_"), tail.digits(1...9) != nil, tail.drop("_") else { return nil }
        let set = Bytes(tail.rest)
        var ids: [UInt64] = []
        while ids.count < 2, let id = tail.digits(13...13) {
            guard tail.drop("_") else { return nil }
            ids.append(tail.number(id))
        }
        let isIncremental = tail.drop("databackup_incremental") || tail.drop("databackup_incremental_")
        let isDifferential =
            !isIncremental && (tail.drop("databackup_differential") || tail.drop("databackup_differential_"))
        guard isIncremental || isDifferential || tail.drop("databackup") else { return nil }
        if !tail.rest.isEmpty, !tail.drop("_") { return nil }
        return File(
            prefix: tail.rest, kind: isIncremental ? .incremental : isDifferential ? .differential : .full,
            time: ids.first.flatMap(time), set: set)
    }

    /// From 2001 to 2100.
    private static func time(_ milliseconds: UInt64) -> Timestamp? {
        (1_000_000_000_000..<4_102_444_800_000).contains(milliseconds)
            ? Timestamp(nanoseconds: Int64(milliseconds) * 1_000_000) : nil
    }
}
