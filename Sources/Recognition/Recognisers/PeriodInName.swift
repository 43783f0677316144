import Model

/// A month or a week for a date: `weekly/shop-202648.sql.gz` (`%G%V`), `monthly/shop-202611.sql.gz` (`%Y%m`),
/// `shop-2026-11.sql.gz`. Six digits may be anything; so at least two names must be alike but for them, and the
/// directory or the name must say `weekly` or `monthly`, or the numbers themselves what they are. Its time is the first
/// instant of the month or week.
struct PeriodInName: Recogniser {
    let name = "a month or week in its name"

    func claim(in listing: inout Listing) {
        var groups: [Bytes: [Item]] = [:]
        for index in listing.entries.indices where listing.isOpen(index) && !listing.entries[index].isTemporary {
            let entry = listing.entries[index]
            // A directory of a month holds what was made in it.
            guard listing.remarks[index] == nil, entry.isFile,
                let (range, year, number) = Self.digits(entry.finalName.storage),
                !KindWords.mayBeDependent(entry.finalName, in: listing)
            else { continue }
            let pattern = SeriesKey.pattern(entry.finalName.storage, without: CollectionOfOne(range))
            groups[Backup.seriesWithoutPacker(pattern), default: []].append(
                Item(index: index, year: year, number: number))
        }
        for (pattern, items) in groups { claim(items, pattern, &listing) }
    }

    private struct Item {
        var index: Int
        var year: Int
        /// Of the month or week.
        var number: Int

        var month: CivilTime? {
            (1...12).contains(number) ? CivilTime(year: year, month: number, day: 1) : nil
        }
        var week: CivilTime? { CivilTime(isoYear: year, week: number) }
    }

    private func claim(_ items: [Item], _ pattern: Bytes, _ listing: inout Listing) {
        let words = (listing.directory.appending(pattern)).lowercased.storage[...]
        let isMonth = words.first(of: "month") != nil, isWeek = words.first(of: "week") != nil
        let mayBeMonths = items.allSatisfy { $0.month != nil } && !isWeek
        let mayBeWeeks = items.allSatisfy { $0.week != nil } && !isMonth
        let areSeveral = Set(items.map { $0.year * 100 + $0.number }).count >= 2
        let months = mayBeMonths && (isMonth || Self.passesNewYear(items.map { $0.year * 12 + $0.number - 1 }))
        let weeks =
            mayBeWeeks && (isWeek || items.count >= 3 && items.contains { $0.number > 12 } && Self.follow(items))
        for item in items {
            if areSeveral, months != weeks {
                claim(item, pattern, isMonth: months, &listing)
            } else {
                ask(item, pattern, &listing)
            }
        }
    }

    private func claim(_ item: Item, _ pattern: Bytes, isMonth: Bool, _ listing: inout Listing) {
        guard let civil = isMonth ? item.month : item.week else { return }
        let time = listing.instant(of: civil)
        listing.claim(item.index, as: .backup(.init(series: listing.key(pattern), time: time, by: name)))
    }

    private func ask(_ item: Item, _ pattern: Bytes, _ listing: inout Listing) {
        let key = listing.key(pattern)
        var readings: [NameQuestion.Reading] = []
        for (choice, civil) in zip([NameQuestion.Kind.Choice.first, .second], [item.month, item.week]) {
            guard let civil else { continue }
            readings.append(.init(choice: choice, series: key, time: listing.instant(of: civil)))
        }
        guard let first = readings.first else { return }
        let found = Claim.Found(series: key, time: first.time, by: name)
        listing.claim(
            item.index, as: .undecided(found, NameQuestion(kind: .period, group: key, readings: readings)))
    }

    /// December and the January behind it: weeks 12 and 1 are far apart.
    private static func passesNewYear(_ months: [Int]) -> Bool {
        let all = Set(months)
        return all.contains { $0 % 12 == 11 && all.contains($0 + 1) }
    }

    /// Most of the weeks come one behind the other, as numbers by chance do not.
    private static func follow(_ items: [Item]) -> Bool {
        let weeks = Set(items.compactMap { $0.week.map { $0.daysSince1970 / 7 } })
        return weeks.count { weeks.contains($0 + 1) } * 2 >= weeks.count
    }

    /// The only six digits of a name that begin with a year, or `2026-11`; nothing else in it may be such.
    private static func digits(_ bytes: [UInt8]) -> (Range<Int>, year: Int, number: Int)? {
        func value(_ range: Range<Int>) -> Int { bytes[range].reduce(0) { $0 * 10 + Int($1 - 0x30) } }
        var found: (Range<Int>, year: Int, number: Int)?
        var at = 0
        while at < bytes.count {
            guard bytes[at].isDigit else {
                at += 1
                continue
            }
            var end = at
            while end < bytes.count, bytes[end].isDigit { end += 1 }
            var start = end
            if end - at == 6 {
                start = at + 4
            } else if end - at == 4, end + 2 < bytes.count + 0,
                bytes[end] == UInt8(ascii: "-") || bytes[end] == UInt8(ascii: "_"),
                bytes[end + 1].isDigit, bytes[end + 2].isDigit, end + 3 == bytes.count || !bytes[end + 3].isDigit
            {
                (start, end) = (end + 1, end + 3)
            }
            let year = start < end ? value(at..<(at + 4)) : 0
            if (1990...2099).contains(year), (1...53).contains(value(start..<end)), standsAlone(bytes, at..<end) {
                guard found == nil else { return nil }
                found = (at..<end, year, value(start..<end))
            }
            at = end
        }
        return found
    }

    private static func standsAlone(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        (range.lowerBound == 0 || !bytes[range.lowerBound - 1].isLetter)
            && (range.upperBound == bytes.count || !bytes[range.upperBound].isLetter)
    }
}
