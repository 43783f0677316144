import ArgumentParser
internal import Config
internal import Engine
internal import JSONText
internal import Model

struct Preserve: Deed {
    static let configuration = CommandConfiguration(
        abstract: "Keep backups whatever the rules say.",
        discussion: Help.text(
            "If you name a series, all backups that it has now are kept; with --before, only those that are "
                + "older. A preserved backup in the trash is not purged. `release` withdraws it.",
            examples: [
                ("reprieve preserve 7f3a --reason 'audit 2026'", "one backup"),
                ("reprieve preserve app/orders --before 2026-01-01", "all older ones of a series"),
            ],
            exits: ["0 preserved", "5 nothing of that name", "11 another process holds the vault"]))

    @Argument(help: ArgumentHelp("Ids, paths or series.", valueName: "what"), completion: Completion.names) var what:
        [String]
    @Option(help: ArgumentHelp("Of a series: only what is older than this.", valueName: "time")) var before: String?
    @Option(help: ArgumentHelp("Why; it is shown wherever the backup is.", valueName: "reason")) var reason: String
    @Option(help: ArgumentHelp("Until this date, or for this long: 90d. None: without end.", valueName: "time"))
    var until: String?
    @Flag(name: [.customShort("n"), .long], help: "Only say what would be marked.") var dryRun = false
    @OptionGroup(visibility: .hidden) var common: Common

    func run() throws {
        let session = try common.session()
        let until = try session.deadline(until)
        let reason = try session.reason(reason)
        let done = "preserved: \(reason)" + (until.map { ", until \(Text.day($0, session.zone))" } ?? ", without end")
        let marked = try Marking.chosen(what, before: try session.time(before), session)
        try Marking.apply(marked, dryRun, session: session, done: { _, _ in done }) {
            .preserve($0, reason: reason, until: until)
        }
    }
}

struct Freeze: Deed {
    static let configuration = CommandConfiguration(
        abstract: "Condemn and purge nothing until it is lifted.",
        discussion: Help.text(
            "Restoring always works. In an emergency no reason is needed: `reprieve freeze --all`.",
            examples: [
                ("reprieve freeze --all", "every vault"), ("reprieve freeze app/orders --reason 'audit'", "one series"),
            ],
            exits: ["0 frozen", "3 frozen in part", "5 nothing of that name", "11 another process holds the vault"]))

    @Argument(help: ArgumentHelp("Vaults or series.", valueName: "what"), completion: Completion.names) var what:
        [String] = []
    @Flag(help: "All vaults.") var all = false
    @Option(help: ArgumentHelp("Why; `status` shows it. On a terminal you are asked for it.", valueName: "reason"))
    var reason: String?
    @Option(help: ArgumentHelp("Until this date, or for this long: 3d.", valueName: "time")) var until: String?
    @OptionGroup(visibility: .hidden) var common: Common

    func run() throws {
        let session = try common.session(always: true)
        let until = try session.deadline(until)
        let reason = try reason.map(session.reason) ?? asked()
        try Freezing.mark(what, all, session: session, done: "frozen: \(reason)") {
            vault, series, members throws(Fault) in
            if series.isEmpty {
                return (1, try session.engine.emergencyFreeze.freeze(vault, reason: reason, until: until))
            }
            let freeze = PersonMarks.Word.freeze(series: series, reason: reason, until: until)
            return (try session.engine.personMarks.apply(freeze, of: members, in: vault), nil)
        }
    }

    /// In an emergency no answer is one, too.
    private func asked() -> String {
        let none = "no reason given"
        guard Confirmation.isTerminal, !common.json else { return none }
        print("Why? (Enter: no reason) ", terminator: "")
        let answer = Confirmation.answer()
        return answer.contains { !$0.isWhitespace } ? answer : none
    }
}

struct Unfreeze: Deed {
    static let configuration = CommandConfiguration(
        abstract: "Lift a freeze.",
        discussion: Help.text(
            "It lifts every freeze of what you name, whatever its cause. A file named FREEZE has to be "
                + "removed by whoever made it.",
            examples: [("reprieve unfreeze dumps", "a vault"), ("reprieve unfreeze --all", "every vault")],
            exits: [
                "0 lifted", "4 a file named FREEZE still freezes", "5 nothing of that name",
                "11 another process holds the vault",
            ]))

    @Argument(help: ArgumentHelp("Vaults or series.", valueName: "what"), completion: Completion.names) var what:
        [String] = []
    @Flag(help: "All vaults.") var all = false
    @OptionGroup(visibility: .hidden) var common: Common

    func run() throws {
        let session = try common.session()
        try Freezing.mark(what, all, session: session, done: "no longer frozen") { vault, series, _ throws(Fault) in
            (try session.engine.personMarks.apply(.unfreeze(series: series), in: vault), nil)
        }
    }
}

enum Freezing {
    /// The command that lifts a freeze: of a file, only removing it.
    static func end(of mark: Mark, _ label: String) -> String {
        mark.path.map { "rm \(shell: $0)" } ?? "reprieve unfreeze \(shell: label)"
    }

    /// Each vault or series for itself: what fails in one stops none of the others. `change` answers how many marks it
    /// changed, and what a person should know of that.
    static func mark(
        _ words: [String], _ all: Bool, session: Session, done: String,
        change: (VaultConfiguration, [Bytes], _ members: [Backup]) throws(Fault) -> (Int, Fault?)
    ) throws {
        guard all != !words.isEmpty else {
            throw Fault(
                .usage, "say what: vaults or series, or --all for every vault", hint: "`reprieve list` shows both")
        }
        var marked: [(vault: VaultConfiguration, series: [Bytes], members: [Backup])] = []
        let (vaults, rest) = session.vaults(words)
        if rest.isEmpty {
            marked = vaults.map { ($0, [], []) }
        } else {
            let views = session.engine.vaultViews.views(of: vaults)
            for target in try session.engine.arguments.targets(rest, in: views, preferring: [.series]) {
                guard case .series(let view, let key) = target else {
                    throw Fault(
                        .usage, "only vaults and series can be frozen",
                        hint: "a single backup: reprieve preserve ID --reason WHY")
                }
                marked.append((view.configuration, [key], view.members(of: key)))
            }
        }
        var faults: [Fault] = []
        var isDone = false
        for (vault, series, members) in marked {
            do throws(Fault) {
                let (changed, warning) = try change(vault, series, members)
                faults += [warning].compactMap { $0 }
                isDone = true
                let what =
                    series.isEmpty ? vault.label : "\(Backup.shortName(ofSeries: series[0]).display) in \(vault.label)"
                session.tell("\(what): \(changed > 0 ? done : "was not frozen")")
            } catch {
                faults.append(error)
            }
        }
        if !isDone, faults.count == 1 { throw faults[0] }
        if session.json {
            session.emit(
                "freeze",
                [
                    .init(
                        "frozen",
                        .array(
                            marked.map {
                                [
                                    "vault": .string($0.vault.label),
                                    "series": .array($0.series.map { .string($0.display) }),
                                ]
                            }))
                ])
        }
        for fault in faults { session.warn(fault) }
        if !faults.isEmpty { try Ending.with(isDone ? .partial : .failed) }
    }
}
