import Foundation
import Testing

/// Bad input: a clear error, its way out, the documented status, and nothing changed.
@Suite("bad input")
struct BadInputTests {
    /// Runs, and expects the status, the words, a hint, and no change in the vault.
    private func refused(
        _ house: CLIFixture, _ arguments: [String], status: Int32, says: String, hint: String,
        under wrapper: [String] = []
    ) throws {
        let before = try house.snapshot()
        let outcome = try house.run(arguments, under: wrapper)
        let error = outcome.error.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(outcome.status == status, "\(arguments): \(outcome.out)\(outcome.error)")
        #expect(error.contains(says), "'\(error)' does not say '\(says)'")
        #expect(error.contains("HINT: ") && error.contains(hint), "'\(error)' does not show the way out '\(hint)'")
        #expect(try house.snapshot() == before, "\(arguments) changed something")
        // The same as JSON, for scripts.
        let json = try house.run(arguments + ["--json"], under: wrapper)
        #expect(json.status == status && json.error.contains(#""code":"#))
    }

    @Test("no configuration")
    func noConfiguration() throws {
        let house = try CLIFixture()
        try FileManager.default.removeItem(at: house.config)
        try refused(house, ["status"], status: 78, says: "no configuration yet", hint: "reprieve init")
    }

    @Test("an unknown key, with file, line, column and the nearest right one")
    func unknownKey() throws {
        let house = try CLIFixture(keep: "{ dayly: 7 }")
        try refused(house, ["plan"], status: 78, says: "reprieve.yaml:5:13: unknown key 'dayly'", hint: "'daily'")
    }

    @Test("a vault's path that is missing, or a file")
    func vaultPath() throws {
        let house = try CLIFixture()
        try house.write(house.config, "vaults: { gone: { path: \(house.root.path)/gone } }")
        try refused(house, ["plan"], status: 1, says: "does not exist", hint: "mount its disk")
        try house.write(house.config, "vaults: { file: { path: \(house.config.path) } }")
        try refused(house, ["cleanup"], status: 1, says: "is a file", hint: "directory")
    }

    @Test("a vault below a directory that everybody may write, as root", .enabled(if: geteuid() == 0, "needs root"))
    func writableAncestor() throws {
        let house = try CLIFixture()
        try house.dailies(3)
        let open = house.root.appending(path: "open", directoryHint: .isDirectory)
        try house.write(open.appending(path: "v/db-\(CLIFixture.day(1)).sql"), "x")
        chmod(open.path, 0o777)
        try house.write(house.config, "vaults: { v: { path: \(open.path)/v } }")
        try refused(house, ["cleanup"], status: 1, says: "everybody may write", hint: "chmod o-w")
        try refused(
            house, ["init", open.path + "/v", "--yes", "--config", house.root.path + "/new.yaml"], status: 1,
            says: "everybody may write", hint: "chmod o-w")
        #expect(!FileManager.default.fileExists(atPath: house.root.path + "/new.yaml"))
    }

    @Test("an unreadable directory is named; the others are looked at", .enabled(if: geteuid() == 0, "needs root"))
    func unreadable() throws {
        let house = try CLIFixture(keep: "{ last: 1 }")
        try house.dailies(3)
        try house.dailies(3, series: "closed/db")
        chmod(house.vault.appending(path: "closed").path, 0o700)
        try house.giveToNobody(but: "closed")
        try house.settle(under: CLIFixture.asNobody)
        let plan = try house.run(["plan"], under: CLIFixture.asNobody)
        #expect(plan.status == 3 && plan.error.contains("closed") && plan.out.contains("app/orders"))
        let cleanup = try house.run(["cleanup", "--approve"], under: CLIFixture.asNobody)
        #expect(cleanup.status == 3 && cleanup.out.contains("closed"))
        #expect(house.names().filter { $0.hasPrefix("app/") }.count == 1)
        #expect(house.names().filter { $0.hasPrefix("closed/") }.count == 3)
    }

