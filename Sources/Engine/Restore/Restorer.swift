internal import Audit
internal import Catalog
package import Config
internal import Disk
package import Model
internal import Recognition
internal import State
internal import Trash

/// What a restore did with one backup.
package struct RestoreReport: Sendable {
    package var vault: VaultConfiguration
    package var backup: Backup
    /// Where its files are now.
    package var paths: [Bytes]
    /// `nil`: it is in no vault any more, and nothing will take it away.
    package var reprievedUntil: Timestamp?
    /// `postgres 0600`.
    package var owner = ""
    /// What could not be written down; the restore went on (exit 3).
    package var warnings: [Fault] = []
    /// Its new name has no date: Reprieve takes it for no backup any more.
    package var isNotRecognisedNow = false
    /// It was copied, and is in the trash as before.
    package var isCopy = false
    /// What the file system of the copy could not keep: `owners, modes`.
    package var lost = ""
}

/// What a side file with a checksum said of what was restored.
package struct ComparedChecksum: Sendable {
    package var side: Bytes
    /// `nil`: it matches.
    package var difference: Difference?

    package struct Difference: Sendable {
        package var expected: String
        package var found: String
    }
}

/// How a person wants it back.
package struct RestoreWish: Sendable {
    package var newName: Bytes?
    package var target: RestoreTarget?
    package var trustManifest = false
    /// Into the target, and the one in the trash stays.
    package var isCopy = false
    /// ``reprieve(_:_:in:)`` has written its mark.
    package var isMarked = false

    package init(
        newName: Bytes? = nil, target: RestoreTarget? = nil, trustManifest: Bool = false, isCopy: Bool = false
    ) {
        self.newName = newName
        self.target = target
        self.trustManifest = trustManifest
        self.isCopy = isCopy
    }
}

