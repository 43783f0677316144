package import Disk
package import Model

extension VaultSurvey.Scan {
    package var hasUnknown: Bool { !unknown.isEmpty || !unreadable.isEmpty || !covered.isEmpty }

    /// Whether nothing is known of what is at a path now.
    package func isUnknown(_ path: Bytes) -> Bool {
        unknown.contains(path) || isHidden(path)
    }

    /// Whether it lies in a directory that could not be read, or that something is mounted over.
    package func isHidden(_ path: Bytes) -> Bool {
        unreadable.keys.contains { path.isWithin($0) } || covered.contains { path.isWithin($0) }
    }
}

extension VaultSurvey {
    /// A whole vault, looked at once. What the places hold is told one by one; this is what is left to say.
    package struct Scan: Sendable {
        /// Every directory that was looked at.
        package var places: Set<Bytes> = []
        package var movedObjects: [ObjectID: Bytes] = [:]
        /// Directories that could not be read, and why: what is below them is unknown, not gone.
        package var unreadable: [Bytes: Fault] = [:]
        package var faults: [Fault] = []
        /// Backups that could not be looked at.
        package var unknown: Set<Bytes> = []
        /// Places with backups that wait for somebody to look into them.
        package var unprobed: Set<Bytes> = []
        /// Directories that something is mounted over: what is below them is covered, not gone.
        package var covered: Set<Bytes> = []
        /// It was asked to stop: what is missing here was not looked at.
        package var wasStopped = false
        /// Places that had to be read.
        package var read = 0
    }

    /// Looks at every directory, upper levels first, each watched before it is listed. `found` is told what had to be
    /// read; places that are as they were are passed over.
    package func scan(
        below root: Directory, known: Known, now: Moment, probing: Probing = .now,
        watch: ((Directory, Bytes) -> Void)? = nil, shouldStop: @escaping () -> Bool = { false },
        found: (Place) throws(Fault) -> Void
    ) throws(Fault) -> Scan {
        let inside = Self.children(of: known.digests)
        var scan = Scan()
        var waiting: [Bytes] = [Bytes()]
        var at = 0
        // Level by level: where the limit of watches is reached, the upper ones have theirs.
        while at < waiting.count {
            let directory = waiting[at]
            at += 1
            if at == 4096 {  // what is done with needs no memory
                waiting.removeFirst(at)
                at = 0
            }
            guard !shouldStop() else {
                scan.wasStopped = true
                break
            }
            let look: Look
            do {
                look = try self.look(
                    at: directory, below: root, known: known, now: now, probing: probing, shouldStop: shouldStop,
                    watch: watch)
            } catch {
                scan.unreadable[directory] = error
                scan.faults.append(error)
                continue
            }
            switch look {
            case .gone: break
            case .same:
                scan.places.insert(directory)
                waiting += inside[directory] ?? []
            case .read(let place):
                scan.places.insert(directory)
                scan.read += 1
                if place.isCovered { scan.covered.insert(directory) }
                scan.faults += place.faults
                scan.unknown.formUnion(place.unknown)
                scan.movedObjects.merge(place.movedObjects) { first, _ in first }
                if place.unprobed > 0 { scan.unprobed.insert(directory) }
                waiting += place.descend
                try found(place)
            }
        }
        return scan
    }

    /// Which known places lie in which.
    private static func children(of digests: [Bytes: PlaceDigest?]) -> [Bytes: [Bytes]] {
        var inside: [Bytes: [Bytes]] = [:]
        for path in digests.keys where !path.isEmpty { inside[path.parent, default: []].append(path) }
        return inside
    }
}
