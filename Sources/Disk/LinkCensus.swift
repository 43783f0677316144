package import Model

/// How many bytes come free when some units of a file system are purged, where files have names in several of them.
///
/// A unit is what goes as one, under any number the caller gives it; consecutive numbers for consecutive backups of a
/// series take the least memory. An inode is freed when *all* its links lie in units that go: each link that was found
/// is counted, and an inode with more links than were found is never freed. Then its allocated blocks come back, so
/// sparse files count for what they hold. One census serves one file system (one `st_dev`): inode numbers mean nothing
/// across two.
///
/// The answer never promises too much, but for what the kernel counts itself: blocks shared by reflinks (xfs, btrfs)
/// are allocated in each file that shares them, and come free with the last; btrfs counts compressed data at full
/// length. There the true figure is at most this one.
///
/// Memory: at most `limit` inodes with several links, 30 to 36 bytes each, and as many placements of 22 to 28. What is
/// over that is not counted, and an answer about its units becomes "at least".
package struct LinkCensus: Sendable {
    package typealias Freed = Backup.Freed

    private let limit: Int
    private let placementLimit: Int
    private var table = InodeTable()
    // Of each inode of the table.
    private var links: [UInt32] = []
    private var allocated: [Int64] = []
    private var placement: [UInt32] = []
    private var placements = LinkPlacements()
    private var compactAt: Int
    /// Of the first tree or file that was counted.
    private var device: UInt64?
    /// Bytes of directories and of files with one link, which go with their unit.
    private var own: [UInt32: Int64] = [:]
    private var uncertain: Set<UInt32> = []
    /// Units in which a file has several names.
    package private(set) var withLinks: Set<UInt32> = []
    /// The transition taken last: the next inode of a tree mostly takes the same.
    private var latest: (from: UInt32, unit: UInt32, to: UInt32) = (.max, 0, 0)

    package init(limit: Int = 1_000_000, placementLimit: Int? = nil) {
        self.limit = limit
        self.placementLimit = placementLimit ?? max(limit, 1024)
        compactAt = min(1 << 16, self.placementLimit)
    }

    /// Inodes with several links so far.
    package var inodes: Int { table.count }

    // MARK: Counting

    /// One name was found in `unit`. The names of a unit come one after the other, and unit after unit.
    package mutating func add(unit: UInt32, inode: UInt64, links: UInt32, allocated: Int64) {
        if links <= 1 { return addOwn(unit, allocated) }
        if let number = table.number(of: inode) {
            // It was changed between two looks: the greater count frees less.
            self.links[number] = max(self.links[number], links)
            self.allocated[number] = min(self.allocated[number], allocated)
            return place(number, in: unit)
        }
        guard table.count < limit else { return distrust(unit) }
        let number = table.insert(inode)
        self.links.append(links)
        self.allocated.append(allocated)
        placement.append(LinkPlacements.none)
        place(number, in: unit)
    }

    /// One more name of an inode that is known to have several. `false`: it is not known.
    mutating func addKnown(unit: UInt32, inode: UInt64) -> Bool {
        guard let number = table.number(of: inode) else { return false }
        place(number, in: unit)
        return true
    }

    /// What belongs to this unit alone.
    mutating func addOwn(_ unit: UInt32, _ bytes: Int64) {
        own[unit] = own[unit, default: 0].adding(bytes)
    }

    /// Not all of it could be counted: what is said of it is "at least".
    package mutating func distrust(_ unit: UInt32) { uncertain.insert(unit) }

    private mutating func place(_ number: Int, in unit: UInt32) {
        withLinks.insert(unit)
        if links[number] == .max { distrust(unit) }
        if placements.runs.count >= compactAt { compact() }
        let from = placement[number]
        if latest.from != from || latest.unit != unit {
            guard placements.runs.count < placementLimit else { return lose(number, unit) }
            latest = (from, unit, placements.adding(unit: unit, to: from))
        }
        placement[number] = latest.to
    }

    private mutating func compact() {
        placements.compact(&placement)
        compactAt = max(1 << 16, placements.runs.count * 2)
        compactAt = min(compactAt, max(placementLimit, placements.runs.count + 1))
        latest = (.max, 0, 0)
    }

    /// It is never freed any more.
    private mutating func lose(_ number: Int, _ unit: UInt32) {
        links[number] = .max
        uncertain.formUnion(placements.units(of: placement[number]))
        distrust(unit)
    }

    mutating func isOnOurDevice(_ directory: Directory) -> Bool {
        if device == nil { device = directory.device }
        return device == directory.device
    }

    // MARK: Answers

    /// What comes free when all of these go. One pass over the inodes: milliseconds for a million.
    package func freed(byPurging units: Set<UInt32>) -> Freed {
        let going = placements.links(in: units)
        var bytes = units.reduce(Int64(0)) { $0.adding(own[$1, default: 0]) }
        for number in links.indices where going[Int(placement[number])] >= UInt64(links[number]) {
            bytes = bytes.adding(allocated[number])
        }
        return Freed(bytes: bytes, isAtLeast: !uncertain.isDisjoint(with: units))
    }

    /// What comes free when this one goes and all others stay.
    package func freedAlone(_ unit: UInt32) -> Freed { freed(byPurging: [unit]) }

    /// The same of every unit, in one pass.
    package func freedAlone() -> [UInt32: Freed] {
        var bytes = own
        for number in links.indices {
            let run = placements.runs[Int(placement[number])]
            guard run.before == LinkPlacements.none, run.first == run.last, run.links >= links[number] else { continue }
            bytes[run.first] = bytes[run.first, default: 0].adding(allocated[number])
        }
        for unit in uncertain where bytes[unit] == nil { bytes[unit] = 0 }
        return Dictionary(
            uniqueKeysWithValues: bytes.map { ($0, Freed(bytes: $1, isAtLeast: uncertain.contains($0))) })
    }
}
