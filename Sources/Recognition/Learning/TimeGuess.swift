internal import Model

/// Which fields of a time the numbers of a name may be, one after the other.
struct TimeGuess: Hashable {
    /// The letters of strptime for each number, `Ymd` for `20261123`.
    let fields: [String]

    /// Ways to write a date, by the number of digits of each number. Those of one row mean different days.
    private static let dates: [(digits: [Int], ways: [[String]])] = [
        ([4, 2, 2], [["Y", "m", "d"]]),
        ([2, 2, 4], [["d", "m", "Y"], ["m", "d", "Y"]]),
        ([8], [["Ymd"], ["dmY"], ["mdY"]]),
        ([2, 2, 2], [["y", "m", "d"], ["d", "m", "y"], ["m", "d", "y"]]),
        ([6], [["ymd"], ["dmy"], ["mdy"], ["Ym"], ["GV"]]),
        ([14], [["YmdHMS"]]), ([12], [["YmdHM"], ["ymdHMS"]]),
        ([10], [["s"], ["YmdH"], ["ymdHM"], ["dmyHM"], ["mdyHM"]]),
        ([4, 2], [["Y", "m"], ["G", "V"]]), ([4, 3], [["Y", "j"]]),
    ]
    private static let clocks: [(digits: [Int], fields: [String])] = [
        ([2, 2, 2], ["H", "M", "S"]), ([6], ["HMS"]), ([2, 2], ["H", "M"]), ([4], ["HM"]), ([2], ["H"]), ([], []),
    ]

    /// The guesses for numbers of these lengths, those that say most first. The date must be the first of them.
    static func all(_ digits: [Int]) -> [[TimeGuess]] {
        dates.filter { digits.starts(with: $0.digits) }.flatMap { date in
            clocks.filter { digits.dropFirst(date.digits.count).starts(with: $0.digits) }
                .filter { $0.digits.isEmpty || !date.ways[0].joined().contains { "Hs".contains($0) } }
                .map { clock in date.ways.map { TimeGuess(fields: $0 + clock.fields) } }
        }
    }

    /// As it stands in a template.
    func text(_ number: Int) -> String { fields[number].map { "%\($0)" }.joined() }

    /// The day or instant that the numbers of one name say; `nil`: they are no such time.
    func time(_ numbers: [Bytes]) -> TimeFormat.Reading? {
        var values = TimeValues()
        for (letters, number) in zip(fields, numbers) {
            var at = 0
            for letter in letters {
                guard let field = TimeField(rawValue: letter),
                    values.read(field, number.storage, &at, limit: number.count)
                else { return nil }
            }
        }
        return values.reading.flatMap { Self.isLikely($0) ? $0 : nil }
    }

    /// Backups have not been named by dates for ever.
    private static func isLikely(_ reading: TimeFormat.Reading) -> Bool {
        switch reading {
        case .civil(let civil, _): (1990...2099).contains(civil.year)
        case .instant(let time): (1_000_000_000..<2_000_000_000).contains(time.seconds)
        }
    }
}
