internal import Glibc
package import Model

/// One message to a Unix datagram socket, such as `/dev/log` or the service manager's.
package enum Datagram {
    /// Nobody there, or nobody who reads: it is not sent, and nothing waits for it. A path that begins with `@` is an
    /// abstract one.
    package static func send(_ message: String, to path: Bytes) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard !path.isEmpty, path.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        var name = path.storage
        if name[0] == UInt8(ascii: "@") { name[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return }
        defer { close(socket) }
        let bytes = Array(message.utf8)
        // The length says where an abstract name ends.
        let length = name[0] == 0 ? MemoryLayout<sa_family_t>.size + name.count : MemoryLayout<sockaddr_un>.size
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(socket, bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL), $0, socklen_t(length))
            }
        }
    }
}
