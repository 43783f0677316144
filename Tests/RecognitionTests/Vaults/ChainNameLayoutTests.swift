import Foundation
import Model
import Recognition
import Retention
import Support
import Testing

/// Chains that names tell: words for kinds, dar, duplicity, thinBackup, SQL Server, and `match` of a person.
@Suite("layouts: chains by their names", .timeLimit(.minutes(10)))
struct ChainNameLayoutTests {
    // MARK: Words

    struct Words: Sendable, CustomTestStringConvertible {
        var full: String
        var other: String
        var isDifferential = false
        var testDescription: String { "\(full) \(other)" }
    }

    static let words = [
        Words(full: "home-%Y-%m-%d.full.tar.gz", other: "home-%Y-%m-%d.inc.tar.gz"),
        Words(full: "home-%Y-%m-%d-full.tar.gz", other: "home-%Y-%m-%d-incr.tar.gz"),
        Words(full: "home-%Y-%m-%d-full.tar.gz", other: "home-%Y-%m-%d-diff.tar.gz", isDifferential: true),
        Words(full: "home_%Y%m%d_F.tgz", other: "home_%Y%m%d_I.tgz"),
        Words(full: "home_%Y%m%d_F.tgz", other: "home_%Y%m%d_D.tgz", isDifferential: true),
        Words(full: "full-%Y-%m-%d.tar.gz", other: "inc-%Y-%m-%d.tar.gz"),
        Words(full: "home/full/%Y-%m-%d.tar.gz", other: "home/inc/%Y-%m-%d.tar.gz"),
        Words(full: "srv/FULL/db-%Y%m%dT%H%M%S.dump", other: "srv/DIFF/db-%Y%m%dT%H%M%S.dump", isDifferential: true),
        Words(full: "root-%Y-%m-%d.L0.dump", other: "root-%Y-%m-%d.L1.dump", isDifferential: true),
    ]

    @Test("full and incremental by a word are one series, and what stays keeps what it needs", arguments: words)
    func kindWords(words: Words) throws {
        let vault = try LayoutVault()
        let written = try vault.daily(1...28) { [Weekly.isFull($0) ? words.full : words.other] }
        try vault.put("home.snar", daysAgo: 1)
        let outcome = try vault.judge(pagePolicy)
        let needs = words.isDifferential ? Weekly.differential : Weekly.incremental
        expect(outcome, keeps: closure(vault.keptDays(of: 1...28), needs), of: written)
        #expect(outcome.series.count == 1)
        #expect((1...28).allSatisfy { (outcome.backup(written[$0]![0])?.kind == .full) == Weekly.isFull($0) })
        #expect(outcome.backup("home.snar") == nil)
    }

    @Test("another host beside it is a series of its own, also where it has no words")
    func otherHost() throws {
        let vault = try LayoutVault()
        let home = try vault.daily(1...28) { ["home-%Y-%m-%d.\(Weekly.isFull($0) ? "full" : "inc").tar.gz"] }
        let work = try vault.daily(1...28) { ["work-%Y-%m-%d.\($0 % 7 == 3 ? "full" : "inc").tar.gz"] }
        let plain = try vault.daily(1...28) { _ in ["etc-%Y-%m-%d.tar.gz"] }
        let outcome = try vault.judge(pagePolicy)
        let days = vault.keptDays(of: 1...28)
        #expect(outcome.series.count == 3)
        expect(outcome, keeps: closure(days, Weekly.incremental), of: home)
        expect(outcome, keeps: days, of: plain)
        // Before its first full one there is nothing to stand on: set aside.
        let broken = Set(25...28)
        #expect(broken.allSatisfy { outcome.condition(work[$0]![0]) == .broken })
        let stay = closure(vault.keptDays(of: 1...24)) { $0 % 7 == 3 ? [] : [$0 + 1] }
        expect(outcome, keeps: stay.union(broken), of: work)
    }

    /// `F` on Sundays, `I` on the other days, as on the page.
    private func sundays(_ vault: LayoutVault, _ days: ClosedRange<Int>, content: (Int, String) -> String)
        throws -> (written: Written, firstFull: Int)
    {
        let written = try vault.daily(
            days, { ["host/%Y-%m-%d-0100-\(vault.weekday($0) == 7 ? "F" : "I").tar.gz"] }, content: content)
        return (written, days.last { vault.weekday($0) == 7 }!)
    }

