import Model
import Retention
import Testing

/// Small histories, newest first, and what each preset keeps of them: `k` stays, `-` goes. To be checked by eye.
@Suite("tables")
struct TableTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var zone = "Europe/Berlin"
        /// UTC; a plain date is 01:00.
        var times: [String]
        var rules: @Sendable (inout KeepRules) -> Void
        var reprieve: String
        /// Only where it differs from `reprieve`.
        var restic: String?
        var borg: String?
        var proxmox: String?

        var testDescription: String { name }

        func expected(_ preset: Semantics.Preset) -> String {
            switch preset {
            case .restic: restic ?? reprieve
            case .borg: borg ?? reprieve
            case .proxmox: proxmox ?? reprieve
            default: reprieve
            }
        }
    }

    static let rows: [Row] = [
        Row(
            name: "last 2", times: ["2026-11-23", "2026-11-22", "2026-11-21"], rules: { $0.last = .first(2) },
            reprieve: "kk-"),
        Row(
            name: "three in one second, last 2: borg and Proxmox take one a second",
            times: ["2026-11-23", "2026-11-23", "2026-11-23", "2026-11-22"], rules: { $0.last = .first(2) },
            reprieve: "kk--", borg: "k--k", proxmox: "k--k"),
        Row(
            name: "daily 2: the newest of each of the last two days that have one",
            times: ["2026-11-23T20:00Z", "2026-11-23T08:00Z", "2026-11-21T20:00Z", "2026-11-21T08:00Z", "2026-11-20"],
            rules: { $0.daily = .first(2) }, reprieve: "k-k--"),
        Row(
            name: "daily 3 with two days: there is room for the oldest; Proxmox has no such bonus",
            times: ["2026-11-23T20:00Z", "2026-11-23T08:00Z", "2026-11-22T20:00Z", "2026-11-22T08:00Z"],
            rules: { $0.daily = .first(3) }, reprieve: "k-kk", proxmox: "k-k-"),
        Row(
            name: "daily 1, weekly 1: one backup serves both; borg and Proxmox pass over the week that has one",
            times: ["2026-11-23", "2026-11-22", "2026-11-16", "2026-11-15"],
            rules: { ($0.daily, $0.weekly) = (.first(1), .first(1)) }, reprieve: "k---", borg: "kk--", proxmox: "kk--"),
        Row(
            name: "weeks 52 and 53 of 2026 and 1 of 2027: 28 December to 3 January is one week",
            times: ["2027-01-04", "2027-01-03", "2026-12-31", "2026-12-28", "2026-12-27", "2026-12-21", "2026-12-20"],
            rules: { $0.weekly = .first(3) }, reprieve: "kk--k--"),
        Row(
            name: "week 53 of 2020 reaches to 3 January 2021",
            times: ["2021-01-04", "2021-01-03", "2021-01-01", "2020-12-28", "2020-12-27"],
            rules: { $0.weekly = .first(2) }, reprieve: "kk---"),
        Row(
            name: "the 23-hour day in Berlin: 28 to 30 March 2026, two a day",
            times: ["2026-03-29T22:00Z", "2026-03-29T20:00Z", "2026-03-28T23:30Z", "2026-03-28T22:30Z"],
            rules: { $0.daily = .first(3) }, reprieve: "kk-k"),
        Row(
            name: "the repeated hour in Berlin is two hours only to us",
            times: [
                "2026-10-25T02:30Z", "2026-10-25T01:30Z", "2026-10-25T00:30Z", "2026-10-24T23:30Z", "2026-10-24T22:30Z",
            ],
            rules: { $0.hourly = .first(4) }, reprieve: "kkkk-", restic: "kk-kk", borg: "kk-kk", proxmox: "kk-kk"),
        Row(
            name: "the repeated hour in New York", zone: "America/New_York",
            times: [
                "2026-11-01T07:30Z", "2026-11-01T06:30Z", "2026-11-01T05:30Z", "2026-11-01T04:30Z", "2026-11-01T03:30Z",
            ],
            rules: { $0.hourly = .first(4) }, reprieve: "kkkk-", restic: "kk-kk", borg: "kk-kk", proxmox: "kk-kk"),
        Row(
            name: "the skipped hour in New York is none", zone: "America/New_York",
            times: ["2026-03-08T07:30Z", "2026-03-08T06:30Z", "2026-03-08T05:30Z"], rules: { $0.hourly = .first(2) },
            reprieve: "kk-"),
        Row(
            name: "29 February is a day, and the last of its month",
            times: ["2024-03-01", "2024-02-29", "2024-02-28", "2024-01-31"], rules: { $0.monthly = .first(2) },
            reprieve: "kk--"),
        Row(
            name: "quarters begin in January, April, July, October",
            times: ["2026-04-01", "2026-03-31", "2026-02-01", "2025-12-31", "2025-10-01"],
            rules: { $0.quarterly = .first(3) }, reprieve: "kk-k-"),
        Row(
            name: "yearly 2", times: ["2026-06-01", "2026-01-01", "2025-12-31", "2025-01-01", "2024-12-31"],
            rules: { $0.yearly = .first(2) }, reprieve: "k-k--"),
        Row(
            name: "31 March minus a month is 3 March; the edge itself is out", zone: "UTC",
            times: ["2026-03-31", "2026-03-04", "2026-03-03", "2026-03-02"],
            rules: { $0.within = Span(months: 1) }, reprieve: "kk--", borg: "----"),
        Row(
            name: "31 January minus a month is 31 December", zone: "UTC",
            times: ["2027-01-31", "2027-01-01", "2026-12-31"], rules: { $0.within = Span(months: 1) },
            reprieve: "kk-", borg: "k--"),
        Row(
            name: "within-daily 3d: one a day of the last three days, and the oldest of all if it is one of them",
            zone: "UTC",
            times: ["2026-11-23T20:00Z", "2026-11-23T08:00Z", "2026-11-22T20:00Z", "2026-11-22T08:00Z", "2026-11-20"],
            rules: { $0.withinDaily = Span(days: 3) }, reprieve: "k-k--", borg: "-----"),
        Row(
            name: "six weeks' outage: what was, is counted as if no day had passed", zone: "UTC",
            times: ["2026-11-23", "2026-10-12", "2026-10-11", "2026-10-10", "2026-10-09"],
            rules: { $0.daily = .first(3) }, reprieve: "kkk--"),
        Row(
            name: "nothing to condemn", times: ["2026-11-23", "2026-11-22"], rules: { $0.last = .first(5) },
            reprieve: "kk"),
        Row(
            name: "unlimited", times: ["2026-11-23", "2026-11-22", "2026-11-21"], rules: { $0.daily = .unlimited },
            reprieve: "kkk"),
        Row(name: "keep: all", times: ["2026-11-23", "2019-11-22"], rules: { $0.all = true }, reprieve: "kk"),
    ]

    static func time(_ text: String) -> Timestamp {
        Timestamp(rfc3339: text.count == 10 ? text + "T01:00:00Z" : text)!
    }

    @Test("each rule, each preset", arguments: rows)
    func table(row: Row) throws {
        let backups = row.times.enumerated().map { n, text in
            // Of equal times the greater path comes first.
            Candidate(id: BackupID(object: UInt64(n)), path: Bytes("db-\(90 - n)"), time: Self.time(text))
        }
        var rules = KeepRules()
        row.rules(&rules)
        // The others have tables and vectors of their own.
        for preset in [Semantics.Preset.reprieve, .restic, .borg, .proxmox] {
            var policy = History.policy(rules, zone: row.zone)
            policy.semantics = Semantics(preset)
            policy.hasSafeguards = false
            let now = Moment(wall: Timestamp(rfc3339: "2027-02-10T00:00:00Z")!, boot: 0, bootID: "")
            let judge = try #require(Judge(policy: policy, now: now, protection: .init()))
            let kept = String(judge.decide(series: "s", backups).decisions.map { $0.retain ? "k" : "-" })
            #expect(kept == row.expected(preset), "\(preset.rawValue)")
        }
    }

    @Test("dated ahead: set aside under safeguards, in the game without them, and no anchor either way")
    func future() throws {
        let times = ["2043-01-01", "2026-11-23", "2026-11-22", "2026-11-21"].map(Self.time)
        let backups = times.enumerated().map {
            Candidate(id: BackupID(object: UInt64($0)), path: Bytes("db-\($0)"), time: $1)
        }
        func kept(_ rules: KeepRules, safeguards: Bool) throws -> String {
            var policy = History.policy(rules)
            policy.hasSafeguards = safeguards
            let judge = try #require(
                Judge(policy: policy, now: History.moment("2026-11-24T00:00:00Z"), protection: .init()))
            return String(judge.decide(series: "s", backups).decisions.map { $0.retain ? "k" : "-" })
        }
        let daily = History.rules { $0.daily = .first(2) }
        #expect(try kept(daily, safeguards: true) == "kkk-")
        #expect(try kept(daily, safeguards: false) == "kk--")
        let within = History.rules { $0.within = Span(days: 2) }
        #expect(try kept(within, safeguards: true) == "kkk-")
        #expect(try kept(within, safeguards: false) == "kkk-")
    }

    @Test("times at the ends of what can be said, and clocks there, trap nowhere")
    func ends() throws {
        let times = [Int64.min, .min + 1, -1, 0, 1, .max - 1, .max].map { Timestamp(nanoseconds: $0) }
        let backups = times.enumerated().map {
            Candidate(id: BackupID(object: UInt64($0)), path: Bytes("db-\($0)"), time: $1)
        }
        var rules = KeepRules()
        for rule in KeepRule.allCases {
            if rule.isCounting { rules[rule] = .first(2) } else { rules[window: rule] = Span(years: 1, days: 1) }
        }
        for preset in Semantics.Preset.allCases {
            for zone in ["UTC", "Pacific/Apia", "Australia/Lord_Howe"] {
                for now in times {
                    for safeguards in [true, false] {
                        var policy = History.policy(rules, zone: zone)
                        policy.semantics = Semantics(preset)
                        policy.hasSafeguards = safeguards
                        let moment = Moment(wall: now, boot: 0, bootID: "")
                        let judge = try #require(Judge(policy: policy, now: moment, protection: .init()))
                        #expect(judge.decide(series: "s", backups).decisions.count == backups.count)
                        let candidates = backups.shuffled()
                        #expect(judge.decide(series: "s", candidates).decisions.allSatisfy { !$0.reasons.isEmpty })
                    }
                }
            }
        }
        #expect(Timestamp(nanoseconds: .min).rfc3339Nanoseconds.hasPrefix("1677-09-21"))
    }

    @Test("the switches one by one: the oldest of a period, no bonus, an anchor of now")
    func switches() throws {
        let times = ["2026-11-23T20:00Z", "2026-11-23T08:00Z", "2026-11-22T20:00Z", "2026-11-22T08:00Z"].map(Self.time)
        let backups = times.enumerated().map {
            Candidate(id: BackupID(object: UInt64($0)), path: Bytes("db-\($0)"), time: $1)
        }
        func kept(_ rules: KeepRules, _ change: (inout Semantics) -> Void) throws -> String {
            var policy = History.policy(rules)
            change(&policy.semantics)
            policy.hasSafeguards = false
            let judge = try #require(
                Judge(policy: policy, now: History.moment("2026-11-25T08:00:00Z"), protection: .init()))
            return String(judge.decide(series: "s", backups).decisions.map { $0.retain ? "k" : "-" })
        }
        let daily = History.rules { $0.daily = .first(2) }
        #expect(try kept(daily) { _ in } == "k-k-")
        #expect(try kept(daily) { $0.element = .oldest } == "-k-k")
        let three = History.rules { $0.daily = .first(3) }
        #expect(try kept(three) { _ in } == "k-kk")
        #expect(try kept(three) { $0.oldestBonus = false } == "k-k-")
        let within = History.rules { $0.within = Span(days: 2) }
        #expect(try kept(within) { _ in } == "kkkk")
        #expect(try kept(within) { $0.anchor = .now } == "k---")
    }

    @Test("incomplete ones go after `incomplete-after`, when a complete one is newer by that, and not before")
    func incomplete() throws {
        var days = History.dailies(12, last: "2026-11-23")
        days[11].condition = .incomplete
        days[5].condition = .incomplete
        days[0].condition = .incomplete
        days[0].note = "an empty file"
        let decisions = History.decide(days, History.rules { $0.last = .first(20) })
        #expect(decisions[11].reasons == [.incompleteFor("7d", newer: days[1].id)] && !decisions[11].retain)
        #expect(decisions[5].isSetAside && decisions[5].retain)
        #expect(decisions[0].reasons == [.setAside(.incomplete, "an empty file")])
        // With a mark it stays.
        var protection = Judge.Protection()
        protection.preserved[days[11].id.object] = ("evidence", nil)
        #expect(History.decide(days, History.rules { $0.last = .first(20) }, protection: protection)[11].retain)
        // Nothing complete is newer: it stays.
        let alone = [days[11]]
        #expect(History.decide(alone, History.rules { $0.last = .first(1) })[0].retain)
    }

    @Test("only-backup-of: no cleanup takes the last backup of a month")
    func onlyOf() throws {
        let backups = ["2026-11-23", "2026-11-22", "2026-10-15", "2026-10-14", "2026-08-01"].enumerated().map {
            History.backup(Self.time($1), n: $0)
        }
        var policy = History.policy(History.rules { $0.last = .first(1) })
        func kept() throws -> String {
            let judge = try #require(
                Judge(policy: policy, now: History.moment("2026-11-24T00:00:00Z"), protection: .init()))
            return String(judge.decide(series: "s", backups).map { $0.retain ? "k" : "-" })
        }
        #expect(try kept() == "k----")
        policy.onlyBackupOf = .month
        #expect(try kept() == "k-k-k")
        policy.onlyBackupOf = .year
        #expect(try kept() == "k----")
    }

    @Test("protected by its tool, or the target of a link, it stays; under Proxmox's rules it does not count")
    func protected() throws {
        var days = History.dailies(5, last: "2026-11-23")
        days[1].protectedBy = "protected by a file"
        var protection = Judge.Protection()
        protection.linked[days[4].path] = "latest"
        var policy = History.policy(History.rules { $0.last = .first(2) })
        func decisions() throws -> [RetentionDecision] {
            try #require(Judge(policy: policy, now: History.moment("2026-11-24T00:00:00Z"), protection: protection))
                .decide(series: "s", days)
        }
        #expect(try decisions().map(\.retain) == [true, true, false, false, true])
        #expect(try decisions()[4].reasons == [.linkTarget(of: "latest")])
        #expect(try decisions()[1].reasons == [.rule("last", 2, of: "2"), .toolProtected("protected by a file")])
        policy.semantics = Semantics(.proxmox)
        #expect(try decisions().map(\.retain) == [true, true, true, false, true])
    }
}
