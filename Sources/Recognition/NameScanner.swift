internal import Model

/// Reads one time at a place where a run of digits starts.
struct NameScanner {
    enum Result {
        case match(NameMatch)
        /// `end`: the digits up to there are spoken for.
        case refused(String, end: Int)
    }

    let text: NameText
    let start: Int
    let endOfDigits: Int
    let choices: NameChoices

    init(bytes: [UInt8], at start: Int, choices: NameChoices) {
        text = NameText(bytes: bytes)
        self.start = start
        self.choices = choices
        endOfDigits = text.digitsEnd(start)
    }

    func match() -> Result? {
        switch endOfDigits - start {
        case 8, 12, 14: compact()
        case 17, 20: runOn()
        case 10: dateHour() ?? epoch(digits: 10)
        case 13: epoch(digits: 13)
        case 16: epoch(digits: 16)
        case 4: separated() ?? week() ?? yearFirstWithWord()
        case 1, 2: dayFirst() ?? dayFirstWithWord() ?? monthFirstWithWord()
        default: nil
        }
    }

    // MARK: Digits in one run

    private func compact() -> Result? {
        let year = text.number(start, 4)
        guard Self.years.contains(year) else { return compactDayFirst() }
        var civil = CivilTime(year: year, month: text.number(start + 4, 2), day: text.number(start + 6, 2))
        guard civil.isPossible else { return impossible(start..<(start + 8), end: endOfDigits) }
        let digits = endOfDigits - start
        guard digits > 8 else { return withTime(civil, from: endOfDigits) }
        civil.hour = text.number(start + 8, 2)
        civil.minute = text.number(start + 10, 2)
        if digits == 14 { civil.second = text.number(start + 12, 2) }
        guard civil.isPossible else { return impossible(start..<endOfDigits, end: endOfDigits) }
        return finished(civil, from: endOfDigits, hasSeconds: digits == 14)
    }

    /// `20261123010000482`: milliseconds, or microseconds, behind the seconds.
    private func runOn() -> Result? {
        guard Self.years.contains(text.number(start, 4)) else { return nil }
        let civil = CivilTime(
            year: text.number(start, 4), month: text.number(start + 4, 2), day: text.number(start + 6, 2),
            hour: text.number(start + 8, 2),
            minute: text.number(start + 10, 2), second: text.number(start + 12, 2))
        return civil.isPossible ? found(civil, end: endOfDigits, precision: 2) : nil
    }

    private func dateHour() -> Result? {
        guard Self.years.contains(text.number(start, 4)), standsAlone else { return nil }
        let civil = CivilTime(
            year: text.number(start, 4), month: text.number(start + 4, 2), day: text.number(start + 6, 2),
            hour: text.number(start + 8, 2))
        guard civil.isPossible else { return nil }
        let ambiguity = TimeAmbiguity(place: .dateHour, day: civil.daysSince1970, minute: 0)
        return found(civil, end: endOfDigits, precision: 1, ambiguity: ambiguity)
    }

    /// Seconds, milliseconds or microseconds from 2001-09-09 to 2100. They must stand alone: ten digits inside a word
    /// are rather an id.
    private func epoch(digits: Int) -> Result? {
        let seconds = Int64(text.number(start, 10))
        guard (1_000_000_000..<4_102_444_800).contains(seconds), standsAlone else { return nil }
        return .match(
            NameMatch(
                range: start..<endOfDigits, time: .epoch(seconds), precision: 2,
                ambiguity: TimeAmbiguity(place: .epoch, day: nil, minute: 0)))
    }

    private var standsAlone: Bool {
        (start == 0 || !text.bytes[start - 1].isLetter) && text.byte(endOfDigits).map { !$0.isLetter } ?? true
    }

    // MARK: Year first

    private func separated() -> Result? {
        let year = text.number(start, 4)
        guard Self.years.contains(year) else { return nil }
        if let civil = withCharacters(year) { return civil }
        guard let joint = text.byte(endOfDigits), Self.dateJoints.contains(joint) else { return nil }
        let (month, day) = (endOfDigits + 1, text.digitsEnd(endOfDigits + 1) + 1)
        let end = text.digitsEnd(day)
        let (monthDigits, dayDigits) = (day - 1 - month, end - day)
        guard text.byte(day - 1) == joint, (1...2).contains(monthDigits), (1...2).contains(dayDigits) else {
            return nil
        }
        // `2026.1.2` is rather a version.
        let isPadded = monthDigits == 2 && dayDigits == 2
        guard isPadded || joint != UInt8(ascii: ".") && !isBehindV else { return nil }
        let civil = CivilTime(year: year, month: text.number(month, monthDigits), day: text.number(day, dayDigits))
        guard civil.isPossible else { return isPadded ? impossible(start..<end, end: end) : nil }
        return withTime(civil, from: end)
    }

