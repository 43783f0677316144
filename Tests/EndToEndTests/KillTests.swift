import Foundation
import Testing

/// The real binary killed before each system call that changes something, on every file system; then the next run must
/// leave each unit whole in one place.
///
/// A first run tells which calls there are. In CI it is killed once in every second state that lies between two of
/// them, on one of the four file systems in turn; with `REPRIEVE_TESTS=all` at every call on all of them, and at those
/// that only write into a file as well.
@Suite(
    "killed between steps",
    .enabled(if: Tracing.isPossible && Disk.canMount, "SKIPPED: needs root, and a strace that may trace"))
struct KillTests {
    /// What a killed process leaves behind differs before and after each of these.
    private static let calls = [
        "rename", "renameat", "renameat2", "link", "linkat", "mkdir", "mkdirat", "unlink", "unlinkat", "rmdir", "fsync",
        "ftruncate", "fallocate", "fchmod", "fchown",
    ]
    /// Parts of one write: what is written is not valid before the end, or is SQLite's.
    private static let partial = ["write", "pwrite64", "fdatasync", "openat", "openat2", "ioctl"]

    /// Of calls in their order, one for each state: who is killed before a sync leaves what who is killed behind it
    /// does.
    private static func states(_ points: [Tracing.Point], at calls: [String]) -> [Tracing.Point] {
        var isChanged = true
        var chosen: [Tracing.Point] = []
        for point in points {
            if isChanged, calls.contains(point.call) {
                chosen.append(point)
                isChanged = false
            }
            if !["fsync", "fdatasync", "ioctl"].contains(point.call) { isChanged = true }
        }
        return chosen
    }

    /// Runs the command once for each point, killed there in a vault of its own; `again` is the run that follows.
    private func sweep(
        _ name: String, on kind: Disk.Kind, _ stage: ManyVaults.Stage, atLeast: Int,
        _ command: (CLIFixture, ManyVaults.OneOfMany) throws -> [String],
        again: (CLIFixture, ManyVaults.OneOfMany) throws -> Void,
        atLast: (CLIFixture, [ManyVaults.OneOfMany]) throws -> Void
    ) throws {
        let terrace = try ManyVaults(kind, stage, atOnce: CLIFixture.isLongForm ? 40 : 16)
        let house = terrace.house
        let log = house.root.appending(path: "calls")
        var calls = Self.calls + (CLIFixture.isLongForm ? Self.partial : [])
        if Tracing.isWithoutNoReplace { calls.removeAll { $0 == "renameat2" } }
        let first = try terrace.next()
        let whole = try house.run(try command(house, first), under: Tracing.recording(Self.calls + Self.partial, log))
        #expect(whole.status == 0, "\(whole.error)")
        let recorded = try Tracing.points(in: log, isChanging: true)
        let all = recorded.filter { calls.contains($0.call) }
        #expect(all.count >= atLeast, "\(all)")
        let states = CLIFixture.isLongForm ? all : Self.states(recorded, at: calls)
        let kinds = Disk.Kind.allCases
        let offset = kinds.firstIndex(of: kind) ?? 0
        let points = states.indices.filter { CLIFixture.isLongForm || $0 % (2 * kinds.count) == 2 * offset }.map {
            states[$0]
        }
        var (unreached, plots) = (0, [first])
        for point in points {
            let plot = try terrace.next()
            plots.append(plot)
            let killed = try house.run(
                try command(house, plot),
                under: Tracing.command([point.call], inject: ["\(point.call):signal=SIGKILL:when=\(point.n)"]))
            if killed.status != -SIGKILL { unreached += 1 }
            plot.ledger.expectWhole(
                in: [plot.root], going: ManyVaults.going, mayBeGone: stage == .due ? ManyVaults.going : [],
                "\(name), \(kind), killed at \(point)")
            try again(house, plot)
        }
        try atLast(house, plots)
        #expect(try house.run("audit", "verify").status == 0)
        #expect(try house.run("status").out.contains("FROZEN") == false)
        print("\(name) on \(kind): killed at \(points.count - unreached) of \(states.count) of \(all.count) calls")
        // Threads do not always take the same turns.
        #expect(unreached * 5 <= points.count, "\(unreached) of \(points.count) points were not reached")
    }

