import Foundation
import Testing

/// The audit log under many processes, and as a person reads it.
@Suite("the audit log from outside")
struct AuditLogTests {
    private static let writer = CLIFixture.binary.deletingLastPathComponent().appending(path: "bench-evidence")
    private static let processes = 8
    private static let records = CLIFixture.isLongForm ? 10_000 : 600
    private static let segment = CLIFixture.isLongForm ? 1 << 20 : 100_000

    private final class Appending {
        let process = Process()
        let name: String
        let out: URL

        init(_ name: String, in directory: URL, records: Int, batch: Int) throws {
            self.name = name
            out = directory.appending(path: "out-\(name)")
            _ = FileManager.default.createFile(atPath: out.path, contents: nil)
            process.executableURL = AuditLogTests.writer
            process.arguments = [
                "append", directory.path, name, String(records), String(batch), String(AuditLogTests.segment),
            ]
            process.standardOutput = try FileHandle(forWritingTo: out)
            try process.run()
        }

        /// How many it was told are on stable storage.
        func acknowledged() throws -> Int {
            try String(contentsOf: out, encoding: .utf8).split(separator: "\n").compactMap { Int($0) }.last ?? 0
        }
    }

    private func directory() throws -> URL {
        let url = FileManager.default.temporaryDirectory.appending(
            path: "reprieve-audit-\(UInt64.random(in: 0 ... .max))", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return url
    }

    /// All records in the order of the parts' names, by nothing but zcat and cat.
    private func whole(_ directory: URL) throws -> [Substring] {
        let parts =
            "cd '\(directory.path)'; for p in audit.log.*; do case $p in *.new) ;; *.gz) zcat $p;; *) [ -e $p.gz ] || cat $p;; esac; done; cat audit.log"
        return try CLIFixture.launch(["/bin/sh", "-c", parts]).out.split(separator: "\n")
    }

    private func verify(_ directory: URL) throws -> (records: Int, problems: Int, out: String) {
        let outcome = try CLIFixture.launch([Self.writer.path, "verify", directory.path])
        let words = outcome.out.split(separator: "\n").first?.split(separator: "\t").compactMap { Int($0) } ?? []
        try #require(words.count >= 2, "\(outcome.out)\(outcome.error)")
        return (words[0], words[1], outcome.out)
    }

    @Test("eight processes append through rotations: the chain verifies, nothing is lost")
    func together() throws {
        let directory = try directory()
        defer { try? FileManager.default.removeItem(at: directory) }
        let all = try (0..<Self.processes).map {
            try Appending("p\($0)", in: directory, records: Self.records, batch: CLIFixture.isLongForm ? 50 : 20)
        }
        for one in all { one.process.waitUntilExit() }
        for one in all {
            let acknowledged = try one.acknowledged()
            #expect(one.process.terminationStatus == 0 && acknowledged == Self.records)
        }
        let (records, problems, out) = try verify(directory)
        #expect(records == Self.processes * Self.records && problems == 0, "\(out)")
        let lines = try whole(directory)
        #expect(lines.count == Self.processes * Self.records)
        let paths = Set(lines.compactMap { $0.split(separator: "\"path\":\"").last?.split(separator: "\"").first })
        #expect(paths.count == Self.processes * Self.records)
        let parts = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(parts.count { $0.hasPrefix("audit.log.") } >= 3)
    }

    @Test("processes killed at any moment, in rotations too: what was acknowledged is there, and the chain is whole")
    func killed() throws {
        let directory = try directory()
        defer { try? FileManager.default.removeItem(at: directory) }
        var acknowledged: [String: Int] = [:]
        for round in 0..<(CLIFixture.isLongForm ? 60 : 6) {
            let all = try (0..<3).map {
                try Appending("r\(round)p\($0)", in: directory, records: 100_000, batch: 25)
            }
            usleep(UInt32.random(in: 100_000...700_000))
            for one in all { kill(one.process.processIdentifier, SIGKILL) }
            for one in all {
                one.process.waitUntilExit()
                acknowledged[one.name] = try one.acknowledged()
            }
            // A line torn off by the kill is mended by whoever appends next.
            let last = try Appending("l\(round)", in: directory, records: 200, batch: 25)
            last.process.waitUntilExit()
            acknowledged["l\(round)"] = 200
            #expect(try last.acknowledged() == 200)
            let (_, problems, out) = try verify(directory)
            #expect(problems == 0, "round \(round): \(out)")
        }
        let lines = try whole(directory)
        var there: [Substring: Int] = [:]
        for line in lines {
            guard let path = line.split(separator: "\"path\":\"postgres/app-").last else { continue }
            there[path.split(separator: "-")[0], default: 0] += 1
        }
        for (name, count) in acknowledged { #expect(there[Substring(name), default: 0] >= count, "\(name)") }
        #expect(acknowledged.values.reduce(0, +) > 1000)
    }

    @Test("tail: by vault, series, id, path, event and time, and the last of all")
    func tail() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.dailies(4, series: "web/site")
        try house.cleanup()
        func lines(_ words: String...) throws -> [[String: Any]] {
            let outcome = try house.run(["audit", "tail", "--json", "-n", "500"] + words)
            return try outcome.out.split(separator: "\n").map {
                try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
        }
        let condemned = try lines("--event", "backup.condemned")
        #expect(condemned.count == 4 && condemned.allSatisfy { $0["event"] as? String == "backup.condemned" })
        #expect(try lines("--event", "backup.con").count == 4)
        #expect(try lines("--event", "*.condemned").count == 4)
        #expect(try lines("--event", "*.intent").allSatisfy { ($0["event"] as? String)?.hasSuffix(".intent") == true })
        #expect(try lines("dumps").count > 4)
        #expect(try lines("app/orders", "--event", "backup.condemned").count == 2)
        #expect(try lines("site", "--event", "backup.condemned").count == 2)
        #expect(try lines("web/site", "--event", "backup.condemned").count == 2)
        let id = try #require(condemned[0]["backup"] as? String)
        #expect(try lines(String(id.prefix(6))).contains { $0["event"] as? String == "backup.condemned" })
        let name = "orders-\(CLIFixture.day(1)).dump"
        let named = try lines(name)
        #expect(named.allSatisfy { $0["path"] as? String == "app/\(name)" } && !named.isEmpty)
        #expect(try !lines("--since", "1h").isEmpty)
        #expect(try house.run("audit", "tail", "--since", "2099-01-01").status == 5)
        #expect(try house.run("audit", "tail", "-n", "2").out.split(separator: "\n  ").count <= 4)
        let actor = try #require(condemned[0]["actor"] as? [String: Any])
        #expect(actor.keys.contains("loginuid"))
    }

    @Test("sudo's user stands beside the login's")
    func sudo() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.settle()
        _ = try house.run(["plan"])
        _ = try house.run(["cleanup", "--approve"], environment: ["SUDO_USER": "ada \"x\""])
        let lines = try house.run("audit", "tail", "--json", "--event", "condemn.intent").out.split(separator: "\n")
        let line = try #require(lines.last)
        let record = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        let actor = try #require(record["actor"] as? [String: Any])
        if getuid() == 0 { #expect(actor["sudo_user"] as? String == "ada \"x\"") }
        #expect(try house.run("audit", "tail", "--event", "condemn.intent").out.contains("by root for ada"))
    }

    @Test("tail -f goes on through a rename and a new log, as tail -F does")
    func follows() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.settle()
        let log = house.state.appending(path: "audit.log")
        let outputs = ["ours", "theirs"].map { house.root.appending(path: $0) }
        for output in outputs { _ = FileManager.default.createFile(atPath: output.path, contents: nil) }
        let commands = [
            [
                CLIFixture.binary.path, "audit", "tail", "-f", "--json", "-n", "0", "--config", house.config.path,
                "--state-dir", house.state.path,
            ], ["/usr/bin/tail", "-n", "0", "-F", log.path],
        ]
        let followers = try zip(commands, outputs).map { command, output in
            let process = Process()
            process.executableURL = URL(filePath: command[0])
            process.arguments = Array(command.dropFirst())
            process.standardOutput = try FileHandle(forWritingTo: output)
            process.standardError = FileHandle.nullDevice
            try process.run()
            return process
        }
        defer { for follower in followers { kill(follower.processIdentifier, SIGKILL) } }
        func text(_ n: Int) -> String { (try? String(contentsOf: outputs[n], encoding: .utf8)) ?? "" }
        // Both are there when they tell of something.
        try house.wait("both to follow") {
            try house.run("preserve", "orders-\(CLIFixture.day(4)).dump", "--reason", "begin")
            return text(0).contains("begin") && text(1).contains("begin")
        }
        for round in 1...2 {
            try house.run("preserve", "orders-\(CLIFixture.day(4)).dump", "--reason", "before \(round)")
            rename(log.path, log.path + ".\(round)")
            try house.run("preserve", "orders-\(CLIFixture.day(4)).dump", "--reason", "after \(round)")
            try house.wait("both to tell of what came behind the rename") {
                ["before \(round)", "after \(round)"].allSatisfy { text(0).contains($0) && text(1).contains($0) }
            }
        }
        #expect(try house.run("audit", "verify").out.contains("in 3 files, chain intact"))
    }

    @Test("verify names each break with file and line, and the last record's hash to compare with syslog")
    func verify() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.cleanup()
        let log = house.state.appending(path: "audit.log")
        let good = try house.run("audit", "verify")
        let lines = try String(contentsOf: log, encoding: .utf8).split(separator: "\n")
        let last = try #require(lines.last?.suffix(66).prefix(64))
        #expect(good.status == 0 && good.out.contains("chain intact"))
        #expect(good.out.contains("last record \(lines.count), hash \(last)"))
        try Data((lines[..<2] + lines[3...]).joined(separator: "\n").appending("\n").utf8).write(to: log)
        let bad = try house.run("audit", "verify")
        #expect(bad.status == 1)
        #expect(bad.out.contains("\(log.path):3: comes after record 2: record 3 is gone"))
        #expect(try house.run("audit", "verify", "--help").out.contains("tamper-evident, not tamper-proof"))
        let json = try house.run("audit", "verify", "--json").json()
        #expect(json["intact"] as? Bool == false && json["last"] as? Int == lines.count)
    }

