internal import Audit
package import Catalog
package import Config
package import Disk
package import Model
internal import State
package import Survey
package import Trash

/// A vault as it was just looked at, whole: what is there, what is in its trash, what people said.
package struct Attended: Sendable {
    package var vault: OpenVault
    package var at: Moment
    package var scan: VaultSurvey.Scan
    /// What is there and is no backup, and what is there and is one. Empty after a look that only made the catalog
    /// equal (``Keeper/Depth/index``).
    package var present: [Backup] = []
    package var leftAlone: [LeftAlone] = []
    /// Known from before, and where they are nothing can be seen now.
    package var unseen: [Backup] = []
    package var batches: [Batch]
    package var marks: Marks
    package var changes: Catalog.Changes
    /// What recovery did, or would do.
    package var recovery: [Recovery.Finding] = []
    /// Brought back by a person's `mv`: left alone for a grace, as after our restore.
    package var broughtBack: [Backup] = []
    /// Gone from a batch without our purge.
    package var missing: [Backup] = []
    /// Rows of the catalog that are in no batch any more, and what they are now. Written only by who acts, and last:
    /// until marks and log have it, the row is what remembers that it was in the trash.
    var left: [(backup: Backup, state: Backup.State)] = []
    /// In a batch, but not so in our catalog.
    var standing: [Backup] = []
    /// Gone by a purge of ours whose outcome was not written.
    var purgeCompleted: [Backup] = []

    package var trashed: [(batch: Batch, item: Batch.Item)] {
        batches.flatMap { batch in batch.items.filter(\.holdsPrimary).map { (batch, $0) } }
    }
}

extension Keeper {
    /// How much of a whole look the caller needs.
    package enum Depth: Sendable {
        /// The catalog is made equal to the disk; what nobody looked into yet waits.
        case index
        /// And every backup, looked into, in memory: for a plan.
        case everything
    }

    /// Looks at a vault and its trash, and makes the catalog equal to them. `acting`: also recovers, and writes down
    /// what it found out; without it nothing in the vault is changed.
    package func attend(
        _ configuration: VaultConfiguration, acting: Bool, depth: Depth = .everything,
        watch: ((Directory, Bytes) -> Void)? = nil, shouldStop: @escaping () -> Bool = { false }
    ) throws(Fault) -> Attended {
        do {
            return try withWholeCatalog { () throws(Fault) in
                try look(configuration, acting: acting, depth: depth, watch: watch, shouldStop: shouldStop)
            }
        } catch {
            guard error.code == .catalog else { throw error }
            // It is a cache, and stops nobody: a full disk must not stop the purge that would make room (invariant 10).
            var other = self
            other.home.catalog = try Catalog(inMemoryAs: home.catalog)
            return try other.look(configuration, acting: acting, depth: depth, watch: watch, shouldStop: shouldStop)
        }
    }

    /// Where damage was met on the way, here or in another thread, the catalog is an empty one in memory from then on:
    /// half of what was asked of it is missing, and all is done once more.
    func withWholeCatalog<T>(_ body: () throws(Fault) -> T) throws(Fault) -> T {
        let wasDamaged = home.catalog.isDamaged
        do throws(Fault) {
            let result = try body()
            if wasDamaged || !home.catalog.isDamaged { return result }
        } catch {
            if wasDamaged || !home.catalog.isDamaged { throw error }
        }
        return try body()
    }

    private func look(
        _ configuration: VaultConfiguration, acting: Bool, depth: Depth,
        watch: ((Directory, Bytes) -> Void)?, shouldStop: @escaping () -> Bool
    ) throws(Fault) -> Attended {
        let vault = acting ? try openToAct(configuration) : try open(configuration)
        let facts = LazyFacts { () throws(Fault) in try home.audit.facts(of: vault.id) }
        // On a read-only mount a look is all that can be had.
        let acting = acting && !FileSystem.isReadOnly(vault.root)
        if acting { try settleClock(configuration, vault.id) }
        let (recovery, found) = try recover(vault, acting: acting, facts)
        let at = now()
        // What was gone before the look began: what goes meanwhile is another process's doing, and the next look's.
        let batches = try vault.trash()?.batches(knowing: found) ?? []
        let before = try Gone(batches, vault, home.catalog)
        let probing: VaultSurvey.Probing = if case .everything = depth { .now } else { .later }
        let (scan, changes) = try self.scan(vault, trashed: before.trashed, at: at, probing: probing, watch, shouldStop)
        var attended = try settle(vault, at, scan, changes, depth, recovery, (before, batches), facts)
        if acting {
            if let trash = try vault.trash() { try renewMarker(vault, trash) }
            try writeDown(&attended, facts)
            if let marks = try freezeUpheaval(vault) { attended.marks = marks }
            try sayFindings(&attended, depth)
        }
        return attended
    }

