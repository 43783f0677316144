internal import Config
internal import Model
internal import State
internal import Trash

/// Changes the marks of a vault: the one place of lock, read, change and write.
package struct MarkEditor: UseCase {
    let context: Context

    var access: VaultAccess { VaultAccess(context: context) }

    /// Takes the vault's lock, and makes its trash where it is missing.
    @discardableResult
    func edit<T>(
        _ vault: OpenVault, _ change: (inout Marks, TrashDirectory) throws(Fault) -> T
    ) throws(Fault) -> T {
        let trash = try access.makeTrash(vault)
        let lock = try trash.lock(holder: holder, waitSeconds: waitSeconds)
        defer { withExtendedLifetime(lock) {} }
        return try edit(vault, locked: trash) { marks throws(Fault) in try change(&marks, trash) }
    }

    /// The same where the caller holds the lock. Marks that were not changed are not written.
    @discardableResult
    func edit<T>(
        _ vault: OpenVault, locked trash: TrashDirectory, _ change: (inout Marks) throws(Fault) -> T
    ) throws(Fault) -> T {
        var marks = try state.marks.read(vault.id, trash: trash)
        let before = marks.counter
        let result = try change(&marks)
        if marks.counter != before { try state.marks.write(marks, vault.id, trash: trash) }
        return result
    }

    /// When the grace of what is put back now ends.
    func reprieveEnd(_ vault: VaultConfiguration) -> Timestamp {
        now().wall.adding(seconds: vault.settings.gracePeriod.value.fixedSeconds)
    }

    /// Leaves backups alone for a grace, and ends what a person said against them. `until`: `nil` for what goes out of
    /// the vault; of that the mark only says that it is not missing. `run`: they went with it.
    func reprieve(
        _ backups: [Backup], until: Timestamp?, reason: String, run: Int? = nil, in marks: inout Marks, at: Moment
    ) {
        guard
            var mark = Mark.of(
                .reprieved, backups, reason: reason, actor: state.actorName, at: at.wall, until: until ?? at.wall)
        else { return }
        if until == nil { mark.isElsewhere = true }
        mark.run = run
        marks.add(mark)
        for backup in backups where marks.mark(.condemned, backup.id.text, at: at.wall) != nil {
            marks.add(
                Mark(
                    kind: .condemned, target: backup.id.text, released: true, reason: reason, actor: state.actorName,
                    at: at.wall))
        }
    }
}

extension Mark {
    /// A mark about backups: one with fields that a person can read, several with a list.
    static func of(
        _ kind: Kind, _ backups: [Backup], released: Bool = false, reason: String, actor: String, at: Timestamp,
        until: Timestamp? = nil
    ) -> Mark? {
        guard backups.count < 2 else {
            let items = backups.map { MarkedItems.Item(object: $0.id.object, twin: $0.twin) }
            return Mark(
                kind, of: MarkedItems(items), released: released, reason: reason, actor: actor, at: at, until: until)
        }
        return backups.first.map { backup in
            var mark = Mark(
                kind: kind, target: backup.id.objectText, released: released, reason: reason, actor: actor, at: at,
                until: until)
            if !released { mark.describe(backup) }
            return mark
        }
    }

    /// How a backup is found again where its object changed.
    mutating func describe(_ backup: Backup) {
        (path, pathRaw) = backup.path.textAndRaw
        time = backup.time
        size = backup.size
    }
}
