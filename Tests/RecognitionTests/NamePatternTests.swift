import Model
import Recognition
import Support
import Testing

@Suite("templates for names")
struct NamePatternTests {
    private func names(
        _ template: String, timeFrom: DirectoryReading.TimeSource = .name,
        _ options: (inout CustomRecogniser.Options) -> Void = { _ in }
    ) throws -> Recognisers {
        var own = CustomRecogniser.Options()
        options(&own)
        return Recognisers(timeFrom: timeFrom, custom: [CustomRecogniser(try NamePattern(template: template), own)])
    }

    private struct Row: CustomTestStringConvertible {
        var template: String
        var name: String
        /// Without its directory.
        var series: String
        var time: String
        var kind = Backup.Kind.full
        var testDescription: String { "\(template) \(name)" }
    }

    private static let rows = [
        Row(
            template: "{series}_%Y-%m-%d_%Hh%Mm.sql.gz", name: "shop_2026-11-23_01h05m.sql.gz", series: "shop",
            time: "2026-11-23T01:05:00Z"),
        // The longest series that fits.
        Row(
            template: "{series}_%Y-%m-%d.tar", name: "a_2025-01-01_b_2026-11-23.tar", series: "a_2025-01-01_b",
            time: "2026-11-23T00:00:00Z"),
        Row(
            template: "{series}%Y%m%d.tar", name: "app120261123.tar", series: "app1", time: "2026-11-23T00:00:00Z"),
        Row(
            template: "World %Y-%m-%d %I-%M-%S %p.zip", name: "World 2026-11-23 04-00-00 PM.zip",
            series: "World *.zip", time: "2026-11-23T16:00:00Z"),
        Row(
            template: "{id}_%Y_%m_%d_{version}_gitlab_backup.tar",
            name: "1795395600_2026_11_23_18.6.1-ee_gitlab_backup.tar", series: "*_gitlab_backup.tar",
            time: "2026-11-23T00:00:00Z"),
        Row(
            template: "Automatic_backup_{version}_%Y-%m-%d_%H.%M_%S%f.tar",
            name: "Automatic_backup_2026.11.1_2026-11-23_04.45_12345678.tar",
            series: "Automatic_backup_*.tar", time: "2026-11-23T04:45:12.345678Z"),
        Row(
            template: "autobackup_{version}_%Y%m%d_%H%M_{id}.unf",
            name: "autobackup_8.2.93_20261123_0100_1795395600006.unf", series: "autobackup_*.unf",
            time: "2026-11-23T01:00:00Z"),
        Row(template: "{series}-%G%V.sql.gz", name: "shop-202648.sql.gz", series: "shop", time: "2026-11-23T00:00:00Z"),
        Row(template: "{series}-%Y%m.sql.gz", name: "shop-202611.sql.gz", series: "shop", time: "2026-11-01T00:00:00Z"),
        Row(
            template: "{series}-%s", name: "etcd-node-a-1795395600", series: "etcd-node-a", time: "2026-11-23T01:00:00Z"
        ),
        Row(
            template: "{series}.{any}.%d.%m.%Y.zip", name: "a.x.y.23.11.2026.zip", series: "a.x",
            time: "2026-11-23T00:00:00Z"),
        Row(template: "{series}_%Y%m%d{any}", name: "db_20261123", series: "db", time: "2026-11-23T00:00:00Z"),
        Row(template: "{{{series}}}100%%-%Y%m%d", name: "{x}100%-20261123", series: "x", time: "2026-11-23T00:00:00Z"),
        Row(
            template: "{series}_{kind}_%d%b%Y.bak", name: "crm_Diff_23nov2026.bak", series: "crm",
            time: "2026-11-23T00:00:00Z", kind: .differential),
        Row(
            template: "{series}.{kind}.%Y%m%d", name: "crm.INCREMENTAL.20261123", series: "crm",
            time: "2026-11-23T00:00:00Z", kind: .incremental),
        Row(
            template: "{series}-L{level}-%Y%m%d.dump", name: "home-L0-20261123.dump", series: "home",
            time: "2026-11-23T00:00:00Z"),
        Row(
            template: "{series}-L{level}-%Y%m%d.dump", name: "home-L12-20261123.dump", series: "home",
            time: "2026-11-23T00:00:00Z", kind: .incremental),
        Row(template: "é{series}-%Y%m%d", name: "éü-20261123", series: "ü", time: "2026-11-23T00:00:00Z"),
    ]

