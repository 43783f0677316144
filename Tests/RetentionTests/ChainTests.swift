import Model
import Retention
import Testing

@Suite("chains")
struct ChainTests {
    /// `F` full, `I` incremental, `D` differential, one a day, oldest first; the last on 23 November 2026.
    private func chain(_ kinds: String) -> [Candidate] {
        let last = Timestamp(rfc3339: "2026-11-23T01:00:00Z")!
        return kinds.enumerated().map { n, kind in
            var candidate = Candidate(
                id: BackupID(object: UInt64(n)), path: Bytes("app-\(n).\(kind == "F" ? "full" : "inc")"),
                time: last.adding(seconds: Int64(n - kinds.count + 1) * 86_400))
            candidate.kind = kind == "F" ? .full : kind == "I" ? .incremental : .differential
            return candidate
        }
    }

    private func decide(_ backups: [Candidate], _ rules: KeepRules) -> [RetentionDecision] {
        let judge = Judge(
            policy: History.policy(rules), now: History.moment("2026-11-24T00:00:00Z"), protection: .init())!
        return judge.decide(series: "app", backups).decisions
    }

    private func kept(_ kinds: String, _ rules: KeepRules) -> String {
        String(decide(chain(kinds), rules).map { $0.retain ? "k" : "-" })
    }

    @Test("keeping an incremental keeps what it needs, and nothing else of its chain")
    func closure() {
        let last = History.rules { $0.last = .first(1) }
        #expect(kept("FIIFII", last) == "---kkk")
        // A differential needs its full one only.
        #expect(kept("FDDFDD", last) == "---k-k")
        // Of an incremental behind a differential nobody knows which it stands on: all back to the full one.
        #expect(kept("FIIDI", last) == "kkkkk")
        #expect(kept("FIIDDI", last) == "kkk-kk", "of two differentials only the newer one can be it")
        #expect(kept("FIIDID", last) == "k----k")
        let decisions = decide(chain("FIIFII"), last)
        #expect(decisions[4].reasons == [.neededBy("app-5.inc")])
        #expect(decisions[3].reasons == [.newestFull, .neededBy("app-4.inc")])
    }

    @Test("a parent that is named counts, whatever lies between")
    func named() {
        var backups = chain("FFI")
        backups[2].parents = [backups[0].id]
        let decisions = decide(backups, History.rules { $0.last = .first(1) })
        #expect(decisions.map(\.retain) == [true, true, true])  // 1 is the newest full one (invariant 6)
        #expect(decisions[0].reasons == [.neededBy("app-2.inc")])
    }

    @Test("`full: N` keeps the newest N full ones with all that needs them")
    func full() {
        let two = History.rules { $0.full = .first(2) }
        #expect(kept("FIIFIIFI", two) == "---kkkkk")
        #expect(kept("FDDFDDFD", two) == "---kkkkk")
        #expect(decide(chain("FIFI"), two)[1].reasons == [.chain(of: "app-0.full")])
        #expect(decide(chain("FIFI"), two)[0].reasons == [.rule("full", 2, of: "2"), .neededBy("app-1.inc")])
    }

    @Test("`window` keeps one restorable full one older than the limit, with what leads into the window")
    func window() {
        // Four days back from the newest lies between the second and the third of the first chain.
        let rules = History.rules { $0.window = Span(days: 4) }
        #expect(kept("FIIIFII", rules) == "kkkkkkk")
        #expect(kept("FIIFIIIII", rules) == "---kkkkkk")
        #expect(kept("FFFFFFFF", rules) == "---kkkkk")
        #expect(decide(chain("FFFFFFFF"), rules)[3].reasons == [.windowFull("4d")])
    }

