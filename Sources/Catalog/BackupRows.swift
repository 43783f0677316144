internal import Foundation
internal import GRDB
internal import GRDBSQLite
internal import Model

/// The table `backup`, within one transaction.
struct BackupRows {
    let db: Database

    static let columns = """
        vault, batch, place, name, id, link, series, state, time, time_source, kind, parent, condition, note, end_mark,
        links, obstacle, object, inode, is_directory, own_size, mtime, ctime, sides, size, allocated, freed,
        freed_is_at_least, mode, uid, gid, observed_since, changed_boot, changed_boot_id, condemned_at, earliest_purge,
        protected, fingerprint, contents, read_by, sum
        """
    /// The columns that the last one is the checksum of.
    static let summed: Int32 = 40
    private static let values = Array(repeating: "?", count: Int(summed) + 1).joined(separator: ",")

    static let replace = "INSERT OR REPLACE INTO backup (\(columns)) VALUES (\(values))"
    static let insert = "INSERT OR IGNORE INTO backup (\(columns)) VALUES (\(values))"

    /// Runs one of the two statements above. The values are bound by hand: `StatementArguments` costs 5 µs for this
    /// many, and a first index has hundreds of thousands of rows.
    func run(_ statement: Statement, _ b: Backup) throws {
        var binder = Binder(statement: statement.sqliteStatement)
        let own = b.primary
        binder.bind(b.vault.text)
        binder.bind(b.trashed?.batch ?? "")
        binder.bindSplit(b.path)
        binder.bind(Int64(bitPattern: b.id.object))
        binder.bind(b.id.link.map { Int64($0) })
        binder.bind(b.series)
        binder.bind(b.state.rawValue)
        binder.bind(b.time.nanoseconds)
        binder.bind(b.timeSource.rawValue)
        binder.bind(b.kind.rawValue)
        binder.bind(b.parent?.text)
        binder.bind(b.condition.rawValue)
        binder.bind(b.note)
        binder.bind(b.endMark.rawValue)
        binder.bind(Int64(b.links))
        binder.bind(b.obstacle)
        binder.bind(own.object.text)
        binder.bind(Int64(bitPattern: own.inode))
        binder.bind(own.isDirectory ? 1 : 0 as Int64)
        binder.bind(own.size)
        binder.bind(own.mtime.nanoseconds)
        binder.bind(own.ctime.nanoseconds)
        binder.bind(b.members.count > 1 ? try Side.text(of: b.members.dropFirst()) : nil)
        binder.bind(b.size)
        binder.bind(b.allocated)
        binder.bind(b.freed?.bytes)
        binder.bind(b.freed.map { $0.isAtLeast ? 1 : 0 as Int64 })
        binder.bind(Int64(b.mode))
        binder.bind(Int64(b.uid))
        binder.bind(Int64(b.gid))
        binder.bind(b.observedSince.nanoseconds)
        binder.bind(b.changedBoot)
        binder.bind(b.changedBootID)
        binder.bind(b.trashed?.condemnedAt.nanoseconds)
        binder.bind(b.trashed?.earliestPurge.nanoseconds)
        binder.bind(b.protectedBy)
        binder.bind(b.fingerprint)
        binder.bind(b.contents?.text)
        binder.bind(b.readBy)
        binder.bind(Int64(bitPattern: binder.sum.value))
        try binder.step(db)
    }

    /// Moves the row of a present backup into its batch. `false`: there is none of this object.
    func move(_ b: Backup) throws -> Bool {
        guard let trashed = b.trashed else { return false }
        let statement = try db.cachedStatement(
            sql: """
                UPDATE OR REPLACE backup SET batch = ?, state = ?, condemned_at = ?, earliest_purge = ?
                WHERE vault = ? AND batch = '' AND place = ? AND name = ? AND object = ?
                """)
        var binder = Binder(statement: statement.sqliteStatement)
        binder.bind(trashed.batch)
        binder.bind(b.state.rawValue)
        binder.bind(trashed.condemnedAt.nanoseconds)
        binder.bind(trashed.earliestPurge.nanoseconds)
        binder.bind(b.vault.text)
        binder.bindSplit(b.path)
        binder.bind(b.object.text)
        try binder.step(db)
        return db.changesCount > 0
    }

    func delete(_ vault: VaultID, batch: String, _ path: Bytes) throws {
        try db.cachedStatement(sql: "DELETE FROM backup WHERE vault = ? AND batch = ? AND place = ? AND name = ?")
            .execute(arguments: [vault.text, batch, path.parent.data, path.lastComponent.data])
    }

    // MARK: Reading

    func row(_ vault: VaultID, batch: String, _ path: Bytes) throws -> Backup? {
        let statement = try db.cachedStatement(
            sql: "SELECT \(Self.columns) FROM backup WHERE vault = ? AND batch = ? AND place = ? AND name = ?")
        try statement.setArguments([vault.text, batch, path.parent.data, path.lastComponent.data])
        let reader = RowReader(statement)
        return try reader.only(db)
    }

