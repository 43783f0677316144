package import Model

/// How a series is doing: its rhythm, and whether it is late or has ended.
package struct SeriesPulse: Hashable, Sendable {
    package var rhythm: Rhythm?
    /// The newest complete backup that is not future-dated.
    package var newest: Timestamp?
    /// `ok` where there is no rhythm to be late by.
    package var pulse: Rhythm.Pulse
    /// What a person said of its end, while no newer backup came.
    package var retirement: Judge.Retirement?

    /// Its newest backups that cannot be used, where there are several in a row.
    package var failing: Failing?

    package struct Failing: Hashable, Sendable {
        package var count: Int
        /// Of the newest one, for a person.
        package var why: String
        package var path: Bytes
    }

    /// Fewer in a row may be one that is still being written.
    package static let fewestFailing = 2

    /// Every series of a vault. `links`: which of them need which.
    package static func all(
        _ backups: [Backup], protection: Judge.Protection, links: LinkGraph? = nil, now: Moment
    ) -> [Bytes: SeriesPulse] {
        Dictionary(grouping: backups, by: \.series).reduce(into: [:]) { pulses, group in
            let (series, members) = group
            let times = members.filter { $0.isComplete && $0.kind != .log && !Judge.isFuture($0, now: now) }.map(\.time)
                .sorted(by: >)
            let rhythm = protection.rhythms[series] ?? Rhythm(times)
            let pulse = rhythm.flatMap { rhythm in times.first.map { rhythm.pulse(newest: $0, now: now.wall) } }
            let retirement = protection.retired[series].flatMap { word in
                word.covers(members.map(\.id.object)) ? word : nil
            }
            // Suspect ones show that its writer lives; they are no backups to rely on.
            let newest = members.filter {
                $0.isComplete && !Judge.isFuture($0, now: now) && protection.suspicion.suspects[$0.id.object] == nil
            }.map(\.time).max()
            pulses[series] = SeriesPulse(
                rhythm: rhythm, newest: newest, pulse: pulse ?? .ok, retirement: retirement,
                failing: failing(members, protection, links, now))
        }
    }

    private static func failing(
        _ members: [Backup], _ protection: Judge.Protection, _ links: LinkGraph?, _ now: Moment
    ) -> Failing? {
        func why(_ backup: Backup) -> String? {
            if backup.mayBeAccepted, protection.accepted.contains(backup.id.object) { return nil }
            switch backup.condition {
            case .incomplete, .broken: return backup.note
            case .complete: return links?.whyBroken(backup.id)
            case .settling, .suspect, .future: return nil
            }
        }
        guard members.contains(where: { why($0) != nil }) else { return nil }
        let newestFirst = members.filter { $0.condition != .settling && !Judge.isFuture($0, now: now) }.sorted {
            ($0.time, $0.path) > ($1.time, $1.path)
        }
        let bad = newestFirst.prefix { why($0) != nil }
        guard let newest = bad.first, bad.count >= fewestFailing else { return nil }
        return Failing(count: bad.count, why: why(newest) ?? "", path: newest.path)
    }
}
