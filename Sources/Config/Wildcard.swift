internal import Disk
package import Model
internal import Retention

/// `/srv/backups/hosts/*`: a vault for each directory that matches.
package enum Wildcard {
    static func isPattern(_ path: Bytes) -> Bool {
        path.storage.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }
    }

    struct Match {
        var path: Bytes
        /// What stood for the wildcards: `web1`, or `web1-db` for two of them. Empty where there is none.
        var name: String
    }

    /// What stands for the wildcards in a path that a pattern matches; `nil`: it does not.
    package static func name(of path: Bytes, in pattern: Bytes) -> String? {
        let (names, parts) = (path.components, pattern.components)
        guard names.count == parts.count, zip(parts, names).allSatisfy({ Glob($0).matches($1) }) else { return nil }
        return zip(names, parts).filter { isPattern($1) }.map(\.0.display).joined(separator: "-")
    }

    /// The directories that match now, in byte order; a path without wildcard is its own match, there or not.
    static func expand(_ path: Bytes) -> [Match] {
        guard isPattern(path) else { return [Match(path: path, name: "")] }
        var found: [Bytes] = ["/"]
        for component in path.components {
            found = found.flatMap { step(from: $0, component) }
        }
        let wild = path.components.map(isPattern)
        // What does not answer is there, and hangs: it stays a vault, and shows as one that hangs.
        let (there, silent) = Reach.directories(found)
        return there.union(silent).sorted().map { match in
            let names = zip(match.components, wild).filter(\.1).map(\.0.display)
            return Match(path: match, name: names.joined(separator: "-"))
        }
    }

    private static func step(from parent: Bytes, _ component: Bytes) -> [Bytes] {
        let path = parent == "/" ? parent + component : parent.appending(component)
        guard isPattern(component) else {
            return [path]  // whether it is there shows at the end
        }
        // A directory that cannot be listed matches nothing; `config check` shows what a wildcard found.
        guard let entries = Reach.entries(of: parent) else { return [] }
        let glob = Glob(component)
        return entries.filter { $0.kind == .directory && !$0.name.hasPrefix(".") && glob.matches($0.name) }
            .map { parent == "/" ? parent + $0.name : parent.appending($0.name) }
    }
}