    @Test("a name is read by its template", arguments: rows)
    private func reads(_ row: Row) throws {
        let reading = read([Bytes(row.name)], by: try names(row.template))
        let unit = try #require(reading.units.first, "\(reading.skippedEntries)")
        #expect(unit.series == "d/\(row.series)" && unit.time == Timestamp(rfc3339: row.time))
        #expect(unit.kind == row.kind && unit.recogniser == "names '\(row.template)'")
        // Nothing of it is read with one byte more or less at an end.
        for other in ["x\(row.name)x", String(row.name.dropLast())] where !row.template.hasSuffix("{any}") {
            #expect(read([Bytes(other)], by: try names(row.template)).unit(Bytes(other))?.recogniser != unit.recogniser)
        }
    }

    @Test("a time that is in no calendar is skipped, and is not read otherwise")
    func impossible() throws {
        let reading = read(["a_30.02.2026", "a_2026-11-23"], by: try names("{series}_%d.%m.%Y"))
        #expect(reading.why("a_30.02.2026")?.contains("in no calendar") == true)
        #expect(reading.units.map(\.recogniser) == ["a date in its name"])
    }

    @Test("names that are not UTF-8 are read as well")
    func bytes() throws {
        let name = Bytes([0xFF] + Array("-20261123".utf8))
        let unit = read([name], by: try names("{series}-%Y%m%d")).units.first
        #expect(unit?.series == Bytes(Array("d/".utf8) + [0xFF]) && unit?.recogniser == "names '{series}-%Y%m%d'")
    }

    @Test("parts of one time are one backup, and a missing one makes it incomplete")
    func parts() throws {
        let reading = read(
            ["a-20261122.part1.rar", "a-20261122.part2.rar", "a-20261123.part1.rar", "a-20261123.part3.rar"],
            by: try names("{series}-%Y%m%d.part{part}.rar"))
        #expect(reading.units.map(\.sideFiles) == [["a-20261122.part2.rar"], ["a-20261123.part3.rar"]])
        #expect(reading.units.map(\.isSet) == [true, true])
        #expect(reading.units.map(\.contents.why) == [nil, "part 2 is missing"])
        #expect(reading.units[1].contents.outcome == .lacking)
    }

    @Test("a template with a '/' reads the path, and the directories on the way are looked into")
    func paths() throws {
        let recognisers = try names("{series}/%Y/%m-%d/dump.sql")
        #expect(read(["2026/"], in: "app", by: recognisers).descend == ["2026"])
        #expect(read(["11-23/", "x-20261123/"], in: "app/2026", by: recognisers).descend == ["11-23"])
        let reading = read(["dump.sql", "other.sql"], in: "app/2026/11-23", by: recognisers)
        #expect(reading.unit("dump.sql")?.series == "app")
        #expect(reading.unit("dump.sql")?.time == Timestamp(rfc3339: "2026-11-23T00:00:00Z"))
        // A field goes over no slash.
        let deep = read(["dump.sql"], in: "a/b/2026/11-23", by: recognisers)
        #expect(deep.unit("dump.sql")?.recogniser != "names '{series}/%Y/%m-%d/dump.sql'")
    }

    @Test("by mtime the template tells the series")
    func byMtime() throws {
        let reading = read(
            ["a-7f3a.tar", "b-91.tar", "c.zip"], by: try names("{series}-{id}.tar", timeFrom: .mtime))
        #expect(reading.units.map(\.series) == ["d/a", "d/b"] && reading.units.allSatisfy { $0.time == nil })
        #expect(reading.why("c.zip") == "no `match` takes it")
    }

