import Model
import Recognition
import Support
import Testing

@Suite("what is no backup")
struct LiveDataTests {
    @Test(
        "directories at work, and mirrors of such",
        arguments: [
            (["bin/", "etc/", "home/", "var/"], ["etc": ["hosts", "passwd"]], "a copy of a system"),
            (["passwd", "group", "shadow", "fstab"], [:], "a copy of a system's etc directory"),
            ([".bashrc", ".ssh/", "notes"], [:], "a home directory"),
            (["Desktop/", "Documents/", "Pictures/"], [:], "a home directory"),
            (["cur/", "new/", "tmp/"], [:], "a Maildir"), (["cur/", "new/"], [:], "a Maildir"),
            (["cur/", "tmp/"], [:], "a Maildir"), ([".git/", "README.md", "src/"], [:], "a work tree (.git)"),
            ([".hg/", "src/"], [:], "a work tree (.hg)"),
            (["README.txt", "conf/", "db/", "format", "hooks/", "locks/"], [:], "a Subversion repository"),
            (
                ["PG_VERSION", "base/", "global/", "pg_wal/", "postmaster.pid"], [:],
                "the data directory of a PostgreSQL server"
            ),
            (["ibdata1", "ib_logfile0", "mysql/"], [:], "the data directory of a MySQL or MariaDB server"),
            (["WiredTiger", "WiredTiger.lock", "mongod.lock"], [:], "the data directory of a MongoDB server"),
            (["member/"], ["member": ["snap", "wal"]], "the data directory of an etcd server"),
        ] as [([Bytes], [Bytes: [Bytes]], String)])
    func places(names: [Bytes], inside: [Bytes: [Bytes]], what: String) {
        let found = Layouts.ofPlaces.lazy.compactMap { $0.place(place(names, inside: inside)) }.first
        #expect(found == .notRecognised("\(what), not a backup; to count it all the same, name it with `include`"))
    }

    @Test("what a tool has left its record in is no live data")
    func backups() {
        #expect(Layouts.answers(place(["PG_VERSION", "base/", "global/", "pg_wal/", "backup_label"])).isEmpty)
        #expect(Layouts.answers(place(["PG_VERSION", "base/", "global/", "pg_wal/", "backup_manifest"])).isEmpty)
        #expect(Layouts.answers(place(["ibdata1", "ib_logfile0", "mysql/", "xtrabackup_checkpoints"])).isEmpty)
        #expect(Layouts.answers(place(["etc/", "db-2026-11-23.sql"], inside: ["etc": ["hosts"]])).isEmpty)
    }

    @Test("a vault that is the home of a user for backups is looked into")
    func homeOfVault() {
        let names: [Bytes] = [".bashrc", ".profile", ".ssh/", "db-2026-11-23.sql.gz"]
        #expect(Layouts.answers(place(names, at: "")).isEmpty)
        #expect(Layouts.answers(place(names, at: "home/me")).count == 1)
    }

    @Test(
        "files that their ending says are no backups, also with a date",
        arguments: [
            ("IMG_20261123_120000.jpg", "a picture"), ("IMG_20261123.HEIC", "a picture"), ("a.b.PNG", "a picture"),
            ("clip-2026-11-23.mp4", "a film"), ("memo 2026-11-23.m4a", "sound"), ("scan 2026-11-23.pdf", "a document"),
            ("report-2026-11-23.xlsx", "a document"), ("2026-11-23.md", "a document"), ("2026-11-23.eml", "a mail"),
            ("app_2026.11.23_amd64.deb", "a package"), ("x-2026.11.23-1-any.pkg.tar.zst", "a package"),
            ("tls-2026-11-23.pem", "a key or certificate"), ("migrate_20261123.py", "source code"),
            ("access.log-20261123.gz", "a log"), ("app.log.2026-11-23", "a log"), ("syslog.1", "a log"),
            ("syslog.2.gz", "a log"), ("messages-20261123", "a log"), ("backup.log.1", "a log"),
            ("1795914000.M1P7.host,S=300:2,S", "a mail"), ("1795914000.M1P7.host:2,", "a mail"),
        ] as [(Bytes, String)])
    func files(name: Bytes, what: String) {
        #expect(read([name]).why(name) == "\(what), not a backup; to count it all the same, name it with `include`")
    }

