internal import Model

/// A key of a series, with the words in its last component that may vary within one thing.
struct SeriesShape {
    /// The key with a placeholder for each word, and a brace of its own escaped.
    let text: Bytes
    let words: [Bytes]
    let kinds: [SeriesProposal.Varying]
    /// What stands before each word, and behind the last.
    private let between: [Bytes]

    /// More words in one name are not told apart.
    private static let mostWords = 6
    private static let star = UInt8(ascii: "*")
    private static let escape = UInt8(ascii: "\\")

    /// `nil`: no word of it varies.
    init?(_ key: Bytes) {
        let bytes = key.storage
        let start = bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        var (words, kinds, between): ([Bytes], [SeriesProposal.Varying], [Bytes]) = ([], [], [])
        var (at, literal) = (start, Array(bytes[..<start]))
        while at < bytes.count {
            if bytes[at] == Self.escape, at + 1 < bytes.count {
                literal += bytes[at...(at + 1)]
                at += 2
            } else if let (end, kind) = Self.word(bytes, at) {
                guard words.count < Self.mostWords else { return nil }
                words.append(Bytes(bytes[at..<end]))
                kinds.append(kind)
                between.append(Bytes(literal))
                (at, literal) = (end, [])
            } else {
                let end = max(at + 1, Self.end(bytes, at))
                literal += bytes[at..<end]
                at = end
            }
        }
        guard !words.isEmpty else { return nil }
        (self.words, self.kinds) = (words, kinds)
        self.between = between + [Bytes(literal)]
        text = Self.joined(self.between, kinds.map(\.placeholder))
    }

    private static func joined(_ between: [Bytes], _ words: [Bytes]) -> Bytes {
        var text = braced(between[0])
        for (n, word) in words.enumerated() { text = text + word + braced(between[n + 1]) }
        return text
    }

    private static func braced(_ text: Bytes) -> Bytes {
        Bytes(text.storage.flatMap { $0 == UInt8(ascii: "{") ? [escape, $0] : [$0] })
    }

    /// The pattern where these words are the same in all (`nil`: it varies).
    func filled(_ literals: [Bytes?]) -> Bytes {
        Self.joined(between, zip(literals, kinds).map { $0 ?? $1.placeholder })
    }

    // MARK: Words

    /// A word that begins here and may vary.
    static func word(_ bytes: [UInt8], _ at: Int) -> (end: Int, kind: SeriesProposal.Varying)? {
        guard at == 0 || !isWordByte(bytes[at - 1]), at < bytes.count, isWordByte(bytes[at]) else { return nil }
        if let end = version(bytes, at) { return (end, .version) }
        let end = end(bytes, at)
        return kind(bytes[at..<end]).map { (end, $0) }
    }

    private static func isWordByte(_ byte: UInt8) -> Bool { byte.isDigit || byte.isLetter }

    private static func end(_ bytes: [UInt8], _ at: Int) -> Int {
        var end = at
        while end < bytes.count, isWordByte(bytes[end]) { end += 1 }
        return end
    }

    private static func kind(_ word: ArraySlice<UInt8>) -> SeriesProposal.Varying? {
        let digits = word.count(where: \.isDigit)
        if digits == word.count { return digits < 8 ? .number : digits <= 64 ? .nonce : nil }
        if digits == 0 { return word.count == 3 && CalendarWords.day(word, isShort: true) != nil ? .weekday : nil }
        guard (8...64).contains(word.count), word.allSatisfy({ $0 < 0x80 }) else { return nil }
        if word.allSatisfy({ $0.isDigit || (0x61...0x66).contains($0 | 0x20) }) { return .nonce }
        // Base32, and other random letters and digits: digits also between the letters, unlike `customer01`.
        let rest = word.reversed().drop(while: \.isDigit)
        let isOneCase =
            word.allSatisfy { $0.isDigit || $0 & 0x20 == 0 } || word.allSatisfy { $0.isDigit || $0 & 0x20 != 0 }
        return isOneCase && digits >= 2 && rest.contains(where: \.isDigit) ? .nonce : nil
    }

    /// `18.6.1-ee`, `v2.0`, `8.2.93`, `1.0-rc2`: where it ends.
    private static func version(_ bytes: [UInt8], _ at: Int) -> Int? {
        func digitsEnd(_ at: Int) -> Int {
            var end = at
            while end < bytes.count, bytes[end].isDigit, end - at < 9 { end += 1 }
            return end
        }
        var end = digitsEnd(bytes[at] | 0x20 == UInt8(ascii: "v") ? at + 1 : at)
        guard end > at, bytes[end - 1].isDigit else { return nil }
        var parts = 1
        while end < bytes.count, bytes[end] == UInt8(ascii: "."), digitsEnd(end + 1) > end + 1 {
            end = digitsEnd(end + 1)
            parts += 1
        }
        guard (2...5).contains(parts), end == bytes.count || !isWordByte(bytes[end]) else { return nil }
        for tail in ["-ee", "-ce"] as [Bytes] where bytes[end...].starts(with: tail.storage) { return end + 3 }
        return end
    }
}
