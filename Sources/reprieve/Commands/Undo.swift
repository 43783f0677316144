import ArgumentParser
internal import Config
internal import Engine
internal import Foundation
internal import JSONText
internal import Model
internal import Retention

struct Undo: Deed {
    static let configuration = CommandConfiguration(
        abstract: "Put a whole cleanup back, and freeze.",
        discussion: Help.text(
            "All of the run that is still in the trash goes back to its place. Its vaults are frozen until "
                + "`reprieve unfreeze VAULT` or until their policy changes: what the same policy would take again "
                + "stays. The marks of a `retire` or `condemn` are withdrawn, too. `cleanup` and `audit tail` name "
                + "the run.",
            examples: [("reprieve undo --last", "the last run"), ("reprieve undo 81", "run 81, or its batch")],
            exits: ["0 put back", "3 put back in part", "5 nothing of that name", "11 another process holds the vault"])
    )

    @Argument(
        help: ArgumentHelp("A run or a batch; then vaults, to undo it only there.", valueName: "run|vault"),
        completion: Completion.vaults)
    var words: [String] = []
    @Flag(help: "The last run.") var last = false
    @Option(help: ArgumentHelp("Every run since this time, or for this long: 2h.", valueName: "time")) var since:
        String?
    @Flag(help: "Also batches whose manifest was altered.") var trustManifest = false
    @Flag(name: [.customShort("n"), .long], help: "Only say what would be put back.") var dryRun = false
    @OptionGroup(visibility: .hidden) var common: Common

    func run() throws {
        let session = try common.session(visiting: true, always: true)
        if !dryRun { Interrupt.watch("put back") }
        var words = self.words
        if words.first == "run" { words.removeFirst() }
        let named = last || since != nil ? nil : words.isEmpty ? nil : words.removeFirst()
        let isTwice = named == nil && words.first.map { Int($0) != nil && !session.vaults([$0]).rest.isEmpty } ?? false
        guard [named != nil, last, since != nil].count(where: { $0 }) == 1, !isTwice else {
            throw Fault(.usage, "say which run", hint: "undo RUN, undo --last or undo --since 2h")
        }
        if let named, session.vaults([named]).rest.isEmpty {
            throw Fault(
                .usage, "'\(named)' is a vault, and not a run",
                hint: "undo --last \(named), or undo --since 2h \(named)")
        }
        let vaults = try session.onlyVaults(words)
        let (recovery, seen) = dryRun ? ([], SeenBatches()) : session.engine.wholeScan.recoverBeforeRestore(vaults)
        let (known, faults) = session.engine.undo.runs(in: vaults, seen: seen)
        let chosen = try choose(named, known, faults: faults, vaults: vaults, session: session)
        var doing = UndoDoing(session: session, isDry: dryRun, faults: faults)
        doing.faults += recovery.filter { $0.code == .unaudited }
        if dryRun { session.tellDryRun() }
        for (run, part) in parts(chosen) {
            let reason =
                "undone \(run.map { "run \($0.number)" } ?? "runs \(numbers(chosen))") of \(Text.day((run ?? chosen[0]).at, session.zone))"
            doing.undo(part, reason, trustManifest: trustManifest, session: session)
        }
        try doing.finish(chosen, others: known.filter { run in !chosen.contains { $0.at == run.at } })
    }

    private func choose(
        _ named: String?, _ known: [Run], faults: [Fault], vaults: [VaultConfiguration], session: Session
    ) throws -> [Run] {
        if let since = try session.time(since) {
            let found = known.filter { $0.at >= since }
            guard found.isEmpty else { return found }
            throw faults.first
                ?? Fault(
                    .notFound, "no run since \(Text.time(since, session.zone)) has anything in the trash",
                    hint: "`reprieve list --trash` shows what is there, and since when")
        }
        guard let named else {
            guard let last = known.first else {
                throw faults.first
                    ?? Fault(.notFound, "the trash is empty: there is no run to undo", hint: "reprieve list --purged")
            }
            return [last]
        }
        let found = known.filter { run in
            Int(named) == run.number || run.parts.contains { $0.batches.contains(named) }
        }
        guard !found.isEmpty else {
            if let fault = faults.first { throw fault }
            guard let number = Int(named) else {
                throw Fault(
                    .notFound, "there is no run '\(named)'",
                    hint: "a number: `reprieve audit tail` and `cleanup` say it")
            }
            throw session.engine.undo.noRun(number, vaults)
        }
        guard found.count == 1 else {
            let list = found.map { run in
                "  reprieve undo \(run.parts[0].batches[0])   # \(Text.time(run.at, session.zone)), \(Text.plural(run.waiting, "backup"))"
            }
            throw Fault(
                .ambiguous, "\(found.count) runs have the number \(named): of several state directories",
                hint: "name one by its batch:\n" + list.joined(separator: "\n"))
        }
        return found
    }

    /// Each vault once, with the batches of all chosen runs.
    private func parts(_ runs: [Run]) -> [(run: Run?, part: Run.Part)] {
        var parts: [(run: Run?, part: Run.Part)] = []
        for run in runs {
            for part in run.parts {
                guard let n = parts.firstIndex(where: { $0.part.vault.path == part.vault.path }) else {
                    parts.append((run, part))
                    continue
                }
                parts[n].run = nil
                parts[n].part.add(part)
            }
        }
        return parts
    }

    private func numbers(_ runs: [Run]) -> String {
        let sorted = Set(runs.map(\.number)).sorted()
        return sorted.count > 4
            ? "\(sorted[0]) to \(sorted[sorted.count - 1])"
            : sorted.map(String.init).joined(separator: ", ")
    }
}

