internal import Disk
internal import Glibc
internal import Model

/// The system's log, as a witness outside of ours: `/dev/log`, a Unix datagram socket.
struct Syslog: Sendable {
    let path: Bytes
    let program: String
    let pid: Int32

    /// Sends one line, authpriv.notice.
    func send(_ text: String, at now: Moment) {
        Datagram.send("<85>\(Self.time(now.wall)) \(program)[\(pid)]: \(text)", to: path)
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
