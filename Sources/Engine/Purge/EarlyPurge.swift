internal import Audit
internal import Catalog
package import Config
internal import Disk
internal import Hooks
package import Model
internal import Retention
internal import State
internal import Trash

/// What was purged early on a file system, by vault, and what is lacking all the same.
package struct EarlyPurgeReport: Sendable {
    package var reports: [PurgeReport] = []
    /// In how many seconds more may go: something in the trash passes its `min-grace` then. `nil`: nothing is lacking,
    /// or nothing more will come.
    package var retrySeconds: Int64?
    /// Another process is at it.
    package var isElsewhere = false
    /// The vaults that were scanned: nobody needs to scan again at once for another one of them.
    package var vaults: [OpenVault] = []
    /// Those in which the scan found a backup complete.
    package var completed: Set<Bytes> = []

    package init() {}
}

package struct EarlyPurge: UseCase {
    let context: Context

    var freezeGuard: FreezeGuard { FreezeGuard(context: context) }
    var pressureGauge: PressureGauge { PressureGauge(context: context) }
    var purger: Purger { Purger(context: context) }
    var reconciler: TrashReconciler { TrashReconciler(context: context) }
    var scanner: Scanner { Scanner(context: context) }
    var wholeScan: WholeScan { WholeScan(context: context) }

    /// Looks whether the limits of a vault's file system, shared by all vaults on it, and their `max-size` are met; if
    /// not, takes out of the trash what is past its `min-grace`, the oldest of all these vaults first, as much as is
    /// lacking. Each by the decision of any purge (invariant 5). What cannot be met is reported, never forced.
    ///
    /// `only`: only vaults at these paths give, though all stand in the row. The second half of each report
    /// (``unlink(_:shouldStop:)``) is left to the caller.
    package func run(
        _ configuration: VaultConfiguration, only: Set<Bytes>? = nil, acting: Bool = true, lockSeconds: Double? = nil,
        shouldStop: @escaping () -> Bool = { false }
    ) throws(Fault) -> EarlyPurgeReport {
        guard let system = pressureGauge.fileSystem(of: configuration) else { return EarlyPurgeReport() }
        let neighbours = try pressureGauge.neighbours(of: configuration, on: system.id)
        guard try isPressed(system, neighbours) else {
            if acting { _ = try state.space.record(system.id, unmet: nil, at: now().wall) }
            return EarlyPurgeReport()
        }
        var lock: FileLock?
        if acting {
            do {
                lock = try state.space.lock(
                    system.id, holder: holder, waitSeconds: lockSeconds ?? waitSeconds)
            } catch {
                guard error.code == .locked else { throw error }
                var outcome = EarlyPurgeReport()
                outcome.isElsewhere = true
                return outcome
            }
        }
        defer { withExtendedLifetime(lock) {} }
        // Who held the lock before may have made the room.
        guard let system = pressureGauge.fileSystem(of: configuration), try isPressed(system, neighbours) else {
            return EarlyPurgeReport()
        }
        var round = EarlyPurgeRound(
            system: system, shortfall: SpaceShortfall(system, under: neighbours.map(\.settings.limits)))
        for (n, neighbour) in neighbours.enumerated() {
            do {
                let snapshot = try wholeScan.run(neighbour, acting: acting, shouldStop: shouldStop)
                guard try FileSystem(of: snapshot.vault.root).id == system.id else { continue }
                try look(snapshot, number: n, &round)
            } catch {
                guard neighbour.path == configuration.path else { continue }  // its own run says why
                throw error
            }
        }
        // After the looks: what another process renamed since is in the row, and drops out under the vault's lock.
        guard let (fresh, expected) = try pressureGauge.expecting(configuration, neighbours) else {
            return EarlyPurgeReport()
        }
        round.shortfall = SpaceShortfall(fresh, under: neighbours.map(\.settings.limits))
        round.expected = expected
        try choose(&round, shouldStop)
        for entry in round.entries.values.sorted(by: { $0.number < $1.number }) {
            guard only?.contains(entry.snapshot.vault.configuration.path) ?? true else { continue }
            take(entry, &round, acting: acting)
        }
        // What others could give is no shortfall of theirs.
        let isWhole = only.map { only in neighbours.allSatisfy { only.contains($0.path) } } ?? true
        return conclude(round, asked: configuration, notes: acting && isWhole)
    }

    private func isPressed(_ system: FileSystem, _ vaults: [VaultConfiguration]) throws(Fault) -> Bool {
        if !SpaceShortfall(system, under: vaults.map(\.settings.limits)).isEmpty { return true }
        for vault in vaults where try pressureGauge.oversize(vault, withTrash: true) > 0 { return true }
        return false
    }

    /// What of a vault's trash may go early.
    private func look(_ snapshot: Snapshot, number: Int, _ round: inout EarlyPurgeRound) throws(Fault) {
        let vault = snapshot.vault
        var entry = EarlyPurgeRound.Entry(
            number: number, snapshot: snapshot, decision: try purger.purgeDecision(snapshot))
        if let most = vault.configuration.settings.limits.maxSize.value {
            let here = (snapshot.present + snapshot.unseen).total { $0.allocated }
            entry.over = max(0, here.adding(snapshot.trashed.total { $0.item.backup.allocated }) - most)
        }
        defer { round.entries[number] = entry }
        guard try freezeGuard.frozen(vault, snapshot.marks, at: snapshot.at.wall) == nil else { return }
        let terms = PurgeTerms.early("")
        let facts = LazyFacts { () throws(Fault) in try state.audit.facts(of: vault.id) }
        let minGrace = vault.configuration.settings.minGrace.value.fixedSeconds
        for batch in snapshot.batches where batch.manifest != nil {
            // Why others stay was said by the purge before.
            var unsaid = PurgeReport(vault: vault.configuration)
            let isVerified = try reconciler.isVerified(batch, vault, facts)
            let due = try purger.due(
                in: batch, snapshot, entry.decision, isVerified: isVerified, terms: terms, report: &unsaid)
            round.row += due.map { Reclaim.Candidate(vault: number, batch: batch, item: $0) }
            if unsaid.notDue > 0, let manifest = batch.manifest {
                let left = minGrace.subtracting(snapshot.at.wall.seconds(since: manifest.condemnedAt.wall))
                // Not witnessed long enough: nobody knows when it will be. In no case again and again.
                round.record(retry: max(left > 0 ? left + 1 : 60, min(60, minGrace)))
            }
        }
    }

    private func choose(_ round: inout EarlyPurgeRound, _ shouldStop: @escaping () -> Bool) throws(Fault) {
        let end = now().boot + Reclaim.mostNanoseconds
        var reclaim = Reclaim(round.row) { shouldStop() || now().boot > end }
        round.chosen = reclaim.choose(
            bytes: max(0, round.shortfall.bytes.subtracting(round.expected)), inodes: round.shortfall.inodes)
        for entry in round.entries.values.sorted(by: { $0.number < $1.number }) where entry.over > 0 {
            round.chosen += reclaim.choose(of: entry.number, allocated: entry.over)
        }
        for number in round.entries.keys {
            round.entries[number]?.given = reclaim.given { $0.vault == number }
        }
    }

    private func take(_ entry: EarlyPurgeRound.Entry, _ round: inout EarlyPurgeRound, acting: Bool) {
        let mine = round.chosen.filter { $0.vault == entry.number }
        guard !mine.isEmpty else { return }
        let vault = entry.snapshot.vault
        let why = round.why(entry)
        var report = PurgeReport(vault: vault.configuration)
        report.earlyBecause = why
        do throws(Fault) {
            if acting, let trash = try vault.trash() {
                report.veto = try vetoGate.ask(
                    .beforePurge, in: (vault.label, vault.id), about: mine.map(\.item.backup), why: why)
                var decision = entry.decision
                decision.mistaken = try scanner.mistaken(entry.snapshot, in: Set(mine.map(\.item.backup.series)))
                for (_, items) in Dictionary(grouping: mine, by: \.batch.name).sorted(by: { $0.key < $1.key }) {
                    guard let batch = items.first?.batch, report.frozen == nil, report.veto == nil else { continue }
                    try purger.take(
                        items.map(\.item), batch, snapshot: entry.snapshot, decision: decision, trash: trash,
                        terms: .early(why), report: &report)
                }
            } else {
                report.purged = mine.map(\.item.backup)
            }
        } catch {
            report.faults.append(error)  // what was taken is taken, and the others go on
        }
        report.early = Set(report.purged.map(\.id))
        if report.purged.count == mine.count {
            report.freed = entry.given.bytes
            round.given.bytes = round.given.bytes.adding(entry.given.bytes)
            round.given.inodes = round.given.inodes.adding(entry.given.inodes)
        }
        round.entries[entry.number]?.taken = report.purged.total { $0.allocated }
        round.reports.append(report)
    }

    /// What is lacking all the same is reported: here, in `status`, and in the audit log once, and weekly.
    private func conclude(_ round: EarlyPurgeRound, asked: VaultConfiguration, notes: Bool) -> EarlyPurgeReport {
        var outcome = EarlyPurgeReport()
        outcome.reports = round.reports
        let snapshots = round.entries.values.map(\.snapshot)
        outcome.vaults = snapshots.map(\.vault)
        outcome.completed = Set(
            snapshots.filter { $0.changes.newlyComplete > 0 }.map(\.vault.configuration.path))
        // What is about to come may not come whole.
        if round.expected > 0, round.shortfall.bytes > 0 { outcome.retrySeconds = 150 }
        let unmet = round.unmet
        if notes {
            do throws(Fault) {
                try record(unmet, round, asked)
            } catch {
                if outcome.reports.isEmpty { outcome.reports.append(PurgeReport(vault: asked)) }
                outcome.reports[0].faults.append(error)
            }
        }
        guard !unmet.isEmpty else { return outcome }
        if let retry = round.retry { outcome.retrySeconds = min(outcome.retrySeconds ?? retry, retry) }
        if !outcome.reports.contains(where: { $0.vault.path == asked.path }) {
            outcome.reports.append(PurgeReport(vault: asked))
        }
        for n in outcome.reports.indices where outcome.reports[n].vault.path == asked.path {
            outcome.reports[n].unmet = unmet.map(\.text)
            outcome.reports[n].unmetBytes = round.unmetBytes
        }
        return outcome
    }

    private func record(
        _ unmet: [(limit: String, text: String)], _ round: EarlyPurgeRound, _ asked: VaultConfiguration
    ) throws(Fault) {
        // The limits name the episode, not the figures, which are others each time.
        let cause = unmet.isEmpty ? nil : unmet.map(\.limit).joined(separator: ", ")
        if let episode = try state.space.record(round.system.id, unmet: cause, at: now().wall) {
            try state.audit.append(
                [
                    .init(
                        .spaceShort(since: episode.since, isReminder: episode.since != episode.saidAt),
                        vault: asked.label, vaultID: try state.registry.lastKnown(asked.path),
                        path: asked.path, reason: unmet.map(\.text).joined(separator: "; "))
                ], at: now())
        }
    }

    /// Purges early, where limits ask for it, in the file systems of these vaults, each once; only these vaults give.
    /// Answers what is to be added to each vault's report.
    package func run(
        _ vaults: [VaultConfiguration], acting: Bool = true, shouldStop: @escaping () -> Bool = { false }
    ) throws(Fault) -> [PurgeReport] {
        var seen: Set<String> = []
        var reports: [PurgeReport] = []
        for vault in vaults {
            guard let system = pressureGauge.fileSystem(of: vault), seen.insert(system.id).inserted else { continue }
            let outcome = try run(
                vault, only: Set(vaults.map(\.path)), acting: acting, shouldStop: shouldStop)
            for report in outcome.reports {
                reports.append(acting ? try purger.unlinked(report, shouldStop: shouldStop) : report)
            }
        }
        return reports
    }
}

