import Foundation
import Model
import Retention
import Support
import Testing

/// A year of twelve ordinary set-ups: backups come by night, cleanups thin them out, and nothing looks wrong.
@Suite("ordinary years")
struct OrdinaryYearTests {
    struct SetUp: Sendable {
        var what: String
        /// Sizes and kinds of what comes on a day.
        var day: @Sendable (Int, inout Seeded) -> [(size: Int64, kind: Backup.Kind)]
        /// How many its writer leaves; `nil`: all.
        var writerKeeps: Int?
    }

    private static func noise(_ size: Double, _ share: Double, _ chance: inout Seeded) -> Int64 {
        Int64(size * Double.random(in: (1 - share)...(1 + share), using: &chance))
    }

    static let setUps: [SetUp] = [
        SetUp(what: "a database that grows", day: { n, c in [(noise(5e9 * pow(1.004, Double(n)), 0.05, &c), .full)] }),
        SetUp(what: "images of the same size", day: { _, _ in [(32_000_000_000, .full)] }),
        SetUp(what: "logs: a tenth on weekends", day: { n, c in [(noise(n % 7 < 2 ? 1e8 : 1e9, 0.3, &c), .full)] }),
        SetUp(
            what: "weekly full, daily incremental",
            day: { n, c in
                n % 7 == 0
                    ? [(noise(2e11, 0.02, &c), .full)]
                    : [(Int64(pow(10, Double.random(in: 4...10, using: &c))), .incremental)]
            }),
        SetUp(
            what: "monthly full, growing differentials",
            day: { n, c in
                n % 30 == 0 ? [(noise(8e11, 0.02, &c), .full)] : [(noise(1e9 * Double(n % 30), 0.2, &c), .differential)]
            }),
        SetUp(
            what: "a service that starts small",
            day: { n, c in [(noise(1e5 * pow(1.06, Double(min(n, 200))), 0.1, &c), .full)] }),
        SetUp(what: "hourly dumps", day: { n, c in (0..<6).map { _ in (noise(3e8, 0.1, &c), .full) } }),
        SetUp(what: "vzdump, its own pruning", day: { _, c in [(noise(4e10, 0.1, &c), .full)] }, writerKeeps: 4),
        SetUp(
            what: "autopostgresqlbackup: seven by weekday",
            day: { n, c in [(noise(2e7 + 1e4 * Double(n), 0.02, &c), .full)] }, writerKeeps: 7),
        SetUp(
            what: "a shop: five times as much in December",
            day: { n, c in [(noise(n > 330 ? 5e9 : 1e9, 0.2, &c), .full)] }),
        SetUp(
            what: "cleared out by half each quarter",
            day: { n, c in [(noise(1e9 * (1 + Double(n % 90) / 90), 0.05, &c), .full)] }),
        SetUp(what: "configuration, some kilobytes", day: { n, c in [(noise(4200, 0.15, &c), .full)] }),
    ]

