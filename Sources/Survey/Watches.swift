internal import Model

/// Which watch stands for which directory: a tree, in which a directory that is renamed keeps its watches.
///
/// Not the library's own table: that one keeps old names for ever, and removes by prefixes.
struct Watches {
    struct Node {
        var vault: VaultID
        /// The watch of the nearest directory above that has one; `nil` for a vault's root, and for a directory that
        /// was moved away and of which nobody knows yet where to.
        var parent: Int32?
        /// Its path from there.
        var name: Bytes
        var children: Set<Int32> = []
        /// The whole look at which it was last asked for.
        var sweep: UInt32 = 0
    }

    private struct Key: Hashable {
        var parent: Int32
        var name: Bytes
    }

    /// Counts the whole looks at each vault: what the last one has not asked for is watched for nothing.
    private var sweeps: [VaultID: UInt32] = [:]

    private(set) var nodes: [Int32: Node] = [:]
    private var roots: [VaultID: Int32] = [:]
    private var byName: [Key: Int32] = [:]
    /// Pushed off their name by a rename: deleted by it, or exchanged, of which the second rename is still to come.
    private var displaced: [Key: Int32] = [:]

    var count: Int { nodes.count }

    subscript(wd: Int32) -> Node? { nodes[wd] }

    func root(of vault: VaultID) -> Int32? { roots[vault] }

    /// The path in its vault; `nil` where it is not known (moved away).
    func path(of wd: Int32) -> (vault: VaultID, path: Bytes)? {
        var parts: [Bytes] = []
        var at = wd
        while let node = nodes[at] {
            if roots[node.vault] == at {
                return (node.vault, parts.reversed().reduce(Bytes()) { $0.appending($1) })
            }
            guard let parent = node.parent else { return nil }
            parts.append(node.name)
            at = parent
        }
        return nil
    }

    /// The watch that stands for exactly this path.
    func find(_ vault: VaultID, _ path: Bytes) -> Int32? {
        guard let (wd, rest) = nearest(vault, path), rest.isEmpty else { return nil }
        return wd
    }

    /// The watch of the deepest directory on the way to a path, and what is left of the way.
    private func nearest(_ vault: VaultID, _ path: Bytes) -> (wd: Int32, rest: Bytes)? {
        guard var wd = roots[vault] else { return nil }
        var rest = path.components[...]
        while !rest.isEmpty {
            // A child's name is one component, or several where those between had no watch.
            var name = Bytes()
            var next: (Int32, Int)?
            for (n, component) in rest.enumerated() {
                name = name.appending(component)
                if let child = byName[Key(parent: wd, name: name)] {
                    next = (child, n + 1)
                    break
                }
                if nodes[wd]?.children.isEmpty ?? true { break }
            }
            guard let (child, used) = next else { break }
            wd = child
            rest = rest.dropFirst(used)
        }
        return (wd, rest.reduce(Bytes()) { $0.appending($1) })
    }

    mutating func beginSweep(_ vault: VaultID) { sweeps[vault, default: 0] &+= 1 }

    /// A watch was added, or answered again for a directory that has one already, perhaps under another name.
    mutating func put(_ wd: Int32, _ vault: VaultID, _ path: Bytes) {
        hang(wd, vault, path)
        nodes[wd]?.sweep = sweeps[vault] ?? 0
    }

    private mutating func hang(_ wd: Int32, _ vault: VaultID, _ path: Bytes) {
        if path.isEmpty {
            if let old = nodes[wd], roots[vault] == wd, old.vault == vault { return }
            detach(wd)
            nodes[wd, default: Node(vault: vault, parent: nil, name: Bytes())].vault = vault
            roots[vault] = wd
            return
        }
        guard let (parent, name) = nearest(vault, path), parent != wd else { return }
        guard !name.isEmpty else {
            // Another directory has stood at this path: its watch says nothing any more.
            let stale = parent
            detach(stale)
            return hang(wd, vault, path)
        }
        if let old = nodes[wd], old.parent == parent, old.name == name { return }
        detach(wd)
        attach(wd, vault, to: parent, name)
    }

    /// A directory was renamed away from this name. Answers its watch.
    mutating func leave(_ parent: Int32, _ name: Bytes) -> Int32? {
        let key = Key(parent: parent, name: name)
        guard let wd = displaced.removeValue(forKey: key) ?? byName[key] else { return nil }
        if byName[key] == wd { detach(wd) }
        return wd
    }

    /// Where a renamed directory is now.
    mutating func arrive(_ wd: Int32, _ vault: VaultID, at parent: Int32, _ name: Bytes) {
        let key = Key(parent: parent, name: name)
        if let other = byName[key], other != wd {
            detach(other)
            displaced[key] = other
        }
        attach(wd, vault, to: parent, name)
    }

    private mutating func attach(_ wd: Int32, _ vault: VaultID, to parent: Int32, _ name: Bytes) {
        if let stale = byName[Key(parent: parent, name: name)], stale != wd { detach(stale) }
        var node = nodes[wd] ?? Node(vault: vault, parent: nil, name: name)
        node.parent = parent
        node.name = name
        nodes[wd] = node
        nodes[parent]?.children.insert(wd)
        byName[Key(parent: parent, name: name)] = wd
        if node.vault != vault { give(wd, to: vault) }
    }

    /// A directory moved from one vault into another takes all below it along.
    private mutating func give(_ wd: Int32, to vault: VaultID) {
        for inner in below(wd) { nodes[inner]?.vault = vault }
    }

    /// Out of its place, with all below it.
    private mutating func detach(_ wd: Int32) {
        guard let node = nodes[wd] else { return }
        if roots[node.vault] == wd { roots[node.vault] = nil }
        guard let parent = node.parent else { return }
        byName[Key(parent: parent, name: node.name)] = nil
        nodes[parent]?.children.remove(wd)
        nodes[wd]?.parent = nil
    }

    /// The watch is no more. What hung below it (the kernel is about to say the same of it) hangs in the air.
    mutating func remove(_ wd: Int32) {
        guard let node = nodes[wd] else { return }
        detach(wd)
        for (key, other) in displaced where other == wd || key.parent == wd { displaced[key] = nil }
        for child in node.children { detach(child) }
        nodes[wd] = nil
    }

    /// It and all below it.
    func below(_ wd: Int32) -> [Int32] {
        var found = [wd]
        var at = 0
        while at < found.count {
            found += nodes[found[at]]?.children ?? []
            at += 1
        }
        return found
    }

    func all(of vault: VaultID) -> [Int32] { nodes.filter { $0.value.vault == vault }.map(\.key) }

    /// Those of a vault that the last whole look has not asked for.
    func unswept(_ vault: VaultID) -> [Int32] {
        let sweep = sweeps[vault] ?? 0
        return nodes.filter { $0.value.vault == vault && $0.value.sweep != sweep }.map(\.key)
    }
}
