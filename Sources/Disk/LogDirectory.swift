internal import Glibc
package import Model

/// What the audit log does with its own files. They lie in no vault (invariant 4 is of vaults), and each name that is
/// given here begins with the log's.
package struct LogDirectory {
    let directory: Directory
    let log: Bytes

    package init(_ directory: Directory, log: Bytes) { (self.directory, self.log) = (directory, log) }

    /// Renames a log that is full, or a part that was packed, and replaces nothing. Durable when it returns.
    package func putAside(_ name: Bytes, as newName: Bytes) throws(Fault) {
        precondition(newName.hasPrefix(log + "."), "a part of a log has its name")
        try directory.rename(name, to: directory, as: newName)
        try directory.sync()
    }

    /// Removes a part whose time is over, or that was packed. Not durable: what a crash brings back goes again.
    package func removePart(_ name: Bytes) throws(Fault) {
        precondition(name.hasPrefix(log + "."), "a part of a log has its name, and the log itself is never removed")
        let answer = directory.layer.unlink(directory.descriptor, name, isDirectory: false)
        guard answer != -ENOENT else { return }
        try check(answer, "remove", directory.path.appending(name))
    }
}
