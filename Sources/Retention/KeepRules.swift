package import Model

/// What to keep of one series. Rules only ever keep; what no rule keeps goes.
package struct KeepRules: Hashable, Sendable, Codable {
    /// Keep everything.
    package var all = false
    package var last: Count?
    package var hourly: Count?
    package var daily: Count?
    package var weekly: Count?
    package var monthly: Count?
    package var yearly: Count?
    /// Everything younger than this, counted back from the newest complete backup.
    package var within: Span?

    package init() {}

    package static let everything: KeepRules = {
        var rules = KeepRules()
        rules.all = true
        return rules
    }()

    /// How many a rule keeps; `unlimited` has no end.
    package enum Count: Hashable, Sendable, Codable {
        case first(Int)
        case unlimited

        package var number: Int? {
            switch self {
            case .first(let n): n
            case .unlimited: nil
            }
        }

        package var text: String { number.map(String.init) ?? "unlimited" }

        package init(from decoder: any Decoder) throws {
            let text = try decoder.singleValueContainer().decode(String.self)
            if let n = Int(text), n > 0 {
                self = .first(n)
            } else if text == "unlimited" {
                self = .unlimited
            } else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "'\(text)' is no count"))
            }
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(text)
        }
    }

    /// The counting rules in use, finest first, as restic walks them.
    package var counting: [(rule: CountingRule, count: Count)] {
        [
            (CountingRule.last, last), (.hourly, hourly), (.daily, daily), (.weekly, weekly), (.monthly, monthly),
            (.yearly, yearly),
        ].compactMap { rule, count in count.map { (rule, $0) } }
    }

    package var isEmpty: Bool { !all && counting.isEmpty && within == nil }

    /// Whether a rule needs to know a series: with `time-from: mtime` only these do not.
    package var needsSeries: Bool { !counting.isEmpty }

    /// `last 3, daily 7, within 30d`.
    package var text: String {
        if all { return "all" }
        let parts =
            counting.map { "\($0.rule.rawValue) \($0.count.text)" } + (within.map { ["within \($0.text)"] } ?? [])
        return parts.joined(separator: ", ")
    }
}

/// A rule that keeps the newest backup of each of the last N periods that have one.
package enum CountingRule: String, Sendable, CaseIterable {
    case last, hourly, daily, weekly, monthly, yearly

    /// The period in words: `week keeps b812`.
    package var period: String {
        switch self {
        case .last: "last"
        case .hourly: "hour"
        case .daily: "day"
        case .weekly: "week"
        case .monthly: "month"
        case .yearly: "year"
        }
    }
}
