import Audit
@testable import Config
import Disk
import Engine
import Foundation
@testable import Hooks
import Model
@testable import State
import Support
import Testing

/// A state directory, hooks of a test's own and an audit log to follow.
final class HookPlace {
    let scratch: Scratch
    let engine: Engine

    /// `hooks`: the lines below `hooks:`, with `DIR` for the place itself.
    init(_ hooks: String, scripts: [String: String] = [:]) throws {
        signal(SIGPIPE, SIG_IGN)
        scratch = try Scratch()
        try scratch.write("vault/app/db-2026-11-01.dump")
        for (name, body) in scripts {
            let file = try scratch.write(name, "#!/bin/sh\n" + body + "\n")
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
        }
        engine = try Self.engine(scratch, hooks)
        try engine.hooks.begin()
    }

    static func engine(_ scratch: Scratch, _ hooks: String) throws -> Engine {
        let configuration = try load(hooks, scratch)
        var engine = Engine(
            configuration: configuration, state: try StateDirectory(configuration: configuration, program: "test"))
        // Other tests run in the same process.
        engine.context.hookSlots = HookSlots()
        return engine
    }

    static func load(_ hooks: String, _ scratch: Scratch) throws -> Configuration {
        let directory = scratch.path.display
        let lines = hooks.replacing("DIR", with: directory).split(separator: "\n").map { "  " + $0 }
        try scratch.write(
            "reprieve.yaml",
            "timezone: UTC\nvaults:\n  dumps: { path: \(directory)/vault, keep: { last: 1 } }\nhooks:\n"
                + lines.joined(separator: "\n") + "\n")
        return try Configuration.load(
            Overrides(
                config: directory + "/reprieve.yaml", stateDirectory: directory + "/state", adHoc: nil,
                environment: ["CREDENTIALS_DIRECTORY": directory + "/credentials"]))
    }

    func hook(_ name: String = "h") throws -> Hook {
        try #require(engine.configuration.hooks.first { $0.name == name })
    }

    /// So many records of something that happened.
    func happen(_ count: Int, reason: String = "why", vault: String = "dumps") throws {
        try engine.state.audit.append(
            (0..<count).map { _ in
                AuditRecord(.vaultUnfrozen(), vault: vault, vaultID: VaultID(text: "0f"), reason: reason)
            },
            at: engine.now())
    }

    func deliver(_ name: String = "h", seconds: Double = 10) throws -> HookDelivery {
        try engine.hooks.deliver(try hook(name), until: engine.now().boot + Int64(seconds * 1e9))
    }

    func text(_ name: String) -> String {
        (try? String(contentsOf: scratch.url.appending(path: name), encoding: .utf8)) ?? ""
    }

    func records(_ event: AuditEvent) throws -> [String] {
        text("state/audit.log").split(separator: "\n").map(String.init).filter {
            $0.contains("\"event\":\"\(event.rawValue)\"")
        }
    }

    /// The numbers of the records that stand in a file of JSON lines.
    func told(_ name: String = "told") throws -> [Int] {
        try text(name).split(separator: "\n").map { line in
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            return try #require((object["record"] as? [String: Any])?["seq"] as? Int)
        }
    }
}

/// A real HTTP server on the loopback interface, in Python; it ends with the test.
final class WebServer {
    private let process = Process()
    let port: Int

    /// `answer`: Python that sets `status` for request number `n` (from 1), and may wait. What came is written to
    /// `log`, a line each: path, then body.
    init(log: URL, answer: String, headers: [String: String] = [:]) throws {
        let fields = headers.map { "self.send_header('\($0.key)', '\($0.value)')" }.joined(separator: "; ")
        let script = """
            import http.server, sys, time
            n = 0
            class H(http.server.BaseHTTPRequestHandler):
                def do_POST(self):
                    global n
                    n += 1
                    body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                    status = 200
                    \(answer)
                    if status == 200:
                        with open("\(log.path)", "a") as f: f.write(self.path + " " + body.replace("\\n", " ") + "\\n")
                    self.send_response(status)
                    \(fields)
                    self.end_headers()
                def log_message(self, *a): pass
            s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), H)
            print(s.server_address[1], flush=True)
            s.serve_forever()
            """
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = ["-c", script]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let line = String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
        port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)), "the server did not start")
    }

    deinit {
        // SIGTERM may be blocked in what a thread of the test's pool starts.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}
