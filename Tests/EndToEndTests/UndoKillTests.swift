import Foundation
import Testing

/// `undo` killed before each system call that changes something. In CI each fifth; all with `REPRIEVE_TESTS=all`.
@Suite("undo killed between steps", .enabled(if: Tracing.isPossible, "strace is missing or may not trace here"))
struct UndoKillTests {
    private static let calls = ["renameat2", "renameat", "mkdirat", "fsync", "fchmod", "fchown"]

    private static func condemned() throws -> CLIFixture {
        let house = try CLIFixture(grace: "1h")
        try house.dailies(3)
        try house.put("app/orders-\(CLIFixture.day(1)).dump.sha256", "sum")
        try house.cleanup()
        return house
    }

    @Test("what was moved is put back, and stays", .timeLimit(.minutes(60)))
    func undo() throws {
        let first = try Self.condemned()
        let log = first.root.appending(path: "calls")
        #expect(try first.run(["undo", "--last"], under: Tracing.recording(Self.calls, log)).status == 0)
        let all = try Tracing.points(in: log, isChanging: true)
        #expect(all.count > 10, "\(all)")
        let points = all.indices.filter { CLIFixture.isLongForm || $0 % 5 == 0 }.map { all[$0] }
        var killed = 0
        for point in points {
            let house = try Self.condemned()
            let outcome = try house.run(
                ["undo", "--last"],
                under: Tracing.command([point.call], inject: ["\(point.call):signal=SIGKILL:when=\(point.n)"]))
            if outcome.status == -SIGKILL { killed += 1 }
            // Killed before it was frozen, nothing had moved; after that, nothing is condemned again.
            if house.names().count > 2 { #expect(try house.run("status").out.contains("FROZEN")) }
            let again = try house.run("undo", "--last")
            #expect(again.status == 0, "\(point): \(again.out)\(again.error)")
            try house.checkInvariants()
            #expect(house.names().count == 4)
            #expect(try house.run("cleanup").status == 4)
            #expect(house.names().count == 4)
        }
        print("undo: killed at \(killed) of \(all.count) calls")
        #expect(killed * 5 >= points.count * 4)
    }
}
