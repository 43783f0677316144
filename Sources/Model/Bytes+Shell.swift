extension Bytes {
    /// One word of a command line for any POSIX shell, by which this very name arrives whatever bytes it has.
    ///
    /// What a terminal would not show as it is (controls, direction marks, bytes that are not UTF-8) is written in
    /// octal for the shell's own `printf`; a line feed at the end stands as it is, because `$(…)` drops it.
    package var shellWord: String {
        if !isEmpty, storage.allSatisfy(Self.isPlainInShell) { return String(decoding: storage, as: UTF8.self) }
        if let text = utf8, display == text.replacing("\\", with: "\\\\") {
            return "'" + text.replacing("'", with: #"'\''"#) + "'"
        }
        let ending = storage.reversed().prefix { $0 == UInt8(ascii: "\n") }.count
        // Neither a format's `%` nor an option's dash.
        let escaped = storage.dropLast(ending).map { byte in
            Self.isPlainInShell(byte) && !"%-".utf8.contains(byte) || byte == UInt8(ascii: " ")
                ? String(UnicodeScalar(byte)) : "\\" + Self.octal(byte)
        }
        return #""$(printf '"# + escaped.joined() + "')" + String(repeating: "\n", count: ending) + #"""#
    }

    /// The same behind a command, where a leading dash would be taken for an option: `./-x`.
    package var shellArgument: String {
        storage.first == UInt8(ascii: "-") ? ("./" + self).shellWord : shellWord
    }

    private static func isPlainInShell(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: "/._-+:@%=,".utf8.contains(byte)
        }
    }

    private static func octal(_ byte: UInt8) -> String {
        let text = String(byte, radix: 8)
        return String(repeating: "0", count: 3 - text.count) + text
    }
}

extension String.StringInterpolation {
    /// One argument of a command that a person may paste into a shell.
    package mutating func appendInterpolation(shell argument: Bytes) { appendLiteral(argument.shellArgument) }
    package mutating func appendInterpolation(shell argument: String) { appendInterpolation(shell: Bytes(argument)) }
}
