/// The words of `keep`, in the order in which finer rules come first.
package enum KeepRule: String, Sendable, CaseIterable {
    case last, secondly, minutely, hourly, daily, weekly, monthly
    /// Quarters of 13 ISO weeks: borg's `--keep-13weekly`.
    case thirteenWeekly = "13weekly"
    case quarterly, yearly
    case within
    case withinSecondly = "within-secondly"
    case withinMinutely = "within-minutely"
    case withinHourly = "within-hourly"
    case withinDaily = "within-daily"
    case withinWeekly = "within-weekly"
    case withinMonthly = "within-monthly"
    case within13weekly = "within-13weekly"
    case withinQuarterly = "within-quarterly"
    case withinYearly = "within-yearly"
    case full, diff, window, logs

    /// Whether it is written as a count, else as a length of time.
    package var isCounting: Bool {
        switch self {
        case .last, .secondly, .minutely, .hourly, .daily, .weekly, .monthly, .thirteenWeekly, .quarterly, .yearly,
            .full, .diff:
            true
        default: false
        }
    }

    /// The period of which one backup is kept; `nil`: each backup for itself.
    package var period: Period? {
        switch self {
        case .last, .within, .full, .diff, .window, .logs: nil
        case .secondly, .withinSecondly: .second
        case .minutely, .withinMinutely: .minute
        case .hourly, .withinHourly: .hour
        case .daily, .withinDaily: .day
        case .weekly, .withinWeekly: .week
        case .monthly, .withinMonthly: .month
        case .thirteenWeekly, .within13weekly: .thirteenWeeks
        case .quarterly, .withinQuarterly: .quarter
        case .yearly, .withinYearly: .year
        }
    }

    /// The rule that keeps the same by age instead of by number.
    package var byAge: KeepRule? {
        switch self {
        case .last: .within
        case .secondly: .withinSecondly
        case .minutely: .withinMinutely
        case .hourly: .withinHourly
        case .daily: .withinDaily
        case .weekly: .withinWeekly
        case .monthly: .withinMonthly
        case .thirteenWeekly: .within13weekly
        case .quarterly: .withinQuarterly
        case .yearly: .withinYearly
        default: nil
        }
    }
}

/// A stretch of the calendar. The raw value is its word in reasons: `week keeps b812`.
package enum Period: String, Sendable, Codable, CaseIterable {
    case second, minute, hour, day, week, month
    case thirteenWeeks = "quarter of 13 weeks"
    case quarter, year
}
