internal import Audit
internal import Catalog
package import Config
package import Hooks
package import Model
package import State

/// Every use case, made from one context. The agent and the command line call the same ones.
package struct Engine: Sendable {
    package var context: Context

    package init(configuration: Configuration, state: StateDirectory) {
        context = Context(configuration, state)
    }

    package var configuration: Configuration { context.configuration }
    package var state: StateDirectory { context.state }
    package var hooks: HookDispatcher { context.hooks }
    package var hookCheck: HookCheck { HookCheck(configuration, state) }

    /// What holds a vault back, as its hooks were last asked.
    package func vetoes(of vault: VaultID) throws(Fault) -> [Veto] { try state.vetoes.vetoes(of: vault) }

    /// The number of the audit log's last record.
    package func lastRecord() throws(Fault) -> Int? { try state.audit.lastNumber() }

    package func now() -> Moment { context.now() }

    /// Damage of the catalog that was met on the way, and did not stop the work.
    package var damageNotice: Fault? { state.catalog.isDamaged ? state.catalog.damageNotice : nil }

    // MARK: The use cases

    package var access: VaultAccess { VaultAccess(context: context) }
    package var adoption: Adoption { Adoption(context: context) }
    package var markEditor: MarkEditor { MarkEditor(context: context) }
    package var wholeScan: WholeScan { WholeScan(context: context) }
    package var scanner: Scanner { Scanner(context: context) }
    package var reconciler: TrashReconciler { TrashReconciler(context: context) }
    package var auditTrail: AuditTrail { AuditTrail(context: context) }
    package var arguments: ArgumentResolver { ArgumentResolver(context: context) }
    package var episodes: Episodes { Episodes(context: context) }
    package var runLog: RunLog { RunLog(context: context) }
    package var clockGuard: ClockGuard { ClockGuard(context: context) }
    package var personMarks: PersonMarks { PersonMarks(context: context) }
    package var emergencyFreeze: EmergencyFreeze { EmergencyFreeze(context: context) }
    package var protections: Protections { Protections(context: context) }
    package var freezeGuard: FreezeGuard { FreezeGuard(context: context) }
    package var suspectGuard: SuspectGuard { SuspectGuard(context: context) }
    package var massChangeGuard: MassChangeGuard { MassChangeGuard(context: context) }
    package var planner: Planner { Planner(context: context) }
    package var preview: PolicyPreview { PolicyPreview(context: context) }
    package var freedSpace: FreedSpaceMeter { FreedSpaceMeter(context: context) }
    package var pressureGauge: PressureGauge { PressureGauge(context: context) }
    package var cleanup: Cleanup { Cleanup(context: context) }
    package var condemner: Condemner { Condemner(context: context) }
    package var manualCondemn: ManualCondemn { ManualCondemn(context: context) }
    package var purger: Purger { Purger(context: context) }
    package var purgeNow: PurgeNow { PurgeNow(context: context) }
    package var earlyPurge: EarlyPurge { EarlyPurge(context: context) }
    package var restorer: Restorer { Restorer(context: context) }
    package var selection: RestoreSelection { RestoreSelection(context: context) }
    package var undo: Undo { Undo(context: context) }
    package var vaultViews: VaultViews { VaultViews(context: context) }
    package var overviews: OverviewReader { OverviewReader(context: context) }
    package var pathExplainer: PathExplainer { PathExplainer(context: context) }
    package var proposer: Proposer { Proposer(context: context) }
    package var doctor: Checkups { Checkups(context: context) }
    package var repair: Repair { Repair(context: context) }
}
