internal import Catalog
package import Config
package import Model
package import Retention
internal import State
internal import Trash

/// A new policy beside the present one.
package struct PolicyComparison: Sendable {
    package var report: PlanReport
    package var fresh: VaultPolicy
    /// By backup: stays or goes now, and with the new policy.
    package typealias Change = (backup: Backup, before: RetentionDecision, after: RetentionDecision)
    package var changes: [Change]
    /// In the trash, and the new policy would keep them if they were in their place.
    package var keptByPolicy: [Backup]

    package var goes: [Backup] { changes.filter { $0.before.retain && !$0.after.retain }.map(\.backup) }
    package var stays: [Backup] { changes.filter { !$0.before.retain && $0.after.retain }.map(\.backup) }
}

/// What stands in the future, as far as rules and rhythm tell.
package struct Outlook: Sendable {
    /// When the rules stop keeping it, at the present rhythm; `nil`: not within the reach of the forecast.
    package var goes: Timestamp?
    package var purged: Timestamp?
    /// How far was looked.
    package var reach: Timestamp
}

package struct PolicyPreview: UseCase {
    let context: Context

    var planner: Planner { Planner(context: context) }
    var wholeScan: WholeScan { WholeScan(context: context) }

    /// Decides a vault twice, with the policy it has and with another. Changes nothing.
    package func compare(
        _ vault: VaultConfiguration, with fresh: VaultConfiguration, zone: Zone
    ) throws(Fault) -> PolicyComparison {
        let report = try planner.report(try wholeScan.run(vault, acting: false))
        var policy = fresh.policy(zone: zone)
        // What is compared is what is in the vault, however its times were read.
        policy.paths = report.plan.policy.paths
        let judge = Judge(
            policy: policy, now: report.plan.at, protection: report.protection, links: report.plan.links)
        guard let judge else { throw Planner.unknownZone(policy.timezone) }
        let after = judge.decideAll(
            report.plan.judged.map(\.backup), restored: try state.catalog.cleanups.restored(vault: report.plan.vault))
        // Both are by series in byte order, newest first.
        let changes = zip(report.plan.judged, after).map { ($0.backup, $0.decision, $1.decision) }
        let trashed = Dictionary(grouping: report.snapshot.trashed.map(\.item.backup), by: \.series)
        let present = Dictionary(grouping: report.snapshot.present, by: \.series)
        var keptByPolicy: [Backup] = []
        let links = judge.links(of: report.snapshot.present + trashed.values.joined())
        for (series, backups) in trashed.sorted(by: { $0.key < $1.key }) {
            let ids = judge.keptByPolicy(series: series, present: present[series] ?? [], trashed: backups, links: links)
            keptByPolicy += backups.filter { ids.contains($0.id) }
        }
        return PolicyComparison(report: report, fresh: policy, changes: changes, keptByPolicy: keptByPolicy)
    }

    private static let reachSeconds: Int64 = 10 * 366 * 86_400

    /// Until when a present backup stays at the present rhythm of its series.
    package func outlook(of backup: Backup, in view: VaultView) -> Outlook? {
        let policy = view.configuration.policy(zone: configuration.zone.value)
        let series = view.present.filter { $0.series == backup.series }.map { Candidate($0) }
        guard
            var forecast = Forecast(
                series: backup.series, series, policy: policy, protection: view.protection, now: view.at)
        else { return nil }
        let reach = view.at.wall.adding(seconds: Self.reachSeconds)
        let goes = forecast.end(of: backup.id, path: backup.path, before: reach)
        let grace = view.configuration.settings.gracePeriod.value.fixedSeconds
        return Outlook(
            goes: goes, purged: goes?.adding(seconds: grace), reach: goes == nil ? min(reach, forecast.reached) : reach)
    }

    /// How a vault will be at each of `days`, at the learnt rhythms.
    package func forecast(
        _ vault: VaultConfiguration, _ days: [Timestamp]
    ) throws(Fault) -> (report: PlanReport, days: [ForecastDay], isCut: Bool) {
        let report = try planner.report(try wholeScan.run(vault, acting: false))
        let (found, isCut) = ForecastDay.days(
            days, backups: report.plan.judged.map(\.backup), policy: report.plan.policy, protection: report.protection,
            trash: report.snapshot.trashed.map(\.item.backup), graceSeconds: report.graceSeconds, now: report.plan.at)
        return (report, found, isCut)
    }
}
