import Foundation
import Testing

/// What the power going at any moment leaves on a disk. `docs/durability.md` speaks of it and has the counts.
@Suite(
    "power cut", .enabled(if: PowerCutDisk.isPossible, "needs root, loop devices, FUSE, pkg-config and a C compiler"))
struct PowerCutTests {
    /// The entries of the log that belong to a deed.
    private struct Span {
        var deed: PowerCutVault.Deed
        var begin: Int
        /// It had answered.
        var end: Int
        /// All that it left behind was written.
        var flushed: Int
    }

    @Test("any moment's disk has every backup", .timeLimit(.minutes(60)), arguments: [Disk.Kind.ext4, .xfs, .btrfs])
    func images(_ kind: Disk.Kind) throws {
        let disk = try PowerCutDisk(kind)
        let vault = try PowerCutVault(root: disk.root)
        var moments: [(PowerCutVault.Deed, Int, Int, Int)] = []
        for deed in PowerCutVault.Deed.allCases {
            try vault.makeReady(for: deed)
            try disk.flush()
            let begin = try disk.moment()
            let outcome = try vault.house.run(vault.command(deed))
            #expect(outcome.status == 0, "\(outcome.out)\(outcome.error)")
            let end = try disk.moment()
            try disk.flush()
            moments.append((deed, begin, end, try disk.moment()))
        }
        let careless = try disk.moment()
        try vault.condemnCarelessly()
        try disk.flush()
        let log = try disk.finish()
        let spans = moments.map {
            Span(deed: $0, begin: log.count(at: $1), end: log.count(at: $2), flushed: log.count(at: $3))
        }

        var counts = Counts()
        let seed = UInt64.random(in: 0 ... .max)
        print("power cut, \(kind): \(log.entries.count) writes and flushes, seed \(seed)")
        var generator = SeededGenerator(state: seed)
        for span in spans {
            let cuts = sample(cuts(span, log))
            for cut in cuts {
                try look(log.prefix(cut.count), cut, span, vault, disk, &counts)
                for _ in 0..<cut.subsets {
                    try look(log.subset(cut.count, &generator), cut, span, vault, disk, &counts)
                }
            }
        }
        print("power cut, \(kind): \(counts.text)")
        #expect(counts.images >= (CLIFixture.isLongForm ? 300 : 60))
        #expect(counts.recovered >= 8)
        try seesCarelessness(log.count(at: careless), log, vault, disk)
    }

    /// The counts above mean nothing if a mistake would not be seen.
    private func seesCarelessness(
        _ begin: Int, _ log: BlockLog, _ vault: PowerCutVault, _ disk: PowerCutDisk
    ) throws {
        var seen = false
        for count in begin..<log.entries.count where !seen {
            if count > begin, case .flush = log.entries[count - 1] { continue }
            seen = try disk.mounted(log.prefix(count)) {
                vault.place(.purge, isDone: false).problems.contains { $0.contains(PowerCutVault.unnamed) }
            }
        }
        #expect(seen, "a manifest that was not made to last was never missed")
    }

    /// A moment at which the power goes.
    private struct Cut {
        /// So many entries of the log had come to the disk.
        var count: Int
        /// A flush comes next.
        var isBarrier: Bool
        /// How many disks are looked at that did not do all since the last flush.
        var subsets = 0
        var isToRecover = false
    }

    /// After each write of a deed.
    private func cuts(_ span: Span, _ log: BlockLog) -> [Cut] {
        (span.begin...span.flushed).compactMap { count in
            // A flush alone changes no byte.
            if count > span.begin, case .flush = log.entries[count - 1] { return nil }
            var isBarrier = false
            if count < log.entries.count, case .flush = log.entries[count] { isBarrier = true }
            return Cut(count: count, isBarrier: isBarrier)
        }
    }

    /// All of them, or so many that CI gets through.
    private func sample(_ all: [Cut]) -> [Cut] {
        let between = CLIFixture.isLongForm ? all : Self.evenly(all.filter { !$0.isBarrier }, 12)
        // Where a file system has few writes between two flushes, more of the flushes are looked at.
        var cuts =
            between + (CLIFixture.isLongForm ? [] : Self.evenly(all.filter(\.isBarrier), 19 - between.count))
        cuts.sort { $0.count < $1.count }
        let recoverEach = max(1, cuts.count / 3)
        for n in cuts.indices {
            if cuts[n].isBarrier { cuts[n].subsets = CLIFixture.isLongForm ? 3 : 1 }
            cuts[n].isToRecover = CLIFixture.isLongForm ? cuts[n].isBarrier : n % recoverEach == recoverEach - 1
        }
        return cuts
    }

    private static func evenly(_ all: [Cut], _ most: Int) -> [Cut] {
        all.count <= most ? all : (0..<most).map { all[$0 * (all.count - 1) / (most - 1)] }
    }

    private func look(
        _ image: BlockLog.Image, _ cut: Cut, _ span: Span, _ vault: PowerCutVault, _ disk: PowerCutDisk,
        _ counts: inout Counts
    ) throws {
        counts.images += 1
        do {
            try disk.mounted(image) {
                let (place, problems) = vault.place(span.deed, isDone: cut.count >= span.end)
                counts.places[place, default: 0] += 1
                for problem in problems {
                    Issue.record("\(span.deed), \(cut.count) of \(span.begin)…\(span.flushed): \(problem)")
                }
                guard cut.isToRecover else { return }
                counts.recovered += 1
                for problem in try vault.recover(span.deed) {
                    Issue.record("\(span.deed), recovering \(cut.count) of \(span.begin)…\(span.flushed): \(problem)")
                }
            }
        } catch let failure as PowerCutDisk.MountFailure {
            counts.mountFailures += 1
            Issue.record(
                "\(span.deed), \(cut.count) of \(span.begin)…\(span.flushed): cannot be mounted: \(failure.text)")
        }
    }

    struct Counts {
        var images = 0
        var places: [PowerCutVault.Place: Int] = [:]
        var mountFailures = 0
        var recovered = 0

        var text: String {
            let places = PowerCutVault.Place.allCases.map { "\($0.rawValue) \(self.places[$0] ?? 0)" }
            return "\(images) images: " + places.joined(separator: ", ")
                + "; mount failures \(mountFailures); recovered \(recovered)"
        }
    }
}
