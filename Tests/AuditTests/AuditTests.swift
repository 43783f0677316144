import Audit
import Foundation
import Model
import Support
import Testing

@Suite("the audit log")
struct AuditTests {
    private let moment = TestClock().moment

    private func log(_ scratch: Scratch) -> AuditLog {
        AuditLog(
            path: scratch.path.appending("audit.log"), stateDirectory: scratch.path,
            actor: Actor(uid: 0, loginUID: 1000, user: "root", pid: 1, program: "test"))
    }

    private func filled(_ count: Int) throws -> (Scratch, AuditLog) {
        let scratch = try Scratch()
        let log = log(scratch)
        for n in 0..<count {
            try log.append(
                [AuditRecord(.complete(size: 1), vault: "v", path: Bytes("app-\(n).tar"), reason: "\"quoted\"\n")],
                at: moment)
        }
        return (scratch, log)
    }

    private func lines(_ scratch: Scratch) throws -> [String] {
        try String(contentsOf: scratch.url.appending(path: "audit.log"), encoding: .utf8).split(separator: "\n").map(
            String.init)
    }

    private func put(_ lines: [String], _ scratch: Scratch) throws {
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: scratch.url.appending(path: "audit.log"))
    }

    @Test("a chain of records verifies, prev and hash stand last")
    func intact() throws {
        let (scratch, log) = try filled(20)
        let found = try log.verify()
        #expect(found.records == 20 && found.problems.isEmpty)
        for line in try lines(scratch) {
            #expect(line.hasPrefix(#"{"seq":"#))
            let tail = try #require(line.range(of: #","prev":""#))
            #expect(line[tail.upperBound...].contains(#"","hash":""#) && line.hasSuffix("\"}"))
        }
    }

    @Test("every kind of change shows: edited, removed, doubled, swapped, cut off")
    func tampered() throws {
        let (scratch, log) = try filled(10)
        let good = try lines(scratch)
        func problems(_ lines: [String]) throws -> Int {
            try put(lines, scratch)
            return try log.verify().problems.count
        }
        #expect(try problems(good) == 0)
        var edited = good
        edited[4] = edited[4].replacing("app-4", with: "app-5")
        #expect(try problems(edited) > 0)
        #expect(try problems(Array(good[..<3]) + Array(good[4...])) > 0)
        #expect(try problems(Array(good[...3]) + Array(good[3...])) > 0)
        var swapped = good
        swapped.swapAt(2, 3)
        #expect(try problems(swapped) > 0)
        #expect(try problems(Array(good.dropLast())) > 0)
    }

    @Test("a line that a crash tore off is cut away, and the chain goes on")
    func torn() throws {
        let (scratch, log) = try filled(5)
        let file = scratch.url.appending(path: "audit.log")
        var bytes = try Data(contentsOf: file)
        bytes.append(contentsOf: Data(#"{"seq":6,"time":"#.utf8))
        try bytes.write(to: file)
        try log.append([AuditRecord(.complete(size: 1), reason: "after")], at: moment)
        let found = try log.verify()
        #expect(found.records == 6 && found.problems.isEmpty)
    }

    @Test("a crash between log and head does not fork the chain")
    func headBehind() throws {
        let (scratch, log) = try filled(3)
        let head = try Data(contentsOf: scratch.url.appending(path: "audit.head"))
        try log.append([AuditRecord(.complete(size: 1))], at: moment)
        try head.write(to: scratch.url.appending(path: "audit.head"))
        try log.append([AuditRecord(.complete(size: 1))], at: moment)
        let found = try log.verify()
        #expect(found.records == 5 && found.problems.isEmpty)
    }

    @Test("a log that was taken away begins anew with the chain going on")
    func rotatedAway() throws {
        let (scratch, log) = try filled(3)
        try FileManager.default.moveItem(
            at: scratch.url.appending(path: "audit.log"), to: scratch.url.appending(path: "audit.log.1"))
        try log.append([AuditRecord(.complete(size: 1))], at: moment)
        #expect(try lines(scratch)[0].hasPrefix(#"{"seq":4,"#))
    }

    @Test("several processes' worth of threads append without losing a record")
    func together() throws {
        let scratch = try Scratch()
        let (log, moment) = (log(scratch), moment)
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for _ in 0..<25 { try! log.append([AuditRecord(.complete(size: 1))], at: moment) }
        }
        let found = try log.verify()
        #expect(found.records == 200 && found.problems.isEmpty)
    }

    @Test("what cannot be written is a fault of its own kind")
    func unwritable() throws {
        let scratch = try Scratch()
        let log = AuditLog(
            path: "/proc/nothing/audit.log", stateDirectory: scratch.path,
            actor: Actor(uid: 0, loginUID: nil, user: "root", pid: 1, program: "test"))
        let fault = #expect(throws: Fault.self) { try log.append([AuditRecord(.complete(size: 1))], at: moment) }
        #expect(fault?.code == .unaudited)
    }

    @Test("the log proves what became of an item")
    func facts() throws {
        let scratch = try Scratch()
        let log = log(scratch)
        let (vault, id) = (VaultID(text: "v"), BackupID(object: 7, link: 9))
        try log.append(
            [
                AuditRecord(.batchIntent(manifest: "abc", items: 1), vaultID: vault, batch: "b"),
                AuditRecord(.purgeIntent(size: 1), vaultID: vault, backup: id, batch: "b"),
                AuditRecord(.purged(size: 1), vaultID: VaultID(text: "other"), backup: id, batch: "b"),
            ], at: moment)
        let facts = try log.facts(of: vault)
        #expect(facts.manifests == ["b": "abc"])
        #expect(facts.purgeIntended == [.init(batch: "b", id: id)])
        #expect(facts.purged.isEmpty)
    }
}
