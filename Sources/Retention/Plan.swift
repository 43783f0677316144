package import Model

/// All decisions of a vault at one moment, and what will be done.
package struct Plan: Sendable {
    package var id: String
    package var vault: VaultID
    package var at: Moment
    package var policy: VaultPolicy
    /// Present backups with their decisions, by series in byte order, newest first within each.
    package var judged: [Judged]
    /// Why something waits for a person, where it does.
    package var hold: Hold?
    /// Room that was lacking when it was made, and what of that nothing in this vault gives.
    package var lacking: SpacePressure?

    package struct Judged: Sendable {
        package var backup: Backup
        package var decision: RetentionDecision

        package init(backup: Backup, decision: RetentionDecision) {
            self.backup = backup
            self.decision = decision
        }

        /// It goes because its series was retired.
        package var isByRetirement: Bool {
            decision.reasons.contains { if case .retired(_, keeps: false) = $0 { true } else { false } }
        }

        /// Only room is lacking: a range would keep it otherwise.
        package var isForSpace: Bool {
            decision.reasons.contains { if case .forSpace = $0 { true } else { false } }
        }

        /// A person's own word, not the policy's: it waits for nobody.
        package var isByPerson: Bool {
            decision.reasons.contains { reason in
                switch reason {
                case .retired(_, keeps: false), .byHand: true
                default: false
                }
            }
        }
    }

    /// What no rule keeps, held or not.
    package var condemned: [Judged] { judged.filter { !$0.decision.retain } }

    /// What the incrementals and differentials need, in the series of these.
    package func parents(around going: [Judged]) -> [BackupID: BackupID] {
        // Most series are full backups only: nothing needs another there.
        let chained = Set(judged.lazy.filter { $0.backup.kind != .full }.map(\.backup.series))
            .intersection(going.lazy.map(\.backup.series))
        guard !chained.isEmpty else { return [:] }
        let members = judged.indices.filter { chained.contains(judged[$0].backup.series) }
        return Dictionary(grouping: members) { judged[$0].backup.series }.values.reduce(into: [:]) { parents, series in
            parents.merge(Self.parents(series.map { judged[$0].backup })) { first, _ in first }
        }
    }

    /// What each incremental or differential of one series needs directly.
    package static func parents(_ judged: [Judged]) -> [BackupID: BackupID] { parents(judged.map(\.backup)) }

    package static func parents(_ backups: [Backup]) -> [BackupID: BackupID] {
        let all = backups.map { Candidate($0) }
        guard let chains = Chains(all, latest: Timestamp(nanoseconds: .max)) else { return [:] }
        var parents: [BackupID: BackupID] = [:]
        for index in all.indices where chains.parents[index] >= 0 {
            parents[all[index].id] = all[Int(chains.parents[index])].id
        }
        return parents
    }

    /// What may be condemned now.
    package var released: [Judged] {
        guard let hold else { return condemned }
        return condemned.filter { !hold.heldBack.contains($0.backup.id) }
    }
}

extension Plan {
    /// When a person must approve a plan: the first one and changed policies, all, or none.
    package enum ApprovalMode: Sendable { case onChange, always, never }

    /// What was approved for this vault, as far as plans need it.
    package struct Approved: Sendable {
        package var policyHash: String
        package var policy: VaultPolicy?
        package var at: Timestamp?

        package init(policyHash: String, policy: VaultPolicy?, at: Timestamp? = nil) {
            self.policyHash = policyHash
            self.policy = policy
            self.at = at
        }
    }

    /// All that a plan is made from; each part is an argument, none is asked for.
    package struct Input: Sendable {
        package var vault: VaultID
        package var backups: [Backup]
        package var policy: VaultPolicy
        package var approved: Approved?
        package var approval = ApprovalMode.onChange
        package var protection = Judge.Protection()
        package var amounts = AmountLimits()
        package var runs = RunHistory()
        /// How often an object was restored.
        package var restored: [UInt64: UInt16] = [:]
        package var now: Moment
        /// Room that is lacking, and that ranges are asked to give.
        package var pressure: SpacePressure?

        package init(vault: VaultID, backups: [Backup], policy: VaultPolicy, now: Moment) {
            self.vault = vault
            self.backups = backups
            self.policy = policy
            self.now = now
        }
    }

