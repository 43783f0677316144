internal import Crypto
package import Model

/// What a batch holds and where it came from: enough to rebuild the catalog and to restore with the disk alone.
///
/// It is on stable storage before the first rename and never changes afterwards (invariant 2).
package struct Manifest: Sendable {
    package static let currentFormat = "reprieve.manifest/1"
    /// A batch with more items than this is split.
    package static let mostItems = 10_000

    package var format = Manifest.currentFormat
    package var vault: VaultID
    package var batch: String
    package var run: Int
    package var plan: String
    package var program: String
    package var condemnedAt: CondemnedAt
    package var earliestPurge: Timestamp
    package var graceSeconds: Int64
    package var policy: Policy
    /// Directories that the items came from, to make them again as they were.
    package var parents: [Parent]
    package var items: [Item]

    package struct CondemnedAt: Sendable {
        package var wall: Timestamp
        package var bootId: String
        package var bootNanoseconds: Int64
        package var witness: String
        package var witnessedSeconds: Int64

        package init(moment: Moment, witness: String, witnessedSeconds: Int64) {
            wall = moment.wall
            bootId = moment.bootID
            bootNanoseconds = moment.boot
            self.witness = witness
            self.witnessedSeconds = witnessedSeconds
        }
    }

    package struct Policy: Sendable {
        package var hash: String
        package var text: String

        package init(hash: String, text: String) {
            self.hash = hash
            self.text = text
        }
    }

    package struct Parent: Sendable {
        package var path: String
        package var pathRaw: String?
        package var mode: UInt32
        package var uid: UInt32
        package var gid: UInt32
    }

    package struct Item: Sendable {
        package var id: String
        package var object: String
        package var series: String
        package var seriesRaw: String?
        package var path: String
        package var pathRaw: String?
        package var time: Timestamp
        package var timeSource: Backup.TimeSource
        package var kind: Backup.Kind
        package var parent: String?
        /// What its tool says of it (``Contents/text``): what stays may need it.
        package var contents: String?
        package var condition: Backup.Condition
        package var members: [Member]
        package var size: Int64
        package var allocated: Int64
        package var mode: UInt32
        package var uid: UInt32
        package var gid: UInt32
        package var decision: Decision
    }

    package struct Member: Sendable {
        package var path: String
        package var pathRaw: String?
        package var object: String
        package var inode: UInt64
        package var directory: Bool
        package var size: Int64
        package var mtime: Timestamp
        package var ctime: Timestamp
    }

    package struct Decision: Sendable {
        package var retain: Bool
        package var priority: String
        package var reasons: [String]

        package init(retain: Bool, priority: String, reasons: [String]) {
            self.retain = retain
            self.priority = priority
            self.reasons = reasons
        }
    }

    package init(
        vault: VaultID, batch: String, run: Int, plan: String, program: String, condemnedAt: CondemnedAt,
        graceSeconds: Int64, policy: Policy, parents: [Parent], items: [Item]
    ) {
        self.vault = vault
        self.batch = batch
        self.run = run
        self.plan = plan
        self.program = program
        self.condemnedAt = condemnedAt
        self.graceSeconds = graceSeconds
        earliestPurge = condemnedAt.wall.adding(seconds: graceSeconds)
        self.policy = policy
        self.parents = parents
        self.items = items
    }

    // MARK: Bytes

    /// As it will be written, encoded once.
    package struct Sealed: Sendable {
        package let content: Manifest
        let bytes: Bytes
        /// SHA-256 of the file's bytes: what makes a batch *verified*.
        package let hash: String
    }

    package var sealed: Sealed {
        let bytes = encoded
        return Sealed(content: self, bytes: bytes, hash: Self.hash(bytes))
    }

    static func hash(_ bytes: Bytes) -> String { Bytes(SHA256.hash(data: bytes.storage)).hexadecimal }
}

extension Manifest.Item {
    package init(_ backup: Backup, decision: Manifest.Decision) {
        id = backup.id.text
        object = backup.object.text
        (series, seriesRaw) = backup.series.textAndRaw
        (path, pathRaw) = backup.path.textAndRaw
        time = backup.time
        timeSource = backup.timeSource
        kind = backup.kind
        parent = backup.parent?.text
        contents = backup.contents?.text
        condition = backup.condition
        members = backup.members.map(Manifest.Member.init)
        size = backup.size
        allocated = backup.allocated
        mode = backup.mode
        uid = backup.uid
        gid = backup.gid
        self.decision = decision
    }

    /// The backup as it was condemned. `nil` where the manifest makes no sense: then it is kept and reported.
    package func backup(in manifest: Manifest) -> Backup? {
        let members = self.members.compactMap(\.member)
        guard members.count == self.members.count, let primary = members.first, let id = BackupID(text: id),
            let series = Bytes(text: series, raw: seriesRaw), !primary.path.isEmpty
        else { return nil }
        var backup = Backup(
            id: id, vault: manifest.vault, series: series, members: members, time: time, timeSource: timeSource,
            condition: condition, note: "", size: size, allocated: allocated, mode: mode, uid: uid, gid: gid,
            observedSince: primary.ctime, changedBoot: 0, changedBootID: "")
        backup.kind = kind
        backup.parent = parent.flatMap(BackupID.init(text:))
        backup.contents = contents.flatMap(Contents.init(text:))
        backup.state = .trashed
        backup.trashed = .init(
            batch: manifest.batch, condemnedAt: manifest.condemnedAt.wall, earliestPurge: manifest.earliestPurge)
        return backup
    }
}

extension Manifest.Member {
    init(_ member: Backup.Member) {
        (path, pathRaw) = member.path.textAndRaw
        object = member.object.text
        inode = member.inode
        directory = member.isDirectory
        size = member.size
        mtime = member.mtime
        ctime = member.ctime
    }

    var member: Backup.Member? {
        guard let path = Bytes(text: path, raw: pathRaw), !path.storage.contains(0) else { return nil }
        return Backup.Member(
            path: path, object: ObjectID(text: object), inode: inode, isDirectory: directory, size: size, mtime: mtime,
            ctime: ctime)
    }
}

extension Manifest.Parent {
    init(_ seen: Sighting, path: Bytes) {
        (self.path, pathRaw) = path.textAndRaw
        mode = seen.mode
        uid = seen.uid
        gid = seen.gid
    }
}
