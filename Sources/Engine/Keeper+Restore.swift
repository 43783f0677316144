internal import Audit
internal import Catalog
internal import Disk
package import Model
internal import Recognition
internal import Trash

/// What a restore did with one backup.
package struct RestoreReport: Sendable {
    package var vault: VaultConfiguration
    package var backup: Backup
    /// Where its files are now, in the vault.
    package var paths: [Bytes]
    package var reprievedUntil: Timestamp
    /// What could not be written down; the restore went on (exit 3).
    package var warnings: [Fault] = []
    /// Its new name has no date: Reprieve takes it for no backup any more.
    package var isForeignNow = false
}

extension Keeper {
    /// What a person asked to have back, and what is there.
    package enum RestoreChoice: Sendable {
        case restore(VaultView, Backup)
        /// Nothing to do: the newest that fits is in its place.
        case inPlace(VaultView, Backup)

        /// Why nothing is known of the vault it was chosen from.
        package var fault: Fault? {
            switch self {
            case .restore(let view, _), .inPlace(let view, _): view.fault
            }
        }
    }

    /// Chooses what `restore WORDS` means. `before`: only backups dated before it.
    package func chooseRestore(_ words: [String], before: Timestamp?, in views: [VaultView]) throws(Fault)
        -> [RestoreChoice]
    {
        var choices: [RestoreChoice] = []
        for (word, targets) in try targetsByWord(words, in: views) {
            choices += try choose(word, targets, before: before)
        }
        return choices
    }

    /// What one word means: one series, one batch, or one backup.
    private func choose(_ word: String, _ targets: [Target], before: Timestamp?) throws(Fault) -> [RestoreChoice] {
        var series: [(VaultView, Bytes)] = []
        var single: [(VaultView, Backup)] = []
        for target in targets {
            switch target {
            case .vault(let view):
                throw Fault(
                    .usage, "'\(view.label)' is a whole vault",
                    hint: "name a series, a backup or a batch: reprieve list \(view.label) --trash")
            case .batch(let view, let name):
                let held = view.trashed.filter { $0.trashed?.batch == name }
                guard !held.isEmpty else {
                    throw Fault(
                        .notFound, "nothing of batch \(name) can be restored",
                        hint:
                            "it is empty, or its manifest cannot be read (`reprieve status` says so): then move by hand "
                            + "what is below .trash/\(name)/files")
                }
                return held.map { .restore(view, $0) }
            case .series(let view, let key): series.append((view, key))
            case .backup(let view, let backup): single.append((view, backup))
            }
        }
        if !single.isEmpty { return [try choose(single, [word])] }
        // Several may be called so; those with nothing in the trash are not meant.
        let holding = series.filter { view, key in before != nil || view.trashed.contains { $0.series == key } }
        guard holding.count < 2 else {
            let list = holding.map { "  \($0.0.label) \(Backup.name(ofSeries: $0.1).display)" }
            throw Fault(
                .ambiguous, "'\(word)' names \(holding.count) series",
                hint: "name its vault and the whole name:\n" + list.joined(separator: "\n"))
        }
        guard let (view, key) = holding.first ?? series.first else { return [] }
        return [try newest(of: key, in: view, before: before)]
    }

    /// One backup was named: the trashed one where there is one.
    private func choose(_ found: [(VaultView, Backup)], _ words: [String]) throws(Fault) -> RestoreChoice {
        let trashed = found.filter { $0.1.state == .trashed }
        if trashed.count == 1 { return .restore(trashed[0].0, trashed[0].1) }
        guard trashed.isEmpty else { throw Self.ambiguous(words, trashed) }
        let present = found.filter { $0.1.state == .present }
        guard present.count < 2 else { throw Self.ambiguous(words, present) }
        if let only = present.first { return .inPlace(only.0, only.1) }
        throw Self.isGone(found[0].1)
    }

    private static func ambiguous(_ words: [String], _ found: [(VaultView, Backup)]) -> Fault {
        let list = found.prefix(10).map { "  \($0.1.id.text)  \($0.0.label): \($0.1.path.display)" }
        return Fault(
            .ambiguous, "'\(words.joined(separator: " "))' names \(found.count) backups",
            hint: "name one by its id:\n" + list.joined(separator: "\n"))
    }

    private static func isGone(_ backup: Backup) -> Fault {
        let what = backup.path.display
        if backup.state == .missing {
            return Fault(.notFound, "'\(what)' is missing: somebody else removed it from the trash", path: backup.path)
        }
        return Fault(
            .notFound, "'\(what)' was purged and cannot be brought back",
            hint: "`reprieve audit tail \(backup.id.text.prefix(8))` shows when and why", path: backup.path)
    }

