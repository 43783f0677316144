package import Model

/// What to keep of one series. Rules only ever keep; what no rule keeps goes.
package struct KeepRules: Hashable, Sendable, Codable {
    /// Keep everything.
    package var all = false
    package var last: Count?
    package var secondly: Count?
    package var minutely: Count?
    package var hourly: Count?
    package var daily: Count?
    package var weekly: Count?
    package var monthly: Count?
    /// One backup of each quarter of 13 ISO weeks.
    package var thirteenWeekly: Count?
    package var quarterly: Count?
    package var yearly: Count?
    /// Everything younger than this, counted back from the newest complete backup.
    package var within: Span?
    /// One backup a second (a minute, …) of those younger than this.
    package var withinSecondly: Span?
    package var withinMinutely: Span?
    package var withinHourly: Span?
    package var withinDaily: Span?
    package var withinWeekly: Span?
    package var withinMonthly: Span?
    package var within13weekly: Span?
    package var withinQuarterly: Span?
    package var withinYearly: Span?
    /// The newest N full backups, each with all that needs it.
    package var full: Count?
    /// Of the differential backups that stay with their full one, only the newest N, each with all that needs it; a
    /// full one counts as a differential one (pgBackRest). Alone it leaves all full ones in place.
    package var diff: Count?
    /// Everything younger than this, and the newest full one older than it with all that needs it: any point in time
    /// within the window can be restored.
    package var window: Span?
    /// Transaction logs younger than this, with what they start from: any moment of this time can be restored. `nil`: a
    /// log stays as long as the full one before it.
    package var logs: Span?
    /// Backups that have all tags of one of these sets. Only in `retention simulate`.
    package var tagSets: [[String]]?

    package init() {}

    package static let everything: KeepRules = {
        var rules = KeepRules()
        rules.all = true
        return rules
    }()

    /// How many a rule keeps.
    package enum Count: Hashable, Sendable, Codable {
        case first(Int)
        /// At least the lower, and up to the higher while space is not short.
        case range(Int, Int)
        /// No end.
        case unlimited

        package init?(text: String) {
            let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { part in
                part.allSatisfy { $0.isASCII && $0.isNumber } ? Int(part) : nil
            }
            if text == "unlimited" {
                self = .unlimited
            } else if parts.count == 1, let n = parts[0], n > 0 {
                self = .first(n)
            } else if parts.count == 2, let low = parts[0], let high = parts[1], 0 < low, low < high {
                self = .range(low, high)
            } else {
                return nil
            }
        }

        /// `nil` for no end.
        package func number(_ space: Space) -> Int? {
            switch self {
            case .first(let n): n
            case .range(let low, let high): space == .short ? low : high
            case .unlimited: nil
            }
        }

        package var text: String {
            switch self {
            case .first(let n): String(n)
            case .range(let low, let high): "\(low)-\(high)"
            case .unlimited: "unlimited"
            }
        }

        package var isRange: Bool { if case .range = self { true } else { false } }

        package init(from decoder: any Decoder) throws {
            let text = try decoder.singleValueContainer().decode(String.self)
            guard let count = Count(text: text) else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "'\(text)' is not a valid count"))
            }
            self = count
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(text)
        }
    }

    /// The counting rules in use, finest first.
    package var counting: [(rule: KeepRule, count: Count)] {
        KeepRule.allCases.compactMap { rule in self[rule].map { (rule, $0) } }
    }

    /// The rules by age in use, `within` first.
    package var windows: [(rule: KeepRule, span: Span)] {
        KeepRule.allCases.compactMap { rule in self[window: rule].map { (rule, $0) } }
    }

    /// The count of a counting rule; `nil` for the others.
    package subscript(rule: KeepRule) -> Count? {
        get {
            switch rule {
            case .last: last
            case .secondly: secondly
            case .minutely: minutely
            case .hourly: hourly
            case .daily: daily
            case .weekly: weekly
            case .monthly: monthly
            case .thirteenWeekly: thirteenWeekly
            case .quarterly: quarterly
            case .yearly: yearly
            case .full: full
            case .diff: diff
            default: nil
            }
        }
        set {
            switch rule {
            case .last: last = newValue
            case .secondly: secondly = newValue
            case .minutely: minutely = newValue
            case .hourly: hourly = newValue
            case .daily: daily = newValue
            case .weekly: weekly = newValue
            case .monthly: monthly = newValue
            case .thirteenWeekly: thirteenWeekly = newValue
            case .quarterly: quarterly = newValue
            case .yearly: yearly = newValue
            case .full: full = newValue
            case .diff: diff = newValue
            default: break
            }
        }
    }

    /// The length of time of a rule by age; `nil` for the others.
    package subscript(window rule: KeepRule) -> Span? {
        get {
            switch rule {
            case .within: within
            case .withinSecondly: withinSecondly
            case .withinMinutely: withinMinutely
            case .withinHourly: withinHourly
            case .withinDaily: withinDaily
            case .withinWeekly: withinWeekly
            case .withinMonthly: withinMonthly
            case .within13weekly: within13weekly
            case .withinQuarterly: withinQuarterly
            case .withinYearly: withinYearly
            case .window: window
            case .logs: logs
            default: nil
            }
        }
        set {
            switch rule {
            case .within: within = newValue
            case .withinSecondly: withinSecondly = newValue
            case .withinMinutely: withinMinutely = newValue
            case .withinHourly: withinHourly = newValue
            case .withinDaily: withinDaily = newValue
            case .withinWeekly: withinWeekly = newValue
            case .withinMonthly: withinMonthly = newValue
            case .within13weekly: within13weekly = newValue
            case .withinQuarterly: withinQuarterly = newValue
            case .withinYearly: withinYearly = newValue
            case .window: window = newValue
            case .logs: logs = newValue
            default: break
            }
        }
    }

    package var isEmpty: Bool { !all && counting.isEmpty && windows.isEmpty && (tagSets ?? []).isEmpty }

    /// Whether a rule needs to know a series: with `time-from: mtime` only `within` and `all` do not.
    package var needsSeries: Bool { !counting.isEmpty || windows.contains { $0.rule != .within } }

    package var hasRanges: Bool { counting.contains { $0.count.isRange } }

    /// `last 3, daily 7, within 30d`.
    package var text: String {
        if all { return "all" }
        let tags = (tagSets ?? []).map { "tag " + $0.joined(separator: ",") }
        let parts =
            counting.map { "\($0.rule.rawValue) \($0.count.text)" }
            + windows.map {
                "\($0.rule.rawValue) \($0.span.text)"
            }
        return (parts + tags).joined(separator: ", ")
    }
}

/// Whether a file system has room: a range keeps up to its higher bound, or only its lower one.
package enum Space: Sendable { case ample, short }
