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

    /// Opens a directory and makes it, with its parents, where it is missing. Links in the part that exists are a
    /// person's choice (/var/lib moved elsewhere); below it none is followed.
    package static func ensure(absolute path: Bytes, mode: UInt32) throws(Fault) -> Directory {
        var (directory, rest) = try nearest(to: path)
        for component in rest {
            let made = try directory.ensureDirectory(component, mode: mode)
            try directory.sync()
            directory = made
        }
        return directory
    }

    /// The deepest directory on the way to this path that exists, and what is missing below it.
    package static func nearest(to path: Bytes) throws(Fault) -> (Directory, missing: [Bytes]) {
        var missing: [Bytes] = []
        var existing = path
        while existing.count > 1 {
            do {
                return (try open(absolute: existing), missing)
            } catch {
                guard error.errno == 2 else { throw error }
            }
            missing.insert(existing.lastComponent, at: 0)
            existing = existing.parent
        }
        return (try open(absolute: "/"), missing)
    }

    // MARK: Moving

    /// Renames without replacing: a name that is taken is EEXIST. When it returns the rename is done, not yet durable.
    ///
    /// Some file systems cannot (NFS, many FUSE, older ZFS: EINVAL). Then a name that is free a moment before must do,
    /// so this is for a target that is ours alone: a batch, `.purging-*`, the trash. For any other: ``moveOut``.
    package func rename(_ name: Bytes, to target: Directory, as newName: Bytes) throws(Fault) {
        var answer = layer.rename(descriptor, name, to: target.descriptor, as: newName, replacing: false)
        if Self.isUnsupported(answer) {
            answer =
                try target.isTaken(newName)
                ? -EEXIST : layer.rename(descriptor, name, to: target.descriptor, as: newName, replacing: true)
        }
        try check(answer, "move to '\(target.path.appending(newName).display)'", path.appending(name))
    }

    /// Renames into a directory where anybody may make a name at any moment, and replaces none.
    ///
    /// Where the file system cannot say so, a file gets its new name by a link, which replaces nothing; when that lasts
    /// its old name goes to `remains`, which is asked for only then. If we stop in between it has both names: never
    /// none, also where the disk does not keep the order. A directory is renamed onto a name that was free a moment
    /// before: at worst it takes the place of an empty directory.
    package func moveOut(
        _ name: Bytes, to target: Directory, as newName: Bytes, remains: () throws(Fault) -> Directory
    ) throws(Fault) {
        let deed = "move to '\(target.path.appending(newName).display)'"
        var answer = layer.rename(descriptor, name, to: target.descriptor, as: newName, replacing: false)
        if Self.isUnsupported(answer) {
            if try target.isTaken(newName) {
                answer = -EEXIST
            } else if kind(behind: name) == .directory {
                answer = layer.rename(descriptor, name, to: target.descriptor, as: newName, replacing: true)
            } else {
                try check(layer.link(descriptor, name, to: target.descriptor, as: newName), deed, path.appending(name))
                try target.sync()
                try giveUp(name, to: try remains())
                return
            }
        }
        try check(answer, deed, path.appending(name))
    }

    /// A name that is nobody's any more goes to `remains` (`.purging-*`), under a name that is free there.
    package func giveUp(_ name: Bytes, to remains: Directory) throws(Fault) {
        for n in 0..<10_000 {
            do {
                return try rename(name, to: remains, as: Bytes("given-up-\(n)"))
            } catch {
                guard error.errno == EEXIST else { throw error }
            }
        }
        throw Fault(.failed, "'\(remains.path.display)' is full of names", path: remains.path)
    }

    private static func isUnsupported(_ answer: Int32) -> Bool { answer == -EINVAL || answer == -ENOSYS }

    private func isTaken(_ name: Bytes) throws(Fault) -> Bool {
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
