package import Model

/// Series of one directory that are rather one: their names differ in a word that is not part of what is backed up,
/// such as a version or random digits. It is only a proposal: it counts when a person has put a template for it
/// into the configuration. Words made of letters are never put together.
package struct SeriesProposal: Hashable, Sendable {
    /// What varies.
    package enum Varying: String, Hashable, Sendable, CaseIterable {
        /// `18.6.1-ee`: it only grows.
        case version
        /// A build number: each comes in one stretch of time.
        case number
        /// Eight or more hexadecimal or base32 digits: each comes in one stretch of time.
        case nonce
        /// `Mon`: it agrees with the date.
        case weekday

        var placeholder: Bytes { "{" + Bytes(rawValue) + "}" }

        package var text: String {
            switch self {
            case .version: "a version that only grows"
            case .number: "a number of which each comes in one stretch of time"
            case .nonce: "random digits of which none comes twice"
            case .weekday: "a weekday that agrees with the date"
            }
        }
    }

    /// The key of the one series, with `{version}` and the like where it varies.
    package var pattern: Bytes
    package var varying: [Varying]
    /// How many series it puts together.
    package var seriesCount: Int
    /// The names of the backups, the oldest first.
    package var names: [Bytes]

    /// Why, for a person.
    package var why: String {
        "\(names.count) backups in \(seriesCount) series differ only in "
            + varying.map(\.text).joined(separator: " and ")
    }
}

extension DirectoryReading {
    /// More series than this in one directory are not looked through.
    private static let mostSeries = 100_000

    /// Series that are rather one.
    package var proposals: [SeriesProposal] {
        let candidates = units.indices.filter { Self.mayMerge(units[$0]) }
        let bySeries = Dictionary(grouping: candidates) { units[$0].series }
        guard bySeries.count > 1, bySeries.count <= Self.mostSeries else { return [] }
        var shapes: [Bytes: [(shape: SeriesShape, units: [Int])]] = [:]
        for (series, indices) in bySeries {
            guard let shape = SeriesShape(series) else { continue }
            shapes[shape.text, default: []].append((shape, indices))
        }
        return shapes.values.filter { $0.count > 1 }.flatMap(proposals(of:)).sorted { $0.pattern < $1.pattern }
    }

    /// What layouts and people say is one series stays as they say.
    private static func mayMerge(_ unit: Unit) -> Bool {
        unit.time != nil && unit.ambiguity == nil && !unit.isTemporary
            && (unit.recogniser == DateInName().name || unit.recogniser == DatesInDirectories().name)
    }

    private func proposals(of group: [(shape: SeriesShape, units: [Int])]) -> [SeriesProposal] {
        var members: [SeriesBehaviour.Member] = []
        for (shape, indices) in group {
            for index in indices {
                guard let time = units[index].time else { continue }
                members.append(.init(id: index, time: time, words: shape.words))
            }
        }
        guard let first = group.first else { return [] }
        return SeriesBehaviour.merges(members, kinds: first.shape.kinds).map { found in
            let sorted = found.members.sorted { ($0.time, units[$0.id].name) < ($1.time, units[$1.id].name) }
            return SeriesProposal(
                pattern: first.shape.filled(found.literals), varying: found.varying,
                seriesCount: Set(sorted.map { units[$0.id].series }).count, names: sorted.map { units[$0.id].name })
        }
    }
}
