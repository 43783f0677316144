import Model
import Retention
import Support
import Testing

/// What ranges give where room is lacking.
@Suite("ranges under a lack of room")
struct SheddingTests {
    private static let now = History.moment("2026-11-24T00:00:00Z")

    private func plan(
        _ backups: [Backup], _ policy: VaultPolicy, _ pressure: SpacePressure? = nil,
        _ change: (inout Plan.Input) -> Void = { _ in }
    ) throws -> Plan {
        var input = Plan.Input(vault: History.vault, backups: backups, policy: policy, now: Self.now)
        input.approval = .never
        input.pressure = pressure
        change(&input)
        return try #require(Plan.make(input))
    }

    private func lack(_ bytes: Int64, vault: Int64 = 0, others: [Sheddable] = []) -> SpacePressure {
        var pressure = SpacePressure(limits: "min-free 15%")
        (pressure.bytes, pressure.vaultBytes, pressure.others) = (bytes, vault, others)
        return pressure
    }

    private func going(_ plan: Plan) -> Set<BackupID> { Set(plan.condemned.map(\.backup.id)) }

    @Test("as much as is lacking goes, down to the lower bound and not below; what is lacking then is said")
    func amount() throws {
        let policy = History.policy(History.rules { $0.daily = .range(7, 14) })
        var days = History.dailies(20, last: "2026-11-23")
        for n in days.indices { days[n].allocated = 100 }
        #expect(going(try plan(days, policy)).count == 6, "without pressure the higher bound holds")
        for (bytes, more, open) in [(1, 1, -99), (100, 1, 0), (101, 2, -99), (300, 3, 0), (700, 7, 0)] {
            let found = try plan(days, policy, lack(Int64(bytes)))
            #expect(found.condemned.count == 6 + more, "\(bytes) bytes are lacking")
            #expect(found.lacking?.bytes == Int64(open))
        }
        let most = try plan(days, policy, lack(5000))
        #expect(most.condemned.count == 13 && most.lacking?.bytes == 4300)
        #expect(most.judged.prefix(7).allSatisfy { $0.decision.retain })
        let shed = try #require(most.condemned.first { $0.isForSpace })
        #expect(shed.decision.reasons.first?.text(id: \.text) == "for space: min-free 15% is not met")
        #expect(shed.decision.reasons.allSatisfy { !$0.keeps })
    }

    @Test("a size of the vault is met by its own backups, and a rule without a range gives nothing")
    func vaultSize() throws {
        let ranged = History.policy(History.rules { $0.daily = .range(2, 9) })
        var days = History.dailies(9, last: "2026-11-23")
        for n in days.indices { days[n].allocated = 10 }
        #expect(try plan(days, ranged, lack(0, vault: 25)).condemned.count == 3)
        let fixed = History.policy(History.rules { $0.daily = .first(9) })
        let stays = try plan(days, fixed, lack(500, vault: 25))
        #expect(stays.condemned.isEmpty && stays.lacking?.bytes == 500)
    }

    @Test("an incremental goes before what it needs, and what a kept one needs does not go")
    func chains() throws {
        let policy = History.policy(History.rules { $0.last = .range(1, 9) })
        var all = History.dailies(8, last: "2026-11-23")
        for n in all.indices {
            all[n].allocated = 10
            // Newest first: two chains of a full one and three incrementals.
            all[n].kind = n % 4 == 3 ? .full : .incremental
        }
        for bytes in stride(from: Int64(10), through: 80, by: 10) {
            let found = try plan(all, policy, lack(bytes))
            let gone = going(found)
            for n in all.indices.dropLast() where all[n].kind == .incremental && !gone.contains(all[n].id) {
                #expect(!gone.contains(all[n + 1].id), "\(bytes): one that stays needs it")
            }
            #expect(all.prefix(4).allSatisfy { !gone.contains($0.id) }, "the newest needs its whole chain")
            #expect(gone.count == min(4, Int(bytes / 10)))
        }
    }

    @Test("vaults of one file system stand in one row, and each gives its own share of it")
    func neighbours() throws {
        let policy = History.policy(History.rules { $0.daily = .range(2, 12) })
        let other = VaultID(text: "w")
        var (mine, theirs): ([Backup], [Backup]) = ([], [])
        for (n, backup) in History.dailies(12, last: "2026-11-23").enumerated() {
            var (a, b) = (backup, backup)
            (a.allocated, b.allocated) = (10, 10)
            b.vault = other
            b.id = BackupID(object: UInt64(100 + n))
            mine.append(a)
            theirs.append(b)
        }
        func row(_ backups: [Backup]) throws -> [Sheddable] {
            let judge = try #require(Judge(policy: policy, now: Self.now, protection: .init()))
            return judge.sheddable(judge.decideAll(backups))
        }
        let (a, b) = (try row(mine), try row(theirs))
        #expect(a.count == 10)
        for bytes in [Int64(10), 70, 200] {
            let own = try plan(mine, policy, lack(bytes, others: b))
            let their = try plan(theirs, policy, lack(bytes, others: a)) { $0.vault = other }
            #expect(own.condemned.count + their.condemned.count == Int(bytes / 10), "together just what is lacking")
            #expect(abs(own.condemned.count - their.condemned.count) <= 1, "the same days, the same worth")
        }
    }

