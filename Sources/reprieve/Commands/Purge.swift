import ArgumentParser
internal import Engine
internal import Model
internal import Retention

struct Purge: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Unlink what is due in the trash.",
        discussion: """
            Due is what has been in the trash for its grace, and what the policy still would
            not keep. Nothing that is purged can be brought back.

            \(Reprieve.exits)
            """)

    @Argument(help: ArgumentHelp("Vaults; none: all.", valueName: "vault")) var vaults: [String] = []
    @Flag(name: [.customShort("n"), .long], help: "Only say what would be unlinked.") var dryRun = false
    @OptionGroup var common: Common

    func run() throws {
        let session = try common.session()
        var reports: [PurgeReport] = []
        var faults: [Fault] = []
        for vault in try session.onlyVaults(vaults) {
            do {
                let report = dryRun ? try session.keeper.planPurge(vault) : try session.keeper.purge(vault)
                reports.append(report)
                session.say((dryRun ? "Nothing done. It would be:\n" : "") + Self.text(report))
            } catch {
                faults.append(error)
            }
        }
        if session.json { emit(reports, faults, session) }
        if reports.isEmpty, faults.count == 1 { throw faults[0] }
        for fault in faults + reports.flatMap(\.faults) { session.warn(fault) }
        try Ending.with(Cleanup.status(reports.map(\.status), faults))
    }

    static func text(_ report: PurgeReport) -> String {
        let label = report.vault.label
        if let frozen = report.frozen { return "\(label): frozen: \(frozen.reason)\n  reprieve unfreeze \(label)" }
        var lines: [String] = []
        let size = report.purged.total { $0.size }
        let waiting = report.notDue > 0 ? "; \(report.notDue) not due yet" : ""
        let isNothing = report.purged.isEmpty && report.wanted.isEmpty && report.kept.isEmpty
        let what = "\(Text.plural(report.purged.count, "backup")) (\(Text.size(size))) purged"
        lines.append("\(label): \(isNothing ? "nothing is due for purging" : what)\(waiting)")
        for backup in report.wanted {
            lines.append(
                "  stays: \(backup.path.display): the policy would keep it now (reprieve restore \(backup.id.text))")
        }
        for (backup, why) in report.kept { lines.append("  stays: \(backup.path.display): \(why)") }
        return lines.joined(separator: "\n")
    }

    private func emit(_ reports: [PurgeReport], _ faults: [Fault], _ session: Session) {
        func list(_ report: PurgeReport, _ backups: [Backup], _ state: Backup.State) -> [JSON] {
            let names = SeriesNames(backups.map(\.series))
            return backups.map {
                var backup = $0
                backup.state = state
                return session.json(backup, report.vault.label, protection: .init(), names: names)
            }
        }
        session.emit(
            "purge",
            [
                .init("backups", .array(reports.flatMap { list($0, $0.purged, .purged) })),
                .init("wanted", .array(reports.flatMap { list($0, $0.wanted, .trashed) })),
                .init(
                    "kept",
                    .array(
                        reports.flatMap { $0.kept.map { ["id": .string($0.backup.id.text), "why": .string($0.why)] } })),
                .init("dry_run", .bool(dryRun)),
                .init("not_due", .integer(Int64(reports.reduce(0) { $0 + $1.notDue }))),
                .init("problems", .array((faults + reports.flatMap(\.faults)).map { session.json($0) })),
            ])
    }
}
