import Model
import Recognition
import Testing

@Suite("dar")
struct DarTests {
    @Test(
        "slices",
        arguments: [
            ("app-2026-11-23.1.dar", "app-2026-11-23", 1), ("app.0012.dar", "app", 12), ("a.b.3.dar", "a.b", 3),
            ("app.dar", nil, 0), (".1.dar", nil, 0), ("app.1.dar.md5", nil, 0), ("app.x1.dar", nil, 0),
            ("app.9999999999999999999999.dar", nil, 0), ("1.dar", nil, 0), (".dar", nil, 0),
        ] as [(Bytes, Bytes?, UInt64)])
    func slices(name: Bytes, base: Bytes?, number: UInt64) {
        let found = Dar.slice(name)
        #expect(found?.base == base && (found?.number ?? 0) == number)
    }

    @Test(
        "what an archive is, as far as its name says",
        arguments: [
            ("media_FULL_2026-11-01", .full), ("media_DIFF_2026-11-08", .differential), ("app-inc-3", .incremental),
            ("app_decr_2026-11-01", .decremental), ("app-2026-11-01-decremental", .decremental),
            ("app-2026-11-01", .unsaid), ("fullhouse-2026-11-01", .unsaid), ("full-to-diff", .unsaid),
        ] as [(Bytes, Dar.Kind)])
    func kinds(base: Bytes, kind: Dar.Kind) {
        #expect(Dar.kind(ofBase: base) == kind)
    }

    private static let week: [Bytes] = [
        "home_2026-11-23_full.1.dar", "home_2026-11-23_full.2.dar", "home_2026-11-23_full.10.dar",
        "home_2026-11-24_incr.1.dar", "home_2026-11-25_diff.1.dar", "home_2026-11-25_diff.2.dar",
    ]

    @Test("an archive is a set, and all kinds are one series")
    func chain() throws {
        let names = Self.week + (3...9).map { Bytes("home_2026-11-23_full.\($0).dar") }
        let reading = read(names)
        #expect(reading.units.count == 3 && Set(reading.units.map(\.series)) == ["d/home_*_*.*.dar"])
        let full = try #require(reading.unit("home_2026-11-23_full.1.dar"))
        #expect(full.sideFiles.count == 9 && full.contents.outcome == .unsaid)
        #expect(reading.unit("home_2026-11-24_incr.1.dar")?.contents.needs == [.previous])
        #expect(reading.unit("home_2026-11-25_diff.1.dar")?.contents.needs == [.lastFull])
        #expect(reading.unit("home_2026-11-25_diff.1.dar")?.kind == .differential)
    }

    @Test("a slice that is missing makes it incomplete")
    func gap() {
        #expect(read(Self.week).unit("home_2026-11-23_full.1.dar")?.contents.outcome == .lacking)
    }

    @Test("one archive that does not say its kind makes all opaque, and they are listed as one")
    func managed() {
        for other: Bytes in ["x.1.dar", "home_decr_2026-10-01.1.dar"] {
            let reading = read(Self.week + [other])
            #expect(reading.units.isEmpty)
            #expect(reading.skippedEntries.count { $0.why.condition == "opaque" } == 1)
        }
    }

    @Test("an isolated catalogue is no backup and makes nothing opaque")
    func catalogue() {
        let reading = read(Self.week + ["home_2026-11-23_full_cat.1.dar"])
        #expect(reading.units.count == 3)
        #expect(reading.why("home_2026-11-23_full_cat.1.dar")?.contains("catalogue") == true)
        #expect(read(["home_full.1.dar"]).units.isEmpty)
    }

    @Test("a slice that was known not to be the last one")
    func flag() {
        let label: [UInt8] = [0, 0, 0, 0x7B] + Array(repeating: 9, count: 10)
        func outcome(_ flag: UInt8) -> Contents.Outcome? {
            let head = label + [flag, 0x54]
            return Layouts.read(
                MadeContents.file("a_full.1.dar", head: label + [0x4E], heads: ["a_full.2.dar": head]))?.outcome
        }
        #expect(outcome(0x54) == .finished && outcome(0x4E) == .lacking && outcome(0x45) == .unsaid)
        for noise in MadeContents.noise(upTo: 32) {
            #expect(Layouts.read(MadeContents.file("a_full.1.dar", head: noise)) == nil)
        }
    }
}
