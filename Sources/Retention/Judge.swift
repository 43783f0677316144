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

        func isPreserved(_ backup: Candidate) -> Bool {
            backup.protectedBy != nil || preserved[backup.id.object] != nil
        }

        func keepPreserved(_ index: Int, _ backup: Candidate, _ report: inout RetentionReport) {
            if let mark = preserved[backup.id.object] {
                report.retain(index, .preserved(reason: mark.reason, until: mark.until))
            }
            if let how = backup.protectedBy { report.retain(index, .toolProtected(how)) }
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
        SetAside(policy: policy, protection: protection, now: now).decide(timeline, &report)
        let safeguards =
            policy.hasSafeguards
            ? Safeguards(policy: policy, zone: zone, now: now, retirement: retirement(of: series, timeline)) : nil
        safeguards?.keepWhatMustStay(timeline, &report)
        keepWhatPeopleSaid(timeline, &report)
        safeguards?.holdBack(timeline, &report)
        let logs = LogRules(span: own.rules.logs)
        logs.keepWindow(timeline, &report)
        report.keepNeeds(timeline)
        // Behind the chains: a log stays because of its full one, and keeps nothing itself.
        logs.decide(timeline, &report)
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
        return Timeline(backups, latest: latest, suspects: suspects, links: links) { protection.isPreserved($0) }
    }

    private func keepWhatPeopleSaid(_ timeline: Timeline, _ report: inout RetentionReport) {
        let marked = !protection.preserved.isEmpty || !protection.reprieved.isEmpty || !protection.linked.isEmpty
        guard marked || timeline.hasToolProtection else { return }
        for (index, backup) in timeline.backups.enumerated() where !report.isSetAside(index) {
            if policy.semantics.preservedCounts { protection.keepPreserved(index, backup, &report) }
            if let until = protection.reprieved[backup.id.object] { report.retain(index, .reprieved(until: until)) }
            if let link = protection.linked[backup.path] { report.retain(index, .linkTarget(of: link.display)) }
        }
    }

    /// Whether a person's word on the end of a series is in force.
    package func retirement(of series: Bytes, _ timeline: Timeline) -> Retirement? {
        guard let retirement = protection.retired[series], retirement.after.map({ $0 <= now }) ?? true,
            // Said by a clock that was ahead: not yet.
            retirement.at <= now, retirement.covers(timeline.backups.lazy.map(\.id.object))
        else { return nil }
        return retirement
    }
}
