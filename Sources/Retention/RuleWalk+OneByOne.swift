internal import Model

/// One rule after the other: where rules take from each other (borg, Proxmox), or the oldest of a period counts.
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
        for state in states { run(state, counting, &reasons, &isOut) }
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
        _ state: RuleState, _ counting: [Int], _ reasons: inout [[RetentionReport.PackedReason]], _ isOut: inout [Bool]
    ) {
        let ranks = counting.indices.filter { rank in
            let backup = timeline.backups[counting[rank]]
            return !state.isOutside(timeline.times[rank]) && (backup.isFull || !state.onlyFull)
        }
        let keys = ranks.map { rank -> Int64 in
            guard let period = state.period else { return Int64(rank) }
            cursor.move(toNanoseconds: timeline.times[rank])
            return cursor.keys[period]
        }
        let keptBefore = ranks.map { rank in reasons[rank].contains { $0.keeps } }
        let chosen = choose(state, ranks, keys, keptBefore, isOut)
        var keepers: [Int64: Int] = [:]
        for (n, ordinal) in chosen {
            let isElement = ordinal > 0
            reasons[ranks[n]].append(
                .init(code: isElement ? .keep : .oldest, rule: state.rule, value: UInt32(max(0, ordinal))))
            keepers[keys[n]] = ranks[n]
        }
        // What stands for a period already, by an earlier rule; only to say it.
        var standing: [Int64: Int] = [:]
        if state.period != nil {
            for n in ranks.indices where keptBefore[n] && standing[keys[n]] == nil { standing[keys[n]] = ranks[n] }
        }
        for (n, rank) in ranks.enumerated() {
            guard let keeper = keepers[keys[n]] ?? standing[keys[n]], keeper != rank else { continue }
            reasons[rank].append(.init(code: .outdone, rule: state.rule, value: UInt32(counting[keeper])))
            if !keptBefore[n], keepers[keys[n]] != nil { isOut[rank] = true }
        }
    }

    /// Which of the ranks a rule takes, with their ordinals; ordinal 0: the oldest there is.
    private func choose(
        _ state: RuleState, _ ranks: [Int], _ keys: [Int64], _ keptBefore: [Bool], _ isOut: [Bool]
    ) -> [(n: Int, ordinal: Int)] {
        // The tools whose rules take from each other know no `full`: it counts alone.
        let sharing = state.onlyFull ? .overlap : context.semantics.sharing
        let taken = sharing == .consumePeriods ? Set(ranks.indices.filter { keptBefore[$0] }.map { keys[$0] }) : []
        var chosen: [(n: Int, ordinal: Int)] = []
        var closed: Set<Int64> = []
        for n in ranks.indices where chosen.count < state.total {
            switch sharing {
            case .overlap:
                if isElement(n, keys) { chosen.append((n, chosen.count + 1)) }
            case .consumeBackups:
                if isElement(n, keys), !keptBefore[n] { chosen.append((n, chosen.count + 1)) }
            case .consumePeriods:
                guard !keptBefore[n], !isOut[ranks[n]], !taken.contains(keys[n]) else { continue }
                let stands = context.semantics.element == .newest ? !closed.contains(keys[n]) : isElement(n, keys)
                guard stands else { continue }
                closed.insert(keys[n])
                chosen.append((n, chosen.count + 1))
            }
        }
        // The oldest serves a rule that has room left.
        let hasRoom = chosen.count < state.total
        if let last = ranks.indices.last, hasRoom, takesOldest(state), ranks[last] == timeline.counting.count - 1,
            !chosen.contains(where: { $0.n == last }), sharing == .overlap || !keptBefore[last]
        {
            chosen.append((last, 0))
        }
        return chosen
    }

    private func isElement(_ n: Int, _ keys: [Int64]) -> Bool {
        switch context.semantics.element {
        case .newest: n == 0 || keys[n - 1] != keys[n]
        case .oldest: n == keys.count - 1 || keys[n + 1] != keys[n]
        }
    }
}
