internal import Model

/// What compares names with a person's pattern.
enum CustomReader: Sendable {
    case expression(BoundedExpression)
    case template(NamePattern)

    enum Outcome {
        case found(Match)
        case none
        /// Given up at a limit.
        case tooLong
    }

    func read(_ subject: Bytes) -> Outcome {
        switch self {
        case .expression(let expression):
            switch expression.match(subject.storage) {
            case .found(let groups): .found(Match(subject: subject, groups: groups, template: nil))
            // A name that is no text goes on down the table.
            case .none, .notText: .none
            case .tooLong: .tooLong
            }
        case .template(let template):
            switch template.read(subject) {
            case .found(let match):
                .found(Match(subject: subject, groups: Groups(names: [], ranges: []), template: match))
            case .none: .none
            case .tooLong: .tooLong
            }
        }
    }

    /// What the groups of an expression, or the fields of a template, took.
    struct Match {
        let subject: Bytes
        let groups: Groups
        let template: NamePattern.Match?

        subscript(name: String) -> Bytes? {
            if let template { return template[name] }
            return groups[name].map { Bytes(subject.storage[$0]) }
        }

        /// What differs within a series.
        var varying: [Range<Int>] {
            template?.varying ?? ["time", "kind", "level", "parent"].compactMap { groups[$0] }
        }

        var hasTime: Bool { template?.pattern.hasTime ?? (groups["time"] != nil) }

        /// The time as it is written; `nil`: there is none.
        var written: Bytes? {
            guard let template else { return self["time"] }
            return hasTime ? Bytes(template.dates.flatMap { subject.storage[$0] }) : nil
        }
    }
}
