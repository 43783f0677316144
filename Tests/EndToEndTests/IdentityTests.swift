import Foundation
import Testing

@Suite("identity: ids, names, a lost catalog")
struct IdentityTests {
    @Test("an id stays through rename, condemn, restore and a rebuilt catalog")
    func sameID() throws {
        let house = try CLIFixture()
        try house.dailies(4)
        try house.settle()
        let id = try #require(try house.backup("app/orders-\(CLIFixture.day(1)).dump")?["id"] as? String)
        rename(
            house.vault.appending(path: "app/orders-\(CLIFixture.day(1)).dump").path,
            house.vault.appending(path: "app/renamed-\(CLIFixture.day(1)).dump").path)
        #expect(try house.backup("app/renamed-\(CLIFixture.day(1)).dump")?["id"] as? String == id)
        rename(
            house.vault.appending(path: "app/renamed-\(CLIFixture.day(1)).dump").path,
            house.vault.appending(path: "app/orders-\(CLIFixture.day(1)).dump").path)
        try house.cleanup()
        #expect(try house.backup("app/orders-\(CLIFixture.day(1)).dump", "--trash")?["id"] as? String == id)
        try house.loseCatalog()
        #expect(try house.backup("app/orders-\(CLIFixture.day(1)).dump", "--trash")?["id"] as? String == id)
        #expect(try house.run("restore", String(id.prefix(8))).status == 0)
        #expect(try house.backup("app/orders-\(CLIFixture.day(1)).dump")?["id"] as? String == id)
    }

    @Test("a deleted catalog is rebuilt: trash, marks and grace as they were")
    func rebuilt() throws {
        let house = try CLIFixture(grace: "3s")
        try house.dailies(5)
        try house.settle()
        try house.run("preserve", "orders-\(CLIFixture.day(1)).dump", "--reason", "audit")
        try house.cleanup()
        let before = try house.everything()
        try house.loseCatalog()
        #expect(try house.everything() == before)
        // Its batch is still ours, by the audit log, and is purged on time.
        try house.pass(3.2)
        #expect((try house.run("purge", "--json").json()["backups"] as? [Any])?.count == 2)
        #expect(house.exists("app/orders-\(CLIFixture.day(1)).dump"))
    }

    @Test("a catalog that is no database is set aside and made anew")
    func damaged() throws {
        let house = try CLIFixture()
        try house.dailies(2)
        try house.run("list")
        for suffix in ["-wal", "-shm"] {
            try? FileManager.default.removeItem(at: house.state.appending(path: "catalog.sqlite" + suffix))
        }
        try Data(repeating: 0x58, count: 20_000).write(to: house.state.appending(path: "catalog.sqlite"))
        #expect(try house.list().count == 2)
        let names = try FileManager.default.contentsOfDirectory(atPath: house.state.path)
        #expect(names.contains { $0.hasPrefix("catalog.sqlite.damaged-") })
    }

