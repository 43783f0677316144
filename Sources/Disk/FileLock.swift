internal import CLinux
internal import Glibc
package import Model

/// An advisory lock on a file, held until it is released or the process ends.
package final class FileLock: Sendable {
    private let layer: any FileLayer
    private let descriptor: Int32

    private init(_ layer: any FileLayer, descriptor: Int32) {
        self.layer = layer
        self.descriptor = descriptor
    }

    deinit { layer.close(descriptor) }

    /// Takes the lock, waiting at most `waitSeconds` and asking each `pauseMicroseconds`: often for a lock that others
    /// take again at once, so that each gets its turn. `holder` is left in the file, for whoever waits next.
    package static func take(
        _ name: Bytes, in directory: Directory, holder: String, waitSeconds: Double, isExclusive: Bool = true,
        pauseMicroseconds: UInt32 = 20_000
    ) throws(Fault) -> FileLock {
        let path = directory.path.appending(name)
        let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC
        let layer = directory.layer
        let resolve = UInt32(CL_BENEATH | CL_NO_XDEV)
        let fd = try check(
            layer.open(directory.descriptor, name, flags: flags, mode: 0o640, resolve: resolve), "lock", path)
        let lock = FileLock(layer, descriptor: fd)
        var waited = 0.0
        while true {
            let answer = layer.lock(fd, isExclusive: isExclusive)
            if answer == 0 { break }
            guard answer == -EWOULDBLOCK || answer == -EINTR else { throw .system("lock", path, -answer) }
            guard waited < waitSeconds else {
                throw Fault(
                    .locked, "could not lock '\(path.display)': held by \(lock.holderText)",
                    hint: "it is usually free again within seconds; `--wait 60s` waits longer", path: path)
            }
            usleep(pauseMicroseconds)
            waited += Double(pauseMicroseconds) / 1e6
        }
        if isExclusive { lock.leave(holder) }
        return lock
    }

    private func leave(_ holder: String) {
        let text = Array((holder + "\n").utf8)
        // For people only: a full disk must not stop a lock.
        if layer.truncate(descriptor) == 0 { _ = text.withUnsafeBytes { layer.write(descriptor, $0) } }
    }

    private var holderText: String {
        var buffer = [UInt8](repeating: 0, count: 200)
        let n = buffer.withUnsafeMutableBytes { layer.read(descriptor, $0) }
        let text = Bytes(buffer.prefix(max(0, n)).prefix { $0 != 0x0A }).display
        return text.isEmpty ? "another process" : text
    }
}
