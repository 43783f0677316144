internal import Audit
package import Model
internal import State

/// A backup that cannot be brought back, and what the audit log says of its end.
package struct PurgedBackup: Sendable {
    package var backup: Backup
    package var at: Timestamp?
    package var run: Int?
    /// Why it was deleted: by the policy, or what a person said. `nil`: the log does not tell.
    package var why: String?
}

extension AuditTrail {
    /// When, by which run and why each went. Reads the audit log once; where it cannot be read they are only named.
    func purgedBefore(_ backups: [Backup]) -> [PurgedBackup] {
        guard !backups.isEmpty else { return [] }
        var ends: [AuditLog.Facts.Item: PurgedBackup] = [:]
        for backup in backups { ends[item(backup)] = PurgedBackup(backup: backup) }
        do {
            try state.audit.forEach { line in
                guard let batch = line.batch, let id = line.backup.flatMap(BackupID.init(text:)),
                    let event = AuditEvent(rawValue: line.event)
                else { return }
                let item = AuditLog.Facts.Item(batch: batch, id: id)
                guard ends[item] != nil, [.purgeIntent, .purged, .missing].contains(event) else { return }
                if event == .purgeIntent { ends[item]?.why = Self.why(line.reason) }
                ends[item]?.at = Timestamp(rfc3339: line.time)
                if let run = line.run { ends[item]?.run = run }
                if event == .missing { ends[item]?.why = line.reason }
            }
        } catch {
            // They are gone all the same; `audit verify` says what is wrong with the log.
        }
        return backups.compactMap { ends[item($0)] }
    }

    private func item(_ backup: Backup) -> AuditLog.Facts.Item {
        .init(batch: backup.trashed?.batch ?? "", id: backup.id)
    }

    private static func why(_ reason: String?) -> String? {
        guard let reason else { return nil }
        guard reason.hasPrefix("grace is over") else { return "by hand: \(reason)" }
        return reason.contains("by hand") || reason.contains("retired") ? "condemned by a person" : "by the policy"
    }
}
