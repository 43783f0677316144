internal import Glibc
internal import Model

/// The system's log, as a witness outside of ours: `/dev/log`, a Unix datagram socket.
struct Syslog: Sendable {
    let path: Bytes
    let program: String
    let pid: Int32

    /// Sends one line, authpriv.notice. Nobody there, or nobody who reads: it is not said, and nothing waits for it.
    func say(_ text: String, at now: Moment) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard path.count < room else { return }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.storage) }
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return }
        defer { close(socket) }
        let message = Array("<85>\(Self.time(now.wall)) \(program)[\(pid)]: \(text)".utf8)
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(
                    socket, message, message.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL), $0,
                    socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    /// As the C library's own: local time, "Nov  3 04:05:06".
    private static func time(_ instant: Timestamp) -> String {
        var (seconds, parts) = (time_t(instant.seconds), tm())
        localtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 32)
        let count = strftime(&buffer, buffer.count, "%b %e %H:%M:%S", &parts)
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
