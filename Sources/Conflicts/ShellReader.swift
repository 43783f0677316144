package import Model

/// Reads a shell's text line by line, never running anything: takes it apart into words and commands, which ``shell``
/// follows as far as the text alone tells.
package struct ShellReader {
    /// Where a text stands.
    package struct Origin {
        package var file: Bytes
        /// All of it is on this line (a crontab's, a unit's); `nil`: its own lines count.
        package var line: Int?

        package init(file: Bytes, line: Int? = nil) {
            self.file = file
            self.line = line
        }
    }

    let text: [UInt8]
    var at = 0
    var line = 1
    /// What the commands that were read come to.
    package var shell: ShellState
    private var outer: [ShellWord?] = []
    private var isAfterPipe = false
    private var hereEnds: [Bytes] = []

    private static let mostWork = 4 << 20
    /// So many alternatives of one word are looked at.
    private static let widest = 64
    /// So many are found in one text before the rest of it is left.
    private static let mostFound = 5000

    package init(
        _ text: Bytes, _ origin: Origin, variables: [Bytes: [ShellWord]] = [:], directory: ShellWord? = nil,
        home: ShellWord? = nil, depth: Int = 0
    ) {
        self.text = text.storage
        shell = ShellState(origin: origin, depth: depth, variables: variables, directory: directory, home: home)
    }

    /// Reads it to its end.
    package mutating func read() {
        var words: [ShellWord] = []
        shell.commandLine = line
        while shell.found.count < Self.mostFound, shell.work < Self.mostWork {
            skipBlanks()
            guard let byte = peek() else { break }
            switch byte {
            case UInt8(ascii: "#"): skipComment()
            case UInt8(ascii: "<"), UInt8(ascii: ">"): skipRedirection()
            case UInt8(ascii: "\n"), UInt8(ascii: ";"), UInt8(ascii: "&"), UInt8(ascii: "|"), UInt8(ascii: "("),
                UInt8(ascii: ")"):
                if byte == UInt8(ascii: "&"), peek(1) == UInt8(ascii: ">") {
                    at += 1
                    continue
                }
                end(&words, at: byte)
            default:
                if words.isEmpty { shell.commandLine = line }
                words += word()
            }
        }
        end(&words, at: 0)
    }

    private mutating func end(_ words: inout [ShellWord], at byte: UInt8) {
        if !words.isEmpty { shell.command(words, isPiped: isAfterPipe) }
        let wasEmpty = words.isEmpty
        words = []
        at += 1
        switch byte {
        case UInt8(ascii: "|"):
            if peek() == byte {
                at += 1
                endPipe()
            } else {
                if peek() == UInt8(ascii: "&") { at += 1 }
                isAfterPipe = true
            }
        case UInt8(ascii: "\n"):
            line += 1
            skipHereDocuments()
            // After a pipe the command may stand on the next line.
            if !(isAfterPipe && wasEmpty) { endPipe() }
        case UInt8(ascii: "("): outer.append(shell.directory)
        case UInt8(ascii: ")"):
            if let before = outer.popLast() { shell.directory = before }
            isAfterPipe = false
        default: endPipe()
        }
    }

    private mutating func endPipe() {
        isAfterPipe = false
        shell.piped = nil
    }

    // MARK: Words

    func peek(_ ahead: Int = 0) -> UInt8? { at + ahead < text.count ? text[at + ahead] : nil }

    private mutating func skipBlanks() {
        while let byte = peek() {
            if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r") {
                at += 1
            } else if byte == UInt8(ascii: "\\"), peek(1) == UInt8(ascii: "\n") {
                at += 2
                line += 1
            } else {
                return
            }
        }
    }

    private mutating func skipComment() {
        while let byte = peek(), byte != UInt8(ascii: "\n") { at += 1 }
    }

    private mutating func skipRedirection() {
        let isHere = peek() == UInt8(ascii: "<") && peek(1) == UInt8(ascii: "<") && peek(2) != UInt8(ascii: "<")
        while let byte = peek(), "<>&|-".utf8.contains(byte) { at += 1 }
        skipBlanks()
        let target = word()
        if isHere, let end = target.first?.literal { hereEnds.append(end) }
    }

    private mutating func skipHereDocuments() {
        for end in hereEnds {
            while at < text.count {
                let start = at
                skipComment()
                let content = Bytes(text[start..<at].drop { $0 == UInt8(ascii: "\t") })
                at += 1
                line += 1
                if content == end { break }
            }
        }
        hereEnds = []
    }

    /// One word, or all that it stands for.
    mutating func word() -> [ShellWord] {
        var made: [ShellWord] = [ShellWord()]
        let start = at
        func isEnd(_ byte: UInt8) -> Bool { " \t\r\n;&|()<>".utf8.contains(byte) }
        while let byte = peek(), !isEnd(byte), shell.work < Self.mostWork {
            switch byte {
            case UInt8(ascii: "'"): add([ShellWord(singleQuoted())], to: &made)
            case UInt8(ascii: "\""): doubleQuoted(&made)
            case UInt8(ascii: "\\"):
                if peek(1) == UInt8(ascii: "\n") {
                    line += 1
                } else if let next = peek(1) {
                    add([ShellWord([.byte(next)])], to: &made)
                }
                at += 2
            case UInt8(ascii: "$"), UInt8(ascii: "`"): add(expansion().flatMap(\.split), to: &made)
            case UInt8(ascii: "*"): add([ShellWord([.star])], to: &made); at += 1
            case UInt8(ascii: "?"): add([ShellWord([.one])], to: &made); at += 1
            case UInt8(ascii: "["), UInt8(ascii: "{"): bracket(byte, &made)
            case UInt8(ascii: "~")
            where at == start && [nil, 0x2F].contains(peek(1)) || at == start && isEnd(peek(1) ?? 0x20):
                add([shell.home ?? ShellWord([.unknown])], to: &made)
                at += 1
            default:
                add([ShellWord([.byte(byte)])], to: &made)
                at += 1
            }
        }
        // A descriptor's number before `>` is no word.
        if let next = peek(), next == UInt8(ascii: ">") || next == UInt8(ascii: "<"), made.count == 1,
            let number = made[0].literal, !number.isEmpty, number.storage.allSatisfy({ (0x30...0x39).contains($0) })
        {
            return []
        }
        return made
    }

    private mutating func add(_ ends: [ShellWord], to made: inout [ShellWord]) {
        shell.work += ends.reduce(0) { $0 + $1.parts.count } * made.count
        guard ends.count > 1 else {
            if let end = ends.first { for n in made.indices { made[n].append(end) } }
            return
        }
        made = Array(made.flatMap { begin in ends.map { begin + $0 } }.prefix(Self.widest))
    }

    private mutating func singleQuoted() -> Bytes {
        at += 1
        let start = at
        while let byte = peek(), byte != UInt8(ascii: "'") {
            if byte == UInt8(ascii: "\n") { line += 1 }
            at += 1
        }
        defer { at += 1 }
        return Bytes(text[start..<min(at, text.count)])
    }

    private mutating func doubleQuoted(_ made: inout [ShellWord]) {
        at += 1
        while let byte = peek(), byte != UInt8(ascii: "\"") {
            switch byte {
            case UInt8(ascii: "\\"):
                if let next = peek(1) {
                    let isEscape = "\"\\$`".utf8.contains(next)
                    if next == UInt8(ascii: "\n") {
                        line += 1
                    } else {
                        add([ShellWord((isEscape ? [] : [.byte(byte)]) + [.byte(next)])], to: &made)
                    }
                }
                at += 2
            case UInt8(ascii: "$"), UInt8(ascii: "`"): add(expansion(), to: &made)
            default:
                if byte == UInt8(ascii: "\n") { line += 1 }
                add([ShellWord([.byte(byte)])], to: &made)
                at += 1
            }
        }
        at += 1
    }

    private static let longestChoice = 64

    private static func endsChoice(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x00...0x20, 0x22, 0x24, 0x26...0x29, 0x2F, 0x3B, 0x3C, 0x3E, 0x60, 0x7C: true
        default: false
        }
    }

    /// `[ab]` is one byte, `{a,b}` any of some names, `{}` itself.
    private mutating func bracket(_ byte: UInt8, _ made: inout [ShellWord]) {
        let close = byte == UInt8(ascii: "[") ? UInt8(ascii: "]") : UInt8(ascii: "}")
        var length = 1
        while let next = peek(length), next != close, length < Self.longestChoice, !Self.endsChoice(next) {
            length += 1
        }
        shell.work += length
        let inner = text[min(at + 1, text.count)..<min(at + length, text.count)]
        let isChoice = close == UInt8(ascii: "]") ? !inner.isEmpty : inner.contains(UInt8(ascii: ","))
        guard peek(length) == close, isChoice else {
            add([ShellWord([.byte(byte)])], to: &made)
            at += 1
            return
        }
        add([ShellWord([close == UInt8(ascii: "]") ? .one : .star])], to: &made)
        at += length + 1
    }
}
