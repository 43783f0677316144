import Disk
import Model
import Recognition
import Testing

@Suite("one grammar of time")
struct NameGrammarTests {
    @Test(
        "what has one meaning is read",
        arguments: [
            // Fractions of a second are read over.
            ("t-20261123T010001.482913.tar", "2026-11-23T01:00:01Z", "t-*.tar"),
            ("t-2026-11-23T01:00:01.482.tar", "2026-11-23T01:00:01Z", "t-*.tar"),
            ("t-20261123-010001,48.tar", "2026-11-23T01:00:01Z", "t-*.tar"),
            ("t-20261123010001482.tar", "2026-11-23T01:00:01Z", "t-*.tar"),
            ("t-2026-11-23T01-00-01.482913+0100.tar", "2026-11-23T00:00:01Z", "t-*.tar"),
            // A slice is no fraction.
            ("t-20261123-010001.001", "2026-11-23T01:00:01Z", "t-*.001"),
            // Seconds since 1970 beside a date that agrees; elsewhere they are a number.
            ("a_8.2.93_20261123_0100_1795395600006.unf", "2026-11-23T01:00:00Z", "a_8.2.93_*_*.unf"),
            ("a-20261123-1795395600000123.tar", "2026-11-23T01:00:00Z", "a-*-*.tar"),
            ("c-1473829384-20261123.bkp", "2026-11-23T00:00:00Z", "c-1473829384-*.bkp"),
            // Clocks.
            ("p_2026-11-23.01.00.02.tar", "2026-11-23T01:00:02Z", "p_*.tar"),
            ("p-2026-11-23_9h5m.tar", "2026-11-23T09:05:00Z", "p-*.tar"),
            ("p-2026-11-23_1:5.tar", "2026-11-23T01:05:00Z", "p-*.tar"),
            ("p-2026-11-23_04h.tar", "2026-11-23T04:00:00Z", "p-*.tar"),
            ("p-2026-11-23T04.tar", "2026-11-23T04:00:00Z", "p-*.tar"),
            ("p 2026-11-23 at 01.00.02.zip", "2026-11-23T01:00:02Z", "p *.zip"),
            ("p-2026-11-23__01_00_02.zip", "2026-11-23T01:00:02Z", "p-*.zip"),
            ("W 2026-11-23 12-30-00 AM.zip", "2026-11-23T00:30:00Z", "W *.zip"),
            ("W 2026-11-23 12-30-00 PM.zip", "2026-11-23T12:30:00Z", "W *.zip"),
            ("W 2026-11-23 04-00-00 PM.zip", "2026-11-23T16:00:00Z", "W *.zip"),
            ("W_2026-11-23_0415pm.zip", "2026-11-23T16:15:00Z", "W_*.zip"),
            ("W 2026-11-23 4.15 p.m..zip", "2026-11-23T16:15:00Z", "W *.zip"),
            ("W-20261123-4PM.zip", "2026-11-23T16:00:00Z", "W-*.zip"),
            // A version is no clock.
            ("g_2026_11_29_17.10.1-ee.tar", "2026-11-29T00:00:00Z", "g_*_17.10.1-ee.tar"),
            // Two dates: the later one, and its year is no time of day.
            ("2026-09-21_2026-09-27.csv", "2026-09-27T00:00:00Z", "*_*.csv"),
            ("x-2026-04-27_to_2026-05-03.csv", "2026-05-03T00:00:00Z", "x-*_to_*.csv"),
            ("x-2026-4-27_to_2026-5-3.csv", "2026-05-03T00:00:00Z", "x-*_to_*.csv"),
            ("x-2026-11-22_2026-11-23.csv", "2026-11-23T00:00:00Z", "x-*_*.csv"),
            ("d-2026-11-23-010002-v20261101123456.tgz", "2026-11-23T01:00:02Z", "d-*-v*.tgz"),
            // Weeks.
            ("m-2026-W48.tar", "2026-11-23T00:00:00Z", "m-*.tar"),
            ("m-2026W53.tar", "2026-12-28T00:00:00Z", "m-*.tar"),
            ("m-2026-W48-7.tar", "2026-11-29T00:00:00Z", "m-*.tar"),
            // Words beside a date that agree with it.
            ("s_2026-11-23_01h05m.Monday.sql", "2026-11-23T01:05:00Z", "s_*.*.sql"),
            ("s_2026-11-23_01h05m.MONTAG.sql", "2026-11-23T01:05:00Z", "s_*.*.sql"),
            ("s_week.48.2026-11-28_01h05m.sql", "2026-11-28T01:05:00Z", "s_*.*.sql"),
            ("s_2026-11-28-KW48.sql", "2026-11-28T00:00:00Z", "s_*-*.sql"),
            ("s_2026-05-01_May.sql", "2026-05-01T00:00:00Z", "s_*_*.sql"),
            // Those that do not, and short ones, are words.
            ("s_2026-11-23.Tuesday.sql", "2026-11-23T00:00:00Z", "s_*.Tuesday.sql"),
            ("mon-2026-11-23.sql", "2026-11-23T00:00:00Z", "mon-*.sql"),
            ("set-2026-09-23.sql", "2026-09-23T00:00:00Z", "set-*.sql"),
            ("s_week.47.2026-11-28.sql", "2026-11-28T00:00:00Z", "s_week.47.*.sql"),
            // Months as words.
            ("e Mon Nov 23 01:00:02 UTC 2026.tgz", "2026-11-23T01:00:02Z", "e * *.tgz"),
            ("e-Nov-3-2026.tgz", "2026-11-03T00:00:00Z", "e-*.tgz"),
            ("e-2026Nov23.tgz", "2026-11-23T00:00:00Z", "e-*.tgz"),
            ("e-23Nov2026_0105.tgz", "2026-11-23T01:05:00Z", "e-*.tgz"),
            ("e-23.říjen.2026.tgz", "2026-10-23T00:00:00Z", "e-*.tgz"),
            // Apple's systems take letters and their accents apart.
            ("e-23-ao\u{75}\u{302}t-2026.tgz", "2026-08-23T00:00:00Z", "e-*.tgz"),
            ("2026年11月23日.zip", "2026-11-23T00:00:00Z", "*.zip"),
        ])
    func read(name: String, instant: String, pattern: Bytes) throws {
        var parser = NameTimeParser(zone: .utc)
        let expected = try #require(Timestamp(rfc3339: instant))
        guard case .time(let time, let found, _) = parser.read(Bytes(name)) else {
            Issue.record("\(name) was read as \(parser.read(Bytes(name)))")
            return
        }
        #expect(time == expected && found == pattern, "\(time.rfc3339(in: .utc)) \(found)")
    }

