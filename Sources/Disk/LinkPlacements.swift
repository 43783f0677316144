/// In which units the links of an inode lie, and how many in each: a number for each different answer.
///
/// In hard-linked trees thousands of inodes have the same answer, "one link in each of the units 12 to 47", so an inode
/// needs 4 bytes for it. A placement is a run of units with equally many links in each, behind another placement: what
/// lies in three separate runs has two placements before its own.
struct LinkPlacements: Sendable {
    /// The placement of what has no link yet.
    static let none: UInt32 = 0

    struct Run: Equatable, Sendable {
        /// What was before; always a smaller number.
        var before: UInt32
        var first: UInt32
        var last: UInt32
        /// Links in each unit.
        var links: UInt32
    }

    /// The first stands for ``none``.
    private(set) var runs = [Run(before: 0, first: 0, last: 0, links: 0)]
    private var slots = [UInt32](repeating: 0, count: 1024)

    /// The placement with one link more in `unit`, which is the last unit so far or a new one.
    mutating func adding(unit: UInt32, to placement: UInt32) -> UInt32 {
        let run = runs[Int(placement)]
        guard placement != Self.none, run.last == unit else { return joined(placement, unit, 1) }
        let before = run.first == unit ? run.before : number(of: Run(run.before, run.first, unit - 1, run.links))
        return joined(before, unit, run.links + 1)
    }

    /// Makes the run before longer where it can.
    private mutating func joined(_ placement: UInt32, _ unit: UInt32, _ links: UInt32) -> UInt32 {
        let run = runs[Int(placement)]
        guard placement != Self.none, run.last &+ 1 == unit, run.links == links else {
            return number(of: Run(placement, unit, unit, links))
        }
        return number(of: Run(run.before, run.first, unit, links))
    }

    /// One number for equal runs.
    private mutating func number(of run: Run) -> UInt32 {
        if runs.count * 3 >= slots.count * 2 { rehash(slots.count * 2) }
        let at = place(of: run)
        if slots[at] == 0 {
            runs.append(run)
            slots[at] = UInt32(runs.count - 1)
        }
        return slots[at]
    }

    private func place(of run: Run) -> Int {
        let mask = slots.count - 1
        var hash = UInt64(run.before) << 32 | UInt64(run.first)
        hash = (hash ^ hash >> 29) &* 0x9E37_79B9_7F4A_7C15 ^ (UInt64(run.last) << 32 | UInt64(run.links))
        hash = (hash ^ hash >> 29) &* 0xBF58_476D_1CE4_E5B9
        var at = Int(truncatingIfNeeded: hash >> 24) & mask
        while slots[at] != 0, runs[Int(slots[at])] != run { at = (at + 1) & mask }
        return at
    }

    private mutating func rehash(_ count: Int) {
        slots = [UInt32](repeating: 0, count: count)
        for number in runs.indices.dropFirst() { slots[place(of: runs[number])] = UInt32(number) }
    }

    /// Forgets what no inode has any more, and gives the rest new numbers: `used` is changed to them. An inode that got
    /// one more link left its old placement behind, which would add up.
    mutating func compact(_ used: inout [UInt32]) {
        var isUsed = [Bool](repeating: false, count: runs.count)
        for placement in used { isUsed[Int(placement)] = true }
        for number in runs.indices.reversed() where isUsed[number] { isUsed[Int(runs[number].before)] = true }
        var renumbered = [UInt32](repeating: Self.none, count: runs.count)
        var kept: [Run] = [runs[0]]
        for number in runs.indices.dropFirst() where isUsed[number] {
            var run = runs[number]
            run.before = renumbered[Int(run.before)]
            renumbered[number] = UInt32(kept.count)
            kept.append(run)
        }
        runs = kept
        for index in used.indices { used[index] = renumbered[Int(used[index])] }
        rehash(slots.count)
    }

    /// How many links of each placement lie in these units.
    func links(in units: Set<UInt32>) -> [UInt64] {
        let sorted = units.sorted()
        var found = [UInt64](repeating: 0, count: runs.count)
        for number in runs.indices.dropFirst() {
            let run = runs[number]
            let among = Self.below(UInt64(run.last) + 1, sorted) - Self.below(UInt64(run.first), sorted)
            found[number] = found[Int(run.before)] + UInt64(among) * UInt64(run.links)
        }
        return found
    }

    /// How many are smaller.
    private static func below(_ limit: UInt64, _ sorted: [UInt32]) -> Int {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if UInt64(sorted[middle]) < limit { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The units of a placement.
    func units(of placement: UInt32) -> [UInt32] {
        var (units, at): ([UInt32], UInt32) = ([], placement)
        while at != Self.none {
            units += runs[Int(at)].first...runs[Int(at)].last
            at = runs[Int(at)].before
        }
        return units
    }
}

extension LinkPlacements.Run {
    fileprivate init(_ before: UInt32, _ first: UInt32, _ last: UInt32, _ links: UInt32) {
        self.init(before: before, first: first, last: last, links: links)
    }
}
