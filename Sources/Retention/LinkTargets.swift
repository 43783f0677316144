package import Model

/// What the symbolic links of a vault point to: it stays, or the link would lead nowhere.
package enum LinkTargets {
    /// Backups that a symbolic link of the vault points to, or into, and that link.
    package static func backups(of present: [Backup], among skippedEntries: [SkippedEntry]) -> [Bytes: Bytes] {
        var targets: [Bytes: Bytes] = [:]
        for entry in skippedEntries {
            if case .link(let target?) = entry.why { targets[entry.path] = target }
        }
        guard !targets.isEmpty else { return [:] }
        let paths = Dictionary(
            present.flatMap { backup in backup.members.map { ($0.path, backup.path) } }
        ) { first, _ in first }
        var linked: [Bytes: Bytes] = [:]
        for (link, target) in targets.sorted(by: { $0.key < $1.key }) {
            var target = resolve(target, targets) ?? Bytes()
            while !target.isEmpty {
                if let backup = paths[target] {
                    linked[backup] = linked[backup] ?? link
                    break
                }
                target = target.parent
            }
        }
        return linked
    }

    /// A path through the vault's links, as the kernel walks it: each component may be a link itself. `nil`: it leads
    /// out of the vault, or in a circle.
    private static func resolve(_ path: Bytes, _ links: [Bytes: Bytes]) -> Bytes? {
        var rest = path.components[...]
        var done: [Bytes] = []
        var followed = 0
        while let component = rest.popFirst() {
            if component == "." { continue }
            if component == ".." {
                guard done.popLast() != nil else { return nil }
                continue
            }
            done.append(component)
            guard let target = links[done.reduce(Bytes()) { $0.appending($1) }] else { continue }
            followed += 1
            guard followed <= 40 else { return nil }
            // A target stands as from the vault's top.
            done = []
            rest = (target.components + rest)[...]
        }
        return done.reduce(Bytes()) { $0.appending($1) }
    }
}
