import Model
import Recognition
import Support
import Testing

@Suite("repositories")
struct RepositoryTests {
    /// A tool's directory by its documented names.
    struct Example: Sendable, CustomTestStringConvertible {
        var tool: String
        var names: [Bytes]
        var at: Bytes = "d"
        var inside: [Bytes: [Bytes]] = [:]
        var texts: [Bytes: String] = [:]
        /// Names without which it is this tool's no more: nothing else gives it away.
        var only: Set<Bytes> = []

        var testDescription: String { "\(tool): \(names.prefix(8).map(\.display).joined(separator: " "))" }

        func place(without missing: Bytes? = nil) -> PlaceNames {
            RecognitionTests.place(names.filter { $0 != missing }, at: at, inside: inside, texts: texts)
        }
    }

    static let hexadecimal: [Bytes] = (0..<256).map { Bytes(Bytes.hex(UInt8($0))) }
    static let hash = Bytes(String(repeating: "0123456789abcdef", count: 4))

    static let examples: [Example] = [
        Example(
            tool: "restic", names: ["config", "data/", "index/", "keys/", "locks/", "snapshots/"],
            inside: ["data": hexadecimal]),
        Example(
            tool: "borg", names: ["README", "config", "data/", "hints.5", "index.5", "integrity.5", "nonce"],
            texts: ["README": "This is a Borg Backup repository.\n", "config": "[repository]\nappend_only = 0\n"]),
        Example(  // 1.0, without `integrity`
            tool: "borg", names: ["README", "config", "data/", "hints.5", "index.5"],
            texts: ["README": "This is a Borg Backup repository.\n", "config": "[repository]\nappend_only = 0\n"]),
        Example(
            tool: "attic", names: ["README", "config", "data/", "hints.5", "index.5"],
            texts: ["README": "This is an Attic repository\n", "config": "[repository]\nversion = 1\n"]),
        Example(
            tool: "Borg 2 repository", names: ["archives/", "cache/", "config/", "data/", "keys/", "locks/"],
            inside: ["config": ["readme", "id", "version", "manifest"]]),
        Example(
            tool: "Borg 2 repository",
            names: ["archives/", "cache/", "config/", "index/", "keys/", "locks/", "packs/"],
            inside: ["config": ["readme", "id", "version", "manifest"]]),
        Example(tool: "kopia", names: ["kopia.repository.f", "kopia.blobcfg.f", ".shards", "p/", "q/", "x/", "_/"]),
        Example(tool: "kopia", names: ["kopia.repository", "kopia.maintenance", "p0123456789abcdef"]),
        Example(tool: "Proxmox datastore", names: [".chunks/", ".lock", ".gc-status", "vm/", "ct/", "host/"]),
        Example(
            tool: "Proxmox Backup Server snapshot",
            names: ["index.json.blob", "drive-scsi0.img.fidx", "qemu-server.conf.blob", "client.log.blob"]),
        Example(
            tool: "pgBackRest",
            names: [
                "backup.info", "backup.info.copy", "backup.history/", "20240101-010101F/",
                "20240101-010101F_20240102-010101D/", "latest",
            ]),
        Example(tool: "pgBackRest", names: ["archive.info", "archive.info.copy", "16-1/"]),
        Example(
            tool: "pgBackRest", names: ["backup.manifest", "backup.manifest.copy", "pg_data/", "bundle/"],
            at: "main/20240101-010101F"),
        Example(
            tool: "barman",
            names: ["base/", "wals/", "streaming/", "incoming/", "errors/", "meta/", "identity.json"]),
        Example(tool: "barman", names: ["base/", "wals/", "streaming/", "incoming/", "errors/", "identity.json"]),
        Example(
            tool: "barman", names: ["backup.info", "data/", "16387/"], at: "base/20261123T010000",
            texts: ["backup.info": "backup_label=None\nbegin_wal=000000010000000000000015\nstatus=DONE\n"],
            only: ["backup.info"]),
        Example(tool: "barman", names: ["20261123T010000-backup.info", "20261124T010000-backup.info"], at: "pg/meta"),
        Example(tool: "WAL-G or WAL-E repository", names: ["basebackups_005/", "wal_005/"]),
        Example(
            tool: "WAL-G or WAL-E repository",
            names: [
                "base_000000010000000000000003/", "base_000000010000000000000003_backup_stop_sentinel.json",
                "base_000000010000000000000009_D_000000010000000000000003/",
                "base_000000010000000000000009_D_000000010000000000000003_backup_stop_sentinel.json",
            ]),
        Example(
            tool: "pg_probackup", names: ["pg_probackup.conf", "SCUN6L/", "SCWB0Q/"],
            inside: ["SCUN6L": ["backup.control"], "SCWB0Q": ["backup.control"]]),
        Example(
            tool: "pg_probackup", names: ["backup.control", "backup_content.control", "database/"], at: "b/SCUN6L"),
        Example(
            tool: "duplicati",
            names: [
                "duplicati-20261123T010000Z.dlist.zip.aes", "duplicati-b0123456789abcdef.dblock.zip.aes",
                "duplicati-i0123456789abcdef.dindex.zip.aes",
            ]),
        Example(tool: "duplicati", names: ["my-20261123T010000Z.dlist.7z", "my-bab.dblock.7z", "my-iab.dindex.7z"]),
        Example(
            tool: "duplicacy", names: ["config", "chunks/", "snapshots/", "fossils/"], inside: ["chunks": hexadecimal],
            only: ["chunks/"]),
        Example(
            tool: "rdiff-backup", names: ["rdiff-backup-data/", "photos/", "notes.txt"], only: ["rdiff-backup-data/"]),
        Example(
            tool: "rdiff-backup",
            names: [
                "current_mirror.2026-11-29T01:00:00Z.data", "mirror_metadata.2026-11-29T01:00:00Z.snapshot.gz",
                "increments/", "session_statistics.2026-11-29T01:00:00Z.data",
            ], at: "www/rdiff-backup-data"),
        Example(
            tool: "git or bup repository",
            names: ["HEAD", "config", "description", "hooks/", "info/", "objects/", "refs/", "packed-refs"]),
        Example(tool: "bup", names: ["HEAD", "config", "objects/", "refs/", "bupindex", "bupindex.hlink"]),
        Example(
            tool: "zbackup", names: ["backups/", "bundles/", "index/", "info", "info_extended"],
            inside: ["index": [Bytes(String(repeating: "0a", count: 24))]]),
        Example(
            tool: "bupstash",
            names: ["data/", "items/", "meta/", "wal/", "repo.oplog", "repo.lock", "tx.lock", "tx.seq"]),
        Example(tool: "bupstash", names: ["bupstash.sqlite3", "data/", "repo.lock", "storage-engine.json"]),
        Example(tool: "plakar", names: ["CONFIG", "states/", "packfiles/", "locks/"]),
        Example(
            tool: "UrBackup", names: ["261123-0100/", "261124-0100/", "current", ".directory_pool/"],
            inside: ["261123-0100": [".hashes"], "261124-0100": [".hashes"]]),
        Example(tool: "UrBackup", names: ["261123-0100_Image_C/", "261124-0100_Image_C/"]),
        Example(tool: "UrBackup", names: [".hashes/", "C/"], at: "pc/261123-0100", only: [".hashes/"]),
        Example(tool: "BackupPC", names: ["cpool/", "pool/", "pc/", "log/", "trash/"]),
        Example(
            tool: "BackupPC", names: ["backups", "backups.old", "LOCK", "XferLOG.0.z", "0/", "1/", "refCnt/"],
            at: "pc/host"),
        Example(tool: "Bacula or Bareos volume", names: ["Full-0001", "Incremental-0002", "Differential-0003"]),
        Example(tool: "burp", names: ["0000001 2026-11-22 01:00:00/", "0000002 2026-11-23 01:00:00/", "current"]),
        Example(
            tool: "burp", names: ["manifest.gz", "timestamp", "backup_stats", "log.gz", "data/"],
            at: "c/0000001 2026-11-22 01:00:00"),
        Example(
            tool: "Velero backup",
            names: [
                "velero-backup.json", "daily-20261123010000.tar.gz", "daily-20261123010000-logs.gz",
                "daily-20261123010000-podvolumebackups.json.gz", "daily-20261123010000-resource-list.json.gz",
            ]),
        Example(
            tool: "Elasticsearch repository",
            names: [
                "index-12", "index.latest", "indices/", "snap-xPS4eJ0lQ5uB0FyQOAGhvg.dat",
                "meta-xPS4eJ0lQ5uB0FyQOAGhvg.dat",
            ]),
        Example(tool: "sparse bundle", names: ["Info.plist", "Info.bckup", "bands/", "token"]),
        Example(
            tool: "Hyper Backup",
            names: ["Config/", "Control/", "Guard/", "Pool/", "_Syno_TaskConfig", "SynologyHyperBackup.bkpi"]),
        Example(
            tool: "Timeshift",
            names: ["snapshots/", "snapshots-boot/", "snapshots-daily/", "snapshots-weekly/", "snapshots-ondemand/"]),
        Example(
            tool: "Timeshift", names: ["info.json", "localhost/", "exclude.list", "rsync-log"],
            at: "snapshots/2026-11-23_01-00-01", only: ["localhost/"]),
        Example(
            tool: "snapper snapshot", names: ["info.xml", "snapshot/", "filelist-11.txt"], at: ".snapshots/12",
            texts: ["info.xml": "<?xml version=\"1.0\"?>\n<snapshot>\n<type>single</type>"], only: ["info.xml"]),
        Example(tool: "gocryptfs tree", names: ["gocryptfs.conf", "gocryptfs.diriv", "9Xz_2w7k3pQ"]),
        Example(tool: "EncFS tree", names: [".encfs6.xml", "hW,3kz7"], only: [".encfs6.xml"]),
        Example(tool: "CryFS tree", names: ["cryfs.config", "0A1/", "FFE/"], only: ["cryfs.config"]),
        Example(tool: "Cryptomator vault", names: ["masterkey.cryptomator", "vault.cryptomator", "d/"]),
        Example(
            tool: "tree of encrypted names, such as of rclone crypt",
            names: [
                "o3ma72he5fkn6dr3ii2nd4kb0s/", "4v2f0l9h6q3c8n1t7r5m0kdj2o/", "p1i9u8s7a6b5c4d3e2f1g0hvtk/",
                "0q8e7j6k5l4m3n2o1p0avbtcsd", "9tbn5g1k2h3j4l5m6n7o8pqrsv/",
            ]),
        Example(tool: "store of an unknown tool (names are hashes)", names: hexadecimal.map { $0 + "/" }),
        Example(
            tool: "store of an unknown tool (names are hashes)",
            names: hexadecimal.map { $0 + hash.dropLast(2) } + ["README"]),
    ]

