@testable import Config
import Engine
import Model
import Retention
import Testing

@Suite("held plans")
struct HoldTests {
    private static let now = Timestamp(rfc3339: "2026-11-24T06:00:00Z")!

    private func plan(
        _ backups: [Backup], _ policy: VaultPolicy, approved: VaultPolicy? = nil, runs: RunHistory = .init(),
        mode: Plan.ApprovalMode = .onChange, _ change: (inout Plan.Input) -> Void = { _ in }
    ) throws -> Plan {
        var input = Plan.Input(
            vault: History.vault, backups: backups, policy: policy, now: Moment(wall: Self.now, boot: 0, bootID: ""))
        input.approved = approved.map { .init(policyHash: $0.hash, policy: $0) }
        input.approval = mode
        input.runs = runs
        change(&input)
        return try #require(Plan.make(input))
    }

    private func ran(_ backups: [Backup], newest: Timestamp) -> RunHistory {
        RunHistory(at: newest, newest: Dictionary(backups.map { ($0.series, newest) }) { first, _ in first })
    }

    @Test("as many as arrived, and a quarter or two more: over that the newest of them wait")
    func amounts() throws {
        let policy = History.policy(History.rules { $0.last = .first(5) })
        let days = History.dailies(40, last: "2026-11-23")
        // One arrived since the last run; a quarter of 40 is 10: 11 may go of 35.
        let held = try plan(days, policy, approved: policy, runs: ran(days, newest: days[1].time))
        #expect(held.hold?.causes == [.amount(series: "app/db-*.dump", going: 35, of: 40, allowed: 11)])
        #expect(Set(held.released.map(\.backup.id)) == Set(days.suffix(11).map(\.id)), "the oldest go")
        // All of them arrived since: nothing is unusual.
        #expect(try plan(days, policy, approved: policy, runs: ran(days, newest: Timestamp(seconds: 0))).hold == nil)
        // Nothing is known of earlier runs: nothing counts as arrived.
        let unknown = try plan(days, policy, approved: policy)
        #expect(unknown.hold?.causes == [.amount(series: "app/db-*.dump", going: 35, of: 40, allowed: 10)])
        // `approval: never` waives approvals, not amounts.
        #expect(try plan(days, policy, mode: .never).hold?.code == "amount")
    }

