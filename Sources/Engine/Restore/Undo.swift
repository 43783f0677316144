internal import Audit
internal import Catalog
package import Config
package import Model
internal import Retention
internal import State
internal import Trash

/// A run, as the manifests of its batches tell it: the disk alone knows what it took away.
package struct Run: Sendable {
    package var number: Int
    /// The state directory that counted it: two hosts may both have a run 81 on one disk.
    package var state: String
    /// When its first batch was made.
    package var at: Timestamp
    package var parts: [Part] = []

    /// What it did in one vault.
    package struct Part: Sendable {
        package var vault: VaultConfiguration
        package var batches: [String]
        /// Still in the trash, and bytes.
        package var waiting = 0
        package var size: Int64 = 0
        /// The batches as they were a moment ago, so that their manifests need not be taken apart again.
        var seen: [Batch] = []

        init(vault: VaultConfiguration) {
            self.vault = vault
            batches = []
        }

        /// The same batches, and another part's.
        package mutating func add(_ other: Part) {
            batches += other.batches
            waiting += other.waiting
            size = size.adding(other.size)
            seen += other.seen
        }
    }

    package var waiting: Int { parts.reduce(0) { $0 + $1.waiting } }
}

/// What an undo did, or would do, in one vault.
package struct UndoReport: Sendable {
    package var vault: VaultConfiguration
    /// Back in their places (dry run: would be), and where those are in the vault.
    package var restored: [Backup] = []
    /// Still in the trash: the name is taken, and the like.
    package var failed: [(backup: Backup, fault: Fault)] = []
    /// Purged or missing.
    package var gone: [PurgedBackup] = []
    /// Brought back before.
    package var before: [Backup] = []
    package var reprievedUntil: Timestamp?
    /// The freeze, where it was written.
    package var frozen: Mark?
    /// Series of which the undone command had said that they have ended.
    package var unretired: [Bytes] = []
    package var warnings: [Fault] = []

    package var hasFaults: Bool { !failed.isEmpty || !gone.isEmpty || !warnings.isEmpty }
}

/// Batches of vaults as they were a moment ago, so that they need not be looked at again to choose among them.
package struct SeenBatches: Sendable {
    var byVault: [Bytes: [Batch]] = [:]

    package init() {}
}

