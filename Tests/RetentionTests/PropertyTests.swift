import Foundation
import Model
import Retention
import Support
import Testing

/// Laws over random histories, against a slow and obvious second implementation.
@Suite("laws of retention")
struct PropertyTests {
    /// The long form has over 10,000 histories for each preset.
    static let rounds = isLongForm ? 100_000 : 10_000
    /// Printed, so that a failure can be run again: set REPRIEVE_SEED.
    static let seed: UInt64 = {
        let seed =
            ProcessInfo.processInfo.environment["REPRIEVE_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...999_999)
        print("retention laws: REPRIEVE_SEED=\(seed), \(rounds) rounds")
        return seed
    }()
    private static let zones = ["Europe/Berlin", "America/New_York", "UTC"]

    /// Up to 24 backups; a third of the histories with chains.
    private static func history(_ generator: inout Seeded) -> [Candidate] {
        let count = Int.random(in: 0...24, using: &generator)
        let step = [1, 40, 600, 3600, 43_200, 86_400, 604_800].randomElement(using: &generator)!
        let hasChains = Int.random(in: 0..<3, using: &generator) == 0
        // Near a change of the clocks as often as not.
        var time: Int64 = [1_793_000_000, 1_774_750_000].randomElement(using: &generator)!
        var backups: [Candidate] = []
        for n in 0..<count {
            time -= Int64(Int.random(in: 0...(2 * step), using: &generator))
            var backup = Candidate(
                id: BackupID(object: UInt64(n)), path: Bytes("db-\(n).dump"), time: Timestamp(seconds: time))
            if Int.random(in: 0..<8, using: &generator) == 0 { backup.condition = .settling }
            if hasChains, Int.random(in: 0..<3, using: &generator) > 0 {
                backup.kind = Bool.random(using: &generator) ? .incremental : .differential
            }
            backup.size = Int64.random(in: 1...100, using: &generator)
            backups.append(backup)
        }
        // The oldest that counts is a full one: no chain is broken here.
        if let oldest = backups.indices.filter({ backups[$0].condition == .complete })
            .min(by: { (backups[$0].time, backups[$0].path) < (backups[$1].time, backups[$1].path) })
        {
            backups[oldest].kind = .full
        }
        nameParents(&backups, &generator)
        return backups.shuffled(using: &generator)
    }

    /// In half of the histories each says what it needs: any older one.
    private static func nameParents(_ backups: inout [Candidate], _ generator: inout Seeded) {
        guard Bool.random(using: &generator) else { return }
        for n in backups.indices where backups[n].kind != .full {
            let own = (backups[n].time, backups[n].path)
            let older = backups.filter { ($0.time, $0.path) < own && $0.condition == .complete }
            if let parent = older.randomElement(using: &generator) {
                backups[n].parents = [parent.id]
            } else {
                backups[n].kind = .full
            }
        }
    }

    private static func rules(_ generator: inout Seeded, _ semantics: Semantics) -> KeepRules {
        let consuming = semantics.sharing != .overlap
        // In borg 2 rules by age take from each other too.
        let mixing = semantics.preset == .borg2
        var rules = KeepRules()
        for rule in KeepRule.allCases where rule.isCounting && !(consuming && (rule == .full || rule == .diff)) {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0: rules[rule] = .unlimited
            case 1, 2: rules[rule] = .first(Int.random(in: 1...8, using: &generator))
            case 3:
                let low = Int.random(in: 1...4, using: &generator)
                rules[rule] = .range(low, low + Int.random(in: 1...6, using: &generator))
            default: break
            }
        }
        for rule in KeepRule.allCases
        where !rule.isCounting && rule != .logs
            && (!consuming || rule == .within || mixing && rule != .window)
        {
            guard Int.random(in: 0..<6, using: &generator) == 0 else { continue }
            rules[window: rule] = Span(
                months: Int.random(in: 0...2, using: &generator), days: Int.random(in: 1...40, using: &generator))
        }
        return rules
    }

    private static func semantics(_ generator: inout Seeded) -> Semantics {
        var semantics = Semantics(Semantics.Preset.allCases.randomElement(using: &generator)!)
        if semantics.sharing == .overlap, Int.random(in: 0..<4, using: &generator) == 0 { semantics.element = .oldest }
        if Int.random(in: 0..<4, using: &generator) == 0 {
            semantics.emptyPeriods = semantics.emptyPeriods == .count ? .skip : .count
        }
        return semantics
    }

    static func policy(_ rules: KeepRules, _ semantics: Semantics, zone: String, safeguards: Bool) -> VaultPolicy {
        var policy = History.policy(rules, zone: zone)
        policy.semantics = semantics
        policy.hasSafeguards = safeguards
        return policy
    }

    private static let now = Moment(wall: Timestamp(seconds: 1_793_000_500), boot: 0, bootID: "")

    private static func kept(
        _ backups: [Candidate], _ policy: VaultPolicy, space: Space = .ample, _ protection: Judge.Protection = .init()
    ) -> Set<BackupID> {
        let judge = Judge(policy: policy, now: now, protection: protection, space: space)!
        let report = judge.decide(series: "s", backups)
        return Set(backups.indices.filter { report.isRetained($0) && !report.isSetAside($0) }.map { backups[$0].id })
    }

