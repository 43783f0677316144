/// A length of time as a person writes it: `30d`, `4w`, `6mo`, `1y`. Years, months and days are calendar units.
package struct Span: Hashable, Sendable, Codable {
    package var years = 0
    package var months = 0
    package var days = 0
    package var seconds: Int64 = 0

    package init(years: Int = 0, months: Int = 0, days: Int = 0, seconds: Int64 = 0) {
        self.years = years
        self.months = months
        self.days = days
        self.seconds = seconds
    }

    /// Whether it is the same number of seconds everywhere (a day counted as 24 hours).
    package var isFixed: Bool { years == 0 && months == 0 }

    /// Seconds, where it ``isFixed``; else with a month of 31 and a year of 366 days (the longer reading keeps more).
    package var fixedSeconds: Int64 { seconds + Int64(days + months * 31 + years * 366) * 86_400 }

    /// `self` before `instant`, by the calendar of `zone`; a day that a month does not have rolls over into the next
    /// month, as in Go's AddDate (31 March minus one month = 3 March): restic's meaning.
    package func before(_ instant: Timestamp, zone: inout Zone) -> Timestamp {
        if isTooLong { return Timestamp(nanoseconds: .min) }
        guard years != 0 || months != 0 || days != 0 else { return instant.adding(seconds: -seconds) }
        var civil = zone.civil(instant)
        let month = civil.year * 12 + civil.month - 1 - years * 12 - months
        let day = civil.day - days
        civil.year = Int(Int64(month).floorDivided(by: 12))
        civil.month = month - civil.year * 12 + 1
        civil.day = 1
        let local = civil.localSeconds + Int64(day - 1) * 86_400
        let moved = zone.instantAsGo(of: CivilTime(localSeconds: local)).adding(seconds: -seconds)
        return Timestamp(nanoseconds: moved.nanoseconds.adding(instant.fraction))
    }
}

extension Span {
    package enum Problem: Error, Hashable {
        case empty
        case noUnit
        case ambiguousMinuteOrMonth
        case unknownUnit(String)
        case zero
    }

    /// Reads `90s`, `15min`, `36h`, `7d`, `2w`, `6mo`, `1y` and sums of them (`1y6mo`). A bare `m` is refused.
    /// Any number is read: `9999y` is a way to say "all".
    package init(parsing text: String) throws(Problem) {
        self.init()
        var rest = text[...]
        guard !rest.isEmpty else { throw .empty }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { !$0.isNumber }
            rest = rest.dropFirst(unit.count)
            guard !digits.isEmpty else { throw .unknownUnit(String(unit)) }
            guard !unit.isEmpty else { throw .noUnit }
            let n = Self.number(digits)
            switch unit.trimmed {
            case "s": add(seconds: n)
            case "min": add(seconds: n * 60)
            case "h": add(seconds: n * 3600)
            case "d": days = min(days + n, Self.most)
            case "w": days = min(days + n * 7, Self.most)
            case "mo": months = min(months + n, Self.most)
            case "y": years = min(years + n, Self.most)
            case "m": throw .ambiguousMinuteOrMonth
            default: throw .unknownUnit(String(unit.trimmed))
            }
        }
        guard self != Span() else { throw .zero }
    }

    /// Larger numbers are held here: a billion years and a billion months in seconds do not overflow.
    package static let most = 1_000_000_000

    static func number(_ digits: Substring) -> Int {
        // Nothing but digits came here: what is no number is too large for one.
        min(Int(digits) ?? most, most)
    }

    private mutating func add(seconds more: Int) {
        seconds = min(seconds + Int64(more), Int64(Self.most) * 86_400)
    }

    /// Over 1000 years: counted back from any instant that is before all that `Timestamp` can hold.
    package var isTooLong: Bool { fixedSeconds > 366 * 86_400 * 1000 }

    package var text: String {
        var parts: [String] = []
        if years != 0 { parts.append("\(years)y") }
        if months != 0 { parts.append("\(months)mo") }
        if days != 0 { parts.append("\(days)d") }
        if seconds != 0 {
            let (unit, size): (String, Int64) =
                seconds > 86_400 && seconds.isMultiple(of: 86_400)
                ? ("d", 86_400)
                : seconds.isMultiple(of: 3600) ? ("h", 3600) : seconds.isMultiple(of: 60) ? ("min", 60) : ("s", 1)
            parts.append("\(seconds / size)\(unit)")
        }
        return parts.isEmpty ? "0s" : parts.joined()
    }
}

extension Substring {
    /// Without blanks, tabs and returns at its ends.
    package var trimmed: Substring {
        let blanks: Set<Character> = [" ", "\t", "\r"]
        var rest = drop { blanks.contains($0) }
        while let last = rest.last, blanks.contains(last) { rest.removeLast() }
        return rest
    }
}
