internal import Glibc
package import Model

/// Moves what was in the trash into a directory where others make names, too.
package struct MoveOut {
    let source: Directory
    let target: Directory

    package init(from source: Directory, to target: Directory) { (self.source, self.target) = (source, target) }

    /// Renames into a directory where anybody may make a name at any moment, and replaces none.
    ///
    /// Where the file system cannot say so, a file gets its new name by a link, which replaces nothing; when that lasts
    /// its old name goes to `remains`, which is asked for only then. If we stop in between it has both names: never
    /// none, also where the disk does not keep the order. A directory is renamed onto a name that was free a moment
    /// before: at worst it takes the place of an empty directory.
    package func move(
        _ name: Bytes, as newName: Bytes, remains: () throws(Fault) -> Directory
    ) throws(Fault) {
        let deed = "move to '\(target.path.appending(newName).display)'"
        var answer = source.layer.rename(source.descriptor, name, to: target.descriptor, as: newName, replacing: false)
        if Directory.unsupported.contains(answer) {
            if try target.isTaken(newName) {
                answer = -EEXIST
            } else if source.kind(behind: name) == .directory {
                answer = source.layer.rename(
                    source.descriptor, name, to: target.descriptor, as: newName, replacing: true)
            } else {
                try check(
                    source.layer.link(source.descriptor, name, to: target.descriptor, as: newName), deed,
                    source.path.appending(name))
                try target.sync()
                try Self.giveUp(name, of: source, to: try remains())
                return
            }
        }
        try check(answer, deed, source.path.appending(name))
    }

    /// A name that is nobody's any more goes to `remains` (`.purging-*`), under a name that is free there.
    package static func giveUp(_ name: Bytes, of source: Directory, to remains: Directory) throws(Fault) {
        for n in 0..<10_000 {
            do {
                return try source.rename(name, to: remains, as: Bytes("given-up-\(n)"))
            } catch {
                guard error.errno == EEXIST else { throw error }
            }
        }
        throw Fault(.failed, "'\(remains.path.display)' is full of names", path: remains.path)
    }
}
