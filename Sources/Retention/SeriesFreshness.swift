package import Model

/// How a series is doing: its rhythm, whether it is late or has ended, and whether its newest backup can be used.
package struct SeriesFreshness: Hashable, Sendable {
    package var rhythm: Rhythm?
    /// The newest complete backup that is not future-dated.
    package var newest: Timestamp?
    /// `ok` where there is no rhythm to be late by.
    package var regularity: Rhythm.Regularity
    /// What a person said of its end, while no newer backup came.
    package var retirement: Judge.Retirement?
    /// Its newest backups, where they cannot be used.
    package var failing: Failing?
    /// Its newest backup may still become complete.
    package var isSettling = false
    /// Its name has a version, and a series with a later one began when it ended.
    package var isSucceeded = false

    package struct Failing: Hashable, Sendable {
        /// How many in a row.
        package var count: Int
        /// Of the newest one: `suspect`, `incomplete` or `broken`; and why, for a person.
        package var condition: Backup.Condition
        package var why: String
        package var backup: Backup

        package var isEmpty: Bool { backup.size == 0 }
    }

    /// What a person is told of the series in one word.
    package enum Health: String, Sendable { case ok, settling, suspect, failing, late, ended, retired, succeeded }

    package var health: Health {
        if retirement != nil { return .retired }
        if let failing { return failing.condition == .suspect ? .suspect : .failing }
        switch regularity {
        case .late: return isSucceeded ? .succeeded : .late
        case .ended: return isSucceeded ? .succeeded : .ended
        case .ok: return isSettling ? .settling : .ok
        }
    }

    /// How long its writer may take to bring a missing piece, side file or base before that is reported.
    package static let awaitedSeconds: Int64 = 6 * 3600
    /// So many in a row are reported at once, whatever may still come.
    package static let fewestFailing = 2

    /// Every series of a vault. `links`: which of them need which.
    package static func all(
        _ backups: [Backup], protection: Judge.Protection, links: LinkGraph? = nil, now: Moment
    ) -> [Bytes: SeriesFreshness] {
        let bySeries = Dictionary(grouping: backups, by: \.series)
        let succession = Succession(
            bySeries.map { series, members in
                let times = members.map(\.time)
                let (first, newest) = (times.min() ?? now.wall, times.max() ?? now.wall)
                return (series, min(protection.firstKnown[series] ?? first, first), newest)
            })
        return bySeries.reduce(into: [:]) { freshness, group in
            let (series, members) = group
            let times = members.filter { $0.isComplete && $0.kind != .log && !Judge.isFuture($0, now: now) }.map(\.time)
                .sorted(by: >)
            let rhythm = protection.rhythms[series] ?? Rhythm(times)
            let regularity = rhythm.flatMap { rhythm in times.first.map { rhythm.regularity(newest: $0, now: now.wall) }
            }
            let retirement = protection.retired[series].flatMap { word in
                word.covers(members.map(\.id.object)) ? word : nil
            }
            // Suspect ones show that its writer lives; they are no backups to rely on.
            let newest = members.filter {
                $0.isComplete && !Judge.isFuture($0, now: now) && protection.suspicion.suspects[$0.id.object] == nil
            }.map(\.time).max()
            let newestFirst = NewestFirst(members, protection, links, now)
            freshness[series] = SeriesFreshness(
                rhythm: rhythm, newest: newest, regularity: regularity ?? .ok, retirement: retirement,
                failing: newestFirst.failing, isSettling: newestFirst.isSettling,
                isSucceeded: times.first.map { succession.isSucceeded(series, newest: $0) } ?? false)
        }
    }
}

/// The backups of a series from the newest on, without those that are dated ahead, up to the first good one.
private struct NewestFirst {
    /// Not good, newest first. One that is the first to end without the footer of its series counts, as options may
    /// have changed, and is reported: it may as well be cut off.
    private var bad: [(backup: Backup, condition: Backup.Condition, note: String)] = []
    private let now: Moment

    init(_ members: [Backup], _ protection: Judge.Protection, _ links: LinkGraph?, _ now: Moment) {
        self.now = now
        func effective(_ backup: Backup) -> (condition: Backup.Condition, note: String) {
            backup.effectiveCondition(protection, links, now: now)
        }
        let ahead = members.filter { !Judge.isFuture($0, now: now) }
        // The usual case: no sorting of thousands.
        guard let newest = ahead.max(by: Self.isOlder) else { return }
        if effective(newest).condition == .complete {
            if newest.lacksFooter, !protection.accepted.contains(newest.id.object),
                let last = ahead.filter({ $0.id != newest.id && $0.isComplete }).max(by: Self.isOlder),
                last.endMark == .footerShown
            {
                bad = [(newest, .suspect, newest.note)]
            }
            return
        }
        for backup in ahead.sorted(by: { Self.isOlder($1, $0) }) {
            let (condition, note) = effective(backup)
            guard condition != .complete else { return }
            bad.append((backup, condition, note))
        }
    }

    private static func isOlder(_ a: Backup, _ b: Backup) -> Bool { (a.time, a.path) < (b.time, b.path) }

    var isSettling: Bool { bad.contains { $0.condition == .settling || mayStillCome($0.backup, $0.condition) } }

    var failing: SeriesFreshness.Failing? {
        let unusable = bad.filter { $0.condition != .settling }
        guard let newest = unusable.first,
            unusable.count >= SeriesFreshness.fewestFailing
                || !mayStillCome(newest.backup, newest.condition)
        else { return nil }
        return .init(count: unusable.count, condition: newest.condition, why: newest.note, backup: newest.backup)
    }

    /// Its writer may not be done with it: a piece, a side file or what it stands on may be on its way. What is empty,
    /// cut off, reported as failed or suspect is as it will be.
    private func mayStillCome(_ backup: Backup, _ condition: Backup.Condition) -> Bool {
        let isAwaited: Bool
        switch condition {
        case .incomplete: isAwaited = backup.isAwaited || backup.kind == .log
        // What it needs is not there; what its tool left unreadable stays so.
        case .broken: isAwaited = backup.condition == .complete
        case .settling, .complete, .suspect, .future: isAwaited = false
        }
        guard isAwaited, let changed = backup.members.map(\.ctime).max() else { return false }
        return now.wall.seconds(since: changed) < SeriesFreshness.awaitedSeconds
    }
}
