extension String {
    /// The name that was probably meant by this one, where one is alike enough; of several the first in order.
    ///
    /// Alike: no more than a third of the letters differ (added, missing, other, or two swapped), and three at most.
    package func nearest(of names: some Sequence<String>) -> String? {
        let own = Array(lowercased())
        let most = Swift.min(3, Swift.max(1, own.count / 3))
        var best: (distance: Int, name: String)?
        for name in Set(names) where abs(name.count - own.count) <= most {
            let distance = Self.distance(own, Array(name.lowercased()))
            guard distance <= most, best.map({ (distance, name) < ($0.distance, $0.name) }) ?? true else { continue }
            best = (distance, name)
        }
        return best?.name
    }

    /// As a hint's beginning: `did you mean 'status'? `, or nothing.
    package func didYouMean(_ names: some Sequence<String>) -> String {
        nearest(of: names).map { "did you mean '\($0)'? " } ?? ""
    }

    private static func distance(_ a: [Character], _ b: [Character]) -> Int {
        guard !a.isEmpty, !b.isEmpty else { return Swift.max(a.count, b.count) }
        var before: [Int] = []
        var row = Array(0...b.count)
        for i in 1...a.count {
            var next = [i]
            for j in 1...b.count {
                var cost = Swift.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    cost = Swift.min(cost, before[j - 2] + 1)
                }
                next.append(cost)
            }
            (before, row) = (row, next)
        }
        return row[b.count]
    }
}
