@testable import Config
import Disk
import Engine
import Foundation
import Model
import Retention
@testable import State
import Support
import Testing
import Trash

@Suite("the brake for suspect backups")
struct SuspectGuardTests {
    /// A series of twelve, and each day another; cleanups by night.
    private struct Vault {
        let scratch: Scratch
        let clock = TestClock()
        let engine: Engine
        var vault: VaultConfiguration { engine.configuration.vaults[0] }

        init(more: String = "") throws {
            scratch = try Scratch()
            clock.moment.wall = Disk.Clock.system.now().wall
            try scratch.write(
                "reprieve.yaml",
                """
                timezone: UTC
                vaults:
                  v: { path: \(scratch.path.display)/v, keep: { last: 5 }, quiet-period: 1s, approval: never,
                       min-observed-age: 1s, grace-period: 3d \(more) }
                """)
            try scratch.write("v/app/.keep")
            let overrides = Overrides(
                config: scratch.path.appending("reprieve.yaml").display,
                stateDirectory: scratch.path.appending("state").display, adHoc: nil, environment: [:])
            let configuration = try Configuration.load(overrides)
            engine = Engine(
                configuration: configuration,
                state: try StateDirectory(configuration: configuration, clock: clock.clock, program: "test"))
        }

        /// A day: a backup of this size, a cleanup and a purge.
        @discardableResult
        mutating func day(_ size: Int) throws -> CleanupReport {
            clock.pass(seconds: 86_000)
            let date = clock.moment.wall.rfc3339(in: .utc).prefix(10)
            try scratch.write("v/app/db-\(date).dump", String(repeating: "x", count: size))
            clock.pass(seconds: 400)
            let report = try engine.cleanup.run(vault)
            _ = try engine.purger.purge(vault)
            return report
        }

        func view() -> VaultView { engine.vaultViews.views(of: engine.configuration.vaults)[0] }

        func sizes() -> [Int64] { view().present.sorted { $0.time < $1.time }.map(\.size) }

        func records(_ event: String, _ word: String = "") throws -> Int {
            let log = try String(contentsOf: scratch.url.appending(path: "state/audit.log"), encoding: .utf8)
            return log.split(separator: "\n").count { line in
                line.contains("\"event\":\"\(event)\"") && (word.isEmpty || line.contains(word))
            }
        }
    }

    @Test("tiny dumps day after day: the good ones stay, the series freezes, once; a good one ends it")
    func tiny() throws {
        var vault = try Vault()
        for _ in 1...14 { try vault.day(10_000) }
        let before = vault.sizes().count
        for day in 1...6 {
            let report = try vault.day(20)
            #expect(report.condemned.isEmpty, "day \(day)")
            #expect(vault.view().frozenSeries.isEmpty == (day < 3))
        }
        #expect(vault.sizes().filter { $0 == 10_000 }.count == before)
        #expect(try vault.records("anomaly.found") == 6 && vault.records("series.frozen") == 1)
        let causes = vault.view().frozenSeries.map(\.mark.cause)
        #expect(causes == ["suspect"])
        try vault.day(10_050)
        #expect(vault.view().frozenSeries.isEmpty)
        #expect(try vault.records("series.unfrozen") == 1)
        #expect(vault.sizes().filter { $0 == 20 }.count == 6, "they stay set aside")
    }

