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
    /// Which of its backups need which; `nil`: none needs another.
    package var links: LinkGraph?
    /// What is known and could not be looked at.
    package var unseen: [BackupID] = []

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

    /// These, in the order in which they go: a side file of several backups goes with the last of them, and stays as
    /// long as one of them stays.
    package func withSharedFiles(_ going: [Judged]) -> [Judged] {
        guard going.contains(where: { $0.backup.members.contains(where: \.isShared) }) else { return going }
        let ids = Set(going.map(\.backup.id))
        var claimed: Set<Bytes> = []
        for one in judged where !ids.contains(one.backup.id) {
            claimed.formUnion(one.backup.members.lazy.filter(\.isShared).map(\.path))
        }
        var result = going
        for n in result.indices.reversed() {
            result[n].backup.members.removeAll { $0.isShared && !claimed.insert($0.path).inserted }
        }
        return result
    }

    /// Of these, what nothing needs that stays: a held, frozen or unseen incremental keeps its full one too.
    package func withoutNeeded(_ going: [Judged]) -> (going: [Judged], needed: [Judged]) {
        guard let links, !going.isEmpty else { return (going, []) }
        let ids = Set(going.map(\.backup.id))
        // A log keeps nothing; all else that is known and stays does.
        let staying = judged.lazy.filter { !ids.contains($0.backup.id) && $0.backup.kind != .log }.map(\.backup.id)
        let needed = links.closure(of: Array(staying) + unseen).intersection(ids)
        guard !needed.isEmpty else { return (going, []) }
        return (going.filter { !needed.contains($0.backup.id) }, going.filter { needed.contains($0.backup.id) })
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
        /// Kinds of series that somebody approved; `nil`: all.
        package var kinds: Set<String>?

        package init(policyHash: String, policy: VaultPolicy?, at: Timestamp? = nil, kinds: Set<String>? = nil) {
            self.kinds = kinds
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
        /// Which need which, what is in the trash included; `nil`: it is made of ``backups``.
        package var links: LinkGraph?
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
        let links = input.links ?? input.protection.links(of: input.backups)
        let judge = Judge(policy: input.policy, now: input.now, protection: input.protection, links: links)
        guard let judge else { return nil }
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
        plan.links = links
        plan.unseen = input.protection.unseen.map(\.id)
        plan.hold = Hold.make(plan, input)
        return plan
    }

    private static func planID(_ vault: VaultID, _ policy: VaultPolicy, _ ids: [BackupID]) -> String {
        VaultPolicy.digest(([vault.text, policy.hash] + ids.sorted().map(\.text)).joined(separator: "\n"))
    }
}

extension Judge {
    /// Groups by series and decides each for itself; at last what stays keeps what it needs in other series.
    package func decideAll(_ backups: [Backup], restored: [UInt64: UInt16] = [:]) -> [Plan.Judged] {
        guard links != nil else { return linked(backups).decideAllLinked(backups, restored) }
        return decideAllLinked(backups, restored)
    }

    /// The same judge, which knows what these need.
    private func linked(_ backups: [Backup]) -> Judge {
        var judge = self
        judge.links = links(of: backups)
        return judge
    }

    /// Which of these need which. `elsewhere`: in the trash, purged or missing; what needs one of those is broken.
    package func links(of backups: [Backup], elsewhere: [Backup] = []) -> LinkGraph? {
        protection.links(of: backups, elsewhere: elsewhere)
    }

