import ArgumentParser
internal import Config
internal import Engine
internal import JSONText
internal import Model
internal import Retention

struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List series; with a series or a path, its backups.",
        discussion: Help.text(
            "Without an argument it lists all series. Times are those of the configured zone.",
            examples: [
                ("reprieve list", "all series"),
                ("reprieve list app/orders --trash", "what of a series is in the trash"),
            ],
            exits: ["0 listed", "3 a vault could not be read", "5 nothing of that name"]))

    @Argument(
        help: ArgumentHelp("A vault, a series, an id or a path.", valueName: "what"), completion: Completion.names)
    var what: [String] = []
    @Flag(name: .shortAndLong, help: "Every backup, those in the trash and those gone for good too.") var all = false
    @Flag(help: "What is in the trash.") var trash = false
    @Flag(help: "What is gone for good: purged or missing.") var purged = false
    @Flag(help: "What is skipped: entries that are not recognised, and repositories.") var foreign = false
    @Option(help: ArgumentHelp("Only those from this time on: a date, or an age such as 3d.", valueName: "time"))
    var since: String?
    @Option(help: ArgumentHelp("Only those before this time.", valueName: "time")) var before: String?
    @OptionGroup(visibility: .hidden) var common: Common

    func run() throws {
        let session = try common.session(visiting: true, always: true)
        let (vaults, rest) = session.vaults(what)
        let views = session.engine.vaultViews.views(of: vaults, decided: true)
        let (since, before) = (try session.time(since), try session.time(before))
        let chosen = try choose(rest, views, session).map { view, backups in
            (
                view,
                backups.filter { backup in
                    (since.map { backup.time >= $0 } ?? true) && (before.map { backup.time < $0 } ?? true)
                }
            )
        }
        if session.json {
            emit(session, foreign ? chosen.map { ($0.0, []) } : chosen)
        } else if foreign {
            print(notRecognisedText(views))
        } else if rest.isEmpty, !all, !trash, !purged {
            print(seriesText(chosen, session))
        } else {
            print(backupsText(chosen, session))
        }
        for fault in views.compactMap(\.fault) where fault.code != .away { session.warn(fault) }
        for fault in views.flatMap(\.unreadable) { session.warn(fault) }
        let failed = views.count { $0.fault != nil && !$0.isAway }
        try Ending.with(
            failed > 0
                ? (failed == views.count ? .failed : .partial)
                : views.contains { !$0.unreadable.isEmpty } ? .partial : .done)
    }

    /// The backups that the words and flags mean, by vault.
    private func choose(_ words: [String], _ views: [VaultView], _ session: Session) throws -> [(VaultView, [Backup])] {
        func byState(_ view: VaultView) -> [Backup] {
            if all { return view.everything }
            if trash { return view.trashed }
            if purged { return view.gone }
            return view.present
        }
        guard !words.isEmpty else { return views.map { ($0, byState($0)) } }
        let targets = try session.engine.arguments.targets(words, in: views, preferring: [.vault, .series, .batch])
        return views.compactMap { view in
            var found: [Backup] = []
            for target in targets {
                switch target {
                case .vault(let other) where other.label == view.label: found += byState(view)
                case .series(let other, let key) where other.label == view.label:
                    found += byState(view).filter { $0.series == key }
                case .backup(let other, let backup) where other.label == view.label: found.append(backup)
                case .batch(let other, let name) where other.label == view.label:
                    found += view.everything.filter { $0.trashed?.batch == name }
                default: break
                }
            }
            return found.isEmpty && targets.allSatisfy({ !$0.isOf(view.label) }) ? nil : (view, found)
        }
    }

    // MARK: Text

    private func seriesText(_ chosen: [(VaultView, [Backup])], _ session: Session) -> String {
        var blocks: [String] = []
        for (view, backups) in chosen where view.id != nil {
            var table = Table(
                ["SERIES", "BACKUPS", "SIZE", "OLDEST", "NEWEST", "EVERY", "STATE"],
                [.left, .right, .right, .right, .right, .right, .left])
            let names = SeriesNames(view)
            let series = Dictionary(grouping: backups, by: \.series)
            for (name, members) in series.map({ (names.text($0.key), $0.value) }).sorted(by: { $0.0 < $1.0 }) {
                let freshness = view.freshness[members[0].series]
                let complete = members.filter(\.isComplete).map(\.time).sorted()
                table.add([
                    Text.fit(name, 22), Text.count(members.count), Text.size(members.total { $0.size }),
                    complete.first.map { Text.date($0, session.zone) } ?? "-",
                    freshness?.newest.map { Text.age(view.at.wall.seconds(since: $0)) } ?? "-",
                    freshness?.rhythm.map { Text.every($0.seconds) } ?? "-",
                    state(members, view, freshness),
                ])
            }
            for case let entry in view.skippedEntries {
                guard case .managed(let tool, _) = entry.why else { continue }
                table.add([
                    Text.fit(entry.path.isEmpty ? "." : entry.path.display, 22), "1",
                    entry.size.map(Text.size) ?? "~", "-",
                    entry.newest.map { Text.age(view.at.wall.seconds(since: $0)) } ?? "~", "-", tool,
                ])
            }
            var text = "\(view.label): \(view.configuration.path.display)\n"
            text += table.isEmpty ? "  no backups" : table.text
            let foreign = view.skippedEntries.notRecognisedCount
            if foreign > 0 {
                text +=
                    "\n\(Text.notRecognised(foreign))  (reprieve list \(shell: view.label) --foreign)"
            }
            if !view.trashed.isEmpty {
                text += "\n\(Text.count(view.trashed.count)) in the trash  (reprieve list \(shell: view.label) --trash)"
            }
            blocks.append(text)
        }
        return blocks.isEmpty ? "No vault could be read." : blocks.joined(separator: "\n\n")
    }

    private func state(_ members: [Backup], _ view: VaultView, _ freshness: SeriesFreshness?) -> String {
        if view.isFrozen(series: members[0].series) { return "FROZEN" }
        if let health = freshness?.health, health != .ok { return health.text }
        let open = members.count {
            $0.effectiveCondition(view.protection, view.plan?.links, now: view.at).condition != .complete
        }
        return open == 0 ? "ok" : "\(open) not complete"
    }

    private func backupsText(_ chosen: [(VaultView, [Backup])], _ session: Session) -> String {
        let ids = ShortIDs(chosen.flatMap { $0.0.everything })
        var blocks: [String] = []
        for (view, backups) in chosen {
            let names = SeriesNames(view)
            let decisions = view.decisions()
            for (key, members) in Dictionary(grouping: backups, by: \.series).sorted(by: { $0.key < $1.key }) {
                let trashed = view.trashed.count { $0.series == key }
                let here = view.present.count { $0.series == key }
                let isChained = members.contains { $0.kind != .full }
                let hasSets = members.contains { $0.members.count > 1 }
                let more = (isChained ? ["KIND"] : []) + (hasSets ? ["FILES"] : [])
                var table = Table(
                    ["ID", "TIME"] + more + ["SIZE", "STATE", "KEPT BY, OR GOES"],
                    [.left, .left] + (isChained ? [.left] : []) + (hasSets ? [.right] : []) + [.right, .left, .left])
                for backup in isChained ? Self.byChain(members, view) : Self.newestFirst(members) {
                    var row = row(backup, decisions[backup.path], view: view, ids: ids, session: session)
                    if hasSets { row.insert(Text.count(backup.members.count), at: 2) }
                    if isChained { row.insert(Self.kind(backup), at: 2) }
                    table.add(row)
                }
                blocks.append(
                    "\(names.text(key)) in \(view.label): \(here) here, \(trashed) in the trash\n\(table.text)")
            }
        }
        return blocks.isEmpty ? "None." : blocks.joined(separator: "\n\n")
    }

    private static func newestFirst(_ backups: [Backup]) -> [Backup] {
        backups.sorted { ($0.time, $0.path) > ($1.time, $1.path) }
    }

    /// The newest chain first; in each the full one, and below it what stands on it in the order of time.
    private static func byChain(_ backups: [Backup], _ view: VaultView) -> [Backup] {
        let links = view.plan?.links
        let chains = Dictionary(grouping: backups) { links?.root(of: $0.id) ?? $0.id }.values.map { chain in
            chain.sorted { ($0.kind == .full ? 0 : 1, $0.time, $0.path) < ($1.kind == .full ? 0 : 1, $1.time, $1.path) }
        }
        return chains.sorted { ($0[0].time, $0[0].path) > ($1[0].time, $1[0].path) }.flatMap { $0 }
    }

    private static func kind(_ backup: Backup) -> String {
        if backup.contents?.outcome == .unread { return "?" }
        switch backup.kind {
        case .full: return "full"
        case .incremental: return "└ inc" + (backup.contents?.level.map { " (level \($0))" } ?? "")
        case .differential: return "└ diff"
        case .log: return "└ log"
        }
    }

    private func row(
        _ backup: Backup, _ decision: Decision?, view: VaultView, ids: ShortIDs, session: Session
    ) -> [String] {
        let (state, why): (String, String)
        switch backup.state {
        case .present:
            let reasons = decision?.reasons.map { $0.text(id: ids.text, date: { Text.day($0, session.zone) }) }.joined(
                separator: ", ")
            let aside = decision?.aside
            state =
                aside == .suspect
                ? "SUSPECT" : aside?.rawValue ?? (backup.isComplete ? "here" : backup.condition.rawValue)
            // An empty one is nobody's backup: what is to be done is in `status`.
            let question = aside == .suspect && backup.size > 0 ? " (accept \(ids.text(backup.id))?)" : ""
            why = decision.map { ($0.retain ? "" : "GOES: ") + (reasons ?? "") + question } ?? "-"
        case .trashed:
            state = "trash"
            let mark = view.protection.preserved[backup.id.object]
            why =
                mark.map { "preserved: \($0.reason)" }
                ?? backup.trashed.map { "purge \(Text.time($0.earliestPurge, session.zone))" } ?? "-"
        case .purged:
            state = "purged"
            why = "-"
        case .missing:
            state = "MISSING"
            why = "somebody else removed it from the trash"
        }
        return [
            ids.text(backup.id), Text.time(backup.time, session.zone), Text.size(backup.size), state, why,
        ]
    }

    private func notRecognisedText(_ views: [VaultView]) -> String {
        var lines: [String] = []
        for view in views {
            lines.append("\(view.label): \(view.configuration.path.display)")
            lines += view.skippedEntries.map { Text.wrap("  " + Self.text($0, view)) }
            if view.skippedEntries.isEmpty { lines.append("  nothing is left alone here") }
            lines += SkippedKind.lines(view.skippedEntries, label: view.label, isBelowList: true)
        }
        return lines.joined(separator: "\n")
    }

    private static func text(_ entry: SkippedEntry, _ view: VaultView) -> String {
        let count = entry.entries == 1 ? "" : "\(Text.count(entry.entries)) more entries: "
        let text = "\(entry.path.isEmpty ? "." : entry.path.display): \(count)\(entry.why.text)"
        guard case .managed(_, let prune) = entry.why else { return text }
        let size = entry.size.map(Text.size) ?? "~"
        let age = entry.newest.map { Text.age(view.at.wall.seconds(since: $0)) } ?? "~"
        return text + ", \(size), newest \(age); what removes old backups there: \(prune)"
    }

    private func emit(_ session: Session, _ chosen: [(VaultView, [Backup])]) {
        session.emit(
            "list",
            [
                .init(
                    "backups",
                    .array(
                        chosen.flatMap { view, backups in
                            let names = SeriesNames(view)
                            let decisions = view.decisions()
                            return backups.sorted { ($0.series, $0.time, $0.path) < ($1.series, $1.time, $1.path) }
                                .map { backup in
                                    session.json(
                                        backup, view.label, protection: view.protection, links: view.plan?.links,
                                        names: names
                                    )
                                    .appending([
                                        .init(
                                            "decision",
                                            backup.state == .present
                                                ? decisions[backup.path].map { session.json($0) } ?? .null : .null)
                                    ])
                                }
                        })),
                .init(
                    "left_alone",
                    .array(chosen.flatMap { view, _ in view.skippedEntries.map { session.json($0, view.label) } })),
                .init(
                    "problems",
                    .array(
                        chosen.flatMap { view, _ in
                            ([view.fault].compactMap { $0 } + view.unreadable).map { session.json($0) }
                        })),
            ])
    }
}

extension ArgumentResolver.Target {
    func isOf(_ label: String) -> Bool {
        switch self {
        case .vault(let view), .series(let view, _), .backup(let view, _), .batch(let view, _): view.label == label
        case .run: false
        }
    }
}

extension Decision {
    /// Why it is set aside; `nil`: it is not, or by its own condition alone.
    var aside: Backup.Condition? {
        for case .setAside(let condition, _) in reasons { return condition }
        return nil
    }
}
