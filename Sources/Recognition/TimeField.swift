internal import Model

/// One field of a written time: strptime's letter behind `%`.
enum TimeField: Character, CaseIterable, Sendable {
    case year = "Y"
    case shortYear = "y"
    case weekYear = "G"
    case month = "m"
    case monthName = "b"
    case fullMonthName = "B"
    case day = "d"
    case dayOfYear = "j"
    case week = "V"
    case hour = "H"
    case hourOfTwelve = "I"
    case half = "p"
    case minute = "M"
    case second = "S"
    case fraction = "f"
    case zone = "z"
    case epoch = "s"

    /// How many digits are read; `nil`: that varies, or it has no digits.
    var digits: Int? {
        switch self {
        case .year, .weekYear: 4
        case .shortYear, .month, .day, .week, .hour, .hourOfTwelve, .minute, .second: 2
        case .dayOfYear: 3
        case .monthName, .fullMonthName, .half, .fraction, .zone, .epoch: nil
        }
    }

    /// Whether these fields are one time, and say everything that it needs.
    static func check(_ fields: Set<TimeField>) throws(TimeFormat.Problem) {
        if fields.contains(.epoch) {
            guard fields.count == 1 else { throw .needs("%s", "nothing beside it: it says all") }
            return
        }
        try checkDate(fields)
        if fields.contains(.hour), fields.contains(.hourOfTwelve) { throw .needs("a time", "one hour (%H, or %I %p)") }
        if fields.contains(.hourOfTwelve), !fields.contains(.half) { throw .needs("%I", "%p") }
        if fields.contains(.half), !fields.contains(.hourOfTwelve) { throw .needs("%p", "%I") }
        let hasHour = fields.contains(.hour) || fields.contains(.hourOfTwelve)
        if fields.contains(.minute), !hasHour { throw .needs("%M", "%H") }
        if fields.contains(.second), !fields.contains(.minute) { throw .needs("%S", "%M") }
        if fields.contains(.fraction), !fields.contains(.second) { throw .needs("%f", "%S") }
    }

    private static func checkDate(_ fields: Set<TimeField>) throws(TimeFormat.Problem) {
        let date = fields.intersection([
            .year, .shortYear, .weekYear, .month, .monthName, .fullMonthName, .day, .dayOfYear, .week,
        ])
        if !date.isDisjoint(with: [.weekYear, .week]) {
            guard date == [.weekYear, .week] else { throw .needs("a week", "%G and %V, and no other date") }
            return
        }
        let years = date.intersection([.year, .shortYear]).count
        let months = date.intersection([.month, .monthName, .fullMonthName]).count
        guard years == 1 else { throw .needs("a date", "one year (%Y, or %y)") }
        guard date.contains(.dayOfYear) ? months == 0 && !date.contains(.day) : months == 1 else {
            throw .needs("a date", "one month (%m, %b or %B), or %j alone")
        }
    }
}

/// The values of a written time while it is read.
struct TimeValues {
    private var civil = CivilTime(year: 0, month: 1, day: 1)
    private var dayOfYear: Int?
    private var week: Int?
    private var hourOfTwelve: Int?
    private var isAfternoon = false
    private var nanoseconds: Int64 = 0
    private var offset: Int64?
    private var epoch: Int64?

    /// Reads a field at a place and moves on behind it. `false`: it is not written so.
    mutating func read(_ field: TimeField, _ bytes: [UInt8], _ at: inout Int, limit: Int) -> Bool {
        if let digits = field.digits {
            guard let number = Self.number(digits, bytes, at: &at, limit: limit) else { return false }
            set(field, number)
            return true
        }
        switch field {
        case .monthName, .fullMonthName: return readMonth(bytes, &at, limit)
        case .half: return readHalf(bytes, &at, limit)
        case .fraction: return readFraction(bytes, &at, limit)
        case .epoch: return readEpoch(bytes, &at, limit)
        default: return readZone(bytes, &at, limit)
        }
    }

    private mutating func set(_ field: TimeField, _ number: Int) {
        switch field {
        case .year, .weekYear: civil.year = number
        case .shortYear: civil.year = number + (number < 69 ? 2000 : 1900)  // as POSIX has it
        case .month: civil.month = number
        case .day: civil.day = number
        case .dayOfYear: dayOfYear = number
        case .week: week = number
        case .hour: civil.hour = number
        case .hourOfTwelve: hourOfTwelve = number
        case .minute: civil.minute = number
        default: civil.second = number
        }
    }

    // MARK: Fields of no fixed length

    /// The longest name that begins here: `March` and not `Mar`.
    private mutating func readMonth(_ bytes: [UInt8], _ at: inout Int, _ limit: Int) -> Bool {
        var end = at
        while end < min(limit, at + MonthNames.longest), bytes[end].isLetter { end += 1 }
        while end > at {
            if let month = MonthNames.month(bytes[at..<end]) {
                civil.month = month
                at = end
                return true
            }
            end -= 1
        }
        return false
    }