    @Test("a shrink to a tenth ends by itself after ten; the last one from before stays until it is accepted")
    func shrink() throws {
        var vault = try Vault()
        for n in 1...14 { try vault.day(10_000 + n) }
        for _ in 1...9 { #expect(try vault.day(1000).condemned.isEmpty) }
        #expect(vault.view().frozenSeries.count == 1)
        for _ in 1...8 { try vault.day(1000) }
        #expect(vault.view().frozenSeries.isEmpty)
        #expect(vault.view().protection.suspicion.suspects.isEmpty)
        let sizes = vault.sizes()
        #expect(sizes.filter { $0 > 5000 } == [10_014], "\(sizes)")
        #expect(sizes.filter { $0 < 5000 }.count >= 5)
        let series = vault.view().present[0].series
        let objects = Set(vault.view().present.map(\.id.object))
        try vault.engine.personMarks.apply(
            .acceptSeries(series, objects: objects, reason: "it was cleared out"), in: vault.vault)
        for _ in 1...3 { try vault.day(1000) }
        #expect(vault.sizes().allSatisfy { $0 == 1000 })
        #expect(try vault.records("series.frozen") == 1)
    }

    @Test("accept ends a freeze at once, unfreeze for the same run; reminders come weekly")
    func words() throws {
        var vault = try Vault()
        for _ in 1...12 { try vault.day(10_000) }
        for _ in 1...3 { try vault.day(30) }
        let series = try #require(vault.view().frozenSeries.first?.series)
        try vault.engine.personMarks.apply(.unfreeze(series: [series]), in: vault.vault)
        try vault.day(40)
        #expect(vault.view().frozenSeries.isEmpty, "who lifted it knows of this run")
        // Weeks without a backup, and cleanups by night.
        for _ in 1...15 {
            vault.clock.pass(seconds: 86_400)
            _ = try vault.engine.cleanup.run(vault.vault)
        }
        #expect(try vault.records("anomaly.found", "\"reminder\":true") == 2)
        let objects = Set(vault.view().present.map(\.id.object))
        try vault.engine.personMarks.apply(.acceptSeries(series, objects: objects, reason: "so it is"), in: vault.vault)
        #expect(vault.view().protection.suspicion.suspects.isEmpty)
        try vault.day(35)
        #expect(vault.view().protection.suspicion.suspects.isEmpty)
    }

    @Test("configured off it judges nothing")
    func off() throws {
        var vault = try Vault(more: ", safeguards: { set-aside-suspect: off }")
        for _ in 1...12 { try vault.day(10_000) }
        for _ in 1...4 { try vault.day(30) }
        #expect(vault.view().frozenSeries.isEmpty && vault.view().protection.suspicion.suspects.isEmpty)
        #expect(vault.sizes().count <= 6)
    }

    @Test("first bytes against the name: found by the look that reads the end marks anyway")
    func content() throws {
        let vault = try Vault()
        for n in 1...3 {
            let url = vault.scratch.url.appending(path: "v/app/web-2026-11-0\(n).tar.gz")
            let head: [UInt8] = n < 3 ? [0x1F, 0x8B] : [0x91, 0x3C]
            try Data(head + [UInt8](repeating: 0xA7, count: 2000)).write(to: url)
        }
        vault.clock.pass(seconds: 800)
        _ = try vault.engine.cleanup.run(vault.vault)
        let suspects = vault.view().protection.suspicion.suspects
        let backups = vault.view().present.filter { suspects[$0.id.object] != nil }
        #expect(backups.map(\.path) == ["app/web-2026-11-03.tar.gz"])
        #expect(suspects.values.first == "its first bytes are not what its name says")
    }

    @Test("a word about what was purged meanwhile is exit 5 and writes no mark; what was condemned meanwhile has it")
    func goneMeanwhile() throws {
        var vault = try Vault()
        for _ in 1...7 { try vault.day(1000) }
        let before = vault.view()
        let oldest = try #require(before.present.min { $0.time < $1.time })
        let trashed = try #require(before.trashed.min { $0.time < $1.time })
        try vault.day(1000)
        #expect(vault.view().trashed.contains { $0.id == oldest.id })
        #expect(try vault.engine.personMarks.apply(.preserve([oldest], reason: "r", until: nil), in: vault.vault) == 1)
        #expect(try vault.engine.personMarks.apply(.release([oldest]), in: vault.vault) == 1)

        func refused(_ word: PersonMarks.Word, of members: [Backup] = []) throws {
            let marks = vault.view().marks.all
            let fault = #expect(throws: Fault.self) {
                try vault.engine.personMarks.apply(word, of: members, in: vault.vault)
            }
            #expect(fault?.code.status == .notFound, "\(fault?.message ?? "")")
            #expect(vault.view().marks.all == marks)
        }
        let trash = vault.scratch.url.appending(path: "v/.trash").path
        try FileManager.default.removeItem(
            atPath: "\(trash)/\(try #require(trashed.trashed?.batch))/files/\(trashed.path.display)")
        for word: PersonMarks.Word in [
            .preserve([oldest, trashed], reason: "r", until: nil), .release([trashed]), .accept([trashed], reason: "r"),
        ] {
            try refused(word)
        }
        let (series, members) = (oldest.series, before.members(of: oldest.series))
        try vault.engine.personMarks.apply(
            .freeze(series: [series], reason: "r", until: nil), of: members, in: vault.vault)
        try vault.engine.personMarks.apply(.unfreeze(series: [series]), of: [trashed], in: vault.vault)
        try refused(.freeze(series: [series], reason: "r", until: nil), of: [trashed])
        try refused(.acceptSeries(series, objects: [trashed.id.object], reason: "r"), of: [trashed])
    }
}
