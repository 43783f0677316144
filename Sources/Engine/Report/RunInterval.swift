package import Config
package import Model
package import State

extension RunStore.Run {
    /// How often a run (or where none is due by the clock, a look) is to be expected; `nil`: nobody runs by
    /// himself.
    package func interval(_ settings: VaultConfiguration.Settings) -> Int64? {
        guard let by else { return nil }
        let own = settings.schedule.value.seconds(every: settings.cleanupEvery.value.fixedSeconds)
        guard by == .once else { return own }
        return max(own, min(max(intervalSeconds ?? Self.daySeconds, 60), 8 * Self.daySeconds))
    }

    /// When it last did what is due again after ``interval(_:)``.
    package func last(_ settings: VaultConfiguration.Settings) -> Timestamp? {
        settings.schedule.value.runsByClock ? runAt : [lookAt, runAt].compactMap { $0 }.max()
    }

    private static let daySeconds: Int64 = 86_400
}

extension Schedule {
    /// Whether a run is due by the clock, and not only a look.
    var runsByClock: Bool {
        switch self {
        case .daily, .hourly: true
        case .afterBackup, .manual: false
        }
    }

    /// Between two runs, or where those come as backups come, between two looks.
    func seconds(every pause: Int64) -> Int64 {
        switch self {
        case .daily: 86_400
        case .hourly: 3600
        case .afterBackup: max(3600, pause)
        case .manual: 3600
        }
    }
}
