package import Model

/// What room is lacking that ranges are asked to give: `daily: 7-14` keeps up to 14 while there is room, 7 in any case.
package struct SpacePressure: Sendable, Hashable {
    /// The limits that are not met, as a person reads them in a reason: `min-free 15%`.
    package var limits: String
    /// Bytes and inodes of the file system, beyond what the trash of its vaults will give.
    package var bytes: Int64 = 0
    package var inodes: Int64 = 0
    /// Bytes of this vault over its `max-size`, its trash not counted: that goes anyway.
    package var vaultBytes: Int64 = 0
    /// What other vaults of the file system could give: all stand in one row, and each gives its own share.
    package var others: [Sheddable] = []

    package init(limits: String) { self.limits = limits }

    package var isEmpty: Bool { bytes <= 0 && inodes <= 0 && vaultBytes <= 0 }
}

/// A present backup that only a range above its lower bound keeps, and that is not critical.
package struct Sheddable: Sendable, Hashable, Comparable {
    package var vault: VaultID
    package var id: BackupID
    package var path: Bytes
    /// Its place in the row: the dearest and newest of itself and of all that need it, so that they go before it.
    fileprivate var importance: UInt8
    fileprivate var time: Timestamp
    /// How many stand on it, one on the other: with the same place, the last of a chain goes first.
    fileprivate var height = 0
    /// What its purge will give at least, as far as that was measured; else what it has allocated.
    package var bytes: Int64
    package var inodes: Int64
    /// What its vault becomes smaller by.
    package var allocated: Int64

    fileprivate init(_ judged: Plan.Judged) {
        let backup = judged.backup
        (vault, id, path, time) = (backup.vault, backup.id, backup.path, backup.time)
        importance = judged.decision.importance
        bytes = backup.expectedBytes
        inodes = backup.expectedInodes
        allocated = backup.allocated
    }

    /// Least important first, oldest first; ties by vault and path (invariant 12).
    package static func < (a: Sheddable, b: Sheddable) -> Bool {
        (a.importance, a.time, a.height) != (b.importance, b.time, b.height)
            ? (a.importance, a.time, a.height) < (b.importance, b.time, b.height)
            : (a.vault.text, a.path) < (b.vault.text, b.path)
    }
}

extension Backup {
    /// What its purge is expected to give: as measured, else all that it has allocated.
    package var expectedBytes: Int64 { freedIfPurged?.bytes ?? allocated }

    /// Of a directory nobody counted them: at most one for each block that it holds. Expecting too much takes too
    /// little, and the next run takes more.
    package var expectedInodes: Int64 {
        members.reduce(0) { $0.adding($1.isDirectory ? 1 + max(1, allocated / 4096) : links > 1 ? 0 : 1) }
    }
}

extension Judge {
    /// The same with every range at its lower bound.
    func atLowerBounds() -> Judge {
        var judge = self
        judge.space = .short
        return judge
    }

    /// What these may give, in the row's order. They are decisions of this judge (``decideAll(_:restored:)``).
    package func sheddable(_ judged: [Plan.Judged], restored: [UInt64: UInt16] = [:]) -> [Sheddable] {
        let low = lowered(judged, restored)
        return sheddable(judged) { !low[$0].decision.retain }
    }

    private func lowered(_ judged: [Plan.Judged], _ restored: [UInt64: UInt16]) -> [Plan.Judged] {
        // Both are by series in byte order, newest first.
        atLowerBounds().decideAll(judged.map(\.backup), restored: restored)
    }

    private func sheddable(_ judged: [Plan.Judged], goes: (Int) -> Bool) -> [Sheddable] {
        var found: [Sheddable] = []
        for series in judged.seriesRanges {
            let own = Array(judged[series])
            let may = own.indices.filter { n in
                let decision = own[n].decision
                return decision.retain && !decision.isSetAside && decision.priority != .critical
                    && goes(series.lowerBound + n)
            }
            guard !may.isEmpty else { continue }
            found += inRow(own, may)
        }
        return found.sorted()
    }

    /// Each behind all that stand on it; without those on which something stands that stays. `own`: newest first, so
    /// that each comes before what it needs.
    private func inRow(_ own: [Plan.Judged], _ may: [Int]) -> [Sheddable] {
        var row = Dictionary(uniqueKeysWithValues: may.map { ($0, Sheddable(own[$0])) })
        guard let links else { return Array(row.values) }
        let places = Dictionary(own.enumerated().map { ($1.backup.id, $0) }) { first, _ in first }
        let stays = links.closure(
            of: own.indices.filter { own[$0].decision.retain && row[$0] == nil }.map { own[$0].backup.id })
        for (id, n) in places where stays.contains(id) { row[n] = nil }
        for n in own.indices {
            guard let dependent = row[n] else { continue }
            for needed in links.needs(of: own[n].backup.id).compactMap({ places[$0] }) {
                guard var place = row[needed] else { continue }
                if (dependent.importance, dependent.time) > (place.importance, place.time) {
                    (place.importance, place.time) = (dependent.importance, dependent.time)
                }
                place.height = max(place.height, dependent.height + 1)
                row[needed] = place
            }
        }
        return Array(row.values)
    }

    /// Condemns, of what only ranges keep, as much as is lacking and no more. What is still lacking is answered.
    func shed(
        _ judged: [Plan.Judged], _ pressure: SpacePressure, vault: VaultID, restored: [UInt64: UInt16]
    ) -> (judged: [Plan.Judged], lacking: SpacePressure) {
        let low = lowered(judged, restored)
        let own = sheddable(judged) { !low[$0].decision.retain }
        var lacking = pressure
        var going: Set<Bytes> = []
        for one in (own + pressure.others.filter { $0.vault != vault }).sorted() {
            guard lacking.bytes > 0 || lacking.inodes > 0 else { break }
            lacking.bytes -= one.bytes
            lacking.inodes -= one.inodes
            guard one.vault == vault else { continue }
            going.insert(one.path)
            lacking.vaultBytes -= one.allocated
        }
        for one in own where lacking.vaultBytes > 0 && going.insert(one.path).inserted {
            lacking.vaultBytes -= one.allocated
        }
        guard !going.isEmpty else { return (judged, lacking) }
        var judged = judged
        for n in judged.indices where going.contains(judged[n].backup.path) {
            judged[n].decision.retain = false
            judged[n].decision.reasons = [.forSpace(pressure.limits)] + low[n].decision.reasons
        }
        return (judged, lacking)
    }
}

extension [Plan.Judged] {
    /// The stretches of one series each.
    fileprivate var seriesRanges: [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        for n in indices.dropFirst() where self[n].backup.series != self[start].backup.series {
            ranges.append(start..<n)
            start = n
        }
        if !isEmpty { ranges.append(start..<count) }
        return ranges
    }
}
