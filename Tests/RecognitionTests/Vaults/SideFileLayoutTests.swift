import Foundation
import Model
import Recognition
import Retention
import Testing

/// Files beside a backup go, stay and are kept with it.
@Suite("layouts: side files", .timeLimit(.minutes(10)))
struct SideFileLayoutTests {
    static let endings = [
        "sha1", "sha224", "sha256", "sha384", "sha512", "b2", "md5", "b2sum", "sha256sum", "sig", "asc", "minisig",
        "par2",
        "vol000+01.par2", "log", "lst", "list", "info", "json", "meta", "manifest", "metadata", "snar", "notes", "txt",
        "err",
    ]

    @Test(
        "what has a backup's whole name and an ending goes with it",
        arguments: ["db/app_%Y%m%d-%H%M%S.sqlite3.gz", "etc-%Y-%m-%d.tar.gz", "a/b/vm-%Y-%m-%dT%H%M%S.qcow2.zst"])
    func wholeName(format: String) throws {
        let vault = try LayoutVault()
        let written = try vault.daily(1...6) { _ in [format] + Self.endings.map { "\(format).\($0)" } }
        let outcome = try vault.judge { $0.last = .first(3) }
        expect(outcome, keeps: Set(1...3), of: written)
        #expect(outcome.series.count == 1 && outcome.backups.count == 6)
        #expect(outcome.backup(written[6]![0])?.members.count == 1 + Self.endings.count)
    }

    @Test("the checksum of a backup that its tool protects stays with it")
    func preserved() throws {
        let vault = try LayoutVault()
        let written = try vault.daily(1...10) { day in
            ["db/app_%Y%m%d-%H%M%S.sqlite3.gz", "db/app_%Y%m%d-%H%M%S.sqlite3.gz.sha1"]
                + (day == 10 ? ["db/app_%Y%m%d-%H%M%S.sqlite3.gz.protected"] : [])
        }
        let outcome = try vault.judge { $0.daily = .first(5) }
        expect(outcome, keeps: Set(1...5).union([10]), of: written)
        #expect(outcome.backup(written[10]![0])?.protectedBy != nil)
    }

    @Test("a file with the stem of one backup goes with it: the snapshot list, the list, the log")
    func stem() throws {
        let vault = try LayoutVault()
        let endings = ["tar.gz", "snar", "lst", "log"]
        let etc = try vault.daily(1...10) { _ in endings.map { "etc-%Y-%m-%d.\($0)" } }
        let vm = try vault.daily(1...10) { _ in ["vm/%Y_%m_%d-web.vma.zst", "vm/%Y_%m_%d-web.log"] }
        let outcome = try vault.judge { $0.last = .first(3) }
        expect(outcome, keeps: Set(1...3), of: etc)
        expect(outcome, keeps: Set(1...3), of: vm)
        #expect(outcome.series.count == 2 && outcome.backups.count == 20)
    }

    @Test("an export that ends like a side file is a backup of its own")
    func export() throws {
        let vault = try LayoutVault()
        let exports = try vault.daily(1...10) { _ in ["export-%Y-%m-%d.json"] }
        let lists = try vault.daily(1...10) { _ in ["packages-%Y-%m-%d.txt"] }
        let outcome = try vault.judge { $0.last = .first(3) }
        expect(outcome, keeps: Set(1...3), of: exports)
        expect(outcome, keeps: Set(1...3), of: lists)
    }

    @Test("a log of two backups of one night goes when the last of them has gone")
    func logOfTwo() throws {
        let vault = try LayoutVault()
        let dumps = try vault.daily(1...10) { _ in ["app/app-%Y-%m-%d.sql.gz"] }
        let archives = try vault.daily(1...10) { _ in ["app/app-%Y-%m-%d.tar.gz"] }
        let logs = try vault.daily(1...10) { _ in ["app/app-%Y-%m-%d.log"] }
        let outcome = try vault.judge { $0.daily = .first(3) }
        for written in [dumps, archives, logs] { expect(outcome, keeps: Set(1...3), of: written) }
        #expect(outcome.skipped(logs[1]![0]) == nil)
    }

    @Test("a log stays for the one of the two that stays longer")
    func logOfTheLonger() throws {
        let vault = try LayoutVault()
        let dumps = try vault.daily(1...12) { _ in ["n/%Y%m%d-shop.dump", "n/%Y%m%d-shop.dump.md5"] }
        let fewer = try vault.daily(1...12) { $0.isMultiple(of: 2) ? ["n/%Y%m%d-shop.files.tar"] : [] }
        let logs = try vault.daily(1...12) { _ in ["n/%Y%m%d-shop.log"] }
        let outcome = try vault.judge { $0.last = .first(3) }
        expect(outcome, keeps: Set(1...3), of: dumps)
        expect(outcome, keeps: [2, 4, 6], of: fewer)
        expect(outcome, keeps: [1, 2, 3, 4, 6], of: logs)
    }
}
