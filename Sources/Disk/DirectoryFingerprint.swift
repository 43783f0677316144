internal import CLinux
internal import Glibc
package import Model

/// What a directory looks like: bytes that are handed on before their room is full.
package struct DirectoryFingerprint {
    private let descriptor: Int32
    private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 8)
    private var used = 0

    private init(descriptor: Int32) { self.descriptor = descriptor }

    /// Everything that a listing and one look at each entry say, in the directory's own order and as bytes: equal
    /// bytes mean that nothing changed here since. Of files their inode, size, times, owner, mode and links; of
    /// directories their inode and times, by a descriptor and never by name (a hung mount would not answer).
    ///
    /// `body` is given some kilobytes at a time. No entry becomes a value: two thousand directories of a hundred files
    /// each take a quarter of a second.
    package static func read(
        _ directory: Directory, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(Fault) {
        let descriptor = directory.descriptor
        // Its own times first: what came and went between two looks shows there.
        var own = cl_stat()
        try check(cl_statx(descriptor, "", 1, &own), "look at", directory.path)
        withUnsafeBytes(of: (own.ino, own.mtime, own.ctime), body)
        lseek(descriptor, 0, SEEK_SET)
        let listing = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 8)
        var fingerprint = DirectoryFingerprint(descriptor: descriptor)
        defer {
            listing.deallocate()
            fingerprint.deallocate()
        }
        while true {
            let n = cl_getdents(descriptor, listing.baseAddress, listing.count)
            guard n >= 0 else { throw .system("list", directory.path, Int32(-n)) }
            guard n > 0 else { break }
            var at = 0
            while at < n {
                let entry = UnsafeRawBufferPointer(rebasing: listing[at...])
                fingerprint.addEntry(entry)
                at += Int(entry.loadUnaligned(fromByteOffset: 16, as: UInt16.self))
                if fingerprint.isNearlyFull { fingerprint.hand(to: body) }
            }
        }
        fingerprint.hand(to: body)
    }

    /// An entry takes at most its name and some eighty bytes.
    private var isNearlyFull: Bool { room.count - used < 1024 }

    private mutating func add(_ bytes: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: room[used...]).copyMemory(from: bytes)
        used += bytes.count
    }

    private mutating func hand(to body: (UnsafeRawBufferPointer) -> Void) {
        body(UnsafeRawBufferPointer(rebasing: room[..<used]))
        used = 0
    }

    /// One linux_dirent64: inode (8), offset (8), record length (2), type (1), name with NUL.
    private mutating func addEntry(_ entry: UnsafeRawBufferPointer) {
        guard let base = entry.baseAddress else { return }
        let name = (base + 19).assumingMemoryBound(to: CChar.self)
        let dot = CChar(bitPattern: UInt8(ascii: "."))
        if name[0] == dot, name[1] == 0 || (name[1] == dot && name[2] == 0) { return }
        let kind = entry[18]
        add(UnsafeRawBufferPointer(start: base, count: 8))
        add(UnsafeRawBufferPointer(start: base + 18, count: strlen(name) + 2))
        // Our own trash changes with every lock: that it is there is all that counts.
        if kind == Self.directoryType, strcmp(name, ".trash") == 0 { return }
        var stat = cl_stat()
        let answer =
            kind == Self.directoryType || kind == Self.unknownType
            ? look(behind: name, &stat) : cl_statx(descriptor, name, 0, &stat)
        guard answer >= 0 else {
            withUnsafeBytes(of: answer) { add($0) }
            return
        }
        let numbers = (
            stat.ino, stat.size, stat.allocated, stat.mtime, stat.ctime,
            UInt64(stat.mode) << 32 | UInt64(stat.nlink), UInt64(stat.uid) << 32 | UInt64(stat.gid)
        )
        withUnsafeBytes(of: numbers) { add($0) }
    }

    private func look(behind name: UnsafePointer<CChar>, _ stat: inout cl_stat) -> Int32 {
        let fd = cl_openat2(
            descriptor, name, Directory.pathOnly | O_NOFOLLOW | O_CLOEXEC, 0, UInt32(CL_BENEATH | CL_NO_XDEV))
        guard fd >= 0 else { return fd }
        defer { close(fd) }
        return cl_statx(fd, "", 1, &stat)
    }

    private func deallocate() { room.deallocate() }

    private static let directoryType: UInt8 = 4
    private static let unknownType: UInt8 = 0
}
