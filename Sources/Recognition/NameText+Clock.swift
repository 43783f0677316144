internal import Model

/// The time of day behind a date: `_0415`, `T041500Z`, `-04-15-00`, `.04.15.00`, ` 04:15`, `_04h15m`, ` 4.15 PM`.
extension NameText {
    /// A time of day as it is written.
    struct Clock {
        var hour: Int
        var minute = 0
        var second = 0
        var end: Int
        var hasSeconds = false
        /// It can be nothing else.
        var isPlain = false
        var place = TimeAmbiguity.Place.behindDate
        /// A T stands before it.
        var isT = false
    }

    /// What begins at the joint behind a date.
    func clock(behind end: Int) -> Clock? {
        guard let (at, joint, isLong) = lead(end), !startsDate(at), var clock = clock(at, behind: joint) else {
            return nil
        }
        clock.isT = joint == UInt8(ascii: "T") || joint == UInt8(ascii: "t")
        if clock.isT { clock.isPlain = true }
        return !isLong || clock.isPlain || clock.place == .behindDate ? clock : nil
    }

    // MARK: Where it begins

    private static let timeJoints = Array("Tt_-. @".utf8)
    private static let wideJoints = Array("_-. ,".utf8)

    /// Where the digits behind a joint begin. A joint of several bytes (`__`, ` - `, ` at `) goes with no hour alone.
    private func lead(_ end: Int) -> (at: Int, joint: UInt8, isLong: Bool)? {
        guard let joint = byte(end) else { return nil }
        if Self.timeJoints.contains(joint), byte(end + 1)?.isDigit == true { return (end + 1, joint, false) }
        if holds(" at ", at: end), byte(end + 4)?.isDigit == true { return (end + 4, UInt8(ascii: " "), true) }
        var at = end
        while at < end + 3, let next = byte(at), Self.wideJoints.contains(next) { at += 1 }
        guard at > end + 1, byte(at)?.isDigit == true else { return nil }
        return (at, UInt8(ascii: " "), true)
    }

    /// The year of a second date is never a time of day: `2026-09-21_2026-09-27`, `2026-09-21_27-09-2026`.
    private func startsDate(_ at: Int) -> Bool {
        let end = digitsEnd(at)
        guard let joint = byte(end) else { return false }
        if end - at == 4 {
            let month = digitsEnd(end + 1) - (end + 1)
            return NameScanner.years.contains(number(at, 4)) && NameScanner.dateJoints.contains(joint)
                && (1...2).contains(month)
        }
        guard end - at <= 2, NameScanner.dateJoints.contains(joint) else { return false }
        let second = digitsEnd(end + 1)
        guard (1...2).contains(second - end - 1), byte(second) == joint, digitsEnd(second + 1) == second + 5 else {
            return false
        }
        return NameScanner.years.contains(number(second + 1, 4))
    }

    // MARK: Its digits

    private static let clockJoints = Array(":-_.h".utf8)

    private func clock(_ at: Int, behind joint: UInt8) -> Clock? {
        let end = digitsEnd(at)
        let isDot = joint == UInt8(ascii: ".")
        switch end - at {
        case 1, 2: return separatedClock(at, end, isDot: isDot)
        // `.0001` behind a date is a slice; behind another joint four digits may be a number.
        case 4 where !isDot, 6:
            guard isWhole(end) else { return nil }
            let isLong = end - at == 6
            let clock = Clock(
                hour: number(at, 2), minute: number(at + 2, 2), second: isLong ? number(at + 4, 2) : 0, end: end,
                hasSeconds: isLong, isPlain: isLong)
            return withHalf(clock) ?? clock
        case 9 where !isDot, 12 where !isDot:
            guard isWhole(end) else { return nil }
            return Clock(
                hour: number(at, 2), minute: number(at + 2, 2), second: number(at + 4, 2), end: end, hasSeconds: true,
                place: .runOn)
        default: return nil
        }
    }

    /// `04:15`, `04-15-00`, `04h15m`, `4.15 PM`, `04`.
    private func separatedClock(_ at: Int, _ end: Int, isDot: Bool) -> Clock? {
        var clock = Clock(hour: number(at, end - at), end: end)
        guard let joint = byte(end), Self.clockJoints.contains(joint), byte(end + 1)?.isDigit == true else {
            return hourAlone(clock, at, isDot: isDot)
        }
        let minuteEnd = digitsEnd(end + 1)
        guard (1...2).contains(minuteEnd - end - 1) else { return hourAlone(clock, at, isDot: isDot) }
        (clock.minute, clock.end) = (number(end + 1, minuteEnd - end - 1), minuteEnd)
        var isPadded = end - at == 2 && minuteEnd - end == 3
        let isH = joint == UInt8(ascii: "h")
        clock.isPlain = isH || joint == UInt8(ascii: ":")
        let expected = isH ? UInt8(ascii: "m") : joint
        let second = minuteEnd + 1, secondEnd = digitsEnd(minuteEnd + 1)
        if byte(minuteEnd) == expected, (1...2).contains(secondEnd - second) {
            (clock.second, clock.end, clock.hasSeconds) = (number(second, secondEnd - second), secondEnd, true)
            isPadded = isPadded && secondEnd - second == 2
            clock.isPlain = clock.isPlain || isPadded
            if isH, byte(clock.end) == UInt8(ascii: "s") { clock.end += 1 }
        } else if isH, byte(minuteEnd) == expected {
            clock.end += 1
        }
        if let clock = withHalf(clock) { return clock }
        guard isWhole(clock.end) else { return nil }
        // `17.10.1` is a version.
        if joint == UInt8(ascii: "."), byte(clock.end) == joint, !clock.hasSeconds, byte(clock.end + 1)?.isDigit == true
        {
            return nil
        }
        if !isPadded, !clock.isPlain {
            // `16.5.1` is a version, and `-1-2` may be part one of two: only the content tells.
            guard joint != UInt8(ascii: "."),
                byte(clock.end).map({ !Self.clockJoints.contains($0) || byte(clock.end + 1)?.isDigit != true }) ?? true
            else { return nil }
            (clock.place, clock.hasSeconds) = (.unpadded, false)
        }
        return clock
    }

