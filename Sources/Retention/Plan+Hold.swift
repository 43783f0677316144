package import Model

/// How much a run may take without a person.
package struct AmountLimits: Hashable, Sendable {
    /// Of the units of a series, beyond what arrived in it; in percent. `nil`: no limit.
    package var condemnedPercent: Int? = 25
    /// Of the bytes of a vault, beyond what arrived in it; in percent. `nil`: no limit.
    package var bytesPercent: Int? = 30
    /// These many units may always go.
    package static let units = 2

    package init() {}
}

/// What the last cleanup of a vault saw.
package struct RunHistory: Hashable, Sendable {
    /// `nil`: none is known.
    package var at: Timestamp?
    /// The newest complete backup of each series then.
    package var newest: [Bytes: Timestamp] = [:]

    package init(at: Timestamp? = nil, newest: [Bytes: Timestamp] = [:]) {
        self.at = at
        self.newest = newest
    }

    /// What is dated after this arrived since. A series that was not there then is new since; without any run known,
    /// nothing counts as arrived.
    func reference(_ series: Bytes) -> Timestamp { newest[series] ?? at ?? Timestamp(nanoseconds: .max) }
}

extension Plan {
    /// Why a plan, or a part of it, waits for a person.
    package struct Hold: Hashable, Sendable {
        package enum Cause: Hashable, Sendable {
            case firstPlan
            /// So many would go only by the changed policy; what goes by the approved one as well is not held.
            case policyChanged(count: Int, bytes: Int64, approvedAt: Timestamp?)
            /// The configuration wants every plan approved.
            case always
            /// Backups of a kind of series that nobody approved: the names of the kinds, up to three series, and how
            /// many would go.
            case newKind(kinds: [String], series: [Bytes], count: Int)
            /// More units of a series would go than arrived in it and `max-condemned` allows.
            case amount(series: Bytes, going: Int, of: Int, allowed: Int)
            /// More bytes of the vault would go than arrived in it and `max-condemned-bytes` allows.
            case bytes(going: Int64, of: Int64, allowed: Int64)

            package var code: String {
                switch self {
                case .firstPlan: "first-plan"
                case .policyChanged: "policy-changed"
                case .always: "approval-always"
                case .newKind: "new-kind"
                case .amount: "amount"
                case .bytes: "amount-bytes"
                }
            }
        }

        package var causes: [Cause] = []
        /// What waits; the rest goes.
        package var heldBack: Set<BackupID> = []

        package init() {}

        package var code: String { causes.first?.code ?? "" }

        /// Amounts drain by themselves, run by run; all else waits until somebody decides.
        package var waitsForPerson: Bool {
            causes.contains { cause in
                switch cause {
                case .amount, .bytes: false
                case .firstPlan, .policyChanged, .always, .newKind: true
                }
            }
        }
    }
}

extension Plan.Hold {
    /// `nil`: nothing waits.
    static func make(_ plan: Plan, _ input: Plan.Input) -> Plan.Hold? {
        let going = plan.condemned.filter { !$0.isByPerson }
        guard !going.isEmpty else { return nil }
        var hold = Plan.Hold()
        hold.holdPolicy(going, plan, input)
        hold.holdNewKinds(going, plan, input)
        let rest = going.filter { !hold.heldBack.contains($0.backup.id) }
        let units = Unit.units(of: plan, going: rest)
        hold.holdAmounts(units, plan, input)
        return hold.causes.isEmpty ? nil : hold
    }

    private mutating func holdPolicy(_ going: [Plan.Judged], _ plan: Plan, _ input: Plan.Input) {
        switch input.approval {
        case .never: return
        case .always: return holdAll(.always, going)
        case .onChange: break
        }
        guard let approved = input.approved else { return holdAll(.firstPlan, going) }
        guard approved.policyHash != plan.policy.hash else { return }
        let ids = Set(going.map(\.backup.id)).subtracting(Self.gone(by: approved, plan, input))
        guard !ids.isEmpty else { return }
        let bytes = going.filter { ids.contains($0.backup.id) }.total { $0.backup.size }
        heldBack = ids
        causes.append(.policyChanged(count: ids.count, bytes: bytes, approvedAt: approved.at))
    }

    /// Only the series of such a kind wait; all others go on.
    private mutating func holdNewKinds(_ going: [Plan.Judged], _ plan: Plan, _ input: Plan.Input) {
        guard input.approval == .onChange, let known = input.approved?.kinds else { return }
        // One backup of a known kind is enough: a night that failed has no sign of its tool.
        let approved = Set(
            plan.judged.lazy.filter { known.contains(SeriesKind(of: $0.backup).text) }.map(\.backup.series))
        let fresh = going.filter { !heldBack.contains($0.backup.id) && !approved.contains($0.backup.series) }
        guard !fresh.isEmpty else { return }
        heldBack.formUnion(fresh.map(\.backup.id))
        causes.append(
            .newKind(
                kinds: Set(fresh.map { SeriesKind(of: $0.backup).text }).sorted(),
                series: Array(Set(fresh.map(\.backup.series)).sorted().prefix(3)), count: fresh.count))
    }

    private mutating func holdAll(_ cause: Cause, _ going: [Plan.Judged]) {
        causes.append(cause)
        heldBack = Set(going.map(\.backup.id))
    }

