package import Disk
package import Model

/// The `.trash` of one vault, opened without following a link and checked each time.
///
/// # The order of every deed
///
/// `│` is a barrier: what stands before it is on stable storage before what stands behind it is begun. In brackets what
/// the caller does, who owns audit log, marks and catalog. All under the vault's lock, but for the unlinking.
///
///     condemn  lock, [marks read again], confirm │ [audit intent] │ batch, manifest │ rename each, compare │
///              parents │ [catalog, audit outcome]
///     restore  lock, prepare │ [reprieved mark │ audit intent] │ rename back │ both parents │ [catalog, audit outcome]
///     purge    lock, [decide again] │ [audit intent] │ .spare becomes .purging-N, rename each into it, compare │
///              both │ unlock │ unlink walk │ [audit outcome]
///     recover  lock; towards the origin, or to the end of a purge that had begun; before whatever changes something
///
/// # Where a unit can be
///
///                       condemn                        purge
///        ┌────────┐ ──── (a) ────► ┌──────────────┐ ──── (b) ────► ┌────────────┐ ─ unlink ─► gone
///        │ origin │                │ whole, batch │                │ .purging-N │
///        └────────┘ ◄─── (c) ───── └──────────────┘                └────────────┘
///                       restore
///
/// - (a), (c): one rename a member. Stopped between two of them a unit is half and half, and recovery brings it to its
///   origin: right for an interrupted condemn and for an interrupted restore (invariant 1). A name taken there: left as
///   it is, the series frozen.
/// - (b): the audited intent makes it purged as soon as one member is in `.purging-N`; recovery takes the others there.
/// - A batch without a whole manifest holds nothing: the manifest lasts before the first rename (invariant 2).
/// - Where a unit is, its object tells, never its path (invariant 3): each rename is looked at after it, and undone
///   where it moved something else. In (c) another object at the origin may also be somebody's who was there after us:
///   it is what we moved only if our own still lies in the batch. An object of no item is a stranger, and stays.
/// - Nothing is unlinked but below `.purging-*` (invariant 4), and nothing comes there but by a fresh decision of the
///   caller (invariant 5) whose intent is in the audit log (invariant 9).
/// - Every path is resolved beneath the vault, without links and mounts (invariant 11): what a manifest says is a wish.
package struct TrashDirectory: Sendable {
    package static let name: Bytes = ".trash"
    package static let lockName: Bytes = ".lock"
    static let spareName: Bytes = ".spare"
    static let purgingPrefix: Bytes = ".purging-"
    static let filesName: Bytes = "files"
    static let manifestName: Bytes = "manifest.json"

    package let root: Directory
    package let directory: Directory

    /// `nil`: the vault has none yet. An empty one that is not to be trusted is none: ``make(in:)`` takes its place.
    package static func open(in root: Directory) throws(Fault) -> TrashDirectory? {
        let directory: Directory
        do {
            directory = try root.open(name)
        } catch {
            if error.errno == Errno.ENOENT { return nil }
            throw error
        }
        if let why = try distrust(directory, vaultOwner: try root.sighting().uid) {
            guard try directory.entries(most: 1).isEmpty else { throw why }
            return nil
        }
        return TrashDirectory(root: root, directory: directory)
    }

    /// Makes it where it is missing: with a README for people, a tag that keeps it out of other backups, and an empty
    /// directory in reserve, because a full disk makes none.
    package static func make(in root: Directory) throws(Fault) -> TrashDirectory {
        if let existing = try open(in: root) { return existing }
        try giveWay(in: root)
        let (directory, made) = try root.openOrMake(name, mode: 0o750)
        guard let made else {
            // Somebody made it at this moment: another process of ours, or nobody to be trusted.
            if let other = try open(in: root) { return other }
            throw Fault(
                .locked, "could not make '\(directory.path.display)': another user makes it again and again",
                hint: "look who may write in '\(root.path.display)'", path: directory.path)
        }
        let vault = try root.sighting()
        if vault.gid != (try directory.sighting().gid) { try made.setOwner(gid: vault.gid) }
        try made.setMode(0o750)
        _ = try directory.ensureDirectory(spareName, mode: 0o700)
        try directory.ownFiles.replace("README", with: Bytes(readme), mode: 0o644)
        try directory.ownFiles.replace("CACHEDIR.TAG", with: Bytes(cacheTag), mode: 0o644)
        try directory.sync()
        try root.sync()
        return TrashDirectory(root: root, directory: directory)
    }

    /// An empty one of somebody else's goes. If they fill it now, it stays and is refused.
    private static func giveWay(in root: Directory) throws(Fault) {
        guard try root.sighting(of: name) != nil else { return }
        do {
            try UnlinkWalk.removeIfEmpty(name, in: root)
        } catch {
            guard [Errno.ENOENT, Errno.ENOTEMPTY].contains(error.errno) else { throw error }
        }
    }

    /// Why it is not trusted: nothing in it is where strangers can write. The vault's owner is none: they own the
    /// backups too.
    private static func distrust(_ directory: Directory, vaultOwner: UInt32) throws(Fault) -> Fault? {
        let (seen, path) = (try directory.sighting(), directory.path)
        if seen.mode & 0o002 != 0 {
            return Fault(
                .unsafe, "refused '\(path.display)': everybody may write there",
                hint: "chmod o-w \(shell: path)", path: path)
        }
        guard ![0, vaultOwner, Surroundings.userID].contains(seen.uid) else { return nil }
        return Fault(
            .unsafe, "refused '\(path.display)': it belongs to \(Surroundings.userName(seen.uid)), and is not empty",
            hint: """
                neither Reprieve nor the owner of the vault made it. Look at what is in it, then move it away, and the \
                vault's own trash back if it was renamed:
                mv \(shell: path) \(shell: path + ".not-ours")
                """, path: path)
    }

    /// Held for renames and their barriers only.
    package func lock(holder: String, waitSeconds: Double) throws(Fault) -> FileLock {
        try FileLock.take(Self.lockName, in: directory, holder: holder, waitSeconds: waitSeconds)
    }

    /// The names of all batches, oldest first. Another directory that somebody put here is none of ours.
    package func batchNames() throws(Fault) -> [String] {
        try directory.entries().filter { $0.kind == .directory }.compactMap(\.name.utf8)
            .filter(Self.isBatchName).sorted()
    }

    /// Where what was at a path of the vault lies in a batch; from the trash.
    package func path(of path: Bytes, in batch: String) -> Bytes {
        Bytes(batch).appending(Self.filesName).appending(path)
    }

    /// `20261123T041500.123Z`.
    static func isBatchName(_ name: String) -> Bool {
        let pattern = Array("00000000T000000.000Z".utf8)
        return name.utf8.count == pattern.count
            && zip(name.utf8, pattern).allSatisfy { byte, model in
                model == UInt8(ascii: "0") ? (0x30...0x39).contains(byte) : byte == model
            }
    }

    private static let readme = """
        This is the trash of a backup directory kept in order by Reprieve.

        Each directory here with a date for a name is a batch: backups that no rule
        keeps any more. What was PATH is now BATCH/files/PATH. It stays until the
        grace period is over (earliest_purge in BATCH/manifest.json), then it goes.

        To bring one back:   reprieve restore PATH
        or without Reprieve: mv BATCH/files/PATH  to where it was
        Both are noticed, and it is left alone for another grace period.
        To stop everything here: touch FREEZE in this directory.
        Exclude this directory from off-site copies; never rsync --delete over it.

        """

    private static let cacheTag = """
        Signature: 8a477f597d28d172789f06886806bc55
        # This directory holds backups that are about to be deleted. See https://bford.info/cachedir/

        """
}
