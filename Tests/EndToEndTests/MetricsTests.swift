import Foundation
import Glibc
import Testing

/// What the agent tells Prometheus, by the real tools.
@Suite("metrics", .enabled(if: Prometheus.canRun, "prometheus is not installed"))
struct MetricsTests {
    private static let promtool = Prometheus.promtool

    private static let config = (0..<3).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent() }
        .appending(path: "config")

    private func ask(_ arguments: String...) throws -> String {
        try CLIFixture.launch(["/usr/bin/curl", "-s", "--max-time", "10"] + arguments).out
    }

    /// A port that nobody has now.
    private func port() throws -> Int {
        let fd = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(fd) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { plain in
                bind(fd, plain, length) == 0 ? getsockname(fd, plain, &length) : -1
            }
        }
        try #require(bound == 0)
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private func house(_ metrics: String) throws -> CLIFixture {
        let house = try CLIFixture()
        let text = try String(contentsOf: house.config, encoding: .utf8)
        try house.write(house.config, "metrics: \(metrics)\n" + text)
        try house.dailies(9)
        try house.put("a\"b\\c-\(CLIFixture.day(1)).tar")
        return house
    }

    private func value(_ text: String, _ sample: String) -> Int? {
        text.split(separator: "\n").first { $0.hasPrefix(sample + " ") }
            .flatMap { Int($0.dropFirst(sample.count + 1)) }
    }

    @Test("a port that another program has: said once, in status, --check and doctor, and over once it is free")
    func taken() throws {
        let port = try port()
        let holder = holding(port)
        let house = try house("{ listen: 127.0.0.1:\(port), every: 1s }")
        try house.startAgent()
        func log() throws -> Int {
            try String(contentsOf: house.root.appending(path: "agent.log"), encoding: .utf8)
                .components(separatedBy: "metrics cannot be served").count - 1
        }
        try house.wait("it to be reported") {
            try house.run("status", "--json").json()["late"].map { "\($0)".contains("metrics cannot be served") }
                == true
        }
        #expect(try house.run("status").said.contains("metrics cannot be served at 127.0.0.1:\(port)"))
        #expect(try house.run("status", "--check").out.contains("metrics cannot be served"))
        #expect(try house.run("doctor").said.contains("metrics cannot be served"))
        #expect(try log() == 1)
        close(holder)
        try house.wait("it to listen") { try !house.run("status").said.contains("metrics cannot be served") }
    }

    /// Listens there and answers nobody.
    private func holding(_ port: Int) -> Int32 {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        #expect(bound == 0 && listen(descriptor, 1) == 0)
        return descriptor
    }

    @Test("the agent answers GET /metrics and writes the text file; promtool finds nothing; totals outlive a restart")
    func agent() throws {
        let port = try port()
        let house = try house("{ listen: 127.0.0.1:\(port), textfile: /nonexistent, every: 1s }")
        let textfiles = house.root.appending(path: "textfiles")
        let text = try String(contentsOf: house.config, encoding: .utf8)
        try house.write(house.config, text.replacing("/nonexistent", with: textfiles.path))
        try FileManager.default.createDirectory(at: textfiles, withIntermediateDirectories: true)
        func scrape() throws -> String { try ask("http://127.0.0.1:\(port)/metrics") }
        func waitFor(_ sample: String, _ expected: Int) throws {
            try house.wait("\(sample) \(expected)") { value(try scrape(), sample) == expected }
        }
        let orders = #"{vault="dumps",series="app/orders-*.dump"}"#

        try house.startAgent()
        try waitFor(
            #"reprieve_backups{vault="dumps",series="app/orders-*.dump",state="present",condition="complete"}"#, 9)
        try waitFor(#"reprieve_held_plans{vault="dumps"}"#, 1)
        #expect(
            try scrape().contains(#"series="a\"b\\\\c-*.tar""#),
            "a backslash is a backslash twice: ours, and the format's")
        let header = try ask("-D", "-", "-o", "/dev/null", "http://127.0.0.1:\(port)/metrics")
        #expect(header.contains("200") && header.lowercased().contains("content-type: text/plain; version=0.0.4"))
        #expect(try ask("-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:\(port)/other") == "404")

        // What the command line does counts as well.
        try house.cleanup()
        try waitFor("reprieve_condemned_total\(orders)", 7)
        try waitFor(#"reprieve_held_plans{vault="dumps"}"#, 0)
        try waitFor(#"reprieve_vault_reconciled{vault="dumps"}"#, 1)
        let text1 = try scrape()
        // What is allocated may still be nothing: a small file that was just written is in memory only.
        #expect(value(text1, "reprieve_trash_bytes\(orders)") != nil)
        #expect(value(text1, "reprieve_inotify_watches") ?? 0 >= 2)
        #expect(text1.contains("reprieve_last_run_timestamp_seconds{vault=\"dumps\"} 1"))

        let file = house.root.appending(path: "scraped")
        try house.write(file, text1)
        let checked = try CLIFixture.launch(["/bin/sh", "-c", "\(Self.promtool) check metrics < '\(file.path)'"])
        #expect(checked.status == 0 && checked.error.isEmpty, "\(checked.out)\(checked.error)")
        let prom = textfiles.appending(path: "reprieve.prom")
        try house.wait("the text file") {
            try String(contentsOf: prom, encoding: .utf8).contains("reprieve_condemned_total\(orders) 7")
        }
        #expect(try FileManager.default.attributesOfItem(atPath: prom.path)[.posixPermissions] as? Int == 0o644)

        house.endAgents()
        try house.startAgent()
        try waitFor("reprieve_condemned_total\(orders)", 7)
        #expect(try house.run("restore", "app/orders").status == 0)
        try waitFor("reprieve_restored_total\(orders)", 1)
        try waitFor("reprieve_condemned_total\(orders)", 7)
    }

    @Test("a Unix socket that a killed agent left is taken over; what is no socket is left alone, and said")
    func socket() throws {
        let house = try house("{ listen: unix:SOCKET, every: 1s }")
        let path = "/tmp/reprieve-m-\(UInt32.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let text = try String(contentsOf: house.config, encoding: .utf8)
        try house.write(house.config, text.replacing("SOCKET", with: path))
        for _ in 1...2 {
            try house.startAgent()
            try house.wait("an answer on the socket") {
                try ask("--unix-socket", path, "http://x/metrics").contains("reprieve_build_info")
            }
            house.endAgents()  // SIGKILL: the socket stays
            #expect(FileManager.default.fileExists(atPath: path))
        }
        try FileManager.default.removeItem(atPath: path)
        try house.write(URL(filePath: path), "a file of somebody's")
        try house.startAgent()
        try house.wait("the agent to say it") {
            try String(contentsOf: house.root.appending(path: "agent.log"), encoding: .utf8).contains("is not a socket")
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "a file of somebody's")
        #expect(try house.run("status").status == 0, "all else goes on")
    }

    @Test("the alert rules are right, and fire when they should, and only then")
    func rules() throws {
        for arguments in [["check", "rules", "reprieve.rules.yml"], ["test", "rules", "reprieve.rules.test.yml"]] {
            let command = "cd '\(Self.config.path)/prometheus' && \(Self.promtool) \(arguments.joined(separator: " "))"
            let outcome = try CLIFixture.launch(["/bin/sh", "-c", command])
            #expect(outcome.status == 0, "\(outcome.out)\(outcome.error)")
        }
        let dashboard = try Data(contentsOf: Self.config.appending(path: "grafana/reprieve.json"))
        let json = try #require(try JSONSerialization.jsonObject(with: dashboard) as? [String: Any])
        #expect((json["panels"] as? [Any])?.count ?? 0 > 10)
    }

    @Test("a real Prometheus scrapes the agent, and the rules fire")
    func prometheus() throws {
        let (port, own) = (try port(), try port())
        let house = try house("{ listen: 127.0.0.1:\(port), every: 1s }")
        // The rules that ship, without their patience.
        let shipped = try String(
            contentsOf: Self.config.appending(path: "prometheus/reprieve.rules.yml"), encoding: .utf8)
        try house.write(
            house.root.appending(path: "rules.yml"), shipped.replacing(/for: [0-9]+[mhd]/, with: "for: 0s"))
        try house.write(
            house.root.appending(path: "prometheus.yml"),
            """
            global: { scrape_interval: 1s, evaluation_interval: 1s }
            rule_files: [rules.yml]
            scrape_configs:
              - job_name: reprieve
                static_configs: [{ targets: ["127.0.0.1:\(port)"] }]
            """)
        try house.startAgent()
        let log = house.root.appending(path: "prometheus.log")
        let server = try Server(
            [
                Prometheus.server, "--config.file=\(house.root.path)/prometheus.yml",
                "--storage.tsdb.path=\(house.root.path)/tsdb", "--web.listen-address=127.0.0.1:\(own)",
            ], stop: "KILL", log: log)
        defer { server.stop() }
        try server.waitUntilReady(["/usr/bin/curl", "-sf", "http://127.0.0.1:\(own)/-/ready"], log: log)
        func firing() throws -> Set<String> {
            let json = try JSONSerialization.jsonObject(
                with: Data(try ask("http://127.0.0.1:\(own)/api/v1/alerts").utf8))
            let alerts = ((json as? [String: Any])?["data"] as? [String: Any])?["alerts"] as? [[String: Any]] ?? []
            return Set(
                alerts.filter { $0["state"] as? String == "firing" }.compactMap {
                    ($0["labels"] as? [String: String])?["alertname"]
                })
        }
        try house.wait("the first plan to be held, and an alert for it", seconds: 60) {
            try firing().contains("ReprievePlanHeld")
        }
        try house.wait("nothing else", seconds: 60) { try firing() == ["ReprievePlanHeld"] }
        try house.run("freeze", "dumps", "--reason", "test")
        try house.wait("the freeze's alert", seconds: 60) { try firing().contains("ReprieveFrozen") }
        try house.run("unfreeze", "dumps")
        try house.cleanup()
        try house.wait("both to end", seconds: 60) { try firing().isEmpty }
        house.endAgents()
        try house.wait("its absence's alert", seconds: 60) { try firing().contains("ReprieveAbsent") }
    }
}

private enum Prometheus {
    static let promtool = "/usr/bin/promtool"
    static let server = "/usr/bin/prometheus"
    /// In CI it may not be missing.
    static let canRun =
        ProcessInfo.processInfo.environment["CI"] != nil
        || [promtool, server].allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }
}