    @Test("a tool's directory is told by its documented names, and by no other tool", arguments: examples)
    func whole(example: Example) {
        let answers = Layouts.ofPlaces.compactMap { $0.place(example.place())?.tool }
        #expect(answers == [example.tool])
    }

    @Test("it is told, and by the same name, without any one of them", arguments: examples)
    func withoutOne(example: Example) {
        for name in example.names where !example.only.contains(name) {
            let answers = Layouts.ofPlaces.compactMap { $0.place(example.place(without: name))?.tool }
            #expect(answers == [example.tool], "without \(name.display)")
        }
    }

    @Test("it is told as the vault's root, and beside other files", arguments: examples)
    func root(example: Example) {
        guard example.at == "d" else { return }
        var root = example
        root.at = ""
        #expect(Layouts.ofPlaces.lazy.compactMap { $0.place(root.place())?.tool }.first == example.tool)
    }

    @Test("without README and without a readable configuration, Borg and Attic are not told apart")
    func borgOrAttic() {
        let found = Layouts.ofPlaces.compactMap { $0.place(place(["config", "data/", "hints.5", "index.5"]))?.tool }
        #expect(found == ["Borg or Attic repository"])
    }

    @Test("barman's backup.info and pgBackRest's are told apart by what they say")
    func backupInfo() {
        func tools(_ text: String, _ names: [Bytes] = ["backup.info", "data/"]) -> [String] {
            Layouts.ofPlaces.compactMap { $0.place(place(names, texts: ["backup.info": text]))?.tool }
        }
        #expect(tools("begin_wal=1\nstatus=DONE\n") == ["barman"])
        #expect(tools("[backrest]\nbackrest-format=5\n\n[backup:current]\n") == ["pgBackRest"])
        #expect(tools("nobody's").isEmpty)
        #expect(tools("\u{0}\u{1}").isEmpty)
        #expect(tools("").isEmpty)
    }

