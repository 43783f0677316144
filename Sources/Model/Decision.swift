/// For one backup: stay or go, how dear it is, and every reason.
package struct Decision: Hashable, Sendable {
    package enum Priority: String, Sendable, Codable { case critical, important, standard, low }

    package var id: BackupID
    package var retain: Bool
    /// Not judged by the rules: settling, future-dated, foreign, … It stays and counts for nothing (invariant 7).
    package var isSetAside: Bool
    package var priority: Priority
    /// 0-100: what goes first under pressure, and the priority. See `Importance` in `Retention`.
    package var importance: UInt8
    package var reasons: [Reason]

    package init(
        id: BackupID, retain: Bool, isSetAside: Bool = false, priority: Priority, importance: UInt8 = 0,
        reasons: [Reason]
    ) {
        self.id = id
        self.retain = retain
        self.isSetAside = isSetAside
        self.priority = priority
        self.importance = importance
        self.reasons = reasons
    }
}

/// Why a backup stays, waits or goes.
package enum Reason: Hashable, Sendable {
    /// The n-th of a counting rule: `daily 3/7`, of a range `daily 9/7-14`; no total for `unlimited`.
    case rule(String, Int, of: String?)
    /// It is within the rule's window: `within 30d`.
    case window(String, String)
    /// The rule had room left, and this is the oldest there is.
    case oldest(String)
    case all
    /// It has the tags of a set.
    case tags(String)
    /// It belongs to a chain that is kept whole; the full one.
    case chain(of: String)
    /// The newest full one before a window's beginning.
    case windowFull(String)
    /// Another one that stays needs it.
    case neededBy(String)
    /// A log whose full one stays.
    case logOf(String)
    /// Of the time of which every moment can be restored.
    case logWindow(String)
    /// A log of which nobody knows what it leads from.
    case logWithoutFull
    /// Goes: a log whose full one goes.
    case logOfGone(String)
    /// Goes: a log older than the time of which every moment can be restored.
    case logBeyond(String)
    /// Goes: a log from before the oldest full one, which leads from nowhere.
    case logBeforeAllFull
    /// Invariant 6.
    case newest
    case newestFull
    case minimum(Int)
    /// Its series would have no backup of this period any more.
    case onlyOf(String)
    case preserved(reason: String, until: Timestamp?)
    /// Protected by the tool that wrote it.
    case toolProtected(String)
    /// A symbolic link in the vault points to it.
    case linkTarget(of: String)
    case reprieved(until: Timestamp)
    case tooYoung(String)
    case observedTooShortly(String)
    /// No new backup came for so long that its series is taken for ended: nothing of it goes.
    case ended(since: Timestamp)
    /// Not finished, and nothing finished is newer (a preset's meaning).
    case unfinishedNewest
    case setAside(Backup.Condition, String)
    /// Of a retired series; stays or goes as the person said.
    case retired(String, keeps: Bool)
    /// Goes: in this period another one is kept.
    case superseded(period: String, by: BackupID)
    /// Goes: no rule reaches so far back.
    case beyond(String)
    /// Goes: none of these rules keeps it.
    case notKept(String)
    /// Goes: not complete for so long, and a newer complete one exists.
    case incompleteFor(String, newer: BackupID)
    /// Goes: unfinished, and a newer one is there (a preset's meaning).
    case unfinished
    case spaceShort
    /// Goes: only a range above its lower bound keeps it, and these limits are not met.
    case forSpace(String)
    /// Goes: a person said so.
    case byHand(String)

    /// Whether it speaks for staying.
    package var keeps: Bool {
        switch self {
        case .superseded, .beyond, .notKept, .incompleteFor, .unfinished, .spaceShort, .forSpace, .byHand, .logOfGone,
            .logBeyond, .logBeforeAllFull:
            false
        case .retired(_, let keeps): keeps
        default: true
        }
    }

    /// A few words, with ids and times as the reader wants them.
    package func text(id: (BackupID) -> String, date: (Timestamp) -> String = { $0.rfc3339(in: .utc) }) -> String {
        switch self {
        case .rule(let name, let n, let total): total.map { "\(name) \(n)/\($0)" } ?? "\(name) \(n)"
        case .window(let name, let span): "\(name) \(span)"
        case .oldest(let name): "oldest \(name)"
        case .all: "keep: all"
        case .tags(let tags): "tags \(tags)"
        case .chain(let full): "chain of \(full)"
        case .windowFull(let span): "full before window \(span)"
        case .neededBy(let other): "needed by \(other)"
        case .logOf(let full): "log behind \(full), which stays"
        case .logWindow(let span): "logs \(span)"
        case .logWithoutFull: "a log without any full backup in its series"
        case .logOfGone(let full): "log behind \(full), which goes"
        case .logBeyond(let span): "older than logs \(span)"
        case .logBeforeAllFull: "a log older than every full backup of its series"
        case .newest: "newest"
        case .newestFull: "newest full"
        case .minimum(let n): "min \(n)"
        case .onlyOf(let period): "only one of its \(period)"
        case .preserved(let reason, let until):
            "preserved: \(reason), " + (until.map { "until " + date($0) } ?? "no end")
        case .toolProtected(let how): "preserved: \(how)"
        case .linkTarget(let link): "target of \(link)"
        case .reprieved(let until): "reprieved until " + date(until)
        case .tooYoung(let span): "younger than min-age \(span)"
        case .observedTooShortly(let span): "known for less than \(span)"
        case .ended(let since): "series ended " + date(since)
        case .unfinishedNewest: "unfinished, nothing finished is newer"
        case .setAside(let condition, let note): note.isEmpty ? condition.rawValue : "\(condition.rawValue): \(note)"
        case .retired(let reason, _): "retired: \(reason)"
        case .superseded(let period, let winner): "\(period) keeps \(id(winner))"
        case .beyond(let rules): "older than \(rules)"
        case .notKept(let rules): "kept by none of \(rules)"
        case .incompleteFor(let span, let newer): "incomplete for over \(span), \(id(newer)) is newer"
        case .unfinished: "unfinished, a newer one is there"
        case .spaceShort: "space is short"
        case .forSpace(let limits): "for space: \(limits) is not met"
        case .byHand(let reason): "by hand: \(reason)"
        }
    }
}
