package import Catalog
package import Disk
internal import Dispatch
package import Model
internal import State
internal import Survey
internal import Synchronization
internal import Trash

/// Looking at places, and the catalog that follows.
package struct Scanner: UseCase {
    let context: Context

    var access: VaultAccess { VaultAccess(context: context) }
    var massChangeGuard: MassChangeGuard { MassChangeGuard(context: context) }

    /// What a look at single directories found.
    package struct Refreshed: Sendable {
        package var changes = Catalog.Changes()
        /// Directories that could not be looked at: what is in them is unknown, the others stand.
        package var faults: [Fault] = []
        /// Something that was in the trash is back in the vault: the next whole look settles it.
        package var hasReturned = false
        /// Backups that settle, by place, for who looks again.
        package var settling: [Bytes: [Backup]] = [:]
    }

    /// Looks again at single directories of a vault and makes the catalog equal to them. `deep`: also at all that lies
    /// below these. `isLocked`: the caller holds the vault's lock.
    @discardableResult
    package func refresh(
        _ vault: OpenVault, places: Set<Bytes>, deep: Set<Bytes> = [], finished: Set<Bytes> = [],
        isLocked: Bool = false, watch: ((Directory, Bytes) -> Void)? = nil,
        shouldStop: @escaping () -> Bool = { false },
        isWatched: (Bytes) -> Bool = { _ in true }
    ) throws(Fault) -> Refreshed {
        let at = now()
        let trashed = try state.catalog.trashed(vault: vault.id)
        var known = try known(vault)
        known.trashed = VaultSurvey.Trashed(trashed)
        known.finished = finished
        known.signs = try state.catalog.signs(vault: vault.id)
        var recorder = Recorder(catalog: state.catalog, vault: vault.id)
        var result = Refreshed()
        var inside: [Bytes: Set<Bytes>] = [:]
        var movedObjects: Set<ObjectID> = []
        var waiting = Array(places.union(deep))
        var tried: Set<Bytes> = []
        while let place = waiting.popLast(), !shouldStop() {
            guard tried.insert(place).inserted else { continue }
            do {
                let look = try vault.survey.look(
                    at: place, below: vault.root, known: known, now: at, shouldStop: shouldStop, watch: watch)
                guard case .read(let seen) = look else {
                    inside[place] = []
                    recorder.addGone(place)
                    continue
                }
                if !seen.isCovered { inside[place] = Set(seen.descend) }
                movedObjects.formUnion(seen.movedObjects.keys)
                // A directory that came new is looked into at once; one that is watched will say when it changes.
                let isDeep = deep.contains { place.isWithin($0) }
                waiting += seen.descend.filter { isDeep || !isWatched($0) }
                result.faults += seen.faults
                result.settling[place] = seen.backups.filter(\.settles)
                try recorder.add(seen)
            } catch {
                result.faults.append(error)
            }
        }
        result.changes = try recorder.finish(gone: try state.catalog.places.gone(vault: vault.id, inside))
        try judge(&result.changes, vault, at: at, isLocked: isLocked)
        let objects = Set(trashed.map(\.object))
        result.hasReturned = !movedObjects.isDisjoint(with: objects)
        return result
    }

    /// Before anything of these series goes: reads the directories that they lie in anew, whatever the catalog's
    /// digests say, and makes the catalog equal to what changed. Answers the series of which the disk says something
    /// else now than the rows that were decided on: by name, object, size and times.
    func mistaken(_ snapshot: Snapshot, in series: Set<Bytes>) throws(Fault) -> Set<Bytes> {
        let vault = snapshot.vault
        let places = Set(snapshot.present.lazy.filter { series.contains($0.series) }.map(\.path.parent))
        let rows = Dictionary(
            grouping: snapshot.present.lazy.filter { places.contains($0.path.parent) }, by: \.path.parent)
        var known = try known(vault)
        known.signs = try state.catalog.signs(vault: vault.id)
        var mistaken: Set<Bytes> = []
        var changed: Set<Bytes> = []
        for (place, backups) in rows {
            var now: [Bytes: Backup] = [:]
            let look = try vault.survey.look(
                at: place, below: vault.root, known: known, now: snapshot.at, shouldStop: shouldStop)
            if case .read(let seen) = look {
                now = Dictionary(seen.backups.map { ($0.path, $0) }) { first, _ in first }
            }
            for backup in backups where now[backup.path]?.isSame(as: backup) != true {
                mistaken.formUnion([backup.series, now[backup.path]?.series ?? backup.series])
                changed.insert(place)
            }
        }
        var faults: [Fault] = []
        attempt(&faults) { () throws(Fault) in try refresh(vault, places: changed) }
        if let fault = faults.first { throw fault }
        return mistaken
    }

    /// Directly behind the catalog, which has the new state now: nobody would see these changes again. What fails here
    /// comes after the brake has them.
    private func judge(
        _ changes: inout Catalog.Changes, _ vault: OpenVault, at: Moment, isLocked: Bool = false
    ) throws(Fault) {
        var fault: Fault?
        if !changes.vanished.isEmpty {
            do throws(Fault) {
                let condemned = try inTrash(in: vault, isLocked: isLocked)
                changes.vanished.removeAll { condemned.contains($0.object) }
            } catch {
                // What is not known to be in the trash counts as lost.
                fault = error
            }
        }
        try massChangeGuard.record(changes, vault, at: at)
        if let fault { throw fault }
    }

    /// The objects in all batches: what was condemned meanwhile has not vanished. Once nobody is renaming, if that is
    /// soon; a rename that the look saw the end of is in its batch all the same.
    private func inTrash(in vault: OpenVault, isLocked: Bool) throws(Fault) -> Set<ObjectID> {
        guard let trash = try vault.trash() else { return [] }
        var lock: FileLock?
        do throws(Fault) {
            lock = isLocked ? nil : try access.lockToLook(trash)
        } catch {
            guard error.code == .locked else { throw error }
        }
        defer { withExtendedLifetime(lock) {} }
        return Set(try trash.batches().flatMap(\.items).filter(\.holdsPrimary).map(\.backup.object))
    }

    private func known(_ vault: OpenVault) throws(Fault) -> VaultSurvey.Known {
        let (catalog, id) = (state.catalog, vault.id)
        return VaultSurvey.Known { (place: Bytes) throws(Fault) in try catalog.present(vault: id, place: place) }
    }

    /// Looks at the whole vault and makes the catalog equal to it, place by place. What is as it was is neither read
    /// nor written.
    func scan(
        _ vault: OpenVault, trashed: VaultSurvey.Trashed, at: Moment, probing: VaultSurvey.Probing,
        _ watch: ((Directory, Bytes) -> Void)?, _ shouldStop: @escaping () -> Bool
    ) throws(Fault) -> (scan: VaultSurvey.Scan, changes: Catalog.Changes) {
        var known = try known(vault)
        let readAs = vault.survey.readAs
        known.digests = try state.catalog.places.digests(vault: vault.id, readAs: readAs)
        known.isEmpty = known.digests.isEmpty
        known.trashed = trashed
        known.signs = try state.catalog.signs(vault: vault.id)
        var recorder = Recorder(catalog: state.catalog, vault: vault.id)
        let scan: VaultSurvey.Scan
        var changes: Catalog.Changes
        do throws(Fault) {
            scan = try vault.survey.scan(
                below: vault.root, known: known, now: at, probing: probing, watch: watch, shouldStop: shouldStop
            ) { (place: VaultSurvey.Place) throws(Fault) in try recorder.add(place) }
            // Half a look would say that the other half is gone; what was seen stands.
            guard !scan.wasStopped else { throw Fault(.failed, "stopped while looking at '\(vault.label)'") }
            let gone = known.digests.keys.filter { place in
                !scan.places.contains(place) && !scan.isHidden(place)
            }
            changes = try recorder.finish(gone: gone.sorted())
        } catch {
            var seen = recorder.finishedInPart()
            try judge(&seen, vault, at: at)
            throw error
        }
        changes.isReread = try state.catalog.vaults.readAs(vault: vault.id) != readAs
        try judge(&changes, vault, at: at)
        try state.catalog.vaults.recordIndexed(vault: vault.id, readAs: readAs)
        return (scan, changes)
    }

    /// What is to be looked at again.
    package func settling(in vault: OpenVault) throws(Fault) -> [Backup] {
        try state.catalog.settling(vault: vault.id).filter(\.settles)
    }
}

