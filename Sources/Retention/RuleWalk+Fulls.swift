internal import Model

/// What full backups keep beside themselves: `full`, `diff`, `window`.
extension RuleWalk {
    /// All that needs a full one that `full` keeps, and what makes the beginning of `window` restorable.
    mutating func keepFulls() {
        let counting = timeline.counting.map { Int($0) }
        let outdated = rules.diff == nil ? [] : outdatedDiffs(counting)
        keepChains(counting, outdated)
        keepWindowFull(counting, outdated)
        if context.semantics.preset.diffLimitsWindow { dropFromWindow(outdated) }
    }

    private mutating func keepChains(_ counting: [Int], _ outdated: Set<Int>) {
        guard rules.full != nil, let chains = timeline.chains else { return }
        let kept = Set(counting.filter { keeps(.full, $0) })
        for index in counting where timeline.backups[index].isFull == false && !outdated.contains(index) {
            let root = chains.root(of: index)
            if kept.contains(root) {
                report.retain(index, .chain(of: timeline.backups[root].path.lastComponent.display))
            } else if root < 0, let other = chains.outside[index], context.keptElsewhere.contains(other) {
                report.retain(index, .chain(of: other.text))
            }
        }
    }

    private mutating func keepWindowFull(_ counting: [Int], _ outdated: Set<Int>) {
        guard let span = rules.window,
            let edge = windows.last(where: { report.rules[Int($0.rule)].name == "window" })?.edge,
            let full = counting.first(where: {
                timeline.backups[$0].isFull && timeline.backups[$0].time.nanoseconds <= edge
            }
            )
        else { return }
        report.retain(full, .windowFull(span.text))
        guard let chains = timeline.chains else { return }
        for index in counting where index != full && chains.root(of: index) == full && !outdated.contains(index) {
            report.retain(index, .chain(of: timeline.backups[full].path.lastComponent.display))
        }
    }

    // MARK: Differential backups

    /// The differential ones beyond the newest `diff` (full ones count), and all that surely needs one of them.
    private func outdatedDiffs(_ counting: [Int]) -> Set<Int> {
        guard let chains = timeline.chains, let most = rules.diff?.number(context.space) else { return [] }
        let line = counting.filter { timeline.backups[$0].isFull || timeline.backups[$0].kind == .differential }
        var waiting = line.dropFirst(most).filter { !timeline.backups[$0].isFull }
        guard !waiting.isEmpty else { return [] }
        var dependents: [Int: [Int]] = [:]
        for index in counting where timeline.backups[index].isFull == false {
            for need in chains.sureNeeds[index] { dependents[Int(need), default: []].append(index) }
        }
        var outdated = Set(waiting)
        while let index = waiting.popLast() {
            for other in dependents[index] ?? [] where outdated.insert(other).inserted { waiting.append(other) }
        }
        return outdated
    }

    /// pgBackRest takes differential ones also from the time that it keeps. What another rule keeps stays.
    private mutating func dropFromWindow(_ outdated: Set<Int>) {
        guard rules.window != nil else { return }
        for index in outdated where keeps(.window, index) {
            let slot = report.slots[index]
            let reasons = report.arena[Int(slot.start)..<Int(slot.start) + Int(slot.count)]
            let others = reasons.contains { $0.keeps && report.rules[Int($0.rule)].name != KeepRule.window.rawValue }
            if !others { report.condemn(index, .notKept(report.rulesText)) }
        }
    }

    /// Whether a rule of this name is among the packed reasons that keep a backup.
    private func keeps(_ rule: KeepRule, _ index: Int) -> Bool {
        let slot = report.slots[index]
        return report.arena[Int(slot.start)..<Int(slot.start) + Int(slot.count)].contains {
            $0.keeps && report.rules[Int($0.rule)].name == rule.rawValue
        }
    }
}

extension KeepRules {
    /// `diff` alone says nothing of full backups: they all stay.
    var withFullsForDiff: KeepRules {
        guard diff != nil, full == nil, window == nil else { return self }
        var rules = self
        rules.full = .unlimited
        return rules
    }
}
