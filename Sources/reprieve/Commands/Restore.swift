import ArgumentParser
internal import Engine
internal import Foundation
internal import Model
internal import Retention

struct Restore: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put a backup back where it was.",
        discussion: "A series means its newest one in the trash; with --before, the newest before that time.\n\n"
            + Reprieve.exits,
        aliases: ["undelete"])

    @Argument(help: ArgumentHelp("An id, a path, a series or a batch.", valueName: "what")) var what: [String]
    @Option(help: ArgumentHelp("Of a series: the newest before this time.", valueName: "time")) var before: String?
    @Option(name: .customLong("as"), help: ArgumentHelp("Under another name, in its old directory.", valueName: "name"))
    var newName: String?
    @Flag(help: "Also from a batch whose manifest was altered.") var trustManifest = false
    @Flag(name: [.customShort("n"), .long], help: "Only say what would be put back.") var dryRun = false
    @OptionGroup var common: Common

    func run() throws {
        guard !what.isEmpty else {
            throw Fault(.usage, "say what to restore", hint: "an id, a path, a series or a batch")
        }
        let session = try common.session()
        let (vaults, _) = session.vaults(what)
        let recovery = dryRun ? [] : vaults.compactMap(session.keeper.recoverBeforeRestore)
        let views = session.keeper.views(of: vaults)
        let choices = try session.keeper.chooseRestore(what, before: try session.time(before), in: views)
        if let gone = choices.compactMap(\.fault).first { throw gone }
        let name = try checkedName(choices.count)
        var reports: [(RestoreReport, VaultView)] = []
        var faults: [Fault] = []
        for choice in choices {
            switch choice {
            case .inPlace(let view, let backup):
                session.say(
                    """
                    Nothing to restore: it is in its place already:
                      \(backup.id.text)  \(Text.dayAndTime(backup.time, session.zone))  \(Text.size(backup.size))
                      \(view.configuration.path.appending(backup.path).display)
                    """)
            case .restore(let view, let backup):
                if dryRun {
                    session.say(
                        "Would put back \(view.configuration.path.appending(backup.path).display)  (\(Text.size(backup.size)))"
                    )
                    continue
                }
                do {
                    let report = try session.keeper.restore(
                        view.configuration, backup, as: name, trustManifest: trustManifest)
                    reports.append((report, view))
                    session.say(text(report, view, session))
                } catch {
                    faults.append(error)
                }
            }
        }
        if session.json { emit(choices, reports.map(\.0), faults, session) }
        if reports.isEmpty, faults.count == 1 { throw faults[0] }
        let unrecorded = recovery.filter { $0.code == .unaudited }
        for fault in faults + reports.flatMap(\.0.warnings) + unrecorded { session.warn(fault) }
        let isPartial = !faults.isEmpty || !unrecorded.isEmpty || reports.contains { !$0.0.warnings.isEmpty }
        try Ending.with(isPartial ? (reports.isEmpty ? .failed : .partial) : .done)
    }

    private func checkedName(_ count: Int) throws -> Bytes? {
        guard let newName else { return nil }
        guard count == 1 else { throw Fault(.usage, "--as names one backup, and \(count) were found") }
        guard !newName.isEmpty, !newName.contains("/"), newName != ".", newName != ".." else {
            throw Fault(.usage, "'\(newName)' is no file name", hint: "--as takes a name without '/'")
        }
        return Bytes(newName)
    }

    private func text(_ report: RestoreReport, _ view: VaultView, _ session: Session) -> String {
        let backup = report.backup
        let zone = session.zone
        let ids = ShortIDs(view.everything)
        let since =
            backup.trashed.map {
                "   in the trash since \(Text.day($0.condemnedAt, zone))"
            } ?? ""
        let directory = view.configuration.path.appending(report.paths.first?.parent ?? Bytes())
        var lines = [
            "\(ids.text(backup.id))  \(SeriesNames(view).text(backup.series))  \(Text.dayAndTime(backup.time, zone))  \(Text.size(backup.size))\(since)",
            "Back in \(directory.display.hasSuffix("/") ? directory.display : directory.display + "/")",
        ]
        lines += report.paths.map { "  \($0.lastComponent.display)" }
        if let mark = view.protection.preserved[backup.id.object] {
            lines.append("It stays: preserved, \(mark.reason).")
        } else if !report.isForeignNow {
            let until = Text.time(report.reprievedUntil, zone).trimmingCharacters(in: .whitespaces)
            lines.append("It stays until \(until).")
            lines.append("Longer: reprieve preserve \(ids.text(backup.id)) --reason WHY")
        }
        if report.isForeignNow {
            lines.append("Under this name, without a date, it is no backup any more: it is left alone.")
        }
        lines.append("This put the file back. Loading it into a database is yours to do.")
        return lines.joined(separator: "\n")
    }

    private func emit(
        _ choices: [Keeper.RestoreChoice], _ reports: [RestoreReport], _ faults: [Fault], _ session: Session
    ) {
        let names = SeriesNames(reports.map(\.backup.series))
        session.emit(
            "restore",
            [
                .init(
                    "backups",
                    .array(
                        reports.map { report in
                            var backup = report.backup
                            backup.state = .present
                            let own = session.json(backup, report.vault.label, protection: .init(), names: names)
                            return own.appending([
                                .init(
                                    "restored_to",
                                    .array(report.paths.map { .string(report.vault.path.appending($0).display) })),
                                .init("stays_until", .string(report.reprievedUntil.rfc3339(in: session.zone))),
                            ])
                        })),
                .init("dry_run", .bool(dryRun)), .init("found", .integer(Int64(choices.count))),
                .init("problems", .array((faults + reports.flatMap(\.warnings)).map { session.json($0) })),
            ])
    }
}
