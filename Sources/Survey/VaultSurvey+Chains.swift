internal import Model
internal import Recognition

extension VaultSurvey {
    /// Says of each backup what kind it is, and which one beside it it needs.
    ///
    /// One that names what it needs and that has gone is broken, and not whole by way of the one before it: then what
    /// stands on it would be kept for nothing, and a full one that could be restored might go in its favour.
    static func chain(_ backups: inout [Backup], by units: [DirectoryReading.Unit]) {
        let depending = units.filter { $0.kind != .full }
        guard !depending.isEmpty else { return }
        var ids: [Bytes: BackupID] = [:]
        var indices: [Bytes: Int] = [:]
        for (index, backup) in backups.enumerated() {
            indices[backup.path.lastComponent] = index
            for member in backup.members { ids[member.path.lastComponent] = backup.id }
        }
        for unit in depending {
            guard let index = indices[unit.name] else { continue }
            backups[index].kind = unit.kind
            guard let parent = unit.parentName else { continue }
            backups[index].parent = ids[parent]
            if ids[parent] == nil, backups[index].isComplete {
                backups[index].condition = .broken
                backups[index].note = "what it needs ('\(parent.display)') is not here"
            }
        }
    }
}
