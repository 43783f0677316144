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
    package var attended: Attended
    package var plan: Plan
    package var leftAlone: [LeftAlone]
    /// Series that wait for a person; nothing of them goes.
    package var frozenSeries: Set<Bytes>
    package var frozen: Mark?
    /// What the trash holds now.
    package var trashSize: Int64
    /// What the condemned ones would free; `nil`: not asked.
    package var freed: FreedReport?

    package var label: String { attended.vault.label }
    package var protection: Judge.Protection
    package var pulses: [Bytes: SeriesPulse]
    package var recovery: [String] { attended.recovery.map(\.text) }
    package var unreadable: [Fault] { attended.scan.faults }
    package var graceSeconds: Int64 { attended.vault.configuration.settings.gracePeriod.value.fixedSeconds }
    package var graceText: String { attended.vault.configuration.settings.gracePeriod.value.text }

    /// What arguments may name in it.
    package var view: VaultView {
        var view = VaultView(configuration: attended.vault.configuration, at: plan.at)
        view.id = attended.vault.id
        view.present = plan.judged.map(\.backup)
        view.trashed = attended.trashed.map(\.item.backup)
        return view
    }

    /// What cleanup would move now.
    package var released: [Plan.Judged] {
        frozen == nil ? plan.released.filter { !frozenSeries.contains($0.backup.series) } : []
    }
}

extension Keeper {
    /// Looks at the vault and decides; changes nothing there. The plan is kept in the state, to be approved.
    package func plan(_ vault: VaultConfiguration) throws(Fault) -> PlanReport {
        var report = try report(try attend(vault, acting: false))
        do throws(Fault) {
            try home.plans.store(report.plan, shown: true)
        } catch {
            // It can be read all the same, and only not be approved.
            guard error.isFull else { throw error }
            report.attended.scan.faults.append(error)
        }
        report.freed = try freed(report.plan.condemned.map(\.backup), in: report.attended.vault)
        return report
    }

    /// `pressed`: ranges give way where room is lacking.
    func report(_ attended: Attended, pressed: Bool = true) throws(Fault) -> PlanReport {
        let vault = attended.vault
        let protection = try protection(attended)
        let plan = try decide(
            vault.configuration, vault.id, attended.present, attended.marks, protection, at: attended.at,
            pressure: pressed ? pressure(on: vault.configuration, vault.id) : nil)
        let now = attended.at.wall
        return PlanReport(
            attended: attended, plan: plan, leftAlone: attended.leftAlone,
            frozenSeries: Set(
                Set(plan.judged.map(\.backup.series)).filter { attended.marks.frozen(series: $0, at: now) != nil }),
            frozen: try frozen(vault, attended.marks, at: now),
            trashSize: attended.trashed.total { $0.item.backup.size },
            protection: protection,
            pulses: SeriesPulse.all(attended.present, protection: protection, links: plan.links, now: attended.at))
    }

    func decide(
        _ vault: VaultConfiguration, _ id: VaultID, _ present: [Backup], _ marks: Marks, _ protection: Judge.Protection,
        at now: Moment, pressure: SpacePressure?
    ) throws(Fault) -> Plan {
        let policy = vault.policy(zone: configuration.zone.value)
        var input = Plan.Input(vault: id, backups: present, policy: policy, now: now)
        input.approved = try approved(vault, policy, marks)
        input.approval = vault.settings.approval.value.mode
        input.protection = protection
        input.links = try links(of: present, in: id, protection)
        input.amounts = vault.amounts
        if let run = try home.catalog.lastRun(vault: id) { input.runs = RunHistory(at: run.at, newest: run.newest) }
        input.restored = try home.catalog.restored(vault: id)
        input.pressure = pressure
        guard let plan = Plan.make(input) else { throw Self.unknownZone(policy.timezone) }
        return plan
    }

