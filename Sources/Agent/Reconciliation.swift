internal import Model
internal import Survey

/// Whether a vault's index may differ from its disk, and when all of it is scanned again.
struct Reconciliation {
    /// Counted up when anything may have been missed; only a rescan that began since makes the index valid again.
    private(set) var missed = 1
    private(set) var rescanAt: Int64 = 0
    /// When the last rescan ended.
    private(set) var rescannedAt: Int64?
    /// How long a storm of events waits for the next rescan.
    private(set) var stormSeconds: Int64 = 1
    /// How often everything is scanned again, whatever the events were.
    private(set) var everySeconds = Self.localSeconds
    private var backOffSeconds: Int64 = 1
    /// That the index is not current was recorded, as an event, and is not over.
    var isRecorded = false
    /// The mounts at, above or below the vault.
    var mounts: [Bytes] = []

    static let localSeconds: Int64 = 3600
    /// Where others may change it unseen (NFS, SMB, FUSE, …).
    static let remoteSeconds: Int64 = 120
    /// Where the kernel watches no more directories.
    static let unwatchedSeconds: Int64 = 60
    static let mostStormSeconds: Int64 = 300
    static let limitText = "the limit of inotify watches is reached"

    /// The index equals the disk, as far as anybody knows.
    var isCurrent: Bool { missed == 0 }

    /// The rescan that is due: what was missed until it began.
    mutating func begin(at now: Moment) -> Int? {
        guard rescanAt <= now.boot else { return nil }
        rescanAt = now.boot + everySeconds * VaultState.second
        return missed
    }

    /// Something may have been missed. `isStorm`: more events than could be followed; the rescan must not feed the
    /// storm: soon after the last one it waits, twice as long each time. `true`: the storm begins.
    mutating func miss(isStorm: Bool = false, at now: Moment) -> Bool {
        let begins = isStorm && isCurrent
        var pause: Int64 = 1
        if begins {
            let isSoon = rescannedAt.map { now.boot - $0 < 10 * stormSeconds * VaultState.second }
            stormSeconds = isSoon == true ? min(Self.mostStormSeconds, 2 * stormSeconds) : 1
            pause = stormSeconds
        }
        rescanAt = min(
            !isCurrent && isStorm ? rescanAt : max(rescanAt, now.boot), now.boot + pause * VaultState.second)
        missed += 1
        return begins
    }

    /// All is scanned as soon as possible.
    mutating func missAll(at now: Moment) {
        missed += 1
        rescanAt = min(rescanAt, now.boot)
    }

    /// One round scans by itself.
    mutating func never() { (missed, rescanAt) = (0, .max) }

    mutating func failed(at now: Moment) {
        missed += 1
        rescanAt = now.boot + backOffSeconds * VaultState.second
        backOffSeconds = min(60, backOffSeconds * 2)
    }

    mutating func away(at now: Moment) {
        missed += 1
        rescanAt = now.boot + 60 * VaultState.second
    }

    mutating func rescan(by boot: Int64) { rescanAt = min(rescanAt, boot) }

    /// A rescan has ended that knew what was missed until it began. Answers how changes are learnt of, where that is
    /// not by events alone.
    mutating func rescanned(_ scanned: Scanned, missed known: Int, at now: Moment) -> String? {
        (backOffSeconds, rescannedAt) = (1, now.boot)
        var how: String?
        everySeconds = Self.localSeconds
        if let kind = scanned.remoteKind {
            everySeconds = Self.remoteSeconds
            how = "polled every \(everySeconds / 60) min: on \(kind), others may change it unseen"
        }
        if scanned.refused.count > 0 { everySeconds = Self.unwatchedSeconds }
        if scanned.refused.isLimit {
            how =
                "\(scanned.refused.count) directories are not watched, and polled every minute: \(Self.limitText); see `reprieve doctor`"
        }
        // A twentieth of the time at most.
        everySeconds = max(everySeconds, 20 * scanned.nanoseconds / VaultState.second)
        rescan(by: now.boot + everySeconds * VaultState.second)
        // What was missed during the rescan is not found by it.
        if missed == known { (missed, isRecorded) = (0, false) }
        return how
    }
}
