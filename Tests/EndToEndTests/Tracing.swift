import Foundation
import Testing

/// `strace` around the real binary: it kills or stops it at one system call, or lets a call fail.
enum Tracing {
    static let isPossible: Bool = {
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/strace") else { return false }
        return (try? CLIFixture.launch(["/usr/bin/strace", "-o", "/dev/null", "/bin/true"]).status) == 0
    }()

    /// Whether every binary that is started finds a kernel that knows no RENAME_NOREPLACE, as on NFS, many FUSE and
    /// older ZFS: `REPRIEVE_TESTS_WITHOUT_NOREPLACE=1`.
    static let isWithoutNoReplace = ProcessInfo.processInfo.environment["REPRIEVE_TESTS_WITHOUT_NOREPLACE"] == "1"

    /// The n-th time that a thread makes this call; `strace` counts each call by itself, in each thread.
    struct Point: Hashable, Sendable, CustomStringConvertible {
        var call: String
        var n: Int
        var description: String { "\(call) \(n)" }
    }

    /// In front of a command whose calls are to be written down; the log is whole when it has ended.
    static func recording(_ calls: [String], _ log: URL) -> [String] {
        command(calls, log: log.path).filter { $0 != "-D" }
    }

    /// In front of a command. The command stays the child that was started (`-D`): signals and its end are its own.
    static func command(
        _ calls: [String], inject: [String] = [], log: String = "/dev/null", withoutNoReplace: Bool = isWithoutNoReplace
    ) -> [String] {
        var command = ["/usr/bin/strace", "-D", "-f", "-qq", "-o", log]
        command += ["-e", "trace=" + (calls + (withoutNoReplace ? ["renameat2"] : [])).joined(separator: ",")]
        if withoutNoReplace { command += ["-e", "inject=renameat2:error=EINVAL"] }
        return command + inject.flatMap { ["-e", "inject=" + $0] }
    }

    /// In front of a command that is not to come to its end with one file: each such call with this name fails.
    static func failing(_ call: String, on name: String) -> [String] {
        ["/usr/bin/strace", "-D", "-f", "-qq", "-o", "/dev/null", "-P", name, "-e", "inject=\(call):error=EIO"]
    }

    /// In front of every command that is not traced already.
    static func everywhere(_ command: [String]) -> [String] {
        guard isWithoutNoReplace, !command.contains("/usr/bin/strace") else { return command }
        // Without a count the filter can be the kernel's: all other calls cost nothing.
        return [Self.command([])[0], "--seccomp-bpf"] + Self.command([]).dropFirst() + command
    }

    /// What a log of ``command(_:inject:log:withoutNoReplace:)`` shows, in the order in which it was done. Of `open`
    /// only what makes a file counts where `isChanging`.
    static func points(in log: URL, isChanging: Bool) throws -> [Point] {
        var counts: [String: Int] = [:]
        var found: Set<Point> = []
        var points: [Point] = []
        for line in try String(contentsOf: log, encoding: .utf8).split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, let bracket = parts[1].firstIndex(of: "(") else { continue }
            // A short pid is filled up with spaces.
            let call = parts[1][..<bracket].trimmingCharacters(in: .whitespaces)
            guard call.allSatisfy({ $0.isLowercase || $0.isNumber || $0 == "_" }) else { continue }
            let key = "\(parts[0]) \(call)"
            counts[key, default: 0] += 1
            if isChanging, call.hasPrefix("open"), !line.contains("O_CREAT") { continue }
            // What another thread did at the same count stands for this one as well.
            let point = Point(call: call, n: counts[key, default: 0])
            if found.insert(point).inserted { points.append(point) }
        }
        return points
    }
}

/// A command that was stopped in the middle of what it does, right behind one system call.
final class StoppedCommand {
    private let process: Process
    private let files: URL
    private let log: URL
    private var stops = 0
    /// Whether it came to the point; otherwise it has ended.
    private(set) var isStopped = false

    /// Stopped at each of these calls, until it is as it is to be.
    static func when(_ house: CLIFixture, _ arguments: [String], at call: String, _ condition: () -> Bool) throws
        -> StoppedCommand
    {
        let stopped = try StoppedCommand(house, arguments, call, "1+")
        for _ in 0..<1000 where stopped.isStopped && !condition() {
            kill(stopped.process.processIdentifier, SIGCONT)
            try stopped.wait()
        }
        return stopped
    }

    convenience init(_ house: CLIFixture, _ arguments: [String], at point: Tracing.Point) throws {
        try self.init(house, arguments, point.call, String(point.n))
    }

    private init(_ house: CLIFixture, _ arguments: [String], _ call: String, _ when: String) throws {
        files = house.root.appending(path: "stopped-\(UInt64.random(in: 0 ... .max))", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: files, withIntermediateDirectories: true)
        log = files.appending(path: "strace")
        for name in ["strace", "out", "err"] {
            _ = FileManager.default.createFile(atPath: files.appending(path: name).path, contents: nil)
        }
        let process = Process()
        self.process = process
        let command =
            Tracing.command([call], inject: ["\(call):signal=SIGSTOP:when=\(when)"], log: log.path)
            + [CLIFixture.binary.path] + arguments + ["--config", house.config.path, "--state-dir", house.state.path]
        process.executableURL = URL(filePath: command[0])
        process.arguments = Array(command.dropFirst())
        process.standardOutput = try FileHandle(forWritingTo: files.appending(path: "out"))
        process.standardError = try FileHandle(forWritingTo: files.appending(path: "err"))
        process.standardInput = FileHandle.nullDevice
        try process.run()
        try wait()
    }

    private func wait() throws {
        isStopped = false
        for _ in 0..<6000 where process.isRunning && !isStopped {
            let text = try String(contentsOf: log, encoding: .utf8)
            let count = text.components(separatedBy: "--- stopped by SIGSTOP ---").count - 1
            isStopped = count > stops
            if isStopped { stops = count } else { usleep(5000) }
        }
    }

    deinit {
        if process.isRunning {
            kill(process.processIdentifier, SIGCONT)
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        try? FileManager.default.removeItem(at: files)
    }

    /// Lets it go on, and waits for its end: half a minute at most.
    func goOn() throws -> CLIFixture.Outcome {
        // Another thread may come to the same point of its own, and stops all again.
        for _ in 0..<3000 where process.isRunning {
            kill(process.processIdentifier, SIGCONT)
            usleep(10_000)
        }
        if process.isRunning {
            Issue.record("it did not end")
            kill(process.processIdentifier, SIGKILL)
        }
        return try end()
    }

    /// Ends it where it stands.
    func killed() throws -> CLIFixture.Outcome {
        kill(process.processIdentifier, SIGKILL)
        return try end()
    }

    private func end() throws -> CLIFixture.Outcome {
        process.waitUntilExit()
        return CLIFixture.Outcome(
            status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
            out: String(decoding: try Data(contentsOf: files.appending(path: "out")), as: UTF8.self),
            error: String(decoding: try Data(contentsOf: files.appending(path: "err")), as: UTF8.self))
    }
}