    @Test("365 days: nothing is suspect, and no upheaval", arguments: setUps.indices)
    func year(_ index: Int) throws {
        let setUp = Self.setUps[index]
        var chance = Seeded(seed: UInt64(index + 1))
        var (present, past): ([Backup], [Suspicion.Past]) = ([], [])
        var upheaval = MassChange()
        var rules = KeepRules()
        (rules.daily, rules.weekly, rules.monthly) = (.first(7), .first(5), .first(12))
        let policy = VaultPolicy(
            timezone: "UTC", keep: rules, series: [], minAge: Span(seconds: 1), minObservedAge: Span(seconds: 1))
        let series: Bytes = "app/db-*.dump"
        var count = 0
        for day in 0..<365 {
            let now = Timestamp(seconds: 1_790_000_000 + Int64(day) * 86_400)
            let moment = Moment(wall: now, boot: Int64(day + 1) * 86_400_000_000_000, bootID: "b")
            var change = MassChange.Change()
            for (n, one) in setUp.day(day, &chance).enumerated() {
                count += 1
                var backup = History.backup(now.adding(seconds: Int64(n) * 3600), n: count)
                (backup.size, backup.kind) = (one.size, one.kind)
                present.append(backup)
                change.arrived += 1
            }
            if let keeps = setUp.writerKeeps, present.count > keeps {
                change.lost = present.count - keeps
                present.removeFirst(change.lost)
            }
            upheaval.add([series: change], at: moment)
            upheaval.judge(
                [series: .init(count: present.count, newest: present.last?.time ?? now)], percent: 20, at: now)
            #expect(upheaval.alarm == nil, "\(setUp.what), day \(day)")
            let found = Suspicion(present, past: [series: past], latest: Timestamp(nanoseconds: .max))
            #expect(found.suspects.isEmpty && found.before.isEmpty, "\(setUp.what), day \(day): \(found.suspects)")
            guard day % 10 == 9 else { continue }
            let judge = try #require(
                Judge(
                    policy: policy, now: Moment(wall: now.adding(seconds: 80_000), boot: 0, bootID: ""),
                    protection: .init()))
            let gone = Set(judge.decide(series: series, present).filter { !$0.retain }.map(\.id))
            let condemned = present.filter { gone.contains($0.id) }.map {
                Suspicion.Past(object: $0.id.object, time: $0.time, size: $0.size, isFull: $0.kind == .full)
            }
            past = Array((condemned.reversed() + past).prefix(Suspicion.recalled))
            present.removeAll { gone.contains($0.id) }
        }
    }

    @Test("a writer that stops for months and comes back as it was raises no doubt")
    func pause() {
        let sizes =
            [Int64?](repeating: 1_000_000, count: 40) + [Int64?](repeating: nil, count: 120) + [1_050_000, 990_000]
        #expect(SuspicionTests.judge(sizes).suspects.isEmpty)
    }
}

@Suite("many changes within an hour")
struct UpheavalTests {
    private static func verdict(
        _ changes: [(series: Bytes, lost: Int, arrived: Int, rewritten: Int, has: Int)], others: Int = 0
    ) -> Bool {
        var upheaval = MassChange()
        let now = Moment(wall: Timestamp(seconds: 1_790_000_000), boot: 0, bootID: "b")
        var seriesCounts: [Bytes: MassChange.Standing] = [:]
        for one in changes {
            var change = MassChange.Change()
            (change.lost, change.arrived) = (one.lost, one.arrived)
            change.rewritten = Set((0..<one.rewritten).map { UInt64($0) })
            upheaval.add([one.series: change], at: now)
            if one.has > 0 { seriesCounts[one.series] = .init(count: one.has, newest: now.wall) }
        }
        if others > 0 { seriesCounts["others"] = .init(count: others, newest: now.wall) }
        upheaval.judge(seriesCounts, percent: 20, at: now.wall)
        return upheaval.alarm != nil
    }

    @Test("a table")
    func table() {
        #expect(!Self.verdict([("a", 7, 7, 0, 7)]), "all by new ones")
        #expect(!Self.verdict([("a", 5, 0, 0, 5)]), "half of it")
        #expect(Self.verdict([("a", 30, 0, 0, 3)]), "nine of ten")
        #expect(Self.verdict([("a", 10, 0, 0, 0)]), "all of it")
        #expect(!Self.verdict([("a", 10, 0, 0, 0)], others: 1000), "one old series of many")
        #expect(!Self.verdict([("a", 0, 0, 4, 4)]), "four are not many")
        #expect(Self.verdict([("a", 0, 0, 9, 10)]), "nine of ten rewritten")
        #expect(!Self.verdict([("a", 0, 0, 9, 10)], others: 100), "nine of a hundred")
        #expect(Self.verdict([("a", 0, 0, 1000, 1000)], others: 100_000), "a thousand are many in any vault")
    }

    @Test("what a writer took once, and others of it stayed, it may take again")
    func learnt() {
        var upheaval = MassChange()
        var alarms = 0
        for month in 1...4 {
            let now = Moment(
                wall: Timestamp(seconds: 1_790_000_000 + Int64(month) * 2_592_000),
                boot: Int64(month) * 2_592_000_000_000_000, bootID: "b")
            var change = MassChange.Change()
            change.lost = 30
            upheaval.add(["a": change], at: now)
            upheaval.judge(["a": .init(count: 1, newest: now.wall)], percent: 20, at: now.wall)
            if upheaval.alarm != nil { alarms += 1 }
            upheaval.alarm = nil
        }
        #expect(alarms == 1)
    }
}
