internal import Audit
package import Model
internal import State
internal import Trash

extension ArgumentResolver {
    /// What a run took away and is here or in the trash now: by the marks of an undo, and by the audit log.
    package func backups(ofRun number: Int, in view: VaultView) throws(Fault) -> [Backup] {
        guard let id = view.id else { return [] }
        var objects: Set<UInt64> = []
        for mark in view.marks.all.values where mark.run == number && !mark.released {
            objects.formUnion((mark.items?.sorted ?? []).map(\.object))
            if let object = mark.object { objects.insert(object) }
        }
        do {
            try state.audit.forEach { line in
                guard line.run == number, line.event == AuditEvent.condemned.rawValue, line.vaultID == id.text,
                    let backup = line.backup.flatMap(BackupID.init(text:))
                else { return }
                objects.insert(backup.object)
            }
        } catch {
            // A log that cannot be read, or was rotated away: then the marks are all that is known.
            guard !objects.isEmpty else { throw error }
        }
        return (view.present + view.trashed).filter { objects.contains($0.id.object) }
    }
}
