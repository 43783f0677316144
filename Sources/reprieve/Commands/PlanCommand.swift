import ArgumentParser
internal import Config
internal import Engine
internal import Foundation
internal import JSONText
internal import Model
internal import Retention

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show what cleanup would do and why. Nothing is changed.",
        discussion: Help.text(
            "With a series it shows each backup and its reasons. The plan is remembered, so that `cleanup "
                + "--approve` means exactly this one.",
            examples: [
                ("reprieve plan", "every vault, by series"), ("reprieve plan dumps app/orders", "each backup, and why"),
            ],
            exits: ["0 shown", "3 a directory could not be read", "5 nothing of that name"]))

    @Argument(help: ArgumentHelp("A vault, or a vault and a series.", valueName: "what"), completion: Completion.names)
    var what: [String] = []
    @Option(
        help: ArgumentHelp(
            "Compare: what would another policy keep and let go? (keep: { … } in a file)", valueName: "file"))
    var policy: String?
    @OptionGroup(visibility: .hidden) var common: Common

    func run() throws {
        let session = try common.session()
        let (vaults, words) = session.vaults(what)
        if let policy { return try Comparison.show(vaults, words, file: policy, session: session) }
        try Self.show(vaults, named: Array(what.dropLast(words.count)), words, session)
    }

    /// Also what `cleanup --dry-run` is: the plan without the second half. `named`: the vaults that a person named.
    static func show(
        _ vaults: [VaultConfiguration], named: [String], _ words: [String], _ session: Session
    ) throws {
        var reports: [PlanReport] = []
        var faults: [Fault] = []
        for vault in vaults {
            do {
                reports.append(try session.engine.planner.plan(vault))
            } catch {
                if !session.isAwayByRight(error, named) { faults.append(error) }
            }
        }
        if reports.isEmpty, faults.count == 1 { throw faults[0] }
        if vaults.isEmpty, !session.json { print("No vault is configured. `reprieve init DIRECTORY` proposes one.") }
        let series = try session.series(words, in: reports, faults)
        if session.json {
            emit(reports, faults, session)
        } else {
            let texts = zip(reports, series).compactMap { report, keys -> String? in
                if words.isEmpty { return PlanText(report, session).summary }
                guard !keys.isEmpty else { return nil }
                return keys.map { PlanText(report, session).detail($0) }.joined(separator: "\n\n")
            }
            if !texts.isEmpty { print(texts.joined(separator: "\n\n")) }
            for fault in faults { session.warn(fault) }
        }
        for fault in reports.flatMap({ $0.unreadable }) { session.warn(fault) }
        try Ending.with(
            faults.isEmpty
                ? (reports.contains { !$0.unreadable.isEmpty } ? .partial : .done)
                : reports.isEmpty ? .failed : .partial)
    }

    private static func emit(_ reports: [PlanReport], _ faults: [Fault], _ session: Session) {
        let plans = reports.map { json($0, session) }
        // One vault, the usual case: its plan stands at the top as well.
        var fields: [JSON.Field] = []
        if plans.count == 1, case .object(let own) = plans[0] { fields = own }
        session.emit(
            "plan",
            fields + [.init("plans", .array(plans)), .init("problems", .array(faults.map { session.json($0) }))])
    }

    static func json(_ report: PlanReport, _ session: Session) -> JSON {
        let names = SeriesNames(report.plan.judged.map(\.backup.series))
        return .object([
            .init("vault", .string(report.label)), .init("plan_id", .string(report.plan.id)),
            .init("held", .bool(report.plan.hold != nil)), .init("hold", JSON(report.plan.hold?.code)),
            .init("frozen", .bool(report.frozen != nil)), .init("policy", .string(report.plan.policy.hash)),
            .init("timezone", .string(session.zone.name)),
            .init(
                "kinds",
                .array(
                    report.kinds.map { kind in
                        [
                            "read_as": .string(kind.text), "series": .integer(Int64(kind.series)),
                            "backups": .integer(Int64(kind.have)), "goes": .integer(Int64(kind.goes)),
                            "examples": .array(kind.examples.map { .string($0.display) }),
                            "unlike_a_backup": .bool(kind.isUnlikeBackup),
                        ]
                    })),
            .init(
                "look_twice",
                report.lookTwice.map { found in
                    [
                        "series": .array(found.series.map { .string(names.text($0)) }),
                        "example": .string(found.path.display),
                    ]
                } ?? .null),
            .init("condemned", .integer(Int64(report.plan.condemned.count))),
            .init("condemned_for_space", .integer(Int64(report.plan.condemned.filter(\.isForSpace).count))),
            .init("condemned_size", .integer(report.plan.condemned.total { $0.backup.size })),
            .init("freed", JSON(report.freed.map { Int($0.total.bytes) })),
            .init("freed_is_at_least", .bool(report.freed?.total.isAtLeast ?? false)),
            .init("waiting", NothingGoes(report: report, session: session).json),
            .init("decisions", .array(report.plan.judged.map { session.json($0.decision) })),
            .init(
                "backups",
                .array(
                    report.plan.judged.map {
                        session.json(
                            $0.backup, report.label, protection: report.protection, links: report.plan.links,
                            names: names)
                    })),
        ])
    }
}

