internal import Model

/// What `$` and backticks stand for, as far as the text alone tells.
extension ShellReader {
    mutating func expansion() -> [ShellWord] {
        let unknown = [ShellWord([.unknown])]
        if peek() == UInt8(ascii: "`") {
            let inner = enclosed(by: UInt8(ascii: "`"), UInt8(ascii: "`"), from: 1)
            return substituted(inner)
        }
        switch peek(1) {
        case UInt8(ascii: "("):
            let inner = enclosed(by: UInt8(ascii: "("), UInt8(ascii: ")"), from: 2)
            return inner.storage.first == UInt8(ascii: "(") ? unknown : substituted(inner)
        case UInt8(ascii: "{"):
            let inner = enclosed(by: UInt8(ascii: "{"), UInt8(ascii: "}"), from: 2)
            return parameter(inner)
        case let next? where next.isNameByte:
            var length = 1
            let isDigit = (0x30...0x39).contains(next)
            while let byte = peek(1 + length), byte.isNameByte, !isDigit { length += 1 }
            let name = Bytes(text[(at + 1)..<(at + 1 + length)])
            at += 1 + length
            return shell.variables[name] ?? unknown
        case let next? where "?!$@*#-".utf8.contains(next):
            at += 2
            return next == UInt8(ascii: "@") || next == UInt8(ascii: "*") ? shell.variables["@"] ?? unknown : unknown
        default:
            at += 1
            return [ShellWord("$")]
        }
    }

    /// The text up to the closing byte, nested ones and quotes passed over.
    private mutating func enclosed(by open: UInt8, _ close: UInt8, from skip: Int) -> Bytes {
        at += skip
        let start = at
        var level = 1
        var quote: UInt8?
        while let byte = peek() {
            if byte == UInt8(ascii: "\n") { line += 1 }
            if byte == UInt8(ascii: "\\") {
                at += 2
                continue
            }
            if let inside = quote {
                if byte == inside { quote = nil }
            } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") && open != UInt8(ascii: "{") {
                quote = byte
            } else if byte == close {
                level -= 1
                if level == 0 { break }
            } else if byte == open {
                level += 1
            }
            at += 1
        }
        defer { at += 1 }
        return Bytes(text[min(start, text.count)..<min(at, text.count)])
    }

    /// `X`, `X:-/default`, `X%/`.
    private func parameter(_ inner: Bytes) -> [ShellWord] {
        let name = Bytes(inner.storage.prefix { $0.isNameByte })
        let rest = inner.dropFirst(name.count)
        let unknown = [ShellWord([.unknown])]
        let known = shell.variables[name]
        if rest.isEmpty || rest == "%/" || rest == "%%/" { return known ?? unknown }
        if [":-", ":=", "-", "="].contains(where: { rest.hasPrefix($0) }) {
            if let known { return known }
            guard !shell.isTooDeep else { return unknown }
            var reader = ShellReader(
                rest.dropFirst(rest.storage.first == UInt8(ascii: ":") ? 2 : 1), shell.origin,
                variables: shell.variables, home: shell.home, depth: shell.depth + 1)
            let words = reader.word()
            return words.isEmpty ? unknown : words
        }
        if rest.hasPrefix(":?") || rest.hasPrefix("?") { return known ?? unknown }
        return unknown
    }

    /// A command's output: names in a place, where it lists one; a day gone by, where it reckons one.
    private mutating func substituted(_ inner: Bytes) -> [ShellWord] {
        let unknown = [ShellWord([.unknown])]
        guard !shell.isTooDeep else { return unknown }
        var reader = ShellReader(
            inner, shell.origin, variables: shell.variables, directory: shell.directory, home: shell.home,
            depth: shell.depth + 1)
        reader.shell.isSubstitution = true
        reader.line = line
        reader.shell.work = shell.work
        reader.read()
        shell.work = reader.shell.work
        shell.found += reader.shell.found
        return reader.shell.listed ?? unknown
    }
}

extension ShellWord {
    /// The words that an unquoted expansion falls into.
    var split: [ShellWord] {
        guard parts.contains(.byte(0x20)) || parts.contains(.byte(UInt8(ascii: "*"))) else { return [self] }
        let open = parts.map { $0 == .byte(UInt8(ascii: "*")) ? Part.star : $0 }
        return open.split(separator: .byte(0x20)).map { ShellWord(Array($0)) }
    }
}

extension UInt8 {
    var isNameByte: Bool {
        (0x30...0x39).contains(self) || (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self) || self == 0x5F
    }
}
