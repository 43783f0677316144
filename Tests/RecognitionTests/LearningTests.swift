import Model
import Recognition
import Support
import Testing

@Suite("what would read names that nobody reads")
struct LearningTests {
    private func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// The same name for each of `count` days.
    private func days(_ count: Int, _ name: (CivilTime) -> String) -> [Bytes] {
        (0..<count).map { day in
            Bytes(name(CivilTime(localSeconds: 1_794_877_200 + Int64(day) * 86_400)))  // 17 November 2026, 01:00
        }
    }

    @Test("a day that comes first, shown by one over twelve")
    func dayFirst() throws {
        let names = days(10) {
            "shop_\(two($0.day)).\(two($0.month)).\($0.year)-\(two($0.hour))\(two($0.minute)).sql.gz"
        }
        let proposal = try #require(TemplateProposal.proposals(for: names + ["README", "x-1"]).first)
        #expect(proposal.template == "{series}_%d.%m.%Y-%H%M.sql.gz" && proposal.alternatives.isEmpty)
        #expect(proposal.evidence == "reads 10 of 12" && proposal.series == 1 && proposal.examples.count == 3)
        #expect(proposal.line == "names: '{series}_%d.%m.%Y-%H%M.sql.gz'")
    }

    @Test("where day and month cannot be told apart both ways are named")
    func undecided() throws {
        let names: [Bytes] = ["a-01-02-2026.zip", "a-02-02-2026.zip", "a-03-02-2026.zip"]
        let proposal = try #require(TemplateProposal.proposals(for: names).first)
        #expect(proposal.template == "{series}-%d-%m-%Y.zip" && proposal.alternatives == ["{series}-%m-%d-%Y.zip"])
    }

    @Test("what differs each time and is no time is an id, or a version; names of other letters are other series")
    func varying() throws {
        let ids = days(9) { "etc-\($0.day * 7919)-\(two($0.month))\(two($0.day))\($0.year).tar" }
        #expect(TemplateProposal.proposals(for: ids).first?.template.contains("{id}") == true)
        let versions = days(9) { "git-18.\($0.day % 3).1-\(two($0.day))-\(two($0.month))-\($0.year).tar" }
        #expect(TemplateProposal.proposals(for: versions).map(\.template) == ["{series}-{version}-%d-%m-%Y.tar"])
        let several =
            days(9) { "shop.\(two($0.day))-\(two($0.month))-\($0.year)" }
            + days(9) { "crm.\(two($0.day))-\(two($0.month))-\($0.year)" }
        let proposal = try #require(TemplateProposal.proposals(for: several).first)
        #expect(proposal.template == "{series}.%d-%m-%Y" && proposal.series == 2 && proposal.reads == 18)
    }

    @Test("nothing is proposed for names without a time")
    func nothing() {
        let names = (0..<40).map { Bytes("host-\(two($0)).tar") } + ["a", "", "IMG_1234.jpg", Bytes([0xFF, 0x31])]
        #expect(TemplateProposal.proposals(for: names).isEmpty)
        #expect(TemplateProposal.proposals(for: []).isEmpty)
    }

    @Test("names with braces and percent signs, and quotes for YAML")
    func escapes() throws {
        let names = days(8) { "it's {\(two($0.day)).\(two($0.month)).\($0.year)} 100%.zip" }
        let proposal = try #require(TemplateProposal.proposals(for: names).first)
        #expect(proposal.reads == 8 && proposal.template == "{series} {{%d.%m.%Y}} 100%%.zip")
    }

    @Test("what is proposed reads what it was made from, and once it is written nothing more is proposed")
    func stable() throws {
        var random = Seeded(seed: 20)
        let forms: [(CivilTime) -> String] = [
            { "\(two($0.month)).\(two($0.day)).\(two($0.year % 100))" },
            { "\(two($0.month))-\(two($0.day))-\(two($0.year % 100))" },
            { "\(two($0.month))\(two($0.day))\(two($0.year % 100))" },
            { "\(two($0.month))_\(two($0.day))_\(two($0.year % 100))_\(two($0.hour))" },
        ]
        var proposed = 0
        for _ in 0..<100 {
            let form = forms.randomElement(using: &random)!
            let heads = ["db", "web-1", "a_b", "x"].shuffled(using: &random).prefix(
                Int.random(in: 1...3, using: &random))
            let tail = [".tar.gz", ".sql", "", "-full.zip"].randomElement(using: &random)!
            var names: [Bytes] = []
            for head in heads { names += days(Int.random(in: 3...40, using: &random)) { "\(head)-\(form($0))\(tail)" } }
            let before = read(names)
            let unread = before.skippedEntries.map(\.name)
            let proposals = TemplateProposal.proposals(for: unread).filter(\.alternatives.isEmpty)
            guard !proposals.isEmpty else { continue }
            proposed += 1
            let custom = try proposals.map { CustomRecogniser(try NamePattern(template: $0.template), .init()) }
            let after = read(names, by: Recognisers(custom: custom))
            let learnt = after.units.filter { $0.recogniser.hasPrefix("names") }
            #expect(learnt.count >= proposals.map(\.reads).max() ?? 0)
            #expect(
                TemplateProposal.proposals(for: after.skippedEntries.map(\.name)).filter(\.alternatives.isEmpty).isEmpty
            )
            // Adding a name changes no reading.
            let more = read(names + ["zzz-1", "other.txt"], by: Recognisers(custom: custom))
            #expect(more.units == after.units)
            #expect(
                TemplateProposal.proposals(for: unread.shuffled(using: &random))
                    == TemplateProposal.proposals(for: unread))
        }
        #expect(proposed > 50)
    }

    @Test("a row says how each name is read, or the line that would read it")
    func rows() throws {
        let names: [Bytes] = [
            "db-2026-11-22.full.sql", "db-2026-11-23.inc.sql", "db-2026-11-23.inc.sql.sha256", "cp-11.23.26.tar.gz",
            "scan-2026-11-23.pdf", "notes", "sub/", "x*-2026-11-23.pdf",
        ]
        let rows = NameRow.rows(of: read(names), in: "d")
        #expect(rows.map(\.name) == names.map { $0.hasSuffix("/") ? $0.dropLast(1) : $0 }.sorted())
        func what(_ name: Bytes) -> NameRow.What? { rows.first { $0.name == name }?.what }
        guard case .backup(let full)? = what("db-2026-11-22.full.sql"),
            case .backup(let inc)? = what("db-2026-11-23.inc.sql")
        else {
            Issue.record("no backups")
            return
        }
        #expect(full.kind == .full && full.needs.isEmpty && full.series == inc.series && !inc.needs.isEmpty)
        #expect(what("db-2026-11-23.inc.sql.sha256") == .part(of: ["db-2026-11-23.inc.sql"]))
        #expect(what("sub") == .lookedInto)
        guard case .skipped(_, let line)? = what("cp-11.23.26.tar.gz"),
            case .skipped(_, let scan)? = what("scan-2026-11-23.pdf"),
            case .skipped(let why, let none)? = what("notes"), case .skipped(_, let star)? = what("x*-2026-11-23.pdf")
        else {
            Issue.record("not skipped")
            return
        }
        #expect(line == "names: '{series}-%m.%d.%y.tar.gz'")
        #expect(scan == "include: '/d/scan-2026-11-23.pdf'" && star == #"include: '/d/x\*-2026-11-23.pdf'"#)
        #expect(why == DirectoryReading.undated && none == nil)
    }
}
