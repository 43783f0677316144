import Model
import Retention

/// Which backup stands on which.
extension SlowRetention {
    /// It is complete, and so is all that it stands on.
    func isWhole(_ backup: Candidate) -> Bool {
        guard backup.condition == .complete else { return false }
        return backup.kind == .full || !parents(of: backup).isEmpty && parents(of: backup).allSatisfy { isWhole($0) }
    }

    /// The last one leads to its full one.
    func parents(of backup: Candidate) -> [Candidate] {
        guard backup.kind != .full else { return [] }
        if !backup.parents.isEmpty { return all.filter { backup.parents.contains($0.id) } }
        let older = all.drop { $0.id != backup.id }.dropFirst()
        guard let full = older.firstIndex(where: { $0.kind == .full }) else { return [] }
        return backup.kind == .incremental ? Array(older[...full]) : [older[full]]
    }

    func root(of backup: Candidate) -> Candidate {
        var at = backup
        while let parent = parents(of: at).last { at = parent }
        return at
    }

    func chains(of fulls: Set<BackupID>) -> Set<BackupID> {
        Set(backups.filter { fulls.contains(root(of: $0).id) }.map(\.id))
    }

    /// What stays keeps what it stands on, and so does what is set aside.
    func closed(_ kept: Set<BackupID>) -> Set<BackupID> {
        var kept = kept
        let counting = Set(backups.map(\.id))
        for backup in all where kept.contains(backup.id) || !counting.contains(backup.id) {
            var waiting = [backup]
            while let at = waiting.popLast() {
                for parent in parents(of: at) where kept.insert(parent.id).inserted { waiting.append(parent) }
            }
        }
        return kept.intersection(counting)
    }
}
