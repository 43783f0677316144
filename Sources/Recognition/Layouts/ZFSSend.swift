internal import Model

/// Streams of `zfs send` in files: `tank_home@2026-11-22.zfs.gz` is a full one, and
/// `tank_home@2026-11-22--2026-11-23.zfs.gz` what changed between two snapshots. There is no tool behind these names;
/// two snapshots are told by their being alike and one behind the other. Names without `@` (`tank-2026-11-22.zfs`) say
/// less: there a range counts only where the full stream that it begins with lies beside it. A stream that is not
/// compressed says in its first record which snapshot it needs (`fromguid` in OpenZFS's `zfs_ioctl.h`), and that
/// counts.
struct ZFSSend: Layout {
    let guide = LayoutGuide(
        tool: "zfs send",
        names:
            "tank_home@2026-11-22.zfs.gz, tank_home@2026-11-22--2026-11-23.zfs.gz, "
            + "tank-2026-11-22_2026-11-23.zfs beside tank-2026-11-22.zfs",
        kind: "two snapshots in the name, or `fromguid` in the stream, make it incremental",
        chain: "the stream that ends at the first of its two snapshots")

    private static let packers: [Bytes] = [".gz", ".zst", ".xz", ".lz4", ".bz2", ".lzo"]
    private static let ciphers: [Bytes] = [".gpg", ".age", ".enc"]
    private static let streams: [Bytes] = [".zfs", ".zstream", ".zfsstream", ".zsend"]
    private static let joints: [Bytes] = ["--", "_to_", "-to-", "..", "-", "_", "~", "@", "+", ","]
    private static let at = UInt8(ascii: "@")

    var signs: [Bytes] { Self.streams }

    func claim(in listing: inout Listing) {
        var ranges: [Difference] = []
        for index in listing.entries.indices where listing.isCandidate(index) && listing.entries[index].isFile {
            guard let stem = Self.stem(listing.entries[index].name) else { continue }
            let at = stem.firstIndex(of: Self.at) ?? stem.startIndex
            let isNamed = at > stem.startIndex
            let snapshots = isNamed ? stem[(at + 1)...] : stem
            if isNamed, let (first, last) = Self.halves(snapshots, listing.parser),
                case .time(let time, _, let ambiguity) = listing.parser.read(Bytes(last))
            {
                claim(index, stem[..<at], from: first, to: last, time: time, ambiguity: ambiguity, listing: &listing)
                continue
            }
            if !isNamed, let range = Self.range(index, stem, &listing) { ranges.append(range) }
            guard Self.dates(in: snapshots) < 2 else {
                listing.leave(index, "it has two dates, and nothing tells which snapshot it needs")
                continue
            }
            if isNamed, case .time(let time, _, let ambiguity) = listing.parser.read(Bytes(snapshots)) {
                claim(index, stem[..<at], from: nil, to: snapshots, time: time, ambiguity: ambiguity, listing: &listing)
            }
        }
        if !ranges.isEmpty { claim(ranges, &listing) }
    }

    private func claim(
        _ index: Int, _ dataset: ArraySlice<UInt8>, from first: ArraySlice<UInt8>?, to last: ArraySlice<UInt8>,
        time: Timestamp, ambiguity: TimeAmbiguity?, listing: inout Listing
    ) {
        // A full stream often lies beside the directory of the others.
        let directory =
            Self.kinds.contains(listing.directory.lastComponent) ? listing.directory.parent : listing.directory
        func token(_ snapshot: ArraySlice<UInt8>) -> Token {
            Token("snapshot", directory.appending(Bytes(dataset + [Self.at] + snapshot)).display)
        }
        var contents = Contents(tool: name)
        contents.provides = [token(last)]
        if let first { contents.needs = [.exactly(token(first))] }
        listing.claim(
            index,
            as: .backup(
                .init(
                    series: listing.key(of: dataset, then: "@*"), time: time, by: name, ambiguity: ambiguity,
                    kind: first == nil ? .full : .incremental, contents: contents)))
    }

    // MARK: tank-2026-11-22_2026-11-23.zfs

    /// A stream that has no `@` in its name, and two dates.
    private struct Difference {
        var index: Int
        var head: Bytes
        var first: Bytes
        var last: Bytes
        var time: Timestamp
        var ambiguity: TimeAmbiguity?
    }