    @Test("with the log dropped, what was purged is never missing: the catalog knows, and without it gone is unknown")
    func dropped() throws {
        let house = try CLIFixture(grace: "1s")
        try house.dailies(6)
        try house.cleanup()
        try house.run("preserve", "orders-\(CLIFixture.day(1)).dump", "--reason", "stays in its batch")
        try house.wait("the others to be purged") {
            try house.run("purge")
            return try house.run("audit", "tail", "--json", "--event", "backup.deleted").out.split(separator: "\n")
                .count == 3
        }
        #expect(house.batches().count == 1)
        for _ in 1...2 {
            for name in try FileManager.default.contentsOfDirectory(atPath: house.state.path)
            where name.hasPrefix("audit") {
                try FileManager.default.removeItem(at: house.state.appending(path: name))
            }
            for command in [["status"], ["purge"], ["cleanup"], ["doctor", "--repair"]] { _ = try house.run(command) }
            #expect(try !house.run("status").out.contains("FROZEN"))
            #expect(try house.run("audit", "tail", "--event", "backup.missing").status == 5)
            #expect(house.batches().count == 1)
            try house.loseCatalog()
        }
    }

    @Test("at each stop of the agent syslog has the last record's hash", .enabled(if: Disk.canMount))
    func syslog() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        let (socket, device) = (house.root.appending(path: "log.sock"), house.root.appending(path: "dev"))
        try FileManager.default.createDirectory(at: device, withIntermediateDirectories: false)
        let received = house.root.appending(path: "received")
        let listener = Process()
        listener.executableURL = URL(filePath: "/usr/bin/env")
        listener.arguments = [
            "perl", "-MSocket", "-e",
            "socket(S, AF_UNIX, SOCK_DGRAM, 0); bind(S, sockaddr_un($ARGV[0])) or die; open(O, '>', $ARGV[1]); O->autoflush(1); while (recv(S, $m, 4096, 0) || length $m) { print O \"$m\\n\" }",
            socket.path, received.path,
        ]
        try listener.run()
        defer { kill(listener.processIdentifier, SIGKILL) }
        try house.wait("the listener") { FileManager.default.fileExists(atPath: received.path) }
        // A /dev of its own, with that socket in it.
        let script = """
            d=$1 s=$2; shift 2; mount -t tmpfs none "$d"
            for f in null zero urandom random; do : >"$d/$f"; mount --bind /dev/$f "$d/$f"; done
            : >"$d/log"; mount --bind "$s" "$d/log"; mount --rbind "$d" /dev; exec "$@"
            """
        let agent = try house.startAgent(
            under: ["/usr/bin/unshare", "-m", "/bin/sh", "-c", script, "sh", device.path, socket.path])
        kill(agent.processIdentifier, SIGTERM)
        agent.waitUntilExit()
        let said = try house.run("audit", "verify").out.split(separator: "\n").last?.replacing("last ", with: "")
        let head = try #require(said)
        try house.wait("the head in syslog") {
            try String(contentsOf: received, encoding: .utf8).contains("audit log head: \(head), '")
        }
    }
}
