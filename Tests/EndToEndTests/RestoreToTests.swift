import Foundation
import Testing

/// `restore --to`: to another directory, another file system, under another name.
@Suite("restore to another place, with the real binary")
struct RestoreToTests {
    /// Five dailies, three of them in the trash.
    private func house(grace: String = "1h") throws -> CLIFixture {
        let house = try CLIFixture(grace: grace)
        try house.dailies(5)
        try house.cleanup()
        return house
    }

    private func orders(_ n: Int) -> String { "app/orders-\(CLIFixture.day(n)).dump" }

    private func content(_ url: URL) throws -> String { try String(contentsOf: url, encoding: .utf8) }

    @Test("--to another directory: outside of the vault nothing will take it, and it is neither missing nor a freeze")
    func outside() throws {
        let house = try house(grace: "1s")
        try house.put(orders(1) + ".sha256", "late")  // no member: it stays
        let rescue = house.root.appending(path: "res cue", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: rescue, withIntermediateDirectories: true)
        let outcome = try house.run("restore", orders(1), "--to", rescue.path, "--as", "saved.dump")
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(try content(rescue.appending(path: "saved.dump")) == "content of \(orders(1))")
        #expect(!house.exists(orders(1)))
        let restored = try #require(try house.events().last { $0["event"] as? String == "backup.restored" })
        #expect(restored["to"] as? String == rescue.appending(path: "saved.dump").path)
        // Without catalog and log the mark in the vault still says so.
        for name in try FileManager.default.contentsOfDirectory(atPath: house.state.path)
        where name.hasPrefix("catalog") || name.hasPrefix("audit") {
            try FileManager.default.removeItem(at: house.state.appending(path: name))
        }
        #expect(try house.run("cleanup").status == 0)
        #expect(try !house.events().contains { $0["event"] as? String == "backup.missing" })
        #expect(try ["ok", "late", "settling"].contains(house.state()))
    }