    @Test("no incremental stays whose full one has gone, by any policy: `F` on Sundays, `I` on the other days")
    func letters() throws {
        let vault = try LayoutVault()
        let (written, first) = try sundays(vault, 1...28) { _, _ in "x" }
        let broken = Set(1...28).subtracting(1...first)
        func needs(_ day: Int) -> [Int] { vault.weekday(day) == 7 ? [] : [day + 1] }
        let policies: [(rules: (inout KeepRules) -> Void, kept: Set<Int>)] = [
            ({ $0.within = Span(days: 10) }, Set(1...10)),
            ({ $0.weekly = .first(3) }, vault.keptDays(of: 1...28, newest: 1, weeks: 3)),
            ({ ($0.daily, $0.weekly) = (.first(7), .first(4)) }, vault.keptDays(of: 1...first, newest: 7, weeks: 4)),
        ]
        for (rules, kept) in policies {
            let outcome = try vault.judge(rules)
            #expect(outcome.series.count == 1)
            #expect(broken.allSatisfy { outcome.condition(written[$0]![0]) == .broken })
            expect(outcome, keeps: closure(kept, needs).union(broken), of: written)
        }
    }

    @Test("small incrementals alarm nobody: what one holds is what changed in a day")
    func quietDays() throws {
        let vault = try LayoutVault()
        var seeded = Seeded(seed: 28)
        let (written, _) = try sundays(vault, 1...40) { day, _ in
            let size =
                vault.weekday(day) == 7 ? 20_000 : Int.random(in: day <= 5 ? 150...400 : 3000...9000, using: &seeded)
            return String(repeating: "x", count: size)
        }
        let outcome = try vault.judge { $0.daily = .first(14) }
        #expect(outcome.suspicion.suspects.isEmpty && outcome.suspicion.runs.isEmpty)
        #expect((1...14).allSatisfy { outcome.condition(written[$0]![0]) == .complete })
        #expect(outcome.orphans.isEmpty && !outcome.goes.isEmpty)
    }

    // MARK: A link that cannot be read

    private func cutOff(_ cut: Int, _ names: [String], _ recognisers: Recognisers = .byName) throws
        -> (LayoutVault, Written)
    {
        let vault = try LayoutVault(recognisers)
        var written: Written = [:]
        for day in (1...14).reversed() {
            let tar = Page.tar(isWhole: day != cut)
            written[day] = [try vault.put(names[Weekly.isFull(day) ? 0 : 1], daysAgo: day, bytes: tar)]
        }
        return (vault, written)
    }

