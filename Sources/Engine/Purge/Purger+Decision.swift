internal import Audit
internal import Catalog
internal import Config
internal import Disk
internal import Model
internal import Retention
internal import State
internal import Survey
internal import Trash

/// On what terms something leaves the trash for good. All else of the decision is the same (invariant 5).
enum PurgeTerms: Sendable {
    /// Its grace is over.
    case due
    /// Room is lacking: `min-grace` stands for grace. What is lacking, for the audit log.
    case early(String)
    /// A person's `purge --now`: no grace at all.
    case now

    var reason: String {
        switch self {
        case .due: "grace is over"
        case .early(let why): "early: \(why)"
        case .now: "purge --now: a person waived its grace"
        }
    }
}

/// What a purge needs to know of the present backups.
struct PurgeDecision {
    /// In the trash, and the policy would keep them now (invariants 5 and 7).
    var wanted: Set<BackupID> = []
    /// Complete and kept, by series, newest first.
    var kept: [Bytes: [Backup]] = [:]
    /// In the trash, and one that stays or is wanted needs them: no word of a person's is meant against that.
    var needed: Set<BackupID> = []
    /// Series that a person retired as they still are: of one of which nothing was to stay, no newer one is needed.
    var retired: [Bytes: Judge.Retirement] = [:]
    /// Series of which the disk shows something else than this was decided on.
    var mistaken: Set<Bytes> = []

    /// Present and trashed of each series judged together, ranges at their lower bounds; no room counts here.
    init(_ judge: Judge, present: [Backup], trashed: [Backup]) {
        let concerned = Set(trashed.map(\.series))
        // What is in the trash is judged as if it were in its place.
        let links = judge.links(of: present + trashed)
        let judged = judge.decideAll(links == nil ? present.filter { concerned.contains($0.series) } : present)
        let here = Dictionary(grouping: judged, by: \.backup.series)
        for (series, backups) in Dictionary(grouping: trashed, by: \.series) {
            let beside = (here[series] ?? []).map(\.backup)
            wanted.formUnion(judge.wanted(series: series, present: beside, trashed: backups, links: links))
            let together = judge.timeline((beside + backups).map { judge.candidate($0) }, links)
            retired[series] = judge.retirement(of: series, together)
            kept[series] = (here[series] ?? []).filter { $0.decision.retain && !$0.decision.isSetAside }.map(\.backup)
        }
        guard let links else { return }
        let staying = judged.lazy.filter { $0.decision.retain }.map { $0.backup.id }
        needed = links.closure(of: Array(staying) + wanted + judge.unseen).intersection(trashed.map(\.id))
    }

    /// It stays in the trash although its time has come, and a person may want it back.
    func isWanted(_ backup: Backup, _ marks: Marks, at now: Timestamp) -> Bool {
        needed.contains(backup.id) || wanted.contains(backup.id) && !Self.isByHand(backup, marks, at: now)
    }

    /// A person condemned it: that stands for the policy's word (invariant 5).
    static func isByHand(_ backup: Backup, _ marks: Marks, at now: Timestamp) -> Bool {
        marks.mark(.condemned, backup.id.text, at: now) != nil
    }

