package import Model

extension Surroundings {
    /// Refuses a path of which another user may swap a part, where we run as root. `what`: names it in the error.
    package static func checkAncestors(_ what: String, _ start: Bytes) throws(Fault) {
        guard isRoot else { return }
        var path = Reach.resolved(start) ?? start
        while true {
            let seen = try Directory.open(absolute: path).sighting()
            guard seen.mode & 0o002 == 0 || seen.mode & 0o1000 != 0 else {
                throw Fault(
                    .unsafe,
                    "refused \(what): everybody may write in '\(path.display)', and we run as root",
                    hint: "chmod o-w \(shell: path), or run Reprieve as its owner", path: path)
            }
            guard path != "/" else { return }
            path = path.parent.isEmpty ? "/" : path.parent
        }
    }
}
