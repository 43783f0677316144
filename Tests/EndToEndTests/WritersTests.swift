import Foundation
import Synchronization
import Testing

/// The real tools write into one vault while the real agent watches it.
@Suite("real writers", .serialized, .enabled(if: Servers.canRun, "see above"))
struct WritersTests {
    private static let files: [Writer] = [
        Writer(
            series: "tar", ending: ".tar",
            script: "tar -cf $TARGET --checkpoint=40 --checkpoint-action=sleep=4 -C $TREE ."),
        Writer(series: "tar-piped", ending: ".tar", script: "tar -cf - -C $TREE . | slowly > $TARGET"),
        Writer(series: "tar-xz", ending: ".tar.xz", script: "tar -cf - -C $TREE . | slowly | xz -0 > $TARGET"),
        Writer(series: "cp", ending: ".dump", script: "cp $SOURCE $TARGET"),
        Writer(series: "cp-piped", ending: ".dump", script: "slowly < $SOURCE | cp /dev/stdin $TARGET"),
        Writer(
            series: "dd", ending: ".dump",
            script: "slowly < $SOURCE | dd of=$TARGET bs=64k iflag=fullblock conv=fsync status=none"),
        Writer(series: "rsync", ending: ".dump", script: "rsync -a --bwlimit=250 $SOURCE $TARGET"),
        Writer(
            series: "rsync-delayed", ending: ".dump",
            script: "rsync -a --delay-updates --bwlimit=250 $SOURCE $TARGET"),
        Writer(
            series: "rsync-inplace", ending: ".dump", script: "rsync -a --inplace --bwlimit=250 $SOURCE $TARGET",
            meddling: .stopped(atBytes: 100_000)),
        Writer(
            series: "rclone", ending: ".dump", script: "rclone --config= copyto --bwlimit 250k $SOURCE $TARGET",
            meddling: .stopped(atBytes: 100_000)),
        // A writer that keeps no descriptor, only a mapping.
        Writer(
            series: "mmap", ending: ".img",
            script: """
                python3 -c '
                import mmap, os, sys, time
                fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT); os.ftruncate(fd, 1 << 20)
                pages = mmap.mmap(fd, 1 << 20); os.close(fd)
                for part in range(3): pages[part * 4096:part * 4096 + 7] = b"content"; time.sleep(4.5)
                pages[-1:] = b"!"; pages.close()
                ' $TARGET
                """),
        // A file that gets its name while it is written.
        Writer(
            series: "tmpfile", ending: ".img",
            script: """
                python3 -c '
                import os, sys, time
                place = os.path.dirname(sys.argv[1]); at = os.open(place, os.O_RDONLY)
                fd = os.open(place, os.O_TMPFILE | os.O_RDWR); os.write(fd, b"a beginning")
                os.link("/proc/self/fd/%d" % fd, sys.argv[1], src_dir_fd=at, follow_symlinks=True)
                for part in range(2): time.sleep(4.5); os.write(fd, b", and more")
                os.close(fd)
                ' $TARGET
                """),
        Writer(
            series: "tar-killed", ending: ".tar",
            script: "tar -cf $TARGET --checkpoint=40 --checkpoint-action=sleep=4 -C $TREE .",
            meddling: .killed(atBytes: 200_000), end: .incomplete),
        Writer(
            series: "gzip-killed", ending: ".tar.gz",
            script: "tar -czf $TARGET --checkpoint=40 --checkpoint-action=sleep=4 -C $TREE .",
            meddling: .killed(atBytes: 100_000), end: .unmarked),
    ]

    private static let databases: [Writer] = [
        Writer(
            series: "pg-plain", ending: ".sql", script: "pg_dump -f $TARGET shop",
            meddling: .stopped(atBytes: 500_000)),
        Writer(
            series: "pg-custom", ending: ".dump", script: "pg_dump -Fc -f $TARGET shop",
            meddling: .stopped(atBytes: 100_000)),
        Writer(series: "pg-tar", ending: ".tar", script: "pg_dump -Ft -f $TARGET shop"),
        Writer(
            series: "pg-directory", ending: "", script: "pg_dump -Fd -j2 -f $TARGET shop",
            meddling: .stopped(atBytes: 100_000)),
        // Ends with its manifest.
        Writer(
            series: "pg-base", ending: "", script: "pg_basebackup -Ft -X none -c fast -D $TARGET 2> /dev/null",
            meddling: .stopped(atBytes: 1_000_000)),
        Writer(series: "pg-all", ending: ".sql", script: "pg_dumpall -f $TARGET"),
        Writer(
            series: "pg-killed", ending: ".sql", script: "pg_dump -f $TARGET shop",
            meddling: .killed(atBytes: 500_000), end: .incomplete),
        Writer(
            series: "maria", ending: ".sql",
            script: "mariadb-dump --no-defaults -S $SOCKET -u root --result-file=$TARGET shop",
            meddling: .stopped(atBytes: 500_000)),
    ]

