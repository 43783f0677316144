internal import Model

/// What no rule may take from a series, and what is held back for a while (invariant 6).
struct Safeguards {
    let policy: VaultPolicy
    let zone: Zone
    let now: Timestamp
    /// A person's word on the end of the series, where it is in force.
    let retirement: Judge.Retirement?

    func keepWhatMustStay(_ timeline: Timeline, _ report: inout RetentionReport) {
        if let retirement {
            retire(retirement, timeline, &report)
        } else {
            keepNewest(timeline, &report)
            keepOnlyOnes(timeline, &report)
        }
    }

    func holdBack(_ timeline: Timeline, _ report: inout RetentionReport) {
        if retirement == nil, let newest = timeline.newest,
            timeline.rhythm?.regularity(newest: newest.time, now: now) == .ended
        {
            for index in timeline.counting.lazy.map({ Int($0) }) where !report.isRetained(index) {
                report.retain(index, .ended(since: newest.time))
            }
        }
        holdBackTooEarly(timeline, &report)
    }

    /// Invariant 6, and `min`.
    private func keepNewest(_ timeline: Timeline, _ report: inout RetentionReport) {
        guard let newest = timeline.counting.first else { return }
        report.retain(Int(newest), .newest)
        if let full = timeline.counting.first(where: { timeline.backups[Int($0)].kind == .full }), full != newest {
            report.retain(Int(full), .newestFull)
        }
        for index in timeline.counting.dropFirst().prefix(max(0, policy.minimum - 1)) {
            report.retain(Int(index), .minimum(policy.minimum))
        }
    }

    /// `only-backup-of`: no cleanup takes the last backup of a day, week, month, year.
    private func keepOnlyOnes(_ timeline: Timeline, _ report: inout RetentionReport) {
        guard let period = policy.onlyBackupOf else { return }
        var cursor = PeriodCursor(zone)
        var open: (key: Int64, newest: Int, hasKept: Bool)?
        func close(_ report: inout RetentionReport) {
            if let open, !open.hasKept { report.retain(open.newest, .onlyOf(period.rawValue)) }
        }
        for index in timeline.counting.lazy.map({ Int($0) }) {
            cursor.move(to: timeline.backups[index].time)
            let key = cursor.keys[period]
            if open?.key != key {
                close(&report)
                open = (key, index, report.isRetained(index))
            } else if report.isRetained(index) {
                open?.hasKept = true
            }
        }
        close(&report)
    }

    private func retire(_ retirement: Judge.Retirement, _ timeline: Timeline, _ report: inout RetentionReport) {
        for (rank, index) in timeline.counting.enumerated() {
            let stays = retirement.keep.map { rank < $0 } ?? true
            if stays {
                report.retain(Int(index), .retired(retirement.reason, keeps: true))
            } else {
                report.condemn(Int(index), .retired(retirement.reason, keeps: false))
            }
        }
    }

    /// What holds back a condemnation for a while; not said beside a reason to stay for good.
    private func holdBackTooEarly(_ timeline: Timeline, _ report: inout RetentionReport) {
        let young = now.adding(seconds: -policy.minAge.fixedSeconds).nanoseconds
        let unobserved = now.adding(seconds: -policy.minObservedAge.fixedSeconds).nanoseconds
        report.holdBack = (policy.minAge.text, policy.minObservedAge.text)
        // In input order: what is set aside is retained already.
        report.holdBack(from: timeline) { candidate in
            var flags: RetentionReport.Flags = []
            if candidate.time.nanoseconds > young { flags.insert(.young) }
            if candidate.observedSince.nanoseconds > unobserved { flags.insert(.unobserved) }
            return flags
        }
    }
}
