internal import Audit
package import Config
internal import Disk
package import Model
internal import State
internal import Trash

/// Writes down what a person says of backups, series and vaults.
package struct PersonMarks: UseCase {
    let context: Context

    var access: VaultAccess { VaultAccess(context: context) }
    var clockGuard: ClockGuard { ClockGuard(context: context) }
    var freezeGuard: FreezeGuard { FreezeGuard(context: context) }
    var massChangeGuard: MassChangeGuard { MassChangeGuard(context: context) }
    var suspectGuard: SuspectGuard { SuspectGuard(context: context) }

    /// What a person says of something.
    package enum Word: Sendable {
        case preserve([Backup], reason: String, until: Timestamp?)
        /// `kinds`: what is taken back of what was said of them.
        case release([Backup], kinds: [Mark.Kind] = [.preserved, .reprieved, .bad])
        /// It is broken: it counts for nothing.
        case bad([Backup], reason: String)
        /// Condemned by hand.
        case condemn([Backup], reason: String)
        case uncondemn([Backup])
        /// A series has ended. `keep`: how many stay (`nil`: all); of no other objects than these.
        case retire(Bytes, objects: Set<UInt64>, keep: Int?, after: Timestamp?, reason: String)
        /// It has not.
        case unretire([Bytes])
        /// `series` empty: the whole vault.
        case freeze(series: [Bytes], reason: String, until: Timestamp?)
        case unfreeze(series: [Bytes])
        /// What looked suspect is fine: single backups, or a series as it is now. `objects`: all it holds.
        case accept([Backup], reason: String)
        case acceptSeries(Bytes, objects: Set<UInt64>, reason: String)

        /// The single ones that it is about.
        var backups: [Backup] {
            switch self {
            case .preserve(let backups, _, _), .release(let backups, _), .bad(let backups, _), .condemn(let backups, _),
                .uncondemn(let backups), .accept(let backups, _):
                backups
            case .retire, .unretire, .freeze, .unfreeze, .acceptSeries: []
            }
        }

        /// To lift something is never too late.
        var needsSeries: Bool {
            switch self {
            case .freeze, .acceptSeries: true
            default: false
            }
        }
    }

    /// Writes a word down, in the vault and in the state directory (invariant 10), and says it in the audit log.
    /// Answers how many marks it changed, each backup of one about many counted. What it is about is looked up again
    /// under the lock: a backup that is gone by then, or a series of which none of `members` is left, is `.notFound`,
    /// and nothing is written.
    @discardableResult
    package func apply(
        _ word: Word, of members: [Backup] = [], in configuration: VaultConfiguration
    ) throws(Fault) -> Int {
        let vault = try access.open(configuration)
        let trash = try access.makeTrash(vault)
        let lock = try trash.lock(holder: holder, waitSeconds: waitSeconds)
        defer { withExtendedLifetime(lock) {} }
        for backup in word.backups where !stands(backup, vault, trash) { throw Self.goneMeanwhile(backup.path) }
        if word.needsSeries, let first = members.first, !members.contains(where: { stands($0, vault, trash) }) {
            throw Self.goneMeanwhile(Backup.name(ofSeries: first.series))
        }
        let at = now()
        var marks = try state.marks.read(vault.id, trash: trash)
        var records: [AuditRecord] = []
        var changed = 0
        for (mark, event, backups) in self.marks(of: word, marks, at: at) {
            // What does not hold cannot be lifted: nothing to say.
            if mark.released, mark.items == nil, marks.mark(mark.kind, mark.target, at: at.wall) == nil { continue }
            changed += max(1, backups.count)
            marks.add(mark)
            guard let event else { continue }
            let about: [Backup?] = backups.isEmpty ? [nil] : backups
            records += about.map { backup in
                vault.record(
                    event, about: backup, series: Mark.series(ofTarget: mark.target),
                    reason: mark.reason.isEmpty ? nil : mark.reason)
            }
        }
        if changed > 0 {
            try state.marks.write(marks, vault.id, trash: trash)
            try state.audit.append(records, at: at)
        }
        if case .unfreeze(let series) = word, series.isEmpty {
            let isFrozen = marks.mark(.frozen, Mark.frozenTarget(.rewritten), at: at.wall) != nil
            if try massChangeGuard.forgetAlarm(vault) {
                changed += 1
                // Not yet written down as a freeze, and in force all the same.
                if !isFrozen {
                    let reason = "a person says that the changes were meant"
                    try state.audit.append([FreezeGuard.unfrozenRecord(.rewritten, vault, reason)], at: at)
                }
            }
            if try access.isReplaced(trash, vault) {
                try access.takeForOurs(trash, vault)
                changed += 1
                let reason = "a person says that this .trash is the vault's"
                try state.audit.append([FreezeGuard.unfrozenRecord(.replaced, vault, reason)], at: at)
            }
            if try clockGuard.believe(vault) {
                changed += 1
                try state.audit.append(
                    [FreezeGuard.unfrozenRecord(.clock, vault, "a person says that it is right")], at: at)
            }
            if let file = try freezeGuard.freezes(vault, marks, at: at.wall).first(where: { $0.path != nil }) {
                throw Fault(
                    .held, "'\(vault.label)' is still frozen: \(file.reason)",
                    hint: "whoever put it there may have had a reason; removing it lifts the FreezeGuard.freeze",
                    path: vault.root.path)
            }
        }
        return changed
    }

    /// Whether an object is where it was, in the trash, or brought back from there. What cannot be looked at is not
    /// gone.
    private func stands(_ backup: Backup, _ vault: OpenVault, _ trash: TrashDirectory) -> Bool {
        func isThere(_ path: Bytes, below directory: Directory) -> Bool {
            do throws(Fault) {
                return try directory.open(path.parent).object(of: path.lastComponent) == backup.object
            } catch {
                return ![Errno.ENOENT, Errno.ENOTDIR].contains(error.errno)
            }
        }
        func isIn(_ batch: String) -> Bool { isThere(trash.path(of: backup.path, in: batch), below: trash.directory) }
        if isThere(backup.path, below: vault.root) { return true }
        if let batch = backup.trashed?.batch, isIn(batch) { return true }
        // Condemned since it was looked at.
        guard let batches = try? trash.batchNames() else { return true }
        return batches.reversed().contains(where: isIn)
    }

    private static func goneMeanwhile(_ path: Bytes) -> Fault {
        Fault(
            .notFound, "'\(path.display)' is gone: it was purged or removed a moment ago",
            hint: "nothing was written; `reprieve audit tail` shows what happened to it", path: path)
    }

    private func marks(of word: Word, _ marks: Marks, at: Moment) -> [(Mark, Event?, [Backup])] {
        func about(
            _ kind: Mark.Kind, _ backups: [Backup], reason: String, event: Event, until: Timestamp? = nil,
            released: Bool = false
        ) -> [(Mark, Event?, [Backup])] {
            let mark = Mark.of(
                kind, backups, released: released, reason: reason, actor: state.actorName, at: at.wall, until: until)
            return mark.map { [($0, event, backups)] } ?? []
        }
        func mark(
            _ kind: Mark.Kind, _ target: String, reason: String, until: Timestamp? = nil, released: Bool = false
        ) -> Mark {
            Mark(
                kind: kind, target: target, released: released, reason: reason, actor: state.actorName, at: at.wall,
                until: until)
        }
        switch word {
        case .preserve(let backups, let reason, let until):
            return about(.preserved, backups, reason: reason, event: .preserved(until: until), until: until)
        case .release(let backups, let kinds):
            // It ends a reprieve too: the person says that nothing protects it any more.
            return kinds.flatMap { kind in
                let held = backups.filter { marks.mark(kind, $0.id.objectText, at: at.wall) != nil }
                return about(kind, held, reason: "", event: .released, released: true)
            }
        case .bad(let backups, let reason): return about(.bad, backups, reason: reason, event: .bad)
        case .condemn(let backups, let reason):
            // Said in the log by the condemnation itself.
            return backups.map {
                // This one only: a protection covers every link of an object, a condemnation does not.
                var mark = mark(.condemned, $0.id.text, reason: reason)
                mark.describe($0)
                return (mark, nil, [$0])
            }
        case .uncondemn(let backups):
            return backups.map { (mark(.condemned, $0.id.text, reason: "", released: true), nil, [$0]) }
        case .retire(let series, let objects, let keep, let after, let reason):
            var mark = mark(.retired, Mark.seriesTarget(series), reason: reason)
            mark.keep = keep
            mark.after = after
            mark.objects = objects.sorted().map { BackupID(object: $0).objectText }
            return [(mark, .seriesRetired(keep: keep, after: after), [])]
        case .unretire(let series):
            return series.map { (mark(.retired, Mark.seriesTarget($0), reason: "", released: true), .released, []) }
        case .accept(let backups, let reason):
            return backups.map {
                var mark = mark(.accepted, $0.id.objectText, reason: reason)
                mark.describe($0)
                return (mark, .accepted, [$0])
            }
        case .acceptSeries(let series, let objects, let reason):
            return suspectGuard.accepting(series, objects, reason: reason, marks: marks, at: at)
        case .freeze(let series, let reason, let until):
            func freeze(_ series: Bytes?) -> Mark {
                var mark = Mark.freeze(.person, series: series, reason: reason, actor: state.actorName, at: at.wall)
                mark.until = until
                return mark
            }
            guard !series.isEmpty else { return [(freeze(nil), .vaultFrozen(until: until, cause: .person), [])] }
            return series.map { (freeze($0), .seriesFrozen(until: until, cause: .person), []) }
        case .unfreeze(let series):
            // A vault with every series of it; of a series, whatever the cause.
            let current = marks.holding(.frozen, at: at.wall).filter { mark in
                guard let own = Mark.series(ofTarget: mark.target) else { return series.isEmpty }
                return series.isEmpty || series.contains(own) || series.contains(Backup.seriesWithoutPacker(own))
            }
            return current.map { known in
                var lifted = mark(.frozen, known.target, reason: "", released: true)
                (lifted.cause, lifted.objects) = (known.cause, known.objects)
                let (isSeries, cause) = (Mark.series(ofTarget: known.target) != nil, known.freezeCause)
                return (lifted, isSeries ? .seriesUnfrozen(cause: cause) : .vaultUnfrozen(cause: cause), [])
            }
        }
    }
}
