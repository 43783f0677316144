internal import Disk
internal import Model
internal import Trash

/// Measures on the disk what items of the trash give back when they are unlinked, one after the other, and takes as
/// many of the first as are needed: never more than that, and never one that gives nothing.
///
/// What has names outside of what goes is not counted (``LinkCensus``), so the figure is the lower one. Links from one
/// vault into another are taken for links outside.
struct Reclaim {
    struct Candidate {
        /// Which of the vaults, for whoever calls.
        var vault: Int
        var batch: Batch
        var item: Batch.Item
        /// The time of the backup that it stands on at last, where it is not that itself: a chain goes from its end.
        var chain: Timestamp?

        /// Longest in the trash first; what came there together as ``isOlder(_:)`` says.
        func isBefore(_ other: Candidate) -> Bool {
            let (a, b) = (item.backup.trashed?.condemnedAt, other.item.backup.trashed?.condemnedAt)
            if let a, let b, a != b { return a < b }
            return isOlder(other)
        }

        /// The oldest backup first, the newest of a chain before what it stands on; ties by vault and path
        /// (invariant 12).
        func isOlder(_ other: Candidate) -> Bool {
            let (own, others) = (item.backup, other.item.backup)
            let (a, b) = (chain ?? own.time, other.chain ?? others.time)
            if a != b { return a < b }
            if own.time != others.time { return own.time > others.time }
            return (vault, own.path) < (other.vault, others.path)
        }
    }

    private let row: [Candidate]
    private let shouldStop: () -> Bool
    private var censuses: [Int: LinkCensus] = [:]
    private var inodes: [Int: Int64] = [:]
    private var chosen: [Int] = []

    /// A longer measurement than this ends with what it has; the next look goes on.
    static let mostNanoseconds: Int64 = 60_000_000_000
    /// So many are asked whether they give anything at all: each is a pass over all links.
    private static let mostAsked = 256

    init(
        _ candidates: [Candidate], by isBefore: (Candidate, Candidate) -> Bool = { $0.isBefore($1) },
        shouldStop: @escaping () -> Bool
    ) {
        row = candidates.sorted(by: isBefore)
        self.shouldStop = shouldStop
    }

    /// As many of the first as give so many bytes and inodes; all, where they give less.
    mutating func choose(bytes: Int64, inodes: Int64) -> [Candidate] {
        guard bytes > 0 || inodes > 0 else { return [] }
        // Asked anew only when what was added since might be enough: an item gives at most what it has allocated.
        var (open, missing) = (Int64(0), bytes)
        for n in row.indices where !shouldStop() {
            measure(n, countsInodes: inodes > 0)
            chosen.append(n)
            open = open.adding(row[n].item.backup.allocated)
            guard open >= missing || missing <= 0 else { continue }
            let given = given
            if given.bytes >= bytes, given.inodes >= inodes { break }
            (open, missing) = (0, bytes.subtracting(given.bytes))
        }
        leaveOutGainless(isForInodes: inodes > 0)
        return chosen.map { row[$0] }
    }

    /// More of one vault, the first that are not chosen yet, until it is smaller by so many bytes.
    mutating func choose(of vault: Int, allocated: Int64) -> [Candidate] {
        var missing = allocated
        for n in chosen where row[n].vault == vault {
            missing = missing.subtracting(row[n].item.backup.allocated)
        }
        var more: [Candidate] = []
        for n in row.indices where missing > 0 && row[n].vault == vault && !chosen.contains(n) {
            guard row[n].item.backup.allocated > 0 else { continue }
            measure(n, countsInodes: false)
            chosen.append(n)
            more.append(row[n])
            missing = missing.subtracting(row[n].item.backup.allocated)
        }
        return more
    }

    /// What all that is chosen gives, at least.
    var given: (bytes: Int64, inodes: Int64) { given(by: chosen) }

    /// What those of some vaults give.
    func given(by isMeant: (Candidate) -> Bool) -> (bytes: Int64, inodes: Int64) {
        given(by: chosen.filter { isMeant(row[$0]) })
    }

    private func given(by numbers: [Int]) -> (bytes: Int64, inodes: Int64) {
        let byVault = Dictionary(grouping: numbers) { row[$0].vault }
        let bytes = byVault.total { vault, own in
            censuses[vault]?.freed(byPurging: Set(own.map { UInt32($0) })).bytes ?? 0
        }
        return (bytes, numbers.total { inodes[$0] ?? 0 })
    }

    /// A copy whose every block is held by another name goes when its time comes; to purge it early helps nobody.
    private mutating func leaveOutGainless(isForInodes: Bool) {
        var all = given(by: chosen)
        for n in chosen.prefix(Self.mostAsked) {
            guard let own = censuses[row[n].vault]?.freedAlone(UInt32(n)), own.bytes == 0 else { continue }
            let others = chosen.filter { $0 != n }
            let without = given(by: others)
            guard without.bytes == all.bytes, !isForInodes || without.inodes == all.inodes else { continue }
            (chosen, all) = (others, without)
        }
    }

    private mutating func measure(_ n: Int, countsInodes: Bool) {
        var census = censuses[row[n].vault] ?? LinkCensus()
        let unit = UInt32(n)
        do throws(Fault) {
            let files = try row[n].batch.files()
            for member in row[n].item.inBatch {
                let place = try files.open(member.path.parent)
                if member.isDirectory {
                    let tree = try place.open(member.path.lastComponent)
                    try census.count(tree: tree, as: unit, shouldStop: shouldStop)
                    if countsInodes {
                        inodes[n, default: 0] += try InodeCount(of: tree, shouldStop: shouldStop).inodes
                    }
                } else {
                    try census.count(file: member.path.lastComponent, in: place, as: unit)
                    let links = countsInodes ? try place.sighting(of: member.path.lastComponent)?.links : nil
                    if links == 1 { inodes[n, default: 0] += 1 }
                }
            }
        } catch {
            census.distrust(unit)  // it gives what is known so far
        }
        censuses[row[n].vault] = census
    }
}