extension Session {
    /// The series that the arguments name, for each plan. `faults`: the errors of vaults that have no plan; the first
    /// is thrown where no series matches.
    func series(_ words: [String], in reports: [PlanReport], _ faults: [Fault] = []) throws -> [[Bytes]] {
        let targets: [ArgumentResolver.Target]
        do {
            targets = try engine.arguments.targets(words, in: reports.map(\.view), preferring: [.series])
        } catch {
            throw error.code == .notFound ? faults.first ?? error : error
        }
        let keys = try targets.map { target -> (label: String, key: Bytes) in
            guard case .series(let view, let key) = target else {
                throw Fault(
                    .usage, "a plan is shown of vaults and series, and '\(words.joined(separator: " "))' is neither",
                    hint: "one backup and what keeps it: reprieve explain ID")
            }
            return (view.label, key)
        }
        return reports.map { report in keys.filter { $0.label == report.label }.map(\.key) }
    }
}

/// A plan on the screen.
struct PlanText {
    private let report: PlanReport
    private let session: Session
    private let names: SeriesNames
    private let ids: ShortIDs

    init(_ report: PlanReport, _ session: Session) {
        self.report = report
        self.session = session
        names = SeriesNames(report.plan.judged.map(\.backup.series))
        ids = ShortIDs(report.view.everything)
    }

    private var id: Substring { report.plan.id.prefix(4) }

    var summary: String {
        let zone = session.zone
        var lines = [
            "PLAN \(id)   vault \(report.label)   \(Text.time(report.plan.at.wall, zone)) \(zone.name)   nothing done yet"
        ]
        if let frozen = report.frozen {
            lines.append("FROZEN: \(frozen.reason). Nothing goes until `\(Freezing.end(of: frozen, report.label))`.")
        }
        if let hold = report.plan.hold {
            lines.append(Text.wrap("\(hold.waitsForPerson ? "HELD" : "HELD IN PART"): \(session.text(hold, names))."))
        }
        let semantics = report.plan.policy.semantics
        if semantics.anchor == .now {
            lines.append(Text.wrap("Ages count from now, not from the newest backup (semantics: \(semantics.text))."))
        }
        lines += report.recovery.map { "Recovery comes first: \($0)." }
        lines += kinds
        lines.append("")
        lines.append(table)
        lines.append("")
        if let text = skippedEntries { lines.append(Text.wrap(text)) }
        lines += SkippedKind.lines(report.skippedEntries, label: report.label)
        if let text = settling { lines.append(Text.wrap(text)) }
        lines += unmatched.map { Text.wrap($0) }
        if let text = lookTwice { lines.append(Text.wrap(text)) }
        if let text = report.spaceText { lines.append(Text.wrap(text)) }
        lines += NothingGoes(report: report, session: session).lines.map { Text.wrap($0) }
        if let text = trash { lines.append(text) }
        if !report.plan.condemned.isEmpty {
            lines.append("")
            lines.append("Look     reprieve plan \(shell: report.label) SERIES        # each backup and why")
            if report.frozen == nil {
                lines.append(
                    "Do it    reprieve cleanup \(shell: report.label)"
                        + (report.plan.hold == nil ? "" : " --approve \(id)"))
            }
        }
        return lines.joined(separator: "\n")
    }

    private static let mostKinds = 12

