internal import Model

/// Where the last N periods of the calendar begin, counted back from the newest backup: what rules reach where empty
/// periods count.
struct PeriodsBack {
    /// In nanoseconds.
    let newest: Int64
    let zone: Zone
    let clock: Semantics.Preset.PeriodClock

    /// What is dated later is within; `nil`: everything is. In nanoseconds; on the wall clock where `clock` is that.
    func edge(_ period: Period, _ count: Int) -> Int64? {
        guard count <= Span.most else { return nil }
        let span = Self.span(period, count)
        guard !span.isTooLong else { return nil }
        let first = clock == .wall ? wall(span) : instant(span)
        // What is as old as the last of these periods is still within.
        return first == .min ? nil : first - 1
    }

    private static func span(_ period: Period, _ count: Int) -> Span {
        switch period {
        case .second: Span(seconds: Int64(count))
        case .minute: Span(seconds: Int64(count) * 60)
        case .hour: Span(seconds: Int64(count) * 3600)
        case .day: Span(days: count)
        case .week: Span(days: count * 7)
        case .month: Span(months: count)
        case .thirteenWeeks: Span(days: count * 91)
        case .quarter: Span(months: count * 3)
        case .year: Span(years: count)
        }
    }

    /// By Go's calendar: a month before 31 March is 3 March.
    private func instant(_ span: Span) -> Int64 {
        var zone = zone
        return span.before(Timestamp(nanoseconds: newest), zone: &zone).nanoseconds
    }

    /// By dateutil's: a month before 31 March is the last day of February. No hour is skipped or repeated.
    private func wall(_ span: Span) -> Int64 {
        var zone = zone
        let newest = Timestamp(nanoseconds: newest)
        var civil = zone.civil(newest)
        let month = civil.year * 12 + civil.month - 1 - span.years * 12 - span.months
        civil.year = Int(Int64(month).floorDivided(by: 12))
        civil.month = month - civil.year * 12 + 1
        civil.day = min(civil.day, CivilTime.days(inMonth: civil.month, of: civil.year))
        let seconds = civil.localSeconds - Int64(span.days) * 86_400 - span.seconds
        return Timestamp(seconds: seconds).nanoseconds.adding(newest.fraction)
    }
}

extension Period {
    /// Whether it begins and ends with a day.
    var isOfDays: Bool {
        switch self {
        case .second, .minute, .hour: false
        case .day, .week, .month, .thirteenWeeks, .quarter, .year: true
        }
    }
}
