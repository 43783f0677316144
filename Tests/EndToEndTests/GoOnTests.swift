import Foundation
import Testing

@Suite("there is always a way to go on, with the real binary")
struct GoOnTests {
    private func orders(_ n: Int) -> String { "app/orders-\(House.day(n)).dump" }

    /// Lines broken for 80 columns, as one.
    private func flat(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    @Test("nothing goes: it is said why, and from when on something can")
    func nothing() throws {
        let house = try House()
        #expect(flat(try house.run("plan").out).contains("Nothing goes: there is no backup in this vault."))
        try house.dailies(6)
        let settings = try String(contentsOf: house.config, encoding: .utf8)
        try house.write(house.config, settings.replacing("min-observed-age: 1s", with: "min-observed-age: 24h"))
        try house.settle(pauseMicroseconds: 0)
        let plan = flat(try house.run("plan").out)
        #expect(plan.contains("Nothing goes yet: 4 backups were first seen less than 24h ago."), "\(plan)")
        #expect(plan.contains("an go from "))
        let json = try house.run("plan", "--json").json()
        let waiting = try #require(json["waiting"] as? [[String: Any]])
        #expect(waiting.count == 1 && waiting[0]["cause"] as? String == "first_seen")
        #expect(waiting[0]["count"] as? Int == 4 && waiting[0]["from"] is String)
        #expect(flat(try house.run("cleanup").out).contains("nothing moved Nothing goes yet: 4 backups"))

        try house.write(house.config, settings)
        usleep(1_100_000)
        try house.run("freeze", "dumps", "--reason", "stocktaking", "--until", "2d")
        let frozen = flat(try house.run("plan").out)
        #expect(frozen.contains("Nothing goes while dumps is frozen, until "), "\(frozen)")
        #expect(frozen.contains("After that 4 backups (") && !frozen.contains("This frees"))
        try house.run("unfreeze", "dumps")
        try house.cleanup()
        #expect(flat(try house.run("plan").out).contains("Nothing goes: the policy keeps all 2 backups."))
        #expect(flat(try house.run("purge").out).contains("4 not due yet, the first on "))
    }
}
