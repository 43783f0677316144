import Foundation
import Testing

/// Whatever happens to the directories, once the dust settles the index equals the disk: random changes on the real
/// kernel, on every file system, with the agent reading along and with it stopped until its queue overflows. Afterwards
/// the agent's list must equal a fresh scan, and both the model.
@Suite("churn", .enabled(if: Disk.canMount, "needs root and loop devices"))
struct ChurnTests {
    static let seconds: Double = CLIFixture.isLongForm ? 60 : 10

    @Test("after random changes the index equals the disk and the model", arguments: Disk.Kind.allCases)
    func churn(_ kind: Disk.Kind) throws {
        let disk = try Disk(kind)
        let (house, churn) = try start(disk, seed: 20_261_123)
        try churn.run(seconds: Self.seconds)
        try settle(house, churn, "\(kind)")
    }

    @Test("with the reader stopped until events are lost, it does too", arguments: Disk.Kind.allCases)
    func overflow(_ kind: Disk.Kind) throws {
        let disk = try Disk(kind)
        let (house, churn) = try start(disk, seed: 20_261_124)
        try churn.run(seconds: 1)
        let agent = try #require(house.lastAgent)
        kill(agent.processIdentifier, SIGSTOP)
        // More than the queue holds, and then the changes that nobody is told of.
        try Self.fillQueue(disk.root.appending(path: "vault"))
        try churn.run(seconds: max(1, Self.seconds - 5))
        kill(agent.processIdentifier, SIGCONT)
        try settle(house, churn, "\(kind), overflow")
        let log = try String(contentsOf: house.root.appending(path: "agent.log"), encoding: .utf8)
        #expect(log.contains("overflowed") && !log.contains("error:"), "\(log)")
    }

    private func start(_ disk: Disk, seed: UInt64) throws -> (CLIFixture, Churn) {
        let churn = try Churn(base: disk.root, seed: seed)
        // What is made at random is of any size: that is not the question here.
        let house = try CLIFixture(
            more: "    schedule: manual\n    safeguards: { set-aside-suspect: off }",
            vault: disk.root.appending(path: "vault"))
        // The marker, so that a fresh state takes it for the same vault.
        try house.put("app-2026-01-01.tar")
        #expect(try house.run("freeze", "dumps", "--reason", "a test").status == 0)
        #expect(try house.run("unfreeze", "dumps").status == 0)
        try FileManager.default.removeItem(at: house.vault.appending(path: "app-2026-01-01.tar"))
        try house.startAgent()
        return (house, churn)
    }

    /// Waits until the agent's list has what the model has, all complete; then compares with a fresh scan.
    private func settle(_ house: CLIFixture, _ churn: Churn, _ what: String) throws {
        let expected = churn.expected()
        print("churn on \(what): \(churn.operations) changes, \(expected.count) backups left")
        #expect(churn.operations > 100)
        var listed: [String: Int] = [:]
        do {
            // Looking into what came takes a tenth of the time at most: on a busy machine that is long.
            try house.wait("the index to equal the model on \(what)", seconds: 240) {
                let all = try house.list()
                listed = Dictionary(
                    all.compactMap { row in
                        (row["path"] as? String).map { ($0, (row["size"] as? NSNumber)?.intValue ?? -1) }
                    }, uniquingKeysWith: { first, _ in first })
                return listed == expected && all.allSatisfy { $0["complete"] as? Bool == true }
            }
        } catch {
            for (path, size) in expected where listed[path] != size {
                print("\(what): \(path) is \(listed[path].map(String.init) ?? "not listed"), not \(size)")
            }
            for path in listed.keys where expected[path] == nil { print("\(what): \(path) is listed and not there") }
            throw error
        }
        // Once to see it, and once it has rested.
        let fresh = try house.freshState()
        try house.pass(1.2)
        let (own, other) = (try house.rows(), try house.rows(state: fresh))
        #expect(own == other, "the agent's list is not that of a fresh scan on \(what)")
        #expect(try house.events().allSatisfy { $0["event"] as? String != "backup.missing" })
    }

    /// A create, a close and a delete are three events; more of them than the kernel keeps for one reader.
    private static func fillQueue(_ vault: URL) throws {
        let limit = Int(
            try String(contentsOfFile: "/proc/sys/fs/inotify/max_queued_events", encoding: .utf8)
                .trimmingCharacters(in: .whitespacesAndNewlines))
        let path = vault.appending(path: "noise").path
        for _ in 0..<(limit ?? 16_384) / 2 {
            let fd = open(path, O_WRONLY | O_CREAT, 0o644)
            guard fd >= 0 else { throw POSIXError(.EIO) }
            close(fd)
            unlink(path)
        }
    }
}
