import Foundation
import Model
import Retention
import Testing

@Suite("what looks wrong")
struct SuspicionTests {
    /// A series as its writer makes it, one a day; `nil`: none that day.
    static func series(_ sizes: [Int64?], kinds: [Backup.Kind] = [], from: Int = 0) -> [Backup] {
        sizes.enumerated().compactMap { n, size in
            guard let size else { return nil }
            var backup = History.backup(
                Timestamp(seconds: 1_790_000_000 + Int64(from + n) * 86_400), path: "app/db-\(from + n).dump",
                n: from + n + 1)
            backup.series = "app/db-*.dump"
            backup.size = size
            if n < kinds.count { backup.kind = kinds[n] }
            return backup
        }
    }

    static let latest = Timestamp(nanoseconds: .max)

    static func judge(_ sizes: [Int64?], kinds: [Backup.Kind] = [], words: Suspicion.Words = .init()) -> Suspicion {
        Suspicion(series(sizes, kinds: kinds), words: words, latest: latest)
    }

    private static let usual = [Int64?](repeating: 5_000_000_000, count: 12)

    /// After twelve of 5 GB: which of these are suspect, and how long the run at the end is.
    static let cases: [(what: String, sizes: [Int64], suspect: [Int], run: Int)] = [
        ("as always", [5_000_000_000, 5_100_000_000], [], 0),
        ("identical sizes: no spread, and no sign", [5_000_000_000, 5_000_000_000], [], 0),
        ("a third less", [3_400_000_000], [], 0),
        ("a fifth of it", [950_000_000], [0], 1),
        ("tiny", [20], [0], 1),
        ("empty", [0, 0], [0, 1], 2),
        ("eight times as large", [40_000_000_000], [], 0),
        ("twenty times", [100_000_000_000], [0], 1),
        ("one tiny, then good again", [20, 5_000_000_000], [0], 0),
        ("GitLab: tiny dumps day after day", [20, 20, 20, 20, 20], [0, 1, 2, 3, 4], 5),
        ("a shrink to a tenth, nine days", Array(repeating: 500_000_000, count: 9), Array(0..<9), 9),
        ("a shrink to a tenth, ten days: the new level", Array(repeating: 500_000_000, count: 10), [], 0),
        ("and back, once more", Array(repeating: 500_000_000, count: 10) + [5_000_000_000], [], 0),
        ("ten tiny ones that do not agree", (0..<10).map { 3 << (3 * $0 / 2) }, Array(0..<10), 10),
    ]

    @Test("a table", arguments: cases.indices)
    func table(_ n: Int) {
        let one = Self.cases[n]
        let found = Self.judge(Self.usual + one.sizes)
        let backups = Self.series(Self.usual + one.sizes)
        let suspects = backups.indices.filter { found.suspects[backups[$0].id.object] != nil }.map { $0 - 12 }
        #expect(suspects == one.suspect, "\(one.what)")
        #expect(found.runs["app/db-*.dump"]?.count ?? 0 == one.run, "\(one.what)")
    }

    @Test("the last full one before a new level is named, until the level is accepted")
    func before() {
        let sizes = Self.usual + [Int64?](repeating: 500_000_000, count: 14)
        let backups = Self.series(sizes)
        #expect(Self.judge(sizes).before["app/db-*.dump"] == [backups[11].id.object])
        var words = Suspicion.Words()
        words.renewed = ["app/db-*.dump": Set(backups.map(\.id.object))]
        #expect(Self.judge(sizes, words: words).before.isEmpty)
    }

    @Test("accepted ones count, and what is like them is usual")
    func accepted() {
        let sizes = Self.usual + [Int64?](repeating: 500_000_000, count: 4)
        let backups = Self.series(sizes)
        var words = Suspicion.Words()
        words.accepted = [backups[12].id.object, backups[13].id.object]
        #expect(Self.judge(sizes, words: words).suspects.isEmpty, "two are known: such sizes happen")
        words = Suspicion.Words()
        words.renewed = ["app/db-*.dump": Set(backups.prefix(14).map(\.id.object))]
        #expect(Self.judge(sizes, words: words).suspects.isEmpty)
        // What was accepted with the series does not reach what comes later.
        #expect(!Self.judge(sizes + [0], words: words).suspects.isEmpty)
    }

