internal import Catalog
package import Config
internal import Disk
package import Model
package import Retention
internal import State
internal import Survey
internal import Trash

/// A plan with all that a person needs to see beside it.
package struct PlanReport: Sendable {
    package var snapshot: Snapshot
    package var plan: Plan
    package var skippedEntries: [SkippedEntry]
    /// Series that wait for a person; nothing of them goes.
    package var frozenSeries: Set<Bytes>
    package var frozen: Mark?
    /// What the trash holds now.
    package var trashSize: Int64
    /// What the condemned ones would free; `nil`: not asked.
    package var freed: FreedReport?

    package var label: String { snapshot.vault.label }
    package var protection: Judge.Protection
    package var freshness: [Bytes: SeriesFreshness]
    package var recovery: [String] { snapshot.recovery.map(\.text) }
    package var unreadable: [Fault] { snapshot.scan.faults }
    package var graceSeconds: Int64 { snapshot.vault.configuration.settings.gracePeriod.value.fixedSeconds }
    package var graceText: String { snapshot.vault.configuration.settings.gracePeriod.value.text }

    /// What arguments may name in it.
    package var view: VaultView {
        var view = VaultView(configuration: snapshot.vault.configuration, at: plan.at)
        view.id = snapshot.vault.id
        view.present = plan.judged.map(\.backup)
        view.trashed = snapshot.trashed.map(\.item.backup)
        return view
    }

    /// What cleanup would move now.
    package var released: [Plan.Judged] {
        frozen == nil ? plan.released.filter { !frozenSeries.contains($0.backup.series) } : []
    }
}

/// Makes the plan of a vault: what would go, what stays, and why.
package struct Planner: UseCase {
    let context: Context

    var freedSpace: FreedSpaceMeter { FreedSpaceMeter(context: context) }
    var freezeGuard: FreezeGuard { FreezeGuard(context: context) }
    var pressureGauge: PressureGauge { PressureGauge(context: context) }
    var protections: Protections { Protections(context: context) }
    var wholeScan: WholeScan { WholeScan(context: context) }

    /// Looks at the vault and decides; changes nothing there. The plan is kept in the state, to be approved.
    package func plan(_ vault: VaultConfiguration) throws(Fault) -> PlanReport {
        var report = try report(try wholeScan.run(vault, acting: false))
        do throws(Fault) {
            try state.plans.store(report.plan, shown: true)
        } catch {
            // It can be read all the same, and only not be approved.
            guard error.isFull else { throw error }
            report.snapshot.scan.faults.append(error)
        }
        report.freed = try freedSpace.freed(report.plan.condemned.map(\.backup), in: report.snapshot.vault)
        return report
    }

    /// `pressed`: ranges give way where room is lacking.
    func report(_ snapshot: Snapshot, pressed: Bool = true) throws(Fault) -> PlanReport {
        let vault = snapshot.vault
        let protection = try wholeScan.protection(of: snapshot)
        let plan = try decide(
            vault.configuration, vault.id, present: snapshot.present, marks: snapshot.marks, protection: protection,
            at: snapshot.at,
            pressure: pressed ? pressureGauge.pressure(on: vault.configuration, vault.id) : nil)
        let now = snapshot.at.wall
        return PlanReport(
            snapshot: snapshot, plan: plan, skippedEntries: snapshot.skippedEntries,
            frozenSeries: Set(
                Set(plan.judged.map(\.backup.series)).filter { snapshot.marks.frozen(series: $0, at: now) != nil }),
            frozen: try freezeGuard.frozen(vault, snapshot.marks, at: now),
            trashSize: snapshot.trashed.total { $0.item.backup.size },
            protection: protection,
            freshness: SeriesFreshness.all(
                snapshot.present, protection: protection, links: plan.links, now: snapshot.at))
    }

    func decide(
        _ vault: VaultConfiguration, _ id: VaultID, present: [Backup], marks: Marks, protection: Judge.Protection,
        at now: Moment, pressure: SpacePressure?
    ) throws(Fault) -> Plan {
        let policy = vault.policy(zone: configuration.zone.value)
        var input = Plan.Input(vault: id, backups: present, policy: policy, now: now)
        input.approved = try approved(vault, policy, marks)
        input.approval = vault.settings.approval.value.mode
        input.protection = protection
        input.links = try protections.links(of: present, in: id, protection)
        input.amounts = vault.amounts
        if let run = try state.catalog.cleanups.lastRun(vault: id) {
            input.runs = RunHistory(at: run.at, newest: run.newest)
        }
        input.restored = try state.catalog.cleanups.restored(vault: id)
        input.pressure = pressure
        guard let plan = Plan.make(input) else { throw Self.unknownZone(policy.timezone) }
        return plan
    }

    static func unknownZone(_ name: String) -> Fault {
        Fault(
            .configuration, "the time zone '\(name)' is not known on this machine, so nothing is decided",
            hint: "install tzdata, or set timezone: to a name that /usr/share/zoneinfo has")
    }

    /// What was approved for this vault, or for another match of the same wildcard with the same policy.
    private func approved(_ vault: VaultConfiguration, _ policy: VaultPolicy, _ marks: Marks) throws(Fault) -> Plan
        .Approved?
    {
        if let mark = marks.all[Mark.Key(.approved, Mark.vaultTarget)], !mark.released, let approval = mark.approval {
            return Plan.Approved(
                policyHash: approval.policyHash, policy: VaultPolicy(text: approval.policyText), at: mark.at,
                kinds: approval.kinds.map(Set.init))
        }
        let siblings = configuration.vaults.filter { $0.entry == vault.entry && $0.path != vault.path }
        guard !siblings.isEmpty, let since = try state.registry.firstSeen(vault.path) else { return nil }
        var ids: [VaultID] = []
        for sibling in siblings {
            if let id = try state.registry.lastKnown(sibling.path) { ids.append(id) }
        }
        // Only what came later: who was there already and was not approved may have been held back on purpose.
        let inherited = try state.marks.approvals(of: ids).filter { $0.at <= since }.compactMap(\.approval)
            .first { $0.policyHash == policy.hash }
        return inherited.map {
            Plan.Approved(
                policyHash: $0.policyHash, policy: VaultPolicy(text: $0.policyText), kinds: $0.kinds.map(Set.init))
        }
    }
}

extension Approval {
    var mode: Plan.ApprovalMode {
        switch self {
        case .onChange: .onChange
        case .always: .always
        case .never: .never
        }
    }
}
