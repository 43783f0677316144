import Model
import Recognition
import Testing

/// Names as `influxd backup -portable` (1.x) and `influx backup` (2.x) document them.
@Suite("InfluxDB")
struct InfluxDBTests {
    private static let portable: [Bytes] = [
        "20261123T010000Z.manifest", "20261123T010000Z.meta", "20261123T010000Z.s4.tar.gz",
        "20261123T010000Z.s5.tar.gz",
    ]
    private static let second: [Bytes] = [
        "20261124T010000Z.manifest", "20261124T010000Z.bolt.gz", "20261124T010000Z.sqlite.gz",
        "20261124T010000Z.101.tar.gz",
        "20261124T010000Z.102.tar",
    ]

    @Test("all files of one instant are one backup, its time is UTC, and the directory is the series")
    func sets() throws {
        let names = Self.portable + Self.second + ["20261123T010000Z.sql", "app-2026-11-23.tar"]
        for names in [names, names.reversed()] {
            let reading = read(names, in: "influx", zone: try #require(Zone(name: "Europe/Berlin")))
            let units = reading.units.filter { $0.recogniser == "InfluxDB" }
            #expect(units.map(\.series) == ["influx", "influx"])
            #expect(units.map { $0.sideFiles.count } == [3, 4])
            #expect(
                units.map(\.time) == [
                    Timestamp(rfc3339: "2026-11-23T01:00:00Z"), Timestamp(rfc3339: "2026-11-24T01:00:00Z"),
                ])
            #expect(units.allSatisfy { $0.isSet && $0.contents.outcome == .unsaid })
            #expect(reading.units.count == 4)
        }
    }

    @Test("without its manifest it did not finish; shards alone are Influx's only beside a whole backup")
    func unfinished() {
        let broken = read(Array(Self.portable.dropFirst()), in: "influx")
        #expect(broken.units.count == 1 && broken.units[0].contents.outcome == .lacking)
        let shards = read(Self.second + ["20261122T010000Z.s1.tar.gz"], in: "influx")
        #expect(shards.unit("20261122T010000Z.s1.tar.gz")?.contents.outcome == .lacking)
        let alone = read(["20261122T010000Z.1.tar.gz", "20261122T010000Z.2.tar.gz"], in: "influx")
        #expect(alone.units.count == 2 && alone.units.allSatisfy { $0.contents.outcome == .unsaid })
        #expect(read(["20261122T010000Z.manifest"], in: "influx").units.allSatisfy { $0.recogniser != "InfluxDB" })
    }

    private func contents(_ manifest: SmallFile?, members: [Bytes], head: [UInt8] = []) -> Contents? {
        Layouts.read(
            UnitContents(
                name: members[0], directory: "influx", isDirectory: false, names: [],
                members: Array(members.dropFirst()),
                size: 10, head: [], file: { $0.hasSuffix(".manifest") ? manifest : nil }, headOf: { _ in head }))
    }

    @Test("the manifest names the others; what is missing fails it")
    func manifest() {
        let text: Bytes = """
            {"meta":{"fileName":"20261123T010000Z.meta","size":1},"limited":false,
             "files":[{"database":"a \\"fileName\\" b","fileName":"20261123T010000Z.s4.tar.gz","size":7},
                      {"fileName" : "20261123T010000Z.s5.tar.gz"},{"fileName":""}]}
            """
        let members: [Bytes] = [Self.portable[1], Self.portable[0], Self.portable[2], Self.portable[3]]
        let whole = contents(.text(text), members: members)
        #expect(whole?.outcome == .finished && whole?.signs == ["manifest"])
        let missing = contents(.text(text), members: members.dropLast())
        #expect(missing?.outcome == .lacking && missing?.why?.contains("20261123T010000Z.s5.tar.gz") == true)
    }

    @Test("a manifest that is not valid JSON names nothing, and that it is there counts")
    func noJSON() {
        for text in ["nothing", "done\n", "20261123T010000Z.s4.tar.gz\n", " manifest of backup {1}"] as [Bytes] {
            let found = contents(.text(text), members: [Self.portable[1], Self.portable[0]])
            #expect(found?.outcome == .unsaid && found?.signs == ["manifest"] && found?.said?.contains("JSON") == true)
        }
        let long = [UInt8](repeating: 0x20, count: SmallFile.limit - 1) + [0x78]
        let found = contents(.unread(.tooLarge), members: [Self.portable[1], Self.portable[0]], head: long)
        #expect(found?.outcome == .unsaid && found?.said?.contains("JSON") == true)
    }