    @Test("without its parent a chain is broken: set aside and said, and it keeps nothing away from the rules")
    func broken() {
        var backups = chain("FIIF")
        backups[1].parents = [BackupID(object: 77)]
        let decisions = decide(backups, History.rules { $0.last = .first(1) })
        #expect(decisions.map(\.retain) == [false, true, true, true])
        #expect(decisions[1].isSetAside && decisions[2].isSetAside)
        #expect(
            decisions[1].reasons.first == .setAside(.broken, "what it needs (000000000000004d) is not here"))
        #expect(decisions[2].reasons == [.setAside(.broken, "what it needs ('app-1.inc') is broken")])
        // An incremental without any full one before it.
        #expect(decide(chain("IIF"), History.rules { $0.last = .first(1) }).prefix(2).allSatisfy { $0.isSetAside })
    }

    @Test("parents in a circle are broken, and end")
    func circle() {
        var backups = chain("FIII")
        backups[1].parents = [backups[3].id]
        backups[2].parents = [backups[1].id]
        backups[3].parents = [backups[2].id]
        let decisions = decide(backups, History.rules { $0.last = .first(1) })
        #expect(decisions.dropFirst().allSatisfy { $0.isSetAside && $0.retain })
    }

    @Test("what settles needs its chain as well")
    func settling() {
        var backups = chain("FIFI")
        backups[1].condition = .settling
        let decisions = decide(backups, History.rules { $0.last = .first(1) })
        #expect(decisions[1].isSetAside && decisions[0].retain)
    }

    @Test("units go whole: over an amount the oldest chains go first, never a full one before its incrementals")
    func amounts() throws {
        var life = Life(
            {
                var policy = History.policy(History.rules { $0.full = .first(6) })
                policy.minAge = Span(seconds: 1)
                return policy
            }())
        for day in 0..<70 {
            life.write(
                "pg-*", at: Timestamp(rfc3339: "2026-09-14T01:00:00Z")!.adding(seconds: Int64(day) * 86_400),
                kind: day % 7 == 0 ? .full : .incremental)
        }
        life.approve(life.policy)
        life.runs = RunHistory(
            at: Timestamp(rfc3339: "2026-11-22T12:00:00Z"),
            newest: ["pg-*": Timestamp(rfc3339: "2026-11-22T01:00:00Z")!])
        life.amounts.condemnedPercent = 1
        // Four chains of seven would go; two units may.
        let gone = life.cleanup(at: Timestamp(rfc3339: "2026-11-22T13:00:00Z")!)
        #expect(gone.count == 14)
        #expect(life.holds.first?.hold.causes == [.amount(series: "pg-*", going: 4, of: 70, allowed: 2)])
        let left = life.present.sorted { $0.time < $1.time }
        #expect(left.first?.kind == .full, "no incremental without its full one")
        #expect(left.count == 56)
    }

    @Test("a chain does not step over a link that is not whole")
    func cut() {
        var backups = chain("FIIFIIII")
        backups[5].condition = .incomplete
        let decisions = decide(backups, History.rules { $0.last = .first(2) })
        #expect(decisions[6].reasons.first == .setAside(.broken, "what it needs ('app-5.inc') is not complete"))
        #expect(decisions[7].isSetAside)
        // The newest two that can be restored are the full one and the first that stands on it.
        #expect(decisions.map(\.retain) == [false, false, false, true, true, true, true, true])
    }

    @Test("a log stays as long as the full one before it, satisfies no rule, and goes with it")
    func logs() {
        func logged(_ kinds: String, _ rules: (inout KeepRules) -> Void) -> String {
            var backups = chain(kinds.replacing("L", with: "F"))
            for (n, kind) in kinds.enumerated() where kind == "L" { backups[n].kind = .log }
            return String(decide(backups, History.rules(rules)).map { $0.retain ? "k" : "-" })
        }
        #expect(logged("FLLFLLFLL") { $0.last = .first(1) } == "------kkk")
        #expect(logged("FLLFLLFLL") { $0.last = .first(2) } == "---kkkkkk")
        // Older than every full one: they lead from nowhere. Without any full one nobody knows.
        #expect(logged("LLFLL") { $0.last = .first(1) } == "--kkk")
        #expect(logged("LLL") { $0.last = .first(1) } == "kkk")
        // Every moment of the last four days: from the full one before them on.
        #expect(logged("FLLLLLLLLL") { ($0.last, $0.logs) = (.first(1), Span(days: 4)) } == "kkkkkkkkkk")
        #expect(logged("FLLLFLLLLL") { ($0.last, $0.logs) = (.first(2), Span(days: 4)) } == "k---kkkkkk")
        #expect(logged("FLLFLLFLLF") { ($0.last, $0.logs) = (.first(1), Span(days: 2)) } == "------kkkk")
    }

    @Test("a chain of 100,000 is decided in a time that grows as its length")
    func long() {
        let clock = ContinuousClock()
        func seconds(_ count: Int) -> Duration {
            let backups = chain("F" + String(repeating: "I", count: count - 1))
            return clock.measure { _ = decide(backups, History.rules { $0.last = .first(1) }) }
        }
        _ = seconds(1000)
        // Ten times as long, with room for a busy machine; quadratic would be a hundred times.
        #expect(seconds(100_000) < seconds(10_000) * 40)
    }
}
