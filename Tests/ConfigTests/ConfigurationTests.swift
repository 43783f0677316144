@testable import Config
import Disk
import Engine
import Foundation
import Model
import Retention
@testable import State
import Support
import Testing

@Suite("configuration")
struct ConfigurationTests {
    @Test("docs/reference/configuration.md is what the reader accepts")
    func reference() throws {
        let page = repository.appending(path: "docs/reference/configuration.md")
        if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1" {
            try Data(ConfigurationTable.markdown.utf8).write(to: page)
        }
        #expect(try String(contentsOf: page, encoding: .utf8) == ConfigurationTable.markdown)
        for section in ConfigurationTable.Section.allCases {
            let names = ConfigurationTable.keys(section).map(\.name)
            #expect(Set(names).count == names.count && !names.isEmpty)
            #expect(ConfigurationTable.keys(section).allSatisfy { !$0.meaning.isEmpty && !$0.meaning.contains("\n") })
        }
    }

    private func load(_ yaml: String, files: [String: String] = [:]) throws -> Configuration {
        let scratch = try Scratch()
        try scratch.write("reprieve.yaml", yaml)
        for (name, text) in files { try scratch.write(name, text) }
        defer { withExtendedLifetime(scratch) {} }
        return try Configuration.load(
            Overrides(
                config: scratch.url.appending(path: "reprieve.yaml").path, stateDirectory: "/tmp/reprieve-none",
                adHoc: nil,
                environment: [:]))
    }

    private func fault(_ yaml: String) -> Fault? {
        do {
            _ = try load(yaml)
            return nil
        } catch {
            return error as? Fault
        }
    }

    @Test("what a person writes is what is in force, with the line it stands on")
    func values() throws {
        let configuration = try load(
            """
            timezone: Europe/Berlin
            defaults: { grace-period: 21d, schedule: "04:15" }
            vaults:
              dumps:
                path: /srv/x
                keep: { last: 3, daily: 7, max-age: 30d }
                series:
                  "legal/**": { keep: all }
                  "*/scratch-*": { keep: { last: 2 } }
            """)
        let vault = try #require(configuration.vaults.first)
        #expect(configuration.zone.value.name == "Europe/Berlin")
        #expect(vault.keep.value.text == "last 3, daily 7, within 30d")
        #expect(vault.keep.origin?.line == 6)
        #expect(vault.settings.gracePeriod.value == Span(days: 21))
        #expect(vault.settings.schedule.value == .daily(hour: 4, minute: 15))
        #expect(vault.settings.minAge.origin == nil)
        let policy = vault.policy(zone: configuration.zone.value)
        #expect(policy.own("legal/2019/x-*.tar").rules.all)
        #expect(policy.own("app/scratch-db-*.sql").rules.last == .first(2))
        #expect(policy.own("app/db-*.sql").rules.daily == .first(7))
    }

    @Test("numbers are read as written: 010 is ten")
    func octal() throws {
        let configuration = try load("vaults: { a: { path: /srv/x, keep: { daily: 010 } } }")
        #expect(configuration.vaults[0].keep.value.daily == .first(10))
    }

    @Test("a keep further down replaces the one above, it never merges; none keeps all")
    func replaces() throws {
        let configuration = try load(
            """
            defaults: { keep: { daily: 7, monthly: 12 } }
            vaults: { a: { path: /srv/a }, b: { path: /srv/b, keep: { last: 2 } } }
            """)
        #expect(configuration.vaults[0].keep.value.text == "daily 7, monthly 12")
        #expect(configuration.vaults[1].keep.value.text == "last 2")
        #expect(try load("vaults: { a: { path: /srv/a } }").vaults[0].keep.value.all)
    }

    @Test(
        "the limits of amount: each has its key, and lifting the one of series lifts the vault's where that is not written",
        arguments: [
            ("", 25, 30), ("max-condemned: 40%", 40, 30), ("max-condemned: off", nil, nil),
            ("max-condemned: 100%", nil, nil), ("max-condemned-bytes: 50%", 25, 50),
            ("max-condemned-bytes: off", 25, nil),
            ("max-condemned: off, max-condemned-bytes: 20%", nil, 20),
        ] as [(String, Int?, Int?)])
    func amounts(safeguards: String, units: Int?, bytes: Int?) throws {
        let configuration = try load("vaults: { a: { path: /srv/a, safeguards: { \(safeguards) } } }")
        let amounts = configuration.vaults[0].amounts
        #expect(amounts.condemnedPercent == units && amounts.bytesPercent == bytes)
    }

    @Test(
        "mistakes are refused with line, column and a way out",
        arguments: [
            ("vaults:\n  a:\n    path: /srv/x\n    kep: { daily: 7 }", ":4:5:", "'keep'"),
            ("vaults:\n  a:\n    path: /srv/x\n    keep: { dayly: 7 }", ":4:13:", "'daily'"),
            ("vaults:\n  a:\n    path: /srv/x\n    path: /srv/y", ":", "remove one"),
            ("vaults:\n  a:\n    path: /srv/x\n    keep: { daily: 7d }", ":4:20:", "within: 7d"),
            ("vaults:\n  a:\n    path: /srv/x\n    keep: { daily: 0 }", ":4:20:", "leave the rule out"),
            ("vaults:\n  a:\n    path: /srv/x\n    keep: { within: 30 }", ":4:21:", "7d"),
            ("vaults:\n  a:\n    path: /srv/x\n    grace-period: 5m", ":4:19:", "15min"),
            ("vaults:\n  a:\n    path: /srv/x\n    grace-period: 3s", "min-grace", "min-grace"),
            ("vaults:\n  a:\n    path: /srv/x\n    grace-period: 999999d", ":4:19:", "7d"),
            ("vaults:\n  a:\n    path: /srv/x\n    keep: { 3monthly: 1, quarterly: 2 }", ":4:26:", "quarterly"),
            (
                "vaults:\n  a:\n    path: /srv/x\n    safeguards: { max-condemned-byte: 5% }", ":4:19:",
                "'max-condemned-bytes'"
            ),
            ("vaults:\n  a:\n    path: /srv/x\n    keep: {}", ":4:11:", "keep: all"),
            ("vaults:\n  a:\n    path: srv/x", ":3:11:", "start it with /"),
            ("vaults:\n  a:\n    path: /", ":3:11:", "directory"),
            ("vaults:\n  a:\n    keep: all", "no path", "path:"),
            ("vaults:\n  a: { path: /srv/x }\n  b: { path: /srv/x }", "same directory", "remove one"),
            ("vaults:\n  a:\n    path: /srv/x\n    time-from: mtime\n    keep: { daily: 7 }", "mtime", "within"),
            ("vaults:\n  a:\n    path: /srv/x\n    schedule: 25:00", ":4:15:", "04:15"),
            ("vaults:\n  a:\n    path: /srv/x\n    limits: { min-free: 120% }", ":4:25:", "off"),
            ("vaults:\n  a:\n    path: /srv/x\n    limits: { min-fre: 5% }", ":4:15:", "'min-free'"),
            ("vaults:\n  a:\n    path: /srv/x\n    limits: { min-free: 5 }", ":4:25:", "200GiB"),
            ("vaults:\n  a:\n    path: /srv/x\n    limits: { min-free: 5gb }", ":4:25:", "200GiB"),
            ("vaults:\n  a:\n    path: /srv/x\n    limits: { max-size: 50% }", "not a share", "500GiB"),
            ("vaults:\n  a:\n    path: /srv/x\n    limits: { max-size: 0B }", ":4:25:", "500GiB"),
            ("vaults:\n  a:\n    path: /srv/x\n    limits: { min-free-inodes: 5MiB }", ":4:32:", "100000"),
            ("vaults:\n  a:\n    path: /srv/x\n    limits: 5%", ":4:13:", "key: value"),
            (
                "vaults:\n  a:\n    path: /srv/x\n    series: { \"x\": { limits: { min-free: 5% } } }",
                "not supported", "leave it out"
            ),
            ("timezone: Europe/Atlantis", ":1:11:", "zoneinfo"),
            ("vaults: [", ":", "YAML"),
            ("vaults:\n  a:\n    path: /srv/x\n    keep: { last: 3, max-count: 4 }", "second time", "one of the two"),
        ])
    func mistakes(yaml: String, message: String, hint: String) throws {
        let found = self.fault(yaml)
        let fault = try #require(found)
        #expect(fault.code == .configuration)
        #expect(fault.message.contains(message), "\(fault.message)")
        #expect(fault.hint?.contains(hint) == true, "\(fault.hint ?? "no hint") does not say '\(hint)'")
    }

    @Test("limits are replaced key by key, and say where they stand; without any, 5% free and nothing else")
    func limits() throws {
        let vaults = try load(
            """
            defaults: { limits: { min-free: 10%, max-size: 2TiB } }
            vaults:
              a: { path: /srv/a }
              b: { path: /srv/b, limits: { min-free: 200GiB, min-free-inodes: 100000 } }
              c: { path: /srv/c, limits: { max-size: off } }
            """
        ).vaults.map(\.settings.limits)
        #expect(vaults.map(\.minFreeText) == ["10%", "200GiB", "10%"])
        #expect(vaults.map(\.maxSizeText) == ["2TiB", "2TiB", "off"])
        #expect(vaults.map(\.minFreeInodesText) == ["off", "100000", "off"])
        #expect(vaults.map { $0.minFree.origin?.line } == [1, 4, 1])
        let plain = try load("vaults: { a: { path: /srv/a } }").vaults[0].settings.limits
        #expect(plain.minFree.value == .percent(5) && plain.minFree.origin == nil && plain.maxSize.value == nil)
    }

    @Test(
        "sizes as people write them",
        arguments: [
            ("200GiB", Int64(200) << 30), ("1.5 KiB", 1536), ("2TB", 2_000_000_000_000), ("512K", 524_288), ("7B", 7),
            ("7", nil), ("GiB", nil), ("-1GiB", nil), ("1.GiB", nil), ("1gib", nil), ("99999999PiB", nil), ("0B", nil),
        ] as [(String, Int64?)])
    func sizes(text: String, bytes: Int64?) {
        #expect(ByteSize.parse(text) == bytes)
        if let bytes { #expect(ByteSize.parse(ByteSize.text(bytes)) == bytes) }
    }

    @Test("conf.d is read after the main file, and a vault may stand in one of them only")
    func confD() throws {
        let two = try load(
            "vaults: { a: { path: /srv/a } }", files: ["conf.d/b.yaml": "vaults: { b: { path: /srv/b } }"])
        #expect(two.vaults.map(\.label) == ["a", "b"])
        #expect(throws: Fault.self) {
            try load("vaults: { a: { path: /srv/a } }", files: ["conf.d/b.yaml": "vaults: { a: { path: /srv/b } }"])
        }
    }

    @Test("a wildcard is a vault for each directory that matches")
    func wildcard() throws {
        let scratch = try Scratch()
        for name in ["web1/x", "web2/x", ".hidden/x", "file"] { try scratch.write("hosts/" + name) }
        let configuration = try load(
            "vaults: { hosts: { path: \(scratch.path.display)/hosts/*, keep: { within: 30d } } }")
        #expect(configuration.vaults.map(\.label) == ["hosts/web1", "hosts/web2"])
        #expect(configuration.hasWildcards)
    }

    @Test("the state directory may not lie in a vault")
    func stateInside() {
        let fault = #expect(throws: Fault.self) {
            try load("state-directory: /srv/x/state\nvaults: { a: { path: /tmp } }")
        }
        #expect(fault?.message.contains("lies inside the vault") == true)
    }
}

