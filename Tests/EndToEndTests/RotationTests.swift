import Foundation
import Testing

/// Other programs at work in the vault at the very moment of a deed.
@Suite("others at work", .enabled(if: Tracing.isPossible, "strace is missing or may not trace here"))
struct RotationTests {
    @Test("names are rotated all the time while cleanups run: each object is whole in one place, and was judged")
    func rotation() throws {
        let seconds = CLIFixture.isLongForm ? 60.0 : 6
        let house = try CLIFixture(more: "    approval: never")
        let removed = house.root.appending(path: "removed").path
        try FileManager.default.createDirectory(atPath: removed, withIntermediateDirectories: true)
        let names = (1...6).map { CLIFixture.day(7 - $0) }.joined(separator: " ")
        // Dated names pass from one object to the next, as `daily.5` and `daily.6` do; what falls out is set aside.
        let script = """
            cd "$1"; n=0; names=(\(names)); mkdir -p app rs
            while :; do
                n=$((n + 1)); RANDOM=$n
                [ -e app/db-${names[5]}.sql ] && mv -T app/db-${names[5]}.sql "$2/file-$n"
                [ -e rs/daily.6 ] && mv -T rs/daily.6 "$2/daily-$n"
                for k in 4 3 2 1 0; do
                    [ -e app/db-${names[$k]}.sql ] && mv -nT app/db-${names[$k]}.sql app/db-${names[$((k + 1))]}.sql
                done
                for k in 5 4 3 2 1 0; do [ -e rs/daily.$k ] && mv -nT rs/daily.$k rs/daily.$((k + 1)); done
                echo "file $n" > app/.new && mv -nT app/.new app/db-${names[0]}.sql
                mkdir rs/.new && echo "daily $n" > rs/.new/data && mv -nT rs/.new rs/daily.0
                if [ $n -lt 7 ]; then continue; fi
                # Four times in quick succession; then long enough for something to be judged.
                if [ $((n % 5)) = 0 ]; then sleep 3.$((RANDOM % 10)); else sleep 0.1; fi
            done
            """
        let writer = Process()
        writer.executableURL = URL(filePath: "/bin/bash")
        writer.arguments = ["-c", script, "bash", house.vault.path, removed]
        writer.standardError = FileHandle.nullDevice
        try writer.run()
        defer {
            kill(writer.processIdentifier, SIGKILL)
            writer.waitUntilExit()
        }
        let end = Date().addingTimeInterval(seconds)
        var statuses: [Int32: Int] = [:]
        while Date() < end {
            let outcome = try house.run("cleanup")
            statuses[outcome.status, default: 0] += 1
            #expect([0, 1, 3, 4].contains(outcome.status), "\(outcome.status) \(outcome.said)")
            #expect(outcome.status != 1 || outcome.said.contains("does not exist") || outcome.said.contains("empty"))
        }
        kill(writer.processIdentifier, SIGSTOP)
        // What it made, in the order in which it did; the last one may not be whole.
        let all = [house.vault, URL(filePath: removed)].flatMap(ContentRecord.files(below:)).filter {
            $0.1.hasPrefix("file ") || $0.1.hasPrefix("daily ")
        }
        let count = all.compactMap { Int($0.1.dropFirst(5).trimmingCharacters(in: .whitespacesAndNewlines)) }.max() ?? 0
        for n in 1..<max(1, count - 1) {
            for kind in ["file", "daily"] {
                let found = all.filter { $0.1 == "\(kind) \(n)\n" }.map(\.0)
                #expect(found.count == 1, "\(kind) \(n) is at \(found)")
                #expect(kind == "file" || !found.contains { $0.hasPrefix(".trash/") }, "\(kind) \(n) was moved")
            }
        }
        kill(writer.processIdentifier, SIGCONT)
        let condemned = try house.expectJudged()
        print("rotation: \(count) rotations, cleanups \(statuses), \(condemned) condemned")
        #expect(count > 5 && condemned > 0)
    }

    // MARK: Writers

