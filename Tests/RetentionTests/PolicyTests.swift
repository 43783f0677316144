import Model
import Retention
import Support
import Testing

@Suite("policies that can be put together")
struct PolicyTests {
    private func candidates(_ days: Int, size: Int64 = 1) -> [Candidate] {
        History.dailies(days, last: "2026-11-23").map { backup in
            var candidate = Candidate(backup)
            candidate.size = size
            return candidate
        }
    }

    private func kept(_ policy: any RetentionPolicy, _ backups: [Candidate], series: Bytes = "app/db-*.dump") -> Int {
        let report = decide(policy, backups, series: series)
        return backups.indices.count { report.isRetained($0) }
    }

    private func decide(
        _ policy: any RetentionPolicy, _ backups: [Candidate], series: Bytes = "app/db-*.dump"
    ) -> RetentionReport {
        let timeline = Timeline(backups, latest: Timestamp(nanoseconds: .max))
        let now = Timestamp(rfc3339: "2026-11-24T00:00:00Z")!
        return policy.decide(timeline, in: RetentionContext(series: series, now: now, zone: .utc))
    }

    @Test("by age, by count; any, all, first match")
    func composite() {
        let days = candidates(40)
        let age = TimeBasedPolicy(maxAge: Span(days: 10))
        let count = CountBasedPolicy(maxCount: .first(3))
        #expect(kept(age, days) == 10)
        #expect(kept(count, days) == 3)
        #expect(kept(CompositePolicy(.any, [age, count]), days) == 10)
        #expect(kept(CompositePolicy(.all, [age, count]), days) == 3)
        let first = CompositePolicy(
            .firstMatch, [PatternPolicy(pattern: "legal/*", policy: KeepRules.everything), count])
        #expect(kept(first, days) == 3)
        #expect(kept(first, days, series: "legal/2019-*.tar") == 40)
        // Nobody has anything to say: all stays.
        #expect(kept(CompositePolicy(.firstMatch, [PatternPolicy(pattern: "x/*", policy: count)]), days) == 40)
        let reasons = decide(CompositePolicy(.any, [age, count]), days).reasons(of: 0)
        #expect(reasons == [.window("within", "10d"), .rule("last", 1, of: "3")])
    }

    @Test("the rules of one policy are those of its parts taken together")
    func parts() {
        var generator = Seeded(seed: PropertyTests.seed)
        for _ in 0..<200 {
            let days = candidates(Int.random(in: 1...200, using: &generator)).shuffled(using: &generator)
            let rules = History.rules {
                $0.last = .first(Int.random(in: 1...9, using: &generator))
                $0.daily = .first(Int.random(in: 1...9, using: &generator))
                $0.monthly = .first(Int.random(in: 1...9, using: &generator))
                $0.within = Span(days: Int.random(in: 1...30, using: &generator))
            }
            let parts = CompositePolicy(.any, [TimeBasedPolicy(rules), CountBasedPolicy(maxCount: rules.last)])
            let (whole, together) = (decide(rules, days), decide(parts, days))
            #expect(days.indices.allSatisfy { whole.isRetained($0) == together.isRetained($0) })
        }
    }

    @Test("importance: age, kind, checkpoint, restored, verified; a level overrides it")
    func importance() {
        var days = candidates(400)
        let scores = { Importance.scores(Timeline(days, latest: Timestamp(nanoseconds: .max)), zone: .utc) }
        let plain = scores()
        #expect(plain.allSatisfy { (0...100).contains($0) })
        // 1 January, 1 November (a Sunday), Monday 16 November, Tuesday 17 November.
        func index(_ day: String) -> Int { days.firstIndex { $0.time.rfc3339(in: .utc).hasPrefix(day) }! }
        let (year, month) = (index("2026-01-01"), index("2026-11-01"))
        let (week, day) = (index("2026-11-16"), index("2026-11-17"))
        #expect(plain[year] > plain[index("2026-01-02")])
        #expect(plain[month] > plain[week] && plain[week] > plain[day])
        #expect(plain[0] > plain[1])
        days[day].restored = 1
        days[week].isVerified = true
        days[month].kind = .incremental
        let changed = scores()
        #expect(changed[day] == plain[day] + 10 && changed[week] == plain[week] + 15)
        #expect(changed[month] == plain[month] - 15)
        #expect(Importance.priority(ofScore: 10, level: .critical) == .critical)
        #expect(Importance.priority(ofScore: 90, level: .low) == .low)
    }

