import Foundation
import Synchronization
import Testing

/// Twenty command lines and an agent on one vault, while a writer adds backups, somebody kills and stops them, the disk
/// fills and empties, and every fourth has another clock. Then what must hold is looked at, on the disk itself.
@Suite("twenty clients", .serialized, .enabled(if: Disk.canMount, "needs root and loop devices"))
struct ClientsTests {
    @Test(
        "no backup is lost, and no command ends by a signal of its own", .timeLimit(.minutes(60)),
        arguments: [
            Disk.Kind.ext4, .xfs, .btrfs,
        ])
    func clients(_ kind: Disk.Kind) throws {
        let seed =
            ProcessInfo.processInfo.environment["REPRIEVE_TESTS_SEED"].flatMap { UInt64($0) } ?? .random(in: 0 ... .max)
        print("twenty clients on \(kind): REPRIEVE_TESTS_SEED=\(seed)")
        let crowd = try Crowd(kind, seed: seed)
        try crowd.run(seconds: CLIFixture.isLongForm ? 1200 : 60)
        print("twenty clients on \(kind): \(crowd.told)")
        try crowd.check()
    }
}

/// The vault, who works on it, and what is known of every backup that was written.
private final class Crowd: @unchecked Sendable {
    private struct Known {
        /// Written to its end.
        var files: [String] = []
        var ends: [Int32: Int] = [:]
        /// What was said by those that failed.
        var failures: [String: Int] = [:]
        /// What ended by a signal that nobody here sent, and what it was.
        var crashed: [String] = []
        var (killed, stopped, full, clocks) = (0, 0, 0, 0)
        var isFull = false
    }

    private static let series = ["app/orders", "app/users", "web/site", "db"]
    private static let kept = 3
    /// The first and the third of these are preserved before it begins, and nobody releases them.
    private static let sacred = ["app/orders", "db"].map { name($0, 0) }

    private let disk: Disk
    private let house: CLIFixture
    private let seed: UInt64
    private let known = Mutex(Known())
    private let preload: String?

    init(_ kind: Disk.Kind, seed: UInt64) throws {
        self.seed = seed
        disk = try Disk(kind, megabytes: kind == .xfs ? 320 : kind == .btrfs ? 192 : 64)
        house = try CLIFixture(
            keep: "{ last: \(Self.kept) }", grace: "5s", more: "    safeguards: { clock: until-unfrozen }",
            vault: disk.root.appending(path: "vault", directoryHint: .isDirectory))
        let state = disk.root.appending(path: "state", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: state, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: house.root.appending(path: "state").path, withDestinationPath: state.path)
        preload = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"]
            .map { $0 + "/faketime/libfaketimeMT.so.1" }.first { FileManager.default.fileExists(atPath: $0) }
        for n in 0..<6 { for series in Self.series { try write(Self.name(series, n)) } }
        try house.settle()
        for name in Self.sacred {
            #expect(try house.run("preserve", name, "--reason", "for ever").status == 0)
        }
        try house.run("plan")
        #expect(try house.run("cleanup", "--approve").status == 0)
    }

    var told: String {
        known.withLock {
            "\($0.files.count) backups, \($0.killed) kills, \($0.stopped) stops, \($0.full) full disks, "
                + "\($0.clocks) other clocks; ends: "
                + $0.ends.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
                + $0.failures.sorted { $0.value > $1.value }.prefix(8).map { "\n  \($0.value) x \($0.key)" }.joined()
        }
    }

    // MARK: Backups

    /// An hour apart, the newest of them weeks old: the time of none is in the future for a clock that goes a little
    /// wrong.
    private static func name(_ series: String, _ n: Int) -> String {
        let time = Date(timeIntervalSince1970: 1_700_000_000 + Double(n) * 3600)
        return "\(series)-\(time.formatted(.iso8601.dateTimeSeparator(.standard).timeSeparator(.omitted))).dump"
    }

    private static func content(_ name: String) -> Data {
        let line = Data((name + "\n").utf8)
        return (0..<(200 + name.utf8.reduce(0) { $0 &* 31 &+ Int($1) } & 0x3FF)).reduce(into: Data()) { all, _ in
            all += line
        }
    }

