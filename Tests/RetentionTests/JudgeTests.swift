import Model
import Retention
import Testing

/// A series for tests: one backup a line, newest anywhere.
enum History {
    static let vault = VaultID(text: "v")

    static func backup(_ time: Timestamp, path: String? = nil, n: Int = 0) -> Backup {
        let name = Bytes(path ?? "app/db-\(time.rfc3339(in: .utc))-\(n).dump")
        let member = Backup.Member(
            path: name, object: ObjectID(text: "o\(n)"), inode: UInt64(n), isDirectory: false, size: 1, mtime: time,
            ctime: time)
        return Backup(
            id: BackupID(object: UInt64(n)), vault: vault, series: "app/db-*.dump", members: [member], time: time,
            timeSource: .name, condition: .complete, note: "", size: 1, allocated: 1, mode: 0o644, uid: 0, gid: 0,
            observedSince: Timestamp(nanoseconds: 0), changedBoot: 0, changedBootID: "")
    }

    static func backups(_ times: [String]) -> [Backup] {
        times.enumerated().map { n, text in backup(Timestamp(rfc3339: text)!, n: n) }
    }

    /// Dailies at 01:00 UTC, `days` of them up to `last`.
    static func dailies(_ days: Int, last: String) -> [Backup] {
        let end = Timestamp(rfc3339: last + "T01:00:00Z")!
        return (0..<days).map { backup(end.adding(seconds: Int64(-86_400 * $0)), n: $0) }
    }

    static func rules(_ change: (inout KeepRules) -> Void) -> KeepRules {
        var rules = KeepRules()
        change(&rules)
        return rules
    }

    static func policy(_ rules: KeepRules, zone: String = "UTC") -> VaultPolicy {
        VaultPolicy(timezone: zone, keep: rules, series: [], minAge: Span(seconds: 0), minObservedAge: Span(seconds: 0))
    }

    static func moment(_ text: String) -> Moment {
        Moment(wall: Timestamp(rfc3339: text)!, boot: 0, bootID: "b")
    }

    static func decide(
        _ backups: [Backup], _ rules: KeepRules, now: String = "2026-11-24T00:00:00Z", zone: String = "UTC",
        protection: Judge.Protection = .init()
    ) -> [Decision] {
        let judge = Judge(policy: policy(rules, zone: zone), now: moment(now), protection: protection)!
        return judge.decide(series: "app/db-*.dump", backups)
    }

    /// The dates that stay, newest first.
    static func kept(
        _ backups: [Backup], _ rules: KeepRules, now: String = "2026-11-24T00:00:00Z", zone: String = "UTC"
    )
        -> [String]
    {
        zip(backups, decide(backups, rules, now: now, zone: zone)).filter { $1.retain }.map(\.0.time).sorted(by: >)
            .map { String($0.rfc3339(in: .utc).prefix(10)) }
    }
}

