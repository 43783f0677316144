import Foundation
import Model
import Retention

/// Deciding one long series, beside `Array.sort` of the same times shuffled. Medians; one line a measurement.
@main
struct Decide {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.first == "memory" { return memory(Int(arguments.dropFirst().first ?? "") ?? 1_000_000) }
        let rounds = arguments.first.flatMap { Int($0) } ?? 5
        for n in [10_000, 100_000, 1_000_000] { measure(n, rounds: rounds) }
    }

    /// One backup every five minutes up to 23 November 2026, oldest first.
    static func series(_ n: Int) -> [Candidate] {
        let last: Int64 = 1_795_392_000
        return (0..<n).map { k in
            var candidate = Candidate(
                id: BackupID(object: UInt64(k)), path: Bytes("db-\(k).dump"),
                time: Timestamp(seconds: last - Int64(n - 1 - k) * 300))
            candidate.size = 1_000_000
            return candidate
        }
    }

    static let policies: [(name: String, rules: KeepRules)] = {
        func rules(_ change: (inout KeepRules) -> Void) -> KeepRules {
            var rules = KeepRules()
            change(&rules)
            return rules
        }
        return [
            (
                "last 3, hourly 24, daily 7, weekly 5, monthly 12, yearly 3",
                rules {
                    ($0.last, $0.hourly, $0.daily) = (.first(3), .first(24), .first(7))
                    ($0.weekly, $0.monthly, $0.yearly) = (.first(5), .first(12), .first(3))
                }
            ),
            (
                "hourly, daily, weekly, monthly, yearly unlimited",
                rules {
                    ($0.hourly, $0.daily, $0.weekly) = (.unlimited, .unlimited, .unlimited)
                    ($0.monthly, $0.yearly) = (.unlimited, .unlimited)
                }
            ),
        ]
    }()

    static func judge(_ rules: KeepRules) -> Judge {
        let policy = VaultPolicy(
            timezone: "Europe/Berlin", keep: rules, series: [], minAge: Span(seconds: 3600),
            minObservedAge: Span(seconds: 86_400))
        let now = Moment(wall: Timestamp(seconds: 1_795_395_600), boot: 0, bootID: "")
        guard let judge = Judge(policy: policy, now: now, protection: .init()) else {
            fatalError("the time zone is missing: install tzdata")
        }
        return judge
    }

    static func measure(_ n: Int, rounds: Int) {
        let backups = series(n)
        var generator = SystemRandomNumberGenerator()
        let shuffled = backups.shuffled(using: &generator)
        let times = shuffled.map(\.time.nanoseconds)
        // By turns, so that whatever else the machine does hits all alike.
        var sort: [Double] = []
        var ordered = policies.map { _ in [Double]() }
        var mixed = policies.map { _ in [Double]() }
        for _ in 0..<rounds {
            var copy = times
            sort.append(milliseconds { copy.sort() })
            precondition(copy.first == backups.first?.time.nanoseconds)
            for (p, policy) in policies.enumerated() {
                let judge = judge(policy.rules)
                ordered[p].append(milliseconds { check(judge.decide(series: "s", backups), n) })
                mixed[p].append(milliseconds { check(judge.decide(series: "s", shuffled), n) })
            }
        }
        for (p, policy) in policies.enumerated() {
            print(
                [
                    "\(n)", policy.name, "\(median(sort))", "\(median(ordered[p]))", "\(median(mixed[p]))",
                ].joined(separator: "\t"))
        }
    }

    /// Every backup has a decision, and the newest stays.
    static func check(_ report: RetentionReport, _ n: Int) {
        precondition(report.count == n && report.indicesRetained > 0)
    }

    /// Peak of memory beside the input: what deciding adds to the process's high-water mark.
    static func memory(_ n: Int) {
        for (p, shuffle) in [(0, false), (0, true), (1, false), (1, true)] {
            guard let only = CommandLine.arguments.dropFirst(3).first else { break }
            guard only == "\(p)\(shuffle)" else { continue }
            let backups = shuffle ? series(n).shuffled() : series(n)
            let before = highWater()
            check(judge(policies[p].rules).decide(series: "s", backups), n)
            let added = Double(highWater() - before) * 1024 / Double(n)
            print("\(policies[p].name)\t\(shuffle ? "shuffled" : "in order")\t\(added)")
        }
    }

    static func highWater() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM") } ?? ""
        return Int(line.split(whereSeparator: { !$0.isNumber }).first ?? "") ?? 0
    }

    static func milliseconds(_ body: () -> Void) -> Double {
        let clock = ContinuousClock()
        let duration = clock.measure(body)
        return Double(duration.components.seconds) * 1e3 + Double(duration.components.attoseconds) / 1e15
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return (sorted[sorted.count / 2] * 100).rounded() / 100
    }
}

extension RetentionReport {
    /// How many stay.
    fileprivate var indicesRetained: Int { backups.indices.count { isRetained($0) } }
}
