package import Model
internal import Recognition
internal import Retention

/// What a person agrees to with a first plan: one kind of series, and what it was taken for.
package struct PlanKind: Hashable, Sendable {
    /// Directory, tool or rule, and format.
    package var text: String
    package var series: Int
    package var have: Int
    package var goes: Int
    /// The first, one in the middle and the last.
    package var examples: [Bytes]
    /// Nothing but a date speaks for a backup: no tool, no ending of an archive, a dump or an image.
    package var isUnlikeBackup: Bool
}

extension PlanReport {
    /// Every kind of series, what looks unlike a backup first, then what loses most.
    package var kinds: [PlanKind] {
        Dictionary(grouping: plan.judged) { SeriesKind(of: $0.backup).text }.map { text, members in
            let paths = members.map(\.backup.path).sorted()
            return PlanKind(
                text: text, series: Set(members.map(\.backup.series)).count, have: members.count,
                goes: members.count { !$0.decision.retain },
                examples: Set([0, paths.count / 2, paths.count - 1]).sorted().map { paths[$0] },
                isUnlikeBackup: members.allSatisfy { Self.isUnlikeBackup($0.backup) })
        }.sorted {
            ($0.isUnlikeBackup ? 0 : 1, $1.goes, $0.text) < ($1.isUnlikeBackup ? 0 : 1, $0.goes, $1.text)
        }
    }

    private static func isUnlikeBackup(_ backup: Backup) -> Bool {
        guard backup.contents?.tool == nil, !backup.primary.isDirectory, backup.endMark == .none else { return false }
        let format = SeriesKind(of: backup).format
        return !PieceNames.isWhole(format.hasPrefix(".") ? Bytes("x" + format) : backup.path.lastComponent)
    }
}
