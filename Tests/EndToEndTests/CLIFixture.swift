import Foundation
import Synchronization
import Testing

/// A vault, a configuration and a state directory of a test's own, and the real binary.
/// Only one thread changes its list of agents; all else is fixed.
final class CLIFixture: @unchecked Sendable {
    /// In a temporary directory, or on a disk of the test's own.
    let root: URL
    /// In ``root``, or on a disk of the test's own.
    let vault: URL
    var state: URL { root.appending(path: "state", directoryHint: .isDirectory) }
    var config: URL { root.appending(path: "reprieve.yaml") }
    private var agents: [Process] = []

    /// `Scripts/test --all`: the long forms.
    static let isLongForm = ProcessInfo.processInfo.environment["REPRIEVE_TESTS"] == "all"

    /// What every test's vault has: short waits, so that seconds are enough.
    static let settings = """
            quiet-period: 1s
            min-age: 1s
            min-observed-age: 1s
            min-grace: 1s
        """

    init(
        keep: String = "{ last: 2 }", grace: String = "1h", more: String = "", root: URL? = nil, vault: URL? = nil
    ) throws {
        self.root =
            root
            ?? FileManager.default.temporaryDirectory.appending(
                path: "reprieve-e2e-\(ProcessInfo.processInfo.processIdentifier)-\(UInt64.random(in: 0 ... .max))",
                directoryHint: .isDirectory)
        self.vault = vault ?? self.root.appending(path: "vault", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: self.vault, withIntermediateDirectories: true)
        try write(clock, "0")
        try configure(keep: keep, grace: grace, more: more)
    }

    private var clock: URL { root.appending(path: ".reprieve-test-clock") }
    private var passed = 0.0

    /// Lets time pass for the binary; a release build has only the real one. An agent that sleeps does not notice.
    func pass(_ seconds: Double) throws {
        guard !Self.binary.path.contains("/release/") else { return Thread.sleep(forTimeInterval: seconds) }
        passed += seconds
        try Data(String(passed).utf8).write(to: clock, options: .atomic)
    }

    func configure(keep: String, grace: String = "1h", more: String = "") throws {
        try write(
            config,
            """
            timezone: Europe/Berlin
            vaults:
              dumps:
                path: \(vault.path)
                keep: \(keep)
                grace-period: \(grace)
            \(Self.settings)
            \(more)
            """)
    }

    deinit {
        endAgents()
        try? FileManager.default.removeItem(at: root)
    }

    func endAgents() {
        for agent in agents where agent.isRunning {
            kill(agent.processIdentifier, SIGKILL)
            agent.waitUntilExit()
        }
        agents = []
    }

    // MARK: Files

