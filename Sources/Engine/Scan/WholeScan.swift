internal import Audit
internal import Catalog
package import Config
package import Disk
package import Model
internal import Retention
internal import State
internal import Survey
internal import Trash

/// Scans a vault and its trash whole, and makes the catalog equal to them: what every use case stands on.
package struct WholeScan: UseCase {
    var context: Context

    var access: VaultAccess { VaultAccess(context: context) }
    var clockGuard: ClockGuard { ClockGuard(context: context) }
    var episodes: Episodes { Episodes(context: context) }
    var markEditor: MarkEditor { MarkEditor(context: context) }
    var massChangeGuard: MassChangeGuard { MassChangeGuard(context: context) }
    var protections: Protections { Protections(context: context) }
    var reconciler: TrashReconciler { TrashReconciler(context: context) }
    var scanner: Scanner { Scanner(context: context) }

    /// Looks at a vault and its trash, and makes the catalog equal to them. `acting`: also recovers, and writes down
    /// what it found out; without it nothing in the vault is changed.
    package func run(
        _ configuration: VaultConfiguration, acting: Bool, depth: Snapshot.Depth = .everything,
        shouldStop: @escaping () -> Bool = { false }
    ) throws(Fault) -> Snapshot {
        let vault = acting ? try episodes.openToAct(configuration) : try access.open(configuration)
        return try run(vault, acting: acting, depth: depth, shouldStop: shouldStop)
    }

    /// The same in a vault that was opened already.
    package func run(
        _ vault: OpenVault, acting: Bool, depth: Snapshot.Depth = .everything,
        watch: ((Directory, Bytes) -> Void)? = nil, shouldStop: @escaping () -> Bool = { false }
    ) throws(Fault) -> Snapshot {
        do {
            return try withWholeCatalog { () throws(Fault) in
                try look(vault, acting: acting, depth: depth, watch: watch, shouldStop: shouldStop)
            }
        } catch {
            guard error.code == .catalog else { throw error }
            // It is a cache, and stops nobody: a full disk must not stop the purge that would make room (invariant 10).
            var other = self
            other.context.state.catalog = try Catalog(inMemoryAs: state.catalog)
            return try other.look(vault, acting: acting, depth: depth, watch: watch, shouldStop: shouldStop)
        }
    }

    /// Where damage was met on the way, here or in another thread, the catalog is an empty one in memory from then on:
    /// half of what was asked of it is missing, and all is done once more.
    func withWholeCatalog<T>(_ body: () throws(Fault) -> T) throws(Fault) -> T {
        let wasDamaged = state.catalog.isDamaged
        do throws(Fault) {
            let result = try body()
            if wasDamaged || !state.catalog.isDamaged { return result }
        } catch {
            if wasDamaged || !state.catalog.isDamaged { throw error }
        }
        return try body()
    }

    private func look(
        _ vault: OpenVault, acting: Bool, depth: Snapshot.Depth,
        watch: ((Directory, Bytes) -> Void)?, shouldStop: @escaping () -> Bool
    ) throws(Fault) -> Snapshot {
        let facts = LazyFacts { () throws(Fault) in try state.audit.facts(of: vault.id) }
        // On a read-only mount a look is all that can be had.
        let acting = acting && !FileSystem.isReadOnly(vault.root)
        if acting { try clockGuard.check(vault.configuration, vault.id) }
        let (recovery, found) = try recover(vault, acting: acting, facts)
        let at = now()
        // What was gone before the look began: what goes meanwhile is another process's doing, and the next look's.
        let batches = try vault.trash()?.batches(knowing: found) ?? []
        let before = try TrashReconciler.Gone(batches, vault, state.catalog)
        let probing: VaultSurvey.Probing = if case .everything = depth { .now } else { .later }
        let (scan, changes) = try scanner.scan(
            vault, trashed: before.trashed, at: at, probing: probing, watch, shouldStop)
        var snapshot = try combine(
            vault, at, scan: scan, changes: changes, depth: depth, recovery: recovery, before: (before, batches),
            facts: facts)
        if acting {
            if let trash = try vault.trash() { try access.renewMarker(vault, trash) }
            try reconciler.writeDown(&snapshot, facts)
            if let marks = try massChangeGuard.freezeIfAlarmed(vault) { snapshot.marks = marks }
            if case .everything = depth { snapshot.protection = try protection(of: snapshot) }
            try episodes.recordFindings(&snapshot)
        }
        return snapshot
    }

    /// Brings scan, trash and catalog together, under the vault's lock: nobody moves anything meanwhile.
    private func combine(
        _ vault: OpenVault, _ at: Moment, scan: VaultSurvey.Scan, changes: Catalog.Changes, depth: Snapshot.Depth,
        recovery: [Recovery.Finding], before: (gone: TrashReconciler.Gone, batches: [Batch]), facts: LazyFacts
    ) throws(Fault) -> Snapshot {
        let trash = try vault.trash()
        let lock = try trash.flatMap { trash throws(Fault) in try access.lockToLook(trash) }
        defer { withExtendedLifetime(lock) {} }
        let batches = try trash?.batches(knowing: before.batches) ?? []
        let condemned = batches.flatMap(\.items).filter { $0.holdsPrimary && $0.atOrigin.isEmpty }.map(\.backup)
        let inTrash = Set(condemned.map(\.object))
        // Condemned since the scan passed by.
        try state.catalog.dropPresent(condemned.filter { $0.trashed.map { $0.condemnedAt >= at.wall } ?? false })
        var changes = changes
        changes.vanished.removeAll { inTrash.contains($0.object) }
        var snapshot = Snapshot(
            vault: vault, at: at, scan: scan, batches: batches, marks: try state.marks.read(vault.id, trash: trash),
            changes: changes, recovery: recovery)
        if case .everything = depth {
            // What could not be looked at counts for nothing: rules that it satisfied would let others go.
            snapshot.present = try protections.present(of: vault.id, snapshot.marks, at: at.wall)
            if scan.hasUnknown {
                snapshot.unseen = snapshot.present.filter { scan.isUnknown($0.path) }
                snapshot.present.removeAll { scan.isUnknown($0.path) }
            }
            snapshot.skippedEntries = try state.catalog.skippedEntries(vault: vault.id)
        }
        try reconciler.reconcile(&snapshot, before.gone, facts)
        return snapshot
    }

    // MARK: Recovery

    /// Before a restore: what is half in the trash goes to its origin first. A fault does not stop the restore. `seen`:
    /// the batches of vaults in which nothing was to be done.
    package func recoverBeforeRestore(_ vaults: [VaultConfiguration]) -> (faults: [Fault], seen: SeenBatches) {
        var seen = SeenBatches()
        var faults: [Fault] = []
        for configuration in vaults {
            do throws(Fault) {
                let vault = try access.open(configuration)
                let (findings, batches) = try recover(
                    vault, acting: !FileSystem.isReadOnly(vault.root),
                    LazyFacts { () throws(Fault) in try state.audit.facts(of: vault.id) })
                if findings.isEmpty { seen.byVault[configuration.path] = batches }
            } catch {
                faults.append(error)
            }
        }
        return (faults, seen)
    }

    /// What it found, or did; and the batches as they were before.
    private func recover(
        _ vault: OpenVault, acting: Bool, _ facts: LazyFacts
    ) throws(Fault) -> (findings: [Recovery.Finding], batches: [Batch]) {
        guard let trash = try vault.trash() else { return ([], []) }
        let batches = try trash.batches()
        let recovery = Recovery(trash: trash)
        func intended(_ backup: Backup) throws(Fault) -> Bool {
            guard let batch = backup.trashed?.batch else { return false }
            return try facts.value().purgeIntended.contains(.init(batch: batch, id: backup.id))
        }
        let found = try recovery.inspect(batches, purgeIntended: intended)
        guard acting, !found.isEmpty else { return (found, batches) }
        let lock = try trash.lock(holder: holder, waitSeconds: waitSeconds)
        let done = try recovery.run(purgeIntended: intended)
        let isNewlyStuck = try freezeStuck(done, vault, trash)
        withExtendedLifetime(lock) {}
        let records = done.compactMap { finding -> AuditRecord? in
            if case .unlinkUnfinished = finding { return nil }
            if case .unreadable = finding { return nil }
            if case .stuck = finding, !isNewlyStuck { return nil }  // said when its series froze
            return vault.record(.vaultRecovered, reason: finding.text)
        }
        let frozen = done.compactMap { finding -> AuditRecord? in
            guard isNewlyStuck, case .stuck(let backup, let fault) = finding else { return nil }
            return vault.record(
                .seriesFrozen(cause: .divided), series: backup.series,
                reason: "'\(backup.path.display)' is half in the trash: \(fault.message)")
        }
        try state.audit.append(records + frozen, at: now())
        return (done, batches)
    }

    /// Half in the trash and not to be put back: its series waits for a person.
    private func freezeStuck(
        _ findings: [Recovery.Finding], _ vault: OpenVault, _ trash: TrashDirectory
    ) throws(Fault) -> Bool {
        let at = now()
        return try markEditor.edit(vault, locked: trash) { marks in
            var isChanged = false
            for case .stuck(let backup, let fault) in findings {
                let target = Mark.frozenTarget(.divided, series: backup.series)
                guard marks.mark(.frozen, target, at: at.wall) == nil else { continue }
                marks.add(
                    .freeze(
                        .divided, series: backup.series,
                        reason: "'\(backup.path.display)' is half in the trash: \(fault.message)",
                        actor: state.program, at: at.wall))
                isChanged = true
            }
            return isChanged
        }
    }

    /// The marks of single backups as the judge needs them, and those that a hand brought back just now.
    func protection(of snapshot: Snapshot) throws(Fault) -> Judge.Protection {
        if let known = snapshot.protection { return known }
        var protection = try protections.protection(
            snapshot.vault.configuration, snapshot.vault.id, marks: snapshot.marks, present: snapshot.present,
            skippedEntries: snapshot.skippedEntries,
            at: snapshot.at.wall)
        protection.unseen = snapshot.unseen
        for backup in snapshot.broughtBack {
            protection.reprieved[backup.id.object] = markEditor.reprieveEnd(snapshot.vault.configuration)
        }
        return protection
    }
}

/// What the audit log proves, read only when something is amiss.
final class LazyFacts {
    private let read: () throws(Fault) -> AuditLog.Facts
    private var facts: AuditLog.Facts?

    init(_ read: @escaping () throws(Fault) -> AuditLog.Facts) { self.read = read }

    func value() throws(Fault) -> AuditLog.Facts {
        if let facts { return facts }
        let fresh = try read()
        facts = fresh
        return fresh
    }
}
