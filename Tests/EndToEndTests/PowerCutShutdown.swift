import Foundation
import Testing

/// A file system that is stopped dead: from one moment on nothing of it reaches the disk, as when the power goes, and
/// the caches of the kernel are lost. ext4 and xfs can (`xfs_io -x -c shutdown`).
final class ShutdownDisk {
    let root: URL
    private let memory: Disk
    private var image: URL { memory.root.appending(path: "image") }
    private var preloaded: URL { memory.root.appending(path: "barriers.so") }

    init(_ kind: Disk.Kind) throws {
        memory = try Disk(.tmpfs, megabytes: 1024)
        root = memory.root.appending(path: "mounted", directoryHint: .isDirectory)
        let image = memory.root.appending(path: "image")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: false)
        #expect(FileManager.default.createFile(atPath: image.path, contents: nil))
        #expect(truncate(image.path, off_t(PowerCutDisk.megabytes(kind) << 20)) == 0)
        try Disk.run(kind.make + [image.path])
        try Disk.run(["fallocate", "--dig-holes", image.path])
        try PowerCutDisk.compile("barriers.c", to: preloaded, with: "-shared -fPIC")
    }

    deinit { _ = try? CLIFixture.launch(["/usr/bin/env", "umount", "-l", root.path]) }

    func mounted<T>(_ body: () throws -> T) throws -> T {
        try Disk.run(["mount", "-o", "loop", image.path, root.path])
        let answer: T
        do {
            answer = try body()
        } catch {
            try unmount()
            throw error
        }
        try unmount()
        return answer
    }

    /// A process that another test starts just now holds a copy of what this one has open, until its exec.
    private func unmount() throws {
        for _ in 0..<50 {
            if try CLIFixture.launch(["/usr/bin/env", "umount", root.path]).status == 0 { return }
            usleep(20_000)
        }
        try Disk.run(["umount", root.path])
    }

    /// The real binary, killed before its n-th barrier, in whatever thread; and how many barriers it came to.
    func run(
        _ arguments: [String], of house: CLIFixture, killedAt n: Int
    ) throws -> (outcome: CLIFixture.Outcome, barriers: Int) {
        let log = memory.root.appending(path: "barriers")
        #expect(FileManager.default.createFile(atPath: log.path, contents: nil))
        let outcome = try house.run(
            arguments,
            environment: ["LD_PRELOAD": preloaded.path, "BARRIER_LOG": log.path, "BARRIER_LAST": "\(n)"])
        return (outcome, try Data(contentsOf: log).count)
    }

    func shutDown() throws { try Disk.run(["xfs_io", "-x", "-c", "shutdown", root.path]) }

    /// Not mounted: the disk as it is gets a name.
    func keep(as name: String) throws {
        try Disk.run(["cp", image.path, memory.root.appending(path: "kept-\(name)").path])
    }

    func bringBack(_ name: String) throws {
        try Disk.run(["cp", memory.root.appending(path: "kept-\(name)").path, image.path])
    }
}

extension PowerCutTests {
    @Test(
        "a file system shut down at every barrier has every backup", .timeLimit(.minutes(60)),
        arguments: [Disk.Kind.ext4, .xfs])
    func shutdown(_ kind: Disk.Kind) throws {
        let disk = try ShutdownDisk(kind)
        let vault = try disk.mounted { try PowerCutVault(root: disk.root) }
        var counts = Counts()
        for deed in PowerCutVault.Deed.allCases {
            try disk.mounted { try vault.makeReady(for: deed) }
            try disk.keep(as: deed.rawValue)
            // In CI the odd ones on one file system, the even ones on the other.
            let (first, step) = CLIFixture.isLongForm ? (1, 1) : (kind == .ext4 ? 1 : 3, 4)
            let barriers = try shutDownAtEach(stride(from: first, through: 200, by: step), deed, disk, vault, &counts)
            #expect(barriers >= 5, "\(deed) has few barriers")
            try disk.bringBack(deed.rawValue)
            let outcome = try disk.mounted { try vault.house.run(vault.command(deed)) }
            #expect(outcome.status == 0, "\(outcome.out)\(outcome.error)")
        }
        print("shutdown, \(kind): \(counts.text)")
    }

    /// Before each of these barriers, until a run gets through; that one is shut down when it has answered.
    /// How many barriers there are.
    private func shutDownAtEach(
        _ numbers: StrideThrough<Int>, _ deed: PowerCutVault.Deed, _ disk: ShutdownDisk, _ vault: PowerCutVault,
        _ counts: inout Counts
    ) throws -> Int {
        for n in numbers {
            try disk.bringBack(deed.rawValue)
            let (isThrough, barriers) = try disk.mounted {
                let (outcome, barriers) = try disk.run(vault.command(deed), of: vault.house, killedAt: n)
                try disk.shutDown()
                return (outcome.status != -SIGKILL, barriers)
            }
            counts.images += 1
            try disk.mounted {
                let (place, problems) = vault.place(deed, isDone: isThrough)
                counts.places[place, default: 0] += 1
                for problem in problems { Issue.record("\(deed), shut down at barrier \(n): \(problem)") }
                guard CLIFixture.isLongForm || isThrough || n % 10 < 2 else { return }
                counts.recovered += 1
                for problem in try vault.recover(deed) {
                    Issue.record("\(deed), recovering from barrier \(n): \(problem)")
                }
            }
            if isThrough { return barriers }
            try #require(barriers == n, "\(deed) was to be killed at barrier \(n)")
        }
        Issue.record("\(deed) did not get through in 200 steps")
        return 200
    }
}
