internal import Catalog
internal import Config
internal import Model
internal import Retention
internal import State
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
    func keptByPolicy(
        _ policy: VaultPolicy, _ protection: Judge.Protection, _ marks: Marks, present: [Backup], trashed: [Backup],
        at now: Moment
    ) -> [Backup] {
        guard !trashed.isEmpty, let judge = Judge(policy: policy, now: now, protection: protection) else { return [] }
        let decision = PurgeDecision(judge, present: present, trashed: trashed)
        // What a person preserved there stays there by that word.
        return trashed.filter {
            decision.isKeptByPolicy($0, isByHand: marks.isByHand($0, at: now.wall))
                && protection.preserved[$0.id.object] == nil
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
            } else if !item.mismatches.isEmpty {
                report.kept.append((backup, "another object stands in its place in the trash"))
            } else if snapshot.marks.frozen(series: backup.series, at: now) != nil {
                report.kept.append((backup, "its series is frozen"))
            } else if let mark = snapshot.marks.mark(.preserved, backup.id.objectText, at: now) {
                report.kept.append((backup, "preserved: \(mark.reason)"))
            } else if decision.isKeptByPolicy(backup, isByHand: snapshot.marks.isByHand(backup, at: now)) {
                report.keptByPolicy.append(backup)
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
        let inTrash = Dictionary(fresh.items.map { ($0.backup.path, $0) }) { first, _ in first }
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
            } else if decision.isKeptByPolicy(item.backup, isByHand: marks.isByHand(item.backup, at: at.wall)) {
                report.kept.append((item.backup, "what was said against it was taken back"))
            } else if let now = inTrash[item.backup.path], !now.inBatch.isEmpty, now.mismatches.isEmpty {
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
