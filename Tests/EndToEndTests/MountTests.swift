import Foundation
import Testing

/// What happens when the disk below a vault changes: nothing is ever taken for deleted.
@Suite("mounts", .serialized, .enabled(if: DiskFixture.isUsable, "SKIPPED: mounts need root"))
struct MountTests {
    /// Two present, two in the trash, one of the present ones preserved; answers how many events there are by then.
    private func fill(_ house: CLIFixture) throws -> Int {
        for n in 4...7 { try house.put("app/orders-\(CLIFixture.day(n)).dump") }
        try house.cleanup()
        let kept = "app/orders-\(CLIFixture.day(7)).dump"
        #expect(try house.run("preserve", kept, "--reason", "audit").status == 0)
        #expect(try house.list().count { ($0["path"] as? String)?.hasPrefix("app/") == true } == 2)
        return try house.events().count
    }

    @Test("unmounted, and lazily: offline, and all as before when it is back", arguments: DiskFixture.Kind.allCases)
    func unmounted(_ kind: DiskFixture.Kind) throws {
        try DiskFixture.with { rack, house in
            let vault = house.vault.path
            let disk = try rack.disk("usb-A", kind)
            try rack.mount(disk, vault)
            let count = try fill(house)
            let before = try house.everything()
            try house.startAgent()
            try house.wait(for: "ok")
            for isLazy in [false, true] {
                try rack.unmount(vault, lazily: isLazy)
                try house.wait(for: "offline")
                #expect(try house.run("cleanup").status == 1)
                try rack.mount(disk, vault)
                try house.wait(for: "ok")
                #expect(try house.everything() == before)
            }
            house.endAgents()
            try rack.unmount(vault)
            #expect(try house.run("cleanup").status == 1)
            #expect(try house.run("agent", "--once").status == 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: vault).isEmpty, "something was written there")
            try rack.mount(disk, vault)
            #expect(try house.run("cleanup").status == 0)
            #expect(try house.everything() == before)
            try house.expectNothingLost(since: count)
        }
    }

