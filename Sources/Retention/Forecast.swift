package import Model

/// One series carried forward at its own rhythm, the policy applied after each new backup: what stays how long.
package struct Forecast: Sendable {
    /// No more backups are judged for one series than this, all steps together: about a second.
    package static let mostJudged = 8_000_000

    private let series: Bytes
    private let policy: VaultPolicy
    private let protection: Judge.Protection
    private let rhythm: Rhythm
    private let kinds: Kinds
    /// Bytes of a new backup: the median of the last ten complete ones.
    private let size: Int64
    private var present: [Candidate]
    private var next: Timestamp
    private var steps = 0
    private var judged = 0
    private let first: Timestamp

    /// `nil`: the series has no rhythm, or has ended: it stays as it is.
    package init?(
        series: Bytes, _ backups: [Candidate], policy: VaultPolicy, protection: Judge.Protection, now: Moment
    ) {
        guard let judge = Judge(policy: policy, now: now, protection: protection) else { return nil }
        let timeline = judge.timeline(backups)
        guard let rhythm = protection.rhythms[series] ?? timeline.rhythm, let newest = timeline.newest,
            rhythm.regularity(newest: newest.time, now: now.wall) != .ended, protection.retired[series] == nil
        else { return nil }
        self.series = series
        self.policy = policy
        self.protection = protection
        self.rhythm = rhythm
        let recent = timeline.counting.prefix(Rhythm.intervals).map { timeline.backups[Int($0)].size }.sorted()
        size = recent[recent.count / 2]
        kinds = Kinds(timeline.counting.reversed().map { timeline.backups[Int($0)].kind })
        present = backups
        first = now.wall
        next = max(now.wall, newest.time.adding(seconds: rhythm.seconds))
    }

    /// How far it has come.
    package var reached: Timestamp { next }

    /// What a cleanup after one more backup takes.
    package struct Step: Sendable {
        package var at: Timestamp
        package var gone: [Candidate]
        package var kept: [Candidate]
    }

    /// A cleanup now, without any new backup; then, at each call, one more backup and a cleanup. `nil`: the bound is
    /// reached.
    package mutating func advance() -> Step? {
        guard judged + present.count <= Self.mostJudged || steps == 0 else { return nil }
        var at = first
        if steps > 0 {
            at = next
            var fresh = Candidate(
                id: BackupID(object: UInt64.max - UInt64(steps)), path: Bytes("forecast-\(steps)"), time: at,
                observedSince: at)
            fresh.kind = kinds.next(steps)
            fresh.size = size
            present.append(fresh)
            next = at.adding(seconds: rhythm.seconds)
        }
        steps += 1
        judged += present.count
        let moment = Moment(wall: at, boot: 0, bootID: "")
        guard let judge = Judge(policy: policy, now: moment, protection: protection.holding(at: at)) else { return nil }
        let report = judge.decide(series: series, present)
        var step = Step(at: at, gone: [], kept: [])
        for index in present.indices {
            if report.isRetained(index) { step.kept.append(present[index]) } else { step.gone.append(present[index]) }
        }
        present = step.kept
        return step
    }

    /// When a backup would go, at the present rhythm. `nil`: not as far as the forecast reaches.
    package mutating func end(of id: BackupID, path: Bytes, before limit: Timestamp) -> Timestamp? {
        while let step = advance(), step.at < limit {
            if step.gone.contains(where: { $0.id == id && $0.path == path }) { return step.at }
        }
        return nil
    }

    /// Full and incremental ones as they followed each other last.
    private struct Kinds: Sendable {
        private let sinceFull: Int
        private let cycle: Int?
        private let dependent: Backup.Kind

        init(_ kinds: [Backup.Kind]) {
            let fulls = kinds.indices.filter { kinds[$0] == .full }
            dependent = kinds.last { $0 != .full } ?? .full
            sinceFull = fulls.last.map { kinds.count - $0 } ?? kinds.count
            cycle = fulls.count < 2 ? nil : fulls[fulls.count - 1] - fulls[fulls.count - 2]
        }

        /// Of the n-th new backup, from 1.
        func next(_ n: Int) -> Backup.Kind {
            guard dependent != .full else { return .full }
            guard let cycle else { return dependent }
            return (sinceFull + n - 1).isMultiple(of: cycle) ? .full : dependent
        }
    }
}

