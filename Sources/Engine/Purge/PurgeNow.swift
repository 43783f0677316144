internal import Audit
package import Config
internal import Hooks
package import Model
internal import Retention
internal import State
internal import Trash

/// A person's `purge --now`: waives grace and nothing else (invariant 5). Marks, freezes, unverified batches,
/// strangers, what is needed or wanted, and the last of a series stay, with the reason.
package struct PurgeNow: UseCase {
    let context: Context

    var freezeGuard: FreezeGuard { FreezeGuard(context: context) }
    var purger: Purger { Purger(context: context) }
    var reconciler: TrashReconciler { TrashReconciler(context: context) }
    var scanner: Scanner { Scanner(context: context) }
    var wholeScan: WholeScan { WholeScan(context: context) }

    /// What it would unlink of these, and why not the others; and what that gives back.
    package func plan(_ configuration: VaultConfiguration, _ chosen: [Backup]) throws(Fault) -> PurgeReport {
        let snapshot = try wholeScan.run(configuration, acting: false)
        var report = PurgeReport(vault: configuration)
        report.isByPerson = true
        let names = Set(chosen.map(TrashedName.init))
        let row = try mayGoNow(snapshot, &report) { names.contains(TrashedName($0)) }
        for name in names.subtracting(row.map { TrashedName($0.item.backup) }) {
            guard let backup = chosen.first(where: { TrashedName($0) == name }),
                report.frozen == nil,
                !(report.kept.map(\.backup) + report.keptByPolicy).map(TrashedName.init).contains(name)
            else { continue }
            report.kept.append((backup, "it is no longer in the trash"))
        }
        report.purged = row.map(\.item.backup)
        let trashed = snapshot.trashed.map(\.item.backup)
        if let links = try wholeScan.protection(of: snapshot).links(of: snapshot.present + trashed) {
            let worthless = Set(links.worthless(without: Set(report.purged.map(\.id))))
            report.worthless = trashed.filter { worthless.contains($0.id) }
        }
        var reclaim = reclaim(row)
        _ = reclaim.choose(bytes: .max, inodes: 0)
        report.freed = reclaim.given.bytes
        return report
    }

    /// The oldest backups in the trash of these vaults, until so many bytes come free: one report for each vault, and
    /// what all of them give at least. It is less than asked for where no more may go.
    package func plan(
        _ vaults: [VaultConfiguration], freeing bytes: Int64
    ) throws(Fault) -> (reports: [PurgeReport], freed: Int64) {
        var reports: [PurgeReport] = []
        var row: [Reclaim.Candidate] = []
        for (n, vault) in vaults.enumerated() {
            let snapshot = try wholeScan.run(vault, acting: false)
            var report = PurgeReport(vault: vault)
            report.isByPerson = true
            let trashed = snapshot.trashed.map(\.item.backup)
            let links = try wholeScan.protection(of: snapshot).links(of: snapshot.present + trashed)
            let times = Dictionary((snapshot.present + trashed).map { ($0.id, $0.time) }) { first, _ in first }
            row += try mayGoNow(snapshot, &report) { _ in true }.map { one in
                var one = one
                (one.vault, one.chain) = (n, links.flatMap { times[$0.root(of: one.item.backup.id)] })
                return one
            }
            reports.append(report)
        }
        var reclaim = reclaim(row, by: { $0.isOlder($1) })
        let chosen = reclaim.choose(bytes: bytes, inodes: 0)
        for n in reports.indices {
            reports[n].purged = chosen.filter { $0.vault == n }.map(\.item.backup)
            reports[n].freed = reclaim.given { $0.vault == n }.bytes
        }
        return (reports, reclaim.given.bytes)
    }

    /// Unlinks these, as they were shown; what changed since stays.
    package func run(_ configuration: VaultConfiguration, _ chosen: [Backup]) throws(Fault) -> PurgeReport {
        let snapshot = try wholeScan.run(configuration, acting: true)
        var report = PurgeReport(vault: configuration)
        report.isByPerson = true
        let names = Set(chosen.map(TrashedName.init))
        let row = try mayGoNow(snapshot, &report) { names.contains(TrashedName($0)) }
        guard !row.isEmpty, let trash = try snapshot.vault.trash() else { return report }
        report.veto = try vetoGate.ask(
            .beforePurge, in: (snapshot.vault.label, snapshot.vault.id), about: row.map(\.item.backup),
            why: PurgeTerms.now.reason)
        guard report.veto == nil else { return report }
        var reclaim = reclaim(row)
        _ = reclaim.choose(bytes: .max, inodes: 0)
        let freed = reclaim.given.bytes
        var decision = try purger.purgeDecision(snapshot)
        decision.mistaken = try scanner.mistaken(snapshot, in: Set(row.map(\.item.backup.series)))
        for (_, items) in Dictionary(grouping: row, by: \.batch.name).sorted(by: { $0.key < $1.key }) {
            guard report.frozen == nil, let batch = items.first?.batch else { break }
            try purger.take(
                items.map(\.item), batch, snapshot: snapshot, decision: decision, trash: trash, terms: .now,
                report: &report)
        }
        if report.purged.count == row.count { report.freed = freed }
        return report
    }

    private func mayGoNow(
        _ snapshot: Snapshot, _ report: inout PurgeReport, _ isChosen: (Backup) -> Bool
    ) throws(Fault) -> [Reclaim.Candidate] {
        let vault = snapshot.vault
        report.frozen = try freezeGuard.frozen(vault, snapshot.marks, at: snapshot.at.wall)
        guard report.frozen == nil else { return [] }
        let decision = try purger.purgeDecision(snapshot)
        let facts = LazyFacts { () throws(Fault) in try state.audit.facts(of: vault.id) }
        var row: [Reclaim.Candidate] = []
        for batch in snapshot.batches
        where batch.manifest != nil && batch.items.contains(where: { isChosen($0.backup) }) {
            let isVerified = try reconciler.isVerified(batch, vault, facts)
            let due = try purger.due(
                in: batch, snapshot, decision, isVerified: isVerified, terms: .now, report: &report)
            row += due.filter { isChosen($0.backup) }.map { Reclaim.Candidate(vault: 0, batch: batch, item: $0) }
        }
        report.kept.removeAll { !isChosen($0.backup) }
        report.keptByPolicy.removeAll { !isChosen($0) }
        return row
    }

    private func reclaim(
        _ row: [Reclaim.Candidate],
        by isBefore: (Reclaim.Candidate, Reclaim.Candidate) -> Bool = { $0.isBefore($1) }
    ) -> Reclaim {
        let end = now().boot + Reclaim.mostNanoseconds
        return Reclaim(row, by: isBefore) { now().boot > end }
    }

    /// A person's `purge --now`, both halves (see ``run(_:_:)``).
    package func carryOut(_ configuration: VaultConfiguration, _ chosen: [Backup]) throws(Fault) -> PurgeReport {
        try purger.unlinked(try run(configuration, chosen))
    }
}

/// One thing in the trash.
private struct TrashedName: Hashable {
    var batch: String?
    var id: BackupID
    var path: Bytes

    init(_ backup: Backup) { (batch, id, path) = (backup.trashed?.batch, backup.id, backup.path) }
}
