import Foundation
import Synchronization
import Testing

/// Vault, state directory and audit log on one file system, and that is full to the last byte.
@Suite("a full disk", .enabled(if: Disk.canMount, "file systems cannot be mounted here"))
struct FullDiskTests {
    private final class FullHouse {
        let disk: Disk
        let house: CLIFixture
        private var fillers = 0

        /// Two backups stay, four are in the trash, and their grace is over.
        init(_ kind: Disk.Kind) throws {
            disk = try Disk(kind, megabytes: kind == .xfs ? 320 : kind == .btrfs ? 128 : 48)
            let vault = disk.root.appending(path: "vault", directoryHint: .isDirectory)
            house = try CLIFixture(grace: "1s", vault: vault)
            let state = disk.root.appending(path: "state", directoryHint: .isDirectory)
            try FileManager.default.createDirectory(at: state, withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                atPath: house.root.appending(path: "state").path, withDestinationPath: state.path)
            let content = String(repeating: "0123456789abcdef", count: 1 << 16)
            for day in 1...6 { try house.put("app/orders-\(CLIFixture.day(day)).dump", content) }
            try house.cleanup()
            #expect(try house.list("--trash").count == 4)
            try house.pass(1.2)
            // Last seen longer ago than is written down again.
            let known = state.appending(path: "vaults.json")
            let text = try String(contentsOf: known, encoding: .utf8)
            try house.write(known, text.replacing(/"last_seen" : "20../, with: "\"last_seen\" : \"2019"))
        }