    @Test("hard-linked backups keep two ids, and each comes back under its own name")
    func hardLinks() throws {
        let house = try CLIFixture(keep: "{ last: 1 }")
        for day in 1...2 {
            let file = try house.put("daily/db-\(CLIFixture.day(day)).sql")
            try FileManager.default.createDirectory(
                at: house.vault.appending(path: "weekly"), withIntermediateDirectories: true)
            link(file.path, house.vault.appending(path: "weekly/db-\(CLIFixture.day(day)).sql").path)
        }
        try house.cleanup()
        let trashed = try house.list("--trash")
        let ids = trashed.compactMap { $0["id"] as? String }
        #expect(Set(ids).count == 2 && Set(trashed.compactMap { $0["object"] as? String }).count == 1)
        #expect(ids.allSatisfy { $0.contains("~") })
        let ambiguous = try house.run("restore", String(ids[0].prefix(16)))
        #expect(ambiguous.status == 64 && ambiguous.error.contains(ids[1]))
        for id in ids { #expect(try house.run("restore", id).status == 0) }
        #expect(house.names().count == 4)
        // One mark protects every link.
        #expect(try house.run("preserve", ids[0], "--reason", "both").status == 0)
        #expect(try house.list().filter { $0["preserved"] as? Bool == true }.count == 2)
    }

    @Test("NFC and NFD names, and names that are not UTF-8, are series of their own and come back byte for byte")
    func names() throws {
        let house = try CLIFixture(keep: "{ last: 1 }")
        let series: [[UInt8]] = [
            Array("caf\u{E9}".utf8), Array("cafe\u{301}".utf8), [0x64, 0xFF], [0x64, 0xFE],
            Array("line\nbreak\u{1B}[31m".utf8),
        ]
        var all: Set<[UInt8]> = []
        for name in series {
            for day in [1, 2] {
                let whole = name + Array("-\(CLIFixture.day(day)).tar".utf8)
                all.insert(whole)
                try house.putRaw(whole)
            }
        }
        #expect(house.rawNames() == all)
        try house.cleanup()
        // As Swift strings the NFC and the NFD key would be equal: bytes are compared.
        #expect(Set(try house.list().compactMap { ($0["series_key"] as? String).map { Array($0.utf8) } }).count == 5)
        #expect(house.rawNames().count == 5)
        for backup in try house.list("--trash") {
            #expect(try house.run("restore", try #require(backup["id"] as? String)).status == 0)
        }
        #expect(house.rawNames() == all)
        // None of it reaches a terminal as it is.
        let text = try house.run("list", "-a").out
        #expect(!text.utf8.contains(0x1B) && text.contains("\\xff") && text.contains("\\n"))
    }

    @Test(
        "a wildcard that matches nothing any more: its vaults are offline, and can be forgotten; one that never did is said"
    )
    func wildcard() throws {
        let house = try CLIFixture()
        for host in ["web1", "web2"] { for n in 5...9 { try house.put("\(host)/db-\(CLIFixture.day(n)).tar") } }
        try house.write(
            house.config, "timezone: UTC\nvaults:\n  v:\n    path: \(house.vault.path)/*\n\(CLIFixture.settings)\n")
        #expect(try house.run("agent", "--once").status == 0)
        let away = house.root.appending(path: "away")
        try FileManager.default.moveItem(at: house.vault, to: away)
        try FileManager.default.createDirectory(at: house.vault, withIntermediateDirectories: true)
        for _ in 1...2 { #expect(try house.run("agent", "--once").status == 3) }
        func vanished() throws -> [[String: Any]] {
            try house.events().filter { $0["event"] as? String == "vault.vanished" }
        }
        #expect(try vanished().count == 1 && vanished()[0]["vault"] as? String == "v")
        let status = try house.run("status")
        #expect(status.status != 0 && status.out.contains("v/web1") && status.out.contains("v/web2"), "\(status.out)")
        #expect(try house.run("status", "--check").status == 2)
        let id = try #require(status.out.firstMatch(of: /--forget ([0-9a-f]+)/)?.1)
        #expect(try house.run("adopt", house.vault.path + "/web1", "--forget", String(id)).status == 0)
        #expect(try !house.run("status").out.contains("v/web1"))
        try house.write(house.config, "vaults:\n  v:\n    path: \(house.root.path)/nowhere/*\n")
        let check = try house.run("config", "check")
        #expect(check.status != 0 && check.error.contains("no directory matches"), "\(check.said)")
        #expect(try house.run("status").out.contains("no directory matches"))
        #expect(try house.run("status", "--check").status == 2)
        let nowhere = try house.run("agent", "--once")
        #expect(nowhere.status == 3 && nowhere.error.contains("no directory matches"), "\(nowhere.said)")
        #expect(try vanished().count == 2)
        // The disk is back.
        try FileManager.default.removeItem(at: house.vault)
        try FileManager.default.moveItem(at: away, to: house.vault)
        try house.write(
            house.config, "timezone: UTC\nvaults:\n  v:\n    path: \(house.vault.path)/*\n\(CLIFixture.settings)\n")
        #expect(try house.list().count == 10)
        #expect(try house.run("agent", "--once").status != 3)
        // One of two.
        try FileManager.default.removeItem(at: house.vault.appending(path: "web2"))
        #expect(try house.run("agent", "--once").status == 3)
        #expect((try vanished().last?["reason"] as? String)?.contains("v/web2") == true)
        #expect(try house.run("status", "--check").status == 2)
    }
}

extension CLIFixture {
    func loseCatalog() throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: state.path) where name.hasPrefix("catalog") {
            try FileManager.default.removeItem(at: state.appending(path: name))
        }
    }

    /// What `list -a` knows of every backup, as far as it must survive.
    func everything() throws -> Set<String> {
        Set(
            try list("-a").map { backup in
                ["id", "path", "series", "state", "preserved", "batch", "earliest_purge", "time", "size"]
                    .map { "\(backup[$0] ?? "")" }.joined(separator: "|")
            })
    }

    func putRaw(_ name: [UInt8]) throws {
        let path = Array(vault.path.utf8) + Array("/".utf8) + name + [0]
        let descriptor = path.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { open($0.baseAddress!, O_WRONLY | O_CREAT, 0o600) }
        }
        #expect(descriptor >= 0)
        _ = "content".withCString { Foundation.write(descriptor, $0, 7) }
        close(descriptor)
    }

    /// The files at the top of the vault, as bytes.
    func rawNames() -> Set<[UInt8]> {
        guard let directory = opendir(vault.path) else { return [] }
        defer { closedir(directory) }
        var names: Set<[UInt8]> = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name.first != UInt8(ascii: ".") { names.insert(name) }
        }
        return names
    }
}