    @Test("restore of an unknown id, an ambiguous prefix, a word that is a vault")
    func restoreWords() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.dailies(4, series: "other/orders")
        try house.cleanup()
        try refused(
            house, ["restore", "ffffffffffff"], status: 5, says: "no vault, series, backup or path matches",
            hint: "reprieve list")
        try refused(
            house, ["restore", "orders-\(CLIFixture.day(1)).dump"], status: 64, says: "names 2 backups",
            hint: "by its id")
        try refused(house, ["restore", "dumps"], status: 64, says: "whole vault", hint: "series")
        try refused(house, ["cleanup", "nowhere"], status: 5, says: "no vault 'nowhere'", hint: "dumps")
        try refused(
            house, ["preserve", "app/orders-\(CLIFixture.day(4)).dump", "--reason", " "], status: 64, says: "empty",
            hint: "audit"
        )
        try refused(house, ["cleanup", "--approve", "abcdef"], status: 5, says: "no such plan", hint: "reprieve plan")
    }

    @Test(
        "another device inside a vault is foreign, named once, with the YAML to add",
        .enabled(if: geteuid() == 0, "needs root"))
    func otherDevice() throws {
        let house = try CLIFixture(keep: "{ last: 1 }")
        try house.dailies(3)
        let mount = house.vault.appending(path: "app/mounted")
        try FileManager.default.createDirectory(at: mount, withIntermediateDirectories: true)
        #expect(try CLIFixture.launch(["/bin/mount", "-t", "tmpfs", "none", mount.path]).status == 0)
        defer { _ = try? CLIFixture.launch(["/bin/umount", "-l", mount.path]) }
        for day in 1...3 { try house.put("app/mounted/orders-\(CLIFixture.day(day)).dump") }
        try house.settle()
        let notRecognised = try house.run("list", "--foreign").out
        #expect(notRecognised.components(separatedBy: "another file system").count == 2)
        #expect(notRecognised.contains("path: \(mount.path)"))
        try house.run("plan")
        #expect(try house.run("cleanup", "--approve").status == 0)
        for day in 1...3 { #expect(house.exists("app/mounted/orders-\(CLIFixture.day(day)).dump")) }
        #expect(
            house.exists("app/orders-\(CLIFixture.day(3)).dump")
                && !house.exists("app/orders-\(CLIFixture.day(1)).dump"))
    }

    @Test(
        "another disk at the vault's path: nothing is done there until it is adopted",
        .enabled(if: geteuid() == 0, "needs root"))
    func otherDisk() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.cleanup()
        try house.dailies(4)
        #expect(try CLIFixture.launch(["/bin/mount", "-t", "tmpfs", "none", house.vault.path]).status == 0)
        do {
            defer { _ = try? CLIFixture.launch(["/bin/umount", "-l", house.vault.path]) }
            try house.put("app/orders-\(CLIFixture.day(9)).dump")
            try refused(house, ["cleanup"], status: 1, says: "not what it was", hint: "adopt")
            #expect(try house.run("status").out.contains("OFFLINE"))
        }
        // The disk is back: nothing was taken for missing.
        #expect(try house.run("cleanup").status == 0)
        #expect(!(try house.events().contains { $0["event"] as? String == "backup.missing" }))
    }

    @Test("root's state, asked by another user", .enabled(if: geteuid() == 0, "needs root"))
    func foreignState() throws {
        let house = try CLIFixture()
        try house.dailies(2)
        try house.run("list")
        chmod(house.root.path, 0o755)
        chmod(house.state.path, 0o700)
        try refused(
            house, ["list"], status: 1, says: "permission denied", hint: "--state-dir", under: CLIFixture.asNobody)
    }

    @Test(
        "as root, a state that another user can reach is refused, and nothing is made or followed there",
        .enabled(if: geteuid() == 0, "needs root"))
    func reachableState() throws {
        let house = try CLIFixture()
        try house.dailies(2)
        let home = house.root.appending(path: "mallory").path
        try FileManager.default.createDirectory(atPath: home + "/own", withIntermediateDirectories: true)
        for path in [home, home + "/own"] { chown(path, 12345, 12345) }
        #expect(symlink(house.root.path, house.root.path + "/link") == 0)
        #expect(symlink(house.root.path, home + "/link") == 0)
        func list(_ state: String) throws -> CLIFixture.Outcome {
            try CLIFixture.launch([CLIFixture.binary.path, "list", "--config", house.config.path, "--state-dir", state])
        }
        for state in [home + "/own", home + "/new/state", home + "/link/state"] {
            let refused = try list(state)
            #expect(refused.status == 1 && refused.error.contains("belongs to"), "\(state): \(refused.said)")
            #expect(refused.error.contains("--state-dir"), "\(refused.said)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: home).sorted() == ["link", "own"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: home + "/own").isEmpty)
        // A link of root's own leads where root wants it.
        #expect(try list(house.root.path + "/link/state").status == 0)

        let victim = house.root.appending(path: "victim")
        try house.write(victim, "precious")
        for name in [
            "catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm", "marks.json", "witness", "audit.log",
        ] {
            let path = house.state.path + "/" + name
            try? FileManager.default.removeItem(atPath: path)
            #expect(symlink(victim.path, path) == 0)
            let outcome = try house.run("freeze", "dumps", "--reason", "x")
            #expect([1, 3, 4].contains(outcome.status) && outcome.error.contains(name), "\(name): \(outcome.said)")
            #expect(try String(contentsOf: victim, encoding: .utf8) == "precious", "\(name)")
            #expect(unlink(path) == 0)
        }
    }

    @Test("the audit log cannot be written: nothing is moved, and a restore goes on and says so")
    func unaudited() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.cleanup()
        try house.put("app/orders-\(CLIFixture.day(5)).dump")
        try house.settle()
        let log = house.state.appending(path: "audit.log")
        try FileManager.default.removeItem(at: log)
        try FileManager.default.createDirectory(at: log, withIntermediateDirectories: true)
        let cleanup = try house.run("cleanup")
        #expect(cleanup.status != 0 && cleanup.error.contains("audit log"))
        #expect(house.names().count == 3)
        let restore = try house.run("restore", "orders-\(CLIFixture.day(1)).dump")
        #expect(restore.status == 3 && restore.error.contains("audit log"))
        #expect(house.exists("app/orders-\(CLIFixture.day(1)).dump"))
    }

    @Test("commands that only look change nothing in the vault")
    func lookingChangesNothing() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.settle()
        let before = try house.snapshot()
        for command in [
            ["status"], ["list", "-a"], ["plan"], ["explain", "orders-\(CLIFixture.day(1)).dump"], ["audit"],
            ["cleanup", "-n"], ["purge", "-n"], ["retention", "show"], ["config", "check"],
        ] {
            let outcome = try house.run(command)
            #expect(outcome.status == 0 || command == ["audit"], "\(command): \(outcome.error)")
        }
        #expect(try house.snapshot() == before)
        #expect(!house.exists(".trash"))
    }
}

extension CLIFixture {
    static let asNobody = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

    /// Name, size and time of change of everything in the vault.
    func snapshot() throws -> Set<String> {
        let outcome = try Self.launch(["/usr/bin/find", vault.path, "-printf", "%P %y %s %T@ %C@\n"])
        return Set(outcome.out.split(separator: "\n").map(String.init).filter { !$0.hasPrefix(".trash/.lock") })
    }

    /// Lets another user do everything here, but for one directory of the vault.
    func giveToNobody(but closed: String) throws {
        try FileManager.default.createDirectory(at: state, withIntermediateDirectories: true)
        #expect(try Self.launch(["/bin/chown", "-R", "65534:65534", root.path]).status == 0)
        #expect(try Self.launch(["/bin/chown", "-R", "0:0", vault.appending(path: closed).path]).status == 0)
    }

    func settle(under wrapper: [String]) throws {
        for _ in 0..<2 {
            _ = try run(["list"], under: wrapper)
            try pass(1.3)
        }
    }
}
