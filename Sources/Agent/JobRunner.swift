internal import Catalog
internal import Config
internal import Disk
internal import Engine
internal import Hooks
internal import Logging
internal import Model
internal import State
internal import Survey
internal import Trash

/// Carries out jobs in their queues. Each ends with a result for the state machine, never with an error.
final class JobRunner: Sendable {
    let state: StateDirectory
    let queues: WorkerQueues
    let log: Logger
    /// Asked to watch what is scanned. `nil`: nobody waits for events.
    let watcher: Watcher?
    private let load: @Sendable () throws -> Configuration
    private let post: @Sendable (JobResult) -> Void

    init(
        _ state: StateDirectory, queues: WorkerQueues, log: Logger, watcher: Watcher?,
        load: @escaping @Sendable () throws -> Configuration, post: @escaping @Sendable (JobResult) -> Void
    ) {
        self.state = state
        self.queues = queues
        self.log = log
        self.watcher = watcher
        self.load = load
        self.post = post
    }

    /// Puts a job into its queue.
    func start(_ job: Job, _ engine: Engine) {
        queues.start(job.queue, job.name) { [self] in
            switch job.work {
            case .countRecords: countRecords(engine)
            case .deliver(let hook, let last): deliver(engine, hook, last)
            case .rotateAudit: rotateAudit(engine)
            case .load(let isAsked): load(engine, isAsked: isAsked)
            default: if let vault = job.vault { run(job.work, vault, engine) }
            }
        }
    }

    private func run(_ work: Job.Work, _ vault: VaultConfiguration, _ engine: Engine) {
        switch work {
        case .scan(let directories, let deep, let finished):
            scan(engine, vault, directories: directories, deep: deep, finished: finished)
        case .rescan(let missed): rescan(engine, vault, missed: missed)
        case .checkTrash: checkTrash(engine, vault)
        case .cleanup: cleanup(engine, vault)
        case .purge: purge(engine, vault)
        case .purgeEarly: purgeEarly(engine, vault)
        case .measure: measure(engine, vault)
        case .nextPurge:
            do throws(Fault) {
                post(.nextPurge(path: vault.path, due: try engine.purger.nextPurge(vault)))
            } catch {
                log.error("\(error.message)")
            }
        case .countRecords, .deliver, .rotateAudit, .load: break
        }
    }

    private func countRecords(_ engine: Engine) {
        do throws(Fault) {
            post(.recorded(try engine.lastRecord() ?? 0))
        } catch {
            log.error("\(error.message)")
        }
    }

    private func deliver(_ engine: Engine, _ hook: Hook, _ last: Int) {
        let key = WorkerQueues.Key(Bytes("hook \(hook.name)"))
        do {
            let delivery = try engine.hooks.deliver(hook, shouldStop: { [queues] in queues.shouldStop(key) })
            for line in delivery.output { log.info("hook \(hook.name) | \(line)") }
            if let failure = delivery.failure { log.warning("hook \(hook.name): \(failure)") }
            post(
                .delivered(
                    hook: hook.name, upTo: last, retrySeconds: delivery.isElsewhere ? 1 : delivery.retrySeconds))
        } catch {
            log.error("hook \(hook.name): \(error.message)")
            post(.delivered(hook: hook.name, upTo: last, retrySeconds: 60))
        }
    }

    private func rotateAudit(_ engine: Engine) {
        do throws(Fault) {
            try engine.auditTrail.rotateAudit()
        } catch {
            log.error("\(error.message)")
        }
    }

    /// Its paths may hang, too.
    private func load(_ engine: Engine, isAsked: Bool) {
        do {
            let new = Engine(configuration: try load(), state: state)
            let old = engine.configuration
            guard
                isAsked || new.configuration.vaults.map(\.path) != old.vaults.map(\.path)
                    || new.configuration.vanished.map(\.path) != old.vanished.map(\.path)
            else { return post(.loaded) }
            log.notice("configuration read: \(new.configuration.vaults.count) vaults")
            post(.configuration(new.configuration, ids: new.access.knownIDs))
        } catch let fault as Fault {
            log.error("the configuration is refused, the old one stays: \(fault.message)")
            post(.loaded)
        } catch {
            log.error("the configuration is refused, the old one stays: \(error)")
            post(.loaded)
        }
    }