    private func write(_ name: String) throws {
        let url = house.vault.appending(path: name)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        let part = url.deletingLastPathComponent().appending(path: "." + url.lastPathComponent + ".part")
        do {
            // Not Foundation's: after a short write, as on a disk that is nearly full, it goes on with the first byte.
            let file = open(part.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
            defer { close(file) }
            var rest = Self.content(name)[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
                guard count > 0 else { throw CocoaError(.fileWriteOutOfSpace) }
                rest = rest.dropFirst(count)
            }
            // Not before it is on the disk: btrfs finds out later than at the write that there is no room.
            guard fsync(file) == 0, rename(part.path, url.path) == 0 else { throw CocoaError(.fileWriteOutOfSpace) }
            known.withLock { $0.files.append(name) }
        } catch {
            try? FileManager.default.removeItem(at: part)
            guard known.withLock({ $0.full > 0 }) else { throw error }
        }
    }

    // MARK: The crowd

    func run(seconds: Double) throws {
        let end = Date().addingTimeInterval(seconds)
        let group = DispatchGroup()
        func start(_ body: @escaping @Sendable () -> Void) {
            group.enter()
            let thread = Thread {
                body()
                group.leave()
            }
            thread.stackSize = 1 << 20
            thread.start()
        }
        for n in 0..<20 {
            let first = SeededGenerator(state: seed &+ UInt64(n))
            start { [self] in
                var random = first
                while Date() < end { command(Self.command(&random, known.withLock(\.files)), &random, end) }
            }
        }
        start { [self] in
            var random = SeededGenerator(state: seed &+ 100)
            // An agent is killed as often as any; one is always started again.
            while Date() < end {
                command(
                    ["agent"], &random, min(end, Date().addingTimeInterval(.random(in: 3...12, using: &random))),
                    kills: 100)
            }
        }
        start { [self] in
            var n = 6
            while Date() < end {
                usleep(400_000)
                for series in Self.series { try? write(Self.name(series, n)) }
                n += 1
            }
        }
        start { [self] in
            while Date() < end {
                usleep(4_000_000)
                fill()
            }
        }
        #expect(group.wait(timeout: .now() + seconds + 120) == .success, "somebody hangs")
    }

    /// To the last byte, for half a second.
    private func fill() {
        let path = disk.root.appending(path: "filler").path
        let fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard fd >= 0 else { return }
        known.withLock { $0.full += 1 }
        for size in [1 << 20, 4096, 1] {
            let piece = [UInt8](repeating: 0x5A, count: size)
            var n = 0
            while Foundation.write(fd, piece, size) > 0, n < 2000 { n += 1 }
        }
        fsync(fd)
        usleep(500_000)
        close(fd)
        #expect(unlink(path) == 0)
    }

    private static func command(_ random: inout SeededGenerator, _ files: [String]) -> [String] {
        let any = files.randomElement(using: &random) ?? ""
        // What a person says goes: never of the newest, or the newest would not be what the policy keeps.
        let old =
            files.dropLast(series.count * (kept + 3)).filter { !sacred.contains($0) }.randomElement(using: &random)
            ?? any
        let some = series.randomElement(using: &random)! + "-*.dump"
        switch Int.random(in: 0..<24, using: &random) {
        case 0: return ["list"]
        case 1: return ["list", "--trash"]
        case 2: return ["status"]
        case 3, 4: return ["plan"]
        case 5, 6, 7: return ["cleanup", "--approve"]
        case 8: return ["cleanup"]
        case 9, 10: return ["purge"]
        case 11: return ["agent", "--once"]
        case 12, 13: return ["restore", any]
        case 14: return ["undo", "--last"]
        case 15: return ["preserve", old, "--reason", "by one of twenty"]
        case 16: return ["release", old]
        case 17: return ["freeze", some, "--reason", "by one of twenty"]
        case 18: return ["unfreeze", "--all"]
        case 19: return ["unfreeze", some]
        case 20: return ["condemn", old, "--reason", "by one of twenty"]
        case 21: return ["explain", any]
        case 22: return ["audit", "verify"]
        default: return ["doctor", "--repair"]
        }
    }

    /// Runs it; perhaps it is killed or stopped on the way, perhaps it has another clock. The agent ends at `end`.
    private func command(_ arguments: [String], _ random: inout SeededGenerator, _ end: Date, kills: Int = 12) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/nice")
        var own = ["--config", house.config.path, "--state-dir", house.state.path]
        if arguments[0] == "doctor" { own += ["--search-root", house.root.appending(path: "host").path] }
        process.arguments = ["-n", "10", CLIFixture.binary.path] + arguments + own
        let chance = Int.random(in: 0..<100, using: &random)
        if let preload, Int.random(in: 0..<4, using: &random) == 0 {
            process.environment = ProcessInfo.processInfo.environment.merging([
                "LD_PRELOAD": preload, "FAKETIME": ["-3h", "+2h", "-40d", "+40d"].randomElement(using: &random)!,
                "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            ]) { $1 }
            known.withLock { $0.clocks += 1 }
        }
        (process.standardInput, process.standardOutput) = (FileHandle.nullDevice, FileHandle.nullDevice)
        let said = house.root.appending(path: "said-\(UInt64.random(in: 0 ... .max))")
        _ = FileManager.default.createFile(atPath: said.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: said) }
        process.standardError = try? FileHandle(forWritingTo: said)
        guard (try? process.run()) != nil else { return }
        let id = process.processIdentifier
        var isOurs = false
        func send(_ signal: Int32) {
            if process.isRunning { kill(id, signal) }
        }
        if arguments == ["agent"] {
            while process.isRunning, Date() < end { usleep(50_000) }
            isOurs = true
            send(SIGKILL)
        } else if chance < kills {
            usleep(.random(in: 0..<400_000, using: &random))
            isOurs = true
            send(SIGKILL)
        } else if chance < kills + 10 {
            usleep(.random(in: 0..<200_000, using: &random))
            send(SIGSTOP)
            usleep(.random(in: 0..<800_000, using: &random))
            send(SIGCONT)
        }
        process.waitUntilExit()
        // A killed process leaves what libfaketime made for it.
        for left in ["faketime_shm_", "sem.faketime_sem_"] { unlink("/dev/shm/\(left)\(id)") }
        known.withLock {
            $0.killed += isOurs ? 1 : 0
            $0.stopped += chance >= kills && chance < kills + 10 ? 1 : 0
            if process.terminationReason == .exit {
                $0.ends[process.terminationStatus, default: 0] += 1
                if process.terminationStatus == 1, let text = try? String(contentsOf: said, encoding: .utf8) {
                    let words = text.split { $0.isWhitespace }.prefix(24).joined(separator: " ")
                    $0.failures[arguments[0] + ": " + words, default: 0] += 1
                }
            } else if !isOurs {
                $0.crashed.append("\(arguments.joined(separator: " ")): signal \(process.terminationStatus)")
            }
        }
    }

    // MARK: What must hold

    func check() throws {
        let known = known.withLock { $0 }
        #expect(known.crashed.isEmpty, "\(known.crashed.prefix(5))")
        #expect(Set(known.ends.keys).isSubset(of: [0, 1, 3, 4, 5, 11]), "\(told)")
        #expect(known.killed > 10 && known.full > 3 && (preload == nil || known.clocks > 10), "\(told)")
        // Whoever comes next makes all of it whole.
        let once = try house.run("agent", "--once")
        #expect([0, 3, 4].contains(once.status), "\(once.status): \(once.out)\(once.error)")
        for command in [["list"], ["status"], ["plan"], ["audit", "verify"]] {
            let outcome = try house.run(command)
            #expect([0, 3, 4].contains(outcome.status), "\(command): \(outcome.status) \(outcome.out)\(outcome.error)")
        }
        let purged = Set(
            try house.events().filter { $0["event"] as? String == "purge.intent" }.compactMap { $0["path"] as? String })
        let trashed = try inTrash()
        var lost: [String] = []
        for name in known.files {
            let place = house.vault.appending(path: name)
            if FileManager.default.fileExists(atPath: place.path) {
                let (found, own) = (try Data(contentsOf: place), Self.content(name))
                let at = zip(found, own).enumerated().first { $0.element.0 != $0.element.1 }?.offset
                let what = "\(found.count) of \(own.count) bytes, other from \(at ?? -1) on"
                #expect(found == own, "'\(name)' has another content: \(what)")
                #expect(trashed[name] == nil, "'\(name)' is in two places")
            } else if let copy = trashed[name] {
                #expect(try Data(contentsOf: copy) == Self.content(name), "'\(name)' has another content in the trash")
            } else if !purged.contains(name) {
                lost.append(name)
            }
        }
        #expect(lost.isEmpty, "\(lost.count) lost: \(lost.prefix(5))")
        for series in Self.series {
            // Never older than the newest three, from when they were written: the policy keeps them.
            for name in known.files.filter({ $0.hasPrefix(series + "-") }).suffix(Self.kept) {
                #expect(house.exists(name), "'\(name)' is among the newest of its series, and is gone")
            }
        }
        for name in Self.sacred { #expect(house.exists(name), "'\(name)' was preserved, and is gone") }
    }

    private func inTrash() throws -> [String: URL] {
        var found: [String: URL] = [:]
        for batch in house.batches() {
            let files = house.vault.appending(path: ".trash/\(batch)/files")
            for case let name as String in FileManager.default.enumerator(atPath: files.path) ?? .init() {
                var isDirectory: ObjCBool = false
                let file = files.appending(path: name)
                guard FileManager.default.fileExists(atPath: file.path, isDirectory: &isDirectory),
                    !isDirectory.boolValue
                else { continue }
                #expect(found[name] == nil, "'\(name)' is in two batches")
                found[name] = file
            }
        }
        return found
    }
}
