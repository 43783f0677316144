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
}