@Suite("witnessed time")
struct WitnessTests {
    private func moment(_ wall: String, boot: Int64, _ id: String) -> Moment {
        Moment(wall: Timestamp(rfc3339: wall)!, boot: boot * 1_000_000_000, bootID: id)
    }

    @Test("within a boot the boot clock counts, whatever the wall clock does")
    func sameBoot() {
        var witness = Witness(id: "w", at: moment("2026-11-23T00:00:00Z", boot: 100, "a"))
        witness.advance(to: moment("2036-11-23T00:00:00Z", boot: 160, "a"))
        #expect(witness.seconds == 60)
        witness.advance(to: moment("2016-11-23T00:00:00Z", boot: 200, "a"))
        #expect(witness.seconds == 100)
    }

    @Test("across boots at most a day, never backwards")
    func acrossBoots() {
        var witness = Witness(id: "w", at: moment("2026-11-23T00:00:00Z", boot: 100, "a"))
        witness.advance(to: moment("2026-11-23T01:00:00Z", boot: 5, "b"))
        #expect(witness.seconds == 3600)
        witness.advance(to: moment("2036-11-23T01:00:00Z", boot: 5, "c"))
        #expect(witness.seconds == 3600 + 86_400)
        witness.advance(to: moment("2001-01-01T00:00:00Z", boot: 5, "d"))
        #expect(witness.seconds == 3600 + 86_400)
    }

    @Test("parts of a second add up")
    func parts() {
        var now = moment("2026-11-23T00:00:00Z", boot: 0, "a")
        var witness = Witness(id: "w", at: now)
        for _ in 0..<10 {
            now.boot += 300_000_000
            witness.advance(to: now)
        }
        #expect(witness.seconds == 3)
    }
}
