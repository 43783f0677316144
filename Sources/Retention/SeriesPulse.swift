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

    /// Every series of a vault.
    package static func all(_ backups: [Backup], protection: Judge.Protection, now: Moment) -> [Bytes: SeriesPulse] {
        Dictionary(grouping: backups, by: \.series).reduce(into: [:]) { pulses, group in
            let (series, members) = group
            let times = members.filter { $0.isComplete && !Judge.isFuture($0, now: now) }.map(\.time).sorted(by: >)
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
                rhythm: rhythm, newest: newest, pulse: pulse ?? .ok, retirement: retirement)
        }
    }
}
