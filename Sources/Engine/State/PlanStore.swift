internal import Disk
package import Model
internal import Retention

/// A plan as it was shown or held, so that exactly its list can be approved.
package struct StoredPlan: Codable, Sendable {
    package var plan: String
    package var at: Timestamp
    package var policyHash: String
    package var policyText: String
    package var ids: [String]
    /// Whether the audit log says already that it waits.
    package var held: Bool
    /// Whether a person saw it: only such a plan is the *last* one that `--approve` means.
    package var shown: Bool
}

/// `<state>/plans/VAULT.json`: the last 20 plans of a vault, none older than 30 days.
struct PlanStore: Sendable {
    private let stateDirectory: Bytes
    static let most = 20
    static let seconds: Int64 = 30 * 86_400

    init(stateDirectory: Bytes) { self.stateDirectory = stateDirectory }

    private func file(_ vault: VaultID) -> StateFile<[StoredPlan]> {
        StateFile(directory: stateDirectory.appending("plans"), name: Bytes(vault.text + ".json"))
    }

    /// Newest last.
    func plans(of vault: VaultID, at now: Timestamp) throws(Fault) -> [StoredPlan] {
        (try file(vault).read() ?? []).filter { now.seconds(since: $0.at) < Self.seconds }
    }

    /// Keeps a plan as the last one shown; answers whether it had been marked as held before.
    @discardableResult
    func store(_ plan: Plan, held: Bool, shown: Bool) throws(Fault) -> Bool {
        try file(plan.vault).change { plans in
            var current = (plans ?? []).filter { plan.at.wall.seconds(since: $0.at) < Self.seconds }
            let wasHeld = current.contains { $0.plan == plan.id && $0.held }
            let wasShown = current.contains { $0.plan == plan.id && $0.shown }
            current.removeAll { $0.plan == plan.id }
            current.append(
                StoredPlan(
                    plan: plan.id, at: plan.at.wall, policyHash: plan.policy.hash, policyText: plan.policy.text,
                    ids: plan.condemned.map(\.backup.id.text), held: held || wasHeld,
                    shown: shown || wasShown))
            plans = Array(current.suffix(Self.most))
            return wasHeld
        }
    }
}
