/// What a record of the audit log may have beside `seq`, `time`, `event`, `actor`, `prev` and `hash`, which all have.
/// The raw value is the key in the log.
package enum EventField: String, CaseIterable, Sendable {
    case run, vault
    case vaultID = "vault_id"
    case series, backup, batch, path, reason
    case backups, complete, trashed, unreadable
    case until, cause, keep, after, newest, rhythm, erased, size
    case earliestPurge = "earliest_purge"
    case plan, condemnations, held, since, reminder, policy, going, condemned, failed, dropped, purged
    case manifest, items, to, kind
    case hook, about, failures, phase, first, last

    package enum Form: String, Sendable {
        case text, number, bytes, seconds, time, flag
        /// Text; a name that is not valid UTF-8 stands in `…_raw` beside it, in base64.
        case path
        case list
    }

    package var form: Form {
        switch self {
        case .vault, .vaultID, .backup, .batch, .reason, .cause, .plan, .policy, .manifest, .kind, .hook, .phase: .text
        case .series, .path, .to: .path
        case .run, .backups, .complete, .trashed, .unreadable, .keep, .condemnations, .held, .going, .condemned,
            .failed, .dropped, .purged, .items, .about, .failures, .first, .last:
            .number
        case .until, .after, .newest, .earliestPurge, .since: .time
        case .rhythm: .seconds
        case .size: .bytes
        case .reminder: .flag
        case .erased: .list
        }
    }

    package var meaning: String {
        switch self {
        case .run: "the run it belongs to; `undo RUN` takes one back"
        case .vault: "the vault's name"
        case .vaultID: "the vault's id, which stays when its name or path changes"
        case .series: "the series' key"
        case .backup: "the backup's id"
        case .batch: "the directory in `.trash`"
        case .path: "the path within the vault; of adopted, forgotten and full vaults the vault's own"
        case .reason: "why, in words"
        case .backups: "backups that were looked at"
        case .complete: "of these, complete ones"
        case .trashed: "backups in the trash"
        case .unreadable: "directories that could not be read"
        case .until: "when it ends by itself"
        case .cause: "what froze it: \(FreezeCause.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", "))"
        case .keep: "how many of its backups stay; without it: all"
        case .after: "not carried out before"
        case .newest: "of the newest complete backup"
        case .rhythm: "how often a backup usually comes"
        case .erased: "path and size of each backup that was there"
        case .size: "apparent size"
        case .earliestPurge: "when its grace is over"
        case .plan: "the plan's id"
        case .condemnations: "what the plan would condemn"
        case .held: "of these, what waits"
        case .since: "when it began"
        case .reminder: "whether it was said before"
        case .policy: "the policy's hash"
        case .going: "backups that this run is to condemn"
        case .condemned: "backups moved to the trash"
        case .failed: "what could not be done; of `series.failing`, backups in a row that cannot be used"
        case .dropped: "what changed since the plan and stays"
        case .purged: "backups unlinked"
        case .manifest: "SHA-256 of the batch's manifest"
        case .items: "backups in the batch"
        case .to: "where it was restored to, where that is another place; or copied to"
        case .kind: "what looks wrong"
        case .hook: "the hook's name"
        case .about: "the number of the record that it was told; without it: a phase"
        case .failures: "how often in a row"
        case .phase: "`before-condemn` or `before-purge`"
        case .first: "the first record that is gone"
        case .last: "the last one"
        }
    }
}