    /// With the first plan a person agrees to kinds of names: what each was taken for.
    private var kinds: [String] {
        let isFirst = report.plan.hold?.causes.contains { if case .firstPlan = $0 { true } else { false } } ?? false
        let kinds = report.kinds
        guard isFirst, kinds.count > 1 || kinds.contains(where: \.isUnlikeBackup) else { return [] }
        var table = Table(["READ AS", "SERIES", "HAVE", "GO", "SUCH AS"], [.left, .right, .right, .right, .left])
        for kind in kinds.prefix(Self.mostKinds) {
            table.add([
                Text.fit((kind.isUnlikeBackup ? "? " : "") + kind.text, 38), Text.count(kind.series),
                Text.count(kind.have), kind.goes == 0 ? "-" : Text.count(kind.goes),
                Text.fit(kind.examples.last?.lastComponent.display ?? "", 22),
            ])
        }
        var lines = ["", table.text]
        if kinds.count > Self.mostKinds { lines.append("… and \(kinds.count - Self.mostKinds) more kinds: --json") }
        if kinds.contains(where: \.isUnlikeBackup) {
            lines.append(
                Text.wrap("? only a date in the name speaks for a backup: an `exclude` line leaves out what is none"))
        }
        return lines
    }

    private var table: String {
        var table = Table(
            ["SERIES", "HAVE", "KEEP", "GO", "SIZE GO", "OLDEST KEPT", "NOTE"],
            [.left, .right, .right, .right, .right, .right, .left])
        let groups = Dictionary(grouping: report.plan.judged, by: \.backup.series)
            .map { (name: names.text($0.key), members: $0.value) }
            .sorted {
                ($0.members.count { !$0.decision.retain }, $1.name) > (
                    $1.members.count { !$0.decision.retain }, $0.name
                )
            }
        let shown = groups.prefix(groups.count > 25 ? 20 : 25)
        for group in shown { table.add(row(group.name, group.members)) }
        if groups.count > shown.count {
            table.add(row("\(groups.count - shown.count) more", groups.dropFirst(shown.count).flatMap(\.members)))
        }
        if groups.count > 1 { table.add(row("\(groups.count) series", report.plan.judged)) }
        return groups.isEmpty ? "There is no backup in this vault." : table.text
    }

    private func row(_ name: String, _ members: [Plan.Judged]) -> [String] {
        let going = members.filter { !$0.decision.retain }
        let kept = members.filter { $0.decision.retain && !$0.decision.isSetAside }
        let aside = members.count { $0.decision.isSetAside }
        var notes: [String] = []
        if aside > 0 { notes.append("\(aside) set aside") }
        if let chains = chains(members) { notes.append(chains) }
        if members.contains(where: { $0.decision.reasons.contains(.all) }) { notes.append("keep: all") }
        if let freshness = report.freshness[members[0].backup.series], name != "", isOneSeries(members) {
            if let retirement = freshness.retirement {
                notes.append("retired" + (retirement.after.map { $0 > report.plan.at.wall } ?? false ? " (waits)" : ""))
            } else if freshness.regularity == .ended, let newest = freshness.newest {
                notes.append("ended \(Text.day(newest, session.zone))")
            } else if [.suspect, .failing, .late].contains(freshness.health) {
                notes.append(freshness.health.text)
            }
        }
        let held = members.count { report.plan.hold?.heldBack.contains($0.backup.id) ?? false }
        if held > 0, held < going.count { notes.append("\(held) wait") }
        if members.contains(where: { report.frozenSeries.contains($0.backup.series) }) { notes.append("FROZEN") }
        return [
            Text.fit(name, 24), Text.count(members.count), Text.count(members.count - going.count),
            going.isEmpty ? "-" : Text.count(going.count),
            going.isEmpty ? "-" : sizeGoing(going),
            kept.map(\.backup.time).min().map { Text.date($0, session.zone) } ?? "-", notes.joined(separator: ", "),
        ]
    }

    /// `4 chains, 2 go`, where backups of a series need each other.
    private func chains(_ members: [Plan.Judged]) -> String? {
        guard let links = report.plan.links, members.contains(where: { $0.backup.kind != .full }) else { return nil }
        let chains = Dictionary(grouping: members) { links.root(of: $0.backup.id) }.values.filter { $0.count > 1 }
        let going = chains.count { chain in chain.allSatisfy { !$0.decision.retain } }
        return Text.plural(chains.count, "chain") + (going > 0 ? ", \(going) go\(going == 1 ? "es" : "")" : "")
    }