    private struct Snapshot: Hashable {
        var head: Bytes
        var date: Bytes
    }

    /// Each range that begins with a full stream of its head, or with a range that does.
    private func claim(_ ranges: [Difference], _ listing: inout Listing) {
        // What lies in the directory of a day has no other day to begin with.
        guard DateSteps(listing.directory) == nil else { return }
        let wanted = Set(ranges.map { Snapshot(head: $0.head, date: $0.first) })
        var series: [Snapshot: Bytes] = [:]
        let fulls = fulls(wanted, &listing)
        for (_, snapshot, found) in fulls { series[snapshot] = series[snapshot] ?? found.series }
        // A range ends behind its beginning: what provides that comes before it.
        var sure: Set<Snapshot> = []
        for range in ranges.sorted(by: { ($0.time, $0.index) < ($1.time, $1.index) }) {
            let (from, to) = (
                Snapshot(head: range.head, date: range.first), Snapshot(head: range.head, date: range.last)
            )
            guard let key = series[from] else { continue }
            sure.insert(from)
            series[to] = series[to] ?? key
            var contents = Contents(tool: name)
            contents.provides = [token(to, listing)]
            contents.needs = [.exactly(token(from, listing))]
            listing.claim(
                range.index,
                as: .backup(
                    .init(
                        series: key, time: range.time, by: name, ambiguity: range.ambiguity, kind: .incremental,
                        contents: contents)))
        }
        for (index, snapshot, found) in fulls where sure.contains(snapshot) {
            var found = found
            found.contents.provides = [token(snapshot, listing)]
            listing.claim(index, as: .backup(found))
        }
    }

    /// The full streams that ranges begin with; their series are those that they have without any range.
    private func fulls(
        _ wanted: Set<Snapshot>, _ listing: inout Listing
    ) -> [(index: Int, snapshot: Snapshot, found: Claim.Found)] {
        var fulls: [(index: Int, snapshot: Snapshot, found: Claim.Found)] = []
        let lengths = Set(wanted.map(\.date.count)).sorted()
        for index in listing.entries.indices where listing.isCandidate(index) && listing.entries[index].isFile {
            guard let stem = Self.stem(listing.entries[index].name) else { continue }
            let snapshot = lengths.lazy.filter { $0 < stem.count }
                .map { Snapshot(head: Bytes(stem.dropLast($0)), date: Bytes(stem.suffix($0))) }
                .first { wanted.contains($0) }
            guard let snapshot, case .time(let time, let pattern, let ambiguity) = listing.parser.read(Bytes(stem)),
                case .time(_, let whole, _) = listing.parser.read(listing.entries[index].name),
                pattern == SeriesKey.escaped(snapshot.head) + "*"
            else { continue }
            fulls.append(
                (
                    index, snapshot,
                    .init(
                        series: listing.key(Backup.seriesWithoutPacker(whole)), time: time, by: name,
                        ambiguity: ambiguity,
                        contents: Contents(tool: name))
                ))
        }
        return fulls
    }

    private func token(_ snapshot: Snapshot, _ listing: Listing) -> Token {
        Token("snapshot", listing.directory.appending(snapshot.head + snapshot.date).display)
    }

    private static func range(_ index: Int, _ stem: ArraySlice<UInt8>, _ listing: inout Listing) -> Difference? {
        guard dates(in: stem) == 2, let (head, first, last, time, ambiguity) = range(stem, &listing.parser) else {
            return nil
        }
        return Difference(index: index, head: head, first: first, last: last, time: time, ambiguity: ambiguity)
    }

    /// Two dates of one length and one pattern, which is a date and nothing else, and a joint between them.
    private static func range(
        _ stem: ArraySlice<UInt8>, _ parser: inout NameTimeParser
    ) -> (head: Bytes, first: Bytes, last: Bytes, time: Timestamp, ambiguity: TimeAmbiguity?)? {
        for joint in ["_to_", "..", "_"] as [Bytes] {
            // From `20261122` to `2026-11-22T01:00:00+01:00`.
            for length in 8...25 where stem.count > 2 * length + joint.count {
                let last = stem.suffix(length)
                let before = stem.dropLast(length)
                guard before.suffix(joint.count).elementsEqual(joint.storage) else { continue }
                let first = before.dropLast(joint.count).suffix(length)
                let head = before.dropLast(joint.count + length)
                if head.last?.isDigit ?? true { continue }
                guard case .time(let a, "*", _) = parser.read(Bytes(first)),
                    case .time(let b, "*", let ambiguity) = parser.read(Bytes(last)), a < b
                else { continue }
                return (Bytes(head), Bytes(first), Bytes(last), b, ambiguity)
            }
        }
        return nil
    }

