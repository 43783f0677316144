internal import Foundation
internal import GRDB
package import Model

extension Catalog {
    /// What changed by recording looks.
    package struct Changes: Sendable {
        /// Objects that were not known, and the places they are in.
        package var appeared: Set<UInt64> = []
        package var places: Set<Bytes> = []
        /// Those that became complete before our eyes. What stood there complete when a vault was first indexed is not
        /// among them.
        package var completed: [Backup] = []
        /// All that is complete now and was not known to be, those of a first index too.
        package var newlyComplete = 0
        /// All that rests now and cannot be used: cut off, empty, reported as failed.
        package var newlyUnusable = 0
        package var vanished: [Backup] = []
        /// Complete ones whose name has another content now; of a vault that was known.
        package var rewritten: [(before: Backup, after: Backup)] = []
        /// Known ones that are under another name now.
        package var moved: [(before: Backup, after: Arrival)] = []
        /// What is there that was not there under this name; of a vault that was known.
        package var arrived: [Arrival] = []
        /// Names were read in another way than before: what is gone may only be no backup any more.
        package var isReread = false
        /// Those whose name another known one took.
        package var dropped: [Backup] = []
        /// Objects of vanished ones where a link to a known one as large stands now.
        package var linked: Set<UInt64> = []
        /// Places of which another process changed a row meanwhile: they have to be read again.
        var contested = 0

        /// Something under a name that it did not have.
        package struct Arrival: Sendable, Hashable {
            package var object: UInt64
            package var series: Bytes
            package var path: Bytes
        }

        package init() {}

        package mutating func merge(_ other: Changes) {
            appeared.formUnion(other.appeared)
            places.formUnion(other.places)
            completed += other.completed
            newlyComplete += other.newlyComplete
            newlyUnusable += other.newlyUnusable
            vanished += other.vanished
            rewritten += other.rewritten
            moved += other.moved
            arrived += other.arrived
            isReread = isReread || other.isReread
            contested += other.contested
            linked.formUnion(other.linked)
        }

        /// What is gone from one place and was seen in another has only moved.
        package mutating func mergeMoves() {
            let gone = vanished.filter { !appeared.contains($0.id.object) }
            guard !arrived.isEmpty else {
                vanished = gone
                return
            }
            let now = Dictionary(arrived.map { ($0.object, $0) }) { first, _ in first }
            let replaced = rewritten.filter { $0.before.object != $0.after.object }.map(\.before)
            moved = (vanished + replaced).compactMap { before in now[before.id.object].map { (before, $0) } }
            // Where another known one took the name, its content is not another: it is a rotation.
            let known = Set((vanished + replaced).map(\.id.object))
            let overwritten = rewritten.filter { known.contains($0.after.id.object) && now[$0.before.id.object] == nil }
            rewritten.removeAll { now[$0.before.id.object] != nil || known.contains($0.after.id.object) }
            arrived.removeAll { known.contains($0.object) }
            vanished = gone
            dropped = overwritten.map(\.before)
        }
    }

    /// What one look at a place found.
    package struct Look: Sendable {
        package var place: Bytes
        /// The rows as they were before the look. A row that another process changed since is newer, and stays.
        package var known: [Backup]
        package var backups: [Backup]
        package var skippedEntries: [SkippedEntry]
        /// Directories in it that are places too.
        package var inside: [Bytes]
        /// `nil`: it has to be read again next time, whatever it looks like.
        package var digest: PlaceDigest?
        /// Backups of which nothing could be seen: they are not gone.
        package var unknown: Set<Bytes>
        /// Nothing was ever recorded of it.
        package var isNew: Bool

        package init(
            place: Bytes, known: [Backup], backups: [Backup], skippedEntries: [SkippedEntry], inside: [Bytes],
            digest: PlaceDigest?, unknown: Set<Bytes> = [], isNew: Bool = false
        ) {
            self.isNew = isNew
            self.unknown = unknown
            self.place = place
            self.known = known
            self.backups = backups
            self.skippedEntries = skippedEntries
            self.inside = inside
            self.digest = digest
        }

        package var rows: Int { backups.count + skippedEntries.count + 1 }
    }

    /// No transaction writes more rows than this: nobody waits for the database for long.
    package static let mostRows = 1000

    /// Makes the catalog equal to what was seen in these places. Unchanged rows are not written.
    package func record(vault: VaultID, _ looks: [Look]) throws(Fault) -> Changes {
        var changes = Changes()
        let isIndexed = try vaults.isIndexed(vault: vault)
        var together: [Look] = []
        var rows = 0
        for look in looks {
            if rows + look.rows > Self.mostRows, !together.isEmpty {
                changes.merge(try write(vault, together, isIndexed))
                together = []
                rows = 0
            }
            together += try split(look, vault, isIndexed: isIndexed, changes: &changes)
            rows += together.last?.rows ?? 0
        }
        if !together.isEmpty { changes.merge(try write(vault, together, isIndexed)) }
        return changes
    }

    /// A place of more rows than one transaction may have: all but the last part is written at once. Its digest comes
    /// with the last part, so that a crash in between makes it read again.
    private func split(
        _ look: Look, _ vault: VaultID, isIndexed: Bool, changes: inout Changes
    ) throws(Fault) -> [Look] {
        guard look.backups.count > Self.mostRows else { return [look] }
        let known = Dictionary(look.known.map { ($0.path, $0) }) { first, _ in first }
        var last = look
        last.backups = []
        for start in stride(from: 0, to: look.backups.count, by: Self.mostRows) {
            let some = Array(look.backups[start..<min(start + Self.mostRows, look.backups.count)])
            let part = Look(
                place: look.place, known: some.compactMap { known[$0.path] }, backups: some, skippedEntries: [],
                inside: [],
                digest: nil)
            let before = changes.contested
            changes.merge(try write(vault, [part], isIndexed, isPart: true))
            if changes.contested > before { last.digest = nil }
        }
        let kept = Set(look.backups.map(\.path))
        last.known = look.known.filter { !kept.contains($0.path) }
        return [last]
    }

    private func write(
        _ vault: VaultID, _ looks: [Look], _ isIndexed: Bool, isPart: Bool = false
    ) throws(Fault) -> Changes {
        try write { db in
            var writer = LookWriter(db, vault, isIndexed: isIndexed)
            for look in looks { try writer.record(look, isPart: isPart) }
            return writer.changes
        }
    }

    /// By series: the signs of success that one of its backups has shown, and the time of the first that did.
    package func signs(vault: VaultID) throws(Fault) -> [Bytes: [String: Timestamp]] {
        try read { db in
            let rows = try Row.fetchCursor(
                db, sql: "SELECT series, name, since FROM sign WHERE vault = ?", arguments: [vault.text])
            var signs: [Bytes: [String: Timestamp]] = [:]
            while let row = try rows.next() {
                signs[Bytes(row[0] as Data), default: [:]][row[1]] = Timestamp(nanoseconds: row[2])
            }
            return signs
        }
    }
}