    func write(_ url: URL, _ text: String) throws {
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    /// A file in the vault.
    @discardableResult
    func put(_ name: String, _ content: String? = nil) throws -> URL {
        let url = vault.appending(path: name)
        try write(url, content ?? "content of \(name)")
        return url
    }

    /// A date near today, as names have it: `day(9)` is today, `day(1)` eight days ago. A series of old dates alone
    /// would have ended, and nothing of it would go.
    static func day(_ n: Int) -> String {
        String(ISO8601DateFormatter().string(from: today.addingTimeInterval(Double(n - 9) * 86_400)).prefix(10))
    }

    private static let today = Date()

    /// Dailies from ``day(_:)`` 1 on.
    func dailies(_ days: Int, series: String = "app/orders") throws {
        for day in 1...days { try put("\(series)-\(Self.day(day)).dump") }
    }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: vault.appending(path: name).path) }

    /// All that is in the vault but its trash.
    func names() -> Set<String> {
        let all = FileManager.default.enumerator(atPath: vault.path)?.allObjects as? [String] ?? []
        return Set(
            all.filter { name in
                var isDirectory: ObjCBool = false
                _ = FileManager.default.fileExists(atPath: vault.appending(path: name).path, isDirectory: &isDirectory)
                return !name.split(separator: "/").contains(".trash") && !isDirectory.boolValue
            })
    }

    func batches() -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: vault.appending(path: ".trash").path)) ?? []
        return names.filter { !$0.hasPrefix(".") && $0.hasPrefix("2") }.sorted()
    }

    func purging() -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: vault.appending(path: ".trash").path)) ?? []
        return names.filter { $0.hasPrefix(".purging-") }
    }

    // MARK: Running

    struct Outcome: Sendable {
        var status: Int32
        var out: String
        var error: String

        func json() throws -> [String: Any] {
            try #require(
                try JSONSerialization.jsonObject(with: Data(out.utf8)) as? [String: Any], "no JSON: \(out)\(error)")
        }
    }

    /// The binary beside the test bundle: the one that ships. Another build of it: `REPRIEVE_TESTS_BINARY`.
    static let binary: URL = {
        if let other = ProcessInfo.processInfo.environment["REPRIEVE_TESTS_BINARY"] { return URL(filePath: other) }
        var directory = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        if let bundle = Bundle.allBundles.first(where: { $0.bundlePath.hasSuffix(".xctest") }) {
            directory = bundle.bundleURL.deletingLastPathComponent()
        }
        return directory.appending(path: "reprieve")
    }()

    @discardableResult
    func run(_ arguments: String..., environment: [String: String] = [:]) throws -> Outcome {
        try run(arguments, environment: environment)
    }

    func run(_ arguments: [String], under wrapper: [String] = [], environment: [String: String] = [:]) throws -> Outcome
    {
        let named = ["--config", config.path, "--state-dir", state.path]
        let isOther = arguments.contains("--config") || arguments.contains("--vault")
        var own = isOther ? ["--state-dir", state.path] : named
        // What else deletes on this machine is no test's business.
        if ["doctor", "init"].contains(arguments.first), !arguments.contains("--search-root") {
            own += ["--search-root", root.appending(path: "host").path]
        }
        var outcome = try Self.launch(
            wrapper + [Self.binary.path] + arguments + own, environment: runtime.merging(environment) { $1 })
        guard !isOther else { return outcome }
        // A printed command repeats them (`ArgumentTests`); what the tests compare is without the paths of this run.
        let repeated = " " + named.joined(separator: " ")
        (outcome.out, outcome.error) = (
            outcome.out.replacing(repeated, with: ""), outcome.error.replacing(repeated, with: "")
        )
        return outcome
    }

    /// As from systemd: nothing of a test is left in `/run`.
    private var runtime: [String: String] { ["RUNTIME_DIRECTORY": root.path] }

    /// Runs a program to its end, both outputs into files (a pipe could fill up).
    static func launch(_ command: [String], environment: [String: String] = [:]) throws -> Outcome {
        let command = command.contains(binary.path) ? Tracing.everywhere(command) : command
        let process = Process()
        process.executableURL = URL(filePath: command[0])
        process.arguments = Array(command.dropFirst())
        if !environment.isEmpty {
            process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        }
        let base = FileManager.default.temporaryDirectory.appending(
            path: "reprieve-out-\(UInt64.random(in: 0 ... .max))")
        let (out, error) = (base.appendingPathExtension("out"), base.appendingPathExtension("err"))
        for file in [out, error] { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
        defer { for file in [out, error] { try? FileManager.default.removeItem(at: file) } }
        process.standardOutput = try FileHandle(forWritingTo: out)
        process.standardError = try FileHandle(forWritingTo: error)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
            out: String(decoding: try Data(contentsOf: out), as: UTF8.self),
            error: String(decoding: try Data(contentsOf: error), as: UTF8.self))
    }

    /// The same several times at once.
    static func together<T: Sendable>(_ count: Int, _ body: @Sendable @escaping () throws -> T) throws -> [T] {
        let results = Mutex<[Result<T, any Error>]>([])
        DispatchQueue.concurrentPerform(iterations: count) { _ in
            let result = Result { try body() }
            results.withLock { $0.append(result) }
        }
        return try results.withLock { $0 }.map { try $0.get() }
    }

    /// The agent in the background; it ends with the house.
    @discardableResult
    func startAgent(under wrapper: [String] = [], environment: [String: String] = [:]) throws -> Process {
        let process = Process()
        let command = Tracing.everywhere(
            wrapper + [Self.binary.path, "agent", "--config", config.path, "--state-dir", state.path])
        process.executableURL = URL(filePath: command[0])
        process.arguments = Array(command.dropFirst())
        process.environment = ProcessInfo.processInfo.environment.merging(runtime) { $1 }.merging(environment) { $1 }
        let log = root.appending(path: "agent.log")
        if !FileManager.default.fileExists(atPath: log.path) {
            _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        }
        let handle = try FileHandle(forWritingTo: log)
        try handle.seekToEnd()
        process.standardError = handle
        process.standardOutput = handle
        process.standardInput = FileHandle.nullDevice
        try process.run()
        agents.append(process)
        try wait("the agent to have looked") { agentIsReady() }
        return process
    }

    private func agentIsReady() -> Bool {
        guard let text = try? String(contentsOf: root.appending(path: "agent.log"), encoding: .utf8) else {
            return false
        }
        guard text.contains("watching") else { return false }
        // It vouches for the catalog once its first scan is done.
        let status = try? run("status", "--json").json()
        let vaults = status?["vaults"] as? [[String: Any]]
        return (status?["agent"] as? [String: Any])?["running"] as? Bool == true && vaults?.isEmpty == false
    }

    /// Asks again and again, for half a minute at most (the machine may be busy); a test fails with what it waited for.
    func wait(_ what: String, seconds: Double = 30, until condition: () throws -> Bool) throws {
        let end = Date().addingTimeInterval(seconds)
        while Date() < end {
            if try condition() { return }
            usleep(30_000)
        }
        Issue.record("waited \(seconds) s for \(what)")
        throw CancellationError()
    }

    var lastAgent: Process? { agents.last }

    // MARK: Questions

    /// What `list` says of each backup, without what may differ between two states that are both right.
    func rows(state: URL? = nil) throws -> Set<String> {
        let arguments = ["list", "--json", "--config", config.path, "--state-dir", (state ?? self.state).path]
        let outcome = try Self.launch([Self.binary.path] + arguments)
        let rows = try #require(try outcome.json()["backups"] as? [[String: Any]])
        let keys = ["id", "object", "series_key", "path", "time", "time_source", "kind", "size", "condition", "note"]
        return Set(rows.map { row in keys.map { "\(row[$0] ?? "-")" }.joined(separator: " | ") })
    }

    /// A state directory of its own: nothing is known there.
    func freshState() throws -> URL {
        let state = root.appending(path: "state-\(UInt64.random(in: 0 ... .max))", directoryHint: .isDirectory)
        _ = try rows(state: state)
        return state
    }

    /// The backups of `list … --json`.
    func list(_ arguments: String...) throws -> [[String: Any]] {
        let outcome = try run(["list"] + arguments + ["--json"])
        return try #require(try outcome.json()["backups"] as? [[String: Any]])
    }

    func backup(_ path: String, _ flags: String...) throws -> [String: Any]? {
        let outcome = try run(["list"] + flags + ["--json"])
        let all = try outcome.json()["backups"] as? [[String: Any]] ?? []
        return all.first { $0["path"] as? String == path }
    }

    /// Waits until all of the vault is complete, so that a plan can be made.
    func settle(thenPass seconds: Double = 1.1) throws {
        try wait("everything to settle") {
            let all = try list()
            if !all.isEmpty, all.allSatisfy({ $0["complete"] as? Bool == true }) { return true }
            try pass(1.1)
            return false
        }
        // min-age and min-observed-age of one second.
        try pass(seconds)
    }

    /// Plan and approval: what goes is in the trash when this returns.
    @discardableResult
    func cleanup() throws -> Outcome {
        try settle()
        try run("plan")
        let outcome = try run("cleanup", "--approve")
        #expect(outcome.status == 0, "\(outcome.out)\(outcome.error)")
        return outcome
    }

    func events() throws -> [[String: Any]] {
        let log = (try? String(contentsOf: state.appending(path: "audit.log"), encoding: .utf8)) ?? ""
        return try log.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }
}
