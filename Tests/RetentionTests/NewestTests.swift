import Model
import Retention
import Testing

/// What is reported of the newest backup of a series, and what is not.
@Suite("the newest backup of a series")
struct NewestTests {
    private static let now = History.moment("2026-11-24T02:00:00Z")

    /// Five days, the newest an hour old and as `change` makes it.
    private static func regularity(
        _ protection: Judge.Protection = .init(), _ change: (inout Backup) -> Void
    ) -> SeriesFreshness {
        var days = History.dailies(5, last: "2026-11-24")
        for n in days.indices { days[n].size = 100 }
        change(&days[0])
        return SeriesFreshness.all(days, protection: protection, now: now)["app/db-*.dump"]!
    }

    private static func incomplete(_ backup: inout Backup, _ note: String, _ outcome: Contents.Outcome = .unsaid) {
        (backup.condition, backup.note) = (.incomplete, note)
        var contents = Contents()
        contents.outcome = outcome
        backup.contents = contents
    }

    private static func age(_ backup: inout Backup, hours: Int64) {
        backup.members[0].ctime = now.wall.adding(seconds: -hours * 3600)
    }

    @Test("one that is empty, cut off, failed, unreadable or suspect is reported at once")
    func atOnce() {
        #expect(Self.regularity { _ in }.health == .ok)
        #expect(
            Self.regularity {
                $0.size = 0; Self.incomplete(&$0, "an empty file")
            }.failing?.isEmpty == true)
        #expect(Self.regularity { Self.incomplete(&$0, "cut off") }.health == .failing)
        #expect(Self.regularity { Self.incomplete(&$0, "it had errors", .failed) }.health == .failing)
        #expect(Self.regularity { $0.condition = .broken }.health == .failing)
        var protection = Judge.Protection()
        protection.suspicion.suspects[0] = "90 % smaller than usual"
        let suspect = Self.regularity(protection) { _ in }
        #expect(suspect.health == .suspect && suspect.failing?.count == 1)
        #expect(suspect.newest == Timestamp(rfc3339: "2026-11-23T01:00:00Z"), "the last good one")
    }

    @Test("what may still come is waited for, not for ever; a second one in a row is reported")
    func awaited() {
        for outcome in [Contents.Outcome.lacking, .running] {
            #expect(Self.regularity { Self.incomplete(&$0, "part 3 is missing", outcome) }.health == .settling)
        }
        #expect(Self.regularity { Self.incomplete(&$0, Backup.signNote("x.ok")) }.health == .settling)
        let late = Self.regularity {
            Self.incomplete(&$0, "part 3 is missing", .lacking)
            Self.age(&$0, hours: 7)
        }
        #expect(late.health == .failing && late.failing?.why == "part 3 is missing")
        var days = History.dailies(5, last: "2026-11-24")
        for n in 0...1 {
            days[n].size = 100
            Self.incomplete(&days[n], "part 3 is missing", .lacking)
        }
        #expect(SeriesFreshness.all(days, protection: .init(), now: Self.now)["app/db-*.dump"]?.failing?.count == 2)
    }

    @Test("one that settles hides no bad one behind it, and a good newer one ends the report")
    func order() {
        #expect(Self.regularity { $0.condition = .settling }.health == .settling)
        var days = History.dailies(5, last: "2026-11-24")
        Self.incomplete(&days[1], "cut off")
        func health() -> SeriesFreshness.Health? {
            SeriesFreshness.all(days, protection: .init(), now: Self.now)["app/db-*.dump"]?.health
        }
        #expect(health() == .ok)
        days[0].condition = .settling
        #expect(health() == .failing)
    }

    /// Ten days of one series, the newest `back` days old.
    private static func line(_ series: String, back: Int64, last: Int = 10, from n: Int) -> [Backup] {
        let end = now.wall.adding(seconds: -back * 86_400)
        return (0..<last).map { k in
            var backup = History.backup(end.adding(seconds: Int64(-86_400 * k)), path: "\(series)-\(k)", n: n + k)
            backup.series = Bytes(series)
            return backup
        }
    }

    static let successions: [(old: String, new: String, isSucceeded: Bool)] = [
        ("app-1.9.3-*.tar", "app-1.10.0-*.tar", true), ("cloud_*_v28.zip", "cloud_*_v29.zip", true),
        ("pg15/all-*.sql", "pg16/all-*.sql", true), ("app-1.10.0-*.tar", "app-1.9.3-*.tar", false),
        ("web1-*.tar", "web2-*.tar", false), ("10.0.0.1-*.tar", "10.0.0.2-*.tar", false),
        ("app-1.9.3-*.tar", "other-1.10.0-*.tar", false),
    ]

    @Test("a later version ends no series with an alarm; two side by side are two", arguments: successions.indices)
    func versions(_ n: Int) {
        let (old, new, isSucceeded) = Self.successions[n]
        func health(_ protection: Judge.Protection = .init(), last: Int, back: Int64) -> SeriesFreshness.Health? {
            SeriesFreshness.all(
                Self.line(old, back: back, from: 0) + Self.line(new, back: 0, last: last, from: 100),
                protection: protection, now: Self.now)[Bytes(old)]?.health
        }
        #expect(health(last: 5, back: 5) == (isSucceeded ? .succeeded : .late))
        #expect(health(last: 8, back: 5) == .late, "side by side")
        var protection = Judge.Protection()
        protection.firstKnown[Bytes(new)] = Timestamp(nanoseconds: 0)
        #expect(health(protection, last: 2, back: 5) == .late, "what it had was cleaned up")
    }

    @Test("the first dump without the last line that its series has is reported, until it is accepted or usual")
    func footer() {
        var days = History.dailies(5, last: "2026-11-24")
        for n in days.indices { days[n].endMark = .footerShown }
        (days[0].endMark, days[0].note) = (.footerAbsent, Backup.footerAbsentNote)
        var protection = Judge.Protection()
        func health() -> SeriesFreshness.Health? {
            SeriesFreshness.all(days, protection: protection, now: Self.now)["app/db-*.dump"]?.health
        }
        #expect(health() == .suspect)
        protection.accepted = [days[0].id.object]
        #expect(health() == .ok)
        protection.accepted = []
        (days[1].endMark, days[1].note) = (.footerAbsent, Backup.footerAbsentNote)
        #expect(health() == .ok, "its writer's options changed")
    }
}
