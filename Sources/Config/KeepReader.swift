internal import Model
internal import Retention
internal import Yams

/// Reads `keep`, as a vault's `semantics` write lengths of time.
struct KeepReader {
    let semantics: Semantics

    static let rules = ["all"] + KeepRule.allCases.map(\.rawValue) + synonyms.keys.sorted()
    /// Other names of rules: the seed's, and borg's for the quarters of the calendar.
    static let synonyms = [
        "max-age": KeepRule.within, "max-count": .last, "3monthly": .quarterly, "within-3monthly": .withinQuarterly,
    ]

    func rules(_ node: ConfigurationNode) throws(Fault) -> KeepRules {
        if node.node.scalar != nil {
            guard try node.text("keep") == "all" else {
                throw node.refuse(
                    "'keep' is a mapping of rules, or the word all", hint: "keep: { daily: 7, weekly: 5 }")
            }
            return .everything
        }
        var rules = KeepRules()
        var seen: Set<KeepRule> = []
        for (key, name, value) in try node.pairs("keep", known: Self.rules) {
            guard var rule = KeepRule(rawValue: name) ?? Self.synonyms[name] else {
                guard try value.text(name) == "true" else { throw value.refuse("'all' is true, or left out") }
                rules.all = true
                continue
            }
            if let byAge = try agedRule(rule, value, name: name) { rule = byAge }
            guard seen.insert(rule).inserted else {
                throw key.refuse(
                    "'\(name)' says the same thing a second time",
                    hint: "'\(name)' means '\(rule.rawValue)' here: keep one of the two")
            }
            if rule.isCounting {
                rules[rule] = try value.count(name)
            } else {
                rules[window: rule] = try value.span(name, fixed: false, dialect: semantics.preset.dialect)
            }
        }
        var others = rules
        others.logs = nil
        guard rules.logs == nil || !others.isEmpty else {
            throw node.refuse(
                "'logs' says how long logs stay, and no rule says which backups stay",
                hint: "add a rule for the backups: { daily: 7, logs: 14d }")
        }
        guard !rules.isEmpty else {
            throw node.refuse(
                "'keep' has no rule", hint: "write `keep: all` to keep everything, or rules: { daily: 7 }")
        }
        return rules
    }

    /// In borg 2 the value of a rule may be an age: `daily: 7d` means `within-daily: 7d`.
    private func agedRule(_ rule: KeepRule, _ value: ConfigurationNode, name: String) throws(Fault) -> KeepRule? {
        guard semantics.preset.countsMayBeSpans, let byAge = rule.byAge else { return nil }
        let text = try value.text(name)
        return (try? Span(parsing: text, dialect: semantics.preset.dialect)) == nil ? nil : byAge
    }
}

extension Semantics {
    /// A preset's name, or a mapping with single switches.
    init(_ node: ConfigurationNode) throws(Fault) {
        let presets = Preset.allCases.map { ($0.rawValue, $0) }
        guard node.node.mapping != nil else {
            self.init(try node.word("semantics", presets))
            return
        }
        let known = ["like", "rules", "of-period", "empty-periods", "oldest-bonus", "anchor"]
        let pairs = try node.pairs("semantics", known: known)
        self = .reprieve
        for (_, name, value) in pairs where name == "like" { self = Semantics(try value.word(name, presets)) }
        for (_, name, value) in pairs {
            switch name {
            case "rules": sharing = try value.word(name, Sharing.allCases.map { ($0.rawValue, $0) })
            case "of-period":
                element = try value.word(name, Element.allCases.map { ($0.rawValue, $0) })
            case "empty-periods":
                emptyPeriods = try value.word(name, EmptyPeriods.allCases.map { ($0.rawValue, $0) })
            case "anchor": anchor = try value.word(name, Anchor.allCases.map { ($0.rawValue, $0) })
            case "oldest-bonus": oldestBonus = try value.word(name, [("true", true), ("false", false)])
            default: break
            }
        }
    }
}