extension Backup {
    /// Whether it is to be looked at again when its quiet period is over. Temporary names settle never.
    package var settles: Bool { condition == .settling && note != Self.temporaryNote }

    /// Whether whatever decides on it is the same.
    fileprivate func isSame(as other: Backup) -> Bool {
        id == other.id && series == other.series && time == other.time && kind == other.kind
            && (other.isBad || condition == other.condition) && members.map(\.alone) == other.members.map(\.alone)
    }
}

/// Writes what looks found, some hundreds of rows at a time, while the looks go on: one lot is being written at most,
/// and one collected.
private struct Recorder {
    private let writer: Writer
    private var waiting: [Catalog.Look] = []
    private var rows = 0
    private var gone: [Bytes] = []

    private final class Writer: Sendable {
        let catalog: Catalog
        let vault: VaultID
        let queue = DispatchQueue(label: "catalog")
        let isFree = DispatchSemaphore(value: 1)
        let outcome = Mutex((changes: Catalog.Changes(), fault: Fault?.none))

        init(catalog: Catalog, vault: VaultID) {
            self.catalog = catalog
            self.vault = vault
        }

        func write(_ looks: [Catalog.Look]) {
            isFree.wait()
            queue.async { [self] in
                defer { isFree.signal() }
                do throws(Fault) {
                    let changes = try catalog.record(vault: vault, looks)
                    outcome.withLock { $0.changes.merge(changes) }
                } catch {
                    outcome.withLock { $0.fault = $0.fault ?? error }
                }
            }
        }
    }