    @Test("incrementals: their size is no sign, an empty one is")
    func incrementals() {
        let sizes: [Int64?] = (0..<60).map { $0 % 7 == 0 ? 5_000_000_000 : [10_240, 800_000_000, 3_000_000][$0 % 3] }
        let kinds = sizes.indices.map { $0 % 7 == 0 ? Backup.Kind.full : .incremental }
        #expect(Self.judge(sizes, kinds: kinds).suspects.isEmpty)
        var broken = sizes
        broken[59] = 0
        #expect(Self.judge(broken, kinds: kinds).suspects.count == 1)
    }

    @Test("weekends, month ends, growth: usual is what happens again and again")
    func rhythms() {
        let weekends: [Int64?] = (0..<200).map { $0 % 7 < 2 ? 40_000_000 : 2_000_000_000 + Int64($0) * 1_000_000 }
        #expect(Self.judge(weekends).suspects.isEmpty)
        let doubling: [Int64?] = (0..<30).map { 1000 << $0 }
        #expect(Self.judge(doubling).suspects.isEmpty)
        // It shrinks by night, from the fifth week on: ten that agree among thirty, not in a row.
        let later: [Int64?] = (0..<120).map { $0 >= 35 && $0 % 3 == 0 ? 10_000_000 : 2_000_000_000 }
        #expect(Self.judge(later).suspects.isEmpty, "learnt by the end")
        #expect(Self.judge(Array(later.prefix(60))).suspects.count == 8)
    }

    @Test("what is far back is not judged anew; what was suspect once stays so")
    func farBack() {
        let sizes = Self.usual + [20] + [Int64?](repeating: 5_000_000_000, count: 40)
        let tiny = Self.series(sizes)[12].id.object
        #expect(Self.judge(sizes).suspects.isEmpty, "an old one that nobody called suspect counted")
        var words = Suspicion.Words()
        words.remembered = [tiny: "over 99 % smaller than usual"]
        #expect(Self.judge(sizes, words: words).suspects == words.remembered)
        words.accepted = [tiny]
        #expect(Self.judge(sizes, words: words).suspects.isEmpty)
    }

    @Test("first bytes against the name: a sign beside others that match, a habit where all are so")
    func contradictions() {
        var backups = Self.series([5, 5, 5, 5])
        for n in 2...3 { backups[n].endMark = .contradicted }
        let found = Suspicion(backups, latest: Self.latest)
        #expect(Set(found.suspects.keys) == Set(backups.suffix(2).map(\.id.object)))
        for n in 0...3 { backups[n].endMark = .contradicted }
        #expect(Suspicion(backups, latest: Self.latest).suspects.isEmpty)
    }

    @Test("a suspect one turns no keep into condemn, and is not condemned itself; nor is what stands on it counted")
    func invariant7() throws {
        var rules = KeepRules()
        rules.last = .first(3)
        let policy = VaultPolicy(
            timezone: "UTC", keep: rules, series: [], minAge: Span(seconds: 1), minObservedAge: Span(seconds: 1))
        let backups = Self.series(Self.usual + [20, 20, 20, 20])
        let now = Moment(wall: backups[15].time.adding(seconds: 3600), boot: 0, bootID: "")
        var protection = Judge.Protection()
        func kept() throws -> [Bool] {
            let judge = try #require(Judge(policy: policy, now: now, protection: protection))
            return judge.decide(series: "app/db-*.dump", backups).map(\.retain)
        }
        #expect(try kept() == Array(repeating: false, count: 13) + [true, true, true])
        protection.suspicion = Suspicion(backups, latest: Self.latest)
        #expect(try kept() == Array(repeating: false, count: 9) + Array(repeating: true, count: 7))
        // An incremental on a suspect full one.
        var chained = backups
        chained[15].kind = .incremental
        chained[15].parent = chained[14].id
        let judge = try #require(Judge(policy: policy, now: now, protection: protection))
        #expect(judge.decide(series: "s", chained)[15].isSetAside)
    }
}
