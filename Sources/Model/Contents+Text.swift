/// As it stands in a row of the catalog and in manifests: lists in lists, set apart by ASCII's separators, which no
/// word of it holds. Decoding a hundred thousand of them as JSON would take seconds.
extension Contents {
    private static let unit: Character = "\u{1F}"
    private static let record: Character = "\u{1E}"
    private static let group: Character = "\u{1D}"

    package var text: String {
        let words = [
            tool, self.file, said, why, kind?.rawValue, outcome.rawValue, level.map { String($0) },
            isNoBase ? "1" : nil, protectedBy,
        ]
        return [
            words.map { Self.clean($0 ?? "") }.joined(separator: String(Self.unit)),
            provides.map(Self.text).joined(separator: String(Self.record)),
            needs.map(Self.text).joined(separator: String(Self.record)),
            signs.map(Self.clean).joined(separator: String(Self.record)),
        ].joined(separator: String(Self.group))
    }

    /// `nil`: written by nobody of ours.
    package init?(text: String) {
        let parts = text.split(separator: Self.group, omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        let words = parts[0].split(separator: Self.unit, omittingEmptySubsequences: false).map(String.init)
        guard words.count == 9, let outcome = Outcome(rawValue: words[5]) else { return nil }
        func word(_ n: Int) -> String? { words[n].isEmpty ? nil : words[n] }
        self.init()
        (tool, file, said, why) = (word(0), word(1), word(2), word(3))
        (kind, self.outcome, level) = (word(4).flatMap(Backup.Kind.init), outcome, word(6).flatMap { Int($0) })
        (isNoBase, protectedBy) = (word(7) != nil, word(8))
        for part in parts[1].split(separator: Self.record) {
            guard let token = Self.token(part) else { return nil }
            provides.append(token)
        }
        for part in parts[2].split(separator: Self.record) {
            guard let need = Self.need(part) else { return nil }
            needs.append(need)
        }
        signs = parts[3].split(separator: Self.record).map(String.init)
    }

    /// A number for what it says, the same in every process.
    package var digest: UInt64 {
        var digest = FNV()
        for byte in text.utf8 { digest.add(byte) }
        return digest.value
    }

    /// Separators of its own would take it apart.
    private static func clean(_ word: String) -> String {
        guard word.utf8.contains(where: { (0x1C...0x1F).contains($0) }) else { return word }
        return String(decoding: word.utf8.map { (0x1C...0x1F).contains($0) ? 0x20 : $0 }, as: UTF8.self)
    }

    private static func text(_ token: Token) -> String {
        [token.space, token.scope, token.value].map(clean).joined(separator: String(unit))
    }

    private static func token(_ text: Substring) -> Token? {
        let words = text.split(separator: unit, omittingEmptySubsequences: false).map(String.init)
        return words.count == 3 ? Token(words[0], words[2], scope: words[1]) : nil
    }

    private static func text(_ need: Need) -> String {
        switch need {
        case .exactly(let token): "=" + text(token)
        case .newestBefore(let token): "<" + text(token)
        case .lastFull: "F"
        case .previous: "P"
        case .levelsBelow(let level): "L\(level)"
        case .unknown(let why): "?" + clean(why)
        }
    }

    private static func need(_ text: Substring) -> Need? {
        let rest = text.dropFirst()
        switch text.first {
        case "=": return token(rest).map(Need.exactly)
        case "<": return token(rest).map(Need.newestBefore)
        case "F": return .lastFull
        case "P": return .previous
        case "L": return Int(rest).map(Need.levelsBelow)
        case "?": return .unknown(String(rest))
        default: return nil
        }
    }
}
