internal import Config
internal import Model

/// When a vault is cleaned up: after a backup became complete, at most once in `cleanup-every`; or by the clock.
struct CleanupTimer {
    var schedule: Schedule
    var everySeconds: Int64
    /// A backup became complete since the last cleanup.
    var isWaiting = true
    var last: Int64?
    private(set) var nextScheduled: Timestamp?

    init(_ settings: VaultConfiguration.Settings) {
        schedule = settings.schedule.value
        everySeconds = settings.cleanupEvery.value.fixedSeconds
    }

    /// Another configuration: cleaned up as soon as it is allowed.
    mutating func adopt(_ settings: VaultConfiguration.Settings, at now: Moment, zone: Zone) {
        schedule = settings.schedule.value
        everySeconds = settings.cleanupEvery.value.fixedSeconds
        isWaiting = true
        setNext(after: now.wall, zone: zone)
    }

    /// Whether one round cleans up: by every schedule but `manual`, and not again.
    var isFirst: Bool { last == nil && schedule != .manual }

    func isDue(at now: Moment) -> Bool {
        switch schedule {
        case .manual: return false
        case .daily: return nextScheduled.map { now.wall >= $0 } ?? false
        case .hourly: return last.map { now.boot.subtracting($0) >= 3600 * VaultState.second } ?? true
        case .afterBackup:
            let pause = everySeconds.multiplied(by: VaultState.second)
            return isWaiting && (last.map { now.boot.subtracting($0) >= pause } ?? true)
        }
    }

    /// When it is due again, by the boot clock, as far as that is known.
    func next(at now: Moment) -> Int64? {
        let last = last ?? now.boot
        switch schedule {
        case .manual: return nil
        case .daily: return nextScheduled.map { now.boot + max(0, $0.nanoseconds - now.wall.nanoseconds) }
        case .hourly: return last + 3600 * VaultState.second
        case .afterBackup: return isWaiting ? last.adding(everySeconds.multiplied(by: VaultState.second)) : nil
        }
    }

    mutating func started(at now: Moment, zone: Zone) {
        (isWaiting, last) = (false, now.boot)
        setNext(after: now.wall, zone: zone)
    }

    /// Tried again, and not before a minute has passed.
    mutating func failed(at now: Moment) {
        isWaiting = true
        last = now.boot.subtracting(max(0, everySeconds - 60).multiplied(by: VaultState.second))
        if nextScheduled != nil { nextScheduled = now.wall.adding(seconds: 60) }
    }

    /// The next instant at which the clocks of `zone` show the time of a daily schedule.
    mutating func setNext(after now: Timestamp, zone: Zone) {
        guard case .daily(let hour, let minute) = schedule else { return }
        var zone = zone
        var day = zone.civil(now)
        (day.hour, day.minute, day.second) = (hour, minute, 0)
        let today = zone.instant(of: day)
        let tomorrow = zone.instant(of: CivilTime(localSeconds: day.localSeconds + 86_400))
        nextScheduled = today > now ? today : tomorrow
    }
}
