import Foundation
import Testing

@Suite("restore, with the real binary")
struct RestoreTests {
    private static func day(_ n: Int) -> String { CLIFixture.day(n) }

    /// Five dailies, three of them in the trash.
    private func house(grace: String = "1h", more: String = "") throws -> CLIFixture {
        let house = try CLIFixture(grace: grace, more: more)
        try house.dailies(5)
        try house.cleanup()
        return house
    }

    private func orders(_ n: Int) -> String { "app/orders-\(CLIFixture.day(n)).dump" }

    private func content(_ url: URL) throws -> String { try String(contentsOf: url, encoding: .utf8) }

    // MARK: What a word means

    @Test("a backup is named by id, id's beginning, file name, path in the vault, absolute path, or path in its batch")
    func names() throws {
        let house = try house()
        let id = try #require(try house.backup(orders(2), "--trash")?["id"] as? String)
        let batch = try #require(house.batches().first)
        let words = [
            id, String(id.prefix(6)), "orders-\(Self.day(2)).dump", orders(2),
            house.vault.appending(path: orders(2)).path,
            house.vault.appending(path: ".trash/\(batch)/files/\(orders(2))").path,
        ]
        for word in words {
            let outcome = try house.run("restore", word, "-n", "--json")
            #expect(outcome.status == 0, "\(word): \(outcome.error)")
            let found = try outcome.json()["would_restore"] as? [[String: Any]]
            #expect(found?.map { $0["id"] as? String } == [id], "\(word)")
        }
        #expect(house.names().count == 2, "a dry run moves nothing")
    }

    @Test("a series means its newest trashed one; a batch and a run all they hold; a vault is refused")
    func wholes() throws {
        let house = try house()
        #expect(try house.run("restore", "app/orders").status == 0)
        #expect(house.exists(orders(3)) && !house.exists(orders(2)))
        let vault = try house.run("restore", "dumps")
        #expect(vault.status == 64 && vault.error.contains("undo"), "\(vault.error)")
        let batch = try #require(house.batches().first)
        let planned = try house.run("restore", batch, "-n", "--json").json()
        #expect((planned["would_restore"] as? [Any])?.count == 2)
        #expect(try house.run("restore", "run", "1").status == 0)
        #expect(house.names().count == 5)
        for gone in [["run", "1"], [batch], ["run", "7"]] {
            let outcome = try house.run(["restore"] + gone)
            #expect(outcome.status == 5 && !outcome.error.isEmpty, "\(gone)")
        }
        // Restored one by one, nothing is frozen.
        #expect(try house.run("cleanup").status == 0)
    }

    @Test("a word that is a series and the beginning of an id names both, and is refused")
    func ambiguous() throws {
        let house = try house()
        let id = try #require(try house.backup(orders(1), "--trash")?["id"] as? String)
        let name = String(id.prefix(4))
        for n in 1...4 { try house.put("\(name)-\(Self.day(n)).dump") }
        try house.settle()
        try house.run("plan")
        #expect(try house.run("cleanup", "--approve").status == 0)
        let outcome = try house.run("restore", name)
        #expect(outcome.status == 64, "\(outcome.out)")
        #expect(outcome.error.contains(id) && outcome.error.contains("dumps \(name)"), "\(outcome.error)")
        #expect(try house.run("restore", id).status == 0)
    }

    @Test("--before: the nearest, wherever it is; nearer ones that were purged are named with when and why")
    func before() throws {
        let house = try house(grace: "2s")
        try #require(try house.run("preserve", orders(1), "--reason", "audit").status == 0)
        try house.pass(2.2)
        #expect(try house.run("purge").status == 0)
        let far = try house.run("restore", "app/orders", "--before", Self.day(4))
        #expect(far.status == 0, "\(far.error)")
        #expect(house.exists(orders(1)))
        #expect(far.said.contains("Nearer ones are gone:") && far.said.contains("by the policy"), "\(far.out)")
        #expect(far.said.contains("run 2"), "\(far.out)")
        // Now the nearest is in its place.
        let place = try house.run("restore", "app/orders", "--before", Self.day(4), "--json")
        #expect(place.status == 0)
        let json = try place.json()
        #expect((json["in_place"] as? [[String: Any]])?.map { $0["path"] as? String } == [orders(1)])
        let gone = try #require(json["gone"] as? [[String: Any]])
        #expect(gone.map { $0["path"] as? String } == [orders(3), orders(2)])
        #expect(gone.allSatisfy { $0["run"] as? Int == 2 && $0["at"] is String })
        #expect(try house.run("restore", "app/orders", "--before", Self.day(1)).status == 5)
    }

    // MARK: At rest

