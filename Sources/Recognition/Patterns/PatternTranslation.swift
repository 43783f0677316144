/// A person's regular expression as PCRE2 reads it. The syntax that people write is older than PCRE2 here and means
/// what it always meant: `\d` is 0 to 9, `\w` letters, their marks, digits and `_` of every script. What PCRE2 would
/// silently read otherwise is refused.
struct PatternTranslation {
    private(set) var bytes: [UInt8] = []
    /// For each byte the offset in the original text that it came from.
    private var origins: [Int] = []
    private let source: [UInt8]
    private var at = 0

    /// Longer ones are refused, in bytes.
    static let longest = 4096

    private static let word = "A-Za-z0-9_\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}"
    private static let noDigit = "\\x00-\\x2f\\x3a-\\x{10ffff}"

    init(_ text: String) throws(PatternProblem) {
        source = Array(text.utf8)
        guard source.count <= Self.longest else {
            throw PatternProblem("it is longer than \(Self.longest) bytes", at: Self.longest)
        }
        while at < source.count { try next() }
    }

    /// Where in the original text something stands.
    func origin(of offset: Int) -> Int { offset < origins.count ? origins[offset] : source.count }

    private mutating func next() throws(PatternProblem) {
        switch source[at] {
        case UInt8(ascii: "\\"): escape()
        case UInt8(ascii: "["): try bracket()
        case UInt8(ascii: "("): group()
        case UInt8(ascii: "{"): quantifier()
        default: copy(1)
        }
    }

    // MARK: Outside of brackets

    private mutating func escape() {
        switch byte(at + 1) {
        case UInt8(ascii: "d"): put("[0-9]", for: 2)
        case UInt8(ascii: "D"): put("[^0-9]", for: 2)
        case UInt8(ascii: "w"): put("[\(Self.word)]", for: 2)
        case UInt8(ascii: "W"): put("[^\(Self.word)]", for: 2)
        case UInt8(ascii: "Q"): quoted()
        default: codePoint()
        }
    }

    /// `\u{E9}`, `\u00E9` and `\U000000E9` are `\x{E9}`; every other escape is itself.
    private mutating func codePoint() {
        let digits = byte(at + 1) == UInt8(ascii: "u") ? 4 : 8
        guard byte(at + 1) == UInt8(ascii: "u") || byte(at + 1) == UInt8(ascii: "U") else { return copy(2) }
        if digits == 4, byte(at + 2) == UInt8(ascii: "{") {
            put("\\x", for: 2)
            return
        }
        let end = at + 2 + digits
        guard end <= source.count, source[(at + 2)..<end].allSatisfy(Self.isHexadecimal) else { return copy(2) }
        put("\\x{\(String(decoding: source[(at + 2)..<end], as: UTF8.self))}", for: 2 + digits)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool { byte.isDigit || (0x61...0x66).contains(byte | 0x20) }

    /// `\Q…\E`, or to the end.
    private mutating func quoted() {
        repeat {
            copy(1)
        } while at < source.count && !(byte(at) == UInt8(ascii: "\\") && byte(at + 1) == UInt8(ascii: "E"))
        copy(2)
    }

    /// A comment holds no brackets to look into.
    private mutating func group() {
        guard byte(at + 1) == UInt8(ascii: "?"), byte(at + 2) == UInt8(ascii: "#") else { return copy(1) }
        copy((source[at...].firstIndex(of: UInt8(ascii: ")")) ?? source.count) - at)
    }

    /// `{,3}` is `{0,3}`.
    private mutating func quantifier() {
        copy(1)
        guard byte(at) == UInt8(ascii: ","), byte(at + 1)?.isDigit == true,
            let end = source[(at + 1)...].firstIndex(where: { !$0.isDigit }), source[end] == UInt8(ascii: "}")
        else { return }
        put("0,", for: 1)
    }

    // MARK: In brackets

    private mutating func bracket() throws(PatternProblem) {
        let start = at
        copy(byte(at + 1) == UInt8(ascii: "^") ? 2 : 1)
        if byte(at) == UInt8(ascii: "]") { copy(1) }
        while at < source.count, byte(at) != UInt8(ascii: "]") { try member() }
        guard at < source.count else { throw PatternProblem("'[' has no ']'", at: start) }
        copy(1)
    }

    private mutating func member() throws(PatternProblem) {
        switch source[at] {
        case UInt8(ascii: "\\"):
            switch byte(at + 1) {
            case UInt8(ascii: "d"): put("0-9", for: 2)
            case UInt8(ascii: "D"): put(Self.noDigit, for: 2)
            case UInt8(ascii: "w"): put(Self.word, for: 2)
            case UInt8(ascii: "Q"): quoted()
            default: codePoint()
            }
        case UInt8(ascii: "["): try posix()
        case UInt8(ascii: "&"), UInt8(ascii: "-"), UInt8(ascii: "~"):
            guard byte(at + 1) != source[at] else {
                let twice = String(repeating: Character(Unicode.Scalar(source[at])), count: 2)
                throw PatternProblem(
                    "'\(twice)' in brackets is not supported", at: at,
                    hint: "name the characters, in one pair of brackets")
            }
            copy(1)
        default: copy(1)
        }
    }

    /// `[:digit:]`; brackets in brackets are refused.
    private mutating func posix() throws(PatternProblem) {
        guard byte(at + 1) == UInt8(ascii: ":"), let end = source[(at + 2)...].firstIndex(of: UInt8(ascii: ":")),
            byte(end + 1) == UInt8(ascii: "]")
        else {
            throw PatternProblem(
                "brackets in brackets are not supported", at: at, hint: "a bracket of the name is written \\[")
        }
        copy(end + 2 - at)
    }

    // MARK: Bytes

    private func byte(_ at: Int) -> UInt8? { at < source.count ? source[at] : nil }

    private mutating func copy(_ count: Int) {
        for _ in 0..<min(count, source.count - at) {
            bytes.append(source[at])
            origins.append(at)
            at += 1
        }
    }

    private mutating func put(_ text: String, for count: Int) {
        bytes += text.utf8
        origins += Array(repeating: at, count: text.utf8.count)
        at += count
    }
}
