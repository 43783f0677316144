import Model
import Recognition
import Testing

@Suite("one series for one thing")
struct OneSeriesTests {
    @Test(
        "how a file is packed is no part of its series",
        arguments: [
            ("a-2026-11-23.tar.gz", "d/a-*.tar"), ("a-2026-11-23.tar.zst", "d/a-*.tar"),
            ("a-2026-11-23.sql", "d/a-*.sql"),
            ("a-2026-11-23.tar.gz.gpg", "d/a-*.tar.gpg"), ("a-2026-11-23.tar.GZ", "d/a-*.tar"),
            // The only ending stays, and so does a number.
            ("a-2026-11-23.gz", "d/a-*.gz"), ("a-2026-11-23.1.gz", "d/a-*.1.gz"), ("a-2026-11-23.tgz", "d/a-*.tgz"),
        ] as [(Bytes, Bytes)])
    func packers(name: Bytes, series: Bytes) { #expect(read([name]).units.map(\.series) == [series]) }

    @Test("hosts, databases and guests are different series")
    func things() {
        let names: [Bytes] = [
            "web1-2026-11-23.tar", "web2-2026-11-23.tar", "shop_2026-11-23.sql", "blog_2026-11-23.sql",
            "vzdump-qemu-100-2026_11_23-01_00_00.vma.zst", "vzdump-qemu-101-2026_11_23-01_00_00.vma.zst",
        ]
        #expect(Set(read(names).units.map(\.series)).count == 6)
    }

    private let versions: [Bytes] = [
        "g_2026-11-20_18.5.1-ee.tar", "g_2026-11-21_18.5.1-ee.tar", "g_2026-11-22_18.6.0-ee.tar",
        "g_2026-11-23_18.10.0-ee.tar",
    ]

    @Test("a version that only grows is a proposal, and changes nothing by itself")
    func version() throws {
        let reading = read(versions)
        #expect(Set(reading.units.map(\.series)).count == 3)
        let proposal = try #require(reading.proposals.first)
        #expect(proposal.pattern == "d/g_*_{version}.tar" && proposal.varying == [.version])
        #expect(proposal.names == versions && proposal.seriesCount == 3)
    }

    @Test(
        "random digits, numbers and weekdays are proposals",
        arguments: [
            (
                [
                    "p-20261121T01Z-57e9d1860d1d68d8/", "p-20261122T01Z-1fa0b4d2291c77e/",
                    "p-20261123T01Z-00d2e61f0a3b5c48/",
                ], "d/p-*-{nonce}"
            ),
            (["b-2026-11-21-1041.tar.x", "b-2026-11-22-9042.tar.x", "b-2026-11-23-9043.tar.x"], nil),
            (["b-2026-11-21.b41.tar", "b-2026-11-22.b42.tar", "b-2026-11-23.b43.tar"], nil),
            (["b-41-2026-11-21.tar", "b-42-2026-11-22.tar", "b-43-2026-11-23.tar"], "d/b-{number}-*.tar"),
            (["2026-11-21-Sat.tar", "2026-11-22-Sun.tar", "2026-11-23-Mon.tar"], "d/*-{weekday}.tar"),
        ] as [([Bytes], Bytes?)])
    func proposals(names: [Bytes], pattern: Bytes?) {
        #expect(read(names).proposals.map(\.pattern) == (pattern.map { [$0] } ?? []))
    }

    @Test(
        "what comes back, what shrinks, what is of one time, and words are different things",
        arguments: [
            ["c-41-2026-11-21.tar", "c-42-2026-11-21.tar", "c-41-2026-11-22.tar", "c-42-2026-11-23.tar"],
            ["c-2.0-2026-11-21.tar", "c-1.9-2026-11-22.tar", "c-2.1-2026-11-23.tar"],
            ["c-alpha-2026-11-21.tar", "c-beta-2026-11-22.tar", "c-gamma-2026-11-23.tar"],
            ["c-41-2026-11-21.tar", "c-42-2026-11-22.tar"],
            ["c-customer01-2026-11-21.tar", "c-customer02-2026-11-22.tar", "c-customer03-2026-11-23.tar"],
            ["2026-11-21-Mon.tar", "2026-11-22-Sun.tar", "2026-11-23-Tue.tar"],
        ] as [[Bytes]])
    func things(names: [Bytes]) { #expect(read(names).proposals.isEmpty) }

    @Test("hosts beside versions stay apart")
    func hosts() {
        let names = (1...4).flatMap { day in
            ["01", "02"].map { Bytes("h-\($0)_2026-11-2\(day)_\(day < 3 ? "1.2.0" : "1.3.0").tar") }
        }
        #expect(read(names).proposals.map(\.pattern) == ["d/h-01_*_{version}.tar", "d/h-02_*_{version}.tar"])
    }

    @Test("GitLab's and Home Assistant's versions are no part of the series")
    func layouts() throws {
        let gitlab = read([
            "1795914000_2026_11_29_17.10.1-ee_gitlab_backup.tar", "1795309200_2026_11_22_17.5.0-ee_gitlab_backup.tar",
        ])
        #expect(Set(gitlab.units.map(\.series)) == ["d/*_gitlab_backup.tar"])
        #expect(
            gitlab.unit("1795914000_2026_11_29_17.10.1-ee_gitlab_backup.tar")?.time == Timestamp(seconds: 1_795_914_000)
        )
        let name: Bytes = "Automatic_backup_2026.11.1_2026-11-23_04.45_20261123.tar"
        let unit = try #require(read([name]).unit(name))
        #expect(unit.series == "d/Automatic_backup_*_*.tar" && unit.time == Timestamp(rfc3339: "2026-11-23T04:45:20Z"))
    }
}
