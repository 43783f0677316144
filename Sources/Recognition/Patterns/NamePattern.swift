package import Model

/// A template for names, read strictly on bytes and in bounded time: `{series}_%Y-%m-%d_%Hh%Mm.sql.gz`. One engine for
/// the templates of layouts, written in the code, and for those of people (``NamePattern/init(template:)``).
///
/// - `%Y %m %d %H %M %S` and strptime's other letters are fields of one time (``TimeField``); `%%` is a percent sign.
/// - `{name}` is a field; `{{` and `}}` are braces of the name.
/// - All else stands for itself.
package struct NamePattern: Hashable, Sendable {
    package let text: String
    let parts: [Part]
    /// The names of the fields, by their number.
    let fields: [String]

    enum Part: Hashable, Sendable {
        case literal([UInt8])
        case time(TimeField)
        /// As many of these bytes as the rest of the template leaves; the first must be one of its own set.
        case open(Int, ByteSet, first: ByteSet, isOptional: Bool)
        /// One of these words, the longest first. `foldsCase`: in upper or lower case, and the words are in lower case.
        case words(Int, [[UInt8]], foldsCase: Bool)
        /// All of these bytes that come, at least one and at most `most`; or exactly so many.
        case run(Int, ByteSet, count: ClosedRange<Int>)
    }

    init(text: String, parts: [Part], fields: [String]) {
        self.text = text
        self.parts = parts
        self.fields = fields
    }

    /// A template that is written in the code: a mistake in it is ours. `{name}` is anything that is not empty;
    /// `{name:a|b}` is one of these words; `{name:#}` digits, `{name:#6}` six of them; `{name:x}` hexadecimal digits,
    /// `{name:x12}` twelve of them; `{name:w}` letters and digits.
    package init(_ text: String) {
        do {
            var parser = TemplateParser(text) { number, name, shape in .code(number, shape) }
            self = try parser.pattern()
        } catch {
            preconditionFailure("'\(text)' at byte \(error.offset): \(error.message)")
        }
    }

    /// A text that stands for itself in a template.
    package static func escaped(_ text: String) -> String {
        text.replacing("{", with: "{{").replacing("}", with: "}}").replacing("%", with: "%%")
    }

    /// Whether it speaks of the path in the vault, and not of the name alone.
    package var isOfPath: Bool {
        parts.contains { if case .literal(let bytes) = $0 { bytes.contains(UInt8(ascii: "/")) } else { false } }
    }

    package var hasTime: Bool { parts.contains { if case .time = $0 { true } else { false } } }

    package func has(_ field: String) -> Bool { fields.contains(field) }

    enum Outcome {
        case found(Match)
        case none
        /// Given up at the limit of steps.
        case tooLong
    }

    /// The whole name, or path, and what its fields took.
    package struct Match: Sendable {
        let pattern: NamePattern
        let bytes: [UInt8]
        /// Where each part begins, and the end.
        let starts: [Int]

        /// What a field took; `nil`: the template has no such field.
        package subscript(name: String) -> Bytes? { range(name).map { Bytes(bytes[$0]) } }

        package func range(_ name: String) -> Range<Int>? {
            guard let field = pattern.fields.firstIndex(of: name) else { return nil }
            return pattern.parts.firstIndex { $0.field == field }.map(range(ofPart:))
        }

        private func range(ofPart part: Int) -> Range<Int> { starts[part]..<starts[part + 1] }

        /// Where the date and time stand, in order.
        package var dates: [Range<Int>] { ranges { if case .time = $0 { true } else { false } } }

        /// Where fields and times stand, in order.
        var varying: [Range<Int>] { ranges { if case .literal = $0 { false } else { true } } }

        private func ranges(where isWanted: (Part) -> Bool) -> [Range<Int>] {
            pattern.parts.indices.filter { isWanted(pattern.parts[$0]) }.map(range(ofPart:))
        }

        /// The time as it is written; `nil` where it is in no calendar, or the template has none.
        var reading: TimeFormat.Reading? {
            guard pattern.hasTime else { return nil }
            var values = TimeValues()
            for (part, start) in zip(pattern.parts, starts) {
                guard case .time(let field) = part else { continue }
                var at = start
                guard values.read(field, bytes, &at, limit: bytes.count) else { return nil }
            }
            return values.reading
        }

        /// The date and time; `nil` where the template has none.
        package func instant(_ parser: inout NameTimeParser) -> Timestamp? { reading?.instant(&parser) }

        /// What its fields took that are no time and no series, one after the other.
        package var open: [Bytes] {
            zip(pattern.parts.indices, pattern.parts).compactMap { index, part in
                guard let field = part.field, pattern.fields[field] != "series" else { return nil }
                return Bytes(bytes[range(ofPart: index)])
            }
        }

        package var time: CivilTime? { if case .civil(let civil, _)? = reading { civil } else { nil } }
    }

    /// `nil`: the whole name is not like this, or its date is in no calendar.
    package func match(_ name: Bytes) -> Match? {
        guard case .found(let match) = read(name) else { return nil }
        return !hasTime || match.reading != nil ? match : nil
    }

    func read(_ name: Bytes) -> Outcome {
        guard mayMatch(name.storage) else { return .none }
        var search = TemplateSearch(parts, name.storage)
        guard search.run() else { return search.isExhausted ? .tooLong : .none }
        return .found(Match(pattern: self, bytes: name.storage, starts: search.starts))
    }

    /// Most names are told by their ends.
    private func mayMatch(_ name: [UInt8]) -> Bool {
        switch parts.first {
        case .literal(let first): guard name.starts(with: first) else { return false }
        case .time(let field) where field.digits != nil: guard name.first?.isDigit == true else { return false }
        case .words(_, let words, foldsCase: false): guard words.contains(where: name.starts) else { return false }
        default: break
        }
        guard case .literal(let last)? = parts.last else { return true }
        return name.ends(with: last)
    }
}

extension NamePattern.Part {
    /// The number of the field; `nil`: it is none.
    var field: Int? {
        switch self {
        case .literal, .time: nil
        case .open(let field, _, _, _), .words(let field, _, _), .run(let field, _, _): field
        }
    }

    /// Whether the name alone does not say where it ends.
    var isOpen: Bool { if case .open = self { true } else { false } }

    /// The shapes of templates in the code; `nil`: there is no such shape.
    static func code(_ field: Int, _ shape: String?) -> Self? {
        guard let shape else { return .open(field, .name, first: .name, isOptional: false) }
        let sets: [Character: ByteSet] = ["#": .digits, "x": .hexadecimal, "w": .lettersAndDigits]
        if let set = shape.first.flatMap({ sets[$0] }) {
            let count = shape.dropFirst()
            if count.isEmpty { return .run(field, set, count: 1...255) }
            if let count = Int(count), count > 0 { return .run(field, set, count: count...count) }
        }
        let words = shape.split(separator: "|").map { Array($0.utf8) }
        return .words(field, words.sorted { $0.count > $1.count }, foldsCase: false)
    }
}

extension Array<UInt8> {
    fileprivate func ends(with suffix: [UInt8]) -> Bool {
        count >= suffix.count && self[(count - suffix.count)...].elementsEqual(suffix)
    }
}