    @Test("an incremental stands on the one before it, whole or not: behind one that is cut off all is broken")
    func brokenLink() throws {
        let match = try CustomRecogniser(#"(?<series>app)-(?<time>\d{4}-\d\d-\d\d)\.(?<kind>full|inc)\.tar"#, .init())
        let names = ["app-%Y-%m-%d.full.tar", "app-%Y-%m-%d.inc.tar"]
        for recognisers in [Recognisers(custom: [match]), .byName] {
            // Number 2 of the second week.
            let (vault, written) = try cutOff(5, names, recognisers)
            let outcome = try vault.judge { $0.last = .first(3) }
            #expect(outcome.condition(written[5]![0]) == .incomplete)
            #expect((1...4).allSatisfy { outcome.condition(written[$0]![0]) == .broken })
            // The newest whole ones are number 1, the full one, and the last of the first week with its chain.
            expect(outcome, keeps: Set(1...14), of: written)
            let two = try vault.judge { $0.last = .first(2) }
            #expect(Set([6, 7].flatMap { written[$0]! }).isSubset(of: two.stays))
            #expect(two.orphans.isEmpty)
        }
    }

    @Test("a full one that is cut off breaks its week, until the next full one")
    func brokenFull() throws {
        let (vault, written) = try cutOff(14, ["full-%Y%m%d.tar", "diff-%Y%m%d.tar"])
        let outcome = try vault.judge { $0.last = .first(2) }
        #expect((8...13).allSatisfy { outcome.condition(written[$0]![0]) == .broken })
        expect(outcome, keeps: Set(8...14).union([1, 2, 7]), of: written)
    }

    // MARK: dar

    @Test("slices are one archive; incr needs the one before it, diff the last full one; a catalogue is no backup")
    func dar() throws {
        let vault = try LayoutVault()
        func kind(_ day: Int) -> String { day % 7 == 0 ? "full" : day % 7 == 5 ? "diff" : "incr" }
        let written = try vault.daily(1...28) { day in
            (1...(day % 7 == 0 ? 12 : day % 7 == 5 ? 2 : 1)).map { "home_%Y-%m-%d_\(kind(day)).\($0).dar" }
        }
        let catalogue = try vault.put("home_%Y-%m-%d_full_cat.1.dar", daysAgo: 28)
        let other = try vault.daily(1...28) { ["srv/%Y%m%d_\(Weekly.isFull($0) ? "FULL" : "DIFF").1.dar"] }
        let outcome = try vault.judge(pagePolicy)
        let kept = vault.keptDays(of: 1...28)
        let stay = closure(kept) { $0 % 7 == 0 ? [] : $0 % 7 == 5 ? [Weekly.base($0)] : [$0 + 1] }
        expect(outcome, keeps: stay, of: written)
        expect(outcome, keeps: closure(kept, Weekly.differential), of: other)
        #expect(outcome.series.count == 2)
        #expect(outcome.backup(catalogue) == nil && !outcome.goes.contains(catalogue))
    }

    @Test("a dar archive whose slices are not all there counts for nothing, nor does what stands on it")
    func darWithoutSlice() throws {
        let vault = try LayoutVault()
        let written = try vault.daily(1...8) { ["home_%Y-%m-%d_\($0 > 6 ? "full" : "incr").\($0 == 4 ? 2 : 1).dar"] }
        let notTheLast = [0, 0, 0, 0x7B] + [UInt8](repeating: 0, count: 10) + Array("NE".utf8)
        try vault.put("home_%Y-%m-%d_full.1.dar", daysAgo: 7, bytes: notTheLast)
        let outcome = try vault.judge { $0.last = .first(1) }
        #expect(outcome.condition(written[7]![0]) == .incomplete)
        #expect(outcome.condition(written[4]![0]) == .incomplete)
        #expect((1...3).allSatisfy { outcome.condition(written[$0]![0]) == .broken })
        expect(outcome, keeps: Set(1...8), of: written)
    }

    // MARK: duplicity

    private func duplicity(
        _ vault: LayoutVault, _ last: Int, _ head: String, time: String = "%Y%m%dT%H%M%SZ", full: (Int) -> Bool
    )
        throws -> Written
    {
        try vault.daily(1...last) { day in
            guard !full(day) else {
                let own = "\(head)-full.\(time)"
                return [
                    "\(own).vol1.difftar.gpg", "\(own).vol2.difftar.gpg", "\(own).manifest.gpg",
                    "\(head)-full-signatures.\(time).sigtar.gpg",
                ]
            }
            let span = vault.name(time, daysAgo: day + 1) + ".to.\(time)"
            return [
                "\(head)-inc.\(span).vol1.difftar.gpg", "\(head)-inc.\(span).manifest.gpg",
                "\(head)-new-signatures.\(span).sigtar.gpg",
            ]
        }
    }

    @Test("volumes, manifest and signatures of one time are one backup, and an inc keeps all back to its full one")
    func duplicity() throws {
        let vault = try LayoutVault()
        let mail = try duplicity(vault, 21, "mail/duplicity", full: Weekly.isFull)
        expect(try vault.judge { $0.daily = .first(3) }, keeps: Set(1...7), of: mail)
        let four = try LayoutVault()
        let written = try duplicity(four, 28, "duplicity", full: Weekly.isFull)
        let other = try duplicity(four, 28, "laptop_duplicity", time: "%Y-%m-%dT%H:%M:%S+00:00", full: { $0 == 28 })
        let outcome = try four.judge(pagePolicy)
        expect(outcome, keeps: closure(four.keptDays(of: 1...28), Weekly.incremental), of: written)
        expect(outcome, keeps: Set(1...28), of: other)
        #expect(outcome.series.count == 2)
    }

    @Test("without its manifest it is still being written, and what stands on it is broken")
    func duplicityUnfinished() throws {
        let vault = try LayoutVault()
        let written = try duplicity(vault, 14, "duplicity", full: Weekly.isFull)
        try FileManager.default.removeItem(at: vault.url(written[3]!.first { $0.contains("manifest") }!))
        let outcome = try vault.judge { $0.last = .first(1) }
        #expect(outcome.condition(written[3]![0]) == .incomplete)
        #expect((1...2).allSatisfy { outcome.condition(written[$0]![0]) == .broken })
        #expect((1...7).allSatisfy { outcome.stays.contains(written[$0]![0]) } && outcome.orphans.isEmpty)
        #expect((8...14).allSatisfy { outcome.goes.isSuperset(of: written[$0]!) })
    }

    // MARK: thinBackup

    @Test("a DIFF that stays keeps its FULL; a BACKUPSET is complete in itself and nobody's base")
    func thinBackup() throws {
        let vault = try LayoutVault()
        var written: Written = [:]
        for (day, place) in (1...28).reversed().flatMap({ day in ["", "jobs/"].map { (day, $0) } }) {
            let path = vault.name("\(place)\(Weekly.isFull(day) ? "FULL" : "DIFF")-%Y-%m-%d_%H-%M", daysAgo: day)
            try vault.put("\(path)/config.xml", daysAgo: day)
            try vault.put("\(path)/backup-completed.info", daysAgo: day, "")
            written[day, default: []].append(path)
        }
        let set = vault.name("BACKUPSET_%Y-%m-%d_%H-%M", daysAgo: 35) + vault.name("_%Y-%m-%d_%H-%M.zip", daysAgo: 29)
        try vault.put(set, daysAgo: 29, bytes: Page.zip)
        let outcome = try vault.judge { $0.weekly = .first(3) }
        let kept = vault.keptDays(of: 1...28, newest: 1, weeks: 3)
        expect(outcome, keeps: closure(kept, Weekly.differential), of: written)
        if let backup = outcome.backup(set) { #expect(backup.kind == .full && outcome.needs(set).isEmpty) }
        #expect(outcome.series.count { $0.value > 1 } == 2)
    }
}