    @Test(
        "dumps, exports, archives, images of disks and databases are backups",
        arguments: [
            "a-2026-11-23.csv.gz", "a-2026-11-23.json.gz", "a-2026-11-23.sql", "a-2026-11-23.xml.gz",
            "a-2026-11-23.tar",
            "a-2026-11-23.bak", "a-2026-11-23.img", "a-2026-11-23.log.gz", "a-2026-11-23.qcow2", "a-2026-11-23.sqlite",
            "a-2026-11-23.db", "a-2026-11-23.iso", "a-2026-11-23.txt", "a-2026-11-23.csv", "a-2026-11-23.ldif",
            "a-2026-11-23", "a-2026-11-23.kdbx", "a-2026-11-23.html", "a-2026-11-23.mbox", "a-2026-11-23.conf",
            "jpg-2026-11-23.tar", "pdf-2026-11-23", "logs-20261123", "catalog-20261123.gz",
        ] as [Bytes])
    func kept(name: Bytes) {
        #expect(read([name]).unit(name) != nil)
    }

    @Test("a person's word comes first")
    func match() throws {
        let custom = try CustomRecogniser(#"IMG_(?<time>\d{8})_\d{6}\.jpg"#, .init())
        let reading = read(["IMG_20261123_120000.jpg"], by: Recognisers(custom: [custom]))
        #expect(reading.unit("IMG_20261123_120000.jpg") != nil)
    }

    @Test(
        "the storage system's own entries are left alone and not looked into",
        arguments: [
            "@eaDir", "@Recycle", "@Recently-Snapshot", "#recycle", "#snapshot", "~snapshot", ".snapshot", ".snapshots",
            ".zfs", ".stversions", "lost+found", "$RECYCLE.BIN", "System Volume Information", ".Trash-1000",
        ] as [Bytes])
    func storage(name: Bytes) {
        let reading = read([name + "/", "db-2026-11-23.sql.gz"])
        #expect(reading.descend.isEmpty && reading.why(name)?.contains("storage system") == true)
        #expect(reading.unit("db-2026-11-23.sql.gz") != nil)
    }

    @Test("names that only begin like the storage system's are ordinary")
    func notStorage() {
        let names: [Bytes] = ["@home", "#snapshots", "lost+found.old", "System", "~snap", "snapshot"]
        #expect(Set(read(names.map { $0 + "/" }).descend) == Set(names))
    }

    @Test(
        "WAL segments and binary logs are no backups, by their names and by mtime",
        arguments: [
            "000000010000000000000015", "0000000A000001B2000000FF.gz", "000000010000000000000015.partial",
            "00000002.history", "00000002.history.zst", "000000010000000000000015.00000028.backup",
            "000000010000000000000015.lz4", "000000010000000000000015.xz.gpg", "000000010000000000000015.ready",
            "000000010000000000000015-0123456789abcdef0123456789abcdef01234567.gz", "mysql-bin.000042",
            "mariadb-bin.000042.gz", "mysql-bin.000042.bz2", "binlog.1000000", "mysql-bin.index", "binlog.index",
            "mysql-bin.state",
        ] as [Bytes])
    func logs(name: Bytes) {
        for recognisers in [Recognisers.byName, .byMtime] {
            let reading = read([name, "other"], by: recognisers)
            #expect(reading.why(name)?.contains("roll forward") == true)
        }
    }

    @Test(
        "other names of digits are not taken for WAL or binary logs",
        arguments: [
            "507f1f77bcf86cd799439011", "202611230100000000000000", "00000001000000000000001", "00000001.tar",
            "000000010000000000000015.tar", "000000010000000000000015.0028.backup", "mysql-bin.00042", "mysql.000042",
            "index", ".index", "-bin.000001x", "0000000100000000000000150",
        ] as [Bytes])
    func noLogs(name: Bytes) {
        #expect(read([name, "other"]).why(name)?.contains("roll forward") != true)
    }

    @Test("binary logs under a name of the user's are told by their index")
    func ownName() {
        let reading = read(["master.000001", "master.000002", "master.index", "app.000001"])
        #expect(reading.why("master.000001")?.contains("binary log") == true)
        #expect(reading.why("app.000001")?.contains("binary log") != true)
    }

    @Test("a directory of nothing else is told once")
    func directoryOfLogs() {
        let wal: [Bytes] = [
            "000000010000000000000015", "000000010000000000000016.gz", "00000002.history", "archive_status/",
        ]
        #expect(Layouts.answers(place(wal)).count == 1)
        #expect(Layouts.answers(place(wal + ["db-2026-11-23.sql"])).isEmpty)
        #expect(Layouts.answers(place(["mysql-bin.000001", "mysql-bin.000002", "mysql-bin.index"])).count == 1)
        #expect(Layouts.answers(place(["archive_status/", "xlog.db", "summaries/"])).isEmpty)
    }
}
