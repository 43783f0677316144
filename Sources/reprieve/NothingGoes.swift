internal import Engine
internal import JSONText
internal import Model
internal import Retention

/// Why nothing of a vault goes now, from when on something does, and what a person can do about it.
struct NothingGoes {
    let report: PlanReport
    let session: Session

    private var zone: Zone { session.zone }
    private var label: String { report.label }

    /// Sentences, where no rule would take anything, or nothing of that may go.
    var lines: [String] {
        let plan = report.plan
        guard plan.condemned.isEmpty else { return frozen }
        let waiting = plan.waiting
        guard !waiting.isEmpty else { return ["Nothing goes: \(whyKept)."] }
        return waiting.enumerated().map { n, one in
            (n == 0 ? "Nothing goes yet: " : "Also, ") + sentence(one)
        }
    }

    /// Why, and when, what would go does not; empty where it goes.
    private var frozen: [String] {
        let going = report.plan.condemned
        let count = Text.plural(going.count, "backup")
        let size = Text.size(going.total { $0.backup.size })
        if let frozen = report.frozen {
            return ["Nothing goes while \(label) is frozen\(until(frozen)). After that \(count) (\(size)) can go."]
        }
        let held = going.filter { report.frozenSeries.contains($0.backup.series) }
        guard held.count == going.count else { return [] }
        let names = SeriesNames(report.view)
        let series = Set(held.map(\.backup.series)).sorted().map(names.text)
        return [
            "Nothing goes while \(Text.plural(series.count, "series", "series")) of \(label) "
                + "\(series.count == 1 ? "is" : "are") frozen. After that \(count) (\(size)) can go: "
                + "reprieve unfreeze \(shell: label) "
                + series.map { "\(shell: $0)" }.joined(separator: " ")
        ]
    }

    private func until(_ mark: Mark) -> String { mark.until.map { " until \(Text.moment($0, zone))" } ?? "" }

    private var whyKept: String {
        let plan = report.plan
        if plan.judged.isEmpty { return "there is no backup in this vault" }
        if plan.policy.keepsEverything { return "no rule is given, so everything is kept" }
        let aside = plan.judged.count { $0.decision.isSetAside }
        if aside == plan.judged.count {
            return "\(aside == 1 ? "its only backup is" : "all \(Text.count(aside)) backups are") set aside"
        }
        let kept = plan.judged.count - aside
        return kept == 1 ? "the policy keeps its only backup" : "the policy keeps all \(Text.count(kept)) backups"
    }

    private func sentence(_ one: Plan.Waiting) -> String {
        let count = Text.plural(one.count, "backup")
        let (was, they) = one.count == 1 ? ("was", "It") : ("were", "They")
        let (from, to) = (Text.moment(one.from, zone), Text.moment(one.to, zone))
        let can =
            from == to
            ? "\(they) can go from \(from) on." : "The first can go from \(from) on, the last from \(to) on."
        switch one.cause {
        case .seen(let span): return "\(count) \(was) first seen less than \(span) ago. \(can)"
        case .young(let span): return "\(count) \(one.count == 1 ? "is" : "are") younger than \(span). \(can)"
        case .restored:
            return
                "\(count) came back from the trash and \(one.count == 1 ? "is" : "are") protected for a grace. \(can) "
                + "To let \(one.count == 1 ? "it" : "them") go sooner: reprieve release \(shell: label)"
        case .preserved:
            return "\(count) \(one.count == 1 ? "is" : "are") preserved for a limited time. \(can)"
        }
    }

    var json: JSON {
        .array(
            report.plan.waiting.map { one in
                let cause =
                    switch one.cause {
                    case .seen: "first_seen"
                    case .young: "young"
                    case .restored: "reprieved"
                    case .preserved: "preserved"
                    }
                return [
                    "cause": .string(cause), "count": .integer(Int64(one.count)),
                    "from": .string(one.from.rfc3339(in: zone)), "to": .string(one.to.rfc3339(in: zone)),
                ]
            })
    }
}
