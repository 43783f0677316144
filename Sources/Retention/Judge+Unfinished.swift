internal import Model

/// What becomes of unfinished backups where a preset decides alone: in `retention simulate`, without safeguards.
extension Judge {
    func dropUnfinished(_ unfinished: [Int], _ timeline: Timeline, _ report: inout RetentionReport) {
        guard !unfinished.isEmpty else { return }
        let backups = timeline.backups
        func place(_ index: Int) -> (Timestamp, Bytes) { (backups[index].time, backups[index].path) }
        let newestFirst = unfinished.sorted { place($0) > place($1) }
        // Proxmox's protected ones are finished too.
        let finished = backups.indices.filter { timeline.condition(of: $0).condition == .complete }.map(place)
            .max { $0 < $1 }
        let ahead = newestFirst.prefix { index in finished.map { place(index) > $0 } ?? true }
        let kept = Set(ahead.prefix(most(Array(ahead), timeline)))
        for index in newestFirst {
            if isPreserved(backups[index]) {
                keepPreserved(index, backups[index], &report)
            } else if kept.contains(index) {
                report.retain(index, .unfinishedNewest)
            } else {
                report.condemn(index, .unfinished)
            }
        }
    }

    /// How many of the unfinished that are newer than all that is finished stay, newest first.
    private func most(_ ahead: [Int], _ timeline: Timeline) -> Int {
        guard policy.semantics.unfinished == .recent, let newest = ahead.first else { return 1 }
        let end = timeline.backups[newest].time
        let young = ahead.prefix { timeline.backups[$0].time.adding(seconds: Self.recentSeconds) > end }
        return max(young.count, Self.unfinishedAtAnyAge)
    }

    private static let recentSeconds: Int64 = 4 * 3600
    private static let unfinishedAtAnyAge = 3
}