    private static func reasons(_ backups: [Candidate], _ policy: VaultPolicy) -> [BackupID: [Reason]] {
        let report = Judge(policy: policy, now: now, protection: .init())!.decide(series: "s", backups)
        return Dictionary(uniqueKeysWithValues: report.decisions.map { ($0.id, $0.reasons) })
    }

    @Test("the same as the slow way, for every preset, element, range and chain; and every decision has a reason")
    func slow() {
        var generator = Seeded(seed: Self.seed)
        for round in 0..<Self.rounds {
            let semantics = Self.semantics(&generator)
            let rules = Self.rules(&generator, semantics)
            let backups = Self.history(&generator)
            let zone = Self.zones.randomElement(using: &generator)!
            let space: Space = Bool.random(using: &generator) ? .ample : .short
            let policy = Self.policy(rules, semantics, zone: zone, safeguards: false)
            let slow = SlowRetention(
                rules, semantics, backups, zone: zone, now: Self.now.wall, space: space)
            let (fast, expected) = (Self.kept(backups, policy, space: space), slow.kept())
            guard fast == expected else {
                let more = fast.subtracting(expected).map(\.object).sorted()
                let less = expected.subtracting(fast).map(\.object).sorted()
                Issue.record(
                    """
                    round \(round): keeps \(more) more and \(less) less than the slow way: \(rules.text), \(semantics.text), \
                    \(zone), space \(space), \(backups.filter { $0.kind != .full }.count) of \(backups.count) not full
                    """)
                return
            }
            let report = Judge(policy: policy, now: Self.now, protection: .init())!.decide(series: "s", backups)
            #expect(report.decisions.map(\.id) == backups.map(\.id), "round \(round)")
            #expect(report.decisions.allSatisfy { !$0.reasons.isEmpty }, "round \(round): no reason")
            #expect(
                report.decisions.allSatisfy { decision in decision.reasons.allSatisfy { $0.keeps == decision.retain } },
                "round \(round): a reason for the contrary")
        }
    }

    @Test(
        "order does not matter, and no reason shows it; deciding twice is deciding once; the newest complete one and its chain stay"
    )
    func laws() {
        var generator = Seeded(seed: Self.seed &+ 1)
        for round in 0..<Self.rounds {
            let semantics = Self.semantics(&generator)
            let rules = Self.rules(&generator, semantics)
            let backups = Self.history(&generator)
            let policy = Self.policy(
                rules, semantics, zone: Self.zones.randomElement(using: &generator)!, safeguards: true)
            let kept = Self.kept(backups, policy)
            let shuffled = backups.shuffled(using: &generator)
            #expect(Self.kept(shuffled, policy) == kept, "round \(round): order matters")
            #expect(Self.reasons(shuffled, policy) == Self.reasons(backups, policy), "round \(round): order is seen")
            let whole = SlowRetention(rules, semantics, backups, zone: policy.timezone, now: Self.now.wall).whole
            let newest = whole.max { ($0.time, $0.path) < ($1.time, $1.path) }
            if let newest { #expect(kept.contains(newest.id), "round \(round): the newest goes (invariant 6)") }
            // Only where rules overlap and take the newest: elsewhere a second run sees other periods (borg and
            // Proxmox count what is left, the oldest of a period may be another).
            guard semantics.sharing == .overlap, semantics.element == .newest else { continue }
            let judge = Judge(policy: policy, now: Self.now, protection: .init())!
            let report = judge.decide(series: "s", backups)
            let rest = backups.indices.filter { report.isRetained($0) }.map { backups[$0] }
            #expect(Self.kept(rest, policy) == kept, "round \(round): a second cleanup takes more: \(rules.text)")
        }
    }

    @Test("adding a keep rule, a mark, or a backup that does not count condemns nothing more")
    func monotone() {
        var generator = Seeded(seed: Self.seed &+ 2)
        for round in 0..<Self.rounds {
            // "Adding a rule" is false for Proxmox's rules.
            let semantics = Semantics([.reprieve, .restic, .borg].randomElement(using: &generator)!)
            let rules = Self.rules(&generator, semantics)
            let backups = Self.history(&generator)
            guard !rules.isEmpty, !rules.hasRanges, !backups.isEmpty else { continue }
            let policy = Self.policy(rules, semantics, zone: "Europe/Berlin", safeguards: true)
            let before = Self.kept(backups, policy)
            if semantics.sharing == .overlap {
                var more = policy
                more.keep.daily = rules.daily ?? .first(5)
                #expect(before.isSubset(of: Self.kept(backups, more)), "round \(round): a rule condemned")
                var protection = Judge.Protection()
                protection.preserved[backups.randomElement(using: &generator)!.id.object] = ("why", nil)
                #expect(
                    before.isSubset(of: Self.kept(backups, policy, protection)), "round \(round): a mark condemned")
            }
            var unfinished = Candidate(
                id: BackupID(object: 900), path: "unfinished", time: Timestamp(seconds: 1_793_000_100))
            unfinished.condition = .settling
            let future = Candidate(
                id: BackupID(object: 901), path: "future", time: Timestamp(seconds: 2_200_000_000))
            #expect(
                Self.kept(backups + [unfinished, future], policy) == before, "round \(round): what does not count did")
        }
    }
}