    /// What the approved policy condemns. One that cannot be read any more, or that read times or names otherwise,
    /// keeps all: what it said was said of other series.
    private static func gone(by approved: Plan.Approved, _ plan: Plan, _ input: Plan.Input) -> Set<BackupID> {
        // Another hash of the same text: an earlier version of the program meant something else by it.
        guard let old = approved.policy, approved.policyHash == old.hash, old.timeFrom == plan.policy.timeFrom,
            old.names == plan.policy.names,
            let before = Judge(policy: old, now: input.now, protection: input.protection, links: plan.links)
        else { return [] }
        let gone = Set(before.decideAll(input.backups).filter { !$0.decision.retain }.map(\.backup.id))
        let shed = Set(plan.condemned.filter(\.isForSpace).map(\.backup.id))
        guard !shed.isEmpty else { return gone }
        // What goes for space goes by the approved policy too where that has a range that lets it go.
        let low = before.atLowerBounds().decideAll(input.backups).filter { !$0.decision.retain }.map(\.backup.id)
        return gone.union(shed.intersection(low))
    }

    // MARK: Amounts

    /// What goes as one: a backup, or those of a chain that go together.
    private struct Unit {
        var series: Bytes
        var ids: [BackupID]
        var oldest: Timestamp
        var bytes: Int64

        static func units(of plan: Plan, going: [Plan.Judged]) -> [Unit] {
            var units: [Unit] = []
            for (series, members) in Dictionary(grouping: going, by: \.backup.series) {
                guard members.contains(where: { $0.backup.kind != .full }) else {
                    units += members.map { Unit(series, [$0.backup]) }
                    continue
                }
                units += Dictionary(grouping: members) { plan.links?.root(of: $0.backup.id) ?? $0.backup.id }.values
                    .map { chain in Unit(series, chain.map(\.backup)) }
            }
            return units.sorted { ($0.oldest, $0.ids[0]) < ($1.oldest, $1.ids[0]) }
        }

        init(_ series: Bytes, _ backups: [Backup]) {
            self.series = series
            ids = backups.map(\.id)
            oldest = backups.map(\.time).min() ?? Timestamp(nanoseconds: 0)
            bytes = backups.total { $0.size }
        }
    }

    private mutating func holdAmounts(_ units: [Unit], _ plan: Plan, _ input: Plan.Input) {
        var counts: [Bytes: (units: Int, arrived: Int)] = [:]
        var (present, arrivedBytes): (Int64, Int64) = (0, 0)
        for judged in plan.judged where !judged.decision.isSetAside {
            let backup = judged.backup
            counts[backup.series, default: (0, 0)].units += 1
            present = present.adding(backup.size)
            if backup.time > input.runs.reference(backup.series) {
                counts[backup.series]?.arrived += 1
                arrivedBytes = arrivedBytes.adding(backup.size)
            }
        }
        let limits = input.amounts
        var taken: [Unit] = []
        for (series, own) in Dictionary(grouping: units, by: \.series).sorted(by: { $0.key < $1.key }) {
            let count = counts[series] ?? (own.count, 0)
            let share = limits.condemnedPercent.map { max(AmountLimits.units, count.units * $0 / 100) }
            let allowed = share.map { count.arrived + $0 } ?? own.count
            taken += own.prefix(allowed)
            guard own.count > allowed else { continue }
            causes.append(.amount(series: series, going: own.count, of: count.units, allowed: allowed))
            heldBack.formUnion(own.dropFirst(allowed).flatMap(\.ids))
        }
        holdBytes(taken, present: present, arrived: arrivedBytes, limits)
    }

    private mutating func holdBytes(_ taken: [Unit], present: Int64, arrived: Int64, _ limits: AmountLimits) {
        guard let percent = limits.bytesPercent else { return }
        let bytes = taken.total { $0.bytes }
        let largest = taken.map(\.bytes).sorted(by: >).prefix(AmountLimits.units).total { $0 }
        let share = Int64(Double(present) / 100 * Double(percent))
        let allowed = arrived.adding(max(largest, share))
        guard bytes > allowed else { return }
        causes.append(.bytes(going: bytes, of: present, allowed: allowed))
        var sum: Int64 = 0
        var isFull = false
        for unit in taken.sorted(by: { $0.oldest < $1.oldest }) {
            sum = sum.adding(unit.bytes)
            isFull = isFull || sum > allowed
            if isFull { heldBack.formUnion(unit.ids) }
        }
    }
}

extension Plan.Hold {
    /// What a person should know, without a full stop at its end.
    package func text(series name: (Bytes) -> String, size: (Int64) -> String) -> String {
        var parts: [String] = []
        var amounts: [String] = []
        for cause in causes {
            switch cause {
            case .firstPlan: parts.append("first plan of this vault. It needs one approval, later ones do not")
            case .always: parts.append("every plan of this vault needs an approval (approval: always)")
            case .policyChanged(let count, let bytes, _):
                let backups = Backup.counted(count)
                parts.append("the policy changed, and \(backups) (\(size(bytes))) would go that stayed before")
            case .newKind(let kinds, let series, let count):
                let names = series.map(name).joined(separator: ", ")
                let what = kinds.count == 1 ? "a kind" : "\(kinds.count) kinds"
                parts.append(
                    "\(Backup.counted(count)) of \(what) of series that nobody has approved would go (\(names)). Approve them, or keep them: series: { 'PATTERN': { keep: all } }"
                )
            case .amount(let series, let going, let of, let allowed):
                amounts.append("\(name(series)): \(going) of \(of) would go, \(allowed) may")
            case .bytes(let going, let of, let allowed):
                parts.append(
                    "\(size(going)) of \(size(of)) would go in one run, and \(size(allowed)) may (max-condemned-bytes). The oldest go, the others wait for the next runs"
                )
            }
        }
        if !amounts.isEmpty {
            let shown = amounts.prefix(3).joined(separator: "; ")
            let more = amounts.count > 3 ? "; and \(amounts.count - 3) more series" : ""
            parts.append(
                "more would go in one run than arrived and max-condemned allows (\(shown)\(more)). The oldest go, the others wait for the next runs"
            )
        }
        return parts.joined(separator: "; ")
    }
}
