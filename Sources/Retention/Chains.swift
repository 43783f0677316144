internal import Model

/// The links of one series, by index: what of ``LinkGraph`` its rules ask for.
package struct Chains: Sendable {
    /// Indices of what each backup needs directly and what is of this series.
    package private(set) var needs: [[Int32]]
    /// Without what it only may need as well.
    private(set) var sureNeeds: [[Int32]]
    /// Index of the full backup that each stands on at last; its own where it is one; -1: it is of another series.
    private var roots: [Int32]
    /// The full one that each stands on, where that is of another series.
    private(set) var outside: [Int: BackupID] = [:]
    /// Backups whose chain is not whole, and why: they cannot be restored.
    package private(set) var broken: [Int: String] = [:]
    /// Backups that stand on a suspect one.
    private(set) var doubtful: [Int: String] = [:]

    /// `nil` where there are only full backups. `links`: of the whole vault; `nil`: these are all there are.
    package init?(_ backups: [Candidate], _ links: LinkGraph? = nil, _ suspects: [UInt64: String] = [:]) {
        var own: LinkGraph?
        if links == nil {
            own = LinkGraph(backups.map { LinkGraph.Node($0, series: Bytes()) })
            own?.spread(suspects)
        }
        guard let links = links ?? own else { return nil }
        var indices: [BackupID: Int32] = [:]
        indices.reserveCapacity(backups.count)
        for index in backups.indices { indices[backups[index].id] = Int32(truncatingIfNeeded: index) }
        needs = Array(repeating: [], count: backups.count)
        sureNeeds = needs
        roots = backups.indices.map { Int32(truncatingIfNeeded: $0) }
        for index in backups.indices {
            let id = backups[index].id
            broken[index] = links.whyBroken(id)
            doubtful[index] = links.whyDoubtful(id)
            let all = links.needs(of: id)
            guard !all.isEmpty else { continue }
            needs[index] = all.compactMap { indices[$0] }
            sureNeeds[index] = links.sureNeeds(of: id).compactMap { indices[$0] }
            let root = links.root(of: id)
            roots[index] = indices[root] ?? -1
            if roots[index] < 0 { outside[index] = root }
        }
    }

    /// The full backup that a backup stands on at last; itself where it is one or stands on none, -1 where that is of
    /// another series.
    package func root(of index: Int) -> Int { Int(roots[index]) }
}
