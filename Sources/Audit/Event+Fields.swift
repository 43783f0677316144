package import JSONText
internal import Model

extension Event {
    /// As they stand in the log.
    package var fields: [JSON.Field] {
        switch self {
        case .indexed(let backups, let complete, let trashed, let unreadable):
            [
                .number(.backups, backups), .number(.complete, complete), .number(.trashed, trashed),
                .number(.unreadable, unreadable),
            ]
        case .vaultFrozen(let until, let cause), .seriesFrozen(let until, let cause):
            .time(.until, until) + (cause.map { [.text(.cause, $0.rawValue)] } ?? [])
        case .vaultUnfrozen(let cause), .seriesUnfrozen(let cause):
            cause.map { [.text(.cause, $0.rawValue)] } ?? []
        case .preserved(let until): .time(.until, until)
        case .seriesRetired(let keep, let after):
            (keep.map { [.number(.keep, $0)] } ?? []) + .time(.after, after)
        case .seriesLate(let newest, let rhythm), .seriesEnded(let newest, let rhythm):
            .time(.newest, newest) + [.number(.rhythm, Int(clamping: rhythm))]
        case .seriesFailing(let failed, let newest): [.number(.failed, failed)] + .time(.newest, newest)
        case .seriesErased(let backups):
            [
                .init(
                    EventField.erased.rawValue,
                    .array(
                        backups.map {
                            .object([JSON.Field](path: $0.path) + [.number(.size, Int(clamping: $0.size))])
                        }))
            ]
        case .complete(let size), .purgeIntent(let size), .purged(let size):
            [.number(.size, Int(clamping: size))]
        case .condemned(let size, let earliestPurge):
            [.number(.size, Int(clamping: size))] + .time(.earliestPurge, earliestPurge)
        case .planHeld(let plan, let condemnations, let held, let since, let isReminder):
            [.text(.plan, plan), .number(.condemnations, condemnations), .number(.held, held)]
                + .time(.since, since) + [.flag(.reminder, isReminder)]
        case .planApproved(let plan, let condemnations):
            [.text(.plan, plan), .number(.condemnations, condemnations)]
        case .retentionStarted(let plan): [.text(.plan, plan)]
        case .retentionPolicyApplied(let policy, let backups, let going):
            [.text(.policy, policy), .number(.backups, backups), .number(.going, going)]
        case .condemningCompleted(let condemned, let failed, let dropped):
            [.number(.condemned, condemned), .number(.failed, failed), .number(.dropped, dropped)]
        case .purgingCompleted(let purged, let failed): [.number(.purged, purged), .number(.failed, failed)]
        case .batchIntent(let manifest, let items): [.text(.manifest, manifest), .number(.items, items)]
        case .copied(let to): [JSON.Field](path: to, key: EventField.to.rawValue)
        case .restored(let to): to.map { [JSON.Field](path: $0, key: EventField.to.rawValue) } ?? []
        case .spaceShort(let since, let isReminder): .time(.since, since) + [.flag(.reminder, isReminder)]
        case .anomaly(let kind, let since, let isReminder):
            [.text(.kind, kind)] + .time(.since, since) + [.flag(.reminder, isReminder)]
        case .hookFailed(let hook, let about, let failures):
            [.text(.hook, hook)] + (about.map { [.number(.about, $0)] } ?? []) + [.number(.failures, failures)]
        case .hookVetoed(let hook, let phase): [.text(.hook, hook), .text(.phase, phase)]
        case .eventsLost(let hook, let first, let last):
            (hook.map { [.text(.hook, $0)] } ?? []) + [.number(.first, first), .number(.last, last)]
        case .agentStarted, .agentStopped, .vaultOffline, .vaultVanished, .vaultUnreconciled, .vaultAdopted,
            .vaultForgotten, .vaultRecovered, .vanished, .missing, .released, .accepted, .bad, .reprieved,
            .condemnIntent, .condemnFailed, .restoreIntent, .purgeFailed:
            []
        }
    }
}

extension JSON.Field {
    fileprivate static func text(_ key: EventField, _ value: String) -> JSON.Field {
        .init(key.rawValue, .string(value))
    }

    fileprivate static func number(_ key: EventField, _ value: Int) -> JSON.Field {
        .init(key.rawValue, .integer(Int64(value)))
    }

    fileprivate static func flag(_ key: EventField, _ value: Bool) -> JSON.Field { .init(key.rawValue, .bool(value)) }
}

extension [JSON.Field] {
    fileprivate static func time(_ key: EventField, _ value: Timestamp?) -> [JSON.Field] {
        value.map { [JSON.Field(key.rawValue, .string($0.rfc3339Milliseconds))] } ?? []
    }
}
