package import Model

/// Which backups of a vault need which: an incremental its base, and all that its base needs; a log its full one.
///
/// The graph is resolved over the whole vault, because what one needs may lie in another directory. Where a backup does
/// not say what it needs, the longer chain counts: everything back to and including the last full one of its series. A
/// chain never steps over a link that is not whole. Building it is linear but for the sorting of each series.
package struct LinkGraph: Sendable {
    /// One backup, as far as links go.
    package struct Node: Sendable {
        package var id: BackupID
        package var series: Bytes
        package var path: Bytes
        package var time: Timestamp
        package var kind: Backup.Kind
        package var isComplete: Bool
        /// Where it is: what is not in its place can be needed all the same, and then what needs it is broken.
        package var place = Place.present

        package enum Place: Sendable { case present, trashed, gone }

        var isTrashed: Bool { place != .present }
        /// What it needs by id, where somebody else resolved it: `retention simulate`, older manifests.
        package var parents: [BackupID] = []
        package var contents: Contents?
        /// Where its files are: what names what it needs by a path may name any of them.
        package var paths: [Bytes] = []

        package init(
            id: BackupID, series: Bytes, path: Bytes, time: Timestamp, kind: Backup.Kind, isComplete: Bool
        ) {
            self.id = id
            self.series = series
            self.path = path
            self.time = time
            self.kind = kind
            self.isComplete = isComplete
        }

        /// `accepted`: a person said of these objects that they are whole.
        package init(_ backup: Backup, _ place: Place = .present, accepted: Set<UInt64> = []) {
            self.init(
                id: backup.id, series: backup.series, path: backup.path, time: backup.time, kind: backup.kind,
                isComplete: backup.isComplete || backup.mayBeAccepted && accepted.contains(backup.id.object))
            self.place = place
            parents = backup.parent.map { [$0] } ?? []
            contents = backup.contents
            paths = backup.members.map(\.path)
        }

        init(_ candidate: Candidate, series: Bytes) {
            self.init(
                id: candidate.id, series: series, path: candidate.path, time: candidate.time, kind: candidate.kind,
                isComplete: candidate.isComplete)
            parents = candidate.parents
            contents = candidate.contents
            paths = [candidate.path]
        }

        var isLinked: Bool { kind != .full || !parents.isEmpty || !(contents?.needs.isEmpty ?? true) }
    }

    private let nodes: [Node]
    private let indices: [BackupID: Int32]
    /// The needs of node `n` are `targets[starts[n]..<starts[n + 1]]`; the first leads to its full one.
    private var starts: [Int32]
    private var targets: [Int32]
    /// Of these, what it may be based on and probably is not: it stays, and its absence breaks nothing.
    private var soft: Set<Int32> = []
    private var broken: [Int32: String] = [:]
    /// Why a backup is suspect because of what it stands on.
    private var doubtful: [Int32: String] = [:]
    private var roots: [Int32]

    /// `nil` where no backup needs another.
    package init?(_ nodes: [Node]) {
        guard nodes.contains(where: \.isLinked) else { return nil }
        self.nodes = nodes
        var indices: [BackupID: Int32] = [:]
        indices.reserveCapacity(nodes.count)
        // What is present comes before what is in the trash.
        for n in nodes.indices where indices[nodes[n].id] == nil { indices[nodes[n].id] = Int32(truncatingIfNeeded: n) }
        self.indices = indices
        var resolver = LinkResolver(nodes, indices)
        resolver.resolve()
        (starts, targets, soft, broken) = (resolver.starts, resolver.targets, resolver.soft, resolver.broken)
        roots = nodes.indices.map { Int32(truncatingIfNeeded: $0) }
        followUp()
    }

    // MARK: Reading

    package func contains(_ id: BackupID) -> Bool { indices[id] != nil }

    /// What it needs directly, as far as that is here or in the trash.
    package func needs(of id: BackupID) -> [BackupID] {
        guard let n = indices[id] else { return [] }
        return needs(of: Int(n)).map { nodes[Int($0)].id }
    }

    /// What it surely needs, without what it only may stand on as well.
    func sureNeeds(of id: BackupID) -> [BackupID] {
        guard let n = indices[id] else { return [] }
        return hardNeeds(of: Int(n)).map { nodes[Int($0)].id }
    }

    /// Why it cannot be restored; `nil`: it can, as far as is known.
    package func whyBroken(_ id: BackupID) -> String? { indices[id].flatMap { broken[$0] } }

    /// Why it is suspect although it does not look so itself.
    package func whyDoubtful(_ id: BackupID) -> String? { indices[id].flatMap { doubtful[$0] } }

    /// The full backup that it stands on at last; itself where it is one, or stands on none.
    package func root(of id: BackupID) -> BackupID { indices[id].map { nodes[Int(roots[Int($0)])].id } ?? id }

    /// These and all that they need, also where a chain is broken: the rest of it may still be of use.
    package func closure(of ids: some Sequence<BackupID>) -> Set<BackupID> {
        var found: Set<BackupID> = []
        var waiting: [Int32] = []
        for id in ids where found.insert(id).inserted {
            if let n = indices[id] { waiting.append(n) }
        }
        while let n = waiting.popLast() {
            for need in needs(of: Int(n)) where found.insert(nodes[Int(need)].id).inserted { waiting.append(need) }
        }
        return found
    }

    /// What needs it directly.
    package func dependents(of id: BackupID) -> [BackupID] {
        guard let n = indices[id] else { return [] }
        return nodes.indices.filter { needs(of: $0).contains(n) && !nodes[$0].isTrashed }.map { nodes[$0].id }
    }

    /// What needs each backup directly.
    package func dependents() -> [BackupID: [BackupID]] {
        var found: [BackupID: [BackupID]] = [:]
        for n in nodes.indices {
            for need in needs(of: n) { found[nodes[Int(need)].id, default: []].append(nodes[n].id) }
        }
        return found
    }

    /// All that becomes worthless without these, oldest first; without these themselves.
    package func worthless(without ids: Set<BackupID>) -> [BackupID] {
        let dependents = dependents()
        var found = ids
        var waiting = Array(ids)
        while let id = waiting.popLast() {
            for other in dependents[id] ?? [] where found.insert(other).inserted { waiting.append(other) }
        }
        return found.subtracting(ids).compactMap { indices[$0] }.map { nodes[Int($0)] }
            .filter { $0.place == .present }.sorted { ($0.time, $0.path) < ($1.time, $1.path) }.map(\.id)
    }

    private func needs(of n: Int) -> ArraySlice<Int32> { targets[Int(starts[n])..<Int(starts[n + 1])] }

    private func hardNeeds(of n: Int) -> [Int32] {
        guard !soft.isEmpty else { return Array(needs(of: n)) }
        return needs(of: n).indices.filter { !soft.contains(Int32(truncatingIfNeeded: $0)) }.map { targets[$0] }
    }

    /// How long the longest way from each down to a full one is, of those that need something.
    package func heights() -> [BackupID: Int] {
        var heights: [BackupID: Int] = [:]
        var copy = self
        copy.walk { graph, n, isCircle in
            let below = graph.needs(of: Int(n)).map { heights[graph.nodes[Int($0)].id] ?? 0 }.max()
            guard let below, !isCircle else { return }
            heights[graph.nodes[Int(n)].id] = below + 1
        }
        return heights
    }

    // MARK: What spreads

    /// What needs a broken one is broken too, and so is a circle. One walk, each link once.
    private mutating func followUp() {
        walk { graph, n, isCircle in
            if isCircle {
                graph.broken[n] = graph.broken[n] ?? "its chain goes in a circle"
                return
            }
            let needs = graph.needs(of: Int(n))
            if let first = needs.first { graph.roots[Int(n)] = graph.roots[Int(first)] }
            guard graph.broken[n] == nil,
                let bad = graph.hardNeeds(of: Int(n)).first(where: { graph.broken[$0] != nil })
            else { return }
            graph.broken[n] = "what it needs ('\(graph.nodes[Int(bad)].path.lastComponent.display)') is broken"
        }
    }

    /// What stands on a suspect one is suspect too. `suspects`: by object, and why.
    package mutating func spread(_ suspects: [UInt64: String]) {
        doubtful = [:]
        guard !suspects.isEmpty else { return }
        walk { graph, n, _ in
            let bad = graph.hardNeeds(of: Int(n)).first {
                graph.doubtful[$0] != nil || suspects[graph.nodes[Int($0)].id.object] != nil
            }
            guard let bad else { return }
            graph.doubtful[n] =
                graph.doubtful[bad]
                ?? "it stands on '\(graph.nodes[Int(bad)].path.lastComponent.display)', which is suspect"
        }
    }

    /// Visits each backup behind all that it needs. No recursion: a chain may have a hundred thousand links.
    private mutating func walk(_ visit: (inout LinkGraph, Int32, _ isCircle: Bool) -> Void) {
        var states = [UInt8](repeating: 0, count: nodes.count)  // 1: on the way, 2: done
        var stack: [(node: Int32, next: Int32)] = []
        for start in nodes.indices where states[start] == 0 {
            stack.append((Int32(truncatingIfNeeded: start), starts[start]))
            states[start] = 1
            while let (node, next) = stack.last {
                guard next < starts[Int(node) + 1] else {
                    stack.removeLast()
                    if states[Int(node)] != 3 { visit(&self, node, false) }
                    states[Int(node)] = 2
                    continue
                }
                stack[stack.count - 1].next += 1
                let target = targets[Int(next)]
                switch states[Int(target)] {
                case 0:
                    states[Int(target)] = 1
                    stack.append((target, starts[Int(target)]))
                case 1, 3:
                    // All on the way from there to here need each other.
                    for step in stack.reversed() {
                        if states[Int(step.node)] != 3 { visit(&self, step.node, true) }
                        states[Int(step.node)] = 3
                        if step.node == target { break }
                    }
                default: break
                }
            }
        }
    }
}

