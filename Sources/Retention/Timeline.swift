package import Model

/// One series in time order: which of its backups count, newest first, and which need which.
package struct Timeline: Sendable {
    package let backups: [Candidate]
    /// Those that count for rules, newest first; ties by path bytes, so that no order of input shows (invariant 12).
    package let counting: [UInt32]
    /// `nil` where every backup is a full one.
    package let chains: Chains?
    /// Dated later than this is *future*: set aside.
    private let latest: Timestamp

    /// `latest`: what is dated later does not count. `excluded`: neither does what it says yes to.
    package init(_ backups: [Candidate], latest: Timestamp, excluding excluded: ((Candidate) -> Bool)? = nil) {
        precondition(backups.count < Int(UInt32.max), "one series has fewer than four billion backups")
        self.backups = backups
        self.latest = latest
        let chains = Chains(backups, latest: latest)
        self.chains = chains
        counting = Self.newestFirst(backups) { index, candidate in
            candidate.condition == .complete && candidate.time <= latest && chains?.broken[index] == nil
                && excluded?(candidate) != true
        }
    }

    /// The condition that its place among the others gives a backup, and why.
    package func condition(of index: Int) -> (condition: Backup.Condition, note: String) {
        let candidate = backups[index]
        if candidate.time > latest { return (.future, "dated more than a day ahead") }
        if candidate.condition == .complete, let note = chains?.broken[index] { return (.broken, note) }
        return (candidate.condition, candidate.note)
    }

    // MARK: Order

    private static func newestFirst(_ backups: [Candidate], _ counts: (Int, Candidate) -> Bool) -> [UInt32] {
        var order: [UInt32] = []
        order.reserveCapacity(backups.count)
        var (falls, rises) = (true, true)
        var previous: Int?
        for (index, backup) in backups.enumerated() where counts(index, backup) {
            if let previous {
                let before = backups[previous]
                // Paths are only asked where times are equal.
                if before.time < backup.time || (before.time == backup.time && before.path < backup.path) {
                    falls = false
                } else if before.time > backup.time || before.path > backup.path {
                    rises = false
                }
            }
            previous = index
            order.append(UInt32(truncatingIfNeeded: index))
        }
        if falls { return order }
        if rises { return order.reversed() }
        return sorted(order, backups)
    }

    private static func sorted(_ order: [UInt32], _ backups: [Candidate]) -> [UInt32] {
        var sorted =
            order.count < 512
            ? order.sorted { backups[Int($0)].time > backups[Int($1)].time }
            : RadixSort.descending(order) { backups[Int($0)].time.nanoseconds }
        var start = 0
        while start < sorted.count {
            let time = backups[Int(sorted[start])].time
            var end = start + 1
            while end < sorted.count, backups[Int(sorted[end])].time == time { end += 1 }
            if end - start > 1 { sorted[start..<end].sort { backups[Int($0)].path > backups[Int($1)].path } }
            start = end
        }
        return sorted
    }
}

/// Sorts by a 64-bit key in a few passes over the list: three times as fast as comparing a million.
private enum RadixSort {
    private static let digitBits = 11

    static func descending(_ items: [UInt32], key: (UInt32) -> Int64) -> [UInt32] {
        // Whole seconds, the usual case, have fewer digits.
        let isWhole = items.allSatisfy { key($0) % 1_000_000_000 == 0 }
        let (low, high) = items.reduce((Int64.max, Int64.min)) { (min($0.0, key($1)), max($0.1, key($1))) }
        func distance(_ item: UInt32) -> UInt64 {
            let nanoseconds = UInt64(bitPattern: high &- key(item))
            return isWhole ? nanoseconds / 1_000_000_000 : nanoseconds
        }
        let most = UInt64(bitPattern: high &- low) / (isWhole ? 1_000_000_000 : 1)
        var from = items.map { (key: distance($0), item: $0) }
        var to = from
        var shift = 0
        while shift < 64, most >> UInt64(shift) > 0 {
            pass(from, &to, shift)
            swap(&from, &to)
            shift += digitBits
        }
        return from.map(\.item)
    }

    private static func pass(
        _ from: [(key: UInt64, item: UInt32)], _ to: inout [(key: UInt64, item: UInt32)], _ shift: Int
    ) {
        let mask = UInt64(1 << digitBits - 1)
        var places = [Int](repeating: 0, count: 1 << digitBits)
        for entry in from { places[Int(entry.key >> UInt64(shift) & mask)] += 1 }
        var next = 0
        for digit in places.indices { (places[digit], next) = (next, next + places[digit]) }
        to.withUnsafeMutableBufferPointer { to in
            for entry in from {
                let digit = Int(entry.key >> UInt64(shift) & mask)
                to[places[digit]] = entry
                places[digit] += 1
            }
        }
    }
}
