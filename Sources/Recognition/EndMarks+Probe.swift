package import Disk
package import Model

extension EndMarks {
    /// Reads the ends of a file, no more of them than its format needs; `nil` where no regular file has that name now.
    /// The size, inode and ctime of what was read come with it: compare them with what was seen.
    package static func probe(
        _ name: Bytes, in directory: Directory
    ) throws(Fault) -> (reading: EndMarkReading, ends: FileEnds)? {
        let ends = try FileLook(name, in: directory).ends(head: headBytes) { tailBytes(name: name, head: $0) }
        guard let ends else { return nil }
        return (read(name: name, size: ends.size, head: ends.head, tail: ends.tail), ends)
    }

    /// Of a file that was cut into pieces: by the beginning of the first and the end of the last, as if they stood one
    /// behind the other. `pieces`: in order, with the sizes that were seen; `whole`: the name of the whole. `nil` where
    /// one that was read is gone. The ends of each come with it: compare them with what was seen.
    package static func probe(
        _ whole: Bytes, pieces: [(name: Bytes, size: Int64)], in directory: Directory
    ) throws(Fault) -> (reading: EndMarkReading, ends: [(name: Bytes, ends: FileEnds)])? {
        guard !pieces.isEmpty else { return nil }
        var read: [(name: Bytes, ends: FileEnds)] = []
        var (head, tail): ([UInt8], [UInt8]) = ([], [])
        // A piece may be shorter than what is needed of its end of the whole.
        for piece in pieces.prefix(mostPieces) where head.count < headBytes {
            guard let ends = try FileLook(piece.name, in: directory).ends(head: headBytes - head.count, tail: 0) else {
                return nil
            }
            head += ends.head
            read.append((piece.name, ends))
        }
        let needed = tailBytes(name: whole, head: head)
        for piece in pieces.reversed().prefix(mostPieces) where tail.count < needed {
            guard let ends = try FileLook(piece.name, in: directory).ends(head: 0, tail: needed - tail.count) else {
                return nil
            }
            tail = ends.tail + tail
            read.append((piece.name, ends))
        }
        let size = pieces.reduce(Int64(0)) { sum, piece in
            let (total, overflow) = sum.addingReportingOverflow(piece.size)
            return overflow ? .max : total
        }
        return (Self.read(name: whole, size: size, head: head, tail: tail), read)
    }

    /// More pieces are not read for one end.
    private static let mostPieces = 64

    /// Of a directory that is one backup: by its `backup_manifest`, where it has one.
    package static func probe(directory: Directory) throws(Fault) -> EndMarkReading {
        guard let ends = try FileLook(manifestName, in: directory).ends(head: 0, tail: 1024) else {
            return EndMarkReading(mark: .none, format: "a directory")
        }
        return readManifest(tail: ends.tail)
    }
}
