internal import CLinux
internal import Glibc
package import Model

/// Files that we write and believe later: state, marks, locks, markers, manifests, the audit log.
///
/// Whoever may write in their directory can put anything at their names: a pipe that waits for ever, a device, a link
/// to somebody else's file. So all of them are opened by ``open(_:_:mode:)``.
package struct OwnFiles {
    let directory: Directory
    private var layer: any FileLayer { directory.layer }

    /// Opens one without waiting, and looks what was opened: a regular file with one name, of ours, of root, or of
    /// whoever owns the directory (they could replace it anyway). Anything else is `.unsafe`. `nil`: there is none.
    /// `flags`: how it is accessed, and whether it is made, with this mode.
    package func open(_ name: Bytes, _ flags: Int32, mode: UInt32 = 0) throws(Fault) -> OwnFile? {
        let whole = directory.path.appending(name)
        let all = flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        let descriptor = layer.open(
            directory.descriptor, name, flags: all, mode: mode, resolve: UInt32(CL_BENEATH | CL_NO_XDEV))
        switch descriptor {
        case -ENOENT where flags & O_CREAT == 0: return nil
        case -ELOOP: throw Self.refused(whole, "it is a symbolic link", errno: ELOOP)
        // What has nobody at its other end; a socket.
        case -ENXIO: throw Self.refused(whole, Self.notRegular, errno: ENXIO)
        case -EISDIR: throw Self.refused(whole, "it is a directory", errno: EISDIR)
        case -EXDEV: throw Self.refused(whole, "another file system is mounted there", errno: EXDEV)
        default: try check(descriptor, "open", whole)
        }
        let file = OwnFile(layer, descriptor, whole)
        // This call has made it. (Who then owns it, the file system may decide: NFS with root_squash.)
        if flags & O_EXCL != 0 { return file }
        try verify(try file.stat(), whole)
        return file
    }

    /// The same check for files that another library opens. What is not there is fine.
    package func verify(_ name: Bytes) throws(Fault) {
        var stat = cl_stat()
        let answer = layer.stat(directory.descriptor, name, &stat)
        guard answer != -ENOENT else { return }
        let whole = directory.path.appending(name)
        try check(answer, "look at", whole)
        try verify(stat, whole)
    }

    private func verify(_ seen: cl_stat, _ whole: Bytes) throws(Fault) {
        switch seen.mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw Self.refused(whole, "it is a directory", errno: EISDIR)
        case S_IFLNK: throw Self.refused(whole, "it is a symbolic link", errno: ELOOP)
        default: throw Self.refused(whole, Self.notRegular)
        }
        // None: it was replaced since it was opened, and is whole as it was.
        guard seen.nlink <= 1 else { throw Self.refused(whole, "it has \(seen.nlink) names (hard links)") }
        var parent = cl_stat()
        try check(layer.stat(directory.descriptor, "", &parent), "look at", directory.path)
        guard [0, Surroundings.userID, parent.uid].contains(seen.uid) else {
            throw Self.refused(whole, "it belongs to \(Surroundings.userName(seen.uid))")
        }
    }

    private static let notRegular = "it is a pipe, a socket or a device"

    private static func refused(_ path: Bytes, _ why: String, errno: Int32? = nil) -> Fault {
        Fault(
            .unsafe, "refused '\(path.display)': \(why)",
            hint: "Reprieve did not make it; look at it, then move it away", path: path, errno: errno)
    }

    /// The whole of one, at most `limit` bytes. `nil` where there is none.
    package func read(_ name: Bytes, limit: Int) throws(Fault) -> Bytes? {
        try open(name, O_RDONLY)?.read(limit: limit)
    }

    // MARK: Writing

    /// Who may read what is written, and whose it is; `nil`: by the umask, and ours.
    struct Access {
        var mode: UInt32
        var isExact = false
        var owner: (uid: UInt32, gid: UInt32)?
    }

    /// A new file with this content, on stable storage when this returns (its name only after ``Directory/sync()``).
    package func create(_ name: Bytes, _ content: Bytes, mode: UInt32) throws(Fault) {
        try write(name, content, Access(mode: mode), flags: O_CREAT | O_EXCL)
    }

    /// Replaces a file of ours in one step: after a crash it is the old or the new one, whole.
    package func replace(_ name: Bytes, with content: Bytes, mode: UInt32) throws(Fault) {
        try replace(name, content, Access(mode: mode))
    }

    /// The same for everybody to read, whatever the umask.
    package func publish(_ name: Bytes, _ content: Bytes) throws(Fault) {
        try replace(name, content, Access(mode: 0o644, isExact: true))
    }

    /// Replaces a person's file in one step, with the owner and the mode that it had. After a crash or an error it is
    /// the old or the new one, whole. A file that has several names is refused, because the others would keep the old
    /// content.
    package func rewrite(_ name: Bytes, with content: Bytes, like old: Sighting) throws(Fault) {
        let whole = directory.path.appending(name)
        guard old.links == 1 else {
            throw Fault(
                .failed, "'\(whole.display)' has \(old.links) names (hard links), and only one of them would change",
                hint: "write the lines yourself", path: whole)
        }
        try replace(name, content, Access(mode: old.mode, isExact: true, owner: (old.uid, old.gid)))
    }

    /// Under a temporary name first, which nobody can guess and nobody else had. A crash may leave it behind, for
    /// ``sweepTemporaries(at:)``; an error does not.
    private func replace(_ name: Bytes, _ content: Bytes, _ access: Access) throws(Fault) {
        let fresh = Self.temporaryName(for: name)
        do {
            try write(fresh, content, access, flags: O_CREAT | O_EXCL, for: name)
            try check(
                layer.rename(directory.descriptor, fresh, to: directory.descriptor, as: name, replacing: true),
                "replace", directory.path.appending(name))
        } catch {
            removeTemporary(fresh)
            throw error
        }
        try directory.sync()
    }

    /// Writes over a file of ours in its place, which needs no room on most file systems. Not in one step: for what can
    /// be made anew, and is shorter than a sector.
    package func overwrite(_ name: Bytes, with content: Bytes) throws(Fault) {
        precondition(content.count <= 512, "a sector is written whole or not at all, more is not")
        try write(name, content, Access(mode: 0o640), flags: O_CREAT)
    }

    /// `whole`: for whom it is written, where that is another name.
    private func write(
        _ name: Bytes, _ content: Bytes, _ access: Access, flags: Int32, for whole: Bytes? = nil
    ) throws(Fault) {
        guard let file = try open(name, O_WRONLY | flags, mode: access.mode) else { return }
        let whole = directory.path.appending(whole ?? name)
        // Only of a file that this call has made.
        if flags & O_EXCL != 0 {
            if let owner = access.owner {
                try check(layer.setOwner(file.descriptor, uid: owner.uid, gid: owner.gid), "set the owner of", whole)
            }
            if access.isExact { try check(layer.setMode(file.descriptor, access.mode), "set the mode of", whole) }
        }
        var (done, interrupted) = (0, 0)
        while done < content.count {
            let n = content.storage[done...].withUnsafeBytes { layer.write(file.descriptor, $0) }
            if n == -Int(EINTR), interrupted < Directory.mostInterrupted {
                interrupted += 1
                continue
            }
            guard n > 0 else { throw .system("write", whole, n < 0 ? Int32(-n) : EIO) }
            done += n
        }
        try check(layer.sync(file: file.descriptor), "sync", whole)
    }

    // MARK: Temporary names

    /// `.NAME.0123456789abcdef.new`. A name that is too long loses its end.
    package static func temporaryName(for name: Bytes) -> Bytes {
        "." + Bytes(name.storage.prefix(200)) + Bytes("." + Surroundings.randomHex(bytes: 8) + ".new")
    }

    /// For which name a temporary one was made; `nil`: it is none of ours.
    package static func name(ofTemporary name: Bytes) -> Bytes? {
        let bytes = name.storage
        guard bytes.count > 22, bytes.first == UInt8(ascii: "."), name.hasSuffix(".new") else { return nil }
        let digits = bytes.dropLast(4).suffix(16)
        guard digits.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }),
            bytes[bytes.count - 21] == UInt8(ascii: ".")
        else { return nil }
        return Bytes(bytes[1..<(bytes.count - 21)])
    }
}

extension Directory {
    /// Those of ours in it.
    package var ownFiles: OwnFiles { OwnFiles(directory: self) }
}

/// A file of ours, open; closed with this object.
package final class OwnFile: Sendable {
    private let layer: any FileLayer
    package let descriptor: Int32
    package let path: Bytes

    init(_ layer: any FileLayer, _ descriptor: Int32, _ path: Bytes) {
        self.layer = layer
        self.descriptor = descriptor
        self.path = path
    }

    deinit { layer.close(descriptor) }

    func stat() throws(Fault) -> cl_stat {
        var stat = cl_stat()
        try check(layer.stat(descriptor, "", &stat), "look at", path)
        return stat
    }

    func read(limit: Int) throws(Fault) -> Bytes { try layer.readAll(descriptor, path, limit: limit) }

    /// Keeps room behind its end; `false` where it cannot be had.
    package func reserve(from: Int, count: Int) -> Bool {
        cl_reserve(descriptor, Int64(from), Int64(count)) == 0
    }
}
