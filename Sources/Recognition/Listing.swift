package import Disk
package import Model

/// The entries of one directory, and what was said of each so far.
package struct Listing: Sendable {
    package struct Entry: Sendable {
        package let name: Bytes
        package let kind: Directory.Entry.Kind
        /// Its writer is not done, by the name.
        package let isTemporary: Bool
        /// The name that it will have when its writer is done, or that of the whole whose first piece it is: to that
        /// series it will belong.
        package fileprivate(set) var finalName: Bytes

        package var isFile: Bool { kind == .file }
        package var isDirectory: Bool { kind == .directory }
    }

    /// Its path in the vault; empty for the vault itself.
    package let directory: Bytes
    /// Names beside the directory of its path whose name says a kind, such as `full` beside `inc`.
    package let siblings: Set<Bytes>
    /// In the order of their names, without `.trash`.
    package private(set) var entries: [Entry]
    package var parser: NameTimeParser
    package private(set) var claims: [Claim?]
    /// Why an entry that nobody claims is left alone, where more is known than "no date in its name".
    package private(set) var remarks: [Int: String] = [:]
    /// Entries that stand for a set: the other files of it are their members.
    package private(set) var sets: Set<Int> = []
    /// What a set lacks, by the entry that stands for it.
    package private(set) var lacking: [Int: String] = [:]
    /// Side files whose owners are found among several entries: which of these are one backup shows when all are
    /// claimed.
    package private(set) var shared: [Int: Sharing] = [:]
    /// Entries that a line of `include` holds: they are not live data.
    private var included: Set<Int> = []
    /// ``directory`` as the beginning of a key.
    private let prefix: [UInt8]

    init(of entries: [Directory.Entry], in directory: Bytes, siblings: Set<Bytes> = [], parser: NameTimeParser) {
        self.directory = directory
        self.siblings = siblings
        self.parser = parser
        prefix = directory.isEmpty ? [] : SeriesKey.escaped(directory).storage + [UInt8(ascii: "/")]
        self.entries = entries.filter { $0.name != ".trash" }.sorted { $0.name < $1.name }.map { entry in
            let isTemporary = TemporaryNames.isTemporary(entry.name)
            return Entry(
                name: entry.name, kind: entry.kind, isTemporary: isTemporary,
                finalName: isTemporary ? TemporaryNames.finalName(of: entry.name) : entry.name)
        }
        claims = Array(repeating: nil, count: self.entries.count)
    }

    /// Marks the entries that these lines hold.
    mutating func include(_ rules: PathRules) {
        guard !rules.isEmpty else { return }
        let (names, isAll) = (directory.components, rules.rule(holding: directory, isDirectory: true) != nil)
        for (index, entry) in entries.enumerated()
        where isAll || rules.rule(entry.name, in: names, isDirectory: entry.isDirectory) != nil {
            included.insert(index)
        }
    }

    func isIncluded(_ index: Int) -> Bool { included.contains(index) }

    package func isOpen(_ index: Int) -> Bool { if case nil = claims[index] { true } else { false } }

    package mutating func claim(_ index: Int, as claim: Claim) { claims[index] = claim }

    package mutating func leave(_ index: Int, _ why: String) { claims[index] = .skippedEntries(.notRecognised(why)) }

    /// Says that an entry stands for a set.
    package mutating func markSet(_ index: Int) { sets.insert(index) }

    /// The owners of a side file: whatever backups these entries turn out to be of.
    package struct Sharing: Hashable, Sendable {
        package var entries: Range<Int>
        /// Its stem has a date, or its directory: backups of one instant may share it. Otherwise only one may own it.
        package var isDated: Bool
    }

    /// A side file that several of these entries, which begin with its stem, may own.
    package mutating func share(_ index: Int, among entries: Range<Int>, isDated: Bool) {
        shared[index] = Sharing(entries: entries, isDated: isDated)
        claims[index] = .member(of: entries.lowerBound)
    }

    /// The first word counts.
    package mutating func remark(_ index: Int, _ why: String) { remarks[index] = remarks[index] ?? why }

    /// The key of a series of this directory; `pattern`: escaped already.
    package func key(_ pattern: Bytes) -> Bytes {
        var key = Bytes()
        key.storage.reserveCapacity(prefix.count + pattern.count)
        key.storage += prefix
        key.storage += pattern.storage
        return key
    }

    /// Whether the entry has no claim yet, is a file or a directory, and is not temporary.
    package func isCandidate(_ index: Int) -> Bool {
        isOpen(index) && !entries[index].isTemporary && (entries[index].isFile || entries[index].isDirectory)
    }

    /// The key of a series of this directory: the final name of an entry with `*` for each of these ranges, which may
    /// come in any order and must not overlap.
    package func key(of index: Int, without ranges: [Range<Int>]) -> Bytes {
        key(
            SeriesKey.pattern(
                entries[index].finalName.storage, without: ranges.sorted { $0.lowerBound < $1.lowerBound }))
    }

    /// The instant of a date and time on the vault's wall clock.
    package mutating func instant(of civil: CivilTime) -> Timestamp { parser.instant(of: civil) }

    // MARK: Sets

    /// One file of a backup that is made of several.
    package struct SetPart {
        /// The same for all files of one backup of this directory.
        package var set: Bytes
        /// Numbers count from ``first``; `nil`: a file that is no numbered part.
        package var number: Int?
        package var found: Claim.Found

        package init(set: Bytes, number: Int? = nil, found: Claim.Found) {
            self.set = set
            self.number = number
            self.found = found
        }
    }

    /// Claims files that are one backup together. The first one, by number and then by name, stands for all; what it
    /// says counts. `first`: the number that counting begins with (`nil`: 0 or 1); a gap makes the backup incomplete.
    package mutating func claimSets(_ parts: [(index: Int, part: SetPart)], countingFrom first: Int? = nil) {
        for members in Dictionary(grouping: parts, by: \.part.set).values {
            let sorted = members.sorted {
                ($0.part.number ?? -1, entries[$0.index].name) < ($1.part.number ?? -1, entries[$1.index].name)
            }
            var found = sorted[0].part.found
            if let gap = Self.gap(in: sorted.compactMap(\.part.number), countingFrom: first) {
                (found.contents.outcome, found.contents.why) = (.lacking, "part \(gap) is missing")
            }
            claim(sorted[0].index, as: .backup(found))
            markSet(sorted[0].index)
            for member in sorted.dropFirst() { claim(member.index, as: .member(of: sorted[0].index)) }
        }
    }

    /// Joins the pieces of one file. The first of these stands for all, under the name of the whole: whoever reads that
    /// name tells the series and the time. It keeps its claim where it has one. `lacking`: what is missing, for a
    /// person.
    package mutating func join(_ pieces: [Int], as whole: Bytes, lacking why: String?) {
        guard let first = pieces.first else { return }
        for piece in pieces.dropFirst() { claim(piece, as: .member(of: first)) }
        if isOpen(first) { entries[first].finalName = whole }
        markSet(first)
        lacking[first] = why
    }

    /// The first number that is not there; numbers are sorted.
    static func gap(in numbers: [Int], countingFrom first: Int?) -> Int? {
        guard let lowest = numbers.first else { return nil }
        var expected = first ?? (lowest == 0 ? 0 : 1)
        for number in numbers where number >= expected {
            if number != expected { return expected }
            expected += 1
        }
        return nil
    }

    /// Where the first of these names that is here stands.
    package func first(of names: [Bytes]) -> Int? { names.lazy.compactMap { index(of: $0) }.first }

    /// Where a name stands; `nil`: it is not here.
    package func index(of name: Bytes) -> Int? {
        let at = firstIndex(from: name)
        return at < entries.count && entries[at].name == name ? at : nil
    }

    /// The entries whose names are the stem, a dot and more.
    package func indices(ofStem stem: Bytes) -> Range<Int> {
        // `/` comes next behind `.` and stands in no name.
        firstIndex(from: stem + ".")..<firstIndex(from: stem + "/")
    }

    /// The first entry that is this name or comes behind it.
    private func firstIndex(from name: Bytes) -> Int {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].name < name { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
