import Foundation
internal import Glibc
internal import Synchronization

/// A time zone, with the offset of the last day asked for at hand.
///
/// An offset is constant through a UTC day whose both ends have it, which is all but two days a year; so a sorted list
/// asks Foundation once a day of it and not once an entry.
package struct Zone: Sendable {
    package let name: String
    private let zone: TimeZone
    private var day = Int64.min
    private var offsetOfDay: Int64?
    private let steady = SteadyOffsets()

    /// A region by its name (`Europe/Berlin`), `UTC`, or a fixed offset (`Etc/GMT-2`). `nil` where the name is unknown,
    /// or says less than it seems to: `EST` and `GMT+2` mean another offset than most people think.
    package init?(name: String) {
        guard name == "UTC" || Self.isRegion(name) else { return nil }
        self.init(anyName: name)
    }

    private init?(anyName name: String) {
        guard let zone = TimeZone(identifier: name) else { return nil }
        self.name = name
        self.zone = zone
    }

    /// `right/…` counts leap seconds, and `posix/…` is another name of the same file.
    private static func isRegion(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count > 1 && !["posix", "right", "SystemV"].contains(parts[0])
            && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
    }

    /// The zone of this system: `/etc/localtime`, whoever asks. `TZ` says how one person likes to see times, and must
    /// not change what names mean.
    package static let system = ofSystem()

    private static func ofSystem() -> Zone {
        if let zone = nameOfLink("/etc/localtime").flatMap(Zone.init(anyName:)) { return zone }
        // A copy instead of a link: Debian keeps the name beside it.
        if let text = try? String(contentsOfFile: "/etc/timezone", encoding: .utf8),
            let zone = Zone(anyName: text.trimmingCharacters(in: .whitespacesAndNewlines))
        {
            return zone
        }
        return utc
    }

    /// `../usr/share/zoneinfo/Europe/Berlin` is Europe/Berlin.
    private static func nameOfLink(_ path: String) -> String? {
        var target = [CChar](repeating: 0, count: 4096)
        let count = readlink(path, &target, target.count - 1)
        guard count > 0 else { return nil }
        let text = String(decoding: target[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.range(of: "/zoneinfo/").map { String(text[$0.upperBound...]) }
    }

    package static let utc = Zone(fixed: TimeZone(secondsFromGMT: 0)!)  // 0 is always in range

    private init(fixed zone: TimeZone) {
        self.zone = zone
        name = zone.identifier == "GMT" ? "UTC" : zone.identifier
    }

    /// Seconds east of UTC at this instant.
    package mutating func offset(at instant: Timestamp) -> Int64 {
        let seconds = instant.seconds
        let asked = seconds.floorDivided(by: 86_400)
        if asked != day {
            let (start, end) = (ask(asked * 86_400), ask((asked + 1) * 86_400))
            day = asked
            offsetOfDay = start == end ? start : nil
        }
        return offsetOfDay ?? ask(seconds)
    }

    private func ask(_ seconds: Int64) -> Int64 {
        Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds))))
    }

    package mutating func civil(_ instant: Timestamp) -> CivilTime {
        CivilTime(localSeconds: instant.seconds + offset(at: instant))
    }

    /// The same as Go's `time.Date` resolves it, for lengths of time that mean restic's: in a repeated hour by the
    /// offset that holds at `civil` read as UTC, in a skipped hour with the offset before it.
    mutating func instantAsGo(of civil: CivilTime) -> Timestamp {
        let local = civil.localSeconds
        let first = offset(at: Timestamp(seconds: local))
        return Timestamp(seconds: local - offset(at: Timestamp(seconds: local - first)))
    }

    /// The instant at which this zone's clocks show `civil`: the first of the two in a repeated hour; in a skipped hour
    /// as if the clocks had not been moved yet.
    package mutating func instant(of civil: CivilTime) -> Timestamp {
        let local = civil.localSeconds
        let day = local.floorDivided(by: 86_400)
        if let offset = steady.offset(around: day, ask: ask) { return Timestamp(seconds: local - offset) }
        let before = offset(at: Timestamp(seconds: local - 86_400))
        let after = offset(at: Timestamp(seconds: local + 86_400))
        for candidate in [before, after] {
            let instant = Timestamp(seconds: local - candidate)
            if offset(at: instant) == candidate { return instant }
        }
        return Timestamp(seconds: local - before)
    }
}

/// Offsets that hold from the day before a day to the day after it, shared by all copies of a zone: a vault's names
/// come in the order of its directories, and each directory has the same days again.
private final class SteadyOffsets: Sendable {
    private let days = Mutex<[Int64: Int64?]>([:])
    /// More days than this are forgotten all at once.
    private static let most = 20_000

    /// `nil`: clocks are moved near that day, and each instant must be asked for.
    func offset(around day: Int64, ask: (Int64) -> Int64) -> Int64? {
        days.withLock { days in
            if let known = days[day] { return known }
            let ends = (-1...2).map { ask((day + $0) * 86_400) }
            let offset = ends.allSatisfy { $0 == ends[0] } ? ends[0] : nil
            if days.count >= Self.most { days.removeAll(keepingCapacity: true) }
            days[day] = .some(offset)
            return offset
        }
    }
}

extension Timestamp {
    /// RFC 3339 with the zone's offset, to the second: `2026-11-23T04:15:00+01:00`.
    package func rfc3339(in zone: Zone) -> String {
        var zone = zone
        let offset = zone.offset(at: self)
        let c = zone.civil(self)
        let sign = offset < 0 ? "-" : "+"
        let minutes = abs(offset) / 60
        let suffix = offset == 0 ? "Z" : "\(sign)\(two(Int(minutes / 60))):\(two(Int(minutes % 60)))"
        return "\(four(c.year))-\(two(c.month))-\(two(c.day))T\(two(c.hour)):\(two(c.minute)):\(two(c.second))\(suffix)"
    }

