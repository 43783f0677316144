@testable import Config
import Engine
import Foundation
import Model
import Support
import Testing

@Suite("configuration of metrics")
struct MetricsConfigurationTests {
    private func load(_ metrics: String) throws -> Configuration {
        let scratch = try Scratch()
        try scratch.write("reprieve.yaml", "\(metrics)\nvaults: { a: { path: /srv/x, keep: all } }")
        return try Configuration.load(
            Overrides(
                config: scratch.url.appending(path: "reprieve.yaml").path, stateDirectory: "/tmp/reprieve-none",
                adHoc: nil, environment: [:]))
    }

    @Test(
        "no address that others reach is taken, and nothing inside a vault",
        arguments: [
            ("{ listen: 0.0.0.0:9941 }", "can be reached by others"),
            ("{ listen: 10.0.0.5:9941 }", "can be reached by"),
            ("{ listen: bak01:9941 }", "can be reached by others"), ("{ listen: \"[::]:9941\" }", "can be reached by"),
            ("{ listen: 9941 }", "is not a valid address"), ("{ listen: 127.0.0.1 }", "is not a valid address"),
            ("{ listen: 127.0.0.1:0 }", "is not a valid address"), ("{ listen: unix:metrics }", "not an absolute path"),
            ("{ listen: unix:/srv/x/socket }", "lies inside the vault 'a'"), ("{ textfile: /srv/x }", "lies inside"),
            ("{ textfile: prom }", "must be an absolute path"), ("{ lisen: 127.0.0.1:1 }", "unknown key 'lisen'"),
            ("{ every: 0s }", "not a valid length of time"), ("{ every: 2h }", "from 1s to 1h"),
        ])
    func refused(_ metrics: String, says: String) {
        do {
            _ = try load("metrics: \(metrics)")
            Issue.record("taken")
        } catch {
            let fault = error as? Fault
            #expect(fault?.code == .configuration && fault?.message.contains(says) == true, "\(error)")
            #expect(fault?.hint != nil)
        }
    }

    @Test("off unless somebody asks; what is taken")
    func taken() throws {
        let off = try load("timezone: UTC").metrics
        #expect(off.listen == nil && off.textfile == nil && off.every.value == Span(seconds: 15))
        let on = try load("metrics: { textfile: /var/lib/node//textfile, listen: 127.0.0.2:9941, every: 5s }").metrics
        #expect(on.textfile?.value == "/var/lib/node/textfile" && on.every.value == Span(seconds: 5))
        #expect(on.listen?.value == .loopback("127.0.0.2", port: 9941, isSix: false))
        let six = try load("metrics: { listen: \"[::1]:9941\" }").metrics.listen?.value
        #expect(six == .loopback("::1", port: 9941, isSix: true) && six?.text == "[::1]:9941")
        #expect(try load("metrics: { listen: unix:/run/x }").metrics.listen?.value == .unix("/run/x"))
    }
}