    @Test(
        "what could mean two days, and what no calendar has, is refused or none",
        arguments: [
            "s-24-11-2026-01-05.sql", "s-24.11.2026.sql", "s-24112026.sql", "s-11-24-2026_0105.sql",
            "s-23-listopad-2026.sql", "s-23-srp-2026.sql", "s-31-Nov-2026.sql", "s-set-01-2026.sql", "s-2026-W54.sql",
            "s-23-Nov-26.sql", "s-2026.4.7.sql", "s-202611.sql", "s-2026-09-01-2026-10-01-2026-11-01.csv",
        ])
    func refused(name: String) {
        var parser = NameTimeParser(zone: .utc)
        #expect(!parser.read(Bytes(name)).isTime, "\(parser.read(Bytes(name)))")
    }

    @Test("letters behind digits make another token of them")
    func wholeTokens() {
        var parser = NameTimeParser(zone: .utc)
        #expect(
            parser.read("x-20261123-1001ab.tar") == .time(Timestamp(seconds: 1_795_392_000), pattern: "x-*-1001ab.tar"))
        #expect(
            parser.read("x-20261123-010203abc") == .time(Timestamp(seconds: 1_795_392_000), pattern: "x-*-010203abc"))
        #expect(parser.read("x1795395600000.tar") == .none)
    }

    @Test("a name costs bounded time, whatever it holds")
    func hostile() {
        var parser = NameTimeParser(zone: .utc)
        for unit in ["1.1.", "2026-", "20261123_", "Nov 1 ", "1795395600_", "1-2-2026-", "w48.", "\u{FFFD}1", "01_"] {
            let name = Bytes(String(repeating: unit, count: 255 / unit.utf8.count))
            _ = parser.read(name)
            _ = parser.read(name, NameChoices(dayOrder: .monthFirst, isNumberTime: true))
        }
    }
}

