@testable import Config
import Disk
import Engine
import Foundation
import Model
@testable import State
import Support
import Testing

@Suite("the clock's brake")
struct ClockGuardTests {
    /// Two vaults with six backups each, and a clock of the test's own.
    struct Place {
        let scratch: Scratch
        let clock = TestClock()
        let engine: Engine
        var vault: VaultConfiguration { engine.configuration.vaults[0] }

        init(more: String = "", grace: String = "14d") throws {
            scratch = try Scratch()
            clock.moment.wall = Disk.Clock.system.now().wall
            for name in ["one", "two"] {
                for day in 1...6 {
                    let date = clock.moment.wall.adding(seconds: Int64(-86_400 * (6 - day))).rfc3339(in: .utc).prefix(
                        10)
                    try scratch.write("\(name)/app/db-\(date).dump", "x")
                }
            }
            let settings =
                "keep: { last: 2 }, min-age: 1s, min-observed-age: 1s, approval: never, grace-period: \(grace)"
            try scratch.write(
                "reprieve.yaml",
                """
                timezone: UTC
                vaults:
                  one: { path: \(scratch.path.display)/one, \(settings) \(more) }
                  two: { path: \(scratch.path.display)/two, \(settings) \(more) }
                """)
            let overrides = Overrides(
                config: scratch.path.appending("reprieve.yaml").display,
                stateDirectory: scratch.path.appending("state").display, adHoc: nil, environment: [:])
            let configuration = try Configuration.load(overrides)
            engine = Engine(
                configuration: configuration,
                state: try StateDirectory(configuration: configuration, clock: clock.clock, program: "test"))
            clock.pass(seconds: 400)
        }

        func cleanup(_ n: Int = 0) throws -> CleanupReport { try engine.cleanup.run(engine.configuration.vaults[n]) }

        /// Of each vault's freezes the causes, as `status` sees them.
        func causes() -> [[String?]] {
            engine.vaultViews.views(of: engine.configuration.vaults).map { $0.freezes.map(\.cause) }
        }

        func records(_ event: String) throws -> Int {
            let log = try String(contentsOf: scratch.url.appending(path: "state/audit.log"), encoding: .utf8)
            return log.split(separator: "\n").count { $0.contains("\"event\":\"\(event)\"") }
        }
    }

    @Test("a jump freezes every vault, and ends by itself when a time service vouches for the clock")
    func jump() throws {
        let place = try Place()
        #expect(try place.cleanup(1).frozen == nil)
        _ = try place.engine.wholeScan.run(place.vault, acting: true)
        place.clock.moment.wall = place.clock.moment.wall.adding(seconds: 3650 * 86_400)
        #expect(place.causes() == [["clock"], ["clock"]], "whoever looks sees it at once")
        for _ in 1...3 {
            let report = try place.cleanup()
            #expect(report.status == .held && report.condemned.isEmpty)
            #expect(try place.engine.purger.purge(place.engine.configuration.vaults[1]).purged.isEmpty)
        }
        #expect(try place.records("vault.frozen") == 2, "one of each vault, once")
        place.clock.isSynchronised = true
        #expect(place.causes() == [[], []])
        _ = try place.cleanup()
        #expect(try place.records("vault.unfrozen") == 1)
    }

    @Test("set right again it ends by itself; a person may lift it for one vault alone")
    func ends() throws {
        let place = try Place()
        for n in 0...1 { _ = try place.cleanup(n) }
        place.clock.moment.wall = place.clock.moment.wall.adding(seconds: -40 * 86_400)
        for n in 0...1 { #expect(try place.cleanup(n).plan.frozen?.cause == "clock") }
        #expect(try place.engine.personMarks.apply(.unfreeze(series: []), in: place.vault) == 1)
        #expect(place.causes() == [[], ["clock"]])
        place.clock.moment.wall = place.clock.moment.wall.adding(seconds: 40 * 86_400)
        #expect(place.causes() == [["clock"], []], "what the person called right has jumped")
    }

    @Test("a person's freeze and the clock's stand beside each other")
    func beside() throws {
        let place = try Place()
        _ = try place.cleanup()
        try place.engine.personMarks.apply(.freeze(series: [], reason: "stop", until: nil), in: place.vault)
        place.clock.moment.wall = place.clock.moment.wall.adding(seconds: 90 * 86_400)
        #expect(place.causes()[0] == ["person", "clock"])
        _ = try place.cleanup()
        place.clock.isSynchronised = true
        _ = try place.cleanup()
        #expect(place.causes()[0] == ["person"], "the clock's end is not the person's")
    }

    @Test("a board without a battery: frozen while it believes in 1970, unsaid for ten minutes, never for ever")
    func deadBattery() throws {
        let place = try Place()
        _ = try place.cleanup()
        let now = place.clock.moment.wall
        for boot in 1...3 {
            place.clock.reboot(afterSeconds: -place.clock.moment.wall.seconds + 20, up: 20)
            place.clock.isSynchronised = false
            #expect(try place.cleanup().status == .held)
            // NTP answers.
            place.clock.pass(seconds: 60)
            place.clock.moment.wall = now.adding(seconds: Int64(boot) * 86_400)
            place.clock.isSynchronised = true
            #expect(try place.cleanup().frozen == nil, "boot \(boot)")
        }
        #expect(try place.records("vault.frozen") == 0, "no alert at each boot")
        place.clock.reboot(afterSeconds: -place.clock.moment.wall.seconds + 20, up: 3600)
        place.clock.isSynchronised = false
        #expect(try place.cleanup().status == .held)
        #expect(try place.records("vault.frozen") == 1, "it does not answer for an hour: somebody should know")
    }

    @Test("off for six weeks; until-unfrozen waits for a person; off never freezes")
    func configured() throws {
        for (more, synchronised, isFrozen) in [
            ("", true, false), ("", Bool?.none, true), (", safeguards: { clock: until-unfrozen }", true, true),
            (", safeguards: { clock: off }", nil, false),
        ] {
            let place = try Place(more: more)
            _ = try place.cleanup()
            place.clock.isSynchronised = synchronised
            place.clock.reboot(afterSeconds: 42 * 86_400)
            #expect((try place.cleanup().plan.frozen != nil) == isFrozen, "\(more) \(String(describing: synchronised))")
        }
    }

    @Test("daily cron without an agent, a reboot each third day: what is due is purged on its day")
    func cron() throws {
        let place = try Place(grace: "5d")
        #expect(try place.cleanup().condemned.count == 2, "max-condemned lets two go")
        var purgedOn: Int?
        for day in 1...7 where purgedOn == nil {
            if day.isMultiple(of: 3) {
                place.clock.reboot(afterSeconds: 86_400)
            } else {
                place.clock.pass(seconds: 86_400)
            }
            // As every command does when it starts.
            try place.engine.state.renewWitness()
            let report = try place.engine.purger.purge(place.vault)
            #expect(report.frozen == nil)
            if report.purged.count == 2 { purgedOn = day }
        }
        #expect(purgedOn == 5)
    }

    @Test("a file FREEZE beside the configuration freezes every vault, and removing it ends that")
    func file() throws {
        let place = try Place()
        try place.scratch.write("FREEZE")
        #expect(place.causes() == [["person"], ["person"]])
        #expect(try place.cleanup().status == .held)
        #expect(throws: Fault.self) { try place.engine.personMarks.apply(.unfreeze(series: []), in: place.vault) }
        try FileManager.default.removeItem(at: place.scratch.url.appending(path: "FREEZE"))
        #expect(place.causes() == [[], []])
    }
}

extension CleanupReport {
    fileprivate var frozen: Mark? { plan.frozen }
}