@Suite("keep rules, as restic means them")
struct JudgeTests {
    @Test("each rule keeps the newest of each of the last N periods that have one")
    func tables() {
        let days = History.dailies(60, last: "2026-11-23")  // back to 25 September
        #expect(
            History.kept(days, History.rules { $0.last = .first(3) }) == ["2026-11-23", "2026-11-22", "2026-11-21"])
        #expect(History.kept(days, History.rules { $0.daily = .first(2) }) == ["2026-11-23", "2026-11-22"])
        // Weeks end on Sunday: 22, 15, 8 November; Monday the 23rd is a week of its own.
        #expect(
            History.kept(days, History.rules { $0.weekly = .first(3) }) == ["2026-11-23", "2026-11-22", "2026-11-15"])
        // The third month is the last there is.
        #expect(
            History.kept(days, History.rules { $0.monthly = .first(3) }) == ["2026-11-23", "2026-10-31", "2026-09-30"])
    }

    @Test("with room left, a rule keeps the oldest there is")
    func oldest() {
        let days = History.dailies(60, last: "2026-11-23")
        let rules = History.rules { $0.monthly = .first(12) }
        #expect(History.kept(days, rules) == ["2026-11-23", "2026-10-31", "2026-09-30", "2026-09-25"])
        #expect(History.decide(days, rules).last?.reasons == [.oldest("monthly")])
    }

    @Test("measured against restic itself: 3 years of dailies, 7/4/12/3")
    func restic() {
        // shared table of the field, restic 0.19: 21 kept, the oldest 2024-12-31.
        let days = History.dailies(1096, last: "2026-11-23")
        let rules = History.rules {
            $0.daily = .first(7)
            $0.weekly = .first(4)
            $0.monthly = .first(12)
            $0.yearly = .first(3)
        }
        let kept = History.kept(days, rules)
        #expect(kept.count == 21)
        #expect(kept.last == "2024-12-31")
        // The same with a new installation of 54 days: 11.
        #expect(History.kept(History.dailies(54, last: "2026-11-23"), rules).count == 11)
        // And the same three years with the six weeks before the newest missing: 19.
        let outage = History.dailies(1054, last: "2026-10-12") + [History.backup(days[0].time, n: 5000)]
        #expect(History.kept(outage, rules).count == 19)
    }

    @Test("rules overlap: the newest serves them all, and says so")
    func overlap() {
        let rules = History.rules {
            $0.last = .first(3)
            $0.daily = .first(7)
        }
        let decisions = History.decide(History.dailies(10, last: "2026-11-23"), rules)
        #expect(decisions[0].reasons == [.rule("last", 1, of: "3"), .rule("daily", 1, of: "7"), .newest])
        #expect(decisions[5].reasons == [.rule("daily", 6, of: "7")])
        #expect(!decisions[8].retain)
    }

    @Test("ISO weeks at the turn of the year: 28 December to 3 January is one week")
    func isoWeeks() {
        let days = History.backups([
            "2027-01-04T01:00:00Z", "2027-01-03T01:00:00Z", "2026-12-31T01:00:00Z", "2026-12-28T01:00:00Z",
            "2026-12-27T01:00:00Z", "2026-12-21T01:00:00Z",
        ])
        let kept = History.kept(days, History.rules { $0.weekly = .first(3) }, now: "2027-01-05T00:00:00Z")
        #expect(kept == ["2027-01-04", "2027-01-03", "2026-12-27"])
    }

    @Test("the repeated hour of autumn is two hours, the skipped one of spring none")
    func changedClocks() {
        let autumn = History.backups([
            "2026-10-25T02:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T00:30:00Z", "2026-10-24T23:30:00Z",
        ])
        let rules = History.rules { $0.hourly = .first(4) }
        #expect(History.kept(autumn, rules, zone: "Europe/Berlin").count == 4)
        let spring = History.backups(["2026-03-29T01:30:00Z", "2026-03-29T00:30:00Z"])
        #expect(History.kept(spring, rules, zone: "Europe/Berlin").count == 2)
    }

    @Test("a day is the zone's day")
    func zones() {
        let pair = History.backups(["2026-11-22T23:30:00Z", "2026-11-22T22:30:00Z", "2026-11-21T12:00:00Z"])
        let rules = History.rules { $0.daily = .first(2) }
        #expect(History.kept(pair, rules, zone: "UTC").count == 2)
        // In Berlin the first is on the 23rd and the second on the 22nd.
        #expect(History.kept(pair, rules, zone: "Europe/Berlin") == ["2026-11-22", "2026-11-22"])
    }

    @Test("within counts back from the newest complete backup, not from now")
    func within() {
        let days = History.dailies(40, last: "2026-09-01")
        let rules = History.rules { $0.within = Span(days: 30) }
        // Asked in November: nothing more goes because time passed (invariant 8).
        #expect(History.kept(days, rules, now: "2026-09-02T00:00:00Z").count == 30)
        #expect(History.kept(days, rules, now: "2026-09-10T00:00:00Z").count == 30)
        // Silence of more than ten rhythms: the series has ended, and nothing of it goes at all.
        #expect(History.kept(days, rules, now: "2026-11-24T00:00:00Z").count == 40)
    }

    @Test("two backups in one second are told apart by their paths")
    func ties() {
        let twins = [
            History.backup(Timestamp(seconds: 1_000), path: "a", n: 1),
            History.backup(Timestamp(seconds: 1_000), path: "b", n: 2),
        ]
        let rules = History.rules { $0.last = .first(1) }
        #expect(History.decide(twins, rules).map(\.retain) == [false, true])
        #expect(History.decide(twins.reversed(), rules).map(\.retain) == [true, false])
    }

    @Test("what goes says what is kept in its place")
    func reasons() {
        let days = History.dailies(20, last: "2026-11-22")
        let rules = History.rules { $0.weekly = .first(2) }
        let decisions = History.decide(days, rules)
        // Saturday the 21st goes: Sunday the 22nd is kept for that week.
        #expect(decisions[1].reasons == [.superseded(period: "week", by: days[0].id)])
        #expect(decisions[19].reasons == [.beyond("weekly 2")])
    }
}

