import ArgumentParser
internal import Config
internal import Engine
internal import JSONText
internal import Model
internal import Retention

struct Release: Deed {
    static let configuration = CommandConfiguration(
        abstract: "Withdraw preserve, bad or retire, or end the grace of a restore.",
        discussion: Help.text(
            "Then the rules decide again. For a run, a series or a vault, preserved backups stay preserved "
                + "unless you add --preserved.",
            examples: [
                ("reprieve release 7f3a", "every mark of this backup"),
                ("reprieve release run 81", "what came back from a run"),
            ],
            exits: ["0 released", "5 nothing of that name", "11 another process holds the vault"]))

    @Argument(
        help: ArgumentHelp("Ids, paths, series, vaults, or a run.", valueName: "what"), completion: Completion.names)
    var what: [String]
    @Flag(help: "For a run, a series or a vault: preserved backups, too.") var preserved = false
    @Flag(name: [.customShort("n"), .long], help: "Only say what would be released.") var dryRun = false
    @OptionGroup(visibility: .hidden) var common: Common

    func run() throws {
        let session = try common.session()
        let groups = try self.groups(session)
        guard !groups.isEmpty else {
            return try Marking.apply(try Marking.chosen(what, session), dryRun, session: session, done: Self.outcome) {
                .release($0)
            }
        }
        if dryRun { session.tellDryRun() }
        for group in groups { try release(group, session) }
        if session.json {
            session.emit(
                "release",
                [
                    .init("dry_run", .bool(dryRun)),
                    .init("series", .array(groups.compactMap { $0.series.map { .string($0.display) } })),
                    .init("released", .integer(Int64(groups.reduce(0) { $0 + $1.released(preserved).count }))),
                    .init("still_preserved", .integer(Int64(groups.reduce(0) { $0 + $1.staying(preserved) }))),
                ])
        }
    }

    private static func outcome(_ view: VaultView, _ backup: Backup) -> String {
        let object = backup.id.object
        if let how = backup.protectedBy, backup.state == .present { return "still \(how)" }
        if backup.isBad { return "no longer bad: it counts again" }
        if view.protection.preserved[object] != nil {
            return backup.state == .trashed ? "released: it may be purged again" : "released: the rules decide again"
        }
        if view.protection.reprieved[object] != nil {
            return "its grace after the restore is over: the rules decide again"
        }
        return "was not preserved"
    }

    // MARK: Many at once

    /// All that was named by one word, of one vault.
    private struct Group {
        let view: VaultView
        let name: String
        let backups: [Backup]
        var series: Bytes?

        func released(_ preserved: Bool) -> [Backup] {
            backups.filter {
                view.protection.reprieved[$0.id.object] != nil || preserved && isPreserved($0)
            }
        }

        /// What a person preserved, and goes on being so.
        func staying(_ preserved: Bool) -> Int { preserved ? 0 : backups.count(where: isPreserved) }

        private func isPreserved(_ backup: Backup) -> Bool { view.protection.preserved[backup.id.object] != nil }
    }

    /// Empty where single backups are named.
    private func groups(_ session: Session) throws -> [Group] {
        let (vaults, rest) = session.vaults(what)
        if rest.count == 2, rest[0] == "run", let number = Int(rest[1]) { return try run(number, vaults, session) }
        let (_, targets) = try session.targets(what, preferring: [.series, .backup])
        let groups = targets.compactMap { target -> Group? in
            switch target {
            case .vault(let view):
                return Group(view: view, name: view.label, backups: view.present + view.trashed)
            case .series(let view, let key):
                let own = (view.present + view.trashed).filter { $0.series == key }
                return Group(
                    view: view, name: "\(SeriesNames(view).text(key)) in \(view.label)", backups: own, series: key)
            case .backup, .batch, .run: return nil
            }
        }
        guard groups.isEmpty || groups.count == targets.count else {
            throw Fault(
                .usage, "name single backups, or series and vaults, but not both",
                hint: "release them one after the other")
        }
        if let fault = groups.compactMap(\.view.fault).first { throw fault }
        return groups
    }

    private func run(_ number: Int, _ vaults: [VaultConfiguration], _ session: Session) throws -> [Group] {
        let views = session.engine.vaultViews.views(of: vaults)
        let groups = try views.compactMap { view -> Group? in
            let own = try session.engine.arguments.backups(ofRun: number, in: view)
            return own.isEmpty ? nil : Group(view: view, name: "run \(number) in \(view.label)", backups: own)
        }
        guard groups.isEmpty else { return groups }
        throw views.compactMap(\.fault).first ?? session.engine.undo.noRun(number, vaults)
    }

    private func release(_ group: Group, _ session: Session) throws {
        let released = group.released(preserved)
        let vault = group.view.configuration
        var lines: [String] = []
        if let key = group.series, group.view.protection.retired[key] != nil {
            if !dryRun { _ = try session.engine.personMarks.apply(.unretire([key]), in: vault) }
            lines.append("\(group.name): \(dryRun ? "would be no longer retired" : "no longer retired")")
        }
        if !released.isEmpty {
            if !dryRun {
                let kinds: [Mark.Kind] = preserved ? [.reprieved, .preserved] : [.reprieved]
                _ = try session.engine.personMarks.apply(.release(released, kinds: kinds), in: vault)
            }
            let verb = dryRun ? "would be released" : "released: the rules decide again"
            lines.append("\(group.name): \(Text.plural(released.count, "backup")) \(verb)")
        }
        let staying = group.staying(preserved)
        if lines.isEmpty, staying == 0 { lines.append("\(group.name): nothing to release") }
        if staying > 0 {
            lines.append(
                "\(group.name): \(Text.plural(staying, "backup")) \(staying == 1 ? "is" : "are") preserved and "
                    + "\(staying == 1 ? "stays" : "stay") so; --preserved releases \(staying == 1 ? "it" : "them") as well"
            )
        }
        if let frozen = group.view.frozen {
            lines.append(
                "\(group.view.label) is frozen, so nothing goes yet:  \(Freezing.end(of: frozen, group.view.label))")
        }
        session.tell(lines.joined(separator: "\n"))
    }
}
