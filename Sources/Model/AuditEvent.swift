/// The names of all events: a closed list. An *intent* stands in the log before its deed (invariant 9). What belongs to
/// each is an ``Event``; `AuditEvent+Table.swift` says what it means.
package enum AuditEvent: String, CaseIterable, Sendable {
    case agentStarted = "agent.started"
    case agentStopped = "agent.stopped"
    case indexed = "vault.indexed"
    case vaultFrozen = "vault.frozen"
    case vaultUnfrozen = "vault.unfrozen"
    /// Its disk is not there, or another one is.
    case vaultOffline = "vault.offline"
    /// A wildcard matches fewer directories than before, or none.
    case vaultVanished = "vault.vanished"
    /// Something may have been missed; nothing is condemned before it was looked at again.
    case vaultUnreconciled = "vault.unreconciled"
    case vaultAdopted = "vault.adopted"
    case vaultForgotten = "vault.forgotten"
    case vaultRecovered = "vault.recovered"
    case seriesFrozen = "series.frozen"
    case seriesUnfrozen = "series.unfrozen"
    case seriesRetired = "series.retired"
    /// No new backup for longer than is usual.
    case seriesLate = "series.late"
    /// None for so long that it seems to be over.
    case seriesEnded = "series.ended"
    /// Its newest backups are unfinished, failed or cannot be restored.
    case seriesFailing = "series.failing"
    case seriesErased = "series.erased"
    case complete = "backup.complete"
    case vanished = "backup.vanished"
    case missing = "backup.missing"
    case preserved = "backup.preserved"
    case released = "backup.released"
    /// A person said that a suspect backup, or a series' new level, is fine.
    case accepted = "backup.accepted"
    /// A person said that it is broken.
    case bad = "backup.bad"
    case reprieved = "backup.reprieved"
    case planHeld = "plan.held"
    case planApproved = "plan.approved"
    case retentionStarted = "retention.started"
    case retentionPolicyApplied = "retention.policy-applied"
    case retentionCompleted = "retention.completed"
    case condemnIntent = "condemn.intent"
    case condemned = "backup.condemned"
    case condemnFailed = "condemn.failed"
    case restoreIntent = "restore.intent"
    case restored = "backup.restored"
    case copied = "backup.copied"
    case purgeIntent = "purge.intent"
    case purged = "backup.deleted"
    case purgeFailed = "purge.failed"
    /// A limit is not met, and nothing that may go would meet it.
    case spaceShort = "space.short"
    /// Something looks wrong: a suspect backup, many rewritten or gone at once, a clock that jumped.
    case anomaly = "anomaly.found"
    case hookFailed = "hook.failed"
    case hookVetoed = "hook.vetoed"
    /// Events that a hook can not be told any more.
    case eventsLost = "events.lost"
}
