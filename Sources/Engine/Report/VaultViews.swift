internal import Catalog
package import Config
internal import Disk
package import Model
package import Retention
package import State
internal import Survey
package import Trash

/// What is known of a vault, for everything that only looks.
package struct VaultView: Sendable {
    package var configuration: VaultConfiguration
    package var at: Moment
    package var id: VaultID?
    package var present: [Backup] = []
    package var trashed: [Backup] = []
    /// Purged and missing ones.
    package var gone: [Backup] = []
    package var skippedEntries: [SkippedEntry] = []
    package var marks = Marks()
    /// What people said of single backups.
    package var protection = Judge.Protection()
    package var plan: Plan?
    /// How each series is doing.
    package var freshness: [Bytes: SeriesFreshness] = [:]
    /// Since when plans wait for the present reason; `nil`: they do not, or no cleanup said so yet.
    package var heldSince: Timestamp?
    /// Why nothing goes in it, the oldest first: several causes may hold at once.
    package var freezes: [Mark] = []
    package var frozen: Mark? { freezes.first }
    /// How the agent learns of changes, where that is not by events alone.
    package var watching: String?
    /// What recovery would do.
    package var recovery: [String] = []
    package var unreadable: [Fault] = []
    /// Gone from the trash without us, seen just now.
    package var missing: [Backup] = []
    /// In the trash, and the policy would keep them now: they stay there until a person takes them back.
    package var keptByPolicy: [Backup] = []
    /// Other disks that were adopted for its path, and are not there now.
    package var away: [AwayDisk] = []
    /// Its file system is mounted read-only: only looks are possible.
    package var isReadOnly = false
    /// Why the index may not equal the disk, for who only asks the index.
    package var doubt: String?
    /// Why nothing can be said; then what stands here is of an earlier look.
    package var fault: Fault?

    package var label: String { configuration.label }
    /// The disk of a removable vault is not there.
    package var isAway: Bool { fault?.code == .away }

    /// What a person said against a trashed backup, or against its series.
    package func word(against backup: Backup) -> Mark? {
        marks.mark(.condemned, backup.id.text, at: at.wall)
            ?? marks.mark(.retired, Mark.seriesTarget(backup.series), at: at.wall)
    }

    /// When the policy in force was approved.
    package var approvedAt: Timestamp? {
        marks.all[Mark.Key(.approved, Mark.vaultTarget)].flatMap { $0.released ? nil : $0.at }
    }
    package var everything: [Backup] { present + trashed + gone }

    /// What a series holds, here and in the trash.
    package func members(of series: Bytes) -> [Backup] { (present + trashed).filter { $0.series == series } }

    /// Series that are frozen: each mark, and the key.
    package var frozenSeries: [(series: Bytes, mark: Mark)] {
        marks.holding(.frozen, at: at.wall).compactMap { mark in Mark.series(ofTarget: mark.target).map { ($0, mark) } }
    }

    package func isFrozen(series: Bytes) -> Bool { marks.frozen(series: series, at: at.wall) != nil }

    package func decision(of backup: Backup) -> Decision? {
        plan?.judged.first { $0.backup.id == backup.id && $0.backup.path == backup.path }?.decision
    }

    /// All of them by path, for who asks for many.
    package func decisions() -> [Bytes: Decision] {
        Dictionary((plan?.judged ?? []).map { ($0.backup.path, $0.decision) }) { first, _ in first }
    }
}

