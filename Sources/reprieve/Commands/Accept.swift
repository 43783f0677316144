import ArgumentParser
internal import Engine
internal import JSONText
internal import Model
internal import Retention

struct Accept: Deed {
    static let configuration = CommandConfiguration(
        abstract: "Say that a suspect backup is right, or a whole series as it is now.",
        discussion: Help.text(
            "A suspect backup counts for nothing until you accept it. If you accept a series, its present "
                + "sizes become the usual ones, its freeze ends, and the last backup from before the change no "
                + "longer has to stay.",
            examples: [
                ("reprieve accept 7f3a --reason 'empty on Sundays'", "one backup"),
                ("reprieve accept app/orders --reason 'archived'", "a series as it is now"),
            ],
            exits: ["0 accepted", "5 nothing of that name", "11 another process holds the vault"]))

    @Argument(help: ArgumentHelp("Ids, paths or series.", valueName: "what"), completion: Completion.names) var what:
        [String]
    @Option(help: ArgumentHelp("Why it is fine.", valueName: "reason")) var reason: String
    @Flag(name: [.customShort("n"), .long], help: "Only say what would be accepted.") var dryRun = false
    @OptionGroup(visibility: .hidden) var common: Common

    func run() throws {
        let session = try common.session()
        let reason = try session.reason(reason)
        var done: [JSON] = []
        if dryRun { session.tellDryRun() }
        for target in try session.targets(what, preferring: [.series, .backup]).targets {
            switch target {
            case .series(let view, let key): done.append(try accept(key, in: view, reason, session))
            case .backup(let view, let backup): done.append(try accept(backup, in: view, reason, session))
            case .vault, .batch, .run:
                throw Fault(
                    .usage, "only backups and series can be accepted", hint: "`reprieve status` names what is suspect")
            }
        }
        if session.json {
            session.emit("accept", [.init("dry_run", .bool(dryRun)), .init("accepted", .array(done))])
        }
    }

    private func accept(
        _ series: Bytes, in view: VaultView, _ reason: String, _ session: Session
    ) throws -> JSON {
        let own = view.members(of: series)
        let suspect = own.count {
            view.protection.suspicion.suspects[$0.id.object] != nil || $0.mayBeAccepted
        }
        if !dryRun {
            try session.engine.personMarks.apply(
                .acceptSeries(series, objects: Set(own.map(\.id.object)), reason: reason), of: own,
                in: view.configuration)
        }
        let name = SeriesNames(view).text(series)
        session.tell(
            "\(name) in \(view.label): accepted as it is, \(Text.plural(suspect, "suspect backup")) \(suspect == 1 ? "counts" : "count") from now on"
        )
        return ["vault": .string(view.label), "series": .string(name), "suspects": .integer(Int64(suspect))]
    }

    private func accept(
        _ backup: Backup, in view: VaultView, _ reason: String, _ session: Session
    ) throws -> JSON {
        guard backup.state == .present || backup.state == .trashed else {
            throw Fault(.notFound, "'\(backup.path.display)' is gone", path: backup.path)
        }
        let why =
            view.protection.suspicion.suspects[backup.id.object]
            ?? (backup.mayBeAccepted || backup.lacksFooter ? backup.note : nil)
        if why != nil, !dryRun {
            try session.engine.personMarks.apply(.accept([backup], reason: reason), in: view.configuration)
        }
        session.tell(
            "\(why == nil ? "it counts already" : "accepted: it counts from now on")\n  \(backup.id.text)  \(backup.path.display)"
        )
        return [
            "vault": .string(view.label), "id": .string(backup.id.text), "suspects": .integer(why == nil ? 0 : 1),
        ]
    }
}
