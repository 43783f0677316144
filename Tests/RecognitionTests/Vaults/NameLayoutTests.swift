import Disk
import Foundation
import Model
import Recognition
import Retention
@testable import Support
import Testing

/// Names whose dates are hard to read: each of these series is one, and three of its backups stay.
@Suite("layouts: names", .timeLimit(.minutes(10)))
struct NameLayoutTests {
    struct Page: CustomTestStringConvertible, Sendable {
        var testDescription: String
        /// One backup for each of these times of a day; `%` as strftime has it.
        var paths: [(clock: String, path: String)]
        /// How many stay of the days.
        var clockThatStays: Int

        init(_ what: String, _ paths: [(String, String)], stays: Int = 0) {
            (testDescription, self.paths, clockThatStays) = (what, paths, stays)
        }
    }

    static let pages: [Page] = [
        Page(
            "a clock of twelve hours",
            [
                ("00:30:00", "game/World %Y-%m-%d 12-30-00 AM.zip"),
                ("09:00:00", "game/World %Y-%m-%d 09-00-00 AM.zip"),
                ("12:30:00", "game/World %Y-%m-%d 12-30-00 PM.zip"),
                ("16:00:00", "game/World %Y-%m-%d 04-00-00 PM.zip"),
            ], stays: 3),
        Page("a number of the database beside the date", [("00:00:00", "ora/c-1473829384-%Y%m%d-00")]),
        Page("a clock with dots", [("01:00:02", "pve/pve_node1_%Y-%m-%d.01.00.02.tar.gz")]),
        Page(
            "an hour alone",
            (0..<24).map {
                (String(format: "%02d:00:00", $0), "tomcat/state.out-%Y-%m-%d-\(String(format: "%02d", $0)).gz")
            },
            stays: 23),
        Page("ten digits to the hour", [("09:00:00", "air/pas_%Y%m%d09.rda.gz")]),
        Page("epoch seconds and a date, and a version", [("01:00:00", "git/%s_%Y_%m_%d_18.6.1-ee_gitlab_backup.tar")]),
        Page(
            "Home Assistant's seconds and microseconds",
            [("04:45:12", "ha/Automatic_backup_2026.11.1_%Y-%m-%d_04.45_12345678.tar")]),
        Page("a weekday beside the date", [("01:05:00", "daily/shop/shop_%Y-%m-%d_01h05m.%A.sql.gz")]),
        Page("a day of the container's script", [("01:00:00", "daily/shop-%Y%m%d.sql.gz")]),
        Page("a date in two ways", [("01:00:00", "x/%Y/%m/%d/db-%d-%b-%Y.sql")]),
    ]

