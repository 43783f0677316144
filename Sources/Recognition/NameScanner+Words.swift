internal import Model

/// Dates whose month is a word: `23-Nov-2026`, `2026-Nov-23`, `Nov 23, 2026`, `Mon Nov 23 01:00:00 UTC 2026`.
extension NameScanner {
    private static let wordJoints = Array("-_. ,".utf8)

    /// Behind joints, at most two of them.
    private func behindJoints(_ at: Int) -> Int {
        var at = at
        for _ in 0..<2 { if let next = text.byte(at), Self.wordJoints.contains(next) { at += 1 } }
        return at
    }

    /// The month that a word here means, and where it ends. `isSure`: only words that are rarely something else.
    private func month(_ at: Int, isSure: Bool = false) -> (month: Int, end: Int)? {
        let end = text.lettersEnd(at)
        guard end > at + 1, let month = CalendarWords.month(text.bytes[at..<end], isSure: isSure) else { return nil }
        return (month, end)
    }

    private func year(_ at: Int) -> Int? {
        guard text.digitsEnd(at) == at + 4, Self.years.contains(text.number(at, 4)) else { return nil }
        return text.number(at, 4)
    }

    func dayFirstWithWord() -> Result? {
        let day = text.number(start, endOfDigits - start)
        guard (1...31).contains(day), let (month, end) = month(behindJoints(endOfDigits)) else { return nil }
        let at = behindJoints(end)
        guard let year = year(at) else { return nil }
        return twoDates(yearAt: at) ?? named(CivilTime(year: year, month: month, day: day), from: start, end: at + 4)
    }

    func yearFirstWithWord() -> Result? {
        guard let year = year(start), let (month, end) = month(behindJoints(endOfDigits), isSure: true) else {
            return nil
        }
        let at = behindJoints(end), dayEnd = text.digitsEnd(behindJoints(end))
        guard (1...2).contains(dayEnd - at) else { return nil }
        return named(CivilTime(year: year, month: month, day: text.number(at, dayEnd - at)), from: start, end: dayEnd)
    }

    /// The word stands before the day: `Nov-23-2026`; as `date` writes it, the time of day stands before the year.
    func monthFirstWithWord() -> Result? {
        var end = start
        for _ in 0..<2 { if let last = text.byte(end - 1), Self.wordJoints.contains(last) { end -= 1 } }
        var first = end
        while first > 0, end - first < CalendarWords.longest, text.bytes[first - 1].isLetter { first -= 1 }
        guard end > first + 1, let (month, _) = month(first, isSure: true) else { return nil }
        let day = text.number(start, endOfDigits - start)
        let at = behindJoints(endOfDigits)
        if let year = year(at) {
            let civil = CivilTime(year: year, month: month, day: day)
            return twoDates(yearAt: at) ?? named(civil, from: first, end: at + 4)
        }
        // Where the year is behind the time of day, the date can be looked at only once that has been read.
        guard at > endOfDigits, text.byte(at)?.isDigit == true,
            case .match(let clock) = withTime(CivilTime(year: 2000, month: month, day: 1), from: at - 1, first: first),
            clock.precision > 0, case .civil(let time, _) = clock.time
        else { return nil }
        var yearAt = behindJoints(clock.range.upperBound)
        let zoneEnd = text.lettersEnd(yearAt)
        let isUTC = text.holds("UTC", at: yearAt) || text.holds("GMT", at: yearAt)
        if (3...5).contains(zoneEnd - yearAt) { yearAt = behindJoints(zoneEnd) }
        guard let year = year(yearAt) else { return nil }
        let civil = CivilTime(
            year: year, month: month, day: day, hour: time.hour, minute: time.minute, second: time.second)
        guard civil.isPossible else { return impossible(first..<(yearAt + 4), end: yearAt + 4) }
        var match = NameMatch(
            range: first..<(yearAt + 4), time: .civil(civil, offset: isUTC ? 0 : nil), precision: clock.precision)
        match.isNamed = true
        return .match(match)
    }

    private func named(_ civil: CivilTime, from first: Int, end: Int) -> Result? {
        guard civil.isPossible else { return impossible(first..<end, end: end) }
        guard text.byte(end).map({ !$0.isDigit }) ?? true,
            case .match(var match) = withTime(civil, from: end, first: first)
        else { return nil }
        match.isNamed = true
        return .match(match)
    }
}

/// Words beside a date that say the same once more: `2026-11-23.Monday`, `week.48.2026-11-28`, `2026-11-01_November`.
/// They have to agree with the date; otherwise they are part of the series.
enum TimeWords {
    private static let joints = Array("-_. ,".utf8)

