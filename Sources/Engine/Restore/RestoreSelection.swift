internal import Config
package import Model
internal import Retention

/// One backup that a person asked to have back, and what comes with it.
package struct RestoreChoice: Sendable {
    package var view: VaultView
    package var backup: Backup
    /// What it needs and is in the trash: the full one first.
    package var needed: [Backup] = []
    /// What needs it and is in the trash, of one that a person named: the rest of its chain.
    package var needing: [Backup] = []
    /// What it needs and cannot be brought back.
    package var lacking: [PurgedBackup] = []
    /// Nearer to the time that was asked for, and gone; newest first.
    package var nearer: [PurgedBackup] = []
    /// An incremental that stands on nothing that is known.
    package var isCutOff = false

    /// Nothing to do: it is where it belongs.
    package var isInPlace: Bool { backup.state == .present }
    /// Why nothing is known of the vault it was chosen from.
    package var fault: Fault? { view.fault }
}

package struct RestoreSelection: UseCase {
    let context: Context

    var arguments: ArgumentResolver { ArgumentResolver(context: context) }
    var auditTrail: AuditTrail { AuditTrail(context: context) }
    var undo: Undo { Undo(context: context) }
    var vaultViews: VaultViews { VaultViews(context: context) }

    /// Chooses what `restore WORDS` means. `before`: of a series, only what is dated before it.
    package func chooseRestore(_ words: [String], before: Timestamp?, in views: [VaultView]) throws(Fault)
        -> [RestoreChoice]
    {
        var choices: [RestoreChoice] = []
        for target in try restorable(words, in: views) { choices += try choose(target, before: before) }
        return Self.once(choices)
    }

    /// What the policy would keep now and the trash has.
    package func chooseKeptByPolicy(in views: [VaultView]) -> [RestoreChoice] {
        Self.once(views.flatMap { choices($0.keptByPolicy, $0) })
    }

    private static func once(_ choices: [RestoreChoice]) -> [RestoreChoice] {
        // What several words name, or one needs and another names, comes back once.
        var seen: Set<String> = []
        func isFirst(_ view: VaultView, _ backup: Backup) -> Bool {
            seen.insert("\(view.configuration.path.hexadecimal)/\(TrashReconciler.Gone.key(backup))").inserted
        }
        var result: [RestoreChoice] = []
        for var choice in choices {
            choice.needed = choice.needed.filter { isFirst(choice.view, $0) }
            let isNew = isFirst(choice.view, choice.backup)
            choice.needing = choice.needing.filter { isFirst(choice.view, $0) }
            if isNew || choice.isInPlace { result.append(choice) }
        }
        return result
    }

    /// What each argument means, runs too: `run 81`, or `81` alone.
    private func restorable(_ words: [String], in views: [VaultView]) throws(Fault) -> [ArgumentResolver.Target] {
        guard !words.isEmpty else { return views.map { .vault($0) } }
        var words = words[...]
        var found: [ArgumentResolver.Target] = []
        while let word = words.popFirst() {
            if word == "run", let number = words.first.flatMap(Int.init) {
                words = words.dropFirst()
                found += try ArgumentResolver.chosen("run \(number)", try runs(numbered: number, in: views), in: views)
                continue
            }
            let runs = Int(word).map { number in
                undo.runs(in: views.map(\.configuration)).runs.filter { $0.number == number }
            }
            let matches = arguments.candidates(word, in: views) + (runs ?? []).map { .run($0) }
            found += try ArgumentResolver.chosen(word, matches, in: views)
        }
        return found
    }

    private func runs(numbered number: Int, in views: [VaultView]) throws(Fault) -> [ArgumentResolver.Target] {
        let known = undo.runs(in: views.map(\.configuration))
        let found = known.runs.filter { $0.number == number }
        if found.isEmpty { throw known.faults.first ?? undo.noRun(number, views.map(\.configuration)) }
        return found.map { .run($0) }
    }

    private func choose(_ target: ArgumentResolver.Target, before: Timestamp?) throws(Fault) -> [RestoreChoice] {
        switch target {
        case .vault(let view):
            throw Fault(
                .usage, "'\(view.label)' is a whole vault",
                hint: "put its last cleanup back: reprieve undo --last \(shell: view.label)\n"
                    + "or name a series, a backup or a batch: reprieve list \(shell: view.label) --trash")
        case .batch(let view, let name):
            guard view.trashed.contains(where: { $0.trashed?.batch == name }) else {
                throw Fault(
                    .notFound, "nothing of batch \(name) can be restored",
                    hint: "it is empty, or its manifest cannot be read (`reprieve status` says so): then move by hand "
                        + "what is below .trash/\(name)/files")
            }
            return choices(view.trashed.filter { $0.trashed?.batch == name }, view)
        case .run(let run): return whole(run)
        case .series(let view, let key): return [try newest(of: key, in: view, before: before)]
        case .backup(let view, let backup):
            guard backup.state == .present || backup.state == .trashed else { throw isGone(backup, view) }
            return [choice(backup, view, isWhole: true)]
        }
    }

    private func whole(_ run: Run) -> [RestoreChoice] {
        vaultViews.views(of: run.parts.map(\.vault)).flatMap { view in
            let batches = Set(run.parts.first { $0.vault.path == view.configuration.path }?.batches ?? [])
            return choices(view.trashed.filter { $0.trashed.map { batches.contains($0.batch) } ?? false }, view)
        }
    }

    private func choices(_ backups: [Backup], _ view: VaultView) -> [RestoreChoice] {
        let known = KnownBackups(view)
        return backups.sorted { ($0.time, $0.path) < ($1.time, $1.path) }.map { choice($0, view, known) }
    }

    private func isGone(_ backup: Backup, _ view: VaultView) -> Fault {
        let what = backup.path.display
        if backup.state == .missing {
            return Fault(.notFound, "'\(what)' is missing: somebody else removed it from the trash", path: backup.path)
        }
        return Fault(
            .notFound, "'\(what)' was purged and cannot be brought back",
            hint: "`reprieve audit tail \(backup.id.text)` shows when and why", path: backup.path)
    }

    // MARK: A series

    private func newest(of series: Bytes, in view: VaultView, before: Timestamp?) throws(Fault) -> RestoreChoice {
        func fits(_ backup: Backup) -> Bool { backup.series == series && (before.map { backup.time < $0 } ?? true) }
        // One that is no whole backup only where there is no other.
        func newest(_ backups: [Backup]) -> Backup? {
            backups.filter(fits).max {
                ($0.isComplete ? 1 : 0, $0.time, $0.path) < ($1.isComplete ? 1 : 0, $1.time, $1.path)
            }
        }
        // With a date the nearest counts, wherever it is; without one, what the trash holds.
        let found = newest(view.trashed + (before == nil ? [] : view.present))
        let gone =
            before == nil ? [] : view.gone.filter { fits($0) && $0.time > (found?.time ?? $0.time.adding(seconds: -1)) }
        let nearer = auditTrail.purgedBefore(gone.sorted { ($0.time, $0.path) > ($1.time, $1.path) })
        let name = Backup.name(ofSeries: series).display
        guard let found else {
            throw Fault(
                .notFound,
                "no backup of '\(name)' is in the trash" + (before == nil ? "" : " or here before that date"),
                hint: nearer.isEmpty
                    ? "to see what there is: reprieve list \(shell: view.label) \(shell: name) -a"
                    : "\(nearer.count) older than that were purged or are missing: "
                        + "reprieve list \(shell: view.label) \(shell: name) --purged"
            )
        }
        var choice = choice(found, view)
        choice.nearer = nearer
        return choice
    }

    // MARK: Chains

    /// With all that an incremental needs, up to its full one. `isWhole`: and what needs this one.
    private func choice(
        _ backup: Backup, _ view: VaultView, _ known: KnownBackups? = nil, isWhole: Bool = false
    ) -> RestoreChoice {
        var choice = RestoreChoice(view: view, backup: backup)
        let known = known ?? KnownBackups(view)
        guard let links = known.links else { return choice }
        var gone: [Backup] = []
        for needed in links.closure(of: [backup.id]).compactMap({ known.byID[$0] }) where needed.id != backup.id {
            switch needed.state {
            case .present: break
            case .trashed: choice.needed.append(needed)
            case .purged, .missing: gone.append(needed)
            }
        }
        choice.needed.sort { ($0.time, $0.path) < ($1.time, $1.path) }
        if isWhole {
            choice.needing = links.worthless(without: [backup.id]).compactMap { known.byID[$0] }
                .filter { $0.state == .trashed && $0.id != backup.id }
        }
        gone.sort { ($0.time, $0.path) > ($1.time, $1.path) }
        // What it stands on at last is a full one, or nobody knows what.
        let root = known.byID[links.root(of: backup.id)] ?? backup
        choice.isCutOff = gone.isEmpty && backup.kind != .full && root.kind != .full
        choice.lacking = auditTrail.purgedBefore(gone)
        return choice
    }
}

/// All that is known of a vault, for who asks what many backups need.
private struct KnownBackups {
    private(set) var byID: [BackupID: Backup] = [:]
    /// As if all of them were in their places: what is needed shows wherever it is.
    let links: LinkGraph?

    init(_ view: VaultView) {
        // Present before trashed before gone: of what stands in several places the nearest counts.
        for other in view.everything where byID[other.id] == nil { byID[other.id] = other }
        links = view.protection.links(of: Array(byID.values))
    }
}
