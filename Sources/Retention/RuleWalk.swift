internal import Model

/// Walks a series with its rules. Where rules overlap: all rules at once, each backup once, newest first, as restic
/// does. Else: one rule after the other, as borg and Proxmox do.
struct RuleWalk {
    private let rules: KeepRules
    private let written: KeepRules
    let timeline: Timeline
    let context: RetentionContext
    var report: RetentionReport
    var states: [RuleState] = []
    var windows: [WindowState] = []
    var cursor: PeriodCursor

    struct RuleState {
        let rule: UInt8
        let period: Period?
        let onlyFull: Bool
        /// How many it keeps; `Int.max`: no end.
        let total: Int
        /// Keeps only what is dated later (`within-daily`).
        var edge: Int64?
        var used = 0
        var key = Int64.min
        /// Index of the kept one of the present period.
        var keeper = UInt32.max

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
            _ index: UInt32, _ keys: PeriodCursor.Keys, _ isNewDay: Bool, isOldest: Bool,
            _ arena: inout [RetentionReport.PackedReason], _ outdone: inout Outdone
        ) {
            var isNewPeriod = true
            if let period {
                // Within a day only hours and seconds change.
                if !isNewDay, used > 0, period != .hour, period != .second {
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
                // Full: what shares the last kept period was outdone in it, all else is beyond.
                if !isDone { outdone.add(rule, keeper) }
                return
            }
            guard isNewPeriod || (isOldest && takesOldest) else { return outdone.add(rule, keeper) }
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
        self.rules = rules
        self.written = written
        self.timeline = timeline
        self.context = context
        let text = written.text + (context.space == .short && written.hasRanges ? " (space is short)" : "")
        report = RetentionReport(timeline.backups, rulesText: text)
        report.isByAgeOnly = rules.full == nil && (rules.tagSets ?? []).isEmpty
        cursor = PeriodCursor(context.zone, hoursCarryOffset: context.semantics.hoursCarryOffset)
        setUp()
    }

    private mutating func setUp() {
        var zone = context.zone
        let anchor = anchor
        for (rule, span) in rules.windows where rule != .logs {
            let edge = anchor.map { span.before($0, zone: &zone).nanoseconds }
            let n = add(.init(name: rule.rawValue, total: nil, span: span.text, period: rule.period))
            if let period = rule.period {
                states.append(RuleState(rule: n, period: period, onlyFull: false, total: .max, edge: edge))
            } else {
                windows.append(WindowState(rule: n, edge: edge))
            }
        }
        for (rule, count) in rules.counting {
            let total = count.number(context.space)
            let text = total == nil ? nil : (written[rule] ?? count).text
            let n = add(.init(name: rule.rawValue, total: text, period: rule.period))
            let period = rule == .last && context.semantics.lastIsBySecond ? .second : rule.period
            states.append(RuleState(rule: n, period: period, onlyFull: rule == .full, total: total ?? .max))
        }
        // Counting rules are named before those by age.
        states.sort { ($0.edge == nil ? 0 : 1, $0.rule) < ($1.edge == nil ? 0 : 1, $1.rule) }
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
        if context.semantics.sharing == .overlap, context.semantics.element == .newest {
            overlap()
        } else {
            oneByOne()
        }
        keepTags()
        keepFulls()
        return report
    }

    // MARK: All rules at once

    private mutating func overlap() {
        var arena: [RetentionReport.PackedReason] = []
        arena.reserveCapacity(timeline.counting.count + timeline.counting.count / 8)
        var (states, cursor) = (self.states, self.cursor)
        for n in states.indices { states[n].takesOldest = takesOldest(states[n]) }
        let last = timeline.times.count - 1
        report.slots.withUnsafeMutableBufferPointer { slots in
            states.withUnsafeMutableBufferPointer { states in
                for rank in timeline.times.indices {
                    let (index, time) = (timeline.counting[rank], timeline.times[rank])
                    let start = arena.count
                    let isNewDay = cursor.move(toNanoseconds: time)
                    var outdone = Outdone()
                    for n in states.indices {
                        // A rule that is full says nothing of later periods.
                        if states[n].isDone || states[n].isOutside(time) { continue }
                        if states[n].onlyFull, timeline.backups[Int(index)].isFull == false { continue }
                        states[n].meet(index, cursor.keys, isNewDay, isOldest: rank == last, &arena, &outdone)
                    }
                    for window in windows where window.edge.map({ time > $0 }) ?? true {
                        arena.append(.init(code: .within, rule: window.rule, value: 0))
                    }
                    let isKept = arena.count > start
                    if !isKept { outdone.write(to: &arena) }
                    slots[Int(index)] = .init(
                        start: UInt32(truncatingIfNeeded: start), count: UInt8(truncatingIfNeeded: arena.count - start),
                        flags: isKept ? .retain : [])
                }
            }
        }
        report.arena = arena
    }

    /// What outdid a backup that no rule keeps: two are enough to see why.
    struct Outdone {
        var count = 0
        var first = RetentionReport.PackedReason(code: .beyond, rule: 0, value: 0)
        var second = RetentionReport.PackedReason(code: .beyond, rule: 0, value: 0)

        @inline(__always)
        mutating func add(_ rule: UInt8, _ keeper: UInt32) {
            if count == 0 {
                first = .init(code: .outdone, rule: rule, value: keeper)
            } else if count == 1 {
                second = .init(code: .outdone, rule: rule, value: keeper)
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
        context.semantics.oldestBonus && (state.total != .max || context.semantics.unlimitedTakesOldest)
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

    /// All that needs a full one that `full` keeps, and what makes the beginning of `window` restorable.
    private mutating func keepFulls() {
        let counting = timeline.counting.map { Int($0) }
        if rules.full != nil, let chains = timeline.chains {
            let kept = Set(counting.filter { keeps(.full, $0) })
            for index in counting where timeline.backups[index].isFull == false {
                let root = chains.root(of: index)
                if kept.contains(root) {
                    report.retain(index, .chain(of: timeline.backups[root].path.lastComponent.display))
                } else if root < 0, let other = chains.outside[index], context.keptElsewhere.contains(other) {
                    report.retain(index, .chain(of: other.text))
                }
            }
        }
        guard let span = rules.window,
            let edge = windows.last(where: { report.rules[Int($0.rule)].name == "window" })?.edge,
            let full = counting.first(where: {
                timeline.backups[$0].isFull && timeline.backups[$0].time.nanoseconds <= edge
            }
            )
        else { return }
        report.retain(full, .windowFull(span.text))
        guard let chains = timeline.chains else { return }
        for index in counting where index != full && chains.root(of: index) == full {
            report.retain(index, .chain(of: timeline.backups[full].path.lastComponent.display))
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
