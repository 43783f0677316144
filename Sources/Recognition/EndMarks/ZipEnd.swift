internal import Model

/// A zip ends with its end-of-central-directory record: 22 bytes, and a comment that reaches exactly to the end.
enum ZipEnd {
    private static let record = Array("PK\u{5}\u{6}".utf8)
    private static let locator = Array("PK\u{6}\u{7}".utf8)

    static func mark(_ ends: FileEnding) -> EndMark {
        let isZip = ends.head.starts(with: "PK".utf8)
        if let mark = mark(ends, upTo: ends.tail.count) { return mark }
        if ends.isInBlocks {
            // Zeros behind it: the last bytes of a record without a comment are zeros too.
            let bytes = ends.zerosFrom
            guard bytes > 0 else { return ends.markOfZeros }
            for end in bytes...min(ends.tail.count, bytes + 21) {
                if let mark = mark(ends, upTo: end) { return mark }
            }
        }
        // Only its name says that it is one: something stands before it, or it is something else.
        return isZip ? .absent : .none
    }

    private static func mark(_ ends: FileEnding, upTo end: Int) -> EndMark? {
        let tail = ends.tail[..<end]
        var before = tail
        while let at = before.lastIndex(of: record) {
            if end - at >= 22, Int(tail.little(at + 20, 2)) == end - at - 22, let mark = judge(ends, at) { return mark }
            before = tail[..<(at + 3)]
        }
        return nil
    }

    /// The record at `at`, which reaches to the end: is it this file's own?
    private static func judge(_ ends: FileEnding, _ at: Int) -> EndMark? {
        let position = UInt64(ends.offset) + UInt64(at)
        let directory = ends.tail.little(at + 12, 4)
        let start = ends.tail.little(at + 16, 4)
        // zip64: the true numbers stand elsewhere, and a locator before this record.
        if at >= 20, ends.tail[(at - 20)..<(at - 16)].elementsEqual(locator) { return .shown }
        guard directory <= position else { return nil }
        if !ends.head.starts(with: "PK".utf8) { return .shown }  // behind a program that takes it apart, or split
        if start + directory == position { return .shown }
        // Numbers of another file, of a zip stored in this one at which it was cut off; or a signature stands between.
        return EndMark.none
    }
}
