internal import Config
internal import Model

/// What the agent remembers of one vault between two steps. Only the agent's own thread changes it.
struct VaultState {
    var configuration: VaultConfiguration
    var id: VaultID?
    var directories = DirtyDirectories()
    var index = Reconciliation()
    var cleanup: CleanupTimer
    var purge = PurgeTimer()
    var measuring = MeasureTimer()
    var problems = Problems()
    /// The batches, and FREEZE, as last seen.
    var trashNames: Set<String> = []
    /// When it is checked whether somebody else changed the trash.
    var trashCheckAt: Int64?

    static let second: Int64 = 1_000_000_000

    init(_ configuration: VaultConfiguration) {
        self.configuration = configuration
        cleanup = CleanupTimer(configuration.settings)
    }

    var label: String { configuration.label }

    /// When something is due, by the boot clock, as far as that is known.
    func next(at now: Moment) -> [Int64] {
        directories.next(at: now)
            + [
                index.rescanAt, cleanup.next(at: now), purge.at, purge.limitsDue, trashCheckAt, measuring.at,
            ].compactMap { $0 }
    }
}

/// When sizes are measured: some seconds after something became complete.
struct MeasureTimer {
    /// `nil`: nothing changed since.
    private(set) var at: Int64?
    /// Not before this: a measurement takes a twentieth of the time at most.
    private var from: Int64 = 0

    /// Between two measurements of what purging would free, at least.
    static let seconds: Int64 = 5

    mutating func changed(at now: Moment) {
        at = at ?? max(now.boot + Self.seconds * VaultState.second, from)
    }

    mutating func measureAtOnce(at now: Moment) { at = now.boot }
    func isDue(at now: Moment) -> Bool { at.map { $0 <= now.boot } ?? false }
    mutating func started() { at = nil }
    mutating func ended(_ nanoseconds: Int64, at now: Moment) { from = now.boot + 20 * nanoseconds }
}

/// What is wrong with a vault, so that each problem is logged once.
struct Problems {
    /// Its queue hangs; that was logged, and it has not answered since.
    var isHung = false
    /// Why the last rescan failed, or hangs; `nil`: it did not.
    var fault: Fault?
    private var scan: String?
    private var unreadable: String?
    private var job: String?
    /// Since when something waits to be scanned.
    private var behindSince: Int64?

    /// `true`: it was not logged yet.
    mutating func scanFailed(_ fault: Fault) -> Bool {
        defer { (scan, self.fault) = (fault.message, fault) }
        return scan != fault.message
    }

    /// `true`: it was wrong before.
    mutating func scanned() -> Bool {
        defer { (scan, fault) = (nil, nil) }
        return scan != nil
    }

    mutating func couldNotRead(_ fault: Fault) -> Bool {
        defer { unreadable = fault.message }
        return unreadable != fault.message
    }

    mutating func jobFailed(_ fault: Fault) -> Bool {
        defer { job = fault.message }
        return job != fault.message
    }

    mutating func jobDone() { job = nil }
    var hasFailedJob: Bool { job != nil }

    /// For how many seconds the index has been behind the disk.
    mutating func lagSeconds(isBehind: Bool, at now: Moment) -> Int64 {
        behindSince = isBehind ? behindSince ?? now.boot : nil
        return behindSince.map { (now.boot - $0) / VaultState.second } ?? 0
    }
}
