internal import Audit
package import Config
package import Disk
package import Model
package import Retention
internal import State
package import Survey
internal import Synchronization
package import Trash

/// A configured vault whose directory was opened and is the one it was.
package struct OpenVault: Sendable {
    package let configuration: VaultConfiguration
    package let id: VaultID
    package let root: Directory
    package let survey: VaultSurvey
    package let policy: VaultPolicy
    /// Something was seen in it once. An empty directory alone may be a disk that is not mounted.
    package let isProven: Bool

    package var label: String { configuration.label }

    /// Opened each time: it may have been made or replaced meanwhile.
    package func trash() throws(Fault) -> TrashDirectory? { try TrashDirectory.open(in: root) }

    /// What the audit log is told of it, and of a backup in it.
    func record(
        _ event: Event, run: Int? = nil, about backup: Backup? = nil, series: Bytes? = nil, batch: String? = nil,
        path: Bytes? = nil, reason: String? = nil
    ) -> AuditRecord {
        AuditRecord(
            event, run: run, vault: label, vaultID: id, series: backup?.series ?? series, backup: backup?.id,
            batch: batch ?? backup?.trashed?.batch, path: backup?.path ?? path, reason: reason)
    }
}

/// Opens vaults, and makes sure that each is the one it was.
package struct VaultAccess: UseCase {
    let context: Context

    /// Opens a vault and makes sure that it is the one it was: an unmounted disk looks like an empty directory.
    package func open(_ vault: VaultConfiguration) throws(Fault) -> OpenVault {
        do {
            return try openMounted(vault)
        } catch {
            guard error.code == .offline, try isAway(vault) else { throw error }
            throw Fault(
                .away, "the disk of the vault '\(vault.label)' is away",
                hint: "nothing is done there until it is mounted again", path: vault.path)
        }
    }

    private func openMounted(_ vault: VaultConfiguration) throws(Fault) -> OpenVault {
        try answers(vault)
        let root: Directory
        do {
            root = try Self.root(of: vault)
        } catch {
            guard error.errno == Errno.ENOENT, vault.pattern != nil, let id = try state.registry.lastKnown(vault.path)
            else {
                throw error
            }
            throw Fault(
                error.code, error.message,
                hint: "mount its disk; or if it is gone for good: reprieve adopt \(shell: vault.path) --forget "
                    + id.text.prefix(8), path: vault.path, errno: Errno.ENOENT)
        }
        try requireMount(vault)
        switch try state.registry.identify(vault.path, try signs(root, vault), at: now().wall) {
        case .known(let id, let isProven): return open(vault, id, root, isProven: isProven)
        case .mismatch(let why):
            if context.isVisiting, let id = try visited(vault, root) { return open(vault, id, root, isProven: true) }
            throw Fault(
                .offline, "the vault '\(vault.label)' is not what it was: \(why); nothing is done there",
                hint: "mount the right disk, or if this is meant: reprieve adopt \(shell: vault.path)",
                path: vault.path)
        }
    }

    /// The id of a vault of another host, at a path where no vault of ours ever was. It is not recorded.
    private func visited(_ vault: VaultConfiguration, _ root: Directory) throws(Fault) -> VaultID? {
        guard try state.registry.disks(at: vault.path).isEmpty, let marker = try marker(in: root),
            marker.keeper != Surroundings.hostName
        else { return nil }
        return marker.id
    }

    /// A hung mount never returns from a system call: it is asked once in a thread of its own before anything else.
    @discardableResult
    func answers(_ vault: VaultConfiguration) throws(Fault) -> Reach.Answer {
        guard let answer = Reach.answer(of: vault.path, seconds: answerSeconds) else { throw hung(vault) }
        return answer
    }

    package var answerSeconds: Double { max(1, waitSeconds) }

    package func hung(_ vault: VaultConfiguration) -> Fault {
        Fault(
            .offline,
            "the vault '\(vault.label)' does not answer (for \(Int(answerSeconds)) s): its file system hangs",
            hint: "nothing is done there until it answers, all other vaults go on; look at its server, or at `dmesg`",
            path: vault.path)
    }

    func open(_ vault: VaultConfiguration, _ id: VaultID, _ root: Directory, isProven: Bool) -> OpenVault {
        // Where they really are: a path may lead through a link.
        let resolved = Reach.resolved(configuration.vaults.map(\.path) + [vault.path])
        let own = resolved[vault.path] ?? vault.path
        let nested = configuration.vaults.compactMap { other -> Bytes? in
            let path = resolved[other.path] ?? other.path
            guard path != own, path.isWithin(own) else { return nil }
            return path.dropFirst(own.count + 1)
        }
        var survey = VaultSurvey(
            vault: id, quietSeconds: vault.settings.quietPeriod.value.fixedSeconds,
            recognisers: vault.recognisers,
            zone: configuration.zone.value, nested: Set(nested), roots: Array(Set([own, vault.path])))
        // Overlays are this kernel's own.
        survey.isRemote = ((try? FileSystem(of: root)).flatMap(\.remoteKind)).map { $0 != "overlay" } ?? false
        return OpenVault(
            configuration: vault, id: id, root: root, survey: survey,
            policy: vault.policy(zone: configuration.zone.value), isProven: isProven)
    }

    static func root(of vault: VaultConfiguration) throws(Fault) -> Directory {
        do {
            let root = try Directory.open(absolute: vault.path)
            try Surroundings.checkAncestors("the vault '\(vault.label)'", vault.path)
            return root
        } catch {
            let where_ = vault.path.display
            switch error.errno {
            case Errno.ENOENT:
                throw Fault(
                    .offline, "the vault '\(vault.label)' is not there: '\(where_)' does not exist",
                    hint: "mount its disk, make the directory, or correct its path in the configuration",
                    path: vault.path, errno: Errno.ENOENT)
            case Errno.ENOTDIR:
                throw Fault(
                    .offline, "the vault '\(vault.label)' is not a directory: '\(where_)' is a file",
                    hint: "name the directory that the backups are written into", path: vault.path, errno: Errno.ENOTDIR
                )
            default: throw error
            }
        }
    }

    /// Opens the trash for writing: made where it is missing, with the marker.
    func makeTrash(_ vault: OpenVault) throws(Fault) -> TrashDirectory {
        try requireWritable(vault)
        let isEmpty = vault.isProven ? false : try vault.root.entries().isEmpty
        guard !isEmpty else {
            throw Fault(
                .offline, "the vault '\(vault.label)' is empty: nothing is written there, its disk may not be mounted",
                hint: "mount its disk, or put the first backup there", path: vault.root.path)
        }
        let isNew = try vault.trash() == nil
        let trash = try TrashDirectory.make(in: vault.root)
        try trash.directory.ownFiles.sweepTemporaries(at: now().wall)
        try renewMarker(vault, trash)
        // Another one than ours is not taken for it by writing into it: see `freezes`.
        let isUnknown = try state.registry.trash(of: vault.id) == nil
        if isNew || isUnknown { try takeForOurs(trash, vault) }
        return trash
    }

    /// From now on this `.trash` is the vault's.
    func takeForOurs(_ trash: TrashDirectory, _ vault: OpenVault) throws(Fault) {
        try state.registry.setTrash(try trash.directory.sighting().object, of: vault.id)
    }

    /// Whether another directory stands at `.trash` than the one that we made. Without file handles nobody can tell: an
    /// inode number may be another one after the next mount.
    func isReplaced(_ trash: TrashDirectory, _ vault: OpenVault) throws(Fault) -> Bool {
        guard let ours = try state.registry.trash(of: vault.id), ours.isHandle else { return false }
        let object = try trash.directory.sighting().object
        return object.isHandle && object != ours
    }

    /// Who the vault says it is. To a command that must always work one that cannot be read says nothing.
    func marker(in root: Directory) throws(Fault) -> Marker? {
        do {
            return try Marker.read(in: root)
        } catch {
            guard let damage = state.damage, error.code == .damaged else { throw error }
            damage.add(error, Marker.path(in: root))
            return nil
        }
    }

    /// Who it is was told by the two other signs.
    func renewMarker(_ vault: OpenVault, _ trash: TrashDirectory) throws(Fault) {
        guard try marker(in: vault.root) == nil, state.damage?.contains(Marker.path(in: vault.root)) != true else {
            return
        }
        let marker = Marker(id: vault.id, label: vault.label, keeper: Surroundings.hostName, made: now().wall)
        try marker.write(in: trash)
    }

    /// Before anything is written down of a deed: on a read-only mount nothing is half done.
    func requireWritable(_ vault: OpenVault) throws(Fault) {
        guard FileSystem.isReadOnly(vault.root) else { return }
        throw Fault(
            .io, "could not write in the vault '\(vault.label)': its file system is mounted read-only",
            hint:
                "nothing was changed; look at `dmesg` why it is, make it writable again (mount -o remount,rw), repeat",
            path: vault.root.path, errno: Errno.EROFS)
    }

    /// What is at the path of a vault with a disk of its own, while that is not mounted, is not the vault.
    func requireMount(_ vault: VaultConfiguration) throws(Fault) {
        guard vault.settings.requiresMount.value, !isMounted(vault) else { return }
        throw Fault(
            .offline, "no disk is mounted at the vault '\(vault.label)', which requires one",
            hint: "mount its disk, or take `requires-mount` out of the configuration", path: vault.path)
    }

    private func isMounted(_ vault: VaultConfiguration) -> Bool {
        MountTable.point(of: Reach.resolved(vault.path) ?? vault.path) != "/"
    }

    /// Whether the disk of a removable vault is not there: neither it nor another one is mounted at its path. One that
    /// hangs is there.
    func isAway(_ vault: VaultConfiguration) throws(Fault) -> Bool {
        guard vault.settings.removable.value else { return false }
        var path = Reach.resolved(vault.path)
        guard path == nil || MountTable.point(of: vault.path) != vault.path else { return false }
        var parent = vault.path.parent
        while path == nil, !parent.isEmpty {
            path = Reach.resolved(parent)
            parent = parent.parent
        }
        let here = try FileSystem(of: try Directory.open(absolute: path ?? "/")).id
        guard let known = try state.registry.filesystem(vault.path) else { return true }
        return known != here
    }

    /// The three signs of what is at a vault's path now.
    func signs(_ root: Directory, _ vault: VaultConfiguration) throws(Fault) -> VaultRegistry.Signs {
        let marker = try marker(in: root)
        let seen = try root.sighting()
        // Asked only while it matters: a full directory is long to list.
        let isInDoubt = marker == nil ? try state.registry.isUnproven(vault.path) : false
        let isEmpty = isInDoubt ? try root.entries().isEmpty : false
        return VaultRegistry.Signs(
            markerID: marker?.id, keeper: marker?.keeper, filesystem: try FileSystem(of: root).id, root: seen.object,
            rootBirth: seen.birth?.nanoseconds, label: FileSystem.label(of: root), isEmpty: isEmpty)
    }

    /// Who only looks may not be able to write the lock's file: then nobody of ours writes there either.
    func lockToLook(_ trash: TrashDirectory) throws(Fault) -> FileLock? {
        do {
            return try trash.lock(holder: holder, waitSeconds: waitSeconds)
        } catch {
            if error.code == .permission || error.errno == Errno.EROFS { return nil }
            throw error
        }
    }

    /// The vaults that are known, by path.
    package var knownIDs: [Bytes: VaultID] {
        var ids: [Bytes: VaultID] = [:]
        for vault in configuration.vaults { ids[vault.path] = (try? state.registry.lastKnown(vault.path)) ?? nil }
        return ids
    }

    /// What in the trash makes a difference: the batches, and a person's FREEZE.
    package func trashNames(in vault: OpenVault) throws(Fault) -> Set<String> {
        guard let trash = try vault.trash() else { return [] }
        let names = Set(try trash.batchNames())
        return try trash.directory.sighting(of: "FREEZE") == nil ? names : names.union(["FREEZE"])
    }
}
