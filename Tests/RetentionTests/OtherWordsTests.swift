import Model
import Retention
import Testing

/// The words and switches that came from other tools, in tables to be checked by eye: `k` stays, `-` goes.
@Suite("words of other tools")
struct OtherWordsTests {
    private func kept(
        _ times: [String], zone: String = "UTC", now: String = "2026-11-24T00:00:00Z",
        _ semantics: Semantics = .reprieve,
        _ rules: (inout KeepRules) -> Void
    ) throws -> String {
        let backups = times.enumerated().map { n, text in
            Candidate(id: BackupID(object: UInt64(n)), path: Bytes("db-\(90 - n)"), time: TableTests.time(text))
        }
        return try kept(backups, zone: zone, now: now, semantics, rules)
    }

    private func kept(
        _ backups: [Candidate], zone: String = "UTC", now: String = "2026-11-24T00:00:00Z", _ semantics: Semantics,
        _ rules: (inout KeepRules) -> Void
    ) throws -> String {
        var policy = History.policy(History.rules(rules), zone: zone)
        policy.semantics = semantics
        policy.hasSafeguards = false
        let judge = try #require(Judge(policy: policy, now: History.moment(now), protection: .init()))
        return String(judge.decide(series: "s", backups).decisions.map { $0.retain ? "k" : "-" })
    }

    private func switched(_ change: (inout Semantics) -> Void) -> Semantics {
        var semantics = Semantics.reprieve
        semantics.oldestBonus = false
        change(&semantics)
        return semantics
    }

    @Test("minutely: the newest of each of the last minutes that have one; secondly the same for seconds")
    func minutely() throws {
        let times = [
            "2026-11-23T10:02:59Z", "2026-11-23T10:02:00Z", "2026-11-23T10:01:59Z", "2026-11-23T09:01:59Z",
            "2026-11-23T09:01:58Z",
        ]
        #expect(try kept(times) { $0.minutely = .first(3) } == "k-kk-")
        #expect(try kept(times) { $0.secondly = .first(3) } == "kkk--")
        #expect(try kept(times) { $0.withinMinutely = Span(seconds: 120) } == "k-k--")
        // In the repeated hour of Berlin a minute is one again an hour later, but to borg only where nothing lies
        // between.
        let autumn = ["2026-10-25T01:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T00:29:00Z"]
        #expect(try kept(autumn, zone: "Europe/Berlin") { $0.minutely = .first(2) } == "kk-")
        #expect(try kept(autumn, zone: "Europe/Berlin", Semantics(.borg2)) { $0.minutely = .first(2) } == "k-k")
    }

    @Test("13weekly: quarters of 13 ISO weeks; a 53rd week belongs to the fourth")
    func quartersOfWeeks() throws {
        // Weeks 14, 13 and 1 of 2021; 53, 40, 39 of 2020.
        let times = ["2021-04-05", "2021-04-04", "2021-01-04", "2021-01-03", "2020-09-28", "2020-09-27"]
        #expect(try kept(times) { $0.thirteenWeekly = .first(4) } == "kk-k-k")
        // The calendar's quarters end with March and December.
        #expect(try kept(times) { $0.quarterly = .first(3) } == "k-k-k-")
    }

    @Test("empty periods count: so many days back from the newest, with a backup or without")
    func emptyPeriods() throws {
        let gap = ["2026-11-23", "2026-11-21", "2026-11-20", "2026-11-19"]
        let skips = switched { $0.emptyPeriods = .skip }
        let counts = switched { $0.emptyPeriods = .count }
        #expect(try kept(gap, skips) { $0.daily = .first(3) } == "kkk-")
        #expect(try kept(gap, counts) { $0.daily = .first(3) } == "kkk-", "exactly three days before is within")
        #expect(try kept(gap, counts) { $0.daily = .first(2) } == "kk--")
        #expect(try kept(gap, counts) { $0.last = .first(3) } == "kkk-", "`last` knows no periods")
        #expect(try kept(gap, counts) { $0.daily = .unlimited } == "kkkk")
        // An outage of six weeks: what was before it is out of reach.
        #expect(try kept(["2026-11-23", "2026-10-12", "2026-10-11"], counts) { $0.daily = .first(7) } == "k--")
    }