    /// The ranges of a time and of the words beside it. `behind`: what comes before belongs to another time.
    static func ranges(beside match: NameMatch, in bytes: [UInt8], behind: Int) -> [Range<Int>] {
        guard case .civil(let date, _) = match.time else { return [match.range] }
        var ranges = [match.range]
        for _ in 0..<2 {
            guard let word = before(ranges[0].lowerBound, date, isNamed: match.isNamed, bytes: bytes),
                word.lowerBound >= behind
            else {
                break
            }
            ranges.insert(word, at: 0)
        }
        for _ in 0..<2 {
            guard let word = after(ranges[ranges.count - 1].upperBound, date, bytes) else { break }
            ranges.append(word)
        }
        return ranges
    }

    private static func before(_ at: Int, _ date: CivilTime, isNamed: Bool, bytes: [UInt8]) -> Range<Int>? {
        var end = at
        for _ in 0..<(isNamed ? 2 : 1) where end > 0 && joints.contains(bytes[end - 1]) { end -= 1 }
        guard end < at, end > 0 else { return nil }
        if bytes[end - 1].isDigit { return week(endingAt: end, date, bytes) }
        var first = end
        while first > 0, end - first <= CalendarWords.longest, bytes[first - 1].isLetter { first -= 1 }
        guard first == 0 || !bytes[first - 1].isDigit else { return nil }
        let agrees = agrees(bytes[first..<end], date, isShort: isNamed)
        return agrees ? first..<end : nil
    }

    private static func after(_ at: Int, _ date: CivilTime, _ bytes: [UInt8]) -> Range<Int>? {
        guard at + 2 < bytes.count, joints.contains(bytes[at]) else { return nil }
        let first = at + 1
        var end = first
        while end < bytes.count, end - first <= CalendarWords.longest, bytes[end].isLetter { end += 1 }
        if end == first { return bareWeek(first, date, bytes) }
        if let digits = weekDigits(behind: first..<end, bytes) {
            return number(digits, bytes) == date.isoWeek.week ? first..<digits.upperBound : nil
        }
        guard end == bytes.count || !bytes[end].isDigit else { return nil }
        return agrees(bytes[first..<end], date, isShort: false) ? first..<end : nil
    }

    private static func agrees(_ word: ArraySlice<UInt8>, _ date: CivilTime, isShort: Bool) -> Bool {
        guard word.count > 2 else { return false }
        if let day = CalendarWords.day(word, isShort: isShort) { return day == date.weekday }
        return CalendarWords.writtenOutMonth(word) == date.month
    }

    // MARK: Weeks

    /// `week.48` and `week48`, `KW48`, `W48`: the digits.
    private static func weekDigits(behind word: Range<Int>, _ bytes: [UInt8]) -> Range<Int>? {
        guard CalendarWords.isWeek(bytes[word]) else { return nil }
        var at = word.upperBound
        if at < bytes.count, joints.contains(bytes[at]), word.count > 1 { at += 1 }
        var end = at
        while end < bytes.count, bytes[end].isDigit { end += 1 }
        guard (1...2).contains(end - at), end == bytes.count || !bytes[end].isLetter else { return nil }
        return at..<end
    }

    private static func week(endingAt end: Int, _ date: CivilTime, _ bytes: [UInt8]) -> Range<Int>? {
        var at = end
        while at > 0, end - at < 3, bytes[at - 1].isDigit { at -= 1 }
        guard (1...2).contains(end - at), number(at..<end, bytes) == date.isoWeek.week else { return nil }
        if at > 0, joints.contains(bytes[at - 1]) { at -= 1 }
        let wordEnd = at
        while at > 0, wordEnd - at < 5, bytes[at - 1].isLetter { at -= 1 }
        guard CalendarWords.isWeek(bytes[at..<wordEnd]), at == 0 || !bytes[at - 1].isLetter && !bytes[at - 1].isDigit
        else {
            return nil
        }
        return at..<end
    }

    /// AutoMySQLBackup 3 writes the number of the week alone: `weekly_shop_2026-11-28_01h05m_48.sql.gz`.
    private static func bareWeek(_ at: Int, _ date: CivilTime, _ bytes: [UInt8]) -> Range<Int>? {
        guard at + 2 <= bytes.count, bytes[at].isDigit, bytes[at + 1].isDigit,
            at + 2 == bytes.count || !bytes[at + 2].isDigit && !bytes[at + 2].isLetter,
            number(at..<(at + 2), bytes) == date.isoWeek.week,
            Bytes(bytes).lowercased.storage[...].first(of: "weekly") != nil
        else { return nil }
        return at..<(at + 2)
    }

    private static func number(_ range: Range<Int>, _ bytes: [UInt8]) -> Int {
        bytes[range].reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
}