    /// Decides every present backup of a vault. `nil` where a zone is unknown.
    package static func make(_ input: Input) -> Plan? {
        guard let judge = Judge(policy: input.policy, now: input.now, protection: input.protection) else { return nil }
        var judged = judge.decideAll(input.backups, restored: input.restored)
        var lacking: SpacePressure?
        if let pressure = input.pressure, !pressure.isEmpty {
            (judged, lacking) = judge.shed(judged, pressure, vault: input.vault, restored: input.restored)
        }
        let condemned = judged.filter { !$0.decision.retain }
        let id = planID(input.vault, input.policy, condemned.map(\.backup.id))
        var plan = Plan(
            id: id, vault: input.vault, at: input.now, policy: input.policy, judged: judged, hold: nil)
        plan.lacking = lacking
        plan.hold = Hold.make(plan, input)
        return plan
    }

    private static func planID(_ vault: VaultID, _ policy: VaultPolicy, _ ids: [BackupID]) -> String {
        VaultPolicy.digest(([vault.text, policy.hash] + ids.sorted().map(\.text)).joined(separator: "\n"))
    }
}

extension Judge {
    /// Groups by series and decides each for itself.
    package func decideAll(_ backups: [Backup], restored: [UInt64: UInt16] = [:]) -> [Plan.Judged] {
        let series = Dictionary(grouping: backups, by: \.series)
        return series.keys.sorted().flatMap { key in
            let members = series[key]!.sorted { ($0.time, $0.path) > ($1.time, $1.path) }
            let report = decide(
                series: key, members.map { Candidate($0, restored: restored[$0.id.object] ?? 0) })
            return members.indices.map { Plan.Judged(backup: members[$0], decision: report[$0]) }
        }
    }

    /// Which trashed backups of one series the policy would keep if they were in their place: they stay in the trash,
    /// *wanted*. What is in the trash turns no present backup's keep into condemn, as only trashed ones are answered.
    /// What only waits for a while (too young, known too shortly, the series has ended) is not wanted; nor is what only
    /// the room above a range's lower bound would keep.
    package func wanted(series: Bytes, present: [Backup], trashed: [Backup]) -> Set<BackupID> {
        let together = (present + trashed).map { Candidate($0) }
        let report = atLowerBounds().decide(series: series, together)
        return Set(
            together.indices.dropFirst(present.count)
                .filter { report.isRetained($0) && report.reasons(of: $0).contains { $0.keeps && !$0.isPassing } }
                .map { together[$0].id })
    }

    /// Which trashed backups of one series one that stays (present, or wanted) needs.
    package func needed(series: Bytes, present: [Backup], trashed: [Backup]) -> Set<BackupID> {
        let together = (present + trashed).map { Candidate($0) }
        let report = atLowerBounds().decide(series: series, together)
        var needed = Set(together.indices.dropFirst(present.count).filter { report.isNeeded($0) })
        // A range's higher bound keeps a present one, and with it what it needs, wherever that is.
        let timeline = timeline(together)
        guard let chains = timeline.chains else { return Set(needed.map { together[$0].id }) }
        let here = decide(series: series, Array(together.prefix(present.count)))
        for index in present.indices where here.isRetained(index) {
            var (at, steps) = (Int(chains.parents[index]), 0)
            while at >= 0, steps < together.count {
                if at >= present.count { needed.insert(at) }
                (at, steps) = (Int(chains.parents[at]), steps + 1)
            }
        }
        return Set(needed.map { together[$0].id })
    }
}

extension Reason {
    /// It holds back a condemnation for a while, and is no reason to keep for good.
    var isPassing: Bool {
        switch self {
        case .tooYoung, .observedTooShortly, .ended: true
        default: false
        }
    }
}
