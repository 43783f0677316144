import Foundation
import Testing

@Suite("what arguments mean")
struct ArgumentTests {
    private static let listing: [[String]] = [
        ["list"], ["explain"], ["restore", "-n"], ["preserve", "--reason", "x", "-n"], ["release", "-n"],
        ["accept", "--reason", "x", "-n"], ["condemn", "--reason", "x", "-n"], ["purge", "--now", "-n"],
    ]

    @Test("the beginning of two ids is refused by every command with both, wherever they are")
    func prefix() throws {
        let house = try House(keep: "all")
        // Of 1,200 ids two begin alike but once in 60,000 times.
        for day in 0..<1200 {
            let date = Date(timeIntervalSince1970: 1_600_000_000 + Double(day) * 86_400)
            try house.put("db-\(ISO8601DateFormatter().string(from: date).prefix(10)).dump")
        }
        let ids = try house.list().compactMap { $0["id"] as? String }
        let pair = try #require(Dictionary(grouping: ids) { $0.prefix(4) }.values.first { $0.count == 2 })
        let prefix = String(pair[0].prefix(4))
        func refused() throws {
            for command in Self.listing {
                let outcome = try house.run([command[0], prefix] + command.dropFirst())
                #expect(outcome.status == 64, "\(command): \(outcome.out)\(outcome.error)")
                for id in pair { #expect(outcome.error.contains(id), "\(command): \(outcome.error)") }
            }
        }
        try refused()
        try house.settle()
        #expect(try house.run("condemn", pair[0], "--reason", "broken").status == 0)
        try refused()
        let log = try house.run("audit", "tail", String(pair[0].prefix(6)), "-n", "1")
        #expect(log.status == 0 && log.out.contains(pair[0].prefix(8)), "\(log.out)\(log.error)")
    }

    @Test("a series by its end, by a pattern, with a near name where none fits; nothing fits one word of two")
    func series() throws {
        let house = try House()
        try house.dailies(3)
        try house.dailies(3, series: "app/users")
        try house.dailies(3, series: "web/orders")
        func series(_ words: String...) throws -> Set<String> {
            Set(
                try house.run(["list", "--json"] + words).json()["backups"].flatMap { $0 as? [[String: Any]] }!
                    .compactMap { $0["series"] as? String })
        }
        #expect(try series("users") == ["app/users"])
        #expect(try series("app/*") == ["app/orders", "app/users"])
        #expect(try series(house.vault.path, "app/orders") == ["app/orders"])
        for command in [["list"], ["plan"], ["freeze", "--reason", "x"], ["retire", "--reason", "x"]] {
            let two = try house.run([command[0], "orders"] + command.dropFirst())
            #expect(two.status == 64 && two.error.contains("dumps web/orders.dump"), "\(command) \(two.error)")
            let near = try house.run([command[0], "usres"] + command.dropFirst())
            #expect(near.status == 5 && near.error.contains("did you mean 'app/users'?"), "\(command) \(near.error)")
        }
        #expect(try house.run("plan", "NOPE", "app/orders").status == 5)
        #expect(try house.run("plan", "dumps", "app/orders").status == 0)
        #expect(try house.run("status", "dmups").error.contains("did you mean 'dumps'?"))
    }
}
