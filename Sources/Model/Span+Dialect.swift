extension Span {
    /// Ways to write a length of time.
    package enum Dialect: Sendable {
        case reprieve
        /// `1y2m3d4h`: calendar units; `m` is a month.
        case restic
        /// One number and one unit: `H d w m y`, a month of 31 days, a year of 365.
        case borg
    }

    /// In the dialect where it is one of that, else in ours.
    package init(parsing text: String, dialect: Dialect) throws(Problem) {
        switch dialect {
        case .reprieve: break
        case .restic:
            if let span = Self.restic(text) {
                self = span
                return
            }
        case .borg:
            if let span = Self.borg(text) {
                self = span
                return
            }
        }
        try self.init(parsing: text)
    }

    private static func restic(_ text: String) -> Span? {
        var span = Span()
        var rest = text[...]
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let n = Int(digits), n <= 100_000, let unit = rest.dropFirst(digits.count).first else { return nil }
            rest = rest.dropFirst(digits.count + 1)
            switch unit {
            // A unit that stands twice counts once, the last time: restic's parser overwrites it.
            case "y": span.years = n
            case "m": span.months = n
            case "d": span.days = n
            case "h": span.seconds = Int64(n) * 3600
            default: return nil
            }
        }
        return span == Span() || span.isTooLong ? nil : span
    }

    private static func borg(_ text: String) -> Span? {
        guard let unit = text.last, let n = Int64(text.dropLast()), n > 0, n <= 1_000_000,
            text.dropLast().allSatisfy({ $0.isASCII && $0.isNumber })
        else { return nil }
        let hours: Int64
        switch unit {
        case "H": hours = 1
        case "d": hours = 24
        case "w": hours = 24 * 7
        case "m": hours = 24 * 31
        case "y": hours = 24 * 365
        default: return nil
        }
        let span = Span(seconds: n * hours * 3600)
        return span.isTooLong ? nil : span
    }
}
