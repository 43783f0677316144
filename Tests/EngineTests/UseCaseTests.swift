@testable import Config
import Disk
@testable import Engine
import Foundation
import Model
import Retention
@testable import State
import Support
import Testing
import Trash

/// Each use case without the command line, on the real disk, with a clock of the test's own.
@Suite("use cases")
struct UseCaseTests {
    /// Ten dailies of one series; a policy that keeps two.
    private struct Place {
        let scratch: Scratch
        let clock = TestClock()
        let engine: Engine
        var vault: VaultConfiguration { engine.configuration.vaults[0] }

        init(_ more: String = "", keep: String = "{ last: 2 }", days: Int = 10, size: Int = 10) throws {
            scratch = try Scratch()
            clock.moment.wall = Disk.Clock.system.now().wall
            for back in 0..<days {
                let date = clock.moment.wall.adding(seconds: Int64(-86_400 * (back + 1))).rfc3339(in: .utc).prefix(10)
                try scratch.write("v/app/db-\(date).dump", "backup \(back)" + String(repeating: ".", count: size))
            }
            try scratch.write("v/.keep")
            let engine = try Self.engine(scratch, clock, more, keep)
            self.engine = engine
            _ = try engine.wholeScan.run(engine.configuration.vaults[0], acting: true)
            clock.pass(seconds: 90_000)
        }

        static func engine(_ scratch: Scratch, _ clock: TestClock, _ more: String, _ keep: String) throws -> Engine {
            try scratch.write(
                "reprieve.yaml",
                """
                timezone: UTC
                vaults:
                  v: { path: \(scratch.path.display)/v, keep: \(keep), quiet-period: 1s, approval: never,
                       min-age: 1s, min-observed-age: 1s, grace-period: 3d, min-grace: 1h,
                       safeguards: { max-condemned: 100% } \(more) }
                """)
            let configuration = try Configuration.load(
                Overrides(
                    config: scratch.path.appending("reprieve.yaml").display,
                    stateDirectory: scratch.path.appending("state").display, adHoc: nil, environment: [:]))
            return Engine(
                configuration: configuration,
                state: try StateDirectory(configuration: configuration, clock: clock.clock, program: "test"))
        }

        @discardableResult
        func cleanup() throws -> CleanupReport { try engine.cleanup.run(vault) }

        func view() -> VaultView { engine.vaultViews.views(of: [vault])[0] }

        /// What is in the vault, oldest first.
        func present() -> [Backup] { view().present.sorted { $0.time < $1.time } }
        func trashed() -> [Backup] { view().trashed.sorted { $0.time < $1.time } }

        func events(_ name: String) throws -> Int {
            let log = try String(contentsOf: scratch.url.appending(path: "state/audit.log"), encoding: .utf8)
            return log.split(separator: "\n").count { $0.contains("\"event\":\"\(name)\"") }
        }
    }

    @Test("restore: it is in its place with its content, marked, and the next cleanup leaves it; twice is an error")
    func restore() throws {
        let place = try Place()
        #expect(try place.cleanup().condemned.count == 8)
        let oldest = try #require(place.trashed().first)
        let report = try place.engine.restorer.restore(place.vault, oldest)
        #expect(report.paths.map(\.lastComponent) == [oldest.path.lastComponent] && report.warnings.isEmpty)
        #expect(report.reprievedUntil == place.clock.moment.wall.adding(seconds: 3 * 86_400))
        let file = place.scratch.url.appending(path: "v/" + oldest.path.display)
        #expect(try String(contentsOf: file, encoding: .utf8) == "backup 9..........")
        #expect(try place.cleanup().condemned.isEmpty && place.present().count == 3)
        #expect(throws: Fault.self) { try place.engine.restorer.restore(place.vault, oldest) }
        #expect(try place.events("restore.intent") == 1 && place.events("backup.restored") == 1)
        place.clock.pass(seconds: 3 * 86_400 + 60)
        #expect(try place.cleanup().condemned.map(\.path) == [oldest.path], "its grace is over")
    }

    @Test("restore: a name that is taken is left as it is, and so is what is in the trash")
    func restoreTaken() throws {
        let place = try Place()
        try place.cleanup()
        let oldest = try #require(place.trashed().first)
        try place.scratch.write("v/" + oldest.path.display, "somebody's")
        #expect(throws: Fault.self) { try place.engine.restorer.restore(place.vault, oldest) }
        let file = place.scratch.url.appending(path: "v/" + oldest.path.display)
        #expect(try String(contentsOf: file, encoding: .utf8) == "somebody's")
        #expect(place.trashed().map(\.id).contains(oldest.id))
    }