    @Test("a month before 31 March is 3 March to kopia, and the end of February to rotate-backups")
    func rollOver() throws {
        let times = ["2026-03-31", "2026-03-04", "2026-03-03", "2026-03-02", "2026-02-28", "2026-02-27"]
        let monthly: (inout KeepRules) -> Void = { $0.monthly = .first(1) }
        #expect(try kept(["2026-03-31", "2026-02-28"], Semantics(.kopia)) { $0.monthly = .first(2) } == "kk")
        #expect(try kept(["2026-03-31", "2026-01-30"], Semantics(.kopia)) { $0.monthly = .first(2) } == "k-")
        var newest = Semantics(.rotateBackups)
        newest.element = .newest
        #expect(try kept(times, newest, monthly) == "k-----")
        // The oldest of March stands for it, and is younger than a month.
        #expect(try kept(times, Semantics(.rotateBackups), monthly) == "---k--")
        #expect(try kept(times, Semantics(.rotateBackups)) { $0.monthly = .first(2) } == "---k-k")
        #expect(
            try kept(["2024-02-29", "2023-03-01", "2023-02-28"], newest) {
                $0.daily = .unlimited; $0.yearly = .first(1)
            }
                == "kkk")
        #expect(try kept(["2024-02-29", "2023-02-28", "2023-02-27"], newest) { $0.yearly = .first(2) } == "kk-")
    }

    @Test("kopia's days are UTC's, its weeks the zone's")
    func kopiaZones() throws {
        // 23:30 UTC on Sunday is Monday in Berlin.
        let times = ["2026-11-23T01:00Z", "2026-11-22T23:30Z", "2026-11-22T22:30Z"]
        #expect(try kept(times, zone: "Europe/Berlin", Semantics(.kopia)) { $0.daily = .first(5) } == "kk-")
        #expect(try kept(times, zone: "Europe/Berlin", Semantics(.kopia)) { $0.weekly = .first(5) } == "k-k")
    }

    // MARK: Full and differential ones

    /// `F`, `D` and `I` with the index of what it needs behind it; one a day, oldest first.
    private func chain(_ words: String) -> [Candidate] {
        let words = words.split(separator: " ").map(String.init)
        return words.enumerated().map { n, word in
            let time = TableTests.time("2026-11-23").adding(seconds: Int64(n - words.count + 1) * 86_400)
            var candidate = Candidate(id: BackupID(object: UInt64(n)), path: Bytes("\(n)-\(word)"), time: time)
            candidate.kind = word.first == "F" ? .full : word.first == "D" ? .differential : .incremental
            candidate.parents = Int(word.dropFirst()).map { [BackupID(object: UInt64($0))] } ?? []
            return candidate
        }
    }

    @Test("diff: N: of the differential ones the newest N stay with their full ones, which count as well")
    func diff() throws {
        let reprieve = Semantics.reprieve
        let all = chain("F D0 I1 D0 I0 F D5")
        #expect(try kept(all, reprieve) { $0.full = .first(2) } == "kkkkkkk")
        #expect(try kept(all, reprieve) { ($0.full, $0.diff) = (.first(2), .first(2)) } == "k---kkk")
        #expect(try kept(all, reprieve) { ($0.full, $0.diff) = (.first(2), .first(3)) } == "k--kkkk")
        #expect(try kept(all, reprieve) { ($0.full, $0.diff) = (.first(1), .first(1)) } == "-----kk")
        #expect(try kept(all, reprieve) { $0.diff = .first(2) } == "k---kkk", "alone it leaves every full one")
        #expect(
            try kept(all, reprieve) { ($0.diff, $0.daily) = (.first(2), .first(5)) } == "kkkkkkk", "another rule keeps")
    }

    @Test("within the time of window all stays, but for pgBackRest's old differential ones")
    func window() throws {
        let all = chain("F D0 I1 D0 I0 F D5")
        let rules: (inout KeepRules) -> Void = { ($0.window, $0.diff) = (Span(days: 30), .first(2)) }
        #expect(try kept(all, .reprieve, rules) == "kkkkkkk")
        #expect(try kept(all, Semantics(.pgbackrest), rules) == "k---kkk")
    }

    // MARK: Unfinished ones

    @Test("kopia keeps what is unfinished and newer than everything finished, if young or one of three")
    func unfinished() throws {
        func list(_ hours: [Int], finished: Int) -> [Candidate] {
            let end = TableTests.time("2026-11-23")
            return hours.enumerated().map { n, hour in
                var candidate = Candidate(
                    id: BackupID(object: UInt64(n)), path: Bytes("s\(n)"),
                    time: end.adding(seconds: Int64(-3600 * hour)))
                candidate.condition = n == finished ? .complete : .incomplete
                return candidate
            }
        }
        let kopia = Semantics(.kopia)
        let last: (inout KeepRules) -> Void = { $0.last = .first(1) }
        #expect(try kept(list([0, 1, 2, 3, 4, 5, 6], finished: 5), kopia, last) == "kkkk-k-")
        #expect(try kept(list([0, 10, 20, 30, 40], finished: 4), kopia, last) == "kkk-k")
        #expect(try kept(list([0, 1, 2], finished: 0), kopia, last) == "k--")
        #expect(try kept(list([0, 1, 2, 3, 4], finished: 9), kopia, last) == "kkkk-")
    }

    @Test("without any rule kopia and pgBackRest keep all")
    func noRule() throws {
        for preset in [Semantics.Preset.kopia, .pgbackrest] {
            #expect(try kept(["2026-11-23", "2020-11-22"], Semantics(preset)) { _ in } == "kk")
        }
    }

    @Test("9999y is all, for every preset and every rule by age")
    func anySize() throws {
        let times = ["2026-11-23", "1970-01-01", "1700-01-01"]
        for preset in Semantics.Preset.allCases {
            let span = try Span(parsing: "9999y", dialect: preset.dialect)
            #expect(try kept(times, Semantics(preset)) { $0.within = span } == "kkk", "\(preset)")
            #expect(try kept(times, Semantics(preset)) { $0.withinYearly = span } == "kkk", "\(preset)")
        }
    }

    @Test("a policy keeps the text that it had before there was a switch for empty periods")
    func text() throws {
        var policy = History.policy(History.rules { $0.daily = .first(7) })
        #expect(!policy.text.contains("mptyPeriods") && !policy.text.contains("inutely"))
        policy.semantics.emptyPeriods = .count
        #expect(
            VaultPolicy(text: policy.text) == policy && policy.semantics.text == "reprieve with empty-periods count")
        policy.semantics.emptyPeriods = .skip
        #expect(policy.semantics == .reprieve)
        for preset in Semantics.Preset.allCases {
            policy.semantics = Semantics(preset)
            #expect(VaultPolicy(text: policy.text) == policy)
        }
    }

    @Test("of several that need one the newest is named, also where that stays only because another one needs it")
    func newestNeeds() throws {
        // 4 needs 1, which needs 0; 3 needs 0 as well, and is newer than 1.
        let all = chain("F I0 F I0 I1")
        let policy = History.policy(History.rules { $0.last = .first(2) })
        let judge = try #require(
            Judge(policy: policy, now: History.moment("2026-11-24T00:00:00Z"), protection: .init()))
        let report = judge.decide(series: "s", all)
        #expect(report[0].reasons == [.neededBy("3-I0")])
        #expect(report[1].reasons == [.neededBy("4-I1")])
    }

    @Test("the same across the series of a vault, in whatever order they are listed")
    func newestNeedsElsewhere() throws {
        func backup(_ n: Int, _ series: Bytes, _ date: String, parent: Int? = nil) -> Backup {
            var backup = History.backup(TableTests.time(date), path: "\(n)", n: n)
            backup.series = series
            backup.kind = parent == nil ? .full : .incremental
            backup.parent = parent.map { BackupID(object: UInt64($0)) }
            return backup
        }
        // 4 needs 2, which needs 0; 3 needs 0 as well, and is newer than 2. 1 and 5 are the ones that the rules keep.
        let backups = [
            backup(0, "full", "2026-11-01"), backup(1, "full", "2026-11-20"),
            backup(2, "b", "2026-11-02", parent: 0), backup(5, "b", "2026-11-21"),
            backup(3, "c", "2026-11-03", parent: 0), backup(4, "a", "2026-11-23", parent: 2),
        ]
        let policy = History.policy(History.rules { $0.last = .first(1) })
        let judge = try #require(
            Judge(policy: policy, now: History.moment("2026-11-24T00:00:00Z"), protection: .init()))
        for order in [backups, backups.reversed()] {
            let judged = judge.decideAll(order)
            func reasons(_ n: UInt64) -> [Reason]? { judged.first { $0.backup.id.object == n }?.decision.reasons }
            #expect(reasons(0) == [.neededBy("3")])
            #expect(reasons(2) == [.neededBy("4")])
        }
    }
}
