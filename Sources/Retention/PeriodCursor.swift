import Model

/// The periods that an instant falls into, as numbers that are equal exactly within one period. Moved along a sorted
/// list it asks for the calendar once a day of it, not once a backup.
///
/// Fields come from the zone's local date; weeks are ISO's, from Monday.
struct PeriodCursor {
    private var zone: Zone
    private let hoursCarryOffset: Bool
    /// The instants (seconds) of the present local day, as far as the offset is one and the same.
    private var low = Int64.max
    private var high = Int64.min
    private var offset: Int64 = 0
    private(set) var seconds: Int64 = 0
    private(set) var day: Int64 = .min
    private(set) var week: Int64 = 0
    private(set) var month: Int64 = 0
    private(set) var quarter: Int64 = 0
    private(set) var year: Int64 = 0

    init(_ zone: Zone, hoursCarryOffset: Bool = true) {
        self.zone = zone
        self.hoursCarryOffset = hoursCarryOffset
    }

    @inline(__always)
    mutating func move(to instant: Timestamp) {
        seconds = instant.seconds
        if seconds < low || seconds >= high { enterDay() }
    }

    private mutating func enterDay() {
        offset = zone.offset(at: Timestamp(seconds: seconds))
        let today = (seconds + offset).floorDivided(by: 86_400)
        low = today * 86_400 - offset
        high = low + 86_400
        let isOneOffset =
            zone.offset(at: Timestamp(seconds: low)) == offset
            && zone.offset(at: Timestamp(seconds: high - 1)) == offset
        if !isOneOffset { (low, high) = (seconds, seconds + 1) }  // the clocks change on this day
        guard today != day else { return }
        day = today
        let date = CivilTime.date(daysSince1970: today)
        week = (today + 3).floorDivided(by: 7)  // 1970-01-01 was a Thursday
        month = Int64(date.year * 12 + date.month - 1)
        quarter = month.floorDivided(by: 3)
        year = Int64(date.year)
    }

    @inline(__always)
    func key(_ period: Period) -> Int64 {
        switch period {
        case .second: seconds
        case .hour:
            // Offsets are whole seconds, less than a day either way.
            (seconds + offset).floorDivided(by: 3600) * 200_000 + (hoursCarryOffset ? offset : 0)
        case .day: day
        case .week: week
        case .month: month
        case .quarter: quarter
        case .year: year
        }
    }
}
