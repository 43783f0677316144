internal import Glibc
package import Model

/// What the audit log does with its own files. They lie in no vault (invariant 4 is of vaults), and each name that is
/// given here begins with the log's.
extension Directory {
    /// Renames a log that is full, or a part that was packed, and replaces nothing. Durable when it returns.
    package func putAside(_ name: Bytes, as newName: Bytes, ofLog log: Bytes) throws(Fault) {
        precondition(newName.hasPrefix(log + "."), "a part of a log has its name")
        try rename(name, to: self, as: newName)
        try sync()
    }

    /// Removes a part whose time is over, or that was packed. Not durable: what a crash brings back goes again.
    package func removePart(_ name: Bytes, ofLog log: Bytes) throws(Fault) {
        precondition(name.hasPrefix(log + "."), "a part of a log has its name, and the log itself is never removed")
        let answer = layer.unlink(descriptor, name, isDirectory: false)
        guard answer != -ENOENT else { return }
        try check(answer, "remove", path.appending(name))
    }
}
