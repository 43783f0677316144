import Model
import Recognition
import Testing

@Suite("a person's own match")
struct CustomRecogniserTests {
    private func match(
        _ pattern: String, timeFrom: DirectoryReading.TimeSource = .name,
        _ options: (inout CustomRecogniser.Options) throws -> Void = { _ in }
    ) throws -> Recognisers {
        var own = CustomRecogniser.Options()
        try options(&own)
        return Recognisers(timeFrom: timeFrom, custom: [try CustomRecogniser(pattern, own)])
    }

    @Test("the issue's example: the series is what the group says, other names go on down the table")
    func example() throws {
        let reading = read(
            ["app-x-20261123.tar", "app-x-20261123.tar.sha256", "web-20261123.zip", "notes", "caf\u{E9}-20261123.tar"],
            by: try match(#"(?<series>.+)-(?<time>\d{8})\.tar"#))
        #expect(reading.units.map(\.series) == ["d/app-x", "d/caf\u{E9}", "d/web-*.zip"])
        #expect(reading.units[0].sideFiles == ["app-x-20261123.tar.sha256"])
        #expect(reading.units[0].recogniser.hasPrefix("match '(?<series>"))
        #expect(reading.units[2].recogniser == "a date in its name")
        #expect(reading.skippedEntries.map(\.name) == ["notes"])
    }

    @Test("without a group 'series' the name is the series, but for what differs in it")
    func series() throws {
        let recognisers = try match(#"db-(?<kind>full|inc)-(?<time>\d{8})\.tar"#)
        let reading = read(["db-full-20261122.tar", "db-inc-20261123.tar"], by: recognisers)
        #expect(reading.units.map(\.series) == ["d/db-*-*.tar", "d/db-*-*.tar"])
        #expect(reading.units.map(\.kind) == [.full, .incremental])
    }

    @Test("names that only look the same are two series, and stars of the name's own are escaped")
    func bytes() throws {
        let recognisers = try match(#"(?<series>.+)-(?<time>\d{8})"#)
        let reading = read(["e\u{301}-20261123", "\u{E9}-20261123", "a*-20261123"], by: recognisers)
        #expect(Set(reading.units.map(\.series)) == ["d/e\u{301}", "d/\u{E9}", "d/a\\*"])
        // No UTF-8: on down the table.
        let raw = read([Bytes([0xFF] + Array("-20261123".utf8))], by: recognisers)
        #expect(raw.units.map(\.recogniser) == ["a date in its name"])
    }

    @Test("day first is fine where the person says so, and an impossible date is left alone and not read otherwise")
    func times() throws {
        let recognisers = try match(#"(?<series>.+)_(?<time>[\d.]+)\.sql"#) {
            $0.timeFormat = try TimeFormat("%d.%m.%Y")
        }
        let reading = read(["a_03.02.2026.sql", "a_30.02.2026.sql", "a_2026.02.03.sql"], by: recognisers)
        #expect(reading.units.map(\.time) == [Timestamp(rfc3339: "2026-02-03T00:00:00Z")])
        #expect(
            reading.why("a_30.02.2026.sql")?.contains("'30.02.2026' is not a valid time in the format %d.%m.%Y") == true
        )
        #expect(reading.skippedEntries.count == 2)
    }

    @Test("times on the wall clock are of the vault's zone")
    func zone() throws {
        let recognisers = try match(#"(?<time>\d+)"#) { $0.timeFormat = try TimeFormat("%Y%m%d%H%M") }
        let reading = read(["202607010100"], by: recognisers, zone: try #require(Zone(name: "Europe/Berlin")))
        #expect(reading.units.first?.time == Timestamp(rfc3339: "2026-06-30T23:00:00Z"))
    }

    @Test("what an incremental needs is named by its own name")
    func chains() throws {
        let template = try match(#"(?<series>\w+)-(?<kind>full|inc)-(?<time>\d{8})(-of-(?<parent>\d{8}))?\.tar"#) {
            $0.parent = NameTemplate("${series}-full-${parent}.tar")
        }
        let reading = read(
            ["a-full-20261122.tar", "a-inc-20261123-of-20261122.tar", "a-inc-20261124.tar"], by: template)
        #expect(
            reading.units.map(\.contents.needs) == [[], [.exactly(.path("d/a-full-20261122.tar"))], []])
        #expect(Set(reading.units.map(\.series)) == ["d/a"])
        let unknown = read(["a-wal-20261123.tar"], by: try match(#"a-(?<kind>\w+)-(?<time>\d{8})\.tar"#))
        #expect(unknown.why("a-wal-20261123.tar")?.contains("'wal' is not a kind") == true)
    }

    @Test("a set is what has one series and one time; it is called by its first name, and the others go with it")
    func sets() throws {
        let recognisers = try match(#"(?<series>\w+)-(?<time>\d{8})\.(vol\d+|manifest)"#) { $0.shape = .set }
        let reading = read(
            [
                "a-20261123.vol2", "a-20261123.vol1", "a-20261123.manifest", "a-20261123.vol2.md5", "a-20261124.vol1",
                "b-20261123.vol1", "a-20261125.vol1.part",
            ], by: recognisers)
        #expect(
            reading.units.map(\.name) == [
                "a-20261123.manifest", "a-20261124.vol1", "a-20261125.vol1.part", "b-20261123.vol1",
            ])
        #expect(
            reading.units[0].sideFiles == ["a-20261123.vol1", "a-20261123.vol2", "a-20261123.vol2.md5"])
        #expect(reading.units.map(\.isTemporary) == [false, false, true, false])
        #expect(reading.skippedEntries.isEmpty)
    }

    @Test("any file of a set that vzdump's mark protects, protects it")
    func protected() throws {
        let recognisers = try match(#"(?<series>\w+)-(?<time>\d{8})\.vol\d+"#) { $0.shape = .set }
        let reading = read(["a-20261123.vol1", "a-20261123.vol2", "a-20261123.vol2.protected"], by: recognisers)
        #expect(reading.units.count == 1 && reading.units[0].protectedBy != nil)
    }

    @Test("an expression with a '/' reads the path, and the directories on the way are looked into")
    func paths() throws {
        let recognisers = try match(#"(?<series>[^/]+)/(?<time>\d{8})/dump\.sql"#)
        #expect(read(["20261123/", "x-20261123/"], in: "app", by: recognisers).descend == ["20261123"])
        let reading = read(["dump.sql", "other.sql"], in: "app/20261123", by: recognisers)
        #expect(reading.units.map(\.series) == ["app"])
        #expect(reading.units.first?.time == Timestamp(rfc3339: "2026-11-23T00:00:00Z"))
        #expect(reading.skippedEntries.map(\.name) == ["other.sql"])
        // A class without a slash is none.
        let names = try match(#"(?<series>[^/]+)-(?<time>\d{8})"#)
        #expect(read(["a-20261123"], in: "app", by: names).units.map(\.series) == ["app/a"])
    }

    @Test("unit: file takes no directory, unit: directory no file")
    func shapes() throws {
        for (shape, taken) in [(CustomRecogniser.Shape.file, "f-20261123"), (.directory, "g-20261123")] {
            let reading = read(
                ["f-20261123", "g-20261123/"], by: try match(#"(?<series>.)-(?<time>\d{8})"#) { $0.shape = shape })
            #expect(reading.units.filter { $0.recogniser.hasPrefix("match") }.map(\.name) == [Bytes(taken)])
        }
    }

    @Test("the file that says 'done' goes with its backup, and its absence is known")
    func beside() throws {
        let recognisers = try match(#"(?<series>\w+)-(?<time>\d{8})\.tar"#) { $0.completeWhen = .beside(".done") }
        let reading = read(["a-20261122.tar", "a-20261122.tar.done", "a-20261123.tar"], by: recognisers)
        #expect(reading.units.map(\.sideFiles) == [["a-20261122.tar.done"], []])
        #expect(reading.units.map(\.missingBeside) == [nil, "a-20261123.tar.done"])
        #expect(reading.units.allSatisfy { $0.completeWhen == .beside(".done") })
    }

    @Test("of a set the file that says 'done' may lie beside any of its files, or beside their stem")
    func besideSets() throws {
        let recognisers = try match(#"(?<series>\w+)-(?<time>\d{8})\.vol\d+"#) {
            ($0.shape, $0.completeWhen) = (.set, .beside(".done"))
        }
        let files: [Bytes] = ["a-20261123.vol1", "a-20261123.vol2"]
        for mark in ["a-20261123.done", "a-20261123.vol1.done", "a-20261123.vol2.done"] as [Bytes] {
            let reading = read(files + [mark, "a-20261124.vol1"], by: recognisers)
            #expect(reading.units.map(\.missingBeside) == [nil, "a-20261124.done"], "\(mark)")
            #expect(reading.units.first?.sideFiles == (files.dropFirst() + [mark]).sorted())
        }
        let other = read(files + ["a-2026112.done", "a.done"], by: recognisers)
        #expect(other.units.map(\.missingBeside) == ["a-20261123.done"])
        let summed = try match(#"(?<series>\w+)-(?<time>\d{8})\.vol\d+"#) {
            ($0.shape, $0.completeWhen) = (.set, .beside(".sha256"))
        }
        #expect(read(files + ["a-20261123.sha256"], by: summed).units.map(\.missingBeside) == [nil])
    }

    @Test("by mtime the match tells the series, and what it does not take is left alone")
    func byMtime() throws {
        let recognisers = try match(#"(?<series>\w+)-\w+\.tar"#, timeFrom: .mtime)
        let reading = read(["a-x.tar", "b-y.tar", "c.zip"], by: recognisers)
        #expect(reading.units.map(\.series) == ["d/a", "d/b"] && reading.units.allSatisfy { $0.time == nil })
        #expect(reading.why("c.zip") == "no `match` takes it")
        let sets = try match(#"(?<series>\w+)-(?<time>\d+)\.\w+"#, timeFrom: .mtime) { $0.shape = .set }
        #expect(read(["a-1.x", "a-1.y", "a-2.x"], by: sets).units.map(\.name) == ["a-1.x", "a-2.x"])
    }

    @Test("how names are read has a text, which changes with every part of it")
    func texts() throws {
        let texts = [
            Recognisers.byName.text, Recognisers.byMtime.text, try match("(?<time>.+)").text,
            try match("(?<time>.+)x").text, try match("(?<time>.+)") { $0.timeFormat = try TimeFormat("%s") }.text,
            try match("(?<time>.+)") { $0.kind = .incremental }.text, try match("(?<time>.+)") { $0.shape = .set }.text,
            try match("(?<time>.+)") { $0.parent = NameTemplate("x") }.text,
            try match("(?<time>.+)") { $0.completeWhen = .endMark }.text,
        ]
        #expect(Set(texts).count == texts.count)
    }

    @Test(
        "expressions that some names would take years with are told by their text",
        arguments: [
            ("(a+)+", true), ("(.*)*x", true), (#"(\w+\s*)*"#, true), ("((a+))+", true), ("(a*?)+", true),
            (#"(?:-\d+)+"#, false), (#"(?<series>.+)-(?<time>\d{8})"#, false), ("(a+)?", false), ("[(a+)+]", false),
            (#"\(a+\)+"#, false), ("(ab)+", false), ("(a+){2}", false),
        ])
    func endless(pattern: String, isEndless: Bool) {
        #expect(PatternText(pattern).isEndless == isEndless)
    }

    @Test("groups, and whether it is of a path, are told by the text")
    func text() {
        #expect(PatternText(#"(?<a>x)(?P<b>y)(?<=z)(?:w)\(?<c>[(?<d>]"#).groups == ["a", "b"])
        #expect(PatternText("a/(b/c)").isOfPath && !PatternText("[a/b]").isOfPath)
        #expect(PatternText("(?<s>a)/(?<time>b)/c").beginnings(with: "time") == ["(?<s>a)/(?<time>b)"])
        for odd in ["(", ")", "[", "\\", "{", "(?<", "a{", "(?", "]", "(?<a", "*"] { _ = PatternText(odd) }
    }
}
