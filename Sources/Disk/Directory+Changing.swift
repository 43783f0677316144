internal import CLinux
internal import Glibc
package import Model

/// What changes a directory. Nothing here is durable before ``Directory/sync()``, but where it says so.
extension Directory {
    package func makeDirectory(_ name: Bytes, mode: UInt32) throws(Fault) {
        try check(layer.makeDirectory(descriptor, name, mode: mode), "make the directory", path.appending(name))
    }

    /// Makes it where it is missing; an existing one is left as it is.
    package func ensureDirectory(_ name: Bytes, mode: UInt32) throws(Fault) -> Directory {
        try openOrMake(name, mode: mode).directory
    }

    /// The same, and whether this call has made it. `made` is `nil` also where another one stands at its name by now:
    /// it is not ours, not empty, or open to more people than we asked for.
    package func openOrMake(
        _ name: Bytes, mode: UInt32
    ) throws(Fault) -> (directory: Directory, made: MadeDirectory?) {
        let answer = layer.makeDirectory(descriptor, name, mode: mode)
        if answer != -EEXIST { try check(answer, "make the directory", path.appending(name)) }
        let opened = try open(name)
        var seen = cl_stat()
        try check(layer.stat(opened.descriptor, "", &seen), "look at", opened.path)
        let isAsMade = seen.uid == Surroundings.userID && seen.mode & 0o777 & ~mode == 0
        guard answer == 0, isAsMade, try opened.entries(most: 1).isEmpty else { return (opened, nil) }
        return (opened, MadeDirectory(directory: opened))
    }

    // MARK: Moving

    /// Renames without replacing: a name that is taken is EEXIST. When it returns the rename is done, not yet durable.
    ///
    /// Some file systems cannot (NFS, many FUSE, older ZFS: EINVAL). Then a name that is free a moment before must do,
    /// so this is for a target that is ours alone: a batch, `.purging-*`, the trash. For any other: ``MoveOut``.
    package func rename(_ name: Bytes, to target: Directory, as newName: Bytes) throws(Fault) {
        var answer = layer.rename(descriptor, name, to: target.descriptor, as: newName, replacing: false)
        if Self.unsupported.contains(answer) {
            answer =
                try target.isTaken(newName)
                ? -EEXIST : layer.rename(descriptor, name, to: target.descriptor, as: newName, replacing: true)
        }
        try check(answer, "move to '\(target.path.appending(newName).display)'", path.appending(name))
    }

    /// What file systems answer that know of no renaming without replacing.
    static let unsupported: [Int32] = [-EINVAL, -ENOSYS]

    func isTaken(_ name: Bytes) throws(Fault) -> Bool {
        var stat = cl_stat()
        let answer = layer.stat(descriptor, name, &stat)
        if answer == -ENOENT { return false }
        try check(answer, "look at", path.appending(name))
        return true
    }

    // MARK: Durable

    /// How far a barrier reached.
    package enum Synced: Sendable { case thisDirectory, wholeFileSystem }

    /// Makes what was renamed, made or removed in this directory durable. On btrfs the transaction is committed, and
    /// with it everything that was done before.
    @discardableResult
    package func sync() throws(Fault) -> Synced {
        try check(layer.sync(directory: descriptor), "sync", path) == 0 ? .thisDirectory : .wholeFileSystem
    }
}

/// A directory that this process has made: the only one whose owner and mode it sets.
package struct MadeDirectory: Sendable {
    package let directory: Directory

    package func setOwner(uid: UInt32? = nil, gid: UInt32? = nil) throws(Fault) {
        try check(
            directory.layer.setOwner(directory.descriptor, uid: uid ?? .max, gid: gid ?? .max), "set the owner of",
            directory.path)
    }

    package func setMode(_ mode: UInt32) throws(Fault) {
        try check(directory.layer.setMode(directory.descriptor, mode), "set the mode of", directory.path)
    }
}
