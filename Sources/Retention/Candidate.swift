package import Model

/// What retention needs to know of one backup: no file, no vault. A list of them can come from the disk, from a file
/// (`retention simulate`) or from the future (`retention forecast`).
package struct Candidate: Sendable, Hashable {
    package var id: BackupID
    /// Breaks ties in time (invariant 12), and names it in reasons.
    package var path: Bytes
    package var time: Timestamp
    package var observedSince: Timestamp
    package var kind = Backup.Kind.full
    /// What it needs, where that was resolved already. None on an incremental or differential: by its contents, or by
    /// its kind (``LinkGraph``).
    package var parents: [BackupID] = []
    /// What its tool says of it.
    package var contents: Contents?
    package var condition = Backup.Condition.complete
    /// Why it has this condition, for a person.
    package var note = ""
    /// Bytes.
    package var size: Int64 = 0
    /// Protected by the tool that wrote it, and how: `vzdump: protected`.
    package var protectedBy: String?
    /// Only from `retention simulate`.
    package var tags: [String] = []
    /// How often it was brought back from the trash.
    package var restored: UInt16 = 0
    /// Its content was checked against a checksum.
    package var isVerified = false

    /// A person said that it is whole: a missing sign of success does not count.
    package var isAccepted = false

    // By pattern, not by `==`: that of an enum with a raw value goes by the raw values, which are strings.
    var isComplete: Bool { if case .complete = condition { true } else { false } }
    var countsAsComplete: Bool { isComplete || isAccepted }
    var isFull: Bool { if case .full = kind { true } else { false } }
    var isLog: Bool { if case .log = kind { true } else { false } }

    package init(id: BackupID, path: Bytes, time: Timestamp, observedSince: Timestamp = Timestamp(nanoseconds: .min)) {
        self.id = id
        self.path = path
        self.time = time
        self.observedSince = observedSince
    }

    package init(_ backup: Backup, restored: UInt16 = 0) {
        self.init(id: backup.id, path: backup.path, time: backup.time, observedSince: backup.observedSince)
        kind = backup.kind
        parents = backup.parent.map { [$0] } ?? []
        contents = backup.contents
        condition = backup.condition
        note = backup.note
        size = backup.size
        protectedBy = backup.protectedBy
        self.restored = restored
    }
}
