package import Model

/// What a preset's tool does that no switch in the configuration changes.
extension Semantics.Preset {
    /// How that tool writes lengths of time.
    package var dialect: Span.Dialect {
        switch self {
        case .restic: .restic
        case .borg: .borg
        case .borg2: .borg2
        case .reprieve, .proxmox, .kopia, .rotateBackups, .pgbackrest: .reprieve
        }
    }

    var emptyPeriods: Semantics.EmptyPeriods {
        switch self {
        case .kopia, .rotateBackups: .count
        case .reprieve, .restic, .borg, .borg2, .proxmox, .pgbackrest: .skip
        }
    }

    /// Which clock divides time into periods.
    enum PeriodClock {
        /// The zone's, with ISO weeks.
        case zone
        /// kopia: hours, days, months and years of UTC, weeks of the zone.
        case utcButWeeks
        /// rotate-backups: what the names say, and nothing of zones. Its weeks carry the year of the date, so that the
        /// last days of December and the first week of the same year are one week.
        case wall
    }

    var periodClock: PeriodClock {
        switch self {
        case .kopia: .utcButWeeks
        case .rotateBackups: .wall
        case .reprieve, .restic, .borg, .borg2, .proxmox, .pgbackrest: .zone
        }
    }

    /// Whether what is exactly as old as a rule says is still within it.
    var windowsAreInclusive: Bool { self == .borg2 || self == .pgbackrest }

    /// Whether only the coarsest of the rules takes the oldest backup while it has room.
    var onlyCoarsestTakesOldest: Bool { self == .borg2 }

    /// Whether `daily: 7d` is written for `within-daily: 7d`.
    package var countsMayBeSpans: Bool { self == .borg2 }

    /// Whether `diff` takes from what `window` keeps too. Elsewhere a window promises everything within it.
    var diffLimitsWindow: Bool { self == .pgbackrest }

    /// Whether the tool refuses to run without any rule; the others keep everything.
    package var refusesNoRules: Bool {
        switch self {
        case .restic, .borg, .borg2, .rotateBackups: true
        case .reprieve, .proxmox, .kopia, .pgbackrest: false
        }
    }
}
