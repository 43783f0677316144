package import Model
internal import Synchronization

/// A `match` of the configuration: a person's own regular expression for names, or for paths where it has a `/`.
package struct CustomRecogniser: Recogniser {
    package enum Shape: String, Sendable, CaseIterable { case file, directory, set }

    /// What stands beside the expression.
    package struct Options: Sendable {
        package var timeFormat: TimeFormat?
        package var kind: Backup.Kind?
        package var parent: NameTemplate?
        /// `nil`: a file or a directory, as it is.
        package var shape: Shape?
        package var completeWhen: CompleteWhen?

        package init() {}
    }

    package let pattern: String
    package let options: Options
    package let name: String
    /// Under `time-from: mtime` the group `time` only says what is no part of the series.
    var timeFrom = DirectoryReading.TimeSource.name
    private let groups: [String]
    private let isOfPath: Bool
    private let expression: Expression
    /// Directories on the way: looked into, even where their name has a date.
    private let way: [Expression]

    /// More of one vault are refused; each is asked of every name.
    package static let most = 50
    /// Longer names, and longer paths, match nothing: they would take too long.
    package static let longestName = 255
    package static let longestPath = 1024
    package static let groups = ["series", "time", "kind", "level", "parent"]
    /// The words for a kind, in a name and in the configuration.
    package static let kindWords: [(String, Backup.Kind)] = [
        ("full", .full), ("incremental", .incremental), ("differential", .differential), ("log", .log),
        ("incr", .incremental), ("inc", .incremental), ("diff", .differential), ("base", .full), ("f", .full),
        ("i", .incremental), ("d", .differential), ("0", .full),
    ]

    /// Throws what the compiler of regular expressions says.
    package init(_ pattern: String, _ options: Options) throws {
        self.pattern = pattern
        self.options = options
        let text = PatternText(pattern)
        name = "match '\(pattern)'"
        groups = text.groups
        isOfPath = text.isOfPath
        expression = try Expression(pattern, groups: text.groups)
        way = try text.beginnings(with: "time").map { try Expression($0, groups: []) }
    }

    package func has(_ group: String) -> Bool { groups.contains(group) }

    /// All that it is, on a line: what was read by another line must be read again, and approved again.
    package var text: String {
        var parts = ["'\(pattern)'"]
        if let format = options.timeFormat { parts.append("time-format '\(format.text)'") }
        if let kind = options.kind { parts.append("kind \(kind.rawValue)") }
        if let parent = options.parent { parts.append("parent '\(parent.text)'") }
        if let shape = options.shape { parts.append("unit \(shape.rawValue)") }
        if let when = options.completeWhen { parts.append("complete-when \(when.text)") }
        return parts.joined(separator: ", ")
    }

    package func claim(in listing: inout Listing) {
        var sets: [SetKey: [Int]] = [:]
        for index in listing.entries.indices where listing.isOpen(index) {
            let entry = listing.entries[index]
            guard entry.isFile || entry.isDirectory else { continue }
            let subject = isOfPath ? listing.directory.appending(entry.finalName) : entry.finalName
            guard subject.count <= (isOfPath ? Self.longestPath : Self.longestName), let text = subject.utf8 else {
                continue  // what is no UTF-8 goes on down the table
            }
            if fits(entry), let groups = expression.match(text) {
                take(index, subject, groups, &listing, &sets)
            } else if entry.isDirectory, way.contains(where: { $0.match(text) != nil }) {
                listing.claim(index, as: .lookInto)
            }
        }
        if case .beside(let ending) = options.completeWhen {
            claimBeside(ending, sets.values.sorted { $0[0] < $1[0] }, &listing)
        }
    }

    func timed(from source: DirectoryReading.TimeSource) -> CustomRecogniser {
        var own = self
        own.timeFrom = source
        return own
    }

    private func fits(_ entry: Listing.Entry) -> Bool {
        switch options.shape {
        case .file, .set: entry.isFile
        case .directory: entry.isDirectory
        case nil: true
        }
    }

    /// Files of a set have these in common.
    private struct SetKey: Hashable {
        var series: Bytes
        var time: Timestamp?
        /// As written, where times come from mtime.
        var written: Bytes?
    }

    private func take(
        _ index: Int, _ subject: Bytes, _ groups: Groups, _ listing: inout Listing, _ sets: inout [SetKey: [Int]]
    ) {
        var found = Claim.Found(series: series(subject, groups, listing), time: nil, by: name)
        if timeFrom == .name, let range = groups["time"] {
            switch time(subject.storage[range], &listing.parser) {
            case .success(let time): found.time = time
            case .failure(let refusal): return listing.leave(index, "\(refusal.why) (\(name))")
            }
        }
        switch kind(groups["kind"].map { subject.storage[$0] }) {
        case .success(let kind): found.kind = kind
        case .failure(let refusal): return listing.leave(index, "\(refusal.why) (\(name))")
        }
        if let range = groups["level"] {
            let text = String(decoding: subject.storage[range], as: UTF8.self)
            guard let level = Int(text), (0...99).contains(level) else {
                return listing.leave(index, "'\(text)' is not a level (\(name))")
            }
            found.contents.level = level
            found.kind = level == 0 ? .full : found.kind == .full ? .incremental : found.kind
            if level > 0 { found.contents.needs = [.levelsBelow(level)] }
        }
        if found.kind != .full {
            let parent =
                options.parent?.filled(from: subject, groups) ?? groups["parent"].map { Bytes(subject.storage[$0]) }
            if let parent { found.contents.needs = [.exactly(.path(path(of: parent, listing)))] }
        }
        found.completeWhen = options.completeWhen
        if options.shape == .set {
            let written = found.time == nil ? groups["time"].map { Bytes(subject.storage[$0]) } : nil
            let key = SetKey(series: found.series, time: found.time, written: written)
            sets[key, default: []].append(index)
            if let first = sets[key]?.first, first != index { return listing.claim(index, as: .member(of: first)) }
            listing.markSet(index)
        }
        listing.claim(index, as: .backup(found))
    }

    private func series(_ subject: Bytes, _ groups: Groups, _ listing: Listing) -> Bytes {
        if let range = groups["series"] {
            let name = SeriesKey.escaped(Bytes(subject.storage[range]))
            if isOfPath { return name.isEmpty ? "." : name }
            return name.isEmpty ? SeriesKey.ofDirectory(listing.directory) : listing.key(name)
        }
        // What differs within a series is no part of its name; of two places one in the other the outer counts.
        var places: [Range<Int>] = []
        for range in ["time", "kind", "level", "parent"].compactMap({ groups[$0] }).sorted(by: {
            ($0.lowerBound, -$0.upperBound) < ($1.lowerBound, -$1.upperBound)
        }) where !range.isEmpty && range.lowerBound >= places.last?.upperBound ?? 0 { places.append(range) }
        let pattern = SeriesKey.pattern(subject.storage, without: places)
        return isOfPath ? pattern : listing.key(pattern)
    }

    /// A name alone is one of this directory; with a `/` in it, a path from the vault's top.
    private func path(of parent: Bytes, _ listing: Listing) -> Bytes {
        parent.storage.contains(UInt8(ascii: "/")) ? parent : listing.directory.appending(parent)
    }

    private struct Refusal: Error {
        var why: String
    }

    private func time(_ bytes: ArraySlice<UInt8>, _ parser: inout NameTimeParser) -> Result<Timestamp, Refusal> {
        let written = Bytes(bytes)
        if let format = options.timeFormat {
            switch format.read(bytes) {
            case .instant(let time): return .success(time)
            case .civil(let civil): return .success(parser.instant(of: civil))
            case nil: return .failure(Refusal(why: "'\(written.display)' is no time as \(format.text) writes it"))
            }
        }
        switch parser.read(written) {
        case .time(let time, _, _): return .success(time)
        case .refused(let why): return .failure(Refusal(why: why))
        case .none: return .failure(Refusal(why: "'\(written.display)' is no time that is known; say its time-format"))
        }
    }

    private func kind(_ bytes: ArraySlice<UInt8>?) -> Result<Backup.Kind, Refusal> {
        guard let bytes else { return .success(options.kind ?? .full) }
        let word = String(decoding: bytes, as: UTF8.self).lowercased()
        if let kind = Self.kindWords.first(where: { $0.0 == word })?.1 { return .success(kind) }
        return .failure(Refusal(why: "'\(Bytes(bytes).display)' is not a kind that is known"))
    }

    /// `X.done` goes where X goes. Of a set it may lie beside any of the files, or beside their stem.
    private func claimBeside(_ ending: Bytes, _ sets: [[Int]], _ listing: inout Listing) {
        for index in listing.entries.indices {
            guard case .backup(let found) = listing.claims[index], found.recogniser == name else { continue }
            claim(listing.entries[index].name + ending, of: index, &listing)
        }
        for set in sets {
            let files = set.map { listing.entries[$0].name }
            for name in files + PieceNames.stems(of: files) { claim(name + ending, of: set[0], &listing) }
        }
    }

    private func claim(_ mark: Bytes, of owner: Int, _ listing: inout Listing) {
        guard let mark = listing.index(of: mark), listing.isOpen(mark), listing.entries[mark].isFile else { return }
        listing.claim(mark, as: .member(of: owner))
    }

    typealias Groups = [String: Range<Int>]

    /// A compiled expression. `Regex` may hold what two threads must not use at once.
    private final class Expression: Sendable {
        private let regex: Mutex<Regex<AnyRegexOutput>>
        private let groups: [String]

        init(_ text: String, groups: [String]) throws {
            // By scalars: names that only look the same are not the same.
            regex = Mutex(try Regex(text).matchingSemantics(.unicodeScalar).asciiOnlyDigits())
            self.groups = groups
        }

        /// Where its groups stand, in UTF-8; `nil`: no match of the whole text.
        func match(_ text: String) -> Groups? {
            regex.withLock { regex in
                guard let match = try? regex.wholeMatch(in: text) else { return nil }
                var found: Groups = [:]
                for group in groups {
                    guard let range = match.output[group]?.range else { continue }
                    let start = text.utf8.distance(from: text.startIndex, to: range.lowerBound)
                    found[group] = start..<(start + text.utf8.distance(from: range.lowerBound, to: range.upperBound))
                }
                return found
            }
        }
    }
}

/// A name made of groups of another: `${series}-${parent}-full.tar`.
package struct NameTemplate: Hashable, Sendable {
    package let text: String
    private let parts: [Part]

    private enum Part: Hashable, Sendable {
        case literal(Bytes)
        case group(String)
    }

    package var groups: [String] { parts.compactMap { if case .group(let name) = $0 { name } else { nil } } }

    /// `nil`: a `${` without its `}`.
    package init?(_ text: String) {
        self.text = text
        var parts: [Part] = []
        var rest = Substring(text)
        while let start = rest.firstRange(of: "${") {
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else { return nil }
            parts.append(.literal(Bytes(String(rest[..<start.lowerBound]))))
            parts.append(.group(String(rest[start.upperBound..<end])))
            rest = rest[rest.index(after: end)...]
        }
        self.parts = parts + [.literal(Bytes(String(rest)))]
    }

    /// `nil` where one of its groups took no part.
    func filled(from subject: Bytes, _ groups: [String: Range<Int>]) -> Bytes? {
        var name = Bytes()
        for part in parts {
            switch part {
            case .literal(let bytes): name.storage += bytes.storage
            case .group(let group):
                guard let range = groups[group] else { return nil }
                name.storage += subject.storage[range]
            }
        }
        return name
    }
}
