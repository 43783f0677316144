internal import Audit
internal import Catalog
package import Config
internal import Disk
package import Model
internal import Retention
package import State
internal import Trash

/// Which plan a person approves.
package enum ApprovedPlan: Sendable {
    /// The last one shown for the vault.
    case last
    /// By a prefix of its id.
    case id(String)
}

/// What a cleanup did.
package struct CleanupReport: Sendable {
    package var plan: PlanReport
    package var run: Int?
    package var batches: [String] = []
    package var condemned: [Backup] = []
    /// What changed since the plan and stays.
    package var dropped: [(backup: Backup, why: String)] = []
    package var failed: [(backup: Backup, fault: Fault)] = []
    /// What was done all the same, and could not be written down or made to last.
    package var warnings: [Fault] = []
    package var approved = false
    /// An approval was given, and the plan moves nothing: the first one that moves something is asked about.
    package var isApprovedInVain = false
    /// A hook held it back: nothing was moved.
    package var veto: Veto?

    /// Condemnations that wait for a person.
    package var waiting: Int { approved ? 0 : plan.plan.condemned.count - plan.plan.released.count }

    package var status: ExitStatus {
        if !failed.isEmpty { return condemned.isEmpty ? .failed : .partial }
        if !plan.unreadable.isEmpty || !warnings.isEmpty { return .partial }
        return plan.frozen != nil || veto != nil || waiting > 0 ? .held : .done
    }
}

