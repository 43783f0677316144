package import Model

/// How dear a backup is among the others of its series, from 0 to 100. It orders what goes first under pressure, and
/// gives the priority; it never decides by itself.
///
/// The sum of, at most:
/// - age: 25 for the newest, one less for each halving of its freshness (1 d, 2 d, 4 d, … behind the newest)
/// - kind: 15 for a full one, 8 for a differential, 0 for an incremental
/// - restored: 10 once, 15 more often
/// - checkpoint: the first of its year 30, quarter or month 22, week 14, day 6 (the greatest counts)
/// - verified: 15
package enum Importance {
    /// A person's word for a whole series, which overrides the number.
    package enum Level: String, Sendable, Codable, CaseIterable { case critical, important, standard, low }

    package static func priority(ofScore score: UInt8, level: Level? = nil) -> RetentionPriority {
        switch level {
        case .critical: return .critical
        case .important: return .important
        case .standard: return .standard
        case .low: return .low
        case nil: break
        }
        switch score {
        case 70...: return .critical
        case 50...: return .important
        case 25...: return .standard
        default: return .low
        }
    }

    /// One for each backup, in input order; 0 for what does not count.
    package static func scores(_ timeline: Timeline, zone: Zone) -> [UInt8] {
        var scores = [UInt8](repeating: 0, count: timeline.backups.count)
        guard let newest = timeline.counting.first else { return scores }
        var cursor = PeriodCursor(zone)
        let newestSeconds = timeline.backups[Int(newest)].time.seconds
        // Oldest first: the first of a period is the one whose predecessor is in another.
        var before: (day: Int64, week: Int64, month: Int64, year: Int64) = (.min, .min, .min, .min)
        for index in timeline.counting.reversed() {
            let backup = timeline.backups[Int(index)]
            cursor.move(to: backup.time)
            var checkpoint = 0
            if cursor.day != before.day {
                checkpoint =
                    cursor.year != before.year
                    ? 30 : cursor.month != before.month ? 22 : cursor.week != before.week ? 14 : 6
                before = (cursor.day, cursor.week, cursor.month, cursor.year)
            }
            let days = max(0, newestSeconds - cursor.seconds) / 86_400
            let age = max(0, 25 - (Int64.bitWidth - days.leadingZeroBitCount))
            scores[Int(index)] = UInt8(
                age + worth(backup.kind) + min(15, Int(min(backup.restored, 2)) * 10) + checkpoint
                    + (backup.isVerified ? 15 : 0))
        }
        return scores
    }

    private static func worth(_ kind: Backup.Kind) -> Int {
        switch kind {
        case .full: 15
        case .differential: 8
        case .incremental: 0
        }
    }
}
