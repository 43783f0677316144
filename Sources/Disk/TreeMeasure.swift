internal import Glibc
package import Model

/// A directory taken as one backup, summed up: two equal measures a quiet period apart mean that it rests.
package struct TreeMeasure: Hashable, Sendable {
    package var entries = 0
    package var size: Int64 = 0
    package var allocated: Int64 = 0
    package var newestChange: Timestamp
    /// What makes it no backup, or not movable: another vault, another device.
    package var obstacle: String?

    /// Walks the tree below `directory`, which is part of it. At most two descriptors, no links, no mounts.
    package init(of directory: Directory) throws(Fault) {
        let own = try directory.sighting()
        newestChange = own.ctime
        size = own.size
        allocated = own.allocated
        entries = 1
        var waiting: [Bytes] = [Bytes()]
        while let path = waiting.popLast() {
            let place: Directory
            do {
                place = try directory.open(path)
            } catch {
                if error.errno == ENOENT { continue }  // it changes while we look: the next walk differs
                if error.errno == EXDEV || error.errno == ELOOP {
                    note("another file system is mounted at '\(path.display)'")
                    continue
                }
                throw error
            }
            for entry in try place.entries() {
                if entry.name == ".trash", (try? place.open(entry.name).read("vault.json", limit: 1 << 20)) != nil {
                    note("a vault lies inside it, at '\(path.display)'")
                }
                guard entry.kind != .directory else {
                    waiting.append(path.appending(entry.name))
                    add(try place.sighting(of: entry.name))
                    continue
                }
                let seen = try place.sighting(of: entry.name)
                add(seen)
                if seen?.kind == .directory { waiting.append(path.appending(entry.name)) }
            }
        }
    }

    private mutating func add(_ seen: Sighting?) {
        guard let seen else { return }
        entries += 1
        size = size.adding(seen.size)
        allocated = allocated.adding(seen.allocated)
        newestChange = max(newestChange, seen.ctime)
    }

    private mutating func note(_ text: String) { obstacle = obstacle ?? text }
}
