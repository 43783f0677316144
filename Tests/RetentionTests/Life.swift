import Model
import Retention
import Testing

/// A vault living through time, as far as decisions go: backups come, cleanups take what plans release, a person
/// approves the first plan. What the engine does around `Plan.make`, without any disk.
struct Life {
    var policy: VaultPolicy
    var approved: VaultPolicy?
    var present: [Backup] = []
    var runs = RunHistory()
    var amounts = AmountLimits()
    /// Every run after the first approval that held something back.
    private(set) var holds: [(at: Timestamp, hold: Plan.Hold)] = []
    private(set) var condemned: [Backup] = []
    private(set) var runCount = 0
    /// How many were present at the hours asked for.
    fileprivate(set) var counts: [Int: Int] = [:]
    private var number: UInt64 = 0
    /// The newest times of each series, of all that was ever written.
    private var recent: [Bytes: [Timestamp]] = [:]

    init(_ policy: VaultPolicy) { self.policy = policy }

    mutating func write(
        _ series: Bytes, at time: Timestamp, size: Int64 = 1_000_000_000, kind: Backup.Kind = .full
    ) {
        number += 1
        var backup = History.backup(time, path: "\(series)-\(number)", n: Int(number))
        backup.series = series
        backup.size = size
        backup.kind = kind
        backup.observedSince = time
        present.append(backup)
        recent[series] = Array(([time] + recent[series, default: []]).prefix(Rhythm.intervals + 1))
    }

    /// One cleanup. Answers what went.
    @discardableResult
    mutating func cleanup(at now: Timestamp) -> [Backup] {
        var input = Plan.Input(
            vault: History.vault, backups: present, policy: policy, now: Moment(wall: now, boot: 0, bootID: ""))
        input.approved = approved.map { .init(policyHash: $0.hash, policy: $0) }
        input.runs = runs
        input.amounts = amounts
        for (series, times) in recent { input.protection.rhythms[series] = Rhythm(times) }
        guard let plan = Plan.make(input) else { return [] }
        var going = plan.released
        if plan.hold?.causes == [.firstPlan] {
            // The one approval.
            going = plan.condemned
            approved = policy
        } else {
            if let hold = plan.hold { holds.append((now, hold)) }
            runCount += 1
        }
        let ids = Set(going.map(\.backup.id))
        present.removeAll { ids.contains($0.id) }
        condemned += going.map(\.backup)
        runs.at = now
        runs.newest = [:]
        for judged in plan.judged where !judged.decision.isSetAside {
            let (series, time) = (judged.backup.series, judged.backup.time)
            runs.newest[series] = max(runs.newest[series] ?? time, time)
        }
        return going.map(\.backup)
    }

    mutating func approve(_ policy: VaultPolicy) { approved = policy }
}

/// A usual way to keep backups: what is written when, and when cleanup runs.
struct SetUp: Sendable, CustomTestStringConvertible {
    var name: String
    var rules: @Sendable (inout KeepRules) -> Void
    var semantics = Semantics.Preset.reprieve
    /// What comes in hour `n` of the two years: series, kind and size.
    var writes: @Sendable (_ hour: Int) -> [(series: Bytes, kind: Backup.Kind, size: Int64)]
    /// Whether a cleanup runs in this hour.
    var cleans: @Sendable (_ hour: Int) -> Bool

    var testDescription: String { name }

    var policy: VaultPolicy {
        var rules = KeepRules()
        self.rules(&rules)
        var policy = VaultPolicy(
            timezone: "Europe/Berlin", keep: rules, series: [], minAge: Span(seconds: 3600),
            minObservedAge: Span(seconds: 86_400))
        policy.semantics = Semantics(semantics)
        return policy
    }

    /// 1 January 2024, a Monday.
    static let start = Timestamp(rfc3339: "2024-01-01T00:30:00Z")!

    /// Lives through the hours; in those of `silence` nothing is written.
    func live(hours: Int, silence: Range<Int> = 0..<0, counting: Set<Int> = []) -> Life {
        var life = Life(policy)
        for hour in 0..<hours {
            let now = Self.start.adding(seconds: Int64(hour) * 3600)
            if !silence.contains(hour) {
                for item in writes(hour) { life.write(item.series, at: now, size: item.size, kind: item.kind) }
            }
            if counting.contains(hour) { life.counts[hour] = life.present.count }
            if cleans(hour) { life.cleanup(at: now.adding(seconds: 1800)) }
        }
        return life
    }