@Suite("safeguards")
struct SafeguardTests {
    private let rules = History.rules { $0.last = .first(1) }

    @Test("the newest complete backup always stays, also an only one (invariant 6)")
    func newest() {
        let only = History.dailies(1, last: "2020-01-01")
        #expect(History.decide(only, History.rules { $0.within = Span(days: 1) })[0].retain)
    }

    @Test(
        "settling, incomplete, suspect and broken ones count for nothing (invariant 7)",
        arguments: [Backup.Condition.settling, .incomplete, .suspect, .broken])
    func setAside(condition: Backup.Condition) {
        var days = History.dailies(3, last: "2026-11-23")
        days[0].condition = condition
        let decisions = History.decide(days, rules)
        #expect(decisions.map(\.retain) == [true, true, false])
        #expect(decisions[0].isSetAside && !decisions[1].isSetAside)
    }

    @Test("a backup dated ahead is set aside and pushes nobody out")
    func future() {
        let days =
            History.dailies(3, last: "2026-11-23") + [History.backup(Timestamp(rfc3339: "2043-01-01T00:00:00Z")!, n: 9)]
        let decisions = History.decide(days, History.rules { $0.within = Span(days: 2) })
        #expect(decisions.map(\.retain) == [true, true, false, true])
        #expect(decisions[3].reasons == [.setAside(.future, "dated more than a day ahead")])
    }

    @Test("preserved and reprieved ones stay, every link of the object")
    func marks() {
        let days = History.dailies(4, last: "2026-11-23")
        var protection = Judge.Protection()
        protection.preserved[days[2].id.object] = ("audit 2026", nil)
        protection.reprieved[days[3].id.object] = Timestamp(seconds: 2_000_000_000)
        let decisions = History.decide(days, rules, protection: protection)
        #expect(decisions.map(\.retain) == [true, false, true, true])
        #expect(decisions[2].reasons == [.preserved(reason: "audit 2026", until: nil)])
    }

    @Test("too young, or known for too short a time, holds back for a while")
    func tooEarly() {
        var days = History.dailies(3, last: "2026-11-23")
        days[1].observedSince = Timestamp(rfc3339: "2026-11-23T12:00:00Z")!
        var policy = History.policy(rules)
        policy.minObservedAge = Span(seconds: 86_400)
        var judge = Judge(policy: policy, now: History.moment("2026-11-24T00:00:00Z"), protection: .init())!
        #expect(judge.decide(series: "s", days).map(\.retain) == [true, true, false])
        policy.minObservedAge = Span(seconds: 0)
        policy.minAge = Span(days: 2)
        judge = Judge(policy: policy, now: History.moment("2026-11-24T00:00:00Z"), protection: .init())!
        #expect(judge.decide(series: "s", days).map(\.retain) == [true, true, false])
    }

    @Test("`min` complete ones stay whatever the rules say")
    func minimum() {
        var policy = History.policy(rules)
        policy.minimum = 3
        let judge = Judge(policy: policy, now: History.moment("2026-11-24T00:00:00Z"), protection: .init())!
        #expect(judge.decide(series: "s", History.dailies(5, last: "2026-11-23")).filter(\.retain).count == 3)
    }

    @Test("no rule at all keeps everything")
    func noRules() {
        #expect(History.kept(History.dailies(9, last: "2026-11-23"), KeepRules()).count == 9)
        #expect(History.kept(History.dailies(9, last: "2026-11-23"), .everything).count == 9)
    }

    @Test("in the trash, what the policy would keep now is wanted; what it would not is not")
    func keptByPolicy() {
        let days = History.dailies(5, last: "2026-11-23")
        let judge = Judge(
            policy: History.policy(History.rules { $0.last = .first(2) }), now: History.moment("2026-11-24T00:00:00Z"),
            protection: .init())!
        // As it was condemned: two present, three in the trash.
        #expect(judge.keptByPolicy(series: "s", present: Array(days[..<2]), trashed: Array(days[2...])).isEmpty)
        // Somebody removed the newest two by hand: the newest trashed ones are wanted.
        #expect(judge.keptByPolicy(series: "s", present: [], trashed: Array(days[2...])) == Set(days[2..<4].map(\.id)))
    }
}
