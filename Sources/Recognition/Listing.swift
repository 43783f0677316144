package import Disk
package import Model

/// The entries of one directory, and what was said of each so far.
package struct Listing: Sendable {
    package struct Entry: Sendable {
        package let name: Bytes
        package let kind: Directory.Entry.Kind
        /// Its writer is not done, by the name.
        package let isTemporary: Bool
        /// The name that it will have when its writer is done: to that series it will belong.
        package let finalName: Bytes

        package var isFile: Bool { kind == .file }
        package var isDirectory: Bool { kind == .directory }
    }

    /// Its path in the vault; empty for the vault itself.
    package let directory: Bytes
    /// In the order of their names, without `.trash`.
    package let entries: [Entry]
    package var parser: NameTimeParser
    package private(set) var claims: [Claim?]
    /// Why an entry that nobody claims is left alone, where more is known than "no date in its name".
    package private(set) var remarks: [Int: String] = [:]
    /// ``directory`` as the beginning of a key.
    private let prefix: [UInt8]

    init(of entries: [Directory.Entry], in directory: Bytes, parser: NameTimeParser) {
        self.directory = directory
        self.parser = parser
        prefix = directory.isEmpty ? [] : SeriesKey.escaped(directory).storage + [UInt8(ascii: "/")]
        self.entries = entries.filter { $0.name != ".trash" }.sorted { $0.name < $1.name }.map { entry in
            let isTemporary = TemporaryNames.isTemporary(entry.name)
            return Entry(
                name: entry.name, kind: entry.kind, isTemporary: isTemporary,
                finalName: isTemporary ? TemporaryNames.finalName(of: entry.name) : entry.name)
        }
        claims = Array(repeating: nil, count: self.entries.count)
    }

    package func isOpen(_ index: Int) -> Bool { if case nil = claims[index] { true } else { false } }

    package mutating func claim(_ index: Int, as claim: Claim) { claims[index] = claim }

    package mutating func leave(_ index: Int, _ why: String) { claims[index] = .leftAlone(.foreign(why)) }

    /// The first word counts.
    package mutating func remark(_ index: Int, _ why: String) { remarks[index] = remarks[index] ?? why }

    /// The key of a series of this directory; `pattern`: escaped already.
    package func key(_ pattern: Bytes) -> Bytes {
        var key = Bytes()
        key.storage.reserveCapacity(prefix.count + pattern.count)
        key.storage += prefix
        key.storage += pattern.storage
        return key
    }

    /// Where a name stands; `nil`: it is not here.
    package func index(of name: Bytes) -> Int? {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].name < name { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].name == name ? low : nil
    }
}
