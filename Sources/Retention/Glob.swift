package import Model

/// A shell-like pattern on bytes: `*` and `?` stay within a path component, `**` crosses them.
package struct Glob: Sendable {
    private enum Token: Equatable { case byte(UInt8), one, some, any }
    private let tokens: [Token]

    package init(_ pattern: Bytes) {
        var tokens: [Token] = []
        for byte in pattern.storage {
            switch byte {
            case UInt8(ascii: "?"): tokens.append(.one)
            case UInt8(ascii: "*"):
                if tokens.last == .some {
                    tokens[tokens.count - 1] = .any
                } else if tokens.last != .any {
                    tokens.append(.some)
                }
            default: tokens.append(.byte(byte))
            }
        }
        self.tokens = tokens
    }

    /// In time proportional to pattern times text at worst: only the last star is ever tried again, and `**` before it.
    package func matches(_ text: Bytes) -> Bool {
        // One bit a token: the positions in the pattern that the text so far may stand at.
        var at: Set<Int> = []
        func add(_ position: Int) {
            guard at.insert(position).inserted, position < tokens.count else { return }
            if tokens[position] == .some || tokens[position] == .any { add(position + 1) }
        }
        add(0)
        let slash = UInt8(ascii: "/")
        for byte in text.storage {
            let before = at
            at = []
            for position in before where position < tokens.count {
                switch tokens[position] {
                case .byte(byte): add(position + 1)
                case .one where byte != slash: add(position + 1)
                case .some where byte != slash: add(position)
                case .any: add(position)
                default: break
                }
            }
            if at.isEmpty { return false }
        }
        return at.contains(tokens.count)
    }
}
