internal import Audit
package import Model
internal import Trash

extension Keeper {
    /// What a person says of something.
    package enum Word: Sendable {
        case preserve([Backup], reason: String, until: Timestamp?)
        case release([Backup])
        /// `series` empty: the whole vault.
        case freeze(series: [Bytes], reason: String, until: Timestamp?)
        case unfreeze(series: [Bytes])
    }

    /// Writes a word down, in the vault and in the state directory (invariant 10), and says it in the audit log.
    package func say(_ word: Word, in configuration: VaultConfiguration) throws(Fault) {
        let vault = try open(configuration)
        let trash = try makeTrash(vault)
        let lock = try trash.lock(holder: holder, waitSeconds: waitSeconds)
        defer { withExtendedLifetime(lock) {} }
        let at = now()
        var marks = try home.marks.read(vault.id, trash: trash)
        var records: [AuditRecord] = []
        for (mark, event, backup) in self.marks(of: word, at: at) {
            marks.say(mark)
            records.append(
                AuditRecord(
                    event, vault: vault.label, vaultID: vault.id, series: backup?.series ?? Self.series(of: mark),
                    backup: backup?.id, batch: backup?.trashed?.batch, path: backup?.path,
                    reason: mark.reason.isEmpty ? nil : mark.reason,
                    more: mark.until.map { [.init("until", .string($0.rfc3339Milliseconds))] } ?? []))
        }
        try home.marks.write(marks, vault.id, trash: trash)
        try home.audit.append(records, at: at)
    }

    private func marks(of word: Word, at: Moment) -> [(Mark, AuditEvent, Backup?)] {
        func mark(
            _ kind: Mark.Kind, _ target: String, _ reason: String, _ until: Timestamp? = nil, released: Bool = false
        ) -> Mark {
            Mark(
                kind: kind, target: target, released: released, reason: reason, actor: home.actorName, at: at.wall,
                until: until)
        }
        switch word {
        case .preserve(let backups, let reason, let until):
            return backups.map {
                var mark = mark(.preserved, $0.id.objectText, reason, until)
                mark.describe($0)
                return (mark, .preserved, $0)
            }
        case .release(let backups):
            // It ends a reprieve too: the person says that nothing protects it any more.
            return backups.flatMap { backup in
                [
                    (mark(.preserved, backup.id.objectText, "", released: true), .released, backup),
                    (mark(.reprieved, backup.id.objectText, "", released: true), .released, backup),
                ]
            }
        case .freeze(let series, let reason, let until):
            guard !series.isEmpty else { return [(mark(.frozen, Mark.vaultTarget, reason, until), .vaultFrozen, nil)] }
            return series.map { (mark(.frozen, Mark.seriesTarget($0), reason, until), .seriesFrozen, nil) }
        case .unfreeze(let series):
            guard !series.isEmpty else {
                return [(mark(.frozen, Mark.vaultTarget, "", released: true), .vaultUnfrozen, nil)]
            }
            return series.map { (mark(.frozen, Mark.seriesTarget($0), "", released: true), .seriesUnfrozen, nil) }
        }
    }

    private static func series(of mark: Mark) -> Bytes? {
        let prefix = "series:"
        guard mark.target.hasPrefix(prefix) else { return nil }
        return Bytes(hexadecimal: String(mark.target.dropFirst(prefix.count)))
    }
}
