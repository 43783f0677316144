internal import Model
internal import Retention
internal import Yams

/// `keep` and `semantics`.
extension ConfigurationReader {
    static let safeguards = ["min", "max-condemned", "max-condemned-bytes", "only-backup-of"] + brakes
    static let rules = ["all"] + KeepRule.allCases.map(\.rawValue) + ["max-age", "max-count"]
    /// The seed's names, and ours.
    private static let synonyms = ["max-age": KeepRule.within, "max-count": .last]

    static func keep(_ node: ConfigurationNode, _ semantics: Semantics = .reprieve) throws(Fault) -> KeepRules {
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
            guard let rule = KeepRule(rawValue: name) ?? synonyms[name] else {
                guard try value.text(name) == "true" else { throw value.refuse("'all' is true, or left out") }
                rules.all = true
                continue
            }
            guard seen.insert(rule).inserted else {
                throw key.refuse(
                    "'\(name)' says the same thing a second time",
                    hint: "max-count is last, max-age is within: keep one of the two")
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

    /// A preset's name, or a mapping with single switches.
    static func semantics(_ node: ConfigurationNode) throws(Fault) -> Semantics {
        let presets = Semantics.Preset.allCases.map { ($0.rawValue, $0) }
        guard node.node.mapping != nil else { return Semantics(try node.word("semantics", presets)) }
        let pairs = try node.pairs("semantics", known: ["like", "rules", "of-period", "oldest-bonus", "anchor"])
        var semantics = Semantics.reprieve
        for (_, name, value) in pairs where name == "like" { semantics = Semantics(try value.word(name, presets)) }
        for (_, name, value) in pairs {
            switch name {
            case "rules": semantics.sharing = try value.word(name, Semantics.Sharing.allCases.map { ($0.rawValue, $0) })
            case "of-period":
                semantics.element = try value.word(name, Semantics.Element.allCases.map { ($0.rawValue, $0) })
            case "anchor": semantics.anchor = try value.word(name, Semantics.Anchor.allCases.map { ($0.rawValue, $0) })
            case "oldest-bonus": semantics.oldestBonus = try value.word(name, [("true", true), ("false", false)])
            default: break
            }
        }
        return semantics
    }
}
