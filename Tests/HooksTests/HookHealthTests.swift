import Audit
@testable import Config
import Disk
import Foundation
@testable import Hooks
import Model
@testable import State
import Support
import Testing
import Trash

@testable import Engine

@Suite("healthchecks is told of no success while something fails")
struct HookHealthTests {
    /// A vault with a backup a day of which one stays, and a second one that only the log knows.
    private final class Place {
        let scratch: Scratch
        let clock = TestClock()
        let engine: Engine
        let server: WebServer
        var vault: VaultConfiguration { engine.configuration.vaults[0] }

        init() throws {
            signal(SIGPIPE, SIG_IGN)
            scratch = try Scratch()
            clock.moment.wall = Disk.Clock.system.now().wall
            server = try WebServer(log: scratch.url.appending(path: "pings"), answer: "pass")
            try scratch.write("v/app/.keep")
            try scratch.write("w/.keep")
            try scratch.write(
                "reprieve.yaml",
                """
                timezone: UTC
                vaults:
                  v: { path: \(scratch.path.display)/v, keep: { last: 1 }, quiet-period: 1s, approval: never,
                       min-observed-age: 1s, grace-period: 1h, min-grace: 1s }
                  w: { path: \(scratch.path.display)/w, keep: all }
                hooks:
                  c: { healthchecks: "http://127.0.0.1:\(server.port)/p" }
                """)
            let configuration = try Configuration.load(
                Overrides(
                    config: scratch.path.appending("reprieve.yaml").display,
                    stateDirectory: scratch.path.appending("state").display, adHoc: nil, environment: [:]))
            var engine = Engine(
                configuration: configuration,
                state: try StateDirectory(configuration: configuration, clock: clock.clock, program: "test"))
            engine.context.waitSeconds = 0.05
            engine.context.hookSlots = HookSlots()
            self.engine = engine
            try engine.hooks.begin()
        }

        /// A day with a backup.
        func day() throws {
            clock.pass(seconds: 86_000)
            try scratch.write("v/app/db-\(clock.moment.wall.rfc3339(in: .utc).prefix(10)).dump", "content")
            clock.pass(seconds: 400)
        }

        func look() throws -> Snapshot { try engine.wholeScan.run(vault, acting: true) }

        /// Of another vault.
        func say(_ event: Event) throws {
            try engine.state.audit.append(
                [AuditRecord(event, run: 7, vault: "w", vaultID: VaultID(text: "0f"))], at: engine.now())
        }

        /// While somebody else has the vault's lock.
        func locked(_ body: () throws -> Void) throws {
            let lock = try #require(try engine.access.open(vault).trash()).lock(holder: "somebody", waitSeconds: 0)
            defer { withExtendedLifetime(lock) {} }
            try body()
        }

        /// The last ping, after all was told.
        func lastPing() throws -> (path: String, body: String) {
            #expect(try engine.hooks.deliver(engine.configuration.hooks[0]).failure == nil)
            let text = try String(contentsOf: scratch.url.appending(path: "pings"), encoding: .utf8)
            let line = try #require(text.split(separator: "\n").last).split(separator: " ", maxSplits: 1)
            return (String(line[0]), String(line[1]))
        }

        func completed() throws -> [String] {
            try String(contentsOf: scratch.url.appending(path: "state/audit.log"), encoding: .utf8)
                .split(separator: "\n").filter { $0.contains("\"event\":\"retention.completed\"") }.map(String.init)
        }
    }

    @Test("a cleanup that breaks off ends in the log, and until one has ended well no look is a success")
    func cleanup() throws {
        let place = try Place()
        try place.day()
        _ = try place.engine.cleanup.run(place.vault)
        try place.day()
        #expect(try place.engine.cleanup.run(place.vault).condemned.count == 1)
        #expect(try place.lastPing().path == "/p")
        try place.day()
        let snapshot = try place.look()
        try place.locked {
            #expect(throws: Fault.self) { try place.engine.cleanup.run(snapshot) }
        }
        #expect(try place.lastPing().path == "/p/fail")
        let end = try #require(try place.completed().last)
        #expect(end.contains("\"failed\":1") && end.contains("held by somebody"), "\(end)")
        _ = try place.look()
        let ping = try place.lastPing()
        #expect(ping.path == "/p/fail" && ping.body.hasPrefix("vault.indexed") && ping.body.contains("failing: v"))
        #expect(try place.engine.cleanup.run(place.vault).condemned.count == 1)
        #expect(try place.lastPing().path == "/p")
    }

    @Test("a purge that breaks off ends in the log, and until one has ended well no look is a success")
    func purge() throws {
        let place = try Place()
        for _ in 0..<2 {
            try place.day()
            _ = try place.engine.cleanup.run(place.vault)
        }
        try place.day()
        let snapshot = try place.look()
        #expect(try place.lastPing().path == "/p")
        try place.locked {
            #expect(throws: Fault.self) { try place.engine.purger.takeDue(snapshot) }
        }
        let end = try #require(try place.completed().last)
        #expect(end.contains("\"purged\":0,\"failed\":1") && end.contains("held by somebody"), "\(end)")
        _ = try place.look()
        #expect(try place.lastPing().path == "/p/fail")
        #expect(try place.engine.purger.purge(place.vault).purged.count == 1)
        #expect(try place.lastPing().path == "/p")
    }

    @Test("one check stands for all vaults of its hook; a failure with nothing left to do for it is over in two days")
    func several() throws {
        let place = try Place()
        try place.day()
        try place.say(.vaultOffline)
        _ = try place.look()
        #expect(try place.lastPing().path == "/p/fail")
        try place.say(.indexed(backups: 0, complete: 0, trashed: 0, unreadable: 0))
        #expect(try place.lastPing().path == "/p")
        try place.say(.purgingCompleted(purged: 0, failed: 1))
        try place.day()
        _ = try place.look()
        #expect(try place.lastPing().path == "/p/fail")
        try place.day()
        _ = try place.look()
        #expect(try place.lastPing().path == "/p")
    }
}
