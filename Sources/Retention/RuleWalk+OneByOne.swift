internal import Model

/// One rule after the other: where rules take from each other (borg, Proxmox), the oldest of a period counts, or
/// periods go by several clocks.
extension RuleWalk {
    mutating func oneByOne() {
        let counting = timeline.counting.map { Int($0) }
        var reasons = [[RetentionReport.PackedReason]](repeating: [], count: counting.count)
        // What an earlier rule outdid for good (Proxmox).
        var isOut = [Bool](repeating: false, count: counting.count)
        for window in windows {
            for rank in counting.indices where window.edge.map({ timeline.times[rank] > $0 }) ?? true {
                reasons[rank].append(.init(code: .within, rule: window.rule, value: 0))
            }
        }
        for state in states { run(state, counting, reasons: &reasons, isOut: &isOut) }
        for (rank, index) in counting.enumerated() {
            let own = reasons[rank]
            let isKept = own.contains { $0.keeps }
            let shown =
                own.isEmpty
                ? [.init(code: .beyond, rule: 0, value: 0)] : isKept ? own.filter(\.keeps) : Array(own.prefix(2))
            report.slots[index] = .init(
                start: UInt32(report.arena.count), count: UInt8(min(shown.count, 255)), flags: isKept ? .retain : [])
            report.arena += shown.prefix(255)
        }
    }

    private mutating func run(
        _ state: RuleState, _ counting: [Int], reasons: inout [[RetentionReport.PackedReason]], isOut: inout [Bool]
    ) {
        let ranks = counting.indices.filter { rank in
            let backup = timeline.backups[counting[rank]]
            return !state.isOutside(timeline.times[rank]) && (backup.isFull || !state.onlyFull)
        }
        let keys = ranks.map { rank in
            // Ranks fall as time goes on, and so must these.
            state.period.map { key(of: $0, at: timeline.times[rank]) } ?? -Int64(rank)
        }
        let keptBefore = ranks.map { rank in reasons[rank].contains { $0.keeps } }
        let chosen = choose(state, ranks, keys: keys, keptBefore: keptBefore, isOut: isOut)
        var keepers: [Int64: Int] = [:]
        for (n, ordinal) in chosen {
            let isElement = ordinal > 0
            reasons[ranks[n]].append(
                .init(code: isElement ? .keep : .oldest, rule: state.rule, value: UInt32(max(0, ordinal))))
            keepers[keys[n]] = ranks[n]
        }
        // What stands for a period already, by an earlier rule; only to say it.
        var lastKept: [Int64: Int] = [:]
        if state.period != nil {
            for n in ranks.indices where keptBefore[n] && lastKept[keys[n]] == nil { lastKept[keys[n]] = ranks[n] }
        }
        for (n, rank) in ranks.enumerated() {
            guard let keeper = keepers[keys[n]] ?? lastKept[keys[n]], keeper != rank else { continue }
            reasons[rank].append(.init(code: .superseded, rule: state.rule, value: UInt32(counting[keeper])))
            if !keptBefore[n], keepers[keys[n]] != nil { isOut[rank] = true }
        }
    }

    private mutating func key(of period: Period, at time: Int64) -> Int64 {
        let clock = context.semantics.preset.periodClock
        if clock == .utcButWeeks, period == .week || period == .thirteenWeeks {
            weekCursor.move(toNanoseconds: time)
            return weekCursor.keys[period]
        }
        cursor.move(toNanoseconds: time)
        return clock == .wall && period == .week ? cursor.keys.weekOfDate : cursor.keys[period]
    }

    /// Which of the ranks a rule takes, with their ordinals; ordinal 0: the oldest there is.
    private func choose(
        _ state: RuleState, _ ranks: [Int], keys: [Int64], keptBefore: [Bool], isOut: [Bool]
    ) -> [(n: Int, ordinal: Int)] {
        // The tools whose rules take from each other know no `full`: it counts alone.
        let sharing = state.onlyFull ? .overlap : context.semantics.sharing
        let taken = sharing == .consumePeriods ? Set(ranks.indices.filter { keptBefore[$0] }.map { keys[$0] }) : []
        var chosen: [(n: Int, ordinal: Int)] = []
        var closed: Set<Int64> = []
        for n in candidates(keys, sharing) where chosen.count < state.total && isWithin(state.reach, ranks[n]) {
            switch sharing {
            case .overlap: break
            case .consumeBackups:
                guard !keptBefore[n] else { continue }
            case .consumePeriods:
                guard !keptBefore[n], !isOut[ranks[n]], !taken.contains(keys[n]), closed.insert(keys[n]).inserted else {
                    continue
                }
            }
            chosen.append((n, chosen.count + 1))
        }
        // The oldest serves a rule that has room left.
        let hasRoom = chosen.count < state.total
        if let last = ranks.indices.last, hasRoom, takesOldest(state), ranks[last] == timeline.counting.count - 1,
            !chosen.contains(where: { $0.n == last }), sharing == .overlap || !keptBefore[last],
            isWithin(state.reach, ranks[last])
        {
            chosen.append((last, 0))
        }
        return chosen
    }

    /// Which may stand for their periods, the newest period first. Where periods are consumed, the newest that no other
    /// rule outdid stands for one, and that may be any of them.
    private func candidates(_ keys: [Int64], _ sharing: Semantics.Sharing) -> [Int] {
        guard context.semantics.preset.periodClock != .wall else { return elementsOnWall(keys) }
        switch context.semantics.element {
        case .newest where sharing == .consumePeriods: return Array(keys.indices)
        case .newest: return keys.indices.filter { $0 == 0 || keys[$0 - 1] != keys[$0] }
        case .oldest: return keys.indices.filter { $0 == keys.count - 1 || keys[$0 + 1] != keys[$0] }
        }
    }

    /// On the wall a period may come back: an hour of autumn, or the first week of a year in its last days.
    private func elementsOnWall(_ keys: [Int64]) -> [Int] {
        var elements: [Int64: Int] = [:]
        for n in keys.indices where context.semantics.element == .oldest || elements[keys[n]] == nil {
            elements[keys[n]] = n
        }
        return elements.sorted { $0.key > $1.key }.map(\.value)
    }

    private func isWithin(_ reach: Int64?, _ rank: Int) -> Bool {
        guard let reach else { return true }
        let time = timeline.times[rank]
        guard context.semantics.preset.periodClock == .wall else { return time > reach }
        var zone = context.zone
        return time.adding(zone.offset(at: Timestamp(nanoseconds: time)) * 1_000_000_000) > reach
    }
}