    @Test(
        "barman's base backups are told by what is in them, where only one sign is left beside",
        arguments: [
            (["base/", "meta/"], ["base": ["20261123T010000"]], [:]),
            (["base/", "meta/"], ["meta": ["20261123T010000-backup.info", "20261123T010000-keep"]], [:]),
            (["base/", "identity.json"], [:], ["identity.json": "{\"systemid\": \"7\", \"version\": \"16\"}"]),
            (["base/", "identity.json"], ["base": ["20261123T010000"]], [:]),
        ] as [([Bytes], [Bytes: [Bytes]], [Bytes: String])])
    func barmanInPart(names: [Bytes], inside: [Bytes: [Bytes]], texts: [Bytes: String]) {
        func tools(_ inside: [Bytes: [Bytes]], _ texts: [Bytes: String]) -> [String] {
            Layouts.ofPlaces.compactMap { $0.place(place(names, inside: inside, texts: texts))?.tool }
        }
        #expect(tools(inside, texts) == ["barman"])
        #expect(tools([:], [:]).isEmpty)
        #expect(tools(["base": ["2026-11-23", "notes"], "meta": ["a.json"]], ["identity.json": "{}"]).isEmpty)
    }

    @Test(
        "zbackup is told by what is in its directories, where its other files are gone",
        arguments: [
            (["backups/", "bundles/", "index/"], ["bundles": ["0a", "ff"]]),
            (["backups/", "bundles/", "index/"], ["index": [Bytes(String(repeating: "0a", count: 24))]]),
            (["backups/", "index/", "info"], ["index": [Bytes(String(repeating: "0a", count: 24))]]),
            (["backups/", "index/", "info_extended"], [:]), (["backups/", "index/", "info", "info_extended"], [:]),
        ] as [([Bytes], [Bytes: [Bytes]])])
    func zbackupInPart(names: [Bytes], inside: [Bytes: [Bytes]]) {
        #expect(Layouts.ofPlaces.compactMap { $0.place(place(names, inside: inside))?.tool } == ["zbackup"])
        #expect(Layouts.answers(place(["backups/", "bundles/", "index/"], inside: ["index": ["a.html"]])).isEmpty)
        #expect(Layouts.answers(place(["backups/", "index/", "info"])).isEmpty)
    }

