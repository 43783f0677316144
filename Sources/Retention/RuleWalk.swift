internal import Model

/// Walks a series with its rules. Where rules overlap: all rules at once, each backup once, newest first, as restic
/// does. Else: one rule after the other, as borg, Proxmox and rotate-backups do.
struct RuleWalk {
    let rules: KeepRules
    private let written: KeepRules
    let timeline: Timeline
    let context: RetentionContext
    var report: RetentionReport
    var states: [RuleState] = []
    var windows: [WindowState] = []
    var cursor: PeriodCursor
    /// The same, or another one where weeks go by another clock.
    var weekCursor: PeriodCursor

    struct RuleState {
        let rule: UInt8
        let period: Period?
        let onlyFull: Bool
        /// How many it keeps; `Int.max`: no end.
        let total: Int
        /// Keeps only what is dated later (`within-daily`).
        var edge: Int64?
        /// Keeps a period only if the backup that stands for it is dated later: where the last of `total` periods
        /// begins, where empty ones count. On the wall clock where periods go by it.
        var reach: Int64?
        var used = 0
        var key = Int64.min
        /// Index of the kept one of the present period.
        var keeper = UInt32.max

        /// No other rule has longer periods.
        var isCoarsest = false
        var takesOldest = false
        var isDone = false

        @inline(__always)
        func isOutside(_ time: Int64) -> Bool {
            guard let edge else { return false }
            return time <= edge
        }

        /// restic's counting: one backup a period, empty periods not counted, the oldest where there is room left.
        @inline(__always)
        mutating func meet(
            _ index: UInt32, _ keys: PeriodCursor.Keys, isNewDay: Bool, isOldest: Bool,
            arena: inout [RetentionReport.PackedReason], superseded: inout Superseded
        ) {
            var isNewPeriod = true
            if let period {
                // Within a day only hours and shorter periods change.
                if !isNewDay, used > 0, period.isOfDays {
                    isNewPeriod = false
                } else {
                    let fresh = keys[period]
                    isNewPeriod = fresh != key
                    if isNewPeriod, used >= total { isDone = true }
                    if used < total { key = fresh }
                }
            } else if used >= total {
                isDone = true
            }
            if used >= total {
                // Full: what shares the last kept period was superseded in it, all else is beyond.
                if !isDone { superseded.add(rule, keeper) }
                return
            }
            guard isNewPeriod || (isOldest && takesOldest) else { return superseded.add(rule, keeper) }
            used += 1
            keeper = index
            arena.append(
                .init(code: isNewPeriod ? .keep : .oldest, rule: rule, value: UInt32(truncatingIfNeeded: used)))
        }
    }

    struct WindowState {
        let rule: UInt8
        /// `nil`: all is within.
        let edge: Int64?
    }

    init(_ rules: KeepRules, _ timeline: Timeline, _ context: RetentionContext, written: KeepRules) {
        self.rules = rules.withFullsForDiff
        self.written = written
        self.timeline = timeline
        self.context = context
        let text = written.text + (context.space == .short && written.hasRanges ? " (space is short)" : "")
        report = RetentionReport(timeline.backups, rulesText: text)
        report.isByAgeOnly = rules.full == nil && rules.diff == nil && (rules.tagSets ?? []).isEmpty
        weekCursor = PeriodCursor(context.zone, hoursCarryOffset: context.semantics.hoursCarryOffset)
        let isUTC = context.semantics.preset.periodClock == .utcButWeeks
        cursor = isUTC ? PeriodCursor(.utc, hoursCarryOffset: false) : weekCursor
        setUp()
    }

    private var clock: Semantics.Preset.PeriodClock { context.semantics.preset.periodClock }

    private mutating func setUp() {
        setUpWindows()
        for (rule, count) in rules.counting where rule != .diff {
            let total = count.number(context.space)
            let text = total == nil ? nil : (written[rule] ?? count).text
            let n = add(.init(name: rule.rawValue, total: text, period: rule.period))
            let period = rule == .last && context.semantics.lastIsBySecond ? .second : rule.period
            var state = RuleState(rule: n, period: period, onlyFull: rule == .full, total: total ?? .max)
            if context.semantics.emptyPeriods == .count, let newest = timeline.times.first, let total {
                let back = PeriodsBack(newest: newest, zone: context.zone, clock: clock)
                state.reach = rule.period.flatMap { back.edge($0, total) }
            }
            states.append(state)
        }
        sortStates()
    }

    private mutating func setUpWindows() {
        var zone = context.zone
        let anchor = anchor
        // As old as the rule says and not older is within, for some tools.
        let inclusive: Int64 = context.semantics.preset.windowsAreInclusive ? 1 : 0
        for (rule, span) in rules.windows where rule != .logs {
            let edge = anchor.map { span.before($0, zone: &zone).nanoseconds }.map { $0 == .min ? $0 : $0 - inclusive }
            let n = add(.init(name: rule.rawValue, total: nil, span: span.text, period: rule.period))
            if let period = rule.period {
                states.append(RuleState(rule: n, period: period, onlyFull: false, total: .max, edge: edge))
            } else {
                windows.append(WindowState(rule: n, edge: edge))
            }
        }
    }

