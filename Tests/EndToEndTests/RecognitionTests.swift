import Foundation
import Testing

@Suite("what names mean")
struct RecognitionTests {
    /// As the names of these tests have it: `20261123`.
    private func day(_ n: Int) -> String { CLIFixture.day(n).replacing("-", with: "") }

    private func recognised(_ house: CLIFixture, _ path: String) throws -> [String: Any] {
        let outcome = try house.run("explain", path, "--json")
        let all = try outcome.json()["recognised"] as? [[String: Any]]
        return try #require(all?.first, "\(outcome.out)\(outcome.error)")
    }

    @Test("a person's match tells kinds and parents: a full one is needed by its incrementals, a lost one breaks them")
    func chains() throws {
        let house = try CLIFixture(
            keep: "{ last: 1 }",
            more: #"""
                    match:
                      match: '(?<series>\w+)\.(?<time>\d{8})\.(?<kind>full|inc)(-(?<base>\d{8}))?\.tar'
                      parent: '${series}.${base}.full.tar'
                      unit: file
                """#)
        try house.put("app.\(day(1)).full.tar")
        try house.put("app.\(day(6)).full.tar")
        try house.put("app.\(day(8)).inc-\(day(6)).tar")
        try house.put("app.\(day(9)).inc-\(day(6)).tar")
        try house.settle()
        let plan = try house.run("plan", "app")
        #expect(plan.status == 0 && plan.out.contains("needed by"), "\(plan.out)\(plan.error)")
        try house.run("plan")
        #expect(try house.run("cleanup", "--approve").status == 0)
        // The newest, and what it needs; `last: 1` would take both others.
        #expect(house.names() == ["app.\(day(6)).full.tar", "app.\(day(9)).inc-\(day(6)).tar"])
        let explained = try house.run("explain", "app.\(day(9)).inc-\(day(6)).tar").out
        #expect(explained.contains("taken for  match") && explained.contains("key        app"), "\(explained)")
        #expect(explained.contains("incremental  needs"), "\(explained)")
        #expect(
            explained.split(separator: "\n").allSatisfy { $0.count <= 80 || $0.contains("/vault/") }, "\(explained)")
        // A person takes the full one away: what stood on it says so.
        try FileManager.default.moveItem(
            at: house.vault.appending(path: "app.\(day(6)).full.tar"), to: house.root.appending(path: "elsewhere"))
        let broken = try house.backup("app.\(day(9)).inc-\(day(6)).tar")
        #expect(broken?["condition"] as? String == "broken")
        #expect((broken?["note"] as? String)?.contains("is not here") == true)
    }

    @Test("a set goes and comes back as one")
    func sets() throws {
        let house = try CLIFixture(
            keep: "{ last: 1 }", more: #"    match: { match: '(?<series>\w+)-(?<time>\d{8})\.vol\d', unit: set }"#)
        for n in [8, 9] { for volume in 1...3 { try house.put("a-\(day(n)).vol\(volume)") } }
        try house.cleanup()
        #expect(house.names() == ["a-\(day(9)).vol1", "a-\(day(9)).vol2", "a-\(day(9)).vol3"])
        #expect(try house.run("restore", "a").status == 0)
        #expect(house.names().count == 6)
    }

    @Test("a changed match is a changed policy: what would go by it waits for approval")
    func changedMatch() throws {
        let house = try CLIFixture(keep: "{ last: 2 }")
        // One backup of each of four things, for who reads the number as a part of the name.
        for n in 1...4 { try house.put("db\(n)-\(CLIFixture.day(n + 4)).sql") }
        try house.settle()
        try house.run("plan")
        #expect(try house.run("cleanup", "--approve").status == 0)
        #expect(house.names().count == 4)
        try house.configure(keep: "{ last: 2 }", more: #"    match: '(?<series>db)\d-(?<time>[-\d]+)\.sql'"#)
        try house.settle()
        let outcome = try house.run("cleanup")
        #expect(outcome.status == 4, "\(outcome.out)\(outcome.error)")
        #expect(house.names().count == 4)
        #expect(try house.run("retention", "show").out.contains("match"))
        try house.run("plan")
        #expect(try house.run("cleanup", "--approve").status == 0)
        #expect(house.names() == ["db3-\(CLIFixture.day(7)).sql", "db4-\(CLIFixture.day(8)).sql"])
    }

    @Test("dates in directories are one series, by the name without them")
    func directories() throws {
        let house = try CLIFixture(keep: "{ last: 2 }")
        for n in 5...9 {
            let path = CLIFixture.day(n).replacing("-", with: "/")
            try house.put("app/\(path)/db.sql.gz")
            try house.put("app/\(path)/db.sql.gz.sha256")
        }
        try house.put("app/2026/notes.txt")
        try house.cleanup()
        let left = Set([8, 9].map { "app/" + CLIFixture.day($0).replacing("-", with: "/") + "/db.sql.gz" })
        #expect(house.names().filter { $0.hasSuffix(".gz") } == left)
        #expect(house.names().filter { $0.hasSuffix(".sha256") }.count == 2 && house.exists("app/2026/notes.txt"))
        #expect(try house.run("list").out.contains("app/db"))
        #expect(try house.run("restore", "app/db", "--before", CLIFixture.day(8)).status == 0)
        #expect(house.exists("app/" + CLIFixture.day(7).replacing("-", with: "/") + "/db.sql.gz"))
    }

    @Test("what is rotated by name is listed and never touched")
    func rotated() throws {
        let house = try CLIFixture(keep: "{ last: 1 }")
        for name in [
            "db.sql.gz.1", "db.sql.gz.2", "backup.0/etc/passwd", "backup.1/etc/passwd", "web-Mon.tar", "web-Tue.tar",
        ] {
            try house.put(name)
        }
        try house.dailies(2)
        try house.cleanup()
        #expect(house.exists("db.sql.gz.2") && house.exists("backup.1/etc/passwd") && house.exists("web-Mon.tar"))
        let notRecognised = try house.run("list", "--foreign").out
        #expect(notRecognised.components(separatedBy: "rotated by name").count == 7, "\(notRecognised)")
        let explained = try house.run("explain", "db.sql.gz.1").out
        #expect(explained.contains("its writer renumbers it"), "\(explained)")
    }

    @Test("many series of one backup each are called out, with a way to look")
    func lookTwice() throws {
        let house = try CLIFixture(keep: "{ last: 2 }")
        for n in 1...4 { try house.put("app/orders-copy\(n)-\(CLIFixture.day(n)).dump") }
        try house.settle()
        let plan = try house.run("plan").out.replacing(/\s+/, with: " ")
        let line =
            "Look twice: app/orders-copy1 and 3 more series hold only 1 backup each; is the name taken apart wrongly?"
        #expect(plan.contains("\(line) See: reprieve explain app/orders-copy1-\(CLIFixture.day(1)).dump"), "\(plan)")
        let json = try house.run("plan", "--json").json()["look_twice"] as? [String: Any]
        #expect((json?["series"] as? [String])?.count == 4)
        #expect(
            try house.run("explain", "app/orders-copy1-\(CLIFixture.day(1)).dump").out.contains(
                "key        app/orders-copy1-*.dump"))
    }

    @Test("explain says of any path what it is taken for, inside a vault and outside")
    func explain() throws {
        let house = try CLIFixture()
        try house.dailies(2)
        try house.put("app/orders-\(CLIFixture.day(1)).dump.sha256")
        try house.put("tree-\(CLIFixture.day(1))/a/b")
        try house.put("notes/todo.txt")
        try house.write(house.root.appending(path: "out/2026/11/23/db.sql.gz"), "x")
        try house.write(house.root.appending(path: "out/db.sql.1"), "x")
        try house.settle()
        // A backup, and a side file of it.
        let backup = try house.run("explain", "app/orders-\(CLIFixture.day(1)).dump")
        #expect(backup.out.contains("taken for  a date in its name"), "\(backup.out)")
        let json =
            try house.run("explain", "app/orders-\(CLIFixture.day(1)).dump", "--json").json()["backups"]
            as? [[String: Any]]
        #expect(json?.first?["taken_for"] as? String == "a date in its name")
        // Left alone.
        #expect(try house.run("explain", "notes/todo.txt").out.contains("no date in its name"))
        // Parts and directories.
        let inside = house.vault.appending(path: "tree-\(CLIFixture.day(1))/a/b").path
        #expect(try recognised(house, inside)["part_of"] as? String == "tree-\(CLIFixture.day(1))")
        #expect(try recognised(house, house.vault.appending(path: "notes").path)["taken_for"] as? String != nil)
        // In no vault.
        let out = try house.run("explain", house.root.appending(path: "out/2026/11/23/db.sql.gz").path)
        #expect(out.status == 0 && out.out.contains("a date in its directories"), "\(out.out)\(out.error)")
        #expect(out.out.contains("Mon 23 Nov 2026 00:00"), "\(out.out)")
        let notRecognised = try recognised(house, house.root.appending(path: "out/db.sql.1").path)
        #expect(
            (notRecognised["why"] as? String)?.hasPrefix("rotated by name") == true && notRecognised["vault"] is NSNull)
        #expect(try house.run("explain", house.root.appending(path: "nothing").path).status == 5)
    }

    @Test("the first plan shows what each kind of name was taken for, and what looks unlike a backup on top")
    func firstPlan() throws {
        let house = try CLIFixture()
        try house.dailies(5)
        for n in 1...5 {
            try house.put("web/report-\(CLIFixture.day(n)).csv")
            try house.put("db/shop-\(CLIFixture.day(n)).sql.gz")
        }
        try house.settle()
        let plan = try house.run("plan").out
        let lines = plan.split(separator: "\n")
        let head = try #require(lines.firstIndex { $0.hasPrefix("READ AS") }, "\(plan)")
        #expect(lines[head + 1].hasPrefix("? web · a date in its name · .csv") && lines[head + 2].hasPrefix("app · "))
        #expect(lines.allSatisfy { $0.count <= 80 } && plan.contains("? only a date in the name"), "\(plan)")
        let kinds = try house.run("plan", "--json").json()["kinds"] as? [[String: Any]]
        #expect(kinds?.first?["unlike_a_backup"] as? Bool == true && kinds?.count == 3)
        try house.run("cleanup", "--approve")
        for n in 1...5 { try house.put("db/shop-\(CLIFixture.day(n)).sql.xz") }
        #expect(try !house.run("plan").out.contains("READ AS"), "it is said once")
    }

    @Test("equal files that a tool made links of one are no alarm; a name with another content is")
    func linked() throws {
        let house = try CLIFixture(keep: "{ daily: 30 }")
        for k in 0..<3 {
            for n in 0...9 {
                try house.put("db\(k)/db\(k)-\(CLIFixture.day(n)).sql", n.isMultiple(of: 2) ? "same" : "it \(n)")
            }
        }
        try house.settle()
        for k in 0..<3 {
            for n in [2, 4, 6, 8] {
                let (first, name) = ("db\(k)/db\(k)-\(CLIFixture.day(0)).sql", "db\(k)/db\(k)-\(CLIFixture.day(n)).sql")
                let (old, new) = (house.vault.appending(path: first), house.vault.appending(path: name + ".lnk"))
                #expect(link(old.path, new.path) == 0 && rename(new.path, house.vault.appending(path: name).path) == 0)
            }
        }
        _ = try house.list()
        #expect(try !house.run("status").out.contains("TO DECIDE"))
        // The same sizes, and other inodes.
        for k in 0..<3 {
            for n in 1...9 {
                let name = "db\(k)/db\(k)-\(CLIFixture.day(n)).sql"
                try FileManager.default.removeItem(at: house.vault.appending(path: name))
                try house.put(name, "evil")
            }
        }
        _ = try house.list()
        #expect(try house.run("status").out.contains("rewritten or renamed"))
    }

    @Test("directories without links have no star, and those with links have one")
    func star() throws {
        let house = try CLIFixture(keep: "{ daily: 3 }")
        for n in 0...9 { for file in ["a", "b"] { try house.put("site/\(CLIFixture.day(n))/\(file)") } }
        try house.settle()
        let plain = try house.run("plan").out
        #expect(!plain.contains("several links") && !plain.contains("*"), "\(plain)")
        let day = house.vault.appending(path: "site/\(CLIFixture.day(0))")
        let (old, new) = (day.appending(path: "a").path, day.appending(path: "c").path)
        #expect(link(old, new) == 0)
        try house.settle()
        #expect(try house.run("plan").out.contains("files have several links"))
    }

    @Test("a date that is not read ends with the line that reads it, also where only one name is there")
    func refusedDate() throws {
        let house = try CLIFixture(more: "    exclude: [ 'x/**' ]")
        try house.put("cp/backup-01.02.2026_01-00-00_user.tar.gz")
        try house.put("x/y-\(CLIFixture.day(9)).tar")
        let told = try house.run("explain", "cp/backup-01.02.2026_01-00-00_user.tar.gz").out
        #expect(told.contains("To read it: names: '") || told.contains("time-format"), "\(told)")
        #expect(try house.run("list", "--foreign").out.contains("x/y-\(CLIFixture.day(9)).tar: excluded by"))
    }
}
