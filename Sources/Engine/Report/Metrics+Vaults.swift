internal import Config
package import Model
internal import Retention
internal import State

/// What the agent alone knows of a vault.
package struct IndexHeartbeat: Sendable {
    /// How long something has been waiting to be looked at, in seconds.
    package var lagSeconds: Int64
    package var pending: Int
    /// Why the last look failed; `nil`: it did not.
    package var problem: Fault?
    /// The file `.trash/FREEZE` was there at the last look.
    package var isFrozenByFile: Bool

    package init(lagSeconds: Int64, pending: Int, problem: Fault?, isFrozenByFile: Bool) {
        self.lagSeconds = lagSeconds
        self.pending = pending
        self.problem = problem
        self.isFrozenByFile = isFrozenByFile
    }
}

extension Metrics {
    /// One vault's figures, and those of its series as far as `room` goes.
    mutating func add(
        _ view: VaultView, _ counted: Counters.Vault, run: RunStore.Run?, heartbeat: IndexHeartbeat?, room: inout Int
    ) {
        let vault = Labels("vault", view.label)
        // Of a removable vault whose disk is away nothing is said that somebody would be called for.
        if !view.isAway {
            add(.reachable, vault, view.fault == nil ? 1 : 0)
            add(.reconciled, vault, view.doubt == nil && view.fault == nil ? 1 : 0)
            if let heartbeat {
                add(.lag, vault, heartbeat.lagSeconds)
                add(.pending, vault, Int64(heartbeat.pending))
            }
            add(run, view, vault)
        }
        addFreezes(view, counted, vault)
        let hold = view.plan?.hold
        add(.heldPlans, vault, hold?.waitsForPerson == true ? 1 : 0)
        add(.heldBackups, vault, Int64(hold?.heldBack.count ?? 0))
        if hold != nil, let since = view.heldSince { add(.heldSince, vault, at: since) }
        add(.keptByPolicy, vault, Int64(view.keptByPolicy.count))
        addSeries(view, counted, vault: vault, room: &room)
    }

    private mutating func add(_ run: RunStore.Run?, _ view: VaultView, _ vault: Labels) {
        if let look = run?.lookAt { add(.lastLook, vault, at: look) }
        if let at = run?.runAt {
            add(.lastRun, vault, at: at)
            for result in Metric.results {
                add(.lastRunResult, vault.adding("result", result), run?.result == result ? 1 : 0)
            }
        }
        let settings = view.configuration.settings
        if let turn = run?.last(settings) ?? run?.lookAt { add(.lastTurn, vault, at: turn) }
        if let seconds = run?.interval(settings) { add(.schedule, vault, seconds) }
    }

    private mutating func addFreezes(_ view: VaultView, _ counted: Counters.Vault, _ vault: Labels) {
        var inForce: [String: Int64] = [:]
        for mark in view.freezes + view.frozenSeries.map(\.mark) {
            inForce[FreezeReason.of(mark), default: 0] += 1
        }
        for reason in FreezeReason.all {
            let labels = vault.adding("reason", reason)
            add(.freezes, labels, inForce[reason] ?? 0)
            add(.freezesTotal, labels, counted.freezes[reason] ?? 0)
        }
    }

    // MARK: Series

    /// What is summed up of one series.
    private struct Sum {
        var counts: [Int64] = Array(repeating: 0, count: Self.states.count * Backup.Condition.allCases.count)
        var (apparent, allocated, freeable, trash) = (Int64(0), Int64(0), Int64(0), Int64(0))
        var newest: Timestamp?
        var rhythm: Int64?
        var (unusable, late, ended) = (Int64(0), Int64(0), Int64(0))
        var deeds = Counters.Deeds()

        /// Purged ones are counted by ``Metric/purged``.
        static let states: [Backup.State] = [.present, .trashed, .missing]