    @Test("a kind of series that nobody approved waits alone; a new series of an approved kind does not")
    func newKind() throws {
        let policy = History.policy(History.rules { $0.last = .first(3) })
        func series(_ key: Bytes, _ first: Int) -> [Backup] {
            History.dailies(5, last: "2026-11-23").enumerated().map { n, backup in
                var other = History.backup(backup.time, path: "\(key)\(n)", n: first + n)
                other.series = key
                return other
            }
        }
        let dumps = series("pg/app-*.sql.gz", 0)
        let seen = try plan(dumps, policy)
        #expect(seen.hold?.causes == [.firstPlan] && seen.kinds == ["pg · a date in its name · .sql"])
        let all = dumps + series("pg/crm-*.sql.zst", 100) + series("nas/phone/IMG_*.jpg", 200)
        let held = try plan(all, policy, approved: policy, runs: ran(all, newest: Timestamp(seconds: 0))) {
            $0.approved?.kinds = seen.kinds
        }
        #expect(
            held.hold?.causes == [
                .newKind(
                    kinds: ["nas/phone · a date in its name · .jpg"], series: ["nas/phone/IMG_*.jpg"], count: 2)
            ])
        #expect(Set(held.released.map(\.backup.series)) == ["pg/app-*.sql.gz", "pg/crm-*.sql.zst"])
        // Approved by an older version, which knew no kinds: of any.
        #expect(try plan(all, policy, approved: policy, runs: ran(all, newest: Timestamp(seconds: 0))).hold == nil)
    }

    @Test("two may always go, however few there are")
    func two() throws {
        let policy = History.policy(History.rules { $0.last = .first(1) })
        let days = History.dailies(3, last: "2026-11-23")
        #expect(try plan(days, policy, approved: policy, runs: ran(days, newest: days[0].time)).hold == nil)
    }

    @Test("a series that came since the last run by copying: what is dated before it did not arrive")
    func copied() throws {
        let policy = History.policy(History.rules { $0.last = .first(5) })
        let days = History.dailies(40, last: "2026-11-23")
        let held = try plan(days, policy, approved: policy, runs: RunHistory(at: days[0].time))
        #expect(held.hold?.causes == [.amount(series: "app/db-*.dump", going: 35, of: 40, allowed: 10)])
    }

    @Test("more bytes of the vault than arrived and 30 % of it wait, whatever their number")
    func bytes() throws {
        let policy = History.policy(History.rules { $0.last = .first(12) })
        var days = History.dailies(16, last: "2026-11-23")
        for n in days.indices { days[n].size = n < 12 ? 1000 : 100_000 }
        let held = try plan(days, policy, approved: policy, runs: ran(days, newest: days[0].time))
        // Four of 16 may go by number; they are nearly all of the bytes: the two largest may go.
        #expect(held.hold?.causes == [.bytes(going: 400_000, of: 412_000, allowed: 200_000)])
        #expect(Set(held.released.map(\.backup.id)) == Set(days.suffix(2).map(\.id)))
    }

    @Test("without a limit of units or of bytes nothing waits for it")
    func noLimit() throws {
        let policy = History.policy(History.rules { $0.last = .first(2) })
        var days = History.dailies(16, last: "2026-11-23")
        for n in days.indices { days[n].size = 1000 }
        func causes(_ units: Int?, _ bytes: Int?) throws -> [String] {
            let plan = try plan(days, policy, approved: policy, runs: ran(days, newest: days[0].time)) { input in
                (input.amounts.condemnedPercent, input.amounts.bytesPercent) = (units, bytes)
            }
            #expect(plan.condemned.count == 14)
            return plan.hold?.causes.map(\.code) ?? []
        }
        #expect(try causes(25, nil) == ["amount"])
        #expect(try causes(nil, 30) == ["amount-bytes"])
        #expect(try causes(nil, nil).isEmpty)
    }

    @Test("a person's own word waits for nobody")
    func retired() throws {
        let policy = History.policy(History.rules { $0.last = .first(30) })
        let days = History.dailies(30, last: "2026-11-23")
        let plan = try plan(days, policy) { input in
            input.protection.retired["app/db-*.dump"] = .init(
                keep: 0, after: nil, at: Self.now, reason: "moved", objects: Set(days.map(\.id.object)))
        }
        #expect(plan.hold == nil && plan.released.count == 30)
    }

    @Test("another source of times makes the approved decisions worthless: all waits")
    func timeFrom() throws {
        var old = History.policy(History.rules { $0.within = Span(days: 3) })
        old.timeFrom = "name"
        var fresh = old
        fresh.timeFrom = "mtime"
        let days = History.dailies(10, last: "2026-11-23")
        let held = try plan(days, fresh, approved: old)
        #expect(held.released.isEmpty && held.hold?.code == "policy-changed")
    }

    @Test("names read otherwise make other series: what was approved says nothing of them, and all waits")
    func names() throws {
        let old = History.policy(History.rules { $0.last = .first(3) })
        var fresh = old
        fresh.names = #"'(?<series>.+)-(?<time>\d{8})'"#
        let days = History.dailies(10, last: "2026-11-23")
        let held = try plan(days, fresh, approved: old)
        #expect(held.released.isEmpty && held.hold?.code == "policy-changed")
        #expect(try plan(days, fresh, approved: fresh).hold?.code != "policy-changed")
    }

    @Test("approved under an earlier version of the rules: all waits once")
    func version() throws {
        let policy = History.policy(History.rules { $0.last = .first(3) })
        let days = History.dailies(10, last: "2026-11-23")
        let held = try plan(days, policy) { $0.approved = .init(policyHash: "of an earlier version", policy: policy) }
        #expect(held.released.isEmpty && held.hold?.code == "policy-changed")
    }

    @Test("sizes that no disk has are summed without a trap")
    func sizes() throws {
        let policy = History.policy(History.rules { $0.last = .first(3) })
        var days = History.dailies(10, last: "2026-11-23")
        for n in days.indices { days[n].size = .max / 2 }
        let held = try plan(days, policy, approved: policy)
        #expect(held.condemned.count == 7)
        #expect(held.condemned.map(\.backup).total { $0.size } == .max)
    }

    // MARK: Typing errors

    /// What a person meant, and has approved.
    private static let meant = """
        timezone: Europe/Berlin
        keep: { last: 3, daily: 14, weekly: 8, monthly: 12, yearly: 3 }
        min-age: 1h
        safeguards: { min: 3 }
        series:
          "legal/**": { keep: all }
          "media/*": { keep: { within: 30d } }
          "wal/*": { keep: { hourly: 48, daily: 7 } }
        """

    /// What they typed instead.
    static let errors: [(what: String, from: String, to: String)] = [
        ("30d → 30 (a count)", "within: 30d", "last: 30"),
        ("30d → 30h", "within: 30d", "within: 30h"),
        ("30d → 3d", "within: 30d", "within: 3d"),
        ("30d → 30min", "within: 30d", "within: 30min"),
        ("30d → 30", "within: 30d", "within: 30"),
        ("30d → 30m", "within: 30d", "within: 30m"),
        ("daily → hourly", "daily: 14", "hourly: 14"),
        ("14 → 4", "daily: 14", "daily: 4"),
        ("14 → 014 is still 14, 8 → 0", "weekly: 8", "weekly: 0"),
        ("a dropped key", ", weekly: 8, monthly: 12", ""),
        ("yearly dropped", ", yearly: 3", ""),
        ("two keys swapped", "weekly: 8, monthly: 12", "weekly: 12, monthly: 8"),
        ("a misspelt key", "monthly: 12", "montly: 12"),
        ("all → last: 1", "{ keep: all }\n  \"media", "{ keep: { last: 1 } }\n  \"media"),
        ("a glob that matches nothing", "\"legal/**\"", "\"legal\""),
        ("an empty glob", "\"legal/**\"", "\"\""),
        ("a glob that matches too much", "\"wal/*\"", "\"**\""),
        ("the first match shadows the others", "series:\n", "series:\n  \"*/**\": { keep: { last: 2 } }\n"),
        ("hourly: 48 → 8", "hourly: 48", "hourly: 8"),
        ("the whole keep of a series lost", "{ keep: { hourly: 48, daily: 7 } }", "{ keep: { hourly: 1 } }"),
        ("the series block lost", "series:\n  \"legal/**\": { keep: all }\n", "series:\n"),
        ("another tool's meaning of the same numbers", "timezone: Europe/Berlin", "semantics: proxmox"),
        ("another zone, half a day away", "Europe/Berlin", "Pacific/Auckland"),
        ("min: 3 → 1, with less to keep", "last: 3, daily: 14", "daily: 1"),
    ]

    private func read(_ yaml: String) throws -> VaultPolicy {
        let base = VaultConfiguration.bare("vault")
        let zone = Sourced(Zone.utc)
        let (vault, found) = try Configuration.policy(Bytes(yaml), file: "policy.yaml", over: base, zone: zone)
        return vault.policy(zone: found.value)
    }

    /// Four series that lived through two years with what was meant.
    private func vault(_ policy: VaultPolicy) -> Life {
        var life = Life(policy)
        let start = Timestamp(rfc3339: "2025-01-01T00:30:00Z")!
        let hours = Int(Self.now.seconds(since: start) / 3600)
        for hour in 0..<hours {
            let at = start.adding(seconds: Int64(hour) * 3600)
            if hour >= hours - 24 * 20 { life.write("wal/seg-*.tar", at: at) }
            guard hour % 24 == 1 else { continue }
            for series in ["app/orders-*.dump", "legal/2019-*.tar", "media/films-*.tar"] as [Bytes] {
                life.write(series, at: at)
            }
            life.cleanup(at: at.adding(seconds: 60))
        }
        return life
    }

    @Test("a typing error in a policy: refused, or nothing goes that the approved policy keeps, until a person says so")
    func typingErrors() throws {
        let meant = try read(Self.meant)
        let life = vault(meant)
        #expect(life.holds.isEmpty)
        let before = Set(try plan(life.present, meant, approved: meant, runs: life.runs).released.map(\.backup.id))
        #expect(Self.errors.count >= 20)
        var (refused, held) = (0, 0)
        for error in Self.errors {
            #expect(Self.meant.contains(error.from), "'\(error.what)' changes nothing")
            let typed: VaultPolicy
            do {
                typed = try read(Self.meant.replacing(error.from, with: error.to))
            } catch let fault as Fault {
                #expect(fault.code == .configuration, "\(error.what)")
                refused += 1
                continue
            }
            let plan = try plan(life.present, typed, approved: meant, runs: life.runs)
            let going = Set(plan.released.map(\.backup.id))
            #expect(going.isSubset(of: before), "\(error.what): \(going.subtracting(before).count) go")
            if plan.hold != nil { held += 1 }
            // Nothing is held only where the error takes nothing.
            #expect(plan.hold != nil || plan.condemned.allSatisfy { before.contains($0.backup.id) }, "\(error.what)")
        }
        #expect(refused >= 5 && held >= 12, "\(refused) refused, \(held) held")
    }
}
