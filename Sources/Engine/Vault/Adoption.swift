internal import Audit
package import Config
internal import Disk
package import Model
package import State
internal import Trash

/// Which disk a vault is on: what is seen of it, and what a person says of it.
package struct Adoption: UseCase {
    let context: Context

    var access: VaultAccess { VaultAccess(context: context) }
    var markEditor: MarkEditor { MarkEditor(context: context) }

    // MARK: Disks that come and go

    /// Refuses an empty directory that stands where the vault's disk is usually mounted.
    private func refuseUnmounted(_ vault: VaultConfiguration, _ root: Directory) throws(Fault) {
        try access.requireMount(vault)
        let here = try FileSystem(of: root).id
        guard try state.registry.isElsewhere(vault.path, than: here), try root.entries().isEmpty,
            try FileSystem(of: try Directory.open(absolute: vault.path.parent)).id == here
        else { return }
        throw Fault(
            .offline, "'\(vault.path.display)' is an empty directory, and the vault '\(vault.label)' is on a disk",
            hint: "mount its disk; if the disk is gone for good, put the first backup there and repeat",
            path: vault.path)
    }

    /// What a person is asked before ``adopt(_:)``; `nil`: what is there is the vault already.
    package func whatToAdopt(_ vault: VaultConfiguration) throws(Fault) -> String? {
        try access.answers(vault)
        let root = try VaultAccess.root(of: vault)
        try refuseUnmounted(vault, root)
        let signs = try access.signs(root, vault)
        guard try !state.registry.isInForce(vault.path, signs) else { return nil }
        let entries = try root.entries().count { $0.name != TrashDirectory.name }
        let disk = signs.label.map { ", on the disk '\($0)'" } ?? ""
        let known = try state.registry.disks(at: vault.path).map(\.name)
        let stays = known.isEmpty ? "" : " Known there before, and not forgotten: \(known.joined(separator: ", "))."
        return
            "'\(vault.path.display)' has \(entries == 1 ? "1 entry" : "\(entries) entries")\(disk).\(stays) Take it for the vault '\(vault.label)'?"
    }

    /// Takes what is there for the vault from now on, beside the disks that were adopted for its path before.
    package func adopt(_ vault: VaultConfiguration) throws(Fault) -> OpenVault {
        try access.answers(vault)
        let root = try VaultAccess.root(of: vault)
        try refuseUnmounted(vault, root)
        let marker = try Marker.read(in: root)
        let isReadOnly = FileSystem.isReadOnly(root)
        // A copy is told from its original by its marker: without a new one it would stay a copy.
        guard !isReadOnly || marker == nil else {
            throw Fault(
                .io, "could not adopt '\(vault.path.display)': its file system is mounted read-only",
                hint: "its marker must be written anew: mount -o remount,rw, then repeat", path: vault.path,
                errno: Errno.EROFS)
        }
        let id = try state.registry.adopt(vault.path, try access.signs(root, vault), at: now().wall)
        let isUnproven = try state.registry.isUnproven(vault.path)
        let opened = access.open(vault, id, root, isProven: !isUnproven)
        if !isReadOnly, opened.isProven, marker?.id != id || marker?.keeper != Surroundings.hostName {
            try writeMarker(of: opened, over: marker)
        }
        if !isReadOnly, let trash = try opened.trash() { try access.takeForOurs(trash, opened) }
        try state.audit.append(
            [.init(.vaultAdopted, vault: vault.label, vaultID: id, path: vault.path)], at: now())
        return opened
    }

    /// A copy's objects are others, its marks are found again by path, time and size: what people said to keep comes
    /// along, nothing that would let anything go.
    private func writeMarker(of vault: OpenVault, over marker: Marker?) throws(Fault) {
        let trash = try TrashDirectory.make(in: vault.root)
        let lock = try trash.lock(holder: holder, waitSeconds: waitSeconds)
        defer { withExtendedLifetime(lock) {} }
        if let old = marker?.id, old != vault.id {
            let former = try state.marks.read(old, trash: trash).all.values.filter { $0.kind.protects && !$0.released }
            try markEditor.edit(vault, locked: trash) { marks in
                for mark in former.sorted(by: { $0.counter < $1.counter }) { marks.add(mark) }
            }
        }
        try Marker(id: vault.id, label: vault.label, keeper: Surroundings.hostName, made: now().wall).write(in: trash)
    }

    /// Forgets a disk that is away: seen again, it is a stranger until it is adopted. Its marks stay in the state
    /// directory.
    package func forget(_ name: String, of vault: VaultConfiguration) throws(Fault) -> AwayDisk {
        // What a wildcard matched and matches no more is away, too.
        let isGone = vault.pattern != nil && Reach.resolved(vault.path) == nil
        let disk = try state.registry.forget(vault.path, name, isGone: isGone)
        try state.audit.append(
            [
                .init(
                    .vaultForgotten, vault: vault.label, vaultID: disk.id, path: vault.path,
                    reason: "the disk '\(disk.name)' is away for good")
            ], at: now())
        return disk
    }

    /// The path of a vault that may be given up: no vault is configured there.
    package func forgettable(_ name: String) throws(Fault) -> Bytes {
        let whole = Configuration.absolute(name)
        if let vault = configuration.vaults.first(where: { $0.label == name || $0.path == whole }) {
            // What a wildcard matched, and matches no more.
            if vault.pattern != nil, Reach.resolved(vault.path) == nil { return vault.path }
            throw Fault(
                .usage, "'\(vault.label)' is configured",
                hint: "take it out of the configuration first: it would be a new vault with the next command",
                path: vault.path)
        }
        let known = try state.registry.paths().filter { path in !configuration.vaults.contains { $0.path == path } }
        let found = known.contains(whole) ? [whole] : known.filter { isCalled($0, name) }
        if found.count == 1 { return found[0] }
        let list = (found.isEmpty ? known : found).map { "  reprieve forget \(shell: $0.display)" }
        guard found.isEmpty else {
            throw Fault(
                .ambiguous, "'\(Bytes(name).display)' names \(found.count) vaults",
                hint: "name one by its path:\n" + list.joined(separator: "\n"))
        }
        throw Fault(
            .notFound, "no vault that is not configured any more is called '\(Bytes(name).display)'",
            hint: list.isEmpty ? "every vault that is known is configured" : "known:\n" + list.joined(separator: "\n"))
    }

    /// By the last part of its path, or as a match of a wildcard is called.
    private func isCalled(_ path: Bytes, _ name: String) -> Bool {
        let last = path.lastComponent.display
        return last == name || configuration.vaults.contains { "\($0.entry)/\(last)" == name }
            || configuration.unmatched.contains { "\($0.entry)/\(last)" == name }
    }

    /// Gives up the vault at this path. What people said of it stays in the state directory.
    package func forget(_ path: Bytes) throws(Fault) {
        let ids = try state.registry.forget(path)
        try state.audit.append(
            ids.map {
                AuditRecord(
                    .vaultForgotten, vault: path.lastComponent.display, vaultID: $0, path: path,
                    reason: "the vault is given up")
            }, at: now())
    }
}
