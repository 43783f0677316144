import Foundation
import Testing

/// Database servers of a test's own: a directory, a socket in it, no port. They end with the object, and with the test
/// process: a shell between them waits for its input to end.
enum Servers {
    /// In CI nothing of it may be missing.
    static let canRun: Bool = {
        if ProcessInfo.processInfo.environment["CI"] != nil { return true }
        let missing = tools.filter { !FileManager.default.isExecutableFile(atPath: $0) }
        if !missing.isEmpty { print("SKIPPED: real writers: missing \(missing)") }
        if geteuid() != 0 { print("SKIPPED: real writers: not root") }
        return geteuid() == 0 && missing.isEmpty
    }()

    private static let tools = [
        "/usr/bin/pg_dump", "/usr/bin/mariadb-dump", "/usr/bin/mariadb-install-db", "/usr/sbin/mariadbd",
        "/usr/bin/rsync", "/usr/bin/rclone", "/usr/bin/setpriv", "/usr/bin/python3",
    ]

    /// A socket's path has at most 107 bytes, and the server is another user than the test.
    static func directory(_ kind: String, owner: String) throws -> URL {
        let url = URL(
            filePath: "/tmp/reprieve-\(kind)-\(UInt64.random(in: 0 ... .max))", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        try run(["/bin/chown", owner, url.path])
        return url
    }

    static func run(_ command: [String], environment: [String: String] = [:]) throws {
        let outcome = try CLIFixture.launch(command, environment: environment)
        try #require(outcome.status == 0, "\(command): \(outcome.out)\(outcome.error)")
    }
}

/// A server process behind its shell. Only its owner, one at a time, touches it.
final class Server: @unchecked Sendable {
    private let process = Process()
    private let killSwitch = Pipe()

    init(_ command: [String], stop signal: String, log: URL) throws {
        process.executableURL = URL(filePath: "/bin/sh")
        let script = #""$@" & server=$!; cat > /dev/null; kill -\#(signal) $server; wait $server"#
        process.arguments = ["-c", script, "sh"] + command
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        let output = try FileHandle(forWritingTo: log)
        // No other child may hold it open.
        _ = fcntl(killSwitch.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        process.standardInput = killSwitch
        process.standardOutput = output
        process.standardError = output
        try process.run()
    }

    func waitUntilReady(_ probe: [String], log: URL) throws {
        let end = Date().addingTimeInterval(40)
        while try CLIFixture.launch(probe).status != 0 {
            let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
            try #require(Date() < end && process.isRunning, "the server did not start: \(text)")
            usleep(100_000)
        }
    }

    func stop() {
        try? killSwitch.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}

/// PostgreSQL with two databases, `shop` of some megabytes.
final class PostgresServer: Sendable {
    let directory: URL
    private let server: Server
    var connection: [String: String] { ["PGHOST": directory.path, "PGUSER": "postgres", "LC_ALL": "C"] }

    init() throws {
        let versions = try FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")
        let newest = try #require(versions.max { (Int($0) ?? 0) < (Int($1) ?? 0) })
        let tools = "/usr/lib/postgresql/\(newest)/bin"
        let asPostgres = ["/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]
        directory = try Servers.directory("pg", owner: "postgres")
        let data = directory.appending(path: "data").path
        let log = directory.appending(path: "log")
        try Servers.run(
            asPostgres + [tools + "/initdb", "-D", data, "-A", "trust", "-U", "postgres", "--no-sync", "--locale=C"])
        server = try Server(
            asPostgres + [
                tools + "/postgres", "-D", data, "-k", directory.path, "-c", "listen_addresses=", "-c", "fsync=off",
                "-c", "shared_buffers=16MB", "-c", "autovacuum=off",
            ], stop: "QUIT", log: log)
        let psql = ["/usr/bin/psql", "-h", directory.path, "-U", "postgres", "-qX", "-v", "ON_ERROR_STOP=1"]
        try server.waitUntilReady(psql + ["-c", "SELECT 1"], log: log)
        for name in ["shop", "tiny"] { try Servers.run(psql + ["-c", "CREATE DATABASE \(name)"]) }
        let rows = "SELECT i, md5(i::text) || md5((i * 7)::text) AS text FROM generate_series(1, 50000) AS i"
        try Servers.run(
            psql + ["-d", "shop", "-c", "CREATE TABLE orders AS \(rows)", "-c", "CREATE TABLE customers AS \(rows)"])
    }

    deinit {
        server.stop()
        try? FileManager.default.removeItem(at: directory)
    }
}

/// MariaDB with a table of some megabytes.
final class MariaServer: Sendable {
    let directory: URL
    private let server: Server
    var socket: String { directory.appending(path: "socket").path }

    init() throws {
        directory = try Servers.directory("maria", owner: "mysql")
        let data = directory.appending(path: "data").path
        let log = directory.appending(path: "log")
        try Servers.run([
            "/usr/bin/mariadb-install-db", "--no-defaults", "--user=mysql", "--datadir=\(data)", "--skip-test-db",
            "--auth-root-authentication-method=normal",
        ])
        let socket = directory.appending(path: "socket").path
        server = try Server(
            [
                "/usr/sbin/mariadbd", "--no-defaults", "--user=mysql", "--datadir=\(data)", "--socket=\(socket)",
                "--skip-networking", "--pid-file=\(directory.appending(path: "pid").path)",
                "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M", "--skip-log-bin",
            ], stop: "TERM", log: log)
        let client = ["/usr/bin/mariadb", "--no-defaults", "-S", socket, "-u", "root", "-e"]
        try server.waitUntilReady(client + ["SELECT 1"], log: log)
        try Servers.run(
            client + [
                "CREATE DATABASE shop; USE shop; CREATE TABLE orders AS "
                    + "SELECT seq, CONCAT(MD5(seq), MD5(seq * 7)) AS text FROM seq_1_to_50000"
            ])
    }

    deinit {
        server.stop()
        try? FileManager.default.removeItem(at: directory)
    }
}