    private var isBehindV: Bool { start > 0 && text.bytes[start - 1] | 0x20 == UInt8(ascii: "v") }

    /// `2026年11月23日`.
    private func withCharacters(_ year: Int) -> Result? {
        guard text.byte(endOfDigits) == 0xE5, text.holds("年", at: endOfDigits) else { return nil }
        let month = endOfDigits + 3, monthEnd = text.digitsEnd(month)
        guard (1...2).contains(monthEnd - month), text.holds("月", at: monthEnd) else { return nil }
        let day = monthEnd + 3, dayEnd = text.digitsEnd(day)
        guard (1...2).contains(dayEnd - day), text.holds("日", at: dayEnd) else { return nil }
        let civil = CivilTime(
            year: year, month: text.number(month, monthEnd - month), day: text.number(day, dayEnd - day))
        return civil.isPossible ? withTime(civil, from: dayEnd + 3) : nil
    }

    /// `2026-W48`, `2026W48`, `2026-W48-1`: the Monday of that week, or that day.
    private func week() -> Result? {
        let year = text.number(start, 4)
        var at = endOfDigits
        if text.byte(at) == UInt8(ascii: "-") || text.byte(at) == UInt8(ascii: "_") { at += 1 }
        guard Self.years.contains(year), start == 0 || !text.bytes[start - 1].isLetter,
            text.byte(at).map({ $0 | 0x20 }) == UInt8(ascii: "w"), text.digitsEnd(at + 1) == at + 3
        else { return nil }
        var (end, weekday) = (at + 3, 1)
        if text.byte(end) == UInt8(ascii: "-"), text.digitsEnd(end + 1) == end + 2,
            (1...7).contains(text.number(end + 1, 1))
        {
            (weekday, end) = (text.number(end + 1, 1), end + 2)
        }
        guard text.byte(end).map({ !$0.isLetter && !$0.isDigit }) ?? true,
            let monday = CivilTime(isoYear: year, week: text.number(at + 1, 2))
        else { return nil }
        let date = CivilTime.date(daysSince1970: monday.daysSince1970 + Int64(weekday - 1))
        return found(CivilTime(year: date.year, month: date.month, day: date.day), end: end, precision: 0)
    }

    // MARK: Day or month first

    /// `23-11-2026`, `1.2.2026`: what is the day, the series has to say (``DayOrder``).
    private func dayFirst() -> Result? {
        guard let joint = text.byte(endOfDigits), Self.dateJoints.contains(joint) || joint == UInt8(ascii: "/") else {
            return nil
        }
        let second = endOfDigits + 1, at = text.digitsEnd(endOfDigits + 1)
        guard (1...2).contains(at - second), text.byte(at) == joint, text.digitsEnd(at + 1) == at + 5 else {
            return nil
        }
        return ordered(
            text.number(start, endOfDigits - start), text.number(second, at - second), year: text.number(at + 1, 4),
            end: at + 5)
    }

    private func compactDayFirst() -> Result? {
        guard endOfDigits - start == 8 else { return nil }
        let numbers = (text.number(start, 2), text.number(start + 2, 2))
        guard min(numbers.0, numbers.1) <= 12 else { return nil }
        return ordered(numbers.0, numbers.1, year: text.number(start + 4, 4), end: endOfDigits)
    }

    private func ordered(_ first: Int, _ second: Int, year: Int, end: Int) -> Result? {
        guard Self.years.contains(year), (1...31).contains(first), (1...31).contains(second) else { return nil }
        guard let order = choices.dayOrder else {
            // What looks like such a date takes the digits behind it out of question.
            guard case .match(let match) = withTime(CivilTime(year: year, month: 1, day: 1), from: end) else {
                return .refused(DayOrder.undecided, end: end)
            }
            return .refused(DayOrder.undecided, end: match.range.upperBound)
        }
        if let twoDates = twoDates(yearAt: end - 4) { return twoDates }
        let (day, month) = order == .dayFirst ? (first, second) : (second, first)
        let civil = CivilTime(year: year, month: month, day: day)
        return civil.isPossible ? withTime(civil, from: end) : impossible(start..<end, end: end)
    }

