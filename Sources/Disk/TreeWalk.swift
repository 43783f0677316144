internal import CLinux
internal import Glibc
internal import Model

/// What a ``TreeWalk`` tells.
protocol TreeVisitor {
    /// The listing named this inode, no directory. `true`: the visitor has counted it, and it is not looked at. Asked
    /// only where a listing tells the true inode.
    mutating func counts(listedInode inode: UInt64) -> Bool
    /// Anything but a directory, and where it is below the top.
    mutating func visit(file stat: cl_stat, at place: () -> Bytes)
    /// A directory, the top first; it has been opened.
    mutating func visit(directory stat: cl_stat)
    mutating func meet(_ obstacle: Obstacle)
    /// Asked where `shouldStop` is.
    var hasEnough: Bool { get }
}

extension TreeVisitor {
    mutating func counts(listedInode inode: UInt64) -> Bool { false }
    var hasEnough: Bool { false }
}

/// Walks a tree, to the bottom of any depth, with at most 22 descriptors. It follows no link and crosses no mount.
///
/// A directory is opened, and refused where it is a mount, *before* anything looks at it by its name: on a hung mount
/// such a look would never return. Of a file one `statx` by name is all there is to pay, straight from the buffer of
/// the listing; no value is made for an entry. (A *file* with a mount on top is looked at by name, and then told by its
/// attributes: a FUSE file system whose root is a file could hang us there.)
///
/// The path to where we are is a stack of levels. The deepest ``open`` of them have a descriptor; when the walk comes
/// back to a level whose descriptor was given up, it opens it again from the top and compares the inode.
struct TreeWalk: ~Copyable {
    private struct Level {
        var descriptor: Int32
        var inode: UInt64
        /// Where its path ends in `path`, and where the names of its directories begin in `waiting`.
        var pathEnd: Int
        var waitingFrom: Int
    }

    /// How many levels below the top have a descriptor; half of them are opened again on the way back.
    private static let open = 18
    /// Names of directories that wait, in bytes: above this a tree is refused as a whole, which keeps it.
    private static let waitingLimit = 64 << 20
    private static let bufferSize = 65_536

    private let top: Directory
    private let buffer: UnsafeMutableRawPointer
    private let listsTrueInodes: Bool
    private var levels: [Level] = []
    /// Of the deepest level, from the top.
    private var path: [UInt8] = []
    /// Names with a NUL behind each: directories listed and not yet opened, those of the deepest level last.
    private var waiting: [UInt8] = []
    /// The first level below the top that has a descriptor; all behind it have one.
    private var lowestOpen = 1

    init(below top: Directory) {
        self.top = top
        buffer = .allocate(byteCount: Self.bufferSize, alignment: 8)
        listsTrueInodes = Self.trueListings.contains(cl_filesystem_type(top.descriptor))
    }

    deinit {
        for level in levels where level.descriptor >= 0 { close(level.descriptor) }
        buffer.deallocate()
    }

    /// ext4, xfs, btrfs, tmpfs, f2fs. Overlays and FUSE may list other numbers than they tell when asked.
    private static let trueListings: Set<Int> = [0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0xF2F5_2010]

    /// The whole tree, once. `false`: it was stopped. `shouldStop` is asked once a directory, and once for each 64 KiB
    /// of a listing.
    mutating func run(_ visitor: inout some TreeVisitor, shouldStop: () -> Bool) throws(Fault) -> Bool {
        // A descriptor of our own: the place in a listing belongs to the descriptor.
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        let fd = try check(cl_openat2(top.descriptor, ".", flags, 0, UInt32(CL_BENEATH)), "open", top.path)
        levels.append(Level(descriptor: fd, inode: 0, pathEnd: 0, waitingFrom: 0))
        let stat = try self.stat(fd)
        levels[0].inode = stat.ino
        enter(stat, &visitor)
        guard try list(&visitor, shouldStop) else { return false }
        while let level = levels.last {
            if waiting.count == level.waitingFrom {
                leave()
            } else if shouldStop() || visitor.hasEnough {
                return false
            } else if try descend(&visitor) {
                guard try list(&visitor, shouldStop) else { return false }
            }
        }
        return true
    }

    // MARK: One directory

