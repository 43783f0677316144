internal import Catalog
package import Config
package import Disk
package import Model
internal import Recognition
internal import State

/// What purging some backups would free: hard links over several of them, sparse files, the blocks on disk.
package struct FreedReport: Sendable {
    /// Only series of which something goes, and whose bytes may be shared with others.
    package var bySeries: [Bytes: Backup.Freed] = [:]
    package var total = Backup.Freed(bytes: 0, isAtLeast: false)
    package var hasLinks: Bool { !bySeries.isEmpty }
}

package struct FreedSpaceMeter: UseCase {
    let context: Context

    var access: VaultAccess { VaultAccess(context: context) }

    /// Measures each backup that may share bytes with others, and each opaque unit. For a thread of its own, in the
    /// background; nothing is decided by it.
    package func measure(
        _ configuration: VaultConfiguration, pacing: Pacing, shouldStop: () -> Bool
    ) throws(Fault) {
        guard configuration.settings.sizes.value != .off else { return }
        let vault = try access.open(configuration)
        for entry in try state.catalog.skippedEntries(vault: vault.id) where entry.why.condition == "opaque" {
            guard !shouldStop() else { return }
            try measure(entry, vault, pacing: pacing, shouldStop: shouldStop)
        }
        guard configuration.settings.sizes.value == .exact, try state.catalog.sizes.hasUnmeasured(vault: vault.id)
        else {
            return
        }
        let units = Self.inOrder(try state.catalog.sizes.sharing(vault: vault.id))
        let census = try count(units, below: vault.root, pacing, shouldStop)
        guard !shouldStop() else { return }
        let alone = census.freedAlone()
        try state.catalog.sizes.recordFreed(
            units.enumerated().map { n, backup in
                (backup, alone[UInt32(n)] ?? .init(bytes: 0, isAtLeast: false))
            })
    }

    private func measure(
        _ entry: SkippedEntry, _ vault: OpenVault, pacing: Pacing, shouldStop: () -> Bool
    ) throws(Fault) {
        // What cannot be opened is measured another time.
        guard let measure = managedMeasure(entry.path, vault, pacing: pacing, shouldStop: shouldStop), !shouldStop()
        else { return }
        var entry = entry
        entry.size = measure.size
        entry.newest = measure.newest
        try state.catalog.sizes.recordMeasured(vault: vault.id, entry)
    }

    private func managedMeasure(
        _ path: Bytes, _ vault: OpenVault, pacing: Pacing, shouldStop: () -> Bool
    ) -> ManagedMeasure? {
        guard let parent = try? vault.root.open(path.parent) else { return nil }
        if Dar.slice(path.lastComponent) != nil, let names = try? parent.entries().map(\.name) {
            // One line stands for all archives of the directory.
            return ManagedMeasure(of: names.filter { Dar.slice($0) != nil }, in: parent)
        }
        let opened = (try? vault.root.open(path)) ?? (try? parent.openSubvolume(path.lastComponent)) ?? nil
        return opened.map { ManagedMeasure(of: $0, pacing: pacing, shouldStop: shouldStop) }
    }

    /// What all of these would free together. Walks what shares bytes, for a few seconds at most: after that it is "at
    /// least".
    func freed(_ going: [Backup], in vault: OpenVault) throws(Fault) -> FreedReport {
        var report = FreedReport()
        let sharing = Self.inOrder(going.filter(\.mayShare))
        report.total.bytes = going.filter { !$0.mayShare }.total { $0.allocated }
        guard !sharing.isEmpty, vault.configuration.settings.sizes.value == .exact else {
            report.total.bytes = report.total.bytes.adding(sharing.total { $0.allocated })
            return report
        }
        let end = now().boot + Self.planNanoseconds
        let census = try count(sharing, below: vault.root, .none) { now().boot > end }
        for (series, members) in Dictionary(grouping: sharing.indices, by: { sharing[$0].series })
        where members.contains(where: { census.withLinks.contains(UInt32($0)) }) {
            report.bySeries[series] = census.freed(byPurging: Set(members.map { UInt32($0) }))
        }
        let together = census.freed(byPurging: Set(sharing.indices.map { UInt32($0) }))
        report.total = .init(bytes: report.total.bytes.adding(together.bytes), isAtLeast: together.isAtLeast)
        return report
    }

    /// A person waits for the plan.
    private static let planNanoseconds: Int64 = 5_000_000_000

    /// Neighbours in a series get neighbouring numbers.
    private static func inOrder(_ backups: [Backup]) -> [Backup] {
        backups.sorted { ($0.series, $0.time, $0.path) < ($1.series, $1.time, $1.path) }
    }

    private func count(
        _ units: [Backup], below root: Directory, _ pacing: Pacing, _ shouldStop: () -> Bool
    ) throws(Fault) -> LinkCensus {
        var census = LinkCensus()
        for (n, backup) in units.enumerated() {
            let unit = UInt32(n)
            for member in backup.members {
                guard !shouldStop() else {
                    census.distrust(unit)
                    continue
                }
                do throws(Fault) {
                    if member.isDirectory {
                        let tree = try root.open(member.path)
                        try census.count(tree: tree, as: unit, pacing: pacing, shouldStop: shouldStop)
                    } else {
                        let place = try root.open(member.path.parent)
                        try census.count(file: member.path.lastComponent, in: place, as: unit)
                    }
                } catch {
                    census.distrust(unit)  // it is no longer there, or cannot be looked at
                }
            }
        }
        return census
    }
}
