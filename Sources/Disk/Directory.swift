internal import CLinux
internal import Glibc
package import Model

/// An open directory. Every name below it is looked up from here, so that a link swapped into its path changes nothing.
///
/// It holds a descriptor and closes it with itself. Keep none while idle: a held descriptor makes `umount` fail.
package final class Directory: Sendable {
    /// What talks to the kernel for this directory and all opened from it.
    let layer: any FileLayer
    package let descriptor: Int32
    /// For messages only; never given to the kernel again.
    package let path: Bytes
    package let device: UInt64

    init(_ layer: any FileLayer = LinuxFileLayer(), descriptor: Int32, path: Bytes) throws(Fault) {
        var stat = cl_stat()
        let answer = layer.stat(descriptor, "", &stat)
        guard answer >= 0 else {
            layer.close(descriptor)
            throw .system("look at", path, -answer)
        }
        self.layer = layer
        self.descriptor = descriptor
        self.path = path
        device = stat.dev
    }

    deinit { layer.close(descriptor) }

    /// Opens a directory by its absolute path, links followed: for what a person configured, and nothing else.
    package static func open(absolute path: Bytes, in layer: any FileLayer = LinuxFileLayer()) throws(Fault)
        -> Directory
    {
        let fd = layer.open(absolute: path, flags: O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK)
        return try Directory(layer, descriptor: try check(fd, "open", path), path: path)
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
        let fd = try check(layer.open(descriptor, relative, flags: flags, mode: 0, resolve: resolve), "open", whole)
        let opened = try Directory(layer, descriptor: fd, path: whole)
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

        /// linux_dirent64: inode (8), offset (8), record length (2), type (1), name with NUL.
        static func decode(_ buffer: UnsafeRawBufferPointer, into found: inout [Directory.Entry]) {
            var at = 0
            while at < buffer.count {
                let length = Int(buffer.load(fromByteOffset: at + 16, as: UInt16.self))
                let start = buffer.baseAddress! + at + 19  // the kernel ended it with a NUL
                let name = UnsafeRawBufferPointer(
                    start: start, count: strlen(start.assumingMemoryBound(to: CChar.self)))
                let dot = UInt8(ascii: ".")
                if !(name.count <= 2 && name.allSatisfy { $0 == dot }) {
                    let kind: Kind =
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
        }
    }

    /// All names but `.` and `..`, in the directory's own order.
    package func entries() throws(Fault) -> [Entry] {
        var all: [Entry] = []
        try forEachBatch { all += $0 }
        return all
    }

    /// At least so many of them, if there are.
    package func entries(most: Int) throws(Fault) -> [Entry] {
        layer.rewind(descriptor)
        var some: [Entry] = []
        while some.count < most, let batch = try nextBatch() { some += batch }
        return Array(some.prefix(most))
    }

    /// The names, some hundreds at a time, from the start.
    package func forEachBatch(_ body: ([Entry]) -> Void) throws(Fault) {
        layer.rewind(descriptor)
        while let batch = try nextBatch() { body(batch) }
    }

    /// The names that come next in the listing; `nil` at its end.
    func nextBatch() throws(Fault) -> [Entry]? {
        var batch: [Entry] = []
        while true {
            let answer = layer.list(descriptor, &batch)
            if answer == 0, batch.isEmpty { return nil }
            try check(answer, "list", path)
            return batch
        }
    }

    /// What stands behind a name now, a link itself and not its target. `nil`: nothing.
    package func sighting(of name: Bytes) throws(Fault) -> Sighting? {
        var stat = cl_stat()
        let answer = layer.stat(descriptor, name, &stat)
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
        let answer = layer.stat(descriptor, name, &stat)
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
        let fd = layer.open(descriptor, relative, flags: flags, mode: 0, resolve: UInt32(CL_BENEATH | CL_NO_XDEV))
        guard fd >= 0 else { return false }
        layer.close(fd)
        return true
    }

    /// The type of what stands behind a name, by a descriptor; `nil`: gone, or a mount.
    package func kind(behind name: Bytes) -> Entry.Kind? {
        let flags = O_NOFOLLOW | O_CLOEXEC | Self.pathOnly
        let fd = layer.open(descriptor, name, flags: flags, mode: 0, resolve: UInt32(CL_BENEATH | CL_NO_XDEV))
        // RESOLVE_NO_SYMLINKS refuses a link even with O_PATH.
        guard fd >= 0 else { return fd == -ELOOP ? .symlink : nil }
        defer { layer.close(fd) }
        var stat = cl_stat()
        guard layer.stat(fd, "", &stat) >= 0 else { return nil }
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
        try check(layer.stat(descriptor, "", &stat), "look at", path)
        guard let object = try object(of: "", stat) else { throw .system("look at", path, ENOENT) }
        return Sighting(name: path.lastComponent, stat: stat, object: object)
    }

    /// The object behind a name; `nil`: nothing. One call where the file system has handles.
    package func object(of name: Bytes) throws(Fault) -> ObjectID? {
        switch try Handle(of: name, in: self) {
        case .of(let object): object
        case .gone: nil
        case .unsupported: try sighting(of: name)?.object
        }
    }

    private func object(of name: Bytes, _ stat: cl_stat) throws(Fault) -> ObjectID? {
        switch try Handle(of: name, in: self) {
        case .of(let object): object
        case .gone: nil
        case .unsupported: ObjectID(inode: stat.ino, birth: stat.has_btime != 0 ? stat.btime : 0)
        }
    }

    private enum Handle {
        case of(ObjectID), gone
        /// None here (overlay), or none that last (FUSE): inode and birth time must do.
        case unsupported

        /// An error that says nothing of handles is thrown: it would make another object of this one.
        init(of name: Bytes, in directory: Directory) throws(Fault) {
            var handle: (type: Int32, bytes: Bytes) = (0, Bytes())
            let answer = directory.layer.object(directory.descriptor, name, &handle)
            switch answer {
            case 0: self = .of(ObjectID(handleType: handle.type, handle: handle.bytes))
            case -ENOENT: self = .gone
            // EPERM: what seccomp says of a call it does not let through.
            case -EOPNOTSUPP, -ENOSYS, -EOVERFLOW, -EPERM, -EINVAL: self = .unsupported
            default: throw .system("look at", directory.path.appending(name), -answer)
            }
        }
    }

    /// The whole of a file that others wrote, at most `limit` bytes (one of ours: ``OwnFiles/read(_:limit:)``). `nil`
    /// where there is none.
    package func readAny(_ name: Bytes, limit: Int) throws(Fault) -> Bytes? {
        let whole = path.appending(name)
        let flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
        let fd = layer.open(descriptor, name, flags: flags, mode: 0, resolve: UInt32(CL_BENEATH | CL_NO_XDEV))
        guard fd != -ENOENT else { return nil }
        try check(fd, "open", whole)
        defer { layer.close(fd) }
        return try layer.readAll(fd, whole, limit: limit)
    }

    /// A file by its absolute path.
    package static func read(
        absolute path: Bytes, limit: Int, in layer: any FileLayer = LinuxFileLayer()
    ) throws(Fault) -> Bytes {
        let fd = try check(layer.open(absolute: path, flags: O_RDONLY | O_CLOEXEC | O_NONBLOCK), "open", path)
        defer { layer.close(fd) }
        return try layer.readAll(fd, path, limit: limit)
    }

    /// Signals that one read or write of a file bears with.
    static let mostInterrupted = 1000
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
