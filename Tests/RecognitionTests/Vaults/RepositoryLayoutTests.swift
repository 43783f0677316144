import Foundation
import Model
import Recognition
import Retention
import Support
import Testing

/// What only its own tool may thin out, and what is nobody's backup: nothing of it goes, and it is said what it is.
@Suite("layouts: repositories, mirrors, trees without dates", .timeLimit(.minutes(10)))
struct RepositoryLayoutTests {
    /// One opaque unit of this tool, pruned so; what lies beside it is judged.
    private func expectOpaque(
        _ vault: LayoutVault, _ place: String, _ tool: String, _ prune: String, _ rules: (inout KeepRules) -> Void,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let outcome = try vault.judge(rules)
        let below = place.isEmpty ? "" : place + "/"
        #expect(!outcome.goes.contains { $0.hasPrefix(below) }, sourceLocation: sourceLocation)
        #expect(!outcome.backups.contains { $0.path.display.hasPrefix(below) }, sourceLocation: sourceLocation)
        let found = outcome.tool(place)
        #expect(found?.lowercased().contains(tool) == true, "\(found ?? "none")", sourceLocation: sourceLocation)
        #expect(outcome.prune(place)?.contains(prune) == true, sourceLocation: sourceLocation)
        // One line for all of it.
        let lines = outcome.skippedEntries.count { $0.path.display.hasPrefix(place) }
        #expect(lines == 1, sourceLocation: sourceLocation)
    }

    static let places = ["pg", "hosts/db1/pg", ""]

    // MARK: rdiff-backup

    @Test(
        "rdiff-backup: the mirror and the way back are one thing", arguments: ["host", "a/b/www", ""], [false, true])
    func rdiffBackup(place: String, byMtime: Bool) throws {
        let vault = try LayoutVault(byMtime ? .byMtime : .byName)
        let head = place.isEmpty ? "" : place + "/", data = "\(head)rdiff-backup-data"
        let time = "%Y-%m-%dT%H:%M:%S+00:00"
        try vault.put("\(head)etc/hosts", daysAgo: 14)
        for day in (1...14).reversed() {
            try vault.put("\(head)photos/IMG_%Y%m%d_101500.jpg", daysAgo: day)
            let first =
                day == 1
                ? ["current_mirror.\(time).data", "mirror_metadata.\(time).snapshot.gz"]
                : ["increments/etc/hosts.\(time).diff.gz", "increments.\(time).dir", "mirror_metadata.\(time).diff.gz"]
            let others = [
                "file_statistics.\(time).data.gz", "session_statistics.\(time).data", "error_log.\(time).data",
            ]
            for name in first + others {
                try vault.put("\(data)/\(name)", daysAgo: day, name.hasSuffix(".dir") ? "" : "x")
            }
        }
        try expectOpaque(vault, place, "rdiff-backup", "remove increments") { $0.last = .first(3) }
    }

    // MARK: barman, pgBackRest

    private static let record = "backup_label=None\nbegin_wal=000000010000000000000015\nmode=postgres\nstatus=DONE\n"

    private func barman(_ vault: LayoutVault, _ place: String, isNew: Bool) throws {
        let head = place.isEmpty ? "" : place + "/"
        try vault.put("\(head).pg-backup.lock", daysAgo: 28, "")
        for day in (1...28).reversed() {
            try vault.put("\(head)base/%Y%m%dT%H%M%S/data/PG_VERSION", daysAgo: day)
            try vault.put("\(head)base/%Y%m%dT%H%M%S/data/base/1/1259", daysAgo: day)
            let info = isNew ? "meta/%Y%m%dT%H%M%S-backup.info" : "base/%Y%m%dT%H%M%S/backup.info"
            try vault.put(head + info, daysAgo: day, Self.record)
            let segment = "0000000100000000000000" + String(format: "%02X", 40 - day)
            try vault.put("\(head)wals/0000000100000000/\(segment)", daysAgo: day)
        }
        if isNew { try vault.put("\(head)identity.json", daysAgo: 28, "{}") }
        try vault.put("\(head)wals/xlog.db", daysAgo: 1)
        try vault.put("\(head)streaming/000000010000000000000030.partial", daysAgo: 1)
    }

