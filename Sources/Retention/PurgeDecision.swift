package import Model

/// What a purge needs to know of the present backups.
package struct PurgeDecision: Sendable {
    /// In the trash, and the policy would keep them now (invariants 5 and 7).
    package var keptByPolicy: Set<BackupID> = []
    /// Complete and kept, by series, newest first.
    package var kept: [Bytes: [Backup]] = [:]
    /// In the trash, and one that stays or is wanted needs them: no word of a person's is meant against that.
    package var needed: Set<BackupID> = []
    /// Series that a person retired as they still are: of one of which nothing was to stay, no newer one is needed.
    package var retired: [Bytes: Judge.Retirement] = [:]
    /// Series of which the disk shows something else than this was decided on.
    package var mistaken: Set<Bytes> = []

    /// Present and trashed of each series judged together, ranges at their lower bounds; no room counts here.
    package init(_ judge: Judge, present: [Backup], trashed: [Backup]) {
        let concerned = Set(trashed.map(\.series))
        // What is in the trash is judged as if it were in its place.
        let links = judge.links(of: present + trashed)
        let judged = judge.decideAll(links == nil ? present.filter { concerned.contains($0.series) } : present)
        let here = Dictionary(grouping: judged, by: \.backup.series)
        for (series, backups) in Dictionary(grouping: trashed, by: \.series) {
            let beside = (here[series] ?? []).map(\.backup)
            keptByPolicy.formUnion(judge.keptByPolicy(series: series, present: beside, trashed: backups, links: links))
            let together = judge.timeline((beside + backups).map { judge.candidate($0) }, links)
            retired[series] = judge.retirement(of: series, together)
            kept[series] = (here[series] ?? []).filter { $0.decision.retain && !$0.decision.isSetAside }.map(\.backup)
        }
        guard let links else { return }
        let staying = judged.lazy.filter { $0.decision.retain }.map { $0.backup.id }
        needed = links.closure(of: Array(staying) + keptByPolicy + judge.unseen).intersection(trashed.map(\.id))
    }

    /// It stays in the trash although its time has come, and a person may want it back. `isByHand`: a person condemned
    /// it, which stands for the policy's word (invariant 5).
    package func isKeptByPolicy(_ backup: Backup, isByHand: Bool) -> Bool {
        needed.contains(backup.id) || keptByPolicy.contains(backup.id) && !isByHand
    }

    /// Why what its series still has is not enough for this one to go; `nil`: it is.
    package func whyLast(_ backup: Backup) -> String? {
        if retired[backup.series]?.keep == 0 { return nil }
        let kept = kept[backup.series] ?? []
        guard let newer = kept.first, (newer.time, newer.path) > (backup.time, backup.path) else {
            return "no newer complete backup of its series is present"
        }
        // Invariant 6: without a full one, those that stand on one are worth nothing.
        guard backup.kind != .full || kept.contains(where: { $0.kind == .full }) else {
            return "no other full backup of its series is present"
        }
        return nil
    }
}
