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
