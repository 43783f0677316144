import Model
import Recognition
import Testing

@Suite("a person's way to write times")
struct TimeFormatTests {
    private func read(_ format: String, _ text: String) throws -> Timestamp? {
        switch try TimeFormat(format).read(text.utf8) {
        case .civil(let civil, let nanoseconds):
            Timestamp(nanoseconds: civil.localSeconds * 1_000_000_000 + nanoseconds)
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
            // A week begins on Monday, and the first one may begin in December.
            ("%G%V", "202648", "2026-11-23T00:00:00Z"),
            ("%G-W%V", "2026-W01", "2025-12-29T00:00:00Z"),
            ("%G-W%V", "2026-W53", "2026-12-28T00:00:00Z"),
            ("%V.%G %H%M", "01.2027 0105", "2027-01-04T01:05:00Z"),
            // A month alone is its first day.
            ("%Y%m", "202611", "2026-11-01T00:00:00Z"),
            ("%B_%Y", "November_2026", "2026-11-01T00:00:00Z"),
            ("%b%y", "nov26", "2026-11-01T00:00:00Z"),
            // Both letters read both forms, the longest first.
            ("%d%B%Y", "23Nov2026", "2026-11-23T00:00:00Z"),
            ("%d-%b-%Y", "01-MARCH-2026", "2026-03-01T00:00:00Z"),
            // 12 AM is midnight, 12 PM is noon.
            ("%Y-%m-%d %I-%M-%S %p", "2026-11-23 12-30-00 AM", "2026-11-23T00:30:00Z"),
            ("%Y-%m-%d %I-%M-%S %p", "2026-11-23 12-30-00 PM", "2026-11-23T12:30:00Z"),
            ("%Y-%m-%d %I%p", "2026-11-23 04pm", "2026-11-23T16:00:00Z"),
            ("%Y%m%d%I%p", "2026112311am", "2026-11-23T11:00:00Z"),
            ("%Y%m%dT%H%M%S.%f", "20261123T010001.482913", "2026-11-23T01:00:01.482913Z"),
            ("%Y-%m-%d %H.%M %S%f", "2026-11-23 04.45 12345678", "2026-11-23T04:45:12.345678Z"),
            ("%Y%m%dT%H%M%S.%f%z", "20261123T010001.5+0100", "2026-11-23T00:00:01.5Z"),
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
            ("%G%V", "202600"), ("%G%V", "202554"), ("%G%V", "202553"), ("%Y%m", "202613"), ("%Y%m", "202600"),
            ("%Y%m%d%I%p", "2026112313AM"), ("%Y%m%d%I%p", "2026112300PM"), ("%Y%m%d%I%p", "2026112301XM"),
            ("%Y%m%d%I%p", "2026112301P"), ("%Y%m%d%H%M%S%f", "20261123010000"),
            ("%Y%m%d%H%M%S%f", "202611230100001234567890"), ("%d%b%Y", "23Novem2026"), ("%d%b%Y", "23no2026"),
        ])
    func refused(format: String, text: String) throws {
        #expect(try read(format, text) == nil)
    }

    @Test(
        "a format that is no date, or that nobody knows, is refused",
        arguments: [
            "%H%M", "%Y", "%m", "%b%d", "%Y%m%b", "%b%B%Y", "%G", "%V", "%G%V%d", "%Y%V", "%G%m", "%Y%m%d%I",
            "%Y%m%d%p",
            "%Y%m%d%H%p", "%Y%m%d%H%I%p", "%Y%m%d%H%M%f", "%Y%d", "%m%d", "%Y%m%d%M", "%Y%m%d%H%S", "%Y%j%d",
            "%Y%y%m%d", "%s%Y", "%Q", "%Y%m%d%",
            "%Y%Y%m%d", "",
        ])
    func problems(format: String) {
        #expect(throws: TimeFormat.Problem.self) { try TimeFormat(format) }
    }
}