    @Test("one series, at the right times: three days stay", arguments: pages)
    func one(page: Page) throws {
        let vault = try LayoutVault()
        var newest: Set<String> = []
        var all = 0
        for day in 1...8 {
            for (n, one) in page.paths.enumerated() {
                let path = try vault.put(
                    one.path, daysAgo: day, at: one.clock,
                    bytes: one.path.hasSuffix(".zip") ? emptyZip : Array("x".utf8))
                all += 1
                if day <= 3, n == page.clockThatStays { newest.insert(path) }
            }
        }
        let outcome = try vault.judge { $0.daily = .first(3) }
        #expect(outcome.series.count == 1, "\(outcome.series) \(outcome.skippedEntries.prefix(2))")
        #expect(outcome.stays == newest && outcome.goes.count == all - 3)
        for backup in outcome.backups { #expect(abs(backup.time.seconds(since: backup.primary.mtime)) <= 3600) }
    }

    @Test(
        "digits behind the seconds that differ among neighbours are their fraction; so are milliseconds of the instant")
    func fractions() throws {
        let vault = try LayoutVault()
        for day in 1...10 {
            try vault.put("tmux/backup-%Y%m%dT%H%M%S.\(482_913 + day * 7919).tar.zst", daysAgo: day, at: "01:00:01")
            try vault.put("unifi/autobackup_8.2.93_%Y%m%d_%H%M_%s006.unf", daysAgo: day)
        }
        let outcome = try vault.judge { $0.daily = .first(3) }
        #expect(outcome.series.values.sorted() == [10, 10] && outcome.stays.count == 6, "\(outcome.series)")
    }

    @Test("from one day to another: the later one, and never a time of day")
    func range() throws {
        let vault = try LayoutVault()
        var names: [String] = []
        for week in 1...10 {
            let from = vault.name("%Y-%m-%d", daysAgo: week * 7 + 6)
            names.append(try vault.put("exports/\(from)_%Y-%m-%d.csv.gz", daysAgo: week * 7, at: "00:00:00"))
        }
        let outcome = try vault.judge { $0.last = .first(3) }
        #expect(outcome.stays == Set(names.prefix(3)) && outcome.series.count == 1)
        #expect(outcome.backups.allSatisfy { $0.time.seconds % 86_400 == 0 })
    }

    @Test("a day first and a time that looks like the rest of another date: never another day")
    func dayFirst() throws {
        let vault = try LayoutVault()
        for day in 1...6 { try vault.put("db/shop-%d-%m-%Y-01-05.sql.zst", daysAgo: day, at: "01:05:00") }
        let outcome = try vault.judge { $0.last = .first(3) }
        #expect(outcome.backups.allSatisfy { abs($0.time.seconds(since: $0.primary.mtime)) < 86_400 })
        #expect(outcome.goes.isEmpty || outcome.stays.count == 3)
    }

    @Test("epoch seconds at a rhythm are what they look like, although the times of the contents are lost")
    func epochs() throws {
        let vault = try LayoutVault()
        for day in 1...10 {
            let number = vault.name("%s", daysAgo: day)
            try vault.put("etcd/etcd-snapshot-node-a-\(number)", daysAgo: 0, at: "00:00:00")
        }
        let outcome = try vault.judge { $0.daily = .first(3) }
        #expect(outcome.series.count == 1 && outcome.stays.count == 3, "\(outcome.skippedEntries)")
    }

    @Test("a random word, or a version that grows: learn proposes the line, and by it three stay")
    func learnt() throws {
        var digits: UInt64 = 0x57E9_D186_0D1D_68D8
        func random() -> String {
            digits = digits &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return String(digits, radix: 16)
        }
        for format in ["prom/%Y%m%dT%H%M%SZ-{}/chunk", "git/repo-{v}-%Y-%m-%d.tar"] {
            let vault = try LayoutVault()
            for day in 1...10 {
                let version = "18.\(day < 5 ? 6 : 5).1"
                let path = format.replacing("{}", with: random()).replacing("{v}", with: version)
                try vault.put(path, daysAgo: day)
            }
            let before = try vault.judge { $0.daily = .first(3) }
            #expect(before.series.count > 1 && before.goes.count < 7)
            let directory = Bytes(format).components[0]
            var parser = NameTimeParser(zone: .utc)
            let entries = try vault.scratch.open().open(directory).entries()
            let reading = DirectoryReading(of: entries, in: directory, by: .byName, parser: &parser)
            let proposal = try #require(reading.proposals.first)
            let template = try #require(TemplateProposal.proposals(for: proposal.names).first?.template)
            let fresh = try LayoutVault(
                Recognisers(custom: [CustomRecogniser(NamePattern(template: template), .init())]))
            try FileManager.default.removeItem(at: fresh.scratch.url)
            try FileManager.default.moveItem(at: vault.scratch.url, to: fresh.scratch.url)
            let after = try fresh.judge { $0.daily = .first(3) }
            #expect(after.series.count == 1 && after.goes.count == 7, "\(template) \(after.series)")
        }
    }

    @Test("pictures by day and a mirror of somebody's files are no backups; a real series beside them is")
    func pictures() throws {
        let vault = try LayoutVault()
        for day in 1...40 {
            for picture in 0..<2 {
                try vault.put("nas/library/u1/%Y/%Y-%m-%d/IMG_\(1000 + day * 2 + picture).jpg", daysAgo: day)
            }
            try vault.put("nas/phone/DCIM/IMG_%Y%m%d_120000.jpg", daysAgo: day)
            try vault.put("home/papers/scan %Y-%m-%d.pdf", daysAgo: day)
            try vault.put("home/Maildir/cur/%s.M1P7.host,S=300:2,S", daysAgo: day)
            try vault.put("pg/app-%Y-%m-%d.dump.zst", daysAgo: day)
        }
        let outcome = try vault.judge { ($0.daily, $0.weekly) = (.first(7), .first(4)) }
        #expect(outcome.series.keys.sorted() == ["pg/app-*.dump"], "\(outcome.series.keys)")
        #expect(outcome.goes.allSatisfy { $0.hasPrefix("pg/") })
    }

    @Test("weeks and months of auto*sqlbackup and of the container's script are times")
    func periods() throws {
        let vault = try LayoutVault()
        for week in 1...10 {
            try vault.put("weekly/shop/shop_week.%V.%Y-%m-%d_01h05m.sql.gz", daysAgo: week * 7, at: "01:05:00")
            try vault.put("weekly2/shop-%G%V.sql.gz", daysAgo: week * 7, at: "01:00:00")
            try vault.put("monthly/shop/shop_%Y-%m-%d_01h05m.%B.shop.sql.gz", daysAgo: week * 30, at: "01:05:00")
        }
        let outcome = try vault.judge { $0.last = .first(3) }
        #expect(
            outcome.series.values.sorted() == [10, 10, 10], "\(outcome.series) \(outcome.skippedEntries.prefix(3))")
        #expect(outcome.stays.count == 9)
    }

    private var emptyZip: [UInt8] { Array("PK\u{5}\u{6}".utf8) + Array(repeating: 0, count: 18) }
}
