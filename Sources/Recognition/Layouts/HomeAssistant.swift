internal import Model

/// Home Assistant from 2025.1 on: `Automatic_backup_2026.11.1_2026-11-23_04.45_12345678.tar` has name, version, date,
/// hour and minute, and eight digits that are seconds and microseconds. The version is not part of the series, and the
/// digits are never a date. (Names from `homeassistant/components/backup/util.py`.) A backup whose name a person chose
/// has its date only in `backup.json`, inside the archive.
struct HomeAssistant: Layout {
    let guide = LayoutGuide(
        tool: "Home Assistant", names: "Automatic_backup_2026.11.1_2026-11-23_04.45_12345678.tar")

    var signs: [Bytes] { [".tar"] }

    func claim(in listing: inout Listing) {
        for index in listing.entries.indices where listing.isOpen(index) && listing.entries[index].isFile {
            guard let (time, pattern) = Self.read(listing.entries[index].finalName) else { continue }
            let found = Claim.Found(series: listing.key(pattern), time: listing.instant(of: time), by: name)
            listing.claim(index, as: .backup(found))
        }
    }

    /// `nil`: not written so.
    private static func read(_ name: Bytes) -> (CivilTime, pattern: Bytes)? {
        var tail = NameTail(name)
        guard tail.drop(".tar"), let fraction = tail.digits(8...8), tail.drop("_"), let minute = tail.digits(2...2),
            tail.drop("."), let hour = tail.digits(2...2), tail.drop("_"), let day = tail.digits(2...2), tail.drop("-"),
            let month = tail.digits(2...2), tail.drop("-"), let year = tail.digits(4...4), tail.drop("_")
        else { return nil }
        let civil = CivilTime(
            year: Int(tail.number(year)), month: Int(tail.number(month)), day: Int(tail.number(day)),
            hour: Int(tail.number(hour)), minute: Int(tail.number(minute)),
            second: Int(tail.number(fraction.lowerBound..<(fraction.lowerBound + 2))))
        guard civil.isPossible, (1990...2099).contains(civil.year) else { return nil }
        var ranges = [year.lowerBound..<fraction.upperBound]
        if let version = version(tail) { ranges.insert(version, at: 0) }
        return (civil, SeriesKey.pattern(name.storage, without: ranges))
    }

    /// `2026.11.1`, `2026.11.0b3` at the end of what is left.
    private static func version(_ tail: NameTail) -> Range<Int>? {
        let rest = tail.rest
        let start = rest.lastIndex(of: UInt8(ascii: "_")).map { $0 + 1 } ?? rest.startIndex
        let parts = rest[start...].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let isVersion =
            parts.count == 3 && parts[0].count == 4
            && parts.allSatisfy {
                $0.first?.isDigit == true && $0.count <= 8 && $0.allSatisfy { $0.isDigit || $0.isLetter }
            }
        return isVersion ? start..<tail.end : nil
    }
}