package struct VaultViews: UseCase {
    let context: Context

    var access: VaultAccess { VaultAccess(context: context) }
    var freezeGuard: FreezeGuard { FreezeGuard(context: context) }
    var planner: Planner { Planner(context: context) }
    var pressureGauge: PressureGauge { PressureGauge(context: context) }
    var protections: Protections { Protections(context: context) }
    var purger: Purger { Purger(context: context) }
    var wholeScan: WholeScan { WholeScan(context: context) }

    /// Scans each vault, or trusts the agent's catalog where one is alive and vouches for it. All at once, and one that
    /// hangs delays no other. `decided`: with what ``decided(_:)`` adds.
    package func views(of vaults: [VaultConfiguration], decided isDecided: Bool = false) -> [VaultView] {
        let wasDamaged = state.catalog.isDamaged
        let views = viewsOnce(of: vaults, isDecided)
        return wasDamaged || !state.catalog.isDamaged ? views : viewsOnce(of: vaults, isDecided)
    }

    private func viewsOnce(of vaults: [VaultConfiguration], _ isDecided: Bool) -> [VaultView] {
        let isLive = state.agentIsRunning
        return ParallelVaults(context: context).run(vaults) { vault in
            isDecided ? decided(hungView(vault)) : hungView(vault)
        } _: { vault, shouldStop in
            let view = view(vault, isLive: isLive, shouldStop)
            return isDecided ? decided(view) : view
        }
    }

    /// With the plan, what of the trash the policy would keep, and how each series is doing.
    package func decided(_ view: VaultView) -> VaultView {
        guard let id = view.id, view.plan == nil else { return view }
        var view = view
        do {
            view.plan = try planner.decide(
                view.configuration, id, present: view.present, marks: view.marks, protection: view.protection,
                at: view.at, pressure: view.fault == nil ? pressureGauge.pressure(on: view.configuration, id) : nil)
            view.keptByPolicy = purger.keptByPolicy(
                view.configuration.policy(zone: configuration.zone.value), view.protection, view.marks,
                present: view.present, trashed: view.trashed, at: view.at)
            view.freshness = SeriesFreshness.all(
                view.present, protection: view.protection, links: view.plan?.links, now: view.at)
            view.heldSince = try state.plans.hold(of: id)?.since
        } catch {
            view.fault = view.fault ?? error
        }
        return view
    }

    /// What an earlier look knows of it.
    private func hungView(_ vault: VaultConfiguration) -> VaultView {
        var view = VaultView(configuration: vault, at: now(), fault: access.hung(vault))
        do {
            view.id = try state.registry.lastKnown(vault.path)
            if let id = view.id { view.marks = try state.marks.read(id, trash: nil) }
            try fill(&view)
        } catch {
            // That it hangs says more than why its catalog could not be read.
        }
        return view
    }

    private func view(_ vault: VaultConfiguration, isLive: Bool, _ shouldStop: @escaping @Sendable () -> Bool)
        -> VaultView
    {
        var view = VaultView(configuration: vault, at: now())
        // What has left the trash by this look, though who only looks does not write it down.
        var left: [(backup: Backup, state: Backup.State)] = []
        // What was just read is not read again.
        var known: (present: [Backup], skippedEntries: [SkippedEntry])?
        do {
            view.id = try state.registry.lastKnown(vault.path)
            if isLive, let id = view.id { view.watching = try state.catalog.vaults.watching(vault: id) }
            if isLive, let id = view.id, try state.catalog.vaults.unreconciled(vault: id) == nil {
                view.marks = try state.marks.read(id, trash: nil)
                view.freezes = try freezeGuard.freezes(vault, id, view.marks, at: view.at.wall)
                // The catalog is right; whether the disk is still to be had, only the disk can tell.
                view.isReadOnly = try access.answers(vault) == .readOnly
            } else {
                let snapshot = try wholeScan.run(vault, acting: false, shouldStop: shouldStop)
                view.id = snapshot.vault.id
                view.isReadOnly = FileSystem.isReadOnly(snapshot.vault.root)
                view.marks = snapshot.marks
                view.recovery = snapshot.recovery.map(\.text)
                view.unreadable = snapshot.scan.faults
                view.missing = snapshot.missing
                left = snapshot.left
                known = (snapshot.present + snapshot.unseen, snapshot.skippedEntries)
                view.freezes = try freezeGuard.freezes(snapshot.vault, snapshot.marks, at: view.at.wall)
            }
        } catch {
            view.fault = error
        }
        do {
            try fill(&view, known)
            for (backup, state) in left {
                view.trashed.removeAll { $0.path == backup.path && $0.trashed?.batch == backup.trashed?.batch }
                guard state == .purged else { continue }
                var backup = backup
                backup.state = state
                view.gone.append(backup)
            }
        } catch {
            view.fault = view.fault ?? error
        }
        return view
    }

    func fill(
        _ view: inout VaultView, _ known: (present: [Backup], skippedEntries: [SkippedEntry])? = nil
    ) throws(Fault) {
        view.away = try state.registry.disks(at: view.configuration.path).filter { $0.isAway && $0.id != view.id }
        guard let id = view.id else { return }
        if let known {
            (view.present, view.skippedEntries) = known
        } else {
            view.present = try protections.present(of: id, view.marks, at: view.at.wall)
            view.skippedEntries = try state.catalog.skippedEntries(vault: id)
        }
        let batched = try state.catalog.trashed(vault: id, states: [.trashed, .purged, .missing])
        view.trashed = batched.filter { $0.state == .trashed }
        view.gone = batched.filter { $0.state != .trashed }
        view.protection = try protections.protection(
            view.configuration, id, marks: view.marks, present: view.present + view.trashed,
            skippedEntries: view.skippedEntries,
            at: view.at.wall)
    }
}
