/// Reads the text of a template.
struct TemplateParser {
    /// What a field is, by its number, name and shape; `nil`: there is no such field or shape.
    typealias Fields = (Int, String, String?) -> NamePattern.Part?

    private let text: String
    private let bytes: [UInt8]
    private let part: Fields
    private var at = 0
    private var parts: [NamePattern.Part] = []
    /// Where each part begins in the text.
    private(set) var offsets: [Int] = []
    private var names: [String] = []
    private var literal: (bytes: [UInt8], offset: Int) = ([], 0)

    /// Longer ones are refused, in bytes.
    private static let longest = 512

    init(_ text: String, fields: @escaping Fields) {
        self.text = text
        bytes = Array(text.utf8)
        part = fields
    }

    mutating func pattern() throws(PatternProblem) -> NamePattern {
        guard bytes.count <= Self.longest else {
            throw PatternProblem("it is longer than \(Self.longest) bytes", at: Self.longest)
        }
        while at < bytes.count { try next() }
        flush()
        return NamePattern(text: text, parts: parts, fields: names)
    }

    private mutating func next() throws(PatternProblem) {
        let byte = bytes[at]
        let isDoubled = at + 1 < bytes.count && bytes[at + 1] == byte
        switch byte {
        case UInt8(ascii: "%") where isDoubled, UInt8(ascii: "{") where isDoubled, UInt8(ascii: "}") where isDoubled:
            take(byte)
            at += 1
        case UInt8(ascii: "%"): try time()
        case UInt8(ascii: "{"): try field()
        case UInt8(ascii: "}"): throw PatternProblem("'}' without its '{'", at: at, hint: "a '}' of the name is '}}'")
        default: take(byte)
        }
    }

    private mutating func take(_ byte: UInt8) {
        if literal.bytes.isEmpty { literal.offset = at }
        literal.bytes.append(byte)
        at += 1
    }

    private mutating func flush() {
        guard !literal.bytes.isEmpty else { return }
        parts.append(.literal(literal.bytes))
        offsets.append(literal.offset)
        literal.bytes = []
    }

    private mutating func append(_ part: NamePattern.Part, from offset: Int) {
        flush()
        parts.append(part)
        offsets.append(offset)
    }

    private mutating func time() throws(PatternProblem) {
        guard at + 1 < bytes.count else {
            throw PatternProblem("it ends in a '%'", at: at, hint: "a percent sign of the name is %%")
        }
        let letter = Character(Unicode.Scalar(bytes[at + 1]))
        guard let field = TimeField(rawValue: letter) else {
            let shown = bytes[at + 1] < 0x80 ? "%\(letter)" : "%"
            throw PatternProblem(
                "unknown letter '\(shown)'", at: at, hint: "known: \(TimeFormat.letters); a percent sign is %%")
        }
        append(.time(field), from: at)
        at += 2
    }

    private mutating func field() throws(PatternProblem) {
        guard let end = bytes[at...].firstIndex(of: UInt8(ascii: "}")) else {
            throw PatternProblem("'{' without its '}'", at: at, hint: "a '{' of the name is '{{'")
        }
        let inside = bytes[(at + 1)..<end]
        let colon = inside.firstIndex(of: UInt8(ascii: ":"))
        let name = String(decoding: inside[..<(colon ?? end)], as: UTF8.self)
        let shape = colon.map { String(decoding: inside[($0 + 1)...], as: UTF8.self) }
        guard let part = part(names.count, name, shape) else {
            throw PatternProblem("unknown field '{\(String(decoding: inside, as: UTF8.self))}'", at: at)
        }
        append(part, from: at)
        names.append(name)
        at = end + 1
    }
}
