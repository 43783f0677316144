package import Model

/// An end mark, and of what.
package struct EndMarkReading: Hashable, Sendable {
    package var mark: EndMark
    /// For people: "xz", "gzip", "plain SQL".
    package var format: String

    package init(mark: EndMark, format: String) {
        self.mark = mark
        self.format = format
    }

    /// For the note of a backup; `nil` where there is nothing to say.
    package var note: String? {
        switch mark {
        case .unprobed: "its end has not been read yet"
        case .absent: "cut off: the end mark of \(format) is missing"
        case .footerAbsent: "its last lines do not say that the dump is complete (\(format))"
        case .none: "no end mark that could be checked (\(format))"
        case .contradicted: "its first bytes are not what its name says"
        case .shown, .footerShown: nil
        }
    }
}

/// Reads end marks: by what a file begins with, and by its name only where that says nothing.
///
/// A whole file called cut off counts for nothing although it could be restored, and that is worse than the reverse:
/// what is in doubt is ``EndMark/none``. The mark of a compressed tar is that of its compression.
package enum EndMarks {
    /// So much of the beginning is needed: two blocks of a tar.
    package static let headBytes = 1024
    /// So much of the end is needed at most: a zip's comment may have 65,535 bytes. Others need less
    /// (``tailBytes(name:head:)``).
    package static let tailBytes = 66 * 1024

    /// So much of the end is needed for a file that begins like this.
    package static func tailBytes(name: Bytes, head: [UInt8]) -> Int {
        tailBytes(of: FileFormat(name: name, head: head))
    }

    /// `head` and `tail` are the first ``headBytes`` and the last ``tailBytes`` of the file, all of it where it is
    /// shorter; what was given less of is unprobed.
    package static func read(name: Bytes, size: Int64, head: [UInt8], tail: [UInt8]) -> EndMarkReading {
        guard size > 0 else { return EndMarkReading(mark: .none, format: "an empty file") }
        let format = FileFormat(name: name, head: head)
        let needed = min(size, Int64(tailBytes(of: format)))
        guard head.count >= min(size, Int64(headBytes)), tail.count >= needed, tail.count <= size else {
            return EndMarkReading(mark: .unprobed, format: format.text)
        }
        let ends = FileEnding(size: size, head: head, tail: tail)
        var mark = mark(of: format, ends)
        if mark == .absent, let signed = ends.withoutArmor { mark = self.mark(of: format, signed) }
        // The first of several pieces has the head of the whole, and no end.
        if mark == .absent, PieceNames.isFirst(name) { mark = .none }
        if mark == .none, FileFormat.contradicts(name: name, head: head) { mark = .contradicted }
        return EndMarkReading(mark: mark, format: format.text)
    }

    private static func mark(of format: FileFormat, _ ends: FileEnding) -> EndMark {
        switch format {
        case .xz: XZEnd.mark(ends)
        case .bzip2: Bzip2End.mark(ends)
        case .lz4: LZ4End.mark(ends)
        case .zip: ZipEnd.mark(ends)
        case .tar: TarEnd.mark(ends)
        case .bolt: BoltEnd.mark(ends)
        case .sql(let dialect): SQLFooter.mark(dialect, ends)
        case .backupManifest: BackupManifest.mark(ends.tail)
        case .cutOff: .absent
        case .noMark: .none
        }
    }

    private static func tailBytes(of format: FileFormat) -> Int {
        switch format {
        case .zip: tailBytes
        // Twenty tape blocks of zeros may stand behind the end, and an armored signature.
        case .xz, .bzip2, .lz4, .tar: 12 * 1024
        case .sql, .backupManifest: 1024
        case .bolt, .cutOff, .noMark: 0
        }
    }

    /// The file whose end tells of a directory that is one backup: PostgreSQL writes it last.
    package static let manifestName: Bytes = "backup_manifest"

    /// Of a directory with a `backup_manifest`: by that file's last bytes (a kilobyte is enough).
    package static func readManifest(tail: [UInt8]) -> EndMarkReading {
        EndMarkReading(mark: BackupManifest.mark(tail), format: "backup_manifest")
    }
}

/// Both ends of a file.
struct FileEnding {
    let size: Int64
    let head: [UInt8]
    let tail: [UInt8]

    /// Where the tail begins in the file.
    var offset: Int64 { size - Int64(tail.count) }

    /// What is written in blocks (`dd conv=sync`, tapes) has zeros behind its end, up to a multiple of 512.
    var isInBlocks: Bool { size.isMultiple(of: 512) }

    /// Index behind the last byte of the tail that is not zero.
    var zerosFrom: Int { (tail.lastIndex { $0 != 0 } ?? -1) + 1 }

    /// Of a tail with nothing but zeros: an end mark may stand before them, or the file was made long before it was
    /// written.
    var markOfZeros: EndMark { isInBlocks ? .none : .absent }

    /// The file without an armored signature behind its end.
    var withoutArmor: FileEnding? {
        let begin = Array("-----BEGIN ".utf8)
        let end = Array("-----".utf8)
        guard let last = tail.lastIndex(where: { $0 != 0x0A && $0 != 0x0D }), last >= begin.count + end.count,
            tail[...last].suffix(end.count).elementsEqual(end),
            let start = tail[..<last].lastIndex(of: begin)
        else { return nil }
        return FileEnding(size: offset + Int64(start), head: head, tail: Array(tail[..<start]))
    }
}

extension RandomAccessCollection<UInt8> where Index == Int {
    /// The last place where `bytes` stand.
    func lastIndex(of bytes: [UInt8]) -> Int? {
        guard let first = bytes.first, count >= bytes.count else { return nil }
        var at = endIndex - bytes.count
        while at >= startIndex {
            if self[at] == first, self[at..<(at + bytes.count)].elementsEqual(bytes) { return at }
            at -= 1
        }
        return nil
    }

    /// The little-endian number of `length` bytes at `at`, which must be there.
    func little(_ at: Int, _ length: Int) -> UInt64 {
        (0..<length).reduce(0) { $0 | UInt64(self[at + $1]) << (8 * UInt64($1)) }
    }
}