package struct Restorer: UseCase {
    let context: Context

    var access: VaultAccess { VaultAccess(context: context) }
    var markEditor: MarkEditor { MarkEditor(context: context) }
    var scanner: Scanner { Scanner(context: context) }

    /// Whether one backup can be put back so; throws the reason where it cannot. Changes nothing.
    package func checkRestore(
        _ configuration: VaultConfiguration, _ backup: Backup, _ wish: RestoreWish
    ) throws(Fault) {
        let vault = try access.open(configuration)
        guard let trash = try vault.trash() else { throw Self.notThere(backup) }
        if !wish.isCopy { try access.requireWritable(vault) }
        let (batch, item) = try find(backup, trash)
        try check(item, batch, vault: vault, trash: trash, wish: wish)
    }

    func check(
        _ item: Batch.Item, _ batch: Batch, vault: OpenVault, trash: TrashDirectory, wish: RestoreWish
    ) throws(Fault) {
        if !wish.trustManifest { try refuseAltered(batch, vault) }
        if let newName = wish.newName, newName.hasPrefix(".") || TemporaryNames.isTemporary(newName) {
            throw Fault(
                .usage, "'\(newName.display)' is a hidden or temporary name", hint: "--as takes a plain file name")
        }
        if let target = wish.target {
            if wish.isCopy { try checkCopy(item.backup, to: target) }
            guard wish.isCopy || target.directory.device == trash.directory.device else {
                throw refuseElsewhere(item.backup, target, as: wish.newName)
            }
        }
        // In a directory that is still to be made every name is free.
        guard wish.target?.isMissing != true else { return }
        var restoring = Restoring(trash: trash, to: wish.target?.directory)
        try restoring.prepare(item, as: wish.newName)
    }

    /// Writes one mark for many backups that are about to be put back in their vault, and answers which have it: those
    /// that can be put back now.
    package func reprieve(
        _ backups: [Backup], _ wish: RestoreWish, in configuration: VaultConfiguration
    ) throws(Fault) -> Set<BackupID> {
        let vault = try access.open(configuration)
        guard let trash = try vault.trash() else { return [] }
        try access.requireWritable(vault)
        let lock = try trash.lock(holder: holder, waitSeconds: waitSeconds)
        defer { withExtendedLifetime(lock) {} }
        var going: [Backup] = []
        for (name, own) in Dictionary(grouping: backups, by: \.trashed?.batch) {
            guard let name, let batch = try trash.batch(named: name) else { continue }
            let inTrash = batch.items.filter { !$0.inBatch.isEmpty }.map { ($0.backup.path, $0) }
            let items = Dictionary(inTrash) { first, _ in first }
            for backup in own {
                guard let item = items[backup.path] else { continue }
                do throws(Fault) {
                    try check(item, batch, vault: vault, trash: trash, wish: wish)
                    going.append(item.backup)
                } catch {
                    // Its restore says why.
                }
            }
        }
        let until = markEditor.reprieveEnd(configuration)
        try markEditor.edit(vault, locked: trash) { marks in
            markEditor.reprieve(going, until: until, reason: "restored", in: &marks, at: now())
        }
        return Set(going.map(\.id))
    }

    /// Puts one backup back. Works in a frozen vault; does not wait for the audit log (invariant 9).
    package func restore(
        _ configuration: VaultConfiguration, _ backup: Backup, _ wish: RestoreWish = RestoreWish()
    ) throws(Fault) -> RestoreReport {
        let vault = try access.open(configuration)
        guard let trash = try vault.trash() else { throw Self.notThere(backup) }
        try access.requireWritable(vault)
        var warnings: [Fault] = []
        let own = wish.target?.place(in: configuration)
        let isInVault = wish.target == nil || own != nil
        if let other = wish.target?.vault, own == nil {
            // Before our own lock: nobody ever holds two.
            attempt(&warnings) { () throws(Fault) in try reprieveThere(backup, other.configuration) }
        }
        let lock = try trash.lock(holder: holder, waitSeconds: waitSeconds)
        defer { withExtendedLifetime(lock) {} }
        let (batch, item) = try find(backup, trash)
        try check(item, batch, vault: vault, trash: trash, wish: wish)
        let until = isInVault ? markEditor.reprieveEnd(configuration) : nil
        let at = now()
        // │ the mark keeps the next cleanup from taking it again, and says of what left the vault that it is not
        // missing.
        let isMarked =
            wish.isMarked
            ? true
            : attempt(&warnings) { () throws(Fault) in
                try markEditor.edit(vault, locked: trash) { marks in
                    markEditor.reprieve([item.backup], until: until, reason: "restored", in: &marks, at: at)
                }
            }
        attempt(&warnings) { () throws(Fault) in
            try state.audit.append([Self.record(.restoreIntent, vault, item.backup)], at: at)
        }
        // │ the renames, durable.
        let paths: [Bytes]
        do {
            paths = try Restoring(trash: trash, to: wish.target?.directory).move(item, from: batch, as: wish.newName)
        } catch {
            // The same device, but another mount of it.
            if error.errno == Errno.EXDEV, let target = wish.target {
                throw refuseElsewhere(item.backup, target, as: wish.newName)
            }
            throw error
        }
        let places = wish.target == nil ? paths : own.map { place in paths.map { place.appending($0) } } ?? []
        let root = wish.target?.path ?? configuration.path
        recordOutcome(
            [item.backup], [paths.first.map { root.appending($0) }], places: Set(places.map(\.parent)), vault: vault,
            isMarked: isMarked,
            warnings: &warnings)
        return RestoreReport(
            vault: configuration, backup: item.backup, paths: paths.map { root.appending($0) }, reprievedUntil: until,
            owner: owner(paths[0], below: wish.target?.directory ?? vault.root), warnings: warnings,
            isNotRecognisedNow: isInVault && !isBackup(places[0], item.backup, configuration))
    }

    /// After the renames: what was done is written down. Without its mark a restored backup is left to the next look,
    /// which finds it as brought back by hand, and condemns nothing before it has marked it.
    func recordOutcome(
        _ backups: [Backup], _ paths: [Bytes?], places: Set<Bytes>, vault: OpenVault, isMarked: Bool,
        warnings: inout [Fault]
    ) {
        guard isMarked else { return }
        attempt(&warnings) { () throws(Fault) in
            try state.audit.append(
                zip(backups, paths).map { backup, path in
                    let origin = vault.root.path.appending(backup.path)
                    return Self.record(.restored(to: path == origin ? nil : path), vault, backup)
                }, at: now())
        }
        attempt(&warnings) { () throws(Fault) in
            // While its row still says that it was in the trash: what we renamed ourselves is at rest.
            if !places.isEmpty { _ = try scanner.refresh(vault, places: places, isLocked: true) }
        }
        attempt(&warnings) { () throws(Fault) in
            try state.catalog.recordLeft(backups, as: .present)
            try state.catalog.cleanups.recordRestored(vault: vault.id, objects: backups.map(\.id.object))
        }
    }

    func find(_ backup: Backup, _ trash: TrashDirectory) throws(Fault) -> (Batch, Batch.Item) {
        guard let name = backup.trashed?.batch, let batch = try trash.batch(named: name),
            let item = batch.items.first(where: { $0.backup.path == backup.path && !$0.inBatch.isEmpty })
        else { throw Self.notThere(backup) }
        return (batch, item)
    }

    func owner(_ path: Bytes, below root: Directory) -> String {
        guard let seen = try? root.open(path.parent).sighting(of: path.lastComponent) else { return "" }
        let digits = String(seen.mode, radix: 8)
        let mode = String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
        return "\(Surroundings.userName(seen.uid)) \(mode)"
    }

    /// Whether what stands at this path of a vault is read as a backup.
    private func isBackup(_ path: Bytes, _ backup: Backup, _ vault: VaultConfiguration) -> Bool {
        guard path != backup.path else { return true }
        var parser = NameTimeParser(zone: configuration.zone.value)
        let kind: Directory.Entry.Kind = backup.primary.isDirectory ? .directory : .file
        let reading = DirectoryReading(
            of: [.init(name: path.lastComponent, kind: kind, inode: 0)], in: path.parent, by: vault.recognisers,
            parser: &parser)
        return !reading.units.isEmpty
    }

    /// Compares the content of what was restored with a checksum beside it. It reads the whole file, without any lock.
    package func compareChecksum(_ report: RestoreReport) throws(Fault) -> ComparedChecksum? {
        guard let path = report.paths.first, !report.backup.primary.isDirectory else { return nil }
        switch try Checksum.compare(path.lastComponent, in: Directory.open(absolute: path.parent)) {
        case nil: return nil
        case .matches(let side): return ComparedChecksum(side: side)
        case .differs(let side, let expected, let found):
            return ComparedChecksum(side: side, difference: .init(expected: expected, found: found))
        }
    }

    /// An unverified batch (another host's, or the log was rotated) restores freely; an altered one only on a person's
    /// word.
    func refuseAltered(_ batch: Batch, _ vault: OpenVault) throws(Fault) {
        guard let known = knownHash(batch, vault), known != batch.manifestHash else { return }
        throw Fault(
            .damaged, "the manifest of batch \(batch.name) is not the one we wrote",
            hint: "look at it first; --trust-manifest restores by what it says now")
    }

    /// What cannot be read knows nothing: restore does not wait for catalog and log.
    private func knownHash(_ batch: Batch, _ vault: OpenVault) -> String? {
        if let known = try? state.catalog.knownBatch(vault: vault.id, name: batch.name) { return known.manifestHash }
        return (try? state.audit.facts(of: vault.id))?.manifests[batch.name]
    }

    static func notThere(_ backup: Backup) -> Fault {
        Fault(
            .notFound, "'\(backup.path.display)' is not in the trash any more",
            hint: "`reprieve list -a` shows what is where",
            path: backup.path)
    }

    static func record(_ event: Event, _ vault: OpenVault, _ backup: Backup) -> AuditRecord {
        vault.record(event, about: backup)
    }
}
