@testable import Config
import Disk
import Engine
import Foundation
import Model
import Retention
@testable import State
import Support
import Testing

/// What writers do by themselves, with real files, and what nobody does who means well.
@Suite("the brake for many changes at once")
struct MassChangeGuardTests {
    struct Vault {
        let scratch: Scratch
        let clock: TestClock
        let engine: Engine

        init() throws {
            (scratch, clock) = (try Scratch(), TestClock())
            clock.moment.wall = Disk.Clock.system.now().wall
            try scratch.write("v/.keep")
            try scratch.write(
                "reprieve.yaml",
                "timezone: UTC\nvaults: { v: { path: \(scratch.path.display)/v, keep: all, quiet-period: 1s } }")
            engine = try Self.engine(scratch, clock)
        }

        /// The same with another configuration.
        init(again other: Vault, _ text: String) throws {
            (scratch, clock) = (other.scratch, other.clock)
            try scratch.write("reprieve.yaml", text)
            engine = try Self.engine(scratch, clock)
        }

        private static func engine(_ scratch: Scratch, _ clock: TestClock) throws -> Engine {
            let overrides = Overrides(
                config: scratch.path.appending("reprieve.yaml").display,
                stateDirectory: scratch.path.appending("state").display, adHoc: nil, environment: [:])
            let configuration = try Configuration.load(overrides)
            return Engine(
                configuration: configuration,
                state: try StateDirectory(configuration: configuration, clock: clock.clock, program: "test"))
        }

        func date(_ back: Int = 0) -> String {
            String(clock.moment.wall.adding(seconds: Int64(-86_400 * back)).rfc3339(in: .utc).prefix(10))
        }

        func shell(_ script: String) throws {
            let process = Process()
            process.executableURL = URL(filePath: "/bin/bash")
            process.arguments = ["-euc", script]
            process.currentDirectoryURL = scratch.url.appending(path: "v")
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0, "\(script)")
        }

        /// A look ten minutes later, as the agent or cron would have it.
        @discardableResult
        mutating func look(acting: Bool = true) throws -> [String?] {
            clock.pass(seconds: 600)
            _ = try engine.wholeScan.run(engine.configuration.vaults[0], acting: acting)
            return engine.vaultViews.views(of: engine.configuration.vaults)[0].freezes.map(\.cause)
        }

        mutating func nextDay() { clock.pass(seconds: 86_400 - 1200) }

        /// Forty backups of four series.
        func fill(_ ending: String = "dump") throws {
            for series in ["a", "b", "c", "d"] {
                for back in 1...10 {
                    try scratch.write(
                        "v/\(series)-\(date(back)).\(ending)", String(repeating: series, count: 900 + back))
                }
            }
        }

        func freezes() -> [Mark] { engine.vaultViews.views(of: engine.configuration.vaults)[0].freezes }

