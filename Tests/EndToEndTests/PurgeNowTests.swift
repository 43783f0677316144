import Foundation
import Testing

/// What only a person may do, and what not even a person.
@Suite("purge --now", .enabled(if: Disk.canMount, "mounting needs root"))
struct PurgeNowTests: SmallDiskTests {
    @Test("purge --now --free: lists, asks, takes the oldest until so much is free, and says when it cannot be")
    func nowFree() throws {
        let disk = try Disk(.tmpfs, megabytes: 64)
        let house = try house(disk, limits: "{ min-free: off }", minGrace: "1h")
        try put(house, 1...10)
        try house.cleanup()
        let unasked = try house.run("purge", "--now", "--free", "9MiB")
        #expect(unasked.status == 64 && unasked.error.contains("--yes"))
        #expect(unasked.out.contains(name(3)) && !unasked.out.contains(name(4)))
        #expect(unasked.said.contains("3 backups, 12.0 MiB; that frees at least 12.0 MiB"))
        #expect(try house.run("purge", "--now", "--free", "9MiB", "-n").status == 0)
        #expect(try house.list("--trash").count == 8, "nothing was done yet")
        let outcome = try house.run("purge", "--now", "--free", "9MiB", "dumps", "-y", "--json")
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(try paths(outcome) == (1...3).map { name($0) })
        #expect(try outcome.json()["freed_at_least"] as? Int == 12 * mebibyte)
        let intents = try house.events().filter { $0["event"] as? String == "purge.intent" }
        #expect(intents.allSatisfy { ($0["reason"] as? String)?.hasPrefix("purge --now: a person") == true })
        #expect(intents.allSatisfy { ($0["actor"] as? [String: Any])?["user"] as? String != nil })
        let rest = try house.run("purge", "--now", "--free", "1GiB", "-y")
        #expect(rest.status == 4 && rest.said.contains("less than 1.0 GiB"))
        #expect(try house.list("--trash").isEmpty && house.names().count == 2, "what is kept is not touched")
        #expect(try house.run("purge", "--free", "1GiB").status == 64)
        #expect(try house.run("purge", "--now").status == 64)
        #expect(try house.run("purge", "--now", "--free", "1gigabyte").status == 64)
    }

    @Test("purge --now ID waives grace and nothing else: marks, freezes, the wanted and the last one stay")
    func nowID() throws {
        let house = try CLIFixture()
        try house.dailies(6)
        try house.cleanup()
        let ids = try house.list("--trash").reduce(into: [String: String]()) {
            $0[$1["path"] as? String ?? ""] = $1["id"] as? String
        }
        func id(_ day: Int) throws -> String { try #require(ids[name(day)]) }
        #expect(try house.run("preserve", try id(1), "--reason", "audit").status == 0)
        let mixed = try house.run("purge", "--now", try id(1), try id(2), "-y")
        #expect(mixed.status == 4 && mixed.said.contains("preserved: audit"))
        #expect(try Set(house.list("--trash").compactMap { $0["path"] as? String }) == Set([1, 3, 4].map { name($0) }))
        #expect(try house.run("purge", "--now", name(6), "-y").status == 5, "it is in its place")
        #expect(try house.run("freeze", "dumps", "--reason", "look").status == 0)
        let frozen = try house.run("purge", "--now", try id(3), "-y")
        #expect(frozen.status == 4 && frozen.out.contains("reprieve unfreeze dumps"))
        #expect(try house.run("unfreeze", "dumps").status == 0)
        // Somebody removes what was kept: four and three are wanted again, and there is nothing newer than any.
        for day in 5...6 { try FileManager.default.removeItem(at: house.vault.appending(path: name(day))) }
        #expect(try house.run("release", try id(1)).status == 0)
        let last = try house.run("purge", "--now", try id(1), try id(3), try id(4), "-y")
        #expect(last.status == 4 && last.said.contains("no newer complete backup of its series is present"))
        #expect(last.said.contains("reprieve restore \(try id(4))"))
        #expect(try house.list("--trash").count == 3)
        let status = try house.run("status")
        #expect(status.said.contains("2 backups in the trash are wanted"))
        #expect(status.out.contains("reprieve restore --wanted dumps"))
        #expect(try house.run("restore", try id(4)).status == 0)
        try house.settle()
        let one = try house.run("purge", "--now", try id(1), "-y", "--json")
        #expect(one.status == 0, "\(one.error)")
        #expect(try paths(one) == [name(1)], "\(one.out)\(one.error)")
    }
}
