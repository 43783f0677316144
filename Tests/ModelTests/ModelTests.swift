import Foundation
@testable import JSONText
import Model
import Testing

@Suite("bytes")
struct BytesTests {
    @Test("NFC and NFD, and two names that are not UTF-8, are different")
    func bytewise() {
        #expect(Bytes("caf\u{E9}") != Bytes("cafe\u{301}"))
        #expect("caf\u{E9}" == "cafe\u{301}", "as strings they would be the same series")
        #expect(Bytes([0x66, 0xFF]) != Bytes([0x66, 0xFE]))
    }

    @Test(
        "no control byte, invalid UTF-8 or direction mark reaches a terminal",
        arguments: [
            (Bytes("plain-2026.tar"), "plain-2026.tar"),
            (Bytes("a\nb\t\u{1B}[31m"), "a\\nb\\t\\x1b[31m"),
            (Bytes([0x66, 0xFF, 0xFE]), "f\\xff\\xfe"),
            (Bytes("back\\slash"), "back\\\\slash"),
            (Bytes("\u{202E}gnp.exe"), "\\u{202e}gnp.exe"),
            (Bytes("Größe"), "Größe"),
        ])
    func display(name: Bytes, shown: String) { #expect(name.display == shown) }

    /// Each range of the issue's kind, and the ends of Unicode's own tables.
    private static let deceptive: [ClosedRange<UInt32>] = [
        0x80...0x9F, 0xAD...0xAD, 0x34F...0x34F, 0x61C...0x61C, 0x115F...0x1160, 0x17B4...0x17B5, 0x180B...0x180F,
        0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0x3164...0x3164, 0xFE00...0xFE0F, 0xFEFF...0xFEFF,
        0xFFA0...0xFFA0, 0xFFF9...0xFFFB, 0x1BCA0...0x1BCA3, 0x1D173...0x1D17A, 0xE0000...0xE0FFF,
    ]

    @Test("what is not seen or turns text around is escaped in names, text and JSON alike")
    func deceptive() throws {
        for value in Self.deceptive.joined() {
            let scalar = try #require(Unicode.Scalar(value))
            let shown = "a\\u{\(String(value, radix: 16))}b"
            #expect(Bytes("a\(scalar)b").display == shown)
            #expect("a\(scalar)b".readable == shown)
            let json = JSON.string("a\(scalar)b").line
            #expect(json.utf8.allSatisfy { (0x20..<0x7F).contains($0) }, "\(json)")
            #expect(try JSONDecoder().decode(String.self, from: Data(json.utf8)) == "a\(scalar)b")
        }
        for value in UInt32(0xA0)...0x10FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let properties = scalar.properties
            guard properties.isDefaultIgnorableCodePoint || properties.isBidiControl else { continue }
            #expect(scalar.isDeceptive, "\(String(value, radix: 16))")
        }
        for text in ["Größe", "東京 2026.tar", "резерв", "a\u{301}", "😀", "line\n\ttab \\"] {
            #expect(text.readable == text)
        }
    }

    @Test("paths are taken apart bytewise")
    func paths() {
        #expect(Bytes("a/b/c").parent == "a/b")
        #expect(Bytes("a").parent == "")
        #expect(Bytes("a/b/c").lastComponent == "c")
        #expect(Bytes("a/b").isWithin("a") && !Bytes("ab").isWithin("a") && Bytes("a").isWithin("a"))
        #expect(Bytes("").appending("x") == "x")
    }

    @Test("what is not UTF-8 comes back from base64 byte for byte")
    func raw() {
        let name = Bytes([0x64, 0x62, 0xFF, 0x0A])
        let (text, raw) = name.textAndRaw
        #expect(Bytes(text: text, raw: raw) == name)
        #expect(Bytes("plain").textAndRaw.raw == nil)
    }
}

@Suite("series names")
struct SeriesNameTests {
    @Test(
        "the joint around the time goes with it",
        arguments: [
            ("app/orders-*.dump", "app/orders.dump", "app/orders"),
            ("*-orders.dump", "orders.dump", "orders"),
            ("vzdump-qemu-100-*.vma.zst", "vzdump-qemu-100.vma.zst", "vzdump-qemu-100"),
            ("db_*_full.sql.gz", "db_full.sql.gz", "db_full"),
            ("snap/*", "snap", "snap"),
            ("*", ".", "."),
            ("*.tar", ".tar", ".tar"),
            ("hosts.d", "hosts.d", "hosts.d"),
        ])
    func names(key: Bytes, name: Bytes, short: Bytes) {
        #expect(Backup.name(ofSeries: key) == name)
        #expect(Backup.shortName(ofSeries: key) == short)
    }
}

