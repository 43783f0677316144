internal import Foundation
internal import GRDB
internal import Model

extension Catalog {
    static let columns = """
        vault, batch, path, place, id, link, series, state, time, time_source, kind, parent, condition, note, object,
        inode, is_directory, own_size, mtime, ctime, sides, size, allocated, mode, uid, gid, observed_since,
        changed_boot, changed_boot_id, condemned_at, earliest_purge, protected
        """

    static let insert = """
        INSERT OR REPLACE INTO backup (\(columns))
        VALUES (\(Array(repeating: "?", count: 32).joined(separator: ",")))
        """

    static func arguments(_ b: Backup) -> StatementArguments {
        let own = b.primary
        let sides = b.members.dropFirst()
        let link: Int? = b.id.link.map { Int($0) }
        let batch = b.trashed?.batch ?? ""
        let sidesText: String? = sides.isEmpty ? nil : Self.encode(sides)
        let head: [(any DatabaseValueConvertible)?] = [
            b.vault.text, batch, Data(b.path.storage), Data(b.path.parent.storage),
            Int64(bitPattern: b.id.object), link, Data(b.series.storage), b.state.rawValue,
            b.time.nanoseconds, b.timeSource.rawValue, b.kind.rawValue, b.parent?.text, b.condition.rawValue, b.note,
        ]
        let object: [(any DatabaseValueConvertible)?] = [
            own.object.text, Int64(bitPattern: own.inode), own.isDirectory, own.size, own.mtime.nanoseconds,
            own.ctime.nanoseconds, sidesText, b.size, b.allocated, Int(b.mode), Int(b.uid), Int(b.gid),
        ]
        let rest: [(any DatabaseValueConvertible)?] = [
            b.observedSince.nanoseconds, b.changedBoot, b.changedBootID, b.trashed?.condemnedAt.nanoseconds,
            b.trashed?.earliestPurge.nanoseconds, b.protectedBy,
        ]
        return StatementArguments(head + object + rest)
    }

    static func backup(_ row: Row) throws -> Backup {
        let own = Backup.Member(
            path: bytes(row[2]), object: ObjectID(text: row[14]), inode: UInt64(bitPattern: row[15] as Int64),
            isDirectory: row[16],
            size: row[17], mtime: Timestamp(nanoseconds: row[18]), ctime: Timestamp(nanoseconds: row[19]))
        let link: Int? = row[5]
        var backup = Backup(
            id: BackupID(
                object: UInt64(bitPattern: row[4] as Int64), link: link.map { UInt16(truncatingIfNeeded: $0) }),
            vault: VaultID(text: row[0]), series: bytes(row[6]), members: [own] + (try decode(row[20])),
            time: Timestamp(nanoseconds: row[8]), timeSource: try value(row[9]), condition: try value(row[12]),
            note: row[13],
            size: row[21], allocated: row[22], mode: row[23], uid: row[24], gid: row[25],
            observedSince: Timestamp(nanoseconds: row[26]), changedBoot: row[27], changedBootID: row[28])
        backup.kind = try value(row[10])
        backup.parent = (row[11] as String?).flatMap(BackupID.init(text:))
        backup.state = try value(row[7])
        backup.protectedBy = row[31]
        let batch: String = row[1]
        if !batch.isEmpty {
            backup.trashed = .init(
                batch: batch, condemnedAt: Timestamp(nanoseconds: row[29] ?? 0),
                earliestPurge: Timestamp(nanoseconds: row[30] ?? .max))
        }
        return backup
    }

    static func bytes(_ data: Data) -> Bytes { Bytes(data) }

    private static func value<T: RawRepresentable>(_ text: String) throws -> T where T.RawValue == String {
        guard let value = T(rawValue: text) else { throw Fault(.damaged, "the catalog has an unknown word '\(text)'") }
        return value
    }

    // MARK: Side files

    private struct Side: Codable {
        var path: Data
        var object: String
        var inode: UInt64
        var size, mtime, ctime: Int64
    }

    private static func encode(_ members: ArraySlice<Backup.Member>) -> String? {
        let sides = members.map {
            Side(
                path: Data($0.path.storage), object: $0.object.text, inode: $0.inode, size: $0.size,
                mtime: $0.mtime.nanoseconds, ctime: $0.ctime.nanoseconds)
        }
        return (try? JSONEncoder().encode(sides)).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func decode(_ text: String?) throws -> [Backup.Member] {
        guard let text else { return [] }
        return try JSONDecoder().decode([Side].self, from: Data(text.utf8)).map {
            Backup.Member(
                path: Bytes($0.path), object: ObjectID(text: $0.object), inode: $0.inode, isDirectory: false,
                size: $0.size,
                mtime: Timestamp(nanoseconds: $0.mtime), ctime: Timestamp(nanoseconds: $0.ctime))
        }
    }
}
