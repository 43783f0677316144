@testable import Config
import Engine
import Foundation
import Model
import Retention
import Testing

@Suite("simulation, and policies from files")
struct SimulationTests {
    private let zone = Zone(name: "Europe/Berlin")!

    private func policy(_ yaml: String) throws -> VaultPolicy {
        let (vault, zone) = try Configuration.policy(
            Bytes(yaml), file: "policy.yaml", over: .bare("x"), zone: Sourced(zone))
        var policy = vault.policy(zone: zone.value)
        policy.hasSafeguards = false
        return policy
    }

    private static let input = """
        {"backups": [
          {"id": "a", "time": "2026-11-23T01:00:00Z"},
          {"id": "b", "time": "2026-11-22T01:00:00Z", "tags": ["release"]},
          {"id": "c", "time": "2026-11-21T01:00:00Z", "preserved": true},
          {"id": "d", "time": "2026-11-20T01:00:00Z", "complete": false},
          {"id": "e", "time": "2026-11-19T01:00:00Z", "kind": "incremental", "parent": "f", "size": 5},
          {"id": "f", "time": "2026-11-18T01:00:00Z", "kind": "full"}
        ]}
        """

    private func decide(_ yaml: String, tags: [[String]]? = nil) throws -> [Decision] {
        var policy = try policy(yaml)
        policy.keep.tagSets = tags
        let simulation = try Simulation(json: Bytes(Self.input), zone: zone)
        return try simulation.decide(policy, now: Timestamp(rfc3339: "2026-11-24T00:00:00Z")!).decisions
    }

    private func kept(_ yaml: String, tags: [[String]]? = nil) throws -> String {
        String(try decide(yaml, tags: tags).map { $0.retain ? "k" : "-" })
    }

    @Test("a list is decided in input order; marks, chains and conditions count as everywhere")
    func list() throws {
        #expect(try kept("keep: { last: 1 }") == "k-kk--")
        #expect(try kept("keep: { last: 1 }", tags: [["release"]]) == "kkkk--")
        #expect(try kept("keep: { last: 4 }") == "kkkkkk", "e is the fourth that counts, and needs f")
        #expect(try kept("semantics: borg\nkeep: { last: 1 }") == "k-k---", "a checkpoint that is not the newest goes")
        #expect(try kept("semantics: proxmox\nkeep: { last: 2 }") == "kkk---")
        #expect(try kept("keep: all") == "kkkkkk")
    }

    @Test(
        "bad input is refused with its place",
        arguments: [
            ("[]", "not a valid list of backups"),
            ("{\"backups\": [{\"id\": \"a\"}]}", "'time' is missing at backups[0]"),
            ("{\"backups\": [{\"id\": 7, \"time\": \"2026-11-23\"}]}", "wrong type at backups[0].id"),
            ("{\"backups\": [{\"id\": \"a\", \"time\": \"yesterday\"}]}", "'yesterday' is not a valid time"),
            (
                "{\"backups\": [{\"id\": \"a\", \"time\": \"2026-11-23\"}, {\"id\": \"a\", \"time\": \"2026-11-23\"}]}",
                "twice"
            ),
            ("nonsense", "not valid JSON"),
            (
                "{\"backups\": [{\"id\": \"a\", \"time\": \"2026-11-23\", \"preserve\": true}]}",
                "unknown key 'preserve' at backups[0]"
            ),
            ("{\"backups\": [{\"id\": \"a\", \"time\": \"1500-01-01\"}]}", "out of range"),
            ("{\"backups\": [{\"id\": \"a\", \"time\": \"2026-11-23\", \"kind\": \"half\"}]}", "backups[0].kind"),
        ])
    func badInput(json: String, says: String) {
        do {
            _ = try Simulation(json: Bytes(json), zone: zone)
            Issue.record("taken: \(json)")
        } catch {
            #expect(error.message.contains(says) && error.code == .usage, "\(error.message)")
        }
    }

