/// A set of bytes.
struct ByteSet: Hashable, Sendable {
    private var words = SIMD4<UInt64>()

    init() {}

    init(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { insert(byte) }
    }

    mutating func insert(_ byte: UInt8) { words[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }

    func contains(_ byte: UInt8) -> Bool { words[Int(byte >> 6)] >> UInt64(byte & 63) & 1 == 1 }

    func union(_ other: ByteSet) -> ByteSet { with(words | other.words) }
    func intersection(_ other: ByteSet) -> ByteSet { with(words & other.words) }
    var isEmpty: Bool { words == SIMD4<UInt64>() }

    private func with(_ words: SIMD4<UInt64>) -> ByteSet {
        var set = ByteSet()
        set.words = words
        return set
    }

    static let all = ByteSet(0...255)
    static let digits = ByteSet(UInt8(ascii: "0")...UInt8(ascii: "9"))
    static let hexadecimal = digits.union(ByteSet("abcdefABCDEF".utf8))
    static let lettersAndDigits = digits.union(
        ByteSet((UInt8(ascii: "A")...UInt8(ascii: "Z")))
    ).union(ByteSet(UInt8(ascii: "a")...UInt8(ascii: "z")))
    /// What a name may hold: in a path no field goes over a `/`.
    static let name = ByteSet((0...255).filter { $0 != UInt8(ascii: "/") })
    static let slash = ByteSet([UInt8(ascii: "/")])
}
