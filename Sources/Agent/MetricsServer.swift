internal import Config
internal import FlyingFox
internal import FlyingSocks
internal import Foundation
internal import Glibc
internal import Model

/// Answers `GET /metrics` with the last text, on the loopback interface or a Unix socket.
final class MetricsServer: Sendable {
    private let monitor: Monitor
    /// Is told that it listens (`nil`), or why it cannot; each change once.
    private let report: @Sendable (_ listen: MetricsSettings.Listen, _ problem: String?) -> Void

    init(monitor: Monitor, report: @escaping @Sendable (_ listen: MetricsSettings.Listen, _ problem: String?) -> Void) {
        self.monitor = monitor
        self.report = report
    }

    /// Serves until its task is cancelled. What cannot be listened on now (another process has the port) is tried again
    /// and again: the agent goes on without it.
    func run(_ listen: MetricsSettings.Listen) async {
        var pause: UInt64 = 1
        var said: String?
        while !Task.isCancelled {
            do {
                try await serve(listen)
                return
            } catch {
                if Task.isCancelled { return }
                let text = "metrics cannot be served at \(listen.text): \((error as? Fault)?.message ?? "\(error)")"
                if said != text { report(listen, text) }
                said = text
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
        let server = HTTPServer(address: address, timeout: 15, logger: .disabled)
        await server.appendRoute("GET /metrics") { [monitor] _ in Self.answer(monitor.lastText) }
        await server.appendRoute("GET /") { _ in
            HTTPResponse(
                statusCode: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
                body: Data("reprieve: see /metrics\n".utf8))
        }
        try await withTaskCancellationHandler {
            async let listening: Void = {
                try await server.waitUntilListening(timeout: 60)
                report(listen, nil)
            }()
            try await server.run()
            try await listening
        } onCancel: {
            Task { await server.stop() }
        }
    }

    /// Nothing was collected yet: that is said, and no metric is taken for gone.
    private static func answer(_ text: [UInt8]) -> HTTPResponse {
        guard !text.isEmpty else { return HTTPResponse(statusCode: .serviceUnavailable) }
        return HTTPResponse(
            statusCode: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"], body: Data(text))
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
