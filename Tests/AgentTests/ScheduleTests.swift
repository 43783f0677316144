@testable import Config
import Engine
import Foundation
import Model
import Support
import Testing

@testable import Agent

@Suite("when the agent cleans up")
struct ScheduleTests {
    private func state(_ schedule: String) throws -> VaultState {
        let scratch = try Scratch()
        try scratch.write(
            "reprieve.yaml",
            "vaults: { a: { path: /srv/a, keep: all, schedule: \"\(schedule)\", cleanup-every: 30min } }")
        let configuration = try Configuration.load(
            Overrides(
                config: scratch.url.appending(path: "reprieve.yaml").path, stateDirectory: "/tmp/reprieve-none",
                adHoc: nil,
                environment: [:]))
        return VaultState(try #require(configuration.vaults.first))
    }

    private func moment(_ wall: String, boot: Int64 = 10_000) throws -> Moment {
        Moment(wall: try #require(Timestamp(rfc3339: wall)), boot: boot * VaultState.second, bootID: "b")
    }

    @Test(
        "a daily time is the next one on the zone's clocks, also where they change",
        arguments: [
            ("2026-11-23T02:00:00Z", "2026-11-23T03:15:00Z"), ("2026-11-23T03:15:00Z", "2026-11-24T03:15:00Z"),
            ("2026-03-28T12:00:00Z", "2026-03-29T02:15:00Z"), ("2026-10-24T12:00:00Z", "2026-10-25T03:15:00Z"),
        ])
    func daily(now: String, next: String) throws {
        var state = try state("04:15")
        let now = try moment(now)
        state.cleanup.setNext(after: now.wall, zone: try #require(Zone(name: "Europe/Berlin")))
        #expect(state.cleanup.nextScheduled == Timestamp(rfc3339: next))
        #expect(!state.cleanup.isDue(at: now))
        #expect(state.cleanup.isDue(at: try moment(next)))
    }

    @Test("after a backup became complete, and at most once in cleanup-every")
    func afterBackup() throws {
        var state = try state("after-backup")
        let now = try moment("2026-11-23T02:00:00Z")
        #expect(state.cleanup.isDue(at: now))
        state.cleanup.isWaiting = false
        state.cleanup.last = now.boot
        #expect(!state.cleanup.isDue(at: try moment("2026-11-23T05:00:00Z", boot: 20_000)))
        state.cleanup.isWaiting = true
        #expect(!state.cleanup.isDue(at: try moment("2026-11-23T02:29:00Z", boot: 10_000 + 29 * 60)))
        #expect(state.cleanup.isDue(at: try moment("2026-11-23T02:30:00Z", boot: 10_000 + 30 * 60)))
        #expect(state.cleanup.next(at: now) == now.boot + 1800 * VaultState.second)
    }

    @Test("hourly by the boot clock, whatever the wall clock does; by hand never")
    func hourlyAndManual() throws {
        var hourly = try state("hourly")
        let now = try moment("2026-11-23T02:00:00Z")
        #expect(hourly.cleanup.isDue(at: now))
        hourly.cleanup.last = now.boot
        #expect(!hourly.cleanup.isDue(at: try moment("2036-11-23T02:00:00Z", boot: 10_000 + 3599)))
        #expect(hourly.cleanup.isDue(at: try moment("2016-11-23T02:00:00Z", boot: 10_000 + 3600)))
        let manual = try state("manual")
        #expect(!manual.cleanup.isDue(at: now) && manual.cleanup.next(at: now) == nil)
    }
}