    @Test("barman: one opaque unit, before and since meta/", arguments: places, [false, true])
    func barman(place: String, isNew: Bool) throws {
        for recognisers in [Recognisers.byName, .byMtime] {
            let vault = try LayoutVault(recognisers)
            try barman(vault, place, isNew: isNew)
            try expectOpaque(vault, place, "barman", "barman delete") { $0.within = Span(days: 5) }
        }
    }

    @Test("a vault at one server's base backups is barman's too, and no pgBackRest")
    func barmanInside() throws {
        let vault = try LayoutVault()
        for day in 1...10 {
            try vault.put("%Y%m%dT%H%M%S/backup.info", daysAgo: day, Self.record)
            try vault.put("%Y%m%dT%H%M%S/data/PG_VERSION", daysAgo: day)
        }
        let outcome = try vault.judge { $0.last = .first(2) }
        #expect(outcome.goes.isEmpty)
        #expect((1...10).allSatisfy { outcome.tool(vault.name("%Y%m%dT%H%M%S", daysAgo: $0)) == "barman" })
    }

    @Test("pgBackRest is told by the sections of its backup.info, with or without the copy", arguments: [false, true])
    func pgBackRest(hasCopy: Bool) throws {
        let vault = try LayoutVault()
        let info = """
            [backrest]
            backrest-format=5

            [backup:current]
            20261123-010000F={"backup-type":"full"}

            [db]
            db-id=1

            """
        for day in (1...20).reversed() {
            try vault.put("repo/backup/main/%Y%m%d-%H%M%SF/pg_data/PG_VERSION.gz", daysAgo: day)
            try vault.put("repo/backup/main/%Y%m%d-%H%M%SF/backup.manifest", daysAgo: day)
        }
        try vault.put("repo/backup/main/backup.info", daysAgo: 1, info)
        if hasCopy { try vault.put("repo/backup/main/backup.info.copy", daysAgo: 1, info) }
        let outcome = try vault.judge { $0.last = .first(2) }
        #expect(outcome.goes.isEmpty && outcome.backups.isEmpty)
        #expect(outcome.tool("repo/backup/main") == "pgBackRest")
        #expect(outcome.prune("repo/backup/main") == "pgbackrest expire")
    }

    // MARK: Duplicati

    @Test(
        "Duplicati: lists and the blocks that they share", arguments: ["duplicati-", "laptop-", ""],
        [".aes", ".gpg", ""])
    func duplicati(prefix: String, cipher: String) throws {
        for recognisers in [Recognisers.byName, .byMtime] {
            let vault = try LayoutVault(recognisers)
            var seeded = Seeded(seed: 5)
            func hex() -> String {
                (0..<32).map { _ in String(Int.random(in: 0...15, using: &seeded), radix: 16) }.joined()
            }
            for day in (1...20).reversed() {
                try vault.put("d/\(prefix)%Y%m%dT%H%M%SZ.dlist.zip\(cipher)", daysAgo: day, bytes: Page.zip)
                try vault.put("d/\(prefix)b\(hex()).dblock.zip\(cipher)", daysAgo: day, bytes: Page.zip)
                try vault.put("d/\(prefix)i\(hex()).dindex.zip\(cipher)", daysAgo: day, bytes: Page.zip)
            }
            try expectOpaque(vault, "d", "duplicati", "--keep-time") { $0.within = Span(days: 10) }
        }
    }

    // MARK: Trees without dates

    static func hex(_ number: Int, _ count: Int, digits: [Character] = Array("0123456789abcdef")) -> String {
        var seeded = Seeded(seed: UInt64(number))
        return String((0..<count).map { _ in digits.randomElement(using: &seeded)! })
    }