    /// What deleting them frees, where files have several links; said by a star.
    private func sizeGoing(_ going: [Plan.Judged]) -> String {
        let apparent = Text.size(going.total { $0.backup.size })
        guard let freed = report.freed, going.contains(where: \.backup.mayShare) else { return apparent }
        let isOne = isOneSeries(going)
        guard let own = isOne ? freed.bySeries[going[0].backup.series] : freed.total else { return apparent }
        return (own.isAtLeast ? "≥ " : "") + Text.size(own.bytes) + "*"
    }

    /// At a first look nothing is known to be whole.
    private var settling: String? {
        let count = report.plan.judged.count {
            $0.backup.condition == .settling && $0.backup.note != Backup.temporaryNote
        }
        guard count > 0 else { return nil }
        let quiet = report.snapshot.vault.configuration.settings.quietPeriod.value.text
        return
            "Set aside: \(Text.plural(count, "backup")) not yet seen at rest for \(quiet). Look again then, or let the agent run"
    }

    /// Patterns that match nothing: a typing error?
    private var unmatched: [String] {
        let configuration = report.snapshot.vault.configuration
        let series = Set(report.plan.judged.map(\.backup.series))
        guard !series.isEmpty else { return [] }
        return zip(configuration.series.value, configuration.seriesOrigins).compactMap { policy, origin in
            guard !series.contains(where: { VaultPolicy.matches(policy.pattern, series: $0) }) else { return nil }
            return
                "Look twice: the pattern \"\(policy.pattern)\" (\(Bytes(origin.file).lastComponent.display):\(origin.line)) matches no series"
        }
    }

    private func isOneSeries(_ members: [Plan.Judged]) -> Bool {
        members.allSatisfy { $0.backup.series == members[0].backup.series }
    }

    /// Series of one backup each that may be one series.
    private var lookTwice: String? {
        guard let (series, path) = report.lookTwice, let first = series.first else { return nil }
        return
            "Look twice: \(names.text(first)) and \(Text.count(series.count - 1)) more series hold only 1 backup each; is the name taken apart wrongly? See: reprieve explain \(shell: path)"
    }

    private var skippedEntries: String? {
        var parts: [String] = []
        let notRecognised = report.skippedEntries.notRecognisedCount
        let managed = report.skippedEntries.count { $0.why.condition == "opaque" }
        let preserved = report.plan.judged.count {
            $0.decision.reasons.contains { reason in
                switch reason {
                case .preserved, .toolProtected: true
                default: false
                }
            }
        }
        if notRecognised > 0 { parts.append(Text.notRecognised(notRecognised)) }
        if managed > 0 { parts.append(Text.plural(managed, "repository", "repositories")) }
        if preserved > 0 { parts.append("\(preserved) preserved") }
        return parts.isEmpty ? nil : "Skipped: " + parts.joined(separator: ", ")
    }

    /// What the trash holds, or when what goes gives its room back.
    private var trash: String? {
        let going = report.plan.condemned
        let size = going.total { $0.backup.size }
        guard !going.isEmpty else {
            return report.trashSize > 0 ? "The trash holds \(Text.size(report.trashSize))." : nil
        }
        guard report.frozen == nil else { return nil }
        let on = report.plan.at.wall.adding(seconds: report.graceSeconds)
        let isShort = report.graceSeconds < 86_400
        let when = (isShort ? Text.precise(on, session.zone) : Text.date(on, session.zone))
            .trimmingCharacters(in: .whitespaces)
        let told = report.freed?.total
        let amount = (told?.isAtLeast == true ? "at least " : "") + Text.size(told?.bytes ?? size)
        let star = report.freed?.hasLinks == true ? "\n* what deleting it frees: files have several links" : ""
        return Text.wrap(
            "This frees nothing today, and \(amount) on \(when), when the grace of \(report.graceText) is over.\(star)"
        )
    }

    func detail(_ key: Bytes) -> String {
        var table = Table(sides: [.left, .left, .left, .left, .right, .left])
        for judged in report.plan.judged where judged.backup.series == key {
            let decision = judged.decision
            let reasons = decision.reasons.map { $0.text(id: ids.text, date: { Text.day($0, session.zone) }) }
            table.add([
                decision.retain ? " " : "-", decision.isSetAside ? "aside" : decision.retain ? "keep" : "go",
                ids.text(judged.backup.id),
                Text.dayAndTime(judged.backup.time, session.zone), Text.size(judged.backup.size),
                reasons.joined(separator: ", "),
            ])
        }
        return "\(names.text(key)) in \(report.label)\n\(table.text)"
    }
}