    private mutating func readHalf(_ bytes: [UInt8], _ at: inout Int, _ limit: Int) -> Bool {
        guard at + 2 <= limit, bytes[at + 1] | 0x20 == UInt8(ascii: "m") else { return false }
        switch bytes[at] | 0x20 {
        case UInt8(ascii: "a"): isAfternoon = false
        case UInt8(ascii: "p"): isAfternoon = true
        default: return false
        }
        at += 2
        return true
    }

    /// One to nine digits of a second.
    private mutating func readFraction(_ bytes: [UInt8], _ at: inout Int, _ limit: Int) -> Bool {
        let count = Self.digits(bytes, at, limit)
        guard (1...9).contains(count), let number = Self.number(count, bytes, at: &at, limit: limit) else {
            return false
        }
        nanoseconds = Int64(number)
        for _ in count..<9 { nanoseconds *= 10 }
        return true
    }

    /// 2001 to 5138: ten or eleven digits. A ``Timestamp`` ends in 2262.
    private mutating func readEpoch(_ bytes: [UInt8], _ at: inout Int, _ limit: Int) -> Bool {
        let count = Self.digits(bytes, at, limit)
        guard (10...11).contains(count), let number = Self.number(count, bytes, at: &at, limit: limit) else {
            return false
        }
        epoch = Int64(number)
        return true
    }

    /// `Z`, `+0100`, `-05:30`.
    private mutating func readZone(_ bytes: [UInt8], _ at: inout Int, _ limit: Int) -> Bool {
        guard at < limit else { return false }
        let sign = bytes[at]
        var end = at + 1
        if sign == UInt8(ascii: "Z") {
            (offset, at) = (0, end)
            return true
        }
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
            let hours = Self.number(2, bytes, at: &end, limit: limit)
        else { return false }
        if end < limit, bytes[end] == UInt8(ascii: ":") { end += 1 }
        guard let minutes = Self.number(2, bytes, at: &end, limit: limit), hours <= 14, minutes < 60 else {
            return false
        }
        offset = Int64(hours * 3600 + minutes * 60) * (sign == UInt8(ascii: "+") ? 1 : -1)
        at = end
        return true
    }

    private static func digits(_ bytes: [UInt8], _ at: Int, _ limit: Int) -> Int {
        var end = at
        while end < limit, bytes[end].isDigit { end += 1 }
        return end - at
    }

    /// At most eighteen digits.
    private static func number(_ digits: Int, _ bytes: [UInt8], at: inout Int, limit: Int) -> Int? {
        guard at + digits <= limit else { return nil }
        var (value, end) = (0, at)
        while end < at + digits {
            guard bytes[end].isDigit else { return nil }
            value = value * 10 + Int(bytes[end] - UInt8(ascii: "0"))
            end += 1
        }
        at = end
        return value
    }

    // MARK: The time

    /// `nil`: it is in no calendar.
    var reading: TimeFormat.Reading? {
        if let epoch { return .instant(Timestamp(seconds: epoch)) }
        guard var civil = day else { return nil }
        if let hourOfTwelve {
            guard (1...12).contains(hourOfTwelve) else { return nil }
            civil.hour = hourOfTwelve % 12 + (isAfternoon ? 12 : 0)
        }
        guard civil.isPossible, (1970...2199).contains(civil.year) else { return nil }
        guard let offset else { return .civil(civil, nanoseconds: nanoseconds) }
        let instant = Timestamp(seconds: civil.localSeconds - offset)
        return .instant(Timestamp(nanoseconds: instant.nanoseconds + nanoseconds))
    }

    /// The date with its time of day, by whichever way the date is written.
    private var day: CivilTime? {
        var civil = civil
        guard (1970...2199).contains(civil.year) else { return nil }
        let date: (year: Int, month: Int, day: Int)
        if let dayOfYear {
            let first = CivilTime(year: civil.year, month: 1, day: 1)
            date = CivilTime.date(daysSince1970: first.daysSince1970 + Int64(dayOfYear) - 1)
            guard dayOfYear >= 1, date.year == civil.year else { return nil }
        } else if let week {
            guard let monday = Self.monday(ofWeek: week, in: civil.year) else { return nil }
            date = CivilTime.date(daysSince1970: monday)
        } else {
            return civil
        }
        (civil.year, civil.month, civil.day) = (date.year, date.month, date.day)
        return civil
    }

    /// ISO 8601: week 1 is the one with the 4th of January. The days since 1970; `nil`: the year has no such week.
    private static func monday(ofWeek week: Int, in year: Int) -> Int64? {
        func first(_ year: Int) -> Int64 {
            let fourth = CivilTime(year: year, month: 1, day: 4).daysSince1970
            return fourth - (fourth + 3) % 7  // 1970 began on a Thursday
        }
        let monday = first(year) + Int64(week - 1) * 7
        return week >= 1 && monday < first(year + 1) ? monday : nil
    }
}