    func all(where condition: String, _ arguments: StatementArguments) throws -> [Backup] {
        let statement = try db.cachedStatement(sql: "SELECT \(Self.columns) FROM backup WHERE \(condition)")
        try statement.setArguments(arguments)
        var found: [Backup] = []
        let reader = RowReader(statement)
        while let backup = try reader.next(db) { found.append(backup) }
        return found
    }
}

/// Reads rows of ``BackupRows/columns``. Values that repeat from row to row (series, boot id) are kept once.
final class RowReader {
    private let statement: SQLiteStatement
    private let verifies: Bool
    private var place = Bytes()
    private var series = Bytes()
    private var vault = VaultID(text: "")
    private var vaultText = ""
    private var bootID = ""
    private var note = ""

    /// `verifies`: a row whose checksum is not its own is damage.
    init(_ statement: Statement, verifies: Bool = true) {
        self.statement = statement.sqliteStatement
        self.verifies = verifies
    }

    /// The only row there is, or `nil`; the statement rests afterwards.
    func only(_ db: Database) throws -> Backup? {
        defer { sqlite3_reset(statement) }
        return try next(db)
    }

    /// `nil` after the last row.
    func next(_ db: Database) throws -> Backup? {
        switch sqlite3_step(statement) {
        case SQLITE_ROW: return try row()
        case SQLITE_DONE:
            sqlite3_reset(statement)
            return nil
        default: throw DatabaseError(resultCode: db.lastErrorCode, message: db.lastErrorMessage)
        }
    }

    private func row() throws -> Backup {
        guard !verifies || sum == int(BackupRows.summed) else {
            throw Fault(.damaged, "a row of the catalog is not as it was written")
        }
        keep(0, &vaultText)
        if vault.text != vaultText { vault = VaultID(text: vaultText) }
        keep(2, &place)
        keep(6, &series)
        keep(13, &note)
        keep(33, &bootID)
        let own = Backup.Member(
            path: place.appending(blob(3)), object: ObjectID(text: text(17)),
            inode: UInt64(bitPattern: int(18)), isDirectory: int(19) != 0, size: int(20),
            mtime: Timestamp(nanoseconds: int(21)), ctime: Timestamp(nanoseconds: int(22)))
        var members = [own]
        if !isNull(23) {
            guard let sides = try? Side.members(text(23)) else {
                throw Fault(.damaged, "the catalog has side files that cannot be read")
            }
            members += sides
        }
        var backup = Backup(
            id: BackupID(
                object: UInt64(bitPattern: int(4)),
                link: isNull(5) ? nil : UInt16(truncatingIfNeeded: int(5))),
            vault: vault, series: series, members: members, time: Timestamp(nanoseconds: int(8)),
            timeSource: try word(9), condition: try word(12), note: note, size: int(24), allocated: int(25),
            mode: UInt32(truncatingIfNeeded: int(28)), uid: UInt32(truncatingIfNeeded: int(29)),
            gid: UInt32(truncatingIfNeeded: int(30)), observedSince: Timestamp(nanoseconds: int(31)),
            changedBoot: int(32), changedBootID: bootID)
        backup.kind = try word(10)
        if !isNull(11) { backup.parent = BackupID(text: text(11)) }
        backup.state = try word(7)
        backup.endMark = try word(14)
        backup.links = UInt32(truncatingIfNeeded: int(15))
        if !isNull(16) { backup.obstacle = text(16) }
        if !isNull(26) { backup.freed = .init(bytes: int(26), isAtLeast: int(27) != 0) }
        if !isNull(36) { backup.protectedBy = text(36) }
        if !isNull(37) { backup.fingerprint = int(37) }
        if !isNull(38) { backup.contents = Contents(text: text(38)) }
        backup.readBy = int(39)
        if sqlite3_column_bytes(statement, 1) > 0 {
            backup.trashed = .init(
                batch: text(1), condemnedAt: Timestamp(nanoseconds: int(34)),
                earliestPurge: Timestamp(nanoseconds: isNull(35) ? .max : int(35)))
        }
        return backup
    }

    private var sum: Int64 {
        var sum = RowSum()
        for column in 0..<BackupRows.summed {
            switch sqlite3_column_type(statement, column) {
            case SQLITE_NULL: break
            case SQLITE_INTEGER: sum.add(column, int(column))
            default: sum.add(column, raw(column))
            }
        }
        return Int64(bitPattern: sum.value)
    }

    private func int(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }
    private func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