    @Test("what was brought back is at rest: no settling, and a second restore finds it in its place")
    func atRest() throws {
        let house = try CLIFixture()
        try house.dailies(6)
        try house.put("files/web-\(Self.day(1))/index.html", "one")
        try house.put("files/web-\(Self.day(2))/index.html", "two")
        try house.put("files/web-\(Self.day(3))/index.html", "three")
        try house.put(orders(1) + ".sha256", "x")
        try house.cleanup()
        // From now on nothing that is new comes to rest.
        let text = try String(contentsOf: house.config, encoding: .utf8)
        try house.write(house.config, text.replacingOccurrences(of: "quiet-period: 1s", with: "quiet-period: 1h"))
        let first = try house.run("restore", "app/orders", "--before", Self.day(5), "--json").json()
        #expect((first["backups"] as? [[String: Any]])?.map { $0["path"] as? String } == [orders(4)])
        let second = try house.run("restore", "app/orders", "--before", Self.day(5))
        #expect(second.status == 0 && second.said.contains("in its place already"), "\(second.out)\(second.error)")
        #expect(try house.run("restore", orders(1), "--as", "renamed-\(Self.day(1)).dump").status == 0)
        func settling(_ arguments: String...) throws -> [String] {
            let rows = try house.run(arguments + ["--json"]).json()["backups"] as? [[String: Any]] ?? []
            return rows.filter { $0["complete"] as? Bool != true }.compactMap { $0["path"] as? String }
        }
        #expect(try settling("list") == [])
        #expect(try house.run("undo", "--last").status == 0)
        #expect(try settling("list") == [])
        #expect(try house.backup("files/web-\(Self.day(1))") != nil && house.exists(orders(2)))
        // What another one writes is not.
        try house.put(orders(7))
        #expect(try settling("list") == [orders(7)])
        // Also where only the manifest tells that it was in the trash.
        for name in try FileManager.default.contentsOfDirectory(atPath: house.state.path)
        where name.hasPrefix("catalog") {
            try FileManager.default.removeItem(at: house.state.appending(path: name))
        }
        let left = try settling("list")
        let web = [2, 3].map { "files/web-\(Self.day($0))" }
        #expect(Set(left) == Set([orders(5), orders(6), orders(7)] + web), "\(left)")
    }

    // MARK: Chains

