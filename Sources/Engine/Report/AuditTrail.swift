internal import Audit
internal import Catalog
internal import Hooks
package import Model
internal import State

/// A record of the audit log as the command line shows it.
package struct AuditEntry: Sendable {
    private let record: AuditLine

    package var seq: Int { record.seq }
    package var time: Timestamp? { Timestamp(rfc3339: record.time) }
    package var event: String { record.event }
    package var run: Int? { record.run }
    package var vault: String? { record.vault }
    package var series: Bytes? { record.name("series") }
    package var backup: String? { record.backup }
    package var path: Bytes? { record.name("path") }
    package var reason: String? { record.reason }
    /// Who did it, and through whom: "root for ada".
    package var user: String? {
        record.actor.map { actor in actor.sudoUser.map { "\(actor.user) for \($0)" } ?? actor.user }
    }
    /// The line itself.
    package var line: String { String(decoding: record.bytes, as: UTF8.self) }

    fileprivate init(_ record: AuditLine) { self.record = record }
}

/// Follows the audit log, through rotations and renames: by the records' numbers.
package struct AuditFollower {
    private let log: AuditLog
    private var seen: Int

    /// The records that came since the last call; unreadable lines are left out (`audit verify` names them).
    package mutating func next() throws(Fault) -> [AuditEntry] {
        let lines = try log.read(after: seen, limit: 10_000).lines
        seen = lines.last?.seq ?? seen
        return lines.map(AuditEntry.init)
    }

    fileprivate init(_ log: AuditLog, after seen: Int) { (self.log, self.seen) = (log, seen) }
}

package struct AuditTrail: UseCase {
    let context: Context

    var clockGuard: ClockGuard { ClockGuard(context: context) }

    /// The last records that are meant, oldest first, and what follows them.
    package func lastAudited(
        _ count: Int, since: Timestamp?, where isMeant: (AuditEntry) -> Bool
    ) throws(Fault) -> ([AuditEntry], AuditFollower) {
        let (lines, seq) = try state.audit.last(count, since: since) { isMeant(AuditEntry($0)) }
        return (lines.map(AuditEntry.init), AuditFollower(state.audit, after: seq))
    }

    /// What is wrong with the log, by file and line, and what it holds.
    package struct AuditReport: Sendable {
        package var records: Int
        package var files: Int
        /// The first thousand of them.
        package var problems: [(file: Bytes, line: Int, text: String)]
        package var problemCount: Int
        package var first: Int?
        package var last: (seq: Int, hash: String)?
    }

    package func verifyAudit() throws(Fault) -> AuditReport {
        let found = try state.audit.verify()
        return AuditReport(
            records: found.records, files: found.files, problems: found.problems.map { ($0.file, $0.line, $0.text) },
            problemCount: found.problemCount, first: found.first, last: found.last)
    }

    /// Puts the log aside, packs and drops what is due. Kept is what a hook was not told of, and what a batch rests on:
    /// its purge and its restore look there (invariants 1 and 3).
    package func rotateAudit() throws(Fault) {
        // By a clock that is ten years ahead all of it is old.
        guard try !clockGuard.isDoubted() else { return }
        var needed = try hooks.lowest()
        if let oldest = try state.catalog.oldestInTrash(), let number = try state.audit.number(before: oldest) {
            needed = min(needed ?? number, number)
        }
        _ = try state.audit.rotateIfDue(needed: needed, at: now())
    }
}
