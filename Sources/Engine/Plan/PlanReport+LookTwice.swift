package import Model
internal import Retention
internal import Trash

extension PlanReport {
    /// Series that may be one, and a path to look at.
    package var lookTwice: (series: [Bytes], path: Bytes)? {
        var counts: [Bytes: Int] = [:]
        for judged in plan.judged { counts[judged.backup.series, default: 0] += 1 }
        // Of a series that keeps its last one only, the others are in the trash.
        for (_, item) in snapshot.trashed where counts[item.backup.series] != nil {
            counts[item.backup.series, default: 0] += 1
        }
        guard let found = LookTwice(counts: counts), let first = found.series.first,
            let example = plan.judged.first(where: { $0.backup.series == first })
        else { return nil }
        return (found.series, example.backup.path)
    }
}