    /// Counting rules are named before those by age. Where rules take from each other and each may be a count or an
    /// age, the finer one comes first.
    private mutating func sortStates() {
        let mixes = context.semantics.preset.countsMayBeSpans
        func place(_ state: RuleState) -> (Int, Int, UInt8) {
            let length = mixes ? state.period.flatMap { Period.allCases.firstIndex(of: $0) } ?? -1 : 0
            return (length, state.edge == nil ? 0 : 1, state.rule)
        }
        states.sort { place($0) < place($1) }
        if let last = states.lastIndex(where: { !$0.onlyFull }) { states[last].isCoarsest = true }
    }

    private mutating func add(_ text: RetentionReport.RuleText) -> UInt8 {
        report.rules.append(text)
        return UInt8(report.rules.count - 1)
    }

    /// What lengths of time count back from; `nil` where all is dated ahead.
    private var anchor: Timestamp? {
        let now = context.now
        // Where nothing is set aside, a future-dated one is no anchor all the same.
        let latest: Int64
        switch context.semantics.anchor {
        case .now: return now
        case .newest: latest = now.adding(seconds: Judge.futureSeconds).nanoseconds
        case .newestPast: latest = now.nanoseconds == .min ? .min : now.nanoseconds - 1
        }
        return timeline.times.first { $0 <= latest }.map { Timestamp(nanoseconds: $0) }
    }

    mutating func run() -> RetentionReport {
        if rules.all || rules.isEmpty {
            for index in timeline.counting { report.retain(Int(index), .all) }
            return report
        }
        if isAllAtOnce {
            overlap()
        } else {
            oneByOne()
        }
        keepTags()
        keepFulls()
        return report
    }

    /// Whether one walk from the newest on answers all rules.
    private var isAllAtOnce: Bool {
        guard context.semantics.sharing == .overlap, context.semantics.element == .newest else { return false }
        switch clock {
        case .zone: return true
        case .utcButWeeks: return context.zone.name == Zone.utc.name || context.zone.name == "UTC"
        case .wall: return false
        }
    }

    // MARK: All rules at once

    private mutating func overlap() {
        var arena: [RetentionReport.PackedReason] = []
        arena.reserveCapacity(timeline.counting.count + timeline.counting.count / 8)
        var (states, cursor) = (self.states, self.cursor)
        for n in states.indices {
            states[n].takesOldest = takesOldest(states[n])
            // The newest of a period stands for it: what is before the reach has nothing behind it that is not.
            states[n].edge = states[n].edge ?? states[n].reach
        }
        let last = timeline.times.count - 1
        report.slots.withUnsafeMutableBufferPointer { slots in
            states.withUnsafeMutableBufferPointer { states in
                for rank in timeline.times.indices {
                    let (index, time) = (timeline.counting[rank], timeline.times[rank])
                    let start = arena.count
                    let isNewDay = cursor.move(toNanoseconds: time)
                    var superseded = Superseded()
                    for n in states.indices {
                        // A rule that is full says nothing of later periods.
                        if states[n].isDone || states[n].isOutside(time) { continue }
                        if states[n].onlyFull, timeline.backups[Int(index)].isFull == false { continue }
                        states[n].meet(
                            index, cursor.keys, isNewDay: isNewDay, isOldest: rank == last, arena: &arena,
                            superseded: &superseded)
                    }
                    for window in windows where window.edge.map({ time > $0 }) ?? true {
                        arena.append(.init(code: .within, rule: window.rule, value: 0))
                    }
                    let isKept = arena.count > start
                    if !isKept { superseded.write(to: &arena) }
                    slots[Int(index)] = .init(
                        start: UInt32(truncatingIfNeeded: start), count: UInt8(truncatingIfNeeded: arena.count - start),
                        flags: isKept ? .retain : [])
                }
            }
        }
        report.arena = arena
    }

    /// What outdid a backup that no rule keeps: two are enough to see why.
    struct Superseded {
        var count = 0
        var first = RetentionReport.PackedReason(code: .beyond, rule: 0, value: 0)
        var second = RetentionReport.PackedReason(code: .beyond, rule: 0, value: 0)

        @inline(__always)
        mutating func add(_ rule: UInt8, _ keeper: UInt32) {
            if count == 0 {
                first = .init(code: .superseded, rule: rule, value: keeper)
            } else if count == 1 {
                second = .init(code: .superseded, rule: rule, value: keeper)
            }
            count += 1
        }

        @inline(__always)
        func write(to arena: inout [RetentionReport.PackedReason]) {
            arena.append(first)
            if count > 1 { arena.append(second) }
        }
    }

    func takesOldest(_ state: RuleState) -> Bool {
        if context.semantics.preset.onlyCoarsestTakesOldest, !state.isCoarsest { return false }
        return context.semantics.oldestBonus && (state.total != .max || context.semantics.unlimitedTakesOldest)
    }

    // MARK: What needs more than its time

    private mutating func keepTags() {
        for set in rules.tagSets ?? [] {
            for index in timeline.counting.lazy.map({ Int($0) }) {
                let tags = timeline.backups[index].tags
                guard Self.matches(set, tags) else { continue }
                report.retain(index, .tags(set.joined(separator: ",")))
            }
        }
    }

    /// As restic reads a set: an empty tag means "has none", and that is enough.
    private static func matches(_ set: [String], _ tags: [String]) -> Bool {
        for tag in set {
            if tag.isEmpty, tags.isEmpty { return true }
            guard tags.contains(tag) else { return false }
        }
        return true
    }
}
