import Disk
import Foundation
import Model
import Recognition
import Retention
import Support
import Testing

/// What holds in every vault, whatever tools write in it.
@Suite("laws of mixed vaults", .timeLimit(.minutes(10)))
struct MixedVaultPropertyTests {
    static let vaults = isLongForm ? 20_000 : 2_000
    static let onDisk = isLongForm ? 400 : 40
    private static let parts = 8
    /// Printed, so that a failure can be run again: set REPRIEVE_SEED. Each vault has a seed of its own, counted from
    /// it.
    static let seed: UInt64 = {
        let seed =
            ProcessInfo.processInfo.environment["REPRIEVE_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...999_999)
        print("laws of mixed vaults: REPRIEVE_SEED=\(seed), \(vaults) vaults in memory, \(onDisk) on the disk")
        return seed
    }()

    private static let today = Date(timeIntervalSince1970: 1_795_478_400)  // 24 November 2026

    private static func stamp(_ format: String, _ day: Int) -> String {
        LayoutVault.name(format, today.addingTimeInterval(Double(1 - 24 * day) * 3600))
    }

    private static func plan(_ backups: [Backup], _ rules: KeepRules) -> Plan {
        let policy = VaultPolicy(
            timezone: "UTC", keep: rules, series: [], minAge: Span(seconds: 0), minObservedAge: Span(seconds: 0))
        let now = Moment(wall: Timestamp(seconds: Int64(today.timeIntervalSince1970)), boot: 0, bootID: "b")
        return Plan.make(Plan.Input(vault: VaultID(text: "v"), backups: backups, policy: policy, now: now))!
    }

    // MARK: The laws

    private static func going(_ plan: Plan) -> Set<String> {
        Set(plan.withSharedFiles(plan.condemned).flatMap { $0.backup.members.map(\.path.display) })
    }

    /// What a plan does that it must not.
    private static func wrongs(_ plan: Plan, _ vault: MixedVault) -> [String] {
        var wrongs: [String] = []
        let goes = going(plan)
        var byPath: [String: Plan.Judged] = [:]
        for judged in plan.judged { for member in judged.backup.members { byPath[member.path.display] = judged } }
        let made = Dictionary(uniqueKeysWithValues: vault.made.map { ($0.main, $0) })

        for one in vault.made {
            if !goes.isDisjoint(with: one.files), !goes.isSuperset(of: one.files) {
                wrongs.append("'\(one.main)' is left in pieces")
            }
            guard let judged = byPath[one.main], judged.decision.retain, !judged.decision.isSetAside else { continue }
            var (waiting, seen): ([String], Set<String>) = (one.needs, [])
            while let need = waiting.popLast() {
                guard seen.insert(need).inserted else { continue }
                guard let base = made[need], let found = byPath[need] else {
                    wrongs.append("'\(one.main)' counts, and '\(need)', which it needs, is not there")
                    continue
                }
                if !base.isWhole { wrongs.append("'\(one.main)' counts, and '\(need)', which it needs, is not whole") }
                if !found.decision.retain { wrongs.append("'\(one.main)' stays without '\(need)', which it needs") }
                waiting += base.needs
            }
        }
        for path in goes where vault.untouchable.contains(where: { Bytes(path).isWithin(Bytes($0)) }) {
            wrongs.append("'\(path)' goes, and is nobody's to take")
        }
        for log in vault.logs where goes.contains(log.file) != log.owners.allSatisfy({ goes.contains($0) }) {
            wrongs.append("'\(log.file)' does not go with the last of its backups")
        }
        return wrongs
    }

    private static let unrelated = [
        "README", "notes.txt", "unrelated-2026-11-20.iso", ".hidden", "lonely.sha256", "lonely.log", "Untitled 1",
        "other_20261119T010000.backup", "x.part",
    ]

    /// One vault, by its seed. Of the laws that read a second time each vault is asked one.
    private static func check(_ seed: UInt64) -> (wrongs: [String], made: Int, read: Int) {
        var vault = MixedVault(seed: seed, stamp: stamp)
        let rules = vault.rules()
        let files = vault.files.mapValues(\.text)
        let (backups, listed) = MemoryVault(files).read { $0.sorted { $0.name < $1.name } }
        let plan = plan(backups, rules)
        var wrongs = wrongs(plan, vault)
        let goes = going(plan)
        switch seed % 3 {
        case 0:
            var generator = Seeded(seed: seed)
            let again = MemoryVault(files).read { $0.shuffled(using: &generator) }.backups
            if Set(again) != Set(backups) { wrongs.append("another order of the listing is read otherwise") }
            if going(Self.plan(again.shuffled(using: &generator), rules)) != goes {
                wrongs.append("another order is decided otherwise")
            }
        case 1:
            let name = unrelated[vault.random(0...(unrelated.count - 1))]
            let place = listed[vault.random(0...(listed.count - 1))].appending(Bytes(name))
            var more = files
            more[place.display] = "x"
            let others = MemoryVault(more).read().backups.filter { $0.path != place }
            if Set(others) != Set(backups) { wrongs.append("with '\(place.display)' others are read otherwise") }
        default:
            let left = files.filter { path, _ in
                !goes.contains(path) && !goes.contains { Bytes(path).isWithin(Bytes($0)) }
            }
            let twice = going(Self.plan(MemoryVault(left).read().backups, rules))
            if !twice.isEmpty { wrongs.append("decided a second time \(twice.sorted()) go as well") }
        }
        let paths = Set(backups.flatMap { $0.members.map(\.path.display) })
        return (wrongs, vault.made.count, vault.made.count { paths.contains($0.main) })
    }

    @Test(
        "chains and sets stay whole, stores are not touched; order, what lies beside, and a second time change nothing",
        arguments: 0..<parts)
    func inMemory(part: Int) {
        var (made, read) = (0, 0)
        for n in stride(from: part, to: Self.vaults, by: Self.parts) {
            let seed = Self.seed + UInt64(n)
            let found = Self.check(seed)
            (made, read) = (made + found.made, read + found.read)
            for wrong in found.wrongs.prefix(3) { Issue.record("vault \(seed): \(wrong)") }
        }
        // Else there is nothing that the laws could be broken by.
        #expect(read * 100 >= made * 98, "\(read) of \(made) are read as backups")
    }

    @Test("the same on the disk: chains and sets stay whole, stores are not touched", arguments: 0..<4)
    func onTheDisk(part: Int) throws {
        for n in stride(from: part, to: Self.onDisk, by: 4) {
            let seed = Self.seed + UInt64(n)
            let disk = try LayoutVault()
            var vault = MixedVault(seed: seed) { disk.name($0, daysAgo: $1) }
            let rules = vault.rules()
            for (path, file) in vault.files { try disk.put(path, daysAgo: file.day, file.text) }
            let outcome = try disk.judge { $0 = rules }
            for wrong in Self.wrongs(outcome.plan, vault).prefix(3) { Issue.record("vault \(seed): \(wrong)") }
            if !outcome.orphans.isEmpty {
                Issue.record("vault \(seed): \(outcome.orphans) stay without what they need")
            }
        }
    }
}
