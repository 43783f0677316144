internal import Config
internal import FlyingSocks
internal import Foundation
internal import Glibc
internal import Model

/// Answers `GET /metrics` with the last text, on the loopback interface or a Unix socket.
final class MetricsServer: Sendable {
    private let monitor: Monitor
    /// Is told where it listens, or why it cannot; each change once.
    private let report: @Sendable (_ place: String, _ problem: String?) -> Void

    init(monitor: Monitor, report: @escaping @Sendable (_ place: String, _ problem: String?) -> Void) {
        self.monitor = monitor
        self.report = report
    }

    /// Serves until its task is cancelled. What cannot be listened on now (another process has the port) is tried again
    /// and again: the agent goes on without it.
    func run(_ listen: MetricsSettings.Listen) async {
        await run(at: listen.text) { try await self.serve(listen) }
    }

    /// The same on a socket that the service manager handed over.
    func run(_ socket: Socket) async { await run(at: "the socket of the service") { try await self.serve(socket) } }

    private func run(at place: String, _ body: () async throws -> Void) async {
        var pause: UInt64 = 1
        var last: String?
        while !Task.isCancelled {
            do {
                try await body()
                return
            } catch {
                if Task.isCancelled { return }
                let text = "metrics cannot be served at \(place): \((error as? Fault)?.message ?? "\(error)")"
                if last != text { report(place, text) }
                last = text
                try? await Task.sleep(nanoseconds: pause * 1_000_000_000)
                pause = min(60, 2 * pause)
            }
        }
    }

    private func serve(_ listen: MetricsSettings.Listen) async throws {
        switch listen {
        case .loopback(let host, let port, let isSix):
            if isSix {
                try await serve(try sockaddr_in6.inet6(ip6: host, port: port), listen)
            } else {
                try await serve(try sockaddr_in.inet(ip4: host, port: port), listen)
            }
        case .unix(let path):
            let address = sockaddr_un.unix(path: path.utf8 ?? path.display)
            try removeStale(path, address)
            try await serve(address, listen)
        }
    }

    private func serve(_ address: some SocketAddress, _ listen: MetricsSettings.Listen) async throws {
        let socket = try Socket(domain: Int32(type(of: address).family))
        defer { try? socket.close() }
        try socket.setValue(true, for: .localAddressReuse)
        try socket.bind(to: address)
        try socket.listen(maxPendingConnection: 16)
        try await serve(socket) { report(listen.text, nil) }
    }

    /// Answers on a socket that listens already.
    private func serve(_ socket: Socket, whenListening: () -> Void = {}) async throws {
        let pool = SocketPool.ePoll()
        try await pool.prepare()
        let listening = try AsyncSocket(socket: socket, pool: pool)
        whenListening()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await pool.run() }
            group.addTask { [self] in
                // So many at once; more wait in the kernel's queue.
                try await withThrowingTaskGroup(of: Void.self) { connections in
                    var count = 0
                    for try await connection in listening.sockets {
                        if count >= Self.mostConnections { try await connections.next() } else { count += 1 }
                        connections.addTask { [self] in await converse(connection) }
                    }
                }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    private static let mostConnections = 16
    private static let mostHeaderBytes = 8192
    private static let requestSeconds: UInt64 = 15

    /// One request and its answer. A client that sends nothing for too long, or too much, is not waited for.
    private func converse(_ connection: AsyncSocket) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                do {
                    var request: [UInt8] = []
                    while request.count < Self.mostHeaderBytes, !request.hasBlankLine {
                        let more = try await connection.read(atMost: 1024)
                        guard !more.isEmpty else { return }
                        request += more
                    }
                    try await connection.write(Data(answer(request)))
                } catch {
                    // Whoever asked is gone.
                }
            }
            group.addTask { try? await Task.sleep(nanoseconds: Self.requestSeconds * 1_000_000_000) }
            await group.next()
            group.cancelAll()
        }
        try? connection.close()
    }

    private func answer(_ request: [UInt8]) -> [UInt8] {
        let line = String(decoding: request.prefix { $0 != 0x0D && $0 != 0x0A }, as: UTF8.self).split(separator: " ")
        guard request.hasBlankLine, line.count == 3, line[2].hasPrefix("HTTP/1.") else {
            return Self.answer("400 Bad Request")
        }
        guard ["GET", "HEAD"].contains(line[0]) else { return Self.answer("405 Method Not Allowed") }
        let isHead = line[0] == "HEAD"
        switch line[1].prefix(while: { $0 != "?" }) {
        case "/metrics":
            let text = monitor.lastText
            // Nothing was collected yet. An empty answer would mean that all metrics are gone.
            guard !text.isEmpty else { return Self.answer("503 Service Unavailable") }
            return Self.answer("200 OK", "text/plain; version=0.0.4; charset=utf-8", text, isHead: isHead)
        case "/":
            return Self.answer(
                "200 OK", "text/plain; charset=utf-8", Array("reprieve: see /metrics\n".utf8), isHead: isHead)
        default: return Self.answer("404 Not Found")
        }
    }

    private static func answer(
        _ status: String, _ type: String = "text/plain", _ body: [UInt8] = [], isHead: Bool = false
    ) -> [UInt8] {
        let head =
            "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.count)\r\nConnection: close\r\n\r\n"
        return Array(head.utf8) + (isHead ? [] : body)
    }

    /// A socket that an agent before us left: the agent's lock is ours, so nobody answers there. Anything else of that
    /// name is left alone. It lies outside all vaults: the configuration is refused otherwise.
    private func removeStale(_ path: Bytes, _ address: sockaddr_un) throws {
        var seen = stat()
        guard lstat(path.utf8 ?? path.display, &seen) == 0 else { return }
        guard seen.st_mode & S_IFMT == S_IFSOCK else {
            throw Fault(
                .configuration, "'\(path.display)' already exists and is not a socket",
                hint: "remove it, or choose another path", path: path)
        }
        try Socket.unlink(address)
    }
}

extension [UInt8] {
    /// The end of a request's head.
    fileprivate var hasBlankLine: Bool { contains([0x0D, 0x0A, 0x0D, 0x0A]) || contains([0x0A, 0x0A]) }
}
