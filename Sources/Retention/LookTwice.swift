package import Model

/// Many series that hold one backup each and have names alike: perhaps they are one series, whose name is taken apart
/// wrongly. A vault where each thing has its own name and one backup so far is nothing to look at.
package struct LookTwice: Hashable, Sendable {
    /// In byte order.
    package let series: [Bytes]

    /// Fewer are no pattern.
    private static let fewest = 3
    /// At least this part of a vault's series: in a large vault a few new ones are no sign.
    private static let oneIn = 4

    /// `counts`: how many backups each series of a vault holds, those in the trash included. `nil`: nothing to look at.
    package init?(counts: [Bytes: Int]) {
        let single = counts.filter { $0.value == 1 }.keys
        let alike = Dictionary(grouping: single, by: Self.family).values.filter { $0.count >= Self.fewest }
        series = alike.flatMap { $0 }.sorted()
        guard series.count >= Self.fewest, series.count * Self.oneIn >= counts.count else { return nil }
    }

    /// What names that are alike have in common: the directory but for its digits, and the first word; where there is
    /// no word, the name but for its digits.
    private static func family(of key: Bytes) -> Bytes {
        let name = key.lastComponent.storage
        let word = name.prefix { ($0 | 0x20) >= UInt8(ascii: "a") && ($0 | 0x20) <= UInt8(ascii: "z") }
        return withoutDigits(key.parent).appending(word.count > 1 ? Bytes(word) : withoutDigits(Bytes(name)))
    }

    private static func withoutDigits(_ bytes: Bytes) -> Bytes {
        var shape = Bytes()
        for byte in bytes.storage {
            let isDigit = (0x30...0x39).contains(byte)
            if isDigit, shape.storage.last == UInt8(ascii: "#") { continue }
            shape.storage.append(isDigit ? UInt8(ascii: "#") : byte)
        }
        return shape
    }
}
