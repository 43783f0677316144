internal import Model

/// Templates that people write in the configuration.
extension NamePattern {
    /// What the fields stand for, for a person.
    package static let templateFields = ["series", "kind", "level", "part", "id", "version", "any"]

    /// A person's template. It has one time, or none; each field but `id`, `version` and `any` once; and it says where
    /// each field ends.
    package init(template text: String) throws(PatternProblem) {
        var parser = TemplateParser(text) { number, name, shape in
            shape == nil ? Self.part(number, name) : nil
        }
        do {
            self = try parser.pattern()
        } catch {
            var problem = error
            if problem.message.hasPrefix("unknown field") {
                problem.hint = "known: " + Self.templateFields.map { "{\($0)}" }.joined(separator: " ")
            }
            throw problem
        }
        try check(parser.offsets)
    }

    private static func part(_ number: Int, _ name: String) -> Part? {
        switch name {
        case "series": .open(number, .name, first: .name, isOptional: false)
        case "any": .open(number, .name, first: .name, isOptional: true)
        case "kind": .words(number, kinds, foldsCase: true)
        case "level": .run(number, .digits, count: 1...2)
        case "part": .run(number, .digits, count: 1...9)
        case "id": .open(number, .lettersAndDigits, first: .lettersAndDigits, isOptional: false)
        // It begins with a digit or with a `v`.
        case "version": .open(number, version, first: ByteSet("vV0123456789".utf8), isOptional: false)
        default: nil
        }
    }

    private static let kinds = CustomRecogniser.kindWords.map { Array($0.0.utf8) }.sorted { $0.count > $1.count }
    private static let version = ByteSet.lettersAndDigits.union(ByteSet(".-+~".utf8))

    private func check(_ offsets: [Int]) throws(PatternProblem) {
        guard parts.contains(where: { !$0.mayBeEmpty }) else {
            throw PatternProblem("it matches the empty name", at: 0, hint: "'{series}_%Y-%m-%d.tar'")
        }
        try checkFields(offsets)
        try checkEnds(offsets)
        if let any = parts.firstIndex(where: { $0.field.map { fields[$0] == "any" } ?? false }), !has("series") {
            throw PatternProblem(
                "it names no series, and '{any}' may stand for different things", at: offsets[any],
                hint: "write {series} for what tells one thing from another, or {id} for what differs each time")
        }
        try checkPath(offsets)
    }

    private func checkFields(_ offsets: [Int]) throws(PatternProblem) {
        var seen: Set<String> = []
        var times: Set<TimeField> = []
        for (part, offset) in zip(parts, offsets) {
            if case .time(let field) = part, !times.insert(field).inserted {
                throw PatternProblem(
                    "'%\(field.rawValue)' stands twice", at: offset,
                    hint: "write {id} for a time that stands there again")
            }
            guard let name = part.field.map({ fields[$0] }) else { continue }
            if !seen.insert(name).inserted, !["id", "version", "any"].contains(name) {
                throw PatternProblem("'{\(name)}' stands twice", at: offset, hint: "leave one of the two out")
            }
        }
        do {
            if !times.isEmpty { try TimeField.check(times) }
        } catch {
            guard case .needs(let what, let needed) = error else { return }
            let first = parts.firstIndex { if case .time = $0 { true } else { false } }
            throw PatternProblem(
                "\(what) needs \(needed)", at: offsets[first ?? 0], hint: "known: \(TimeFormat.letters)")
        }
    }

    /// Of two fields of no fixed length side by side nobody can tell where the first one ends.
    private func checkEnds(_ offsets: [Int]) throws(PatternProblem) {
        for (at, pair) in zip(parts, parts.dropFirst()).enumerated() where pair.0.hasNoLength && pair.1.hasNoLength {
            throw PatternProblem(
                "nothing stands between two fields, so nothing says where the first one ends", at: offsets[at + 1],
                hint: "write what stands between them, such as '_', or leave one of them out")
        }
    }

    private func checkPath(_ offsets: [Int]) throws(PatternProblem) {
        guard isOfPath else { return }
        for component in text.split(separator: "/", omittingEmptySubsequences: false)
        where ["", ".", ".."].contains(component) {
            throw PatternProblem(
                "'\(text)' is not a path in the vault", at: 0,
                hint: "start it at the vault's top, without a '/': '{series}/%Y%m%d.tar'")
        }
    }

    /// For each directory on the way to what a template of a path names, a template of its path.
    var beginnings: [NamePattern] {
        guard isOfPath else { return [] }
        var beginnings: [NamePattern] = []
        for (at, part) in parts.enumerated() {
            guard case .literal(let literal) = part else { continue }
            for slash in literal.indices where literal[slash] == UInt8(ascii: "/") {
                let before = slash == 0 ? [] : [Part.literal(Array(literal[..<slash]))]
                beginnings.append(NamePattern(text: text, parts: parts[..<at] + before, fields: fields))
            }
        }
        return beginnings
    }
}

extension NamePattern.Part {
    fileprivate var mayBeEmpty: Bool { if case .open(_, _, _, isOptional: true) = self { true } else { false } }

    fileprivate var hasNoLength: Bool {
        switch self {
        case .literal: false
        case .time(let field): field == .fraction || field == .epoch
        case .words: false
        case .open, .run: true
        }
    }
}
