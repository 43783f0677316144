/// What each event means and which fields its records have: `docs/reference/events.md` is made of this.
extension AuditEvent {
    package struct Description: Sendable {
        package var meaning: String
        package var always: [EventField]
        package var sometimes: [EventField] = []
    }

    /// As the first draft of Reprieve called it.
    package var formerName: String? {
        switch self {
        case .retentionStarted: "RetentionStarted"
        case .retentionPolicyApplied: "RetentionPolicyApplied"
        case .purged: "BackupDeleted"
        case .retentionCompleted: "RetentionCompleted"
        default: nil
        }
    }

    private static let vault: [EventField] = [.vault, .vaultID]
    private static let series = vault + [.series]
    private static let backup = series + [.backup, .path]

    package var description: Description {
        switch self {
        case .agentStarted: .init(meaning: "the agent runs", always: [.reason])
        case .agentStopped: .init(meaning: "the agent was told to stop", always: [.reason])
        case .indexed:
            .init(
                meaning: "a whole look at a vault has ended",
                always: Self.vault + [.backups, .complete, .trashed, .unreadable])
        case .vaultFrozen:
            .init(
                meaning: "nothing is condemned or purged there until it is lifted", always: Self.vault + [.reason],
                sometimes: [.until, .cause])
        case .vaultUnfrozen:
            .init(meaning: "its freeze is over", always: Self.vault, sometimes: [.reason, .cause])
        case .vaultOffline:
            .init(
                meaning: "its disk is not there, does not answer, or is another one; said once until it is back",
                always: [.vault, .reason], sometimes: [.vaultID])
        case .vaultVanished:
            .init(
                meaning: "a wildcard matches fewer directories than before, or none; reported once until that changes",
                always: [.vault, .path, .reason])
        case .vaultUnreconciled:
            .init(
                meaning: "something may have been missed: nothing is condemned before all was looked at again",
                always: Self.vault + [.reason])
        case .vaultAdopted:
            .init(meaning: "a person took what is at its path for this vault", always: Self.vault + [.path])
        case .vaultForgotten:
            .init(
                meaning: "a person forgot a disk that is away, or gave up a vault",
                always: Self.vault + [.path, .reason])
        case .vaultRecovered:
            .init(meaning: "what an interruption had left was set right", always: Self.vault + [.reason])
        case .seriesFrozen:
            .init(
                meaning: "nothing of it is condemned or purged until it is lifted", always: Self.series + [.reason],
                sometimes: [.until, .cause])
        case .seriesUnfrozen:
            .init(meaning: "its freeze is over", always: Self.series, sometimes: [.reason, .cause])
        case .seriesRetired:
            .init(
                meaning: "a person said that it has ended", always: Self.series + [.reason], sometimes: [.keep, .after])
        case .seriesLate:
            .init(
                meaning: "no new backup for longer than is usual; said once until one comes",
                always: Self.series + [.newest, .rhythm])
        case .seriesEnded:
            .init(
                meaning: "none for so long that it seems to be over; what is left of it is kept",
                always: Self.series + [.newest, .rhythm])
        case .seriesFailing:
            .init(
                meaning: "its newest backups are unfinished, failed or cannot be restored; said once until a good one "
                    + "comes", always: Self.series + [.failed, .reason], sometimes: [.newest])
        case .seriesErased:
            .init(
                meaning: "a run left nothing of it", always: Self.series + [.run, .erased], sometimes: [.reason])
        case .complete: .init(meaning: "a backup became complete", always: Self.backup + [.size])
        case .vanished: .init(meaning: "a backup went without us", always: Self.backup + [.reason])
        case .missing:
            .init(
                meaning: "somebody else removed it from the trash; the vault freezes",
                always: Self.backup + [.batch, .reason])
        case .preserved:
            .init(
                meaning: "a person keeps it whatever the rules say", always: Self.backup + [.reason],
                sometimes: [.until, .batch])
        case .released:
            .init(
                meaning: "a person takes back what was said of a backup or a series", always: Self.series,
                sometimes: [.backup, .path, .batch, .reason])
        case .accepted:
            .init(
                meaning: "a person said that a suspect backup, or a series' new level, is fine",
                always: Self.series + [.reason], sometimes: [.backup, .path, .batch])
        case .bad:
            .init(
                meaning: "a person said that it is broken: it stays, and counts for nothing",
                always: Self.backup + [.reason])
        case .reprieved:
            .init(meaning: "brought back by hand: left alone for a grace", always: Self.backup + [.batch, .reason])
        default: ofRuns
        }
    }