    static func at(_ hourOfDay: Int, _ hour: Int) -> Bool { hour % 24 == hourOfDay }
    static func day(_ hour: Int) -> Int { hour / 24 }
    static let gib: Int64 = 1 << 30

    /// Twelve that people have.
    static let usual: [SetUp] = [
        SetUp(
            name: "nightly dumps, 7/4/12/3, nightly cleanup",
            rules: { ($0.daily, $0.weekly, $0.monthly, $0.yearly) = (.first(7), .first(4), .first(12), .first(3)) },
            writes: { at(1, $0) ? [("app/db-*.dump", .full, 5 * gib)] : [] }, cleans: { at(4, $0) }),
        SetUp(
            name: "hourly dumps, nightly cleanup",
            rules: { ($0.hourly, $0.daily) = (.first(48), .first(14)) },
            writes: { _ in [("app/db-*.dump", .full, gib)] }, cleans: { at(4, $0) }),
        SetUp(
            name: "last 2 of a nightly image",
            rules: { $0.last = .first(2) },
            writes: { at(1, $0) ? [("image-*.tar", .full, 200 * gib)] : [] }, cleans: { at(4, $0) }),
        SetUp(
            name: "weekly fulls with daily incrementals, four chains",
            rules: { $0.full = .first(4) },
            writes: { hour in
                guard at(2, hour) else { return [] }
                return [("pg/base-*", day(hour) % 7 == 6 ? .full : .incremental, day(hour) % 7 == 6 ? 100 * gib : gib)]
            }, cleans: { at(5, $0) }),
        SetUp(
            name: "monthly timer over nightly dumps",
            rules: { ($0.daily, $0.monthly) = (.first(30), .first(12)) },
            writes: { at(1, $0) ? [("app/db-*.dump", .full, 5 * gib)] : [] }, cleans: { at(6, $0) && day($0) % 30 == 0 }
        ),
        SetUp(
            name: "agent off for a week now and then",
            rules: { ($0.daily, $0.weekly) = (.first(7), .first(5)) },
            writes: { at(1, $0) ? [("a-*.tar", .full, gib), ("b-*.tar", .full, 3 * gib)] : [] },
            cleans: { at(4, $0) && (day($0) / 7) % 9 != 3 }),
        SetUp(
            name: "find -mtime +30: within 30d",
            rules: { $0.within = Span(days: 30) },
            writes: { at(1, $0) ? [("files", .full, gib)] : [] }, cleans: { at(4, $0) }),
        SetUp(
            name: "working days only",
            rules: { ($0.daily, $0.weekly, $0.monthly) = (.first(10), .first(8), .first(6)) },
            writes: { at(22, $0) && day($0) % 7 < 5 ? [("office-*.zip", .full, 20 * gib)] : [] },
            cleans: { at(23, $0) }),
        SetUp(
            name: "a quarter of an hour apart, cleaned hourly",
            rules: { ($0.last, $0.hourly, $0.daily) = (.first(8), .first(24), .first(7)) },
            writes: { _ in Array(repeating: ("wal-*.tar", .full, gib / 8), count: 4) }, cleans: { _ in true }),
        SetUp(
            name: "window of 30 days with weekly fulls and differentials",
            rules: { $0.window = Span(days: 30) },
            writes: { hour in
                guard at(2, hour) else { return [] }
                return [
                    ("sql-*.bak", day(hour) % 7 == 6 ? .full : .differential, day(hour) % 7 == 6 ? 80 * gib : 5 * gib)
                ]
            }, cleans: { at(5, $0) }),
        SetUp(
            name: "twenty guests that come and go",
            rules: { ($0.last, $0.weekly, $0.monthly) = (.first(3), .first(4), .first(3)) },
            writes: { hour in
                guard at(3, hour) else { return [] }
                return (0..<20).filter { day(hour) >= $0 * 30 && day(hour) < $0 * 30 + 400 }.map {
                    (Bytes("vzdump-qemu-\(100 + $0)-*.vma.zst"), .full, 30 * gib + Int64($0) * gib)
                }
            }, cleans: { at(6, $0) }),
        SetUp(
            name: "borg's way: nightly, 7/4/6",
            rules: { ($0.daily, $0.weekly, $0.monthly) = (.first(7), .first(4), .first(6)) }, semantics: .borg,
            writes: { at(1, $0) ? [("home-*.tar", .full, 10 * gib)] : [] }, cleans: { at(4, $0) }),
    ]
}
