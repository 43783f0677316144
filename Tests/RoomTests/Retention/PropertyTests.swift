import Foundation
import Model
import Retention
import Testing

/// Laws over random histories, against a slow and obvious second implementation.
@Suite("laws of retention")
struct PropertyTests {
    static let rounds = ProcessInfo.processInfo.environment["REPRIEVE_TESTS"] == "all" ? 20_000 : 2_000
    /// Printed, so that a failure can be run again: set REPRIEVE_SEED.
    static let seed: UInt64 = {
        let seed =
            ProcessInfo.processInfo.environment["REPRIEVE_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...999_999)
        print("retention laws: REPRIEVE_SEED=\(seed), \(rounds) rounds")
        return seed
    }()

    private static func history(_ generator: inout Seeded) -> [Backup] {
        let count = Int.random(in: 0...40, using: &generator)
        let step = [600, 3600, 43_200, 86_400, 604_800].randomElement(using: &generator)!
        var time: Int64 = 1_790_000_000
        return (0..<count).map { n in
            time -= Int64(Int.random(in: 0...(2 * step), using: &generator))
            var backup = History.backup(Timestamp(seconds: time), n: n)
            if Int.random(in: 0..<8, using: &generator) == 0 { backup.condition = .settling }
            return backup
        }.shuffled(using: &generator)
    }

    private static func rules(_ generator: inout Seeded) -> KeepRules {
        func count(_ generator: inout Seeded) -> KeepRules.Count? {
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: .unlimited
            case 1, 2: .first(Int.random(in: 1...8, using: &generator))
            default: nil
            }
        }
        var rules = KeepRules()
        rules.last = count(&generator)
        rules.hourly = count(&generator)
        rules.daily = count(&generator)
        rules.weekly = count(&generator)
        rules.monthly = count(&generator)
        rules.yearly = count(&generator)
        if Bool.random(using: &generator) { rules.within = Span(days: Int.random(in: 1...40, using: &generator)) }
        return rules
    }

    /// restic's rules once more, without any cleverness: for each rule, the newest of each period, then the oldest.
    private static func slowKept(_ backups: [Backup], _ rules: KeepRules) -> Set<BackupID> {
        let sorted = backups.filter { $0.condition == .complete }.sorted { ($0.time, $0.path) > ($1.time, $1.path) }
        guard let newest = sorted.first, let oldest = sorted.last else { return [] }
        if rules.isEmpty { return Set(sorted.map(\.id)) }
        var calendar = Calendar(identifier: .iso8601)
        calendar.timeZone = TimeZone(identifier: "Europe/Berlin")!
        func period(_ rule: CountingRule, _ backup: Backup) -> String {
            let date = Date(timeIntervalSince1970: Double(backup.time.seconds))
            let c = calendar.dateComponents([.year, .month, .day, .hour, .weekOfYear, .yearForWeekOfYear], from: date)
            switch rule {
            case .last: return backup.path.display
            case .hourly:
                return "\(c.year!)-\(c.month!)-\(c.day!)-\(c.hour!)-\(calendar.timeZone.secondsFromGMT(for: date))"
            case .daily: return "\(c.year!)-\(c.month!)-\(c.day!)"
            case .weekly: return "\(c.yearForWeekOfYear!)-\(c.weekOfYear!)"
            case .monthly: return "\(c.year!)-\(c.month!)"
            case .yearly: return "\(c.year!)"
            }
        }
        var kept: Set<BackupID> = [newest.id]
        for (rule, count) in rules.counting {
            var seen: [String] = []
            for backup in sorted where !seen.contains(period(rule, backup)) {
                if let n = count.number, seen.count == n { break }
                seen.append(period(rule, backup))
                kept.insert(backup.id)
            }
            if count.number.map({ seen.count < $0 }) ?? true { kept.insert(oldest.id) }
        }
        if let within = rules.within {
            var zone = Zone(name: "Europe/Berlin")!
            let edge = within.before(newest.time, zone: &zone)
            kept.formUnion(sorted.filter { $0.time > edge }.map(\.id))
        }
        return kept
    }

    @Test("the same as the slow way; kept and condemned are the input; order does not matter; twice is once")
    func laws() {
        var generator = Seeded(seed: Self.seed)
        for round in 0..<Self.rounds {
            let (backups, rules) = (Self.history(&generator), Self.rules(&generator))
            let now = "2027-06-01T00:00:00Z"
            let decisions = History.decide(backups, rules, now: now, zone: "Europe/Berlin")
            #expect(decisions.map(\.id) == backups.map(\.id), "round \(round)")
            let kept = Set(decisions.filter { $0.retain && !$0.isSetAside }.map(\.id))
            #expect(kept == Self.slowKept(backups, rules), "round \(round): \(rules.text)")
            #expect(decisions.allSatisfy { !$0.reasons.isEmpty }, "round \(round): a decision without a reason")
            // Order of input.
            let shuffled = backups.shuffled(using: &generator)
            let again = History.decide(shuffled, rules, now: now, zone: "Europe/Berlin")
            #expect(
                Set(again.filter { $0.retain && !$0.isSetAside }.map(\.id)) == kept, "round \(round): order matters")
            // Twice = once.
            let rest = zip(backups, decisions).filter { $1.retain }.map(\.0)
            let second = History.decide(rest, rules, now: now, zone: "Europe/Berlin")
            #expect(second.allSatisfy { $0.retain }, "round \(round): a second cleanup takes more")
        }
    }

    @Test("adding a keep rule, a mark, or a backup that does not count condemns nothing more")
    func monotone() {
        var generator = Seeded(seed: Self.seed &+ 1)
        for round in 0..<Self.rounds {
            let (backups, rules) = (Self.history(&generator), Self.rules(&generator))
            guard !rules.isEmpty, !backups.isEmpty else { continue }
            let now = "2027-06-01T00:00:00Z"
            func gone(_ backups: [Backup], _ rules: KeepRules, _ protection: Judge.Protection = .init()) -> Set<
                BackupID
            > {
                let decisions = History.decide(backups, rules, now: now, zone: "UTC", protection: protection)
                return Set(decisions.filter { !$0.retain }.map(\.id))
            }
            let before = gone(backups, rules)
            var more = rules
            more.daily = more.daily ?? .first(5)
            #expect(gone(backups, more).isSubset(of: before), "round \(round): a rule condemned")
            var protection = Judge.Protection()
            protection.preserved[backups.randomElement(using: &generator)!.id.objectText] = ("why", nil)
            #expect(gone(backups, rules, protection).isSubset(of: before), "round \(round): a mark condemned")
            var unfinished = History.backup(Timestamp(seconds: 1_790_000_100), n: 900)
            unfinished.condition = .settling
            let future = History.backup(Timestamp(seconds: 2_200_000_000), n: 901)
            #expect(gone(backups + [unfinished, future], rules) == before, "round \(round): what does not count did")
        }
    }
}
