package import Config
package import Model
package import Retention
internal import State
internal import Trash

/// What a person takes away by hand: single backups, or a series that has ended. Only these go past the policy, never
/// past a mark.
package struct ManualCondemn: UseCase {
    let context: Context

    var condemner: Condemner { Condemner(context: context) }
    var personMarks: PersonMarks { PersonMarks(context: context) }
    var planner: Planner { Planner(context: context) }
    var wholeScan: WholeScan { WholeScan(context: context) }

    // MARK: Condemn by hand

    /// What `condemn` would move: the decision without the deed.
    package func planCondemn(
        _ configuration: VaultConfiguration, _ backups: [Backup], reason: String
    ) throws(Fault) -> [Plan.Judged] {
        try choose(backups, reason, try planner.report(try wholeScan.run(configuration, acting: false)))
    }

    /// Moves single backups into the trash at once, for a person's reason. Never the newest complete one of a series,
    /// nor what one that stays needs (invariant 6).
    package func condemn(
        _ configuration: VaultConfiguration, _ backups: [Backup], reason: String
    ) throws(Fault) -> CleanupReport {
        let snapshot = try wholeScan.run(configuration, acting: true)
        var report = CleanupReport(plan: try planner.report(snapshot))
        let going = try choose(backups, reason, report.plan)
        try personMarks.apply(.condemn(going.map(\.backup), reason: reason), in: configuration)
        report.approved = true
        do throws(Fault) {
            try condemner.condemn(going, &report)
        } catch {
            try withdraw(going, report, in: configuration)
            throw error
        }
        try withdraw(going, report, in: configuration)
        return report
    }

    /// A word against a backup that did not go must not strike it later.
    private func withdraw(
        _ going: [Plan.Judged], _ report: CleanupReport, in configuration: VaultConfiguration
    ) throws(Fault) {
        let gone = Set(report.condemned.map(\.path))
        let stayed = going.map(\.backup).filter { !gone.contains($0.path) }
        if !stayed.isEmpty { try personMarks.apply(.uncondemn(stayed), in: configuration) }
    }

    private func choose(_ backups: [Backup], _ reason: String, _ report: PlanReport) throws(Fault) -> [Plan.Judged] {
        if let frozen = report.frozen {
            throw Fault(
                .frozen, "the vault '\(report.label)' is frozen: \(frozen.reason)",
                hint: "reprieve unfreeze \(shell: report.label)")
        }
        var going: [Plan.Judged] = []
        var seen: Set<Bytes> = []
        for backup in backups where seen.insert(backup.path).inserted {
            let found = report.plan.judged.first { $0.backup.id == backup.id && $0.backup.path == backup.path }
            guard var judged = found else {
                throw Fault(.notFound, "'\(backup.path.display)' is not there any more", path: backup.path)
            }
            if let why = refusal(judged, report) {
                throw Fault(.held, "'\(backup.path.display)' stays: \(why.text)", hint: why.hint, path: backup.path)
            }
            judged.decision.retain = false
            judged.decision.isSetAside = false
            judged.decision.reasons = [.byHand(reason)]
            going.append(judged)
        }
        try refuseNeeded(going, report)
        return going
    }

    private func refusal(_ judged: Plan.Judged, _ report: PlanReport) -> (text: String, hint: String)? {
        let backup = judged.backup
        let own = report.plan.judged.filter { $0.backup.series == backup.series && !$0.decision.isSetAside }
        let isNewest = own.first?.backup.path == backup.path
        let isNewestFull = own.first { $0.backup.kind == .full }?.backup.path == backup.path
        if isNewest || isNewestFull {
            return (
                "it is the newest complete one of its series",
                "only `reprieve retire SERIES` may take the last of a series"
            )
        }
        if report.frozenSeries.contains(backup.series) { return ("its series is frozen", "reprieve unfreeze SERIES") }
        if report.protection.preserved[backup.id.object] != nil {
            return ("it is preserved", "reprieve release \(backup.id.text)")
        }
        if report.protection.reprieved[backup.id.object] != nil {
            return ("it was restored, and has its grace", "reprieve release \(backup.id.text)")
        }
        if let link = report.protection.linked[backup.path] {
            return ("the link '\(link.display)' points to it", "remove that link first")
        }
        if let how = backup.protectedBy { return (how, "take that protection away first") }
        if backup.condition == .settling { return ("it settles: somebody may be writing it", "try again later") }
        return nil
    }

    /// A chain goes whole, or from its end.
    private func refuseNeeded(_ going: [Plan.Judged], _ report: PlanReport) throws(Fault) {
        guard let links = report.plan.links else { return }
        let worthless = links.worthless(without: Set(going.map(\.backup.id)))
        let all = report.plan.judged
        guard let first = worthless.first, let needing = all.first(where: { $0.backup.id == first })?.backup else {
            return
        }
        let more = worthless.count > 1 ? " and \(Backup.counted(worthless.count - 1)) more" : ""
        throw Fault(
            .held, "'\(needing.path.display)'\(more) cannot be restored without it, and would stay",
            hint: "condemn the whole chain, or only its end: name \(worthless.count == 1 ? "it" : "these") as well",
            path: needing.path)
    }

    // MARK: Retire

    /// What `retire` would move now.
    package func planRetire(
        _ configuration: VaultConfiguration, series: Bytes, keep: Int?, reason: String
    ) throws(Fault) -> (going: [Plan.Judged], objects: Set<UInt64>, report: PlanReport) {
        let snapshot = try wholeScan.run(configuration, acting: false)
        var report = try planner.report(snapshot)
        var protection = report.protection
        let objects = objects(of: series, snapshot)
        protection.retired[series] = .init(
            keep: keep, after: nil, at: snapshot.at.wall, reason: reason, objects: objects)
        guard let judge = Judge(policy: report.plan.policy, now: snapshot.at, protection: protection) else {
            throw Planner.unknownZone(report.plan.policy.timezone)
        }
        report.plan.judged = judge.decideAll(snapshot.present.filter { $0.series == series })
        guard !report.plan.judged.isEmpty else {
            throw Fault(
                .notFound, "the series '\(series.display)' has no backup here", hint: "`reprieve list` shows them")
        }
        return (report.plan.condemned, objects, report)
    }

    /// All of a series that is here or in the trash: what a person speaks of.
    private func objects(of series: Bytes, _ snapshot: Snapshot) -> Set<UInt64> {
        let all = snapshot.present + snapshot.trashed.map(\.item.backup)
        return Set(all.filter { $0.series == series }.map(\.id.object))
    }

    /// Writes down that a series has ended, and carries it out where it is due now. `objects`: those that the person
    /// was shown; what came meanwhile ends it at once.
    package func retire(
        _ configuration: VaultConfiguration, series: Bytes, objects: Set<UInt64>, keep: Int?, after: Timestamp?,
        reason: String
    ) throws(Fault) -> CleanupReport {
        try personMarks.apply(
            .retire(series, objects: objects, keep: keep, after: after, reason: reason), in: configuration)
        let snapshot = try wholeScan.run(configuration, acting: true)
        var report = CleanupReport(plan: try planner.report(snapshot))
        report.approved = true
        guard report.plan.frozen == nil, !report.plan.frozenSeries.contains(series) else { return report }
        let going = report.plan.plan.condemned.filter { $0.backup.series == series && $0.isByPerson }
        if !going.isEmpty { try condemner.condemn(going, &report) }
        return report
    }

    /// A retired series that has anything else than what it was said of, lives: the word is over for good, or it would
    /// strike when that one is gone.
    func endRetirements(_ snapshot: inout Snapshot) throws(Fault) {
        let at = snapshot.at.wall
        let living = snapshot.marks.holding(.retired, at: at).compactMap { mark -> Bytes? in
            guard let series = Mark.series(ofTarget: mark.target) else { return nil }
            let said = Set(mark.objects ?? [])
            let now = objects(of: series, snapshot)
            return now.contains { !said.contains(BackupID(object: $0).objectText) } ? series : nil
        }
        guard !living.isEmpty else { return }
        try personMarks.apply(.unretire(living), in: snapshot.vault.configuration)
        snapshot.marks = try state.marks.read(snapshot.vault.id, trash: try snapshot.vault.trash())
    }
}
