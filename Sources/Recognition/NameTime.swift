package import Model

/// The time that stands in a name, and the name without it.
package enum NameReading: Hashable, Sendable {
    /// `pattern`: the name with `*` where times were (a star or backslash of its own is escaped).
    /// `doubt`: digits behind the date that may be a time or a number; neighbours tell.
    case time(Timestamp, pattern: Bytes, doubt: ClockDoubt? = nil)
    case none

    package var isTime: Bool { if case .time = self { true } else { false } }

    /// A time is meant but cannot be trusted; why.
    case refused(String)
}

/// A time of day that could be a number as well: `customer-20261123-1001`, epoch seconds, or the last directory of
/// `2026/11/23/01`. The time of the content has to bear it out.
package struct ClockDoubt: Hashable, Sendable {
    package enum Place: Sendable { case behindDate, epoch, apart }
    package var place = Place.behindDate
    /// The day it was found behind; `nil` for epoch seconds.
    package var day: Int64?
    package var minute: Int

    /// Whether neighbours that look like a schedule are proof enough.
    package var isOfSchedule: Bool { place == .behindDate }

    /// How many seconds the content's time may lie behind that of the name: up to six hours (a long dump), ten minutes
    /// before it; epoch seconds may say when it began, or ended; an hour apart from its date says little.
    package var window: ClosedRange<Int64> {
        switch place {
        case .behindDate: -600...21_600
        case .epoch: -2 * 86_400...2 * 86_400
        case .apart: -600...3600
        }
    }
}

/// Finds dates and times in names: `2026-11-23`, `20261123`, `2026_11_23-01_00_02`, `2026-11-23T01:00:00Z`,
/// `20261123T010000`, `2026-11-23_01h05m`, epoch seconds. Year first only: `01-02-2026` means two different days.
package struct NameTimeParser: Sendable {
    private var zone: Zone

    /// `zone`: of times that carry none.
    package init(zone: Zone) { self.zone = zone }

    package mutating func read(_ name: Bytes) -> NameReading {
        var found: [Match] = []
        var refusal: String?
        var at = 0
        let bytes = name.storage
        while at < bytes.count {
            guard bytes[at].isDigit, at == 0 || !bytes[at - 1].isDigit else {
                at += 1
                continue
            }
            var scanner = Scanner(bytes: bytes, at: at)
            switch scanner.match() {
            case .match(let match):
                found.append(match)
                at = match.range.upperBound
            case .refused(let why):
                refusal = refusal ?? why
                at = scanner.endOfDigits
            case nil:
                at = scanner.endOfDigits
            }
        }
        guard !found.isEmpty else { return refusal.map(NameReading.refused) ?? .none }
        if found.count == 1 {
            return .time(
                instant(found[0]), pattern: SeriesKey.pattern(bytes, without: CollectionOfOne(found[0].range)),
                doubt: found[0].doubt)
        }
        let instants = found.map { instant($0) }
        // Two times in one name are one only where they mean the same night (GitLab writes epoch and date).
        guard let low = instants.min(), let high = instants.max(), high.seconds(since: low) <= 36 * 3600 else {
            return .refused("the name has two different dates")
        }
        let best = found.indices.max { (found[$0].precision, -$0) < (found[$1].precision, -$1) }!  // not empty
        return .time(instants[best], pattern: SeriesKey.pattern(bytes, without: found.map(\.range)))
    }

    /// The instant of a date and time on the vault's wall clock.
    mutating func instant(of civil: CivilTime) -> Timestamp { zone.instant(of: civil) }

    /// The date and time on the vault's wall clock.
    mutating func civil(_ instant: Timestamp) -> CivilTime { zone.civil(instant) }

    private mutating func instant(_ match: Match) -> Timestamp {
        switch match.time {
        case .epoch(let seconds): Timestamp(seconds: seconds)
        case .civil(let civil, offset: let offset?): Timestamp(seconds: civil.localSeconds - offset)
        case .civil(let civil, offset: nil): zone.instant(of: civil)
        }
    }

    struct Match {
        enum Time {
            case epoch(Int64)
            case civil(CivilTime, offset: Int64?)
        }
        var range: Range<Int>
        var time: Time
        /// 0 a date alone, 1 to the minute, 2 to the second.
        var precision: Int
        var doubt: ClockDoubt?
    }
}

/// Reads one time at a place where a run of digits starts.
private struct Scanner {
    enum Result {
        case match(NameTimeParser.Match)
        case refused(String)
    }

    let bytes: [UInt8]
    let start: Int
    let endOfDigits: Int

    init(bytes: [UInt8], at start: Int) {
        self.bytes = bytes
        self.start = start
        endOfDigits = bytes[start...].firstIndex { !$0.isDigit } ?? bytes.count
    }

