import Foundation
import Model
import Recognition
import Retention
import Testing

/// What a tool says of success: a backup that it did not finish counts for nothing, and takes no place of a rule.
@Suite("layouts: failed and unfinished", .timeLimit(.minutes(10)))
struct FinishedLayoutTests {
    /// One backup of a tool, a directory: whole, or as it is left when the tool breaks off.
    struct Tool: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var directory: String
        /// What the reason names.
        var sign: String
        var whole: [String: [UInt8]]
        var brokenOff: [String: [UInt8]]
    }

    private static let some = Array("some content".utf8)
    private static let metadata = Array(
        "Started dump at: 2026-11-23 01:00:00\nFinished dump at: 2026-11-23 01:05:00\n".utf8)
    private static let toc = Page.toc(["3301.dat", "3302.dat", "3303.dat"])

    static let tools = [
        Tool(
            testDescription: "ghettoVCB", directory: "web/web-%Y-%m-%d_%H-%M-%S", sign: "STATUS",
            whole: ["web.vmx": some, "web.vmdk": some, "web_1.vmdk": some, "STATUS.ok": some],
            brokenOff: ["web.vmx": some, "web.vmdk": some, "STATUS.error": some]),
        Tool(
            testDescription: "ghettoVCB, killed", directory: "web/web-%Y-%m-%d_%H-%M-%S", sign: "STATUS.ok",
            whole: ["web.vmx": some, "web.vmdk": some, "STATUS.ok": some], brokenOff: ["web.vmx": some]),
        Tool(
            testDescription: "pg_dump -Fd", directory: "orders-%Y-%m-%d", sign: "3302.dat",
            whole: ["toc.dat": toc, "3301.dat.gz": some, "3302.dat.gz": some, "3303.dat.gz": some],
            brokenOff: ["toc.dat": toc, "3301.dat.gz": some]),
        Tool(
            testDescription: "pg_dump -Fd, not compressed", directory: "dumps/%Y%m%d", sign: "3303.dat",
            whole: ["toc.dat": toc, "3301.dat": some, "3302.dat": some, "3303.dat": some],
            brokenOff: ["toc.dat": toc, "3301.dat": some, "3302.dat": some]),
        Tool(
            testDescription: "mydumper", directory: "my/export-%Y%m%d-%H%M%S", sign: "metadata",
            whole: ["metadata": metadata, "shop-schema-create.sql": some, "shop.o.00000.sql": some],
            brokenOff: ["metadata.partial": Array(metadata.prefix(40)), "shop-schema-create.sql": some]),
        Tool(
            testDescription: "mydumper, no record at all", directory: "my/%Y-%m-%d", sign: "metadata",
            whole: ["metadata": metadata, "shop-schema-create.sql.gz": some],
            brokenOff: ["shop-schema-create.sql.gz": some]),
        Tool(
            testDescription: "mariadb-backup", directory: "mysql/%Y-%m-%d_%H-%M-%S", sign: "xtrabackup_checkpoints",
            whole: ["ibdata1": some, "xtrabackup_checkpoints": Array(Page.checkpoints(from: 0, to: 1000).utf8)],
            brokenOff: ["ibdata1": some]),
        Tool(
            testDescription: "thinBackup", directory: "jenkins/FULL-%Y-%m-%d_%H-%M", sign: "backup-completed.info",
            whole: ["config.xml": some, "backup-completed.info": []], brokenOff: ["config.xml": some]),
        Tool(
            testDescription: "pg_basebackup as tars", directory: "base-%Y-%m-%d", sign: "backup_manifest",
            whole: [
                "base.tar.gz": some, "pg_wal.tar.gz": some,
                "backup_manifest": Array(Page.manifest(isIncremental: false).utf8),
            ],
            brokenOff: ["base.tar.gz": some]),
        Tool(
            testDescription: "pg_basebackup, plain", directory: "pg/%Y%m%dT%H%M%S", sign: "backup_manifest",
            whole: [
                "PG_VERSION": some, "base/1/1259": some, "global/pg_control": some,
                "backup_label": Array(Page.label(at: 0x2000028, from: nil).utf8),
                "backup_manifest": Array(Page.manifest(isIncremental: false).utf8),
            ],
            brokenOff: [
                "PG_VERSION": some, "base/1/1259": some,
                "backup_label": Array(Page.label(at: 0x2000028, from: nil).utf8),
            ]),
    ]

    /// The newest so many are broken off.
    private func write(_ vault: LayoutVault, _ tool: Tool, brokenOff: ClosedRange<Int>, last: Int) throws -> Written {
        var written: Written = [:]
        for day in (1...last).reversed() {
            let path = vault.name(tool.directory, daysAgo: day)
            for (name, bytes) in brokenOff.contains(day) ? tool.brokenOff : tool.whole {
                try vault.put("\(path)/\(name)", daysAgo: day, bytes: bytes)
            }
            written[day] = [path]
        }
        return written
    }

    @Test("four nights that broke off behind fourteen whole ones: the rules go by the whole ones", arguments: tools)
    func fourNights(tool: Tool) throws {
        let vault = try LayoutVault()
        let written = try write(vault, tool, brokenOff: 1...4, last: 18)
        let outcome = try vault.judge(pagePolicy)
        expect(outcome, keeps: vault.keptDays(of: 5...18).union(1...4), of: written)
        for day in 1...4 {
            #expect(outcome.condition(written[day]![0]) == .incomplete)
            #expect(
                outcome.why(written[day]![0])?.contains(tool.sign) == true, "\(outcome.why(written[day]![0]) ?? "")")
        }
        #expect((5...18).allSatisfy { outcome.condition(written[$0]![0]) == .complete })
        #expect(outcome.series.count == 1)
    }

    @Test("ten incomplete nights: no whole one goes that the rules keep, and none of the ten counts", arguments: tools)
    func tenNights(tool: Tool) throws {
        let vault = try LayoutVault()
        let written = try write(vault, tool, brokenOff: 1...10, last: 24)
        let outcome = try vault.judge(pagePolicy)
        #expect((1...10).allSatisfy { outcome.condition(written[$0]![0]) == .incomplete })
        for day in vault.keptDays(of: 11...24).union(1...10) { #expect(outcome.stays.contains(written[day]![0])) }
        #expect(outcome.orphans.isEmpty)
    }

    @Test("one that broke off among whole ones, and a tool beside it that has no such mark", arguments: tools)
    func between(tool: Tool) throws {
        let vault = try LayoutVault()
        let written = try write(vault, tool, brokenOff: 3...3, last: 10)
        let plain = try vault.daily(1...10) { _ in ["plain/site-%Y-%m-%d/index.html"] }
        let outcome = try vault.judge { $0.last = .first(3) }
        expect(outcome, keeps: [1, 2, 3, 4], of: written)
        let sites = plain.mapValues { $0.map { ($0 as NSString).deletingLastPathComponent } }
        expect(outcome, keeps: Set(1...3), of: sites)
    }

    @Test("copies that say themselves that they failed: the two newest whole ones stay")
    func failedCopies() throws {
        let vault = try LayoutVault()
        let written = try write(vault, Self.tools[0], brokenOff: 1...2, last: 6)
        let outcome = try vault.judge { $0.last = .first(2) }
        expect(outcome, keeps: Set(1...4), of: written)
        #expect((1...2).allSatisfy { outcome.condition(written[$0]![0]) == .incomplete })
        #expect(outcome.why(written[1]![0])?.contains("STATUS") == true)
    }

    @Test("a manifest is demanded only of a series that has shown one: servers before 13 write none")
    func noManifestEver() throws {
        let vault = try LayoutVault()
        let written = try write(vault, Self.tools[8], brokenOff: 1...14, last: 14)
        // From 13 on, beside it.
        var newer: Written = [:]
        for day in (1...14).reversed() {
            let path = vault.name("new/base-%Y-%m-%d", daysAgo: day)
            try vault.put("\(path)/base.tar.gz", daysAgo: day)
            if day <= 7 { try vault.put("\(path)/backup_manifest", daysAgo: day, Page.manifest(isIncremental: false)) }
            newer[day] = [path]
        }
        let outcome = try vault.judge { $0.last = .first(3) }
        expect(outcome, keeps: Set(1...3), of: written)
        // What is older than the first that shows it is not asked for it.
        expect(outcome, keeps: Set(1...3), of: newer)
        #expect((1...14).allSatisfy { outcome.condition(newer[$0]![0]) == .complete })
    }

    @Test("a manifest that is cut off is none")
    func cutManifest() throws {
        let vault = try LayoutVault()
        let written = try write(vault, Self.tools[9], brokenOff: 20...20, last: 10)
        let whole = Page.manifest(isIncremental: false)
        try vault.put("\(written[1]![0])/backup_manifest", daysAgo: 1, String(whole.prefix(whole.count / 2)))
        let outcome = try vault.judge { $0.last = .first(2) }
        #expect(outcome.condition(written[1]![0]) == .incomplete)
        expect(outcome, keeps: Set(1...3), of: written)
    }

    // MARK: Plain SQL

    @Test("whole dumps that lost their last line on purpose stay, and it is said what they lack")
    func withoutLastLine() throws {
        for (head, foot) in [
            ("-- MariaDB dump 10.19  Distrib 10.11", "-- Dump completed on 2026-11-23  1:00:03\n"),
            ("--\n-- PostgreSQL database dump\n--", "--\n-- PostgreSQL database dump complete\n--\n"),
        ] {
            let vault = try LayoutVault()
            let rows = String(repeating: "INSERT INTO o VALUES (1);\n", count: 100)
            let written = try vault.daily(1...16, { _ in ["sql/shop-%Y-%m-%d.sql"] }) { day, _ in
                day > 5 ? "\(head)\n\(rows)\(foot)" : rows
            }
            let outcome = try vault.judge { $0.daily = .first(7) }
            for day in 1...7 { #expect(outcome.stays.contains(written[day]![0])) }
            #expect((1...5).allSatisfy { outcome.why(written[$0]![0]) == Backup.footerAbsentNote })
            #expect((6...16).allSatisfy { outcome.condition(written[$0]![0]) == .complete })
        }
    }

    @Test("a dump that is cut off is much smaller as well: it counts for nothing")
    func cutOffDump() throws {
        let vault = try LayoutVault()
        let rows = String(repeating: "INSERT INTO o VALUES (1);\n", count: 100)
        let written = try vault.daily(1...16, { _ in ["sql/shop-%Y-%m-%d.sql"] }) { day, _ in
            day == 1 ? "-- MySQL dump 10.13\nINSERT INTO" : "-- MySQL dump 10.13\n\(rows)-- Dump completed on 2026\n"
        }
        let outcome = try vault.judge { $0.last = .first(2) }
        #expect(outcome.condition(written[1]![0]) == .suspect)
        expect(outcome, keeps: Set(1...3), of: written)
    }
}