    private func newest(of series: Bytes, in view: VaultView, before: Timestamp?) throws(Fault) -> RestoreChoice {
        func fits(_ backup: Backup) -> Bool { backup.series == series && (before.map { backup.time < $0 } ?? true) }
        let trashed = view.trashed.filter(fits).max { ($0.time, $0.path) < ($1.time, $1.path) }
        // With a date the nearest counts, wherever it is; without one, what the trash holds.
        let present = before == nil ? nil : view.present.filter(fits).max { ($0.time, $0.path) < ($1.time, $1.path) }
        if let present, present.time >= (trashed?.time ?? present.time) { return .inPlace(view, present) }
        if let trashed { return .restore(view, trashed) }
        throw Fault(
            .notFound,
            "no backup of '\(Backup.name(ofSeries: series).display)' is in the trash"
                + (before == nil ? "" : " or here before that date"),
            hint: "`reprieve list \(Backup.name(ofSeries: series).display) -a` shows what there is")
    }

    /// Puts one backup back. Works in a frozen vault; does not wait for the audit log (invariant 9).
    package func restore(
        _ configuration: VaultConfiguration, _ backup: Backup, as newName: Bytes? = nil, trustManifest: Bool = false
    ) throws(Fault) -> RestoreReport {
        let vault = try open(configuration)
        guard let trash = try vault.trash(), let name = backup.trashed?.batch else { throw Self.notThere(backup) }
        try requireWritable(vault)
        let lock = try trash.lock(holder: holder, waitSeconds: waitSeconds)
        guard let batch = try trash.batch(named: name),
            let item = batch.items.first(where: { $0.backup.path == backup.path && !$0.inBatch.isEmpty })
        else { throw Self.notThere(backup) }
        if !trustManifest { try refuseAltered(batch, vault) }
        let restoring = Restoring(trash: trash)
        if let newName, newName.hasPrefix(".") || TemporaryNames.isTemporary(newName) {
            throw Fault(
                .usage, "'\(newName.display)' is a hidden or temporary name", hint: "--as takes a plain file name")
        }
        try restoring.prepare(item, as: newName)
        let until = reprieveEnd(configuration)
        var warnings: [Fault] = []
        let at = now()
        // │ the mark keeps the next cleanup from taking it again.
        attempt(&warnings) { () throws(Fault) in
            var marks = try home.marks.read(vault.id, trash: trash)
            reprieve(item.backup, until: until, reason: "restored", in: &marks, at: at)
            try home.marks.write(marks, vault.id, trash: trash)
        }
        attempt(&warnings) { () throws(Fault) in
            try home.audit.append([Self.record(.restoreIntent, vault, item.backup, nil)], at: at)
        }
        // │ the renames, durable.
        let paths = try restoring.move(item, from: batch, as: newName)
        attempt(&warnings) { () throws(Fault) in
            try home.audit.append([Self.record(.restored, vault, item.backup, paths.first)], at: now())
        }
        attempt(&warnings) { () throws(Fault) in
            try home.catalog.recordLeft([item.backup], as: .present)
            try home.catalog.recordRestored(vault: vault.id, object: item.backup.id.object)
            _ = try refresh(vault, places: Set(paths.map(\.parent)), isLocked: true)
        }
        withExtendedLifetime(lock) {}
        var parser = NameTimeParser(zone: self.configuration.zone.value)
        let directory = item.backup.path.parent
        let isNamed =
            newName.map { name in
                let kind: Directory.Entry.Kind = item.backup.primary.isDirectory ? .directory : .file
                let reading = DirectoryReading(
                    of: [.init(name: name, kind: kind, inode: 0)], in: directory, by: configuration.recognisers,
                    parser: &parser)
                return !reading.units.isEmpty
            } ?? true
        return RestoreReport(
            vault: configuration, backup: item.backup, paths: paths, reprievedUntil: until, warnings: warnings,
            isForeignNow: !isNamed)
    }

    private func attempt(_ warnings: inout [Fault], _ body: () throws(Fault) -> Void) {
        do { try body() } catch { warnings.append(error) }
    }

    private func refuseAltered(_ batch: Batch, _ vault: OpenVault) throws(Fault) {
        guard let known = try? home.catalog.knownBatch(vault: vault.id, name: batch.name),
            known.manifestHash != batch.manifestHash
        else { return }
        throw Fault(
            .damaged, "the manifest of batch \(batch.name) is not the one we wrote",
            hint: "look at it first; --trust-manifest restores by what it says now")
    }

    private static func notThere(_ backup: Backup) -> Fault {
        Fault(
            .notFound, "'\(backup.path.display)' is not in the trash any more",
            hint: "`reprieve list -a` shows what is where",
            path: backup.path)
    }

    private static func record(_ event: AuditEvent, _ vault: OpenVault, _ backup: Backup, _ to: Bytes?) -> AuditRecord {
        AuditRecord(
            event, vault: vault.label, vaultID: vault.id, series: backup.series, backup: backup.id,
            batch: backup.trashed?.batch, path: backup.path,
            more: to.map { $0 == backup.path ? [] : [JSON.Field](path: $0, key: "to") } ?? [])
    }
}
