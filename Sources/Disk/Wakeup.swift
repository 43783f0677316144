internal import CLinux
internal import Glibc
package import Model

/// Lets one thread wake another that waits for descriptors.
package final class Wakeup: Sendable {
    package let descriptor: Int32

    package init() throws(Fault) { descriptor = try check(cl_eventfd(), "make", "an event descriptor") }

    deinit { close(descriptor) }

    package func raise() { _ = cl_eventfd_raise(descriptor) }
    package func clear() { _ = cl_eventfd_clear(descriptor) }
}

/// Waits for any of a few descriptors.
package struct Waiting: Sendable {
    private let descriptors: [Int32]
    private let urgent: Int32

    /// `mounts`: also ends when anything is mounted or unmounted; its index is after those of the descriptors.
    package init(descriptors: [Int32], mounts: MountTable? = nil) {
        precondition(descriptors.count < 8, "poll is given a fixed table")
        self.descriptors = descriptors + (mounts.map { [$0.descriptor] } ?? [])
        urgent = mounts == nil ? 0 : 1 << Int32(descriptors.count)
    }

    /// Indices of those that are ready; empty after the time or a signal. -1 waits for ever.
    package func wait(milliseconds: Int32) -> Set<Int> {
        let ready = cl_wait(descriptors, Int32(descriptors.count), urgent, milliseconds)
        return Set(descriptors.indices.filter { ready > 0 && ready & (1 << Int32($0)) != 0 })
    }
}

/// The table of mounts, whose changes can be waited for.
package final class MountTable: Sendable {
    let descriptor: Int32

    package init() throws(Fault) {
        descriptor = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open", "/proc/self/mountinfo", errno) }
    }

    deinit { close(descriptor) }

    /// The mounts at, above or below a path, as the kernel's table has them: equal as long as nothing there changed.
    package static func around(_ path: Bytes) throws(Fault) -> [Bytes] {
        try lines().filter { line in
            let fields = line.storage.split(separator: 0x20, maxSplits: 5)
            guard fields.count > 4 else { return false }
            let point = unescaped(fields[4])
            return point == "/" || point.isWithin(path) || path.isWithin(point)
        }
    }

    /// Where something is mounted below a path, relative to it.
    package static func points(below path: Bytes) throws(Fault) -> [Bytes] {
        let resolved = Surroundings.resolved(path) ?? path
        return try lines().compactMap { line in
            let fields = line.storage.split(separator: 0x20, maxSplits: 5)
            guard fields.count > 4 else { return nil }
            let point = unescaped(fields[4])
            guard point != resolved, point.isWithin(resolved) else { return nil }
            return resolved == "/" ? point.dropFirst(1) : point.dropFirst(resolved.count + 1)
        }
    }

    /// Where the file system that holds this path is mounted: the last of the longest mount points above it.
    package static func point(of path: Bytes) -> Bytes? {
        guard let lines = try? lines() else { return nil }
        return lines.compactMap { line in
            let fields = line.storage.split(separator: 0x20, maxSplits: 5)
            return fields.count > 4 ? unescaped(fields[4]) : nil
        }.filter { $0 == "/" || path == $0 || path.isWithin($0) }.max { $0.count < $1.count }
    }

    static func lines() throws(Fault) -> [Bytes] {
        try Directory.read(absolute: "/proc/self/mountinfo", limit: 1 << 24).storage.split(separator: 0x0A)
            .map { Bytes($0) }
    }

    /// Spaces, tabs, newlines and backslashes stand as `\\040` in the table.
    private static func unescaped(_ field: ArraySlice<UInt8>) -> Bytes {
        var bytes: [UInt8] = []
        var rest = field
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3,
                let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return Bytes(bytes)
    }
}