        mutating func add(_ backup: Backup, _ condition: Backup.Condition) {
            guard let state = Self.states.firstIndex(of: backup.state),
                let condition = Backup.Condition.allCases.firstIndex(of: condition)
            else { return }
            counts[state * Backup.Condition.allCases.count + condition] += 1
            switch backup.state {
            case .present:
                apparent = apparent.adding(backup.size)
                allocated = allocated.adding(backup.allocated)
                freeable = freeable.adding(backup.freedIfPurged?.bytes ?? 0)
            case .trashed: trash = trash.adding(backup.allocated)
            case .purged, .missing: break
            }
        }

        mutating func add(_ other: Sum) {
            for n in counts.indices { counts[n] += other.counts[n] }
            apparent = apparent.adding(other.apparent)
            allocated = allocated.adding(other.allocated)
            freeable = freeable.adding(other.freeable)
            trash = trash.adding(other.trash)
            unusable += other.unusable
            late += other.late
            ended += other.ended
            deeds.add(other.deeds)
        }
    }

    private mutating func addSeries(_ view: VaultView, _ counted: Counters.Vault, vault: Labels, room: inout Int) {
        var sums: [Bytes: Sum] = [:]
        for backup in view.present {
            let condition = backup.effectiveCondition(view.protection, view.plan?.links, now: view.at).condition
            sums[backup.series, default: Sum()].add(backup, condition)
        }
        for backup in view.trashed + view.gone.filter({ $0.state == .missing }) {
            sums[backup.series, default: Sum()].add(backup, backup.condition)
        }
        for (series, freshness) in view.freshness {
            sums[series]?.newest = freshness.newest
            sums[series]?.rhythm = freshness.rhythm?.seconds
            guard freshness.retirement == nil, !freshness.isSucceeded, !view.isAway else { continue }
            sums[series]?.unusable = freshness.failing == nil ? 0 : 1
            sums[series]?.late = freshness.regularity == .late ? 1 : 0
            sums[series]?.ended = freshness.regularity == .ended ? 1 : 0
        }
        for (series, deeds) in counted.deeds { sums[series, default: Sum()].deeds = deeds }
        let sorted = sums.keys.sorted()
        let own = min(room, sorted.count)
        room -= own
        var taken: Set<Labels> = []
        for series in sorted[..<own] { add(sums[series]!, Self.labels(of: series, vault, &taken)) }
        let rest = sorted[own...]
        add(.seriesOmitted, vault, Int64(rest.count))
        guard !rest.isEmpty else { return }
        var others = Sum()
        for series in rest { others.add(sums[series]!) }
        add(others, vault.adding("series", Self.others))
    }

    /// A name that is not valid UTF-8 may look like another one's text, and any like the one for all others: then its
    /// bytes are added.
    private static func labels(of series: Bytes, _ vault: Labels, _ taken: inout Set<Labels>) -> Labels {
        let labels = vault.adding("series", series)
        if taken.insert(labels).inserted, series != Bytes(others) { return labels }
        let distinct = vault.adding("series", Bytes("\(series.display) (\(series.hexadecimal))"))
        taken.insert(distinct)
        return distinct
    }

    private mutating func add(_ sum: Sum, _ labels: Labels) {
        let conditions = Backup.Condition.allCases
        for (n, count) in sum.counts.enumerated() where count > 0 {
            let (state, condition) = (Sum.states[n / conditions.count], conditions[n % conditions.count])
            add(.backups, labels.adding("state", state.rawValue).adding("condition", condition.rawValue), count)
        }
        add(.apparent, labels, sum.apparent)
        add(.allocated, labels, sum.allocated)
        add(.freeable, labels, sum.freeable)
        add(.trash, labels, sum.trash)
        if let newest = sum.newest { add(.newest, labels, at: newest) }
        if let rhythm = sum.rhythm { add(.rhythm, labels, rhythm) }
        add(.unusable, labels, sum.unusable)
        add(.late, labels, sum.late)
        add(.ended, labels, sum.ended)
        add(.condemned, labels, sum.deeds.condemned)
        add(.purged, labels, sum.deeds.purged)
        add(.restored, labels, sum.deeds.restored)
    }
}
