internal import Audit
package import Config
internal import Disk
package import Model
internal import State
internal import Survey
internal import Trash

/// Where `--to` leads: a directory, opened once.
package struct RestoreTarget: Sendable {
    /// Of one that is only to be made, the nearest above it.
    let directory: Directory
    package let path: Bytes
    var isMissing = false
    /// The configured vault that it lies in, and its path there.
    let vault: (configuration: VaultConfiguration, place: Bytes)?

    /// Its place in this vault, where it lies in it.
    func place(in other: VaultConfiguration) -> Bytes? {
        vault.flatMap { $0.configuration.path == other.path ? $0.place : nil }
    }
}

extension Restorer {
    /// Opens the directory that a person named, and makes it where it is missing; `isDry`: makes nothing. A link in its
    /// last place is not followed: it may lead anywhere by now.
    package func restoreTarget(_ text: String, isDry: Bool = false) throws(Fault) -> RestoreTarget {
        let named = Configuration.absolute(text)
        let way = try Self.named(named) { () throws(Fault) in try MissingPath(to: named) }
        let (nearest, missing) = (way.existing, way.names)
        let existing = nearest.path
        let resolved = Reach.resolved([existing] + configuration.vaults.map(\.path))
        let whole = missing.reduce(resolved[existing] ?? existing) { $0.appending($1) }
        guard !whole.components.contains(TrashDirectory.name) else {
            throw Fault(
                .usage, "'\(named.display)' lies in a trash", hint: "name a directory outside of .trash", path: named)
        }
        var inside: (configuration: VaultConfiguration, place: Bytes)?
        for vault in configuration.vaults {
            let root = resolved[vault.path] ?? vault.path
            // Vaults may lie inside one another: the innermost counts.
            guard whole.isWithin(root), inside.map({ $0.place.count > whole.count - root.count }) ?? true else {
                continue
            }
            inside = (vault, whole == root ? Bytes() : whole.dropFirst(root.count + 1))
        }
        if isDry, !missing.isEmpty {
            return RestoreTarget(directory: nearest, path: named, isMissing: true, vault: inside)
        }
        let directory = try Self.named(named) { () throws(Fault) in
            guard missing.isEmpty else { return try way.make(mode: 0o755) }
            return named == "/"
                ? nearest
                : try Directory.open(absolute: named.parent.isEmpty ? "/" : named.parent)
                    .open(named.lastComponent, crossMounts: true)
        }
        return RestoreTarget(directory: directory, path: named, vault: inside)
    }

    private static func named<T>(_ path: Bytes, _ body: () throws(Fault) -> T) throws(Fault) -> T {
        do {
            return try body()
        } catch {
            let hint: String?
            switch error.errno {
            case _ where Self.isLink(path): hint = "it is a symbolic link: name the directory that it points to"
            case Errno.ENOTDIR: hint = "--to takes a directory; --as gives another name"
            default: hint = error.hint
            }
            throw Fault(error.code, error.message, hint: hint, path: path, errno: error.errno)
        }
    }

    private static func isLink(_ path: Bytes) -> Bool {
        guard let parent = try? Directory.open(absolute: path.parent.isEmpty ? "/" : path.parent) else { return false }
        return ((try? parent.sighting(of: path.lastComponent)) ?? nil)?.kind == .symlink
    }

    /// Another file system cannot be reached by a rename.
    func refuseElsewhere(_ backup: Backup, _ target: RestoreTarget, as newName: Bytes?) -> Fault {
        let name = newName.map { " --as \(shell: $0)" } ?? ""
        return Fault(
            .failed,
            "could not move '\(backup.path.display)' to '\(target.path.display)': that is another file system",
            hint: "copy it; the one in the trash stays until its grace is over:\n"
                + "reprieve restore \(backup.id.text) --to \(shell: target.path)\(name) --copy",
            path: target.path, errno: Errno.EXDEV)
    }

    // MARK: Copying

    /// Copies one backup into a directory outside of all vaults, of any file system; the one in the trash stays as it
    /// is. No lock is held meanwhile: a purge does not wait, and a copy of something that it takes away fails.
    /// `progress`: bytes copied so far.
    package func copy(
        _ configuration: VaultConfiguration, _ backup: Backup, _ wish: RestoreWish,
        progress: @escaping (Int64) -> Void = { _ in }
    ) throws(Fault) -> RestoreReport {
        let vault = try access.open(configuration)
        guard let trash = try vault.trash(), let target = wish.target else { throw Self.notThere(backup) }
        let (batch, item) = try find(backup, trash)
        try check(item, batch, vault: vault, trash: trash, wish: wish)
        var copying = Copying(to: target.directory, progress: progress)
        let (names, lost) = try copying.copy(item, from: batch, as: wish.newName)
        let paths = names.map { target.path.appending($0) }
        var report = RestoreReport(
            vault: configuration, backup: item.backup, paths: paths, reprievedUntil: nil,
            owner: owner(names[0], below: target.directory))
        (report.isCopy, report.lost) = (true, lost.text)
        attempt(&report.warnings) { () throws(Fault) in
            try state.audit.append([Self.record(.copied(to: paths[0]), vault, item.backup)], at: now())
        }
        return report
    }

    func checkCopy(_ backup: Backup, to target: RestoreTarget) throws(Fault) {
        if let vault = target.vault {
            throw Fault(
                .usage, "'\(target.path.display)' lies in the vault '\(vault.configuration.label)'",
                hint: "--copy takes a directory outside of all vaults; without it the backup itself is put there",
                path: target.path)
        }
        let needed = min(backup.size, backup.allocated)
        let system = try FileSystem(of: target.directory)
        guard needed > system.availableBytes else { return }
        throw Fault(
            .io,
            "'\(backup.path.display)' needs \(ByteSize.rounded(needed)), and \(ByteSize.rounded(system.availableBytes)) are free in '\(target.path.display)'",
            hint: "make room there, or name another directory with --to", path: target.path, errno: Errno.ENOSPC)
    }

    /// In a directory of another vault it is a new backup there: left alone for a grace, too.
    func reprieveThere(_ backup: Backup, _ other: VaultConfiguration) throws(Fault) {
        let vault = try access.open(other)
        let id = BackupID(vault: vault.id, object: backup.object, links: 1, path: backup.path)
        let mark = Mark(
            kind: .reprieved, target: id.objectText, reason: "restored from '\(backup.path.display)'",
            actor: state.actorName, at: now().wall, until: markEditor.reprieveEnd(other))
        try markEditor.edit(vault) { marks, _ in marks.add(mark) }
    }
}
