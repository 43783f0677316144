import Model
import Recognition
import Testing

/// Names from duplicity's `file_naming.py`, and from a run of 0.8.22.
@Suite("duplicity")
struct DuplicityTests {
    private static let week: [Bytes] = [
        "duplicity-full.20261122T010000Z.vol1.difftar.gpg", "duplicity-full.20261122T010000Z.vol2.difftar.gpg",
        "duplicity-full.20261122T010000Z.manifest.gpg", "duplicity-full-signatures.20261122T010000Z.sigtar.gpg",
        "duplicity-inc.20261122T010000Z.to.20261123T010000Z.vol1.difftar.gpg",
        "duplicity-inc.20261122T010000Z.to.20261123T010000Z.manifest.gpg",
        "duplicity-new-signatures.20261122T010000Z.to.20261123T010000Z.sigtar.gpg",
    ]

    @Test("all files of one time are one backup, and the names say what it needs")
    func week() throws {
        let reading = read(Self.week, in: "mail", zone: .utc)
        #expect(reading.units.count == 2 && reading.skippedEntries.isEmpty)
        #expect(Set(reading.units.map(\.series)) == ["mail/duplicity-*"])
        let full = try #require(reading.unit("duplicity-full.20261122T010000Z.vol1.difftar.gpg"))
        let inc = try #require(reading.unit("duplicity-inc.20261122T010000Z.to.20261123T010000Z.vol1.difftar.gpg"))
        #expect(full.kind == .full && full.sideFiles.count == 3 && full.contents.outcome == .unsaid)
        #expect(inc.kind == .incremental && inc.sideFiles.count == 2)
        #expect(inc.contents.needs == full.contents.provides.map { .exactly($0) })
        #expect(full.contents.provides.map(\.description) == ["'mail/duplicity 20261122T010000Z'"])
        #expect(inc.time == Timestamp(seconds: 1_795_395_600))
        #expect(full.time == Timestamp(seconds: 1_795_309_200))
    }

    @Test("the order of the names does not matter, nor what else lies there")
    func order() {
        let plain = read(Self.week)
        let mixed = read(Self.week.reversed() + ["note.txt", "etc-2026-11-23.tar.gz"])
        #expect(mixed.units.filter { $0.recogniser == "duplicity" } == plain.units)
    }

    @Test("each prefix is a chain of its own")
    func prefixes() {
        let reading = read(Self.week.map { "a_" + $0 } + Self.week.map { "b_" + $0 })
        #expect(Set(reading.units.map(\.series)) == ["d/a_duplicity-*", "d/b_duplicity-*"])
        #expect(Set(reading.units.flatMap(\.contents.provides)).count == 4)
    }

    @Test(
        "what is not whole counts for nothing",
        arguments: [
            ("duplicity-full.20261122T010000Z.manifest.gpg", .running),
            ("duplicity-full.20261122T010000Z.vol1.difftar.gpg", .lacking),
        ] as [(Bytes, Contents.Outcome)])
    func incomplete(missing: Bytes, outcome: Contents.Outcome) {
        let full = read(Self.week.filter { $0 != missing }).units.first { $0.kind == .full }
        #expect(full?.contents.outcome == outcome)
    }

    @Test("a volume that is still a .part")
    func part() {
        let names: [Bytes] = [
            "duplicity-full.20261122T010000Z.vol1.difftar.gz", "duplicity-full.20261122T010000Z.manifest",
            "duplicity-full.20261122T010000Z.vol2.difftar.part",
        ]
        let reading = read(names)
        #expect(reading.units.count == 1 && reading.units.first?.contents.outcome == .running)
        #expect(reading.units.first?.isTemporary == true)
    }

    @Test("times of old versions, with the offset of their zone")
    func oldTimes() throws {
        let reading = read([
            "duplicity-full.2026-11-22T02:00:00+01:00.vol1.difftar.gpg",
            "duplicity-full.2026-11-22T02:00:00+01:00.manifest.gpg",
            "duplicity-inc.20261122T010000Z.to.2026-11-23T01_00_00Z.vol1.difftar.gpg",
        ])
        let (inc, full) = (
            try #require(reading.units.first { $0.kind == .incremental }),
            try #require(reading.units.first { $0.kind == .full })
        )
        #expect(inc.contents.needs == full.contents.provides.map { .exactly($0) })
    }

    @Test("signatures without volumes are no backup; short names are left to duplicity as one thing")
    func skippedEntries() {
        let orphan: Bytes = "duplicity-new-signatures.20261122T010000Z.to.20261123T010000Z.sigtar.gpg"
        #expect(read([orphan]).units.isEmpty)
        let short = read(["df.thzl0a.1.dt.g", "df.thzl0a.m.g", "dfs.thzl0a.st.g", "di.thzl0a.ti1bz2.1.dt.g"])
        #expect(short.units.isEmpty)
        #expect(short.skippedEntries.first { $0.name == "df.thzl0a.1.dt.g" }?.why.condition == "opaque")
    }

    @Test(
        "hostile names are not duplicity's",
        arguments: [
            "duplicity-", "duplicity-full.", "duplicity-full.20261399T010000Z.vol1.difftar.gpg",
            "duplicity-full.20261122T010000Z.vol.difftar.gpg", "duplicity-inc.20261122T010000Z.to..vol1.difftar.gpg",
            "duplicity-full.20261122T010000Z.vol99999999999999999999.difftar.gpg",
            "duplicity-full.20261122T010000Z.vol1.difftar.part.part.part.part.part.part.part.part.gpg",
            "duplicity-full.20261122T010000Z.vol1.difftar.txt", "df.thzl0a.g", "di.m",
        ] as [Bytes])
    func hostile(name: Bytes) {
        #expect(read([name]).units.allSatisfy { $0.recogniser != "duplicity" })
    }

    @Test("a manifest that is not encrypted says how many volumes there are")
    func manifest() throws {
        let name: Bytes = "duplicity-full.20261122T010000Z.vol1.difftar.gz"
        let manifest: Bytes = "duplicity-full.20261122T010000Z.manifest"
        func said(_ text: String) -> Contents? {
            Layouts.read(MadeContents.file(name, beside: [manifest: text]))
        }
        let one = "Hostname vm\nLocaldir src\nVolume 1:\n    StartingPath   .  \n"
        #expect(try #require(said(one)).outcome == .unsaid)
        #expect(said(one + "Volume 2:\n")?.outcome == .lacking)
        #expect(said("")?.outcome == .unread)
        #expect(said("\0\0\u{1}")?.outcome == .unread)
        #expect(Layouts.read(MadeContents.file(name, unread: manifest))?.outcome == .unsaid)
    }
}
