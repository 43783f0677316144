extension Timestamp {
    /// Which way a length of time counts: `3d` is three days ago, or in three days.
    package enum Direction: Sendable { case past, ahead }

    /// A time as a person asks for it, in `zone`: `2026-11-23`, `2026-11-23 04:15`, RFC 3339, `2026-11` (its first
    /// day), `now`, `today`, `yesterday`, `tomorrow`, or a length of time from now, such as `10min`, `2h` or `3d`.
    /// Throws `.usage` that names what to write; of a time ahead also where it is past.
    package init(
        argument text: String, _ direction: Direction, now: Timestamp, zone: Zone
    ) throws(Fault) {
        guard let instant = Self.read(text, direction, now: now, zone: zone) else {
            throw Fault(
                .usage, "'\(Bytes(text).display)' is not a valid time", hint: Self.hint(text, direction))
        }
        guard direction == .past || instant > now else {
            throw Fault(.usage, "'\(Bytes(text).display)' is past", hint: Self.hint(text, direction))
        }
        self = instant
    }

    private static func read(_ text: String, _ direction: Direction, now: Timestamp, zone: Zone) -> Timestamp? {
        if let instant = Timestamp(rfc3339: text, zone: zone) { return instant }
        if let month = Timestamp(rfc3339: text + "-01", zone: zone) { return month }
        switch text.lowercased() {
        case "now": return now
        case "today": return midnight(0, now, zone)
        case "yesterday": return midnight(-1, now, zone)
        case "tomorrow": return midnight(1, now, zone)
        default: break
        }
        guard let span = try? Span(parsing: text) else { return nil }
        var zone = zone
        let way = direction == .past ? 1 : -1
        return Span(
            years: way * span.years, months: way * span.months, days: way * span.days,
            seconds: Int64(way) * span.seconds
        ).before(now, zone: &zone)
    }

    private static func midnight(_ days: Int64, _ now: Timestamp, _ zone: Zone) -> Timestamp {
        var zone = zone
        let day = CivilTime(localSeconds: (zone.civil(now).daysSince1970 + days) * 86_400)
        return zone.instant(of: day)
    }

    private static func hint(_ text: String, _ direction: Direction) -> String {
        if case .failure(.ambiguousMinuteOrMonth) = Result(catching: { () throws(Span.Problem) in
            try Span(parsing: text)
        }) {
            return "'m' may be minutes or months: write min or mo, such as 10min or 6mo"
        }
        return switch direction {
        case .past: "write a date (2026-11-23, '2026-11-23 04:15', 2026-11, yesterday) or an age (10min, 2h, 3d)"
        case .ahead: "write a date ahead (2027-01-01, 2027-01, tomorrow) or a length of time from now (2h, 90d)"
        }
    }
}
