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

    private static let words: [Bytes: Said] = [
        "full": .full, "base": .full, "fullbackup": .full,
        "inc": .incremental, "incr": .incremental, "increment": .incremental, "incremental": .incremental,
        "delta": .incremental,
        "diff": .differential, "differential": .differential, "dif": .differential, "cumulative": .differential,
        "tlog": .log, "translog": .log,
    ]
    private static let sure: Set<Bytes> = ["incr", "incremental", "differential"]
    private static let letters: [UInt8: Said] = [
        UInt8(ascii: "f"): .full, UInt8(ascii: "i"): .incremental, UInt8(ascii: "d"): .differential,
    ]
    /// At the end of another word.
    private static let tails: [Bytes] = ["incremental", "full", "incr", "diff", "inc"]

    /// The first word of a name that says a kind; else the end of one; else the last letter that stands alone.
    init?(in name: [UInt8]) {
        var (letter, tail): (KindWord?, KindWord?)
        for token in Self.tokens(name) {
            if let said = Self.said(name[token]) {
                self.init(
                    range: token, said: said, isLetter: false, isGlued: false,
                    isSure: Self.sure.contains(Bytes(name[token]).lowercased))
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
        guard byte.isDigit, name[token.lowerBound - 1] == UInt8(ascii: ".") else { return nil }
        return KindWord(
            range: token, said: .level(Int(byte - 0x30)), isLetter: true, isGlued: false, isSure: false)
    }

    /// `dbfull` beside `dbinc`; a word of letters, longer than what it ends in.
    private static func tail(_ name: [UInt8], _ token: Range<Int>) -> KindWord? {
        guard token.count >= 5, let last = name[token].last, "lcrf".utf8.contains(last | 0x20),
            name[token].allSatisfy({ $0.isLetter })
        else { return nil }
        let lower = Bytes(name[token]).lowercased
        guard let end = tails.first(where: { lower.hasSuffix($0) && lower.count >= $0.count + 2 }),
            let said = words[end]
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
        let lower = Bytes(token).lowercased
        if let said = words[lower] { return said }
        // `full1`, `inc2`, `incr07`: numbered.
        let head = lower.storage.prefix { !$0.isDigit }
        let digits = lower.storage.dropFirst(head.count)
        guard !digits.isEmpty, digits.count <= 3, digits.allSatisfy(\.isDigit) else { return nil }
        let number = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        switch Bytes(head) {
        case "l", "lv", "lvl", "level": return number <= 9 && digits.count == 1 ? .level(number) : nil
        default: return words[Bytes(head)]
        }
    }

    /// Runs of letters and digits.
    static func tokens(_ name: [UInt8]) -> [Range<Int>] {
        var tokens: [Range<Int>] = []
        var at = 0
        while at < name.count {
            guard name[at].isDigit || name[at].isLetter else {
                at += 1
                continue
            }
            let end = name[at...].firstIndex { !($0.isDigit || $0.isLetter) } ?? name.count
            tokens.append(at..<end)
            at = end
        }
        return tokens
    }
}
