internal import Model

/// What becomes of backups that count for nothing: set aside (invariant 7); by some presets dropped.
struct SetAside {
    let policy: VaultPolicy
    let protection: Judge.Protection
    let now: Timestamp

    func decide(_ timeline: Timeline, _ report: inout RetentionReport) {
        guard timeline.counting.count + timeline.logs.count < timeline.backups.count else { return }
        var counts = [Bool](repeating: false, count: timeline.backups.count)
        for index in timeline.counting { counts[Int(index)] = true }
        for index in timeline.logs { counts[index] = true }
        var unfinished: [Int] = []
        for (index, backup) in timeline.backups.enumerated() where !counts[index] {
            let (condition, note) = timeline.condition(of: index)
            if condition == .complete {
                // Preserved, under semantics in which that counts for nothing.
                protection.keepPreserved(index, backup, &report)
            } else if condition == .incomplete, !policy.hasSafeguards, policy.semantics.unfinished != .setAside {
                unfinished.append(index)
            } else {
                if protection.isPreserved(backup) { protection.keepPreserved(index, backup, &report) }
                report.setAside(index, .setAside(condition, note))
                if policy.hasSafeguards { dropIncomplete(index, condition, timeline: timeline, report: &report) }
            }
        }
        dropUnfinished(unfinished, timeline, &report)
    }

    /// An incomplete one goes when a complete one is newer by `incomplete-after`, and it is known that long.
    private func dropIncomplete(
        _ index: Int, _ condition: Backup.Condition, timeline: Timeline, report: inout RetentionReport
    ) {
        let backup = timeline.backups[index]
        let isUnfinished = backup.condition == .incomplete && (condition == .incomplete || backup.size == 0)
        guard isUnfinished, let newest = timeline.newest, !protection.isPreserved(backup),
            protection.reprieved[backup.id.object] == nil, protection.linked[backup.path] == nil
        else { return }
        // Of an ended series nothing goes.
        guard timeline.rhythm?.regularity(newest: newest.time, now: now) != .ended else { return }
        let after = policy.incompleteAfter.fixedSeconds
        guard newest.time.seconds(since: backup.time) > after, now.seconds(since: backup.observedSince) > after else {
            return
        }
        report.condemnAside(index, .incompleteFor(policy.incompleteAfter.text, newer: newest.id))
    }

    /// Where a preset decides alone: in `retention simulate`, without safeguards.
    private func dropUnfinished(_ unfinished: [Int], _ timeline: Timeline, _ report: inout RetentionReport) {
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
            if protection.isPreserved(backups[index]) {
                protection.keepPreserved(index, backups[index], &report)
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
