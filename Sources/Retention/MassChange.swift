package import Model

/// What was rewritten, renamed or lost in a vault within an hour, and whether that is more than its writers' own doing.
///
/// Ordinary are: losing what arrived in the same hour besides, two, or as much as was lost before; half of what a
/// series has where its writer is at work (something arrived too) or it is the only one that loses; the newest of a
/// series overwritten in place. All else is *alarming*.
package struct MassChange: Hashable, Sendable, Codable {
    /// Of one series, since its window began.
    package struct Tally: Hashable, Sendable, Codable {
        package var since: Timestamp
        package var sinceBoot: Int64
        package var bootId: String
        package var lost = 0
        package var arrived = 0
        /// Content that is another under the same name, or a name of another kind for the same content.
        /// Each name once, by a number of its own: one that is written again and again is one.
        package var rewritten: Set<UInt64> = []
        /// The newest time of what was rewritten.
        package var newestRewritten: Timestamp?
        /// Lost beyond what is ordinary, as last judged.
        var beyond = 0

        var net: Int { lost.subtracting(arrived) }
    }

    /// By series, in hexadecimal.
    package private(set) var tallies: [String: Tally] = [:]
    /// As many as a series lost at once, beyond what is ordinary, while others of it stayed.
    private var learnt: [String: Int] = [:]
    /// What arrived, while the others changed, in series that lost nothing.
    private var arrivedElsewhere: Int?
    /// What is alarming, and was not written down as a freeze yet.
    package var alarm: Alarm?

    package struct Alarm: Hashable, Sendable, Codable {
        package var reason: String
        package var at: Timestamp
    }

    /// What one look saw of a series.
    package struct Change: Hashable, Sendable {
        package var lost = 0
        package var arrived = 0
        package var rewritten: Set<UInt64> = []
        package var newestRewritten: Timestamp?

        package init() {}
    }

    /// What a series has now.
    package struct Standing: Hashable, Sendable {
        package var count: Int
        package var newest: Timestamp

        package init(count: Int, newest: Timestamp) {
            self.count = count
            self.newest = newest
        }
    }

    package static let windowSeconds: Int64 = 3600
    /// Fewer are never many.
    package static let least = 5
    /// So many rewritten ones are many in any vault.
    package static let most = 1000
    private static let mostLearnt = 10_000

    package init() {}

    /// How many are lost or rewritten in all: no more than these can be alarming.
    package var raw: Int { tallies.values.reduce(0) { $0.adding($1.lost).adding($1.rewritten.count) } }

    package mutating func add(_ changes: [Bytes: Change], at now: Moment) {
        expire(at: now)
        var alone = 0
        for (series, change) in changes {
            let key = series.hexadecimal
            // Arrivals alone are nothing to remember.
            guard tallies[key] != nil || change.lost > 0 || !change.rewritten.isEmpty else {
                alone += change.arrived
                continue
            }
            var tally = tallies[key] ?? Tally(since: now.wall, sinceBoot: now.boot, bootId: now.bootID)
            tally.lost = tally.lost.adding(change.lost)
            tally.arrived = tally.arrived.adding(change.arrived)
            // Beyond what is many in any vault none is counted.
            if tally.rewritten.count <= Self.most { tally.rewritten.formUnion(change.rewritten) }
            tally.newestRewritten = [tally.newestRewritten, change.newestRewritten].compactMap { $0 }.max()
            tallies[key] = tally
        }
        arrivedElsewhere = tallies.isEmpty ? nil : (arrivedElsewhere ?? 0).adding(alone)
    }

    /// A writer that took as many once may do so again.
    private mutating func expire(at now: Moment) {
        for (key, tally) in tallies {
            let passed =
                tally.bootId == now.bootID
                ? now.boot.subtracting(tally.sinceBoot) / 1_000_000_000
                : now.wall.seconds(since: tally.since).magnitude.clamped
            guard passed < 0 || passed > Self.windowSeconds else { continue }
            tallies[key] = nil
            learn(key, tally)
        }
    }

    private mutating func learn(_ key: String, _ tally: Tally) {
        guard tally.beyond > 0, learnt[key] != nil || learnt.count < Self.mostLearnt else { return }
        learnt[key] = max(learnt[key] ?? 0, tally.net)
    }

    /// Judges the hour. `standing`: what each series has now; `percent`: of what the vault had.
    package mutating func judge(_ seriesCounts: [Bytes: Standing], percent: Int, at now: Timestamp) {
        let byKey = Dictionary(seriesCounts.map { ($0.key.hexadecimal, $0.value) }) { first, _ in first }
        var (lost, rewritten) = (0, 0)
        // What came meanwhile was not had: who writes an encrypted one beside each must not halve the share.
        var had = max(0, seriesCounts.values.reduce(0) { $0 + $1.count }.subtracting(arrivedElsewhere ?? 0))
        let losing = tallies.values.count { $0.lost > $0.arrived }
        for (key, tally) in tallies {
            let own = byKey[key]
            had = had.adding(max(0, tally.net))
            let isWriters = losing == 1 || tally.arrived > 0
            let beyond = beyond(tally, own?.count ?? 0, learnt[key] ?? 0, isWriters: isWriters)
            // What is gone as a whole was no rotation.
            tallies[key]?.beyond = own == nil ? 0 : beyond
            lost = lost.adding(beyond)
            let isNewest = tally.newestRewritten.map { $0 >= own?.newest ?? $0 } ?? false
            rewritten += max(0, tally.rewritten.count - (isNewest ? 1 : 0))
        }
        let alarming = lost.adding(rewritten)
        had = max(had, alarming)
        guard alarming >= Self.least,
            alarming.multiplied(by: 100) >= had.multiplied(by: percent) || rewritten >= Self.most
        else { return }
        let parts = [(rewritten, "rewritten or renamed"), (lost, "gone")].filter { $0.0 > 0 }
        let text = parts.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        alarm = Alarm(reason: "of \(had) backups, \(text) within an hour, more than their writers usually do", at: now)
        // It is said; another one begins anew.
        for (key, tally) in tallies { learn(key, tally) }
        tallies = [:]
        arrivedElsewhere = nil
    }

    private func beyond(_ tally: Tally, _ count: Int, _ learnt: Int, isWriters: Bool) -> Int {
        let net = tally.net
        guard net > 0 else { return 0 }
        guard count > 0 else { return net }
        let half = count.adding(net).adding(1) / 2
        return max(0, net.subtracting(max(isWriters ? max(2, half) : min(2, half), learnt)))
    }
}

extension UInt64 {
    fileprivate var clamped: Int64 { Int64(clamping: self) }
}
