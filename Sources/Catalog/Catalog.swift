internal import Foundation
internal import Glibc
internal import GRDB
package import Model
internal import Synchronization

/// The database of what exists: a cache. Delete it, and only time is lost (invariant 10).
///
/// Present backups stand under their vault, place and name with an empty batch; trashed, purged and missing ones under
/// the batch they went into. A *place* is a directory that is looked at; its digest says whether it has to be read
/// again.
package final class Catalog: Sendable {
    private let database: Mutex<any DatabaseWriter>
    private let path: String
    private let damage = Atomic(false)
    package var file: Bytes { Bytes(path) }

    package var vaults: VaultTable { VaultTable(catalog: self) }
    package var places: PlaceTable { PlaceTable(catalog: self) }
    package var cleanups: CleanupTable { CleanupTable(catalog: self) }
    package var sizes: SizeTable { SizeTable(catalog: self) }

    var pool: any DatabaseWriter { database.withLock { $0 } }

    /// Damage was met in the file since it was opened: what is known since then is in memory, and whoever opens the
    /// file next sets it aside.
    package var isDamaged: Bool { damage.load(ordering: .relaxed) }

    /// Beside the catalog: who met damage in it leaves this for the next one to open it.
    package static let damagedSuffix = ".is-damaged"
    /// Beside the catalog: what undoes a change that was stopped half-way. It belongs to this very file.
    package static let journalSuffix = "-journal"
    private static let memory = ":memory:"

    /// Opens or makes `catalog.sqlite`. A file that is no database of ours is `.damaged`: set it aside and open again.
    package init(path: String) throws(Fault) {
        self.path = path
        guard access(path + Self.damagedSuffix, F_OK) != 0 else { throw Fault.damagedCatalog(path) }
        do {
            var configuration = GRDB.Configuration()
            configuration.busyMode = .timeout(10)
            configuration.prepareDatabase(Self.prepare)
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try Self.migrator.migrate(queue)
            database = Mutex(queue)
        } catch let error as DatabaseError {
            throw Fault.notOpened(error, path)
        } catch {
            throw Fault(.io, "could not open the catalog '\(path)': \(error)", path: Bytes(path))
        }
        let isNewer = (try? pool.read { try Self.migrator.hasBeenSuperseded($0) }) ?? false
        if isNewer {
            throw Fault(
                .failed, "the catalog '\(path)' was written by a newer version of Reprieve",
                hint: "use that version, or delete the file: it is only a cache", path: Bytes(path))
        }
    }

    /// Not WAL: that maps its index into memory, and where each write of a page needs new room (btrfs, thin disks) the
    /// kernel ends by SIGBUS whoever touches it on a full disk. A rollback journal only ever fails with an error.
    private static func prepare(_ db: Database) throws {
        // One of an older version is in WAL, and stays in it while others of that version have it open.
        do { try db.execute(sql: "PRAGMA journal_mode = TRUNCATE") } catch DatabaseError.SQLITE_BUSY {}
        try db.execute(sql: "PRAGMA synchronous = FULL")
    }

    /// One in memory, with what the file holds as far as that can be read: for deeds that must be done while its disk
    /// takes nothing.
    package convenience init(inMemoryAs path: String) throws(Fault) {
        try self.init(copying: { queue in
            var configuration = GRDB.Configuration()
            configuration.readonly = true
            // Where somebody writes, or was stopped writing, what the file holds is half a change.
            var journal = stat()
            guard stat(path + Self.journalSuffix, &journal) != 0 || journal.st_size == 0 else {
                throw DatabaseError(resultCode: .SQLITE_BUSY)
            }
            // Nothing is made beside it.
            let escaped = path.utf8.map { byte in
                byte < 0x80 && !"%?#".utf8.contains(byte) ? String(UnicodeScalar(byte)) : "%" + Bytes.hex(byte)
            }
            let file = try DatabaseQueue(path: "file:\(escaped.joined())?immutable=1", configuration: configuration)
            try file.backup(to: queue)
        })
    }

    /// The same of one that is open.
    package convenience init(inMemoryAs other: Catalog) throws(Fault) {
        try self.init(copying: { try other.pool.backup(to: $0) })
    }

    private init(copying copy: (DatabaseQueue) throws -> Void) throws(Fault) {
        path = Self.memory
        do {
            let queue = try DatabaseQueue()
            // Half a copy is none: all is looked at anew.
            do { try copy(queue) } catch { try queue.erase() }
            try Self.migrator.migrate(queue)
            database = Mutex(queue)
        } catch {
            throw Fault(.catalog, "could not make a catalog in memory: \(error)")
        }
    }

    /// Rows written through this catalog since it was opened.
    package func written() throws(Fault) -> Int { try write { $0.totalChangesCount } }

    /// What a command says that met the damage and went on.
    package var damageNotice: Fault { Fault.damagedCatalog(path) }

    private static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("places") { db in
            try db.execute(
                sql: """
                    CREATE TABLE vault (
                        id TEXT PRIMARY KEY, indexed INTEGER NOT NULL DEFAULT 0, unreconciled TEXT, watching TEXT,
                        read_as TEXT, present INTEGER, complete INTEGER
                    ) WITHOUT ROWID;
                    CREATE TABLE place (
                        vault TEXT NOT NULL, path BLOB NOT NULL, high INTEGER, low INTEGER, PRIMARY KEY (vault, path)
                    ) WITHOUT ROWID;
                    CREATE TABLE backup (
                        vault TEXT NOT NULL, batch TEXT NOT NULL, place BLOB NOT NULL, name BLOB NOT NULL,
                        id INTEGER NOT NULL, link INTEGER, series BLOB NOT NULL, state TEXT NOT NULL,
                        time INTEGER NOT NULL, time_source TEXT NOT NULL, kind TEXT NOT NULL, parent TEXT,
                        condition TEXT NOT NULL, note TEXT NOT NULL, end_mark TEXT NOT NULL, links INTEGER NOT NULL,
                        fingerprint INTEGER,
                        obstacle TEXT, object TEXT NOT NULL, inode INTEGER NOT NULL, is_directory INTEGER NOT NULL,
                        own_size INTEGER NOT NULL, mtime INTEGER NOT NULL, ctime INTEGER NOT NULL,
                        sides TEXT, size INTEGER NOT NULL, allocated INTEGER NOT NULL,
                        freed INTEGER, freed_is_at_least INTEGER,
                        mode INTEGER NOT NULL, uid INTEGER NOT NULL, gid INTEGER NOT NULL,
                        observed_since INTEGER NOT NULL, changed_boot INTEGER NOT NULL, changed_boot_id TEXT NOT NULL,
                        condemned_at INTEGER, earliest_purge INTEGER, protected TEXT,
                        PRIMARY KEY (vault, batch, place, name)
                    ) WITHOUT ROWID;
                    CREATE INDEX backup_trash ON backup (vault, state) WHERE batch <> '';
                    CREATE TABLE left_alone (
                        vault TEXT NOT NULL, place BLOB NOT NULL, path BLOB NOT NULL,
                        tool TEXT, prune TEXT, why TEXT NOT NULL, is_link INTEGER NOT NULL, target BLOB,
                        size INTEGER, newest INTEGER,
                        PRIMARY KEY (vault, place, path)
                    ) WITHOUT ROWID;
                    CREATE TABLE footer (vault TEXT NOT NULL, series BLOB NOT NULL, PRIMARY KEY (vault, series))
                        WITHOUT ROWID;
                    CREATE TABLE batch (
                        vault TEXT NOT NULL, name TEXT NOT NULL, manifest_hash TEXT NOT NULL,
                        seen_witnessed INTEGER NOT NULL, PRIMARY KEY (vault, name)
                    ) WITHOUT ROWID;
                    CREATE TABLE run (vault TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
                    CREATE TABLE run_series (
                        vault TEXT NOT NULL, series BLOB NOT NULL, newest INTEGER NOT NULL, PRIMARY KEY (vault, series)
                    ) WITHOUT ROWID;
                    CREATE TABLE restored (
                        vault TEXT NOT NULL, id INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (vault, id)
                    ) WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("contents") { db in
            try db.execute(
                sql: """
                    ALTER TABLE backup ADD COLUMN contents TEXT;
                    ALTER TABLE backup ADD COLUMN read_by INTEGER NOT NULL DEFAULT 0;
                    CREATE TABLE sign (
                        vault TEXT NOT NULL, series BLOB NOT NULL, name TEXT NOT NULL, since INTEGER NOT NULL,
                        PRIMARY KEY (vault, series, name)
                    ) WITHOUT ROWID;
                    INSERT INTO sign SELECT vault, series, 'footer', 0 FROM footer;
                    DROP TABLE footer;
                    """)
        }
        migrator.registerMigration("entries") { db in
            try db.execute(sql: "ALTER TABLE left_alone ADD COLUMN entries INTEGER NOT NULL DEFAULT 1")
        }
        migrator.registerMigration("sums") { db in
            try db.execute(sql: "ALTER TABLE backup ADD COLUMN sum INTEGER NOT NULL DEFAULT 0")
            let reader = RowReader(
                try db.cachedStatement(sql: "SELECT \(BackupRows.columns) FROM backup"), verifies: false)
            var backups: [Backup] = []
            while let backup = try reader.next(db) { backups.append(backup) }
            let statement = try db.cachedStatement(sql: BackupRows.replace)
            for backup in backups { try BackupRows(db: db).run(statement, backup) }
        }
        return migrator
    }()

    /// Runs a read; every error is a ``Fault``.
    func read<T>(_ body: (Database) throws -> T) throws(Fault) -> T {
        do { return try pool.read(body) } catch { throw wrap(error) }
    }

    func write<T>(_ body: (Database) throws -> T) throws(Fault) -> T {
        do { return try pool.write(body) } catch { throw wrap(error) }
    }

    private func wrap(_ error: any Error) -> Fault {
        if let fault = error as? Fault { return fault.code == .damaged ? leave() : fault }
        if let error = error as? DatabaseError {
            switch error.resultCode {
            case .SQLITE_BUSY: return Fault(.locked, "the catalog is busy", hint: "try again in a moment")
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: return leave()
            default: break
            }
        }
        return Fault(.catalog, "the catalog failed: \(error)")
    }

    /// The file is damaged. Others have it open too: it is set aside by whoever opens it next, and until then this
    /// process knows what it sees itself.
    private func leave() -> Fault {
        let fault = Fault.damagedCatalog(path)
        do {
            let empty = try DatabaseQueue()
            try Self.migrator.migrate(empty)
            let isFirst = database.withLock { database in
                // Several threads may meet it at once.
                guard !damage.exchange(true, ordering: .relaxed) else { return false }
                database = empty
                return true
            }
            guard isFirst, path != Self.memory else { return fault }
            let fd = open(path + Self.damagedSuffix, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
            if fd >= 0 { close(fd) }
            return fault
        } catch {
            return Fault(.catalog, "could not make a catalog in memory: \(error)")
        }
    }
}

extension Fault {
    fileprivate static func damagedCatalog(_ path: String) -> Fault {
        Fault(
            .damaged, "the catalog '\(path)' is damaged",
            hint: "nothing is lost: it is only a cache, and the next command makes it anew", path: Bytes(path))
    }

    fileprivate static func notOpened(_ error: DatabaseError, _ path: String) -> Fault {
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: damagedCatalog(path)
        // What cannot be opened, though it may be, is on a full disk: there is no room for what lies beside it.
        case .SQLITE_CANTOPEN where access(path, W_OK) == 0:
            Fault(.catalog, "could not open the catalog '\(path)': \(error)", path: Bytes(path))
        case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM:
            Fault(
                .permission, "could not open the catalog '\(path)': \(error.message ?? "no permission")",
                hint: "run it as the owner of the state directory, or give another one with --state-dir",
                path: Bytes(path))
        default: Fault(.catalog, "could not open the catalog '\(path)': \(error)", path: Bytes(path))
        }
    }
}

extension Bytes {
    var data: Data { Data(storage) }
}