    @Test("a manifest that is long is trusted for its presence, one that is empty, cut off or binary is unread")
    func hostile() {
        let members: [Bytes] = [Self.portable[1], Self.portable[0]]
        for text in ["", "{", "[1,2", "\u{0}\u{1}", "{\"fileName\":", "{\"fileName\":\"", " \n", "\"x", " {"] as [Bytes]
        {
            #expect(contents(.text(text), members: members)?.outcome == .unread, "\(text)")
        }
        let long = Array("{\"files\":[".utf8) + [UInt8](repeating: 0x20, count: SmallFile.limit)
        #expect(contents(.unread(.tooLarge), members: members, head: long)?.outcome == .unsaid)
        #expect(contents(.unread(.noFile), members: members)?.outcome == .unread)
        let zeros = [UInt8](repeating: 0, count: SmallFile.limit)
        #expect(contents(.unread(.tooLarge), members: members, head: zeros)?.outcome == .unread)
        #expect(contents(nil, members: members) == nil)
    }
}

/// Names as UpdraftPlus documents them.
@Suite("UpdraftPlus")
struct UpdraftPlusTests {
    private func run(_ time: String, _ nonce: String, _ entities: [String], site: String = "My_Shop") -> [Bytes] {
        entities.map { Bytes("backup_\(time)_\(site)_\(nonce)-\($0)") }
    }

    private let all = ["db.gz", "plugins.zip", "themes.zip", "uploads.zip", "uploads2.zip", "others.zip"]

    @Test("all files of one time and nonce are one backup; the site is the series")
    func sets() {
        let names =
            run("2026-11-22-0100", "73a59e01b29a", all)
            + run("2026-11-23-0100", "0123456789ab", all + ["mu-plugins.zip"])
            + run("2026-11-23-0100", "abcdef012345", all, site: "Other_2026") + ["log.0123456789ab.txt"]
        for names in [names, names.reversed()] {
            let reading = read(names, in: "w")
            #expect(Set(reading.units.map(\.series)) == ["w/backup_*_Other_2026_*", "w/backup_*_My_Shop_*"])
            #expect(reading.units.count == 3 && reading.units.allSatisfy { $0.isSet && $0.kind == .full })
            #expect(Set(reading.units.map(\.sideFiles.count)) == [5, 7])
            #expect(reading.units.filter { $0.sideFiles.contains("log.0123456789ab.txt") }.count == 1)
        }
    }

    @Test("a database alone is no backup of the site")
    func partial() {
        let reading = read(
            run("2026-11-22-0100", "73a59e01b29a", all) + run("2026-11-23-0100", "0123456789ab", ["db.gz.crypt"])
                + run("2026-11-24-0100", "1123456789ab", ["plugins.zip", "db.gz"]), in: "w")
        #expect(
            Set(reading.units.map(\.series)) == [
                "w/backup_*_My_Shop_*", "w/backup_*_My_Shop_*-db", "w/backup_*_My_Shop_*-db+plugins",
            ])
    }

    @Test("what is added later has the same nonce, and needs what came before")
    func incremental() throws {
        let reading = read(
            run("2026-11-22-0100", "73a59e01b29a", all) + run("2026-11-23-0100", "73a59e01b29a", ["uploads.zip"])
                + run("2026-11-24-0100", "73a59e01b29a", ["plugins.zip"]), in: "w")
        let units = reading.units.sorted { ($0.time?.seconds ?? 0) < ($1.time?.seconds ?? 0) }
        #expect(units.map(\.kind) == [.full, .incremental, .incremental])
        #expect(Set(units.map(\.series)) == ["w/backup_*_My_Shop_*"])
        try #require(units.count == 3)
        #expect(units[1].contents.needs == units[0].contents.provides.map { .exactly($0) })
        #expect(units[2].contents.needs == units[1].contents.provides.map { .exactly($0) })
    }

    @Test("names that only look like it are read as before")
    func others() {
        let names: [Bytes] = [
            "backup_2026-11-23-0100_My_Shop_73a59e01b29-db.gz", "backup_2026-13-23-0100_a_73a59e01b29a-db.gz",
            "backup_2026-11-23-0100__73a59e01b29a-.gz", "backup_2026-11-23-0100_x_73a59e01b29a-table.wp_users.gz",
        ]
        #expect(read(names).units.allSatisfy { $0.recogniser != "UpdraftPlus" })
    }
}
