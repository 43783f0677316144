internal import Model

/// Tells by their behaviour which words of names vary within one thing, and which tell things apart: what comes back is
/// a thing, what comes in one stretch of time is a version, a build or a random number.
enum SeriesBehaviour {
    struct Member {
        var id: Int
        var time: Timestamp
        var words: [Bytes]
    }

    struct Merge {
        var members: [Member]
        /// `nil` where it varies.
        var literals: [Bytes?]
        var varying: [SeriesProposal.Varying]
    }

    /// A proposal needs backups of that many days.
    private static let fewestDays = 3

    static func merges(_ members: [Member], kinds: [SeriesProposal.Varying]) -> [Merge] {
        // Words that come back tell things apart.
        let fixed = kinds.indices.filter { !isTransient(members, at: $0, kinds[$0]) }
        return Dictionary(grouping: members) { member in fixed.map { member.words[$0] } }.values.compactMap {
            merge($0, kinds, fixed: Set(fixed))
        }
    }

    private static func merge(_ members: [Member], _ kinds: [SeriesProposal.Varying], fixed: Set<Int>) -> Merge? {
        let varying = kinds.indices.filter { at in
            !fixed.contains(at) && Set(members.map { $0.words[at] }).count > 1
        }
        let days = Set(members.map { $0.time.seconds.floorDivided(by: 86_400) }).count
        guard !varying.isEmpty, days >= fewestDays, Set(members.map(\.time)).count == members.count,
            varying.allSatisfy({ isTransient(members, at: $0, kinds[$0]) })
        else { return nil }
        return Merge(
            members: members, literals: kinds.indices.map { varying.contains($0) ? nil : members[0].words[$0] },
            varying: varying.map { kinds[$0] })
    }

    private static func isTransient(_ members: [Member], at: Int, _ kind: SeriesProposal.Varying) -> Bool {
        let sorted = members.sorted { ($0.time, $0.id) < ($1.time, $1.id) }
        if kind == .weekday {
            return sorted.allSatisfy { member in
                // The day may end elsewhere than in UTC.
                let day = CivilTime(localSeconds: member.time.seconds)
                let word = CalendarWords.day(member.words[at].storage[...], isShort: true) ?? 0
                return [0, 1, 6].contains((day.weekday - word + 7) % 7)
            }
        }
        var seen: Set<Bytes> = []
        var (last, highest): (Bytes?, [UInt64]) = (nil, [])
        for member in sorted where member.words[at] != last {
            guard seen.insert(member.words[at]).inserted else { return false }
            last = member.words[at]
            guard kind == .version else { continue }
            let numbers = numbers(member.words[at])
            guard !numbers.lexicographicallyPrecedes(highest) else { return false }
            highest = numbers
        }
        return true
    }

    private static func numbers(_ version: Bytes) -> [UInt64] {
        version.storage.split { !$0.isDigit }.map { $0.reduce(0) { $0 &* 10 &+ UInt64($1 &- 0x30) } }
    }
}
