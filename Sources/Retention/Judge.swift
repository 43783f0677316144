package import Model

/// Judges one series at a time. Pure: the same input gives the same decisions, whatever its order (invariant 12).
package struct Judge {
    private let policy: VaultPolicy
    private var zone: Zone
    private let now: Moment
    private let protection: Protection

    /// What people said of single backups.
    package struct Protection: Sendable {
        /// By object (16 hex digits): a mark protects every link of it.
        package var preserved: [String: (reason: String, until: Timestamp?)] = [:]
        package var reprieved: [String: Timestamp] = [:]

        package init() {}
    }

    /// `nil` where the policy's zone is unknown here: then nothing may be decided.
    package init?(policy: VaultPolicy, now: Moment, protection: Protection) {
        guard let zone = Zone(name: policy.timezone) else { return nil }
        self.policy = policy
        self.zone = zone
        self.now = now
        self.protection = protection
    }

    /// More than a day ahead of our clock: set aside, so that it cannot push others out.
    package static func isFuture(_ backup: Backup, now: Moment) -> Bool {
        backup.time > now.wall.adding(seconds: 86_400)
    }

    /// One decision for each backup, in input order. All must be of one series.
    package mutating func decide(series: Bytes, _ backups: [Backup]) -> [Decision] {
        var decisions: [Decision?] = backups.map(setAside)
        // Newest first; ties by path bytes, so that no order of input shows (invariant 12).
        let judged = backups.indices.filter { decisions[$0] == nil }
            .sorted { (backups[$0].time, backups[$0].path) > (backups[$1].time, backups[$1].path) }
        let verdicts = apply(policy.rules(for: series), judged.map { backups[$0] })
        for (rank, index) in judged.enumerated() {
            decisions[index] = decide(backups[index], rank: rank, verdict: verdicts[rank])
        }
        return decisions.map { $0! }  // both halves together cover every index
    }

    // MARK: Set aside (invariant 7)

    private func setAside(_ backup: Backup) -> Decision? {
        let condition: Backup.Condition = Self.isFuture(backup, now: now) ? .future : backup.condition
        guard condition != .complete else { return nil }
        let note = condition == .future ? "dated more than a day ahead" : backup.note
        return Decision(
            id: backup.id, retain: true, isSetAside: true, priority: .standard, reasons: [.setAside(condition, note)])
    }

    // MARK: Rules

    private struct Verdict {
        var keeps: [Reason] = []
        var goes: [Reason] = []
    }

    private struct RuleState {
        let rule: CountingRule
        let count: KeepRules.Count
        var used = 0
        var lastKey: Int64?
        var keeper: BackupID?
    }

    /// restic's walk: each rule for itself, newest first, one backup a period, empty periods not counted; the oldest
    /// backup satisfies every rule that has room left. `backups` are complete, newest first.
    private mutating func apply(_ rules: KeepRules, _ backups: [Backup]) -> [Verdict] {
        guard !rules.all, !rules.isEmpty else {
            return backups.map { _ in Verdict(keeps: [.all]) }
        }
        var states = rules.counting.map { RuleState(rule: $0.rule, count: $0.count) }
        // Age counts from the newest complete backup: time alone condemns nothing (invariant 8).
        let edge = backups.first.flatMap { newest in rules.within.map { $0.before(newest.time, zone: &zone) } }
        return backups.enumerated().map { rank, backup in
            var verdict = Verdict()
            let keys = PeriodKeys(backup.time, zone: &zone)
            for n in states.indices {
                Self.count(backup.id, keys, isOldest: rank == backups.count - 1, &states[n], &verdict)
            }
            if let edge, let within = rules.within {
                if backup.time > edge { verdict.keeps.append(.window("within", within.text)) }
            }
            if verdict.keeps.isEmpty, verdict.goes.isEmpty { verdict.goes = [.beyond(rules.text)] }
            return verdict
        }
    }

    private static func count(
        _ id: BackupID, _ keys: PeriodKeys, isOldest: Bool, _ state: inout RuleState, _ verdict: inout Verdict
    ) {
        let key = keys.key(state.rule)
        let isNewPeriod = key == nil || key != state.lastKey
        if let total = state.count.number, state.used >= total {
            // Full: what shares the last kept period was outdone in it, all else is beyond.
            if !isNewPeriod, let keeper = state.keeper {
                verdict.goes.append(.outdone(period: state.rule.period, by: keeper))
            }
            if isNewPeriod { state.keeper = nil }
            if isNewPeriod { state.lastKey = key }
            return
        }
        guard isNewPeriod || isOldest else {
            if let keeper = state.keeper { verdict.goes.append(.outdone(period: state.rule.period, by: keeper)) }
            return
        }
        state.used += 1
        verdict.keeps.append(
            isNewPeriod ? .rule(state.rule.rawValue, state.used, of: state.count.number) : .oldest(state.rule.rawValue))
        state.lastKey = key
        state.keeper = id
    }

    // MARK: Safeguards

    private func decide(_ backup: Backup, rank: Int, verdict: Verdict) -> Decision {
        var reasons = verdict.keeps
        if rank == 0 { reasons.append(.newest) }  // invariant 6
        if rank > 0, rank < policy.minimum { reasons.append(.minimum(policy.minimum)) }
        if let mark = protection.preserved[backup.id.objectText] {
            reasons.append(.preserved(reason: mark.reason, until: mark.until))
        }
        if let until = protection.reprieved[backup.id.objectText] { reasons.append(.reprieved(until: until)) }
        if reasons.isEmpty { reasons += tooEarly(backup) }
        guard reasons.isEmpty else {
            return Decision(id: backup.id, retain: true, priority: Self.priority(reasons), reasons: reasons)
        }
        return Decision(id: backup.id, retain: false, priority: .low, reasons: Array(verdict.goes.prefix(2)))
    }

    /// What holds back a condemnation for a while; not shown beside a reason to stay for good.
    private func tooEarly(_ backup: Backup) -> [Reason] {
        var reasons: [Reason] = []
        if now.wall.seconds(since: backup.time) < policy.minAge.fixedSeconds {
            reasons.append(.tooYoung(policy.minAge.text))
        }
        if now.wall.seconds(since: backup.observedSince) < policy.minObservedAge.fixedSeconds {
            reasons.append(.observedTooShortly(policy.minObservedAge.text))
        }
        return reasons
    }

    private static func priority(_ reasons: [Reason]) -> Decision.Priority {
        for reason in reasons {
            switch reason {
            case .newest, .preserved: return .critical
            default: break
            }
        }
        for case .rule(let name, _, of: _) in reasons where name == "monthly" || name == "yearly" { return .important }
        return .standard
    }
}