    @Test("undo: all of a run is back, one mark for it, the vault frozen against the same policy alone")
    func undo() throws {
        let place = try Place()
        let run = try #require(try place.cleanup().run)
        let found = try #require(place.engine.undo.runs(in: [place.vault]).runs.first { $0.number == run })
        let report = try place.engine.undo.run(found.parts[0], reason: "a mistake")
        #expect(report.restored.count == 8 && report.failed.isEmpty && report.frozen != nil)
        #expect(place.present().count == 10 && place.trashed().isEmpty)
        #expect(place.view().marks.all.values.filter { $0.kind == .reprieved && !$0.released }.count == 1)
        place.clock.pass(seconds: 4 * 86_400)
        #expect(try place.cleanup().condemned.isEmpty, "the same policy takes nothing again")
        let other = try Place.engine(place.scratch, place.clock, "", "{ last: 3 }")
        #expect(try other.cleanup.run(other.configuration.vaults[0]).condemned.count == 7, "another policy does")
    }

    @Test("purge now: only what was named; the policy's, the preserved and a replaced one stay")
    func purgeNow() throws {
        let place = try Place()
        try place.cleanup()
        let trashed = place.trashed()
        try place.engine.personMarks.apply(
            .preserve([trashed[1]], reason: "x", until: nil), in: place.vault)
        let chosen = Array(trashed[0...2])
        let plan = try place.engine.purgeNow.plan(place.vault, chosen)
        #expect(Set(plan.purged.map(\.path)) == [trashed[0].path, trashed[2].path])
        let report = try place.engine.purgeNow.carryOut(place.vault, chosen)
        #expect(Set(report.purged.map(\.path)) == Set(plan.purged.map(\.path)))
        #expect(report.kept.map(\.backup.path) == [trashed[1].path])
        #expect(Set(place.trashed().map(\.path)) == Set(trashed.map(\.path)).subtracting(report.purged.map(\.path)))
        #expect(try place.events("purge.intent") == 2 && place.events("backup.deleted") == 2)
        #expect(place.present().count == 2)
    }

    @Test("early purge: the oldest first, only over min-grace, and no more than is needed")
    func earlyPurge() throws {
        let size = 200_000
        let place = try Place(size: size)
        #expect(try place.cleanup().condemned.count == 8)
        let trashed = place.trashed()
        let limit = Int64(6 * size + size / 2)
        let tight = try Place.engine(
            place.scratch, place.clock, ", limits: { min-free: off, max-size: \(limit / 1024)KiB }", "{ last: 2 }")
        let vault = tight.configuration.vaults[0]
        #expect(try tight.earlyPurge.run(vault).reports.flatMap(\.purged).isEmpty, "min-grace is not over")
        place.clock.pass(seconds: 3700)
        let purged = try tight.earlyPurge.run(vault).reports.flatMap(\.purged)
        #expect(purged.count == 4 && Set(purged.map(\.path)) == Set(trashed.prefix(4).map(\.path)))
        #expect(place.present().count == 2)
    }

