internal import State

/// The list of metrics: what Prometheus is told, and nothing else. `docs/reference/metrics.md` is made of it, and a
/// test holds the alert rules and the dashboard against it.
///
/// Names follow Prometheus' conventions: a prefix, base units, `_total` for counters. A renamed metric breaks
/// somebody's alerts, so names stay.
package enum Metric: String, CaseIterable, Sendable {
    case buildInfo = "reprieve_build_info"
    case collected = "reprieve_collected_timestamp_seconds"
    case agentStarted = "reprieve_agent_start_timestamp_seconds"
    case watches = "reprieve_inotify_watches"
    case watchLimit = "reprieve_inotify_watches_limit"
    case hookFailures = "reprieve_hook_failures_total"

    case reachable = "reprieve_vault_reachable"
    case reconciled = "reprieve_vault_reconciled"
    case lag = "reprieve_index_lag_seconds"
    case pending = "reprieve_index_pending_directories"
    case lastLook = "reprieve_last_look_timestamp_seconds"
    case lastRun = "reprieve_last_run_timestamp_seconds"
    case lastTurn = "reprieve_last_turn_timestamp_seconds"
    case lastRunResult = "reprieve_last_run_result"
    case schedule = "reprieve_schedule_interval_seconds"
    case freezes = "reprieve_freezes"
    case freezesTotal = "reprieve_freezes_total"
    case heldPlans = "reprieve_held_plans"
    case heldBackups = "reprieve_held_backups"
    case heldSince = "reprieve_held_since_timestamp_seconds"
    case keptByPolicy = "reprieve_wanted_backups"
    case seriesOmitted = "reprieve_series_omitted"

    case backups = "reprieve_backups"
    case apparent = "reprieve_apparent_bytes"
    case allocated = "reprieve_allocated_bytes"
    case freeable = "reprieve_freeable_bytes"
    case trash = "reprieve_trash_bytes"
    case newest = "reprieve_newest_complete_timestamp_seconds"
    case rhythm = "reprieve_rhythm_seconds"
    case unusable = "reprieve_newest_unusable"
    case late = "reprieve_late"
    case ended = "reprieve_ended"
    case condemned = "reprieve_condemned_total"
    case purged = "reprieve_purged_total"
    case restored = "reprieve_restored_total"

    case size = "reprieve_filesystem_size_bytes"
    case available = "reprieve_filesystem_available_bytes"
    case lacking = "reprieve_filesystem_lacking_bytes"
    case fullIn = "reprieve_filesystem_full_in_seconds"

    package var name: String { rawValue }
    package var isCounter: Bool { rawValue.hasSuffix("_total") }

    /// The labels of its samples, in order.
    package var labels: [String] {
        switch self {
        case .buildInfo: ["version"]
        case .collected, .agentStarted, .watches, .watchLimit: []
        case .hookFailures: ["hook"]
        case .reachable, .reconciled, .lag, .pending, .lastLook, .lastRun, .lastTurn, .schedule, .heldPlans,
            .heldBackups,
            .heldSince, .keptByPolicy, .seriesOmitted:
            ["vault"]
        case .lastRunResult: ["vault", "result"]
        case .freezes, .freezesTotal: ["vault", "reason"]
        case .backups: ["vault", "series", "state", "condition"]
        case .apparent, .allocated, .freeable, .trash, .newest, .rhythm, .unusable, .late, .ended, .condemned, .purged,
            .restored:
            ["vault", "series"]
        case .size, .available, .lacking, .fullIn: ["mount"]
        }
    }

    /// One sentence; the `HELP` line, and the reference's.
    package var help: String {
        switch self {
        case .buildInfo: "Always 1; the label says which version wrote this."
        case .collected: "When these figures were collected."
        case .agentStarted: "When the agent began to run; missing without one."
        case .watches: "Directories that the agent watches."
        case .watchLimit: "Directories that the kernel lets all programs of this user watch."
        case .hookFailures: "Calls of a hook that failed for good."
        case .reachable:
            "1 while the vault's disk is there and is the right one; missing while that of a removable vault is away."
        case .reconciled: "1 while the index is known to equal the disk; otherwise nothing is condemned there."
        case .lag: "How long changes have been waiting to be looked at; 0: none wait."
        case .pending: "Changed directories that wait to be looked at."
        case .lastLook: "When the whole vault was last looked at."
        case .lastRun: "When the vault was last cleaned up, whatever came of it."
        case .lastRunResult: "1 for the result of the last run, 0 for the others."
        case .lastTurn: "When the vault was last cleaned up, or looked at where no cleanup is due by the clock."
        case .schedule: "How often such a turn is due; missing where nobody runs by himself."
        case .freezes: "Freezes in force, of the vault and of its series, by reason."
        case .freezesTotal: "Freezes that began, by reason."
        case .heldPlans: "1 while a plan waits for a person's approval."
        case .heldBackups: "Backups that would go if the held plan were approved."
        case .heldSince: "Since when a plan has been held; missing while none is."
        case .keptByPolicy: "Backups in the trash that the policy would keep now; they wait to be restored."
        case .seriesOmitted:
            "Series that are only counted together, as series \"(others)\", because there are too many."
        case .backups: "Backups by state and condition; combinations without any are left out."
        case .apparent: "Size of the backups that are present, as ls shows it."
        case .allocated: "Room that the present backups take on the disk."
        case .freeable: "What purging the present backups would free, each for itself; not yet measured ones count 0."
        case .trash: "Room that backups in the trash take on the disk."
        case .newest: "Time of the newest complete backup; missing where there is none."
        case .rhythm: "How often the series usually gets a backup; missing until that is known."
        case .unusable: "1 while the newest backup is suspect, empty, cut off, failed or without what it needs."
        case .late: "1 while no new backup has come for longer than is usual."
        case .ended: "1 where none has come for so long that the series seems to be over."
        case .condemned: "Backups moved to the trash."
        case .purged: "Backups deleted for good."
        case .restored: "Backups brought back from the trash."
        case .size: "Size of a file system with vaults on it."
        case .available: "What is free there for whoever runs Reprieve."
        case .lacking: "What is lacking there under the limits of its vaults; 0: nothing."
        case .fullIn:
            "When it will be full if it goes on as it did; missing until seven days are known, or if it does not grow."
        }
    }

    /// The values of `result`.
    package static let results = ["done", "held", "partial", "failed"]

    /// `docs/reference/metrics.md`.
    package static var reference: String {
        var lines = [
            "# Metrics", "",
            "Made from the list in `Sources/Engine/Report/Metric.swift`; a test compares the two. How to switch them on:",
            "[monitoring](../guide/monitoring.md). Alert rules and a dashboard are in `config/`.",
            "",
            "A series' totals are counted from the audit log, so they hold what agent and command line did. They survive",
            "restarts in `<state>/counters.json`; lost with it, they begin anew at what the log still holds.", "",
            "`vault` is the name in the configuration, `series` the key as `list --json` gives it, `mount` where the file",
            "system is mounted. Bytes of a name that are not UTF-8 stand as `\\xNN`. `reason` is one of",
            FreezeReason.all.map { "`\($0)`" }.joined(separator: ", ") + ";",
            "`result` one of " + results.map { "`\($0)`" }.joined(separator: ", ") + ".",
            "After the first \(Metrics.mostSeries) series (by name) all others stand together as series `(others)`.",
            "",
            "| metric | type | labels | meaning |", "|---|---|---|---|",
        ]
        for metric in allCases {
            let labels = metric.labels.map { "`\($0)`" }.joined(separator: " ")
            lines.append(
                "| `\(metric.name)` | \(metric.isCounter ? "counter" : "gauge") | \(labels) | \(metric.help) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
