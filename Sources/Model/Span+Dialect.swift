extension Span {
    /// Ways to write a length of time.
    package enum Dialect: Sendable {
        case reprieve
        /// `1y2m3d4h`: calendar units; `m` is a month.
        case restic
        /// One number and one unit: `H d w m y`, a month of 31 days, a year of 365.
        case borg
        /// borg's, with minutes and seconds: `S M H d w m y`.
        case borg2
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
        case .borg, .borg2:
            if let span = Self.borg(text, dialect) {
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
            guard !digits.isEmpty, let unit = rest.dropFirst(digits.count).first else { return nil }
            let n = number(digits)
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
        return span == Span() ? nil : span
    }

    private static func borg(_ text: String, _ dialect: Dialect) -> Span? {
        let digits = text.dropLast()
        guard let unit = text.last, !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else {
            return nil
        }
        let length: Int64
        switch unit {
        case "S" where dialect == .borg2: length = 1
        case "M" where dialect == .borg2: length = 60
        case "H": length = 3600
        case "d": length = 86_400
        case "w": length = 86_400 * 7
        case "m": length = 86_400 * 31
        case "y": length = 86_400 * 365
        default: return nil
        }
        let seconds = Int64(number(digits)) * length
        return seconds == 0 ? nil : Span(seconds: seconds)
    }
}
