/// A word of at most 16 bytes as one number, ASCII's capitals made small: what endings and words of names are looked up
/// by, for each of a million names. A set of ``Bytes`` would cost more than all else.
package struct ShortWord: Hashable, Sendable {
    private let number: UInt128

    /// `nil`: nothing, or more than 16 bytes.
    package init?(_ bytes: ArraySlice<UInt8>) {
        guard (1...16).contains(bytes.count) else { return nil }
        var number: UInt128 = 0
        for byte in bytes { number = number << 8 | UInt128((0x41...0x5A).contains(byte) ? byte | 0x20 : byte) }
        self.number = number
    }

    /// The words of a text with blanks between them.
    package static func set(_ text: String) -> Set<ShortWord> {
        Set(text.split(separator: " ").compactMap { ShortWord(Array($0.utf8)[...]) })
    }

    /// What stands behind the last dot of a name, and where that dot is; `nil`: no such dot but as its first byte,
    /// nothing behind it, or more than 16 bytes.
    package static func ending(of name: [UInt8]) -> (word: ShortWord, dot: Int)? {
        var dot = name.count - 1
        let first = max(1, name.count - 17)
        while dot >= first {
            if name[dot] == UInt8(ascii: ".") { return ShortWord(name[(dot + 1)...]).map { ($0, dot) } }
            dot -= 1
        }
        return nil
    }
}
