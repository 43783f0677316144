import Foundation
import Testing

/// Names and trees that somebody made on purpose: the index tells what is there, nothing escapes to the terminal,
/// nothing hangs, and no backup beside them suffers.
@Suite("hostile trees", .serialized)
struct HostileTests {
    private static let day = "2026-11-20"

    /// Makes an entry whose name a `String` could not carry.
    private func touch(_ directory: URL, _ name: [UInt8]) throws {
        let path = Array(directory.path.utf8) + [UInt8(ascii: "/")] + name + [0]
        let fd = path.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { open($0.baseAddress!, O_WRONLY | O_CREAT, 0o644) }
        }
        guard fd >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        _ = write(fd, "x", 1)
        close(fd)
    }

    @Test("names of any bytes are listed, told apart, cleaned up and brought back")
    func names() throws {
        let house = try CLIFixture(keep: "{ last: 1 }")
        let names: [[UInt8]] = [
            Array("new\nline".utf8), Array("\u{1B}[2J\u{1B}]0;title\u{07}".utf8), [0xFF, 0xFE, 0x80], Array("-rf".utf8),
            Array("a\tb \\ * ? [x] $(reboot) `id` ' \" ;".utf8), Array("u\u{0308}".utf8), Array("\u{00FC}".utf8),
            Array("\u{202E}gpj.exe".utf8), [UInt8](repeating: UInt8(ascii: "n"), count: 255 - 15),
        ]
        for name in names {
            for day in [2, 3, 4] { try touch(house.vault, name + Array("-\(CLIFixture.day(day)).tar".utf8)) }
        }
        try house.settle()
        #expect(try house.list().count == 3 * names.count)
        let text = try house.run("list", "-a").out
        #expect(!text.utf8.contains { ($0 < 0x20 && $0 != 0x0A) || $0 == 0x7F } && !text.contains("\u{202E}"))
        try house.run("plan")
        let cleanup = try house.run("cleanup", "--approve")
        #expect(cleanup.status == 0, "\(cleanup.error)")
        #expect(try house.list().count == names.count)
        let batch = try #require(house.batches().first)
        #expect(try house.run("restore", batch).status == 0)
        #expect(try house.list().count == 3 * names.count)
    }

    @Test("a path over 4096 bytes is looked at, watched, and its backups are cleaned up")
    func deep() throws {
        let house = try CLIFixture(keep: "{ last: 1 }")
        try house.dailies(2, series: "app/orders")
        // Made step by step: no path that long can be given to the kernel.
        let component = String(repeating: "d", count: 250)
        let script = """
            cd "$1" || exit 1
            for n in $(seq 20); do mkdir \(component) && cd -P \(component) || exit 1; done
            for day in \(CLIFixture.day(2)) \(CLIFixture.day(3)) \(CLIFixture.day(4)); do echo x > db-$day.sql || exit 1; done
            """
        #expect(try CLIFixture.launch(["/bin/bash", "-c", script, "bash", house.vault.path]).status == 0)
        try house.startAgent()
        try house.wait("five backups to be complete") {
            let all = try house.list()
            return all.count == 5 && all.allSatisfy { $0["complete"] as? Bool == true }
        }
        try house.pass(1.1)
        try house.run("plan")
        #expect(try house.run("cleanup", "--approve").status == 0)
        try house.wait("two to be left") { try house.list().count == 2 }
        #expect(try CLIFixture.launch(["/bin/rm", "-rf", house.vault.path + "/" + component]).status == 0)
        try house.wait("the deep one to vanish") { try house.list().count == 1 }
    }

    @Test("pipes, sockets, devices and links that lead in circles are left alone; nothing waits for them")
    func special() throws {
        let house = try CLIFixture(keep: "{ last: 1 }")
        try house.dailies(3)
        let app = house.vault.appending(path: "app").path
        #expect(mkfifo(app + "/pipe-\(CLIFixture.day(1)).tar", 0o644) == 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let socketPath = house.root.appending(path: "s").path
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socketPath.utf8.prefix(100)) }
        let fd = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let bound = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(fd, $0, length) }
        }
        #expect(bound == 0)
        defer { close(fd) }
        #expect(rename(socketPath, app + "/socket-\(CLIFixture.day(1)).tar") == 0)
        if geteuid() == 0 { #expect(mknod(app + "/device-\(CLIFixture.day(1)).tar", S_IFCHR | 0o644, 0x103) == 0) }
        #expect(symlink("loop-\(CLIFixture.day(2)).tar", app + "/loop-\(CLIFixture.day(1)).tar") == 0)
        #expect(symlink("loop-\(CLIFixture.day(1)).tar", app + "/loop-\(CLIFixture.day(2)).tar") == 0)
        #expect(symlink("..", app + "/up") == 0)
        #expect(symlink("/", app + "/root-\(CLIFixture.day(1))") == 0)
        try house.startAgent()
        try house.settle()
        #expect(try house.list().count == 3)
        try house.run("plan")
        #expect(try house.run("cleanup", "--approve").status == 0)
        #expect(try house.list().count == 1)
        let notRecognised = try house.run("list", "--foreign").out
        for name in ["pipe", "socket", "loop", "up", "root"] {
            #expect(notRecognised.contains("app/\(name)"), "\(name)")
        }
    }

    @Test("nothing deceptive in a name, a reason or an argument reaches a terminal; what init writes is read again")
    func deceptive() throws {
        let house = try CLIFixture(keep: "{ last: 1 }")
        let evil = "a\u{61C}\u{AD}\u{34F}\u{115F}\u{180E}\u{3164}\u{FE0F}\u{E0041}\u{202E}\u{1B}[2J"
        let name = "\(evil)-\(CLIFixture.day(9)).dump"
        try house.put(name)
        try house.settle()
        let config = house.root.appending(path: "new.yaml").path
        try house.write(house.root.appending(path: "\(evil)/db-\(CLIFixture.day(9)).dump"), "x")
        for command in [
            ["list", "dumps", "\(evil).dump"], ["explain", name], ["plan"], ["names", "dumps"], ["list", evil],
            ["list", "--\(evil)"], ["freeze", "--all", "--reason", evil], ["status"], ["audit", "tail"],
            ["audit", "tail", "--json"], ["list", "--json"], ["status", "--json"], ["status", "--check"],
            ["init", house.root.appending(path: evil).path, "-n"],
            ["init", house.root.appending(path: evil).path, "--yes", "--config", config],
            ["list", "--config", config], ["config", "check", "--config", config],
        ] {
            let outcome = try house.run(command)
            let escaping = (outcome.out + outcome.error).unicodeScalars.filter {
                $0 != "\n"
                    && ($0.value < 0x20 || $0.properties.isDefaultIgnorableCodePoint || $0.properties.isBidiControl)
            }
            #expect(escaping.isEmpty, "\(command[0]): \(escaping.map(\.value))")
            if command.contains(config) { #expect(outcome.status == 0, "\(command[0]): \(outcome.error)") }
        }
    }

    @Test(
        "a pipe at the name of any file of ours: no command waits for it", .enabled(if: geteuid() == 0, "needs root"),
        .timeLimit(.minutes(10)))
    func pipesAtOurNames() throws {
        let house = try CLIFixture(keep: "{ last: 1 }")
        try house.dailies(3)
        try house.cleanup()
        try house.run("agent", "--once")
        let found = try CLIFixture.launch([
            "/usr/bin/find", house.state.path, house.trash.path, "-type", "f", "-not", "-path", "*/files/*",
        ])
        var paths = found.out.split(separator: "\n").map(String.init)
        #expect(paths.count > 20, "\(found.said)")
        paths += ["-wal", "-shm", "-journal", ".is-damaged"].map { house.state.path + "/catalog.sqlite" + $0 }
        paths += [house.state, house.trash].map { $0.path + "/marks.json.new" } + [house.trash.path + "/FREEZE"]
        for path in paths {
            let aside = house.root.path + "/aside"
            let isThere = rename(path, aside) == 0
            #expect(mkfifo(path, 0o666) == 0)
            let freeze = ["freeze", "dumps", "--reason", "x"]
            let restore = ["restore", "app/orders-\(CLIFixture.day(1)).dump"]
            for command in CLIFixture.isLongForm ? [freeze, restore] : [restore] {
                let outcome = try house.run(command, under: ["/usr/bin/timeout", "5"])
                #expect([0, 1, 3, 4, 5].contains(outcome.status), "\(path), \(command): \(outcome.status)")
                #expect(outcome.status == 0 || outcome.error.contains(path) || outcome.status == 5, "\(outcome.said)")
            }
            // What is a cache was begun anew.
            #expect(unlink(path) == 0)
            if isThere { #expect(rename(aside, path) == 0) }
        }
        #expect(house.exists("app/orders-\(CLIFixture.day(1)).dump"))
    }

    @Test("another user made .trash first: empty it gives way, else it is refused", .enabled(if: geteuid() == 0))
    func othersTrash() throws {
        let house = try CLIFixture(keep: "{ last: 1 }")
        try house.dailies(3)
        try house.settle()
        let mallory = ["/usr/bin/setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"]
        #expect(chmod(house.vault.path, 0o1777) == 0)
        func byMallory(_ script: String) throws {
            #expect(
                try CLIFixture.launch(mallory + ["/bin/sh", "-c", "cd '\(house.vault.path)'; \(script)"]).status == 0)
        }
        try byMallory("mkdir -p .trash/20261123T040000.000Z; chmod -R 0777 .trash")
        chmod(house.trash.path, 0o755)
        let refused = try house.run("freeze", "dumps", "--reason", "x")
        // The state's copy of the marks is enough for that.
        #expect(refused.status == 3 && refused.error.contains("belongs to"), "\(refused.said)")
        #expect(refused.error.contains("mv "), "\(refused.said)")
        let cleanup = try house.run("cleanup")
        #expect(cleanup.status == 1 && cleanup.error.contains("belongs to"), "\(cleanup.said)")
        #expect(house.names().count == 3)
        try byMallory("rm -r .trash; mkdir -m 0777 .trash")
        #expect(try house.run("unfreeze", "dumps").status == 0)
        try house.run("plan")
        #expect(try house.run("cleanup", "--approve").status == 0)
        #expect(house.names().count == 1)
        for (name, mode) in [("", 0o750), ("/.lock", 0o600)] {
            let seen = try FileManager.default.attributesOfItem(atPath: house.trash.path + name)
            #expect(seen[.ownerAccountID] as? Int == 0 && seen[.posixPermissions] as? Int == mode, "\(name)")
        }
    }

    @Test("a directory that becomes unreadable is unknown, not gone", .enabled(if: geteuid() == 0, "needs root"))
    func unreadable() throws {
        let house = try CLIFixture(keep: "{ last: 1 }")
        try house.dailies(3)
        try house.dailies(3, series: "closed/db")
        #expect(try CLIFixture.launch(["/bin/chown", "-R", "65534:65534", house.root.path]).status == 0)
        try house.settle(under: CLIFixture.asNobody)
        let closed = house.vault.appending(path: "closed").path
        #expect(chown(closed, 0, 0) == 0 && chmod(closed, 0o700) == 0)
        let list = try house.run(["list", "--json"], under: CLIFixture.asNobody)
        #expect(list.status == 3)
        #expect(try (list.json()["backups"] as? [[String: Any]])?.count == 6)
        #expect(try house.run(["plan"], under: CLIFixture.asNobody).status == 3)
        #expect(try house.run(["cleanup", "--approve"], under: CLIFixture.asNobody).status == 3)
        // What cannot be seen is neither gone nor a reason to let others go.
        #expect(house.names().filter { $0.hasPrefix("closed/") }.count == 3)
        #expect(!(try house.events().contains { $0["event"] as? String == "backup.vanished" }))
        #expect(chmod(closed, 0o755) == 0)
        #expect(try house.run(["list"], under: CLIFixture.asNobody).status == 0)
    }

    @Test("a million entries in one directory are counted, and cost no other backup its place")
    func million() throws {
        let disk = try Disk(.tmpfs, megabytes: 2048)
        let house = try CLIFixture(keep: "{ last: 1 }", vault: disk.root)
        try house.dailies(3)
        let count = CLIFixture.isLongForm ? 1_000_000 : 100_000
        let script = "mkdir \"$ARGV[0]/many\"; for $n (1..$ARGV[1]) { open(F, '>', \"$ARGV[0]/many/f$n\") or die }"
        #expect(try CLIFixture.launch(["/usr/bin/perl", "-e", script, house.vault.path, String(count)]).status == 0)
        try house.settle()
        #expect(try house.list().count == 3)
        let notRecognised = try house.run("list", "--foreign").out
        // Fifty are named.
        #expect(
            notRecognised.contains(" \(count / 1000 - 1) 950 more entries: no date in its name"),
            "\(notRecognised.suffix(300))")
        try house.run("plan")
        #expect(try house.run("cleanup", "--approve").status == 0)
        #expect(try house.list().count == 1)
    }
}
