package import Model

/// The time that stands in a name, and the name without it.
package enum NameReading: Hashable, Sendable {
    /// `pattern`: the name with `*` where times were (a star or backslash of its own is escaped).
    /// `doubt`: digits behind the date that may be a time or a number; neighbours tell.
    case time(Timestamp, pattern: Bytes, ambiguity: TimeAmbiguity? = nil)
    case none

    package var isTime: Bool { if case .time = self { true } else { false } }

    /// A time is meant but cannot be trusted; why.
    case refused(String)
}

/// How digits are read that a name alone leaves open.
package struct NameChoices: Hashable, Sendable {
    /// Which number of `01-02-2026` is the day; `nil`: such a date is refused.
    package var dayOrder: DayOrder?
    /// Whether the number of ``TimeAmbiguity/isQuestion`` is part of the time.
    package var isNumberTime = false

    package init(dayOrder: DayOrder? = nil, isNumberTime: Bool = false) {
        self.dayOrder = dayOrder
        self.isNumberTime = isNumberTime
    }
}

package enum DayOrder: String, Hashable, Sendable, CaseIterable { case dayFirst, monthFirst }

/// Finds dates and times in names: `2026-11-23`, `20261123`, `2026_11_23-01_00_02`, `2026-11-23T01:00:00Z`,
/// `23-Nov-2026 04.30 PM`, `2026-W48`, epoch seconds and many more. Only whole tokens are times, and what could mean
/// two days or hours is refused, or in doubt. Fractions of a second are read over: times are whole seconds.
package struct NameTimeParser: Sendable {
    private var zone: Zone

    /// `zone`: of times that carry none.
    package init(zone: Zone) { self.zone = zone }

    package mutating func read(_ name: Bytes) -> NameReading { read(name, NameChoices()) }

    package mutating func read(_ name: Bytes, _ choices: NameChoices) -> NameReading {
        let bytes = name.storage
        var found: [NameMatch] = []
        var refusal: String?
        var at = 0
        while at < bytes.count {
            guard bytes[at].isDigit, at == 0 || !bytes[at - 1].isDigit else {
                at += 1
                continue
            }
            let scanner = NameScanner(bytes: bytes, at: at, choices: choices)
            switch scanner.match() {
            case .match(let match) where match.range.lowerBound >= found.last?.range.upperBound ?? 0:
                found.append(match)
                at = match.range.upperBound
            case .refused(let why, let end):
                refusal = refusal ?? why
                at = end
            case .match, nil:
                at = scanner.endOfDigits
            }
        }
        guard !found.isEmpty else { return refusal.map(NameReading.refused) ?? .none }
        // A day-first date beside another date: nobody knows which of them counts.
        if let refusal, [DayOrder.undecided, NameMatch.twoDates].contains(refusal) { return .refused(refusal) }
        return combined(found, bytes)
    }

    /// The instant of a date and time on the vault's wall clock.
    mutating func instant(of civil: CivilTime) -> Timestamp { zone.instant(of: civil) }

    /// The date and time on the vault's wall clock.
    mutating func civil(_ instant: Timestamp) -> CivilTime { zone.civil(instant) }

    private mutating func instant(_ match: NameMatch) -> Timestamp {
        switch match.time {
        case .epoch(let seconds): Timestamp(seconds: seconds)
        case .civil(let civil, offset: let offset?): Timestamp(seconds: civil.localSeconds - offset)
        case .civil(let civil, offset: nil): zone.instant(of: civil)
        }
    }

    // MARK: Several times in one name

    /// Two times in one name are one where they mean the same night: GitLab writes epoch and date.
    private static let sameNight: Int64 = 36 * 3600

    private mutating func combined(_ found: [NameMatch], _ bytes: [UInt8]) -> NameReading {
        if found.count == 1 { return reading(found[0], of: found, bytes) }
        var timed = found.map { (match: $0, instant: instant($0)) }
        let dates = timed.filter { !$0.match.isEpoch }
        if !dates.isEmpty {
            // A number that would be epoch seconds of another time than the date beside it is a number.
            timed = timed.filter { one in
                !one.match.isEpoch || dates.contains { Self.areOne($0.instant, one.instant) }
            }
        }
        guard let first = timed.map(\.instant).min(), let last = timed.map(\.instant).max() else { return .none }
        let late = timed.filter { Self.areOne($0.instant, last) }
        // From one date to another: the later one counts.
        let isPair = timed.allSatisfy { Self.areOne($0.instant, last) || Self.areOne($0.instant, first) }
        guard isPair, dates.count > 0 || late.count == timed.count else {
            return .refused("the name has \(dates.isEmpty ? "two" : "more than two") different dates")
        }
        let best = late.max { ($0.match.precision, $0.instant) < ($1.match.precision, $1.instant) }
        guard var match = best?.match else { return .none }
        if late.count > 1, match.ambiguity?.isQuestion != true { match.ambiguity = nil }
        return reading(match, of: timed.map(\.match), bytes)
    }

    private static func areOne(_ a: Timestamp, _ b: Timestamp) -> Bool { abs(a.seconds(since: b)) <= sameNight }

    private mutating func reading(_ match: NameMatch, of all: [NameMatch], _ bytes: [UInt8]) -> NameReading {
        var ranges: [Range<Int>] = []
        for one in all { ranges += TimeWords.ranges(beside: one, in: bytes, behind: ranges.last?.upperBound ?? 0) }
        return .time(instant(match), pattern: SeriesKey.pattern(bytes, without: ranges), ambiguity: match.ambiguity)
    }
}

/// One time in a name.
struct NameMatch {
    enum Time {
        case epoch(Int64)
        case civil(CivilTime, offset: Int64?)
    }
    var range: Range<Int>
    var time: Time
    /// 0 a date alone, 1 to the hour or minute, 2 to the second.
    var precision: Int
    var ambiguity: TimeAmbiguity?
    /// The month is written as a word: `Nov 23 2026`.
    var isNamed = false

    var isEpoch: Bool { if case .epoch = time { true } else { false } }
}

extension UInt8 {
    var isDigit: Bool { (0x30...0x39).contains(self) }
    var isLetter: Bool { (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self) || self >= 0x80 }
}
