package import Model

/// What a name alone leaves open: it has two readings, and its neighbours, or the times of the contents, have to say
/// which one is right. Until then the entry is left alone.
package struct NameQuestion: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// `01-02-2026`: the day first, or the month.
        case dayOrder
        /// `2026-11-23-04`: a number, or the hour.
        case hour
        /// `20261123-010203-482913`: a number, or a fraction of a second (SQL Server writes seven digits of it).
        case fraction
        /// `shop-202611`: a month, or a week.
        case period

        /// One of the two, in the order in which they are named here.
        package enum Choice: Hashable, Sendable { case first, second }
    }

    package var kind: Kind
    /// Names with the same one are answered together.
    package var group: Bytes
    /// At least one: of some names the other is not possible.
    package var readings: [Reading]

    package struct Reading: Hashable, Sendable {
        package var choice: Kind.Choice
        package var series: Bytes
        package var time: Timestamp
    }

    /// Why it is left alone, and what to write.
    package var why: String {
        switch kind {
        case .dayOrder: DayOrder.undecided
        case .hour:
            "are the two digits behind its date an hour or a number? To say it: match: '…(?<time>…)…' with "
                + "time-format: '%Y-%m-%d-%H'"
        case .fraction:
            "are the digits behind its time a fraction of a second or a number? To say it: "
                + "match: '(?<series>…)-(?<time>…)-\\d+…'"
        case .period:
            "are its six digits a month or a week? To say it: match: '…(?<time>…)…' with time-format: '%Y%m' or '%G%V'"
        }
    }
}

/// The questions of one directory, answered by what the names with the same question have in common.
///
/// Each answer needs a proof that more names cannot take away, and no proof of the other: so more names decide what
/// was open, and never turn one reading into another.
struct NameQuestions {
    private struct Group: Hashable {
        var kind: NameQuestion.Kind
        var pattern: Bytes
        var isDirectory: Bool
    }

    struct Item {
        var index: Int
        var readings: [NameReading]
        /// The number that is in question.
        var number: Int
    }

    private var groups: [Group: [Item]] = [:]

    /// Takes a name that has a question; `false`: it has none.
    mutating func take(_ index: Int, _ reading: NameReading, _ listing: inout Listing) -> Bool {
        let name = listing.entries[index].finalName
        switch reading {
        case .refused(DayOrder.undecided):
            // Who reads kinds and chains has passed it by; alone it would be taken for a full one.
            guard !KindWords.mayBeDependent(name, in: listing) else { return false }
            let readings = DayOrder.allCases.map { listing.parser.read(name, NameChoices(dayOrder: $0)) }
            guard let pattern = readings.compactMap(Self.pattern).first else { return false }
            add(index, .dayOrder, pattern: pattern, readings: readings, number: 0, listing: listing)
        case .time(_, let pattern, let ambiguity?) where ambiguity.isQuestion:
            let isHour = ambiguity.place == .hour
            let clock = listing.parser.read(name, NameChoices(isNumberTime: true))
            let (shape, number) = Self.shape(pattern, digits: isHour ? [2] : [6, 7])
            add(
                index, isHour ? .hour : .fraction, pattern: shape, readings: [reading, clock], number: number,
                listing: listing)
        case .time, .refused, .none: return false
        }
        return true
    }

    private mutating func add(
        _ index: Int, _ kind: NameQuestion.Kind, pattern: Bytes, readings: [NameReading], number: Int,
        listing: Listing
    ) {
        let group = Group(
            kind: kind, pattern: Backup.seriesWithoutPacker(pattern), isDirectory: listing.entries[index].isDirectory)
        groups[group, default: []].append(Item(index: index, readings: readings, number: number))
    }

    private static func pattern(_ reading: NameReading) -> Bytes? {
        if case .time(_, let pattern, _) = reading { pattern } else { nil }
    }

    /// The pattern with `#` for the number behind a time, and that number.
    private static func shape(_ pattern: Bytes, digits: [Int]) -> (Bytes, Int) {
        let bytes = pattern.storage
        for at in bytes.indices.dropLast(2) where bytes[at] == UInt8(ascii: "*") {
            let number = bytes[(at + 2)...].prefix(while: \.isDigit)
            guard digits.contains(number.count) else { continue }
            let mark = Array(repeating: UInt8(ascii: "#"), count: number.count)
            return (
                Bytes(bytes[...(at + 1)] + mark + bytes[number.endIndex...]),
                number.reduce(0) { $0 * 10 + Int($1 - 0x30) }
            )
        }
        return (pattern, 0)
    }