    private func hourAlone(_ clock: Clock, _ at: Int, isDot: Bool) -> Clock? {
        var clock = clock
        clock.place = .hour
        if let clock = withHalf(clock) { return clock }
        guard clock.end - at == 2, !isDot else { return nil }
        if byte(clock.end) == UInt8(ascii: "h"), byte(clock.end + 1).map({ !$0.isLetter && !$0.isDigit }) ?? true {
            clock.end += 1
            clock.isPlain = true
            return clock
        }
        guard let next = byte(clock.end) else { return clock }
        let isNumber = Self.clockJoints.contains(next) && byte(clock.end + 1)?.isDigit == true
        return next.isLetter && !isZulu(clock.end) || isNumber ? nil : clock
    }

    /// Hexadecimal digits go on behind the last decimal one: the token is no time.
    private func isWhole(_ end: Int) -> Bool {
        guard let next = byte(end) else { return true }
        return !next.isDigit && !(0x61...0x66).contains(next)
    }

    // MARK: AM and PM

    /// A clock of twelve hours: 12 AM is midnight. `nil`: none of AM and PM is behind it.
    private func withHalf(_ clock: Clock) -> Clock? {
        var at = clock.end
        if let joint = byte(at), Array(" -_.".utf8).contains(joint) { at += 1 }
        guard let half = byte(at).map({ $0 | 0x20 }), half == UInt8(ascii: "a") || half == UInt8(ascii: "p") else {
            return nil
        }
        var end = at + 1
        let isDotted = byte(end) == UInt8(ascii: ".")
        if isDotted { end += 1 }
        guard byte(end).map({ $0 | 0x20 }) == UInt8(ascii: "m") else { return nil }
        end += 1
        guard byte(end).map({ !$0.isLetter && !$0.isDigit }) ?? true else { return nil }
        if isDotted, byte(end) == UInt8(ascii: "."), byte(end + 1).map({ !$0.isLetter }) ?? true { end += 1 }
        var clock = clock
        let isPM = half == UInt8(ascii: "p")
        switch clock.hour {
        case 12: clock.hour = isPM ? 12 : 0
        case 0..<12: clock.hour += isPM ? 12 : 0
        default: if !isPM { clock.hour = 99 }  // 16:00 AM is no time
        }
        (clock.end, clock.isPlain) = (end, true)
        return clock
    }

    // MARK: Fractions and zones

    /// Digits behind seconds that can only be their fraction: `.482913`, `,123`, and `.123` behind a time with a T or
    /// colons. (`.001` may be a slice.)
    func fractionEnd(_ at: Int, isExact: Bool) -> Int {
        guard let joint = byte(at), joint == UInt8(ascii: ".") || joint == UInt8(ascii: ",") else { return at }
        let end = digitsEnd(at + 1)
        let digits = end - at - 1
        let isFraction =
            joint == UInt8(ascii: ",")
            ? (1...9).contains(digits) : digits == 6 || digits == 9 || digits == 3 && isExact && !holds(".00", at: at)
        let next = byte(end)
        let isEnd = next.map { !$0.isLetter || $0 == UInt8(ascii: "Z") } ?? true
        return isFraction && isEnd ? end : at
    }

    /// `_482913` behind seconds.
    func isFractionInQuestion(_ at: Int) -> Bool {
        let end = digitsEnd(at + 1)
        guard byte(at) == UInt8(ascii: "_") || byte(at) == UInt8(ascii: "-"), end == at + 7 || end == at + 8 else {
            return false
        }
        return byte(end).map { !$0.isLetter } ?? true
    }

    /// `Z`, `+01:00`, `+0100`, and `-0500` where nothing else can be meant; a fraction of a second before it.
    func zone(from at: Int, isExplicit: Bool) -> (Int64?, Int) {
        var end = at
        if byte(end) == UInt8(ascii: "."), byte(end + 1)?.isDigit == true {
            let digits = digitsEnd(end + 1)
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
}
