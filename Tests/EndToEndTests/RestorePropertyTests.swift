import Foundation
import Glibc
import Testing

@Suite("any tree comes back byte for byte and attribute for attribute", .serialized)
struct RestorePropertyTests {
    /// A fresh one each time; `RESTORE_SEED` repeats one that failed.
    static let seed =
        ProcessInfo.processInfo.environment["RESTORE_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 1 ... .max)

    @Test("condemned and restored it is what it was", .enabled(if: Disk.canMount), arguments: Disk.Kind.allCases)
    func everything(_ kind: Disk.Kind) throws {
        let disk = try Disk(kind)
        let seed: Comment = "RESTORE_SEED=\(Self.seed), \(kind)"
        let vault = disk.root.appending(path: "vault", directoryHint: .isDirectory)
        let house = try CLIFixture(vault: vault)
        // Trees that go, files that go, and of each that stay.
        var grower = Grower(seed: Self.seed)
        for day in 1...2 { try grower.tree(at: "\(vault.path)/trees/app-\(CLIFixture.day(day))") }
        for day in 1...2 { try grower.file(at: "\(vault.path)/single/db-\(CLIFixture.day(day)).dump") }
        for day in 3...4 {
            try house.put("trees/app-\(CLIFixture.day(day))/file")
            try house.put("single/db-\(CLIFixture.day(day)).dump")
        }
        let roots = ["trees", "single"].map { "\(vault.path)/\($0)" }
        let before = try roots.map(Portrait.init)
        let all = before.flatMap(\.entries.values)
        for attribute in ["trusted.origin", "system.posix_acl_access", "system.posix_acl_default"] {
            #expect(all.contains { $0.attributes[attribute] != nil }, "\(attribute), \(seed)")
        }
        for type in [S_IFREG, S_IFDIR, S_IFLNK, S_IFIFO] { #expect(all.contains { $0.mode & S_IFMT == type }, seed) }
        #expect(all.contains { $0.blocks * 512 < $0.size } && all.contains { $0.mode & 0o7777 == 0 }, seed)

        try house.cleanup()
        #expect(try house.list().count == 4, seed)
        // One by itself, and the rest as a run.
        #expect(try house.run("restore", "trees/app-\(CLIFixture.day(1))").status == 0, seed)
        let outcome = try house.run("undo", "--last")
        #expect(outcome.status == 0, "\(outcome.error) \(seed)")
        for (old, root) in zip(before, roots) {
            let new = try Portrait(root)
            for path in Set(old.entries.keys).union(new.entries.keys).sorted() {
                #expect(old.entries[path] == new.entries[path], "\(path), \(seed)")
            }
        }
    }

    /// Every name below a directory with all that `stat`, `listxattr`, `readlink` and `read` tell of it. What a rename
    /// itself changes is left out: the ctime of the moved, the times of the directory it was moved in.
    private struct Portrait {
        struct Entry: Equatable {
            var inode: UInt, links: UInt, mode: UInt32, owner: UInt32, group: UInt32, size: Int, blocks: Int
            var device: UInt, seconds: Int, nanoseconds: Int
            var attributes: [String: [UInt8]]
            var content: [UInt8]
        }
        var entries: [String: Entry] = [:]

        init(_ root: String) throws { try walk(Array(root.utf8) + [0], "") }

        private mutating func walk(_ directory: [UInt8], _ prefix: String) throws {
            let stream = try #require(opendir(directory.map(CChar.init(bitPattern:))))
            defer { closedir(stream) }
            while let entry = readdir(stream) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
                guard name != Array(".".utf8), name != Array("..".utf8) else { continue }
                let path = directory.dropLast() + [UInt8(ascii: "/")] + name + [0]
                // In hexadecimal: names that are no text stay apart.
                let key = prefix + "/" + name.map { String($0, radix: 16) }.joined(separator: ".")
                let seen = try look(Array(path))
                entries[key] = seen
                if seen.mode & S_IFMT == S_IFDIR { try walk(Array(path), key) }
            }
        }

        private func look(_ path: [UInt8]) throws -> Entry {
            let name = path.map(CChar.init(bitPattern:))
            var seen = stat()
            try #require(lstat(name, &seen) == 0)
            var content: [UInt8] = []
            if seen.st_mode & S_IFMT == S_IFREG {
                let fd = open(name, O_RDONLY)
                try #require(fd >= 0)
                content = Array(try FileHandle(fileDescriptor: fd, closeOnDealloc: true).readToEnd() ?? Data())
            } else if seen.st_mode & S_IFMT == S_IFLNK {
                var target = [CChar](repeating: 0, count: 4096)
                let length = readlink(name, &target, target.count)
                content = target.prefix(max(0, length)).map(UInt8.init(bitPattern:))
            }
            return Entry(
                inode: seen.st_ino, links: UInt(seen.st_nlink), mode: seen.st_mode, owner: seen.st_uid,
                group: seen.st_gid, size: seen.st_size, blocks: seen.st_blocks, device: seen.st_rdev,
                seconds: seen.st_mtim.tv_sec, nanoseconds: seen.st_mtim.tv_nsec, attributes: attributes(name),
                content: content)
        }

        /// With the access control lists, which are attributes of the kernel's own.
        private func attributes(_ path: [CChar]) -> [String: [UInt8]] {
            var names = [CChar](repeating: 0, count: 65_536)
            let length = Attributes.list(path, &names, names.count)
            guard length > 0 else { return [:] }
            var found: [String: [UInt8]] = [:]
            for name in names.prefix(length).split(separator: 0) {
                var value = [UInt8](repeating: 0, count: 65_536)
                let size = Attributes.get(path, Array(name) + [0], &value, value.count)
                found[String(decoding: name.map { UInt8(bitPattern: $0) }, as: UTF8.self)] = Array(
                    value.prefix(max(0, size)))
            }
            return found
        }
    }

    /// Makes trees of everything that a file system can hold.
    private struct Grower {
        private var random: UInt64

        init(seed: UInt64) { random = seed }

        private mutating func next(_ below: Int) -> Int {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            return Int(random % UInt64(below))
        }

        private func c(_ path: [UInt8]) -> [CChar] { path.map(CChar.init(bitPattern:)) + [0] }

        private mutating func name(_ n: Int) -> [UInt8] {
            switch next(6) {
            case 0: Array("line\nbreak-\(n)".utf8)
            case 1: [0xFF, 0xFE, 0x2D] + Array("\(n)".utf8)
            case 2: Array(String(repeating: "x", count: 250).utf8) + Array("-\(1000 + n)".utf8)
            case 3: Array("e\u{301} -rf * \(n)".utf8)
            default: Array("plain-\(n)".utf8)
            }
        }

        /// A directory backup: links, sparse files, devices, attributes and all.
        mutating func tree(at path: String) throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            var directories = [Array(path.utf8)]
            var files: [[UInt8]] = []
            for n in 0..<24 {
                let parent = directories[next(directories.count)]
                let path = parent + [UInt8(ascii: "/")] + name(n)
                switch next(9) {
                case 0, 1:
                    try #require(mkdir(c(path), 0o755) == 0)
                    directories.append(path)
                case 2 where !files.isEmpty:
                    try #require(link(c(files[next(files.count)]), c(path)) == 0)
                case 3:
                    let targets = ["nowhere/at all", "/etc/passwd", "../..", String(repeating: "l", count: 900)]
                    try #require(symlink(targets[next(4)], c(path)) == 0)
                case 4:
                    let kinds: [(mode_t, UInt)] = [(S_IFIFO, 0), (S_IFSOCK, 0), (S_IFCHR, 0x103), (S_IFBLK, 0x700)]
                    let (kind, device) = kinds[next(4)]
                    try #require(mknod(c(path), kind | 0o640, device) == 0)
                default:
                    try write(path)
                    files.append(path)
                }
            }
            try write(Array(path.utf8) + Array("/always".utf8))
            try #require(link("\(path)/always", "\(path)/always linked") == 0)
            try #require(
                symlink("nowhere", "\(path)/always dangling") == 0 && mkfifo("\(path)/always fifo", 0o600) == 0)
            try #require(truncate("\(path)/always", 1 << 22) == 0 && mkdir("\(path)/always directory", 0o755) == 0)
            let value = [UInt8](0...255)
            try #require(Attributes.set("\(path)/always", "trusted.origin", value, value.count, 0) == 0)
            try setACL(Array("\(path)/always directory".utf8), true)
            for path in files + directories { try decorate(path, isDirectory: directories.contains(path)) }
            try #require(chmod("\(path)/always", 0) == 0)
        }

