internal import Model

/// What a word means as a month or a weekday, in any of many languages, whatever its case.
enum CalendarWords {
    /// No name is longer, in bytes.
    static let longest = 40

    /// 1 to 12; `nil`: no month, or not the same one in all languages. `isSure`: not the short words that are common
    /// ones in English (`set`, `out`, `ago`).
    static func month(_ word: ArraySlice<UInt8>, isSure: Bool = false) -> Int? {
        if word.count < 4, let key = packed(word), isSure ? !english.contains(key) : common.contains(key) { return nil }
        return value(word, in: months)
    }

    /// 1 for Monday to 7; only names that are written out. `isShort`: English abbreviations, too.
    static func day(_ word: ArraySlice<UInt8>, isShort: Bool) -> Int? {
        if let day = value(word, in: days) { return day }
        guard isShort, word.count == 3, let key = packed(word) else { return nil }
        return shortDays.firstIndex(of: key).map { $0 + 1 }
    }

    /// A month that is more than an abbreviation. May is short in many languages.
    static func writtenOutMonth(_ word: ArraySlice<UInt8>) -> Int? {
        guard let month = value(word, in: months), word.count > 3 || month == 5 else { return nil }
        return month
    }

    /// `week`, `wk`, `KW`, `W`.
    static func isWeek(_ word: ArraySlice<UInt8>) -> Bool {
        word.count <= 4 && packed(word).map { weeks.contains($0) } ?? false
    }

    private static let english = keys("jan feb mar apr may jun jul aug sep oct nov dec")
    private static let common = Set(keys("set out ago pro gen sen tem dub led"))
    private static let weeks = keys("week wk kw w")
    private static let shortDays = keys("mon tue wed thu fri sat sun")

    private static func keys(_ words: String) -> [UInt128] {
        words.split(separator: " ").compactMap { packed(Array($0.utf8)[...]) }
    }

    // MARK: Tables

    private typealias Table = (ascii: [UInt128: Int], others: [String: Int])

    private static let months = table(monthNames)
    private static let days = table(dayNames)

    private static func table(_ names: [String]) -> Table {
        var table: Table = ([:], [:])
        for (n, line) in names.enumerated() {
            for word in line.split(separator: " ") {
                if let key = packed(Array(word.utf8)[...]) {
                    table.ascii[key] = n + 1
                } else {
                    table.others[String(word)] = n + 1
                }
            }
        }
        return table
    }

    private static func value(_ word: ArraySlice<UInt8>, in table: Table) -> Int? {
        guard word.count > 1 else { return nil }
        if let key = packed(word) { return table.ascii[key] }
        guard word.contains(where: { $0 >= 0x80 }), let text = String(validating: word, as: UTF8.self) else {
            return nil
        }
        // Equal as Unicode has it: Apple's systems take letters and their accents apart.
        return table.others[text.lowercased()]
    }

    /// A word of ASCII in lower case, as a number; `nil`: another, or one of more than 16 letters.
    static func packed(_ word: ArraySlice<UInt8>) -> UInt128? {
        guard word.count <= 16 else { return nil }
        var key: UInt128 = 0
        for byte in word {
            guard byte < 0x80 else { return nil }
            key = key << 8 | UInt128(byte | 0x20)
        }
        return key
    }
}

// MARK: Weeks

extension CivilTime {
    /// 1 for Monday to 7.
    var weekday: Int { Int((daysSince1970 + 3) - (daysSince1970 + 3).floorDivided(by: 7) * 7) + 1 }

    /// The week as ISO 8601 counts it, and the year that it is of.
    var isoWeek: (year: Int, week: Int) {
        let thursday = Self.date(daysSince1970: daysSince1970 + Int64(4 - weekday))
        let first = CivilTime(year: thursday.year, month: 1, day: 1).daysSince1970
        return (thursday.year, Int(daysSince1970 + Int64(4 - weekday) - first) / 7 + 1)
    }

    /// The Monday of a week; `nil`: the year has no such week.
    init?(isoYear year: Int, week: Int) {
        let fourth = CivilTime(year: year, month: 1, day: 4)
        let days = fourth.daysSince1970 - Int64(fourth.weekday - 1) + Int64(7 * (week - 1))
        let date = Self.date(daysSince1970: days)
        self.init(year: date.year, month: date.month, day: date.day)
        guard week >= 1, isoWeek == (year, week) else { return nil }
    }
}
