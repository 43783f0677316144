internal import Catalog
package import Config
internal import Disk
package import Model
package import Retention
internal import State
internal import Trash

/// A file system, and how it stands under the limits of the vaults on it.
package struct DiskView: Sendable {
    package var filesystem: String
    package var mount: Bytes
    package var totalBytes: Int64
    package var availableBytes: Int64
    /// Labels of the vaults on it.
    package var vaults: [String]
    package var lack: SpaceShortfall
    /// What the trash of these vaults will give in the end, and what of it is past its `min-grace`.
    package var coming: Int64 = 0
    package var comingEarly: Int64 = 0
    /// A vault over its `max-size`, and by how much.
    package var oversized: [(vault: String, bytes: Int64)] = []
    /// Since when the limits cannot be met.
    package var shortSince: Timestamp?
    /// When it will be full if it goes on as it did; `nil`: not for long, or less than a week is known.
    package var fullInDays: Int64?

    package var usedBytes: Int64 { max(0, totalBytes - availableBytes) }
}

package struct PressureGauge: UseCase {
    let context: Context

    var access: VaultAccess { VaultAccess(context: context) }
    var freezeGuard: FreezeGuard { FreezeGuard(context: context) }
    var protections: Protections { Protections(context: context) }

    /// The file system at a vault's path, asked where it cannot hang us. `nil`: no answer, or nothing is there.
    func fileSystem(of vault: VaultConfiguration) -> FileSystem? {
        Reach.ask("ask the file system", of: vault.path, seconds: access.answerSeconds) { path in
            (try? Directory.open(absolute: path)).flatMap { try? FileSystem(of: $0) }
        } ?? nil
    }

    /// The vaults by the file system that they are on now, by label; one that does not answer is alone.
    package func fileSystems(of vaults: [VaultConfiguration]) -> [[String]] {
        Dictionary(grouping: vaults) { fileSystem(of: $0)?.id ?? $0.path.display }.values.map { $0.map(\.label) }
            .sorted { $0[0] < $1[0] }
    }

    /// The vaults that were last seen on a file system, `vault` among them whatever was seen. By path.
    func neighbours(of vault: VaultConfiguration, on filesystem: String) throws(Fault) -> [VaultConfiguration] {
        var found: [VaultConfiguration] = []
        for other in configuration.vaults where other.path != vault.path {
            if try state.registry.filesystem(other.path) == filesystem { found.append(other) }
        }
        return (found + [vault]).sorted { $0.path < $1.path }
    }

    /// Bytes by which a vault is over its `max-size`, with its trash or without.
    func oversize(_ vault: VaultConfiguration, withTrash: Bool) throws(Fault) -> Int64 {
        guard let most = vault.settings.limits.maxSize.value, let id = try state.registry.lastKnown(vault.path) else {
            return 0
        }
        let present = try state.catalog.present(vault: id).total { $0.allocated }
        let trashed = withTrash ? try state.catalog.trashed(vault: id).total { $0.allocated } : 0
        return max(0, present.adding(trashed) - most)
    }

    /// The file system, and what is about to come free there. In this order: what is unlinked in between is counted
    /// twice, which takes too little, and the next look takes more.
    func expecting(_ vault: VaultConfiguration, _ vaults: [VaultConfiguration]) throws(Fault) -> (FileSystem, Int64)? {
        let unlinking = unlinking(in: vaults)
        guard let system = fileSystem(of: vault) else { return nil }
        let outstanding = try state.space.outstanding(system.id, available: system.availableBytes, at: now())
        return (system, max(unlinking, outstanding))
    }

    /// What is renamed for unlinking and still there, as far as a short look tells. What nobody unlinks any more is not
    /// counted: it is not about to come.
    private func unlinking(in vaults: [VaultConfiguration]) -> Int64 {
        let now = now()
        let end = now.boot + 2_000_000_000
        return vaults.total { vault in
            guard let trash = (try? access.open(vault).trash()) ?? nil,
                let names = try? Purging(trash: trash).unfinished()
            else { return 0 }
            var census = LinkCensus()
            for (n, name) in names.enumerated() {
                guard let directory = try? trash.directory.open(name), let seen = try? directory.sighting(),
                    now.wall.seconds(since: seen.ctime) < Self.unlinkSeconds
                else { continue }
                // An error means that it is being unlinked at this moment.
                _ = try? census.count(tree: directory, as: UInt32(n)) { self.now().boot > end }
            }
            return census.freed(byPurging: Set(names.indices.map { UInt32($0) })).bytes
        }
    }

    private static let unlinkSeconds: Int64 = 3600

    // MARK: Ranges

    /// What ranges of a vault are asked to give: what is lacking under limits that somebody wrote, once all has come
    /// that the trash holds. `nil`: nothing; whatever cannot be asked asks for nothing.
    func pressure(on vault: VaultConfiguration, _ id: VaultID) -> SpacePressure? {
        do throws(Fault) {
            let policy = vault.policy(zone: configuration.zone.value)
            guard policy.hasRanges, let system = fileSystem(of: vault) else { return nil }
            let neighbours = try neighbours(of: vault, on: system.id)
            var lack = SpaceShortfall(system, under: neighbours.map(\.settings.limits), writtenOnly: true)
            if !lack.isEmpty {
                guard let (system, expected) = try expecting(vault, neighbours) else { return nil }
                lack = SpaceShortfall(system, under: neighbours.map(\.settings.limits), writtenOnly: true)
                lack.bytes = lack.bytes.subtracting(expected)
                for other in neighbours {
                    guard let id = try state.registry.lastKnown(other.path) else { continue }
                    let trashed = try state.catalog.trashed(vault: id)
                    lack.bytes = lack.bytes.subtracting(trashed.total { $0.expectedBytes })
                    lack.inodes = lack.inodes.subtracting(trashed.total { $0.expectedInodes })
                }
            }
            let over = try oversize(vault, withTrash: false)
            var limits = lack.isEmpty ? [] : lack.limits
            if over > 0 { limits.append("max-size \(vault.settings.limits.maxSizeText)") }
            var pressure = SpacePressure(limits: limits.joined(separator: ", "))
            (pressure.bytes, pressure.inodes, pressure.vaultBytes) = (max(0, lack.bytes), max(0, lack.inodes), over)
            guard !pressure.isEmpty else { return nil }
            if !lack.isEmpty {
                for other in neighbours where other.path != vault.path { pressure.others += try sheddable(in: other) }
            }
            return pressure
        } catch {
            return nil
        }
    }

    /// What another vault's ranges can give, as the catalog knows it.
    private func sheddable(in vault: VaultConfiguration) throws(Fault) -> [Sheddable] {
        let policy = vault.policy(zone: configuration.zone.value)
        guard policy.hasRanges, vault.settings.schedule.value != .manual,
            let id = try state.registry.lastKnown(vault.path)
        else { return [] }
        let marks = try state.marks.read(id, trash: nil)
        let now = now()
        guard try freezeGuard.freezes(vault, id, marks, at: now.wall).isEmpty else { return [] }
        let present = try protections.present(of: id, marks, at: now.wall)
        let protection = try protections.protection(
            vault, id, marks: marks, present: present, skippedEntries: try state.catalog.skippedEntries(vault: id),
            at: now.wall)
        guard let judge = Judge(policy: policy, now: now, protection: protection) else { return [] }
        let restored = try state.catalog.cleanups.restored(vault: id)
        return judge.sheddable(judge.decideAll(present, restored: restored), restored: restored)
    }

    // MARK: For who looks

    /// The file systems of these vaults, by mount; without those that do not answer.
    package func disks(of views: [VaultView]) -> [DiskView] {
        let systems = Reach.ask(
            "ask the file system", of: views.filter { $0.fault == nil }.map(\.configuration.path),
            seconds: access.answerSeconds
        ) { path -> (system: FileSystem, mount: Bytes)? in
            guard let directory = try? Directory.open(absolute: path), let system = try? FileSystem(of: directory)
            else { return nil }
            let resolved = Surroundings.resolved(path) ?? path
            return (system, MountTable.point(of: resolved) ?? resolved)
        }
        var disks: [String: DiskView] = [:]
        // Without them only the forecast is missing.
        let growth = (try? state.growth.read()) ?? [:]
        for view in views where view.fault == nil {
            guard let (system, mount) = systems[view.configuration.path] ?? nil else { continue }
            if disks[system.id] == nil { disks[system.id] = disk(system, mount, view) }
            disks[system.id]?.fullInDays = growth[system.id]?.daysUntilFull(available: system.availableBytes)
            disks[system.id]?.vaults.append(view.label)
            if let most = view.configuration.settings.limits.maxSize.value {
                let size = (view.present + view.trashed).total { $0.allocated }
                if size > most { disks[system.id]?.oversized.append((view.label, size - most)) }
            }
        }
        return disks.values.sorted { $0.mount < $1.mount }
    }

    private func disk(_ system: FileSystem, _ mount: Bytes, _ view: VaultView) -> DiskView {
        let neighbours = (try? neighbours(of: view.configuration, on: system.id)) ?? [view.configuration]
        var disk = DiskView(
            filesystem: system.id, mount: mount, totalBytes: system.totalBytes, availableBytes: system.availableBytes,
            vaults: [], lack: SpaceShortfall(system, under: neighbours.map(\.settings.limits)))
        for vault in neighbours {
            guard let id = (try? state.registry.lastKnown(vault.path)) ?? nil,
                let trashed = try? state.catalog.trashed(vault: id)
            else { continue }
            let early = view.at.wall.adding(seconds: -vault.settings.minGrace.value.fixedSeconds)
            disk.coming = disk.coming.adding(trashed.total { $0.expectedBytes })
            disk.comingEarly = disk.comingEarly.adding(
                trashed.filter { $0.trashed.map { $0.condemnedAt <= early } ?? false }.total { $0.expectedBytes })
        }
        disk.shortSince = ((try? state.space.episode(system.id)) ?? nil)?.since
        return disk
    }
}

extension VaultPolicy {
    /// Whether any of its rules may give way to a lack of room.
    package var hasRanges: Bool { keep.hasRanges || series.contains { $0.keep?.hasRanges ?? false } }
}
