package import Model

extension Plan {
    /// Dependents before what they need, so that a stop in between leaves no incremental without its full one.
    package func inOrder(_ going: [Judged]) -> [Judged] {
        guard let links else { return going }
        let heights = links.heights()
        let own = going.map { heights[$0.backup.id] ?? 0 }
        return going.indices.sorted { (-own[$0], $0) < (-own[$1], $1) }.map { going[$0] }
    }

    /// Of each series the newest that stays and counts, and the newest full one: they must really be there before
    /// anything else of the series goes (invariant 6).
    package var newestKept: [Bytes: [Backup]] {
        var newest: [Bytes: [Backup]] = [:]
        // Newest first within each series.
        for judged in judged where judged.decision.retain && !judged.decision.isSetAside {
            let known = newest[judged.backup.series] ?? []
            if known.isEmpty || judged.backup.kind == .full && !known.contains(where: { $0.kind == .full }) {
                newest[judged.backup.series] = known + [judged.backup]
            }
        }
        return newest
    }
}
