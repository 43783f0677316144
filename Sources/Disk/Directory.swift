internal import CLinux
internal import Glibc
package import Model

/// An open directory. Every name below it is looked up from here, so that a link swapped into its path changes nothing.
///
/// It holds a descriptor and closes it with itself. Keep none while idle: a held descriptor makes `umount` fail.
package final class Directory: Sendable {
    package let descriptor: Int32
    /// For messages only; never given to the kernel again.
    package let path: Bytes
    package let device: UInt64

    init(descriptor: Int32, path: Bytes) throws(Fault) {
        var stat = cl_stat()
        let answer = cl_statx(descriptor, "", 1, &stat)
        guard answer >= 0 else {
            close(descriptor)
            throw .system("look at", path, -answer)
        }
        self.descriptor = descriptor
        self.path = path
        device = stat.dev
    }

    deinit { close(descriptor) }

    /// Opens a directory by its absolute path, links followed: for what a person configured, and nothing else.
    package static func open(absolute path: Bytes) throws(Fault) -> Directory {
        let fd = path.withCString { Glibc.open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK) }
        guard fd >= 0 else { throw .system("open", path, errno) }
        return try Directory(descriptor: fd, path: path)
    }

    /// Opens a directory below this one. No link is followed and no mount crossed, in any component (invariant 11).
    package func open(_ relative: Bytes, crossMounts: Bool = false) throws(Fault) -> Directory {
        guard !relative.isEmpty else { return self }
        // The kernel takes 4095 bytes at a time; a tree may be deeper.
        var from = self
        var chunk = Bytes()
        for component in relative.components {
            guard component != "..", component != "." else {
                throw Fault(.unsafe, "refused '\(relative.display)': it steps out of its directory", path: relative)
            }
            if chunk.count + component.count > 3800 {
                from = try from.openChunk(chunk, crossMounts)
                chunk = Bytes()
            }
            chunk = chunk.appending(component)
        }
        return try from.openChunk(chunk, crossMounts)
    }

    private func openChunk(_ relative: Bytes, _ crossMounts: Bool) throws(Fault) -> Directory {
        let whole = path.appending(relative)
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
        let resolve = UInt32(CL_BENEATH) | (crossMounts ? 0 : UInt32(CL_NO_XDEV))
        let fd = try check(relative.withCString { cl_openat2(descriptor, $0, flags, 0, resolve) }, "open", whole)
        let opened = try Directory(descriptor: fd, path: whole)
        // RESOLVE_NO_XDEV does not stop at a btrfs subvolume, whose device number differs.
        guard crossMounts || opened.device == device else { throw .system("open", whole, EXDEV) }
        return opened
    }

    // MARK: Reading

    /// A name as the directory lists it; the type may be unknown on some file systems.
    package struct Entry: Hashable, Sendable {
        package enum Kind: Sendable { case file, directory, symlink, other, unknown }
        package var name: Bytes
        package var kind: Kind
        package var inode: UInt64

        package init(name: Bytes, kind: Kind, inode: UInt64) {
            self.name = name
            self.kind = kind
            self.inode = inode
        }
    }

    /// All names but `.` and `..`, in the directory's own order.
    package func entries() throws(Fault) -> [Entry] {
        var all: [Entry] = []
        try forEachBatch { all += $0 }
        return all
    }

    /// The names, some hundreds at a time, from the start.
    package func forEachBatch(_ body: ([Entry]) -> Void) throws(Fault) {
        lseek(descriptor, 0, SEEK_SET)
        let size = 65_536
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
        defer { buffer.deallocate() }
        while true {
            let n = cl_getdents(descriptor, buffer, size)
            guard n >= 0 else { throw .system("list", path, Int32(-n)) }
            guard n > 0 else { return }
            body(Self.decode(UnsafeRawBufferPointer(start: buffer, count: n)))
        }
    }

    /// linux_dirent64: inode (8), offset (8), record length (2), type (1), name with NUL.
    private static func decode(_ buffer: UnsafeRawBufferPointer) -> [Entry] {
        var found: [Entry] = []
        var at = 0
        while at < buffer.count {
            let length = Int(buffer.load(fromByteOffset: at + 16, as: UInt16.self))
            let start = buffer.baseAddress! + at + 19  // the kernel ended it with a NUL
            let name = UnsafeRawBufferPointer(start: start, count: strlen(start.assumingMemoryBound(to: CChar.self)))
            let dot = UInt8(ascii: ".")
            if !(name.count <= 2 && name.allSatisfy { $0 == dot }) {
                let kind: Entry.Kind =
                    switch Int32(buffer[at + 18]) {
                    case 8: .file
                    case 4: .directory
                    case 10: .symlink
                    case 0: .unknown
                    default: .other
                    }
                found.append(
                    Entry(
                        name: Bytes(Array(name)), kind: kind,
                        inode: buffer.loadUnaligned(fromByteOffset: at, as: UInt64.self))
                )
            }
            at += length
        }
        return found
    }

    /// What stands behind a name now, a link itself and not its target. `nil`: nothing.
    package func sighting(of name: Bytes) throws(Fault) -> Sighting? {
        var stat = cl_stat()
        let answer = name.withCString { cl_statx(descriptor, $0, 0, &stat) }
        guard answer != -ENOENT else { return nil }
        try check(answer, "look at", path.appending(name))
        guard let object = try object(of: name, stat) else { return nil }
        return Sighting(name: name, stat: stat, object: object)
    }

    /// The same, where it may be what it was: with the same inode, size and times it is the same object, and its handle
    /// is not asked for. (Nothing sets ctime back, and a new inode has a new one.)
    package func sighting(of name: Bytes, knownAs member: Backup.Member?) throws(Fault) -> Sighting? {
        guard let member else { return try sighting(of: name) }
        var stat = cl_stat()
        let answer = name.withCString { cl_statx(descriptor, $0, 0, &stat) }
        guard answer != -ENOENT else { return nil }
        try check(answer, "look at", path.appending(name))
        guard stat.ino == member.inode, stat.mtime == member.mtime.nanoseconds, stat.ctime == member.ctime.nanoseconds,
            Int64(clamping: stat.size) == member.size
        else { return try sighting(of: name) }
        return Sighting(name: name, stat: stat, object: member.object)
    }

    /// Whether anything stands at this path below, no link followed and no mount crossed. Asked of every directory: no
    /// error is made of a no.
    package func holds(_ relative: Bytes) -> Bool {
        let flags = O_NOFOLLOW | O_CLOEXEC | Self.pathOnly
        let fd = relative.withCString { cl_openat2(descriptor, $0, flags, 0, UInt32(CL_BENEATH | CL_NO_XDEV)) }
        guard fd >= 0 else { return false }
        close(fd)
        return true
    }

    /// The type of what stands behind a name, by a descriptor; `nil`: gone, or a mount.
    package func kind(behind name: Bytes) -> Entry.Kind? {
        let flags = O_NOFOLLOW | O_CLOEXEC | Self.pathOnly
        let fd = name.withCString { cl_openat2(descriptor, $0, flags, 0, UInt32(CL_BENEATH | CL_NO_XDEV)) }
        // RESOLVE_NO_SYMLINKS refuses a link even with O_PATH.
        guard fd >= 0 else { return fd == -ELOOP ? .symlink : nil }
        defer { close(fd) }
        var stat = cl_stat()
        guard cl_statx(fd, "", 1, &stat) >= 0 else { return nil }
        switch stat.mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .directory
        case S_IFLNK: return .symlink
        default: return .other
        }
    }

    /// `O_PATH`, which Glibc's module does not import.
    static let pathOnly: Int32 = 0o10000000

    /// Where a symbolic link points, as it is written. `nil` where there is none of that name.
    package func linkTarget(of name: Bytes) throws(Fault) -> Bytes? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = name.withCString { path in
            bytes.withUnsafeMutableBytes { readlinkat(descriptor, path, $0.baseAddress!, $0.count) }
        }
        guard count >= 0 else {
            if errno == ENOENT || errno == EINVAL { return nil }
            throw .system("read the link", path.appending(name), errno)
        }
        return Bytes(bytes.prefix(count))
    }

    /// What this directory itself is.
    package func sighting() throws(Fault) -> Sighting {
        var stat = cl_stat()
        try check(cl_statx(descriptor, "", 1, &stat), "look at", path)
        guard let object = try object(of: "", stat) else { throw .system("look at", path, ENOENT) }
        return Sighting(name: path.lastComponent, stat: stat, object: object)
    }

    private func object(of name: Bytes, _ stat: cl_stat) throws(Fault) -> ObjectID? {
        var type: Int32 = 0
        let (answer, handle) = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 128) { buffer in
            var length = UInt32(buffer.count)
            let answer = name.withCString { cl_handle(descriptor, $0, &type, buffer.baseAddress, &length) }
            return (answer, answer == 0 ? Bytes(Array(buffer.prefix(Int(length)))) : Bytes())
        }
        switch answer {
        case 0 where type & Self.wideHandle == 0 || cl_filesystem_type(descriptor) != Self.fuse:
            return ObjectID(handleType: type, handle: handle)
        case -ENOENT: return nil
        default:  // no handles here (overlay), or none that last (FUSE): inode and birth time
            return ObjectID(inode: stat.ino, birth: stat.has_btime != 0 ? stat.btime : 0)
        }
    }

    /// A FUSE handle holds a number that the kernel and the server draw anew for each look-up; XFS has handles of the
    /// same type, which last.
    private static let wideHandle: Int32 = 0x80
    private static let fuse = 0x6573_5546

    /// The whole of a regular file of ours, at most `limit` bytes. `nil` where there is none.
    package func read(_ name: Bytes, limit: Int) throws(Fault) -> Bytes? {
        let whole = path.appending(name)
        let fd = name.withCString {
            cl_openat2(
                descriptor, $0, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0, UInt32(CL_BENEATH | CL_NO_XDEV))
        }
        guard fd != -ENOENT else { return nil }
        try check(fd, "open", whole)
        defer { close(fd) }
        return try Self.readAll(fd, whole, limit: limit)
    }

    /// A file by its absolute path.
    package static func read(absolute path: Bytes, limit: Int) throws(Fault) -> Bytes {
        let fd = path.withCString { Glibc.open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard fd >= 0 else { throw .system("open", path, errno) }
        defer { close(fd) }
        return try readAll(fd, path, limit: limit)
    }

    private static func readAll(_ fd: Int32, _ path: Bytes, limit: Int) throws(Fault) -> Bytes {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let n = Glibc.read(fd, &chunk, chunk.count)
            if n < 0, errno == EINTR { continue }
            guard n >= 0 else { throw .system("read", path, errno) }
            guard n > 0 else { return Bytes(bytes) }
            bytes += chunk[..<n]
            guard bytes.count <= limit else {
                throw Fault(.damaged, "could not read '\(path.display)': it is larger than \(limit) bytes", path: path)
            }
        }
    }

    /// Locks the directory itself, if nobody else has; it ends with this object.
    package func lockIfFree() -> Bool { cl_flock(descriptor, 1, 0) == 0 }

    // MARK: Changing

    package func makeDirectory(_ name: Bytes, mode: UInt32) throws(Fault) {
        guard name.withCString({ mkdirat(descriptor, $0, mode) }) == 0 else {
            throw .system("make the directory", path.appending(name), errno)
        }
    }

    /// Makes it where it is missing; an existing one is left as it is.
    package func ensureDirectory(_ name: Bytes, mode: UInt32) throws(Fault) -> Directory {
        if name.withCString({ mkdirat(descriptor, $0, mode) }) != 0, errno != EEXIST {
            throw .system("make the directory", path.appending(name), errno)
        }
        return try open(name)
    }

    package func setOwner(uid: UInt32? = nil, gid: UInt32? = nil) throws(Fault) {
        guard fchown(descriptor, uid ?? .max, gid ?? .max) == 0 else { throw .system("set the owner of", path, errno) }
    }

    package func setMode(_ mode: UInt32) throws(Fault) {
        guard fchmod(descriptor, mode) == 0 else { throw .system("set the mode of", path, errno) }
    }

    /// Renames without replacing: a name that is taken is EEXIST. When it returns the rename is done, not yet durable.
    package func rename(_ name: Bytes, to target: Directory, as newName: Bytes) throws(Fault) {
        let answer = name.withCString { old in
            newName.withCString { cl_renameat2_noreplace(descriptor, old, target.descriptor, $0) }
        }
        try check(answer, "move to '\(target.path.appending(newName).display)'", path.appending(name))
    }

    /// Makes what was renamed, made or removed in this directory durable. On btrfs it commits the transaction: its log
    /// has lost directories that were fsynced alone.
    package func sync() throws(Fault) {
        guard cl_btrfs_commit(descriptor) != 0 else { return }
        try check(cl_sync_directory(descriptor), "sync", path)
    }

    /// A new file with this content, on stable storage when this returns (its name only after ``sync()``).
    package func create(_ name: Bytes, _ content: Bytes, mode: UInt32) throws(Fault) {
        try write(name, content, flags: O_EXCL, mode: mode)
    }

    /// Replaces a file of ours in one step: after a crash it is the old or the new one, whole.
    package func replace(_ name: Bytes, with content: Bytes, mode: UInt32) throws(Fault) {
        let fresh = name + ".new"
        try write(fresh, content, flags: O_TRUNC, mode: mode)
        let done = fresh.withCString { old in name.withCString { renameat(descriptor, old, descriptor, $0) } }
        guard done == 0 else { throw .system("replace", path.appending(name), errno) }
        try sync()
    }

    private func write(_ name: Bytes, _ content: Bytes, flags: Int32, mode: UInt32) throws(Fault) {
        let whole = path.appending(name)
        let fd = try check(
            name.withCString {
                cl_openat2(
                    descriptor, $0, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags, mode,
                    UInt32(CL_BENEATH | CL_NO_XDEV))
            }, "write", whole)
        defer { close(fd) }
        try Self.writeAll(fd, content.storage, whole)
        guard fsync(fd) == 0 else { throw .system("sync", whole, errno) }
    }

    static func writeAll(_ fd: Int32, _ bytes: [UInt8], _ path: Bytes) throws(Fault) {
        var done = 0
        while done < bytes.count {
            let n = bytes[done...].withUnsafeBytes { Glibc.write(fd, $0.baseAddress, $0.count) }
            if n < 0, errno == EINTR { continue }
            guard n > 0 else { throw .system("write", path, n < 0 ? errno : EIO) }
            done += n
        }
    }
}

extension Sighting {
    init(name: Bytes, stat: cl_stat, object: ObjectID) {
        let kind: Kind =
            switch stat.mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            case S_IFLNK: .symlink
            default: .other
            }
        self.init(
            name: name, kind: kind, object: object, inode: stat.ino, size: Int64(clamping: stat.size),
            allocated: Int64(clamping: stat.allocated), mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid,
            links: stat.nlink, mtime: Timestamp(nanoseconds: stat.mtime), ctime: Timestamp(nanoseconds: stat.ctime),
            birth: stat.has_btime != 0 ? Timestamp(nanoseconds: stat.btime) : nil)
        if stat.attributes & TreeWalk.Attribute.immutable != 0 { obstacle = .immutable }
        if stat.attributes & TreeWalk.Attribute.append != 0 { obstacle = .appendOnly }
    }
}