    @Test("a volume of Bacula's never goes, whatever its label (the first block as `block_util.c` writes it)")
    func baculaVolume() {
        let head: [UInt8] =
            [1, 2, 3, 4, 0, 0, 0, 230, 0, 0, 0, 1] + Array("BB02".utf8) + [UInt8](repeating: 0, count: 230)
        let found = Layouts.read(MadeContents.file("Vol-20261123", head: head))
        #expect(found?.protectedBy?.contains("bconsole") == true && found?.said != nil)
        #expect(found?.outcome == .unsaid && found?.kind == nil)
        for cut in 0..<24 { #expect(Layouts.read(MadeContents.file("Vol-20261123", head: Array(head[..<cut]))) == nil) }
        for (at, byte) in [(12, UInt8(0x41)), (4, 0xFF), (7, 1)] {
            var other = head
            other[at] = byte
            #expect(Layouts.read(MadeContents.file("Vol-20261123", head: other)) == nil)
        }
        #expect(read(["Vol-20261123"]).units.count == 1)
    }

    @Test("backups and WAL of the same instances are pg_probackup's; of others they are a person's")
    func proBackup() {
        func tools(_ wal: [Bytes]) -> [String] {
            let found = place(["backups/", "wal/"], inside: ["backups": ["main", "test"], "wal": wal])
            return Layouts.ofPlaces.compactMap { $0.place(found)?.tool }
        }
        #expect(tools(["test", "main"]) == ["pg_probackup"])
        #expect(tools(["main"]).isEmpty)
        #expect(tools([]).isEmpty)
    }

    @Test(
        "ordinary directories are nobody's",
        arguments: [
            [], ["config", "data/"], ["README", "config", "data/"], ["config/", "data/", "index/"],
            ["archive/", "backup/"], ["backups/", "wal/"], ["backups/", "restic/"], ["base/", "inc1/", "inc2/"],
            ["base/", "meta/"], ["data/", "meta/", "wal.tar"], ["full/", "inc/"], ["daily/", "weekly/", "monthly/"],
            ["index.12", "notes"], ["index.html", "indices/"], ["index-2026.tar", "indices/"], ["indices/"],
            ["index-5", "snap-2026-11-23.dat"], ["info", "index/"], ["pool/", "dists/"], ["snapshots/", "scripts/"],
            ["snapshots-daily/"], ["db-2026-11-22.sql.gz", "db-2026-11-23.sql.gz"], ["HEAD", "config"],
            ["states/", "locks/"], ["wal_004/", "wal_005/", "wal_006/"], ["Full/", "Incremental/"],
            ["backup.info", "data/"], ["timestamp", "log.gz"], ["Info.plist", "Status.plist", "Manifest.db"],
            ["localhost/"], ["Config/", "Control/"], ["objects/", "refs/"], ["cur.tar", "new.tar"],
            ["etc.tar", "home/"],
            ["2023/", "2024/", "2025/", "2026/"], ["keys/", "data/", "config"],
            ["backup_label", "base/", "PG_VERSION"],
            (1...31).map { Bytes($0 < 10 ? "0\($0)/" : "\($0)/") },
            (0...23).map { Bytes($0 < 10 ? "0\($0)/" : "\($0)/") },
            (2000...2030).map { Bytes("\($0)/") }, (1001...1040).map { Bytes("\($0)/") },
        ] as [[Bytes]])
    func ordinary(names: [Bytes]) {
        #expect(Layouts.answers(place(names)).isEmpty)
    }

    @Test("a backup of a telephone fans out too, and is whole in itself")
    func phone() {
        let names = Self.hexadecimal.map { $0 + "/" } + ["Manifest.db", "Status.plist", "Info.plist"]
        #expect(Layouts.answers(place(names)).isEmpty)
    }

    @Test("where hashes lie among other files, only they are left alone")
    func mixed() {
        let dumps: [Bytes] = (10..<40).map { Bytes("db-2026-11-\($0 % 20 + 10).sql.\($0)") }
        let hashes: [Bytes] = Self.hexadecimal.prefix(20).map { $0 + Self.hash.dropLast(2) }
        #expect(Layouts.answers(place(dumps + hashes)).isEmpty)
        let reading = read(hashes + ["db-2026-11-23.sql"])
        #expect(reading.skippedEntries.count == 20 && reading.units.map(\.name) == ["db-2026-11-23.sql"])
        #expect(read(Array(hashes.prefix(3))).skippedEntries.allSatisfy { $0.why.tool == nil })
    }

    @Test(
        "files and directories that their own name gives away",
        arguments: [
            ("a.zpaq", "zpaq archive"), ("a-2026-11-23.zpaq", "zpaq archive"),
            ("A0AF1234A0AF1234-01-01.mrimg", "Macrium Reflect image"), ("x.mrbakx", "Macrium Reflect image"),
            ("J.vbm", "Veeam backup chain"),
            ("Full-0001", "Bacula or Bareos volume"), ("Vol-0042", "Bacula or Bareos volume"),
            ("duplicati-20261123T010000Z.dlist.zip.aes", "duplicati"), ("x-b12.dblock.zip", "duplicati"),
            ("nas.hbk/", "Hyper Backup"), ("mac.sparsebundle/", "sparse bundle"),
            ("mac.backupbundle/", "sparse bundle"),
            ("Backups.backupdb/", "Time Machine backups"), ("daily.0/", "rsnapshot"), ("alpha.12/", "rsnapshot"),
            ("app.1/", nil), ("daily/", nil), ("daily.0", nil), ("2026-11-23.0/", nil), ("app-1.0/", nil),
            ("full-0001.tar", nil), ("Fuller-0001", nil), ("a.zpaq/", nil), (".zip", nil),
            ("dlist.zip", nil), ("db-2026-11-23.zip", nil), ("x.mrimg.md5", nil),
        ] as [(Bytes, String?)])
    func byName(name: Bytes, tool: String?) {
        let reading = read([name, "db-2026-11-23.sql.gz"])
        let bare = name.hasSuffix("/") ? name.dropLast(1) : name
        #expect(reading.skippedEntries.first { $0.name == bare }?.why.tool == tool)
        #expect(reading.unit("db-2026-11-23.sql.gz") != nil)
    }

    @Test("directories that are renamed at each run, after the first one and later")
    func rotated() {
        let tool = "directory rotated by name, as by rsnapshot"
        func tools(_ names: [Bytes]) -> [String?] { read(names).skippedEntries.map(\.why.tool) }
        #expect(tools(["nightly.0/"]) == [tool])
        #expect(tools(["nightly.0/", "nightly.1/", "nightly.2/"]) == [tool, tool, tool])
        #expect(tools(["web-1.0/", "web-1.1/"]) == [tool, tool])
        #expect(tools(["nightly.1/", "nightly.2/"]).isEmpty)
        #expect(tools(["web-1.0/"]).isEmpty)
        #expect(tools(["2026-11-23.0/", "2026-11-23.1/"]).isEmpty)
    }

    @Test("names and small files of any bytes are read without harm")
    func hostile() {
        var seed: UInt64 = 42
        func next(_ most: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % most
        }
        let pieces: [Bytes] = [
            "index.", "hints.", "backup.info", "-backup.info", ".dlist.zip", ".aes", "Full-", "0001", ".index", "-bin.",
            "000000010000000000000001", ".partial", ".0", "_Image_", "261123-0100", "", ".log", ".gz", ":2,", "\u{0}",
            "20240101-010101F", "_", "snap-", ".dat", "XferLOG.", ".", "..", "é", Bytes([0xFF, 0xFE]),
            "99999999999999999999",
        ]
        for _ in 0..<500 {
            let names = (0..<next(6)).map { _ in
                (0..<next(5)).map { _ in pieces[next(pieces.count)] }.reduce(Bytes(), +)
            }
            let texts = Dictionary(names.map { ($0, "\u{0}=\n=[") }) { first, _ in first }
            let directories = names.map { next(2) == 0 ? $0 : $0 + "/" }
            _ = Layouts.answers(place(directories, texts: texts))
            _ = read(directories.filter { !$0.isEmpty && $0 != "/" })
        }
    }
}
