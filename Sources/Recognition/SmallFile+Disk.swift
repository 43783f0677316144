package import Disk
package import Model

extension PlaceNames {
    /// `path`: of the directory in the vault.
    package init(of entries: [Directory.Entry], in path: Bytes, _ place: Directory) {
        let directories = Set(entries.lazy.filter { $0.kind == .directory || $0.kind == .unknown }.map(\.name))
        self.init(
            directory: path, names: Set(entries.map(\.name)), isDirectory: { directories.contains($0) },
            inside: { place.someNames(in: $0) }, file: { place.smallFile($0) })
    }
}

extension Directory {
    /// A small file of this directory, whole; `nil` where there is none. What is no regular file is not opened.
    package func smallFile(_ name: Bytes) -> SmallFile? {
        do {
            guard let ends = try FileLook(name, in: self).ends(head: SmallFile.limit, tail: 0) else {
                return holds(name) ? .unread(.noFile) : nil
            }
            guard ends.size <= Int64(SmallFile.limit) else {
                return .unread(.tooLarge)
            }
            return .text(Bytes(ends.head))
        } catch {
            return .unread(.init("could not be read: \(error.message)"))
        }
    }

    /// At most a thousand names in one of its directories.
    package func someNames(in name: Bytes) -> [Bytes] {
        guard let inside = try? open(name) else { return [] }
        return (try? inside.entries(most: 1000))?.map(\.name) ?? []
    }
}
