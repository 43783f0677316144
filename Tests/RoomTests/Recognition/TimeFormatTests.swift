import Model
import Recognition
import Testing

@Suite("a person's way to write times")
struct TimeFormatTests {
    private func read(_ format: String, _ text: String) throws -> Timestamp? {
        switch try TimeFormat(format).read(text.utf8) {
        case .civil(let civil): Timestamp(seconds: civil.localSeconds)
        case .instant(let time): time
        case nil: nil
        }
    }

    @Test(
        "what is written is read",
        arguments: [
            ("%Y%m%d", "20261123", "2026-11-23T00:00:00Z"),
            ("%d.%m.%Y", "23.11.2026", "2026-11-23T00:00:00Z"),
            ("%d-%b-%y_%H%M", "23-Nov-26_0405", "2026-11-23T04:05:00Z"),
            ("%Y.%j", "2024.366", "2024-12-31T00:00:00Z"),
            ("%Y-%m-%dT%H:%M:%S%z", "2026-11-23T01:00:30+0530", "2026-11-22T19:30:30Z"),
            ("%Y%m%d%H%z", "2026112301Z", "2026-11-23T01:00:00Z"),
            ("%s", "1700000000", "2023-11-14T22:13:20Z"),
            ("%Y%m%d%%", "20261123%", "2026-11-23T00:00:00Z"),
        ])
    func read(format: String, text: String, instant: String) throws {
        #expect(try read(format, text) == Timestamp(rfc3339: instant))
    }

    @Test(
        "what no calendar has, and what is written otherwise, is no time",
        arguments: [
            ("%Y%m%d", "20260230"), ("%Y%m%d", "20261301"), ("%Y%m%d", "2026112"), ("%Y%m%d", "20261123x"),
            ("%Y.%j", "2026.366"), ("%Y.%j", "2026.000"), ("%d%b%Y", "23Nox2026"), ("%Y%m%d%H%M", "202611232460"),
            ("%Y%m%d%z", "20261123+9900"), ("%s", "123"), ("%Y%m%d", "٢٠٢٦١١٢٣"), ("%Y%m%d", ""),
        ])
    func refused(format: String, text: String) throws {
        #expect(try read(format, text) == nil)
    }

    @Test(
        "a format that is no date, or that nobody knows, is refused",
        arguments: [
            "%H%M", "%Y%m", "%Y", "%m%d", "%Y%m%d%M", "%Y%m%d%H%S", "%Y%j%d", "%Y%y%m%d", "%s%Y", "%Q", "%Y%m%d%",
            "%Y%Y%m%d", "",
        ])
    func problems(format: String) {
        #expect(throws: TimeFormat.Problem.self) { try TimeFormat(format) }
    }
}