    /// Why what its series still has is not enough for this one to go; `nil`: it is.
    func whyLast(_ backup: Backup) -> String? {
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

extension Purger {
    func purgeDecision(_ snapshot: Snapshot) throws(Fault) -> PurgeDecision {
        let policy = snapshot.vault.policy
        guard let judge = Judge(policy: policy, now: snapshot.at, protection: try wholeScan.protection(of: snapshot))
        else {
            throw Planner.unknownZone(policy.timezone)
        }
        return PurgeDecision(judge, present: snapshot.present, trashed: snapshot.trashed.map(\.item.backup))
    }

    /// What of the trash would be wanted, as far as the catalog knows; newest last.
    func wanted(
        _ policy: VaultPolicy, _ protection: Judge.Protection, _ marks: Marks, present: [Backup], trashed: [Backup],
        at now: Moment
    ) -> [Backup] {
        guard !trashed.isEmpty, let judge = Judge(policy: policy, now: now, protection: protection) else { return [] }
        let decision = PurgeDecision(judge, present: present, trashed: trashed)
        // What a person preserved there stays there by that word.
        return trashed.filter {
            decision.isWanted($0, marks, at: now.wall) && protection.preserved[$0.id.object] == nil
        }
        .sorted { ($0.time, $0.path) < ($1.time, $1.path) }
    }

    /// Which items of a batch may go; the others are in the report with why they stay.
    func due(
        in batch: Batch, _ snapshot: Snapshot, _ decision: PurgeDecision, isVerified: Bool, terms: PurgeTerms,
        report: inout PurgeReport
    ) throws(Fault) -> [Batch.Item] {
        let isOver = try graceIsOver(batch, snapshot.vault, terms)
        let end = batch.manifest?.earliestPurge
        let now = snapshot.at.wall
        var due: [Batch.Item] = []
        for item in batch.items where !item.inBatch.isEmpty {
            let backup = item.backup
            if !isOver {
                report.notDue += 1
                report.dueFrom = [report.dueFrom, end].compactMap { $0 }.min()
            } else if !isVerified {
                report.kept.append((backup, "its batch was not written by this host"))
            } else if !item.strangers.isEmpty {
                report.kept.append((backup, "another object stands in its place in the trash"))
            } else if snapshot.marks.frozen(series: backup.series, at: now) != nil {
                report.kept.append((backup, "its series is frozen"))
            } else if let mark = snapshot.marks.mark(.preserved, backup.id.objectText, at: now) {
                report.kept.append((backup, "preserved: \(mark.reason)"))
            } else if decision.isWanted(backup, snapshot.marks, at: now) {
                report.wanted.append(backup)
            } else if let why = decision.whyLast(backup) {
                report.kept.append((backup, why))
            } else {
                due.append(item)
            }
        }
        return due
    }

    /// Under the lock: marks of the item and its series, and everything that the series keeps, read again.
    func confirm(
        _ due: [Batch.Item], _ fresh: Batch, marks: Marks, decision: PurgeDecision, trash: TrashDirectory,
        at: Moment, report: inout PurgeReport
    ) -> [Batch.Item] {
        var looking = Condemning(trash: trash)
        var isSafe: [Bytes: Bool] = [:]
        let standing = Dictionary(fresh.items.map { ($0.backup.path, $0) }) { first, _ in first }
        var going: [Batch.Item] = []
        for item in due {
            let (series, target) = (item.backup.series, item.backup.id.objectText)
            if isSafe[series] == nil {
                isSafe[series] =
                    !decision.mistaken.contains(series)
                    && (decision.kept[series] ?? []).allSatisfy { !marks.isBad($0) && looking.change(of: $0) == nil }
            }
            if isSafe[series] != true {
                report.kept.append((item.backup, "what its series keeps has changed since the look"))
            } else if marks.mark(.preserved, target, at: at.wall) != nil
                || marks.mark(.reprieved, target, at: at.wall) != nil
                || marks.frozen(series: series, at: at.wall) != nil
            {
                report.kept.append((item.backup, "it is protected since the look"))
            } else if let retired = decision.retired[series],
                marks.mark(.retired, Mark.seriesTarget(series), at: at.wall)?.keep != retired.keep
            {
                report.kept.append((item.backup, "its series is no longer retired"))
            } else if decision.isWanted(item.backup, marks, at: at.wall) {
                report.kept.append((item.backup, "what was said against it was taken back"))
            } else if let now = standing[item.backup.path], !now.inBatch.isEmpty, now.strangers.isEmpty {
                going.append(now)
            }
        }
        return going
    }

    /// By the wall clock *and* by the time that this state has seen pass.
    private func graceIsOver(_ batch: Batch, _ vault: OpenVault, _ terms: PurgeTerms) throws(Fault) -> Bool {
        guard let manifest = batch.manifest else { return false }
        let seconds: Int64
        switch terms {
        case .due: seconds = manifest.graceSeconds
        case .early: seconds = min(manifest.graceSeconds, vault.configuration.settings.minGrace.value.fixedSeconds)
        case .now: return true
        }
        let now = now()
        guard now.wall >= manifest.condemnedAt.wall.adding(seconds: seconds) else { return false }
        let witness = try state.witness.renew(at: now)
        if manifest.condemnedAt.witness == witness.id {
            return witness.has(passed: seconds, since: manifest.condemnedAt.witnessedSeconds)
        }
        // Condemned under another state: grace counts from when this one first saw the batch.
        guard let known = try state.catalog.knownBatch(vault: vault.id, name: batch.name) else { return false }
        return witness.has(passed: seconds, since: known.seenWitnessed)
    }
}