    struct Tree: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// A file of a day, and files without one.
        var file: @Sendable (Int) -> String
        var others: [String] = []
    }

    private static let base32 = Array("0123456789abcdefghijklmnopqrstuv")

    static let trees = [
        Tree(
            testDescription: "bup", file: { "bup/objects/pack/pack-\(hex($0, 40)).pack" },
            others: ["bup/HEAD", "bup/config", "bup/refs/heads/mail"]),
        Tree(
            testDescription: "bare git mirrors", file: { "mirrors/app.git/objects/pack/pack-\(hex($0, 40)).idx" },
            others: ["mirrors/app.git/HEAD", "mirrors/app.git/config", "mirrors/app.git/refs/heads/main"]),
        Tree(
            testDescription: "restic behind rclone crypt",
            file: { "\(hex($0 % 6 + 500, 26, digits: base32))/\(hex($0, 128, digits: base32))" }),
        Tree(
            testDescription: "gocryptfs", file: { "x/\(hex($0, 22))=" },
            others: ["x/gocryptfs.conf", "x/gocryptfs.diriv"]),
        Tree(testDescription: "EncFS", file: { "x/\(hex($0, 24)),\(hex($0, 4))" }, others: ["x/.encfs6.xml"]),
        Tree(
            testDescription: "BackupPC", file: { "bpc/cpool/\(hex($0, 2))/\(hex($0 + 1, 2))/\(hex($0, 32))" },
            others: ["bpc/pc/host/backups", "bpc/pc/host/refCnt/poolCnt"]),
        Tree(
            testDescription: "Bacula",
            file: { "bacula/\($0 % 7 == 0 ? "Full" : "Inc")-\(String(format: "%04d", 100 - $0))" }),
        Tree(
            testDescription: "Macrium",
            file: { "pc/A0AF1234-\(String(format: "%02d", $0))-\(String(format: "%02d", $0)).mrimg" }),
        Tree(testDescription: "an unknown store", file: { "store/\(hex($0, 64))" }),
        Tree(
            testDescription: "an unknown store that fans out", file: { "store/\(hex($0 % 32 + 900, 2))/\(hex($0, 40))" }
        ),
        Tree(testDescription: "a mirror of pictures", file: { "home/me/2026/IMG_\(1000 - $0).jpg" }),
        Tree(
            testDescription: "a mirror of a system", file: { "sys/var/lib/thing\($0)" },
            others: ["sys/etc/passwd", "sys/etc/group"]),
    ]

    @Test(
        "what shares its files goes by no age, also where times are those of the content", arguments: trees,
        [false, true])
    func undated(tree: Tree, byMtime: Bool) throws {
        let vault = try LayoutVault(byMtime ? .byMtime : .byName)
        for day in (1...60).reversed() { try vault.put(tree.file(day), daysAgo: day) }
        for path in tree.others { try vault.put(path, daysAgo: 60) }
        let dumps = try vault.daily(1...40) { _ in ["db/orders-%Y-%m-%d.dump"] }
        let outcome = try vault.judge { $0.within = Span(days: 30) }
        expect(outcome, keeps: Set(1...30), of: dumps)
        #expect(outcome.goes.allSatisfy { $0.hasPrefix("db/") })
    }

    // MARK: Mirrors

    @Test("a mirror of somebody's files is left alone, and that is said; the dumps beside it are judged")
    func mirrors() throws {
        let vault = try LayoutVault()
        let files = try vault.daily(1...28) { day in
            [
                "home/photos/IMG_%Y%m%d_101500.jpg", "home/papers/scan %Y-%m-%d.pdf",
                "home/Maildir/cur/%s.M\(day)P7.host,S=300:2,S", "nightly.0/localhost/home/photos/IMG_%Y%m%d_101500.jpg",
                "phone/DCIM/VID_%Y%m%d_120000.mp4", "nas/library/u1/%Y/%Y-%m-%d/IMG_\(2000 - day).jpg",
            ]
        }
        for name in ["new", "tmp"] {
            try FileManager.default.createDirectory(
                at: vault.url("home/Maildir/\(name)"), withIntermediateDirectories: true)
        }
        let dumps = try vault.daily(1...28) { _ in ["db/orders-%Y-%m-%d.dump"] }
        let outcome = try vault.judge(pagePolicy)
        expect(outcome, keeps: vault.keptDays(of: 1...28), of: dumps)
        for path in files.values.joined() where !path.hasPrefix("nas/") { #expect(!outcome.goes.contains(path)) }
        #expect(
            outcome.skipped("home/photos/" + vault.name("IMG_%Y%m%d_101500.jpg", daysAgo: 3))?.contains("picture")
                == true)
        #expect(outcome.skipped("home/Maildir") != nil && outcome.tool("nightly.0") != nil)
        #expect(outcome.series.keys.filter { !$0.hasPrefix("nas/") }.count == 1)
    }
}
