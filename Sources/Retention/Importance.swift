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
        guard let newest = timeline.times.first else { return Array(repeating: 0, count: timeline.backups.count) }
        // First what needs only the backup itself, in input order; then what its place in time adds.
        var scores = timeline.backups.withUnsafeBufferPointer { all in
            all.indices.map { worth(all[$0].kind, all[$0].restored, all[$0].isVerified) }
        }
        if timeline.counting.count < scores.count {
            var counts = [Bool](repeating: false, count: scores.count)
            for index in timeline.counting { counts[Int(index)] = true }
            for index in scores.indices where !counts[index] { scores[index] = 0 }
        }
        var cursor = PeriodCursor(zone)
        // Oldest first: the first of a period is the one whose predecessor is in another.
        var before: (week: Int64, month: Int64, year: Int64) = (.min, .min, .min)
        let newestSeconds = newest / 1_000_000_000
        scores.withUnsafeMutableBufferPointer { scores in
            for rank in timeline.times.indices.reversed() {
                var place = 0
                if cursor.move(toNanoseconds: timeline.times[rank]) {
                    place =
                        cursor.keys.year != before.year
                        ? 30 : cursor.keys.month != before.month ? 22 : cursor.keys.week != before.week ? 14 : 6
                    before = (cursor.keys.week, cursor.keys.month, cursor.keys.year)
                }
                let days = (newestSeconds - cursor.keys.seconds) / 86_400
                place += max(0, 25 - (Int64.bitWidth - max(0, days).leadingZeroBitCount))
                scores[Int(timeline.counting[rank])] += UInt8(truncatingIfNeeded: place)
            }
        }
        return scores
    }

    private static func worth(_ kind: Backup.Kind, _ restored: UInt16, _ isVerified: Bool) -> UInt8 {
        let kind: UInt8 =
            switch kind {
            case .full: 15
            case .differential: 8
            case .incremental, .log: 0
            }
        return kind + (restored == 0 ? 0 : restored == 1 ? 10 : 15) + (isVerified ? 15 : 0)
    }
}