    @Test("condemning", .timeLimit(.minutes(60)), arguments: Disk.Kind.allCases)
    func condemn(on kind: Disk.Kind) throws {
        try sweep("condemn", on: kind, .planned, atLeast: 40) { _, plot in
            ["cleanup", plot.label, "--approve"]
        } again: { house, plot in
            let outcome = try house.run("cleanup", plot.label, "--approve")
            #expect(outcome.status == 0, "\(outcome.out)\(outcome.error)")
            let places = plot.ledger.places(in: [plot.root])
            for unit in Self.units {
                // What was half in the trash is in its place again, and has to settle anew.
                let isMoved = unit.map { places[$0]?.first?.hasPrefix(".trash/2") ?? false }
                #expect(Set(isMoved).count == 1, "\(unit): \(places)")
            }
        } atLast: { house, plots in
            // What was killed is brought to an end: the plan's list is stored, the choice the same.
            try house.settle()
            #expect(try house.run("cleanup", "--approve").status == 0)
            for plot in plots {
                for (name, places) in plot.ledger.places(in: [plot.root]) {
                    let isMoved = places.count == 1 && places[0].hasPrefix(".trash/2")
                    #expect(isMoved == ManyVaults.going.contains(name), "\(plot.label): \(name) is at \(places)")
                }
            }
            let trashed = try house.list("--trash")
            #expect(trashed.count >= 2 * plots.count && trashed.allSatisfy { $0["state"] as? String == "trashed" })
        }
    }

    /// What goes together.
    private static let units = [
        ["app/orders-\(CLIFixture.day(1)).dump", "app/orders-\(CLIFixture.day(1)).dump.sha256"],
        ["web/site-\(CLIFixture.day(1))/index", "web/site-\(CLIFixture.day(1))/deep/data"],
    ]

    @Test("restoring", .timeLimit(.minutes(60)), arguments: Disk.Kind.allCases)
    func restore(on kind: Disk.Kind) throws {
        try sweep("restore", on: kind, .condemned, atLeast: 25) { _, plot in
            ["restore"] + plot.ids.values.sorted()
        } again: { house, plot in
            let outcome = try house.run(["restore"] + plot.ids.values.sorted())
            #expect(outcome.status == 0, "\(outcome.out)\(outcome.error)")
            for (name, places) in plot.ledger.places(in: [plot.root]) { #expect(places == [name]) }
        } atLast: { house, plots in
            try house.settle()
            #expect(try house.run("cleanup").status == 0)
            for plot in plots {
                for (name, places) in plot.ledger.places(in: [plot.root]) { #expect(places == [name]) }
            }
            let purged = try house.list("--purged")
            #expect(purged.isEmpty)
        }
    }

    @Test("purging", .timeLimit(.minutes(60)), arguments: Disk.Kind.allCases)
    func purge(on kind: Disk.Kind) throws {
        try sweep("purge", on: kind, .due, atLeast: 30) { _, plot in
            ["purge", plot.label]
        } again: { house, plot in
            let outcome = try house.run("purge", plot.label)
            #expect(outcome.status == 0, "\(outcome.out)\(outcome.error)")
            let found = plot.ledger.places(in: [plot.root])
            for name in plot.ledger.paths.values {
                let places = (found[name] ?? []).filter { !$0.hasPrefix(".trash/.purging-") }
                #expect(places == (ManyVaults.going.contains(name) ? [] : [name]), "\(name) is at \(places)")
            }
        } atLast: { house, plots in
            // A member that recovery took along is unlinked by the run after that.
            #expect(try house.run("purge").status == 0)
            for plot in plots {
                let rest = try FileManager.default.contentsOfDirectory(atPath: plot.trash.path)
                #expect(!rest.contains { $0.hasPrefix(".purging-") || $0.hasPrefix("2") }, "\(plot.label): \(rest)")
            }
            let purged = try house.list("--purged")
            #expect(!purged.isEmpty && purged.allSatisfy { $0["state"] as? String == "purged" })
        }
    }
}
