import Model
import Retention
import Testing

@Suite("rhythm")
struct RhythmTests {
    private static let day: Int64 = 86_400

    /// Newest first, from intervals in days.
    private func times(_ days: [Double]) -> [Timestamp] {
        var at = Timestamp(rfc3339: "2026-11-23T01:00:00Z")!
        var times = [at]
        for interval in days {
            at = at.adding(seconds: -Int64(interval * Double(Self.day)))
            times.append(at)
        }
        return times
    }

    @Test("the median of the last ten intervals; fewer than three are none")
    func learnt() throws {
        #expect(Rhythm(times([1, 1])) == nil)
        #expect(Rhythm(times([0, 0, 0])) == nil)
        let daily = try #require(Rhythm(times(Array(repeating: 1, count: 10) + [300, 300])))
        #expect(daily.seconds == Self.day && daily.spread == 0)
        #expect(daily.lateSeconds == 3 * Self.day && daily.endedSeconds == 10 * Self.day)
    }

    @Test("an hourly series is late after 26 hours at least, and ends well after that")
    func hourly() throws {
        let hourly = try #require(Rhythm(times(Array(repeating: 1.0 / 24, count: 10))))
        #expect(hourly.lateSeconds == 26 * 3600)
        #expect(hourly.endedSeconds > 3 * Self.day)
    }

    @Test("working days: neither a weekend nor one with a holiday is late; an outage in the past changes little")
    func weekends() throws {
        let office = try #require(Rhythm(times([1, 1, 1, 1, 3, 1, 1, 1, 1, 3])))
        let newest = Timestamp(rfc3339: "2026-11-20T22:00:00Z")!  // a Friday
        for days in [3, 4] {
            #expect(
                office.regularity(newest: newest, now: newest.adding(seconds: Int64(days) * Self.day + 3600)) == .ok)
        }
        #expect(office.regularity(newest: newest, now: newest.adding(seconds: 6 * Self.day)) == .late)
        let afterOutage = try #require(Rhythm(times([1, 1, 1, 42, 1, 1, 1, 1, 1, 1])))
        #expect(afterOutage.lateSeconds == 3 * Self.day)
    }

    @Test("a late series is judged as ever; of one that has ended nothing goes, and its trash is not wanted back")
    func ended() {
        let days = History.dailies(30, last: "2026-11-01")
        let rules = History.rules { $0.last = .first(3) }
        #expect(History.kept(days, rules, now: "2026-11-06T00:00:00Z").count == 3)
        let decisions = History.decide(days, rules, now: "2026-11-14T00:00:00Z")
        #expect(decisions.allSatisfy { $0.retain })
        #expect(decisions[10].reasons == [.ended(since: days[0].time)])
        let judge = Judge(
            policy: History.policy(rules), now: History.moment("2026-11-14T00:00:00Z"), protection: .init())!
        #expect(judge.keptByPolicy(series: "s", present: Array(days[..<3]), trashed: Array(days[3...])).isEmpty)
    }

    @Test("a retired series: what a person said, of what was there then; a new backup ends it")
    func retired() {
        let days = History.dailies(10, last: "2026-11-01")
        let rules = History.rules { $0.last = .first(5) }
        var protection = Judge.Protection()
        func kept(_ backups: [Backup], _ keep: Int?, after: String? = nil, preserve: Int? = nil) -> Int {
            protection.retired["app/db-*.dump"] = .init(
                keep: keep, after: after.flatMap { Timestamp(rfc3339: $0) },
                at: Timestamp(rfc3339: "2026-11-20T00:00:00Z")!, reason: "moved", objects: Set(days.map(\.id.object)))
            protection.preserved = [:]
            if let preserve { protection.preserved[backups[preserve].id.object] = ("audit", nil) }
            return History.decide(backups, rules, protection: protection).count { $0.retain }
        }
        #expect(kept(days, nil) == 10)
        #expect(kept(days, 2) == 2)
        #expect(kept(days, 0) == 0)
        #expect(kept(days, 0, preserve: 7) == 1, "a mark holds against it")
        // Not yet: the series is ended, not retired; nothing goes.
        #expect(kept(days, 0, after: "2027-01-01T00:00:00Z") == 10)
        // It lives after all: it has one that nobody spoke of, whatever date its name has.
        let late = History.backup(Timestamp(rfc3339: "2026-11-15T01:00:00Z")!, n: 98)
        #expect(kept([late] + days, 0) == 5)
        let alive = [History.backup(Timestamp(rfc3339: "2026-11-23T01:00:00Z")!, n: 99)] + days
        #expect(kept(alive, 0) == 5)
    }

    @Test("a forecast: when a backup goes at the present rhythm, and what a vault will hold")
    func forecast() throws {
        let days = History.dailies(5, last: "2026-11-23")
        let policy = History.policy(History.rules { ($0.daily, $0.weekly) = (.first(7), .first(4)) })
        let now = History.moment("2026-11-23T02:00:00Z")
        var forecast = try #require(
            Forecast(series: "s", days.map { Candidate($0) }, policy: policy, protection: .init(), now: now))
        // Friday the 20th is one of the last seven days until the eighth after it has come, on the 27th at 01:00.
        let friday = days[3]
        #expect(friday.time.rfc3339(in: .utc) == "2026-11-20T01:00:00Z")
        let goes = forecast.end(of: friday.id, path: friday.path, before: Timestamp(rfc3339: "2027-11-23T00:00:00Z")!)
        #expect(goes?.rfc3339(in: .utc) == "2026-11-27T01:00:00Z")
        let ahead = [0, 40, 365].map { now.wall.adding(seconds: Int64($0) * Self.day) }
        let (found, isCut) = ForecastDay.days(
            ahead, backups: days, policy: policy, protection: .init(), graceSeconds: 14 * Self.day, now: now)
        #expect(!isCut)
        #expect(found[0].backups == 5)
        // Seven days and up to four Sundays, one of which may be among the days.
        #expect((9...11).contains(found[2].backups) && found[1].backups == found[2].backups)
        #expect((12...15).contains(found[2].trashed))
        #expect(found[2].bytes == Int64(found[2].backups))
    }

    @Test("a series that has ended, or is too young to have a rhythm, is forecast to stay as it is")
    func still() {
        let days = History.dailies(5, last: "2026-09-01")
        let now = History.moment("2026-11-23T02:00:00Z")
        let policy = History.policy(History.rules { $0.daily = .first(2) })
        #expect(Forecast(series: "s", days.map { Candidate($0) }, policy: policy, protection: .init(), now: now) == nil)
        let (found, _) = ForecastDay.days(
            [now.wall.adding(seconds: 365 * Self.day)], backups: days, policy: policy, protection: .init(),
            graceSeconds: 86_400, now: now)
        #expect(found[0].backups == 5)
    }
}