    /// Looks at single directories; `deep`: also at all below these.
    private func scan(
        _ engine: Engine, _ configuration: VaultConfiguration, directories: Set<Bytes>, deep: Set<Bytes>,
        finished: Set<Bytes>
    ) {
        attempt(configuration, "could not look") { () throws(Fault) in
            let start = engine.now()
            let vault = try engine.access.open(configuration)
            let key = WorkerQueues.Key(configuration.path)
            let seen = try engine.scanner.refresh(
                vault, places: directories, deep: deep, finished: finished, watch: watch(vault.id),
                shouldStop: { self.queues.shouldStop(key) },
                isWatched: { self.watcher?.isWatched(vault.id, $0) ?? true })
            try engine.reconciler.record(seen.changes, in: vault)
            if seen.changes.newlyComplete + seen.changes.newlyUnusable > 0, seen.faults.isEmpty {
                try engine.episodes.recordNewest(in: vault)
            }
            // The trash may have been made since.
            if let watcher, directories.contains(""), !watcher.isWatched(vault.id, TrashDirectory.name),
                let trash = try vault.trash()
            {
                watcher.watch(trash.directory, vault: vault.id, path: TrashDirectory.name)
                // A batch may have been made before the watch.
                queues.start(key, "trash") { [self] in checkTrash(engine, configuration) }
            }
            var scanned = Scanned(settling: settling(seen.settling.values.flatMap { $0 }, vault, engine.now()))
            scanned.directories = directories.union(deep)
            scanned.completed = seen.changes.newlyComplete > 0
            scanned.hasReturned = seen.hasReturned
            scanned.faults = seen.faults
            scanned.refused = watcher?.takeRefusals(vault.id) ?? .init()
            scanned.nanoseconds = engine.now().boot - start.boot
            return .scanned(path: configuration.path, id: vault.id, scanned)
        }
    }

    /// Recovery and a look at everything.
    private func rescan(_ engine: Engine, _ configuration: VaultConfiguration, missed: Int) {
        attempt(configuration, "could not look") { () throws(Fault) in
            let start = engine.now()
            let snapshot = try scan(engine, configuration, depth: .index)
            let vault = snapshot.vault
            var scanned = Scanned(settling: settling(try engine.scanner.settling(in: vault), vault, engine.now()))
            scanned.unprobed = snapshot.scan.unprobed
            scanned.completed = snapshot.changes.newlyComplete > 0
            scanned.hasReturned = snapshot.recovery.contains {
                if case .unlinkUnfinished = $0 { true } else { false }
            }
            scanned.faults = snapshot.scan.faults
            scanned.refused = watcher?.takeRefusals(vault.id) ?? .init()
            scanned.nanoseconds = engine.now().boot - start.boot
            scanned.trashNames = try engine.access.trashNames(in: vault)
            scanned.remoteKind = try FileSystem(of: vault.root).remoteKind
            return .rescanned(path: configuration.path, id: vault.id, missed: missed, scanned)
        }
    }

    private func cleanup(_ engine: Engine, _ configuration: VaultConfiguration) {
        attempt(configuration, Self.cleanupFailed) { () throws(Fault) in
            let snapshot = try scan(engine, configuration, depth: .everything)
            let report = try asking(engine, configuration).cleanup.run(snapshot)
            if let veto = report.veto { log.notice("\(configuration.label): \(veto.text)") }
            if !report.condemned.isEmpty {
                log.notice(
                    "\(configuration.label): \(Backup.counted(report.condemned.count)) moved to the trash, run \(report.run ?? 0)"
                )
            }
            for failure in report.failed { log.error("\(configuration.label): \(failure.fault.message)") }
            post(.cleanupReport(report))
            return .cleaned(
                path: configuration.path, trashNames: try engine.access.trashNames(in: snapshot.vault), report.status,
                isVetoed: report.veto != nil)
        }
    }

    /// Hooks that are asked in a vault's queue may take their time: that is no hang.
    private func asking(_ engine: Engine, _ configuration: VaultConfiguration) -> Engine {
        var engine = engine
        let key = WorkerQueues.Key(configuration.path)
        engine.context.shouldStop = { [queues] in queues.shouldStop(key) }
        return engine
    }

    static let vetoSeconds: Int64 = 600

    static let cleanupFailed = "could not clean up"
    static let purgeFailed = "could not purge"

    private func purge(_ engine: Engine, _ configuration: VaultConfiguration) {
        attempt(configuration, Self.purgeFailed) { () throws(Fault) in
            let snapshot = try scan(engine, configuration, depth: .everything)
            let report = try asking(engine, configuration).purger.takeDue(snapshot)
            if let veto = report.veto { log.notice("\(configuration.label): \(veto.text)") }
            // The walk may take hours and needs no lock: the vault's own queue is free meanwhile.
            unlinkTaken(engine, report)
            // What is past its time by the wall clock and stays is asked again, but not at once: the time of a minute,
            // or of a short grace that was not yet witnessed whole.
            let grace = configuration.settings.gracePeriod.value.fixedSeconds
            let isStuck =
                !report.kept.isEmpty || !report.keptByPolicy.isEmpty || report.frozen != nil || !report.faults.isEmpty
            return .purged(
                path: configuration.path,
                retryAfterSeconds: report.veto != nil
                    ? Self.vetoSeconds : isStuck ? 60 : min(60, max(1, grace / 50)),
                trashNames: try engine.access.trashNames(in: snapshot.vault),
                completed: snapshot.changes.newlyComplete > 0)
        }
    }