@Suite("neighbours answer what a name leaves open")
struct NameQuestionTests {
    private func days(_ count: Int, _ name: (Int) -> String) -> [Bytes] { (1...count).map { Bytes(name($0)) } }
    private func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }

    @Test("a part greater than 12 says which is the day")
    func dayOrder() throws {
        let reading = read(["s-11-12-2026-01-05.sql", "s-24-11-2026-01-05.sql"])
        #expect(Set(reading.units.map(\.series)) == ["d/s-*.sql"])
        #expect(reading.unit("s-11-12-2026-01-05.sql")?.time == Timestamp(rfc3339: "2026-12-11T01:05:00Z"))
        let american = read(["b-11.23.2026_01-00-00_u.tar.gz", "b-11.12.2026_01-00-00_u.tar.gz"])
        #expect(american.unit("b-11.12.2026_01-00-00_u.tar.gz")?.time == Timestamp(rfc3339: "2026-11-12T01:00:00Z"))
    }

    @Test("undecided dates are left alone, with the line to write; with proofs of both it stays so")
    func undecided() {
        let open = read(["s-11-12-2026.sql", "s-10-12-2026.sql"])
        #expect(open.units.isEmpty && open.why("s-11-12-2026.sql")?.contains("time-format") == true)
        let torn = read(["s-11-12-2026.sql", "s-24-12-2026.sql", "s-12-24-2026.sql"])
        #expect(torn.units.isEmpty && torn.leftAlone.allSatisfy { $0.why.text.contains("time-format") })
    }

    @Test("three contents that agree with one reading only decide the order of day and month")
    func dayOrderByContent() throws {
        var reading = read(["s-01-12-2026.sql", "s-02-12-2026.sql", "s-03-12-2026.sql"])
        func content(_ first: String) -> (DirectoryReading.Unit) -> Timestamp? {
            { unit in
                let parts = unit.name.display.dropFirst(2).split(separator: "-")
                return Timestamp(
                    rfc3339: first == "day" ? "2026-\(parts[1])-\(parts[0])" : "2026-\(parts[0])-\(parts[1])")
            }
        }
        reading.settle(contentTime: content("day"))
        #expect(reading.units.map(\.time) == (1...3).map { Timestamp(rfc3339: "2026-12-0\($0)") })
        #expect(reading.leftAlone.isEmpty && reading.undecided.isEmpty)
        var american = read(["s-01-12-2026.sql", "s-02-12-2026.sql", "s-03-12-2026.sql"])
        american.settle(contentTime: content("month"))
        #expect(american.units.map(\.time) == (1...3).map { Timestamp(rfc3339: "2026-0\($0)-12") })
        var lost = read(["s-01-12-2026.sql", "s-02-12-2026.sql", "s-03-12-2026.sql"])
        lost.settle { _ in Timestamp(rfc3339: "2027-05-05") }
        #expect(lost.units.isEmpty && lost.leftAlone.count == 3)
    }

    @Test("an incremental one is not read alone: without its kind it would be taken for a full one")
    func dayOrderOfIncrementals() {
        #expect(read(["h-full-22-11-2026.tar", "h-inc-23-11-2026.tar"]).unit("h-inc-23-11-2026.tar") == nil)
    }

    @Test("hours: all of a day, or the same steps through two days; numbers go beyond 23")
    func hours() {
        let all = (0...23).map { Bytes("s.out-2026-11-22-\(two($0)).gz") }
        #expect(Set(read(all).units.map(\.series)) == ["d/s.out-*.gz"])
        #expect(read(all).unit("s.out-2026-11-22-23.gz")?.time == Timestamp(rfc3339: "2026-11-22T23:00:00Z"))
        let steps: [Bytes] = ["x-20261122_02.tar", "x-20261122_14.tar", "x-20261123_02.tar", "x-20261123_14.tar"]
        #expect(Set(read(steps).units.map(\.series)) == ["d/x-*.tar"])
        let pieces = (20...30).map { Bytes("x-20261122-\($0).tar") }
        #expect(read(pieces).units.count == 11 && Set(read(pieces).units.map(\.series)).count == 11)
        #expect(read(["x-20261122-01.tar", "x-20261122-02.tar"]).units.isEmpty)
    }

    @Test("the contents say whether two digits are an hour or a number")
    func hoursByContent() {
        let names = (1...5).map { Bytes("x-20261122-0\($0).tar") }
        var hours = read(names)
        hours.settle { Timestamp(rfc3339: "2026-11-22T0\($0.name.display.dropFirst(12).prefix(1)):00:40Z") }
        #expect(Set(hours.units.map(\.series)) == ["d/x-*.tar"] && Set(hours.units.map(\.time)).count == 5)
        var pieces = read(names)
        pieces.settle { _ in Timestamp(rfc3339: "2026-11-22T13:00:00Z") }
        #expect(Set(pieces.units.map(\.series)).count == 5)
    }

    @Test("digits behind seconds are a fraction where they never come back, and a customer's where they do")
    func fractions() {
        let digits = ["482913", "017730", "903311", "260001", "771234"]
        let fractions = days(5) { "j_2026112\($0)_010203_\(digits[$0 - 1]).tar" }
        #expect(Set(read(fractions).units.map(\.series)) == ["d/j_*.tar"])
        #expect(read(Array(fractions.prefix(2))).units.isEmpty)
        let customers = days(3) { "j_2026112\($0)_010203_100234.tar" } + days(3) { "j_2026112\($0)_010210_100235.tar" }
        #expect(Set(read(customers).units.map(\.series)) == ["d/j_*_100234.tar", "d/j_*_100235.tar"])
    }

    @Test("numbers are seconds since 1970 where they have a rhythm, or most contents agree")
    func epochs() {
        let names = (0..<10).map { Bytes("e-\(1_794_618_000 + 86_400 * $0)") }
        #expect(read(names).units.allSatisfy { $0.doubt == nil })
        let ids = [1_473_829_384, 1_473_829_385, 1_473_829_386, 1_473_829_387, 1_473_829_388].map { Bytes("e-\($0)") }
        #expect(read(ids).units.allSatisfy { $0.doubt != nil })
        // Of the year 2016, and no seconds.
        #expect(read(days(9) { "e-16112\($0)0100" }).units.allSatisfy { $0.doubt != nil })
        var few = read(Array(names.prefix(3)))
        few.settle { $0.name == names[0] ? Timestamp(rfc3339: "2030-01-01") : $0.time }
        #expect(few.units.count == 3)
        var none = read(Array(names.prefix(3)))
        none.settle { _ in Timestamp(rfc3339: "2030-01-01") }
        #expect(none.units.isEmpty && none.why(names[0]) == DirectoryReading.notBorneOut)
    }

    @Test("what was decided stays so when its neighbours are gone")
    func remembered() {
        let day: Bytes = "s-11-12-2026.sql", epoch: Bytes = "e-1795395600"
        var reading = read([day, epoch])
        reading.settle {
            $0.name == day ? Timestamp(rfc3339: "2026-12-11") : $0.time
        } contentTime: { _ in
            Timestamp(rfc3339: "2030-01-01")
        }
        #expect(reading.units.map(\.name) == [epoch, day])
        #expect(reading.unit(day)?.time == Timestamp(rfc3339: "2026-12-11"))
        var month = read(["s-202611.sql"], in: "monthly")
        month.settle { _ in
            Timestamp(rfc3339: "2026-11-01")
        } contentTime: { _ in
            nil
        }
        #expect(month.units.map(\.time) == [Timestamp(rfc3339: "2026-11-01")])
    }

    @Test("six digits are weeks in weekly, months in monthly, or what they themselves say")
    func periods() {
        let weeks: [Bytes] = ["s-202647.sql.gz", "s-202648.sql.gz"]
        #expect(read(weeks, in: "weekly").unit("s-202648.sql.gz")?.time == Timestamp(rfc3339: "2026-11-23"))
        #expect(read(weeks).units.isEmpty)
        #expect(read(["s-202646.sql.gz"] + weeks).units.count == 3)
        let months: [Bytes] = ["s-202610.sql.gz", "s-202611.sql.gz"]
        #expect(
            read(months, in: "monthly").units.map(\.time) == [
                Timestamp(rfc3339: "2026-10-01"), Timestamp(rfc3339: "2026-11-01"),
            ])
        #expect(read(months).units.isEmpty)
        #expect(read(["s-2026-12.tar", "s-2027-01.tar"]).units.map(\.series) == ["d/s-*.tar", "d/s-*.tar"])
        #expect(read(["s-202610.tar", "s-202690.tar"], in: "monthly").units.isEmpty)
    }
}

