import ArgumentParser
internal import Config
internal import Engine
internal import Foundation
internal import JSONText
internal import Model
internal import Retention

struct Restore: Deed {
    static let configuration = CommandConfiguration(
        abstract: "Put a backup back where it was.",
        discussion: Help.text(
            "A series means its newest backup in the trash; with --before, the newest before that time, "
                + "wherever it is. A backup of a chain brings back what it needs. If you name it by its id or path, "
                + "and without --as, what needs it comes back, too. --to with --copy reaches another file system. "
                + "Nothing is ever replaced.",
            "With the disk of another host, and nothing else: `reprieve restore NAME --vault /mnt/disk`. "
                + "`undo` puts a whole run back.",
            examples: [
                ("reprieve restore app/orders --before 2026-10-05", "the newest before a day"),
                ("reprieve restore 7f3a --to /mnt/usb --copy", "to another file system"),
            ],
            exits: [
                "0 restored, or in its place already", "3 restored, and something could not be recorded",
                "4 refused: its checksum differs", "5 nothing of that name", "11 another process holds the vault",
            ]), aliases: ["undelete"])

    @Argument(
        help: ArgumentHelp("An id, a path, a series, a batch or a run.", valueName: "what"),
        completion: Completion.names)
    var what: [String] = []
    @Flag(help: "Everything in the trash that the policy would keep now, of all vaults or of those named.") var wanted =
        false
    @Option(help: ArgumentHelp("Of a series: the newest before this time.", valueName: "time")) var before: String?
    @Option(help: ArgumentHelp("Into this directory; it is created if it is missing.", valueName: "directory"))
    var to: String?
    @Flag(help: "Copy it into --to, on any file system, and compare. The backup in the trash stays.")
    var copy = false
    @Option(
        name: .customLong("as"),
        help: ArgumentHelp("Under another name, in its old directory or that of --to.", valueName: "name"))
    var newName: String?
    @Flag(help: "Also from a batch whose manifest was altered.") var trustManifest = false
    @Flag(name: [.customShort("n"), .long], help: "Only say what would be put back.") var dryRun = false
    @OptionGroup(visibility: .hidden) var common: Common

    func run() throws {
        guard wanted || !what.isEmpty else {
            throw Fault(
                .usage, "say what to restore", hint: "an id, a path, a series, a batch or a run; or --wanted")
        }
        guard to != nil || !copy else {
            throw Fault(.usage, "--copy says how, but not where", hint: "add --to DIRECTORY")
        }
        let session = try common.session(visiting: true, always: true)
        if !dryRun { Interrupt.watch(copy ? "copied" : "put back") }
        if wanted { _ = try session.onlyVaults(what) }
        let (vaults, rest) = session.vaults(what)
        let recovery = dryRun ? [] : session.engine.wholeScan.recoverBeforeRestore(vaults).faults
        let views = session.engine.vaultViews.views(of: vaults, decided: wanted)
        let choices =
            wanted
            ? session.engine.selection.chooseKeptByPolicy(in: views)
            : try session.engine.selection.chooseRestore(rest, before: try session.time(before), in: views)
        if let gone = choices.compactMap(\.fault).first { throw gone }
        guard !choices.isEmpty else {
            if wanted {
                throw Fault(
                    .notFound, "the trash has nothing that the policy would keep now",
                    hint: "`reprieve list --trash` shows what is there")
            }
            throw Fault(
                .notFound, "nothing of '\(what.joined(separator: " "))' is in the trash any more",
                hint: "`reprieve list -a` shows what is where")
        }
        let newName = try checkedName(choices.count)
        let target = try to.map { try session.engine.restorer.restoreTarget($0, isDry: dryRun) }
        let wish = RestoreWish(newName: newName, target: target, trustManifest: trustManifest, isCopy: copy)
        var doing = RestoreDoing(session: session, isDry: dryRun, wish: wish)
        doing.isMany = choices.count > 1
        if dryRun { session.tellDryRun() }
        if !dryRun, target == nil { doing.mark(choices) }
        for choice in choices { doing.restore(choice) }
        doing.unrecorded = recovery.filter { $0.code == .unaudited }
        try doing.finish(choices)
    }

