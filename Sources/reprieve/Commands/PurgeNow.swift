internal import Config
internal import Engine
internal import JSONText
internal import Model

/// `purge --now`: shows what would be unlinked, asks, and does just that.
struct PurgeNow {
    let what: [String]
    let free: String?
    let yes: Bool
    let dryRun: Bool
    let session: Session

    func run() throws {
        let (planned, goal, freed) = try plan()
        let count = planned.reduce(0) { $0 + $1.purged.count }
        show(planned, freed: freed)
        let isShort = goal.map { freed < $0 } ?? false
        if let goal, isShort {
            session.tell(
                "That is less than \(Text.size(goal)): nothing more in the trash may go. What is kept goes only by its rules: reprieve plan"
            )
        }
        // A frozen vault gives nothing, whoever asks.
        let held: ExitStatus = planned.contains { $0.status != .done } || isShort ? .held : .done
        guard !dryRun, count > 0 else {
            if session.json { emit(planned, freed) }
            return try Ending.with(held)
        }
        guard try session.isMeant("Unlink \(count == 1 ? "it" : "them") for good?", yes: yes) else { return }
        var done: [PurgeReport] = []
        var faults: [Fault] = []
        for plan in planned {
            guard !plan.purged.isEmpty else {
                done.append(plan)
                continue
            }
            do {
                var report = try session.engine.purgeNow.carryOut(plan.vault, plan.purged)
                // What was refused at the first look was not asked for again.
                report.kept = plan.kept + report.kept
                report.keptByPolicy = plan.keptByPolicy + report.keptByPolicy
                done.append(report)
            } catch {
                faults.append(error)
            }
        }
        let purged = done.flatMap(\.purged)
        session.tell(
            "\(Text.plural(purged.count, "backup")) (\(Text.size(purged.total { $0.size }))) purged.")
        for (plan, report) in zip(planned, done) where report.purged.count < plan.purged.count {
            session.tell(Purge.staying(report).joined(separator: "\n"))
        }
        if session.json { emit(done, done.total { $0.freed ?? 0 }, faults) }
        for fault in faults + done.flatMap(\.faults) { session.warn(fault) }
        try Ending.with(Cleanup.status(done.map(\.status) + [held], faults))
    }

    // MARK: What is meant

    private func plan() throws -> (reports: [PurgeReport], goal: Int64?, freed: Int64) {
        guard let free else {
            let reports = try named()
            return (reports, nil, reports.total { $0.freed ?? 0 })
        }
        guard let goal = ByteSize.parse(free) else {
            throw Fault(.usage, "'\(free)' is not a valid size for --free", hint: "write it as 200GiB or 1.5TB")
        }
        let vaults = try session.onlyVaults(what)
        let systems = session.engine.pressureGauge.fileSystems(of: vaults)
        guard systems.count <= 1 else {
            let list = systems.map {
                "  reprieve purge --now --free \(shell: free) " + $0.map { "\(shell: $0)" }.joined(separator: " ")
            }
            throw Fault(
                .usage, "these vaults are on \(systems.count) file systems: where is the room needed?",
                hint: "name the vaults of one:\n" + list.joined(separator: "\n"))
        }
        let (reports, freed) = try session.engine.purgeNow.plan(vaults, freeing: goal)
        return (reports, goal, freed)
    }

    private func named() throws -> [PurgeReport] {
        guard !what.isEmpty else {
            throw Fault(
                .usage, "purge --now needs to know what",
                hint: "ids of `reprieve list --trash`, or --free SIZE: the oldest until so much is free")
        }
        var chosen: [(vault: VaultConfiguration, backup: Backup)] = []
        for target in try session.targets(what, preferring: [.backup]).targets {
            guard case .backup(let view, let backup) = target else {
                throw Fault(
                    .usage, "only single backups are purged by name",
                    hint: "their ids: reprieve list --trash; or the oldest: reprieve purge --now --free SIZE")
            }
            guard backup.state == .trashed else {
                throw Fault(
                    .notFound, "'\(backup.path.display)' is not in the trash",
                    hint: backup.state == .present
                        ? "what is in its place goes to the trash first: reprieve condemn \(backup.id.text) --reason WHY"
                        : nil, path: backup.path)
            }
            chosen.append((view.configuration, backup))
        }
        return try Dictionary(grouping: chosen, by: \.vault.path).sorted { $0.key < $1.key }.map { _, pairs in
            try session.engine.purgeNow.plan(pairs[0].vault, pairs.map(\.backup))
        }
    }

    // MARK: What is said

    private static let mostShown = 200

    private func show(_ reports: [PurgeReport], freed: Int64) {
        let going = reports.flatMap(\.purged)
        if dryRun { session.tellDryRun() }
        for report in reports {
            if let frozen = report.frozen {
                session.tell(
                    "\(report.vault.label): frozen: \(frozen.reason)\n  reprieve unfreeze \(shell: report.vault.label)")
            }
        }
        if going.isEmpty {
            session.tell("Nothing of it may be purged.")
        } else {
            var table = Table(sides: [.left, .left, .right, .left, .left])
            for backup in going.prefix(Self.mostShown) {
                let since =
                    backup.trashed.map {
                        "in the trash " + Text.age(session.engine.now().wall.seconds(since: $0.condemnedAt))
                    } ?? ""
                table.add([
                    backup.id.text, Text.time(backup.time, session.zone), Text.size(backup.size), since,
                    backup.path.display,
                ])
            }
            session.tell("For good, without waiting for the end of the grace period:")
            session.tell(table.text)
            let worthless = reports.flatMap(\.worthless)
            if let first = worthless.first {
                let more = worthless.count > 1 ? " and \(Text.plural(worthless.count - 1, "more backup"))" : ""
                session.tell(
                    Text.wrap(
                        "Without \(going.count == 1 ? "it" : "them") '\(first.path.display)'\(more) in the trash cannot be restored any more."
                    ))
            }
            if going.count > Self.mostShown {
                session.tell("\(Text.count(going.count - Self.mostShown)) more; all: -n --json")
            }
            session.tell(
                "\(Text.plural(going.count, "backup")), \(Text.size(going.total { $0.size })); that frees at least \(Text.size(freed))."
            )
        }
        // Of all that a size might have taken, only named ones are worth a line each.
        let staying = reports.flatMap { Purge.staying($0) }
        for line in staying.prefix(free == nil ? staying.count : 10) { session.tell(line) }
        if free != nil, staying.count > 10 { session.tell("  \(Text.count(staying.count - 10)) more stay") }
    }

    private func emit(_ reports: [PurgeReport], _ freed: Int64, _ faults: [Fault] = []) {
        Purge.emit(
            reports, faults, dryRun: dryRun, session,
            more: [.init("now", .bool(true)), .init("freed_at_least", .integer(freed))])
    }
}
