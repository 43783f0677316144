internal import CLinux
internal import Glibc
package import Model

/// An advisory lock on a file, held until it is released or the process ends.
///
/// The file is for its owner only (0600): whoever can open it can lock it. It says who holds the lock, for people, from
/// the taking to the release; of a process that was killed, or is not the one that took it, nothing is told.
package final class FileLock: Sendable {
    private let layer: any FileLayer
    private let file: OwnFile
    private let isExclusive: Bool

    private init(_ file: OwnFile, in directory: Directory, isExclusive: Bool) {
        (layer, self.file, self.isExclusive) = (directory.layer, file, isExclusive)
    }

    deinit { if isExclusive { _ = layer.truncate(file.descriptor) } }

    private static let mode: UInt32 = 0o600

    /// Takes the lock, waiting at most `waitSeconds` and asking each `pauseMicroseconds`: often for a lock that others
    /// take again at once, so that each gets its turn. `holder`: which program we are.
    package static func take(
        _ name: Bytes, in directory: Directory, holder: String, waitSeconds: Double, isExclusive: Bool = true,
        pauseMicroseconds: UInt32 = 20_000
    ) throws(Fault) -> FileLock {
        let path = directory.path.appending(name)
        var waited = 0.0
        while true {
            guard let file = try directory.ownFiles.open(name, O_RDWR | O_CREAT, mode: mode) else {
                throw .system("lock", path, ENOENT)
            }
            let answer = directory.layer.lock(file.descriptor, isExclusive: isExclusive)
            if answer == 0 {
                let lock = FileLock(file, in: directory, isExclusive: isExclusive)
                if try lock.stands(as: name, in: directory) {
                    if isExclusive { lock.leave(holder) }
                    return lock
                }
            } else {
                guard answer == -EWOULDBLOCK || answer == -EINTR else { throw .system("lock", path, -answer) }
            }
            guard waited < waitSeconds || answer == 0 && waited == 0 else {
                let holder = try Self.holder(file, path)?.text ?? "another process"
                throw Fault(
                    .locked, "could not lock '\(path.display)': held by \(holder)",
                    hint: "it is usually free again within seconds; `--wait 60s` waits longer", path: path)
            }
            usleep(pauseMicroseconds)
            waited += Double(pauseMicroseconds) / 1e6
        }
    }

    /// Locks a directory itself, if nobody else has; it ends with that object.
    package static func takeIfFree(_ directory: Directory) -> Bool {
        directory.layer.lock(directory.descriptor, isExclusive: true) == 0
    }

    /// Whether what was locked still is the file of that name. One that others could open too makes room for another,
    /// while nobody else can hold it.
    private func stands(as name: Bytes, in directory: Directory) throws(Fault) -> Bool {
        let own = try file.stat()
        var named = cl_stat()
        let answer = layer.stat(directory.descriptor, name, &named)
        guard answer != -ENOENT else { return false }
        try check(answer, "look at", file.path)
        guard named.ino == own.ino, named.dev == own.dev else { return false }
        guard isExclusive, own.mode & 0o077 != 0, own.uid == Surroundings.userID else { return true }
        try directory.ownFiles.replace(name, with: Bytes(), mode: Self.mode)
        return false
    }

    // MARK: Who holds it

    private func leave(_ holder: String) {
        let pid = Surroundings.processID
        let text = Array("\(holder) (\(pid))\n\(Surroundings.startTime(ofProcess: pid) ?? "")\n".utf8)
        // For people only: a full disk must not stop a lock.
        if layer.truncate(file.descriptor) == 0 { _ = text.withUnsafeBytes { layer.write(file.descriptor, $0) } }
    }

    /// The process that left its name in a lock, if it still lives here.
    package static func process(holding name: Bytes, in directory: Directory) throws(Fault) -> Int32? {
        try directory.ownFiles.open(name, O_RDONLY).flatMap { file throws(Fault) in try holder(file, file.path)?.pid }
    }

    private static func holder(_ file: OwnFile, _ path: Bytes) throws(Fault) -> (text: String, pid: Int32)? {
        let lines = try file.read(limit: 1000).storage.split(separator: 0x0A).map { Bytes($0).display }
        guard lines.count == 2, let bracket = lines[0].lastIndex(of: "("),
            let pid = Int32(lines[0][bracket...].dropFirst().dropLast()),
            Surroundings.startTime(ofProcess: pid) == lines[1]
        else { return nil }
        return (lines[0], pid)
    }
}