// MARK: - Resolving

/// Finds for each backup what it needs.
private struct LinkResolver {
    let nodes: [LinkGraph.Node]
    let indices: [BackupID: Int32]
    private(set) var starts: [Int32] = []
    private(set) var targets: [Int32] = []
    private(set) var soft: Set<Int32> = []
    private(set) var broken: [Int32: String] = [:]

    /// What stands before a backup in its series, by need that goes by order.
    private var byOrder: [Int32: Before] = [:]

    private struct Before {
        var needs: [Int32] = []
        /// It may be based on these, and probably is not.
        var soft: [Int32] = []
    }

    /// What an incremental or differential may be based on.
    private struct Base {
        var full: Int32?
        /// All since then that the next incremental has to name: the newest first, up to an incremental that names the
        /// rest itself.
        var open: [Int32] = []

        var all: [Int32] { open.isEmpty ? [full].compactMap { $0 } : open }
    }
    private var providers: [Key: [Int32]] = [:]
    private var providerSeries: [Key: Set<Bytes>] = [:]
    private var seriesWithFull: Set<Bytes> = []

    /// A token without its scope; with a series, of that series alone.
    private struct Key: Hashable {
        var space: String
        var value: String
        var series: Bytes?
    }

    init(_ nodes: [LinkGraph.Node], _ indices: [BackupID: Int32]) {
        self.nodes = nodes
        self.indices = indices
    }

