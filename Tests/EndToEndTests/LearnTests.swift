import Foundation
import Testing

@Suite("learn: lines for names that nobody reads")
struct LearnTests {
    /// Ten nights of names that are read as ten series, and of names whose date says no century.
    private func house() throws -> CLIFixture {
        let house = try CLIFixture()
        for n in 0...9 {
            let day = CLIFixture.day(n).replacing("-", with: "")
            try put(house, n, "prom/\(day)T010000Z-\(String(UInt64(n + 3) &* 0x9E37_79B9_7F4A_7C15, radix: 16)).tar")
            try put(house, n, "us/shop_\(day.dropFirst(4))\(day.dropFirst(2).prefix(2)).tar")
        }
        return house
    }

    /// A file that was written on its day, at 01:00.
    private func put(_ house: CLIFixture, _ n: Int, _ name: String) throws {
        let written = try Date("\(CLIFixture.day(n))T01:00:00Z", strategy: .iso8601)
        try FileManager.default.setAttributes([.modificationDate: written], ofItemAtPath: try house.put(name).path)
    }

    private func text(_ house: CLIFixture) throws -> String { try String(contentsOf: house.config, encoding: .utf8) }

    @Test("the lines go into the file, with their evidence; what they read is one series; nothing is left to learn")
    func written() throws {
        let house = try house()
        let before = try text(house)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: house.config.path)
        #expect(try house.list().count == 10)
        let told = try house.run("learn", "--yes")
        #expect(told.status == 0 && told.out.contains("Written: \(house.config.path)"), "\(told.out)\(told.error)")
        let after = try text(house)
        let lines = Set(after.split(separator: "\n")).subtracting(before.split(separator: "\n"))
        #expect(after.split(separator: "\n").filter { !lines.contains($0) } == before.split(separator: "\n"))
        #expect(after.contains("    names:\n      # prom/: 10 backups in 10 series differ only in random digits"))
        #expect(after.contains("      # reads 10 of 10, such as shop_") && after.contains("- '{series}_%m%d%y.tar'"))
        let mode = try FileManager.default.attributesOfItem(atPath: house.config.path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let series = Set(try house.list().compactMap { $0["series"] as? String })
        #expect(series == ["prom/.tar", "us/shop"], "\(series)")
        let again = try house.run("learn", "--yes")
        #expect(again.out.contains("nothing to learn"))
        #expect(try text(house) == after)
    }

    @Test("more lines go beside those that are there")
    func beside() throws {
        let house = try house()
        _ = try house.run("learn", "--yes")
        for n in 5...9 {
            let day = CLIFixture.day(n)
            let file = try house.put("eu/x.\(day.replacing("-", with: "").dropFirst(2)).dump")
            let written = try Date("\(day)T01:00:00Z", strategy: .iso8601)
            try FileManager.default.setAttributes([.modificationDate: written], ofItemAtPath: file.path)
        }
        let told = try house.run("learn", "--yes")
        #expect(told.status == 0, "\(told.out)\(told.error)")
        #expect(try text(house).components(separatedBy: "\n      - '").count == 4)
        #expect(try text(house).contains("and they were written on these days"))
    }

    @Test("without an answer nothing is written")
    func unanswered() throws {
        let house = try house()
        let before = try text(house)
        let dry = try house.run("learn", "-n")
        #expect(dry.status == 0 && dry.out.contains("Nothing was written."))
        let mute = try house.run("learn")
        #expect(mute.status == 64 && mute.error.contains("--yes"), "\(mute.status) \(mute.error)")
        #expect(try house.run("learn", "--json").json()["written"] as? [String] == [])
        #expect(try text(house) == before)
    }

    @Test("what nobody can tell is not written, nor what would decide it for other names")
    func doubtful() throws {
        let house = try CLIFixture()
        for n in 1...9 { try house.put("ab/x-0\(n).0\(n).0\(n).tar") }
        for n in 0...9 {
            let day = CLIFixture.day(n).split(separator: "-")
            try put(house, n, "us/b-\(day[1]).\(day[2]).\(day[0].suffix(2)).tar")
        }
        let told = try house.run("learn", "--yes")
        #expect(told.status == 0 && told.out.contains("Nobody can tell"))
        // A line for the whole vault would read the others as well.
        let text = try text(house)
        #expect(text.contains("- 'us/b-%m.%d.%y.tar'") && text.components(separatedBy: "- '").count == 2, "\(text)")
        #expect(Set(try house.list().compactMap { $0["series"] as? String }) == ["us/b"])
    }

