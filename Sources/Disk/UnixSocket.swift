internal import Glibc
package import Model

/// One message to a Unix datagram socket, such as `/dev/log` or the service manager's.
package enum Datagram {
    /// Nobody there, or nobody who reads: it is not sent, and nothing waits for it. A path that begins with `@` is an
    /// abstract one.
    package static func send(_ message: String, to path: Bytes) {
        guard let (address, length) = unixAddress(path) else { return }
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return }
        defer { close(socket) }
        let bytes = Array(message.utf8)
        _ = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(socket, bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL), $0, length)
            }
        }
    }
}

/// A connection to a Unix socket.
package enum UnixStream {
    /// The descriptor is the caller's, who closes it.
    package static func connect(_ path: Bytes) throws(Fault) -> Int32 {
        guard let (address, length) = unixAddress(path) else { throw .system("connect to", path, ENAMETOOLONG) }
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw .system("connect to", path, errno) }
        let answer = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(socket, $0, length) }
        }
        guard answer == 0 else {
            let number = errno
            close(socket)
            throw .system("connect to", path, number)
        }
        return socket
    }
}

/// `nil`: no path of a socket.
private func unixAddress(_ path: Bytes) -> (sockaddr_un, socklen_t)? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard !path.isEmpty, path.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
    var name = path.storage
    if name[0] == UInt8(ascii: "@") { name[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
    // The length says where an abstract name ends.
    let length = name[0] == 0 ? MemoryLayout<sa_family_t>.size + name.count : MemoryLayout<sockaddr_un>.size
    return (address, socklen_t(length))
}
