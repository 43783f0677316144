import Foundation
import Model
import Retention

/// The keep rules once more, slow and obvious: strings for periods from Foundation's calendar, lists searched from the
/// front. What it keeps, `KeepRules` must keep.
struct SlowRetention {
    let rules: KeepRules
    let semantics: Semantics
    let space: Space
    let zoneName: String
    private let calendar: Calendar
    private let utc: Calendar
    private var backups: [Candidate]  // that count, newest first
    private let all: [Candidate]
    private let now: Timestamp

    init(
        _ rules: KeepRules, _ semantics: Semantics, _ backups: [Candidate], zone: String, now: Timestamp,
        space: Space = .ample
    ) {
        var rules = rules
        // `diff` alone leaves all full ones in place.
        if rules.diff != nil, rules.full == nil, rules.window == nil { rules.full = .unlimited }
        self.rules = rules
        self.semantics = semantics
        self.space = space
        zoneName = zone
        var calendar = Calendar(identifier: .iso8601)
        calendar.timeZone = TimeZone(identifier: zone)!
        self.calendar = calendar
        calendar.timeZone = TimeZone(secondsFromGMT: 0)!
        utc = calendar
        self.now = now
        func rank(_ one: Candidate) -> (Timestamp, Int, Bytes) { (one.time, one.kind == .full ? 0 : 1, one.path) }
        all = backups.sorted { rank($0) > rank($1) }
        self.backups = []
        self.backups = all.filter { isWhole($0) }.sorted { ($0.time, $0.path) > ($1.time, $1.path) }
    }

    /// Those that are complete, with all that they stand on.
    var whole: [Candidate] { backups }

    /// The ids that the rules alone keep; chains closed.
    func kept() -> Set<BackupID> {
        if rules.isEmpty || rules.all { return Set(backups.map(\.id)) }
        var kept = byRules(space)
        // Both bounds of a range stay, where there is room.
        if rules.hasRanges, space == .ample { kept.formUnion(byRules(.short)) }
        return closed(kept)
    }

    private func byRules(_ space: Space) -> Set<BackupID> {
        switch semantics.sharing {
        case .overlap: overlapping(space)
        case .consumeBackups: semantics.preset == .borg2 ? borg2(space) : borg(space)
        case .consumePeriods: proxmox(space)
        }
    }

    // MARK: Periods

    private func period(_ period: Period?, _ backup: Candidate) -> String {
        let date = Date(timeIntervalSince1970: Double(backup.time.seconds))
        // kopia's weeks are the zone's, all else is UTC's.
        let ofUTC = semantics.preset == .kopia && period != .week && period != .thirteenWeeks
        let calendar = ofUTC ? utc : calendar
        let c = calendar.dateComponents(
            [.year, .month, .day, .hour, .minute, .weekOfYear, .yearForWeekOfYear], from: date)
        let day = "\(c.year!)-\(Self.two(c.month!))-\(Self.two(c.day!))"
        let offset = semantics.hoursCarryOffset ? " \(calendar.timeZone.secondsFromGMT(for: date))" : ""
        switch period {
        case nil: return "\(9_000_000 - Int(backups.firstIndex { $0.id == backup.id }!))"
        case .second: return "\(backup.time.seconds)"
        case .minute: return "\(day) \(Self.two(c.hour!)):\(Self.two(c.minute!))\(offset)"
        case .hour: return "\(day) \(Self.two(c.hour!))\(offset)"
        case .day: return day
        case .week:
            let year = semantics.preset == .rotateBackups ? c.year! : c.yearForWeekOfYear!
            return "\(year) w\(Self.two(c.weekOfYear!))"
        case .month: return "\(c.year!)-\(Self.two(c.month!))"
        case .thirteenWeeks: return "\(c.yearForWeekOfYear!) t\([13, 26, 39].filter { c.weekOfYear! > $0 }.count)"
        case .quarter: return "\(c.year!) q\((c.month! - 1) / 3)"
        case .year: return "\(c.year!)"
        }
    }