    @Test("--to makes the directory that is missing, with its parents; a dry run and what finds nothing make none")
    func made() throws {
        let house = try house()
        let rescue = house.root.appending(path: "res cue/deep/er", directoryHint: .isDirectory)
        let dry = try house.run("restore", orders(1), "--to", rescue.path, "-n")
        #expect(
            dry.status == 0 && dry.said.contains("deep/er/orders-\(CLIFixture.day(1)).dump"), "\(dry.out)\(dry.error)")
        #expect(try house.run("restore", "nothing", "--to", rescue.path).status == 5)
        #expect(!FileManager.default.fileExists(atPath: house.root.appending(path: "res cue").path))
        let outcome = try house.run("restore", orders(1), "--to", rescue.path)
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(try content(rescue.appending(path: "orders-\(CLIFixture.day(1)).dump")) == "content of \(orders(1))")
        // In the vault it is a place of backups.
        let inside = house.vault.appending(path: "saved/app", directoryHint: .isDirectory)
        #expect(try house.run("restore", orders(2), "--to", inside.path).status == 0)
        #expect(try house.backup("saved/app/orders-\(CLIFixture.day(2)).dump")?["complete"] as? Bool == true)
    }

    @Test("--to a directory of the vault: it is a backup there, and has its grace")
    func inside() throws {
        let house = try house()
        let other = house.vault.appending(path: "kept", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: other, withIntermediateDirectories: true)
        #expect(try house.run("restore", orders(1), "--to", other.path).status == 0)
        #expect(house.exists("kept/orders-\(CLIFixture.day(1)).dump"))
        try house.put("kept/orders-\(CLIFixture.day(7)).dump")
        try house.put("kept/orders-\(CLIFixture.day(8)).dump")
        try house.settle()
        #expect([0, 4].contains(try house.run("cleanup").status))
        #expect(house.exists("kept/orders-\(CLIFixture.day(1)).dump"))
        #expect(try !house.events().contains { $0["event"] as? String == "backup.missing" })
    }

    @Test("--to refuses what is no directory, a link, the trash, and a name that is taken; nothing moves")
    func refused() throws {
        let house = try house()
        let rescue = house.root.appending(path: "rescue", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: rescue, withIntermediateDirectories: true)
        try house.write(rescue.appending(path: "orders-\(CLIFixture.day(1)).dump"), "mine")
        let link = house.root.appending(path: "link")
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: rescue)
        let batch = try #require(house.batches().first)
        for (to, word) in [
            (house.config.path, "--to takes a directory"), (house.config.path + "/below", "--to takes a directory"),
            (link.path, "symbolic link"), (house.vault.appending(path: ".trash/\(batch)").path, "trash"),
            (rescue.path, "taken"),
        ] {
            let outcome = try house.run("restore", orders(1), "--to", to)
            #expect(outcome.status != 0 && outcome.said.contains(word), "\(to): \(outcome.error)")
        }
        #expect(house.exists(".trash/\(batch)/files/\(orders(1))"))
        #expect(try content(rescue.appending(path: "orders-\(CLIFixture.day(1)).dump")) == "mine")
    }

    @Test("--to another file system: refused with the command that copies it there, whole", .enabled(if: Disk.canMount))
    func elsewhere() throws {
        let house = try CLIFixture()
        for n in 1...3 {
            try house.put("it's a db/orders-\(CLIFixture.day(n)).dump")
            try house.put("it's a db/orders-\(CLIFixture.day(n)).dump.md5", "none")
        }
        try house.cleanup()
        let disk = try Disk(.tmpfs, megabytes: 8)
        let file = "orders-\(CLIFixture.day(1)).dump"
        let bind = house.root.appending(path: "bi nd", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: bind, withIntermediateDirectories: true)
        try Disk.run(["mount", "--bind", house.root.path, bind.path])
        defer { _ = try? Disk.run(["umount", "-l", bind.path]) }
        // Another device; and the same device by another mount, which only the rename can tell.
        for place in [disk.root, bind] {
            let outcome = try house.run("restore", file, "--to", place.path)
            #expect(outcome.status == 1 && outcome.said.contains("another file system"), "\(outcome.error)")
            let line = try #require(outcome.error.split(separator: "\n").first { $0.hasSuffix(" --copy") })
            let own = " --config '\(house.config.path)' --state-dir '\(house.state.path)'"
            let copied = try CLIFixture.launch([
                "/bin/bash", "-c", CLIFixture.binary.path + line.dropFirst("reprieve".count) + own,
            ])
            #expect(copied.status == 0, "\(line): \(copied.out)\(copied.error)")
            #expect(try content(place.appending(path: file)) == "content of it's a db/\(file)")
            #expect(try content(place.appending(path: file + ".md5")) == "none")
            // Nothing is replaced, and nothing is left of what was refused.
            let again = try house.run("restore", file, "--to", place.path, "--copy")
            #expect(again.status == 1 && again.said.contains("taken"), "\(again.error)")
            let names = try FileManager.default.contentsOfDirectory(atPath: place.path)
            #expect(!names.contains { $0.hasPrefix(".reprieve-copy") }, "\(names)")
        }
        #expect(try house.list("--trash").count == 1, "the one in the trash stays")
        #expect(try house.run("restore", file, "--copy").status == 64)
        #expect(try house.run("restore", file, "--to", house.vault.path, "--copy").status == 64, "in a vault")
        #expect(try house.run("restore", file).status == 0)
        #expect(house.exists("it's a db/\(file)"))
        #expect(try house.run("audit", "verify").status == 0)
    }

    @Test("--copy keeps what belongs to a tree, and a disk that is full is left as it was", .enabled(if: Disk.canMount))
    func copiedTree() throws {
        let house = try CLIFixture()
        let tree = "files/web-\(CLIFixture.day(1))"
        for n in 1...3 { try house.put("files/web-\(CLIFixture.day(n))/deep/er/index.html", "page \(n)") }
        let script = """
            cd "$1"; mkdir -m 0750 closed; ln deep/er/index.html hard; ln -s ../gone soft; mkfifo pipe
            truncate -s 20M sparse; printf data | dd of=sparse bs=1 seek=9000000 conv=notrunc status=none
            chown 12:34 hard; chmod 0640 hard; head -c 3M /dev/urandom >big
            touch -d @1000000000 hard closed deep sparse
            """
        let root = house.vault.appending(path: tree).path
        try Disk.run(["bash", "-ec", script, "-", root])
        try house.cleanup()
        let batch = try #require(house.batches().first)
        let original = house.vault.appending(path: ".trash/\(batch)/files/\(tree)").path
        func picture(_ path: String) throws -> String {
            let command =
                "cd '\(path)' && find . -printf '%p %y %m %U %G %l %T@ %n\\n' | sort"
                + " && find . -type f | sort | xargs sha256sum"
            return try CLIFixture.launch(["/bin/bash", "-c", command]).out
        }
        let disk = try Disk(.ext4, megabytes: 64)
        let outcome = try house.run("restore", tree, "--to", disk.root.appending(path: "a/b").path, "--copy", "--json")
        #expect(outcome.status == 0, "\(outcome.error)")
        let copied = try #require((try outcome.json()["backups"] as? [[String: Any]])?.first)
        #expect(copied["copied"] as? Bool == true && copied["state"] as? String == "trashed")
        let copy = disk.root.appending(path: "a/b/web-\(CLIFixture.day(1))").path
        #expect(try picture(copy) == picture(original))
        let blocks = try CLIFixture.launch(["/usr/bin/stat", "-c", "%b", copy + "/sparse"]).out
        #expect(Int(blocks.filter(\.isNumber)) ?? .max < 1000, "a hole is a hole")
        #expect(try house.events().last { $0["event"] as? String == "backup.copied" }?["to"] as? String == copy)
        let small = try Disk(.tmpfs, megabytes: 1)
        let full = try house.run("restore", tree, "--to", small.root.path, "--copy")
        #expect(full.status == 1, "\(full.out)\(full.error)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: small.root.path) == [])
        #expect(try house.list("--trash").count == 1)
    }
}