    @Test("every rule, range, length of time and switch can be written")
    func configuration() throws {
        let text = try policy(
            """
            semantics: { like: restic, of-period: oldest, anchor: now, oldest-bonus: false, rules: overlap }
            keep:
              last: 7-14
              quarterly: 4
              within-hourly: 2d
              within-yearly: 1y2m3d3h
              full: 3
              window: 30d
              daily: unlimited
            incomplete-after: 3d
            safeguards: { min: 2, max-condemned: 40%, only-backup-of: month }
            series: { "a/*": { importance: critical }, "b": { keep: { last: 1 }, importance: low } }
            """)
        #expect(
            text.keep.text
                == "last 7-14, daily unlimited, quarterly 4, full 3, within-hourly 2d, within-yearly 1y2mo3d3h, window 30d"
        )
        #expect(text.semantics.text == "restic with of-period oldest, oldest-bonus false, anchor now")
        #expect(text.onlyBackupOf == .month && text.minimum == 2 && text.incompleteAfter == Span(days: 3))
        #expect(text.own("a/x-*.tar").importance == .critical && text.own("a/x-*.tar").rules == text.keep)
        #expect(VaultPolicy(text: text.text) == text, "it can be read again from its canonical form")
        #expect(try policy("semantics: borg\nkeep: { within: 2m }").keep.within == Span(seconds: 62 * 86_400))
    }

    @Test("the words of other tools are read, under every preset")
    func otherWords() throws {
        let words = try policy(
            """
            semantics: { like: kopia, empty-periods: skip }
            keep: { secondly: 1, minutely: 2, 13weekly: 3, 3monthly: 4, within-13weekly: 2y, full: 2, diff: 3 }
            """)
        #expect(
            words.keep.text
                == "secondly 1, minutely 2, 13weekly 3, quarterly 4, full 2, diff 3, within-13weekly 2y")
        #expect(words.semantics.text == "kopia with empty-periods skip")
        #expect(VaultPolicy(text: words.text) == words)
        for preset in Semantics.Preset.allCases {
            #expect(try policy("semantics: \(preset.rawValue)\nkeep: { daily: 7 }").semantics == Semantics(preset))
        }
        #expect(try policy("keep: { within: 9999y }").keep.within?.isTooLong == true)
    }

    @Test("under borg 2 the value of a rule may be an age")
    func ages() throws {
        let borg = try policy(
            "semantics: borg2\nkeep: { last: 30M, daily: 7d, weekly: 4, monthly: 1m, yearly: unlimited }")
        #expect(
            borg.keep.text
                == "weekly 4, yearly unlimited, within 30min, within-daily 7d, within-monthly 31d")
        #expect(throws: Fault.self) { try policy("semantics: borg2\nkeep: { daily: 7d, within-daily: 8d }") }
        #expect(throws: Fault.self) { try policy("semantics: borg\nkeep: { daily: 7d }") }
    }

    @Test("a hundred thousand lost parents are named, each in one look")
    func lostParents() throws {
        let backups = (0..<100_000).map { n in
            "{\"id\": \"b\(n)\", \"time\": \"2026-11-23T01:00:00Z\", \"kind\": \"incremental\", \"parent\": \"lost\(n)\"}"
        }
        let many = (0..<100_000).map { "\"lost\($0)\"" }.joined(separator: ",")
        let last = "{\"id\": \"c\", \"time\": \"2026-11-24\", \"kind\": \"incremental\", \"needs\": [\(many)]}"
        let clock = ContinuousClock()
        let start = clock.now
        let simulation = try Simulation(
            json: Bytes("{\"backups\": [\((backups + [last]).joined(separator: ","))]}"), zone: zone)
        let result = try simulation.decide(
            policy("keep: { last: 1 }"), now: Timestamp(rfc3339: "2026-11-25T00:00:00Z")!)
        let texts = result.decisions.map { decision in
            decision.reasons.map { simulation.text($0) { $0.rfc3339(in: .utc) } }.joined(separator: ", ")
        }
        #expect(texts[0] == "broken: what it needs (lost0) is not here")
        #expect(texts[99_999] == "broken: what it needs (lost99999) is not here")
        #expect(texts[100_000] == "broken: what it needs (lost0) is not here")
        // Once it took time in the square of their number: hours.
        #expect(clock.now - start < .seconds(120))
    }

    @Test("a set of tags by which nothing stays is found")
    func idleSets() throws {
        let sets = [["release"], ["relaese"], [""], ["release", "x"]]
        let decisions = try decide("keep: { last: 1 }", tags: sets)
        #expect(Simulation.idle(sets, decisions) == ["relaese", "release,x"])
        #expect(Simulation.idle([], decisions).isEmpty)
    }

    @Test(
        "what means nothing is refused",
        arguments: [
            "keep: { daily: 7-7 }", "keep: { daily: 14-7 }", "keep: { daily: 0-7 }", "keep: { daily: 7- }",
            "keep: { within: 2m }", "keep: { within-daily: 7 }", "keep: { full: 3d }", "semantics: rsync",
            "semantics: { like: restic, element: oldest }", "safeguards: { max-condemned: 0% }",
            "safeguards: { max-condemned: 101 }", "safeguards: { only-backup-of: hour }", "series: { a: {} }",
            "series: { a: { importance: vital } }", "keep: { last: 3, max-count: 4 }", "", "- a",
        ])
    func refused(yaml: String) {
        #expect(throws: Fault.self) { try policy(yaml) }
    }
}
