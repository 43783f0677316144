internal import Disk
internal import Model
internal import Recognition
internal import Survey

/// What speaks against a line that reads names: a person may know better, `--yes` and `init` do not write it.
struct LearntCheck {
    private let zone: Zone
    private let place: Directory
    private let reading: DirectoryReading
    private let times: [Bytes: Timestamp]

    /// More names are not looked at on the disk.
    private static let mostLooks = 2000

    init(_ reading: DirectoryReading, in place: Directory, zone: Zone) {
        (self.zone, self.place, self.reading) = (zone, place, reading)
        times = Dictionary(reading.units.compactMap { unit in unit.time.map { (unit.name, $0) } }) { first, _ in first }
    }

    /// `names`: those that the line was made from. `meant`: all of the directory that lines are made from. `nil`:
    /// nothing.
    func objection(to template: String, for names: [Bytes], meant: Set<Bytes>) -> String? {
        guard let pattern = try? NamePattern(template: template) else { return "it is not a template" }
        if let other = reading.units.first(where: { !meant.contains($0.name) && pattern.match($0.name) != nil }) {
            return "it would read \(other.name.display) as well, which is read already"
        }
        var parser = NameTimeParser(zone: zone)
        var found: [Read] = []
        for name in names.sorted() {
            guard let match = pattern.match(name) else {
                // On another day of the same kind it would.
                guard pattern.match(NameLook.onFirstDay(name)) == nil else {
                    return "it would read names like \(name.display) on other days only"
                }
                continue
            }
            guard let time = match.instant(&parser) else { return "\(name.display) has a time that is in no calendar" }
            found.append(Read(name: name, series: match["series"] ?? Bytes(), time: time, open: match.open))
        }
        return together(found) ?? days(found, hasDay: ["%d", "%j", "%s"].contains { template.contains($0) })
    }

    private struct Read {
        var name: Bytes
        var series: Bytes
        var time: Timestamp
        var open: [Bytes]
    }

    /// Of one series no two are of one time, and what varies does not come back: that would be another thing.
    private func together(_ found: [Read]) -> String? {
        for members in Dictionary(grouping: found, by: \.series).values {
            let sorted = members.sorted { ($0.time, $0.name) < ($1.time, $1.name) }
            for (one, other) in zip(sorted, sorted.dropFirst()) where one.time == other.time {
                return "\(one.name.display) and \(other.name.display) would be one series, and are of one time"
            }
            for field in 0..<(sorted.first?.open.count ?? 0) {
                var (seen, last): (Set<Bytes>, Bytes?) = ([], nil)
                for member in sorted where member.open[field] != last {
                    guard seen.insert(member.open[field]).inserted else {
                        return
                            "'\(member.open[field].display)' in \(member.name.display) comes back: it may tell things apart"
                    }
                    last = member.open[field]
                }
            }
        }
        return nil
    }

    /// What is read already keeps its time; what nobody reads was written on the day that its name would say.
    private func days(_ found: [Read], hasDay: Bool) -> String? {
        let window: ClosedRange<Int64> = -86_400...(hasDay ? 129_600 : 34 * 86_400)
        // A template cannot say `Z` behind a time: all are then some hours off, by summer time or not.
        var shifts: Set<Int64> = []
        for read in found.prefix(Self.mostLooks) {
            if let known = times[read.name] {
                let shift = known.seconds(since: read.time)
                // Seconds stand in one of both only: milliseconds since 1970 beside hours and minutes.
                let quarters = shift.floorDivided(by: 900)
                shifts.insert(quarters)
                guard shift - quarters * 900 < 60, abs(shift) <= 14 * 3600, shifts.count <= 2 else {
                    return "\(read.name.display) is read as another time already"
                }
                continue
            }
            guard let written = VaultSurvey.contentTime(of: read.name, place),
                window.contains(written.seconds(since: read.time))
            else { return "\(read.name.display) was not written on the day that it would say" }
        }
        return nil
    }
}
