/// A point in time: nanoseconds since 1970-01-01T00:00:00Z, by the wall clock.
package struct Timestamp: Hashable, Comparable, Sendable, Codable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Out-of-range seconds (before 1678 or after 2262) are held at the edge.
    package init(seconds: Int64) {
        let (value, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        nanoseconds = overflow ? (seconds < 0 ? .min : .max) : value
    }

    /// In files of ours: RFC 3339 in UTC to the nanosecond.
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let instant = Timestamp(rfc3339: text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "no time: \(text)"))
        }
        self = instant
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rfc3339Nanoseconds)
    }

    /// What is left of ``seconds``: 0 to 999,999,999. Not by subtraction: the earliest instant there is has no whole
    /// second before it.
    package var fraction: Int64 {
        let rest = nanoseconds % 1_000_000_000
        return rest < 0 ? rest + 1_000_000_000 : rest
    }

    /// Whole seconds, rounded towards the past.
    package var seconds: Int64 { nanoseconds.floorDivided(by: 1_000_000_000) }

    package static func < (a: Timestamp, b: Timestamp) -> Bool { a.nanoseconds < b.nanoseconds }
    package func adding(seconds: Int64) -> Timestamp {
        let (delta, tooFar) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflow) = nanoseconds.addingReportingOverflow(delta)
        return Timestamp(nanoseconds: tooFar || overflow ? (seconds < 0 ? .min : .max) : sum)
    }

    /// `self - other` in whole seconds, rounded towards the past.
    package func seconds(since other: Timestamp) -> Int64 {
        let (delta, overflow) = nanoseconds.subtractingReportingOverflow(other.nanoseconds)
        return overflow ? seconds - other.seconds : delta.floorDivided(by: 1_000_000_000)
    }
}

extension Int64 {
    package func floorDivided(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

/// One look at all clocks. It is an argument everywhere: only `Disk/Clock.swift` asks them.
package struct Moment: Hashable, Sendable {
    package var wall: Timestamp
    /// Nanoseconds since boot, suspend included (CLOCK_BOOTTIME): nobody sets it.
    package var boot: Int64
    package var bootID: String

    package init(wall: Timestamp, boot: Int64, bootID: String) {
        self.wall = wall
        self.boot = boot
        self.bootID = bootID
    }
}