    private func decideAllLinked(_ backups: [Backup], _ restored: [UInt64: UInt16]) -> [Plan.Judged] {
        let groups = Dictionary(grouping: backups, by: \.series).mapValues { members in
            members.sorted { ($0.time, $0.path) > ($1.time, $1.path) }
        }
        var reports: [Bytes: RetentionReport] = [:]
        var keptFulls: Set<BackupID> = []
        // Series with full ones of their own first: what stands on a full one of another series asks whether that
        // stays.
        let order = groups.keys.sorted { a, b in
            let (x, y) = (hasFull(groups[a]!), hasFull(groups[b]!))
            return x == y ? a < b : x
        }
        for key in order {
            let members = groups[key]!.map { candidate($0, restored: restored[$0.id.object] ?? 0) }
            let report = decide(series: key, members, keptElsewhere: keptFulls)
            if links != nil {
                for index in members.indices where members[index].isFull && report.isRetained(index) {
                    keptFulls.insert(members[index].id)
                }
            }
            reports[key] = report
        }
        keepAcrossSeries(&reports)
        return groups.keys.sorted().flatMap { key in
            groups[key]!.indices.map { Plan.Judged(backup: groups[key]![$0], decision: reports[key]![$0]) }
        }
    }

    private func hasFull(_ backups: [Backup]) -> Bool { links == nil || backups.contains { $0.kind == .full } }

    package func candidate(_ backup: Backup, restored: UInt16 = 0) -> Candidate {
        var candidate = Candidate(backup, restored: restored)
        candidate.isAccepted = backup.mayBeAccepted && accepted.contains(backup.id.object)
        return candidate
    }

    /// One that stays, and what its needs are told by.
    private struct Staying {
        var id: BackupID
        var time: Timestamp
        var path: Bytes
        /// `nil`: it could not be looked at, and is in no report.
        var series: Bytes?
    }

    /// What stays keeps what it needs, wherever in the vault that is; so does what could not be looked at.
    private func keepAcrossSeries(_ reports: inout [Bytes: RetentionReport]) {
        guard let links else { return }
        var places: [BackupID: (series: Bytes, index: Int)] = [:]
        var stays = protection.unseen.map { Staying(id: $0.id, time: $0.time, path: $0.path, series: nil) }
        for (series, report) in reports {
            for index in report.backups.indices {
                let backup = report.backups[index]
                places[backup.id] = (series, index)
                if report.isRetained(index), !backup.isLog {
                    stays.append(Staying(id: backup.id, time: backup.time, path: backup.path, series: series))
                }
            }
        }
        // First all that stays, then who needs it: an older one may stay only because of another series.
        var seen = Set(stays.map(\.id))
        var next = 0
        while next < stays.count {
            for need in links.needs(of: stays[next].id) where seen.insert(need).inserted {
                guard let place = places[need], let report = reports[place.series] else { continue }
                let parent = report.backups[place.index]
                stays.append(Staying(id: need, time: parent.time, path: parent.path, series: place.series))
            }
            next += 1
        }
        // Of several that need one the newest is named.
        for child in stays.sorted(by: { ($0.time, $0.path) > ($1.time, $1.path) }) {
            for need in links.needs(of: child.id) {
                guard let place = places[need], let report = reports[place.series],
                    !report.isNeededElsewhere(place.index),
                    place.series != child.series || !report.isRetained(place.index)
                else { continue }
                reports[place.series]?.retain(place.index, neededElsewhereBy: child.path.display)
            }
        }
    }

    /// Which trashed backups of one series the policy would keep if they were in their place: they stay in the trash,
    /// *wanted*. What is in the trash turns no present backup's keep into condemn, as only trashed ones are answered.
    /// What only waits for a while (too young, known too shortly, the series has ended) is not wanted; nor is what only
    /// the room above a range's lower bound would keep. `links`: with all of them in their places.
    package func keptByPolicy(
        series: Bytes, present: [Backup], trashed: [Backup], links: LinkGraph? = nil
    ) -> Set<BackupID> {
        let together = (present + trashed).map { candidate($0) }
        let report = atLowerBounds().decide(series: series, together, links: links)
        return Set(
            together.indices.dropFirst(present.count)
                .filter { report.isRetained($0) && report.reasons(of: $0).contains { $0.keeps && !$0.isPassing } }
                .map { together[$0].id })
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
