internal import Model

/// rsnapshot's `daily.0/`, `daily.1/`, …: all are renamed at each run, and next time a name is another backup's. Its
/// own names of intervals are told by themselves. Other directories of this shape may as well be rotated by a script:
/// `X.0` with `X.1`, or `X.0` alone after the first run, where X is one word. Source: `rsnapshot-program.pl`.
struct Rsnapshot: Layout {
    let guide = LayoutGuide(
        tool: "rsnapshot", names: "`alpha.0/`, `hourly.0/`, `daily.1/`, `nightly.0/`", kind: "left alone as a whole",
        chain: "the tool's own", complete: "not looked at", prunes: "rsnapshot's own retain counts")

    private static let own = SkippedEntry.Why.managed(tool: "rsnapshot", prune: "rsnapshot's own retain counts")
    private static let rotated = SkippedEntry.Why.managed(
        tool: "directory rotated by name, as by rsnapshot",
        prune: "the retain counts of rsnapshot, or the script that rotates it")

    private static let intervals: Set<Bytes> = [
        "alpha", "beta", "gamma", "delta", "hourly", "daily", "weekly", "monthly", "yearly",
    ]

    func claim(in listing: inout Listing) {
        var others: [Bytes: [(index: Int, number: Int)]] = [:]
        for index in listing.entries.indices
        where listing.entries[index].isDirectory && listing.isCandidate(index) {
            let entry = listing.entries[index]
            guard let (word, number) = Self.read(entry.name) else { continue }
            // `2026-11-23.0`: a date says more.
            if Self.intervals.contains(word) {
                listing.claim(index, as: .skippedEntries(Self.own))
            } else if !listing.parser.read(entry.finalName).isTime {
                others[word, default: []].append((index, number))
            }
        }
        for (word, members) in others where Self.isRotation(word, Set(members.map(\.number))) {
            for member in members { listing.claim(member.index, as: .skippedEntries(Self.rotated)) }
        }
    }

    private static func isRotation(_ word: Bytes, _ numbers: Set<Int>) -> Bool {
        guard numbers.contains(0) else { return false }
        return numbers.contains(1) || (word.count >= 3 && word.storage.allSatisfy { $0.isLetter && $0 < 0x80 })
    }

    /// What stands before a dot and a number; `nil`: another name.
    private static func read(_ name: Bytes) -> (Bytes, Int)? {
        guard name.storage.last?.isDigit == true, let dot = name.storage.lastIndex(of: UInt8(ascii: ".")), dot > 0,
            (1...4).contains(name.count - dot - 1), name.endsInDigits(from: dot + 1)
        else { return nil }
        let number = name.storage[(dot + 1)...].reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        return (Bytes(name.storage[..<dot]), number)
    }
}
