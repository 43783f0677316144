internal import Foundation
internal import Model

/// Walks one series from old to new and says what is far outside of what is usual.
///
/// Usual are the last ten full ones that count: median and median deviation of the logarithms of their sizes, so that
/// growth, whether steady or doubling, is no sign. A size that was usual twice among the last thirty (weekends, month
/// ends) is usual. Incrementals are what changed in a day, which says nothing: their sizes are not judged.
struct SizeWalk {
    private(set) var suspects: [UInt64: String] = [:]
    private(set) var run: [UInt64] = []
    private(set) var before: [UInt64] = []

    private let contradictionsMatter: Bool
    private let words: Suspicion.Words
    private let renewed: Set<UInt64>
    /// Whether most of the series are compressed. Some jobs compress by day what they wrote by night: that is large,
    /// and no measure for the others.
    private let isPacked: Bool
    /// Sizes of full ones that count, newest last.
    private var usual: [Int64] = []
    private var lastFull: UInt64?
    private var pending: [Pending] = []
    private var hasAcceptedContradiction = false

    private struct Pending {
        var at: Int
        var object: UInt64
        /// `nil`: its content contradicts its name.
        var size: Int64?
        var lastFull: UInt64?
    }

    /// Fewer say nothing.
    static let least = 10
    /// So many that agree are the new level.
    static let agreeing = 10
    /// A quarter of what is usual, and ten times it.
    private static let (smaller, larger): (Int64, Int64) = (4, 10)
    /// Median deviations.
    private static let tolerance = 6.0

    init(contradictionsMatter: Bool, words: Suspicion.Words, renewed: Set<UInt64>, isPacked: Bool) {
        self.isPacked = isPacked
        self.contradictionsMatter = contradictionsMatter
        self.words = words
        self.renewed = renewed
    }

    /// `line`: oldest first.
    mutating func walk(_ line: [Suspicion.Item]) {
        let lastRenewed = renewed.isEmpty ? nil : line.lastIndex { renewed.contains($0.object) }
        let fresh = max(0, line.count - Suspicion.judged)
        for (at, item) in line.enumerated() {
            // Far back nothing is judged anew, and what is usual there is no measure for today.
            let isOld = at < fresh
            if isOld, at + Suspicion.recalled < fresh, words.remembered.isEmpty { continue }
            take(item, at, isOld: isOld)
            if at == lastRenewed { renew(line[...at]) }
        }
    }

    private mutating func take(_ item: Suspicion.Item, _ at: Int, isOld: Bool) {
        if item.isPast || words.accepted.contains(item.object) || renewed.contains(item.object) {
            if item.isContradicted { hasAcceptedContradiction = true }
            return count(item)
        }
        if item.size == 0 { return suspect(item, at, Suspicion.emptyNote) }
        let remembered = words.remembered[item.object]
        if item.isContradicted, contradictionsMatter, !hasAcceptedContradiction, !isOld || remembered != nil {
            suspect(item, at, Suspicion.contradictedNote)
            return resolve(Pending(at: at, object: item.object, size: nil, lastFull: lastFull))
        }
        if item.lacksFooter, !isUsualSize(item.size) { return suspect(item, at, Backup.footerAbsentNote) }
        let why = isOld ? remembered : (whyUnusual(item) ?? remembered)
        guard let why, item.isFull else { return count(item) }
        // Remembered for its content, which has been made good.
        if why == Suspicion.emptyNote || why == Suspicion.contradictedNote { return count(item) }
        suspect(item, at, why)
        resolve(Pending(at: at, object: item.object, size: item.size, lastFull: lastFull))
    }

    private mutating func count(_ item: Suspicion.Item) {
        // An incremental says nothing of the full ones.
        guard item.isFull else { return }
        run.removeAll()
        lastFull = item.object
        if item.isPast || item.isPacked == isPacked { use(item.size) }
    }

    private mutating func use(_ size: Int64) {
        guard size > 0 else { return }
        usual.append(size)
        if usual.count > Suspicion.judged { usual.removeFirst() }
    }

    private mutating func suspect(_ item: Suspicion.Item, _ at: Int, _ why: String) {
        suspects[item.object] = why
        run.append(item.object)
    }

    // MARK: What is usual

    /// Near those that counted last, however few they are.
    private func isUsualSize(_ size: Int64) -> Bool {
        let last = usual.suffix(Self.least)
        guard let low = last.min(), let high = last.max() else { return false }
        return size >= high / Self.smaller && size / Self.larger <= low
    }

    private func whyUnusual(_ item: Suspicion.Item) -> String? {
        guard item.isFull, usual.count >= Self.least else { return nil }
        let last = usual.suffix(Self.least)
        let (low, high) = (last.min() ?? 0, last.max() ?? 0)
        let size = item.size
        // By far the most: near all of them.
        if size >= high / Self.smaller, size / Self.larger <= low { return nil }
        let logs = last.map { log2(Double($0)) }
        let median = Self.median(logs)
        let spread = Self.tolerance * Self.median(logs.map { abs($0 - median) })
        let off = log2(Double(size)) - median
        let isSmaller = off < -max(log2(Double(Self.smaller)), spread)
        guard isSmaller || off > max(log2(Double(Self.larger)), spread) else { return nil }
        if item.isPacked != isPacked, item.isPacked == isSmaller { return nil }
        let seen = usual.count { isSmaller ? $0 / 2 <= size : $0 >= size / 2 }
        guard seen < 2 else { return nil }
        if isSmaller { return Self.text(smaller: exp2(off)) }
        return "\(Int(exp2(min(off, 40)).rounded())) times as large as usual"
    }

    private static func text(smaller share: Double) -> String {
        let percent = Int((100 * (1 - share)).rounded(.down))
        return percent >= 99 ? "over 99 % smaller than usual" : "\(percent) % smaller than usual"
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    // MARK: A new level

    /// Ten that agree, among the last thirty, are the new level: they count, and what is usual is what they are.
    private mutating func resolve(_ new: Pending) {
        pending.removeAll { new.at - $0.at >= Suspicion.judged }
        pending.append(new)
        let alike = pending.filter { Self.agree($0.size, new.size) }
        guard alike.count >= Self.agreeing else { return }
        let objects = Set(alike.map(\.object))
        for object in objects { suspects[object] = nil }
        run.removeAll(where: objects.contains)
        pending.removeAll { objects.contains($0.object) }
        if let last = alike[0].lastFull, !before.contains(last) { before.append(last) }
        lastFull = new.object
        for size in alike.compactMap(\.size) { use(size) }
        if new.size == nil { hasAcceptedContradiction = true }
    }

    private static func agree(_ a: Int64?, _ b: Int64?) -> Bool {
        guard let a, let b else { return a == nil && b == nil }
        return a / 2 <= b && b / 2 <= a
    }

    /// A person accepted all up to here: usual is what is like the newest of these.
    private mutating func renew(_ line: ArraySlice<Suspicion.Item>) {
        guard let newest = line.last(where: { $0.isFull && $0.size > 0 }) else { return }
        usual = []
        for item in line.suffix(Suspicion.judged) where item.isFull && Self.agree(item.size, newest.size) {
            use(item.size)
        }
        pending = []
        run = []
        before = []
    }
}