    /// Which of these need which. What is in the trash, or went from there, is asked only where one
    /// of them needs anything.
    func links(of present: [Backup], in id: VaultID, _ protection: Judge.Protection) throws(Fault) -> LinkGraph? {
        guard (present + protection.unseen).contains(where: \.isLinked) else { return nil }
        let oldest = present.lazy.map(\.time).min() ?? Timestamp(nanoseconds: 0)
        let elsewhere =
            try home.catalog.trashed(vault: id)
            + home.catalog.trashed(vault: id, states: [.purged, .missing], since: oldest)
        return protection.links(of: present, elsewhere: elsewhere)
    }

    static func unknownZone(_ name: String) -> Fault {
        Fault(
            .configuration, "the time zone '\(name)' is not known on this machine, so nothing is decided",
            hint: "install tzdata, or set timezone: to a name that /usr/share/zoneinfo has")
    }

    /// The marks of single backups as the judge needs them, and those that a hand brought back just now.
    func protection(_ attended: Attended) throws(Fault) -> Judge.Protection {
        var protection = try protection(
            attended.vault.configuration, attended.vault.id, attended.marks, attended.present, attended.leftAlone,
            at: attended.at.wall)
        protection.unseen = attended.unseen
        for backup in attended.broughtBack {
            protection.reprieved[backup.id.object] = reprieveEnd(attended.vault.configuration)
        }
        return protection
    }

    func protection(
        _ vault: VaultConfiguration, _ id: VaultID, _ marks: Marks, _ present: [Backup], _ leftAlone: [LeftAlone],
        at now: Timestamp
    ) throws(Fault) -> Judge.Protection {
        var protection = Judge.Protection()
        addMarks(marks, to: &protection, present, at: now)
        for mark in marks.holding(.retired, at: now) {
            guard let series = Mark.series(ofTarget: mark.target) else { continue }
            protection.retired[series] = Judge.Retirement(
                keep: mark.keep, after: mark.after, at: mark.at, reason: mark.reason,
                objects: Set((mark.objects ?? []).compactMap { UInt64($0, radix: 16) }))
        }
        protection.linked = Self.linked(present, leftAlone)
        let latest = now.adding(seconds: Judge.futureSeconds)
        let past = try home.catalog.past(vault: id, most: Suspicion.recalled, latest: latest)
        protection.rhythms = Self.rhythms(past, present, latest: latest)
        protection.firstKnown = past.compactMapValues { $0.last?.time }
        protection.suspicion = try suspicion(vault, id, marks, present, past, latest: latest)
        for mark in marks.holding(.accepted, at: Timestamp(nanoseconds: .min)) {
            let objects = Mark.series(ofTarget: mark.target) == nil ? [mark.target] : mark.objects ?? []
            protection.accepted.formUnion(objects.compactMap { UInt64($0, radix: 16) })
        }
        protectFromBefore(&protection, marks)
        return protection
    }

    /// What marks say of single backups.
    private func addMarks(
        _ marks: Marks, to protection: inout Judge.Protection, _ present: [Backup], at now: Timestamp
    ) {
        lazy var objects = Set(present.map(\.id.object))
        var lost: [(twin: UInt64, mark: Mark)] = []
        for kind in [Mark.Kind.preserved, .reprieved] {
            marks.forEachHeld(kind, at: now) { item, mark in
                protection.add(mark, item.object)
                if item.twin != 0, !objects.contains(item.object) { lost.append((item.twin, mark)) }
            }
        }
        guard !lost.isEmpty else { return }
        // A mark whose object is nowhere (a copy on another disk) protects what has its path, time and size.
        let twins = Dictionary(present.map { ($0.twin, $0.id.object) }) { first, _ in first }
        for (twin, mark) in lost {
            if let object = twins[twin] { protection.add(mark, object) }
        }
    }

