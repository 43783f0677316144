import Model

/// The periods that one instant falls into, as numbers that are equal exactly within one period.
///
/// Fields come from the zone's local date; weeks start on Monday, as ISO's. An hour carries the UTC offset, so that the
/// hour that is repeated in autumn is two hours.
struct PeriodKeys {
    private let hour: Int64
    private let day: Int64
    private let civil: CivilTime

    init(_ instant: Timestamp, zone: inout Zone) {
        let offset = zone.offset(at: instant)
        let local = instant.seconds + offset
        // Offsets are whole quarters of an hour within a day of UTC, in the past also odd seconds: keep them all.
        hour = local.floorDivided(by: 3600) * 1_000_000 + offset
        day = local.floorDivided(by: 86_400)
        let date = CivilTime.date(daysSince1970: day)
        civil = CivilTime(year: date.year, month: date.month, day: date.day)
    }

    /// `nil` for `last`, where every backup is a period of its own.
    func key(_ rule: CountingRule) -> Int64? {
        switch rule {
        case .last: nil
        case .hourly: hour
        case .daily: day
        case .weekly: (day + 3).floorDivided(by: 7)  // 1970-01-01 was a Thursday
        case .monthly: Int64(civil.year * 12 + civil.month)
        case .yearly: Int64(civil.year)
        }
    }
}
