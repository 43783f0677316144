import Foundation
import Testing

/// `init` on directories as people have them.
@Suite("init")
struct InitTests {
    private func put(_ house: CLIFixture, _ name: String, daysAgo: Int, _ content: String = "x") throws {
        let url = try house.put(name, content)
        let time = Date().addingTimeInterval(-Double(daysAgo) * 86_400 - 3600)
        try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: url.path)
    }

    @Test(
        "--from find: what it would delete tonight is what the real find finds, and nobody else",
        arguments: [
            "-mtime +30 -delete", "-type f -name '*.sql.gz' -mtime +7 -delete", "-maxdepth 1 -mtime +0 -type f -delete",
            "\\( -iname '*.SQL.gz' -o -name '*.tar' \\) -mtime +20 ! -name 'db-*' -exec rm {} +",
            "-mmin +7200 -type f -delete", "-name 'db-202[0-9]*' -mtime +9 -delete",
        ])
    func find(tests: String) throws {
        let house = try CLIFixture()
        for n in 0..<45 {
            let day = CLIFixture.day(9 - n)
            try put(house, "db-\(day).sql.gz", daysAgo: n)
            try put(house, "logs/x-\(day).tar", daysAgo: n)
        }
        try put(house, "readme.txt", daysAgo: 90)
        try put(house, "old.tar", daysAgo: 50)
        let line = "find \(house.vault.path) \(tests)"
        let looking = line.replacing("-delete", with: "-print").replacing("-exec rm {} +", with: "-print")
        let printed = try CLIFixture.launch(["/bin/sh", "-c", "\(looking) | grep -v '^\(house.vault.path)$' | wc -l"])
            .out
        let expected = Int(printed.trimmingCharacters(in: .whitespacesAndNewlines))
        let fresh = house.root.appending(path: "fresh.yaml").path
        let told = try house.run("init", "--from", line, "-n", "--json", "--config", fresh)
        let proposal = try #require(
            (try told.json()["proposals"] as? [[String: Any]])?.first, "\(told.out)\(told.error)")
        let tonight = try #require(proposal["tonight"] as? [String: Any])
        let series = try #require(tonight["series"] as? [[String: Any]])
        let old = series.reduce(0) { $0 + ($1["old_deletes"] as? Int ?? 0) } + (tonight["other_files"] as? Int ?? 0)
        #expect(old == expected, "\(told.out)")
        for row in series { #expect((row["goes"] as? Int ?? 0) <= (row["old_deletes"] as? Int ?? 0), "\(row)") }
        #expect(!FileManager.default.fileExists(atPath: fresh))
    }

    @Test("a rule that would move what the old line keeps is refused")
    func excess() throws {
        let house = try CLIFixture()
        for n in 0..<45 {
            let day = CLIFixture.day(9 - n)
            try put(house, "\(day)/x.sql", daysAgo: n)
            try put(house, "\(day)/notes.txt", daysAgo: n)
        }
        let fresh = house.root.appending(path: "fresh.yaml").path
        for tests in ["-name '*.sql' -mtime +30 -delete", "-type f -mtime +30 -delete"] {
            let told = try house.run(
                "init", "--from", "find \(house.vault.path) \(tests)", "-y", "--config", fresh)
            #expect(told.status == 64 && told.error.contains("does not delete"), "\(told.said)")
        }
        // A copy that was brought back: its name is old, and its time is new.
        let other = try CLIFixture()
        for n in 0..<45 { try put(other, "db-\(CLIFixture.day(9 - n)).sql", daysAgo: n == 44 ? 0 : n) }
        let told = try other.run(
            "init", "--from", "find \(other.vault.path) -mtime +30 -delete", "-y", "--config", fresh)
        #expect(told.status == 64 && told.error.contains(CLIFixture.day(-35)), "\(told.said)")
        #expect(!FileManager.default.fileExists(atPath: fresh))
    }

    @Test("siblings that look alike are one entry with a wildcard; lost+found and repositories are skipped")
    func siblings() throws {
        let house = try CLIFixture()
        try FileManager.default.removeItem(at: house.config)
        for host in ["web1", "web2", "web3"] {
            for n in 0..<5 { try put(house, "\(host)/\(host)-\(CLIFixture.day(9 - n)).tar.zst", daysAgo: n) }
        }
        let paths = ["web1", "web2", "web3"].map { house.vault.appending(path: $0).path }
        let told = try house.run(["init", "-y"] + paths)
        #expect(told.status == 0 && told.out.contains("path: \"\(house.vault.path)/*\""), "\(told.said)")
        #expect(try house.list().count == 15)
        #expect(try house.run("status").out.contains("vault/web2"))

        for name in ["config", "data/00/0000", "index/x", "keys/k", "locks/l", "snapshots/s"] {
            try house.put("restic/\(name)", "x")
        }
        try house.put("lost+found/x")
        let fresh = house.root.appending(path: "fresh.yaml").path
        let all = (paths + ["restic", "lost+found"].map { house.vault.appending(path: $0).path })
        let mixed = try house.run(["init", "-n", "--config", fresh] + all)
        #expect(mixed.status == 0 && mixed.out.contains("Skipped: ") && !mixed.out.contains("/*\"\n"), "\(mixed.said)")
        #expect(try house.run("init", "-n", "--config", fresh, all[3]).status == 64)
    }
}
