internal import Catalog
internal import Disk
internal import Engine
internal import Logging
internal import Model
internal import Survey
internal import Trash

/// What runs in a vault's lane. Each ends with a result for the agent's thread, never with an error.
extension Agent {
    /// Looks at single directories.
    func look(_ keeper: Keeper, _ configuration: VaultConfiguration, _ places: Set<Bytes>, _ finished: Set<Bytes>) {
        attempt(configuration, "could not look") { () throws(Fault) in
            let vault = try keeper.open(configuration)
            let watched = watcher.watched(vault.id)
            let seen = try keeper.refresh(
                vault, places: places, finished: finished, watch: watch(vault.id), isWatched: { watched.contains($0) })
            try keeper.note(seen.changes, in: vault)
            let settling = try self.settling(keeper, vault, places.union(seen.changes.appeared.map(\.path.parent)))
            // The trash may have been made since.
            if places.contains(""), !watched.contains(TrashDirectory.name), let trash = try vault.trash() {
                watcher.watch(trash.directory, vault: vault.id, path: TrashDirectory.name)
                // A batch may have been made before the watch.
                lanes.start(Lanes.Key(vault: configuration.path.display), "trash") { [self] in
                    checkTrash(keeper, configuration)
                }
            }
            return .looked(
                path: configuration.path, id: vault.id,
                Looked(
                    settling: settling, places: places, completed: !seen.changes.completed.isEmpty,
                    hasReturned: seen.hasReturned, faults: seen.faults, isRefused: watcher.takeRefusal(vault.id)))
        }
    }

    /// Recovery and a look at everything.
    func rescan(_ keeper: Keeper, _ configuration: VaultConfiguration, doubts: Int) {
        attempt(configuration, "could not look") { () throws(Fault) in
            let attended = try attend(keeper, configuration)
            let settling = try self.settling(keeper, attended.vault, nil)
            let isUnfinished = attended.recovery.contains { if case .unlinkUnfinished = $0 { true } else { false } }
            return .rescanned(
                path: configuration.path, id: attended.vault.id, doubts: doubts,
                Looked(
                    settling: settling, places: [], completed: !attended.changes.completed.isEmpty,
                    hasReturned: isUnfinished, faults: attended.scan.faults,
                    isRefused: watcher.takeRefusal(attended.vault.id),
                    trashNames: try keeper.trashNames(configuration)))
        }
    }

    func cleanup(_ keeper: Keeper, _ configuration: VaultConfiguration) {
        attempt(configuration, Self.cleanupFailed) { () throws(Fault) in
            let report = try keeper.cleanup(try attend(keeper, configuration))
            if !report.condemned.isEmpty {
                log.notice(
                    "\(configuration.label): \(report.condemned.count) backups moved to the trash, run \(report.run ?? 0)"
                )
            }
            for failure in report.failed { log.error("\(configuration.label): \(failure.fault.message)") }
            return .cleaned(path: configuration.path, trashNames: try keeper.trashNames(configuration))
        }
    }

    static let cleanupFailed = "could not clean up"
    static let purgeFailed = "could not purge"

    func purge(_ keeper: Keeper, _ configuration: VaultConfiguration) {
        attempt(configuration, Self.purgeFailed) { () throws(Fault) in
            let report = try keeper.takeDue(try attend(keeper, configuration))
            // The walk may take hours and needs no lock: the vault's own lane is free meanwhile.
            let work = "unlink \(report.unlinking.map(\.display).joined(separator: " "))"
            lanes.start(Lanes.Key(vault: configuration.path.display, isUnlinking: true), work) { [self] in
                unlink(keeper, report)
            }
            // What is past its time by the wall clock and stays is asked again, but not at once: the time of a minute,
            // or of a short grace that was not yet witnessed whole.
            let grace = configuration.settings.gracePeriod.value.fixedSeconds
            let isStuck =
                !report.kept.isEmpty || !report.wanted.isEmpty || report.frozen != nil || !report.faults.isEmpty
            return .purged(
                path: configuration.path, retryAfterSeconds: isStuck ? 60 : min(60, max(1, grace / 50)),
                trashNames: try keeper.trashNames(configuration))
        }
    }

    private func unlink(_ keeper: Keeper, _ report: PurgeReport) {
        var report = report
        do {
            try keeper.unlink(&report, shouldStop: { self.lanes.shouldStop })
            if !report.purged.isEmpty { log.notice("\(report.vault.label): \(report.purged.count) backups purged") }
        } catch {
            log.error("\(report.vault.label): could not purge: \(error.message)")
        }
        for fault in report.faults { log.error("\(report.vault.label): \(fault.message)") }
    }

    /// Whether somebody else changed the trash.
    func checkTrash(_ keeper: Keeper, _ configuration: VaultConfiguration) {
        attempt(configuration, "could not look at the trash") { () throws(Fault) in
            .trashChanged(path: configuration.path, names: try keeper.trashNames(configuration))
        }
    }

    private func attempt(_ configuration: VaultConfiguration, _ what: String, _ body: () throws(Fault) -> Result) {
        do {
            post(try body())
        } catch {
            post(.failed(path: configuration.path, what: what, fault: error))
        }
    }

    /// A whole look, every directory watched before it is listed, and the trash watched flat.
    private func attend(_ keeper: Keeper, _ configuration: VaultConfiguration) throws(Fault) -> Attended {
        let vault = try keeper.open(configuration)
        if let trash = try vault.trash() {
            watcher.watch(trash.directory, vault: vault.id, path: TrashDirectory.name)
        }
        let attended = try keeper.attend(
            configuration, acting: true, watch: watch(vault.id), shouldStop: { self.lanes.shouldStop })
        if let trash = try attended.vault.trash() {
            watcher.watch(trash.directory, vault: vault.id, path: TrashDirectory.name)
        }
        return attended
    }

    private func watch(_ vault: VaultID) -> (Directory, Bytes) -> Void {
        { [watcher] directory, path in watcher.watch(directory, vault: vault, path: path) }
    }

    /// When each place has something to look at again: its quiet period ends.
    private func settling(_ keeper: Keeper, _ vault: OpenVault, _ places: Set<Bytes>?) throws(Fault) -> [Bytes: Int64] {
        let now = keeper.now()
        var due: [Bytes: Int64] = [:]
        for backup in try keeper.settling(in: vault, places: places) {
            let place = backup.path.parent
            let at = backup.nextLook(quietSeconds: vault.survey.quietSeconds, now: now)
            due[place] = min(due[place] ?? at, at)
        }
        return due
    }
}

extension Backup {
    /// The end of its quiet period; once that is past (it is being written, or has no leases) every quiet period again.
    fileprivate func nextLook(quietSeconds: Int64, now: Moment) -> Int64 {
        let quiet = max(1, quietSeconds) * VaultState.second
        // A little after: the look itself measures the time.
        let end = changedBoot + quiet + VaultState.second / 20
        return changedBootID == now.bootID && end > now.boot ? end : now.boot + min(quiet, 60 * VaultState.second)
    }
}