    /// Of plans and runs, of space, brakes and hooks.
    private var ofRuns: Description {
        switch self {
        case .planHeld:
            .init(
                meaning: "a plan waits for a person; said again weekly",
                always: Self.vault + [.plan, .condemnations, .held, .since, .reminder, .reason])
        case .planApproved:
            .init(meaning: "a person approved a plan", always: Self.vault + [.plan, .condemnations])
        case .retentionStarted: .init(meaning: "a cleanup begins to move", always: Self.vault + [.run, .plan])
        case .retentionPolicyApplied:
            .init(
                meaning: "what the policy decided", always: Self.vault + [.run, .policy, .backups, .going])
        case .retentionCompleted:
            .init(
                meaning: "a cleanup or a purge has ended in a vault", always: Self.vault + [.run, .failed],
                sometimes: [.condemned, .dropped, .purged, .reason])
        case .condemnIntent:
            .init(
                meaning: "about to move a batch (its first record), or one backup",
                always: Self.vault + [.run, .batch],
                sometimes: [.manifest, .items, .series, .backup, .path, .reason])
        case .condemned:
            .init(
                meaning: "moved to the trash", always: Self.backup + [.batch, .size, .reason],
                sometimes: [.run, .earliestPurge])
        case .condemnFailed:
            .init(meaning: "it stays where it is", always: Self.backup + [.run, .batch, .reason])
        case .restoreIntent: .init(meaning: "about to be restored", always: Self.backup + [.batch])
        case .restored: .init(meaning: "restored", always: Self.backup + [.batch], sometimes: [.to])
        case .copied:
            .init(meaning: "copied to another directory; it stays in the trash", always: Self.backup + [.batch, .to])
        case .purgeIntent:
            .init(meaning: "about to be unlinked", always: Self.backup + [.run, .batch, .size, .reason])
        case .purged:
            .init(
                meaning: "unlinked for good", always: Self.backup + [.batch, .size], sometimes: [.run, .reason])
        case .purgeFailed:
            .init(
                meaning: "a part could not be unlinked", always: Self.vault + [.run, .reason], sometimes: [.path])
        case .spaceShort:
            .init(
                meaning: "a limit is not met, and nothing that may go would meet it; said again weekly",
                always: [.vault, .path, .reason, .since, .reminder], sometimes: [.vaultID])
        case .anomaly:
            .init(
                meaning: "something looks wrong", always: [.kind, .reason, .reminder],
                sometimes: Self.backup + [.batch, .since])
        case .hookFailed:
            .init(
                meaning: "a hook did not take what it was told; it is tried again, and this said at the third failure "
                    + "in a row and each doubling",
                always: [.hook, .failures, .reason], sometimes: [.about, .vault, .vaultID])
        case .hookVetoed:
            .init(
                meaning: "a hook said no, or nothing in time: nothing is condemned or purged",
                always: Self.vault + [.hook, .phase, .reason])
        case .eventsLost:
            .init(
                meaning:
                    "records rotated away before a hook was told of them, or while still needed for something else",
                always: [.first, .last], sometimes: [.hook, .reason])
        default: preconditionFailure("every event is described")
        }
    }

    /// Keys of records that stand beside a path that is not valid UTF-8.
    package static let rawSuffix = "_raw"
}

/// `docs/reference/events.md`.
package enum EventTable {
    package static var markdown: String {
        var lines = [
            "# Events", "",
            "What Reprieve says in its audit log, in `audit tail`, and to hooks. This page is made from the program: a",
            "test compares them.", "",
            "Every record has `seq` (its number), `time`, `event`, `actor` (`uid`, `loginuid`, `user`, `pid`, `program`),",
            "`prev` and `hash`, and the fields below. Fields in parentheses may be missing. A path or series that is no",
            "UTF-8 has its bytes beside it, in base64: `path_raw`, `series_raw`, `to_raw`.", "",
            "| event | when | fields |", "|---|---|---|",
        ]
        for event in AuditEvent.allCases {
            let description = event.description
            let former = event.formerName.map { " (once `\($0)`)" } ?? ""
            let fields =
                description.always.map { "`\($0.rawValue)`" } + description.sometimes.map { "(`\($0.rawValue)`)" }
            lines.append("| `\(event.rawValue)`\(former) | \(description.meaning) | \(fields.joined(separator: " ")) |")
        }
        lines += ["", "## Fields", "", "| field | is | meaning |", "|---|---|---|"]
        for field in EventField.allCases {
            lines.append("| `\(field.rawValue)` | \(field.form.rawValue) | \(field.meaning) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
