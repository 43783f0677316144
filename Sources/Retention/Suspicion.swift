package import Model

/// Which backups of a vault look wrong, by what the catalog knows of them: no file is read.
///
/// A suspect one is set aside (invariant 7): it counts for nothing and turns no other's *keep* into *condemn*, until
/// somebody accepts it, or ten that agree with it say that this is how they are now.
package struct Suspicion: Sendable {
    /// By object, and why.
    package var suspects: [UInt64: String] = [:]
    /// The newest of a series that are suspect without a good one after them, oldest first.
    package var runs: [Bytes: [UInt64]] = [:]
    /// The last full one from before its series went to another level that nobody accepted, by series.
    package var before: [Bytes: [UInt64]] = [:]

    package init() {}

    /// One that was in the trash, or was purged: it counted once, and that is a fact.
    package struct Past: Sendable, Hashable {
        package var object: UInt64
        package var time: Timestamp
        package var size: Int64
        package var isFull: Bool

        package init(object: UInt64, time: Timestamp, size: Int64, isFull: Bool) {
            self.object = object
            self.time = time
            self.size = size
            self.isFull = isFull
        }
    }

    /// What people and earlier looks said.
    package struct Words: Sendable {
        /// Objects that a person accepted.
        package var accepted: Set<UInt64> = []
        /// By series: all that a person accepted with it; the baseline begins anew behind these.
        package var renewed: [Bytes: Set<UInt64>] = [:]
        /// Suspect in an earlier look. What newer ones do not make good stays so, however far back it lies by now.
        package var remembered: [UInt64: String] = [:]

        package init() {}
    }

    /// Nothing further back than so many of a series is judged anew: what counted once goes on counting.
    package static let judged = 30
    /// So many older ones may tell what is usual.
    package static let recalled = 40

    /// `footers`: series that have shown the footer of plain SQL. `past`: newest first, at most ``recalled`` of each
    /// series. `latest`: what is dated later is *future*.
    package init(
        _ present: [Backup], past: [Bytes: [Past]] = [:], words: Words = Words(), footers: Set<Bytes> = [],
        latest: Timestamp
    ) {
        for (series, backups) in Dictionary(grouping: present, by: \.series) {
            var line: [Item] = []
            line.reserveCapacity(backups.count)
            var (matches, contradicts) = (false, false)
            for backup in backups where backup.time <= latest {
                guard var item = Item(backup) else { continue }
                item.lacksFooter = backup.endMark == .footerAbsent && footers.contains(series)
                line.append(item)
                if item.isContradicted { contradicts = true } else { matches = true }
            }
            let known = past[series] ?? []
            let isPacked = 2 * line.count { $0.isPacked } > line.count
            line += known.map(Item.init)
            line.sort { ($0.time, $0.path) < ($1.time, $1.path) }
            var walk = SizeWalk(
                // All alike: how its writer names them, and no sign.
                contradictionsMatter: contradicts && (matches || !known.isEmpty), words: words,
                renewed: words.renewed[series] ?? [], isPacked: isPacked)
            walk.walk(line)
            suspects.merge(walk.suspects) { first, _ in first }
            if !walk.run.isEmpty { runs[series] = walk.run }
            if !walk.before.isEmpty { before[series] = walk.before }
        }
    }

    /// What is judged of one backup.
    struct Item {
        var object: UInt64
        var time: Timestamp
        var path: Bytes
        var size: Int64
        var isFull: Bool
        var isPacked = false
        var isContradicted = false
        /// It ends without the footer that others of its series have.
        var lacksFooter = false
        /// It counted once.
        var isPast = false

        /// `nil`: it is not judged, as it is not finished.
        init?(_ backup: Backup) {
            let isEmpty = backup.size == 0 && backup.condition == .incomplete
            guard backup.isComplete || isEmpty else { return nil }
            object = backup.id.object
            time = backup.time
            path = backup.path
            size = backup.size
            isFull = backup.kind == .full
            isPacked = backup.isPacked
            isContradicted = backup.endMark == .contradicted
        }

        init(_ past: Past) {
            object = past.object
            time = past.time
            path = Bytes()
            size = past.size
            isFull = past.isFull
            isPast = true
        }
    }
}

extension Suspicion {
    package static let emptyNote = "it is empty"
    package static let contradictedNote = "its first bytes are not what its name says"
}
