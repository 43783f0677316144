import Foundation
import Testing

/// The real binary killed at every system call that changes something: before the n-th such call, for every n until a run
/// gets through; then recovery must leave each unit whole in one place.
@Suite("killed between steps", .enabled(if: Tracing.isPossible, "strace is missing or may not trace here"))
struct KillTests {
    static let calls = "renameat2,renameat,mkdirat,unlinkat,fsync,fdatasync,ftruncate,fchmod,fchown"

    /// Houses made ready together, because settling takes seconds.
    private final class Houses {
        private var ready: [House] = []
        private let isApproved: Bool
        private let pauseSeconds: Double
        /// Long, but where its end is waited for: what was restored stays for a grace, and the machine may be busy.
        private let grace: String

        init(approved: Bool, pauseSeconds: Double = 0, grace: String = "1h") {
            isApproved = approved
            self.grace = grace
            self.pauseSeconds = pauseSeconds
        }

        func next() throws -> House {
            if ready.isEmpty { try refill() }
            return ready.removeLast()
        }

        private func refill() throws {
            ready = try (0..<12).map { _ in
                let house = try House(grace: grace)
                try house.dailies(3)
                try house.put("app/orders-\(House.day(1)).dump.sha256", "sum")
                _ = try house.list()
                return house
            }
            for house in ready { try house.settle(pauseMicroseconds: 0) }
            usleep(1_100_000)
            for house in ready {
                try house.run("plan")
                if isApproved { try house.run("cleanup", "--approve") }
            }
            if pauseSeconds > 0 { usleep(UInt32(pauseSeconds * 1_000_000)) }
        }
    }

    /// Runs the command killed before its n-th changing call, for n = 1, 2, … until a run gets through.
    private func sweep(_ arguments: [String], _ houses: Houses, after: (House) throws -> Void) throws -> Int {
        for n in 1...400 {
            let house = try houses.next()
            let killed = try house.run(
                arguments,
                under: [
                    "/usr/bin/strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(Self.calls)", "-e",
                    "inject=\(Self.calls):signal=SIGKILL:when=\(n)",
                ])
            try house.checkInvariants()
            try after(house)
            if killed.status >= 0, killed.status != 137 { return n - 1 }
        }
        Issue.record("no run got through in 400 steps")
        return 400
    }

    @Test("condemning", .timeLimit(.minutes(5)))
    func condemn() throws {
        let steps = try sweep(["cleanup", "--approve"], Houses(approved: false)) { house in
            // What was killed is brought to an end by the next run: the plan's list is stored, the choice the same.
            let outcome = try house.run("cleanup", "--approve")
            #expect(outcome.status == 0, "\(outcome.out)\(outcome.error)")
            try house.checkInvariants()
            #expect(house.names() == ["app/orders-\(House.day(2)).dump", "app/orders-\(House.day(3)).dump"])
            #expect(try house.list("--trash").count == 1)
            #expect(try house.run("audit", "verify").status == 0)
            #expect(try house.run("status").out.contains("FROZEN") == false)
        }
        print("condemn: killed at each of \(steps) steps")
        #expect(steps > 15)
    }

    @Test("restoring", .timeLimit(.minutes(5)))
    func restore() throws {
        let steps = try sweep(["restore", "orders-\(House.day(1)).dump"], Houses(approved: true)) { house in
            let outcome = try house.run("restore", "orders-\(House.day(1)).dump")
            #expect(outcome.status == 0, "\(outcome.out)\(outcome.error)")
            try house.checkInvariants()
            #expect(house.names().count == 4)
            #expect(try house.run("cleanup").status == 0)
            #expect(
                house.exists("app/orders-\(House.day(1)).dump")
                    && house.exists("app/orders-\(House.day(1)).dump.sha256"))
            #expect(try house.run("status").out.contains("FROZEN") == false)
        }
        print("restore: killed at each of \(steps) steps")
        #expect(steps > 10)
    }

    @Test("undoing", .timeLimit(.minutes(5)))
    func undo() throws {
        let steps = try sweep(["undo", "--last"], Houses(approved: true)) { house in
            // Killed before it was frozen, nothing had moved; after that, nothing is condemned again.
            let isFrozen = try house.state() == "frozen"
            if house.names().count > 2 { #expect(isFrozen) }
            let outcome = try house.run("undo", "--last")
            #expect(outcome.status == 0, "\(outcome.out)\(outcome.error)")
            try house.checkInvariants()
            #expect(house.names().count == 4)
            #expect(try house.state() == "frozen")
            #expect(try house.run("cleanup").status == 4)
            #expect(house.names().count == 4)
        }
        print("undo: killed at each of \(steps) steps")
        #expect(steps > 10)
    }

    @Test("purging", .timeLimit(.minutes(5)))
    func purge() throws {
        let steps = try sweep(["purge"], Houses(approved: true, pauseSeconds: 1.2, grace: "1s")) { house in
            let outcome = try house.run("purge")
            #expect(outcome.status == 0, "\(outcome.out)\(outcome.error)")
            try house.checkInvariants()
            #expect(house.names() == ["app/orders-\(House.day(2)).dump", "app/orders-\(House.day(3)).dump"])
            #expect(house.batches().isEmpty && house.purging().isEmpty)
            #expect(try house.list("--purged").map { $0["state"] as? String } == ["purged"])
            #expect(try house.run("audit", "verify").status == 0)
            #expect(try house.run("status").out.contains("FROZEN") == false)
        }
        print("purge: killed at each of \(steps) steps")
        #expect(steps > 15)
    }
}

enum Tracing {
    static let isPossible: Bool = {
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/strace") else { return false }
        return (try? House.launch(["/usr/bin/strace", "-o", "/dev/null", "/bin/true"]).status) == 0
    }()
}
