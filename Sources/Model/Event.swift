/// Something that happened, with what belongs to it alone: a closed list. What it happened to (run, vault, series, …)
/// stands in the record around it, an `AuditRecord`; which fields it has altogether says ``AuditEvent/fields``.
package enum Event: Hashable, Sendable {
    case agentStarted
    case agentStopped
    case indexed(backups: Int, complete: Int, trashed: Int, unreadable: Int)
    case vaultFrozen(until: Timestamp? = nil, cause: FreezeCause? = nil)
    case vaultUnfrozen(cause: FreezeCause? = nil)
    case vaultOffline
    case vaultVanished
    case vaultUnreconciled
    case vaultAdopted
    case vaultForgotten
    case vaultRecovered
    case seriesFrozen(until: Timestamp? = nil, cause: FreezeCause? = nil)
    case seriesUnfrozen(cause: FreezeCause? = nil)
    case seriesRetired(keep: Int?, after: Timestamp?)
    /// `newest`: of its newest complete backup; `rhythm`: in seconds.
    case seriesLate(newest: Timestamp, rhythm: Int64)
    case seriesEnded(newest: Timestamp, rhythm: Int64)
    /// `newest`: of the last good one.
    case seriesFailing(failed: Int, newest: Timestamp?)
    case seriesErased([Erased])
    case complete(size: Int64)
    case vanished
    case missing
    case preserved(until: Timestamp?)
    case released
    case accepted
    case bad
    case reprieved
    case planHeld(plan: String, condemnations: Int, held: Int, since: Timestamp, isReminder: Bool)
    case planApproved(plan: String, condemnations: Int)
    case retentionStarted(plan: String)
    case retentionPolicyApplied(policy: String, backups: Int, going: Int)
    /// Of a cleanup.
    case condemningCompleted(condemned: Int, failed: Int, dropped: Int)
    /// Of a purge.
    case purgingCompleted(purged: Int, failed: Int)
    /// Of a batch: the hash of its manifest.
    case batchIntent(manifest: String, items: Int)
    case condemnIntent
    case condemned(size: Int64, earliestPurge: Timestamp? = nil)
    case condemnFailed
    case restoreIntent
    /// `to`: where it is, if not where it was.
    case restored(to: Bytes?)
    case copied(to: Bytes)
    case purgeIntent(size: Int64)
    case purged(size: Int64)
    case purgeFailed
    case spaceShort(since: Timestamp, isReminder: Bool)
    /// `kind`: which brake; `since`: of an episode that is said again.
    case anomaly(kind: String, since: Timestamp? = nil, isReminder: Bool = false)
    /// `failures`: how often in a row.
    case hookFailed(hook: String, about: Int?, failures: Int)
    case hookVetoed(hook: String, phase: String)
    /// Records `first` to `last` are gone. `hook`: who was not told of them; `nil`: they were needed for something
    /// else.
    case eventsLost(hook: String?, first: Int, last: Int)

    /// A backup of a series that is empty now.
    package struct Erased: Hashable, Sendable {
        package var path: Bytes
        package var size: Int64

        package init(path: Bytes, size: Int64) {
            self.path = path
            self.size = size
        }
    }
}

extension Event {
    package var name: AuditEvent {
        switch self {
        case .agentStarted: .agentStarted
        case .agentStopped: .agentStopped
        case .indexed: .indexed
        case .vaultFrozen: .vaultFrozen
        case .vaultUnfrozen: .vaultUnfrozen
        case .vaultOffline: .vaultOffline
        case .vaultVanished: .vaultVanished
        case .vaultUnreconciled: .vaultUnreconciled
        case .vaultAdopted: .vaultAdopted
        case .vaultForgotten: .vaultForgotten
        case .vaultRecovered: .vaultRecovered
        case .seriesFrozen: .seriesFrozen
        case .seriesUnfrozen: .seriesUnfrozen
        case .seriesRetired: .seriesRetired
        case .seriesLate: .seriesLate
        case .seriesEnded: .seriesEnded
        case .seriesFailing: .seriesFailing
        case .seriesErased: .seriesErased
        case .complete: .complete
        case .vanished: .vanished
        case .missing: .missing
        case .preserved: .preserved
        case .released: .released
        case .accepted: .accepted
        case .bad: .bad
        case .reprieved: .reprieved
        case .planHeld: .planHeld
        case .planApproved: .planApproved
        case .retentionStarted: .retentionStarted
        case .retentionPolicyApplied: .retentionPolicyApplied
        case .condemningCompleted, .purgingCompleted: .retentionCompleted
        case .batchIntent, .condemnIntent: .condemnIntent
        case .condemned: .condemned
        case .condemnFailed: .condemnFailed
        case .restoreIntent: .restoreIntent
        case .restored: .restored
        case .copied: .copied
        case .purgeIntent: .purgeIntent
        case .purged: .purged
        case .purgeFailed: .purgeFailed
        case .spaceShort: .spaceShort
        case .anomaly: .anomaly
        case .hookFailed: .hookFailed
        case .hookVetoed: .hookVetoed
        case .eventsLost: .eventsLost
        }
    }
}