@Suite("one series for one thing")
struct OneSeriesTests {
    @Test(
        "how a file is packed is no part of its series",
        arguments: [
            ("a-2026-11-23.tar.gz", "d/a-*.tar"), ("a-2026-11-23.tar.zst", "d/a-*.tar"),
            ("a-2026-11-23.sql", "d/a-*.sql"),
            ("a-2026-11-23.tar.gz.gpg", "d/a-*.tar.gpg"), ("a-2026-11-23.tar.GZ", "d/a-*.tar"),
            // The only ending stays, and so does a number.
            ("a-2026-11-23.gz", "d/a-*.gz"), ("a-2026-11-23.1.gz", "d/a-*.1.gz"), ("a-2026-11-23.tgz", "d/a-*.tgz"),
        ] as [(Bytes, Bytes)])
    func packers(name: Bytes, series: Bytes) { #expect(read([name]).units.map(\.series) == [series]) }

    @Test("hosts, databases and guests are different series")
    func things() {
        let names: [Bytes] = [
            "web1-2026-11-23.tar", "web2-2026-11-23.tar", "shop_2026-11-23.sql", "blog_2026-11-23.sql",
            "vzdump-qemu-100-2026_11_23-01_00_00.vma.zst", "vzdump-qemu-101-2026_11_23-01_00_00.vma.zst",
        ]
        #expect(Set(read(names).units.map(\.series)).count == 6)
    }

    private let versions: [Bytes] = [
        "g_2026-11-20_18.5.1-ee.tar", "g_2026-11-21_18.5.1-ee.tar", "g_2026-11-22_18.6.0-ee.tar",
        "g_2026-11-23_18.10.0-ee.tar",
    ]

    @Test("a version that only grows is a proposal, and counts once a person has agreed")
    func version() throws {
        let reading = read(versions)
        #expect(Set(reading.units.map(\.series)).count == 3)
        let proposal = try #require(reading.proposals.first)
        #expect(proposal.pattern == "d/g_*_{version}.tar" && proposal.varying == [.version])
        #expect(proposal.count == 4 && proposal.seriesCount == 3 && proposal.examples.count == 3)
        #expect(reading.units.allSatisfy { $0.proposal == proposal.pattern })
        let agreed = read(versions, by: Recognisers(agreed: [proposal.pattern]))
        #expect(Set(agreed.units.map(\.series)) == ["d/g_*_*.tar"] && agreed.proposals.isEmpty)
        #expect(agreed.units.map(\.time) == reading.units.map(\.time))
        #expect(Recognisers(agreed: [proposal.pattern]).text != Recognisers.byName.text)
    }

    @Test(
        "random digits, numbers and weekdays are proposals",
        arguments: [
            (
                [
                    "p-20261121T01Z-57e9d1860d1d68d8/", "p-20261122T01Z-1fa0b4d2291c77e/",
                    "p-20261123T01Z-00d2e61f0a3b5c48/",
                ], "d/p-*-{nonce}"
            ),
            (["b-2026-11-21-1041.tar.x", "b-2026-11-22-9042.tar.x", "b-2026-11-23-9043.tar.x"], nil),
            (["b-2026-11-21.b41.tar", "b-2026-11-22.b42.tar", "b-2026-11-23.b43.tar"], nil),
            (["b-41-2026-11-21.tar", "b-42-2026-11-22.tar", "b-43-2026-11-23.tar"], "d/b-{number}-*.tar"),
            (["2026-11-21-Sat.tar", "2026-11-22-Sun.tar", "2026-11-23-Mon.tar"], "d/*-{weekday}.tar"),
        ] as [([Bytes], Bytes?)])
    func proposals(names: [Bytes], pattern: Bytes?) {
        #expect(read(names).proposals.map(\.pattern) == (pattern.map { [$0] } ?? []))
    }

    @Test(
        "what comes back, what shrinks, what is of one time, and words are different things",
        arguments: [
            ["c-41-2026-11-21.tar", "c-42-2026-11-21.tar", "c-41-2026-11-22.tar", "c-42-2026-11-23.tar"],
            ["c-2.0-2026-11-21.tar", "c-1.9-2026-11-22.tar", "c-2.1-2026-11-23.tar"],
            ["c-alpha-2026-11-21.tar", "c-beta-2026-11-22.tar", "c-gamma-2026-11-23.tar"],
            ["c-41-2026-11-21.tar", "c-42-2026-11-22.tar"],
            ["c-customer01-2026-11-21.tar", "c-customer02-2026-11-22.tar", "c-customer03-2026-11-23.tar"],
            ["2026-11-21-Mon.tar", "2026-11-22-Sun.tar", "2026-11-23-Tue.tar"],
        ] as [[Bytes]])
    func things(names: [Bytes]) { #expect(read(names).proposals.isEmpty) }

    @Test("hosts beside versions stay apart")
    func hosts() {
        let names = (1...4).flatMap { day in
            ["01", "02"].map { Bytes("h-\($0)_2026-11-2\(day)_\(day < 3 ? "1.2.0" : "1.3.0").tar") }
        }
        #expect(read(names).proposals.map(\.pattern) == ["d/h-01_*_{version}.tar", "d/h-02_*_{version}.tar"])
    }

    @Test("an agreed pattern takes nothing that it does not say")
    func agreed() {
        let agreed: Set<Bytes> = ["d/g_*_{version}.tar", "d/\\{version}-{number}-*.tar"]
        let names: [Bytes] = ["g_2026-11-23_beta.tar", "h_2026-11-23_1.2.3.tar", "{version}-7-2026-11-23.tar"]
        #expect(
            Set(read(names, by: Recognisers(agreed: agreed)).units.map(\.series)) == [
                "d/g_*_beta.tar", "d/h_*_1.2.3.tar", "d/{version}-*-*.tar",
            ])
    }

    @Test("GitLab's and Home Assistant's versions are no part of the series")
    func layouts() throws {
        let gitlab = read([
            "1795914000_2026_11_29_17.10.1-ee_gitlab_backup.tar", "1795309200_2026_11_22_17.5.0-ee_gitlab_backup.tar",
        ])
        #expect(Set(gitlab.units.map(\.series)) == ["d/*_gitlab_backup.tar"])
        #expect(
            gitlab.unit("1795914000_2026_11_29_17.10.1-ee_gitlab_backup.tar")?.time == Timestamp(seconds: 1_795_914_000)
        )
        let name: Bytes = "Automatic_backup_2026.11.1_2026-11-23_04.45_20261123.tar"
        let unit = try #require(read([name]).unit(name))
        #expect(unit.series == "d/Automatic_backup_*_*.tar" && unit.time == Timestamp(rfc3339: "2026-11-23T04:45:20Z"))
    }
}
