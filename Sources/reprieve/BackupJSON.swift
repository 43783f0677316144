internal import Engine
internal import JSONText
internal import Model
internal import Retention

extension Session {
    /// A backup as every command gives it.
    /// `links`: which backups of its vault need which.
    func json(
        _ backup: Backup, _ vault: String, protection: Judge.Protection, links: LinkGraph? = nil, names: SeriesNames
    ) -> JSON {
        let (condition, note) = backup.effectiveCondition(protection, links, now: engine.now())
        let preserved = protection.preserved[backup.id.object]
        let reprieved = protection.reprieved[backup.id.object]
        var fields: [JSON.Field] = [
            .init("id", .string(backup.id.text)), .init("object", .string(backup.id.objectText)),
            .init("vault", .string(vault)), .init("series", .string(names.text(backup.series))),
        ]
        fields += [JSON.Field](path: backup.series, key: "series_key")
        fields += [JSON.Field](path: backup.path)
        fields += [
            .init("time", .string(backup.time.rfc3339(in: zone))),
            .init("time_source", .string(backup.timeSource.rawValue)),
            .init("kind", .string(backup.kind.rawValue)), .init("size", .integer(backup.size)),
            .init("allocated", .integer(backup.allocated)),
            .init("freed_if_purged", JSON((backup.freedIfPurged?.bytes).map { Int($0) })),
            .init("freed_is_at_least", .bool(backup.freedIfPurged?.isAtLeast ?? false)),
            .init("obstacle", JSON(backup.obstacle)), .init("end_mark", .string(backup.endMark.rawValue)),
            .init("state", .string(backup.state.rawValue)),
            .init("condition", .string(condition.rawValue)),
            .init("note", .string(note)), .init("complete", .bool(condition == .complete)),
            .init("tool", JSON(backup.contents?.tool)), .init("said", JSON(backup.contents?.said)),
            .init("said_in", JSON(backup.contents?.file)),
            .init("needs", Self.ids(links?.needs(of: backup.id))),
            .init("needed_by", Self.ids(links?.dependents(of: backup.id))),
            .init("files", .integer(Int64(backup.members.count))),
            .init("preserved", .bool(preserved != nil)), .init("preserved_reason", JSON(preserved?.reason)),
            .init("reprieved_until", JSON(reprieved?.rfc3339(in: zone))),
            .init("side_files", .array(backup.members.dropFirst().map { .string($0.path.display) })),
            .init("batch", JSON(backup.trashed?.batch)),
            .init("earliest_purge", JSON(backup.trashed?.earliestPurge.rfc3339(in: zone))),
        ]
        return .object(fields)
    }

    private static func ids(_ found: [BackupID]?) -> JSON { .array((found ?? []).map { .string($0.text) }) }

    func json(_ decision: Decision) -> JSON {
        [
            "id": .string(decision.id.text), "retain": .bool(decision.retain),
            "priority": .string(decision.priority.rawValue),
            "reasons": .array(decision.reasons.map { .string($0.text(id: \.text, date: { $0.rfc3339(in: zone) })) }),
            "set_aside": .bool(decision.isSetAside),
        ]
    }

    func json(_ entry: SkippedEntry, _ vault: String) -> JSON {
        var fields: [JSON.Field] = [.init("vault", .string(vault))] + [JSON.Field](path: entry.path)
        fields += [.init("condition", .string(entry.why.condition)), .init("why", .string(entry.why.text))]
        fields.append(.init("entries", .integer(Int64(entry.entries))))
        if case .managed(_, let prune) = entry.why {
            fields += [
                .init("prune_with", .string(prune)), .init("size", JSON(entry.size.map { Int($0) })),
                .init("newest", JSON(entry.newest?.rfc3339(in: zone))),
            ]
        }
        return .object(fields)
    }

    func json(_ fault: Fault) -> JSON {
        [
            "code": .string(fault.code.rawValue), "message": .string(fault.message),
            "hint": JSON(fault.hint.map(PrintedCommands.complete)),
        ]
    }
}
