package import Model

/// All decisions of a vault at one moment, and what will be done.
package struct Plan: Sendable {
    package var id: String
    package var vault: VaultID
    package var at: Moment
    package var policy: VaultPolicy
    /// Present backups with their decisions, by series in byte order, newest first within each.
    package var judged: [Judged]
    /// Why it waits for a person, where it does.
    package var hold: Hold?

    package struct Judged: Sendable {
        package var backup: Backup
        package var decision: Decision

        package init(backup: Backup, decision: Decision) {
            self.backup = backup
            self.decision = decision
        }
    }

    package enum Hold: Hashable, Sendable {
        case firstPlan
        /// These would go only by the changed policy; what goes by the approved one as well is not held.
        case policyChanged(heldBack: Set<BackupID>)
        /// The configuration wants every plan approved.
        case always

        package var text: String {
            switch self {
            case .firstPlan: "first plan of this vault. It needs one approval, later ones do not"
            case .always: "every plan of this vault needs an approval (approval: always)"
            case .policyChanged(let ids):
                "the policy changed, and \(ids.count) backup\(ids.count == 1 ? "" : "s") would go that stayed before"
            }
        }

        package var code: String {
            switch self {
            case .firstPlan: "first-plan"
            case .policyChanged: "policy-changed"
            case .always: "approval-always"
            }
        }
    }

    /// What no rule keeps, held or not.
    package var condemned: [Judged] { judged.filter { !$0.decision.retain } }

    /// What may be condemned now.
    package var released: [Judged] {
        switch hold {
        case nil: condemned
        case .firstPlan, .always: []
        case .policyChanged(let heldBack): condemned.filter { !heldBack.contains($0.backup.id) }
        }
    }
}

extension Plan {
    /// When a person must approve a plan: the first one and changed policies, all, or none.
    package enum ApprovalMode: Sendable { case onChange, always, never }

    /// What was approved for this vault, as far as plans need it.
    package struct Approved: Sendable {
        package var policyHash: String
        package var policy: VaultPolicy?

        package init(policyHash: String, policy: VaultPolicy?) {
            self.policyHash = policyHash
            self.policy = policy
        }
    }

    /// Decides every present backup of a vault. `nil` where a zone is unknown.
    package static func make(
        vault: VaultID, backups: [Backup], policy: VaultPolicy, approved: Approved?, approval: ApprovalMode,
        protection: Judge.Protection, now: Moment
    ) -> Plan? {
        guard var judge = Judge(policy: policy, now: now, protection: protection) else { return nil }
        let judged = judge.decideAll(backups)
        let condemned = judged.filter { !$0.decision.retain }
        let id = planID(vault, policy, condemned.map(\.backup.id))
        var plan = Plan(id: id, vault: vault, at: now, policy: policy, judged: judged, hold: nil)
        guard approval != .never, !condemned.isEmpty else { return plan }
        if approval == .always {
            plan.hold = .always
            return plan
        }
        guard approved?.policyHash != policy.hash else { return plan }
        // An approved policy that cannot be read any more keeps everything.
        guard let approved, let old = approved.policy,
            var before = Judge(policy: old, now: now, protection: protection)
        else {
            plan.hold = .firstPlan
            return plan
        }
        let went = Set(before.decideAll(backups).filter { !$0.decision.retain }.map(\.backup.id))
        let heldBack = Set(condemned.map(\.backup.id)).subtracting(went)
        if !heldBack.isEmpty { plan.hold = .policyChanged(heldBack: heldBack) }
        return plan
    }

    private static func planID(_ vault: VaultID, _ policy: VaultPolicy, _ ids: [BackupID]) -> String {
        VaultPolicy.digest(([vault.text, policy.hash] + ids.sorted().map(\.text)).joined(separator: "\n"))
    }
}

extension Judge {
    /// Groups by series and decides each for itself.
    package mutating func decideAll(_ backups: [Backup]) -> [Plan.Judged] {
        let series = Dictionary(grouping: backups, by: \.series)
        return series.keys.sorted().flatMap { key in
            let members = series[key]!.sorted { ($0.time, $0.path) > ($1.time, $1.path) }
            return zip(members, decide(series: key, members)).map { Plan.Judged(backup: $0, decision: $1) }
        }
    }

    /// Which trashed backups of one series the policy would keep if they were in their place: they stay in the trash,
    /// *wanted*. What is in the trash turns no present backup's keep into condemn, as only trashed ones are answered.
    package mutating func wanted(series: Bytes, present: [Backup], trashed: [Backup]) -> Set<BackupID> {
        let together = present + trashed.map(Self.asComplete)
        let ids = Set(trashed.map(\.id))
        let decisions = decide(series: series, together)
        return Set(decisions.filter { $0.retain && ids.contains($0.id) }.map(\.id))
    }

    /// Only complete backups are condemned by policy; how long it was known then does not matter any more.
    private static func asComplete(_ backup: Backup) -> Backup {
        var backup = backup
        backup.condition = .complete
        backup.observedSince = Timestamp(nanoseconds: .min)
        return backup
    }
}
