@testable import Audit
import Foundation
@testable import JSONText
import Model
import Support
import Testing

@Suite("events")
struct EventTests {
    /// One of each, with all that it may have.
    static let all: [Event] = {
        let time = Timestamp(nanoseconds: 1)
        return [
            .agentStarted, .agentStopped, .indexed(backups: 1, complete: 1, trashed: 1, unreadable: 1),
            .vaultFrozen(until: time, cause: .clock), .vaultUnfrozen(cause: .clock), .vaultOffline, .vaultVanished,
            .vaultUnreconciled,
            .vaultAdopted,
            .vaultForgotten, .vaultRecovered, .seriesFrozen(until: time, cause: .suspect),
            .seriesUnfrozen(cause: .suspect),
            .seriesRetired(keep: 1, after: time), .seriesLate(newest: time, rhythm: 1),
            .seriesFailing(failed: 2, newest: time),
            .seriesEnded(newest: time, rhythm: 1), .seriesErased([.init(path: "a", size: 1)]), .complete(size: 1),
            .vanished, .missing, .preserved(until: time), .released, .accepted, .bad, .reprieved,
            .planHeld(plan: "p", condemnations: 1, held: 1, since: time, isReminder: false),
            .planApproved(plan: "p", condemnations: 1), .retentionStarted(plan: "p"),
            .retentionPolicyApplied(policy: "p", backups: 1, going: 1),
            .condemningCompleted(condemned: 1, failed: 1, dropped: 1), .purgingCompleted(purged: 1, failed: 1),
            .batchIntent(manifest: "m", items: 1), .condemnIntent, .condemned(size: 1, earliestPurge: time),
            .condemnFailed, .restoreIntent, .restored(to: Bytes([0x2F, 0xFF])), .copied(to: "/a"),
            .purgeIntent(size: 1),
            .purged(size: 1),
            .purgeFailed, .spaceShort(since: time, isReminder: true),
            .anomaly(kind: "clock", since: time, isReminder: true), .hookFailed(hook: "h", about: 1, failures: 1),
            .hookVetoed(hook: "h", phase: "before-purge"), .eventsLost(hook: "h", first: 1, last: 2),
        ]
    }()

    @Test("every event has a payload case, and every payload only fields that its event declares")
    func declared() {
        #expect(Set(Self.all.map(\.name)) == Set(AuditEvent.allCases))
        let ofTheRecord: Set<EventField> = [.run, .vault, .vaultID, .series, .backup, .batch, .path, .reason]
        for name in AuditEvent.allCases {
            let cases = Self.all.filter { $0.name == name }.map { event in
                Set(event.fields.map(\.key).filter { !$0.hasSuffix(AuditEvent.rawSuffix) })
            }
            let own = Set((name.description.always + name.description.sometimes).filter { !ofTheRecord.contains($0) })
            #expect(cases.reduce(into: []) { $0.formUnion($1) } == Set(own.map(\.rawValue)), "\(name.rawValue)")
            let always = Set(name.description.always.filter { !ofTheRecord.contains($0) }.map(\.rawValue))
            #expect(cases.allSatisfy { always.isSubset(of: $0) }, "\(name.rawValue)")
        }
    }

    @Test("docs/reference/events.md is what the program says")
    func table() throws {
        let page = repository.appending(path: "docs/reference/events.md")
        if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1" {
            try Data(EventTable.markdown.utf8).write(to: page)
        }
        let text = try String(contentsOf: page, encoding: .utf8)
        #expect(text == EventTable.markdown, "RECORD_SNAPSHOTS=1 writes it anew")
        for name in ["RetentionStarted", "RetentionPolicyApplied", "BackupDeleted", "RetentionCompleted"] {
            #expect(text.contains("(once `\(name)`)"))
        }
    }
}
