import Audit
import Foundation
import Model
@testable import State
import Support
import Testing

@testable import Engine

@Suite("totals for metrics")
struct CountersTests {
    private let now = Moment(wall: Timestamp(rfc3339: "2026-11-24T04:00:00Z")!, boot: 1, bootID: "b")

    private func log(_ scratch: Scratch) -> AuditLog {
        AuditLog(
            path: scratch.path.appending("audit.log"), stateDirectory: scratch.path,
            actor: Actor(uid: 0, loginUID: nil, user: "u", pid: 1, program: "p"))
    }

    private var condemned: Event { .condemned(size: 1, earliestPurge: now.wall) }

    private func record(_ event: Event, _ series: Bytes? = "s") -> AuditRecord {
        AuditRecord(event, vault: "dumps", series: series)
    }

    @Test("every deed in the log counts once, whoever asks how often, also after a restart")
    func once() throws {
        let scratch = try Scratch()
        let log = log(scratch)
        let raw = Bytes([0xFF, 0x2A])
        try log.append(
            [
                record(.condemnIntent), record(condemned), record(condemned, raw),
                record(.vaultFrozen(cause: .clock), nil),
            ],
            at: now)
        func counters() throws -> Counters { try CounterStore(stateDirectory: scratch.path).renew(from: log) }
        for _ in 1...3 {
            let vault = try #require(try counters().vaults["dumps"])
            #expect(vault.deeds["s"]?.condemned == 1 && vault.deeds[raw]?.condemned == 1)
            #expect(vault.freezes == ["clock": 1])
        }
        try log.append(
            [
                record(.purged(size: 1)), record(.restored(to: nil)), record(condemned),
                record(.seriesFrozen()),
            ],
            at: now)
        let vault = try #require(try counters().vaults["dumps"])
        #expect(vault.deeds["s"].map { [$0.condemned, $0.purged, $0.restored] } == [2, 1, 1])
        #expect(vault.freezes == ["clock": 1, "other": 1])
    }

    @Test("eight who count while others write lose nothing and count nothing twice")
    func together() throws {
        let scratch = try Scratch()
        let log = log(scratch)
        let path = scratch.path
        DispatchQueue.concurrentPerform(iterations: 8) { n in
            for _ in 0..<20 {
                if n < 4 {
                    try? log.append([AuditRecord(.purged(size: 1), vault: "dumps", series: "s")], at: now)
                } else {
                    _ = try? CounterStore(stateDirectory: path).renew(from: log)
                }
            }
        }
        let counted = try CounterStore(stateDirectory: path).renew(from: log)
        #expect(counted.vaults["dumps"]?.deeds["s"]?.purged == 80)
    }

    @Test("a lost or damaged file begins anew with what the log holds; a log without its end is no new one")
    func lost() throws {
        let scratch = try Scratch()
        let log = log(scratch)
        func purged() throws -> Int64? {
            try CounterStore(stateDirectory: scratch.path).renew(from: log).vaults["dumps"]?.deeds["s"]?.purged
        }
        try log.append(Array(repeating: record(.purged(size: 1)), count: 5), at: now)
        #expect(try purged() == 5)
        try scratch.write("counters.json", "{")
        #expect(try purged() == 5)
        try FileManager.default.removeItem(at: scratch.url.appending(path: "counters.json"))
        #expect(try purged() == 5)
        // The last two were never on stable storage.
        let file = scratch.url.appending(path: "audit.log")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").prefix(3)
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
        try FileManager.default.removeItem(at: scratch.url.appending(path: "audit.head"))
        try log.append([record(.purged(size: 1))], at: now)
        #expect(try purged() == 5, "number 4 was counted once already")
        try log.append([record(.purged(size: 1)), record(.purged(size: 1))], at: now)
        #expect(try purged()! >= 6)
    }

    @Test("names without end are counted under one name, and the file stays small")
    func bounded() {
        var counters = Counters()
        for n in 1...(Counters.mostHooks + 50) {
            counters.count(AuditLine.testing(n, event: .hookFailed, hook: "h\(n)"))
        }
        #expect(counters.hooks.count == Counters.mostHooks + 1 && counters.hooks[Metrics.others] == 50)
    }
}

extension AuditLine {
    fileprivate static func testing(_ seq: Int, event: AuditEvent, hook: String) -> AuditLine {
        let none = String(repeating: "0", count: 64)
        let text =
            #"{"seq":\#(seq),"time":"","event":"\#(event.rawValue)","hook":"\#(hook)","prev":"\#(none)","hash":"\#(none)"}"#
        return AuditLine(Array(text.utf8)[...])!  // as it stands there
    }
}