    private func raw(_ column: Int32) -> UnsafeRawBufferPointer {
        let start = sqlite3_column_blob(statement, column)
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column)))
    }

    private func blob(_ column: Int32) -> Bytes { Bytes(raw(column)) }
    private func text(_ column: Int32) -> String { String(decoding: raw(column), as: UTF8.self) }

    /// Takes the value of a column only where it is another one than in the row before.
    private func keep(_ column: Int32, _ value: inout Bytes) {
        let raw = raw(column)
        if !value.storage.withUnsafeBytes({ Self.areEqual($0, raw) }) { value = Bytes(raw) }
    }

    private func keep(_ column: Int32, _ value: inout String) {
        let raw = raw(column)
        let isSame = value.utf8.withContiguousStorageIfAvailable { Self.areEqual(UnsafeRawBufferPointer($0), raw) }
        if isSame != true { value = String(decoding: raw, as: UTF8.self) }
    }

    private static func areEqual(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
        guard a.count == b.count else { return false }
        guard a.count > 0, let one = a.baseAddress, let other = b.baseAddress else { return true }
        return memcmp(one, other, a.count) == 0
    }

    private func word<T: StoredWord>(_ column: Int32) throws -> T {
        let raw = raw(column)
        for value in T.allCases where value.rawValue.utf8.elementsEqual(raw) { return value }
        throw Fault(.damaged, "the catalog has an unknown word '\(text(column))'")
    }
}

/// A side file, as a column holds it.
private struct Side: Codable {
    var path: Data
    var object: String
    var inode: UInt64
    var size, mtime, ctime: Int64
    var shared: Bool?
    var directory: Bool?

    static func text(of members: ArraySlice<Backup.Member>) throws -> String {
        let sides = members.map {
            Side(
                path: Data($0.path.storage), object: $0.object.text, inode: $0.inode, size: $0.size,
                mtime: $0.mtime.nanoseconds, ctime: $0.ctime.nanoseconds, shared: $0.isShared ? true : nil,
                directory: $0.isDirectory ? true : nil)
        }
        return String(decoding: try JSONEncoder().encode(sides), as: UTF8.self)
    }

    static func members(_ text: String) throws -> [Backup.Member] {
        try JSONDecoder().decode([Side].self, from: Data(text.utf8)).map {
            var member = Backup.Member(
                path: Bytes($0.path), object: ObjectID(text: $0.object), inode: $0.inode,
                isDirectory: $0.directory ?? false, size: $0.size,
                mtime: Timestamp(nanoseconds: $0.mtime), ctime: Timestamp(nanoseconds: $0.ctime))
            member.isShared = $0.shared ?? false
            return member
        }
    }
}

/// An enum that a column holds by its word.
private protocol StoredWord: RawRepresentable, CaseIterable where RawValue == String {}
extension Backup.State: StoredWord {}
extension Backup.Kind: StoredWord {}
extension Backup.TimeSource: StoredWord {}
extension Backup.Condition: StoredWord {}
extension EndMark: StoredWord {}

/// Binds values one after the other, and runs the statement.
struct Binder {
    private let statement: SQLiteStatement
    private var at: Int32 = 0
    /// Of what was bound so far.
    private(set) var sum = RowSum()

    init(statement: SQLiteStatement) {
        self.statement = statement
        sqlite3_reset(statement)
    }

    /// SQLite copies what it is given.
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    mutating func bind(_ value: Int64) {
        if at < BackupRows.summed { sum.add(at, value) }
        at += 1
        sqlite3_bind_int64(statement, at, value)
    }

    mutating func bind(_ value: Int64?) {
        if let value { return bind(value) }
        at += 1
        sqlite3_bind_null(statement, at)
    }

    mutating func bind(_ value: Bytes) { value.storage.withUnsafeBytes { bind($0) } }

    /// A path as its directory and its last component, without a copy of either.
    mutating func bindSplit(_ path: Bytes) {
        path.storage.withUnsafeBytes { whole in
            let slash = whole.lastIndex(of: UInt8(ascii: "/"))
            bind(UnsafeRawBufferPointer(rebasing: whole[..<(slash ?? 0)]))
            bind(UnsafeRawBufferPointer(rebasing: whole[(slash.map { $0 + 1 } ?? 0)...]))
        }
    }

    private mutating func bind(_ bytes: UnsafeRawBufferPointer) {
        sum.add(at, bytes)
        at += 1
        // No bytes at all would be bound as NULL.
        if bytes.isEmpty {
            sqlite3_bind_zeroblob(statement, at, 0)
        } else {
            sqlite3_bind_blob(statement, at, bytes.baseAddress, Int32(bytes.count), Self.transient)
        }
    }

    mutating func bind(_ value: String) {
        let column = at
        at += 1
        value.withCString { text in
            let length = strlen(text)
            sum.add(column, UnsafeRawBufferPointer(start: text, count: length))
            _ = sqlite3_bind_text(statement, at, text, Int32(length), Self.transient)
        }
    }

    mutating func bind(_ value: String?) {
        if let value { return bind(value) }
        at += 1
        sqlite3_bind_null(statement, at)
    }

    /// Runs it once; it gives no rows.
    func step(_ db: Database) throws {
        let code = sqlite3_step(statement)
        defer { sqlite3_reset(statement) }
        guard code == SQLITE_DONE else {
            throw DatabaseError(resultCode: ResultCode(rawValue: code), message: db.lastErrorMessage)
        }
    }
}