        mutating func file(at path: String) throws {
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try write(Array(path.utf8))
            try decorate(Array(path.utf8), isDirectory: false)
        }

        private mutating func write(_ path: [UInt8]) throws {
            let fd = open(c(path), O_WRONLY | O_CREAT | O_EXCL, 0o644)
            try #require(fd >= 0)
            defer { close(fd) }
            // Holes between the pieces.
            for _ in 0..<(1 + next(3)) {
                lseek(fd, next(1 << 20), SEEK_SET)
                let piece = (0..<(1 + next(9000))).map { _ in UInt8(next(256)) }
                try #require(Glibc.write(fd, piece, piece.count) == piece.count)
            }
            if next(3) == 0 { try #require(ftruncate(fd, next(1 << 22)) == 0) }
            // So that what is allocated is settled before it is looked at.
            fsync(fd)
        }

        private mutating func decorate(_ path: [UInt8], isDirectory: Bool) throws {
            let name = c(path)
            try #require(chown(name, uid_t(next(3) * 1000), gid_t(next(3) * 1000)) == 0)
            let modes: [mode_t] = isDirectory ? [0o755, 0o1777, 0o2750, 0o700, 0] : [0o644, 0o4755, 0, 0o400, 0o2711]
            try #require(chmod(name, modes[next(modes.count)]) == 0)
            if next(2) == 0 {
                for key in ["user.comment", "trusted.origin"] {
                    let value = (0..<next(200)).map { _ in UInt8(next(256)) }
                    if Attributes.set(name, key, value, value.count, 0) != 0 {
                        // An old tmpfs has no user attributes.
                        try #require(errno == EOPNOTSUPP)
                    }
                }
            }
            if next(2) == 0 { try setACL(path, isDirectory) }
            let times = [
                timespec(tv_sec: 1_000_000_000 + next(600_000_000), tv_nsec: next(1_000_000_000)),
                timespec(tv_sec: 1_000_000_000 + next(600_000_000), tv_nsec: next(1_000_000_000)),
            ]
            try #require(utimensat(AT_FDCWD, name, times, 0) == 0)
        }

        private mutating func setACL(_ path: [UInt8], _ isDirectory: Bool) throws {
            let entries = "u:1234:r-x,g:4321:rw-" + (isDirectory ? ",d:u:1234:rwx,d:o::---" : "")
            // Its name may be no text: by the descriptor it needs none.
            let fd = open(c(path), O_RDONLY | O_NONBLOCK)
            try #require(fd >= 0)
            defer { close(fd) }
            let outcome = try CLIFixture.launch([
                "/usr/bin/setfacl", "-m", entries, "/proc/\(getpid())/fd/\(fd)",
            ])
            try #require(outcome.status == 0, "setfacl: \(outcome.error)")
        }
    }

    /// Swift's Glibc has no <sys/xattr.h>.
    private enum Attributes {
        static let list = function(
            "llistxattr", as: (@convention(c) (UnsafePointer<CChar>, UnsafeMutablePointer<CChar>?, Int) -> Int).self)
        static let get = function(
            "lgetxattr",
            as: (@convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeMutableRawPointer?, Int) -> Int).self
        )
        static let set = function(
            "setxattr",
            as: (@convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeRawPointer?, Int, Int32) -> Int32)
                .self)

        private static func function<F>(_ name: String, as type: F.Type) -> F {
            unsafeBitCast(dlsym(nil, name), to: type)
        }
    }
}
