internal import Config
internal import Engine
internal import Model

/// What the agent keeps in mind of one vault between two turns. Only the agent's own thread touches it.
struct VaultState {
    var configuration: VaultConfiguration
    var id: VaultID?

    /// Places to look at, and the boot time at which: they settle.
    var due: [Bytes: Int64] = [:]
    /// Dirty places that no job has taken yet, and paths whose writer renamed them to their final name.
    var dirty: Set<Bytes> = []
    /// Directories that came from elsewhere, to be looked at with all below them.
    var deep: Set<Bytes> = []
    /// Places of a first look with backups that nobody has looked into yet; no cleanup before that is done.
    var unprobed: Set<Bytes> = []
    var finished: Set<Bytes> = []

    /// Counted up when anything may have been missed; the catalog is vouched for again only by a rescan begun since.
    var doubts = 1
    var rescanAt: Int64 = 0
    var backOffSeconds: Int64 = 1
    /// When the last whole look ended, and how long doubts of a storm of events wait for the next one.
    var rescannedAt: Int64?
    var stormSeconds: Int64 = 1
    /// How often all is looked at again whatever the events said.
    var reconcileSeconds: Int64 = VaultState.localReconcileSeconds
    /// Its queue has given no sign of life for a minute: said, and not yet taken back.
    var isHung = false
    /// That it is unreconciled was said, as an event, and is not over.
    var isDoubtSaid = false
    var lastProblem: String?
    /// Why the last look failed, or hangs; `nil`: it did not.
    var problem: Fault?
    /// Since when something waits to be looked at.
    var behindSince: Int64?
    /// The last thing that a look could not read.
    var lastFault: String?
    var lastJobProblem: String?
    /// The batches, and FREEZE, as last seen.
    var trashNames: Set<String> = []
    /// The mounts at, above or below it.
    var mounts: [Bytes] = []
    /// No look before this: a steady stream of events is taken together.
    var looksFrom: Int64 = 0
    /// No purge before this: the last one left things as they are.
    var purgeFrom: Int64 = 0

    var wantsCleanup = true
    var lastCleanup: Int64?
    var nextScheduled: Timestamp?
    var purgeAt: Int64?
    /// A purge has to go on, whatever the catalog says of the next one.
    var mustPurge = false
    /// When its limits are looked at: after each whole look and each cleanup, and when more may go.
    var earlyPurgeAt: Int64?
    /// Not before this: somebody looked at all vaults of its file system.
    var earlyPurgeFrom: Int64 = 0
    var trashCheckAt: Int64?
    /// When sizes are measured next; `nil`: nothing changed since.
    var measureAt: Int64?
    /// Not before this: a measurement takes a twentieth of the time at most.
    var measureFrom: Int64 = 0

    var earlyPurgeDue: Int64? { earlyPurgeAt.map { max($0, earlyPurgeFrom) } }

    init(_ configuration: VaultConfiguration) { self.configuration = configuration }

    static let second: Int64 = 1_000_000_000
    /// Between two measurements of what purging would free, at least.
    static let measureSeconds: Int64 = 5
    static let localReconcileSeconds: Int64 = 3600
    /// Between two looks at a file system whose limits are not met, each of which looks at all vaults on it.
    static let earlyPurgeSeconds: Int64 = 600
    /// Where others may change it unseen (NFS, SMB, FUSE, …).
    static let remoteReconcileSeconds: Int64 = 120
    /// Where the kernel watches no more directories.
    static let unwatchedReconcileSeconds: Int64 = 60

    /// Places that wait to be looked at.
    var pending: Int { dirty.count + deep.count + unprobed.count }

    /// Whether cleanup is due: after a backup became complete, at most once in `cleanup-every`; or by the clock.
    func cleanupIsDue(at now: Moment) -> Bool {
        switch configuration.settings.schedule.value {
        case .manual: return false
        case .daily: return nextScheduled.map { now.wall >= $0 } ?? false
        case .hourly: return lastCleanup.map { now.boot.subtracting($0) >= 3600 * Self.second } ?? true
        case .afterBackup:
            let pause = configuration.settings.cleanupEvery.value.fixedSeconds.multiplied(by: Self.second)
            return wantsCleanup && (lastCleanup.map { now.boot.subtracting($0) >= pause } ?? true)
        }
    }

    /// Whether one round cleans up: by every schedule but `manual`, and not again.
    var isFirstCleanup: Bool { lastCleanup == nil && configuration.settings.schedule.value != .manual }

    /// When it is due again, by the boot clock, as far as that is known.
    func nextCleanup(at now: Moment) -> Int64? {
        let last = lastCleanup ?? now.boot
        switch configuration.settings.schedule.value {
        case .manual: return nil
        case .daily: return nextScheduled.map { now.boot + max(0, $0.nanoseconds - now.wall.nanoseconds) }
        case .hourly: return last + 3600 * Self.second
        case .afterBackup:
            return wantsCleanup
                ? last.adding(configuration.settings.cleanupEvery.value.fixedSeconds.multiplied(by: Self.second)) : nil
        }
    }

    /// The next instant at which the clocks of `zone` show the time of a daily schedule.
    mutating func schedule(after now: Timestamp, zone: Zone) {
        guard case .daily(let hour, let minute) = configuration.settings.schedule.value else { return }
        var zone = zone
        var day = zone.civil(now)
        day.hour = hour
        day.minute = minute
        day.second = 0
        let today = zone.instant(of: day)
        let tomorrow = zone.instant(of: CivilTime(localSeconds: day.localSeconds + 86_400))
        nextScheduled = today > now ? today : tomorrow
    }
}
