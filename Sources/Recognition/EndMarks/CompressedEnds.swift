internal import Model

/// xz ends with a footer of 12 bytes: CRC32 of the six bytes behind it, size of the index before it, flags, `YZ`.
/// Zeros may follow, a multiple of four.
enum XZEnd {
    static func mark(_ ends: FileEnding) -> EndMark {
        let end = ends.zerosFrom
        guard end > 0 else { return ends.markOfZeros }
        guard (ends.tail.count - end).isMultiple(of: 4), end >= 12 else { return .absent }
        let footer = ends.tail[(end - 12)..<end]
        let start = footer.startIndex
        guard footer.suffix(2).elementsEqual("YZ".utf8), footer[start + 8] == 0, footer[start + 9] & 0xF0 == 0,
            footer.little(start, 4) == UInt64(crc32(footer[(start + 4)..<(start + 10)]))
        else { return .absent }
        let index = Int64(footer.little(start + 4, 4) + 1) * 4
        // Header, index and footer fit into the file, and the index begins with its indicator, a zero.
        guard index <= ends.size - 24 else { return .absent }
        guard index <= end - 12 else { return .shown }
        return ends.tail[end - 12 - Int(index)] == 0 ? .shown : .absent
    }

    /// Of a few bytes; a table would cost more than it saves.
    static func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        ~bytes.reduce(UInt32.max) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { rest, _ in rest >> 1 ^ (rest & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
    }
}

/// bzip2 ends with 48 bits of magic and a CRC of 32, at any bit, and up to seven zero bits to the next byte.
enum Bzip2End {
    private static let blockMagic: UInt64 = 0x3141_5926_5359
    private static let endMagic: UInt64 = 0x1772_4538_5090

    static func isHeader(_ head: [UInt8]) -> Bool {
        guard head.count > 3 else { return true }  // as far as it goes
        guard (0x31...0x39).contains(head[3]) else { return false }
        guard head.count >= 10 else { return true }
        let magic = head[4..<10].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return magic == blockMagic || magic == endMagic
    }

    static func mark(_ ends: FileEnding) -> EndMark {
        let bytes = ends.zerosFrom
        guard bytes > 0 else { return ends.markOfZeros }
        let count = ends.tail.count
        // Where blocks were filled up with zeros, the last of the CRC may be zeros too.
        let candidates = ends.isInBlocks ? Array(bytes...min(count, bytes + 5)) : [count]
        return candidates.contains { endsThere(ends.tail[..<$0]) } ? .shown : .absent
    }

    private static func endsThere(_ tail: ArraySlice<UInt8>) -> Bool {
        guard tail.count >= 11, let last = tail.last else { return false }
        let before = tail.dropLast(4).suffix(7).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return (0..<8).contains { padding in
            before >> UInt64(padding) & 0xFFFF_FFFF_FFFF == endMagic && last & (1 << UInt8(padding) - 1) == 0
        }
    }
}
