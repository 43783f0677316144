internal import Audit
package import Model
internal import Retention
internal import Trash

/// One backup that a person asked to have back, and what comes with it.
package struct RestoreChoice: Sendable {
    package var view: VaultView
    package var backup: Backup
    /// What it needs and is in the trash: the full one first.
    package var needed: [Backup] = []
    /// What it needs and cannot be brought back.
    package var lacking: [Departed] = []
    /// Nearer to the time that was asked for, and gone; newest first.
    package var nearer: [Departed] = []
    /// An incremental that stands on nothing that is known.
    package var isCutOff = false

    /// Nothing to do: it is where it belongs.
    package var isInPlace: Bool { backup.state == .present }
    /// Why nothing is known of the vault it was chosen from.
    package var fault: Fault? { view.fault }
}

extension Keeper {
    /// Chooses what `restore WORDS` means. `before`: of a series, only what is dated before it.
    package func chooseRestore(_ words: [String], before: Timestamp?, in views: [VaultView]) throws(Fault)
        -> [RestoreChoice]
    {
        var choices: [RestoreChoice] = []
        for (word, targets, runs) in try restorable(words, in: views) {
            choices += try choose(word, targets, runs, before: before)
        }
        // What several words name, or one needs and another names, comes back once.
        var seen: Set<String> = []
        func isFirst(_ view: VaultView, _ backup: Backup) -> Bool {
            seen.insert("\(view.configuration.path.hexadecimal)/\(Gone.key(backup))").inserted
        }
        var result: [RestoreChoice] = []
        for var choice in choices {
            choice.needed = choice.needed.filter { isFirst(choice.view, $0) }
            if isFirst(choice.view, choice.backup) || choice.isInPlace { result.append(choice) }
        }
        return result
    }

    /// What each word may mean, runs too: `run 81`, or `81` alone.
    private func restorable(
        _ words: [String], in views: [VaultView]
    ) throws(Fault) -> [(word: String, targets: [Target], runs: [Run])] {
        let (views, rest) = narrowed(words, in: views)
        var words = rest[...]
        var found: [(word: String, targets: [Target], runs: [Run])] = []
        while let word = words.popFirst() {
            if word == "run", let number = words.first.flatMap(Int.init) {
                words = words.dropFirst()
                found.append(("run \(number)", [], try runs(numbered: number, in: views)))
                continue
            }
            let runs = Int(word).map { number in
                self.runs(in: views.map(\.configuration)).runs.filter { $0.number == number }
            }
            do throws(Fault) {
                found.append((word, try targetsByWord([word], in: views).flatMap(\.targets), runs ?? []))
            } catch {
                guard let runs, !runs.isEmpty else { throw error }
                found.append((word, [], runs))
            }
        }
        return found
    }

    private func runs(numbered number: Int, in views: [VaultView]) throws(Fault) -> [Run] {
        let known = runs(in: views.map(\.configuration))
        let found = known.runs.filter { $0.number == number }
        if found.isEmpty { throw known.faults.first ?? noRun(number, views.map(\.configuration)) }
        return found
    }

    /// What one word means: one series, one batch, one run, or one backup.
    private func choose(
        _ word: String, _ targets: [Target], _ runs: [Run], before: Timestamp?
    ) throws(Fault) -> [RestoreChoice] {
        var series: [(VaultView, Bytes)] = []
        var single: [(VaultView, Backup)] = []
        var batches: [(view: VaultView, name: String)] = []
        for target in targets {
            switch target {
            case .vault(let view):
                throw Fault(
                    .usage, "'\(view.label)' is a whole vault",
                    hint:
                        "`reprieve undo --last \(shell: view.label)` puts its last cleanup back, `undo --since 2d` all since then; or name a series, a backup or a batch: reprieve list \(shell: view.label) --trash"
                )
            case .batch(let view, let name):
                guard view.trashed.contains(where: { $0.trashed?.batch == name }) else {
                    throw Fault(
                        .notFound, "nothing of batch \(name) can be restored",
                        hint:
                            "it is empty, or its manifest cannot be read (`reprieve status` says so): then move by hand "
                            + "what is below .trash/\(name)/files")
                }
                batches.append((view, name))
            case .series(let view, let key): series.append((view, key))
            case .backup(let view, let backup): single.append((view, backup))
            }
        }
        // Several series may be called so; those with nothing in the trash are not meant.
        let holding = series.filter { view, key in before != nil || view.trashed.contains { $0.series == key } }
        let kinds = [
            !holding.isEmpty || (!series.isEmpty && single.isEmpty), !single.isEmpty, !batches.isEmpty, !runs.isEmpty,
        ]
        guard kinds.count(where: { $0 }) < 2, runs.count < 2, batches.count < 2, holding.count < 2 else {
            throw Self.ambiguous(word, holding, single, batches.map { ($0.view, $0.name) }, runs)
        }
        if let run = runs.first { return whole(run) }
        if let (view, name) = batches.first { return choices(view.trashed.filter { $0.trashed?.batch == name }, view) }
        if !single.isEmpty { return [try choose(single, [word])] }
        guard let (view, key) = holding.first ?? series.first else { return [] }
        return [try newest(of: key, in: view, before: before)]
    }

