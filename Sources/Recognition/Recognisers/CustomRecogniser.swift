package import Model

/// A person's own way to read names, from the configuration: a regular expression (`match`) or a template (`names`),
/// for names, or for paths where it has a `/`.
package struct CustomRecogniser: Recogniser {
    package enum Shape: String, Sendable, CaseIterable { case file, directory, set }

    /// What stands beside the pattern.
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
    /// Of `names`; `nil`: a `match`.
    package let template: NamePattern?
    /// Under `time-from: mtime` the group `time` only says what is no part of the series.
    var timeFrom = DirectoryReading.TimeSource.name
    private let groups: [String]
    private let isOfPath: Bool
    private let reader: CustomReader
    /// Directories on the way: looked into, even where their name has a date.
    private let way: [CustomReader]

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

    /// Throws what the compiler of regular expressions says, and where.
    package init(_ pattern: String, _ options: Options) throws(PatternProblem) {
        self.pattern = pattern
        self.options = options
        template = nil
        let text = PatternText(pattern)
        name = "match '\(pattern)'"
        groups = text.groups
        isOfPath = text.isOfPath
        reader = .expression(try BoundedExpression(pattern, groups: text.groups))
        var way: [CustomReader] = []
        for beginning in text.beginnings(with: "time") {
            way.append(.expression(try BoundedExpression(beginning, groups: [])))
        }
        self.way = way
    }

    /// A field `{part}` makes it one of sets.
    package init(_ template: NamePattern, _ options: Options) {
        self.template = template
        pattern = template.text
        name = "names '\(template.text)'"
        groups = template.fields + (template.hasTime ? ["time"] : [])
        isOfPath = template.isOfPath
        reader = .template(template)
        way = template.beginnings.filter(\.hasTime).map { .template($0) }
        var options = options
        if template.has("part") { options.shape = .set }
        self.options = options
    }

    package func has(_ group: String) -> Bool { groups.contains(group) }

    /// All that it is, on a line: what was read by another line must be read again, and approved again.
    package var text: String {
        var parts = [template == nil ? "'\(pattern)'" : "names '\(pattern)'"]
        if let format = options.timeFormat { parts.append("time-format '\(format.text)'") }
        if let kind = options.kind { parts.append("kind \(kind.rawValue)") }
        if let parent = options.parent { parts.append("parent '\(parent.text)'") }
        if let shape = options.shape { parts.append("unit \(shape.rawValue)") }
        if let when = options.completeWhen { parts.append("complete-when \(when.text)") }
        return parts.joined(separator: ", ")
    }

    package func claim(in listing: inout Listing) {
        var sets: [SetKey: [Part]] = [:]
        for index in listing.entries.indices where listing.isOpen(index) {
            let entry = listing.entries[index]
            guard entry.isFile || entry.isDirectory else { continue }
            let subject = isOfPath ? listing.directory.appending(entry.finalName) : entry.finalName
            guard subject.count <= (isOfPath ? Self.longestPath : Self.longestName) else { continue }
            switch fits(entry) ? reader.read(subject) : .none {
            case .found(let match): take(index, match, listing: &listing, sets: &sets)
            case .tooLong: listing.leave(index, tooLong)
            case .none: if entry.isDirectory { step(index, subject, &listing) }
            }
        }
        if has("part") { claimGaps(sets.values, &listing) }
        if case .beside(let ending) = options.completeWhen {
            claimBeside(ending, sets.values.map { $0.map(\.index) }.sorted { $0[0] < $1[0] }, &listing)
        }
    }

    private var tooLong: String { "its name takes too long to compare with \(name)" }

    /// A directory on the way to what is read.
    private func step(_ index: Int, _ subject: Bytes, _ listing: inout Listing) {
        for reader in way {
            switch reader.read(subject) {
            case .found: return listing.claim(index, as: .lookInto)
            case .tooLong: return listing.leave(index, tooLong)
            case .none: continue
            }
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

    /// One file of a set.
    private struct Part {
        var index: Int
        /// What `{part}` says.
        var number: Int?
    }

    private func take(
        _ index: Int, _ match: CustomReader.Match, listing: inout Listing, sets: inout [SetKey: [Part]]
    ) {
        var found = Claim.Found(series: series(match, listing), time: nil, by: name)
        do throws(Refusal) {
            if timeFrom == .name, match.hasTime { found.time = try time(match, &listing.parser) }
            found.kind = try kind(match["kind"])
            if let level = match["level"] { try read(level, &found) }
        } catch {
            return listing.leave(index, "\(error.why) (\(name))")
        }
        if found.kind != .full, let parent = options.parent?.filled(from: match) ?? match["parent"] {
            found.contents.needs = [.exactly(.path(path(of: parent, listing)))]
        }
        found.completeWhen = options.completeWhen
        if options.shape == .set {
            let key = SetKey(series: found.series, time: found.time, written: found.time == nil ? match.written : nil)
            let number = match["part"].flatMap { Int(String(decoding: $0.storage, as: UTF8.self)) }
            sets[key, default: []].append(Part(index: index, number: number))
            if let first = sets[key]?.first, first.index != index {
                return listing.claim(index, as: .member(of: first.index))
            }
            listing.markSet(index)
        }
        listing.claim(index, as: .backup(found))
    }

    /// Of numbered parts one may be missing.
    private func claimGaps(_ sets: some Sequence<[Part]>, _ listing: inout Listing) {
        for set in sets {
            let numbers = set.compactMap(\.number).sorted()
            guard let gap = Listing.gap(in: numbers, countingFrom: nil),
                case .backup(var found) = listing.claims[set[0].index]
            else { continue }
            (found.contents.outcome, found.contents.why) = (.lacking, "part \(gap) is missing")
            listing.claim(set[0].index, as: .backup(found))
        }
    }

    private func series(_ match: CustomReader.Match, _ listing: Listing) -> Bytes {
        if let name = match["series"].map(SeriesKey.escaped) {
            if isOfPath { return name.isEmpty ? "." : name }
            return name.isEmpty ? SeriesKey.ofDirectory(listing.directory) : listing.key(name)
        }
        // What differs within a series is no part of its name; of two places one in the other the outer counts.
        var places: [Range<Int>] = []
        for range in match.varying.sorted(by: {
            ($0.lowerBound, -$0.upperBound) < ($1.lowerBound, -$1.upperBound)
        }) where !range.isEmpty && range.lowerBound >= places.last?.upperBound ?? 0 { places.append(range) }
        if match.template != nil { places = Self.withJoints(places, in: match.subject.storage) }
        let pattern = SeriesKey.pattern(match.subject.storage, without: places)
        return isOfPath ? pattern : listing.key(pattern)
    }

    /// Fields with nothing between them but a joint are one place, as the `T` of a time is, and the `Z` behind it.
    private static func withJoints(_ places: [Range<Int>], in name: [UInt8]) -> [Range<Int>] {
        func isLetter(_ at: Int) -> Bool { name.indices.contains(at) && name[at].isLetter }
        var joined: [Range<Int>] = []
        for place in places {
            var place = place
            if place.upperBound < name.count, name[place.upperBound] == UInt8(ascii: "Z"),
                !isLetter(place.upperBound + 1), name[place.upperBound - 1].isDigit
            {
                place = place.lowerBound..<(place.upperBound + 1)
            }
            let between = name[(joined.last?.upperBound ?? place.lowerBound)..<place.lowerBound]
            if let last = joined.last, between.count < 2, between.allSatisfy({ "T-_. ".utf8.contains($0) }) {
                joined[joined.count - 1] = last.lowerBound..<place.upperBound
            } else {
                joined.append(place)
            }
        }
        return joined
    }

    /// A name alone is one of this directory; with a `/` in it, a path from the vault's top.
    private func path(of parent: Bytes, _ listing: Listing) -> Bytes {
        parent.storage.contains(UInt8(ascii: "/")) ? parent : listing.directory.appending(parent)
    }

    private struct Refusal: Error {
        var why: String
    }

    private func time(_ match: CustomReader.Match, _ parser: inout NameTimeParser) throws(Refusal) -> Timestamp {
        if let template = match.template {
            guard let reading = template.reading else {
                throw Refusal(why: "'\(match.subject.display)' has a time that is in no calendar")
            }
            return reading.instant(&parser)
        }
        let written = match["time"] ?? Bytes()
        if let format = options.timeFormat {
            guard let reading = format.read(written.storage) else {
                throw Refusal(why: "'\(written.display)' is not a valid time in the format \(format.text)")
            }
            return reading.instant(&parser)
        }
        switch parser.read(written) {
        case .time(let time, _, _): return time
        case .refused(let why): throw Refusal(why: why)
        case .none: throw Refusal(why: "'\(written.display)' is not a time in a known format; set its time-format")
        }
    }

    private func kind(_ bytes: Bytes?) throws(Refusal) -> Backup.Kind {
        guard let bytes else { return options.kind ?? .full }
        let word = String(decoding: bytes.storage, as: UTF8.self).lowercased()
        guard let kind = Self.kindWords.first(where: { $0.0 == word })?.1 else {
            throw Refusal(why: "'\(bytes.display)' is not a kind that is known")
        }
        return kind
    }

    private func read(_ level: Bytes, _ found: inout Claim.Found) throws(Refusal) {
        guard let level = Int(String(decoding: level.storage, as: UTF8.self)), (0...99).contains(level) else {
            throw Refusal(why: "'\(level.display)' is not a level")
        }
        found.contents.level = level
        found.kind = level == 0 ? .full : found.kind == .full ? .incremental : found.kind
        if level > 0 { found.contents.needs = [.levelsBelow(level)] }
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
}