extension Judge.Protection {
    /// What still holds then.
    fileprivate func holding(at now: Timestamp) -> Judge.Protection {
        guard !preserved.isEmpty || !reprieved.isEmpty else { return self }
        var protection = self
        protection.preserved = preserved.filter { $0.value.until.map { now < $0 } ?? true }
        protection.reprieved = reprieved.filter { now < $0.value }
        return protection
    }
}

/// A vault at one moment of its future.
package struct ForecastDay: Sendable {
    package var at: Timestamp
    package var backups = 0
    package var bytes: Int64 = 0
    package var trashed = 0
    package var trashBytes: Int64 = 0
    /// The oldest backup that can be restored without the trash.
    package var oldest: Timestamp?

    package init(at: Timestamp) { self.at = at }

    /// Carries every series of a vault forward, and says how it is at each of `days` (rising). Of a series with many
    /// backups not all days may be reached: then the answer has fewer, and `isCut` says so.
    package static func days(
        _ days: [Timestamp], backups: [Backup], policy: VaultPolicy, protection: Judge.Protection,
        trash: [Backup] = [], graceSeconds: Int64, now: Moment
    ) -> (days: [ForecastDay], isCut: Bool) {
        var result = days.map { ForecastDay(at: $0) }
        for n in result.indices {
            // What lies there now goes when its grace is over.
            let still = trash.filter { ($0.trashed?.earliestPurge ?? now.wall) > result[n].at }
            result[n].trashed = still.count
            result[n].trashBytes = still.total { $0.size }
        }
        var reached = result.count
        for (series, members) in Dictionary(grouping: backups, by: \.series) {
            let candidates = members.map { Candidate($0) }
            var trash: [(until: Timestamp, bytes: Int64)] = []
            var forecast = Forecast(
                series: series, candidates, policy: policy, protection: protection, now: now)
            var step = forecast?.advance()
            var kept = step?.kept ?? candidates
            for n in result.indices {
                let day = result[n].at
                while let current = step, current.at <= day {
                    trash += current.gone.map { (current.at.adding(seconds: graceSeconds), $0.size) }
                    kept = current.kept
                    step = forecast?.advance()
                    if step == nil { reached = min(reached, n) }
                }
                if forecast == nil {
                    // Without new ones only dates change things: a retirement's, a mark's.
                    kept = Self.still(
                        series, kept, policy: policy, protection: protection, now: now, at: day, trash: &trash,
                        graceSeconds: graceSeconds)
                }
                trash.removeAll { $0.until <= day }
                result[n].backups += kept.count
                result[n].bytes = result[n].bytes.adding(kept.total { $0.size })
                result[n].trashed += trash.count
                result[n].trashBytes = result[n].trashBytes.adding(trash.total { $0.bytes })
                let oldest = kept.filter { $0.condition == .complete }.map(\.time).min()
                result[n].oldest = [result[n].oldest, oldest].compactMap { $0 }.min()
            }
        }
        return (Array(result.prefix(reached)), reached < result.count)
    }

    /// A series without a rhythm, or ended, or retired: one cleanup at each day, on what is there.
    private static func still(
        _ series: Bytes, _ candidates: [Candidate], policy: VaultPolicy, protection: Judge.Protection,
        now: Moment, at day: Timestamp, trash: inout [(until: Timestamp, bytes: Int64)], graceSeconds: Int64
    ) -> [Candidate] {
        var moment = now
        moment.wall = day
        guard let judge = Judge(policy: policy, now: moment, protection: protection.holding(at: day)) else {
            return candidates
        }
        let report = judge.decide(series: series, candidates)
        for index in candidates.indices where !report.isRetained(index) {
            trash.append((day.adding(seconds: graceSeconds), candidates[index].size))
        }
        return candidates.indices.filter { report.isRetained($0) }.map { candidates[$0] }
    }
}