    mutating func resolve() {
        collectProviders()
        var lines: [Bytes: [Int32]] = [:]
        for n in nodes.indices { lines[nodes[n].series, default: []].append(Int32(truncatingIfNeeded: n)) }
        for line in lines.values where line.contains(where: { nodes[Int($0)].isLinked }) {
            walk(line.sorted { isBefore($0, $1) })
        }
        starts.reserveCapacity(nodes.count + 1)
        for n in nodes.indices {
            starts.append(Int32(truncatingIfNeeded: targets.count))
            if nodes[n].isLinked { link(Int32(truncatingIfNeeded: n)) }
        }
        starts.append(Int32(truncatingIfNeeded: targets.count))
    }

    /// At one time a full one comes first: what stands on a full one is not older.
    private func isBefore(_ a: Int32, _ b: Int32) -> Bool { Self.isBefore(nodes[Int(a)], nodes[Int(b)]) }

    private static func isBefore(_ a: LinkGraph.Node, _ b: LinkGraph.Node) -> Bool {
        (a.time, a.kind == .full ? 0 : 1, a.path) < (b.time, b.kind == .full ? 0 : 1, b.path)
    }

    // MARK: By order

    /// One series, oldest first: what each needs that says no more than its kind or level.
    private mutating func walk(_ line: [Int32]) {
        var (base, baseBefore) = (Base(), Base())
        var (previous, lastLog): (Int32?, Int32?)
        var levels: [Int: Int32] = [:]
        for n in line {
            let node = nodes[Int(n)]
            if node.isLinked {
                var found = needs(of: node, base, previous: previous, lastLog: lastLog, levels)
                // Of one date without a time of day: nobody knows which of the two it stands on.
                if let full = base.full, nodes[Int(full)].time == node.time, found.needs.contains(full) {
                    found.soft += node.kind == .differential ? [baseBefore.full].compactMap { $0 } : baseBefore.all
                }
                byOrder[n] = found
            }
            if node.kind == .log {
                lastLog = n
                continue
            }
            guard node.contents?.isNoBase != true else { continue }
            previous = n
            if node.kind == .full {
                (baseBefore, base, lastLog) = (base, Base(full: n), nil)
                levels[0] = n  // lower levels of before may still be what a copied snapshot file is based on
                continue
            }
            let explicit = !(node.contents?.needs.isEmpty ?? true) || !node.parents.isEmpty
            if node.kind == .incremental, !explicit {
                base.open = [n]
            } else {
                // Of differentials only the newest can be what an incremental is based on.
                base.open = [n] + base.open.filter { nodes[Int($0)].kind != .differential }
            }
            if base.open.count > Self.mostOpen { base.open.removeLast() }
            if let level = node.contents?.level { levels[level] = n }
        }
    }

