internal import Model

/// What becomes of transaction logs, and what stays because of them.
struct LogRules {
    /// `logs: 14d`; `nil`: a log stays with its full one.
    let span: Span?

    /// `logs: 14d` promises every moment of the last 14 days: the newest one that is whole before they begin stays.
    func keepWindow(_ timeline: Timeline, _ report: inout RetentionReport) {
        guard !timeline.logs.isEmpty, let edge = edge(timeline) else { return }
        if let base = baseOfWindow(edge, timeline) { report.retain(base, .logWindow(span?.text ?? "")) }
    }

    /// Where the time begins of which every moment can be restored; `nil`: no rule says so.
    private func edge(_ timeline: Timeline) -> Timestamp? {
        guard let span, let newest = timeline.newest else { return nil }
        let last = timeline.logs.last.map { timeline.backups[$0].time } ?? newest.time
        return max(last, newest.time).adding(seconds: -span.fixedSeconds)
    }

    private func baseOfWindow(_ edge: Timestamp, _ timeline: Timeline) -> Int? {
        timeline.counting.lazy.map { Int($0) }.first { timeline.backups[$0].time <= edge }
    }

    /// A log stays as long as the full one before it, or as long as `logs` says. One without any full one before it
    /// leads from nowhere, and goes once a full one came behind it.
    func decide(_ timeline: Timeline, _ report: inout RetentionReport) {
        guard !timeline.logs.isEmpty else { return }
        let edge = edge(timeline)
        let start = edge.flatMap { baseOfWindow($0, timeline) }.map { timeline.backups[$0].time }
        let fulls: [Int] = timeline.counting.reversed().map { Int($0) }.filter { timeline.backups[$0].isFull }
        var (next, base) = (0, Int?.none)
        for log in timeline.logs where !report.isRetained(log) {
            while next < fulls.count, timeline.backups[fulls[next]].time <= timeline.backups[log].time {
                base = fulls[next]
                next += 1
            }
            guard let base else {
                if fulls.isEmpty {
                    report.retain(log, .logWithoutFull)
                } else {
                    report.condemn(log, .logBeforeAllFull)
                }
                continue
            }
            let name = timeline.backups[base].path.lastComponent.display
            if let start {
                if timeline.backups[log].time >= start {
                    report.retain(log, .logWindow(span?.text ?? ""))
                } else {
                    report.condemn(log, .logBeyond(span?.text ?? ""))
                }
            } else if report.isRetained(base) {
                report.retain(log, .logOf(name))
            } else {
                report.condemn(log, .logOfGone(name))
            }
        }
    }
}
