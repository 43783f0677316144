/// For one backup: stay or go, how dear it is, and every reason.
package struct Decision: Hashable, Sendable {
    package enum Priority: String, Sendable, Codable { case critical, important, standard, low }

    package var id: BackupID
    package var retain: Bool
    /// Not judged by the rules: settling, future-dated, foreign, … It stays and counts for nothing (invariant 7).
    package var isSetAside: Bool
    package var priority: Priority
    package var reasons: [Reason]

    package init(id: BackupID, retain: Bool, isSetAside: Bool = false, priority: Priority, reasons: [Reason]) {
        self.id = id
        self.retain = retain
        self.isSetAside = isSetAside
        self.priority = priority
        self.reasons = reasons
    }
}

/// Why a backup stays, waits or goes.
package enum Reason: Hashable, Sendable {
    /// The n-th of a counting rule: `daily 3/7`; no total for `unlimited`.
    case rule(String, Int, of: Int?)
    /// It is within the rule's window: `within 30d`.
    case window(String, String)
    /// The rule had room left, and this is the oldest there is.
    case oldest(String)
    case all
    /// Invariant 6.
    case newest
    case minimum(Int)
    case preserved(reason: String, until: Timestamp?)
    case reprieved(until: Timestamp)
    case tooYoung(String)
    case observedTooShortly(String)
    case setAside(Backup.Condition, String)
    /// Goes: in this period another one is kept.
    case outdone(period: String, by: BackupID)
    /// Goes: no rule reaches so far back.
    case beyond(String)
    case noRule

    /// A few words, with ids and times as the reader wants them.
    package func text(id: (BackupID) -> String, date: (Timestamp) -> String = { $0.rfc3339(in: .utc) }) -> String {
        switch self {
        case .rule(let name, let n, let total): total.map { "\(name) \(n)/\($0)" } ?? "\(name) \(n)"
        case .window(let name, let span): "\(name) \(span)"
        case .oldest(let name): "oldest \(name)"
        case .all: "keep: all"
        case .newest: "newest"
        case .minimum(let n): "min \(n)"
        case .preserved(let reason, let until):
            "preserved: \(reason), " + (until.map { "until " + date($0) } ?? "no end")
        case .reprieved(let until): "reprieved until " + date(until)
        case .tooYoung(let span): "younger than min-age \(span)"
        case .observedTooShortly(let span): "known for less than \(span)"
        case .setAside(let condition, let note): note.isEmpty ? condition.rawValue : "\(condition.rawValue): \(note)"
        case .outdone(let period, let winner): "\(period) keeps \(id(winner))"
        case .beyond(let rules): "older than \(rules)"
        case .noRule: "no rule keeps it"
        }
    }

    /// A stable word for JSON.
    package var code: String {
        switch self {
        case .rule: "rule"
        case .window: "window"
        case .oldest: "oldest"
        case .all: "all"
        case .newest: "newest"
        case .minimum: "minimum"
        case .preserved: "preserved"
        case .reprieved: "reprieved"
        case .tooYoung: "min-age"
        case .observedTooShortly: "min-observed-age"
        case .setAside: "set-aside"
        case .outdone: "outdone"
        case .beyond: "beyond"
        case .noRule: "no-rule"
        }
    }
}
