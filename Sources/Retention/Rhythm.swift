package import Model

/// How often a series gets a new backup, learnt from its last ten intervals.
package struct Rhythm: Hashable, Sendable {
    /// The median of the intervals, in seconds.
    package let seconds: Int64
    /// How far an interval usually strays from the median: the second largest deviation, so that weekends count, and a
    /// single outage does not.
    package let spread: Int64

    package static let intervals = 10
    /// Fewer intervals than this are no rhythm.
    package static let least = 3

    /// `times`: of the complete backups that are not future-dated, newest first. `nil`: too few to say.
    package init?(_ times: some Sequence<Timestamp>) {
        var intervals: [Int64] = []
        var newer: Timestamp?
        for time in times {
            if let newer { intervals.append(newer.seconds(since: time)) }
            newer = time
            if intervals.count == Self.intervals { break }
        }
        guard intervals.count >= Self.least else { return nil }
        let median = Self.median(intervals)
        // Many in the same second: no rhythm can be told.
        guard median > 0 else { return nil }
        seconds = median
        spread = intervals.map { abs($0 - median) }.sorted(by: >)[1]
    }

    package init(seconds: Int64, spread: Int64 = 0) {
        self.seconds = seconds
        self.spread = spread
    }

    private static func median(_ values: [Int64]) -> Int64 {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    /// Silence for longer than this is worth an alert: three rhythms, two of its usual gaps, and 26 hours at least.
    package var lateSeconds: Int64 { max(3 * seconds, seconds + 2 * spread, 26 * 3600) }

    /// Silence for longer than this: the series has ended, and there is nobody to alert any more. Always some time
    /// behind ``lateSeconds``.
    package var endedSeconds: Int64 { max(10 * seconds, lateSeconds / 3 * 10) }

    package enum Regularity: String, Sendable { case ok, late, ended }

    /// How a series is whose newest complete backup is of `newest`.
    package func regularity(newest: Timestamp, now: Timestamp) -> Regularity {
        let silence = now.seconds(since: newest)
        return silence > endedSeconds ? .ended : silence > lateSeconds ? .late : .ok
    }
}

extension Timeline {
    /// Cleanups thin out what is here, so what was learnt of all counts more.
    package var rhythm: Rhythm? { learnt ?? Rhythm(counting.lazy.map { backups[Int($0)].time }) }

    package var newest: Candidate? { counting.first.map { backups[Int($0)] } }
}
