package import Model

/// A word of a shell's line, as far as it can be known without running anything.
package struct ShellWord: Hashable, Sendable {
    enum Part: Hashable, Sendable {
        case byte(UInt8)
        /// Any bytes of one name, chosen by what is there: `*`, or each of what a loop goes through.
        case star
        /// One byte of a name: `?`, `[ab]`.
        case one
        /// The value of a variable or a command that nobody knows before it runs.
        case unknown
    }

    var parts: [Part]

    /// A path is no longer; what would be (`X=$X$X`, again and again) is cut, and its end unknown.
    static let limit = 4096

    init(_ parts: [Part] = []) { self.parts = parts.count > Self.limit ? parts.prefix(Self.limit) + [.unknown] : parts }
    init(_ literal: Bytes) { self.init(literal.storage.map(Part.byte)) }

    static func + (a: ShellWord, b: ShellWord) -> ShellWord { ShellWord(a.parts + b.parts) }

    /// The same in place: a word is read byte by byte.
    mutating func append(_ other: ShellWord) {
        guard parts.count <= Self.limit else { return }
        parts += other.parts
        if parts.count > Self.limit { self = ShellWord(parts) }
    }

    var isEmpty: Bool { parts.isEmpty }
    var isLiteral: Bool {
        parts.allSatisfy { if case .byte = $0 { true } else { false } }
    }
    /// Names are chosen by a pattern.
    package var isPattern: Bool { parts.contains(.star) || parts.contains(.one) }
    package var hasUnknown: Bool { parts.contains(.unknown) }

    /// The bytes, where all are known.
    var literal: Bytes? { isLiteral ? text : nil }

    /// As a line of a shell that comes to the same again: `$?` is known to nobody.
    package var text: Bytes {
        Bytes(
            parts.flatMap { part -> [UInt8] in
                switch part {
                case .byte(let byte): [byte]
                case .star: [UInt8(ascii: "*")]
                case .one: [UInt8(ascii: "?")]
                case .unknown: Array("$?".utf8)
                }
            })
    }

    /// The known bytes before the first that are not.
    var literalPrefix: Bytes {
        var bytes: [UInt8] = []
        for case .byte(let byte) in parts.prefix(while: { if case .byte = $0 { true } else { false } }) {
            bytes.append(byte)
        }
        return Bytes(bytes)
    }

    var isAbsolute: Bool { parts.first == .byte(UInt8(ascii: "/")) }

    func hasPrefix(_ literal: Bytes) -> Bool {
        parts.count >= literal.count && zip(parts, literal.storage).allSatisfy { $0 == .byte($1) }
    }

    func hasSuffix(_ literal: Bytes) -> Bool {
        parts.count >= literal.count && zip(parts.suffix(literal.count), literal.storage).allSatisfy { $0 == .byte($1) }
    }

    func dropFirst(_ n: Int) -> ShellWord { ShellWord(Array(parts.dropFirst(n))) }

    /// The last name of a path.
    package var lastName: ShellWord {
        ShellWord(
            parts.split(separator: .byte(UInt8(ascii: "/")), omittingEmptySubsequences: true).last.map(Array.init) ?? []
        )
    }

    func appending(_ other: ShellWord) -> ShellWord { self + ShellWord("/") + other }

    /// An absolute path, from where the shell stands; `nil`: where that is nobody knows.
    func path(from directory: ShellWord?) -> ShellWord? {
        if isAbsolute { return self }
        // What begins with a variable may be anywhere.
        guard parts.first != .unknown, let directory else { return nil }
        return directory.appending(self)
    }

    /// The names of an absolute path, `.` and `..` done away with; `nil`: `..` after a name that nobody knows.
    var names: [ShellWord]? {
        var names: [ShellWord] = []
        for name in parts.split(separator: .byte(UInt8(ascii: "/")), omittingEmptySubsequences: true) {
            let word = ShellWord(Array(name))
            switch word.literal {
            case ".": continue
            case "..":
                guard names.last?.hasUnknown != true else { return nil }
                _ = names.popLast()
            default: names.append(word)
            }
        }
        return names
    }

    /// Whether a name is one that this stands for. `*` and `?` take no leading dot; what is unknown takes anything.
    func matches(name: Bytes) -> Bool {
        if name.storage.first == UInt8(ascii: "."), parts.first == .star || parts.first == .one { return false }
        // One entry a position in the pattern, so that many stars stay cheap.
        var at: Set<Int> = []
        func add(_ position: Int) {
            guard at.insert(position).inserted, position < parts.count else { return }
            if parts[position] == .star || parts[position] == .unknown { add(position + 1) }
        }
        add(0)
        for byte in name.storage {
            let before = at
            at = []
            for position in before where position < parts.count {
                switch parts[position] {
                case .byte(byte), .one: add(position + 1)
                case .star, .unknown: add(position)
                case .byte: break
                }
            }
            if at.isEmpty { return false }
        }
        return at.contains(parts.count)
    }
}