    /// RFC 3339 in UTC to the millisecond: `2026-11-23T04:15:00.123Z`.
    package var rfc3339Milliseconds: String {
        let base = rfc3339(in: .utc).dropLast()
        return "\(base).\(three(milliseconds))Z"
    }

    /// The same to the nanosecond.
    package var rfc3339Nanoseconds: String {
        var text: [UInt8] = []
        writeNanoseconds(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// As ``rfc3339Nanoseconds``, to the end of `text`: `2026-11-23T04:15:00.123000000Z`.
    package func writeNanoseconds(to text: inout [UInt8]) {
        func digits(_ value: Int, _ count: Int, _ after: Unicode.Scalar) {
            var power = 1
            for _ in 1..<count { power *= 10 }
            while power > 0 {
                text.append(UInt8(ascii: "0") + UInt8(value / power % 10))
                power /= 10
            }
            text.append(UInt8(ascii: after))
        }
        let c = CivilTime(localSeconds: seconds)
        digits(c.year, 4, "-")
        digits(c.month, 2, "-")
        digits(c.day, 2, "T")
        digits(c.hour, 2, ":")
        digits(c.minute, 2, ":")
        digits(c.second, 2, ".")
        digits(Int(fraction), 9, "Z")
    }

    /// What ``writeNanoseconds(to:)`` writes, and nothing else; the year is one that there are timestamps of.
    private init?(nanosecondsForm text: String) {
        var text = text
        let parsed = text.withUTF8 { bytes -> (CivilTime, Int64)? in
            guard bytes.count == 30, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
                bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
                bytes[19] == UInt8(ascii: "."), bytes[29] == UInt8(ascii: "Z")
            else { return nil }
            func number(_ from: Int, _ count: Int) -> Int? {
                var value = 0
                for n in from..<(from + count) {
                    let digit = bytes[n] &- UInt8(ascii: "0")
                    guard digit < 10 else { return nil }
                    value = value * 10 + Int(digit)
                }
                return value
            }
            guard let year = number(0, 4), let month = number(5, 2), let day = number(8, 2), let hour = number(11, 2),
                let minute = number(14, 2), let second = number(17, 2), let fraction = number(20, 9)
            else { return nil }
            let civil = CivilTime(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
            return civil.isPossible ? (civil, Int64(fraction)) : nil
        }
        guard let (civil, fraction) = parsed else { return nil }
        let (sum, overflow) = Timestamp(seconds: civil.localSeconds).nanoseconds.addingReportingOverflow(fraction)
        self.init(nanoseconds: overflow ? .max : sum)
    }

    /// The name of a batch: `20261123T041500.123Z`.
    package var batchName: String {
        let c = CivilTime(localSeconds: seconds)
        return
            "\(four(c.year))\(two(c.month))\(two(c.day))T\(two(c.hour))\(two(c.minute))\(two(c.second)).\(three(milliseconds))Z"
    }

    private var milliseconds: Int { Int(fraction / 1_000_000) }

    /// Reads what ``rfc3339(in:)`` and ``rfc3339Milliseconds`` write, and a date alone (midnight in `zone`).
    package init?(rfc3339 text: String, zone: Zone = .utc) {
        if let instant = Timestamp(nanosecondsForm: text) {
            self = instant
            return
        }
        var rest = Substring(text)
        func number(_ digits: Int) -> Int? {
            let part = rest.prefix(digits)
            guard part.utf8.count == digits, part.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            rest = rest.dropFirst(digits)
            return Int(part)
        }
        func skip(_ character: Character) -> Bool {
            guard rest.first == character else { return false }
            rest = rest.dropFirst()
            return true
        }
        guard let year = number(4), skip("-"), let month = number(2), skip("-"), let day = number(2) else { return nil }
        var civil = CivilTime(year: year, month: month, day: day)
        var zone = zone
        if rest.isEmpty {
            guard civil.isPossible else { return nil }
            self = zone.instant(of: civil)
            return
        }
        guard skip("T") || skip(" "), let hour = number(2), skip(":"), let minute = number(2) else { return nil }
        civil.hour = hour
        civil.minute = minute
        if skip(":") {
            guard let second = number(2) else { return nil }
            civil.second = second
        }
        guard civil.isPossible else { return nil }
        var fraction: Int64 = 0
        if skip(".") {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard !digits.isEmpty, let value = Int64(digits.prefix(9)) else { return nil }
            fraction = (digits.count..<max(9, digits.count)).reduce(value) { sum, _ in sum * 10 }
            rest = rest.dropFirst(digits.count)
        }
        let instant: Timestamp
        if rest.isEmpty {
            instant = zone.instant(of: civil)
        } else if skip("Z") {
            instant = Timestamp(seconds: civil.localSeconds)
        } else {
            let east = rest.first == "+"
            guard skip("+") || skip("-"), let hours = number(2) else { return nil }
            _ = skip(":")
            guard let minutes = number(2), hours < 24, minutes < 60 else { return nil }
            instant = Timestamp(seconds: civil.localSeconds - Int64((east ? 1 : -1) * (hours * 3600 + minutes * 60)))
        }
        guard rest.isEmpty else { return nil }
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(fraction)
        self.init(nanoseconds: overflow ? .max : sum)
    }
}

package func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
func three(_ n: Int) -> String { n < 10 ? "00\(n)" : n < 100 ? "0\(n)" : "\(n)" }
func four(_ n: Int) -> String { String(repeating: "0", count: max(0, 4 - String(n).count)) + String(n) }
