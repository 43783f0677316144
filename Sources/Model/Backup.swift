/// One recovery point: a file or a directory, with its side files.
package struct Backup: Hashable, Sendable {
    package enum Kind: String, Sendable, Codable, CaseIterable { case full, incremental, differential }
    package enum State: String, Sendable, Codable, CaseIterable { case present, trashed, purged, missing }
    package enum TimeSource: String, Sendable, Codable, CaseIterable {
        case name, mtime, birth
        case firstSeen = "first-seen"
    }
    package enum Condition: String, Sendable, Codable, CaseIterable {
        case settling, complete, incomplete, suspect, future, broken
    }

    /// A file or directory that goes where the backup goes. The first member is the backup itself.
    package struct Member: Hashable, Sendable {
        package var path: Bytes
        package var object: ObjectID
        package var inode: UInt64
        package var isDirectory: Bool
        package var size: Int64
        package var mtime: Timestamp
        package var ctime: Timestamp

        package init(
            path: Bytes, object: ObjectID, inode: UInt64, isDirectory: Bool, size: Int64, mtime: Timestamp,
            ctime: Timestamp
        ) {
            self.path = path
            self.object = object
            self.inode = inode
            self.isDirectory = isDirectory
            self.size = size
            self.mtime = mtime
            self.ctime = ctime
        }
    }

    package var id: BackupID
    package var vault: VaultID
    /// Directory and name with `*` where the time was: `app/orders-*.dump`. Rules apply to each series for itself.
    package var series: Bytes
    package var members: [Member]
    package var time: Timestamp
    package var timeSource: TimeSource
    package var kind = Kind.full
    package var parent: BackupID?
    /// Protected by the tool that wrote it, and how: `vzdump: protected`.
    package var protectedBy: String?
    package var condition: Condition
    /// Why it has this condition, for a person.
    package var note: String
    package var state = State.present
    /// What its last bytes say about its being whole.
    package var endMark = EndMark.unprobed
    /// Of a directory: what was equal in two walks while it settled. See `TreeMeasure`.
    package var fingerprint: Int64?
    /// How many names its primary member has.
    package var links: UInt32 = 1
    /// Why it cannot be moved or unlinked as it is: immutable, a subvolume inside, …
    package var obstacle: String?
    /// What purging it alone would free, in bytes; `nil`: not measured yet.
    package var freed: Freed?
    /// Bytes.
    package var size: Int64
    package var allocated: Int64
    package var mode: UInt32
    package var uid: UInt32
    package var gid: UInt32
    /// By our wall clock, or the earlier ctime: `cp -a` and `rsync -a` renew ctime, nothing sets it back.
    package var observedSince: Timestamp
    /// Boot clock (and boot) at which it was last seen to change: what the quiet period is measured from.
    package var changedBoot: Int64
    package var changedBootID: String
    package var trashed: Trashed?

    /// Bytes on disk that nothing else holds. Where more files with several links lie on the file system than are
    /// counted, it is what is known to be freed at least.
    package struct Freed: Hashable, Sendable {
        package var bytes: Int64
        package var isAtLeast: Bool

        package init(bytes: Int64, isAtLeast: Bool) {
            self.bytes = bytes
            self.isAtLeast = isAtLeast
        }
    }

    /// Where a trashed backup is, and until when.
    package struct Trashed: Hashable, Sendable {
        package var batch: String
        package var condemnedAt: Timestamp
        package var earliestPurge: Timestamp

        package init(batch: String, condemnedAt: Timestamp, earliestPurge: Timestamp) {
            self.batch = batch
            self.condemnedAt = condemnedAt
            self.earliestPurge = earliestPurge
        }
    }

    package init(
        id: BackupID, vault: VaultID, series: Bytes, members: [Member], time: Timestamp, timeSource: TimeSource,
        condition: Condition, note: String, size: Int64, allocated: Int64, mode: UInt32, uid: UInt32, gid: UInt32,
        observedSince: Timestamp, changedBoot: Int64, changedBootID: String
    ) {
        precondition(!members.isEmpty, "a backup has at least itself as a member")
        self.id = id
        self.vault = vault
        self.series = series
        self.members = members
        self.time = time
        self.timeSource = timeSource
        self.condition = condition
        self.note = note
        self.size = size
        self.allocated = allocated
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.observedSince = observedSince
        self.changedBoot = changedBoot
        self.changedBootID = changedBootID
    }

    /// The note of what its writer keeps under a temporary name: it settles never.
    package static let temporaryNote = "a temporary name"

    /// The note of what rests, and was not looked into yet.
    package static let unprobedNote = "not looked into yet"

    /// The note of plain SQL without its last line, in a series whose others have it.
    package static let footerAbsentNote = "its last line is missing, which others of its series have"

    /// Whether purging it may free less than it holds.
    package var mayShare: Bool { primary.isDirectory || links > 1 }

    /// What purging it alone would free; `nil`: not measured yet.
    package var freedIfPurged: Freed? { mayShare ? freed : Freed(bytes: allocated, isAtLeast: false) }

    package var primary: Member { members[0] }
    package var path: Bytes { members[0].path }
    package var object: ObjectID { members[0].object }
    package var isComplete: Bool { condition == .complete }
}

extension Backup {
    /// The series for people: the key without the joint around the time, `app/orders.dump`.
    package static func name(ofSeries key: Bytes) -> Bytes {
        let name = withoutStars(key.lastComponent.storage)
        let directory = withoutDates(key.parent)
        if name.isEmpty { return directory.isEmpty ? "." : directory }
        return directory.appending(Bytes(name))
    }

    /// The directory of a key without its dates: of `app/*/*/*` the directory is `app`.
    private static func withoutDates(_ directory: Bytes) -> Bytes {
        guard directory.storage.contains(where: { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "\\") }) else {
            return directory
        }
        return directory.components.filter { $0 != "*" }.map { Bytes(withoutStars($0.storage)) }
            .reduce(Bytes()) { $0.appending($1) }
    }

    /// The same without extensions: `app/orders`. Several series may share it.
    package static func shortName(ofSeries key: Bytes) -> Bytes {
        guard key.storage.contains(UInt8(ascii: "*")) else { return key }  // a directory as a series has no extension
        let full = name(ofSeries: key)
        let last = full.lastComponent.storage
        guard let dot = last.dropFirst().firstIndex(of: UInt8(ascii: ".")) else { return full }
        return full.parent.appending(Bytes(last[..<dot]))
    }

    /// Each `*` goes with one joint before it, or behind it where it stands first. `\*` is a star of the name's own.
    private static func withoutStars(_ key: [UInt8]) -> [UInt8] {
        let joints = Array("-_. @".utf8)
        let (star, escape) = (UInt8(ascii: "*"), UInt8(ascii: "\\"))
        var name: [UInt8] = []
        var rest = key[...]
        while let byte = rest.popFirst() {
            if byte == escape, let literal = rest.popFirst() {
                name.append(literal)
            } else if byte != star {
                name.append(byte)
            } else if let last = name.last {
                if joints.contains(last) { name.removeLast() }
            } else if let next = rest.first, joints.contains(next), next != UInt8(ascii: ".") {
                rest = rest.dropFirst()
            }
        }
        return name
    }
}