@Suite("time")
struct TimeTests {
    @Test("civil time goes to days and back, leap days and centuries included")
    func civil() {
        var day = CivilTime(year: 1899, month: 12, day: 31).daysSince1970
        for year in 1900...2101 {
            for month in 1...12 {
                for date in 1...CivilTime.days(inMonth: month, of: year) {
                    day += 1
                    #expect(CivilTime(year: year, month: month, day: date).daysSince1970 == day)
                    let back = CivilTime.date(daysSince1970: day)
                    #expect(back.year == year && back.month == month && back.day == date)
                }
            }
        }
        #expect(CivilTime(year: 1970, month: 1, day: 1).daysSince1970 == 0)
        #expect(!CivilTime(year: 2100, month: 2, day: 29).isPossible)
        #expect(CivilTime(year: 2000, month: 2, day: 29).isPossible)
    }

    @Test(
        "a named zone's offset on both sides of its changes",
        arguments: [
            ("Europe/Berlin", "2026-03-29T00:59:59Z", 3600), ("Europe/Berlin", "2026-03-29T01:00:00Z", 7200),
            ("Europe/Berlin", "2026-10-25T00:59:59Z", 7200), ("Europe/Berlin", "2026-10-25T01:00:00Z", 3600),
            ("America/New_York", "2026-11-01T05:59:59Z", -14_400),
            ("America/New_York", "2026-11-01T06:00:00Z", -18_000),
            ("Asia/Kathmandu", "2026-06-01T00:00:00Z", 20_700), ("UTC", "2026-06-01T00:00:00Z", 0),
        ])
    func offsets(zone: String, instant: String, offset: Int64) throws {
        var zone = try #require(Zone(name: zone))
        let at = try #require(Timestamp(rfc3339: instant))
        #expect(zone.offset(at: at) == offset)
    }

    @Test("an unknown zone is refused, never replaced")
    func unknownZone() { #expect(Zone(name: "Europe/Atlantis") == nil) }

    @Test("a zone is a region, UTC or a fixed offset by its full name")
    func zoneNames() {
        for name in ["Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC", "Etc/UTC", "Etc/GMT-2"] {
            #expect(Zone(name: name) != nil, "\(name)")
        }
        for name in ["EST", "CET", "GMT", "GMT+2", "UTC+2", "right/Europe/Berlin", "../Europe/Berlin", "Europe/", ""] {
            #expect(Zone(name: name) == nil, "\(name)")
        }
    }

    @Test("the system's zone is that of /etc/localtime, whatever TZ says")
    func systemZone() throws {
        guard let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/etc/localtime") else { return }
        let name = try #require(link.components(separatedBy: "/zoneinfo/").last)
        #expect(Zone.system.name == name)
    }

    @Test("the first of a repeated hour, and a skipped hour as if the clocks had not moved yet")
    func repeatedAndSkipped() throws {
        var berlin = try #require(Zone(name: "Europe/Berlin"))
        let repeated = berlin.instant(of: CivilTime(year: 2026, month: 10, day: 25, hour: 2, minute: 30))
        #expect(repeated.rfc3339(in: .utc) == "2026-10-25T00:30:00Z")
        let skipped = berlin.instant(of: CivilTime(year: 2026, month: 3, day: 29, hour: 2, minute: 30))
        #expect(skipped.rfc3339(in: .utc) == "2026-03-29T01:30:00Z")
    }

    @Test("times are written and read back to the nanosecond")
    func text() throws {
        let instant = Timestamp(nanoseconds: 1_763_871_300_123_456_789)
        #expect(Timestamp(rfc3339: instant.rfc3339Nanoseconds) == instant)
        #expect(instant.rfc3339Milliseconds == "2025-11-23T04:15:00.123Z")
        #expect(instant.batchName == "20251123T041500.123Z")
        let before = Timestamp(nanoseconds: -1)
        #expect(Timestamp(rfc3339: before.rfc3339Nanoseconds) == before)
        let berlin = try #require(Zone(name: "Europe/Berlin"))
        #expect(instant.rfc3339(in: berlin) == "2025-11-23T05:15:00+01:00")
        #expect(Timestamp(rfc3339: "2026-02-30") == nil)
        #expect(Timestamp(rfc3339: "2026-02-03T25:00:00Z") == nil)
        #expect(Timestamp(rfc3339: "2026-02-03T01:00:00Zx") == nil)
    }

    @Test("arithmetic holds at the edges instead of trapping")
    func edges() {
        let (first, last) = (Timestamp(nanoseconds: .min), Timestamp(nanoseconds: .max))
        #expect(last.adding(seconds: 1) == last && first.adding(seconds: -1) == first)
        #expect(last.seconds(since: first) > 0)
        #expect(Timestamp(seconds: .max) == last)
    }
}

@Suite("spans")
struct SpanTests {
    @Test(
        "lengths of time as people write them",
        arguments: [
            ("90s", Span(seconds: 90)), ("15min", Span(seconds: 900)), ("36h", Span(seconds: 129_600)),
            ("7d", Span(days: 7)), ("2w", Span(days: 14)), ("6mo", Span(months: 6)), ("1y", Span(years: 1)),
            ("1y6mo", Span(years: 1, months: 6)), ("30 d", Span(days: 30)),
        ])
    func parsed(text: String, span: Span) throws {
        let parsed = try Span(parsing: text)
        #expect(parsed == span)
    }

