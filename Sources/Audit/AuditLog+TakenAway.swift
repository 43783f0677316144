internal import Disk
internal import Model

extension AuditLog {
    /// The log is new, empty, or ends before the record that `audit.head` names. Where the chain goes on, and what is
    /// to be said of it: a log that was renamed and stands beside is nothing to say.
    func lookBehind(_ head: inout Head, _ tail: Int?, _ log: LogFile) throws(Fault) -> AuditRecord? {
        let written = head.seq
        func found(_ text: String) -> AuditRecord {
            AuditRecord(.anomaly(kind: "audit"), reason: "the audit log \(text)")
        }
        if let tail { return found("was cut: it ended at record \(tail), and \(written) were written") }
        guard try log.size() == 0 else {
            return found("ends in something that is not a record, after record \(written)")
        }
        let last = try parts.segments().last?.last()
        if let last, last.seq >= head.seq { (head.seq, head.hash) = last }
        guard written > 0 else { return nil }
        guard (last?.seq ?? 0) >= written else {
            return found(
                "was emptied or taken away: record \(written) was written, and is in no file beside '\(path.display)'")
        }
        return try head.file == fileID()
            ? found("was emptied in its place behind record \(written), as logrotate's copytruncate does") : nil
    }
}
