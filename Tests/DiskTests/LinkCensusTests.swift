import Disk
import Foundation
import Glibc
import Model
import Support
import Testing

/// The same question answered the plain way: every name with its inode, in a list.
private struct NaiveCensus {
    struct Name {
        var unit: UInt32
        var inode: UInt64
    }
    var names: [Name] = []
    var links: [UInt64: UInt32] = [:]
    var allocated: [UInt64: Int64] = [:]

    func freed(_ units: Set<UInt32>) -> Int64 {
        var going: [UInt64: UInt32] = [:]
        for name in names where units.contains(name.unit) { going[name.inode, default: 0] += 1 }
        return going.reduce(0) { $1.value == links[$1.key] ? $0 + (allocated[$1.key] ?? 0) : $0 }
    }
}

@Suite("freed if purged")
struct LinkCensusTests {
    @Test("as the plain way of counting has it, for every subset of random small forests", arguments: 0..<60)
    func naive(seed: UInt64) {
        var random = Seeded(seed: seed)
        let units = UInt32.random(in: 1...7, using: &random)
        let inodes = UInt64.random(in: 1...30, using: &random)
        var plain = NaiveCensus()
        for unit in 0..<units {
            for inode in 1...inodes {
                // Runs of units, gaps, and several links in one unit.
                let isIn = inode.isMultiple(of: 3) ? Bool.random(using: &random) : unit >= inode % 5
                guard isIn else { continue }
                for _ in 0..<(inode.isMultiple(of: 4) ? Int.random(in: 1...3, using: &random) : 1) {
                    plain.names.append(.init(unit: unit, inode: inode))
                    plain.links[inode, default: 0] += 1
                }
            }
        }
        for inode in plain.links.keys {
            plain.allocated[inode] = Int64.random(in: 0...1000, using: &random) * 4096
            // Some have a link that nobody finds.
            if inode.isMultiple(of: 7) { plain.links[inode, default: 0] += 1 }
        }
        // The second one compacts all the time.
        var all = [LinkCensus(), LinkCensus(limit: 1000, placementLimit: 3)]
        for name in plain.names {
            for index in all.indices {
                all[index].add(
                    unit: name.unit, inode: name.inode, links: plain.links[name.inode] ?? 0,
                    allocated: plain.allocated[name.inode] ?? 0)
            }
        }
        for bits in UInt32(0)..<(1 << units) {
            let subset = Set((0..<units).filter { bits & (1 << $0) != 0 })
            let expected = plain.freed(subset)
            let freed = all[0].freed(byPurging: subset)
            #expect(freed == LinkCensus.Freed(bytes: expected, isAtLeast: false), "seed \(seed), \(subset.sorted())")
            let bounded = all[1].freed(byPurging: subset)
            #expect(bounded.bytes == expected || (bounded.isAtLeast && bounded.bytes < expected), "seed \(seed)")
        }
        let alone = all[0].freedAlone()
        for unit in 0..<units {
            #expect(all[0].freedAlone(unit).bytes == alone[unit]?.bytes ?? 0)
        }
    }

    @Test("placements that nothing has any more are forgotten, and the answers stay")
    func compacts() {
        // A file that comes with each tree and stays: without compaction every pair of (first, last) would remain.
        var census = LinkCensus(limit: 1000, placementLimit: 200)
        for unit in UInt32(0)..<60 {
            for inode in 0...unit {
                census.add(unit: unit, inode: UInt64(inode) + 1, links: 60 - inode, allocated: 4096)
            }
        }
        #expect(census.freed(byPurging: Set(0..<60)) == .init(bytes: 60 * 4096, isAtLeast: false))
        #expect(census.freed(byPurging: Set(50..<60)) == .init(bytes: 10 * 4096, isAtLeast: false))
        #expect(census.freed(byPurging: Set(0..<59)) == .init(bytes: 0, isAtLeast: false))
        #expect(census.freedAlone(59).bytes == 4096)
    }

