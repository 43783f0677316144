package import Model

/// The decisions on one series, packed: 8 bytes a backup and 8 a reason. A ``RetentionDecision`` is made when asked.
package struct RetentionReport: Sendable {
    package let backups: [Candidate]
    /// The rules in words, for what lies beyond all of them.
    package let rulesText: String
    /// Bytes over a limit that could not be met without what must stay.
    package var shortfall: Int64 = 0
    /// Whether what no rule keeps is just too old.
    var isByAgeOnly = true
    var slots: [Slot]
    var arena: [PackedReason] = []
    /// The rules that packed reasons speak of.
    var rules: [RuleText] = []
    /// Reasons that came later, of few backups.
    private var added: [Int: [Reason]] = [:]
    /// By index: another one that needs this one; made only where there are chains.
    private var neededBy: [UInt32] = []
    /// What one of another series needs.
    private var elsewhere: Set<Int> = []
    /// 0-100, see ``Importance``; made by ``Judge``.
    package internal(set) var importances: [UInt8] = []
    var level: Importance.Level?
    var holdBack = (young: "", unobserved: "")

    struct Slot {
        var start: UInt32 = 0
        var count: UInt8 = 0
        var flags: Flags = []
    }

    struct Flags: OptionSet {
        let rawValue: UInt8
        static let retain = Flags(rawValue: 1)
        static let aside = Flags(rawValue: 2)
        static let young = Flags(rawValue: 4)
        static let unobserved = Flags(rawValue: 8)
    }

    struct RuleText {
        var name: String
        /// `7`, `7-14`; `nil`: no end.
        var total: String?
        var span = ""
        var period: Period?
    }

    struct PackedReason {
        enum Code: UInt8 { case keep, oldest, within, superseded, beyond }

        var code: Code
        var rule: UInt8
        /// The ordinal of a kept one, the keeper's index of an superseded one.
        var value: UInt32

        var keeps: Bool { code.rawValue <= Code.within.rawValue }
    }

    init(_ backups: [Candidate], rulesText: String) {
        self.backups = backups
        self.rulesText = rulesText
        slots = Array(repeating: Slot(), count: backups.count)
    }

    package var count: Int { backups.count }

    // MARK: Reading

    package func isRetained(_ index: Int) -> Bool { slots[index].flags.contains(.retain) }
    package func isSetAside(_ index: Int) -> Bool { slots[index].flags.contains(.aside) }

    package subscript(index: Int) -> RetentionDecision {
        let retain = isRetained(index)
        return RetentionDecision(
            id: backups[index].id, retain: retain, isSetAside: isSetAside(index), priority: priority(index),
            importance: importances.isEmpty ? 0 : importances[index], reasons: reasons(of: index))
    }

    /// One for each backup, in input order.
    package var decisions: [RetentionDecision] { backups.indices.map { self[$0] } }

    private func priority(_ index: Int) -> RetentionPriority {
        let must = added[index, default: []].contains { reason in
            switch reason {
            case .newest, .newestFull, .preserved, .toolProtected: true
            default: false
            }
        }
        if must { return .critical }
        return Importance.priority(ofScore: importances.isEmpty ? 0 : importances[index], level: level)
    }

    /// Every reason for what was decided: of one that stays, all that keep it; of one that goes, what outdid it.
    package func reasons(of index: Int) -> [Reason] {
        let slot = slots[index]
        let retain = slot.flags.contains(.retain)
        var reasons: [Reason] = []
        for packed in arena[Int(slot.start)..<Int(slot.start) + Int(slot.count)] where packed.keeps == retain {
            reasons.append(unpack(packed))
        }
        for reason in added[index, default: []] where reason.keeps == retain { reasons.append(reason) }
        if isNeeded(index), retain {
            reasons.append(.neededBy(backups[Int(neededBy[index])].path.lastComponent.display))
        }
        if slot.flags.contains(.young) { reasons.append(.tooYoung(holdBack.young)) }
        if slot.flags.contains(.unobserved) { reasons.append(.observedTooShortly(holdBack.unobserved)) }
        return reasons
    }

    private func unpack(_ packed: PackedReason) -> Reason {
        switch packed.code {
        case .keep:
            let rule = rules[Int(packed.rule)]
            return .rule(rule.name, Int(packed.value), of: rule.total)
        case .oldest: return .oldest(rules[Int(packed.rule)].name)
        case .within: return .window(rules[Int(packed.rule)].name, rules[Int(packed.rule)].span)
        case .superseded:
            let period = rules[Int(packed.rule)].period?.rawValue ?? rules[Int(packed.rule)].name
            return .superseded(period: period, by: backups[Int(packed.value)].id)
        case .beyond: return isByAgeOnly ? .beyond(rulesText) : .notKept(rulesText)
        }
    }

    func isNeeded(_ index: Int) -> Bool { !neededBy.isEmpty && neededBy[index] != .max }

    // MARK: Deciding

    package mutating func retain(_ index: Int, _ reason: Reason) {
        slots[index].flags.insert(.retain)
        added[index, default: []].append(reason)
    }

    package mutating func condemn(_ index: Int, _ reason: Reason) {
        slots[index].flags.remove(.retain)
        added[index, default: []].append(reason)
    }

    mutating func setAside(_ index: Int, _ reason: Reason) {
        slots[index].flags.insert([.retain, .aside])
        added[index, default: []].append(reason)
    }

    /// Set aside for so long that it goes all the same.
    mutating func condemnAside(_ index: Int, _ reason: Reason) {
        slots[index].flags = []
        added[index] = [reason]
    }

    /// It stays because another one needs it.
    mutating func retain(_ index: Int, neededBy other: Int) {
        if neededBy.isEmpty { neededBy = Array(repeating: .max, count: backups.count) }
        slots[index].flags.insert(.retain)
        neededBy[index] = UInt32(truncatingIfNeeded: other)
    }

    /// What stays keeps what it needs, set aside or not: an incremental that settles needs its full one too. Of several
    /// that need one the newest is named.
    mutating func keepNeeds(_ timeline: Timeline) {
        guard let chains = timeline.chains else { return }
        var waiting = timeline.backups.indices.filter { isRetained($0) && !chains.needs[$0].isEmpty }
        var stays = [Bool](repeating: false, count: timeline.backups.count)
        for index in waiting { stays[index] = true }
        var children = waiting
        while let child = waiting.popLast() {
            for parent in chains.needs[child].lazy.map({ Int($0) }) where !stays[parent] {
                stays[parent] = true
                guard !chains.needs[parent].isEmpty else { continue }
                waiting.append(parent)
                children.append(parent)
            }
        }
        children.sort {
            (timeline.backups[$0].time, timeline.backups[$0].path)
                > (timeline.backups[$1].time, timeline.backups[$1].path)
        }
        for child in children {
            for parent in chains.needs[child].lazy.map({ Int($0) }) where !isNeeded(parent) {
                retain(parent, neededBy: child)
            }
        }
    }

    /// It stays because one of another series needs it.
    mutating func retain(_ index: Int, neededElsewhereBy name: String) {
        slots[index].flags.insert(.retain)
        elsewhere.insert(index)
        added[index, default: []].append(.neededBy(name))
    }

    func isNeededElsewhere(_ index: Int) -> Bool { elsewhere.contains(index) }

    /// Keeps what would go, where `flags` says that it is too early.
    mutating func holdBack(from timeline: Timeline, _ flags: (borrowing Candidate) -> Flags) {
        slots.withUnsafeMutableBufferPointer { slots in
            timeline.backups.withUnsafeBufferPointer { all in
                for index in all.indices where !slots[index].flags.contains(.retain) && all[index].isComplete {
                    let found = flags(all[index])
                    if !found.isEmpty { slots[index].flags.formUnion(found.union(.retain)) }
                }
            }
        }
    }
}
