package import Model

/// A template for names, read strictly on bytes and in bounded time: `{db}_{kind:FULL|DIFF}_%Y%m%d_%H%M%S.bak`.
///
/// - `%Y %m %d %H %M %S` are digits of a date, as in strptime; `%%` is a percent sign.
/// - `{name}` is anything that is not empty. `{name:a|b}` is one of these words; `{name:#}` digits, `{name:#6}` six of
///   them; `{name:x}` hexadecimal digits, `{name:x12}` twelve of them; `{name:w}` letters and digits.
/// - All else stands for itself.
package struct NamePattern: Sendable {
    package let text: String
    private let parts: [Part]
    private let names: [String]

    private enum Part: Sendable {
        case literal([UInt8])
        /// Which date field, and how many digits.
        case date(Int, Int)
        case any(Int)
        case words(Int, [[UInt8]])
        case run(Int, Class, Int?)
    }

    private enum Class: Sendable {
        case digits, hexadecimal, word

        func holds(_ byte: UInt8) -> Bool {
            switch self {
            case .digits: byte.isDigit
            case .hexadecimal: byte.isDigit || (0x61...0x66).contains(byte | 0x20)
            case .word: byte.isDigit || (byte.isLetter && byte < 0x80)
            }
        }
    }

    package struct Match: Sendable {
        fileprivate var date = CivilTime(year: 0, month: 1, day: 1)
        fileprivate var hasDate = false
        fileprivate var captures: [Range<Int>?]
        /// Where the date and time stand, in order.
        package fileprivate(set) var dates: [Range<Int>] = []
        fileprivate let names: [String]
        fileprivate let bytes: [UInt8]

        /// What a field took; `nil`: the template has no such field.
        package subscript(name: String) -> Bytes? { range(name).map { Bytes(bytes[$0]) } }

        package func range(_ name: String) -> Range<Int>? { names.firstIndex(of: name).flatMap { captures[$0] } }

        /// The date and time; `nil` where the template has none.
        package var time: CivilTime? { hasDate ? date : nil }
    }

    /// A template that is written in the code: a mistake in it is ours.
    package init(_ text: String) {
        self.text = text
        var parts: [Part] = []
        var names: [String] = []
        var literal: [UInt8] = []
        func flush() {
            if !literal.isEmpty { parts.append(.literal(literal)) }
            literal = []
        }
        var rest = Substring(text)
        while let character = rest.popFirst() {
            switch character {
            case "%":
                let letter = rest.popFirst()
                if letter == "%" {
                    literal.append(UInt8(ascii: "%"))
                    continue
                }
                flush()
                let fields: [Character] = ["Y", "m", "d", "H", "M", "S"]
                guard let field = letter.flatMap({ fields.firstIndex(of: $0) }) else {
                    preconditionFailure("unknown date field in '\(text)'")
                }
                parts.append(.date(field, field == 0 ? 4 : 2))
            case "{":
                flush()
                guard let end = rest.firstIndex(of: "}") else { preconditionFailure("'{' without '}' in '\(text)'") }
                let pieces = rest[..<end].split(separator: ":", maxSplits: 1).map(String.init)
                rest = rest[rest.index(after: end)...]
                names.append(pieces[0])
                parts.append(Self.part(names.count - 1, pieces.count > 1 ? pieces[1] : nil))
            default: literal += String(character).utf8
            }
        }
        flush()
        self.parts = parts
        self.names = names
    }

    private static func part(_ name: Int, _ shape: String?) -> Part {
        guard let shape else { return .any(name) }
        let classes: [(Character, Class)] = [("#", .digits), ("x", .hexadecimal), ("w", .word)]
        if let first = shape.first, let found = classes.first(where: { $0.0 == first }) {
            let rest = shape.dropFirst()
            if rest.isEmpty { return .run(name, found.1, nil) }
            if let count = Int(rest) { return .run(name, found.1, count) }
        }
        return .words(name, shape.split(separator: "|", omittingEmptySubsequences: false).map { Array($0.utf8) })
    }

    /// More steps than this are not taken: a name is hostile input.
    private static let mostSteps = 4096

    /// `nil`: the whole name is not like this, or its date is in no calendar.
    package func match(_ name: Bytes) -> Match? {
        let bytes = name.storage
        // Most names are told by their ends.
        if case .literal(let first)? = parts.first, !bytes.starts(with: first) { return nil }
        if case .literal(let last)? = parts.last, !bytes.suffix(last.count).elementsEqual(last) { return nil }
        var match = Match(captures: Array(repeating: nil, count: names.count), names: names, bytes: bytes)
        var steps = Self.mostSteps
        guard step(0, 0, bytes, &match, &steps) else { return nil }
        return !match.hasDate || match.date.isPossible ? match : nil
    }

    private func step(_ at: Int, _ from: Int, _ bytes: [UInt8], _ match: inout Match, _ steps: inout Int) -> Bool {
        steps -= 1
        guard steps > 0 else { return false }
        guard at < parts.count else { return from == bytes.count }
        func go(_ name: Int, _ end: Int, _ match: inout Match, _ steps: inout Int) -> Bool {
            match.captures[name] = from..<end
            return step(at + 1, end, bytes, &match, &steps)
        }
        switch parts[at] {
        case .literal(let literal):
            return bytes[from...].starts(with: literal)
                && step(at + 1, from + literal.count, bytes, &match, &steps)
        case .date(let field, let digits):
            let end = from + digits
            guard end <= bytes.count, bytes[from..<end].allSatisfy(\.isDigit) else { return false }
            let before = match
            match.take(field, bytes[from..<end].reduce(0) { $0 * 10 + Int($1 - 0x30) }, from..<end)
            if step(at + 1, end, bytes, &match, &steps) { return true }
            match = before
            return false
        case .any(let name):
            guard from < bytes.count else { return false }
            for end in stride(from: bytes.count, to: from, by: -1) where go(name, end, &match, &steps) { return true }
            return false
        case .words(let name, let words):
            for word in words
            where bytes[from...].starts(with: word) && go(name, from + word.count, &match, &steps) { return true }
            return false
        case .run(let name, let kind, let count):
            let longest = bytes[from...].firstIndex { !kind.holds($0) } ?? bytes.count
            if let count { return longest - from >= count && go(name, from + count, &match, &steps) }
            // A run of digits ends where no digit follows.
            return longest > from && go(name, longest, &match, &steps)
        }
    }
}

extension NamePattern.Match {
    fileprivate mutating func take(_ field: Int, _ number: Int, _ range: Range<Int>) {
        hasDate = true
        switch field {
        case 0: date.year = number
        case 1: date.month = number
        case 2: date.day = number
        case 3: date.hour = number
        case 4: date.minute = number
        default: date.second = number
        }
        dates.append(range)
    }
}
