import ArgumentParser
internal import Config
internal import Engine
internal import Foundation
internal import JSONText
internal import Model
internal import Retention
internal import State

struct Cleanup: Deed {
    static let configuration = CommandConfiguration(
        abstract: "Move what no rule keeps to the trash.",
        discussion: Help.text(
            "The first plan of a vault, and a changed policy, wait for one approval: look at `reprieve plan`, "
                + "then repeat with --approve. What was approved goes. What is new since then is decided by itself.",
            examples: [
                ("reprieve cleanup dumps -n", "see what would go"),
                ("reprieve cleanup dumps --approve", "approve the last plan shown, and move"),
            ],
            exits: [
                "0 moved, or nothing to move", "3 moved in part", "4 a plan waits, or the vault is frozen",
                "5 nothing of that name", "11 another process holds the vault",
            ]), aliases: ["prune"])

    @Argument(help: ArgumentHelp("Vaults; without one, all.", valueName: "vault"), completion: Completion.vaults)
    var vaults: [String] = []
    @Flag(name: [.customShort("n"), .long], help: "Only show the plan.") var dryRun = false
    @Flag(
        help: "Approve the last plan shown: reprieve cleanup dumps --approve. A plan's id may follow: --approve 9c41.")
    var approve = false
    @OptionGroup(visibility: .hidden) var common: Common

    func run() throws {
        let session = try common.session(run: RunNumber())
        if !dryRun { Interrupt.watch("moved to the trash", back: "reprieve undo --last") }
        // `--approve 9c41`: the word after it names a plan where it names no vault.
        var words = vaults
        var id: String?
        if approve, let last = words.last, session.vaults([last]).rest == [last],
            last.allSatisfy(\.isHexDigit), last.utf8.count >= 4
        {
            id = words.removeLast()
        }
        if approve, let last = words.last, session.vaults([last]).rest == [last] {
            throw Fault(
                .notFound, "there is no vault and no plan '\(last)'", hint: "`reprieve plan` shows plans with their ids"
            )
        }
        let chosen = try session.onlyVaults(words)
        if dryRun {
            session.tellDryRun()
            return try PlanCommand.show(chosen, named: words, [], session)
        }
        let approval: ApprovedPlan? = approve ? id.map { .id($0.lowercased()) } ?? .last : nil
        var reports: [CleanupReport] = []
        var faults: [(label: String, fault: Fault)] = []
        for vault in chosen {
            do {
                let report = try session.engine.cleanup.run(vault, approve: approval)
                reports.append(report)
                session.tell(Self.text(report, session))
            } catch {
                guard !session.isAwayByRight(error, words) else { continue }
                faults.append((vault.label, error))
            }
        }
        session.rotateAudit()
        if session.json { Self.emit(reports, faults.map(\.fault), session) }
        if reports.isEmpty, faults.count == 1 { throw faults[0].fault }
        let warnings = reports.flatMap(\.warnings)
        if !session.json { session.warn(faults.map(\.fault) + warnings) }
        try Ending.with(Self.status(reports.map(\.status), faults.map(\.fault)))
    }

    /// Any failure 3 (nothing done at all: 1); otherwise anything held 4; otherwise 0.
    static func status(_ statuses: [ExitStatus], _ faults: [Fault]) -> ExitStatus {
        let failures = statuses.count { $0 == .failed || $0 == .partial } + faults.count
        if failures > 0 {
            let nothing = statuses.allSatisfy { $0 == .failed }
            return nothing && faults.count == 1 && statuses.isEmpty
                ? faults[0].code.status : nothing ? .failed : .partial
        }
        return statuses.contains(.held) ? .held : .done
    }

    static func text(_ report: CleanupReport, _ session: Session) -> String {
        let label = report.plan.label
        var lines: [String] = []
        for finding in report.plan.recovery { lines.append("\(label): \(finding)") }
        if report.condemned.isEmpty {
            lines.append("\(label): nothing moved")
            if report.isApprovedInVain {
                lines.append("  Nothing to approve: this plan moves nothing. The first one that does waits for you.")
            }
            if report.plan.plan.condemned.isEmpty {
                lines += NothingGoes(report: report.plan, session: session).lines.map { "  \($0)" }
            }
        } else {
            let size = report.condemned.total { $0.size }
            let until =
                report.condemned[0].trashed.map {
                    Text.precise($0.earliestPurge, session.zone).trimmingCharacters(in: .whitespaces)
                } ?? ""
            lines.append(
                "\(label): \(Text.plural(report.condemned.count, "backup")) (\(Text.size(size))) moved to the trash, run \(report.run ?? 0)"
            )
            let trash = report.plan.snapshot.vault.configuration.path.appending(".trash")
            lines += report.batches.map { "  \(trash.appending(Bytes($0)).display)/" }
            lines.append(
                "  They are purged after \(until). Until then each can be restored, or moved back by hand. All of them:"
            )
            lines += report.batches.map { "    reprieve restore \($0)" }
        }
        if let frozen = report.plan.frozen {
            lines.append("\(label): frozen: \(frozen.reason)\n  \(Freezing.end(of: frozen, label))")
        }
        if let veto = report.veto { lines.append("\(label): HELD: \(veto.text)") }
        if report.waiting > 0, let hold = report.plan.plan.hold {
            let names = SeriesNames(report.plan.plan.judged.map(\.backup.series))
            let word = hold.waitsForPerson ? "HELD" : "held in part"
            lines.append("\(label): \(word): \(session.text(hold, names)).")
            let waits = "\(Text.plural(report.waiting, "backup")) \(report.waiting == 1 ? "waits" : "wait")"
            lines.append(
                hold.waitsForPerson
                    ? "  \(waits). See them, then approve:" : "  \(waits); to have them go at once:")
            lines.append("  reprieve plan \(shell: label)")
            lines.append("  reprieve cleanup \(shell: label) --approve")
        }
        lines += Text.firstTen(report.dropped.map { "  stays: \($0.backup.path.display): \($0.why)" })
        lines += Text.firstTen(report.plan.unreadable.map { "  not scanned: \($0.message)" })
        lines += Text.firstTen(report.failed.map { "  FAILED: \($0.backup.path.display): \($0.fault.message)" })
        return lines.joined(separator: "\n")
    }

    static func emit(_ reports: [CleanupReport], _ faults: [Fault], _ session: Session) {
        let runs = reports.map { report -> JSON in
            let names = SeriesNames(report.plan.plan.judged.map(\.backup.series))
            return PlanCommand.json(report.plan, session).appending([
                .init("run", JSON(report.run)), .init("approved", .bool(report.approved)),
                .init("batches", .array(report.batches.map { .string($0) })),
                .init("waiting", .integer(Int64(report.waiting))), .init("veto", JSON(report.veto?.text)),
                .init(
                    "moved",
                    .array(
                        report.condemned.map {
                            session.json($0, report.plan.label, protection: report.plan.protection, names: names)
                        })),
                .init(
                    "dropped",
                    .array(report.dropped.map { ["id": .string($0.backup.id.text), "why": .string($0.why)] })),
                .init(
                    "failed",
                    .array(report.failed.map { ["id": .string($0.backup.id.text), "error": session.json($0.fault)] })),
            ])
        }
        var fields: [JSON.Field] = []
        if runs.count == 1, case .object(let own) = runs[0] { fields = own }
        session.emit(
            "cleanup",
            fields + [.init("runs", .array(runs)), .init("problems", .array(faults.map { session.json($0) }))])
    }
}