    private struct Life {
        var backups: [Backup]
        var policy: VaultPolicy

        /// Days, hours and chains of many sizes under rules with ranges, of every semantics.
        init(_ generator: inout Seeded) {
            var rules = KeepRules()
            for rule in [KeepRule.last, .daily, .weekly, .monthly] where Bool.random(using: &generator) {
                let low = Int.random(in: 1...6, using: &generator)
                rules[rule] =
                    Bool.random(using: &generator)
                    ? .range(low, low + Int.random(in: 1...9, using: &generator)) : .first(low)
            }
            if rules.isEmpty { rules.daily = .range(2, 9) }
            policy = History.policy(rules)
            policy.semantics = Semantics([.reprieve, .restic, .borg, .proxmox].randomElement(using: &generator)!)
            var time = SheddingTests.now.wall
            backups = []
            for n in 0..<Int.random(in: 1...60, using: &generator) {
                time = time.adding(seconds: -Int64.random(in: 3600...200_000, using: &generator))
                var backup = History.backup(time, n: n)
                backup.allocated = Int64.random(in: 0...50, using: &generator)
                if Int.random(in: 0..<3, using: &generator) == 0 { backup.kind = .incremental }
                if Int.random(in: 0..<9, using: &generator) == 0 { backup.condition = .incomplete }
                backups.append(backup)
            }
        }
    }

    @Test("never critical or below the lower bound; more room condemns never more; the same whatever the order")
    func laws() throws {
        var generator = Seeded(seed: 20_261_124)
        var shed = 0
        for round in 0..<300 {
            let life = Life(&generator)
            let free = try plan(life.backups, life.policy)
            let most = going(try plan(life.backups, life.policy, lack(.max)))
            let low = try #require(Judge(policy: life.policy, now: Self.now, protection: .init(), space: .short))
            let must = low.decideAll(life.backups).filter { $0.decision.retain }.map(\.backup.id)
            #expect(most.isDisjoint(with: must), "round \(round): below the lower bound")
            var before = most
            for bytes in [Int64(400), 150, 60, 20, 1] {
                let found = try plan(life.backups, life.policy, lack(bytes))
                let gone = going(found)
                #expect(gone.isSubset(of: before), "round \(round): more room condemned more")
                #expect(going(free).isSubset(of: gone), "round \(round): pressure kept something")
                let forSpace = found.condemned.filter(\.isForSpace)
                #expect(forSpace.allSatisfy { $0.decision.priority != .critical }, "round \(round): a critical one")
                let size = forSpace.total { $0.backup.allocated }
                #expect(
                    size - (forSpace.map(\.backup.allocated).max() ?? 0) <= bytes, "round \(round): more than needed")
                let again = try plan(life.backups.shuffled(using: &generator), life.policy, lack(bytes))
                #expect(again.id == found.id, "round \(round): the order counted (invariant 12)")
                // Nothing that stays needs what goes (invariant 6).
                let staying = found.judged.map(\.backup.id).filter { !gone.contains($0) }
                #expect(
                    found.links?.closure(of: staying).isDisjoint(with: gone) ?? true,
                    "round \(round): one that stays needs it")
                before = gone
                shed += forSpace.count
            }
        }
        #expect(shed > 1000, "the rounds must be about something: \(shed)")
    }

    @Test("with another policy than the approved one, only what that gives for space too is not held")
    func held() throws {
        let approved = History.policy(History.rules { $0.daily = .range(10, 14) })
        let policy = History.policy(History.rules { $0.daily = .range(7, 14) })
        var days = History.dailies(14, last: "2026-11-23")
        for n in days.indices { days[n].allocated = 100 }
        let found = try plan(days, policy, lack(5000)) { input in
            input.approval = .onChange
            input.approved = .init(policyHash: approved.hash, policy: approved)
            input.runs = RunHistory(at: Timestamp(seconds: 0))
        }
        #expect(found.condemned.count == 7)
        #expect(found.released.count == 4, "the approved range ends at ten")
    }

    @Test("what only the room above a lower bound keeps is not wanted")
    func keptByPolicy() throws {
        let policy = History.policy(History.rules { $0.daily = .range(3, 6) })
        let days = History.dailies(6, last: "2026-11-23")
        let judge = try #require(Judge(policy: policy, now: Self.now, protection: .init()))
        let (here, trashed) = (Array(days.prefix(2)), Array(days.suffix(4)))
        let series = days[0].series
        #expect(judge.keptByPolicy(series: series, present: here, trashed: trashed) == [days[2].id])
    }
}