    @Test("over the limit nothing is promised for what was not counted, and the answer says so")
    func limit() {
        var census = LinkCensus(limit: 10)
        for inode in UInt64(1)...10 { census.add(unit: 1, inode: inode, links: 2, allocated: 4096) }
        for inode in UInt64(1)...15 { census.add(unit: 2, inode: inode, links: 2, allocated: 4096) }
        census.add(unit: 3, inode: 99, links: 1, allocated: 512)
        for inode in UInt64(11)...15 { census.add(unit: 3, inode: inode, links: 2, allocated: 4096) }
        #expect(census.inodes == 10)
        #expect(census.freed(byPurging: [1]) == .init(bytes: 0, isAtLeast: false))
        #expect(census.freed(byPurging: [1, 2]) == .init(bytes: 40_960, isAtLeast: true))
        #expect(census.freed(byPurging: [3]) == .init(bytes: 512, isAtLeast: true))
        #expect(census.freedAlone()[3] == .init(bytes: 512, isAtLeast: true))
    }

    @Test("an inode whose link count moved while it was counted is not promised")
    func moving() {
        var census = LinkCensus()
        census.add(unit: 1, inode: 5, links: 2, allocated: 8192)
        census.add(unit: 2, inode: 5, links: 3, allocated: 4096)
        #expect(census.freed(byPurging: [1, 2]).bytes == 0)
    }

    @Test("a stopped count is at least, and pauses come as asked")
    func polite() throws {
        let scratch = try Scratch()
        for n in 0..<100 { try scratch.write("t/d\(n)/f") }
        let tree = try scratch.open().open("t")
        var census = LinkCensus()
        #expect(try census.count(tree: tree, as: 1, shouldStop: { true }) == false)
        #expect(census.freedAlone(1).isAtLeast)
        let pauses = Tally()
        #expect(try census.count(tree: tree, as: 2, pacing: Pacing(entries: 10) { pauses.add() }))
        #expect((10...20).contains(pauses.count))
        #expect(!census.freedAlone(2).isAtLeast)
    }

    @Test("background priority is of the calling thread alone")
    func priority() throws {
        let before = try nice(ofThread: "self")
        let isDone = DispatchSemaphore(value: 0)
        let found = Tally()
        Thread.detachNewThread {
            try? BackgroundPriority.takeForThisThread()
            if (try? self.nice(ofThread: "thread-self")) == 19 { found.add() }
            isDone.signal()
        }
        isDone.wait()
        #expect(found.count == 1)
        #expect(try nice(ofThread: "self") == before)
    }

    /// Field 19 of the kernel's line.
    private func nice(ofThread name: String) throws -> Int {
        let path = name == "self" ? "/proc/self/task/\(getpid())/stat" : "/proc/thread-self/stat"
        let line = try String(contentsOfFile: path, encoding: .utf8)
        let fields = line.split(separator: ")").last?.split(separator: " ") ?? []
        return try #require(Int(fields[16]))
    }
}

/// A counter for closures of any thread.
final class Tally: @unchecked Sendable {
    // `lock` guards it.
    private let lock = NSLock()
    private var value = 0
    var count: Int { lock.withLock { value } }
    func add() { lock.withLock { value += 1 } }
}

@Suite("freed if purged, on real file systems", .enabled(if: LoopDisk.isPossible, LoopDisk.whySkipped))
struct LinkCensusDiskTests {
    @Test(
        "what rm -rf really gives back, for random subsets of hard-linked trees", arguments: [LoopDisk.Kind.ext4, .xfs])
    func removed(kind: LoopDisk.Kind) throws {
        for seed in UInt64(1)...3 {
            let disk = try LoopDisk(kind)
            var random = Seeded(seed: seed)
            for unit in 0..<6 {
                for n in 0..<60 {
                    let name = "u\(unit)/d\(n % 7)/f\(n)"
                    let isShared = unit > 0 && n % 60 > unit * 3
                    if isShared, FileManager.default.fileExists(atPath: disk.path("u\(unit - 1)/d\(n % 7)/f\(n)")) {
                        try disk.link("u\(unit - 1)/d\(n % 7)/f\(n)", name)
                    } else {
                        try disk.write(name, bytes: Int.random(in: 1...200_000, using: &random))
                    }
                    if n % 11 == 0 { try disk.link(name, "u\(unit)/again\(n)") }
                    if n % 13 == 0 { try disk.link(name, "outside/\(unit)-\(n)") }
                }
                try disk.write("u\(unit)/sparse")
                truncate(disk.path("u\(unit)/sparse"), 500 << 20)
            }
            sync()
            var census = LinkCensus()
            for unit in UInt32(0)..<6 { try census.count(tree: disk.open("u\(unit)"), as: unit) }
            let going = Set((UInt32(0)..<6).filter { _ in Bool.random(using: &random) } + [1])
            let freed = census.freed(byPurging: going)
            let before = try disk.free()
            try LoopDisk.run(["rm", "-rf"] + going.map { disk.path("u\($0)") })
            // xfs frees inodes in the background.
            usleep(kind == .xfs ? 500_000 : 0)
            let given = try disk.free() - before
            #expect(!freed.isAtLeast && freed.bytes > 0)
            // Inode chunks and trees of free space are xfs's own; ext4 keeps its inode tables.
            let slack: Int64 = kind == .xfs ? 512 << 10 : 16 << 10
            #expect(abs(given - freed.bytes) <= slack, "seed \(seed): \(given) given back, \(freed.bytes) promised")
        }
    }