    /// So many in a row between two incrementals are named one by one.
    private static let mostOpen = 64

    private func needs(
        of node: LinkGraph.Node, _ base: Base, previous: Int32?, lastLog: Int32?, _ levels: [Int: Int32]
    ) -> Before {
        guard node.parents.isEmpty else { return Before() }
        let explicit = node.contents?.needs ?? []
        guard !explicit.isEmpty else {
            switch node.kind {
            case .full: return Before()
            case .differential: return Before(needs: [base.full].compactMap { $0 })
            case .log: return Before(needs: [base.full, lastLog].compactMap { $0 })
            case .incremental: return Before(needs: Array(base.all.prefix(1)), soft: Array(base.all.dropFirst()))
            }
        }
        var found = Before()
        for need in explicit {
            switch need {
            case .lastFull: found.needs += [base.full].compactMap { $0 }
            case .previous: found.needs += [previous].compactMap { $0 }
            case .levelsBelow(let level):
                let below = levels.filter { $0.key < level }.sorted { $0.key < $1.key }.map(\.value)
                // What is older than the last full one is needed only by a copied snapshot file.
                let full = levels[0]
                found.soft += below.filter { older in full.map { isBefore(older, $0) } ?? false }
                found.needs += below.filter { !found.soft.contains($0) }
            case .exactly, .newestBefore, .unknown: break
            }
        }
        return found
    }

    // MARK: By what they say

    private mutating func collectProviders() {
        var wanted: Set<Key> = []
        var wantsPaths = false
        for node in nodes {
            for need in node.contents?.needs ?? [] {
                switch need {
                case .exactly(let token), .newestBefore(let token):
                    wanted.insert(Key(space: token.space, value: token.value))
                    wantsPaths = wantsPaths || token.space == "path"
                default: break
                }
            }
        }
        guard !wanted.isEmpty else { return }
        seriesWithFull = Set(nodes.lazy.filter { $0.kind == .full }.map(\.series))
        for n in nodes.indices {
            var tokens = nodes[n].contents?.provides ?? []
            if wantsPaths { tokens += nodes[n].paths.map { Token.path($0) } }
            for token in tokens where wanted.contains(Key(space: token.space, value: token.value)) {
                let index = Int32(truncatingIfNeeded: n)
                providers[Key(space: token.space, value: token.value), default: []].append(index)
                providers[Key(space: token.space, value: token.value, series: nodes[n].series), default: []].append(
                    index)
                providerSeries[Key(space: token.space, value: token.value), default: []].insert(nodes[n].series)
            }
        }
        let nodes = nodes
        providers = providers.mapValues { $0.sorted { Self.isBefore(nodes[Int($0)], nodes[Int($1)]) } }
    }

