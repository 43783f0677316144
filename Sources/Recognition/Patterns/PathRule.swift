package import Model

/// One line of `exclude` or `include`: a pattern as in a `.gitignore`, on bytes.
///
/// A pattern without a `/`, but for one at its end, is compared with names at any depth; any other with the path from
/// the vault's top. `*` and `?` stay within a name, `**` between slashes is any number of directories, `[a-z]` is one
/// of these bytes, `\` takes the next byte as it is. `!` in front takes back what an earlier line said, and a `/` at
/// the end means directories only.
package struct PathRule: Hashable, Sendable {
    package let text: String
    /// Where it is written, for a person: `reprieve.yaml:12`.
    package let origin: String
    package let isNegated: Bool
    private let isOfDirectories: Bool
    private let isOfName: Bool
    private let steps: [Step]

    private enum Step: Hashable, Sendable {
        case name([Token])
        /// Any number of directories.
        case any
    }

    fileprivate enum Token: Hashable, Sendable {
        case byte(UInt8)
        case set(ByteSet)
        case star
    }

    /// Longer ones are refused, in bytes.
    private static let longest = 1024

    package init(_ text: String, origin: String = "") throws(PatternProblem) {
        self.text = text
        self.origin = origin
        var parser = Parser(bytes: Array(text.utf8))
        guard parser.bytes.count <= Self.longest else {
            throw PatternProblem("it is longer than \(Self.longest) bytes", at: Self.longest)
        }
        parser.dropSpaces()
        if parser.bytes.first == UInt8(ascii: "#") {
            throw PatternProblem("it is a comment", at: 0, hint: "a name that begins with '#' is written '\\#…'")
        }
        isNegated = parser.take(UInt8(ascii: "!"))
        let isAnchored = parser.take(UInt8(ascii: "/"))
        var tokens = try parser.steps()
        isOfDirectories = tokens.count > 1 && tokens.last?.isEmpty == true
        if isOfDirectories { tokens.removeLast() }
        guard tokens.contains(where: { !$0.isEmpty }) else {
            throw PatternProblem("it names nothing", at: 0, hint: "'*.log', 'cache/', '/top/x/**'")
        }
        isOfName = !isAnchored && tokens.count == 1
        let isOfName = isOfName
        steps = tokens.map { !isOfName && $0.count > 1 && $0.allSatisfy { $0 == .star } ? .any : .name($0) }
    }

    /// Whether it speaks of an entry, by the names on the way to it.
    package func matches(_ name: Bytes, in directory: [Bytes], isDirectory: Bool) -> Bool {
        guard isDirectory || !isOfDirectories else { return false }
        guard !isOfName else {
            guard case .name(let tokens)? = steps.first else { return false }
            return Self.matches(tokens, name.storage)
        }
        return matches(count: directory.count + 1) { $0 < directory.count ? directory[$0] : name }
    }

    /// Whether it names the data of version control: other repositories have names of their own, and show when they are
    /// seen.
    package var namesRepository: Bool {
        guard case .name(let tokens)? = steps.last else { return false }
        return [".git", ".hg", ".svn", ".bzr"].contains { tokens == $0.utf8.map(Token.byte) }
    }

    /// Only the last `**` is ever tried again: what stands before it has been matched as early as it can be.
    private func matches(count: Int, name: (Int) -> Bytes) -> Bool {
        var (step, at) = (0, 0)
        var retry: (step: Int, at: Int)?
        while at < count {
            if step < steps.count, case .any = steps[step] {
                // At the end of a pattern it is what lies inside, and not the directory itself.
                if step == steps.count - 1 { return true }
                retry = (step, at)
                step += 1
            } else if step < steps.count, case .name(let tokens) = steps[step], Self.matches(tokens, name(at).storage) {
                step += 1
                at += 1
            } else if let again = retry {
                (step, at) = (again.step + 1, again.at + 1)
                retry = (again.step, again.at + 1)
            } else {
                return false
            }
        }
        return step == steps.count
    }

    /// Only the last star is ever tried again.
    private static func matches(_ tokens: [Token], _ name: [UInt8]) -> Bool {
        var (token, at) = (0, 0)
        var retry: (token: Int, at: Int)?
        while at < name.count {
            if token < tokens.count, tokens[token] == .star {
                retry = (token, at)
                token += 1
            } else if token < tokens.count, tokens[token].holds(name[at]) {
                token += 1
                at += 1
            } else if let again = retry {
                (token, at) = (again.token + 1, again.at + 1)
                retry = (again.token, again.at + 1)
            } else {
                return false
            }
        }
        while token < tokens.count, tokens[token] == .star { token += 1 }
        return token == tokens.count
    }
}

extension PathRule.Token {
    fileprivate func holds(_ byte: UInt8) -> Bool {
        switch self {
        case .byte(let own): own == byte
        case .set(let set): set.contains(byte)
        case .star: false
        }
    }
}

