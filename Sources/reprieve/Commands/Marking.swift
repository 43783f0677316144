internal import Config
internal import Engine
internal import JSONText
internal import Model

/// Backups of one vault that a mark is meant for.
struct Marking {
    let view: VaultView
    let backups: [Backup]
    /// The series, where that was named and not a single backup.
    var series: String?

    /// What the arguments name: single backups, or all of a series, or what of it is older than a time.
    static func chosen(_ words: [String], before: Timestamp? = nil, _ session: Session) throws -> [Marking] {
        let (_, targets) = try session.targets(words, preferring: before == nil ? [.backup, .series] : [.series])
        return try targets.map { target in
            switch target {
            case .backup(let view, let backup):
                guard before == nil else {
                    throw Fault(.usage, "--before goes with a series", hint: "name a series, or leave --before out")
                }
                guard backup.state == .present || backup.state == .trashed else {
                    throw Fault(.notFound, "'\(backup.path.display)' is gone", path: backup.path)
                }
                return Marking(view: view, backups: [backup])
            case .series(let view, let key):
                let name = SeriesNames(view).text(key)
                let own = view.members(of: key).filter { backup in before.map { backup.time < $0 } ?? true }
                guard !own.isEmpty else {
                    throw Fault(
                        .notFound,
                        "no backup of '\(name)' is here or in the trash"
                            + (before == nil ? "" : " and older than that"),
                        hint: "to see what there is: reprieve list \(shell: view.label) \(shell: name) -a")
                }
                return Marking(
                    view: view, backups: own.sorted { ($0.time, $0.path) < ($1.time, $1.path) }, series: name)
            case .vault, .batch, .run:
                throw Fault(
                    .usage, "marks are for backups and series",
                    hint: "name ids, paths or series; `reprieve list` shows them")
            }
        }
    }

    static func apply(
        _ marked: [Marking], _ dryRun: Bool, session: Session, done: (VaultView, Backup) -> String,
        word: ([Backup]) -> PersonMarks.Word
    ) throws {
        let byVault = Dictionary(grouping: marked) { $0.view.configuration.path }
        if !dryRun {
            for (_, own) in byVault.sorted(by: { $0.key < $1.key }) {
                try session.engine.personMarks.apply(word(own.flatMap(\.backups)), in: own[0].view.configuration)
            }
        }
        if session.json { return emit(marked, dryRun, session) }
        if dryRun { session.tellDryRun() }
        for one in marked { session.tell("\(done(one.view, one.backups[0]))\n  \(one.line(session.zone))") }
    }

    private func line(_ zone: Zone) -> String {
        guard let series, let first = backups.first, let last = backups.last else {
            return backups.map { "\($0.id.text)  \($0.path.display)" }.joined(separator: "\n  ")
        }
        let span =
            backups.count == 1
            ? "of \(Text.day(first.time, zone))"
            : "from \(Text.day(first.time, zone)) to \(Text.day(last.time, zone))"
        return "\(Text.plural(backups.count, "backup")) of \(series) in \(view.label), \(span)"
    }

    private static func emit(_ marked: [Marking], _ dryRun: Bool, _ session: Session) {
        var views: [Bytes: VaultView] = [:]
        for one in marked { views[one.view.configuration.path] = one.view }
        if !dryRun {
            for view in session.engine.vaultViews.views(of: views.values.map(\.configuration)) {
                views[view.configuration.path] = view
            }
        }
        session.emit(
            "mark",
            [
                .init("dry_run", .bool(dryRun)),
                .init(
                    "backups",
                    .array(
                        marked.flatMap { one -> [JSON] in
                            let now = views[one.view.configuration.path] ?? one.view
                            let names = SeriesNames(now)
                            let fresh = Dictionary(now.everything.map { ($0.id, $0) }) { first, _ in first }
                            return one.backups.map {
                                session.json(fresh[$0.id] ?? $0, now.label, protection: now.protection, names: names)
                            }
                        })),
            ])
    }
}
