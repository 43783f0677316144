import Model
import Retention
import Testing

/// Links over a whole vault: by tokens, wherever in it the other one is.
@Suite("links")
struct LinkGraphTests {
    private static let last = Timestamp(rfc3339: "2026-11-23T01:00:00Z")!

    /// `days` before the last one.
    private func backup(
        _ n: Int, _ series: Bytes, days: Int, _ kind: Backup.Kind = .full, provides: [Token] = [], needs: [Need] = []
    ) -> Backup {
        var backup = History.backup(
            Self.last.adding(seconds: Int64(-days) * 86_400), path: "\(series)/\(n)", n: n)
        backup.series = series
        backup.kind = kind
        var contents = Contents(tool: "t")
        (contents.provides, contents.needs) = (provides, needs)
        backup.contents = contents
        return backup
    }

    private func lsn(_ value: String, _ scope: String = "") -> Token { Token("lsn", value, scope: scope) }

    private func graph(_ backups: [Backup], trashed: [Backup] = []) -> LinkGraph {
        LinkGraph(
            backups.map { LinkGraph.Node($0) } + trashed.map { LinkGraph.Node($0, .trashed) })!
    }

    private func needs(_ graph: LinkGraph, _ n: Int) -> [UInt64] {
        graph.needs(of: BackupID(object: UInt64(n))).map(\.object).sorted()
    }

    private func why(_ graph: LinkGraph, _ n: Int) -> String? { graph.whyBroken(BackupID(object: UInt64(n))) }

    private func plan(_ backups: [Backup], unseen: [Backup] = [], _ rules: (inout KeepRules) -> Void) -> Plan {
        var input = Plan.Input(
            vault: History.vault, backups: backups, policy: History.policy(History.rules(rules)),
            now: History.moment("2026-11-24T00:00:00Z"))
        input.protection.unseen = unseen
        return Plan.make(input)!
    }

    @Test("the one that is needed may be of another series; several servers say nothing of each other")
    func tokens() {
        let links = graph([
            backup(1, "full", days: 3, provides: [lsn("100", "socket=a")]),
            backup(2, "full", days: 3, provides: [lsn("100", "socket=b")]),
            backup(
                3, "inc", days: 2, .incremental, provides: [lsn("200", "socket=b")],
                needs: [.newestBefore(lsn("100", "socket=b"))]),
            backup(4, "inc", days: 1, .incremental, needs: [.newestBefore(lsn("100", "socket=c"))]),
        ])
        #expect(needs(links, 3) == [2] && why(links, 3) == nil)
        #expect(needs(links, 4).isEmpty && why(links, 4)?.contains("LSN 100") == true)
        #expect(links.root(of: BackupID(object: 3)).object == 2)
    }

    @Test("on a quiet server the newest before it counts, and its own series before others")
    func quiet() {
        let same = [lsn("100")]
        let links = graph([
            backup(1, "a", days: 5, provides: same), backup(9, "b", days: 1, provides: same),
            backup(2, "a", days: 4, .incremental, provides: same, needs: [.newestBefore(lsn("100"))]),
            backup(3, "a", days: 2, .incremental, provides: same, needs: [.newestBefore(lsn("100"))]),
            backup(4, "a", days: 0, .incremental, provides: same, needs: [.newestBefore(lsn("100"))]),
        ])
        #expect(needs(links, 2) == [1] && needs(links, 3) == [2] && needs(links, 4) == [3])
    }

    @Test("an id must be unique and not newer; a copy of the chain in another directory is another chain")
    func ids() {
        let (id, other) = (Token("uuid", "x"), Token("uuid", "y"))
        var child = backup(3, "a", days: 1, .incremental, needs: [.exactly(id)])
        var links = graph([backup(1, "a", days: 2, provides: [id]), child, backup(2, "c", days: 2, provides: [id])])
        #expect(needs(links, 3) == [1] && why(links, 3) == nil)
        links = graph([backup(1, "b", days: 2, provides: [id]), child, backup(2, "c", days: 2, provides: [id])])
        #expect(needs(links, 3) == [1, 2], "both are needed until somebody knows which")
        #expect(why(links, 3)?.contains("not unique") == true)
        links = graph([backup(1, "a", days: 0, provides: [id]), child])
        #expect(why(links, 3)?.contains("newer than it") == true)
        child.contents?.needs = [.exactly(other)]
        #expect(why(graph([backup(1, "a", days: 2, provides: [id]), child]), 3)?.contains("UUID y") == true)
    }

    @Test("levels: the newest before it of each lower one, also from before the last full one")
    func levels() {
        func level(_ n: Int, _ level: Int, days: Int) -> Backup {
            var one = backup(
                n, "s", days: days, level == 0 ? .full : .incremental, needs: level == 0 ? [] : [.levelsBelow(level)])
            one.contents?.level = level
            return one
        }
        let links = graph([
            level(1, 0, days: 9), level(2, 1, days: 8), level(3, 2, days: 7), level(4, 1, days: 6),
            level(5, 2, days: 5),
            level(6, 0, days: 4), level(7, 2, days: 3),
        ])
        #expect(needs(links, 3) == [1, 2] && needs(links, 4) == [1] && needs(links, 5) == [1, 4])
        #expect(needs(links, 7) == [4, 6])
        // The full one alone is enough for it: that of before may have gone.
        var gone = [level(1, 0, days: 9), level(4, 1, days: 6), level(6, 0, days: 4), level(7, 2, days: 3)]
        gone[1].condition = .incomplete
        #expect(why(graph(gone), 7) == nil)
    }

