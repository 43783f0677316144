internal import Model

extension KeepRules: RetentionPolicy {
    package func decide(_ timeline: Timeline, in context: RetentionContext) -> RetentionReport {
        // Where rules take from each other, the lower bounds alone may keep what the higher ones do not: both stay.
        if hasRanges, context.space == .ample, context.semantics.sharing != .overlap {
            let bounds = [bounded(.short), bounded(.ample)].map { BoundedRules(rules: $0, written: self) }
            return CompositePolicy(.any, bounds).decide(timeline, in: context)
        }
        var walk = RuleWalk(self, timeline, context, written: self)
        return walk.run()
    }

    /// The same with every range at one of its bounds.
    func bounded(_ space: Space) -> KeepRules {
        var rules = self
        for (rule, count) in counting where count.isRange { rules[rule] = .first(count.number(space) ?? 1) }
        return rules
    }
}

/// Rules with every range at one of its bounds, and how they were written.
private struct BoundedRules: RetentionPolicy {
    let rules: KeepRules
    let written: KeepRules

    func decide(_ timeline: Timeline, in context: RetentionContext) -> RetentionReport {
        var walk = RuleWalk(rules, timeline, context, written: written)
        return walk.run()
    }
}
