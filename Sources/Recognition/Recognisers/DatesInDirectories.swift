import Model

/// Dates that directories spell out, one step each: `2026/11/23/db.sql.gz`, `2026-11/23/…`, `2026/11/23/01/…`. What
/// lies in the directory of a day is a backup of that day; in the series' key each step is a `*`. The steps themselves
/// are looked into, as every directory without a date is.
struct DatesInDirectories: Recogniser {
    let name = "a date in its directories"

    func claim(in listing: inout Listing) {
        guard let steps = DateSteps(listing.directory) else { return }
        let start = listing.parser.instant(of: steps.civil)
        var questions = NameQuestions()
        for index in listing.entries.indices where listing.isOpen(index) {
            let entry = listing.entries[index]
            if entry.isDirectory, steps.depth == .day, DateSteps.isHour(entry.name) {
                listing.claim(index, as: .lookInto)
                continue
            }
            let reading = listing.parser.read(entry.finalName)
            if questions.take(index, reading, &listing) { continue }
            switch reading {
            case .time(let own, let pattern, let ambiguity):
                listing.claim(index, as: dated(own, pattern, ambiguity: ambiguity, steps: steps, start: start))
            case .refused(let why): listing.remark(index, why)
            case .none where steps.depth != .month: undated(index, steps, start: start, listing: &listing)
            case .none: break
            }
        }
        questions.answer(&listing) { _, reading, _ in
            guard case .time(let own, let pattern, let ambiguity) = reading else { return nil }
            return dated(
                own, pattern, ambiguity: ambiguity?.isQuestion == true ? nil : ambiguity, steps: steps, start: start)
        }
    }

    /// A whole date in its own name: that counts, and the directory has to agree.
    private func dated(
        _ own: Timestamp, _ pattern: Bytes, ambiguity: TimeAmbiguity?, steps: DateSteps, start: Timestamp
    ) -> Claim {
        let apart = own.seconds(since: start)
        let nearby: Int64 = 36 * 3600
        let latest = steps.depth == .month ? Int64(steps.civil.daysOfMonth) * 86_400 + nearby : nearby
        guard (-nearby...latest).contains(apart) else {
            return .skippedEntries(.notRecognised("its date is not that of its directory"))
        }
        var found = Claim.Found(
            series: steps.key(Backup.seriesWithoutPacker(pattern)), time: own, by: name, ambiguity: ambiguity)
        if steps.depth == .hour, !(0..<3600).contains(apart) {
            (found.time, found.ambiguity) = (start, steps.ambiguity)
        }
        return .backup(found)
    }

    /// The day's own time, and that of day where the name has one.
    private func undated(_ index: Int, _ steps: DateSteps, start: Timestamp, listing: inout Listing) {
        let name = listing.entries[index].finalName
        // A hidden temporary name that tells no other: `.nfs0001`, `.~tmp~`.
        guard !name.hasPrefix(".") else { return }
        guard steps.depth == .day, let clock = ClockInName(name.storage) else {
            let series = steps.key(Backup.seriesWithoutPacker(SeriesKey.escaped(name)))
            return listing.claim(
                index, as: .backup(.init(series: series, time: start, by: self.name, ambiguity: steps.ambiguity)))
        }
        var civil = steps.civil
        (civil.hour, civil.minute, civil.second) = (clock.hour, clock.minute, clock.second)
        let pattern = SeriesKey.pattern(name.storage, without: CollectionOfOne(clock.range))
        let series = steps.key(Backup.seriesWithoutPacker(pattern))
        let time = listing.parser.instant(of: civil)
        let ambiguity =
            clock.mayBeNumbers
            ? TimeAmbiguity(place: .apart, day: civil.daysSince1970, minute: clock.minute) : nil
        listing.claim(index, as: .backup(.init(series: series, time: time, by: self.name, ambiguity: ambiguity)))
    }
}

/// The date that the last components of a directory's path spell.
struct DateSteps {
    enum Depth { case month, day, hour }

    /// To the depth; what is deeper is the first of it.
    let civil: CivilTime
    let depth: Depth
    /// What stands before the steps, and the steps as stars.
    private let prefix: Bytes

    /// `nil`: they spell none. A year alone is none: `2026` may be anything.
    init?(_ directory: Bytes) {
        // Nearly every directory is told by its last byte.
        guard directory.storage.last?.isDigit == true else { return nil }
        let components = directory.components
        // The longest spelling: `2026/11/23/01` is an hour, and no day of a year 11.
        for count in stride(from: min(4, components.count), through: 1, by: -1) {
            guard let (civil, depth) = Self.read(components.suffix(count)) else { continue }
            let before = components.dropLast(count).map(SeriesKey.escaped)
            let stars = Array(repeating: Bytes("*"), count: count)
            (self.civil, self.depth) = (civil, depth)
            prefix = (before + stars).reduce(Bytes()) { $0.appending($1) }
            return
        }
        return nil
    }

    func key(_ pattern: Bytes) -> Bytes { prefix.appending(pattern) }

    /// `01` in a day may be an hour or a thing called so: what lies in it must have been written in that hour.
    var ambiguity: TimeAmbiguity? {
        depth == .hour ? TimeAmbiguity(place: .apart, day: civil.daysSince1970, minute: civil.minute) : nil
    }

    static func isHour(_ name: Bytes) -> Bool { number(name, digits: 2...2, in: 0...23) != nil }

    private static func read(_ steps: ArraySlice<Bytes>) -> (CivilTime, Depth)? {
        var steps = steps
        guard let first = steps.popFirst() else { return nil }
        var civil = CivilTime(year: 0, month: 0, day: 1)
        if let year = number(first, digits: 4...4, in: 1990...2099) {
            guard let month = steps.popFirst().flatMap({ number($0, digits: 1...2, in: 1...12) }) else { return nil }
            (civil.year, civil.month) = (year, month)
        } else if let (year, month) = yearAndMonth(first) {
            (civil.year, civil.month) = (year, month)
        } else {
            return nil
        }
        guard let day = steps.popFirst() else { return (civil, .month) }
        guard let day = number(day, digits: 1...2, in: 1...31) else { return nil }
        civil.day = day
        guard civil.isPossible else { return nil }
        guard let hour = steps.popFirst() else { return (civil, .day) }
        guard steps.isEmpty, let hour = number(hour, digits: 2...2, in: 0...23) else { return nil }
        civil.hour = hour
        return (civil, .hour)
    }

    /// `2026-11`, `2026_11`, `2026.11`, `202611`.
    private static func yearAndMonth(_ name: Bytes) -> (Int, Int)? {
        let isJoined = name.count == 7 && Array("-_.".utf8).contains(name.storage[4])
        guard isJoined || name.count == 6,
            let year = number(Bytes(name.storage.prefix(4)), digits: 4...4, in: 1990...2099),
            let month = number(Bytes(name.storage.suffix(2)), digits: 2...2, in: 1...12)
        else { return nil }
        return (year, month)
    }

    private static func number(_ name: Bytes, digits: ClosedRange<Int>, in range: ClosedRange<Int>) -> Int? {
        guard digits.contains(name.count), name.storage.allSatisfy(\.isDigit) else { return nil }
        let number = name.storage.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        return range.contains(number) ? number : nil
    }
}

extension CivilTime {
    fileprivate var daysOfMonth: Int { Self.days(inMonth: month, of: year) }
}