    private mutating func link(_ n: Int32) {
        let node = nodes[Int(n)]
        let before = byOrder[n] ?? Before()
        var found = before.needs
        if node.contents?.outcome == .unread { markBroken(n, node.contents?.why ?? "what it needs could not be read") }
        for parent in node.parents {
            guard let target = indices[parent], target != n else {
                markBroken(n, "what it needs (\(parent.text)) is not here")
                continue
            }
            found.append(target)
        }
        for need in node.contents?.needs ?? [] {
            switch need {
            case .exactly(let token): found += exactly(token, n)
            case .newestBefore(let token): found += newestBefore(token, n)
            case .unknown(let why): markBroken(n, why)
            case .lastFull where found.isEmpty, .levelsBelow where found.isEmpty:
                markBroken(n, "there is no full backup before it")
            case .previous where found.isEmpty: markBroken(n, "there is not a backup before it in its series")
            case .lastFull, .previous, .levelsBelow: break
            }
        }
        // Of a log without any full one before it `Judge` decides: it is not a backup that could be broken.
        if found.isEmpty, node.kind != .full, node.kind != .log { markBroken(n, "there is no full backup before it") }
        for target in found {
            targets.append(target)
            let other = nodes[Int(target)]
            let name = other.path.lastComponent.display
            if other.place != .present, node.place == .present {
                markBroken(n, "what it needs ('\(name)') is \(other.place == .trashed ? "in the trash" : "gone")")
            } else if !other.isComplete {
                markBroken(n, "what it needs ('\(name)') is not complete")
            }
        }
        for target in before.soft where target != n && !found.contains(target) {
            soft.insert(Int32(truncatingIfNeeded: targets.count))
            targets.append(target)
        }
    }

    /// The first word counts.
    private mutating func markBroken(_ n: Int32, _ why: String) { broken[n] = broken[n] ?? why }

    private mutating func exactly(_ token: Token, _ n: Int32) -> [Int32] {
        let node = nodes[Int(n)]
        var matching = matching(token, n, series: nil).filter { $0 != n }
        // A copy of a chain in another directory is another chain.
        let beside = matching.filter { nodes[Int($0)].path.parent == node.path.parent }
        if matching.count > 1, !beside.isEmpty { matching = beside }
        guard let first = matching.first else {
            markBroken(n, "what it needs (\(token)) is not here")
            return []
        }
        if matching.count > 1 {
            let names = matching.prefix(2).map { "'\(nodes[Int($0)].path.display)'" }.joined(separator: " and ")
            markBroken(n, "what it needs (\(token)) is not unique: \(names)")
        } else if isBefore(n, first), nodes[Int(first)].time > node.time {
            markBroken(n, "what it needs ('\(nodes[Int(first)].path.lastComponent.display)') is newer than it")
        }
        return matching
    }

    /// In its own series; elsewhere only where its own has no full one, as in `base/` beside `incr/`: else the number
    /// may be that of another server.
    private mutating func newestBefore(_ token: Token, _ n: Int32) -> [Int32] {
        let node = nodes[Int(n)]
        if let own = newest(of: token, before: n, in: node.series) { return [own] }
        if !seriesWithFull.contains(node.series) {
            let others = providerSeries[Key(space: token.space, value: token.value)] ?? []
            let found = others.compactMap { newest(of: token, before: n, in: $0) }
            // The nearest directory; of several that are as near nobody knows which.
            let near = found.map { nodes[Int($0)].path.sharedComponents(with: node.path) }
            let nearest = zip(found, near).filter { $0.1 == near.max() }.map(\.0)
            if !nearest.isEmpty { return nearest }
        }
        let isNewer = !matching(token, n, series: nil).filter { $0 != n }.isEmpty
        markBroken(n, "what it needs (\(token)) is \(isNewer ? "in no backup of its series before it" : "not here")")
        return []
    }

    private func newest(of token: Token, before n: Int32, in series: Bytes) -> Int32? {
        let line = providers[Key(space: token.space, value: token.value, series: series)] ?? []
        var (low, high) = (0, line.count)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(line[middle], n) { low = middle + 1 } else { high = middle }
        }
        let before = line[..<low].reversed().prefix(Self.mostAsked)
        // What was brought into the trash by hand is needed only where nothing else will do.
        return before.first { provides(token, $0) && nodes[Int($0)].place == .present }
            ?? before.first { provides(token, $0) }
    }

    /// Of other servers with the same number no more than these are passed over.
    private static let mostAsked = 64

    private func matching(_ token: Token, _ n: Int32, series: Bytes?) -> [Int32] {
        (providers[Key(space: token.space, value: token.value, series: series)] ?? [])
            .lazy.filter { provides(token, $0) }.prefix(Self.mostAsked).map { $0 }
    }

    private func provides(_ token: Token, _ n: Int32) -> Bool {
        token.space == "path"
            || (nodes[Int(n)].contents?.provides ?? []).contains { $0.mayMatch(token) }
    }
}

extension Bytes {
    /// How many components two paths begin with alike.
    fileprivate func sharedComponents(with other: Bytes) -> Int {
        zip(components, other.components).prefix { $0 == $1 }.count
    }
}
