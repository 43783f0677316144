import ArgumentParser
internal import Engine
internal import Model
internal import Retention

struct Bad: Deed {
    static let configuration = CommandConfiguration(
        abstract: "Say that a backup is broken, so that it counts for nothing.",
        discussion: Help.text(
            "The backup stays where it is, and no rule counts it. The newest other complete backup becomes "
                + "the newest of its series. `condemn` moves it to the trash, `release` withdraws the mark.",
            examples: [
                ("reprieve bad 7f3a --reason 'restore failed'", "one backup"), ("reprieve release 7f3a", "withdraw it"),
            ],
            exits: ["0 marked", "5 nothing of that name", "11 another process holds the vault"]))

    @Argument(help: ArgumentHelp("Ids or paths.", valueName: "what"), completion: Completion.names) var what: [String]
    @Option(help: ArgumentHelp("What is wrong with it; it is shown wherever the backup is.", valueName: "reason"))
    var reason: String
    @Flag(name: [.customShort("n"), .long], help: "Only say what would be marked.") var dryRun = false
    @OptionGroup(visibility: .hidden) var common: Common

    func run() throws {
        let session = try common.session()
        let reason = try session.reason(reason)
        let marked = try Marking.chosen(what, session)
        guard marked.allSatisfy({ $0.series == nil }) else {
            throw Fault(
                .usage, "only single backups can be marked as bad", hint: "their ids: reprieve list SERIES")
        }
        if let backup = marked.flatMap(\.backups).first(where: { $0.state != .present }) {
            throw Fault(
                .usage, "'\(backup.path.display)' is in the trash, where it counts for nothing",
                hint: "reprieve restore \(backup.id.text) brings it back", path: backup.path)
        }
        try Marking.apply(marked, dryRun, session: session, done: Self.outcome) { .bad($0, reason: reason) }
    }

    private static func outcome(_ view: VaultView, _ backup: Backup) -> String {
        let newest = view.present.filter {
            $0.series == backup.series && $0.id != backup.id
                && $0.effectiveCondition(view.protection, view.plan?.links, now: view.at).condition == .complete
        }
        .max { ($0.time, $0.path) < ($1.time, $1.path) }
        let rest =
            newest.map { "the newest of its series that counts is \($0.path.lastComponent.display)" }
            ?? "no other backup of its series counts"
        return "bad: it counts for nothing from now on; \(rest)"
    }
}