    /// Whether the limits of a vault's file system are met; what goes early where they are not, of all vaults on it.
    private func purgeEarly(_ engine: Engine, _ configuration: VaultConfiguration) {
        attempt(configuration, Self.earlyPurgeFailed) { () throws(Fault) in
            let own = WorkerQueues.Key(configuration.path)
            let early = try asking(engine, configuration).earlyPurge.run(
                // The agent asks again later; one round waits for its turn.
                configuration, lockSeconds: watcher == nil ? nil : 0, shouldStop: { self.queues.shouldStop(own) })
            for report in early.reports {
                if !report.purged.isEmpty {
                    let why = report.earlyBecause ?? ""
                    log.notice("\(report.vault.label): \(Backup.counted(report.purged.count)) purged early: \(why)")
                }
                unlinkTaken(engine, report)
            }
            var names: [Bytes: Set<String>] = [:]
            let giving = Set(early.reports.filter { !$0.unlinking.isEmpty }.map(\.vault.path))
            for vault in early.vaults where giving.contains(vault.configuration.path) {
                names[vault.configuration.path] = try engine.access.trashNames(in: vault)
            }
            return .purgedEarly(
                path: configuration.path, retryAfterSeconds: early.isElsewhere ? 60 : early.retrySeconds,
                scanned: Set(early.vaults.map(\.configuration.path)), completed: early.completed,
                trashNames: names)
        }
    }

    static let unlinkFailed = "could not unlink what was purged"
    static let earlyPurgeFailed = "could not look whether its limits are met"

    /// The second half of a purge, in a queue of its own: the walk may take hours and needs no lock.
    private func unlinkTaken(_ engine: Engine, _ report: PurgeReport) {
        let key = WorkerQueues.Key(report.vault.path, .unlinking)
        queues.start(key, "unlink \(report.unlinking.map(\.display).joined(separator: " "))") { [self] in
            attempt(report.vault, Self.unlinkFailed) { () throws(Fault) in
                let report = try engine.purger.unlinked(report, shouldStop: { self.queues.shouldStop(key) })
                if !report.purged.isEmpty {
                    log.notice("\(report.vault.label): \(Backup.counted(report.purged.count)) purged")
                }
                for fault in report.faults { log.error("\(report.vault.label): \(fault.message)") }
                return .purgeReport(report)
            }
        }
    }

    /// What purging would free. In a thread of its own, at idle priority.
    private func measure(_ engine: Engine, _ configuration: VaultConfiguration) {
        let key = WorkerQueues.Key(configuration.path, .measuring)
        let start = engine.now().boot
        defer { post(.measured(path: configuration.path, nanoseconds: engine.now().boot - start)) }
        do {
            try BackgroundPriority.takeForThisThread()
            try engine.freedSpace.measure(
                configuration, pacing: .background, shouldStop: { self.queues.shouldStop(key) })
        } catch {
            // Figures for people: nothing waits for them, and the next look tries again.
            log.info("\(configuration.label): sizes could not be measured: \(error.message)")
        }
    }

    /// Whether somebody else changed the trash.
    private func checkTrash(_ engine: Engine, _ configuration: VaultConfiguration) {
        attempt(configuration, "could not look at the trash") { () throws(Fault) in
            let vault = try engine.access.open(configuration)
            return .trashChanged(path: configuration.path, names: try engine.access.trashNames(in: vault))
        }
    }

    private func attempt(_ configuration: VaultConfiguration, _ what: String, _ body: () throws(Fault) -> JobResult) {
        do {
            post(try body())
        } catch {
            post(.failed(path: configuration.path, what: what, fault: error))
        }
    }

    /// A whole look, every directory watched before it is listed, and the trash watched flat.
    private func scan(
        _ engine: Engine, _ configuration: VaultConfiguration, depth: Snapshot.Depth
    ) throws(Fault) -> Snapshot {
        let vault = try engine.episodes.openToAct(configuration)
        let key = WorkerQueues.Key(configuration.path)
        func scan() throws(Fault) -> Snapshot {
            try engine.wholeScan.run(
                vault, acting: true, depth: depth, watch: watch(vault.id),
                shouldStop: { self.queues.shouldStop(key) })
        }
        guard let watcher else { return try scan() }
        return try watcher.sweep(vault.id) { () throws(Fault) in
            if let trash = try vault.trash() {
                // Below the vault's own directory, whose watch has to be there first.
                watcher.watch(vault.root, vault: vault.id, path: "")
                watcher.watch(trash.directory, vault: vault.id, path: TrashDirectory.name)
            }
            let snapshot = try scan()
            if let trash = try vault.trash() {
                watcher.watch(trash.directory, vault: vault.id, path: TrashDirectory.name)
            }
            return snapshot
        }
    }

    private func watch(_ vault: VaultID) -> ((Directory, Bytes) -> Void)? {
        watcher.map { watcher in { directory, path in watcher.watch(directory, vault: vault, path: path) } }
    }

    /// When each place has something to look at again: its quiet period ends.
    private func settling(_ backups: [Backup], _ vault: OpenVault, _ now: Moment) -> [Bytes: Int64] {
        var due: [Bytes: Int64] = [:]
        for backup in backups {
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
        let quiet = max(1, quietSeconds).multiplied(by: VaultState.second)
        // A little after: the look itself measures the time.
        let end = changedBoot.adding(quiet).adding(VaultState.second / 20)
        return changedBootID == now.bootID && end > now.boot ? end : now.boot + min(quiet, 60 * VaultState.second)
    }
}
