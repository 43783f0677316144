package import Model

package typealias RetentionDecision = Decision
package typealias RetentionPriority = Decision.Priority

/// Says which backups of a series are still needed. It judges a whole series at once, because what one backup is worth
/// depends on the others.
package protocol RetentionPolicy: Sendable {
    /// Whether it has anything to say of this series; ``CompositePolicy/Mode/firstMatch`` asks.
    func applies(to series: Bytes) -> Bool

    /// One decision for each backup, in input order. What does not count is neither retained nor given a reason here:
    /// ``Judge`` sets it aside.
    func decide(_ timeline: Timeline, in context: RetentionContext) -> RetentionReport
}

extension RetentionPolicy {
    package func applies(to series: Bytes) -> Bool { true }
}

/// All that a policy may know beside the backups. `now` and the zone are arguments (invariant 12).
package struct RetentionContext: Sendable {
    package var series: Bytes
    package var now: Timestamp
    package var zone: Zone
    package var semantics: Semantics
    package var space: Space
    /// Full ones of other series that stay.
    package var keptElsewhere: Set<BackupID> = []

    package init(
        series: Bytes, now: Timestamp, zone: Zone, semantics: Semantics = .reprieve, space: Space = .ample
    ) {
        self.series = series
        self.now = now
        self.zone = zone
        self.semantics = semantics
        self.space = space
    }
}

/// Keeps by age: one a day of the last so many days, all within a length of time.
package struct TimeBasedPolicy: RetentionPolicy {
    package let rules: KeepRules

    /// `rules` without those that count backups.
    package init(_ rules: KeepRules) {
        var rules = rules
        rules.last = nil
        rules.full = nil
        rules.diff = nil
        self.rules = rules
    }

    /// All that is younger than `maxAge`, counted back from the newest.
    package init(maxAge: Span) {
        var rules = KeepRules()
        rules.within = maxAge
        self.init(rules)
    }

    package func decide(_ timeline: Timeline, in context: RetentionContext) -> RetentionReport {
        rules.decide(timeline, in: context)
    }
}

/// Keeps a number of backups.
package struct CountBasedPolicy: RetentionPolicy {
    package let rules: KeepRules

    /// The newest `maxCount`, and the newest `full` full ones with all that needs them.
    package init(maxCount: KeepRules.Count? = nil, full: KeepRules.Count? = nil) {
        var rules = KeepRules()
        rules.last = maxCount
        rules.full = full
        self.rules = rules
    }

    package func decide(_ timeline: Timeline, in context: RetentionContext) -> RetentionReport {
        rules.decide(timeline, in: context)
    }
}

/// Keeps what fits: as long as what another policy keeps is larger than `bytes`, the least important of it goes. Never
/// a critical one, nor what `least` keeps; what cannot be met is in the report's ``RetentionReport/shortfall``.
package struct ImportanceBasedPolicy: RetentionPolicy {
    package let bytes: Int64
    package let level: Importance.Level?
    package let wanted: any RetentionPolicy
    package let least: (any RetentionPolicy)?

    package init(
        bytes: Int64, of wanted: any RetentionPolicy = KeepRules.everything,
        atLeast least: (any RetentionPolicy)? = nil,
        level: Importance.Level? = nil
    ) {
        self.bytes = bytes
        self.wanted = wanted
        self.least = least
        self.level = level
    }

    package func applies(to series: Bytes) -> Bool { wanted.applies(to: series) }

    /// A longer chain than this is not taken apart from its end in one go.
    private static let mostPasses = 64

    package func decide(_ timeline: Timeline, in context: RetentionContext) -> RetentionReport {
        var report = wanted.decide(timeline, in: context)
        let must = least?.decide(timeline, in: context)
        let scores = Importance.scores(timeline, zone: context.zone)
        let kept = timeline.counting.indices.filter { report.isRetained(Int(timeline.counting[$0])) }
        var size = kept.total { timeline.backups[Int(timeline.counting[$0])].size }
        // Least important first; of equals the older.
        let ranked = kept.sorted { a, b in
            let (x, y) = (scores[Int(timeline.counting[a])], scores[Int(timeline.counting[b])])
            return x == y ? a > b : x < y
        }
        // How many that stay need it: what is needed frees nothing, its chain would bring it back.
        var dependents = [Int: Int]()
        if let chains = timeline.chains {
            for rank in kept {
                for parent in chains.needs[Int(timeline.counting[rank])] { dependents[Int(parent), default: 0] += 1 }
            }
        }
        var rest = ranked
        for _ in 0..<Self.mostPasses where size > bytes && !rest.isEmpty {
            var open: [Int] = []
            for rank in rest {
                let index = Int(timeline.counting[rank])
                let isCritical = Importance.priority(ofScore: scores[index], level: level) == .critical
                if isCritical || rank == 0 || must?.isRetained(index) == true { continue }
                guard size > bytes, dependents[index, default: 0] == 0 else {
                    open.append(rank)
                    continue
                }
                report.condemn(index, .spaceShort)
                size -= timeline.backups[index].size
                for parent in timeline.chains?.needs[index] ?? [] { dependents[Int(parent), default: 0] -= 1 }
            }
            if open.count == rest.count { break }
            rest = open
        }
        report.shortfall = max(0, size - bytes)
        return report
    }
}

/// Several policies taken together.
package struct CompositePolicy: RetentionPolicy {
    package enum Mode: String, Sendable {
        /// Retained by one is retained.
        case any
        /// Only what each of them retains.
        case all
        /// The first that has anything to say of the series decides alone.
        case firstMatch
    }

    package let mode: Mode
    package let policies: [any RetentionPolicy]

    package init(_ mode: Mode, _ policies: [any RetentionPolicy]) {
        self.mode = mode
        self.policies = policies
    }

    package func applies(to series: Bytes) -> Bool { policies.contains { $0.applies(to: series) } }

    package func decide(_ timeline: Timeline, in context: RetentionContext) -> RetentionReport {
        let applying = policies.filter { $0.applies(to: context.series) }
        // Nobody has anything to say: all stays.
        guard let first = applying.first else { return KeepRules.everything.decide(timeline, in: context) }
        guard mode != .firstMatch, applying.count > 1 else { return first.decide(timeline, in: context) }
        let reports = applying.map { $0.decide(timeline, in: context) }
        var merged = RetentionReport(timeline.backups, rulesText: reports.map(\.rulesText).joined(separator: "; "))
        merged.shortfall = reports.map(\.shortfall).max() ?? 0
        for index in timeline.counting.lazy.map({ Int($0) }) {
            let retains = reports.map { $0.isRetained(index) }
            let stays = mode == .any ? retains.contains(true) : !retains.contains(false)
            for (report, one) in zip(reports, retains) where one == stays {
                for reason in report.reasons(of: index) where !merged.reasons(of: index).contains(reason) {
                    if stays { merged.retain(index, reason) } else { merged.condemn(index, reason) }
                }
            }
        }
        return merged
    }
}

/// A policy for the series that a pattern matches.
package struct PatternPolicy: RetentionPolicy {
    package let pattern: String
    package let policy: any RetentionPolicy

    package init(pattern: String, policy: any RetentionPolicy) {
        self.pattern = pattern
        self.policy = policy
    }

    package func applies(to series: Bytes) -> Bool { VaultPolicy.matches(pattern, series: series) }

    package func decide(_ timeline: Timeline, in context: RetentionContext) -> RetentionReport {
        policy.decide(timeline, in: context)
    }
}
