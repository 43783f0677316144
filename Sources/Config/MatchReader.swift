internal import Model
internal import Recognition
internal import Yams

/// Reads one `match`: a person's own way to read names.
struct MatchReader {
    private static let example = #"match: '(?<series>.+)-(?<time>\d{8})\.tar'"#

    private let node: ConfigurationNode
    private let text: String
    private let pattern: PatternText
    private var options = CustomRecogniser.Options()

    private var groups: [String] { pattern.groups }
    private var hasKinds: Bool {
        groups.contains("kind") || groups.contains("level") || (options.kind ?? .full) != .full
    }

    /// One, or a list; each an expression alone, or a mapping with more.
    static func all(_ node: ConfigurationNode) throws(Fault) -> [Sourced<CustomRecogniser>] {
        let all = try node.list("match", most: CustomRecogniser.most, example: example)
        return try all.map { one throws(Fault) in Sourced(try match(one), one.origin) }
    }

    private static func match(_ node: ConfigurationNode) throws(Fault) -> CustomRecogniser {
        guard node.node.mapping != nil else { return try MatchReader(expression: node).recogniser() }
        let known = ["match", "time-format", "kind", "parent", "unit", "complete-when"]
        var found: [String: ConfigurationNode] = [:]
        for (_, name, value) in try node.pairs("match", known: known) { found[name] = value }
        guard let expression = found["match"] else {
            throw node.refuse("this match has no expression", hint: "{ \(example), time-format: '%Y%m%d' }")
        }
        var match = try MatchReader(expression: expression)
        if let value = found["time-format"] { match.options.timeFormat = try match.timeFormat(value) }
        if let value = found["kind"] { try match.options.readKind(value) }
        if let value = found["unit"] {
            try match.options.readShape(value)
            if match.options.shape == .set, !match.groups.contains("time") {
                throw value.refuse(
                    "a set is what has the same time, and the expression has no group 'time'", hint: example)
            }
        }
        if let value = found["parent"] { match.options.parent = try match.parent(value) }
        if let value = found["complete-when"] { try match.options.readCompleteWhen(value) }
        return try match.recogniser()
    }

    private init(expression node: ConfigurationNode) throws(Fault) {
        self.node = node
        text = try node.text("match")
        pattern = PatternText(text)
        guard !text.isEmpty else { throw node.refuse("an empty expression matches no name", hint: Self.example) }
    }

    private func recogniser() throws(Fault) -> CustomRecogniser {
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

    private func timeFormat(_ node: ConfigurationNode) throws(Fault) -> TimeFormat {
        let text = try node.text("time-format")
        guard groups.contains("time") else {
            throw node.refuse("time-format without a group 'time' in the expression", hint: Self.example)
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

    private func parent(_ node: ConfigurationNode) throws(Fault) -> NameTemplate {
        let text = try node.text("parent")
        guard let template = NameTemplate(text), !text.isEmpty else {
            throw node.refuse("'\(text)' has a '${' without its '}'", hint: "parent: '${series}-${parent}-full.tar'")
        }
        if let unknown = template.groups.first(where: { !groups.contains($0) }) {
            let nearest = ConfigurationNode.nearest(to: unknown, in: groups)
            throw node.refuse(
                "the expression has no group '\(unknown)'",
                hint: nearest.map { "did you mean '\($0)'?" } ?? "its groups: \(groups.joined(separator: ", "))")
        }
        guard !text.hasPrefix("/"), !text.split(separator: "/").contains(".."), !text.hasSuffix("/") else {
            throw node.refuse(
                "'\(text)' is not a name in the same directory or a path in the vault",
                hint: "parent: '${series}-full.tar', or from the vault's top: 'full/${parent}.tar'")
        }
        guard hasKinds else {
            throw node.refuse("a full backup needs no parent", hint: "add `kind: incremental`, or a group 'kind'")
        }
        return template
    }
}

/// What `match` and `names` say alike.
extension CustomRecogniser.Options {
    mutating func readKind(_ node: ConfigurationNode) throws(Fault) {
        kind = try node.word("kind", CustomRecogniser.kindWords.filter { $0.0.count > 1 })
    }

    mutating func readShape(_ node: ConfigurationNode) throws(Fault) {
        shape = try node.word("unit", CustomRecogniser.Shape.allCases.map { ($0.rawValue, $0) })
    }

    /// Behind ``readShape(_:)``: only directories have an inside.
    mutating func readCompleteWhen(_ node: ConfigurationNode) throws(Fault) {
        guard node.node.mapping != nil else {
            completeWhen = try node.word("complete-when", [("end-mark", .endMark)])
            return
        }
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
        guard name == "beside" || shape == .directory else {
            throw value.refuse("'inside' is for directories", hint: "add `unit: directory`")
        }
        completeWhen = name == "inside" ? .inside(Bytes(text)) : .beside(Bytes(text))
    }
}
