internal import Disk
package import Model
package import Retention

/// A plan as it was shown or held, so that exactly its list can be approved.
package struct StoredPlan: Codable, Sendable {
    package var plan: String
    package var at: Timestamp
    package var policyHash: String
    package var policyText: String
    package var ids: [String]
    /// Whether a person saw it: only such a plan is the *last* one that `--approve` means.
    package var shown: Bool
    /// The kinds of its series; `nil`: stored by an older version.
    package var kinds: [String]?
}

/// `<state>/plans/VAULT.json`: the last 20 plans of a vault, none older than 30 days.
package struct PlanStore: Sendable {
    private let stateDirectory: Bytes
    private let damage: Damage?
    static let most = 20
    package static let seconds: Int64 = 30 * 86_400

    init(stateDirectory: Bytes, damage: Damage? = nil) {
        self.stateDirectory = stateDirectory
        self.damage = damage
    }

    private func file(_ vault: VaultID) -> StateFile<[StoredPlan]> {
        StateFile(directory: stateDirectory.appending("plans"), name: Bytes(vault.text + ".json"), damage: damage)
    }

    /// Newest last.
    package func plans(of vault: VaultID, at now: Timestamp) throws(Fault) -> [StoredPlan] {
        (try file(vault).read() ?? []).filter { now.seconds(since: $0.at) < Self.seconds }
    }

    /// Keeps a plan. `shown`: a person sees it.
    package func store(_ plan: Plan, shown: Bool) throws(Fault) {
        try file(plan.vault).change { plans in
            var current = (plans ?? []).filter { plan.at.wall.seconds(since: $0.at) < Self.seconds }
            let wasShown = current.contains { $0.plan == plan.id && $0.shown }
            current.removeAll { $0.plan == plan.id }
            current.append(
                StoredPlan(
                    plan: plan.id, at: plan.at.wall, policyHash: plan.policy.hash, policyText: plan.policy.text,
                    ids: plan.condemned.map(\.backup.id.text), shown: shown || wasShown,
                    kinds: plan.kinds.sorted()))
            plans = Array(current.suffix(Self.most))
        }
    }

    // MARK: Holds

    private struct HoldFile: Codable, Sendable {
        var hold: HoldEpisode?
    }

    private func holdFile(_ vault: VaultID) -> StateFile<HoldFile> {
        StateFile(directory: stateDirectory.appending("plans"), name: Bytes(vault.text + ".hold.json"), damage: damage)
    }

    /// Since when plans of this vault are held for the present reason; `nil`: they are not.
    package func hold(of vault: VaultID) throws(Fault) -> HoldEpisode? { try holdFile(vault).read()?.hold }

    /// Notes whether a cleanup's plan was held. Answers the episode where it is to be said: at its beginning, and
    /// weekly from then on.
    package func record(_ plan: Plan) throws(Fault) -> HoldEpisode? {
        if plan.hold == nil, try hold(of: plan.vault) == nil { return nil }
        return try holdFile(plan.vault).change { file in
            guard let hold = plan.hold else {
                file = HoldFile(hold: nil)
                return nil
            }
            let cause = "\(hold.code) \(plan.policy.hash)"
            let now = plan.at.wall
            if var known = file?.hold, known.cause == cause {
                // A clock that was set back must not silence it for long.
                guard abs(now.seconds(since: known.saidAt)) >= HoldEpisode.reminderSeconds else { return nil }
                known.saidAt = now
                file = HoldFile(hold: known)
                return known
            }
            let fresh = HoldEpisode(cause: cause, since: now, saidAt: now)
            file = HoldFile(hold: fresh)
            return fresh
        }
    }
}

/// A time through which the plans of a vault wait for the same reason, though each day's list is another.
package struct HoldEpisode: Codable, Hashable, Sendable {
    package var cause: String
    package var since: Timestamp
    package var saidAt: Timestamp

    package static let reminderSeconds: Int64 = 7 * 86_400
}
