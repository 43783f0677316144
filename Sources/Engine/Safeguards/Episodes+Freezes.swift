internal import Audit
internal import Config
internal import Model
internal import Retention
internal import State
internal import Trash

/// Brakes that nobody writes down: files that freeze, freezes whose time is over, backups that are dated ahead. Each is
/// said when it begins and when it ends, by whoever acts.
extension Episodes {
    /// Files named `FREEZE` begin and end without us; a freeze `--until` ends without anybody.
    func recordFreezes(_ snapshot: Snapshot) throws(Fault) {
        let (vault, now, scope) = (snapshot.vault, snapshot.at.wall, snapshot.vault.id.text)
        var records: [AuditRecord] = []
        var files: [String: String] = [:]
        for mark in try freezeGuard.freezes(vault, snapshot.marks, at: now) {
            if let path = mark.path { files[path] = mark.reason }
        }
        let known = try state.episodes.known(.file, scope)
        for (path, reason) in files.sorted(by: { $0.key < $1.key }) where !known.contains(path) {
            records.append(FreezeGuard.frozenRecord(.person, vault, reason))
        }
        for path in known.subtracting(files.keys).sorted() {
            records.append(FreezeGuard.unfrozenRecord(.person, vault, "the file \(path) is not there any more"))
        }
        let timed = snapshot.marks.all.values.filter { $0.kind == .frozen && $0.until != nil && !$0.released }
        let holding = Set(timed.filter { $0.until.map { $0 > now } ?? false }.map(\.target))
        let held = try state.episodes.known(.timed, scope).subtracting(holding)
        for mark in timed.sorted(by: { $0.target < $1.target }) where held.contains(mark.target) {
            let series = Mark.series(ofTarget: mark.target)
            let cause = mark.freezeCause
            records.append(
                vault.record(
                    series == nil ? .vaultUnfrozen(cause: cause) : .seriesUnfrozen(cause: cause), series: series,
                    reason: "its time is over"))
        }
        if !records.isEmpty { try state.audit.append(records, at: snapshot.at) }
        try state.episodes.record(.file, scope, Set(files.keys))
        try state.episodes.record(.timed, scope, holding)
    }

    private static let mostSaid = 20

    /// Dated more than a day ahead: set aside, and somebody is told.
    func recordFuture(_ present: [Backup], _ snapshot: Snapshot) throws(Fault) {
        let (vault, scope) = (snapshot.vault, snapshot.vault.id.text)
        let ahead = present.filter { $0.isComplete && Judge.isFuture($0, now: snapshot.at) }
        let names = Set(ahead.map(\.id.objectText))
        let begun = try state.episodes.begun(.future, scope, names)
        func record(_ backup: Backup?, _ reason: String) -> AuditRecord {
            vault.record(.anomaly(kind: "future"), about: backup, reason: reason)
        }
        let fresh = ahead.filter { begun.contains($0.id.objectText) }
        var records = fresh.prefix(Self.mostSaid).map { backup in
            let time = backup.time.rfc3339(in: configuration.zone.value)
            return record(backup, "dated ahead (\(time)): it counts for nothing until then")
        }
        if fresh.count > Self.mostSaid {
            records.append(record(nil, "\(fresh.count - Self.mostSaid) more backups are dated ahead"))
        }
        if !records.isEmpty { try state.audit.append(records, at: snapshot.at) }
        try state.episodes.record(.future, scope, names)
    }
}