    @Test("a limit exceeded tenfold: ranges fall to their lower bounds, least important first, and the rest is said")
    func limit() throws {
        let days = candidates(60, size: 100)
        let policy = History.policy(History.rules { $0.daily = .range(7, 30) })
        func decide(_ bytes: Int64?, _ importance: Importance.Level? = nil) throws -> RetentionReport {
            var policy = policy
            policy.series = [.init(pattern: "**", keep: nil, importance: importance)]
            let judge = try #require(
                Judge(
                    policy: policy, now: History.moment("2026-11-24T00:00:00Z"), protection: .init(), maxBytes: bytes))
            return judge.decide(series: "app", days)
        }
        func count(_ report: RetentionReport) -> Int { days.indices.count { report.isRetained($0) } }
        #expect(count(try decide(nil)) == 30)
        #expect(count(try decide(3000)) == 30)
        // Room for 20 of the range's 30; of 60 there are, what the higher bound does not want goes as well.
        let some = try decide(2000)
        #expect((7...20).contains(count(some)) && some.shortfall == 0)
        // 6000 bytes where 300 fit: seven stay, 400 too many, and that is said.
        let tenfold = try decide(300)
        #expect(count(tenfold) == 7 && tenfold.shortfall == 400)
        #expect((0..<7).allSatisfy { tenfold.isRetained($0) })
        // All critical: nothing goes for space.
        #expect(count(try decide(300, .critical)) == 30)
    }

    @Test("space is shed from the ends of chains, and what is needed is not counted as freed")
    func shedding() throws {
        func candidate(_ n: UInt64, _ day: String, _ kind: Backup.Kind, _ size: Int64) -> Candidate {
            var candidate = Candidate(
                id: BackupID(object: n), path: Bytes("b\(n)"), time: Timestamp(rfc3339: day + "T01:00:00Z")!)
            candidate.kind = kind
            candidate.size = size
            return candidate
        }
        let backups = [
            candidate(0, "2026-01-01", .full, 100), candidate(1, "2026-11-01", .full, 100),
            candidate(2, "2026-11-02", .incremental, 50), candidate(3, "2026-11-03", .incremental, 50),
            candidate(4, "2026-11-04", .incremental, 50),
        ]
        var policy = History.policy(History.rules { $0.last = .range(1, 9) })
        policy.hasSafeguards = false
        let judge = try #require(
            Judge(policy: policy, now: History.moment("2026-11-24T00:00:00Z"), protection: .init(), maxBytes: 220))
        let report = judge.decide(series: "s", backups)
        // The newest needs its whole chain: only the old full one can go.
        #expect(backups.indices.map { report.isRetained($0) } == [false, true, true, true, true])
        #expect(report.shortfall == 30)
    }

    @Test("a range keeps its higher bound while there is room, its lower one when space is short")
    func ranges() throws {
        let days = candidates(60)
        for (space, expected) in [(Space.ample, 14), (.short, 7)] {
            let judge = try #require(
                Judge(
                    policy: History.policy(History.rules { $0.daily = .range(7, 14) }),
                    now: History.moment("2026-11-24T00:00:00Z"), protection: .init(), space: space))
            let report = judge.decide(series: "app", days)
            #expect(days.indices.count { report.isRetained($0) } == expected)
            #expect(report.reasons(of: 3).first == .rule("daily", 4, of: "7-14"))
        }
        // A borg range: what the lower bounds would keep stays too.
        var policy = History.policy(History.rules { ($0.daily, $0.weekly) = (.range(2, 20), .first(4)) })
        policy.semantics = Semantics(.borg)
        let judge = try #require(
            Judge(policy: policy, now: History.moment("2026-11-24T00:00:00Z"), protection: .init()))
        let kept = judge.decide(series: "app", days)
        policy.keep.daily = .first(2)
        let low = try #require(Judge(policy: policy, now: History.moment("2026-11-24T00:00:00Z"), protection: .init()))
            .decide(series: "app", days)
        #expect(days.indices.allSatisfy { !low.isRetained($0) || kept.isRetained($0) })
    }
}