package struct Undo: UseCase {
    let context: Context

    var access: VaultAccess { VaultAccess(context: context) }
    var auditTrail: AuditTrail { AuditTrail(context: context) }
    var markEditor: MarkEditor { MarkEditor(context: context) }
    var restorer: Restorer { Restorer(context: context) }

    /// All runs that have batches in these vaults, newest first, and the vaults that could not be looked at.
    package func runs(
        in vaults: [VaultConfiguration], seen: SeenBatches = SeenBatches()
    ) -> (runs: [Run], faults: [Fault]) {
        struct Key: Hashable {
            var number: Int
            var state: String
        }
        var runs: [Key: Run] = [:]
        var faults: [Fault] = []
        for configuration in vaults {
            do {
                var batches = seen.byVault[configuration.path]
                if batches == nil { batches = try access.open(configuration).trash()?.batches() }
                for batch in batches ?? [] {
                    guard let manifest = batch.manifest else { continue }
                    let key = Key(number: manifest.run, state: manifest.condemnedAt.witness)
                    var run = runs[key] ?? Run(number: key.number, state: key.state, at: manifest.condemnedAt.wall)
                    run.at = min(run.at, manifest.condemnedAt.wall)
                    let n = run.parts.firstIndex { $0.vault.path == configuration.path } ?? run.parts.count
                    if n == run.parts.count { run.parts.append(.init(vault: configuration)) }
                    let waiting = batch.items.filter { !$0.inBatch.isEmpty }
                    run.parts[n].batches.append(batch.name)
                    run.parts[n].seen.append(batch)
                    run.parts[n].waiting += waiting.count
                    run.parts[n].size = run.parts[n].size.adding(waiting.total { $0.backup.size })
                    runs[key] = run
                }
            } catch {
                faults.append(error)
            }
        }
        return (runs.values.sorted { ($0.at, $0.number) > ($1.at, $1.number) }, faults)
    }

    /// Why a run cannot be undone whose batches are all gone.
    package func noRun(_ number: Int, _ vaults: [VaultConfiguration]) -> Fault {
        var condemned = 0
        do {
            try state.audit.forEach { line in
                if line.run == number, line.event == AuditEvent.condemned.rawValue { condemned += 1 }
            }
        } catch {
            // Then only the trash is known.
        }
        guard condemned > 0 else {
            return Fault(
                .notFound, "there is no run \(number) in the trash of \(vaults.map(\.label).joined(separator: ", "))",
                hint: "`reprieve list --trash` shows what is in the trash, `reprieve audit tail` what each run did")
        }
        return Fault(
            .notFound,
            "of the \(Backup.counted(condemned)) of run \(number) none is in the trash any more",
            hint: "`reprieve list --purged` shows what was deleted for good")
    }

    /// Puts back what these batches hold and freezes the vault: `isDry` only says what would come back.
    ///
    ///     lock │ freeze and reprieved marks │ audit intent │ renames, the newest batch first │ sync │ catalog, outcome
    ///
    /// The freeze is written before the first rename, so that nothing is condemned again in between. A mark or a record
    /// that cannot be written stops nothing. If we stop within the renames, each backup is where it was or back.
    package func run(
        _ part: Run.Part, reason: String, trustManifest: Bool = false
    ) throws(Fault) -> UndoReport {
        var report = UndoReport(vault: part.vault)
        let vault = try access.open(part.vault)
        guard let trash = try vault.trash() else { return report }
        try access.requireWritable(vault)
        let lock = try trash.lock(holder: holder, waitSeconds: waitSeconds)
        defer { withExtendedLifetime(lock) {} }
        let going = try undoable(part, vault, trash: trash, trustManifest: trustManifest, report: &report)
        guard !going.isEmpty else { return report }
        let until = markEditor.reprieveEnd(part.vault)
        report.reprievedUntil = until
        let at = now()
        let policies = Set(going.compactMap { $0.batch.manifest?.policy.hash } + [vault.policy.hash]).sorted()
        let isMarked = attempt(&report.warnings) { () throws(Fault) in
            (report.frozen, report.unretired) = try freezeUndone(
                going, policies, reason: reason, until: until, vault: vault, trash: trash, at: at)
        }
        attempt(&report.warnings) { () throws(Fault) in
            var records = going.map { Restorer.record(.restoreIntent, vault, $0.item.backup) }
            if isMarked {
                records.insert(FreezeGuard.frozenRecord(.undone, vault, reason), at: 0)
                records += report.unretired.map {
                    vault.record(.released, series: $0, reason: reason)
                }
            }
            try state.audit.append(records, at: at)
        }
        var restoring = Restoring(trash: trash)
        var places: Set<Bytes> = []
        for (batch, item) in going {
            do {
                for path in try restoring.putBack(item, from: batch) { places.insert(path.parent) }
                report.restored.append(item.backup)
            } catch {
                report.failed.append((item.backup, error))
            }
        }
        attempt(&report.warnings) { () throws(Fault) in try restoring.sync() }
        restorer.recordOutcome(
            report.restored, report.restored.map { _ in nil }, places: places, vault: vault, isMarked: isMarked,
            warnings: &report.warnings)
        return report
    }

    /// The same without the deed.
    package func plan(_ part: Run.Part, trustManifest: Bool = false) throws(Fault) -> UndoReport {
        var report = UndoReport(vault: part.vault)
        let vault = try access.open(part.vault)
        guard let trash = try vault.trash() else { return report }
        report.restored = try undoable(part, vault, trash: trash, trustManifest: trustManifest, report: &report).map(
            \.item.backup)
        return report
    }

    /// What can be put back: of batches the newest first, in each by series and time, a full one before what needs it.
    /// A series lies together, so that each directory is synced once. What cannot is said in the report.
    private func undoable(
        _ part: Run.Part, _ vault: OpenVault, trash: TrashDirectory, trustManifest: Bool, report: inout UndoReport
    ) throws(Fault) -> [(batch: Batch, item: Batch.Item)] {
        var restoring = Restoring(trash: trash)
        var going: [(batch: Batch, item: Batch.Item)] = []
        var gone: [Backup] = []
        // The newest has the older right to a name.
        var taken: Set<Bytes> = []
        for name in part.batches.sorted(by: >) {
            let seen = part.seen.first { $0.name == name }
            guard let batch = try trash.batch(named: name, knowing: seen) else { continue }
            let items = batch.items.sorted {
                ($0.backup.series, $0.backup.time, $0.backup.kind == .full ? 0 : 1, $0.backup.path)
                    < ($1.backup.series, $1.backup.time, $1.backup.kind == .full ? 0 : 1, $1.backup.path)
            }
            var refusal: Fault?
            if !trustManifest {
                do throws(Fault) { try restorer.refuseAltered(batch, vault) } catch { refusal = error }
            }
            for item in items {
                guard !item.inBatch.isEmpty else {
                    if item.atOrigin.isEmpty { gone.append(item.backup) } else { report.before.append(item.backup) }
                    continue
                }
                do throws(Fault) {
                    if let refusal { throw refusal }
                    try restoring.prepare(item)
                    guard taken.isDisjoint(with: item.inBatch.map(\.path)) else { throw Self.taken(item.backup) }
                    taken.formUnion(item.inBatch.map(\.path))
                    going.append((batch, item))
                } catch {
                    report.failed.append((item.backup, error))
                }
            }
        }
        try account(gone, part, vault: vault, report: &report)
        return going
    }

    /// What is in none of its places: purged or missing by what catalog and log know, or brought back elsewhere.
    private func account(
        _ gone: [Backup], _ part: Run.Part, vault: OpenVault, report: inout UndoReport
    ) throws(Fault) {
        let marks = try? state.marks.read(vault.id, trash: try vault.trash())
        let isBack = { (backup: Backup) in
            marks?.newest(.reprieved, backup.id.objectText)
                .map { $0.at >= (backup.trashed?.condemnedAt ?? $0.at) } ?? false
        }
        report.before += gone.filter(isBack)
        var lost = gone.filter { !isBack($0) }
        // A batch of which nothing is left has no directory any more: the catalog may know its rows.
        let rows = (try? state.catalog.trashed(vault: vault.id, states: [.purged, .missing])) ?? []
        let states = Dictionary(rows.map { (TrashReconciler.Gone.key($0), $0.state) }) { first, _ in first }
        for n in lost.indices { lost[n].state = states[TrashReconciler.Gone.key(lost[n])] ?? .missing }
        report.gone = auditTrail.purgedBefore(lost)
    }

    private static func taken(_ backup: Backup) -> Fault {
        Fault(
            .failed, "could not restore '\(backup.path.display)': the name is taken by one that was condemned later",
            hint: "restore it under another name: reprieve restore \(backup.id.text) --as NAME", path: backup.path)
    }

    /// Writes the vault's freeze and the reprieve of each, in one file: one mark for what went with one run. Answers
    /// the freeze, and the series that are no longer retired.
    private func freezeUndone(
        _ going: [(batch: Batch, item: Batch.Item)], _ policies: [String], reason: String, until: Timestamp,
        vault: OpenVault, trash: TrashDirectory, at: Moment
    ) throws(Fault) -> (Mark, unretired: [Bytes]) {
        var marks = try state.marks.read(vault.id, trash: trash)
        var freeze = Mark.freeze(.undone, reason: reason, actor: state.actorName, at: at.wall)
        // The policy that took them away, and the one that would do it next.
        freeze.policies = policies
        marks.add(freeze)
        for (run, items) in Dictionary(grouping: going, by: { $0.batch.manifest?.run }) {
            markEditor.reprieve(items.map(\.item.backup), until: until, reason: reason, run: run, in: &marks, at: at)
        }
        let batches = Dictionary(going.map { ($0.batch.name, $0.batch) }) { first, _ in first }.values
        let behind = batches.flatMap { Self.marks(behind: $0, marks, at: at.wall) }
        for mark in behind {
            marks.add(
                Mark(
                    kind: mark.kind, target: mark.target, released: true, reason: reason, actor: state.actorName,
                    at: at.wall))
        }
        try state.marks.write(marks, vault.id, trash: trash)
        let unretired = behind.filter { $0.kind == .retired }.compactMap { Mark.series(ofTarget: $0.target) }
        return (freeze, Set(unretired).sorted())
    }

    /// The marks of the `condemn` or `retire` that made a batch: undone with it, they must not take the same again. A
    /// cleanup has none of its own.
    private static func marks(behind batch: Batch, _ marks: Marks, at now: Timestamp) -> [Mark] {
        guard let made = batch.manifest?.condemnedAt.wall else { return [] }
        var found: [Mark.Key: Mark] = [:]
        for item in batch.items {
            let (backup, reasons) = (item.backup, item.reasons)
            let own = [
                (marks.mark(.condemned, backup.id.text, at: now), { Reason.byHand($0) }),
                (marks.mark(.retired, Mark.seriesTarget(backup.series), at: now), { .retired($0, keeps: false) }),
            ]
            guard own.contains(where: { _, reason in reasons.contains { $0.hasPrefix(reason("").text(id: \.text)) } })
            else { return [] }
            for (mark, reason) in own {
                // One of a later command stays.
                guard let mark, mark.at <= made else { continue }
                if reasons.contains(reason(mark.reason).text(id: \.text)) { found[mark.key] = mark }
            }
        }
        return found.values.sorted { ($0.kind.rawValue, $0.target) < ($1.kind.rawValue, $1.target) }
    }
}