    @Test("a disk mounted over the vault hides it, and nothing of it is taken for the vault's")
    func mountedOver() throws {
        try DiskFixture.with { rack, house in
            let count = try fill(house)
            let before = try house.everything()
            try house.startAgent()
            try house.wait(for: "ok")
            try rack.mount(try rack.disk("other"), house.vault.path)
            try house.dailies(4)
            try house.wait(for: "offline")
            let refused = try house.run("cleanup")
            #expect(
                refused.status == 1 && refused.said.contains("another file system") && refused.said.contains("other"))
            #expect(house.names().count == 4 && house.batches().isEmpty)
            try rack.unmount(house.vault.path)
            try house.wait(for: "ok")
            #expect(try house.everything() == before)
            try house.expectNothingLost(since: count)
        }
    }

    @Test("what is mounted inside a vault is not crossed, and what it covers has not vanished")
    func mountedInside() throws {
        try DiskFixture.with { rack, house in
            try house.dailies(2, series: "covered/users")
            let count = try fill(house)
            let before = try house.everything()
            // One of the same file system, one of another, over backups that are known.
            let outside = house.root.appending(path: "outside")
            try house.write(outside.appending(path: "orders-\(CLIFixture.day(1)).dump"), "not ours")
            for (options, source) in [(["--bind"], outside.path), ([], try rack.disk("inner"))] {
                for isLive in [true, false] {
                    if isLive { try house.startAgent() }
                    let place = house.vault.appending(path: "covered").path
                    if options.isEmpty {
                        try rack.mount(source, place)
                    } else {
                        try rack.mount("--bind", source, place)
                    }
                    usleep(1_500_000)
                    #expect(try house.run("cleanup").status == 0)
                    #expect(try house.run("list", "--foreign").out.contains("another file system"))
                    try rack.unmount(place)
                    try house.wait("all to be there again") { try house.everything() == before }
                    if isLive { house.endAgents() }
                }
            }
            #expect(
                FileManager.default.fileExists(atPath: outside.appending(path: "orders-\(CLIFixture.day(1)).dump").path)
            )
            try house.expectNothingLost(since: count)
        }
    }

    @Test(
        "another disk at the path, and a copy with the same marker, are strangers; an adopted copy has ids of its own")
    func otherAndCopy() throws {
        try DiskFixture.with { rack, house in
            let vault = house.vault.path
            let (disk, other, copy) = (try rack.disk("usb-A"), try rack.disk("usb-X"), try rack.disk("usb-C"))
            try rack.mount(disk, vault)
            let count = try fill(house)
            let before = try house.everything()
            let ids = Set(try house.list().compactMap { $0["id"] as? String })
            let aside = house.root.appending(path: "aside").path
            try FileManager.default.createDirectory(atPath: aside, withIntermediateDirectories: true)
            try rack.mount(copy, aside)
            try rack.tool("/usr/bin/cp", "-a", vault + "/.", aside)
            try rack.unmount(aside)
            try house.startAgent()
            try house.wait(for: "ok")
            for (mismatch, why) in [(other, "is the disk mounted?"), (copy, "a copy of the vault")] {
                try rack.unmount(vault)
                try rack.mount(mismatch, vault)
                try house.wait(for: "offline")
                let refused = try house.run("cleanup")
                #expect(refused.status == 1 && refused.said.contains(why), "\(refused.error)")
                #expect(try house.run("status").out.contains("reprieve adopt"))
            }
            #expect(try house.run("adopt", vault, "--yes").status == 0)
            try house.wait(for: "ok")
            let copied = try house.list()
            #expect(copied.count == 2 && ids.isDisjoint(with: copied.compactMap { $0["id"] as? String }))
            #expect(copied.count { $0["preserved"] as? Bool == true } == 1, "its marks come along")
            #expect((try house.status()["away"] as? [[String: Any]])?.first?["label"] as? String == "usb-A")
            try rack.unmount(vault)
            try rack.mount(disk, vault)
            try house.wait("the first disk again") { try house.everything() == before }
            try house.expectNothingLost(since: count)
        }
    }

    @Test("a removable disk that is away is no alarm; what stands in for it is neither the vault nor adopted")
    func removable() throws {
        let more = "    removable: true\n    requires-mount: true"
        try DiskFixture.with(more: more) { rack, house in
            let vault = house.vault.path
            func check() throws -> Int32 { try house.run("status", "--check").status }
            // On a machine whose /tmp is a disk of its own something is mounted.
            let mount = try CLIFixture.launch(["/usr/bin/findmnt", "-no", "TARGET", "-T", vault]).out
            let disk = try rack.disk("usb-A")
            try rack.mount(disk, vault)
            let count = try fill(house)
            #expect(try house.run("agent", "--once").status == 0)
            try rack.unmount(vault)
            for command in [["agent", "--once"], ["cleanup"], ["purge"], ["plan"], ["status"], ["list"]] {
                let outcome = try house.run(command)
                #expect(outcome.status == 0, "\(command): \(outcome.said)")
            }
            #expect(try house.state() == "away" && check() == 0)
            #expect(try house.run("status").out.contains("1 away"))
            #expect(try house.run("cleanup", "dumps").status == 1, "who names it hears of it")
            #expect(try !house.events().contains { $0["event"] as? String == "vault.offline" })
            // An empty directory where a disk belongs.
            try house.configure(keep: "{ last: 2 }")
            let empty = try house.run("adopt", vault, "--yes")
            #expect(empty.status == 1 && empty.said.contains("is an empty directory"), "\(empty.said)")
            #expect(try house.state() == "offline" && check() == 2)
            try house.configure(keep: "{ last: 2 }", more: "    requires-mount: true")
            if mount == "/\n" {
                try house.put("app/orders-\(CLIFixture.day(9)).dump", "on the wrong disk")
                let wrong = try house.run("adopt", vault, "--yes")
                #expect(wrong.said.contains("requires one"), "\(wrong.said)")
                try FileManager.default.removeItem(at: house.vault.appending(path: "app"))
            }
            // Back, and as before; nobody adopts another one without being asked.
            try rack.mount(disk, vault)
            #expect(try house.run("adopt", vault).status == 0, "it is the vault already")
            #expect(try house.state() == "ok")
            try rack.unmount(vault)
            try rack.mount(try rack.disk("usb-B"), vault)
            #expect(try house.run("adopt", vault).status == 64)
            try house.expectNothingLost(since: count)
        }
    }

    @Test("two disks in rotation: each keeps its ids and marks, and the other one is away")
    func rotation() throws {
        try DiskFixture.with { rack, house in
            let vault = house.vault.path
            let disks = [try rack.disk("usb-A"), try rack.disk("usb-B", .xfs)]
            var known: [Set<String>] = []
            var ids: [String] = []
            var count = 0
            for disk in disks {
                if !known.isEmpty { try rack.unmount(vault) }
                try rack.mount(disk, vault)
                #expect(try house.run("adopt", vault, "--yes").status == 0)
                count = try fill(house)
                known.append(try house.everything())
                ids.append(try #require(try house.status()["id"] as? String))
            }
            #expect(ids[0] != ids[1] && known[0].isDisjoint(with: known[1]))
            try house.startAgent()
            for (n, isLive) in [(0, true), (1, true), (0, true), (1, false), (0, false)] {
                if !isLive { house.endAgents() }
                try rack.unmount(vault)
                try rack.mount(disks[n], vault)
                try house.wait("disk \(n) to be in force") {
                    let status = try house.status()
                    return status["id"] as? String == ids[n] && status["state"] as? String == "ok"
                }
                #expect(try house.run("cleanup").status == 0)
                #expect(try house.everything() == known[n])
                let text = try house.run("status").said
                #expect(text.contains("\(["usb-B", "usb-A"][n]) is away since"), "\(text)")
            }
            try house.expectNothingLost(since: count)
            // Forgotten, it is a stranger again; the one in force cannot be.
            #expect(try house.run("adopt", vault, "--forget", "usb-A").status == 64)
            #expect(try house.run("adopt", vault, "--forget", "usb-B").status == 0)
            #expect((try house.status()["away"] as? [Any])?.isEmpty == true)
            try rack.unmount(vault)
            try rack.mount(disks[1], vault)
            #expect(try house.state() == "offline")
            #expect(try house.run("adopt", vault, "--yes").status == 0)
            #expect(try house.everything() == known[1])
        }
    }

    @Test("mounted read-only: looks work, deeds say so plainly, nothing is half done; then it goes on")
    func readOnly() throws {
        try DiskFixture.with(more: "    cleanup-every: 1s") { rack, house in
            let vault = house.vault.path
            try rack.mount(try rack.disk("usb-A"), vault)
            let count = try fill(house)
            let before = try house.everything()
            try rack.mount("-o", "remount,ro", vault)
            for arguments in [
                ["restore", "app/orders"], ["preserve", "app/orders-\(CLIFixture.day(6)).dump", "--reason", "x"],
            ] {
                let refused = try house.run(arguments)
                #expect(refused.status == 1 && refused.said.contains("read-only"), "\(refused.error)")
            }
            #expect(try house.state() == "read-only")
            #expect(try house.everything() == before)
            try house.expectNothingLost(since: count)
            // Something is to go, and cannot.
            try rack.mount("-o", "remount,rw", vault)
            try house.put("app/orders-\(CLIFixture.day(8)).dump")
            try house.settle()
            try rack.mount("-o", "remount,ro", vault)
            let events = try house.events().count
            let refused = try house.run("cleanup")
            #expect(refused.status == 1 && refused.said.contains("read-only"), "\(refused.error)")
            // Only that it failed is said: nothing was begun.
            let begun = try house.events().dropFirst(events).filter { $0["run"] != nil }
            #expect(begun.allSatisfy { $0["event"] as? String == "retention.completed" }, "\(begun)")
            try house.startAgent()
            usleep(3_000_000)
            #expect(try house.state() == "read-only")
            let log = try String(contentsOf: house.root.appending(path: "agent.log"), encoding: .utf8)
            #expect(log.components(separatedBy: "read-only").count == 2, "said once: \(log)")
            try house.expectNothingLost(since: count)
            try rack.mount("-o", "remount,rw", vault)
            try house.wait("the agent to go on") { !house.exists("app/orders-\(CLIFixture.day(6)).dump") }
        }
    }

    @Test("a hung mount stops its own vault only, shows as such, and goes on; a dead server loses nothing")
    func hung() throws {
        try DiskFixture.with(more: "    cleanup-every: 1s") { rack, house in
            let remote = house.root.appending(path: "remote").path
            let source = house.root.appending(path: "source")
            for name in [remote, source.path] {
                try FileManager.default.createDirectory(atPath: name, withIntermediateDirectories: true)
            }
            for day in 1...3 { try house.write(source.appending(path: "web/site-\(CLIFixture.day(day)).tar"), "x") }
            let server = try rack.serve(source.path, at: remote)
            try house.addVault("remote", remote)
            let count = try fill(house)
            let before = try house.everything()
            let agent = try house.startAgent()
            try house.wait(for: "ok", of: "remote")

            kill(server.processIdentifier, SIGSTOP)
            let start = Date()
            #expect(try house.run("list", "dumps").status == 0)
            #expect(Date().timeIntervalSince(start) < 8, "another vault waited for the hung one")
            let status = try house.run("status", "--wait", "2s")
            #expect(status.said.contains("'remote' does not answer"), "\(status.out)\(status.error)")
            #expect(try house.state() == "ok")
            #expect(Date().timeIntervalSince(start) < 25)
            #expect(try house.run("config", "check", "--wait", "2s").status == 3)
            // The agent, which looks at everything again now, goes on in the other vault.
            kill(agent.processIdentifier, SIGHUP)
            usleep(500_000)
            try house.put("app/orders-\(CLIFixture.day(9)).dump")
            try house.wait("the agent to clean up", seconds: 40) {
                !house.exists("app/orders-\(CLIFixture.day(6)).dump")
            }
            house.endAgents()
            #expect(try house.run("restore", "app/orders", "--wait", "2s").status == 0)
            #expect(try house.run("agent", "--once", "--wait", "2s").status == 3)
            try house.expectNothingLostBut("app/", since: count)

            kill(server.processIdentifier, SIGCONT)
            try house.wait(for: "ok", of: "remote")
            #expect(try house.of("remote", in: house.everything()) == house.of("remote", in: before))
            kill(server.processIdentifier, SIGKILL)
            server.waitUntilExit()
            #expect(try house.state("remote") != "ok")
            #expect(try house.run("cleanup", "remote").status == 1)
            try rack.unmount(remote, lazily: true)
            #expect(try house.state("remote") == "offline")
            _ = try rack.serve(source.path, at: remote)
            try house.wait(for: "ok", of: "remote")
            #expect(try house.of("remote", in: house.everything()) == house.of("remote", in: before))
            try house.expectNothingLostBut("app/", since: count)
        }
    }

    @Test("without its marker it is known by the two other signs; the next deed writes it again, no look does")
    func markerRemoved() throws {
        try DiskFixture.with { rack, house in
            try rack.mount(try rack.disk("usb-A"), house.vault.path)
            let count = try fill(house)
            let before = try house.everything()
            let marker = house.vault.appending(path: ".trash/vault.json")
            try FileManager.default.removeItem(at: marker)
            #expect(try house.everything() == before)
            #expect(try house.run("status").status == 0 && !house.exists(".trash/vault.json"))
            #expect(try house.run("cleanup").status == 0 && house.exists(".trash/vault.json"))
            #expect(try house.everything() == before)
            try house.expectNothingLost(since: count)
        }
    }

    @Test("a root directory made anew is a stranger, and known again once what was in it has moved in")
    func rootMadeAnew() throws {
        try DiskFixture.with { rack, house in
            let count = try fill(house)
            let before = try house.everything()
            let old = house.root.appending(path: "old").path
            rename(house.vault.path, old)
            try house.dailies(4)
            #expect(try house.state() == "offline")
            #expect(try house.run("cleanup").status == 1 && house.names().count == 4)
            try FileManager.default.removeItem(at: house.vault)
            try FileManager.default.createDirectory(at: house.vault, withIntermediateDirectories: true)
            #expect(try house.state() == "offline")
            for name in try FileManager.default.contentsOfDirectory(atPath: old) {
                rename(old + "/" + name, house.vault.appending(path: name).path)
            }
            #expect(try house.everything() == before)
            try house.expectNothingLost(since: count)
        }
    }

    @Test("configured before its disk was ever mounted: nothing is written into the empty directory, then it is known")
    func mountedLater() throws {
        try DiskFixture.with { rack, house in
            #expect(try house.run("list").status == 0)
            let refused = try house.run("freeze", "dumps", "--reason", "x")
            #expect(refused.status == 3 && refused.said.contains("may not be mounted"), "\(refused.said)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: house.vault.path).isEmpty)
            try rack.mount(try rack.disk("usb-A"), house.vault.path)
            try house.dailies(2)
            #expect(try house.list().count == 2)
            try rack.unmount(house.vault.path)
            #expect(try house.state() == "offline")
        }
    }
}

extension CLIFixture {
    fileprivate func of(_ vault: String, in all: Set<String>) -> Set<String> {
        all.filter { $0.contains(vault == "remote" ? "web/" : "app/") }
    }

    /// The law for all other backups than those that a test itself moves.
    fileprivate func expectNothingLostBut(_ prefix: String, since count: Int) throws {
        let wrong: Set<String> = ["backup.missing", "backup.vanished", "backup.condemned", "vault.frozen"]
        let events = try events().dropFirst(count).filter { event in
            wrong.contains(event["event"] as? String ?? "")
                && !((event["path"] as? String)?.hasPrefix(prefix) ?? false)
        }
        #expect(events.isEmpty, "\(events)")
    }
}
