package import Model

/// Series of one directory that are rather one: their names differ in a word that is no part of what is backed up, such
/// as a version or random digits. It is only a proposal: it counts when a person has agreed to its pattern
/// (``Recognisers/agreed``). Words made of letters are never put together.
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

    /// The key of the one series, with `{version}` and the like where it varies: what a person agrees to.
    package var pattern: Bytes
    /// The key that it will have.
    package var series: Bytes
    package var varying: [Varying]
    /// How many series it puts together, and how many backups.
    package var seriesCount: Int
    package var count: Int
    /// The oldest, one in the middle and the newest.
    package var examples: [Bytes]

    /// Why, for a person.
    package var why: String {
        "\(count) backups in \(seriesCount) series differ only in " + varying.map(\.text).joined(separator: " and ")
    }
}

extension DirectoryReading {
    /// More series than this in one directory are not looked through.
    private static let mostSeries = 100_000

    /// Gives units of agreed series their key.
    mutating func mergeAgreed(_ agreed: [Bytes]) {
        let patterns = agreed.compactMap(AgreedPattern.init)
        guard !patterns.isEmpty else { return }
        for index in units.indices where Self.mayMerge(units[index]) {
            if let pattern = patterns.first(where: { $0.fits(units[index].series) }) {
                units[index].series = pattern.series
            }
        }
    }

    /// Looks for series that are rather one.
    mutating func propose() {
        let candidates = units.indices.filter { Self.mayMerge(units[$0]) }
        let bySeries = Dictionary(grouping: candidates) { units[$0].series }
        guard bySeries.count > 1, bySeries.count <= Self.mostSeries else { return }
        var shapes: [Bytes: [(shape: SeriesShape, units: [Int])]] = [:]
        for (series, indices) in bySeries {
            guard let shape = SeriesShape(series) else { continue }
            shapes[shape.text, default: []].append((shape, indices))
        }
        proposals = []
        for group in shapes.values where group.count > 1 { propose(group) }
        proposals.sort { $0.pattern < $1.pattern }
    }

    /// What layouts and people say is one series stays as they say.
    private static func mayMerge(_ unit: Unit) -> Bool {
        unit.time != nil && unit.doubt == nil && !unit.isTemporary
            && (unit.recogniser == DateInName().name || unit.recogniser == DatesInDirectories().name)
    }

    private mutating func propose(_ group: [(shape: SeriesShape, units: [Int])]) {
        var members: [SeriesBehaviour.Member] = []
        for (shape, indices) in group {
            for index in indices {
                guard let time = units[index].time else { continue }
                members.append(.init(id: index, time: time, words: shape.words))
            }
        }
        guard let first = group.first else { return }
        for found in SeriesBehaviour.merges(members, kinds: first.shape.kinds) {
            let (pattern, series) = first.shape.filled(found.literals)
            let sorted = found.members.sorted { ($0.time, units[$0.id].name) < ($1.time, units[$1.id].name) }
            let ids = sorted.map(\.id)
            let examples = [ids[0], ids[ids.count / 2], ids[ids.count - 1]].map { units[$0].name }
            for id in ids { units[id].proposal = pattern }
            proposals.append(
                SeriesProposal(
                    pattern: pattern, series: series, varying: found.varying,
                    seriesCount: Set(ids.map { units[$0].series }).count, count: ids.count, examples: examples))
        }
    }
}