    private static func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }

    private func periods(_ rule: KeepRule) -> [BackupID: String] {
        let kind = rule == .last && semantics.lastIsBySecond ? .second : rule.period
        return Dictionary(uniqueKeysWithValues: backups.map { ($0.id, period(kind, $0)) })
    }

    private func edge(_ span: Span) -> Timestamp {
        var zone = Zone(name: zoneName)!
        let anchor =
            switch semantics.anchor {
            case .now: now
            case .newest: backups.first?.time ?? now
            case .newestPast: backups.first { $0.time < now }?.time ?? now
            }
        return span.before(anchor, zone: &zone)
    }

    private func isInside(_ backup: Candidate, _ edge: Timestamp) -> Bool {
        [.borg2, .pgbackrest].contains(semantics.preset) ? backup.time >= edge : backup.time > edge
    }

    /// One backup of each period, newest period first. Only on the wall clock a period may come back.
    private func elements(_ candidates: [Candidate], _ periods: [BackupID: String]) -> [Candidate] {
        var runs: [(key: String, members: [Candidate])] = []
        for backup in candidates {
            let key = periods[backup.id]!
            let n = semantics.preset == .rotateBackups ? runs.firstIndex { $0.key == key } : runs.indices.last
            if let n, runs[n].key == key { runs[n].members.append(backup) } else { runs.append((key, [backup])) }
        }
        if semantics.preset == .rotateBackups { runs.sort { $0.key > $1.key } }
        return runs.map { semantics.element == .newest ? $0.members.first! : $0.members.last! }
    }

    /// Whether it is no older than so many periods before the newest, where empty ones count.
    private func isReached(_ backup: Candidate, _ rule: KeepRule, _ count: Int?) -> Bool {
        guard semantics.emptyPeriods == .count, let period = rule.period, let count, let newest = backups.first else {
            return true
        }
        let units: [Period: (Calendar.Component, Int)] = [
            .second: (.second, 1), .minute: (.minute, 1), .hour: (.hour, 1), .day: (.day, 1), .week: (.day, 7),
            .month: (.month, 1), .thirteenWeeks: (.day, 91), .quarter: (.month, 3), .year: (.year, 1),
        ]
        let (unit, size) = units[period]!
        if semantics.preset == .rotateBackups {
            // Python's naive times: the wall clock taken for UTC; 31 March minus a month is the end of February.
            func wall(_ time: Timestamp) -> Date {
                let date = Date(timeIntervalSince1970: Double(time.seconds))
                return date.addingTimeInterval(Double(calendar.timeZone.secondsFromGMT(for: date)))
            }
            return wall(backup.time) >= utc.date(byAdding: unit, value: -count * size, to: wall(newest.time))!
        }
        var span = Span()
        switch unit {
        case .month: span.months = count * size
        case .year: span.years = count
        case .day: span.days = count * size
        default: span.seconds = Int64(count) * [.second: 1, .minute: 60, .hour: 3600][period]!
        }
        var zone = Zone(name: zoneName)!
        return backup.time >= span.before(newest.time, zone: &zone)
    }

    // MARK: Rules

    private func overlapping(_ space: Space) -> Set<BackupID> {
        var kept: Set<BackupID> = []
        let outdated = outdated(space)
        for (rule, count) in rules.counting where rule != .diff {
            let candidates = rule == .full ? backups.filter { $0.kind == .full } : backups
            let total = count.number(space)
            let found = elements(candidates, periods(rule)).filter { isReached($0, rule, total) }
            let taken = total.map { Array(found.prefix($0)) } ?? found
            kept.formUnion(taken.map(\.id))
            let hasRoom = total.map { found.count < $0 } ?? semantics.unlimitedTakesOldest
            if hasRoom, semantics.oldestBonus, let oldest = backups.last, rule != .full || oldest.kind == .full,
                isReached(oldest, rule, total)
            {
                kept.insert(oldest.id)
            }
            if rule == .full { kept.formUnion(chains(of: Set(taken.map(\.id))).subtracting(outdated)) }
        }
        for (rule, span) in rules.windows {
            let edge = edge(span)
            var inside = backups.filter { isInside($0, edge) }
            if rule == .window, semantics.preset == .pgbackrest { inside.removeAll { outdated.contains($0.id) } }
            if rule.period == nil {
                kept.formUnion(inside.map(\.id))
            } else {
                kept.formUnion(elements(inside, periods(rule)).map(\.id))
                if semantics.oldestBonus, semantics.unlimitedTakesOldest, let oldest = backups.last,
                    isInside(oldest, edge)
                {
                    kept.insert(oldest.id)
                }
            }
            if rule == .window, let full = backups.first(where: { $0.kind == .full && !isInside($0, edge) }) {
                kept.insert(full.id)
                kept.formUnion(chains(of: [full.id]).subtracting(outdated))
            }
        }
        return kept
    }

    /// pgBackRest's differential ones beyond the newest `diff`, full ones counted, and all that stands on one of them.
    private func outdated(_ space: Space) -> Set<BackupID> {
        guard let most = rules.diff?.number(space) else { return [] }
        let line = backups.filter { $0.kind == .full || $0.kind == .differential }
        let old = Set(line.dropFirst(most).filter { $0.kind != .full }.map(\.id))
        func stands(_ backup: Candidate) -> Bool {
            old.contains(backup.id) || parents(of: backup).contains { stands($0) }
        }
        return Set(backups.filter { stands($0) }.map(\.id))
    }

    /// borg's prune_split, one rule after the other.
    private func borg(_ space: Space) -> Set<BackupID> {
        var kept = within()
        for (rule, count) in rules.counting where rule != .full {
            let periods = periods(rule)
            let total = count.number(space)
            var taken = 0
            var last: String?
            for backup in backups where total.map({ taken < $0 }) ?? true {
                guard periods[backup.id] != last else { continue }
                last = periods[backup.id]
                guard !kept.contains(backup.id), isReached(backup, rule, total) else { continue }
                kept.insert(backup.id)
                taken += 1
            }
            if let total, taken < total, let oldest = backups.last, isReached(oldest, rule, total) {
                kept.insert(oldest.id)
            }
        }
        return kept
    }

    /// borg 2's prune: each rule is a number or an age, and only the coarsest takes the oldest.
    private func borg2(_ space: Space) -> Set<BackupID> {
        var kept = within()
        var active: [(rule: KeepRule, count: KeepRules.Count?, span: Span?)] = []
        for rule in KeepRule.allCases where rule.isCounting && rule != .full && rule != .diff {
            if let count = rules[rule] { active.append((rule, count, nil)) }
            if let byAge = rule.byAge, byAge != .within, let span = rules[window: byAge] {
                active.append((rule, nil, span))
            }
        }
        for (n, (rule, count, span)) in active.enumerated() {
            let periods = periods(rule)
            let total = count?.number(space)
            var taken = 0
            var last: String?
            func mayStay(_ backup: Candidate) -> Bool {
                if let span { return isInside(backup, edge(span)) }
                return (total.map { taken < $0 } ?? true) && isReached(backup, rule, total)
            }
            for backup in backups where mayStay(backup) {
                guard periods[backup.id] != last else { continue }
                last = periods[backup.id]
                if kept.insert(backup.id).inserted { taken += 1 }
            }
            if n == active.count - 1, let oldest = backups.last, mayStay(oldest) { kept.insert(oldest.id) }
        }
        return kept
    }

    private func within() -> Set<BackupID> {
        guard let span = rules.within else { return [] }
        let edge = edge(span)
        return Set(backups.filter { isInside($0, edge) }.map(\.id))
    }

    /// Proxmox's prune_mark, one rule after the other (and `within`, which it does not have, first).
    private func proxmox(_ space: Space) -> Set<BackupID> {
        var kept = within()
        var removed: Set<BackupID> = []
        for (rule, count) in rules.counting where rule != .full {
            let periods = periods(rule)
            let included = Set(kept.map { periods[$0]! })
            var fresh: Set<String> = []
            for backup in backups {
                let key = periods[backup.id]!
                if kept.contains(backup.id) || removed.contains(backup.id) || included.contains(key) { continue }
                if fresh.contains(key) {
                    removed.insert(backup.id)
                } else if count.number(space).map({ fresh.count < $0 }) ?? true,
                    isReached(backup, rule, count.number(space))
                {
                    fresh.insert(key)
                    kept.insert(backup.id)
                }
            }
        }
        return kept
    }

    // MARK: Chains

    /// It is complete, and so is all that it stands on.
    private func isWhole(_ backup: Candidate) -> Bool {
        guard backup.condition == .complete else { return false }
        return backup.kind == .full || !parents(of: backup).isEmpty && parents(of: backup).allSatisfy { isWhole($0) }
    }

    private func older(than backup: Candidate) -> ArraySlice<Candidate> {
        all.drop { $0.id != backup.id }.dropFirst()
    }

    /// What it stands on: an incremental the one before it, a differential the full one.
    private func parents(of backup: Candidate) -> [Candidate] {
        guard backup.kind != .full else { return [] }
        if !backup.parents.isEmpty { return all.filter { backup.parents.contains($0.id) } }
        let older = older(than: backup)
        return [backup.kind == .incremental ? older.first : older.first { $0.kind == .full }].compactMap { $0 }
    }

    /// What it may stand on as well: an incremental behind differentials the incremental before them; and at one time
    /// with its full one, what stands before that.
    private func doubtful(of backup: Candidate) -> [Candidate] {
        guard backup.kind != .full, backup.parents.isEmpty, let first = parents(of: backup).first else { return [] }
        var found: [Candidate] = []
        if backup.kind == .incremental { found += incremental(behind: older(than: backup)) }
        guard first.kind == .full, first.time == backup.time else { return found }
        let before = older(than: first)
        if backup.kind == .differential { return found + [before.first { $0.kind == .full }].compactMap { $0 } }
        // Without any full one before it there is nothing to stand on.
        return found + [before.first].compactMap { $0 } + incremental(behind: before)
    }

    private func incremental(behind line: ArraySlice<Candidate>) -> [Candidate] {
        guard line.first?.kind == .differential else { return [] }
        return [line.prefix { $0.kind != .full }.first { $0.kind == .incremental }].compactMap { $0 }
    }

    private func root(of backup: Candidate) -> Candidate {
        var at = backup
        while let parent = parents(of: at).last { at = parent }
        return at
    }

    private func chains(of fulls: Set<BackupID>) -> Set<BackupID> {
        Set(backups.filter { fulls.contains(root(of: $0).id) }.map(\.id))
    }

    /// What stays keeps what it stands on, and so does what is set aside.
    private func closed(_ kept: Set<BackupID>) -> Set<BackupID> {
        var kept = kept
        let counting = Set(backups.map(\.id))
        for backup in all where kept.contains(backup.id) || !counting.contains(backup.id) {
            var waiting = [backup]
            while let at = waiting.popLast() {
                for parent in parents(of: at) + doubtful(of: at) where kept.insert(parent.id).inserted {
                    waiting.append(parent)
                }
            }
        }
        return kept.intersection(counting)
    }
}
