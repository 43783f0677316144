internal import Foundation
internal import JSONText
internal import Model

extension StatusReport {
    /// What the agent wrote.
    static func decoded(_ bytes: Bytes) throws -> StatusReport {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(StatusReport.self, from: Data(bytes.storage))
    }

    /// The fields of `reprieve.status/1`.
    var fields: [JSON.Field] {
        let zone = self.zone
        return [
            .init("host", .string(host)), .init("written", .string(written.rfc3339(in: zone))),
            .init("valid_seconds", Self.json(validSeconds)), .init("timezone", .string(timezone)),
            .init("agent", ["running": .bool(agent.running), "since": Self.json(agent.since, zone)]),
            .init("vaults", .array(vaults.map { $0.json(zone) })), .init("disks", .array(disks.map { $0.json(zone) })),
            .init("to_decide", Self.json(toDecide)), .init("late", Self.json(late)),
        ]
    }

    private static func json(_ notices: [Notice]) -> JSON {
        .array(
            notices.map {
                [
                    "vault": .string($0.vault), "code": .string($0.code), "message": .string($0.text),
                    "commands": .array($0.commands.map { .string(PrintedCommands.complete($0)) }),
                ]
            })
    }

    static func json(_ time: Timestamp?, _ zone: Zone) -> JSON { JSON(time?.rfc3339(in: zone)) }
    static func json(_ number: Int64?) -> JSON { number.map { .integer($0) } ?? .null }
}

extension StatusReport.Vault {
    fileprivate func json(_ zone: Zone) -> JSON {
        .object(
            [.init("vault", .string(vault)), .init("id", JSON(id)), .init("path", .string(path))]
                + (pathRaw.map { [.init("path_raw", .string($0))] } ?? []) + [
                    .init("state", .string(state)), .init("series", .integer(Int64(series))),
                    .init("backups", .integer(Int64(backups))), .init("size", .integer(size)),
                    .init("trashed", .integer(Int64(trashed))), .init("trash_size", .integer(trashSize)),
                    .init("newest", StatusReport.json(newest, zone)), .init("next", .string(next)),
                    .init("suspect", JSON(suspect)), .init("late", JSON(late)), .init("settling", JSON(settling)),
                    .init("ended", JSON(ended)), .init("watching", JSON(watching)), .init("read_only", .bool(readOnly)),
                    .init(
                        "away",
                        .array(
                            away.map {
                                [
                                    "id": .string($0.id), "label": JSON($0.label),
                                    "last_seen": StatusReport.json($0.lastSeen, zone),
                                ]
                            })),
                    .init(
                        "freezes",
                        .array(
                            freezes.map {
                                [
                                    "cause": .string($0.cause), "series": JSON($0.series), "reason": .string($0.reason),
                                    "since": StatusReport.json($0.since, zone),
                                    "until": StatusReport.json($0.until, zone),
                                ]
                            })),
                    .init("held_plan", JSON(heldPlan)), .init("last_run", StatusReport.json(lastRun, zone)),
                    .init("last_result", JSON(lastResult)), .init("last_problem", JSON(lastProblem)),
                    .init("last_turn", StatusReport.json(lastTurn, zone)),
                    .init("interval_seconds", StatusReport.json(intervalSeconds)),
                ])
    }
}

extension StatusReport.Disk {
    fileprivate func json(_ zone: Zone) -> JSON {
        .object(
            [.init("mount", .string(mount))] + (mountRaw.map { [.init("mount_raw", .string($0))] } ?? []) + [
                .init("vaults", .array(vaults.map { .string($0) })), .init("total", .integer(total)),
                .init("available", .integer(available)), .init("trash_allocated", .integer(trashAllocated)),
                .init("next_purge", StatusReport.json(nextPurge, zone)),
                .init("next_purge_size", StatusReport.json(nextPurgeSize)), .init("next", .string(next)),
                .init("full_in_days", StatusReport.json(fullInDays)),
                .init("lacking", .array(lacking.map { .string($0) })), .init("lacking_bytes", .integer(lackingBytes)),
                .init("lacking_inodes", .integer(lackingInodes)),
                .init("short_since", StatusReport.json(shortSince, zone)),
            ])
    }
}
