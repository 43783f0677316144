import Foundation
import Model
import Recognition
import Retention
import Support
import Testing

/// Backups of several files: one that is kept has all of them, one that goes leaves none.
@Suite("layouts: sets", .timeLimit(.minutes(10)))
struct SetLayoutTests {
    // MARK: InfluxDB

    /// Of 1.x. `shards`: of a day; the manifest names them all.
    private func portable(_ vault: LayoutVault, _ place: String, _ days: ClosedRange<Int>, json: Bool = true) throws
        -> Written
    {
        try vault.daily(
            days,
            { day in
                let shards = (0..<7).map { "\(place)%Y%m%dT%H%M%SZ.s\(days.upperBound - day + 4 + $0).tar.gz" }
                return ["\(place)%Y%m%dT%H%M%SZ.manifest", "\(place)%Y%m%dT%H%M%SZ.meta"] + shards
            },
            content: { day, path in
                guard json, path.hasSuffix(".manifest") else { return "some content" }
                let time = vault.name("%Y%m%dT%H%M%SZ", daysAgo: day)
                let shards = (0..<7).map { #"{"fileName":"\#(time).s\#(days.upperBound - day + 4 + $0).tar.gz"}"# }
                return #"{"files":[\#(shards.joined(separator: ","))],"meta":{"fileName":"\#(time).meta"}}"#
            })
    }

    @Test("shards come and go: all files of one time are one backup")
    func shards() throws {
        let vault = try LayoutVault()
        let written = try portable(vault, "influx/", 1...20)
        let other = try portable(vault, "other/", 1...20)
        let outcome = try vault.judge { $0.daily = .first(3) }
        expect(outcome, keeps: Set(1...3), of: written)
        expect(outcome, keeps: Set(1...3), of: other)
        #expect(outcome.series.count == 2 && outcome.backups.count == 40)
    }

    @Test("a manifest that is not valid JSON: all files of its time are one backup, and that it is there counts")
    func noManifest() throws {
        let vault = try LayoutVault()
        let written = try portable(vault, "influx/", 1...20, json: false)
        let outcome = try vault.judge { $0.daily = .first(3) }
        expect(outcome, keeps: Set(1...3), of: written)
        #expect(outcome.series.count == 1 && outcome.backups.count == 20)
    }

    /// Of 2.x.
    private func second(_ vault: LayoutVault, _ days: ClosedRange<Int>) throws -> Written {
        let endings = ["bolt.gz", "sqlite.gz", "101.tar.gz", "102.tar.gz", "manifest"]
        return try vault.daily(
            days, { _ in endings.map { "%Y%m%dT%H%M%SZ.\($0)" } },
            content: { day, path in
                guard path.hasSuffix(".manifest") else { return "some content" }
                let names = endings.map { vault.name("%Y%m%dT%H%M%SZ.\($0)", daysAgo: day) }
                return """
                    {"kv":{"fileName":"\(names[0])"},"sql":{"fileName":"\(names[1])"},
                    "files":[{"fileName":"\(names[2])"},{"fileName":"\(names[3])"}]}
                    """
            })
    }

    @Test("2.x: complete with its manifest and all that it names; 28 by the policy of the pages")
    func influxTwo() throws {
        let vault = try LayoutVault()
        let written = try second(vault, 1...28)
        let outcome = try vault.judge(pagePolicy)
        expect(outcome, keeps: vault.keptDays(of: 1...28), of: written)
        #expect(outcome.series.count == 1)
    }

    @Test("without its manifest, or without a file that it names, it is incomplete and counts for nothing")
    func influxIncomplete() throws {
        let vault = try LayoutVault()
        let written = try second(vault, 1...10)
        let gone = [
            written[1]!.first { $0.hasSuffix(".manifest") }!, written[2]!.first { $0.hasSuffix("102.tar.gz") }!,
        ]
        for path in gone { try FileManager.default.removeItem(at: vault.url(path)) }
        let outcome = try vault.judge { $0.last = .first(2) }
        #expect((1...2).allSatisfy { outcome.condition(written[$0]![0]) == .incomplete })
        for day in 1...4 { #expect(outcome.stays.isSuperset(of: Set(written[day]!).subtracting(gone))) }
        for day in 5...10 { #expect(outcome.goes.isSuperset(of: written[day]!)) }
    }

    // MARK: UpdraftPlus

    private func updraft(_ vault: LayoutVault, site: String, place: String = "", seed: UInt64) throws -> Written {
        var seeded = Seeded(seed: seed)
        var written: Written = [:]
        for day in (1...28).reversed() {
            let nonce = (0..<12).map { _ in String(Int.random(in: 0...15, using: &seeded), radix: 16) }.joined()
            let head = "\(place)backup_%Y-%m-%d-%H%M_\(site)_\(nonce)-"
            var files = [try vault.put("\(head)db.gz", daysAgo: day)]
            for part in ["plugins", "themes", "uploads", "others"] + (day.isMultiple(of: 3) ? ["uploads2"] : []) {
                files.append(try vault.put("\(head)\(part).zip", daysAgo: day, bytes: Page.zip))
            }
            written[day] = files
        }
        return written
    }

    @Test("a set by time and nonce; the series is the site's name")
    func updraftPlus() throws {
        let vault = try LayoutVault()
        let shop = try updraft(vault, site: "My_Shop", seed: 1)
        let blog = try updraft(vault, site: "Blog", seed: 2)
        let deep = try updraft(vault, site: "My_Shop", place: "www/old/", seed: 3)
        let outcome = try vault.judge(pagePolicy)
        let days = vault.keptDays(of: 1...28)
        for written in [shop, blog, deep] { expect(outcome, keeps: days, of: written) }
        #expect(outcome.series.count == 3 && outcome.backups.count == 3 * 28)
    }

    // MARK: split

    static let runs: [[String]] = [
        ["home-%Y-%m-%d.tar.gz.aa", ".ab", ".ac", ".ad"], ["home-%Y-%m-%d.tar.gz.00", ".01", ".02", ".03"],
        ["a/home-%Y%m%dT%H%M%S.7z.001", ".002", ".003", ".004"],
        ["home_%Y%m%d.tar.zst.gpg.000", ".001", ".002", ".003"],
        ["home-%Y-%m-%d.part1.rar", ".part2.rar", ".part3.rar", ".part4.rar"],
        ["vm/%Y-%m-%d.img.000", ".001", ".002", ".003"],
    ]

    @Test("parts are one backup, with the size of all and the checksum of the whole", arguments: runs)
    func parts(run: [String]) throws {
        let vault = try LayoutVault()
        let head = String(run[0].dropLast(run[1].count))
        // Two to four, as the size wants it; a short last part is no sign.
        let written = try vault.daily(
            1...28,
            { day in
                (0...(1 + day % 3)).map {
                    head + (run[$0].hasPrefix(".") ? run[$0] : String(run[0].suffix(run[1].count)))
                }
            },
            content: { day, path in path.hasSuffix(run[1 + day % 3]) ? "y" : String(repeating: "x", count: 5000) })
        let sum = try vault.put("\(head).sha256", daysAgo: 1)
        let outcome = try vault.judge(pagePolicy)
        expect(outcome, keeps: vault.keptDays(of: 1...28), of: written)
        #expect(outcome.series.count == 1 && outcome.backups.count == 28)
        #expect(outcome.suspicion.suspects.isEmpty)
        #expect(outcome.backup(written[2]![0])?.size == 15_001)
        if !head.contains("rar"), !run[1].hasSuffix("rar") {
            #expect(outcome.backup(written[1]![0])?.members.contains { $0.path.display == sum } == true)
        }
    }

    @Test("a part that is missing makes the backup incomplete; another name beside it is another backup")
    func partMissing() throws {
        let vault = try LayoutVault()
        let written = try vault.daily(1...6) { _ in
            ["home-%Y-%m-%d.tar.gz.aa", "home-%Y-%m-%d.tar.gz.ab", "home-%Y-%m-%d.tar.gz.ac"]
        }
        let other = try vault.daily(1...6) { _ in ["srv-%Y-%m-%d.tar.gz"] }
        try FileManager.default.removeItem(at: vault.url(written[1]![1]))
        let outcome = try vault.judge { $0.last = .first(2) }
        #expect(outcome.condition(written[1]![0]) == .incomplete)
        #expect(outcome.stays.isSuperset(of: [written[1]![0], written[1]![2]] + written[2]! + written[3]!))
        for day in 4...6 {
            #expect(outcome.goes.isSuperset(of: written[day]!), "\(outcome.judged(written[day]![0])!.decision)")
        }
        expect(outcome, keeps: [1, 2], of: other)
        #expect(outcome.series.count == 2)
    }

    // MARK: The storage's own

    @Test("what the storage shows in a share is no backup")
    func storageOwn() throws {
        let vault = try LayoutVault()
        let db = try vault.daily(1...10) { _ in ["db/db-%Y-%m-%d.sql.zst"] }
        let own = try vault.daily(1...10) { _ in
            [
                "@Recently-Snapshot/GMT+01_%Y-%m-%d_0100/db/db.sql.zst", "@Recycle/db-%Y-%m-%d.sql.zst",
                "#recycle/db-%Y-%m-%d.sql.zst", "db/#snapshot/GMT+01_%Y-%m-%d_0100/db.sql.zst",
                ".zfs/snapshot/auto-%Y-%m-%d/db/db-%Y-%m-%d.sql.zst", "db/.Trash-1000/files/db-%Y-%m-%d.sql.zst",
                "lost+found/db-%Y-%m-%d.sql", "$RECYCLE.BIN/db-%Y-%m-%d.sql", "db/@eaDir/db-%Y-%m-%d.sql.zst",
            ]
        }
        let outcome = try vault.judge { $0.daily = .first(3) }
        expect(outcome, keeps: Set(1...3), of: db)
        #expect(outcome.goes.isDisjoint(with: own.values.joined()))
        #expect(outcome.series.count == 1 && outcome.backups.count == 10)
        #expect(outcome.skipped("@Recycle") != nil && outcome.skipped("@Recently-Snapshot") != nil)
    }
}