    @Test("whatever the tool: never complete too early, always complete in the end")
    func writers() throws {
        let house = try CLIFixture()
        let text = try String(contentsOf: house.config, encoding: .utf8)
        try house.write(house.config, text.replacingOccurrences(of: "quiet-period: 1s", with: "quiet-period: 2s"))
        let (source, tree) = try Self.makeSources(house)
        let (postgres, maria) = try Self.startServers()
        let environment = postgres.connection.merging(
            ["SOURCE": source.path, "TREE": tree.path, "SOCKET": maria.socket, "HOME": house.root.path]
        ) { $1 }
        // It shows a footer, and so one is demanded of today's.
        let yesterday = house.vault.appending(path: "pg-killed/orders-\(CLIFixture.day(8)).sql")
        try FileManager.default.createDirectory(
            at: yesterday.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Servers.run(["/usr/bin/pg_dump", "-f", yesterday.path, "shop"], environment: postgres.connection)

        try house.startAgent()
        try house.wait("yesterday's dump to be complete", seconds: 40) {
            try house.backup("pg-killed/orders-\(CLIFixture.day(8)).sql")?["complete"] as? Bool == true
        }
        let all = Self.files + Self.databases
        let watch = CompletenessWatch(house: house, paths: all.map(\.path))
        let vault = house.vault
        let ended = Mutex(0)
        let errors = Mutex<[String]>([])
        for writer in all {
            Thread.detachNewThread {
                do {
                    try writer.run(into: vault, environment: environment)
                } catch {
                    errors.withLock { $0.append("\(writer.series): \(error)") }
                }
                ended.withLock { $0 += 1 }
            }
        }
        let deadline = Date().addingTimeInterval(75)
        while ended.withLock({ $0 < all.count }), Date() < deadline { try watch.look() }
        #expect(errors.withLock { $0 } == [])
        #expect(ended.withLock { $0 } == all.count, "a writer did not end")
        // What must not become complete has as long as the last of the others, and two quiet periods more.
        let mustCome = Set(all.filter { $0.end == .whole }.map(\.path))
        while !mustCome.isSubset(of: watch.complete), Date() < deadline { try watch.look() }
        let rest = Date().addingTimeInterval(4.5)
        while Date() < rest { try watch.look() }
        for writer in all { check(writer, watch) }
        print("writers: looked \(watch.looks) times")
    }

    private func check(_ writer: Writer, _ watch: CompletenessWatch) {
        let path = writer.path
        let seen = watch.complete.contains(path)
        let condition = watch.last[path]?.condition
        let note = watch.last[path]?.note ?? ""
        switch writer.end {
        case .whole:
            #expect(seen, "\(path) did not become complete: \(condition ?? "not listed"), \(note)")
            #expect(watch.isFinal(path), "\(path) was called complete before its content was final")
        case .incomplete:
            #expect(!seen, "\(path) was cut off and called complete")
            // Plain SQL that lacks its last line and half its size is suspect: options may take the line away.
            #expect(["incomplete", "suspect"].contains(condition), "\(path): \(condition ?? "not listed"), \(note)")
        case .unmarked:
            #expect(watch.isFinal(path), "\(path) was called complete before its content was final")
            #expect(!seen || note.contains("no end mark"), "\(path): \(note)")
        }
        #expect(watch.unfinished.contains(path) || writer.series == "cp", "\(path) was never seen unfinished")
    }

    /// A file of a megabyte and a directory of two that no compression makes smaller.
    private static func makeSources(_ house: CLIFixture) throws -> (file: URL, tree: URL) {
        let tree = house.root.appending(path: "tree", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: tree, withIntermediateDirectories: true)
        let noise = Data((0..<131_072).flatMap { _ in withUnsafeBytes(of: UInt64.random(in: 0 ... .max), Array.init) })
        let file = house.root.appending(path: "source")
        for url in [file, tree.appending(path: "a")] { try noise.write(to: url) }
        return (file, tree)
    }

    private static func startServers() throws -> (PostgresServer, MariaServer) {
        let maria = Mutex<Result<MariaServer, any Error>?>(nil)
        let postgres = Mutex<Result<PostgresServer, any Error>?>(nil)
        DispatchQueue.concurrentPerform(iterations: 2) { index in
            if index == 0 {
                let result = Result { try PostgresServer() }
                postgres.withLock { $0 = result }
            } else {
                let result = Result { try MariaServer() }
                maria.withLock { $0 = result }
            }
        }
        return (
            try #require(postgres.withLock { $0 }).get(), try #require(maria.withLock { $0 }).get()
        )
    }
}

/// What `list` says of each backup while it is written, and what was in it when it was first called complete.
private final class CompletenessWatch {
    private let house: CLIFixture
    private let paths: Set<String>
    private var atFirstComplete: [String: [String: Data]] = [:]
    private(set) var unfinished: Set<String> = []
    private(set) var last: [String: (condition: String, note: String)] = [:]
    private(set) var looks = 0
    var complete: Set<String> { Set(atFirstComplete.keys) }

    init(house: CLIFixture, paths: [String]) {
        self.house = house
        self.paths = Set(paths)
    }

    func look() throws {
        looks += 1
        for backup in try house.list() {
            guard let path = backup["path"] as? String, paths.contains(path) else { continue }
            last[path] = (backup["condition"] as? String ?? "", backup["note"] as? String ?? "")
            if backup["complete"] as? Bool != true {
                unfinished.insert(path)
            } else if atFirstComplete[path] == nil {
                atFirstComplete[path] = Content.read(house.vault.appending(path: path))
            }
        }
    }

    /// Whether what is there now was there already when it was first called complete.
    func isFinal(_ path: String) -> Bool {
        guard let then = atFirstComplete[path] else { return true }
        return then == Content.read(house.vault.appending(path: path))
    }
}
