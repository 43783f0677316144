import Model
import Retention
import Testing

@Suite("what leaves the trash, what a link protects")
struct PurgeDecisionTests {
    /// The newest is day 0; `kinds` from the oldest on: `F` full, `I` incremental.
    private func backups(_ kinds: String) -> [Backup] {
        let last = Timestamp(rfc3339: "2026-11-23T01:00:00Z")!
        return kinds.enumerated().map { n, kind in
            var backup = History.backup(last.adding(seconds: Int64(n - kinds.count + 1) * 86_400), n: n)
            backup.kind = kind == "F" ? .full : .incremental
            return backup
        }
    }

    /// `trash`: which of them are in the trash. Answers `w`anted, `l`ast of its kind, `g`oes, for each of those.
    private func decide(
        _ kinds: String, trash: Set<Int>, _ rules: KeepRules, byHand: Set<Int> = [],
        protection: Judge.Protection = .init()
    ) -> String {
        let all = backups(kinds)
        let judge = Judge(
            policy: History.policy(rules), now: History.moment("2026-11-24T00:00:00Z"), protection: protection)!
        let trashed = trash.sorted().map { all[$0] }
        let decision = PurgeDecision(
            judge, present: all.indices.filter { !trash.contains($0) }.map { all[$0] }, trashed: trashed)
        return String(
            zip(trash.sorted(), trashed).map { n, backup -> Character in
                if decision.isKeptByPolicy(backup, isByHand: byHand.contains(n)) { return "w" }
                return decision.whyLast(backup) == nil ? "g" : "l"
            })
    }

    @Test("the policy's own stay; what a person condemned goes all the same; the last of a series never")
    func table() {
        let two = History.rules { $0.last = .first(2) }
        let all = History.rules { $0.all = true }
        #expect(decide("FFFF", trash: [0, 1], two) == "gg")
        #expect(decide("FFFF", trash: [0, 3], two) == "gw", "the newest, in the trash, would be kept")
        #expect(decide("FFFF", trash: [0, 2], two) == "gw")
        #expect(decide("FFFF", trash: [0, 1, 2, 3], two).hasSuffix("ww"))
        #expect(decide("FFFF", trash: [1], all) == "w")
        #expect(decide("FFFF", trash: [1], all, byHand: [1]) == "g")
        #expect(decide("FFFF", trash: [3], all, byHand: [3]) == "l", "nothing newer is present")
    }

    @Test("a full one that a kept incremental needs stays, whoever condemned it")
    func chains() {
        let two = History.rules { $0.last = .first(2) }
        #expect(decide("FIIFI", trash: [0, 1, 2], two) == "ggg")
        #expect(decide("FIFII", trash: [2], two) == "w")
        #expect(decide("FIFII", trash: [2], two, byHand: [2]) == "w")
        #expect(decide("FIFII", trash: [0], two, byHand: [0]) == "w", "what stays beside it needs it")
        #expect(decide("FIFII", trash: [0, 1], two) == "gg")
    }

    @Test(
        "where a symbolic link leads, as the kernel walks it",
        arguments: [
            (["latest": "app/db.dump"], "app/db.dump"), (["a": "b", "b": "app/db.dump"], "app/db.dump"),
            (["dir": "app", "latest": "dir/db.dump"], "app/db.dump"),
            (["latest": "app/../app/./db.dump"], "app/db.dump"),
            (["latest": "app/db.dump/inside"], "app/db.dump"),
            (["latest": "../outside"], nil), (["a": "b", "b": "a"], nil), (["latest": "nothing"], nil),
        ] as [([String: String], String?)])
    func links(_ links: [String: String], expected: String?) {
        let backup = History.backup(Timestamp(rfc3339: "2026-11-23T01:00:00Z")!, path: "app/db.dump")
        let entries = links.map { name, target in
            SkippedEntry(path: Bytes(name), place: "", why: .link(to: Bytes(target)))
        }
        let found = LinkTargets.backups(of: [backup], among: entries)
        #expect(found.keys.first?.display == expected && found.count <= 1)
    }
}
