internal import Model

/// A name as a row of digits, letters, and what stands between.
struct NameTokens {
    enum Kind: Hashable {
        /// A number, and how many digits it has.
        case digits(Int)
        /// Eight or more hexadecimal digits, of both kinds: random ones.
        case nonce
        /// All else stands for itself.
        case text(Bytes)
    }

    struct Token {
        var kind: Kind
        var range: Range<Int>
    }

    let bytes: [UInt8]
    let tokens: [Token]

    /// What a name may have; others are not learnt from.
    private static let most = 40

    /// `nil`: it is no text, or it has too many parts.
    init?(_ name: Bytes) {
        guard name.count <= CustomRecogniser.longestName, name.utf8 != nil,
            !name.storage.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else { return nil }
        bytes = name.storage
        var (tokens, at): ([Token], Int) = ([], 0)
        while at < bytes.count {
            let token = Self.token(bytes, at)
            tokens.append(token)
            at = token.range.upperBound
        }
        guard tokens.count <= Self.most else { return nil }
        self.tokens = tokens
    }

    /// Names of one form have the same.
    var form: [Kind] { tokens.map(\.kind) }

    func text(_ index: Int) -> Bytes { Bytes(bytes[tokens[index].range]) }

    private static func token(_ bytes: [UInt8], _ start: Int) -> Token {
        func end(_ isPart: (UInt8) -> Bool) -> Int { bytes[start...].firstIndex { !isPart($0) } ?? bytes.count }
        let word = end { $0.isDigit || $0.isLetter }
        if word - start >= 8, isNonce(bytes[start..<word]) { return Token(kind: .nonce, range: start..<word) }
        if bytes[start].isDigit {
            let digits = end(\.isDigit)
            return Token(kind: .digits(digits - start), range: start..<digits)
        }
        let next = bytes[start].isLetter ? end(\.isLetter) : start + 1
        return Token(kind: .text(Bytes(bytes[start..<next])), range: start..<next)
    }

    private static func isNonce(_ word: ArraySlice<UInt8>) -> Bool {
        word.allSatisfy { ByteSet.hexadecimal.contains($0) } && word.contains(where: \.isDigit)
            && word.contains(where: \.isLetter)
    }
}