    mutating func match() -> Result? {
        switch endOfDigits - start {
        case 8, 12, 14: compact()
        case 10: epoch()
        case 4: separated()
        case 1, 2: dayFirst()
        default: nil
        }
    }

    private func compact() -> Result? {
        let year = number(start, 4)
        guard Self.years.contains(year) else {
            let (day, month) = (number(start, 2), number(start + 2, 2))
            let isDayFirst =
                endOfDigits - start == 8 && (1...31).contains(day) && (1...12).contains(month)
                && Self.years.contains(number(start + 4, 4))
            return isDayFirst ? .refused("a day-first date could mean two days; write year, month, day") : nil
        }
        var civil = CivilTime(year: year, month: number(start + 4, 2), day: number(start + 6, 2))
        guard civil.isPossible else { return impossible(start..<(start + 8)) }
        let digits = endOfDigits - start
        guard digits > 8 else { return withTime(civil, from: endOfDigits) }
        civil.hour = number(start + 8, 2)
        civil.minute = number(start + 10, 2)
        if digits == 14 { civil.second = number(start + 12, 2) }
        guard civil.isPossible else { return impossible(start..<endOfDigits) }
        let (offset, end) = zone(from: endOfDigits, isExplicit: false)
        return found(civil, offset: offset, end: end, precision: digits == 14 ? 2 : 1)
    }

    private func separated() -> Result? {
        let year = number(start, 4)
        guard Self.years.contains(year), let joint = byte(endOfDigits), Self.dateJoints.contains(joint),
            isNumber(endOfDigits + 1, 2), byte(endOfDigits + 3) == joint, isNumber(endOfDigits + 4, 2)
        else { return nil }
        let civil = CivilTime(year: year, month: number(endOfDigits + 1, 2), day: number(endOfDigits + 4, 2))
        let end = endOfDigits + 6
        guard byte(end).map({ !$0.isDigit }) ?? true else { return nil }
        guard civil.isPossible else { return impossible(start..<end) }
        return withTime(civil, from: end)
    }

    private func epoch() -> Result? {
        let seconds = Int64(number(start, 10))
        // 2001-09-09 to 2100; it must stand alone: ten digits inside a word are rather an id.
        guard (1_000_000_000..<4_102_444_800).contains(seconds), start == 0 || !bytes[start - 1].isLetter,
            byte(endOfDigits).map({ !$0.isLetter }) ?? true
        else { return nil }
        return .match(
            .init(
                range: start..<endOfDigits, time: .epoch(seconds), precision: 2,
                doubt: ClockDoubt(place: .epoch, day: nil, minute: 0)))
    }

    /// `23-11-2026`, `1.2.2026`: recognised only to be refused.
    private func dayFirst() -> Result? {
        guard let joint = byte(endOfDigits), Self.dateJoints.contains(joint) || joint == UInt8(ascii: "/") else {
            return nil
        }
        var at = endOfDigits + 1
        let second = at
        while at < bytes.count, bytes[at].isDigit { at += 1 }
        guard (1...2).contains(at - second), byte(at) == joint, isNumber(at + 1, 4),
            byte(at + 5).map({ !$0.isDigit }) ?? true,
            Self.years.contains(number(at + 1, 4)), (1...31).contains(number(start, endOfDigits - start)),
            (1...31).contains(number(second, at - second))
        else { return nil }
        return .refused("a day-first date could mean two days; write year, month, day")
    }

    private func impossible(_ range: Range<Int>) -> Result {
        .refused("there is no \(Bytes(bytes[range]).display) in any calendar")
    }

    // MARK: Time of day

    private func withTime(_ date: CivilTime, from end: Int) -> Result? {
        guard let joint = byte(end), Self.timeJoints.contains(joint), byte(end + 1)?.isDigit == true else {
            return found(date, offset: nil, end: end, precision: 0)
        }
        let isT = joint == UInt8(ascii: "T") || joint == UInt8(ascii: "t")
        guard let (civil, after, seconds) = time(date, from: end + 1) else {
            return found(date, offset: nil, end: end, precision: 0)
        }
        // `.0001` behind a date is a slice; behind another joint four digits, or two and two, may be a number.
        let digits = (bytes[(end + 1)...].firstIndex { !$0.isDigit } ?? bytes.count) - (end + 1)
        if joint == UInt8(ascii: "."), digits != 6 { return found(date, offset: nil, end: end, precision: 0) }
        let clock = digits == 2 ? byte(end + 3) : nil
        let isPlain = isT || seconds || clock == UInt8(ascii: ":") || clock == UInt8(ascii: "h")
        guard civil.isPossible else {
            // Behind a T it is meant as a time; elsewhere it may be a counter, and belongs to the series.
            return isT ? impossible(start..<after) : found(date, offset: nil, end: end, precision: 0)
        }
        let (offset, last) = zone(from: after, isExplicit: isT && seconds)
        let doubt = isPlain ? nil : ClockDoubt(day: date.daysSince1970, minute: civil.minute)
        return found(civil, offset: offset, end: last, precision: seconds ? 2 : 1, doubt: doubt)
    }