package struct Cleanup: UseCase {
    let context: Context

    var access: VaultAccess { VaultAccess(context: context) }
    var condemner: Condemner { Condemner(context: context) }
    var manualCondemn: ManualCondemn { ManualCondemn(context: context) }
    var planner: Planner { Planner(context: context) }
    var pressureGauge: PressureGauge { PressureGauge(context: context) }
    var wholeScan: WholeScan { WholeScan(context: context) }

    /// Carries out a vault's plan: moves what goes into the trash.
    package func run(_ configuration: VaultConfiguration, approve: ApprovedPlan? = nil) throws(Fault)
        -> CleanupReport
    {
        let snapshot = try wholeScan.run(configuration, acting: true)
        let report = try run(snapshot, approve: approve, isShown: true)
        var warnings: [Fault] = []
        // For who watches over us: that it cannot be written must not fail what was done.
        attempt(&warnings) { () throws(Fault) in
            try state.runs.record([(configuration.label, .run(at: now().wall, report.status))], by: .person)
        }
        return report
    }

    /// The same for a vault that was just looked at. `isShown`: a person sees the report.
    package func run(
        _ snapshot: Snapshot, approve: ApprovedPlan? = nil, isShown: Bool = false
    ) throws(Fault) -> CleanupReport {
        var snapshot = snapshot
        try manualCondemn.endRetirements(&snapshot)
        // Two vaults of one file system that look at once would both give all that is lacking.
        let lock = try spaceLock(snapshot)
        defer { withExtendedLifetime(lock) {} }
        let isElsewhere = if case .elsewhere = lock { true } else { false }
        var report = CleanupReport(plan: try planner.report(snapshot, pressed: !isElsewhere))
        var going = report.plan.released
        if let approve, let ids = try self.approve(approve, report.plan, &report.warnings) {
            // What is in the approved plan and still condemned now goes; what is new is decided by itself, next time.
            going =
                report.plan.frozen == nil ? report.plan.plan.condemned.filter { ids.contains($0.backup.id.text) } : []
            going.removeAll { report.plan.frozenSeries.contains($0.backup.series) }
            report.approved = true
        } else {
            report.isApprovedInVain = approve != nil
            try recordPlan(report.plan, isShown: isShown)
        }
        guard report.plan.frozen == nil else { return report }
        if !going.isEmpty {
            do throws(Fault) {
                try condemner.condemn(going, &report)
            } catch {
                guard error.isFull else { throw error }
                let fault = Self.full(error, moved: report.condemned.count, of: going.count, report)
                // What was moved is said, and how to go on.
                guard !report.condemned.isEmpty else { throw fault }
                report.warnings.append(fault)
                return report
            }
        }
        // A run that was held back is none.
        guard report.veto == nil else { return report }
        try recordRun(report)
        return report
    }

    private enum SpaceLock {
        case none, elsewhere
        case held(FileLock)
    }

    /// Taken only where room is lacking.
    private func spaceLock(_ snapshot: Snapshot) throws(Fault) -> SpaceLock {
        let vault = snapshot.vault
        guard pressureGauge.pressure(on: vault.configuration, vault.id) != nil,
            let system = pressureGauge.fileSystem(of: vault.configuration)
        else { return .none }
        do {
            return .held(try state.space.lock(system.id, holder: holder, waitSeconds: waitSeconds))
        } catch {
            guard error.code == .locked else { throw error }
            return .elsewhere
        }
    }

    /// What the next plan's amounts are measured from. A run in which all waits is none.
    private func recordRun(_ report: CleanupReport) throws(Fault) {
        let plan = report.plan.plan
        if let hold = plan.hold, !report.approved, hold.causes.contains(where: { $0 == .firstPlan || $0 == .always }) {
            return
        }
        let known = try state.catalog.cleanups.lastRun(vault: plan.vault)
        let last = known?.newest ?? [:]
        // Never back: a clock that was set back would make everything look as if it had arrived since.
        var newest: [Bytes: Timestamp] = [:]
        for judged in plan.judged {
            let (series, time) = (judged.backup.series, judged.backup.time)
            newest[series] = newest[series] ?? last[series]
            // A frozen series had no run.
            guard !judged.decision.isSetAside, !report.plan.frozenSeries.contains(series) else { continue }
            newest[series] = max(newest[series] ?? time, time)
        }
        let at = max(plan.at.wall, known?.at ?? plan.at.wall)
        try state.catalog.cleanups.recordRun(vault: plan.vault, at: at, newest: newest)
    }

    // MARK: Approval

    /// The disk is full: how far a cleanup got, and how to go on.
    private static func full(_ fault: Fault, moved: Int, of count: Int, _ report: CleanupReport) -> Fault {
        let label = report.plan.label
        let again =
            "reprieve cleanup \(shell: label)" + (report.approved ? " --approve \(report.plan.plan.id.prefix(8))" : "")
        return Fault(
            fault.code, "the disk is full: \(moved) of \(count) backups were moved to the trash (\(fault.message))",
            hint: "make room, then go on:\n  reprieve purge --now --free 100MiB \(shell: label)\n  \(again)",
            path: fault.path, errno: fault.errno)
    }

    private func approve(
        _ approve: ApprovedPlan, _ report: PlanReport, _ warnings: inout [Fault]
    ) throws(Fault) -> Set<String>? {
        let vault = report.snapshot.vault
        let stored = try state.plans.plans(of: vault.id, at: report.snapshot.at.wall)
        let found: StoredPlan?
        switch approve {
        case .last: found = stored.last { $0.shown }
        case .id(let prefix): found = stored.last { $0.plan.hasPrefix(prefix) }
        }
        guard let found else {
            throw Fault(
                .notFound, "there is no such plan of '\(vault.label)' to approve",
                hint: "look at one first: reprieve plan \(shell: vault.label)")
        }
        let trash = try access.makeTrash(vault)
        let lock = try trash.lock(holder: holder, waitSeconds: waitSeconds)
        defer { withExtendedLifetime(lock) {} }
        var marks = try state.marks.read(vault.id, trash: trash)
        // A person who was shown that nothing goes has not agreed to what goes later.
        guard !found.ids.isEmpty || marks.all[Mark.Key(.approved, Mark.vaultTarget)] != nil else {
            // What only one of the two copies has is in both from now on.
            try state.marks.write(marks, vault.id, trash: trash)
            return nil
        }
        let at = now()
        try state.audit.append(
            [
                .init(
                    .planApproved(plan: found.plan, condemnations: found.ids.count), vault: vault.label,
                    vaultID: vault.id)
            ], at: at)
        var mark = Mark(
            kind: .approved, target: Mark.vaultTarget, reason: "plan \(found.plan)", actor: state.actorName,
            at: at.wall,
            until: at.wall.adding(seconds: PlanStore.seconds))
        // What was agreed to once stays so; what an older version approved was approved without kinds.
        let before = marks.all[Mark.Key(.approved, Mark.vaultTarget)].flatMap { $0.released ? nil : $0.approval }
        let kinds = found.kinds.map { Set($0).union(before?.kinds ?? []).sorted() }
        mark.approval = .init(
            plan: found.plan, policyHash: found.policyHash, policyText: found.policyText, ids: found.ids, kinds: kinds)
        marks.add(mark)
        do throws(Fault) {
            try state.marks.write(marks, vault.id, trash: trash)
        } catch {
            // On a full disk the person's word holds for this cleanup; that it is not remembered is said.
            guard error.isFull else { throw error }
            warnings.append(error)
        }
        return Set(found.ids)
    }

    /// A plan that waits is stored; it is said once, and weekly from then on.
    private func recordPlan(_ report: PlanReport, isShown: Bool) throws(Fault) {
        let vault = report.snapshot.vault
        try state.plans.store(report.plan, shown: isShown)
        guard let episode = try state.plans.record(report.plan), let hold = report.plan.hold else { return }
        let isReminder = episode.since != episode.saidAt
        try state.audit.append(
            [
                .init(
                    .planHeld(
                        plan: report.plan.id, condemnations: report.plan.condemned.count, held: hold.heldBack.count,
                        since: episode.since, isReminder: isReminder), vault: vault.label, vaultID: vault.id,
                    reason: hold.text(series: { Backup.name(ofSeries: $0).display }, size: { "\($0) bytes" }))
            ], at: now())
    }
}
