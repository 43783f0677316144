package import Model

/// The way to a directory that may be missing.
package struct MissingPath {
    /// The deepest directory on it that exists. Links in that part are a person's choice (/var/lib moved elsewhere).
    package let existing: Directory
    /// What is missing below it.
    package let names: [Bytes]

    package init(to path: Bytes) throws(Fault) {
        var names: [Bytes] = []
        var place = path
        while place.count > 1 {
            do {
                existing = try Directory.open(absolute: place)
                self.names = names
                return
            } catch {
                guard error.errno == Errno.ENOENT else { throw error }
            }
            names.insert(place.lastComponent, at: 0)
            place = place.parent
        }
        existing = try Directory.open(absolute: "/")
        self.names = names
    }

    /// Makes what is missing, and follows no link in it.
    package func make(mode: UInt32) throws(Fault) -> Directory {
        var directory = existing
        for name in names {
            let made = try directory.ensureDirectory(name, mode: mode)
            try directory.sync()
            directory = made
        }
        return directory
    }
}
