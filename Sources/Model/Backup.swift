/// One recovery point: a file or a directory, with its side files.
package struct Backup: Hashable, Sendable {
    package enum Kind: String, Sendable, Codable, CaseIterable {
        case full, incremental, differential
        /// Leads from a full one to moments behind it: a transaction log, an oplog slice. It satisfies no rule and
        /// stays as long as the full one before it.
        case log
    }
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
        /// A side file of several backups, such as the log of a night: it goes with the last of them.
        package var isShared = false

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

    /// What follows stands in one shared place: a backup is handed around a lot and copied by one count.
    private var shared: Shared<Fields>

    private struct Fields: Hashable, Sendable {
        var id: BackupID
        var vault: VaultID
        var series: Bytes
        var members: [Member]
        var time: Timestamp
        var timeSource: TimeSource
        var kind: Kind = Kind.full
        var parent: BackupID?
        var protectedBy: String?
        var condition: Condition
        var note: String
        var state: State = State.present
        var endMark: EndMark = EndMark.unprobed
        var fingerprint: Int64?
        var contents: Shared<Contents>?
        var readBy: Int64 = 0
        var links: UInt32 = 1
        var obstacle: String?
        var freed: Freed?
        var size: Int64
        var allocated: Int64
        var mode: UInt32
        var uid: UInt32
        var gid: UInt32
        var observedSince: Timestamp
        var changedBoot: Int64
        var changedBootID: String
        var trashed: Trashed?
    }

    package var id: BackupID {
        get { shared.value.id }
        set { shared.value.id = newValue }
    }

    package var vault: VaultID {
        get { shared.value.vault }
        set { shared.value.vault = newValue }
    }

    /// Directory and name with `*` where the time was: `app/orders-*.dump`. Rules apply to each series for itself.
    package var series: Bytes {
        get { shared.value.series }
        set { shared.value.series = newValue }
    }

    package var members: [Member] {
        get { shared.value.members }
        set { shared.value.members = newValue }
    }

    package var time: Timestamp {
        get { shared.value.time }
        set { shared.value.time = newValue }
    }

    package var timeSource: TimeSource {
        get { shared.value.timeSource }
        set { shared.value.timeSource = newValue }
    }

    package var kind: Kind {
        get { shared.value.kind }
        set { shared.value.kind = newValue }
    }

    package var parent: BackupID? {
        get { shared.value.parent }
        set { shared.value.parent = newValue }
    }

    /// Protected by the tool that wrote it, and how: `vzdump: protected`.
    package var protectedBy: String? {
        get { shared.value.protectedBy }
        set { shared.value.protectedBy = newValue }
    }

    package var condition: Condition {
        get { shared.value.condition }
        set { shared.value.condition = newValue }
    }

    /// Why it has this condition, for a person.
    package var note: String {
        get { shared.value.note }
        set { shared.value.note = newValue }
    }

    package var state: State {
        get { shared.value.state }
        set { shared.value.state = newValue }
    }

    /// What its last bytes say about its being whole.
    package var endMark: EndMark {
        get { shared.value.endMark }
        set { shared.value.endMark = newValue }
    }

    /// Of a directory: what was equal in two walks while it settled. See `TreeMeasure`.
    package var fingerprint: Int64? {
        get { shared.value.fingerprint }
        set { shared.value.fingerprint = newValue }
    }

    /// What its tool says of it, in its name or in small files of it.
    package var contents: Contents? {
        get { shared.value.contents?.value }
        set { shared.value.contents = newValue.map { Shared($0) } }
    }

    /// By which reading of names and contents ``contents`` came about; 0: by none.
    package var readBy: Int64 {
        get { shared.value.readBy }
        set { shared.value.readBy = newValue }
    }

    /// How many names its primary member has.
    package var links: UInt32 {
        get { shared.value.links }
        set { shared.value.links = newValue }
    }

    /// Why it cannot be moved or unlinked as it is: immutable, a subvolume inside, …
    package var obstacle: String? {
        get { shared.value.obstacle }
        set { shared.value.obstacle = newValue }
    }

    /// What purging it alone would free, in bytes; `nil`: not measured yet.
    package var freed: Freed? {
        get { shared.value.freed }
        set { shared.value.freed = newValue }
    }

    /// Bytes.
    package var size: Int64 {
        get { shared.value.size }
        set { shared.value.size = newValue }
    }

    package var allocated: Int64 {
        get { shared.value.allocated }
        set { shared.value.allocated = newValue }
    }

    package var mode: UInt32 {
        get { shared.value.mode }
        set { shared.value.mode = newValue }
    }

    package var uid: UInt32 {
        get { shared.value.uid }
        set { shared.value.uid = newValue }
    }

    package var gid: UInt32 {
        get { shared.value.gid }
        set { shared.value.gid = newValue }
    }

    /// By our wall clock, or the earlier ctime: `cp -a` and `rsync -a` renew ctime, nothing sets it back.
    package var observedSince: Timestamp {
        get { shared.value.observedSince }
        set { shared.value.observedSince = newValue }
    }

    /// Boot clock (and boot) at which it was last seen to change: what the quiet period is measured from.
    package var changedBoot: Int64 {
        get { shared.value.changedBoot }
        set { shared.value.changedBoot = newValue }
    }

    package var changedBootID: String {
        get { shared.value.changedBootID }
        set { shared.value.changedBootID = newValue }
    }

    package var trashed: Trashed? {
        get { shared.value.trashed }
        set { shared.value.trashed = newValue }
    }
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
        shared = Shared(
            Fields(
                id: id, vault: vault, series: series, members: members, time: time, timeSource: timeSource,
                condition: condition, note: note, size: size, allocated: allocated, mode: mode, uid: uid, gid: gid,
                observedSince: observedSince, changedBoot: changedBoot, changedBootID: changedBootID))
    }

    /// The note of what its writer keeps under a temporary name: it settles never.
    package static let temporaryNote = "a temporary name"

    /// The note of what rests, and was not looked into yet.
    package static let unprobedNote = "not looked into yet"

    /// The note of plain SQL without its last line, in a series that has never shown one.
    package static let footerNeverNote = "it does not end with \"dump complete\"; no backup in its series does"

    /// The note of plain SQL without its last line, in a series whose others have it.
    package static let footerAbsentNote = "it ends without \"dump complete\", which others of its series have"

    /// The name under which the footer of a format is remembered as a sign of a series.
    package static let footerSign = "footer"

    /// The note of one that lacks a sign of success which others of its series have.
    package static func signNote(_ sign: String) -> String {
        "\(signMissing)'\(sign)', which others of its series have"
    }

    /// Whether purging it may free less than it holds.
    package var mayShare: Bool { primary.isDirectory || links > 1 }

    /// What purging it alone would free; `nil`: not measured yet.
    package var freedIfPurged: Freed? { mayShare ? freed : Freed(bytes: allocated, isAtLeast: false) }

    /// Whether another object has its name, size and time now: a copy that was swapped in. Some tools keep
    /// whole seconds only.
    package func isCopied(as now: Backup) -> Bool {
        let (own, other) = (primary, now.primary)
        return own.object != other.object && own.size == other.size && size == now.size
            && (own.mtime == other.mtime || own.mtime.seconds == other.mtime.seconds && other.mtime.fraction == 0)
    }

    package var primary: Member { members[0] }
    package var path: Bytes { members[0].path }
    package var object: ObjectID { members[0].object }
    package var isComplete: Bool { condition == .complete }

    /// The signs of success that it shows.
    package var signs: [String] {
        (contents?.signs ?? []) + (endMark == .footerShown ? [Self.footerSign] : [])
    }

    /// Whether it may need another one.
    package var isLinked: Bool { kind != .full || parent != nil || !(contents?.needs.isEmpty ?? true) }

    /// Incomplete for want of a sign that others of its series have: a person may know better.
    package var mayBeAccepted: Bool { condition == .incomplete && note.hasPrefix(Self.signMissing) }

    /// Plain SQL without its last line, in a series whose others have it.
    package var lacksFooter: Bool { isComplete && endMark == .footerAbsent && note == Self.footerAbsentNote }

    /// Incomplete for want of something that its writer may still bring: a piece, a side file, a sign of success.
    package var isAwaited: Bool {
        guard condition == .incomplete, size > 0 else { return false }
        return mayBeAccepted || contents.map { $0.outcome == .running || $0.outcome == .lacking } ?? false
    }

    /// How the note of such a one begins.
    package static let signMissing = "without "
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
