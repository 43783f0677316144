@testable import Config
import Disk
import Engine
import Foundation
import Model
import Retention
@testable import State
import Support
import Testing

@Suite("holds in time")
struct HoldEpisodeTests {
    /// A vault, a configuration and a clock of the test's own.
    private struct Place {
        let scratch: Scratch
        let clock = TestClock()
        let engine: Engine

        init(keep: String, more: String = "") throws {
            scratch = try Scratch()
            clock.moment = Disk.Clock.system.now()
            for day in 1...6 {
                try scratch.write("vault/app/db-\(Self.date(clock.moment.wall, daysAgo: 6 - day)).dump", "x")
            }
            try scratch.write(
                "reprieve.yaml",
                """
                timezone: UTC
                vaults:
                  dumps: { path: \(scratch.path.display)/vault, keep: \(keep), min-age: 1s, min-observed-age: 1s \(more) }
                """)
            engine = try Self.engine(scratch, clock)
            // All is older than five minutes.
            clock.pass(seconds: 400)
        }

        static func engine(_ scratch: Scratch, _ clock: TestClock) throws -> Engine {
            let overrides = Overrides(
                config: scratch.path.appending("reprieve.yaml").display,
                stateDirectory: scratch.path.appending("state").display, adHoc: nil, environment: [:])
            let configuration = try Configuration.load(overrides)
            return Engine(
                configuration: configuration,
                state: try StateDirectory(configuration: configuration, clock: clock.clock, program: "test"))
        }

        static func date(_ now: Timestamp, daysAgo: Int) -> String {
            String(now.adding(seconds: Int64(-86_400 * daysAgo)).rfc3339(in: .utc).prefix(10))
        }

        func cleanup() throws -> CleanupReport { try engine.cleanup.run(engine.configuration.vaults[0]) }

        /// The plan.held records: whether each is a reminder.
        func said() throws -> [Bool] {
            let log = try String(contentsOf: scratch.url.appending(path: "state/audit.log"), encoding: .utf8)
            return log.split(separator: "\n").filter { $0.contains("\"plan.held\"") }.map {
                $0.contains("\"reminder\":true")
            }
        }
    }

    @Test("a hold is said when it begins and weekly from then on, though each day's plan is another")
    func reminder() throws {
        let place = try Place(keep: "{ last: 2 }")
        #expect(try place.cleanup().status == .held)
        #expect(try place.said() == [false])
        for day in 1...20 {
            // Each day brings another backup, and so another list.
            place.clock.pass(seconds: 86_400)
            try place.scratch.write("vault/app/db-\(Place.date(place.clock.moment.wall, daysAgo: 0)).dump", "y")
            place.clock.pass(seconds: 400)
            #expect(try place.cleanup().status == .held, "day \(day)")
        }
        #expect(try place.said() == [false, true, true])
        // Approved, it is over; what is held later is another hold.
        _ = try place.engine.planner.plan(place.engine.configuration.vaults[0])
        let done = try place.engine.cleanup.run(place.engine.configuration.vaults[0], approve: .last)
        #expect(done.status == .done && done.condemned.count == 24)
        #expect(try place.cleanup().status == .done)
        #expect(try place.said().count == 3)
    }

    @Test("one run with the clock set back does not make everything look as if it had just arrived")
    func clockSetBack() throws {
        let place = try Place(keep: "{ last: 2 }", more: ", approval: never")
        _ = try place.cleanup()
        for day in 10...40 {
            try place.scratch.write("vault/app/db-\(Place.date(place.clock.moment.wall, daysAgo: day)).dump", "old")
        }
        place.clock.pass(seconds: 400)
        #expect(try place.engine.planner.plan(place.engine.configuration.vaults[0]).plan.hold?.code == "amount")
        let right = place.clock.moment.wall
        place.clock.moment.wall = right.adding(seconds: -400 * 86_400)
        #expect(try place.cleanup().condemned.isEmpty, "all is dated ahead, and set aside")
        place.clock.moment.wall = right.adding(seconds: 60)
        let report = try place.engine.planner.plan(place.engine.configuration.vaults[0])
        #expect(report.plan.hold?.code == "amount" && report.released.count < 12)
    }

    @Test("overrides of conf.d win over the vault's own lines, key by key; a wildcard's match can be named")
    func overrides() throws {
        let place = try Place(keep: "{ last: 2 }", more: ", grace-period: 3d")
        try place.scratch.write(
            "conf.d/90-retention-set.yaml",
            "overrides: { dumps: { keep: { daily: 5 }, safeguards: { min: 4 } } }\n")
        let vault = try Place.engine(place.scratch, place.clock).configuration.vaults[0]
        #expect(vault.keep.value.text == "daily 5" && vault.settings.minimum.value == 4)
        #expect(vault.settings.gracePeriod.value == Span(days: 3))
        #expect(vault.keep.origin?.file.hasSuffix("90-retention-set.yaml") == true)
        try place.scratch.write("conf.d/90-retention-set.yaml", "overrides: { dmps: { keep: { daily: 5 } } }\n")
        #expect(throws: Fault.self) { try Place.engine(place.scratch, place.clock) }
        try place.scratch.write(
            "reprieve.yaml",
            """
            vaults:
              hosts: { path: "\(place.scratch.path.display)/vault/*", keep: { last: 1 } }
            """)
        try place.scratch.write("conf.d/90-retention-set.yaml", "overrides: { hosts/app: { keep: { last: 9 } } }\n")
        let match = try Place.engine(place.scratch, place.clock).configuration.vaults[0]
        #expect(match.label == "hosts/app" && match.keep.value.text == "last 9")
        #expect(match.policy(zone: .utc).paths?.hasSuffix("/vault/*") == true)
    }
}