    /// How often each series gets a new backup, by all that is and was there.
    private static func rhythms(
        _ past: [Bytes: [Catalog.Past]], _ present: [Backup], latest: Timestamp
    ) -> [Bytes: Rhythm] {
        var times = past.mapValues { $0.map(\.time) }
        for backup in present where backup.isComplete && backup.kind != .log && backup.time <= latest {
            times[backup.series, default: []].append(backup.time)
        }
        return times.compactMapValues { Rhythm(Array(Set($0).sorted(by: >).prefix(Rhythm.intervals + 1))) }
    }

    /// A path through the vault's links, as the kernel walks it: each component may be a link itself. `nil`: it leads
    /// out of the vault, or in a circle.
    private static func resolve(_ path: Bytes, _ links: [Bytes: Bytes]) -> Bytes? {
        var rest = path.components[...]
        var done: [Bytes] = []
        var followed = 0
        while let component = rest.popFirst() {
            if component == "." { continue }
            if component == ".." {
                guard done.popLast() != nil else { return nil }
                continue
            }
            done.append(component)
            guard let target = links[done.reduce(Bytes()) { $0.appending($1) }] else { continue }
            followed += 1
            guard followed <= 40 else { return nil }
            // A target stands as from the vault's top.
            done = []
            rest = (target.components + rest)[...]
        }
        return done.reduce(Bytes()) { $0.appending($1) }
    }

    /// Backups that a symbolic link of the vault points to, or into, and that link.
    private static func linked(_ present: [Backup], _ leftAlone: [LeftAlone]) -> [Bytes: Bytes] {
        var targets: [Bytes: Bytes] = [:]
        for entry in leftAlone {
            if case .link(let target?) = entry.why { targets[entry.path] = target }
        }
        guard !targets.isEmpty else { return [:] }
        let paths = Dictionary(
            present.flatMap { backup in backup.members.map { ($0.path, backup.path) } }
        ) { first, _ in first }
        var linked: [Bytes: Bytes] = [:]
        for (link, target) in targets.sorted(by: { $0.key < $1.key }) {
            var target = resolve(target, targets) ?? Bytes()
            while !target.isEmpty {
                if let backup = paths[target] {
                    linked[backup] = linked[backup] ?? link
                    break
                }
                target = target.parent
            }
        }
        return linked
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
        guard !siblings.isEmpty, let since = try home.registry.firstSeen(vault.path) else { return nil }
        var ids: [VaultID] = []
        for sibling in siblings {
            if let id = try home.registry.lastKnown(sibling.path) { ids.append(id) }
        }
        // Only what came later: who was there already and was not approved may have been held back on purpose.
        let inherited = try home.marks.approvals(of: ids).filter { $0.at <= since }.compactMap(\.approval)
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

extension Mark {
    /// A mark about backups: one with fields that a person can read, several with a list.
    static func of(
        _ kind: Kind, _ backups: [Backup], released: Bool = false, reason: String, actor: String, at: Timestamp,
        until: Timestamp? = nil
    ) -> Mark? {
        guard backups.count < 2 else {
            let items = backups.map { MarkedItems.Item(object: $0.id.object, twin: $0.twin) }
            return Mark(
                kind, of: MarkedItems(items), released: released, reason: reason, actor: actor, at: at, until: until)
        }
        return backups.first.map { backup in
            var mark = Mark(
                kind: kind, target: backup.id.objectText, released: released, reason: reason, actor: actor, at: at,
                until: until)
            if !released { mark.describe(backup) }
            return mark
        }
    }

    /// How a backup is found again where its object changed.
    mutating func describe(_ backup: Backup) {
        (path, pathRaw) = backup.path.textAndRaw
        time = backup.time
        size = backup.size
    }
}

extension Backup {
    fileprivate var twin: UInt64 { MarkedItems.twin(path: path, time: time, size: size) }
}

extension Judge.Protection {
    fileprivate mutating func add(_ mark: Mark, _ object: UInt64) {
        if mark.kind == .preserved {
            preserved[object] = (mark.reason, mark.until)
        } else {
            reprieved[object] = mark.until ?? Timestamp(nanoseconds: .max)
        }
    }
}