    /// Holds a file open in its own way, until it is ended.
    private static func hold(_ path: String, _ how: String) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        let script = """
            import mmap, os, sys
            fd = os.open(sys.argv[1], \(how == "append" ? "os.O_WRONLY | os.O_APPEND" : "os.O_RDWR"))
            if "\(how)" == "mmap": pages = mmap.mmap(fd, 0); os.close(fd)
            print("open", flush=True); sys.stdin.read()
            """
        process.arguments = ["-c", script, path]
        let said = Pipe()
        process.standardOutput = said
        process.standardInput = Pipe()
        try process.run()
        #expect(said.fileHandleForReading.availableData.count > 0)
        return process
    }

    @Test("a file that somebody holds open for writing is not condemned, and that is said")
    func writers() throws {
        let house = try CLIFixture()
        let ways = ["append", "descriptor", "mmap"]
        for way in ways { try house.dailies(3, series: "\(way)/db") }
        try house.settle()
        try house.run("plan")
        var writers: [Process] = []
        defer {
            for writer in writers {
                kill(writer.processIdentifier, SIGKILL)
                writer.waitUntilExit()
            }
        }
        func path(_ way: String) -> String { "\(way)/db-\(CLIFixture.day(1)).dump" }
        // Before the deed begins, and between the look and the rename.
        for isLate in [false, true] {
            func open() throws {
                for way in ways { writers.append(try Self.hold(house.vault.appending(path: path(way)).path, way)) }
            }
            let outcome: CLIFixture.Outcome
            if isLate {
                // The batch is made, its place for the first of them is not.
                let stopped = try StoppedCommand.when(house, ["cleanup", "--approve"], at: "mkdirat") {
                    house.batches().contains { house.exists(".trash/\($0)/files") }
                }
                #expect(stopped.isStopped && house.batches().count == 1)
                try open()
                outcome = try stopped.goOn()
                #expect(outcome.said.contains("being written"), "\(outcome.said)")
            } else {
                try open()
                outcome = try house.run("cleanup", "--approve")
            }
            #expect(outcome.status >= 0)
            for way in ways { #expect(house.exists(path(way)), "\(way), late \(isLate): \(outcome.said)") }
            for writer in writers {
                kill(writer.processIdentifier, SIGKILL)
                writer.waitUntilExit()
            }
            writers = []
            try house.settle()
            try house.run("plan")
        }
        #expect(try house.run("cleanup", "--approve").status == 0)
        for way in ways { #expect(!house.exists(path(way))) }
    }

    @Test("a file that is opened for writing right behind its rename is put back")
    func openedBehind() throws {
        let house = try CLIFixture()
        try house.dailies(3)
        try house.settle()
        try house.run("plan")
        let rename = Tracing.isWithoutNoReplace ? "renameat" : "renameat2"
        let name = "app/orders-\(CLIFixture.day(1)).dump"
        let stopped = try StoppedCommand.when(house, ["cleanup", "--approve"], at: rename) { !house.exists(name) }
        #expect(stopped.isStopped)
        let batch = try #require(house.batches().first)
        let moved = house.trash.appending(path: "\(batch)/files/\(name)").path
        #expect(FileManager.default.fileExists(atPath: moved))
        // Its lease stands: who does not wait is sent away, and the attempt is known.
        let fd = open(moved, O_WRONLY | O_NONBLOCK)
        #expect(fd < 0)
        let outcome = try stopped.goOn()
        #expect(outcome.said.contains("opened for writing"), "\(outcome.status) \(outcome.said)")
        #expect(house.exists(name) && !FileManager.default.fileExists(atPath: moved))
    }
}

extension CLIFixture {
    /// Every file in a batch is the object that its manifest names, and was to go; answers how many there are.
    func expectJudged() throws -> Int {
        var count = 0
        for batch in batches() {
            let text = try Data(contentsOf: trash.appending(path: batch + "/manifest.json"))
            let manifest = try #require(try JSONSerialization.jsonObject(with: text) as? [String: Any])
            for item in manifest["items"] as? [[String: Any]] ?? [] {
                #expect((item["decision"] as? [String: Any])?["retain"] as? Bool == false)
                for member in item["members"] as? [[String: Any]] ?? [] {
                    let path = try #require(member["path"] as? String)
                    var status = stat()
                    guard lstat(trash.appending(path: "\(batch)/files/\(path)").path, &status) == 0 else { continue }
                    count += 1
                    #expect(UInt64(status.st_ino) == (member["inode"] as? NSNumber)?.uint64Value, "\(batch): \(path)")
                }
            }
        }
        return count
    }
}
