internal import Audit
package import Model

/// A record of the audit log as the command line shows it.
package struct AuditEntry: Sendable {
    package var seq: Int
    package var time: Timestamp?
    package var event: String
    package var run: Int?
    package var vault: String?
    package var series: String?
    package var backup: String?
    package var path: String?
    package var reason: String?
    package var user: String?
    /// The line itself.
    package var line: String

    fileprivate init?(_ bytes: ArraySlice<UInt8>) {
        guard let record = AuditLine(bytes) else { return nil }
        seq = record.seq
        time = Timestamp(rfc3339: record.time)
        event = record.event
        run = record.run
        vault = record.vault
        series = record.series
        backup = record.backup
        path = record.path
        reason = record.reason
        user = record.actor?.user
        line = String(decoding: bytes, as: UTF8.self)
    }
}

/// Follows the audit log from its start.
package struct AuditFollower {
    private var reader: LogReader

    /// The records that came since the last call; unreadable lines are left out (`audit verify` names them).
    package mutating func next() throws(Fault) -> [AuditEntry] {
        var entries: [AuditEntry] = []
        while true {
            let lines = try reader.next()
            guard !lines.isEmpty else { return entries }
            entries += lines.compactMap(AuditEntry.init)
        }
    }

    fileprivate init(_ path: Bytes) { reader = LogReader(path) }
}

extension Keeper {
    package func followAudit() -> AuditFollower { AuditFollower(home.audit.path) }

    /// The number of records, and what is wrong with them: line and text.
    package func verifyAudit() throws(Fault) -> (records: Int, problems: [(line: Int, text: String)]) {
        let (records, problems) = try home.audit.verify()
        return (records, problems.map { ($0.line, $0.text) })
    }
}
