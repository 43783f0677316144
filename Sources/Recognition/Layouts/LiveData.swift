internal import Model

/// Directories that are at work, or mirrors of such: a system, a home directory, mail, a work tree, the data of a
/// database server. What lies in them belongs together, and a date in one of their names makes no backup of it.
struct LiveData: Layout {
    let guide = LayoutGuide(
        tool: "live data", names: "`etc/passwd`, `.bashrc`, `cur/ new/ tmp/`, `.git/`, `PG_VERSION` with `pg_wal/`, …",
        kind: "left alone, unless `include` names it", chain: "none", complete: "not looked at", prunes: "nobody")

    static let how = "to count it all the same, name it with `include`"

    func place(_ place: PlaceNames) -> SkippedEntry.Why? {
        var what = Self.database(place) ?? Self.mail(place) ?? Self.system(place)
        // Whoever makes a vault of a home directory or a work tree keeps backups in it: the home of a user `backup`.
        if !place.directory.isEmpty { what = what ?? Self.workTree(place) ?? Self.home(place) }
        return what.map { .notRecognised("\($0), not a backup; \(Self.how)") }
    }

    private static func system(_ place: PlaceNames) -> String? {
        // A copy of `etc` alone, or a whole system.
        if place.has("passwd"), place.holds(2, of: ["group", "shadow", "fstab", "hosts", "hostname", "os-release"]) {
            return "a copy of a system's etc directory"
        }
        if place.hasDirectory("etc"), place.names(in: "etc").contains("passwd") { return "a copy of a system" }
        return place.holds(3, of: ["Windows", "Program Files", "ProgramData", "Users"]) ? "a copy of a system" : nil
    }

    private static let homeFiles: [Bytes] = [
        ".bashrc", ".profile", ".bash_profile", ".bash_logout", ".bash_history", ".zshrc", ".zsh_history", ".ssh",
        ".gnupg", ".config", ".cache", ".local", ".mozilla",
    ]
    private static let homeDirectories: [Bytes] = [
        "Desktop", "Documents", "Downloads", "Music", "Pictures", "Movies", "Videos", "Library",
    ]

    private static func home(_ place: PlaceNames) -> String? {
        place.holds(2, of: homeFiles) || place.holds(3, of: homeDirectories) || place.has("NTUSER.DAT")
            ? "a home directory" : nil
    }

    private static func mail(_ place: PlaceNames) -> String? {
        place.hasDirectory("cur") && place.hasDirectory("new")
            || place.has("tmp") && (place.hasDirectory("cur") || place.hasDirectory("new")) && place.names.count == 2
            ? "a Maildir" : nil
    }

    private static let versionControl: [Bytes] = [".git", ".hg", ".svn", ".bzr", "_darcs", "CVS"]

    private static func workTree(_ place: PlaceNames) -> String? {
        if let found = versionControl.first(where: place.has) { return "a work tree (\(found.display))" }
        // A Subversion repository, as its server has it.
        return place.holds(4, of: ["conf", "db", "hooks", "locks", "format"]) && place.hasDirectory("db")
            ? "a Subversion repository" : nil
    }

    /// A backup of one has a file of the tool that made it.
    private static func database(_ place: PlaceNames) -> String? {
        if place.has("PG_VERSION"), place.holds(2, of: ["pg_wal", "pg_xlog", "global", "base", "postmaster.pid"]) {
            return place.holds(1, of: ["backup_label", "backup_manifest"])
                ? nil : "the data directory of a PostgreSQL server"
        }
        if place.has("ibdata1"), place.holds(2, of: mysql) {
            return place.holds(
                1, of: XtraBackup.checkpoints + ["xtrabackup_info", "mariadb_backup_info", "backup-my.cnf"])
                ? nil : "the data directory of a MySQL or MariaDB server"
        }
        if place.has("WiredTiger"),
            place.holds(2, of: ["WiredTiger.lock", "mongod.lock", "journal", "diagnostic.data"])
        {
            return "the data directory of a MongoDB server"
        }
        if place.hasDirectory("member"), Set(place.names(in: "member")).isSuperset(of: ["snap", "wal"]) {
            return "the data directory of an etcd server"
        }
        return place.has("dump.rdb") && place.hasDirectory("appendonlydir")
            ? "the data directory of a Redis server" : nil
    }

    private static let mysql: [Bytes] = [
        "ib_logfile0", "#innodb_redo", "mysql", "performance_schema", "aria_log_control", "auto.cnf", "mysql.ibd",
        "undo_001", "undo001",
    ]
}