    /// A full one and its incremental, both in the trash, and newer full ones.
    private func chain(grace: String) throws -> (CLIFixture, full: String, inc: String) {
        let house = try CLIFixture(
            grace: grace,
            more: #"""
                    match:
                      - match: '(?<series>\w+)\.(?<time>\d{8})\.(?<kind>full|inc)(-(?<base>\d{8}))?\.tar'
                        parent: '${series}.${base}.full.tar'
                """#)
        let (full, inc) = ("app.\(compact(1)).full.tar", "app.\(compact(2)).inc-\(compact(1)).tar")
        try house.put(full)
        try house.put(inc)
        for n in 3...5 { try house.put("app.\(compact(n)).full.tar") }
        try house.cleanup()
        return (house, full, inc)
    }

    private func compact(_ n: Int) -> String { Self.day(n).filter { $0 != "-" } }

    @Test("an incremental brings what it needs, the full one first; what is gone is said (exit 3)")
    func chains() throws {
        let (house, full, inc) = try chain(grace: "1h")
        #expect(!house.exists(full) && !house.exists(inc), "\(house.names())")
        let outcome = try house.run("restore", inc, "--json")
        #expect(outcome.status == 0, "\(outcome.error)")
        let order = (try outcome.json()["backups"] as? [[String: Any]])?.map { $0["path"] as? String }
        #expect(order == [full, inc])
        #expect(house.exists(full) && house.exists(inc))
    }

    @Test("one id is enough for a whole chain: what it needs, and what needs it")
    func wholeChain() throws {
        let (house, full, inc) = try chain(grace: "1h")
        let id = try #require(try house.backup(full, "--trash")?["id"] as? String)
        let outcome = try house.run("restore", id, "--to", house.root.appending(path: "rescue").path, "--json")
        #expect(outcome.status == 0, "\(outcome.error)")
        let order = (try outcome.json()["backups"] as? [[String: Any]])?.map { $0["path"] as? String }
        #expect(order == [full, inc])
        let (other, full2, inc2) = try chain(grace: "1h")
        let said = try other.run("restore", full2)
        #expect(said.status == 0 && said.said.contains("comes back with it"), "\(said.out)\(said.error)")
        #expect(other.exists(full2) && other.exists(inc2))
    }

    @Test("an incremental whose full one was purged comes back all the same, and that is said")
    func cutOff() throws {
        let (house, full, inc) = try chain(grace: "2s")
        let batch = try #require(house.batches().first)
        try FileManager.default.removeItem(at: house.vault.appending(path: ".trash/\(batch)/files/\(full)"))
        let outcome = try house.run("restore", inc)
        #expect(outcome.status == 3 && outcome.said.contains("needs"), "\(outcome.error)")
        #expect(house.exists(inc))
    }

    // MARK: Checksums

    @Test(
        "a checksum beside it is compared, in the forms that tools write; a wrong one is exit 3, and the file is back")
    func checksums() throws {
        let house = try CLIFixture()
        func digest(_ tool: String, _ name: String) throws -> String {
            let outcome = try CLIFixture.launch(["/usr/bin/env", tool, house.vault.appending(path: name).path])
            return String(outcome.out.prefix { $0 != " " })
        }
        for n in 1...8 { try house.put(orders(n)) }
        let name = { (n: Int) in "orders-\(Self.day(n)).dump" }
        try house.put(orders(1) + ".sha256", "\(try digest("sha256sum", orders(1)))  \(name(1))\n")
        try house.put(orders(2) + ".sha256", "SHA256 (\(name(2))) = \(try digest("sha256sum", orders(2)))\n")
        try house.put(orders(3) + ".md5", try digest("md5sum", orders(3)).uppercased())
        try house.put(orders(4) + ".sha256", String(repeating: "0", count: 64) + " *\(name(4))\n")
        try house.put(
            orders(5) + ".sha256",
            String(repeating: "1", count: 64) + "  other\n\(try digest("sha256sum", orders(5)))  ./\(name(5))\n")
        try house.put(orders(6) + ".sha256", "no checksum at all\n")
        try house.cleanup()
        for (n, said) in [(1, "matches"), (2, "matches"), (3, "matches"), (4, "differs"), (5, "matches"), (6, nil)] {
            let outcome = try house.run("restore", name(n), "--json")
            #expect(outcome.status == (said == "differs" ? 3 : 0), "\(n): \(outcome.error)")
            let backups = try outcome.json()["backups"] as? [[String: Any]]
            #expect(backups?.first?["checksum"] as? String == said, "\(n)")
            #expect(house.exists(orders(n)))
        }
    }

    // MARK: Directories

    @Test("directories that are gone are made again as they were, nested ones too, also where not even we may write")
    func parents() throws {
        let house = try CLIFixture()
        for n in 1...3 { try house.put("a/b/c/orders-\(Self.day(n)).dump") }
        let modes: [(String, mode_t)] = [("a/b/c", 0o2550), ("a/b", 0o711), ("a", 0o750)]
        for (path, mode) in modes {
            let whole = house.vault.appending(path: path).path
            if geteuid() == 0 { #expect(chown(whole, 1234, 4321) == 0) }
            #expect(chmod(whole, path == "a/b/c" && geteuid() != 0 ? 0o2750 : mode) == 0)
        }
        try house.cleanup()
        if geteuid() != 0 { chmod(house.vault.appending(path: "a/b/c").path, 0o750) }
        try FileManager.default.removeItem(at: house.vault.appending(path: "a"))
        #expect(try house.run("restore", "orders-\(Self.day(1)).dump").status == 0)
        #expect(house.exists("a/b/c/orders-\(Self.day(1)).dump"))
        for (path, mode) in modes {
            var seen = stat()
            #expect(lstat(house.vault.appending(path: path).path, &seen) == 0)
            #expect(seen.st_mode & 0o7777 == (path == "a/b/c" && geteuid() != 0 ? 0o2750 : mode), "\(path)")
            if geteuid() == 0 { #expect(seen.st_uid == 1234 && seen.st_gid == 4321, "\(path)") }
        }
    }

    @Test("where its directory was stands a file or a link now: refused with the reason, and --to helps")
    func parentTaken() throws {
        let house = try house()
        let batch = try #require(house.batches().first)
        let app = house.vault.appending(path: "app")
        try FileManager.default.moveItem(at: app, to: house.root.appending(path: "moved"))
        try house.put("app", "a file")
        let file = try house.run("restore", "orders-\(Self.day(1)).dump")
        #expect(file.status == 1 && file.said.contains("is a file now") && file.said.contains("--to"), "\(file.error)")
        try FileManager.default.removeItem(at: app)
        try FileManager.default.createSymbolicLink(
            at: app, withDestinationURL: house.root.appending(path: "moved"))
        let link = try house.run("restore", "orders-\(Self.day(1)).dump")
        #expect(link.status == 1 && link.said.contains("is a symbolic link now"), "\(link.error)")
        #expect(house.exists(".trash/\(batch)/files/\(orders(1))"))
        #expect(try house.run("restore", "orders-\(Self.day(1)).dump", "--to", house.vault.path).status == 0)
    }

    // MARK: With nothing but the disk

    @Test("an altered manifest restores only on a person's word, also where only the log knows the true one")
    func altered() throws {
        let house = try house()
        let batch = try #require(house.batches().first)
        let manifest = house.vault.appending(path: ".trash/\(batch)/manifest.json")
        let text = try content(manifest)
        try house.write(manifest, text.replacingOccurrences(of: "\"run\":1,", with: "\"run\":11,"))
        for isCatalogGone in [false, true] {
            if isCatalogGone {
                for name in try FileManager.default.contentsOfDirectory(atPath: house.state.path)
                where name.hasPrefix("catalog") {
                    try FileManager.default.removeItem(at: house.state.appending(path: name))
                }
            }
            let refused = try house.run("restore", orders(1))
            #expect(refused.status == 1 && refused.said.contains("--trust-manifest"), "\(refused.error)")
        }
        #expect(try house.run("restore", orders(1), "--trust-manifest").status == 0)
        let undone = try house.run("undo", "11", "--json")
        #expect(undone.status == 1)
        #expect((try undone.json()["failed"] as? [Any])?.count == 2)
        #expect(try house.run("undo", "11", "--trust-manifest").status == 0)
        #expect(house.names().count == 5)
    }

    @Test(
        "on another host, with the disk alone: list, restore and undo need nothing else",
        .enabled(if: DiskFixture.isUsable))
    func anotherHost() throws {
        try DiskFixture.with { rack, house in
            let device = try rack.disk("vaultdisk")
            try rack.mount(device, house.vault.path)
            try house.dailies(5)
            try house.cleanup()
            try rack.unmount(house.vault.path)
            // The other host: another name, path and state, no configuration, no catalog, no log.
            let place = house.root.appending(path: "elsewhere", directoryHint: .isDirectory)
            let state = house.root.appending(path: "other-state", directoryHint: .isDirectory)
            for directory in [place, state] {
                try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            }
            try rack.mount(device, place.path)
            func there(_ arguments: String...) throws -> CLIFixture.Outcome {
                let command = [CLIFixture.binary.path] + arguments + ["--vault", place.path, "--state-dir", state.path]
                let quoted = command.map { "'\($0)'" }.joined(separator: " ")
                return try CLIFixture.launch([
                    "/usr/bin/unshare", "--uts", "/bin/sh", "-c", "hostname rescue; exec \(quoted)",
                ])
            }
            let listed = try there("list", "--trash", "--json")
            #expect(listed.status == 0, "\(listed.error)")
            #expect((try listed.json()["backups"] as? [Any])?.count == 3)
            let one = try there("restore", "app/orders", "--before", Self.day(2))
            #expect(one.status == 0, "\(one.error)")
            let all = try there("undo", "--last")
            #expect(all.status == 0, "\(all.error)")
            for n in 1...5 {
                let text = try content(place.appending(path: orders(n)))
                #expect(text == "content of \(orders(n))")
            }
            // Nothing but a look may act on a stranger's disk.
            #expect(try there("cleanup").status == 1)
            try rack.unmount(place.path)
            // Back home: nothing is missing, and the undo holds.
            try rack.mount(device, house.vault.path)
            let home = try house.run("cleanup")
            #expect(home.status == 4 && home.said.contains("undone run 1"), "\(home.out)\(home.error)")
            #expect(house.names().filter { $0.hasPrefix("app/") }.count == 5)
            #expect(try !house.events().contains { $0["event"] as? String == "backup.missing" })
        }
    }

    @Test("where the audit log cannot be written it is put back all the same (exit 3), and nobody takes it again")
    func noLog() throws {
        let house = try house()
        let log = house.state.appending(path: "audit.log")
        try FileManager.default.removeItem(at: log)
        try FileManager.default.createDirectory(at: log, withIntermediateDirectories: false)
        let outcome = try house.run("restore", orders(1))
        #expect(outcome.status == 3, "\(outcome.out)\(outcome.error)")
        #expect(house.exists(orders(1)))
        try FileManager.default.removeItem(at: log)
        #expect(try house.run("cleanup").status == 0)
        #expect(house.exists(orders(1)))
    }

    @Test(
        "where the mark cannot be written it is put back all the same, and the next look marks it before any plan",
        .enabled(if: Tracing.isPossible, "SKIPPED: needs a strace that may trace"))
    func noMark() throws {
        let house = try house()
        let noMarks = Tracing.failing("renameat", on: "marks.json")
        let outcome = try house.run(["restore", orders(1)], under: noMarks)
        #expect(outcome.status == 3, "\(outcome.out)\(outcome.error)")
        #expect(house.exists(orders(1)))
        #expect(try house.run(["cleanup"], under: noMarks).status == 1, "not before the mark is written")
        try house.settle()
        #expect(try house.run("cleanup").status == 0)
        #expect(house.exists(orders(1)))
    }
}
