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
    /// What an incremental or differential needs. `nil` on one of those: the one before it (a differential: the full
    /// before it).
    package var parent: BackupID?
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

    // By pattern, not by `==`: that of an enum with a raw value goes by the raw values, which are strings.
    var isComplete: Bool { if case .complete = condition { true } else { false } }
    var isFull: Bool { if case .full = kind { true } else { false } }

    package init(id: BackupID, path: Bytes, time: Timestamp, observedSince: Timestamp = Timestamp(nanoseconds: .min)) {
        self.id = id
        self.path = path
        self.time = time
        self.observedSince = observedSince
    }

    package init(_ backup: Backup, restored: UInt16 = 0) {
        self.init(id: backup.id, path: backup.path, time: backup.time, observedSince: backup.observedSince)
        kind = backup.kind
        parent = backup.parent
        condition = backup.condition
        note = backup.note
        size = backup.size
        protectedBy = backup.protectedBy
        self.restored = restored
    }
}
