package import Config
internal import Disk
internal import Foundation
internal import Glibc
package import Model
internal import Synchronization

/// Has a hook's program run outside the sandbox of the service, which may neither reach the network nor run what needs
/// more rights than it has: behind a socket systemd starts `reprieve hooks serve` for each.
///
/// Between the two stands a child of the service's own, `reprieve hooks relay`: so its time limit, its end and its
/// output are watched like those of a program that is run here. What may be run is what the configuration has as a
/// hook; the other side reads that itself.
package enum HookRelay {
    private static let chosen = Mutex<String?>(ProcessInfo.processInfo.environment["REPRIEVE_HOOK_SOCKET"])

    /// Where the service's hooks are run, if they are: for whoever tries one by hand.
    package static func useService() {
        let path = "/run/reprieve/hook"
        guard Reach.resolved(Bytes(path)) != nil else { return }
        chosen.withLock { $0 = $0 ?? path }
    }

    private struct Request: Codable {
        var path: String
        var arguments: [String]
        var environment: [String: String]
        var limitSeconds: Double
    }

    /// Of a request: the list of a veto names every backup that would go. What is longer is refused, never cut.
    private static let mostBytes = 256 << 20
    private static let relayWords = ["hooks", "relay"]
    static let curlWords = ["-q", "-K", "-"]
    static let mailWords = ["-i", "-t"]

    /// The relay that has this program run outside; `nil`: it is run here.
    static func relay(for process: HookProcess) -> HookProcess? {
        guard let socket = chosen.withLock({ $0 }), !process.arguments.starts(with: relayWords),
            let path = process.path.utf8,
            let head = try? JSONEncoder().encode(
                Request(
                    path: path, arguments: process.arguments, environment: process.environment,
                    limitSeconds: process.limitSeconds))
        else { return nil }
        var relay = process
        (relay.path, relay.arguments, relay.environment) = ("/proc/self/exe", relayWords + [socket], [:])
        relay.input = Array(head) + [0x0A] + process.input
        return relay
    }

    // MARK: The child of the service

    /// Hands standard input over, prints what the program printed, and answers its exit status.
    package static func relay(to path: Bytes) -> Int32 {
        guard let request = readAll(0) else { return 127 }
        let socket: Int32
        do throws(Fault) {
            socket = try UnixStream.connect(path)
        } catch {
            writeAll(1, Array("\(error.message): is reprieve-hook.socket active?".utf8))
            return 127
        }
        defer { close(socket) }
        guard writeAll(socket, request) else { return 127 }
        shutdown(socket, Int32(SHUT_WR))
        guard let answer = readAll(socket), let end = answer.firstIndex(of: 0x0A) else { return 127 }
        let words = String(decoding: answer[..<end], as: UTF8.self).split(separator: " ", maxSplits: 1)
        writeAll(1, Array(answer[(end + 1)...]))
        switch (words.first, words.last.flatMap { Int32($0) }) {
        case ("exit", let status?): return status
        case ("signal", let signal?): return 128 + signal
        default: return 127
        }
    }

    // MARK: The other side

    /// Runs one program for whoever is behind standard input and output, a socket: if the configuration has it as a
    /// hook.
    package static func serve(_ configuration: Configuration) {
        guard let bytes = readAll(0) else { return answer("failed 0", "the request is too long") }
        let end = bytes.firstIndex(of: 0x0A) ?? bytes.endIndex
        guard let request = try? JSONDecoder().decode(Request.self, from: Data(bytes[..<end])) else {
            return answer("failed 0", "the request cannot be read")
        }
        guard configuration.hooks.contains(where: { isHook($0, request) }) else {
            return answer("failed 0", "'\(request.path)' is not a hook of this configuration")
        }
        let process = HookProcess(
            path: Bytes(request.path), arguments: request.arguments, environment: request.environment,
            input: Array(bytes[end...].dropFirst()), limitSeconds: min(max(0.1, request.limitSeconds), 3600))
        let outcome = process.run(clock: .system, shouldStop: { isHungUp(1) })
        switch outcome.ending {
        case .exited(let status): answer("exit \(status)", outcome.output)
        case .signalled(let signal): answer("signal \(signal)", outcome.output)
        case .timedOut, .stopped: answer("failed 0", outcome.output)
        case .notStarted(let why): answer("failed 0", why)
        }
    }

    private static func isHook(_ hook: Hook, _ request: Request) -> Bool {
        let path = Bytes(request.path)
        return switch hook.action {
        case .run(let program, let arguments): path == program && request.arguments == arguments
        case .webhook, .healthchecks: path == HookSender.curl && request.arguments == curlWords
        case .mail(_, let program): path == program && request.arguments == mailWords
        }
    }

    private static func answer(_ head: String, _ text: String) { answer(head, Array(text.utf8)) }

    private static func answer(_ head: String, _ output: [UInt8]) {
        writeAll(1, Array((head + "\n").utf8) + output)
    }

    /// Whoever asked is gone: then the program has to go, too.
    private static func isHungUp(_ descriptor: Int32) -> Bool {
        var asked = pollfd(fd: descriptor, events: 0, revents: 0)
        return poll(&asked, 1, 0) > 0 && asked.revents & Int16(POLLHUP) != 0
    }

    /// `nil`: it is too long, or broke off.
    private static func readAll(_ descriptor: Int32) -> [UInt8]? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= mostBytes {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, isWaiting(descriptor, POLLIN) { continue }
            if count == 0 { return bytes }
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
        }
        return nil
    }

    @discardableResult
    private static func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, isWaiting(descriptor, POLLOUT) { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// After a call that did nothing: whether it is worth another one.
    private static func isWaiting(_ descriptor: Int32, _ event: Int32) -> Bool {
        if errno == EINTR { return true }
        guard errno == EAGAIN else { return false }
        var asked = pollfd(fd: descriptor, events: Int16(event), revents: 0)
        return poll(&asked, 1, -1) > 0
    }
}
