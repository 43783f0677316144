internal import Model
internal import Recognition
internal import Yams

/// `match`: a person's own ways to read names.
extension ConfigurationReader {
    private static let example = #"match: '(?<series>.+)-(?<time>\d{8})\.tar'"#

    /// One, or a list; each an expression alone, or a mapping with more.
    static func matches(_ node: ConfigurationNode) throws(Fault) -> [Sourced<CustomRecogniser>] {
        let all = try node.list("match", most: CustomRecogniser.most, example: example)
        return try all.map { one throws(Fault) in Sourced(try match(one), one.origin) }
    }

    private static func match(_ node: ConfigurationNode) throws(Fault) -> CustomRecogniser {
        guard node.node.mapping != nil else { return try Match(expression: node).recogniser() }
        let known = ["match", "time-format", "kind", "parent", "unit", "complete-when"]
        var found: [String: ConfigurationNode] = [:]
        for (_, name, value) in try node.pairs("match", known: known) { found[name] = value }
        guard let expression = found["match"] else {
            throw node.refuse("this match has no expression", hint: "{ \(example), time-format: '%Y%m%d' }")
        }
        var match = try Match(expression: expression)
        if let value = found["time-format"] { match.options.timeFormat = try timeFormat(value, match) }
        if let value = found["kind"] { match.options.kind = try kind(value) }
        if let value = found["unit"] {
            match.options.shape = try shape(value)
            if match.options.shape == .set, !match.groups.contains("time") {
                throw value.refuse(
                    "a set is what has the same time, and the expression has no group 'time'", hint: example)
            }
        }
        if let value = found["parent"] { match.options.parent = try parent(value, match) }
        if let value = found["complete-when"] {
            match.options.completeWhen = try completeWhen(value, match.options.shape)
        }
        return try match.recogniser()
    }

    static func kind(_ node: ConfigurationNode) throws(Fault) -> Backup.Kind {
        try node.word("kind", CustomRecogniser.kindWords.filter { $0.0.count > 1 })
    }

    static func shape(_ node: ConfigurationNode) throws(Fault) -> CustomRecogniser.Shape {
        try node.word("unit", CustomRecogniser.Shape.allCases.map { ($0.rawValue, $0) })
    }

    /// A match while it is read.
    private struct Match {
        let node: ConfigurationNode
        let text: String
        let pattern: PatternText
        var options = CustomRecogniser.Options()

        var groups: [String] { pattern.groups }
        var hasKinds: Bool {
            groups.contains("kind") || groups.contains("level") || (options.kind ?? .full) != .full
        }

        init(expression node: ConfigurationNode) throws(Fault) {
            self.node = node
            text = try node.text("match")
            pattern = PatternText(text)
            guard !text.isEmpty else { throw node.refuse("an empty expression matches no name", hint: example) }
        }

        func recogniser() throws(Fault) -> CustomRecogniser {
            let recogniser: CustomRecogniser
            do {
                recogniser = try CustomRecogniser(text, options)
            } catch {
                throw node.refuse(
                    "'\(text)' is not a valid regular expression", error,
                    hint: "stand it in single quotes, and write a dot of the name as \\.")
            }
            guard !pattern.isEndless else {
                throw node.refuse(
                    "'\(text)' repeats what repeats, as (a+)+ does: some names would take years",
                    hint: "let only one of the two repeat")
            }
            let known = CustomRecogniser.groups + (options.parent?.groups ?? [])
            if let unknown = groups.first(where: { !known.contains($0) }) {
                let nearest = ConfigurationNode.nearest(to: unknown, in: CustomRecogniser.groups)
                throw node.refuse(
                    "unknown group '\(unknown)' in '\(text)'",
                    hint: nearest.map { "did you mean '\($0)'?" }
                        ?? "known: \(CustomRecogniser.groups.joined(separator: ", ")), and what `parent` names")
            }
            if groups.contains("parent"), !hasKinds {
                throw node.refuse("a full backup needs no parent", hint: "add `kind: incremental`, or a group 'kind'")
            }
            return recogniser
        }
    }

    private static func timeFormat(_ node: ConfigurationNode, _ match: Match) throws(Fault) -> TimeFormat {
        let text = try node.text("time-format")
        guard match.groups.contains("time") else {
            throw node.refuse("time-format without a group 'time' in the expression", hint: example)
        }
        let problem: TimeFormat.Problem
        do { return try TimeFormat(text) } catch { problem = error }
        let known = "known: \(TimeFormat.letters); as in '%d.%m.%Y-%H%M'"
        throw switch problem {
        case .unknownLetter(let letter): node.refuse("'\(text)' has an unknown letter '%\(letter)'", hint: known)
        case .twice(let letter): node.refuse("'\(text)' has '%\(letter)' twice", hint: "leave one of the two out")
        case .endsInPercent: node.refuse("'\(text)' ends in a '%'", hint: "a percent sign of the name is %%")
        case .needs(let what, let needed): node.refuse("in '\(text)' \(what) needs \(needed)", hint: known)
        }
    }

    private static func parent(_ node: ConfigurationNode, _ match: Match) throws(Fault) -> NameTemplate {
        let text = try node.text("parent")
        guard let template = NameTemplate(text), !text.isEmpty else {
            throw node.refuse("'\(text)' has a '${' without its '}'", hint: "parent: '${series}-${parent}-full.tar'")
        }
        if let unknown = template.groups.first(where: { !match.groups.contains($0) }) {
            let nearest = ConfigurationNode.nearest(to: unknown, in: match.groups)
            throw node.refuse(
                "the expression has no group '\(unknown)'",
                hint: nearest.map { "did you mean '\($0)'?" } ?? "its groups: \(match.groups.joined(separator: ", "))")
        }
        guard !text.hasPrefix("/"), !text.split(separator: "/").contains(".."), !text.hasSuffix("/") else {
            throw node.refuse(
                "'\(text)' is not a name in the same directory or a path in the vault",
                hint: "parent: '${series}-full.tar', or from the vault's top: 'full/${parent}.tar'")
        }
        guard match.hasKinds else {
            throw node.refuse("a full backup needs no parent", hint: "add `kind: incremental`, or a group 'kind'")
        }
        return template
    }

    static func completeWhen(
        _ node: ConfigurationNode, _ shape: CustomRecogniser.Shape?
    ) throws(Fault) -> CompleteWhen {
        guard node.node.mapping != nil else { return try node.word("complete-when", [("end-mark", .endMark)]) }
        let pairs = try node.pairs("complete-when", known: ["beside", "inside"])
        guard pairs.count == 1, let (_, name, value) = pairs.first else {
            throw node.refuse(
                "'complete-when' is one thing", hint: "end-mark, { beside: '.sha256' } or { inside: NAME }")
        }
        let text = try value.text(name)
        guard !text.isEmpty, !text.contains("/"), !text.contains("\0") else {
            throw value.refuse(
                "'\(text)' is not a valid name for '\(name)'",
                hint: "{ beside: '.sha256' }, { inside: backup_manifest }")
        }
        guard name == "inside" else { return .beside(Bytes(text)) }
        guard shape == .directory else {
            throw value.refuse("'inside' is for directories", hint: "add `unit: directory`")
        }
        return .inside(Bytes(text))
    }
}
