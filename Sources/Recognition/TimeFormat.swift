package import Model

/// A person's way to write times, `%d.%m.%Y-%H%M`: strptime's letters, read strictly on bytes. Day first is fine here,
/// because the person says so; what no calendar has is refused.
package struct TimeFormat: Hashable, Sendable {
    package let text: String
    private let parts: [Part]

    private enum Part: Hashable, Sendable {
        case literal(UInt8)
        case field(Field)
    }

    private enum Field: Character, CaseIterable, Sendable {
        case year = "Y"
        case shortYear = "y"
        case month = "m"
        case monthName = "b"
        case day = "d"
        case dayOfYear = "j"
        case hour = "H"
        case minute = "M"
        case second = "S"
        case zone = "z"
        case epoch = "s"
    }

    package enum Problem: Error, Equatable {
        case unknownLetter(Character)
        case twice(Character)
        case endsInPercent
        /// The first needs the second, as minutes need hours.
        case needs(String, String)
    }

    package static let letters = "%Y %y %m %b %d %j %H %M %S %z %s %%"

    package init(_ text: String) throws(Problem) {
        self.text = text
        var parts: [Part] = []
        var fields: Set<Field> = []
        var rest = Substring(text)
        while let character = rest.popFirst() {
            guard character == "%" else {
                parts += String(character).utf8.map(Part.literal)
                continue
            }
            guard let letter = rest.popFirst() else { throw .endsInPercent }
            if letter == "%" {
                parts.append(.literal(UInt8(ascii: "%")))
            } else if let field = Field(rawValue: letter) {
                guard fields.insert(field).inserted else { throw .twice(letter) }
                parts.append(.field(field))
            } else {
                throw .unknownLetter(letter)
            }
        }
        self.parts = parts
        try Self.check(fields)
    }

    private static func check(_ fields: Set<Field>) throws(Problem) {
        if fields.contains(.epoch) {
            guard fields.count == 1 else { throw .needs("%s", "nothing beside it: it says all") }
            return
        }
        let years = fields.intersection([.year, .shortYear]).count
        let months = fields.intersection([.month, .monthName]).count
        let isByDayOfYear = fields.contains(.dayOfYear)
        guard years == 1 else { throw .needs("a date", "one year (%Y, or %y)") }
        guard isByDayOfYear ? months == 0 && !fields.contains(.day) : months == 1 && fields.contains(.day) else {
            throw .needs("a date", "a month and a day (%m or %b, and %d), or %j alone")
        }
        if fields.contains(.minute), !fields.contains(.hour) { throw .needs("%M", "%H") }
        if fields.contains(.second), !fields.contains(.minute) { throw .needs("%S", "%M") }
    }

    /// A time as it is written: on the wall clock, or an instant.
    package enum Reading: Hashable, Sendable {
        case civil(CivilTime)
        case instant(Timestamp)
    }

    /// `nil`: it is not written so, or no calendar has it.
    package func read(_ bytes: some Collection<UInt8>) -> Reading? {
        var values = Values()
        var rest = Array(bytes)[...]
        for part in parts {
            switch part {
            case .literal(let byte): guard rest.popFirst() == byte else { return nil }
            case .field(let field): guard values.read(field, &rest) else { return nil }
            }
        }
        return rest.isEmpty ? values.reading : nil
    }

    private struct Values {
        var civil = CivilTime(year: 0, month: 1, day: 1)
        var dayOfYear: Int?
        var offset: Int64?
        var epoch: Int64?

        mutating func read(_ field: Field, _ rest: inout ArraySlice<UInt8>) -> Bool {
            switch field {
            case .year: return Self.number(4, &rest, to: &civil.year)
            case .shortYear:
                guard Self.number(2, &rest, to: &civil.year) else { return false }
                civil.year += civil.year < 69 ? 2000 : 1900  // as POSIX has it
                return true
            case .month: return Self.number(2, &rest, to: &civil.month)
            case .day: return Self.number(2, &rest, to: &civil.day)
            case .hour: return Self.number(2, &rest, to: &civil.hour)
            case .minute: return Self.number(2, &rest, to: &civil.minute)
            case .second: return Self.number(2, &rest, to: &civil.second)
            case .dayOfYear:
                var day = 0
                guard Self.number(3, &rest, to: &day) else { return false }
                dayOfYear = day
                return true
            case .monthName:
                let name = String(decoding: rest.prefix(3), as: UTF8.self).lowercased()
                guard let month = Self.months.firstIndex(of: name) else { return false }
                civil.month = month + 1
                rest = rest.dropFirst(3)
                return true
            case .epoch:
                // 2001 to 5138: ten or eleven digits.
                let digits = rest.prefix { $0.isDigit }.count
                var seconds = 0
                guard (10...11).contains(digits), Self.number(digits, &rest, to: &seconds) else { return false }
                epoch = Int64(seconds)
                return true
            case .zone: return zone(&rest)
            }
        }

        /// `Z`, `+0100`, `-05:30`.
        private mutating func zone(_ rest: inout ArraySlice<UInt8>) -> Bool {
            guard let sign = rest.popFirst() else { return false }
            if sign == UInt8(ascii: "Z") {
                offset = 0
                return true
            }
            var (hours, minutes) = (0, 0)
            guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), Self.number(2, &rest, to: &hours) else {
                return false
            }
            if rest.first == UInt8(ascii: ":") { rest = rest.dropFirst() }
            guard Self.number(2, &rest, to: &minutes), hours <= 14, minutes < 60 else { return false }
            offset = Int64(hours * 3600 + minutes * 60) * (sign == UInt8(ascii: "+") ? 1 : -1)
            return true
        }

        var reading: Reading? {
            if let epoch { return .instant(Timestamp(seconds: epoch)) }
            var civil = civil
            if let dayOfYear {
                guard dayOfYear >= 1 else { return nil }
                let first = CivilTime(year: civil.year, month: 1, day: 1)
                let date = CivilTime.date(daysSince1970: first.daysSince1970 + Int64(dayOfYear) - 1)
                guard date.year == civil.year else { return nil }
                (civil.month, civil.day) = (date.month, date.day)
            }
            guard civil.isPossible, (1970...2199).contains(civil.year) else { return nil }
            guard let offset else { return .civil(civil) }
            return .instant(Timestamp(seconds: civil.localSeconds - offset))
        }

        private static func number(_ digits: Int, _ rest: inout ArraySlice<UInt8>, to value: inout Int) -> Bool {
            let run = rest.prefix(digits)
            guard run.count == digits, run.allSatisfy(\.isDigit) else { return false }
            value = run.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
            rest = rest.dropFirst(digits)
            return true
        }

        private static let months = [
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ]
    }
}
