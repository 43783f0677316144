internal import Config
internal import Disk
package import Model
internal import Retention

/// What a line of another program would delete tonight, beside what would go by the policy that was made of it.
package struct Tonight: Sendable {
    package var rows: [Row] = []
    /// Files that the line would delete and that are not backups: how many, and the first.
    package var others: Int = 0
    package var firstOther: Bytes?
    package var tool: String
    package var zone: Zone
    /// What would go although the old line does not delete it: then the policy is not what the line meant.
    package var excess: [Bytes] = []

    /// One series.
    package struct Row: Sendable {
        package var series: Bytes
        package var backups: Int
        /// How many the old line would delete, and how many would go.
        package var old: Int
        package var goes: Int
        /// The newest that the old line would delete and that stays, and why.
        package var kept: (path: Bytes, decision: Decision)?
    }

    init(
        _ rule: OldRule, _ vault: VaultConfiguration, _ backups: [Backup], _ skippedEntries: [SkippedEntry],
        _ root: Directory,
        _ zone: Zone, _ now: Moment
    ) throws(Fault) {
        (tool, self.zone) = (rule.tool, zone)
        let policy = vault.policy(zone: zone)
        var bare = policy
        bare.hasSafeguards = false
        guard let judge = Judge(policy: policy, now: now, protection: .init()),
            let old = Judge(policy: bare, now: now, protection: .init())
        else { throw Planner.unknownZone(policy.timezone) }
        let links = judge.links(of: backups)
        for (series, members) in Dictionary(grouping: backups, by: \.series).sorted(by: { $0.key < $1.key }) {
            let candidates = members.map { backup in
                // As if they had been watched for long.
                var candidate = Candidate(backup)
                candidate.observedSince = Timestamp(nanoseconds: .min)
                if candidate.condition == .settling { candidate.condition = .complete }
                return candidate
            }
            let ours = judge.decide(series: series, candidates, links: links).decisions
            let theirs = old.decide(series: series, candidates).decisions
            var row = Row(series: series, backups: members.count, old: 0, goes: 0)
            for (n, backup) in members.enumerated() {
                let taken =
                    rule.files.isEmpty
                    ? !theirs[n].retain
                    : rule.files.contains { files in
                        files.take(
                            backup.path, isDirectory: backup.primary.isDirectory, written: backup.primary.mtime,
                            now: now.wall)
                    }
                let goes = !ours[n].retain
                row.old += taken ? 1 : 0
                row.goes += goes ? 1 : 0
                if goes, !taken { excess.append(backup.path) }
                if taken, !goes, row.kept == nil { row.kept = (backup.path, ours[n]) }
            }
            rows.append(row)
        }
        guard !rule.files.isEmpty else { return }
        for entry in skippedEntries {
            guard let place = try? root.open(entry.path.parent),
                let seen = try? place.sighting(of: entry.path.lastComponent), seen.kind == .file,
                rule.files.contains(where: {
                    $0.take(entry.path, isDirectory: false, written: seen.mtime, now: now.wall)
                })
            else { continue }
            others += 1
            firstOther = firstOther ?? entry.path
        }
    }
}
