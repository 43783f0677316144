package import Model

/// How a file system filled up, day by day, and when it will be full if it goes on like that.
package struct Growth: Codable, Hashable, Sendable {
    package struct Sample: Codable, Hashable, Sendable {
        /// Days since 1970, in UTC.
        package var day: Int64
        package var used: Int64

        package init(day: Int64, used: Int64) {
            self.day = day
            self.used = used
        }

        var isPossible: Bool { (-1_000_000...1_000_000).contains(day) && used >= 0 }
    }

    /// One a day, oldest first.
    package var samples: [Sample] = []

    package init(samples: [Sample] = []) { self.samples = samples }

    /// So many days are remembered; the forecast is of the last ``window``.
    static let most = 60
    static let window = 30
    /// Fewer say nothing: a week has its own rhythm.
    package static let least = 7
    /// Beyond this it is no forecast.
    static let mostDays: Int64 = 3650

    /// The first one of each day counts. A clock that was set back makes what lies ahead of it worthless.
    @discardableResult
    package mutating func record(used: Int64, at now: Timestamp) -> Bool {
        let day = now.seconds.floorDivided(by: 86_400)
        let before = samples.count
        samples.removeAll { $0.day > day }
        guard samples.last?.day != day else { return samples.count != before }
        samples.append(Sample(day: day, used: used))
        samples.removeFirst(max(0, samples.count - Self.most))
        return true
    }

    /// Whole days until `available` bytes are used up; `nil`: less than a week is known, or it does not grow.
    ///
    /// The slope is the median of those between all pairs of days (Theil and Sen): one large purge, or one large
    /// backup, does not turn it over.
    package func daysUntilFull(available: Int64) -> Int64? {
        let some = samples.suffix(Self.window)
        guard some.count >= Self.least, let first = some.first, let last = some.last,
            last.day - first.day >= Int64(Self.least - 1)
        else { return nil }
        var slopes: [Double] = []
        for (n, a) in some.enumerated() {
            for b in some.dropFirst(n + 1) { slopes.append(Double(b.used - a.used) / Double(b.day - a.day)) }
        }
        slopes.sort()
        let slope = slopes[slopes.count / 2]
        guard slope >= 1 else { return nil }
        let days = Double(max(0, available)) / slope
        return days > Double(Self.mostDays) ? nil : Int64(days)
    }
}

/// `<state>/growth.json`: a sample a day of each file system with vaults on it.
package struct GrowthStore: Sendable {
    private let file: StateFile<File>

    package struct File: Codable, Sendable {
        var filesystems: [String: Growth] = [:]
    }

    init(stateDirectory: Bytes) {
        file = StateFile(
            directory: stateDirectory, name: "growth.json", isCache: true,
            isPossible: { $0.filesystems.values.allSatisfy { $0.samples.allSatisfy(\.isPossible) } })
    }

    /// Disks that were not seen for long are forgotten behind this many.
    private static let mostFilesystems = 256

    package func read() throws(Fault) -> [String: Growth] { try file.read()?.filesystems ?? [:] }

    /// Written only when there is something new: once a day.
    package func record(_ used: [String: Int64], at now: Timestamp) throws(Fault) {
        var known = try read()
        var isChanged = false
        for (id, bytes) in used where known[id, default: Growth()].record(used: bytes, at: now) { isChanged = true }
        guard isChanged else { return }
        try file.change { file in
            var current = file ?? File()
            for (id, bytes) in used { current.filesystems[id, default: Growth()].record(used: bytes, at: now) }
            while current.filesystems.count > Self.mostFilesystems,
                let oldest = current.filesystems.min(by: {
                    ($0.value.samples.last?.day ?? 0) < ($1.value.samples.last?.day ?? 0)
                })
            {
                current.filesystems[oldest.key] = nil
            }
            file = current
        }
    }
}
