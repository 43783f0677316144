import Model
import Retention
import Testing

@Suite("plans")
struct PlanTests {
    private func plan(
        _ rules: KeepRules, approved: VaultPolicy?, mode: Plan.ApprovalMode = .onChange, days: Int = 10
    ) throws -> Plan {
        var input = Plan.Input(
            vault: History.vault, backups: History.dailies(days, last: "2026-11-23"), policy: History.policy(rules),
            now: History.moment("2026-11-24T00:00:00Z"))
        input.approved = approved.map { .init(policyHash: $0.hash, policy: $0) }
        input.approval = mode
        input.runs = RunHistory(at: Timestamp(seconds: 0))
        return try #require(Plan.make(input))
    }

    private let three = History.rules { $0.last = .first(3) }
    private let five = History.rules { $0.last = .first(5) }

    @Test("the first plan that would take anything is held; one that takes nothing is not")
    func firstPlan() throws {
        let held = try plan(three, approved: nil)
        #expect(held.hold?.causes == [.firstPlan] && held.released.isEmpty && held.condemned.count == 7)
        #expect(try plan(three, approved: nil, days: 2).hold == nil)
    }

    @Test("an approved policy goes on by itself")
    func approved() throws {
        let free = try plan(three, approved: History.policy(three))
        #expect(free.hold == nil && free.released.count == 7)
    }

    @Test("a changed policy holds only what the approved one keeps")
    func changed() throws {
        let held = try plan(three, approved: History.policy(five))
        #expect(held.condemned.count == 7 && held.released.count == 5)
        #expect(held.hold?.causes == [.policyChanged(count: 2, bytes: 2, approvedAt: nil)])
        #expect(held.hold?.heldBack.count == 2)
        // A wider policy takes nothing that the old one kept: nothing to hold.
        #expect(try plan(five, approved: History.policy(three)).hold == nil)
    }

    @Test("approval: never waives it, always wants it for every plan")
    func modes() throws {
        #expect(try plan(three, approved: nil, mode: .never).hold == nil)
        #expect(try plan(three, approved: History.policy(three), mode: .always).hold?.causes == [.always])
    }

    @Test("the id of a plan is that of its list: not of the order, nor of the moment")
    func identity() throws {
        let days = History.dailies(10, last: "2026-11-23")
        func id(_ backups: [Backup], _ now: String) throws -> String {
            try #require(
                Plan.make(
                    Plan.Input(
                        vault: History.vault, backups: backups, policy: History.policy(three), now: History.moment(now))
                )
            ).id
        }
        let first = try id(days, "2026-11-24T00:00:00Z")
        #expect(try id(days.shuffled(), "2026-11-24T09:00:00Z") == first)
        #expect(try id(Array(days.dropLast()), "2026-11-24T00:00:00Z") != first)
    }

    @Test("a policy can be read again from its text, and its hash changes with any part of it")
    func policyText() throws {
        var policy = History.policy(three)
        policy.series = [.init(pattern: "legal/**", keep: .everything)]
        #expect(VaultPolicy(text: policy.text) == policy)
        var other = policy
        other.minimum = 2
        #expect(other.hash != policy.hash)
        #expect(VaultPolicy(text: "{}") == nil)
    }

    @Test(
        "patterns match short name, name or key; a star stays within a component",
        arguments: [
            ("app/orders", true), ("app/*", true), ("*", false), ("**", true), ("app/orders.dump", true),
            ("*/ord?rs", true), ("app/order", false), ("**/orders.dump", true),
        ])
    func patterns(pattern: String, matches: Bool) {
        #expect(VaultPolicy.matches(pattern, series: "app/orders-*.dump") == matches)
    }
}