    /// Lists the deepest level, looks at its files, and lets its directories wait. `false`: stopped.
    private mutating func list(_ visitor: inout some TreeVisitor, _ shouldStop: () -> Bool) throws(Fault) -> Bool {
        let fd = levels[levels.count - 1].descriptor
        let isTrash = path.elementsEqual(".trash".utf8) || path.suffix(7).elementsEqual("/.trash".utf8)
        var stat = cl_stat()
        while true {
            let length = cl_getdents(fd, buffer, Self.bufferSize)
            if length == -Int(ENOENT) { return true }  // removed while we look
            guard length >= 0 else { throw .system("list", whole(), Int32(-length)) }
            guard length > 0 else { return true }
            var at = 0
            while at < length {
                // linux_dirent64: inode (8), offset (8), record length (2), type (1), name with NUL.
                let record = UnsafeRawPointer(buffer + at)
                at += Int(record.load(fromByteOffset: 16, as: UInt16.self))
                let name = (record + 19).assumingMemoryBound(to: CChar.self)
                if name[0] == 0x2E, name[1] == 0 || (name[1] == 0x2E && name[2] == 0) { continue }
                let type = record.load(fromByteOffset: 18, as: UInt8.self)
                if type == 4 {
                    try wait(name)
                } else if type == 0 {
                    try visitUnknown(name, fd, &visitor)
                } else {
                    if isTrash, strcmp(name, "vault.json") == 0 { meetVault(&visitor) }
                    if listsTrueInodes, visitor.counts(listedInode: record.load(as: UInt64.self)) { continue }
                    let answer = cl_statx(fd, name, 0, &stat)
                    if answer == 0 {
                        try visit(stat, name, &visitor)
                    } else if answer != -ENOENT {
                        throw .system("look at", whole(name), -answer)
                    }
                }
            }
            if shouldStop() || visitor.hasEnough { return false }
        }
    }

    private mutating func visit(
        _ stat: cl_stat, _ name: UnsafePointer<CChar>, _ visitor: inout some TreeVisitor
    ) throws(Fault) {
        if stat.attributes & Attribute.any != 0 {
            if stat.attributes & Attribute.mountRoot != 0 {
                return visitor.meet(Obstacle(.mount, at: place(name)))
            }
            meetAttributes(stat, place(name), &visitor)
        }
        // A directory now, where the listing had a file.
        if stat.mode & S_IFMT == S_IFDIR { try wait(name) } else { visitor.visit(file: stat) { place(name) } }
    }

    /// Some file systems do not list the type: the thing itself is opened, without a mount in the way, and then asked.
    private mutating func visitUnknown(
        _ name: UnsafePointer<CChar>, _ fd: Int32, _ visitor: inout some TreeVisitor
    ) throws(Fault) {
        // Without RESOLVE_NO_SYMLINKS: O_PATH with O_NOFOLLOW opens a link itself.
        let found = cl_openat2(fd, name, CL_O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, UInt32(CL_NO_XDEV))
        if found == -ENOENT { return }
        if found == -EXDEV { return visitor.meet(Obstacle(.mount, at: place(name))) }
        try check(found, "look at", whole(name))
        defer { close(found) }
        if strcmp(name, "vault.json") == 0, place(name).hasSuffix(".trash/vault.json") { meetVault(&visitor) }
        try visit(try stat(found), name, &visitor)
    }

    private mutating func wait(_ name: UnsafePointer<CChar>) throws(Fault) {
        waiting.append(contentsOf: UnsafeRawBufferPointer(start: name, count: strlen(name) + 1))
        guard waiting.count <= Self.waitingLimit else {
            throw Fault(.failed, "could not walk '\(whole().display)': too many directories in one", path: whole())
        }
    }

    // MARK: Down and up

    /// Opens the directory that waits last. `false`: it is not to be entered.
    private mutating func descend(_ visitor: inout some TreeVisitor) throws(Fault) -> Bool {
        if levels[levels.count - 1].descriptor < 0 { try openAgain() }
        let level = levels[levels.count - 1]
        let name = takeWaiting()
        path.removeSubrange(level.pathEnd...)
        if !path.isEmpty { path.append(0x2F) }
        path += name.dropLast()
        let fd = Self.openDirectory(level.descriptor, name)
        switch fd {
        case -ENOENT, -ENOTDIR, -ELOOP: return false  // gone or replaced while we look: the next walk differs
        case -EXDEV:
            visitor.meet(Obstacle(.mount, at: Bytes(path)))
            return false
        default: try check(fd, "open", whole())
        }
        levels.append(Level(descriptor: fd, inode: 0, pathEnd: path.count, waitingFrom: waiting.count))
        let stat = try self.stat(fd)
        levels[levels.count - 1].inode = stat.ino
        guard stat.dev == top.device else {
            // RESOLVE_NO_XDEV lets us into a btrfs subvolume, whose device number differs.
            visitor.meet(Obstacle(stat.isSubvolume(fd) ? .subvolume : .mount, at: Bytes(path)))
            leave()
            return false
        }
        enter(stat, &visitor)
        giveUpADescriptor()
        return true
    }