    private func whole(_ run: Run) -> [RestoreChoice] {
        views(of: run.parts.map(\.vault)).flatMap { view in
            let batches = Set(run.parts.first { $0.vault.path == view.configuration.path }?.batches ?? [])
            return choices(view.trashed.filter { $0.trashed.map { batches.contains($0.batch) } ?? false }, view)
        }
    }

    private func choices(_ backups: [Backup], _ view: VaultView) -> [RestoreChoice] {
        backups.sorted { ($0.time, $0.path) < ($1.time, $1.path) }.map { choice($0, view) }
    }

    /// One backup was named: the trashed one where there is one.
    private func choose(_ found: [(VaultView, Backup)], _ words: [String]) throws(Fault) -> RestoreChoice {
        let trashed = found.filter { $0.1.state == .trashed }
        if trashed.count == 1 { return choice(trashed[0].1, trashed[0].0) }
        guard trashed.isEmpty else { throw Self.ambiguous(words[0], [], trashed, [], []) }
        let present = found.filter { $0.1.state == .present }
        guard present.count < 2 else { throw Self.ambiguous(words[0], [], present, [], []) }
        if let only = present.first { return choice(only.1, only.0) }
        throw isGone(found[0].1, found[0].0)
    }

    private static func ambiguous(
        _ word: String, _ series: [(VaultView, Bytes)], _ single: [(VaultView, Backup)],
        _ batches: [(VaultView, String)], _ runs: [Run]
    ) -> Fault {
        var list = series.map { "  \($0.0.label) \(Backup.name(ofSeries: $0.1).display)" }
        list += single.prefix(10).map { "  \($0.1.id.text)  \($0.0.label): \($0.1.path.display)" }
        list += batches.map { "  \($0.0.label) \($0.1)" }
        list += runs.map { "  run \($0.number): batch \($0.parts.flatMap(\.batches).joined(separator: ", "))" }
        let what: String
        switch (series.isEmpty, single.isEmpty, batches.isEmpty && runs.isEmpty) {
        case (false, true, true): what = "\(series.count) series"
        case (true, false, true): what = "\(single.count) backups"
        default: what = "several things"
        }
        return Fault(
            .ambiguous, "'\(word)' names \(what)",
            hint: "name one by its id, its vault and whole name, or its batch:\n" + list.joined(separator: "\n"))
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
        let nearer = departed(gone.sorted { ($0.time, $0.path) > ($1.time, $1.path) })
        let name = Backup.name(ofSeries: series).display
        guard let found else {
            throw Fault(
                .notFound,
                "no backup of '\(name)' is in the trash" + (before == nil ? "" : " or here before that date"),
                hint: nearer.isEmpty
                    ? "`reprieve list \(shell: name) -a` shows what there is"
                    : "\(nearer.count) of before that date were purged or are missing: reprieve list \(shell: name) --purged"
            )
        }
        var choice = choice(found, view)
        choice.nearer = nearer
        return choice
    }

    // MARK: Chains

    /// With all that an incremental needs, up to its full one.
    private func choice(_ backup: Backup, _ view: VaultView) -> RestoreChoice {
        var choice = RestoreChoice(view: view, backup: backup)
        // Present before trashed before gone: of what stands in several places the nearest counts.
        var known: [BackupID: Backup] = [:]
        for other in view.everything where known[other.id] == nil { known[other.id] = other }
        known[backup.id] = backup
        // As if all of them were in their places: what is needed shows wherever it is.
        guard let links = view.protection.links(of: Array(known.values)) else { return choice }
        var gone: [Backup] = []
        for needed in links.closure(of: [backup.id]).compactMap({ known[$0] }) where needed.id != backup.id {
            switch needed.state {
            case .present: break
            case .trashed: choice.needed.append(needed)
            case .purged, .missing: gone.append(needed)
            }
        }
        choice.needed.sort { ($0.time, $0.path) < ($1.time, $1.path) }
        gone.sort { ($0.time, $0.path) > ($1.time, $1.path) }
        // What it stands on at last is a full one, or nobody knows what.
        let root = known[links.root(of: backup.id)] ?? backup
        choice.isCutOff = gone.isEmpty && backup.kind != .full && root.kind != .full
        choice.lacking = departed(gone)
        return choice
    }
}
