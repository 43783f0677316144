internal import Model

/// A word of a name that says what kind of backup it is.
struct KindWord {
    enum Said: Hashable {
        case full, incremental, differential, log
        case level(Int)

        var isDependent: Bool { self != .full && self != .level(0) }

        var kind: Backup.Kind {
            switch self {
            case .full, .level(0): .full
            case .differential: .differential
            case .incremental, .level: .incremental
            case .log: .log
            }
        }
    }

    let range: Range<Int>
    let said: Said
    /// `F`, `I`, `D`, or the digit of a level.
    let isLetter: Bool
    /// It ends another word: `dbfull`.
    let isGlued: Bool
    /// It means nothing else, also where no full one is beside it; `inc` may be a company, `diff` what is backed up.
    let isSure: Bool

    var isLevel: Bool { if case .level = said { true } else { false } }

    /// Nothing but endings stand behind it.
    func isBeforeEnding(of name: Bytes) -> Bool {
        range.upperBound == name.count || name.storage[range.upperBound] == UInt8(ascii: ".")
    }

    func isBehindDot(in name: Bytes) -> Bool {
        range.lowerBound > 0 && name.storage[range.lowerBound - 1] == UInt8(ascii: ".")
    }

    private static let words: [ShortWord: Said] = {
        let words: [(String, Said)] = [
            ("full base fullbackup", .full), ("inc incr increment incremental delta", .incremental),
            ("diff differential dif cumulative", .differential), ("tlog translog", .log),
        ]
        return Dictionary(words.flatMap { text, said in ShortWord.set(text).map { ($0, said) } }) { first, _ in first }
    }()
    private static let levels = ShortWord.set("l lv lvl level")
    private static let sure = ShortWord.set("incr incremental differential")
    private static let letters: [UInt8: Said] = [
        UInt8(ascii: "f"): .full, UInt8(ascii: "i"): .incremental, UInt8(ascii: "d"): .differential,
    ]
    /// At the end of another word.
    private static let tails: [Bytes] = ["incremental", "full", "incr", "diff", "inc"]

    /// The first word of a name that says a kind; else the end of one; else the last letter that stands alone.
    init?(in name: [UInt8]) {
        var (letter, tail): (KindWord?, KindWord?)
        var at = 0
        while let token = Self.token(in: name, from: at) {
            at = token.upperBound
            if let said = Self.said(name[token]) {
                self.init(
                    range: token, said: said, isLetter: false, isGlued: false,
                    isSure: ShortWord(name[token]).map(Self.sure.contains) ?? false)
                return
            }
            if token.count == 1, token.lowerBound > 0 {
                letter = Self.letter(name, token) ?? letter
            } else if tail == nil {
                tail = Self.tail(name, token)
            }
        }
        guard let found = letter ?? tail else { return nil }
        self = found
    }

    private init(range: Range<Int>, said: Said, isLetter: Bool, isGlued: Bool, isSure: Bool) {
        (self.range, self.said, self.isLetter, self.isGlued, self.isSure) = (range, said, isLetter, isGlued, isSure)
    }

    private static func letter(_ name: [UInt8], _ token: Range<Int>) -> KindWord? {
        let byte = name[token.lowerBound]
        if byte.isLetter, let said = letters[byte | 0x20] {
            return KindWord(range: token, said: said, isLetter: true, isGlued: false, isSure: false)
        }
        guard byte.isDigit, name[token.lowerBound - 1] == UInt8(ascii: "."), !isVersion(name, token.lowerBound) else {
            return nil
        }
        return KindWord(
            range: token, said: .level(Int(byte - 0x30)), isLetter: true, isGlued: false, isSure: false)
    }

    /// `17.13.1`, `17.1.12`: one of three short numbers with dots between, and not the first of them.
    private static func isVersion(_ name: [UInt8], _ at: Int) -> Bool {
        func digits(before end: Int) -> Int { name[..<end].reversed().prefix(while: \.isDigit).count }
        func isDot(_ at: Int) -> Bool { name.indices.contains(at) && name[at] == UInt8(ascii: ".") }
        let first = digits(before: at - 1)
        guard isDot(at - 1), (1...2).contains(first) else { return false }
        let before = at - 1 - first
        if isDot(before - 1), (1...2).contains(digits(before: before - 1)) { return true }
        return isDot(at + 1) && (1...2).contains(name[(at + 2)...].prefix(while: \.isDigit).count)
    }

    /// `dbfull` beside `dbinc`; a word of letters, longer than what it ends in.
    private static func tail(_ name: [UInt8], _ token: Range<Int>) -> KindWord? {
        guard token.count >= 5, let last = name[token].last, "lcrf".utf8.contains(last | 0x20),
            name[token].allSatisfy({ $0.isLetter })
        else { return nil }
        let lower = Bytes(name[token]).lowercased
        guard let end = tails.first(where: { lower.hasSuffix($0) && lower.count >= $0.count + 2 }),
            let said = ShortWord(end.storage[...]).flatMap({ words[$0] })
        else { return nil }
        return KindWord(
            range: (token.upperBound - end.count)..<token.upperBound, said: said, isLetter: false, isGlued: true,
            isSure: false)
    }

    /// What a directory's name says: the only word of a kind among its words.
    static func directory(_ name: Bytes) -> Said? {
        let found = tokens(name.storage).compactMap { said(name.storage[$0]) }
        return found.count == 1 ? found[0] : nil
    }

    private static func said(_ token: ArraySlice<UInt8>) -> Said? {
        guard let first = token.first, (2...12).contains(token.count) else { return nil }
        switch first | 0x20 {
        case UInt8(ascii: "f"), UInt8(ascii: "i"), UInt8(ascii: "d"), UInt8(ascii: "b"), UInt8(ascii: "l"),
            UInt8(ascii: "c"), UInt8(ascii: "t"):
            break
        default: return nil
        }
        if let said = ShortWord(token).flatMap({ words[$0] }) { return said }
        // `full1`, `inc2`, `incr07`: numbered.
        let head = token.prefix { !$0.isDigit }
        let digits = token[head.endIndex...]
        guard (1...3).contains(digits.count), digits.allSatisfy(\.isDigit), let word = ShortWord(head) else {
            return nil
        }
        guard levels.contains(word) else { return words[word] }
        return digits.count == 1 ? .level(Int(token[head.endIndex] - 0x30)) : nil
    }

    /// Runs of letters and digits.
    static func tokens(_ name: [UInt8]) -> [Range<Int>] {
        var tokens: [Range<Int>] = []
        while let token = token(in: name, from: tokens.last?.upperBound ?? 0) { tokens.append(token) }
        return tokens
    }

    private static func token(in name: [UInt8], from start: Int) -> Range<Int>? {
        var start = start
        while start < name.count, !(name[start].isDigit || name[start].isLetter) { start += 1 }
        var end = start
        while end < name.count, name[end].isDigit || name[end].isLetter { end += 1 }
        return start < end ? start..<end : nil
    }
}
