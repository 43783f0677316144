import Foundation
import Testing

/// docs/reference/events.md: what is promised there of each record's fields holds for what a life of a vault writes.
@Suite("events of the binary")
struct EventsTests {
    /// Event, what it always has, what it may have: as the page says it.
    private static func promised() throws -> [String: (always: Set<String>, sometimes: Set<String>)] {
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../docs/reference/events.md")
        var found: [String: (Set<String>, Set<String>)] = [:]
        for line in try String(contentsOf: page, encoding: .utf8).split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 3, let name = cells[0].split(separator: "`").first, name.contains(".") else {
                continue
            }
            let words = cells[2].split(separator: " ")
            let bare = { (word: Substring) in word.trimmingCharacters(in: CharacterSet(charactersIn: "()`")) }
            found[String(name)] = (
                Set(words.filter { !$0.hasPrefix("(") }.map(bare)), Set(words.filter { $0.hasPrefix("(") }.map(bare))
            )
        }
        return found
    }

    @Test("every record has exactly the fields that its event declares")
    func fields() throws {
        let house = try CLIFixture(keep: "{ last: 2 }", grace: "1h")
        // Daily until five days ago: late. Daily until three weeks ago: ended.
        for day in -4...4 { try house.put("app/late-\(CLIFixture.day(day)).dump") }
        for day in -20 ... -12 { try house.put("app/ended-\(CLIFixture.day(day)).dump") }
        try house.dailies(9)
        try house.settle()
        #expect(try house.run("cleanup").status == 4)
        try house.cleanup()
        let trashed = try #require(
            (try house.run("list", "--trash", "--json").json()["backups"] as? [[String: Any]])?.compactMap {
                $0["id"] as? String
            })
        #expect(trashed.count >= 4)
        #expect(try house.run("restore", trashed[0]).status == 0)
        #expect(try house.run("preserve", trashed[1], "--reason", "audit", "--until", "90d").status == 0)
        #expect(try house.run("release", trashed[1]).status == 0)
        #expect(try house.run("purge", "--now", trashed[2], "--yes").status == 0)
        #expect(try house.run("freeze", "dumps", "--reason", "look", "--until", "2d").status == 0)
        #expect(try house.run("unfreeze", "dumps").status == 0)
        #expect(try house.run("freeze", "app/orders", "--reason", "look").status == 0)
        #expect(try house.run("unfreeze", "--all").status == 0)
        #expect(try house.run("retire", "app/ended", "--keep", "1", "--reason", "over", "--yes").status == 0)
        #expect(try house.run("undo", "--last").status == 0)
        // Offline twice is said once; back and away again it is said again.
        let away = house.root.appending(path: "away")
        for _ in 0..<2 {
            try FileManager.default.moveItem(at: house.vault, to: away)
            for _ in 0..<2 { #expect(try house.run("cleanup").status != 0) }
            try FileManager.default.moveItem(at: away, to: house.vault)
            try house.run("cleanup")
        }
        let promised = try Self.promised()
        let events = try house.events()
        let common: Set<String> = ["seq", "time", "event", "actor", "prev", "hash"]
        for record in events {
            let name = try #require(record["event"] as? String)
            let (always, sometimes) = try #require(promised[name], "\(name) stands in no table")
            let fields = Set(record.keys.filter { !$0.hasSuffix("_raw") }).subtracting(common)
            #expect(always.isSubset(of: fields), "\(name) lacks \(always.subtracting(fields).sorted()): \(record)")
            #expect(fields.isSubset(of: always.union(sometimes)), "\(name) has too much: \(record)")
        }
        let counts = Dictionary(grouping: events) { $0["event"] as? String ?? "" }.mapValues(\.count)
        // Ended, retired, and ended again once the retirement was undone.
        #expect(counts["series.late"] == 1 && counts["series.ended"] == 2 && counts["vault.offline"] == 2, "\(counts)")
        for name in [
            "retention.started", "retention.policy-applied", "retention.completed", "backup.condemned",
            "backup.deleted", "backup.restored", "plan.held", "plan.approved", "series.retired", "series.frozen",
            "series.unfrozen", "vault.frozen", "vault.unfrozen", "backup.preserved", "backup.released",
        ] { #expect(counts[name] != nil, "\(name) never came") }
    }
}