    @Test("what needs one in the trash is broken until it comes back, and so is what stands on it")
    func trashed() {
        let base = backup(1, "s", days: 3)
        let rest = [backup(2, "s", days: 2, .incremental), backup(3, "s", days: 1, .incremental)]
        let links = graph(rest, trashed: [base])
        #expect(why(links, 2)?.contains("is in the trash") == true && why(links, 3)?.contains("is broken") == true)
        #expect(links.worthless(without: [base.id]).map(\.object) == [2, 3])
        #expect(why(graph(rest + [base]), 3) == nil)
    }

    @Test("what stays keeps what it needs in other series, whatever their rules say")
    func across() {
        let backups = [
            backup(1, "full", days: 9, provides: [lsn("1")]), backup(2, "full", days: 4, provides: [lsn("2")]),
            backup(3, "full", days: 1, provides: [lsn("3")]),
            backup(4, "inc", days: 8, .incremental, needs: [.newestBefore(lsn("1"))]),
            backup(5, "inc", days: 3, .incremental, needs: [.newestBefore(lsn("2"))]),
        ]
        let found = plan(backups) { $0.last = .first(1) }
        #expect(Set(found.condemned.map(\.backup.id.object)) == [1, 4])
        let kept = found.judged.first { $0.backup.id.object == 2 }
        #expect(kept?.decision.reasons == [.neededBy("inc/5")])
        // `full: 1`: of the other series only what stands on a full one that stays.
        #expect(Set(plan(backups) { $0.full = .first(2) }.condemned.map(\.backup.id.object)) == [1, 4])
    }

    @Test("one that is held, frozen or cannot be looked at keeps its full one all the same")
    func staying() {
        let full = backup(1, "full", days: 9, provides: [lsn("1")])
        let inc = backup(4, "inc", days: 8, .incremental, needs: [.newestBefore(lsn("1"))])
        let newer = [
            backup(2, "full", days: 2, provides: [lsn("2")]),
            backup(5, "inc", days: 1, .incremental, needs: [.newestBefore(lsn("2"))]),
        ]
        let found = plan([full, inc] + newer) { $0.last = .first(1) }
        #expect(Set(found.condemned.map(\.backup.id.object)) == [1, 4])
        #expect(found.withoutNeeded(found.condemned).needed.isEmpty)
        let withoutIncremental = found.condemned.filter { $0.backup.series == "full" }
        #expect(found.withoutNeeded(withoutIncremental).needed.map(\.backup.id.object) == [1])
        // Its directory cannot be read now.
        let blind = plan([full] + newer, unseen: [inc]) { $0.last = .first(1) }
        #expect(blind.condemned.isEmpty)
    }

    @Test("of one date without a time of day, the full one and what is before it both stay")
    func sameTime() {
        let links = graph([
            backup(1, "s/full", days: 9), backup(2, "s/full", days: 2), backup(3, "s/full", days: 2, .differential),
        ])
        #expect(needs(links, 3) == [1, 2] && why(links, 3) == nil)
        #expect(links.root(of: BackupID(object: 3)).object == 2)
    }

    @Test("a server's numbers are looked for elsewhere only where its own series has no full one, and nearby first")
    func elsewhere() {
        let links = graph([
            backup(1, "a", days: 9, provides: [lsn("1")]), backup(2, "b", days: 5, provides: [lsn("5")]),
            backup(3, "a", days: 4, .incremental, needs: [.newestBefore(lsn("5"))]),
            backup(4, "x/base", days: 3, provides: [lsn("7")]), backup(5, "y/base", days: 2, provides: [lsn("7")]),
            backup(6, "x/incr", days: 1, .incremental, needs: [.newestBefore(lsn("7"))]),
        ])
        #expect(needs(links, 3).isEmpty && why(links, 3)?.contains("in no backup of its series") == true)
        #expect(needs(links, 6) == [4])
    }

    @Test("what was purged is not stepped over")
    func gone() {
        let line = (1...4).map { backup($0, "s", days: 9 - $0, $0 == 1 ? .full : .incremental) }
        let links = LinkGraph(
            [line[0], line[2], line[3]].map { LinkGraph.Node($0) } + [LinkGraph.Node(line[1], .gone)])!
        #expect(why(links, 3) == "what it needs ('2') is gone" && why(links, 4)?.contains("is broken") == true)
    }

    @Test("a full one that is no base is passed over, by differentials and by incrementals")
    func noBase() {
        var copy = backup(2, "s", days: 2)
        copy.contents?.isNoBase = true
        let links = graph([
            backup(1, "s", days: 3), copy, backup(3, "s", days: 1, .differential),
            backup(4, "s", days: 0, .incremental),
        ])
        #expect(needs(links, 3) == [1] && !needs(links, 4).contains(2))
    }

    @Test("contents come back from their text as they were, whatever stands in them")
    func text() {
        var contents = Contents(tool: "t\u{1F}\u{1E}", file: "f")
        contents.provides = [Token("lsn", "1", scope: "socket=a b"), Token("path", "a/\u{1D}b")]
        contents.needs = [.lastFull, .previous, .levelsBelow(3), .unknown("why"), .exactly(Token("uuid", "é"))]
        (contents.level, contents.kind, contents.isNoBase) = (2, .log, true)
        (contents.outcome, contents.why, contents.signs) = (.failed, "x", ["STATUS.ok", "b"])
        let back = Contents(text: contents.text)
        #expect(back?.text == contents.text && back?.needs == contents.needs && back?.level == 2)
        #expect(back?.tool == "t  " && back?.provides.last?.value == "a/ b")
        #expect(Contents(text: "") == nil && Contents(text: "a\u{1D}b\u{1D}c\u{1D}d") == nil)
    }
}