    @Test("within a unit, across units, to outside; single files; a sparse file for what it holds")
    func links() throws {
        let disk = try LoopDisk(.ext4)
        try disk.write("a/within", bytes: 8192)
        try disk.link("a/within", "a/d/within")
        try disk.write("a/across", bytes: 4096)
        try disk.link("a/across", "b/across")
        try disk.write("a/outside", bytes: 4096)
        try disk.link("a/outside", "outside")
        try disk.write("c.tar", bytes: 12_288)
        try disk.write("twice.tar", bytes: 4096)
        try disk.link("twice.tar", "e/twice.tar")
        try disk.write("sparse")
        truncate(disk.path("sparse"), 1 << 30)
        sync()
        let root = try disk.open()
        var census = LinkCensus()
        try census.count(tree: disk.open("a"), as: 1)
        try census.count(tree: disk.open("b"), as: 2)
        try census.count(file: "c.tar", in: root, as: 3)
        try census.count(file: "sparse", in: root, as: 4)
        try census.count(file: "twice.tar", in: root, as: 5)
        try census.count(file: "twice.tar", in: disk.open("e"), as: 6)
        let directory: Int64 = 4096
        #expect(census.freedAlone(1).bytes == 2 * directory + 8192)
        #expect(census.freedAlone(2).bytes == directory)
        #expect(census.freed(byPurging: [1, 2]).bytes == 3 * directory + 8192 + 4096)
        #expect(census.freedAlone(3).bytes == 12_288)
        #expect(census.freedAlone(4).bytes == 4096)
        #expect(census.freedAlone(5).bytes == 0)
        #expect(census.freed(byPurging: [5, 6]).bytes == 4096)
    }

    @Test(
        "blocks shared by a reflink count in each file: there the answer is too much",
        arguments: [LoopDisk.Kind.xfs, .btrfs])
    func reflinks(kind: LoopDisk.Kind) throws {
        let disk = try LoopDisk(kind)
        try disk.write("a/f", bytes: 4 << 20)
        sync()
        try FileManager.default.createDirectory(atPath: disk.path("b"), withIntermediateDirectories: true)
        try LoopDisk.run(["cp", "--reflink=always", disk.path("a/f"), disk.path("b/f")])
        sync()
        var census = LinkCensus()
        try census.count(tree: disk.open("a"), as: 1)
        try census.count(tree: disk.open("b"), as: 2)
        #expect(census.freed(byPurging: [1, 2]).bytes >= 8 << 20)
        #expect(census.freedAlone(1).bytes >= 4 << 20)
    }

    @Test("another device is not counted together: inode numbers mean nothing across two")
    func devices() throws {
        let (one, two) = (try LoopDisk(.ext4), try LoopDisk(.ext4))
        for disk in [one, two] {
            try disk.write("u/f")
            try disk.link("u/f", "v/f")
        }
        var census = LinkCensus()
        try census.count(tree: one.open("u"), as: 1)
        try census.count(tree: two.open("v"), as: 2)
        #expect(census.freed(byPurging: [1, 2]) == .init(bytes: 4096, isAtLeast: true))
    }

    @Test("a mount or a subvolume in a unit makes its answer at least")
    func blocked() throws {
        let disk = try LoopDisk(.btrfs)
        try disk.write("u/f", bytes: 10_000)
        try LoopDisk.run(["btrfs", "subvolume", "create", disk.path("u/sub")])
        var census = LinkCensus()
        try census.count(tree: disk.open("u"), as: 1)
        #expect(census.freedAlone(1).isAtLeast)
    }
}
