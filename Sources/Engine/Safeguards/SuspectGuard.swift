internal import Audit
internal import Catalog
internal import Config
internal import Model
internal import Retention
internal import State
internal import Survey
internal import Trash

/// Backups that look wrong: what is judged, remembered, said, and frozen because of them.
package struct SuspectGuard: UseCase {
    let context: Context

    var markEditor: MarkEditor { MarkEditor(context: context) }

    /// What looks wrong of the present ones, from rows alone: the same for who plans, purges, lists and explains.
    func suspicion(
        _ vault: VaultConfiguration, _ id: VaultID, marks: Marks, present: [Backup],
        past: [Bytes: [CleanupTable.Past]], latest: Timestamp
    ) throws(Fault) -> Suspicion {
        guard vault.settings.brakes.setAsideSuspect.value else { return Suspicion() }
        var words = Suspicion.Words()
        for mark in marks.holding(.accepted, at: Timestamp(nanoseconds: .min)) {
            if let series = Mark.series(ofTarget: mark.target) {
                words.renewed[series] = Set((mark.objects ?? []).compactMap { UInt64($0, radix: 16) })
            } else if let object = UInt64(mark.target, radix: 16) {
                words.accepted.insert(object)
            }
        }
        for (object, suspect) in try state.brakes.memory(of: id).suspects {
            if let object = UInt64(object, radix: 16) { words.remembered[object] = suspect.note }
        }
        return Suspicion(
            present.filter { $0.state == .present },
            past: past.mapValues { rows in
                rows.map { .init(object: $0.object, time: $0.time, size: $0.size, isFull: $0.isFull) }
            }, words: words,
            footers: Set(
                try state.catalog.signs(vault: id).lazy.filter { $0.value[Backup.footerSign] != nil }.map(\.key)),
            latest: latest)
    }

    /// The last full one from before a series changed its level stays until somebody accepts that.
    func protectFromBefore(_ protection: inout Judge.Protection, _ marks: Marks) {
        for (series, objects) in protection.suspicion.before {
            for object in objects where protection.preserved[object] == nil && !isReleased(object, marks) {
                protection.preserved[object] = (Self.beforeReason(series), nil)
            }
        }
    }

    private static func beforeReason(_ series: Bytes) -> String {
        "the last full one before \(Backup.shortName(ofSeries: series).display) changed its size"
    }

    /// A person took back what this brake protected.
    private func isReleased(_ object: UInt64, _ marks: Marks) -> Bool {
        marks.newest(.preserved, BackupID(object: object).objectText)?.released ?? false
    }

    // MARK: Settling

    /// Remembers and reports what is new.
    func recordSuspects(
        _ suspicion: Suspicion, _ present: [Backup], _ vault: OpenVault, at now: Moment
    ) throws(Fault) {
        let records = try remember(suspicion, present, vault, at: now.wall)
        if !records.isEmpty { try state.audit.append(records, at: now) }
    }

    /// After a look, by who acts: remembers and says what is new, freezes and unfreezes series.
    func freezeSuspects(_ suspicion: Suspicion, _ snapshot: inout Snapshot) throws(Fault) {
        let vault = snapshot.vault
        var records = try remember(suspicion, snapshot.present, vault, at: snapshot.at.wall)
        var words: [(mark: Mark, record: AuditRecord)] = freezing(suspicion, snapshot)
        words += protecting(suspicion, snapshot)
        if !words.isEmpty {
            snapshot.marks = try markEditor.edit(vault) { marks, _ in
                for word in words { marks.add(word.mark) }
                return marks
            }
            records += words.map(\.record)
        }
        if !records.isEmpty { try state.audit.append(records, at: snapshot.at) }
    }

    private static let mostSaid = 20

    private func remember(
        _ suspicion: Suspicion, _ present: [Backup], _ vault: OpenVault, at now: Timestamp
    ) throws(Fault) -> [AuditRecord] {
        let suspects = suspicion.suspects
        let (fresh, isReminder) = try state.brakes.change(vault.id) { memory -> (Set<UInt64>, Bool) in
            var kept: [String: BrakeStore.Suspect] = [:]
            var fresh: Set<UInt64> = []
            for (object, note) in suspects {
                let key = BackupID(object: object).objectText
                let known = memory.suspects[key]
                if known == nil { fresh.insert(object) }
                kept[key] = BrakeStore.Suspect(note: note, since: known?.since ?? now)
            }
            memory.suspects = kept
            if kept.isEmpty || !fresh.isEmpty {
                memory.remindedAt = kept.isEmpty ? nil : now
                return (fresh, false)
            }
            guard abs(now.seconds(since: memory.remindedAt ?? now)) >= HoldEpisode.reminderSeconds else {
                return ([], false)
            }
            memory.remindedAt = now
            return ([], true)
        }
        if isReminder {
            return [
                anomaly(
                    vault, nil, reason: "\(suspects.count) suspect backups wait to be accepted or removed",
                    isReminder: true)
            ]
        }
        guard !fresh.isEmpty else { return [] }
        var records: [AuditRecord] = []
        for backup in present where records.count < Self.mostSaid && fresh.contains(backup.id.object) {
            records.append(
                anomaly(vault, backup, reason: "suspect: \(suspects[backup.id.object] ?? "")", isReminder: false))
        }
        if fresh.count > Self.mostSaid {
            records.append(
                anomaly(vault, nil, reason: "\(fresh.count - Self.mostSaid) more suspect backups", isReminder: false))
        }
        return records
    }

    private func anomaly(_ vault: OpenVault, _ backup: Backup?, reason: String, isReminder: Bool) -> AuditRecord {
        vault.record(.anomaly(kind: "suspect", isReminder: isReminder), about: backup, reason: reason)
    }

    // MARK: Freezing

    /// Several in a row freeze their series, condemning and purging both; a good one, or a word, ends it.
    private func freezing(_ suspicion: Suspicion, _ snapshot: Snapshot) -> [(mark: Mark, record: AuditRecord)] {
        let (marks, vault, now) = (snapshot.marks, snapshot.vault, snapshot.at.wall)
        let most = vault.configuration.settings.brakes.freezeIfSuspect.value
        var words: [(mark: Mark, record: AuditRecord)] = []
        for (series, run) in suspicion.runs.sorted(by: { $0.key < $1.key }) {
            guard let most, run.count >= most else { continue }
            let known = marks.all[Mark.Key(.frozen, Mark.frozenTarget(.suspect, series: series))]
            let objects = run.map { BackupID(object: $0).objectText }
            // Said once of a run, of which the first may go and others come: who lifted it knows of it.
            let isSaid = known.map { !$0.released || !Set($0.objects ?? []).isDisjoint(with: objects) } ?? false
            guard !isSaid else { continue }
            let why = suspicion.suspects[run[run.count - 1]] ?? ""
            var mark = Mark.freeze(
                .suspect, series: series, reason: "its last \(run.count) backups are suspect (\(why))",
                actor: state.program, at: now)
            mark.objects = objects
            words.append(
                (mark, seriesRecord(.seriesFrozen(cause: .suspect), vault, series: series, reason: mark.reason)))
        }
        for mark in marks.holding(.frozen, at: now) where mark.cause == FreezeCause.suspect.rawValue {
            guard let series = Mark.series(ofTarget: mark.target) else { continue }
            if let most, let run = suspicion.runs[series], run.count >= most { continue }
            // Where something could not be seen, a good one may be what is missing.
            guard snapshot.scan.faults.isEmpty else { continue }
            var lifted = Mark(
                kind: .frozen, target: mark.target, released: true, reason: "", actor: state.program, at: now)
            lifted.cause = mark.cause
            let why = "its newest backups are as usual again"
            words.append((lifted, seriesRecord(.seriesUnfrozen(cause: .suspect), vault, series: series, reason: why)))
        }
        return words
    }

    private func seriesRecord(
        _ event: Event, _ vault: OpenVault, series: Bytes, reason: String
    ) -> AuditRecord {
        vault.record(event, series: series, reason: reason)
    }

    /// Marks for the last full ones from before: they outlive what tells of the change.
    private func protecting(_ suspicion: Suspicion, _ snapshot: Snapshot) -> [(mark: Mark, record: AuditRecord)] {
        guard !suspicion.before.isEmpty else { return [] }
        let (vault, now) = (snapshot.vault, snapshot.at.wall)
        let wanted = Set(suspicion.before.values.joined())
        let there = (snapshot.present + snapshot.trashed.map(\.item.backup)).filter { wanted.contains($0.id.object) }
        var words: [(mark: Mark, record: AuditRecord)] = []
        var done: Set<UInt64> = []
        for backup in there where done.insert(backup.id.object).inserted {
            guard snapshot.marks.newest(.preserved, backup.id.objectText) == nil else { continue }
            var mark = Mark(
                kind: .preserved, target: backup.id.objectText, reason: Self.beforeReason(backup.series),
                actor: state.program, at: now)
            mark.describe(backup)
            mark.cause = FreezeCause.suspect.rawValue
            words.append(
                (
                    mark,
                    vault.record(.preserved(until: nil), about: backup, reason: mark.reason)
                ))
        }
        return words
    }

    // MARK: Accepting

    /// A series is fine as it is: its freeze ends, what was kept from before need not stay any more.
    func accepting(
        _ series: Bytes, _ objects: Set<UInt64>, reason: String, marks: Marks, at: Moment
    ) -> [(Mark, Event?, [Backup])] {
        func said(_ kind: Mark.Kind, _ target: String, released: Bool, _ reason: String) -> Mark {
            Mark(
                kind: kind, target: target, released: released, reason: reason, actor: state.actorName, at: at.wall)
        }
        var mark = said(.accepted, Mark.seriesTarget(series), released: false, reason)
        mark.objects = objects.sorted().map { BackupID(object: $0).objectText }
        var words: [(Mark, Event?, [Backup])] = [(mark, .accepted, [])]
        let target = Mark.frozenTarget(.suspect, series: series)
        if let known = marks.mark(.frozen, target, at: at.wall) {
            var lifted = said(.frozen, target, released: true, reason)
            (lifted.cause, lifted.objects) = (known.cause, known.objects)
            words.append((lifted, .seriesUnfrozen(cause: .suspect), []))
        }
        for known in marks.holding(.preserved, at: at.wall) where known.cause == FreezeCause.suspect.rawValue {
            guard let object = UInt64(known.target, radix: 16), objects.contains(object) else { continue }
            words.append((said(.preserved, known.target, released: true, reason), .released, []))
        }
        return words
    }
}