/// One look at a file system that lacks room.
private struct EarlyPurgeRound {
    var system: FileSystem
    var shortfall: SpaceShortfall
    /// Bytes that are about to come.
    var expected: Int64 = 0
    var entries: [Int: Entry] = [:]
    var row: [Reclaim.Candidate] = []
    var chosen: [Reclaim.Candidate] = []
    var given: (bytes: Int64, inodes: Int64) = (0, 0)
    var reports: [PurgeReport] = []
    var retry: Int64?

    struct Entry {
        var number: Int
        var snapshot: Snapshot
        var decision: PurgeDecision
        /// Over its `max-size`, trash and all.
        var over: Int64 = 0
        var given: (bytes: Int64, inodes: Int64) = (0, 0)
        var taken: Int64 = 0

        var maxSize: String { snapshot.vault.configuration.settings.limits.maxSizeText }
        var label: String { snapshot.vault.label }
    }

    mutating func record(retry seconds: Int64) { retry = min(retry ?? seconds, seconds) }

    /// For the audit log.
    func why(_ entry: Entry) -> String {
        let over = entry.over > 0 ? ["\(ByteSize.rounded(entry.over)) over max-size \(entry.maxSize)"] : []
        return (shortfall.texts + over).joined(separator: ", ")
    }

    /// Under `min-free`, after all that may go has gone.
    private var shortBytes: Int64 { shortfall.bytes.subtracting(expected).subtracting(given.bytes) }

    /// The most that any limit still asks for.
    var unmetBytes: Int64 {
        entries.values.reduce(max(0, shortBytes)) { max($0, $1.over.subtracting($1.taken)) }
    }

    /// The limits that stay unmet, and a sentence for each.
    var unmet: [(limit: String, text: String)] {
        var unmet: [(String, String)] = []
        let bytes = shortBytes
        for (limit, text) in zip(shortfall.limits, shortfall.texts) {
            if limit.hasPrefix("min-free-inodes") {
                let inodes = shortfall.inodes.subtracting(given.inodes)
                if inodes > 0 { unmet.append((limit, "\(text): \(inodes) more than the trash gives now")) }
            } else if bytes > 0 {
                unmet.append((limit, "\(text): \(ByteSize.rounded(bytes)) more than the trash gives now"))
            }
        }
        for entry in entries.values.sorted(by: { $0.number < $1.number }) where entry.over > entry.taken {
            let over = ByteSize.rounded(entry.over.subtracting(entry.taken))
            unmet.append(
                (
                    "max-size \(entry.maxSize) of \(entry.label)",
                    "'\(entry.label)' is over its max-size \(entry.maxSize): \(over) more than its trash gives now"
                ))
        }
        return unmet
    }
}