/// One undo on its way through its vaults.
private struct UndoDoing {
    let session: Session
    let isDry: Bool
    var faults: [Fault]
    private var reports: [UndoReport] = []

    init(session: Session, isDry: Bool, faults: [Fault]) {
        self.session = session
        self.isDry = isDry
        self.faults = faults
    }

    mutating func undo(_ part: Run.Part, _ reason: String, trustManifest: Bool, session: Session) {
        do throws(Fault) {
            let report =
                isDry
                ? try session.engine.undo.plan(part, trustManifest: trustManifest)
                : try session.engine.undo.run(part, reason: reason, trustManifest: trustManifest)
            reports.append(report)
            session.tell(text(report))
        } catch {
            faults.append(error)
        }
    }

    private func text(_ report: UndoReport) -> String {
        let label = report.vault.label
        let zone = session.zone
        let size = Text.size(report.restored.total { $0.size })
        let count = Text.plural(report.restored.count, "backup")
        var lines: [String] = []
        if report.restored.isEmpty {
            lines.append("\(label): nothing \(isDry ? "would come" : "came") back")
        } else if isDry {
            lines.append("\(label): \(count) (\(size)) would come back")
        } else {
            lines.append(
                "\(label): \(count) (\(size)) back in \(report.restored.count == 1 ? "its place" : "their places")")
        }
        let most = 10
        for backup in report.restored.prefix(most) {
            lines.append("  \(report.vault.path.appending(backup.path).display)")
        }
        if report.restored.count > most { lines.append("  and \(Text.count(report.restored.count - most)) more") }
        if !report.before.isEmpty {
            lines.append("  \(Text.plural(report.before.count, "was", "were")) brought back before")
        }
        if !report.gone.isEmpty { lines += gone(report.gone) }
        if !report.failed.isEmpty {
            lines.append("  \(Text.plural(report.failed.count, "stays", "stay")) in the trash, see below")
        }
        for series in report.unretired {
            lines.append("\(Backup.shortName(ofSeries: series).display) in \(label) is no longer retired")
        }
        if report.frozen != nil, let until = report.reprievedUntil {
            lines.append("\(label) is frozen until its policy changes, or until: reprieve unfreeze \(shell: label)")
            lines.append(
                "After that what came back stays until \(Text.precise(until, zone).trimmingCharacters(in: .whitespaces)), and then the policy decides again."
            )
        }
        return lines.joined(separator: "\n")
    }

    private func gone(_ purgedBefore: [PurgedBackup]) -> [String] {
        let most = 10
        let lines = purgedBefore.prefix(most).map { one in
            let when = one.at.map { " " + Text.time($0, session.zone).trimmingCharacters(in: .whitespaces) } ?? ""
            let run = one.run.map { ", run \($0)" } ?? ""
            return "  gone for good: \(one.backup.path.display) (\(one.backup.state.rawValue)\(when)\(run))"
        }
        return lines + (purgedBefore.count > most ? ["  and \(Text.count(purgedBefore.count - most)) more"] : [])
    }

    func finish(_ runs: [Run], others: [Run]) throws {
        let waiting = others.filter { $0.waiting > 0 }.prefix(3)
        if session.json { emit(runs) }
        if !waiting.isEmpty, !reports.isEmpty {
            let list = waiting.map { run in
                "  reprieve undo \(run.number)   # \(Text.time(run.at, session.zone)), \(run.parts.map(\.vault.label).joined(separator: ", ")), \(Text.plural(run.waiting, "backup"))"
            }
            session.tell("Other runs with something in the trash:\n" + list.joined(separator: "\n"))
        }
        if reports.isEmpty, faults.count == 1 { throw faults[0] }
        let problems = reports.flatMap { $0.failed.map(\.fault) + $0.warnings } + faults
        session.warn(problems)
        let hasDone = reports.contains { !$0.restored.isEmpty }
        let hasGone = reports.contains { !$0.gone.isEmpty }
        if !problems.isEmpty { try Ending.with(hasDone ? .partial : .failed) }
        if hasGone { try Ending.with(hasDone ? .partial : .notFound) }
    }

    private func emit(_ runs: [Run]) {
        let names = SeriesNames(reports.flatMap { $0.restored.map(\.series) })
        func list(_ key: String, _ pick: (UndoReport) -> [Backup], _ state: Backup.State?) -> JSON.Field {
            .init(
                key,
                .array(
                    reports.flatMap { report in
                        pick(report).map { backup in
                            var backup = backup
                            if let state { backup.state = state }
                            return session.json(backup, report.vault.label, protection: .init(), names: names)
                        }
                    }))
        }
        session.emit(
            "undo",
            [
                .init("runs", .array(runs.map { .integer(Int64($0.number)) })), .init("dry_run", .bool(isDry)),
                list("backups", { $0.restored }, isDry ? nil : .present),
                list("failed", { $0.failed.map(\.backup) }, nil),
                .init("gone", .array(reports.flatMap { $0.gone.map(session.json) })),
                .init(
                    "no_longer_retired",
                    .array(reports.flatMap(\.unretired).map { .string(Backup.shortName(ofSeries: $0).display) })),
                .init(
                    "frozen", .array(reports.filter { $0.frozen != nil }.map { .string($0.vault.label) })),
                .init(
                    "problems",
                    .array((reports.flatMap { $0.failed.map(\.fault) + $0.warnings } + faults).map { session.json($0) })
                ),
            ])
    }
}
