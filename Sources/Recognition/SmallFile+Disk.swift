package import Disk
package import Model

extension PlaceNames {
    /// `path`: of the directory in the vault.
    package init(of entries: [Directory.Entry], in path: Bytes, _ place: Directory) {
        let directories = Set(entries.lazy.filter { $0.kind == .directory || $0.kind == .unknown }.map(\.name))
        self.init(
            directory: path, names: Set(entries.map(\.name)), isDirectory: { directories.contains($0) },
            inside: { Self.some(in: $0, of: place) }, file: { SmallFile($0, in: place) })
    }

    /// At most a thousand names in one of its directories.
    package static func some(in name: Bytes, of place: Directory) -> [Bytes] {
        guard let inside = try? place.open(name) else { return [] }
        return (try? inside.entries(most: 1000))?.map(\.name) ?? []
    }
}

extension SmallFile {
    /// Of this directory, whole; `nil` where there is none. Only a regular file is opened.
    package init?(_ name: Bytes, in directory: Directory) {
        do {
            guard let ends = try FileLook(name, in: directory).ends(head: SmallFile.limit, tail: 0) else {
                guard directory.holds(name) else { return nil }
                self = .unread(.noFile)
                return
            }
            self = ends.size <= Int64(SmallFile.limit) ? .text(Bytes(ends.head)) : .unread(.tooLarge)
        } catch {
            self = .unread(.init("could not be read: \(error.message)"))
        }
    }
}
