package import Model

/// One series in time order: which of its backups count, newest first, and which need which.
///
/// What is asked of every backup stands in columns of its own: a million candidates are read once, from front to back.
package struct Timeline: Sendable {
    package let backups: [Candidate]
    /// Those that count for rules, newest first; ties by path bytes, so that no order of input shows (invariant 12).
    package let counting: [UInt32]
    /// Their times, in nanoseconds, in the same order.
    let times: [Int64]
    /// `nil` where every backup is a full one.
    package let chains: Chains?
    /// Transaction logs that are whole, oldest first: no rule asks for them.
    let logs: [Int]
    /// Whether a tool protects one of them.
    let hasToolProtection: Bool
    /// The rhythm of the series as all tells that was ever there.
    package var learnt: Rhythm?
    /// Dated later than this is *future*: set aside.
    private let latest: Timestamp
    /// By object, and why.
    private let suspects: [UInt64: String]

    /// `latest`: what is dated later does not count. `suspects`, by object: neither do they, nor what stands on them.
    /// `links`: of the whole vault; `nil`: these backups are all there are. `excluded`: what it says yes to does not
    /// count either.
    package init(
        _ backups: [Candidate], latest: Timestamp, suspects: [UInt64: String] = [:], links: LinkGraph? = nil,
        excluding excluded: ((Candidate) -> Bool)? = nil
    ) {
        precondition(backups.count < Int(UInt32.max), "one series has fewer than four billion backups")
        self.backups = backups
        self.latest = latest
        self.suspects = suspects
        let (hasChains, hasToolProtection) = backups.withUnsafeBufferPointer { all in
            (all.indices.contains { !all[$0].isFull }, all.indices.contains { all[$0].protectedBy != nil })
        }
        self.hasToolProtection = hasToolProtection
        let chains = hasChains ? Chains(backups, links, suspects) : nil
        self.chains = chains
        var columns = Columns(capacity: backups.count)
        var logs: [Int] = []
        backups.withUnsafeBufferPointer { all in
            let latest = latest.nanoseconds
            for index in all.indices where all[index].countsAsComplete && all[index].time.nanoseconds <= latest {
                if let chains, chains.broken[index] != nil || chains.doubtful[index] != nil { continue }
                if !suspects.isEmpty, suspects[all[index].id.object] != nil { continue }
                if let excluded, excluded(all[index]) { continue }
                if all[index].isLog {
                    logs.append(index)
                } else {
                    columns.append(index, all)
                }
            }
        }
        columns.sort(backups)
        (counting, times) = (columns.order, columns.times)
        self.logs = logs.sorted { (backups[$0].time, backups[$0].path) < (backups[$1].time, backups[$1].path) }
    }

    /// The condition that its place among the others gives a backup, and why.
    package func condition(of index: Int) -> (condition: Backup.Condition, note: String) {
        let candidate = backups[index]
        if candidate.time > latest { return (.future, "dated more than a day ahead") }
        if let note = suspects[candidate.id.object] ?? chains?.doubtful[index] { return (.suspect, note) }
        guard candidate.countsAsComplete else { return (candidate.condition, candidate.note) }
        if let note = chains?.broken[index] { return (.broken, note) }
        return (.complete, candidate.note)
    }

    // MARK: Order

    private struct Columns {
        var order: [UInt32] = []
        var times: [Int64] = []
        private var falls = true
        private var rises = true
        private var previous = -1

        init(capacity: Int) {
            order.reserveCapacity(capacity)
            times.reserveCapacity(capacity)
        }

        mutating func append(_ index: Int, _ all: UnsafeBufferPointer<Candidate>) {
            let time = all[index].time.nanoseconds
            if let last = times.last {
                // Paths are only asked where times are equal.
                if last < time || (last == time && all[previous].path < all[index].path) {
                    falls = false
                } else {
                    rises = false
                }
            }
            previous = index
            order.append(UInt32(truncatingIfNeeded: index))
            times.append(time)
        }

        mutating func sort(_ backups: [Candidate]) {
            if falls { return }
            if rises {
                order.reverse()
                times.reverse()
                return
            }
            RadixSort.descending(&order, &times)
            var start = 0
            while start < times.count {
                var end = start + 1
                while end < times.count, times[end] == times[start] { end += 1 }
                if end - start > 1 { order[start..<end].sort { backups[Int($0)].path > backups[Int($1)].path } }
                start = end
            }
        }
    }
}

/// Sorts by a 64-bit key in a few passes over the list: a million in a fifth of the time that comparing takes.
private enum RadixSort {
    private static let digitBits = 11

    private struct Entry {
        var key: UInt64
        var item: UInt32
    }

    static func descending(_ items: inout [UInt32], _ keys: inout [Int64]) {
        guard let low = keys.min(), let high = keys.max() else { return }
        // Whole seconds, the usual case, have fewer digits.
        let unit: UInt64 = keys.allSatisfy { $0 % 1_000_000_000 == 0 } ? 1_000_000_000 : 1
        let most = UInt64(bitPattern: high &- low) / unit
        var from = keys.indices.map { Entry(key: UInt64(bitPattern: high &- keys[$0]) / unit, item: items[$0]) }
        var to = from
        var shift: UInt64 = 0
        while shift < 64, most >> shift > 0 {
            pass(from, &to, shift)
            swap(&from, &to)
            shift += UInt64(digitBits)
        }
        for n in from.indices {
            items[n] = from[n].item
            keys[n] = high &- Int64(bitPattern: from[n].key &* unit)
        }
    }

    private static func pass(_ from: [Entry], _ to: inout [Entry], _ shift: UInt64) {
        let mask = UInt64(1 << digitBits - 1)
        var places = [Int](repeating: 0, count: 1 << digitBits)
        from.withUnsafeBufferPointer { from in
            to.withUnsafeMutableBufferPointer { to in
                places.withUnsafeMutableBufferPointer { places in
                    for n in from.indices { places[Int(truncatingIfNeeded: from[n].key >> shift & mask)] += 1 }
                    var next = 0
                    for digit in places.indices { (places[digit], next) = (next, next + places[digit]) }
                    for n in from.indices {
                        let digit = Int(truncatingIfNeeded: from[n].key >> shift & mask)
                        to[places[digit]] = from[n]
                        places[digit] += 1
                    }
                }
            }
        }
    }
}