    @Test("its text is part of how names are read")
    func texts() throws {
        let texts = [
            Recognisers.byName.text, try names("{series}-%Y%m%d").text, try names("{series}_%Y%m%d").text,
            try names("{series}_%Y%m%d") { $0.kind = .incremental }.text,
        ]
        #expect(Set(texts).count == texts.count)
    }

    @Test(
        "mistakes are told with their place",
        arguments: [
            ("{series}_%Q", 9, "unknown letter '%Q'"), ("a%", 1, "ends in a '%'"), ("{sereis}-%Y%m%d", 0, "{sereis}"),
            ("{series:x}-%Y%m%d", 0, "{series:x}"), ("a{series-%Y", 1, "without its '}'"),
            ("a}b-%Y%m%d", 1, "without its '{'"), ("{series}-%Y%m%d-{series}", 16, "stands twice"),
            ("{series}-%Y%m%d-%Y", 16, "'%Y' stands twice"), ("{kind}.{kind}-%Y%m%d", 7, "stands twice"),
            ("{any}-%Y%m%d", 0, "names no series"), ("x-%Y%m%d.{any}", 9, "names no series"), ("", 0, "empty name"),
            ("{any}", 0, "empty name"), ("{series}{any}-%Y%m%d", 8, "nothing stands between"),
            ("{series}{part}.%Y%m%d", 8, "nothing stands between"), ("{series}-%Y%m%d%M", 9, "%M needs %H"),
            ("{series}-%Y", 9, "a date needs"), ("{series}-%H%M", 9, "a date needs"),
            ("{series}-%I%Y%m", 9, "%I needs %p"),
            ("/{series}/%Y%m%d", 0, "not a path"), ("../{series}%Y%m%d", 0, "not a path"),
            ("a//{series}%Y%m", 0, "not a path"),
            ("{series}é-%", 11, "ends in a '%'"), ("{", 0, "without its"), ("%é", 0, "unknown letter '%'"),
            (String(repeating: "a", count: 600), 512, "longer than"),
        ])
    func mistakes(template: String, offset: Int, message: String) {
        let problem = #expect(throws: PatternProblem.self) { try NamePattern(template: template) }
        #expect(problem?.message.contains(message) == true, "\(problem?.message ?? "")")
        #expect(problem?.offset == offset, "\(problem?.offset ?? -1)")
    }

    @Test(
        "templates that read the same name are told by such a name",
        arguments: [
            ("{series}_%Y-%m-%d.tar", "{series}_full_%Y-%m-%d.tar", true),
            ("{series}_%Y-%m-%d.tar", "{series}_%Y-%m-%d_%H%M.tar", false),
            ("{series}-%Y%m%d.tar", "{series}-%Y%m%d.tar.gz", false),
            ("{series}-%Y%m%d{any}", "{series}-%Y%m%d.tar", true),
            ("{series}-%Y%m%d", "{series}-%d%m%Y", true),
            ("a-{id}-%Y%m%d", "a-{version}-%Y%m%d", true),
            ("a-{id}_%Y%m%d", "b-{id}_%Y%m%d", false),
            ("{series}.{kind}.%Y%m%d", "{series}.full.%Y%m%d", true),
            ("x.{kind}.%Y%m%d", "x.whole.%Y%m%d", false),
            ("{series}-%s", "{series}-%Y%m%d", false),
            ("{series}-%s", "{series}-%Y%m%d%H%M", false),
            ("{series}-%d%b%Y", "a-%d%B%Y", true),
            ("{series}/%Y%m%d.tar", "%Y%m%d.tar", true),
            ("{series}/%Y%m%d.tar", "db-%Y%m%d.tar", false),
            ("{series}/%Y/%m-%d.tar", "{series}/%Y%m%d.tar", false),
        ])
    func overlaps(first: String, second: String, isShared: Bool) throws {
        let (a, b) = (try NamePattern(template: first), try NamePattern(template: second))
        for (one, other) in [(a, b), (b, a)] {
            let common = one.commonName(with: other)
            #expect((common != nil) == isShared, "\(common?.display ?? "none")")
        }
        guard isShared, a.isOfPath == b.isOfPath, let common = a.commonName(with: b) else { return }
        // Of two ways to write a day the other one may find no such day.
        #expect(a.match(common) != nil || b.match(common) != nil, "\(common)")
    }

