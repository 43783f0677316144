package import Model

/// Archives of dar: `BASE.1.dar`, `BASE.2.dar`, … are the slices of one.
///
/// What an archive needs cannot be told from its bytes. A full, a differential and a decremental archive have the same
/// slice header and the same archive header, and `dar -l` says the same of them: which files are saved and which are
/// recorded as deleted stands in the catalogue, compressed and perhaps encrypted at the end of the last slice, and even
/// there a decremental archive looks like a differential one. And the two depend in opposite directions: a differential
/// archive needs an *older* one, a decremental one a *newer* one. So:
///
/// - A name that says `full`, `diff`, `differential`, `inc`, `incr` or `incremental` as a word of its own is taken at
///   its word.
/// - A name that says `dec`, `decr` or `decremental`, or nothing, makes every archive of its directory opaque: it may
///   need any of them. They are listed as one.
/// - A name that ends in `cat` is that of an isolated catalogue, and no backup.
///
/// Anybody who knows that unnamed archives are full ones says so in the configuration.
package struct Dar: Layout {
    package let guide = LayoutGuide(
        tool: "dar", names: "home_2026-11-23_full.1.dar, home_2026-11-24_incr.1.dar, home_2026-11-25_diff.1.dar",
        kind: "`full`, `incr`, `diff` as a word in the name; without one, all archives of the directory are left alone",
        chain: "incr: the one before it; diff: the last full", complete: "no slice is missing",
        prunes: "Reprieve; where a name says no kind, or `decr`: by hand, once `dar -l` shows that nothing needs it")

    package enum Kind: Sendable { case full, differential, incremental, decremental, unsaid }

    package static let prune = "rm BASE.*.dar, once no other archive needs it; decremental ones oldest first"

    /// `nil`: no slice. The number may have leading zeros (`--min-digits`).
    package static func slice(_ name: Bytes) -> (base: Bytes, number: UInt64)? {
        var tail = NameTail(name)
        guard tail.drop(".dar"), let digits = tail.digits(1...18), tail.drop("."), !tail.rest.isEmpty else {
            return nil
        }
        return (Bytes(tail.rest), tail.number(digits))
    }

    /// The word in a name that says it; two different ones say nothing.
    package static func kind(ofBase base: Bytes) -> Kind {
        let said = Set(words(base.storage).compactMap { kinds[Bytes($0.map { $0 | 0x20 })] })
        return said.count == 1 ? said.first ?? .unsaid : .unsaid
    }

    private static func words(_ name: [UInt8]) -> [ArraySlice<UInt8>] {
        name.split { !($0.isLetter && $0 < 0x80) }
    }

    private static let kinds: [Bytes: Kind] = [
        "full": .full, "diff": .differential, "differential": .differential, "inc": .incremental,
        "incr": .incremental, "incremental": .incremental, "dec": .decremental, "decr": .decremental,
        "decremental": .decremental,
    ]

    private static func isCatalogue(_ base: Bytes) -> Bool {
        guard let last = words(base.storage).last, last.endIndex == base.count else { return false }
        return ["cat", "catalog", "catalogue"].contains(Bytes(last.map { $0 | 0x20 }))
    }

    package var signs: [Bytes] { [".dar"] }

    package func claim(in listing: inout Listing) {
        var slices: [(index: Int, base: Bytes, number: UInt64)] = []
        for index in listing.entries.indices {
            let entry = listing.entries[index]
            guard entry.name.storage.last == UInt8(ascii: "r"), entry.isFile, listing.isOpen(index),
                let (base, number) = Self.slice(entry.name)
            else { continue }
            if Self.isCatalogue(base) {
                listing.leave(index, "an isolated catalogue of dar: no backup, and nothing needs it")
            } else {
                slices.append((index, base, number))
            }
        }
        guard !slices.isEmpty else { return }
        let kinds = Dictionary(slices.map { ($0.base, Self.kind(ofBase: $0.base)) }) { first, _ in first }
        if kinds.values.contains(where: { $0 == .decremental || $0 == .unsaid }) {
            leaveAll(slices, &listing)
        } else {
            claim(slices, kinds, &listing)
        }
    }

    private func leaveAll(_ slices: [(index: Int, base: Bytes, number: UInt64)], _ listing: inout Listing) {
        guard let first = slices.min(by: { ($0.base, $0.number, $0.index) < ($1.base, $1.number, $1.index) }) else {
            return
        }
        for slice in slices where slice.index != first.index {
            listing.claim(slice.index, as: .member(of: first.index))
        }
        listing.claim(first.index, as: .skippedEntries(.managed(tool: "dar archive", prune: Self.prune)))
    }

    private func claim(
        _ slices: [(index: Int, base: Bytes, number: UInt64)], _ kinds: [Bytes: Kind], _ listing: inout Listing
    ) {
        var parts: [(index: Int, part: Listing.SetPart)] = []
        for (index, base, number) in slices {
            switch listing.parser.read(base) {
            case .time(let time, let pattern, let ambiguity):
                var found = Claim.Found(
                    series: listing.key(Self.withoutKind(pattern) + ".*.dar"), time: time, by: name,
                    ambiguity: ambiguity,
                    contents: Contents(tool: name))
                switch kinds[base] {
                case .incremental: (found.kind, found.contents.needs) = (.incremental, [.previous])
                case .differential: (found.kind, found.contents.needs) = (.differential, [.lastFull])
                default: break
                }
                parts.append((index, .init(set: base, number: Int(clamping: number), found: found)))
            case .refused(let why): listing.leave(index, why)
            case .none: listing.leave(index, DirectoryReading.undated)
            }
        }
        listing.claimSets(parts, countingFrom: 1)
    }

    /// A pattern with a star where the word for the kind is.
    private static func withoutKind(_ pattern: Bytes) -> Bytes {
        var bytes = pattern.storage
        let found = words(bytes).filter { kinds[Bytes($0.map { $0 | 0x20 })] != nil }
        for word in found.reversed() {
            bytes.replaceSubrange(word.startIndex..<word.endIndex, with: [UInt8(ascii: "*")])
        }
        return Bytes(bytes)
    }

    /// Behind the magic number and ten bytes of label a slice says whether it is the last one (`T`) or not (`N`), where
    /// it was known when it was begun; otherwise (`E`) its last byte says it.
    package func read(_ unit: UnitContents) -> Contents? {
        guard !unit.isDirectory, Self.slice(unit.name) != nil else { return nil }
        let files = ([unit.name] + unit.members).compactMap { name in
            Self.slice(name).map { (number: $0.number, name: name) }
        }
        guard let last = files.max(by: { $0.number < $1.number }) else { return nil }
        let head = last.name == unit.name ? unit.head : unit.head(of: last.name)
        guard head.count > 14, head.starts(with: [0, 0, 0, 0x7B]) else { return nil }
        var contents = Contents(tool: name, file: last.name.display)
        contents.said = "\(files.count) \(files.count == 1 ? "slice" : "slices")"
        switch head[14] {
        case UInt8(ascii: "T"): contents.outcome = .finished
        case UInt8(ascii: "N"):
            (contents.outcome, contents.why) = (.lacking, "slices behind '\(last.name.display)' are missing")
        default: break
        }
        return contents
    }
}