    private func checkedName(_ count: Int) throws -> Bytes? {
        guard let newName else { return nil }
        guard count == 1 else { throw Fault(.usage, "--as names one backup, and \(count) were found") }
        guard !newName.isEmpty, !newName.contains("/"), newName != ".", newName != ".." else {
            throw Fault(.usage, "'\(newName)' is not a valid file name", hint: "--as takes a name without '/'")
        }
        return Bytes(newName)
    }
}

/// One restore command on its way: what was done, and what was said of it.
struct RestoreDoing {
    let session: Session
    let isDry: Bool
    let wish: RestoreWish
    /// Of several only the lines that differ are said.
    var isMany = false
    var unrecorded: [Fault] = []
    /// What came back.
    private var done: [(report: RestoreReport, checksum: JSON)] = []
    /// What would.
    private var planned: [(vault: String, backup: Backup)] = []
    private var inPlace: [(vault: String, backup: Backup)] = []
    private var faults: [Fault] = []
    private var nearer: [PurgedBackup] = []
    /// Backups that have one mark together.
    private var marked: Set<BackupID> = []

    init(session: Session, isDry: Bool, wish: RestoreWish) {
        self.session = session
        self.isDry = isDry
        self.wish = wish
    }

    /// Of many backups one mark is written before the first rename.
    mutating func mark(_ choices: [RestoreChoice]) {
        for own in Dictionary(grouping: choices, by: \.view.configuration.path).values {
            let backups = own.flatMap { $0.needed + ($0.isInPlace ? [] : [$0.backup]) + $0.needing }
            guard let vault = own.first?.view.configuration, backups.count > 1 else { continue }
            do throws(Fault) {
                marked.formUnion(try session.engine.restorer.reprieve(backups, wish, in: vault))
            } catch {
                // Then each has its own, or says that it has none.
            }
        }
    }

    /// One backup, and before it what it needs.
    mutating func restore(_ choice: RestoreChoice) {
        let text = RestoreText(choice.view, session)
        nearer += choice.nearer
        // Under their own names: --as is meant for the one that was named.
        var others = wish
        others.newName = nil
        if !choice.needed.isEmpty {
            session.tell(text.chain(choice))
            for needed in choice.needed { put(needed, others, text, isNeeded: true) }
        }
        if choice.isInPlace {
            inPlace.append((choice.view.label, choice.backup))
            session.tell(text.inPlace(choice))
        } else {
            put(choice.backup, wish, text, isNeeded: false)
        }
        if !choice.needing.isEmpty, wish.newName == nil {
            session.tell(text.needing(choice))
            for needing in choice.needing { put(needing, others, text, isNeeded: true) }
        }
        if !choice.nearer.isEmpty { session.tell(text.nearer(choice.nearer)) }
        for purgedBefore in choice.lacking {
            faults.append(
                Fault(
                    .partial,
                    "'\(choice.backup.path.display)' needs '\(purgedBefore.backup.path.display)', and that is gone: \(text.end(purgedBefore))",
                    hint: "without it nothing can be made of this one: look for a copy of it elsewhere",
                    path: purgedBefore.backup.path))
        }
        if choice.isCutOff {
            faults.append(
                Fault(
                    .partial,
                    "'\(choice.backup.path.display)' needs a full backup, and none that it stands on is known here",
                    hint: "without it nothing can be made of this one: look for a copy of it elsewhere",
                    path: choice.backup.path))
        }
    }

    private mutating func put(_ backup: Backup, _ wish: RestoreWish, _ text: RestoreText, isNeeded: Bool) {
        let vault = text.view.configuration
        do throws(Fault) {
            guard !isDry else {
                try session.engine.restorer.checkRestore(vault, backup, wish)
                planned.append((vault.label, backup))
                return session.tell(text.would(backup, wish))
            }
            var wish = wish
            wish.isMarked = marked.contains(backup.id)
            let report =
                wish.isCopy
                ? try copy(vault, backup, wish) : try session.engine.restorer.restore(vault, backup, wish)
            session.tell(text.head(report))
            Output.flush()
            // It is back, whoever ends us now: reading it takes as long as it takes.
            let checksum = compare(report)
            done.append((report, checksum.json))
            session.tell(text.body(report, checksum.word, isNeeded: isNeeded || isMany))
        } catch {
            faults.append(error)
        }
    }

