package import Model

/// Judges one series at a time: its policy, and the safeguards around it. Pure: the same input gives the same
/// decisions, whatever its order (invariant 12).
package struct Judge: Sendable {
    let policy: VaultPolicy
    private let zone: Zone
    private let now: Timestamp
    let protection: Protection
    /// Objects of which a person said that they are whole.
    var accepted: Set<UInt64> { protection.accepted }
    /// Known, and not to be looked at now.
    package var unseen: [BackupID] { protection.unseen.map(\.id) }
    /// Which backups of the vault need which; `nil`: what is judged is all there is.
    var links: LinkGraph?
    /// Ranges keep up to their higher bounds, or only the lower ones.
    var space: Space
    /// A series larger than this loses what its ranges keep beyond their lower bounds, least important first.
    private let maxBytes: Int64?

    /// More than a day ahead of our clock: set aside, so that it cannot push others out.
    package static let futureSeconds: Int64 = 86_400

    /// What people said, and what stands around.
    package struct Protection: Sendable {
        /// By object: a mark protects every link of it.
        package var preserved: [UInt64: (reason: String, until: Timestamp?)] = [:]
        package var reprieved: [UInt64: Timestamp] = [:]
        /// Paths that a symbolic link in the vault points to or into, and the link.
        package var linked: [Bytes: Bytes] = [:]
        /// By series.
        package var retired: [Bytes: Retirement] = [:]
        /// By series, learnt from all that was ever there. One that is missing here is learnt from what is judged,
        /// which cleanups may have thinned out.
        package var rhythms: [Bytes: Rhythm] = [:]
        /// By series, the time of the oldest that is known, also of what is gone by now.
        package var firstKnown: [Bytes: Timestamp] = [:]
        /// Objects of which a person said that they are whole: a missing sign of success does not count against them.
        package var accepted: Set<UInt64> = []
        /// What looks wrong and counts for nothing.
        package var suspicion = Suspicion()

        /// Known, and not to be looked at now: what they need stays.
        package var unseen: [Backup] = []

        package init() {}

        /// Which of these need which. `elsewhere`: in the trash, purged or missing; what needs one of those is broken.
        package func links(of backups: [Backup], elsewhere: [Backup] = []) -> LinkGraph? {
            var links = LinkGraph(
                (backups + unseen).map { LinkGraph.Node($0, accepted: accepted) }
                    + elsewhere.map {
                        LinkGraph.Node($0, $0.state == .trashed ? .trashed : .gone, accepted: accepted)
                    })
            links?.spread(suspicion.suspects)
            return links
        }
    }

    /// A person said that a series has ended.
    package struct Retirement: Hashable, Sendable {
        /// How many stay; `nil`: all.
        package var keep: Int?
        /// Not before this.
        package var after: Timestamp?
        package var at: Timestamp
        package var reason: String
        /// Only of these objects, which the person saw: a series that has any other lives, and its rules apply.
        package var objects: Set<UInt64>

        package init(keep: Int?, after: Timestamp?, at: Timestamp, reason: String, objects: Set<UInt64>) {
            self.keep = keep
            self.after = after
            self.at = at
            self.reason = reason
            self.objects = objects
        }

        /// Whether it was said of all of these. What came since lives, whatever its date, name or condition.
        package func covers(_ objects: some Sequence<UInt64>) -> Bool {
            objects.allSatisfy { self.objects.contains($0) }
        }
    }

    /// `nil` where the policy's zone is unknown here: then nothing may be decided.
    package init?(
        policy: VaultPolicy, now: Moment, protection: Protection, links: LinkGraph? = nil, space: Space = .ample,
        maxBytes: Int64? = nil
    ) {
        guard let zone = Zone(name: policy.timezone) else { return nil }
        self.policy = policy
        self.zone = zone
        self.now = now.wall
        self.protection = protection
        self.links = links
        self.space = space
        self.maxBytes = maxBytes
    }

    package static func isFuture(_ backup: Backup, now: Moment) -> Bool {
        backup.time > now.wall.adding(seconds: futureSeconds)
    }

    /// One decision for each backup, in input order. All must be of one series.
    package func decide(series: Bytes, _ backups: [Backup]) -> [RetentionDecision] {
        decide(series: series, backups.map { Candidate($0) }).decisions
    }

    /// `links`: of the whole vault, where that is more than this series. `keptElsewhere`: full ones of other series
    /// that stay, which incrementals of this one may stand on.
    package func decide(
        series: Bytes, _ backups: [Candidate], links: LinkGraph? = nil, keptElsewhere: Set<BackupID> = []
    ) -> RetentionReport {
        var timeline = timeline(backups, links)
        timeline.learnt = protection.rhythms[series]
        let own = policy.own(series)
        var context = RetentionContext(series: series, now: now, zone: zone, semantics: policy.semantics, space: space)
        context.keptElsewhere = keptElsewhere
        var report = rules(own.rules, own.importance).decide(timeline, in: context)
        report.level = own.importance
        report.importances = Importance.scores(timeline, zone: zone)
        setAside(timeline, &report)
        if policy.hasSafeguards { keepWhatMustStay(series, timeline, &report) }
        keepWhatPeopleSaid(timeline, &report)
        if policy.hasSafeguards { holdBack(series, timeline, &report) }
        keepLogWindow(own.rules, timeline, &report)
        keepChains(timeline, &report)
        // Behind the chains: a log stays because of its full one, and keeps nothing itself.
        decideLogs(own.rules, timeline, &report)
        if let maxBytes {
            let kept = backups.indices.total { report.isRetained($0) ? backups[$0].size : 0 }
            report.shortfall = max(0, kept - maxBytes)
        }
        return report
    }

    /// Lower bounds stay in any case; of the rest what fits.
    private func rules(_ rules: KeepRules, _ level: Importance.Level?) -> any RetentionPolicy {
        guard let maxBytes else { return rules }
        return ImportanceBasedPolicy(bytes: maxBytes, of: rules, atLeast: rules.bounded(.short), level: level)
    }

    package func timeline(_ backups: [Candidate], _ links: LinkGraph? = nil) -> Timeline {
        let links = links ?? self.links
        let latest = policy.hasSafeguards ? now.adding(seconds: Self.futureSeconds) : Timestamp(nanoseconds: .max)
        let suspects = policy.hasSafeguards ? protection.suspicion.suspects : [:]
        guard !policy.semantics.preservedCounts else {
            return Timeline(backups, latest: latest, suspects: suspects, links: links)
        }
        return Timeline(backups, latest: latest, suspects: suspects, links: links) { isPreserved($0) }
    }

    func isPreserved(_ backup: Candidate) -> Bool {
        backup.protectedBy != nil || protection.preserved[backup.id.object] != nil
    }

    // MARK: Set aside (invariant 7)

    private func setAside(_ timeline: Timeline, _ report: inout RetentionReport) {
        guard timeline.counting.count + timeline.logs.count < timeline.backups.count else { return }
        var counts = [Bool](repeating: false, count: timeline.backups.count)
        for index in timeline.counting { counts[Int(index)] = true }
        for index in timeline.logs { counts[index] = true }
        var unfinished: [Int] = []
        for (index, backup) in timeline.backups.enumerated() where !counts[index] {
            let (condition, note) = timeline.condition(of: index)
            if condition == .complete {
                // Preserved, under semantics in which that counts for nothing.
                keepPreserved(index, backup, &report)
            } else if condition == .incomplete, !policy.hasSafeguards, policy.semantics.unfinished != .setAside {
                unfinished.append(index)
            } else {
                if isPreserved(backup) { keepPreserved(index, backup, &report) }
                report.setAside(index, .setAside(condition, note))
                if policy.hasSafeguards { dropIncomplete(index, condition, timeline: timeline, report: &report) }
            }
        }
        dropUnfinished(unfinished, timeline, &report)
    }

    func keepPreserved(_ index: Int, _ backup: Candidate, _ report: inout RetentionReport) {
        if let mark = protection.preserved[backup.id.object] {
            report.retain(index, .preserved(reason: mark.reason, until: mark.until))
        }
        if let how = backup.protectedBy { report.retain(index, .toolProtected(how)) }
    }

    /// An incomplete one goes when a complete one is newer by `incomplete-after`, and it is known that long.
    private func dropIncomplete(
        _ index: Int, _ condition: Backup.Condition, timeline: Timeline, report: inout RetentionReport
    ) {
        let backup = timeline.backups[index]
        let isUnfinished = backup.condition == .incomplete && (condition == .incomplete || backup.size == 0)
        guard isUnfinished, let newest = timeline.newest, !isPreserved(backup),
            protection.reprieved[backup.id.object] == nil, protection.linked[backup.path] == nil
        else { return }
        // Of an ended series nothing goes.
        guard timeline.rhythm?.pulse(newest: newest.time, now: now) != .ended else { return }
        let after = policy.incompleteAfter.fixedSeconds
        guard newest.time.seconds(since: backup.time) > after, now.seconds(since: backup.observedSince) > after else {
            return
        }
        report.condemnAside(index, .incompleteFor(policy.incompleteAfter.text, newer: newest.id))
    }

    // MARK: Safeguards

    private func keepWhatMustStay(_ series: Bytes, _ timeline: Timeline, _ report: inout RetentionReport) {
        if let retirement = retirement(of: series, timeline) {
            retire(retirement, timeline, &report)
        } else {
            keepNewest(timeline, &report)
            keepOnlyOnes(timeline, &report)
        }
    }

    private func holdBack(_ series: Bytes, _ timeline: Timeline, _ report: inout RetentionReport) {
        if retirement(of: series, timeline) == nil, let newest = timeline.newest,
            timeline.rhythm?.pulse(newest: newest.time, now: now) == .ended
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

    private func keepWhatPeopleSaid(_ timeline: Timeline, _ report: inout RetentionReport) {
        let marked = !protection.preserved.isEmpty || !protection.reprieved.isEmpty || !protection.linked.isEmpty
        guard marked || timeline.hasToolProtection else { return }
        for (index, backup) in timeline.backups.enumerated() where !report.isSetAside(index) {
            if policy.semantics.preservedCounts { keepPreserved(index, backup, &report) }
            if let until = protection.reprieved[backup.id.object] { report.retain(index, .reprieved(until: until)) }
            if let link = protection.linked[backup.path] { report.retain(index, .linkTarget(of: link.display)) }
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

    // MARK: Retired series

    /// Whether a person's word on the end of a series is in force.
    package func retirement(of series: Bytes, _ timeline: Timeline) -> Retirement? {
        guard let retirement = protection.retired[series], retirement.after.map({ $0 <= now }) ?? true,
            // Said by a clock that was ahead: not yet.
            retirement.at <= now, retirement.covers(timeline.backups.lazy.map(\.id.object))
        else { return nil }
        return retirement
    }

    private func retire(_ retirement: Retirement, _ timeline: Timeline, _ report: inout RetentionReport) {
        for (rank, index) in timeline.counting.enumerated() {
            let stays = retirement.keep.map { rank < $0 } ?? true
            if stays {
                report.retain(Int(index), .retired(retirement.reason, keeps: true))
            } else {
                report.condemn(Int(index), .retired(retirement.reason, keeps: false))
            }
        }
    }

    // MARK: Chains

    /// What stays keeps what it needs, set aside or not: an incremental that settles needs its full one too. Of several
    /// that need one the newest is named.
    private func keepChains(_ timeline: Timeline, _ report: inout RetentionReport) {
        guard let chains = timeline.chains else { return }
        var waiting = timeline.backups.indices.filter { report.isRetained($0) && !chains.needs[$0].isEmpty }
        var stays = [Bool](repeating: false, count: timeline.backups.count)
        for index in waiting { stays[index] = true }
        var children = waiting
        while let child = waiting.popLast() {
            for parent in chains.needs[child].lazy.map({ Int($0) }) where !stays[parent] {
                stays[parent] = true
                guard !chains.needs[parent].isEmpty else { continue }
                waiting.append(parent)
                children.append(parent)
            }
        }
        children.sort {
            (timeline.backups[$0].time, timeline.backups[$0].path)
                > (timeline.backups[$1].time, timeline.backups[$1].path)
        }
        for child in children {
            for parent in chains.needs[child].lazy.map({ Int($0) }) where !report.isNeeded(parent) {
                report.retain(parent, neededBy: child)
            }
        }
    }

    // MARK: Logs

    /// `logs: 14d` promises every moment of the last 14 days: the newest one that is whole before they begin stays.
    private func keepLogWindow(_ rules: KeepRules, _ timeline: Timeline, _ report: inout RetentionReport) {
        guard !timeline.logs.isEmpty, let edge = logEdge(rules, timeline) else { return }
        if let base = baseOfWindow(edge, timeline) { report.retain(base, .logWindow(rules.logs?.text ?? "")) }
    }

    /// Where the time begins of which every moment can be restored; `nil`: no rule says so.
    private func logEdge(_ rules: KeepRules, _ timeline: Timeline) -> Timestamp? {
        guard let span = rules.logs, let newest = timeline.newest else { return nil }
        let last = timeline.logs.last.map { timeline.backups[$0].time } ?? newest.time
        return max(last, newest.time).adding(seconds: -span.fixedSeconds)
    }

    private func baseOfWindow(_ edge: Timestamp, _ timeline: Timeline) -> Int? {
        timeline.counting.lazy.map { Int($0) }.first { timeline.backups[$0].time <= edge }
    }

    /// A log stays as long as the full one before it, or as long as `logs` says. One without any full one before it
    /// leads from nowhere, and goes once a full one came behind it.
    private func decideLogs(_ rules: KeepRules, _ timeline: Timeline, _ report: inout RetentionReport) {
        guard !timeline.logs.isEmpty else { return }
        let edge = logEdge(rules, timeline)
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
                    report.retain(log, .logWindow(rules.logs?.text ?? ""))
                } else {
                    report.condemn(log, .logBeyond(rules.logs?.text ?? ""))
                }
            } else if report.isRetained(base) {
                report.retain(log, .logOf(name))
            } else {
                report.condemn(log, .logOfGone(name))
            }
        }
    }
}