/// Reads the text of a rule.
private struct Parser {
    var bytes: [UInt8]
    private var at = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// Spaces at the end are none of it, but for one behind a backslash.
    mutating func dropSpaces() {
        var end = bytes.count
        while end > 0, bytes[end - 1] == UInt8(ascii: " ") { end -= 1 }
        let backslashes = bytes[..<end].reversed().prefix { $0 == UInt8(ascii: "\\") }.count
        if end < bytes.count, !backslashes.isMultiple(of: 2) { end += 1 }
        bytes.removeSubrange(end...)
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard at < bytes.count, bytes[at] == byte else { return false }
        at += 1
        return true
    }

    /// What stands between the slashes.
    mutating func steps() throws(PatternProblem) -> [[PathRule.Token]] {
        var steps: [[PathRule.Token]] = [[]]
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "/"):
                steps.append([])
                at += 1
            case UInt8(ascii: "\\"):
                guard at + 1 < bytes.count else { throw PatternProblem("it ends in a '\\'", at: at) }
                at += 1
                // A slash is one in any case.
                if bytes[at] != UInt8(ascii: "/") { append(.byte(bytes[at]), &steps) }
            case UInt8(ascii: "*"): append(.star, &steps)
            case UInt8(ascii: "?"): append(.set(.name), &steps)
            case UInt8(ascii: "["): steps[steps.count - 1].append(.set(try set()))
            case let byte: append(.byte(byte), &steps)
            }
        }
        return steps
    }

    private mutating func append(_ token: PathRule.Token, _ steps: inout [[PathRule.Token]]) {
        steps[steps.count - 1].append(token)
        at += 1
    }

    // MARK: Sets of bytes

    private mutating func set() throws(PatternProblem) -> ByteSet {
        let start = at
        at += 1
        let isNegated = take(UInt8(ascii: "!")) || take(UInt8(ascii: "^"))
        var set = ByteSet()
        /// What a range may begin with.
        var before: UInt8?
        var isFirst = true
        while at < bytes.count, isFirst || bytes[at] != UInt8(ascii: "]") {
            isFirst = false
            if bytes[at] == UInt8(ascii: "-"), let low = before, at + 1 < bytes.count,
                bytes[at + 1] != UInt8(ascii: "]")
            {
                at += 1
                let high = try member(start)
                if low <= high { set = set.union(ByteSet(low...high)) }
                before = nil
            } else if let named = try posix(start) {
                set = set.union(named)
                before = nil
            } else {
                let byte = try member(start)
                set.insert(byte)
                before = byte
            }
        }
        guard at < bytes.count else { throw Self.unclosed(start) }
        at += 1
        return isNegated ? ByteSet((0...255).filter { !set.contains($0) }) : set
    }

    private mutating func member(_ start: Int) throws(PatternProblem) -> UInt8 {
        if bytes[at] == UInt8(ascii: "\\") { at += 1 }
        guard at < bytes.count else { throw Self.unclosed(start) }
        defer { at += 1 }
        return bytes[at]
    }

    private static func unclosed(_ start: Int) -> PatternProblem { PatternProblem("'[' has no ']'", at: start) }

    /// `[:digit:]`
    private mutating func posix(_ start: Int) throws(PatternProblem) -> ByteSet? {
        guard bytes[at] == UInt8(ascii: "["), at + 1 < bytes.count, bytes[at + 1] == UInt8(ascii: ":") else {
            return nil
        }
        guard let end = bytes[(at + 2)...].firstIndex(of: UInt8(ascii: "]")) else { throw Self.unclosed(start) }
        guard end > at + 2, bytes[end - 1] == UInt8(ascii: ":") else { return nil }
        let name = String(decoding: bytes[(at + 2)..<(end - 1)], as: UTF8.self)
        guard let set = Self.named(name) else {
            throw PatternProblem("'[:\(name):]' is not a set that is known", at: at)
        }
        at = end + 1
        return set
    }

    private static func named(_ name: String) -> ByteSet? {
        let (lower, upper) = (ByteSet(0x61...0x7A), ByteSet(0x41...0x5A))
        return switch name {
        case "alnum": .lettersAndDigits
        case "alpha": lower.union(upper)
        case "blank": ByteSet(" \t".utf8)
        case "cntrl": ByteSet(Array(0...0x1F) + [0x7F])
        case "digit": .digits
        case "graph": ByteSet(0x21...0x7E)
        case "lower": lower
        case "print": ByteSet(0x20...0x7E)
        case "punct": ByteSet((0x21...0x7E).filter { !ByteSet.lettersAndDigits.contains($0) })
        case "space": ByteSet(" \t\n\u{B}\u{C}\r".utf8)
        case "upper": upper
        case "xdigit": .hexadecimal
        default: nil
        }
    }
}