    @Test(
        "what could mean two things, or nothing, is refused",
        arguments: [
            ("", Span.Problem.empty), ("7", .noUnit), ("7m", .ambiguousMinuteOrMonth), ("7 days", .unknownUnit("days")),
            ("d", .unknownUnit("d")), ("0d", .zero), ("-3d", .unknownUnit("-")),
        ])
    func refused(text: String, problem: Span.Problem) {
        #expect(throws: problem) { try Span(parsing: text) }
    }

    @Test(
        "a length of time of any size is read, and reaches back before all that there is",
        arguments: [
            ("9999y", Span.Dialect.reprieve), ("2000y", .reprieve), ("999999999999999999999999999999w", .reprieve),
            ("9223372036854775807d9223372036854775807d", .reprieve), ("9223372036854775807h", .reprieve),
            ("9223372036854775807y9223372036854775807mo9223372036854775807d9223372036854775807h", .reprieve),
            ("9999y", .restic), ("999999999999999999999y9999999999m", .restic), ("9999y", .borg),
            ("99999999999999999999999m", .borg), ("9223372036854775807d", .borg2),
        ])
    func anySize(text: String, dialect: Span.Dialect) throws {
        let span = try Span(parsing: text, dialect: dialect)
        #expect(span.isTooLong)
        for seconds in [Int64.min, -1, 0, 1_793_000_000, .max] {
            var zone = try #require(Zone(name: "Europe/Berlin"))
            #expect(span.before(Timestamp(seconds: seconds), zone: &zone).nanoseconds == .min)
        }
        #expect(try Span(parsing: span.text).isTooLong, "\(span.text)")
    }

    @Test("31 March minus a month rolls over into March, as restic's AddDate does")
    func rollsOver() throws {
        var zone = Zone.utc
        let end = try #require(Timestamp(rfc3339: "2026-03-31T01:00:00Z"))
        #expect(Span(months: 1).before(end, zone: &zone).rfc3339(in: .utc) == "2026-03-03T01:00:00Z")
        let leap = try #require(Timestamp(rfc3339: "2024-02-29T01:00:00Z"))
        #expect(Span(years: 1).before(leap, zone: &zone).rfc3339(in: .utc) == "2023-03-01T01:00:00Z")
        #expect(Span(days: 1).before(end, zone: &zone).rfc3339(in: .utc) == "2026-03-30T01:00:00Z")
    }

    @Test("a day is a calendar day: 24 hours before and after a change of clocks differ")
    func calendarDays() throws {
        var berlin = try #require(Zone(name: "Europe/Berlin"))
        let noon = try #require(Timestamp(rfc3339: "2026-03-30T10:00:00Z"))  // 12:00 in summer time
        #expect(Span(days: 1).before(noon, zone: &berlin).rfc3339(in: .utc) == "2026-03-29T10:00:00Z")
        #expect(Span(days: 2).before(noon, zone: &berlin).rfc3339(in: .utc) == "2026-03-28T11:00:00Z")
    }
}

@Suite("JSON")
struct JSONTests {
    @Test("keys keep their order, and every string is safe on one line")
    func line() {
        let json: JSON = ["z": 1, "a": ["x\n\"\\\u{7}\u{85}", true, nil]]
        #expect(json.line == #"{"z":1,"a":["x\n\"\\\u0007\u0085",true,null]}"#)
    }
}
