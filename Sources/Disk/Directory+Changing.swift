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
        let answer = layer.makeDirectory(descriptor, name, mode: mode)
        if answer != -EEXIST { try check(answer, "make the directory", path.appending(name)) }
        return try open(name)
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

    package func setOwner(uid: UInt32? = nil, gid: UInt32? = nil) throws(Fault) {
        try check(layer.setOwner(descriptor, uid: uid ?? .max, gid: gid ?? .max), "set the owner of", path)
    }

    package func setMode(_ mode: UInt32) throws(Fault) {
        try check(layer.setMode(descriptor, mode), "set the mode of", path)
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

    /// A new file with this content, on stable storage when this returns (its name only after ``sync()``).
    package func create(_ name: Bytes, _ content: Bytes, mode: UInt32) throws(Fault) {
        try write(name, content, flags: O_EXCL, mode: mode)
    }

    /// Replaces a file of ours in one step: after a crash it is the old or the new one, whole.
    package func replace(_ name: Bytes, with content: Bytes, mode: UInt32) throws(Fault) {
        let fresh = name + ".new"
        try write(fresh, content, flags: O_TRUNC, mode: mode)
        try replace(name, by: fresh)
    }

    /// The same for everybody to read, whatever the umask.
    package func publish(_ name: Bytes, _ content: Bytes) throws(Fault) {
        let fresh = name + ".new"
        try write(fresh, content, flags: O_TRUNC, mode: 0o644, isExact: true)
        try replace(name, by: fresh)
    }

    /// Replaces a person's file in one step, with the owner and the mode that it had. After a crash or an error it is
    /// the old or the new one, whole; at worst `.NAME.reprieve-new` stays beside it, until the next time. Nobody else's
    /// name is touched: `NAME.new` may be a person's own. A file that has several names is refused, because the others
    /// would keep the old content.
    package func rewrite(_ name: Bytes, with content: Bytes, like old: Sighting) throws(Fault) {
        let whole = path.appending(name)
        guard old.links == 1 else {
            throw Fault(
                .failed, "'\(whole.display)' has \(old.links) names (hard links), and only one of them would change",
                hint: "write the lines yourself", path: whole)
        }
        let fresh = "." + name + ".reprieve-new"
        try write(fresh, content, flags: O_TRUNC, mode: old.mode, isExact: true, owner: (old.uid, old.gid))
        try replace(name, by: fresh)
    }

    private func replace(_ name: Bytes, by fresh: Bytes) throws(Fault) {
        try check(
            layer.rename(descriptor, fresh, to: descriptor, as: name, replacing: true), "replace", path.appending(name))
        try sync()
    }

    /// Keeps room behind the end of an open file; `false` where it cannot be had.
    package static func reserve(_ file: Int32, from: Int, count: Int) -> Bool {
        cl_reserve(file, Int64(from), Int64(count)) == 0
    }

    /// Writes over a file of ours in its place, which needs no room on most file systems. Not in one step: for what can
    /// be made anew, and is shorter than a sector.
    package func overwrite(_ name: Bytes, with content: Bytes) throws(Fault) {
        precondition(content.count <= 512, "a sector is written whole or not at all, more is not")
        try write(name, content, flags: 0, mode: 0o640)
    }

    private func write(
        _ name: Bytes, _ content: Bytes, flags: Int32, mode: UInt32, isExact: Bool = false,
        owner: (uid: UInt32, gid: UInt32)? = nil
    ) throws(Fault) {
        let whole = path.appending(name)
        let all = O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags
        let fd = try check(
            layer.open(descriptor, name, flags: all, mode: mode, resolve: UInt32(CL_BENEATH | CL_NO_XDEV)), "write",
            whole)
        defer { layer.close(fd) }
        if let owner { try check(layer.setOwner(fd, uid: owner.uid, gid: owner.gid), "set the owner of", whole) }
        if isExact { try check(layer.setMode(fd, mode), "set the mode of", whole) }
        var (done, interrupted) = (0, 0)
        while done < content.count {
            let n = content.storage[done...].withUnsafeBytes { layer.write(fd, $0) }
            if n == -Int(EINTR), interrupted < Self.mostInterrupted {
                interrupted += 1
                continue
            }
            guard n > 0 else { throw .system("write", whole, n < 0 ? Int32(-n) : EIO) }
            done += n
        }
        try check(layer.sync(file: fd), "sync", whole)
    }
}
