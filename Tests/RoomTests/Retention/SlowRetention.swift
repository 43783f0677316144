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
    private var backups: [Candidate]  // that count, newest first
    private let all: [Candidate]
    private let now: Timestamp

    init(
        _ rules: KeepRules, _ semantics: Semantics, _ backups: [Candidate], zone: String, now: Timestamp,
        space: Space = .ample
    ) {
        self.rules = rules
        self.semantics = semantics
        self.space = space
        zoneName = zone
        var calendar = Calendar(identifier: .iso8601)
        calendar.timeZone = TimeZone(identifier: zone)!
        self.calendar = calendar
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
        case .consumeBackups: borg(space)
        case .consumePeriods: proxmox(space)
        }
    }

    // MARK: Periods

    private func period(_ period: Period?, _ backup: Candidate) -> String {
        let date = Date(timeIntervalSince1970: Double(backup.time.seconds))
        let c = calendar.dateComponents(
            [.year, .month, .day, .hour, .weekOfYear, .yearForWeekOfYear], from: date)
        let day = "\(c.year!)-\(c.month!)-\(c.day!)"
        switch period {
        case nil: return backup.path.display
        case .second: return "\(backup.time.seconds)"
        case .hour:
            let offset = semantics.hoursCarryOffset ? " \(calendar.timeZone.secondsFromGMT(for: date))" : ""
            return "\(day) \(c.hour!)\(offset)"
        case .day: return day
        case .week: return "\(c.yearForWeekOfYear!) w\(c.weekOfYear!)"
        case .month: return "\(c.year!)-\(c.month!)"
        case .quarter: return "\(c.year!) q\((c.month! - 1) / 3)"
        case .year: return "\(c.year!)"
        }
    }

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

    /// One backup of each period, newest period first.
    private func elements(_ candidates: [Candidate], _ periods: [BackupID: String]) -> [Candidate] {
        var order: [String] = []
        var members: [String: [Candidate]] = [:]
        for backup in candidates {
            let key = periods[backup.id]!
            if members[key] == nil { order.append(key) }
            members[key, default: []].append(backup)
        }
        return order.map { semantics.element == .newest ? members[$0]!.first! : members[$0]!.last! }
    }

    // MARK: Rules

    private func overlapping(_ space: Space) -> Set<BackupID> {
        var kept: Set<BackupID> = []
        for (rule, count) in rules.counting {
            let candidates = rule == .full ? backups.filter { $0.kind == .full } : backups
            let found = elements(candidates, periods(rule))
            let total = count.number(space)
            let taken = total.map { Array(found.prefix($0)) } ?? found
            kept.formUnion(taken.map(\.id))
            let hasRoom = total.map { found.count < $0 } ?? semantics.unlimitedTakesOldest
            if hasRoom, semantics.oldestBonus, let oldest = backups.last, rule != .full || oldest.kind == .full {
                kept.insert(oldest.id)
            }
            if rule == .full { kept.formUnion(chains(of: Set(taken.map(\.id)))) }
        }
        for (rule, span) in rules.windows {
            let edge = edge(span)
            let inside = backups.filter { $0.time > edge }
            if rule.period == nil {
                kept.formUnion(inside.map(\.id))
            } else {
                kept.formUnion(elements(inside, periods(rule)).map(\.id))
                if semantics.oldestBonus, semantics.unlimitedTakesOldest, let oldest = backups.last, oldest.time > edge
                {
                    kept.insert(oldest.id)
                }
            }
            if rule == .window, let full = backups.first(where: { $0.kind == .full && $0.time <= edge }) {
                kept.insert(full.id)
                kept.formUnion(chains(of: [full.id]))
            }
        }
        return kept
    }

    /// borg's prune_split, one rule after the other.
    private func borg(_ space: Space) -> Set<BackupID> {
        var kept = within()
        for (rule, count) in rules.counting where rule != .full {
            let periods = periods(rule)
            var taken = 0
            var last: String?
            for backup in backups where count.number(space).map({ taken < $0 }) ?? true {
                guard periods[backup.id] != last else { continue }
                last = periods[backup.id]
                guard !kept.contains(backup.id) else { continue }
                kept.insert(backup.id)
                taken += 1
            }
            if let total = count.number(space), taken < total, let oldest = backups.last { kept.insert(oldest.id) }
        }
        return kept
    }

    private func within() -> Set<BackupID> {
        guard let span = rules.within else { return [] }
        let edge = edge(span)
        return Set(backups.filter { $0.time > edge }.map(\.id))
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
                } else if count.number(space).map({ fresh.count < $0 }) ?? true {
                    fresh.insert(key)
                    kept.insert(backup.id)
                } else {
                    break
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
