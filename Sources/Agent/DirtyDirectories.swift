internal import Model
internal import Survey

/// Directories of a vault that are to be scanned, and when.
struct DirtyDirectories {
    /// Those with something that settles, and the boot time at which each is scanned again.
    private var settling: [Bytes: Int64] = [:]
    /// Changed, and taken by no job yet.
    private var changed: Set<Bytes> = []
    /// Directories that came from elsewhere, to be scanned with all below them.
    private var deep: Set<Bytes> = []
    /// Those of a first scan with backups that nobody has looked into yet.
    private var unprobed: Set<Bytes> = []
    /// Paths whose writer renamed them to their final name.
    private var finished: Set<Bytes> = []
    /// No scan before this: a steady stream of events is taken together.
    private var from: Int64 = 0

    /// So many are scanned in one job; the queue is free for others in between.
    static let atOnce = 200

    /// How many wait to be scanned.
    var count: Int { changed.count + deep.count + unprobed.count }
    /// Every backup was looked into: no cleanup before that.
    var isProbed: Bool { unprobed.isEmpty }

    mutating func add(_ dirt: Watcher.Dirt, of vault: VaultID) {
        if let places = dirt.places[vault] {
            changed.formUnion(places.subtracting([".trash"]))
            finished.formUnion(dirt.finished[vault] ?? [])
        }
        deep.formUnion(dirt.deep[vault] ?? [])
    }

    /// The scan that is due; the caller carries it out. Changed directories come before those that wait to be probed.
    mutating func take(at now: Moment) -> Job.Work? {
        guard now.boot >= from else { return nil }
        let settled = settling.filter { $0.value <= now.boot }.keys
        let due = changed.union(settled)
        let some = due.count > Self.atOnce ? Set(due.prefix(Self.atOnce)) : due
        let directories = some.isEmpty ? Set(unprobed.prefix(Self.atOnce / 4)) : some
        guard !directories.isEmpty || !deep.isEmpty else { return nil }
        let work = Job.Work.scan(directories, deep: deep, finished: finished)
        for directory in directories { settling[directory] = nil }
        changed.subtract(directories)
        unprobed.subtract(directories)
        deep = []
        if changed.isEmpty { finished = [] }
        return work
    }

    mutating func scanned(_ scanned: Scanned, at now: Moment) {
        for directory in scanned.directories { settling[directory] = nil }
        settling.merge(scanned.settling) { _, new in new }
        // A tenth of the time at most goes into scans.
        from = now.boot + max(VaultState.second / 10, 9 * scanned.nanoseconds)
    }

    mutating func rescanned(_ scanned: Scanned) {
        (settling, unprobed) = (scanned.settling, scanned.unprobed)
    }

    /// When something is due, as far as that is known.
    func next(at now: Moment) -> [Int64] {
        let isDue = count > 0 || settling.values.contains { $0 <= now.boot }
        return [settling.values.filter { $0 > now.boot }.min(), isDue ? from : nil].compactMap { $0 }
    }
}
