internal import Model
internal import Recognition
internal import Yams

/// Reads `names`: one template or a list, each alone or a mapping with more. No two may read the same name.
struct NamesReader {
    private static let example = "names: '{series}_%Y-%m-%d_%Hh%Mm.sql.gz'"
    private let nodes: [ConfigurationNode]
    let recognisers: [Sourced<CustomRecogniser>]

    init(_ node: ConfigurationNode) throws(Fault) {
        nodes = try node.list("names", most: CustomRecogniser.most, example: Self.example)
        recognisers = try nodes.map { one throws(Fault) in Sourced(try Self.template(one), one.origin) }
        for index in nodes.indices {
            for other in 0..<index { try checkOverlap(index, with: other) }
        }
    }

    private static func template(_ node: ConfigurationNode) throws(Fault) -> CustomRecogniser {
        guard node.node.mapping != nil else { return try CustomRecogniser(pattern(node), .init()) }
        var found: [String: ConfigurationNode] = [:]
        for (_, name, value) in try node.pairs("names", known: ["names", "kind", "unit", "complete-when"]) {
            found[name] = value
        }
        guard let text = found["names"] else {
            throw node.refuse("these names have no template", hint: "{ \(example), kind: incremental }")
        }
        let pattern = try pattern(text)
        var options = CustomRecogniser.Options()
        if let value = found["kind"] { try options.readKind(value) }
        if let value = found["unit"] {
            try options.readShape(value)
            guard !pattern.has("part") || options.shape == .set else {
                throw value.refuse("'{part}' counts the files of a set", hint: "leave `unit` out, or {part}")
            }
            guard options.shape != .set || pattern.hasTime else {
                throw value.refuse("a set is what has the same time, and the template has none", hint: example)
            }
        }
        if let value = found["complete-when"] { try options.readCompleteWhen(value) }
        return CustomRecogniser(pattern, options)
    }

    private static func pattern(_ node: ConfigurationNode) throws(Fault) -> NamePattern {
        let text = try node.text("names")
        do {
            return try NamePattern(template: text)
        } catch {
            throw node.refuse("in the template '\(text)'", error, hint: example)
        }
    }

    /// The order of the lines is not to decide what a name means.
    private func checkOverlap(_ index: Int, with earlier: Int) throws(Fault) {
        let (one, other) = (recognisers[index].value, recognisers[earlier].value)
        let shapes = [one.options.shape, other.options.shape].map { $0 == .set ? .file : $0 }
        if let first = shapes[0], let second = shapes[1], first != second { return }
        guard let a = one.template, let b = other.template, let common = a.commonName(with: b) else { return }
        throw nodes[index].refuse(
            "the templates '\(a.text)' and '\(b.text)' (line \(nodes[earlier].origin.line)) both read '\(common.display)'",
            hint: "write out what tells the names apart, or leave one of the two out")
    }
}

extension ConfigurationNode {
    /// The patterns of `exclude`, what is skipped before all else, or of `include`, what is read although it looks like
    /// live data.
    func rules(_ key: String) throws(Fault) -> [Sourced<PathRule>] {
        let all = try list(key, most: PathRules.most, example: "\(key): [ '*.log', '/old/**' ]")
        return try all.map { one throws(Fault) in
            let (text, origin) = (try one.text(key), one.origin)
            do throws(PatternProblem) {
                let place = "\(Bytes(origin.file).lastComponent.display):\(origin.line)"
                let rule = try PathRule(text, origin: place)
                if key == "include", rule.namesRepository {
                    throw PatternProblem("it names a repository, which only its own tool prunes", at: 0)
                }
                return Sourced(rule, origin)
            } catch {
                throw one.refuse(
                    "in '\(key)' the pattern '\(text)'", error, hint: "\(key): '*.log', 'cache/', '/old/**'")
            }
        }
    }

    /// One value, or a list of them.
    func list(_ what: String, most: Int, example: String) throws(Fault) -> [ConfigurationNode] {
        let all = node.sequence?.map { ConfigurationNode(node: $0, file: file) } ?? [self]
        guard !all.isEmpty else { throw refuse("'\(what)' is empty", hint: example) }
        guard all.count <= most else {
            throw refuse("\(all.count) of '\(what)' are too many", hint: "\(most) at most: each is asked of every name")
        }
        return all
    }

    /// A mistake inside a text, with the line and column of the mistake.
    func refuse(_ what: String, _ problem: PatternProblem, hint: String) -> Fault {
        let mark = node.mark
        let column = (mark?.column ?? 1) + columns(to: problem.offset)
        return Fault(
            .configuration, "\(file):\(mark?.line ?? 1):\(column): \(what): \(problem.message)",
            hint: problem.hint ?? hint, path: Bytes(file))
    }

    /// How far from its beginning in the file a byte of the text stands, as far as quotes let it be told.
    private func columns(to offset: Int) -> Int {
        guard let scalar = node.scalar else { return 0 }
        let before = String(decoding: scalar.string.utf8.prefix(offset), as: UTF8.self)
        let columns = before.unicodeScalars.count
        switch scalar.style {
        case .singleQuoted: return 1 + columns + before.count { $0 == "'" }
        case .doubleQuoted: return 1 + columns + before.count { $0 == "\"" || $0 == "\\" }
        case .plain: return columns
        // In a block the text begins on another line.
        default: return 0
        }
    }
}