    /// `claim`: what a reading makes of an entry.
    func answer(_ listing: inout Listing, claim: (Int, NameReading, inout Listing) -> Claim?) {
        for (group, items) in groups {
            let proofs = Self.proofs(group.kind, items)
            for item in items {
                let claims = item.readings.map { claim(item.index, $0, &listing) }
                if proofs.0 != proofs.1 {
                    let chosen = claims[proofs.0 ? 0 : 1]
                    if let chosen { listing.claim(item.index, as: chosen) }
                    continue
                }
                ask(item.index, group, claims: claims, isTorn: proofs.0, listing: &listing)
            }
        }
    }

    /// `isTorn`: there are proofs of both.
    private func ask(_ index: Int, _ group: Group, claims: [Claim?], isTorn: Bool, listing: inout Listing) {
        if isTorn {
            let why =
                group.kind == .dayOrder
                ? "some dates of its series have the day first and some the month"
                : "its series can be read in two ways"
            return listing.leave(index, "\(why); say it with match and time-format")
        }
        var (first, readings): (Claim.Found?, [NameQuestion.Reading]) = (nil, [])
        for (choice, claim) in zip([NameQuestion.Kind.Choice.first, .second], claims) {
            guard case .backup(let found)? = claim, let time = found.time else { continue }
            first = first ?? found
            readings.append(.init(choice: choice, series: found.series, time: time))
        }
        guard let first else { return }
        let question = NameQuestion(
            kind: group.kind, group: listing.directory.appending(group.pattern), readings: readings)
        listing.claim(index, as: .undecided(first, question))
    }

    // MARK: Proofs

    private static func proofs(_ kind: NameQuestion.Kind, _ items: [Item]) -> (Bool, Bool) {
        switch kind {
        // A part greater than 12 is a day.
        case .dayOrder:
            (
                items.contains { $0.readings[0].isTime && !$0.readings[1].isTime },
                items.contains { !$0.readings[0].isTime && $0.readings[1].isTime }
            )
        case .hour: HourProofs(items).proofs
        case .fraction: fractionProofs(items)
        case .period: (false, false)
        }
    }

    /// The number of a thing comes back with each of its backups; fractions of a second hardly do, and begin with any
    /// digit.
    private static func fractionProofs(_ items: [Item]) -> (Bool, Bool) {
        var days: [Int: Set<Int64>] = [:]
        for item in items { days[item.number, default: []].insert(item.day) }
        let isNumber = days.values.contains { $0.count >= 3 }
        let isFraction =
            days.count >= 5 && Set(days.keys.map { $0 / 100_000 }).count >= 3 && Set(items.map(\.day)).count >= 3
        return (isNumber, isFraction)
    }
}

extension NameQuestions.Item {
    /// Of the first reading.
    fileprivate var day: Int64 {
        if case .time(let time, _, _) = readings[0] { time.seconds.floorDivided(by: 86_400) } else { 0 }
    }

    fileprivate var instant: Timestamp? { if case .time(let time, _, _) = readings[0] { time } else { nil } }
}

/// Whether two digits behind a date are hours: all 24 of a day, or the same steps through two days. Numbers of pieces
/// begin with 0 or 1 and leave none out.
private struct HourProofs {
    private var hours: [Timestamp: Set<Int>] = [:]
    private var isBeyond = false

    init(_ items: [NameQuestions.Item]) {
        for item in items {
            guard let day = item.instant else { continue }
            if item.number < 24 { hours[day, default: []].insert(item.number) } else { isBeyond = true }
        }
    }

    var proofs: (Bool, Bool) {
        let isHour = hours.values.contains { $0.count == 24 } || steps { $0 == $1 }
        let mayBeHour = isHour || isBeyond && steps { $0.isSuperset(of: $1) }
        return (isBeyond && !mayBeHour, isHour)
    }

    /// Whether two days have the same hours, as many apart as each other through the day.
    private func steps(_ fits: (Set<Int>, Set<Int>) -> Bool) -> Bool {
        for step in [2, 3, 4, 6, 8, 12] {
            for first in 0..<step {
                let wanted = Set(stride(from: first, to: 24, by: step))
                if hours.values.count(where: { fits($0, wanted) }) >= 2 { return true }
            }
        }
        return false
    }
}