    @Test("condemn by hand: any but the newest; what keeps it is refused; its purge needs no policy's word")
    func condemn() throws {
        let place = try Place(keep: "all")
        let present = place.present()
        let newest = try #require(present.last)
        #expect(throws: Fault.self) {
            try place.engine.manualCondemn.condemn(place.vault, [newest], reason: "x")
        }
        try place.engine.personMarks.apply(.preserve([present[3]], reason: "x", until: nil), in: place.vault)
        #expect(throws: Fault.self) {
            try place.engine.manualCondemn.condemn(place.vault, [present[3]], reason: "x")
        }
        #expect(place.present().count == 10)
        let report = try place.engine.manualCondemn.condemn(place.vault, [present[0], present[5]], reason: "broken")
        #expect(Set(report.condemned.map(\.path)) == [present[0].path, present[5].path])
        place.clock.pass(seconds: 4 * 86_400)
        #expect(try place.engine.purger.purge(place.vault).purged.count == 2)
    }

    @Test("retire: what it moves is what was shown; a new backup ends it")
    func retire() throws {
        let place = try Place(keep: "all")
        let series = try #require(place.present().first?.series)
        let plan = try place.engine.manualCondemn.planRetire(place.vault, series: series, keep: 1, reason: "moved")
        #expect(plan.going.count == 9)
        let report = try place.engine.manualCondemn.retire(
            place.vault, series: series, objects: plan.objects, keep: 1, after: nil, reason: "moved")
        #expect(report.condemned.count == 9 && place.present().count == 1)
        let date = place.clock.moment.wall.rfc3339(in: .utc).prefix(10)
        try place.scratch.write("v/app/db-\(date).dump", "a new one")
        place.clock.pass(seconds: 90_000)
        try place.cleanup()
        #expect(place.view().protection.retired.isEmpty && place.present().count == 2)
    }

    @Test("repair: a second copy of the marks that is lost is written again; what is whole is left")
    func repair() throws {
        let place = try Place()
        try place.cleanup()
        try place.engine.personMarks.apply(
            .preserve([try #require(place.present().first)], reason: "x", until: nil), in: place.vault)
        #expect(place.engine.repair.inspect(acting: true).isEmpty)
        let marks = place.scratch.url.appending(path: "v/.trash/marks.json")
        let before = try Data(contentsOf: marks)
        try FileManager.default.removeItem(at: marks)
        let found = place.engine.repair.inspect(acting: false)
        #expect(!found.isEmpty && found.filter(\.isRepaired).isEmpty)
        #expect(!FileManager.default.fileExists(atPath: marks.path), "looking changes nothing")
        let repaired = place.engine.repair.inspect(acting: true).filter(\.isRepaired)
        #expect(!repaired.isEmpty)
        #expect(try Data(contentsOf: marks) == before)
        #expect(place.engine.repair.inspect(acting: true).isEmpty)
    }

    @Test("adopt: another disk at the path is refused until a person says so, and is then known")
    func adopt() throws {
        let place = try Place()
        try place.cleanup()
        let (old, new) = (place.scratch.url.appending(path: "v"), place.scratch.url.appending(path: "old"))
        try FileManager.default.moveItem(at: old, to: new)
        try place.scratch.write("v/app/db-2026-01-01.dump", "of another disk")
        let fault = #expect(throws: Fault.self) { try place.engine.access.open(place.vault) }
        #expect(fault?.code == .offline)
        #expect(try place.engine.adoption.whatToAdopt(place.vault) != nil)
        let id = try place.engine.adoption.adopt(place.vault).id
        #expect(try place.engine.access.open(place.vault).id == id)
        #expect(try place.engine.adoption.whatToAdopt(place.vault) == nil)
        try FileManager.default.moveItem(at: old, to: place.scratch.url.appending(path: "other"))
        try FileManager.default.moveItem(at: new, to: old)
        #expect(try place.engine.access.open(place.vault).id != id, "the first one is still known")
        #expect(place.present().count == 2 && place.trashed().count == 8)
    }

    @Test("compare: what goes and what stays by another policy, and nothing is changed")
    func compare() throws {
        let place = try Place()
        let other = try Place.engine(place.scratch, place.clock, "", "{ last: 4 }").configuration.vaults[0]
        let more = try place.engine.preview.compare(place.vault, with: other, zone: .utc)
        #expect(more.stays.count == 2 && more.goes.isEmpty)
        let fewer = try Place.engine(place.scratch, place.clock, "", "{ last: 1 }").configuration.vaults[0]
        let less = try place.engine.preview.compare(place.vault, with: fewer, zone: .utc)
        #expect(less.goes.count == 1 && less.stays.isEmpty)
        try place.cleanup()
        #expect(try place.engine.preview.compare(place.vault, with: other, zone: .utc).keptByPolicy.count == 2)
        #expect(place.present().count == 2 && place.trashed().count == 8)
    }

    @Test("what protects what is found out once for a scan, and anew when marks or backups change")
    func protection() throws {
        let place = try Place()
        var snapshot = try place.engine.wholeScan.run(place.vault, acting: true)
        func isKnown() -> Bool { snapshot.protection.map { _ in true } ?? false }
        #expect(isKnown())
        let oldest = try #require(snapshot.present.min { $0.time < $1.time })
        try place.engine.personMarks.apply(.preserve([oldest], reason: "x", until: nil), in: place.vault)
        snapshot.marks = try place.engine.state.marks.read(
            snapshot.vault.id, trash: try snapshot.vault.trash())
        #expect(!isKnown())
        let going = try place.engine.planner.report(snapshot).plan.condemned.map(\.backup.id)
        #expect(going.count == 7 && !going.contains(oldest.id))
        snapshot.protection = .init()
        snapshot.present.removeAll { $0.id == oldest.id }
        #expect(!isKnown())
    }
}
