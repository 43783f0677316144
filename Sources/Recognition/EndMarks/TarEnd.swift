internal import Model

/// A tar is of blocks of 512 bytes, and its last two at least are zeros.
///
/// Of the volumes of `tar -M` only the last has them; the first of these cannot be told from a tar that was cut off.
enum TarEnd {
    /// The magic of POSIX and GNU, or none (v7): in any case the header's own checksum.
    static func isHeader(_ head: [UInt8]) -> Bool {
        guard head.count >= 512, head[0] != 0, let sum = octal(head[148..<156]) else { return false }
        let others = head[..<148] + head[156..<512]
        let unsigned = others.reduce(8 * 0x20) { $0 + Int($1) }
        let signed = others.reduce(8 * 0x20) { $0 + Int(Int8(bitPattern: $1)) }  // some old tars
        return sum == unsigned || sum == signed
    }

    private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
        let digits = field.drop { $0 == 0x20 }.prefix { (0x30...0x37).contains($0) }
        guard !digits.isEmpty, field.suffix(from: digits.endIndex).allSatisfy({ $0 == 0x20 || $0 == 0 }) else {
            return nil
        }
        return digits.reduce(0) { $0 * 8 + Int($1 - 0x30) }
    }

    static func mark(_ ends: FileEnding) -> EndMark {
        let zeros = ends.isInBlocks ? ends.tail.count - ends.zerosFrom : 0
        if zeros >= 1024 { return .shown }
        // Some writers leave it at one block, and tar reads that with a warning.
        return zeros >= 512 || isVolume(ends.head) ? .none : .absent
    }

    /// One of several volumes: it says so itself (`M`: goes on from the one before; `V`: has a label).
    private static func isVolume(_ head: [UInt8]) -> Bool {
        let kind = head[156]
        return kind == UInt8(ascii: "M") || kind == UInt8(ascii: "V")
            || (kind == UInt8(ascii: "g") && head.lastIndex(of: Array("GNU.volume.".utf8)) != nil)
    }
}