    // MARK: With the time of day

    /// A date, and the time of day behind it if there is one. `first`: where the date begins.
    func withTime(_ date: CivilTime, from end: Int, first: Int? = nil) -> Result {
        let bare = found(date, from: first, end: end, precision: 0)
        guard let clock = text.clock(behind: end) else { return bare }
        if clock.place == .hour, !clock.isPlain, !choices.isNumberTime {
            let ambiguity = TimeAmbiguity(place: .hour, day: date.daysSince1970, minute: clock.hour)
            return found(date, from: first, end: end, precision: 0, ambiguity: ambiguity)
        }
        var civil = date
        (civil.hour, civil.minute, civil.second) = (clock.hour, clock.minute, clock.second)
        guard civil.isPossible else {
            // Behind a T it is meant as a time; elsewhere it may be a counter, and belongs to the series.
            return clock.isT ? impossible((first ?? start)..<clock.end, end: clock.end) : bare
        }
        let ambiguity =
            clock.isPlain ? nil : TimeAmbiguity(place: clock.place, day: date.daysSince1970, minute: civil.minute)
        return finished(
            civil, from: clock.end, first: first, hasSeconds: clock.hasSeconds,
            isExact: clock.isT || text.byte(clock.end - 3) == UInt8(ascii: ":"), isT: clock.isT, ambiguity: ambiguity)
    }

    /// The fraction of a second and the zone behind a time of day.
    func finished(
        _ civil: CivilTime, from at: Int, first: Int? = nil, hasSeconds: Bool, isExact: Bool = false, isT: Bool = false,
        ambiguity: TimeAmbiguity? = nil
    ) -> Result {
        var (end, ambiguity) = (at, ambiguity)
        if hasSeconds {
            end = text.fractionEnd(at, isExact: isExact)
            if end == at, text.isFractionInQuestion(at) {
                if choices.isNumberTime {
                    end = text.digitsEnd(at + 1)
                } else {
                    ambiguity = TimeAmbiguity(place: .fraction, day: civil.daysSince1970, minute: civil.minute)
                }
            }
        }
        let (offset, last) = text.zone(from: end, isExplicit: isT && hasSeconds)
        return found(
            civil, offset: offset, from: first, end: last, precision: hasSeconds ? 2 : 1, ambiguity: ambiguity)
    }

    // MARK: What is answered

    /// `15-11-2026-11-23`, `jan-11-2026-11-23`: at the year a whole date begins as well. It may be a version or a host,
    /// and that date; or another date, and a time of day.
    func twoDates(yearAt at: Int) -> Result? {
        guard let joint = text.byte(at + 4), Self.dateJoints.contains(joint), text.digitsEnd(at + 5) == at + 7,
            text.byte(at + 7) == joint, text.digitsEnd(at + 8) == at + 10,
            CivilTime(year: text.number(at, 4), month: text.number(at + 5, 2), day: text.number(at + 8, 2)).isPossible
        else { return nil }
        return .refused(NameMatch.twoDates, end: at + 10)
    }

    func impossible(_ range: Range<Int>, end: Int) -> Result {
        .refused("there is no \(Bytes(text.bytes[range]).display) in any calendar", end: end)
    }

    func found(
        _ civil: CivilTime, offset: Int64? = nil, from first: Int? = nil, end: Int, precision: Int,
        ambiguity: TimeAmbiguity? = nil
    ) -> Result {
        .match(
            NameMatch(
                range: (first ?? start)..<end, time: .civil(civil, offset: offset), precision: precision,
                ambiguity: ambiguity))
    }

    static let years = 1990...2099
    static let dateJoints = Array("-_. ".utf8)
}

extension NameMatch {
    static let twoDates =
        "it can be read as two different dates, of which one has a time of day behind it; say which with match and "
        + "time-format"
}

extension DayOrder {
    /// Why a date such as `01-02-2026` is left alone.
    static let undecided =
        "a day-first date could mean two days; write year, month, day, "
        + "or say in the configuration how to read it: match: '…(?<time>…)…' with time-format: '%d-%m-%Y'"
}
