package import Model

extension Plan {
    /// What no rule keeps, and stays for a while all the same.
    package struct Waiting: Hashable, Sendable {
        package enum Cause: Hashable, Sendable {
            /// Known for less than `min-observed-age`, as it is written.
            case seen(String)
            /// Younger than `min-age`.
            case young(String)
            /// Brought back from the trash, and left alone for a grace.
            case restored
            /// A person's word with an end.
            case preserved
        }

        package var cause: Cause
        package var count: Int
        /// When the first of them can go, and when all can.
        package var from: Timestamp
        package var to: Timestamp
    }

    /// By cause, the largest group first. Of a backup with several causes the one that ends last counts.
    package var waiting: [Waiting] {
        var groups: [Waiting.Cause: Waiting] = [:]
        for one in judged where one.decision.retain && !one.decision.isSetAside {
            guard let (cause, end) = wait(of: one) else { continue }
            var group = groups[cause] ?? Waiting(cause: cause, count: 0, from: end, to: end)
            (group.count, group.from, group.to) = (group.count + 1, min(group.from, end), max(group.to, end))
            groups[cause] = group
        }
        return groups.values.sorted { ($1.count, $0.from) < ($0.count, $1.from) }
    }

    /// What one backup waits for; `nil`: something keeps it for good.
    private func wait(of one: Judged) -> (cause: Waiting.Cause, end: Timestamp)? {
        var last: (cause: Waiting.Cause, end: Timestamp)?
        for reason in one.decision.reasons {
            guard let next = wait(for: reason, one.backup) else { return nil }
            if last.map({ $0.end < next.end }) ?? true { last = next }
        }
        return last
    }

    private func wait(for reason: Reason, _ backup: Backup) -> (cause: Waiting.Cause, end: Timestamp)? {
        switch reason {
        case .observedTooShortly(let span):
            (.seen(span), backup.observedSince.adding(seconds: policy.minObservedAge.fixedSeconds))
        case .tooYoung(let span): (.young(span), backup.time.adding(seconds: policy.minAge.fixedSeconds))
        case .reprieved(let until): (.restored, until)
        case .preserved(_, let until?): (.preserved, until)
        default: nil
        }
    }
}