    private func copy(
        _ vault: VaultConfiguration, _ backup: Backup, _ wish: RestoreWish
    ) throws(Fault) -> RestoreReport {
        var shown = session.engine.now().boot
        defer { session.progress(nil) }
        return try session.engine.restorer.copy(vault, backup, wish) { done in
            let now = session.engine.now().boot
            guard now - shown > 500_000_000 else { return }
            shown = now
            session.progress("  \(Text.size(done)) of \(Text.size(backup.size)) of \(backup.path.display)")
        }
    }

    private mutating func compare(_ report: RestoreReport) -> (word: String?, json: JSON) {
        do throws(Fault) {
            guard let compared = try session.engine.restorer.compareChecksum(report) else { return (nil, .null) }
            guard let difference = compared.difference else { return ("checksum matches", "matches") }
            faults.append(
                Fault(
                    .partial,
                    "CHECKSUM DOES NOT MATCH: '\(report.paths[0].display)' is \(difference.found), and '\(compared.side.display)' says \(difference.expected)",
                    hint: "it is back anyway; do not rely on it, and look for another one",
                    path: report.paths[0]))
            return ("CHECKSUM DOES NOT MATCH", "differs")
        } catch {
            faults.append(
                Fault(
                    .partial, "the checksum was not compared: \(error.message)", hint: error.hint, path: error.path))
            return ("checksum not compared", .null)
        }
    }

    func finish(_ choices: [RestoreChoice]) throws {
        if isMany, !done.isEmpty { session.tell(RestoreText.together(done.map(\.report), session)) }
        if session.json { emit(choices) }
        let warnings = done.flatMap(\.report.warnings) + unrecorded
        let hasDone = !done.isEmpty || !planned.isEmpty || !inPlace.isEmpty
        if !hasDone, faults.count == 1 { throw faults[0] }
        session.warn(faults + warnings)
        try Ending.with(faults.isEmpty && warnings.isEmpty ? .done : hasDone ? .partial : .failed)
    }

    private func emit(_ choices: [RestoreChoice]) {
        let names = SeriesNames(choices.map(\.backup.series))
        let backups = done.map { report, checksum -> JSON in
            var backup = report.backup
            if !report.isCopy { backup.state = .present }
            return session.json(backup, report.vault.label, protection: .init(), names: names).appending([
                .init("copied", .bool(report.isCopy)),
                .init("restored_to", .array(report.paths.map { .string($0.display) })),
                .init("stays_until", JSON(report.reprievedUntil?.rfc3339(in: session.zone))),
                .init("checksum", checksum),
            ])
        }
        func plain(_ found: [(vault: String, backup: Backup)]) -> JSON {
            .array(found.map { session.json($0.backup, $0.vault, protection: .init(), names: names) })
        }
        session.emit(
            "restore",
            [
                .init("backups", .array(backups)), .init("would_restore", plain(planned)),
                .init("in_place", plain(inPlace)), .init("gone", .array(nearer.map(session.json))),
                .init("dry_run", .bool(isDry)), .init("found", .integer(Int64(choices.count))),
                .init(
                    "problems",
                    .array((faults + done.flatMap(\.report.warnings) + unrecorded).map { session.json($0) })),
            ])
    }
}

extension Session {
    /// One that cannot be brought back.
    func json(_ purgedBefore: PurgedBackup) -> JSON {
        let backup = purgedBefore.backup
        let fields: [JSON.Field] =
            [.init("id", .string(backup.id.text))] + [JSON.Field](path: backup.path) + [
                .init("time", .string(backup.time.rfc3339(in: zone))), .init("state", .string(backup.state.rawValue)),
                .init("at", JSON(purgedBefore.at?.rfc3339(in: zone))), .init("run", JSON(purgedBefore.run)),
                .init("why", JSON(purgedBefore.why)),
            ]
        return .object(fields)
    }
}
