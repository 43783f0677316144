package import Model

/// Reads a shell's text line by line, never running anything, for the commands in it that delete. It follows
/// `NAME=/path`, `cd`, `for` and pipes as far as the text alone tells; what it cannot know is unknown.
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

    /// A file that the text runs.
    struct Call: Hashable {
        var path: ShellWord
        var arguments: [ShellWord]
    }

    let text: [UInt8]
    var at = 0
    var line = 1
    let origin: Origin
    let depth: Int

    /// What each may be: one word, or those that a loop goes through.
    var variables: [Bytes: [ShellWord]]
    /// Where the shell stands; `nil`: nobody knows.
    var directory: ShellWord?
    var home: ShellWord?
    private var outer: [ShellWord?] = []
    /// What goes through the pipe: the names of what is in these places; of all below them where `find` printed it.
    var piped: [ShellWord]?
    var isTreePiped = false
    private var isAfterPipe = false
    private var hereEnds: [Bytes] = []

    var found: [Deletion] = []
    var calls: [Call] = []
    /// All commands as they stand, where somebody asks for them.
    package var keepsCommands = false
    package var commands: [[ShellWord]] = []
    /// Only what it would print is asked for.
    var isSubstitution = false
    var listed: [ShellWord]?

    /// What words were made of so far, in parts; a text that makes more of itself is left.
    var work = 0
    private static let mostWork = 4 << 20
    /// No path of a variable or of `cd` is longer.
    static let longestValue = 512

    /// Strings within strings (`sh -c "…"`, `$(…)`) are followed so deep.
    static let deepest = 5
    /// So many alternatives of one word are looked at.
    private static let widest = 64
    /// So many are found in one text before the rest of it is left.
    private static let mostFound = 5000

    package init(
        _ text: Bytes, _ origin: Origin, variables: [Bytes: [ShellWord]] = [:], directory: ShellWord? = nil,
        home: ShellWord? = nil, depth: Int = 0
    ) {
        self.text = text.storage
        self.origin = origin
        self.variables = variables
        self.directory = directory
        self.home = home
        self.depth = depth
    }

    var isTooDeep: Bool { depth >= Self.deepest }
    /// The line of the command that is being read.
    var commandLine = 1

    /// Reads it to its end.
    package mutating func read() {
        var words: [ShellWord] = []
        commandLine = line
        while found.count < Self.mostFound, work < Self.mostWork {
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
                if words.isEmpty { commandLine = line }
                words += word()
            }
        }
        end(&words, at: 0)
    }

    private mutating func end(_ words: inout [ShellWord], at byte: UInt8) {
        if !words.isEmpty { command(words, isPiped: isAfterPipe) }
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
        case UInt8(ascii: "("): outer.append(directory)
        case UInt8(ascii: ")"):
            if let before = outer.popLast() { directory = before }
            isAfterPipe = false
        default: endPipe()
        }
    }

    private mutating func endPipe() {
        isAfterPipe = false
        piped = nil
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
        while let byte = peek(), !isEnd(byte), work < Self.mostWork {
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
                add([home ?? ShellWord([.unknown])], to: &made)
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
        work += ends.reduce(0) { $0 + $1.parts.count } * made.count
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
        work += length
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