    /// `0415`, `041500`, `04:15`, `04-15-00`, `04h15m`; the end, and whether seconds were given.
    private func time(_ date: CivilTime, from at: Int) -> (CivilTime, Int, Bool)? {
        var civil = date
        let run = (bytes[at...].firstIndex { !$0.isDigit } ?? bytes.count) - at
        civil.hour = number(at, min(run, 2))
        if run == 4 || run == 6 {
            civil.minute = number(at + 2, 2)
            if run == 6 { civil.second = number(at + 4, 2) }
            return (civil, at + run, run == 6)
        }
        guard run == 2, let joint = byte(at + 2), Self.clockJoints.contains(joint), isNumber(at + 3, 2) else {
            return nil
        }
        civil.minute = number(at + 3, 2)
        var end = at + 5
        let expected = joint == UInt8(ascii: "h") ? UInt8(ascii: "m") : joint
        if byte(end) == expected, isNumber(end + 1, 2), byte(end + 3).map({ !$0.isDigit }) ?? true {
            civil.second = number(end + 1, 2)
            end += 3
            if expected == UInt8(ascii: "m"), byte(end) == UInt8(ascii: "s") { end += 1 }
            return (civil, end, true)
        }
        if expected == UInt8(ascii: "m"), byte(end) == expected { end += 1 }
        guard byte(end).map({ !$0.isDigit }) ?? true else { return nil }
        return (civil, end, false)
    }

    /// `Z`, `+01:00`, `+0100`, and `-0500` where nothing else can be meant; a fraction of a second before it.
    private func zone(from at: Int, isExplicit: Bool) -> (Int64?, Int) {
        var end = at
        if byte(end) == UInt8(ascii: "."), byte(end + 1)?.isDigit == true {
            let digits = bytes[(end + 1)...].firstIndex { !$0.isDigit } ?? bytes.count
            // `.123Z` is a fraction; `.001` alone is a slice.
            if isZulu(digits) { return (0, digits + 1) }
        }
        if isZulu(end) { return (0, end + 1) }
        guard let sign = byte(end), sign == UInt8(ascii: "+") || (sign == UInt8(ascii: "-") && isExplicit),
            isNumber(end + 1, 2)
        else { return (nil, at) }
        end += 3
        if byte(end) == UInt8(ascii: ":") { end += 1 }
        guard isNumber(end, 2), byte(end + 2).map({ !$0.isDigit }) ?? true else { return (nil, at) }
        let (hours, minutes) = (number(at + 1, 2), number(end, 2))
        // Zones are whole quarters of an hour, and `-0001` is a number.
        guard hours <= 14, minutes.isMultiple(of: 15), minutes < 60, sign == UInt8(ascii: "+") || hours > 0 else {
            return (nil, at)
        }
        let offset = Int64(hours * 3600 + minutes * 60)
        return (sign == UInt8(ascii: "+") ? offset : -offset, end + 2)
    }

    private func isZulu(_ at: Int) -> Bool {
        byte(at) == UInt8(ascii: "Z") && byte(at + 1).map { !$0.isLetter && !$0.isDigit } ?? true
    }

    private func found(
        _ civil: CivilTime, offset: Int64?, end: Int, precision: Int, doubt: ClockDoubt? = nil
    ) -> Result {
        .match(.init(range: start..<end, time: .civil(civil, offset: offset), precision: precision, doubt: doubt))
    }

    // MARK: Bytes

    private static let years = 1990...2099
    private static let dateJoints = Array("-_.".utf8)
    private static let timeJoints = Array("Tt_-. @".utf8)
    private static let clockJoints = Array(":-_.h".utf8)

    private func byte(_ at: Int) -> UInt8? { at >= 0 && at < bytes.count ? bytes[at] : nil }

    private func isNumber(_ at: Int, _ digits: Int) -> Bool {
        at + digits <= bytes.count && bytes[at..<(at + digits)].allSatisfy(\.isDigit)
    }

    /// Of digits that were counted before.
    private func number(_ at: Int, _ digits: Int) -> Int {
        bytes[at..<(at + digits)].reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }
}

extension UInt8 {
    var isDigit: Bool { (0x30...0x39).contains(self) }
    var isLetter: Bool { (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self) || self >= 0x80 }
}
