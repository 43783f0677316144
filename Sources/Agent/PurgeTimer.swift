internal import Model

/// When a vault's trash is purged, and when the limits of its file system are checked.
struct PurgeTimer {
    /// `nil`: nothing is there to be purged.
    private(set) var at: Int64?
    /// A purge has to go on, whatever the catalog says of the next one.
    private var isUnfinished = false
    /// No purge before this: the last one left things as they are.
    private var from: Int64 = 0
    /// When limits are checked: after each rescan and each cleanup, and when more may go.
    private var limitsAt: Int64?
    /// Not before this: somebody checked all vaults of its file system.
    private var limitsFrom: Int64 = 0

    /// Between two checks of a file system whose limits are not met, each of which scans all vaults on it.
    static let limitsSeconds: Int64 = 600

    var limitsDue: Int64? { limitsAt.map { max($0, limitsFrom) } }

    /// What was due and stayed (kept by the policy, frozen, not observed long enough) is asked again later.
    mutating func plan(_ due: Timestamp?, at now: Moment) {
        guard !isUnfinished else { return }
        let wait = due.map { max(0, $0.nanoseconds - now.wall.nanoseconds) }
        at = wait.map { max(now.boot + min($0, Int64.max / 4), from) }
    }

    /// Now, or as soon as it may be tried again.
    mutating func goOn(at now: Moment) {
        isUnfinished = true
        at = max(now.boot, from)
    }

    func isDue(at now: Moment) -> Bool { at.map { $0 <= now.boot } ?? false }
    mutating func started() { (at, isUnfinished) = (nil, false) }

    /// Not again before so many seconds have passed.
    mutating func pause(_ seconds: Int64, at now: Moment) -> Int64 {
        from = now.boot.adding(seconds.multiplied(by: VaultState.second))
        return from
    }

    /// May be tried at once.
    mutating func resume(at now: Moment) { from = now.boot }

    mutating func checkLimits(after seconds: Int64 = 0, at now: Moment) {
        limitsAt = now.boot.adding(seconds.multiplied(by: VaultState.second))
    }

    func limitsAreDue(at now: Moment) -> Bool { limitsDue.map { $0 <= now.boot } ?? false }
    mutating func limitsStarted() { limitsAt = nil }

    /// Somebody checked them for all vaults of the file system.
    mutating func limitsChecked(at now: Moment) {
        limitsFrom = now.boot + Self.limitsSeconds * VaultState.second
    }

    /// When the next one passes its `min-grace`: nothing is asked again and again before.
    mutating func retryLimits(after seconds: Int64, at now: Moment) {
        limitsFrom = 0
        checkLimits(after: max(1, seconds), at: now)
    }
}
