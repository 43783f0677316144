internal import Model

/// An lz4 frame ends with four zeros and, where its header says so, a checksum of four bytes.
enum LZ4End {
    private static let magic: [UInt8] = [0x04, 0x22, 0x4D, 0x18]

    static func mark(_ ends: FileEnding) -> EndMark {
        guard ends.head.count > 6 else { return .absent }
        guard ends.head[4] >> 6 == 1 else { return .none }  // a version that is not out yet
        // Of a short file all is known. Otherwise four zeros could be of the data; of little of it that is likely.
        if ends.offset == 0 { return walk(ends) }
        let hasChecksum = ends.head[4] & 0x04 != 0
        let count = ends.tail.count
        let bytes = ends.zerosFrom
        guard bytes > 0 else { return ends.markOfZeros }
        let candidates = ends.isInBlocks ? Array(bytes...min(count, bytes + 4)) : [count]
        func isEnd(checksum: Bool) -> Bool {
            if !checksum { return count - bytes >= 4 }
            return candidates.contains { $0 >= 8 && ends.tail[($0 - 8)..<($0 - 4)].allSatisfy { $0 == 0 } }
        }
        if isEnd(checksum: hasChecksum) { return .shown }
        // Of several frames the last may be of the other kind, or one that a reader skips.
        return isEnd(checksum: !hasChecksum) || endsWithSkippable(ends.tail) ? .none : .absent
    }

    private static func endsWithSkippable(_ tail: [UInt8]) -> Bool {
        (0..<max(0, tail.count - 7)).contains { at in
            isSkippable(tail[at...]) && tail.little(at + 4, 4) == UInt64(tail.count - at - 8)
        }
    }

    private static func isSkippable(_ rest: ArraySlice<UInt8>) -> Bool {
        guard let first = rest.first, first & 0xF0 == 0x50 else { return false }
        return rest.dropFirst().starts(with: [0x2A, 0x4D, 0x18] as [UInt8])
    }

    /// From frame to frame, from block to block.
    private static func walk(_ ends: FileEnding) -> EndMark {
        var rest = ends.tail[...]
        while !rest.isEmpty {
            if isSkippable(rest), rest.count >= 8 {
                let length = rest.little(rest.startIndex + 4, 4)
                guard length <= rest.count - 8 else { return .absent }
                rest = rest.dropFirst(8 + Int(length))
            } else if rest.starts(with: magic), rest.count > 6 {
                guard let behind = behindFrame(rest) else { return .absent }
                rest = behind
            } else if rest.count < 7 || (ends.isInBlocks && rest.allSatisfy { $0 == 0 }) {
                return rest.allSatisfy { $0 == 0 } ? .shown : .absent
            } else {
                return .none
            }
        }
        return .shown
    }

    /// What stands behind a frame; `nil`: it does not end.
    private static func behindFrame(_ frame: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let flags = frame[frame.startIndex + 4]
        // Magic, flags, block size, checksum of these; the sizes of the content and a dictionary's id where they are.
        var rest = frame.dropFirst(7 + (flags & 0x08 != 0 ? 8 : 0) + (flags & 0x01 != 0 ? 4 : 0))
        while rest.count >= 4 {
            let length = Int(rest.little(rest.startIndex, 4) & 0x7FFF_FFFF)
            rest = rest.dropFirst(4)
            let checksum = length == 0 ? flags & 0x04 : flags & 0x10
            guard rest.count >= length + (checksum != 0 ? 4 : 0) else { return nil }
            rest = rest.dropFirst(length + (checksum != 0 ? 4 : 0))
            if length == 0 { return rest }
        }
        return nil
    }
}
