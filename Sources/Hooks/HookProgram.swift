internal import Disk
internal import Model

/// A program of a hook: whether it may be run. As root we run nothing that somebody else may write.
struct HookProgram {
    let path: Bytes

    init(_ path: Bytes) { self.path = path }

    /// `nil`: none.
    var problem: String? { fault?.message }

    var fault: Fault? {
        do throws(Fault) {
            let resolved = Surroundings.resolved(path) ?? path
            guard let seen = try Directory.open(absolute: resolved.parent).sighting(of: resolved.lastComponent) else {
                return Fault(
                    .notFound, "'\(path.display)' is not there", hint: "install it, or correct its path", path: path)
            }
            guard seen.kind == .file else { return Fault(.unsafe, "'\(path.display)' is not a file", path: path) }
            guard seen.mode & 0o111 != 0 else {
                return Fault(
                    .permission, "'\(path.display)' may not be executed", hint: "chmod +x \(shell: path)",
                    path: path)
            }
            guard seen.mode & 0o002 == 0 else {
                return Fault(
                    .unsafe, "'\(path.display)' may be written by everybody", hint: "chmod o-w \(shell: path)",
                    path: path)
            }
            guard !Surroundings.isRoot || (seen.uid == 0 && seen.mode & 0o020 == 0) else {
                return Fault(
                    .unsafe, "'\(path.display)' may be written by others, and we run as root",
                    hint: "chown root \(shell: path); chmod go-w \(shell: path)", path: path)
            }
            try Surroundings.checkAncestors("the program '\(path.display)'", resolved.parent)
            return nil
        } catch {
            return error.errno == Errno.ENOENT
                ? Fault(
                    .notFound, "'\(path.display)' is not there", hint: "install it, or correct its path", path: path)
                : error
        }
    }
}