    @Test("templates that are said to share no name read no name together")
    func disjoint() throws {
        var random = Seeded(seed: 17)
        let pieces = [
            "{series}", "-", "_", ".", "{any}", "{id}", "{version}", "%Y%m%d", "%Y-%m-%d", "a", "1", "{kind}",
        ]
        let letters = ["a", "1", "-", "_", ".", "full", "20261123", "2026-11-23", "v1.2", "b"]
        var (asked, shared, read) = (0, 0, 0)
        while asked < 400 {
            func template() -> NamePattern? {
                let text = (0..<Int.random(in: 2...6, using: &random)).map { _ in
                    pieces.randomElement(using: &random) ?? ""
                }.joined()
                return try? NamePattern(template: text)
            }
            guard let a = template(), let b = template(), a.hasTime, b.hasTime else { continue }
            asked += 1
            if a.commonName(with: b) != nil { shared += 1 }
            for _ in 0..<600 {
                let name = Bytes(
                    (0..<Int.random(in: 1...7, using: &random)).map { _ in letters.randomElement(using: &random) ?? "" }
                        .joined())
                guard a.match(name) != nil, b.match(name) != nil else { continue }
                read += 1
                #expect(a.commonName(with: b) != nil, "'\(a.text)' and '\(b.text)' read '\(name)'")
            }
        }
        #expect(shared > 20 && shared < 380 && read > 5, "\(shared) \(read)")
    }

    /// Every way to lay a template over a name, without any cleverness.
    private func slow(_ parts: [Character], _ name: [Character]) -> Bool {
        guard let first = parts.first else { return name.isEmpty }
        switch first {
        case "S": return name.indices.contains { slow(Array(parts.dropFirst()), Array(name[($0 + 1)...])) }
        case "A": return (0...name.count).contains { slow(Array(parts.dropFirst()), Array(name[$0...])) }
        case "I":
            for end in 1..<max(1, name.count + 1) {
                guard end <= name.count, name[..<end].allSatisfy({ $0 != "-" }) else { return false }
                if slow(Array(parts.dropFirst()), Array(name[end...])) { return true }
            }
            return false
        default: return name.first == first && slow(Array(parts.dropFirst()), Array(name.dropFirst()))
        }
    }

    @Test("it finds a way wherever there is one")
    func complete() throws {
        var random = Seeded(seed: 18)
        var (found, none) = (0, 0)
        for _ in 0..<6000 {
            let parts = (0..<Int.random(in: 1...7, using: &random)).map { _ in "SAIab-".randomElement(using: &random)! }
            let open: Set<Character> = ["S", "A", "I"]
            let isClear = zip(parts, parts.dropFirst()).allSatisfy { !open.contains($0) || !open.contains($1) }
            guard isClear, parts.count(where: { $0 == "S" }) == 1 else { continue }
            let text = parts.map { ["S": "{series}", "A": "{any}", "I": "{id}"][$0] ?? String($0) }.joined()
            let template = try NamePattern(template: text)
            for _ in 0..<8 {
                let name = (0..<Int.random(in: 0...8, using: &random)).map { _ in "ab-".randomElement(using: &random)! }
                let expected = slow(parts, name)
                #expect((template.match(Bytes(String(name))) != nil) == expected, "'\(text)' on '\(String(name))'")
                if expected { found += 1 } else { none += 1 }
            }
        }
        #expect(found > 500 && none > 500)
    }

    @Test("a name that tries everything is given up or told in few steps, and never takes a template over its limit")
    func hostile() throws {
        let template = String(repeating: "a{any}", count: 40) + "{{{series}%Y%m%d"
        let recognisers = try names(template)
        let name = Bytes(String(repeating: "a", count: 250) + "{0000")
        #expect(read([name], by: recognisers).units.isEmpty)
        let path = try names(String(repeating: "{any}a", count: 60) + "/{series}%Y%m%d")
        let reading = read(["b"], in: Bytes(String(repeating: "a", count: 1000)), by: path)
        #expect(reading.units.isEmpty)
    }
}