    private static let kinds: Set<Bytes> = ["full", "inc", "incr", "incremental", "incrementals", "diff"]

    /// The name without what says that it is a stream; `nil`: it is none.
    private static func stem(_ name: Bytes) -> ArraySlice<UInt8>? {
        var tail = NameTail(name)
        tail.drop(oneOf: ciphers)
        tail.drop(oneOf: packers)
        guard tail.drop(oneOf: streams) != nil, !tail.rest.isEmpty else { return nil }
        return tail.rest
    }

    /// Two snapshots of one length and one pattern, and a joint between them.
    private static func halves(
        _ text: ArraySlice<UInt8>, _ parser: NameTimeParser
    ) -> (ArraySlice<UInt8>, ArraySlice<UInt8>)? {
        var parser = parser
        for joint in joints where text.count > joint.count && (text.count - joint.count).isMultiple(of: 2) {
            let length = (text.count - joint.count) / 2
            let (first, last) = (text.prefix(length), text.suffix(length))
            guard text[first.endIndex...].starts(with: joint.storage) else { continue }
            let readings = (parser.read(Bytes(first)), parser.read(Bytes(last)))
            if case (.time(let a, let one, _), .time(let b, let other, _)) = readings, one == other, a < b {
                return (first, last)
            }
        }
        return nil
    }

    /// How many dates stand in it.
    private static func dates(in text: ArraySlice<UInt8>) -> Int {
        func digits(_ at: Int) -> Int { text[min(at, text.endIndex)...].prefix { $0.isDigit }.count }
        var (count, at) = (0, text.startIndex)
        while at < text.endIndex {
            let run = digits(at)
            defer { at += max(run, 1) }
            guard run >= 4, [19, 20].contains(Int(text[at] - 0x30) * 10 + Int(text[at + 1] - 0x30)) else { continue }
            if [8, 12, 14].contains(run) || run == 4 && digits(at + 5) == 2 && digits(at + 8) >= 2 { count += 1 }
        }
        return count
    }

    // MARK: The first record

    /// A package of several streams (`-R`) names behind its first record what it is relative to, if anything. Where the
    /// name gives two snapshots, it counts for the link: the stream before it may be compressed and show no number.
    func read(_ unit: UnitContents) -> Contents? {
        let head = unit.head
        guard !unit.isDirectory, head.count >= 56 else { return nil }
        func number(_ at: Int, isBig: Bool) -> UInt64 {
            let bytes = head[at..<(at + 8)]
            return isBig
                ? bytes.reduce(0) { $0 << 8 | UInt64($1) } : bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        guard let isBig = [false, true].first(where: { number(8, isBig: $0) == 0x2_F5BA_CBAC }),
            head[..<4].allSatisfy({ $0 == 0 })
        else { return nil }
        var contents = Contents(tool: name, file: unit.name.display)
        guard number(16, isBig: isBig) & 3 == 1 else {
            if head[...].first(of: "fromsnap") != nil {
                (contents.kind, contents.said) = (.incremental, "a package of incremental streams")
            }
            return contents
        }
        let (to, from) = (number(40, isBig: isBig), number(48, isBig: isBig))
        contents.provides = [Token("guid", String(to, radix: 16))]
        contents.kind = from == 0 ? .full : .incremental
        contents.said = from == 0 ? "a full stream" : "a stream from snapshot \(String(from, radix: 16))"
        if from != 0, !Self.namesTwo(unit.name) { contents.needs = [.exactly(Token("guid", String(from, radix: 16)))] }
        return contents
    }

    private static func namesTwo(_ name: Bytes) -> Bool {
        guard let stem = stem(name) else { return false }
        var parser = NameTimeParser(zone: .utc)
        guard let at = stem.firstIndex(of: Self.at) else { return range(stem, &parser) != nil }
        return halves(stem[(at + 1)...], parser) != nil
    }
}