    /// Brings scan, trash and catalog together, under the vault's lock: nobody moves anything meanwhile.
    private func settle(
        _ vault: OpenVault, _ at: Moment, _ scan: VaultSurvey.Scan, _ changes: Catalog.Changes, _ depth: Depth,
        _ recovery: [Recovery.Finding], _ before: (gone: Gone, batches: [Batch]), _ facts: LazyFacts
    ) throws(Fault) -> Attended {
        let trash = try vault.trash()
        let lock = try trash.flatMap { trash throws(Fault) in try lockToLook(trash) }
        defer { withExtendedLifetime(lock) {} }
        let batches = try trash?.batches(knowing: before.batches) ?? []
        let standing = batches.flatMap(\.items).filter { $0.holdsPrimary && $0.atOrigin.isEmpty }.map(\.backup)
        let inTrash = Set(standing.map(\.object))
        // Condemned since the scan passed by.
        try home.catalog.dropPresent(standing.filter { $0.trashed.map { $0.condemnedAt >= at.wall } ?? false })
        var changes = changes
        changes.vanished.removeAll { inTrash.contains($0.object) }
        var attended = Attended(
            vault: vault, at: at, scan: scan, batches: batches, marks: try home.marks.read(vault.id, trash: trash),
            changes: changes, recovery: recovery)
        if case .everything = depth {
            // What could not be looked at counts for nothing: rules that it satisfied would let others go.
            attended.present = try present(of: vault.id, attended.marks, at: at.wall)
            if scan.hasUnknown {
                attended.unseen = attended.present.filter { scan.isUnknown($0.path) }
                attended.present.removeAll { scan.isUnknown($0.path) }
            }
            attended.leftAlone = try home.catalog.leftAlone(vault: vault.id)
        }
        try settleTrash(&attended, before.gone, facts)
        return attended
    }

    /// Who only looks may not be able to write the lock's file: then nobody of ours writes there either.
    func lockToLook(_ trash: TrashDirectory) throws(Fault) -> FileLock? {
        do {
            return try trash.lock(holder: holder, waitSeconds: waitSeconds)
        } catch {
            if error.code == .permission || error.errno == 30 { return nil }  // EROFS
            throw error
        }
    }

    // MARK: Recovery

    /// Before a restore: what is half in the trash goes to its origin first. A fault does not stop the restore. `seen`:
    /// the batches of vaults in which nothing was to be done.
    package func recoverBeforeRestore(_ vaults: [VaultConfiguration]) -> (faults: [Fault], seen: SeenBatches) {
        var seen = SeenBatches()
        var faults: [Fault] = []
        for configuration in vaults {
            do throws(Fault) {
                let vault = try open(configuration)
                let (findings, batches) = try recover(
                    vault, acting: !FileSystem.isReadOnly(vault.root),
                    LazyFacts { () throws(Fault) in try home.audit.facts(of: vault.id) })
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
            return AuditRecord(.vaultRecovered, vault: vault.label, vaultID: vault.id, reason: finding.text)
        }
        let frozen = done.compactMap { finding -> AuditRecord? in
            guard isNewlyStuck, case .stuck(let backup, let fault) = finding else { return nil }
            return AuditRecord(
                .seriesFrozen(cause: .divided), vault: vault.label, vaultID: vault.id, series: backup.series,
                reason: "'\(backup.path.display)' is half in the trash: \(fault.message)")
        }
        try home.audit.append(records + frozen, at: now())
        return (done, batches)
    }

    /// Half in the trash and not to be put back: its series waits for a person.
    private func freezeStuck(
        _ findings: [Recovery.Finding], _ vault: OpenVault, _ trash: TrashDirectory
    ) throws(Fault) -> Bool {
        let at = now()
        var marks = try home.marks.read(vault.id, trash: trash)
        var isChanged = false
        for case .stuck(let backup, let fault) in findings {
            let target = Mark.frozenTarget(.divided, series: backup.series)
            guard marks.mark(.frozen, target, at: at.wall) == nil else { continue }
            marks.say(
                .freeze(
                    .divided, series: backup.series,
                    reason: "'\(backup.path.display)' is half in the trash: \(fault.message)",
                    actor: home.program, at: at.wall))
            isChanged = true
        }
        if isChanged { try home.marks.write(marks, vault.id, trash: trash) }
        return isChanged
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
