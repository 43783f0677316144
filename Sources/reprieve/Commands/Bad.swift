import ArgumentParser
internal import Engine
internal import Model

struct Bad: Deed {
    static let configuration = CommandConfiguration(
        abstract: "This backup is broken: it counts for nothing.",
        discussion: """
            It stays in its place, and no rule counts it: the newest other complete one is the newest
            of its series then. `condemn` moves it to the trash, `release` takes the word back.

            \(Reprieve.exits)
            """)

    @Argument(help: ArgumentHelp("Ids or paths.", valueName: "what")) var what: [String]
    @Option(help: ArgumentHelp("What is wrong with it; it is shown wherever the backup is.", valueName: "reason"))
    var reason: String
    @Flag(name: [.customShort("n"), .long], help: "Only say what would be marked.") var dryRun = false
    @OptionGroup var common: Common

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
        try Marking.say(marked, dryRun, session, done: Self.outcome) { .bad($0, reason: reason) }
    }

    private static func outcome(_ view: VaultView, _ backup: Backup) -> String {
        let newest = view.present.filter { $0.series == backup.series && $0.id != backup.id && $0.isComplete }
            .max { ($0.time, $0.path) < ($1.time, $1.path) }
        let rest =
            newest.map { "the newest of its series that counts is \($0.path.lastComponent.display)" }
            ?? "no other backup of its series counts"
        return "bad: it counts for nothing from now on; \(rest)"
    }
}
