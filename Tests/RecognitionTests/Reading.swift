import Disk
import Model
import Recognition

/// Reads a directory that is only names; a `/` at the end is a directory.
func read(
    _ names: [Bytes], in directory: Bytes = "d", by recognisers: Recognisers = .byName, zone: Zone = .utc
) -> DirectoryReading {
    var parser = NameTimeParser(zone: zone)
    let entries = names.map { name in
        name.hasSuffix("/")
            ? Directory.Entry(name: name.dropLast(1), kind: .directory, inode: 1)
            : Directory.Entry(name: name, kind: .file, inode: 1)
    }
    return DirectoryReading(of: entries, in: directory, by: recognisers, parser: &parser)
}

extension DirectoryReading {
    /// Why an entry is left alone; `nil`: it is not.
    func why(_ name: Bytes) -> String? { skippedEntries.first { $0.name == name }?.why.text }

    func unit(_ name: Bytes) -> Unit? { units.first { $0.name == name } }
}