    @Test(
        "what speaks against a line is said, and it is not written",
        arguments: [
            (["site1-%d%m%y.tgz", "site2-%d%m%y.tgz"], "are of one time"),
            (["us_%m.%d.%y.tar", "eu_%d.%m.%y.tar"], "Not written"),
            (["fw-2025.20.{n}.bin"], "nothing to learn"),
        ] as [([String], String)])
    func objections(names: [String], why: String) throws {
        let house = try CLIFixture()
        let before = try text(house)
        for n in 0...9 {
            let time = try Date("\(CLIFixture.day(n))T01:00:00Z", strategy: .iso8601)
            var (seconds, parts) = (time_t(time.timeIntervalSince1970), tm())
            gmtime_r(&seconds, &parts)
            for name in names {
                var buffer = [CChar](repeating: 0, count: 128)
                let count = strftime(&buffer, buffer.count, name.replacing("{n}", with: String(n + 1)), &parts)
                try put(house, n, String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self))
            }
        }
        let told = try house.run("learn", "--yes")
        let words = told.out.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(told.status == 0 && words.contains(why), "\(told.said)")
        #expect(try text(house) == before)
    }

    @Test(
        "a file in which no line can be added is refused, with the place",
        arguments: [
            ("    # names: 'x'\n", ":11:5: 'names' stands here as a comment"),
            ("    names: 'b-%Y%m%d.tar'\n", ":11:12: 'names' is not a list with a line for each name"),
            ("    names: [ 'b-%Y%m%d.tar' ]\n", ":11:12: 'names' is not a list with a line for each name"),
            ("overrides:\n  dumps:\n    names:\n      - 'b-%Y%m%d.tar'\n", ":14: the names of 'dumps' come from here"),
        ])
    func refused(more: String, why: String) throws {
        let house = try house()
        try house.configure(keep: "all", more: more)
        let before = try text(house)
        let told = try house.run("learn", "--yes")
        let words = told.error.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(told.status != 0 && words.contains(why), "\(told.error)\(before)")
        #expect(try text(house) == before)
    }

    @Test("a vault on one line is refused")
    func flow() throws {
        let house = try house()
        try house.write(house.config, "vaults: { dumps: { path: \(house.vault.path) } }\n")
        let told = try house.run("learn", "--yes")
        #expect(told.status != 0 && told.error.contains(":1:"), "\(told.error)")
        #expect(try text(house) == "vaults: { dumps: { path: \(house.vault.path) } }\n")
    }
}

@Suite("what is skipped, and the line that would read it")
struct SkippedTests {
    @Test("plan, list --foreign and explain end each reason with its line; counts are true; status says it once a week")
    func lines() throws {
        let house = try CLIFixture()
        for n in 0..<112 {
            let day = CLIFixture.day(9 - n).split(separator: "-")
            try house.put("us/b-\(day[1]).\(day[2]).\(day[0].suffix(2)).tar")
        }
        for n in 1...3 { try house.put("pics/IMG_2026010\(n).jpg") }
        try house.put("x-20261345.tar")
        try house.dailies(3)
        let plan = try house.run("plan").out
        #expect(plan.contains("Skipped: 116 entries are not recognised"), "\(plan)")
        #expect(plan.contains("  112 no date in its name, such as us/b-"), "\(plan)")
        #expect(plan.contains("    to read them: names: '{series}-%m.%d.%y.tar'"), "\(plan)")
        #expect(plan.contains("    to read them: include: '*.jpg'") && plan.contains("  3 a picture"), "\(plan)")
        #expect(try house.run("list", "--foreign").out.contains("to read them: names: '{series}-%m.%d.%y.tar'"))
        let told = try house.run("explain", house.vault.appending(path: "pics/IMG_20260102.jpg").path).out
        #expect(told.contains("To read it: include: '/pics/IMG_20260102.jpg'"), "\(told)")

        let status = try house.run("status").out
        #expect(status.contains("112 names have a date and are not read") && status.contains("reprieve learn dumps"))
        #expect(try !house.run("status").out.contains("are not read"), "it was said this week")
        // A week later, as what is written down has it.
        let weekly = house.state.appending(path: "weekly.json")
        let text = try String(contentsOf: weekly, encoding: .utf8)
        try house.write(weekly, text.replacing(/\d{4}-\d\d-\d\d/, with: CLIFixture.day(1)))
        #expect(try house.run("status").out.contains("are not read"), "\(text)")
        let late = try house.run("status", "--json").json()["late"] as? [[String: Any]]
        #expect(late?.contains { $0["code"] as? String == "unread" } == true)
    }

    @Test("config check: an exclude that leaves nothing, an include that holds a repository, each with its place")
    func rules() throws {
        let house = try CLIFixture(more: "    exclude: [ '*.log', '*.dump' ]\n    include: [ '/keep/', '/repo/' ]")
        try house.dailies(3)
        for name in ["config", "data/00/0000", "index/x", "keys/k", "locks/l", "snapshots/s"] {
            try house.put("repo/\(name)", "x")
        }
        let told = try house.run("config", "check")
        let words = told.said.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(told.status != 0)
        #expect(words.contains(":11:16: 'exclude' leaves no backup of 'dumps'"), "\(words)")
        #expect(words.contains(":12:26: 'include' names 'repo', a restic repository"), "\(words)")
        try house.put("app/x-\(CLIFixture.day(9)).tar")
        try house.configure(keep: "{ last: 2 }", more: "    exclude: [ '*.log', '*.dump' ]")
        #expect(try house.run("config", "check").status == 0)
    }
}