    init(catalog: Catalog, vault: VaultID) { writer = Writer(catalog: catalog, vault: vault) }

    mutating func addGone(_ place: Bytes) { gone.append(place) }

    mutating func add(_ place: VaultSurvey.Place) throws(Fault) {
        let look = Catalog.Look(
            place: place.directory, known: place.known, backups: place.backups, skippedEntries: place.skippedEntries,
            inside: place.descend, digest: place.digest, unknown: place.unknown,
            isNew: place.isNew)
        waiting.append(look)
        rows += look.rows
        if rows >= Catalog.mostRows { try flush() }
    }

    private mutating func flush() throws(Fault) {
        if let fault = writer.outcome.withLock(\.fault) { throw fault }
        writer.write(waiting)
        waiting = []
        rows = 0
    }

    /// What the catalog has of a look that came to no end.
    mutating func finishedInPart() -> Catalog.Changes {
        do throws(Fault) {
            if !waiting.isEmpty { try flush() }
        } catch {
            // What could not be written is seen again.
        }
        writer.queue.sync {}
        var changes = writer.outcome.withLock(\.changes)
        changes.mergeMoves()
        return changes
    }

    /// Writes the rest, and forgets the places that are there no more.
    mutating func finish(gone more: [Bytes]) throws(Fault) -> Catalog.Changes {
        if !waiting.isEmpty { try flush() }
        writer.queue.sync {}
        var (changes, fault) = writer.outcome.withLock { $0 }
        if let fault { throw fault }
        changes.vanished += try writer.catalog.places.forget(vault: writer.vault, places: gone + more)
        changes.mergeMoves()
        return changes
    }
}