        /// Until nothing more goes in: large pieces, then single bytes, then directories. More than once: file systems
        /// give room back late.
        func fill() throws {
            for _ in 0..<3 {
                fillers += 1
                let path = disk.root.appending(path: "filler-\(fillers)").path
                let fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
                guard fd >= 0 else { continue }
                for size in [1 << 20, 4096, 1] {
                    let piece = [UInt8](repeating: 0x5A, count: size)
                    for _ in 0..<1000 where write(fd, piece, size) < 0 { break }
                    var n = 0
                    while write(fd, piece, size) > 0, n < 100_000 { n += 1 }
                }
                fsync(fd)
                close(fd)
            }
            for n in 0..<20_000 where mkdir(disk.root.appending(path: "d-\(fillers)-\(n)").path, 0o700) != 0 { break }
            // Some file systems still make names and directories.
            #expect(throws: (any Error).self) {
                try Data(count: 1 << 16).write(to: disk.root.appending(path: "one-more"))
            }
        }
    }

    @Test("a purge makes room", .timeLimit(.minutes(60)), arguments: Disk.Kind.allCases)
    func purge(_ kind: Disk.Kind) throws {
        let full = try FullHouse(kind)
        try full.fill()
        // What is shown and cannot be written down is shown all the same.
        let plan = try full.house.run("plan")
        #expect([0, 3].contains(plan.status) && plan.out.contains("orders"), "\(plan.out)\(plan.error)")
        let outcome = try full.house.run("purge")
        // btrfs cannot promise that the audit log finds room; then nothing is purged, and that is said.
        if kind == .btrfs, outcome.status != 0, try full.house.list("--trash").count == 4 {
            print("full disk, btrfs: refused: \(outcome.error)")
            #expect(outcome.error.contains("audit log"))
            return
        }
        #expect(outcome.status == 0, "\(outcome.out)\(outcome.error)")
        #expect(full.house.purging().isEmpty)
        #expect(full.house.names() == ["app/orders-\(CLIFixture.day(5)).dump", "app/orders-\(CLIFixture.day(6)).dump"])
        #expect(try full.house.events().count { $0["event"] as? String == "backup.deleted" } == 4)
        #expect(try full.house.run("audit", "verify").status == 0)
        // The emptied batch may have to wait: its new name is longer, and takes room on xfs.
        try full.house.run("purge")
        #expect(full.house.batches().isEmpty && full.house.purging().isEmpty)
        try full.house.put("there-is-room-again", String(repeating: "x", count: 1 << 20))
    }

    @Test("a restore goes on, and says what it could not write down", arguments: [Disk.Kind.ext4, .btrfs])
    func restore(_ kind: Disk.Kind) throws {
        let full = try FullHouse(kind)
        try full.fill()
        let outcome = try full.house.run("restore", "orders-\(CLIFixture.day(3)).dump")
        #expect(outcome.status == 0 || outcome.status == 3, "\(outcome.out)\(outcome.error)")
        #expect(full.house.exists("app/orders-\(CLIFixture.day(3)).dump"))
    }

    /// With WAL, one command in four ended by SIGBUS here.
    @Test(
        "a disk that fills and empties under load ends no command by a signal", .timeLimit(.minutes(60)),
        arguments: [Disk.Kind.btrfs])
    func fillsAndEmpties(_ kind: Disk.Kind) throws {
        let full = try FullHouse(kind)
        let house = full.house
        let isOver = Atomic(false)
        let path = full.disk.root.appending(path: "flood").path
        let flood = Thread {
            let piece = [UInt8](repeating: 0x5A, count: 1 << 16)
            while !isOver.load(ordering: .relaxed) {
                let fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
                while fd >= 0, write(fd, piece, piece.count) > 0 {}
                usleep(50_000)
                close(fd)
                unlink(path)
                usleep(50_000)
            }
        }
        flood.start()
        let commands = [
            ["list"], ["plan"], ["status"], ["preserve", "orders-\(CLIFixture.day(6)).dump", "--reason", "x"],
            ["release", "orders-\(CLIFixture.day(6)).dump"], ["cleanup"], ["purge"], ["agent", "--once"],
        ]
        let count = CLIFixture.isLongForm ? 2000 : 24
        let next = Atomic(0)
        let ended = try CLIFixture.together(4) { () -> [String] in
            var ended: [String] = []
            while case let n = next.wrappingAdd(1, ordering: .relaxed).oldValue, n < count {
                let command = commands[n % commands.count]
                let outcome = try house.run(command)
                if outcome.status < 0 { ended.append("\(command): \(outcome.status) \(outcome.error.suffix(2000))") }
            }
            return ended
        }
        isOver.store(true, ordering: .relaxed)
        while !flood.isFinished { usleep(10_000) }
        #expect(ended.joined().isEmpty, "\(ended.joined().joined(separator: "\n"))")
        #expect(try house.run("list").status == 0)
        #expect(try house.run("audit", "verify").status == 0)
        #expect(house.names().count { $0.hasPrefix("app/") } == 2)
    }

    @Test("nothing is condemned that cannot have its manifest", arguments: [Disk.Kind.ext4, .btrfs])
    func condemn(_ kind: Disk.Kind) throws {
        let full = try FullHouse(kind)
        try full.house.configure(keep: "{ last: 1 }", grace: "1s", more: "    approval: never")
        try full.fill()
        let outcome = try full.house.run("cleanup")
        #expect(outcome.status != 0, "\(outcome.out)")
        #expect(full.house.names().count { $0.hasPrefix("app/") } == 2)
        #expect(try full.house.run("doctor").status >= 0)
    }

    @Test("little room: the batches of a cleanup are as small as they must be, and what it says goes on")
    func smallBatches() throws {
        let disk = try Disk(.tmpfs, megabytes: 16)
        let house = try CLIFixture(vault: disk.root.appending(path: "vault", directoryHint: .isDirectory))
        let all = 300
        for n in 0..<all { try house.put("app/job\(n % 100)-\(CLIFixture.day(1 + n / 100)).dump", "x") }
        try house.configure(keep: "{ last: 1 }")
        try house.settle()
        let plan = try #require(try house.run("plan", "--json").json()["plan_id"] as? String)
        // What is left is less than the manifest of all 200 needs, and more than that of some.
        let filler = disk.root.appending(path: "filler")
        var stat = statvfs()
        statvfs(disk.root.path, &stat)
        try Data(count: Int(stat.f_bavail) * Int(stat.f_frsize) - (96 << 10)).write(to: filler)
        let outcome = try house.run("cleanup", "--approve", String(plan.prefix(8)))
        let left = house.names().count
        #expect(outcome.status == 3, "\(outcome.out)\(outcome.error)")
        #expect(left < all && left > 100, "some went, and not all: \(left)")
        #expect(outcome.error.contains("the disk is full: \(all - left) of 200 backups were moved"), "\(outcome.error)")
        let hint = try #require(outcome.error.split(separator: "\n").last { $0.contains("reprieve cleanup") })
        try FileManager.default.removeItem(at: filler)
        let words = hint.split(separator: " ").drop { $0 != "cleanup" }.map(String.init)
        #expect(try house.run(words).status == 0)
        #expect(house.names().count == 100)
        #expect(try house.run("audit", "verify").status == 0)
    }
}
