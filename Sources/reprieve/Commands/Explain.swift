import ArgumentParser
internal import Config
internal import Engine
internal import JSONText
internal import Model
internal import Retention

struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Explain what one backup or entry is and what keeps it.",
        discussion: Help.text(
            "Name it by its id, the beginning of its id, or its path. An entry that is not a backup is "
                + "explained, too.",
            examples: [("reprieve explain 7f3a", "by id"), ("reprieve explain orders-2026-10-04.dump", "by name")],
            exits: ["0 explained", "5 nothing of that name"]))

    @Argument(
        help: ArgumentHelp("An id, a path, or a file name.", valueName: "id or path"), completion: Completion.names)
    var what: String
    @OptionGroup(visibility: .hidden) var common: Common

    func run() throws {
        let session = try common.session()
        let views = session.engine.vaultViews.views(of: session.engine.configuration.vaults)
        let targets: [ArgumentResolver.Target]
        do {
            targets = try session.engine.arguments.targets([what], in: views, preferring: [.backup, .batch])
        } catch {
            if let (view, entry) = try skippedEntries(views) { return show(entry, view, session) }
            // Nothing that a vault knows; but a path on the disk can be recognised.
            guard error.code == .notFound, let taken = try session.engine.pathExplainer.taken(what) else { throw error }
            return show(taken, session)
        }
        var decided: [Bytes: VaultView] = [:]
        let found = try targets.flatMap { try Self.backups($0) }.map { view, backup in
            let path = view.configuration.path
            decided[path] = decided[path] ?? session.engine.vaultViews.decided(view)
            return (decided[path] ?? view, backup)
        }
        for fault in Set(found.compactMap(\.0.fault)) { session.warn(fault) }
        if session.json {
            session.emit("explain", [.init("backups", .array(found.map { json($0.0, $0.1, session) }))])
        } else {
            print(Text.wrap(found.map { text($0.0, $0.1, session) }.joined(separator: "\n\n")))
        }
    }

    private static func backups(_ target: ArgumentResolver.Target) throws -> [(VaultView, Backup)] {
        switch target {
        case .backup(let view, let backup): return [(view, backup)]
        case .series(_, let key):
            throw Fault(
                .usage, "'\(Backup.name(ofSeries: key).display)' is a series",
                hint: "`reprieve list SERIES` shows its backups; explain one by its id")
        case .batch(let view, let name): return view.everything.filter { $0.trashed?.batch == name }.map { (view, $0) }
        case .run(let run):
            throw Fault(.usage, "run \(run.number) is not a backup", hint: "`reprieve audit tail` tells what it did")
        case .vault(let view):
            throw Fault(
                .usage, "'\(view.label)' is a vault", hint: "reprieve list \(shell: view.label), or retention show")
        }
    }

    /// By its path, else by its name.
    private func skippedEntries(_ views: [VaultView]) throws -> (VaultView, SkippedEntry)? {
        let all = views.flatMap { view in view.skippedEntries.map { (view, $0) } }
        func whole(_ view: VaultView, _ entry: SkippedEntry) -> String {
            view.configuration.path.appending(entry.path).display
        }
        let byPath = all.filter { [$0.1.path.display, whole($0.0, $0.1)].contains(what) }
        let found = byPath.isEmpty ? all.filter { $0.1.path.lastComponent.display == what } : byPath
        guard found.count < 2 else {
            throw Fault(
                .ambiguous, "'\(Bytes(what).display)' names \(found.count) entries",
                hint: "name one by its path:\n"
                    + Text.firstTen(found.map { "  " + whole($0.0, $0.1) }).joined(separator: "\n"))
        }
        return found.first
    }

    private func show(_ entry: SkippedEntry, _ view: VaultView, _ session: Session) {
        if session.json {
            return session.emit("explain", [.init("left_alone", .array([session.json(entry, view.label)]))])
        }
        print("\(view.configuration.path.appending(entry.path).display)")
        switch entry.why {
        case .managed(let tool, let prune):
            print(
                "is a repository of \(tool). Its files belong together in ways only \(tool) knows:\nReprieve never touches it. What removes old backups there: \(prune)"
            )
        case .notRecognised, .link:
            print(Text.wrap("is not a backup that Reprieve knows: \(entry.why.text). It is never touched."))
            if let line = SkippedKind.line(for: entry, among: view.skippedEntries) { print("To read it: \(line)") }
        }
    }

    private func text(_ view: VaultView, _ backup: Backup, _ session: Session) -> String {
        let ids = ShortIDs(view.everything)
        let zone = session.zone
        var lines = [
            "\(backup.id.text)  \(view.configuration.path.appending(backup.path).display)",
            "  series     \(SeriesNames(view).text(backup.series)) in \(view.label)",
            "  time       \(Text.dayAndTime(backup.time, zone)) \(zone.name)  (from \(Self.source(backup)))",
        ]
        if let reading = session.engine.pathExplainer.reading(of: backup, in: view) {
            lines += ["  taken for  \(reading.recogniser)", "  key        \(backup.series.display)"]
        }
        lines += [
            "  size       \(Text.size(backup.size))"
                + (backup.members.count > 1 ? " with \(Text.plural(backup.members.count - 1, "side file"))" : "")
        ]
        lines += backup.members.dropFirst().map { "             \($0.path.lastComponent.display)" }
        let freed = backup.freedIfPurged.map { ($0.isAtLeast ? "at least " : "") + Text.size($0.bytes) } ?? "~"
        lines.append("             \(Text.size(backup.allocated)) on disk; purging it frees \(freed)")
        if let obstacle = backup.obstacle { lines.append("  OBSTACLE   \(obstacle): it cannot be moved") }
        lines.append("  condition  \(backup.condition.rawValue)" + (backup.note.isEmpty ? "" : ": \(backup.note)"))
        if backup.isBad {
            lines.append("             reprieve release \(backup.id.text)      # if it is fine after all")
        }
        if backup.state == .present, let why = view.protection.suspicion.suspects[backup.id.object] {
            lines.append("  SUSPECT    \(why): it counts for nothing")
            lines += Notice.remedies(backup, isSuspect: true).map { "             \($0)" }
        }
        lines.append("  known      since \(Text.time(backup.observedSince, zone))")
        switch backup.state {
        case .present:
            guard let decision = view.decision(of: backup) else { break }
            let verb = decision.isSetAside ? "set aside" : decision.retain ? "kept" : "GOES"
            lines.append("  decision   \(verb)")
            lines += decision.reasons.map { "             \($0.text(id: ids.text, date: { Text.day($0, zone) }))" }
            lines += foresight(view, backup, decision: decision, session: session)
            if backup.isComplete {
                lines.append(
                    "  importance \(decision.importance) of 100; it orders what goes first where space is short")
            }
            lines += chain(view, backup, ids)
            if view.isFrozen(series: backup.series) {
                lines.append("             its series is frozen: nothing of it goes")
            }
        case .trashed:
            guard let trashed = backup.trashed else { break }
            lines.append("  trash      since \(Text.time(trashed.condemnedAt, zone)), batch \(trashed.batch)")
            lines.append(
                "             purged after \(Text.precise(trashed.earliestPurge, zone)), if the policy still says so")
            if let mark = view.word(against: backup) {
                let what = mark.kind == .condemned ? "condemned by hand" : "its series was retired"
                lines.append("             \(what) by \(mark.actor): \(mark.reason)")
            }
            if let mark = view.protection.preserved[backup.id.object] {
                lines.append("             but it is preserved: \(mark.reason)")
            }
            lines.append("             reprieve restore \(backup.id.text)")
        case .purged:
            lines.append(
                "  gone       purged; `reprieve audit tail \(backup.id.text)` tells when and why")
        case .missing:
            lines.append("  MISSING    somebody else removed it from the trash (batch \(backup.trashed?.batch ?? ""))")
        }
        return lines.joined(separator: "\n")
    }

    /// Where its time comes from.
    private static func source(_ backup: Backup) -> String {
        guard backup.timeSource == .name else { return backup.timeSource.rawValue }
        return backup.series.parent.components.contains("*") ? "its path" : "its name"
    }

    /// Until when, at the present rhythm.
    private func foresight(
        _ view: VaultView, _ backup: Backup, decision: Decision, session: Session
    ) -> [String] {
        let zone = session.zone
        let grace = view.configuration.settings.gracePeriod.value
        if !decision.retain, view.frozen != nil { return ["  until      the vault is unfrozen, and a cleanup"] }
        if !decision.retain, let plan = view.plan, plan.hold?.heldBack.contains(backup.id) == true {
            let id = plan.id.prefix(4)
            return ["  until      plan \(id) is approved, it waits: reprieve cleanup \(shell: view.label) --approve"]
        }
        if !decision.retain {
            let purge = Text.day(view.at.wall.adding(seconds: grace.fixedSeconds), zone)
            return ["  until      the next cleanup; purged \(grace.text) after it, on \(purge) at the earliest"]
        }
        guard backup.isComplete else { return [] }
        let isByRule = decision.reasons.contains { reason in
            switch reason {
            case .rule, .oldest, .window, .tooYoung, .observedTooShortly, .reprieved, .chain, .windowFull, .neededBy:
                true
            default: false
            }
        }
        guard isByRule || decision.reasons.contains(.newest) else { return ["  until      as long as that holds"] }
        guard let freshness = view.freshness[backup.series], let rhythm = freshness.rhythm,
            freshness.regularity != .ended
        else {
            return ["  until      newer ones come: nothing goes because time passes"]
        }
        guard let outlook = session.engine.preview.outlook(of: backup, in: view) else { return [] }
        let every = "one every \(Text.every(rhythm.seconds))"
        guard let goes = outlook.goes, let purged = outlook.purged else {
            return ["  until      not before \(Text.day(outlook.reach, zone)), at the present rhythm (\(every))"]
        }
        return [
            "  until      \(Text.day(goes, zone)) at the present rhythm (\(every)),",
            "             purged on \(Text.day(purged, zone)) at the earliest",
        ]
    }

    /// What it needs, what needs it, and what its tool says of it.
    private func chain(_ view: VaultView, _ backup: Backup, _ ids: ShortIDs) -> [String] {
        var lines: [String] = []
        let contents = backup.contents
        if let tool = contents?.tool {
            let said = contents?.said.map { ": \($0)" } ?? ""
            let file = contents?.file.map { " (\($0))" } ?? ""
            lines.append("  written by \(tool)\(said)\(file)")
        }
        if backup.members.count > 1 { lines.append("  files      \(backup.members.count)") }
        let known = Dictionary(view.everything.map { ($0.id, $0) }) { first, _ in first }
        func list(_ found: [BackupID]) -> String {
            let sorted = found.compactMap { known[$0] }.sorted { ($0.time, $0.path) < ($1.time, $1.path) }
            let shown = sorted.prefix(Self.mostNamed).map { "\(ids.text($0.id)) (\($0.path.lastComponent.display))" }
            let more = sorted.count > shown.count ? [" and \(sorted.count - shown.count) more"] : []
            return shown.joined(separator: ", ") + more.joined()
        }
        let links = view.plan?.links
        let needs = links?.needs(of: backup.id) ?? []
        if backup.kind != .full || !needs.isEmpty {
            let what = needs.isEmpty ? "nothing that is known" : list(needs)
            lines.append("  \(backup.kind.rawValue)  needs \(what)")
        }
        if let why = links?.whyBroken(backup.id) { lines.append("  broken     \(why)") }
        let needing = links?.dependents(of: backup.id) ?? []
        if !needing.isEmpty { lines.append("  needed by  \(list(needing))") }
        return lines
    }

    /// More on one line are counted.
    private static let mostNamed = 3

    private func json(_ view: VaultView, _ backup: Backup, _ session: Session) -> JSON {
        let own = session.json(
            backup, view.label, protection: view.protection, links: view.plan?.links, names: SeriesNames(view))
        let decision = view.decision(of: backup)
        let stays = backup.state == .present && decision?.retain == true
        let outlook = stays ? session.engine.preview.outlook(of: backup, in: view) : nil
        return own.appending([
            .init("taken_for", JSON(session.engine.pathExplainer.reading(of: backup, in: view)?.recogniser)),
            .init("decision", decision.map { session.json($0) } ?? .null),
            .init("importance", JSON(decision.map { Int($0.importance) })),
            .init("goes", JSON(outlook?.goes?.rfc3339(in: session.zone))),
            .init("purged_at", JSON(outlook?.purged?.rfc3339(in: session.zone))),
        ])
    }
}
