import Foundation
import Testing

/// The agent as systemd runs it: what it is handed over, and what it tells.
@Suite("service")
struct ServiceTests {
    /// Listens where the service manager would, and writes down what it is told.
    private static let manager = """
        import os, socket, sys
        told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        told.bind(sys.argv[1])
        print("bound", flush=True)
        while True:
            print(told.recv(4096).decode().replace("\\n", " "), flush=True)
        """

    /// Listens, and becomes the agent, as after `reprieve.socket`.
    private static let activation = """
        import os, socket, sys
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        open(sys.argv[1], "w").write(str(listening.getsockname()[1]))
        os.dup2(listening.fileno(), 3)
        os.set_inheritable(3, True)
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="metrics")
        os.execv(sys.argv[2], sys.argv[2:])
        """

    @Test("ready, reloaded, alive and stopping are told; metrics come through a socket that was handed over")
    func managed() throws {
        let fixture = try CLIFixture()
        let text = try String(contentsOf: fixture.config, encoding: .utf8)
        try fixture.write(fixture.config, text + "\nmetrics: { every: 1s }\n")
        try fixture.dailies(3)
        let (socket, told) = (fixture.root.appending(path: "notify"), fixture.root.appending(path: "told"))
        _ = FileManager.default.createFile(atPath: told.path, contents: nil)
        let manager = Process()
        manager.executableURL = URL(filePath: "/usr/bin/python3")
        manager.arguments = ["-c", Self.manager, socket.path]
        manager.standardOutput = try FileHandle(forWritingTo: told)
        try manager.run()
        defer {
            kill(manager.processIdentifier, SIGKILL)
            manager.waitUntilExit()
        }
        func lines() -> [Substring] {
            ((try? String(contentsOf: told, encoding: .utf8)) ?? "").split(separator: "\n")
        }
        try fixture.wait("the manager to listen") { lines().contains("bound") }
        let port = fixture.root.appending(path: "port")
        let agent = try fixture.startAgent(
            under: ["/usr/bin/python3", "-c", Self.activation, port.path],
            environment: ["NOTIFY_SOCKET": socket.path, "WATCHDOG_USEC": "2000000"])
        #expect(lines().contains { $0.hasPrefix("READY=1 STATUS=watching 1 vault") }, "\(lines())")
        let address = "http://127.0.0.1:\(try String(contentsOf: port, encoding: .utf8))"
        func get(_ path: String, _ more: String...) throws -> String {
            try CLIFixture.launch(["/usr/bin/curl", "-s", "-m", "5", "-i"] + more + [address + path]).out
        }
        try fixture.wait("metrics") { try get("/metrics").contains("reprieve_backups") }
        #expect(try get("/metrics").hasPrefix("HTTP/1.1 200 OK"))
        #expect(try get("/metrics", "-I").hasSuffix("close\r\n\r\n"), "HEAD has no body")
        #expect(try get("/etc/passwd").hasPrefix("HTTP/1.1 404"))
        #expect(try get("/metrics", "-X", "POST").hasPrefix("HTTP/1.1 405"))
        #expect(try get("/", "-H", "X: " + String(repeating: "x", count: 20_000)).hasPrefix("HTTP/1.1 400"))
        try fixture.wait("three signs of life") { lines().filter { $0 == "WATCHDOG=1" }.count >= 3 }
        kill(agent.processIdentifier, SIGHUP)
        try fixture.wait("a reload, and ready again") {
            guard let at = lines().firstIndex(where: { $0.hasPrefix("RELOADING=1 MONOTONIC_USEC=") }) else {
                return false
            }
            return lines()[at...].contains { $0.hasPrefix("READY=1") }
        }
        kill(agent.processIdentifier, SIGTERM)
        agent.waitUntilExit()
        #expect(agent.terminationStatus == 0)
        try fixture.wait("that it stops") { lines().contains("STOPPING=1") }
    }

    /// As `reprieve-hook.socket` with `Accept=yes`: a process for each connection, which is its input and output.
    private static let outside = """
        import os, socket, subprocess, sys
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(sys.argv[1])
        listening.listen()
        open(sys.argv[1] + ".ready", "w").close()
        while True:
            connection = listening.accept()[0]
            subprocess.Popen(sys.argv[2:], stdin=connection, stdout=connection)
            connection.close()
        """

    @Test("in a sandbox without a network, hooks run outside of it, and nothing but hooks")
    func hooksOutside() throws {
        let fixture = try CLIFixture()
        let root = fixture.root
        let script = root.appending(path: "hook")
        try fixture.write(
            script, "#!/bin/sh\nread line\necho \"in $(readlink /proc/self/ns/net), told ${#line}\"\nexit ${1:-0}\n")
        #expect(chmod(script.path, 0o755) == 0)
        let text = try String(contentsOf: fixture.config, encoding: .utf8)
        try fixture.write(
            fixture.config,
            text + """

                hooks:
                  fine: { run: [ \(script.path) ], on: [ plan.held ] }
                  bad: { run: [ \(script.path), "7" ], on: [ plan.held ] }
                """)
        let socket = root.appending(path: "hook.socket")
        let manager = Process()
        manager.executableURL = URL(filePath: "/usr/bin/python3")
        manager.arguments =
            ["-c", Self.outside, socket.path, CLIFixture.binary.path, "hooks", "serve"]
            + ["--config", fixture.config.path, "--state-dir", fixture.state.path]
        try manager.run()
        defer {
            kill(manager.processIdentifier, SIGKILL)
            manager.waitUntilExit()
        }
        try fixture.wait("the socket") { FileManager.default.fileExists(atPath: socket.path + ".ready") }
        let here = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
        func test(_ name: String, _ environment: [String: String]) throws -> CLIFixture.Outcome {
            try fixture.run(["hooks", "test", name], under: ["/usr/bin/unshare", "-n"], environment: environment)
        }
        let inside = try test("fine", [:])
        #expect(inside.status == 0 && !inside.out.contains(here), "\(inside.out)\(inside.error)")
        let relayed = ["REPRIEVE_HOOK_SOCKET": socket.path]
        let fine = try test("fine", relayed)
        #expect(fine.status == 0 && fine.out.contains(here) && fine.out.contains("told"), "\(fine.out)\(fine.error)")
        let bad = try test("bad", relayed)
        #expect(bad.status == 1 && bad.out.contains("exit status 7"), "\(bad.out)\(bad.error)")
        let gone = try test("fine", ["REPRIEVE_HOOK_SOCKET": socket.path + ".not"])
        #expect(gone.status == 1 && gone.out.contains("reprieve-hook.socket"), "\(gone.out)\(gone.error)")
        // Whoever reaches the socket can run nothing but a hook.
        let victim = root.appending(path: "made").path
        let request = #"{"path":"/usr/bin/touch","arguments":["\#(victim)"],"environment":{},"limitSeconds":5}"#
        let foreign = try CLIFixture.launch([
            "/bin/sh", "-c", "echo '\(request)' | \(CLIFixture.binary.path) hooks relay \(socket.path)",
        ])
        #expect(foreign.status == 127 && foreign.out.contains("is not a hook"), "\(foreign.status) \(foreign.out)")
        #expect(!FileManager.default.fileExists(atPath: victim))
    }
}
