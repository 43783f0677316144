internal import Disk
internal import FlyingSocks
internal import Foundation
internal import Glibc
internal import Model

/// What systemd hands over and is told: `sd_notify(3)`, `sd_watchdog_enabled(3)`, `sd_listen_fds(3)`. Without it
/// nothing is sent.
struct ServiceManager {
    private let socket: Bytes?
    /// A sign of life is expected within this time; `nil`: no watchdog.
    let watchdogNanoseconds: Int64?
    /// Sockets that listen already, for metrics.
    let listening: [Socket]
    private var lastBeat: Int64 = 0

    init(environment: [String: String] = ProcessInfo.processInfo.environment, pid: Int32 = Surroundings.processID) {
        socket = environment["NOTIFY_SOCKET"].map { Bytes($0) }
        func isForUs(_ variable: String) -> Bool { environment[variable].map { Int32($0) == pid } ?? true }
        let microseconds = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
        watchdogNanoseconds =
            microseconds > 0 && isForUs("WATCHDOG_PID") ? microseconds.multiplied(by: 1000) : nil
        let count =
            environment["LISTEN_PID"] == nil || !isForUs("LISTEN_PID")
            ? 0 : environment["LISTEN_FDS"].flatMap { Int32($0) } ?? 0
        let names = (environment["LISTEN_FDNAMES"] ?? "").split(separator: ":", omittingEmptySubsequences: false)
        listening = (0..<max(0, min(count, 16))).filter { n in
            names.isEmpty || (names.indices.contains(Int(n)) && names[Int(n)] == "metrics")
        }.map { n in
            // No child of ours is to have it.
            _ = fcntl(3 + n, F_SETFD, FD_CLOEXEC)
            return Socket(file: .init(rawValue: 3 + n))
        }
    }

    private func send(_ text: String) {
        if let socket { Datagram.send(text, to: socket) }
    }

    func ready(_ status: String) { send("READY=1\nSTATUS=\(status)") }

    /// The configuration is read again; ``ready(_:)`` says that this is done.
    func reloading() {
        send("RELOADING=1\nMONOTONIC_USEC=\(Clock.monotonicMicroseconds)")
    }

    func stopping() { send("STOPPING=1") }

    /// A sign of life, as often as it is expected and no more often.
    mutating func beat(at now: Moment) {
        guard let watchdogNanoseconds, now.boot - lastBeat >= watchdogNanoseconds / 4 else { return }
        lastBeat = now.boot
        send("WATCHDOG=1")
    }

    /// So long at most may the agent sleep.
    func pauseMilliseconds(_ wanted: Int32) -> Int32 {
        watchdogNanoseconds.map { min(wanted, Int32(clamping: $0 / 3_000_000)) } ?? wanted
    }
}
