import ArgumentParser
internal import Config
internal import Engine
internal import JSONText
internal import Model
internal import Retention
internal import State

struct Purge: Deed {
    static let configuration = CommandConfiguration(
        abstract: "Unlink what is due in the trash, or what you name.",
        discussion: Help.text(
            "Due is what has been in the trash for its grace and what the policy still would not keep; and "
                + "where a limit is not met (min-free, max-size), the oldest of what has been there for its "
                + "min-grace. --now waives the grace and nothing else: what is preserved, frozen, needed, kept by "
                + "the policy or the last of its series stays. What is purged cannot be brought back.",
            examples: [
                ("reprieve purge", "what is due"),
                ("reprieve purge --now --free 200GiB dumps", "the oldest, until so much is free"),
            ],
            exits: [
                "0 purged, or nothing is due", "3 purged in part", "4 frozen, or a hook said no",
                "5 nothing of that name", "11 another process holds the vault",
            ]))

    @Argument(
        help: ArgumentHelp("Vaults; without one, all. With --now: ids or paths.", valueName: "what"),
        completion: Completion.names)
    var what: [String] = []
    @Flag(help: "These, or the oldest until --free is reached, without waiting for their grace. Asks first.")
    var now = false
    @Option(help: ArgumentHelp("With --now: how much is to come free.", valueName: "size")) var free: String?
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
    @Flag(name: [.customShort("n"), .long], help: "Only say what would be unlinked.") var dryRun = false
    @OptionGroup(visibility: .hidden) var common: Common

    func run() throws {
        guard free == nil || now else {
            throw Fault(.usage, "--free goes with --now", hint: "reprieve purge --now --free \(shell: free ?? "")")
        }
        let session = try common.session()
        if !dryRun { Interrupt.watch("purged") }
        if now { return try PurgeNow(what: what, free: free, yes: yes, dryRun: dryRun, session: session).run() }
        var reports: [PurgeReport] = []
        var faults: [Fault] = []
        for vault in try session.onlyVaults(what) {
            do {
                reports.append(
                    dryRun ? try session.engine.purger.planPurge(vault) : try session.engine.purger.purge(vault))
            } catch {
                if !session.isAwayByRight(error, what) { faults.append(error) }
            }
        }
        do {
            for early in try session.engine.earlyPurge.run(reports.map(\.vault), acting: !dryRun) {
                // What is due anyway would go before anything goes early.
                guard let n = reports.firstIndex(where: { $0.vault.path == early.vault.path }) else { continue }
                reports[n].add(dryRun ? early.without(reports[n].purged) : early)
            }
        } catch {
            faults.append(error)
        }
        if dryRun { session.tellDryRun() }
        for report in reports { session.tell(Self.text(report, session.zone, dryRun: dryRun)) }
        if session.json { Self.emit(reports, faults, dryRun: dryRun, session) }
        if reports.isEmpty, faults.count == 1 { throw faults[0] }
        session.warn(faults + reports.flatMap(\.faults))
        try Ending.with(Cleanup.status(reports.map(\.status), faults))
    }

    static func text(_ report: PurgeReport, _ zone: Zone, dryRun: Bool = false) -> String {
        let label = report.vault.label
        if let frozen = report.frozen {
            return "\(label): frozen: \(frozen.reason)\n  \(Freezing.end(of: frozen, label))"
        }
        var lines: [String] = []
        let size = report.purged.total { $0.size }
        var waiting = report.notDue > 0 ? "; \(report.notDue) not due yet" : ""
        if report.notDue > 0, let from = report.dueFrom { waiting += ", the first on \(Text.moment(from, zone))" }
        let isNothing = report.purged.isEmpty && report.keptByPolicy.isEmpty && report.kept.isEmpty
        let what =
            "\(Text.plural(report.purged.count, "backup")) (\(Text.size(size))) \(dryRun ? "would be purged" : "purged")"
        lines.append("\(label): \(isNothing ? "nothing is due for purging" : what)\(waiting)")
        if !report.early.isEmpty, let why = report.earlyBecause {
            lines.append("  early, before their grace was over: \(Text.count(report.early.count)), because of \(why)")
        }
        if let veto = report.veto { lines.append("  HELD: \(veto.text)") }
        lines += Text.firstTen(staying(report))
        lines += report.unmet.map { "  needs more room: \($0). No other backup may be purged yet" }
        if !report.unmet.isEmpty {
            let mebibyte: Int64 = 1 << 20
            let size = report.unmetBytes.adding(mebibyte - 1) / mebibyte * mebibyte
            let amount = size > 0 ? " --free \(ByteSize.text(size))" : ""
            lines.append("  to free it now: reprieve purge --now\(amount) \(shell: label)")
        }
        return lines.joined(separator: "\n")
    }

    /// What stays, and why.
    static func staying(_ report: PurgeReport) -> [String] {
        report.keptByPolicy.map {
            "  stays: \($0.path.display): the policy would keep it now; to put it back: reprieve restore \($0.id.text)"
        } + report.kept.map { "  stays: \($0.backup.path.display): \($0.why)" }
    }

    static func emit(
        _ reports: [PurgeReport], _ faults: [Fault], dryRun: Bool, _ session: Session, more: [JSON.Field] = []
    ) {
        func list(_ report: PurgeReport, _ backups: [Backup], _ state: Backup.State) -> [JSON] {
            let names = SeriesNames(backups.map(\.series))
            return backups.map {
                var backup = $0
                backup.state = state
                return session.json(backup, report.vault.label, protection: .init(), names: names)
            }
        }
        session.emit(
            "purge",
            [
                .init("backups", .array(reports.flatMap { list($0, $0.purged, .purged) })),
                .init("wanted", .array(reports.flatMap { list($0, $0.keptByPolicy, .trashed) })),
                .init(
                    "kept",
                    .array(
                        reports.flatMap { $0.kept.map { ["id": .string($0.backup.id.text), "why": .string($0.why)] } })),
                .init(
                    "early",
                    .array(
                        reports.flatMap { report in
                            report.purged.filter { report.early.contains($0.id) }.map { backup in
                                ["id": .string(backup.id.text), "why": JSON(report.earlyBecause)]
                            }
                        })),
                .init("vetoes", .array(reports.compactMap(\.veto).map { .string($0.text) })),
                .init("unmet", .array(reports.flatMap(\.unmet).map { .string($0) })),
                .init("dry_run", .bool(dryRun)),
                .init("not_due", .integer(Int64(reports.reduce(0) { $0 + $1.notDue }))),
                .init("problems", .array((faults + reports.flatMap(\.faults)).map { session.json($0) })),
            ] + more)
    }
}