    private func enter(_ stat: cl_stat, _ visitor: inout some TreeVisitor) {
        meetAttributes(stat, Bytes(path), &visitor)
        visitor.visit(directory: stat)
    }

    /// The last name in `waiting`, its NUL included, no longer there.
    private mutating func takeWaiting() -> [UInt8] {
        let begin = waiting.dropLast().lastIndex(of: 0).map { $0 + 1 } ?? 0
        defer { waiting.removeSubrange(begin...) }
        return Array(waiting[begin...])
    }

    private mutating func leave() {
        let level = levels.removeLast()
        if level.descriptor >= 0 { close(level.descriptor) }
        lowestOpen = max(1, min(lowestOpen, levels.count))
        path.removeSubrange((levels.last?.pathEnd ?? 0)...)
    }

    private mutating func giveUpADescriptor() {
        guard levels.count - lowestOpen > Self.open else { return }
        close(levels[lowestOpen].descriptor)
        levels[lowestOpen].descriptor = -1
        lowestOpen += 1
    }

    /// Opens the deepest level again, and some above it: who comes back from 20,000 levels must not start from the top
    /// for each. The kernel takes 4095 bytes of a path at a time.
    private mutating func openAgain() throws(Fault) {
        let last = levels.count - 1
        let first = max(1, last - Self.open / 2)
        var from = levels[0].descriptor
        var at = 0
        var passing: Int32 = -1
        defer { if passing >= 0 { close(passing) } }
        for index in 1...last {
            let isKept = index >= first
            guard isKept || levels[index + 1].pathEnd - at > 3800 else { continue }
            let fd = Self.openDirectory(from, path[(at == 0 ? 0 : at + 1)..<levels[index].pathEnd] + [0])
            if passing >= 0 { close(passing) }
            passing = isKept ? -1 : fd
            try check(fd, "open", Bytes(path[..<levels[index].pathEnd]))
            if isKept { levels[index].descriptor = fd }
            let stat = try self.stat(fd)
            guard stat.ino == levels[index].inode, stat.dev == top.device else {
                throw Fault(
                    .failed, "could not walk '\(top.path.display)': directories in it were renamed meanwhile",
                    path: top.path)
            }
            (from, at) = (fd, levels[index].pathEnd)
        }
        lowestOpen = first
    }

    private static func openDirectory(_ parent: Int32, _ relative: some Collection<UInt8>) -> Int32 {
        Array(relative).withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) {
                let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
                return cl_openat2(parent, $0.baseAddress!, flags, 0, UInt32(CL_BENEATH | CL_NO_XDEV))
            }
        }
    }

    private func stat(_ fd: Int32) throws(Fault) -> cl_stat {
        var stat = cl_stat()
        try check(cl_statx(fd, "", 1, &stat), "look at", whole())
        return stat
    }

    // MARK: Names and obstacles

    /// STATX_ATTR_*.
    enum Attribute {
        static let immutable: UInt64 = 0x10
        static let append: UInt64 = 0x20
        static let mountRoot: UInt64 = 0x2000
        static let any = immutable | append | mountRoot
    }

    private func meetAttributes(_ stat: cl_stat, _ place: Bytes, _ visitor: inout some TreeVisitor) {
        if stat.attributes & Attribute.immutable != 0 { visitor.meet(Obstacle(.immutable, at: place)) }
        if stat.attributes & Attribute.append != 0 { visitor.meet(Obstacle(.appendOnly, at: place)) }
    }

    /// We list its `.trash`.
    private func meetVault(_ visitor: inout some TreeVisitor) {
        visitor.meet(Obstacle(.vault, at: Bytes(path).parent))
    }

    private func place(_ name: UnsafePointer<CChar>) -> Bytes {
        Bytes(path).appending(Bytes(UnsafeRawBufferPointer(start: name, count: strlen(name))))
    }

    /// For messages.
    private func whole() -> Bytes { path.isEmpty ? top.path : top.path.appending(Bytes(path)) }
    private func whole(_ name: UnsafePointer<CChar>) -> Bytes { top.path.appending(place(name)) }
}
