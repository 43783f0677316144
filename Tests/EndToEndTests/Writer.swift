import Foundation
import Testing

/// A real tool that writes one backup of a series of its own, in a process group of its own.
///
/// The scripts find the source in `$SOURCE` (a file of a megabyte) and `$TREE` (a directory), the target in `$TARGET`;
/// `slowly` passes its input on in three parts, with pauses longer than the quiet period.
struct Writer: Sendable {
    enum Meddling: Sendable {
        case none
        /// Stopped twice for longer than the quiet period, once so many bytes are there; what it holds open stays open.
        case stopped(atBytes: Int)
        /// Killed once so many bytes are there.
        case killed(atBytes: Int)
    }

    enum End: Sendable {
        /// Complete in the end, and never before its content was final.
        case whole
        /// It lacks its end mark: never complete.
        case incomplete
        /// Cut off, and its format has no cheap end mark: it may become complete, and says so.
        case unmarked
    }

    var series: String
    var ending: String
    var script: String
    var meddling = Meddling.none
    var end = End.whole

    var path: String { "\(series)/orders-\(CLIFixture.day(9))\(ending)" }

    /// Starts it and, where it is to be meddled with, does so. Returns when it has ended.
    func run(into vault: URL, environment: [String: String]) throws {
        let target = vault.appending(path: path)
        try FileManager.default.createDirectory(
            at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["-euo", "pipefail", "-c", Self.slowly + script]
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }.merging(
            ["TARGET": target.path]
        ) { $1 }
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let group = process.processIdentifier
        switch meddling {
        case .none: break
        case .stopped(let bytes):
            try #require(getpgid(group) == group, "\(series) has no group of its own")
            for round in 1...2 {
                guard waitForBytes(bytes * round, at: target, of: process), kill(-group, SIGSTOP) == 0 else { break }
                usleep(Self.pause)
                kill(-group, SIGCONT)
            }
        case .killed(let bytes):
            try #require(getpgid(group) == group, "\(series) has no group of its own")
            if waitForBytes(bytes, at: target, of: process) { kill(-group, SIGKILL) }
        }
        process.waitUntilExit()
        if case .killed = meddling {
            #expect(process.terminationReason == .uncaughtSignal, "\(series) ended before it was killed")
        } else {
            #expect(process.terminationStatus == 0, "\(series) failed")
        }
    }

    /// Longer than the quiet period of two seconds, and its poll.
    private static let pause: UInt32 = 4_500_000

    private static let slowly = """
        slowly() { python3 -c '
        import sys, time
        data = sys.stdin.buffer.read(); third = len(data) // 3 + 1
        for at in range(0, len(data), third):
            if at: time.sleep(4.5)
            sys.stdout.buffer.write(data[at:at + third]); sys.stdout.flush()
        '; }

        """

    private func waitForBytes(_ count: Int, at target: URL, of process: Process) -> Bool {
        while process.isRunning {
            if Content.size(of: target) >= count { return true }
            usleep(500)
        }
        print("writers: \(series) was too quick to be stopped")
        return false
    }
}

/// What a backup holds: every file of it by its path.
enum Content {
    static func size(of url: URL) -> Int {
        files(url).reduce(0) { sum, file in
            var seen = stat()
            return stat(file.path, &seen) == 0 ? sum + Int(seen.st_size) : sum
        }
    }

    static func read(_ url: URL) -> [String: Data] {
        Dictionary(
            files(url).map { ($0.path, (try? Data(contentsOf: $0)) ?? Data("unreadable".utf8)) },
            uniquingKeysWith: { $1 })
    }

    private static func files(_ url: URL) -> [URL] {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) else { return [] }
        guard isDirectory.boolValue else { return [url] }
        let all = FileManager.default.enumerator(atPath: url.path)?.allObjects as? [String] ?? []
        return all.map { url.appending(path: $0) }.filter {
            var isDirectory: ObjCBool = false
            return FileManager.default.fileExists(atPath: $0.path, isDirectory: &isDirectory) && !isDirectory.boolValue
        }
    }
}