        func frozenRecords() throws -> Int {
            let log = try String(contentsOf: scratch.url.appending(path: "state/audit.log"), encoding: .utf8)
            return log.split(separator: "\n").count { $0.contains("\"event\":\"vault.frozen\"") }
        }
    }

    /// What happens each night, in a shell. `$d` is the day, `$n` its number.
    static let writers: [(what: String, script: String)] = [
        (
            "rsnapshot: daily.0 to daily.6 renamed",
            """
            rm -rf daily.6; for i in 5 4 3 2 1 0; do [ -d daily.$i ] && mv daily.$i daily.$((i+1)); done
            mkdir daily.0; head -c $((9000 + n)) /dev/zero > daily.0/data
            """
        ),
        (
            "logrotate: db.sql.1.gz to db.sql.2.gz",
            """
            for i in 6 5 4 3 2 1; do if [ -f db.sql.$i.gz ]; then mv -f db.sql.$i.gz db.sql.$((i+1)).gz; fi; done
            echo "$n$n$n" | gzip -n > db.sql.1.gz
            """
        ),
        (
            "copied on: db.1 to db.2 with cp",
            """
            for i in 6 5 4 3 2 1; do if [ -f db.$i.dump ]; then cp db.$i.dump db.$((i+1)).dump; fi; done
            head -c $((9000 + 13 * n)) /dev/zero > db.1.dump
            """
        ),
        (
            "twenty files overwritten in place",
            "for i in $(seq 20); do head -c $((9000 + n * i)) /dev/zero > app$i.dump; done"
        ),
        (
            "autopostgresqlbackup: daily by weekday, its own pruning",
            """
            mkdir -p daily weekly; for db in a b c; do
              echo "$n $db" > daily/${db}_$d.sql; done
            find daily -type f | sort -r | awk -F_ '{ if (++c[$1] > 7) print }' | xargs -r rm
            """
        ),
        (
            "Proxmox: prune after each backup, five guests",
            """
            for g in 100 101 102 103 104; do echo "$n $g" > vzdump-qemu-$g-${d//-/_}-01_00_00.vma.zst
              ls -r vzdump-qemu-$g-*.zst | tail -n +4 | xargs -r rm; done
            """
        ),
        (
            "rsync --delete of a directory that keeps five",
            "echo $n > app-$d.tar; ls -r app-*.tar | tail -n +6 | xargs -r rm"
        ),
        (
            "a weekly pruner",
            "echo $n > app-$d.tar; if [ $((n % 7)) = 0 ]; then ls -r app-*.tar | tail -n +5 | xargs -r rm; fi"
        ),
        (
            "a split archive: the last part is small",
            """
            mkdir -p s; head -c $((9100 + n)) /dev/urandom > .x; split -b 4000 -d .x s/app-$d.tar.gz. ; rm .x
            for f in a b; do head -c 8200 /dev/zero | gzip -n > .y; cp .y s/$f-$d.tgz.part1; head -c 9 .y > s/$f-$d.tgz.part2
            done; rm .y
            """
        ),
        (
            "weekly full ones, and incrementals of days on which nothing changed",
            """
            mkdir -p i; if [ $((n % 7)) = 1 ]; then head -c 90000 /dev/urandom > i/app-full-$d.dump
            else echo same > i/app-inc-$d.dump; fi
            """
        ),
        (
            "the program is upgraded now and then",
            """
            echo $n > app-1.$((n / 4)).0-$d.tar.gz; echo $n > cloud_${d}_v$((28 + n / 5)).0.1.zip
            mkdir -p pg; echo $n > pg/dump-pg$((14 + n / 6))-$d.sql
            """
        ),
        (
            "yesterday's compressed by day",
            "gzip -n -k -f app-*.dump 2>/dev/null && rm -f app-*.dump; head -c $((90000 + n)) /dev/zero > app-$d.dump"
        ),
    ]

    @Test("what writers do by night freezes nothing, however they are looked at", arguments: writers.indices)
    func ordinary(_ n: Int) throws {
        var vault = try Vault()
        for day in 1...12 {
            try vault.shell("shopt -s nullglob; d=\(vault.date()); n=\(day)\n\(Self.writers[n].script)")
            #expect(try vault.look(acting: day % 3 != 0) == [], "\(Self.writers[n].what), day \(day)")
            let freshness = vault.engine.vaultViews.views(of: vault.engine.configuration.vaults, decided: true)[0]
                .freshness
            let alarms = freshness.filter { [.suspect, .failing, .late].contains($0.value.health) }
            #expect(alarms.isEmpty, "\(Self.writers[n].what), day \(day): \(alarms.keys.map(\.display))")
            vault.nextDay()
        }
    }

    /// Forty backups of four series, and what becomes of them within one look.
    static let attacks: [(what: String, script: String, isFrozen: Bool)] = [
        ("nine of ten rewritten", "for f in $(ls | tail -36); do head -c 5000 /dev/urandom > $f; done", true),
        (
            "rewritten by another file in their place",
            "for f in *; do head -c 5000 /dev/urandom > .x; mv .x $f; done", true
        ),
        ("renamed", "for f in *; do mv $f $f.locked; done", true),
        ("encrypted beside, the old ones removed", "for f in *; do cp $f $f.enc; rm $f; done", true),
        ("all removed", "rm *", true),
        ("all but the newest of each removed", "for s in a b c d; do ls -r $s-* | tail -n +2 | xargs rm; done", true),
        ("the older half of each removed", "for s in a b c d; do ls $s-* | head -5 | xargs rm; done", true),
        ("one series removed of four: a tenth is left of it", "rm a-*", true),
        ("half of one series removed", "ls a-* | head -5 | xargs rm", false),
        ("three removed by hand", "rm a-*-0[1-3]* 2>/dev/null || ls a-* | head -3 | xargs rm", false),
        ("all moved into a directory", "mkdir old; mv *.dump old/", false),
        ("times changed, nothing else", "chmod 600 *", false),
    ]

    @Test("many at once: frozen, said once, and nothing goes until a person lifts it", arguments: attacks.indices)
    func attack(_ n: Int) throws {
        let one = Self.attacks[n]
        var vault = try Vault()
        try vault.fill()
        try vault.look()
        try vault.shell(one.script)
        // Who only looks sees it too, and does not use it up.
        #expect(try vault.look(acting: false) == (one.isFrozen ? ["rewritten"] : []), "\(one.what)")
        for _ in 1...2 { #expect(try vault.look() == (one.isFrozen ? ["rewritten"] : []), "\(one.what)") }
        #expect(try vault.frozenRecords() == (one.isFrozen ? 1 : 0))
        guard one.isFrozen else { return }
        #expect(vault.freezes()[0].reason.hasPrefix("of 40 backups"), "\(vault.freezes()[0].reason)")
        try vault.engine.personMarks.apply(.unfreeze(series: []), in: vault.engine.configuration.vaults[0])
        #expect(try vault.look() == [], "\(one.what): lifted")
    }

    /// Two directories of twenty equal backups, and what tidies them up within one look.
    static let tidying: [(what: String, script: String, isFrozen: Bool)] = [
        ("equal files made links of one (rdfind, jdupes -L)", "for f in one/*; do ln -f $f two/; done", false),
        ("symbolic links instead (rdfind -makesymlinks)", "for f in one/*; do ln -sf ../$f two/; done", false),
        ("absolute ones", "for f in one/*; do ln -sf $PWD/$f two/; done", false),
        ("equal copies swapped in", "for f in */*; do cp -p $f .x; mv .x $f; done", false),
        (
            "and by a tool that keeps whole seconds",
            "for f in */*; do cp $f .x; touch -d @$(stat -c %Y $f) .x; mv .x $f; done", false
        ),
        (
            "linked to what nobody knew",
            "for f in two/*; do head -c $(stat -c %s $f) /dev/urandom > $f.x; ln -f $f.x $f; done", true
        ),
        ("symbolic links to nothing", "for f in one/*; do ln -sf /nowhere/$f two/; done", true),
        (
            "the same size, and other content",
            "for f in */*; do head -c $(stat -c %s $f) /dev/urandom > .x; mv .x $f; done", true
        ),
    ]

    @Test(
        "links and copies of what was there are no upheaval; what only looks like that is", arguments: tidying.indices)
    func tidy(_ n: Int) throws {
        let one = Self.tidying[n]
        var vault = try Vault()
        for place in ["one", "two"] {
            for back in 1...20 {
                try vault.scratch.write(
                    "v/\(place)/a-\(vault.date(back)).dump", String(repeating: "a", count: 900 + back))
            }
        }
        try vault.look()
        try vault.shell(one.script)
        for _ in 1...2 { #expect(try vault.look() == (one.isFrozen ? ["rewritten"] : []), "\(one.what)") }
    }

    @Test("a copy swapped in with its size and time, and encrypted, is looked into")
    func swapped() throws {
        var vault = try Vault()
        for back in 1...20 {
            try vault.shell("mkdir -p x; echo '\(back)' > x/f; tar -cf a-\(vault.date(back)).tar x; rm -r x")
        }
        try vault.look()
        try vault.shell(
            "for f in *.tar; do head -c $(stat -c %s $f) /dev/urandom > .x; touch -r $f .x; mv .x $f; done")
        try vault.look()
        #expect(try vault.look() == ["rewritten"])
    }

    @Test("one file written again and again is one")
    func again() throws {
        var vault = try Vault()
        for back in 1...9 { try vault.scratch.write("v/a-\(vault.date(back)).dump", "content \(back)") }
        for n in 1...5 {
            try vault.scratch.write("v/b/latest-\(vault.date(3)).dump", String(repeating: "n", count: n))
            vault.clock.pass(seconds: -400)
            #expect(try vault.look() == [])
        }
    }

    @Test("names that are read in another way than before are not gone")
    func reread() throws {
        var vault = try Vault()
        for back in 1...10 { try vault.scratch.write("v/w/a-\(vault.date(back)).dump", "content \(back)") }
        try vault.look()
        // A vault of its own now, inside this one.
        let path = vault.scratch.path.display
        let text = "timezone: UTC\nvaults: { v: { path: \(path)/v, keep: all }, w: { path: \(path)/v/w, keep: all } }"
        vault = try Vault(again: vault, text)
        #expect(try vault.look() == [])
        #expect(vault.engine.vaultViews.views(of: vault.engine.configuration.vaults)[0].present.isEmpty)
    }

    @Test("in small steps within the hour it is the same; over days it is not")
    func steps() throws {
        for (pause, isFrozen) in [(Int64(0), true), (86_400, false)] {
            var vault = try Vault()
            for back in 1...30 { try vault.scratch.write("v/a-\(vault.date(back)).dump", "content \(back)") }
            try vault.look()
            var causes: [String?] = []
            for step in 0..<4 {
                try vault.shell(
                    "ls | tail -n +\(2 + 2 * step) | head -2 | while read f; do echo other words > $f; done")
                causes = try vault.look()
                vault.clock.pass(seconds: pause)
            }
            #expect(causes == (isFrozen ? ["rewritten"] : []))
        }
    }
}
