import Foundation
import Model
import Recognition
import Retention
import Testing

/// SQL Server by the names of Ola Hallengren's scripts: differentials, and logs that lead on from a full one.
@Suite("layouts: transaction logs", .timeLimit(.minutes(10)))
struct LogLayoutTests {
    private func path(_ kind: String, _ database: String, _ ending: String) -> String {
        "SQL1/\(database)/\(kind)/SQL1_\(database)_\(kind)_%Y%m%d_%H%M%S\(ending)"
    }

    private static let clocks = ["07:15:00", "13:15:00", "19:15:00"]

    /// A FULL every seventh day, a DIFF on the others, three logs a day. Logs by their day.
    private func write(_ vault: LayoutVault, _ database: String = "Shop", stripes: [String] = [""]) throws
        -> (backups: Written, logs: Written)
    {
        let backups = try vault.daily(1...28) { day in
            stripes.map { path(Weekly.isFull(day) ? "FULL" : "DIFF", database, "\($0).bak") }
        }
        var logs: Written = [:]
        for day in (1...28).reversed() {
            logs[day] = try Self.clocks.map { try vault.put(path("LOG", database, ".trn"), daysAgo: day, at: $0) }
        }
        return (backups, logs)
    }

    @Test("a DIFF keeps its FULL across directories, and logs stay without a hole as long as the FULL before them")
    func logs() throws {
        for stripes in [[""], ["_1", "_2"]] {
            let vault = try LayoutVault()
            let (backups, logs) = try write(vault, stripes: stripes)
            let outcome = try vault.judge(pagePolicy)
            let stay = closure(vault.keptDays(of: 1...28), Weekly.differential)
            expect(outcome, keeps: stay, of: backups)
            expect(outcome, keeps: Set((1...28).filter { stay.contains(Weekly.base($0)) }), of: logs)
            #expect(outcome.series.count == 1)
            #expect(logs.values.joined().allSatisfy { outcome.backup($0)?.kind == .log })
            #expect((1...28).allSatisfy { (outcome.backup(backups[$0]![0])?.kind == .full) == Weekly.isFull($0) })
        }
    }

    @Test("another database is another chain: its logs do not hang on this one's FULL")
    func otherDatabase() throws {
        let vault = try LayoutVault()
        let (shop, _) = try write(vault)
        let logs = try vault.daily(1...14) { _ in [path("LOG", "Wiki", ".trn")] }
        let outcome = try vault.judge(pagePolicy)
        #expect(outcome.series.count == 2)
        // Nobody knows what these lead from: they stay.
        expect(outcome, keeps: Set(1...14), of: logs)
        expect(outcome, keeps: closure(vault.keptDays(of: 1...28), Weekly.differential), of: shop)
    }

    @Test("a COPY_ONLY is full, and no base of a DIFF")
    func copyOnly() throws {
        let vault = try LayoutVault()
        let (backups, _) = try write(vault)
        let copy = try vault.put(path("FULL_COPY_ONLY", "Shop", ".bak"), daysAgo: 3, at: "12:00:00")
        let outcome = try vault.judge(pagePolicy)
        #expect(outcome.backup(copy)?.kind == .full)
        #expect((1...6).allSatisfy { outcome.needs(backups[$0]![0]) == Set(backups[7]!) })
        #expect(outcome.orphans.isEmpty && !outcome.goes.isEmpty)
        #expect(Set(backups[1]! + backups[7]!).isSubset(of: outcome.stays))
    }

    @Test("a time for logs shortens it, and what it begins with stays")
    func shorter() throws {
        let vault = try LayoutVault()
        let (backups, logs) = try write(vault)
        let outcome = try vault.judge {
            pagePolicy(&$0)
            $0.logs = Span(days: 4)
        }
        #expect((1...4).allSatisfy { outcome.stays.isSuperset(of: logs[$0]!) })
        #expect((7...28).allSatisfy { outcome.goes.isSuperset(of: logs[$0]!) })
        #expect(outcome.stays.contains(backups[5]![0]) || outcome.stays.contains(backups[6]![0]))
        #expect(outcome.orphans.isEmpty)
    }

    @Test("WAL segments and binary logs are no backups, whatever times are asked for", arguments: [false, true])
    func segments(byMtime: Bool) throws {
        let vault = try LayoutVault(byMtime ? .byMtime : .byName)
        for day in (1...60).reversed() {
            let number = String(format: "%02X", 60 - day)
            let packed = ["", ".gz", ".lz4", ".zst"][day % 4]
            try vault.put("wal/0000000100000000000000\(number)\(packed)", daysAgo: day)
            try vault.put("mysql/mysql-bin.0000\(String(format: "%02d", 60 - day))", daysAgo: day)
        }
        try vault.put("wal/00000002.history", daysAgo: 50)
        try vault.put("wal/000000010000000000000010.00000028.backup", daysAgo: 44)
        try vault.put("wal/00000001000000000000003C.partial", daysAgo: 1)
        try vault.put("mysql/mysql-bin.index", daysAgo: 1)
        // Beside backups that are judged.
        let written = try vault.daily(40...60) { day in ["mixed/0000000100000000000000\(String(format: "%02X", day))"] }
        let dumps = try vault.daily(1...40) { _ in ["mixed/db-%Y-%m-%d.dump"] }
        let outcome = try vault.judge { $0.within = Span(days: 30) }
        #expect(outcome.goes.isDisjoint(with: written.values.joined()))
        #expect(outcome.goes.allSatisfy { $0.hasPrefix("mixed/db-") } && !outcome.goes.isEmpty)
        expect(outcome, keeps: Set(1...30), of: dumps)
    }
}
