package import Disk
package import Model

extension EndMarks {
    /// Reads the ends of a file, no more of them than its format needs; `nil` where no regular file has that name now.
    /// The size, inode and ctime of what was read come with it: compare them with what was seen.
    package static func probe(
        _ name: Bytes, in directory: Directory
    ) throws(Fault) -> (reading: EndMarkReading, ends: FileEnds)? {
        let ends = try directory.ends(of: name, head: headBytes) { tailBytes(name: name, head: $0) }
        guard let ends else { return nil }
        return (read(name: name, size: ends.size, head: ends.head, tail: ends.tail), ends)
    }

    /// Of a directory that is one backup: by its `backup_manifest`, where it has one.
    package static func probe(directory: Directory) throws(Fault) -> EndMarkReading {
        guard let ends = try directory.ends(of: manifestName, head: 0, tail: 1024) else {
            return EndMarkReading(mark: .none, format: "a directory")
        }
        return readManifest(tail: ends.tail)
    }
}
