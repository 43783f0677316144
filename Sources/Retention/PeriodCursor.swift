import Model

/// The periods that an instant falls into, as numbers that are equal exactly within one period. Moved along a sorted
/// list it asks for the calendar once a day of it, not once a backup.
///
/// Fields come from the zone's local date; weeks are ISO's, from Monday.
struct PeriodCursor {
    private var zone: Zone
    /// The instants (seconds) of the present local day, as far as the offset is one and the same.
    private var low = Int64.max
    private var high = Int64.min
    /// Plain numbers, apart from the zone: they are passed around for every backup.
    private(set) var keys: Keys

    struct Keys {
        let hoursCarryOffset: Bool
        var seconds: Int64 = 0
        var offset: Int64 = 0
        var day: Int64 = .min
        var week: Int64 = .min
        /// The week's year and its number in it.
        var isoYear: Int64 = 0
        var isoWeek: Int64 = 0
        var month: Int64 = 0
        var quarter: Int64 = 0
        var year: Int64 = 0

        subscript(period: Period) -> Int64 {
            @inline(__always)
            get {
                switch period {
                case .second: seconds
                // Hours since the local midnight; offsets are whole seconds, less than a day either way.
                case .hour:
                    (day * 24 + (seconds + offset - day * 86_400) / 3600) * 200_000 + (hoursCarryOffset ? offset : 0)
                case .minute:
                    (day * 1440 + (seconds + offset - day * 86_400) / 60) * 200_000 + (hoursCarryOffset ? offset : 0)
                case .day: day
                case .week: week
                case .month: month
                // The 53rd week of a year belongs to the last quarter.
                case .thirteenWeeks: isoYear * 4 + min((isoWeek - 1) / 13, 3)
                case .quarter: quarter
                case .year: year
                }
            }
        }

        /// rotate-backups' week: its ISO number, and the year of the date.
        var weekOfDate: Int64 { year * 100 + isoWeek }
    }

    init(_ zone: Zone, hoursCarryOffset: Bool = true) {
        self.zone = zone
        keys = Keys(hoursCarryOffset: hoursCarryOffset)
    }

    /// Answers whether the day is another one than before.
    @inline(__always)
    @discardableResult
    mutating func move(toNanoseconds nanoseconds: Int64) -> Bool {
        let (quotient, remainder) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        keys.seconds = remainder < 0 ? quotient - 1 : quotient
        guard keys.seconds < low || keys.seconds >= high else { return false }
        let before = keys.day
        enterDay()
        return keys.day != before
    }

    mutating func move(to instant: Timestamp) { move(toNanoseconds: instant.nanoseconds) }

    private mutating func enterDay() {
        let offset = zone.offset(at: Timestamp(seconds: keys.seconds))
        keys.offset = offset
        let today = (keys.seconds + offset).floorDivided(by: 86_400)
        low = today * 86_400 - offset
        high = low + 86_400
        let isOneOffset =
            zone.offset(at: Timestamp(seconds: low)) == offset
            && zone.offset(at: Timestamp(seconds: high - 1)) == offset
        if !isOneOffset { (low, high) = (keys.seconds, keys.seconds + 1) }  // the clocks change on this day
        guard today != keys.day else { return }
        keys.day = today
        let date = CivilTime.date(daysSince1970: today)
        enterWeek((today + 3).floorDivided(by: 7))  // 1970-01-01 was a Thursday
        keys.month = Int64(date.year * 12 + date.month - 1)
        keys.quarter = keys.month.floorDivided(by: 3)
        keys.year = Int64(date.year)
    }
    /// A week has the year of its Thursday.
    private mutating func enterWeek(_ week: Int64) {
        guard week != keys.week else { return }
        keys.week = week
        let thursday = week * 7
        let year = CivilTime.date(daysSince1970: thursday).year
        keys.isoYear = Int64(year)
        keys.isoWeek = (thursday - CivilTime(year: year, month: 1, day: 1).daysSince1970) / 7 + 1
    }
}
