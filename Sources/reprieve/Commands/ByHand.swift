import ArgumentParser
internal import Config
internal import Engine
internal import JSONText
internal import Model
internal import Retention

struct Condemn: Deed {
    static let configuration = CommandConfiguration(
        abstract: "Move single backups to the trash, whatever the rules say.",
        discussion: Help.text(
            "The newest complete backup of a series is refused, and so is a preserved one. `restore` brings "
                + "back what was condemned.",
            examples: [
                ("reprieve condemn 7f3a --reason truncated -n", "see what would go"),
                ("reprieve condemn 7f3a --reason truncated", "move it to the trash"),
            ],
            exits: [
                "0 moved", "3 moved in part", "4 refused: frozen, preserved or the newest", "5 nothing of that name",
                "11 another process holds the vault",
            ]))

    @Argument(help: ArgumentHelp("Ids or paths.", valueName: "what"), completion: Completion.names) var what: [String]
    @Option(help: ArgumentHelp("Why.", valueName: "reason")) var reason: String
    @Flag(name: [.customShort("n"), .long], help: "Only say what would be moved.") var dryRun = false
    @OptionGroup(visibility: .hidden) var common: Common

    func run() throws {
        let session = try common.session()
        if !dryRun { Interrupt.watch("moved to the trash", back: "reprieve undo --last") }
        let reason = try session.reason(reason)
        var chosen: [(VaultView, Backup)] = []
        for target in try session.targets(what, preferring: [.backup]).targets {
            guard case .backup(let view, let backup) = target else {
                throw Fault(
                    .usage, "only single backups are condemned by hand",
                    hint: "a series that has ended: reprieve retire SERIES")
            }
            guard backup.state == .present else {
                throw Fault(
                    .notFound,
                    "'\(backup.path.display)' is \(backup.state == .trashed ? "in the trash" : "gone") already",
                    path: backup.path)
            }
            chosen.append((view, backup))
        }
        for (_, pairs) in Dictionary(grouping: chosen, by: { $0.0.configuration.path }).sorted(by: { $0.key < $1.key })
        {
            let vault = pairs[0].0.configuration
            if dryRun {
                let going = try session.engine.manualCondemn.planCondemn(vault, pairs.map(\.1), reason: reason)
                session.tellDryRun()
                for line in Text.firstTen(going.map { "would go: \($0.backup.path.display)" }) { session.tell(line) }
                if session.json { session.emit("condemn", [.init("would_go", ids(going))]) }
            } else {
                let report = try session.engine.manualCondemn.condemn(vault, pairs.map(\.1), reason: reason)
                try ByHand.show(report, session)
            }
        }
    }

    private func ids(_ going: [Plan.Judged]) -> JSON { .array(going.map { .string($0.backup.id.text) }) }
}

struct Retire: Deed {
    static let configuration = CommandConfiguration(
        abstract: "Say that a series has ended: no more alerts, and how much of it stays.",
        discussion: Help.text(
            "Without --keep all of it stays. What goes moves to the trash, and `restore` brings it back until "
                + "its grace is over. With --keep none you type the name of the series. A new backup ends the "
                + "retirement, and so does `reprieve release SERIES`.",
            examples: [
                ("reprieve retire mail --reason 'moved'", "all stays, and is not late any more"),
                ("reprieve retire mail --keep 1 --reason 'moved'", "only the newest stays"),
            ],
            exits: [
                "0 retired", "3 moved in part", "4 refused: frozen or needed", "5 nothing of that name",
                "11 another process holds the vault",
            ]))

    @Argument(
        help: ArgumentHelp("The series; a vault may stand before it.", valueName: "series"),
        completion: Completion.names) var what: [String]
    @Option(help: ArgumentHelp("How many of the newest stay, or none. Without it: all.", valueName: "n")) var keep:
        String?
    @Option(help: ArgumentHelp("Not before this date, or this length of time from now.", valueName: "time"))
    var after: String?
    @Option(help: ArgumentHelp("Why.", valueName: "reason")) var reason: String
    @Option(help: ArgumentHelp("For scripts: the name that --keep none asks for.", valueName: "name"))
    var confirm: String?
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
    @Flag(name: [.customShort("n"), .long], help: "Only say what would happen.") var dryRun = false
    @OptionGroup(visibility: .hidden) var common: Common

    func run() throws {
        let session = try common.session()
        if !dryRun { Interrupt.watch("moved to the trash", back: "reprieve undo --last") }
        let reason = try session.reason(reason)
        let after = try session.deadline(after)
        let number = try count()
        guard after == nil || number != nil else {
            throw Fault(.usage, "--after says when, but not how many stay", hint: "add --keep N or --keep none")
        }
        let (_, targets) = try session.targets(what, preferring: [.series])
        guard targets.count == 1, case .series(let view, let series) = targets[0] else {
            throw Fault(
                .usage, "'\(what.joined(separator: " "))' is not one series", hint: "`reprieve list` shows the series")
        }
        let name = SeriesNames(view).text(series)
        let planned = try session.engine.manualCondemn.planRetire(
            view.configuration, series: series, keep: number, reason: reason)
        let size = planned.going.total { $0.backup.size }
        let count = planned.report.plan.judged.count
        let what =
            number == nil
            ? "all of its \(Text.plural(count, "backup")) would stay, and it is late no more"
            : "\(Text.plural(planned.going.count, "backup")) of \(count) (\(Text.size(size))) would go to the trash"
                + (after.map { " after \(Text.day($0, session.zone))" } ?? "")
        if dryRun { session.tellDryRun() }
        session.tell("\(name) in \(view.label): \(what).")
        let staying = number == 0 ? planned.report.plan.judged.filter { $0.decision.retain } : []
        for line in Text.firstTen(staying.map { "  stays: \($0.backup.path.display)" }) { session.tell(line) }
        if dryRun {
            if session.json {
                session.emit("retire", [.init("would_go", .array(planned.going.map { .string($0.backup.id.text) }))])
            }
            return
        }
        guard try isMeant(name, number, session) else { return }
        let report = try session.engine.manualCondemn.retire(
            view.configuration, series: series, objects: planned.objects, keep: number, after: after, reason: reason)
        if report.condemned.isEmpty, report.plan.frozen == nil, !session.json {
            session.tell("Retired: \(reason)")
            return
        }
        try ByHand.show(report, session)
    }

    private func count() throws -> Int? {
        guard let keep else { return nil }
        if keep == "none" { return 0 }
        guard let n = Int(keep), n > 0 else {
            throw Fault(.usage, "'\(keep)' is not a valid value of --keep", hint: "a number from 1, or none")
        }
        return n
    }

    private func isMeant(_ name: String, _ number: Int?, _ session: Session) throws -> Bool {
        guard number == 0 else { return try number == nil ? true : session.isMeant("Retire it?", yes: yes) }
        if let confirm {
            guard confirm == name else {
                throw Fault(.usage, "--confirm '\(confirm)' is not the name of the series, '\(name)'")
            }
            return true
        }
        guard Confirmation.isTerminal, !session.json else {
            throw Fault(
                .usage, "nothing of '\(name)' would stay, and nobody is there to type its name",
                hint: "in scripts: --confirm \(shell: name)")
        }
        print("Nothing of it will stay. Type its name to go on: ", terminator: "")
        return Confirmation.answer() == name
    }
}

enum ByHand {
    static func show(_ report: CleanupReport, _ session: Session) throws {
        if session.json { Cleanup.emit([report], [], session) } else { session.tell(Cleanup.text(report, session)) }
        try Ending.with(report.status)
    }
}
