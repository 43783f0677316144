internal import Engine
internal import Logging
internal import Model
internal import State
internal import Survey

/// What jobs found out, and what follows from it.
extension Turn {
    mutating func record(_ result: JobResult, at now: Moment) {
        switch result {
        case .scanned(let path, let id, let scanned):
            vaults[path]?.id = id
            vaults[path]?.directories.scanned(scanned, at: now)
            if scanned.hasReturned { miss(path, "a backup came back from the trash", at: now) }
            if scanned.refused.count > 0, vaults[path]?.index.everySeconds != Reconciliation.unwatchedSeconds {
                let why =
                    scanned.refused.isLimit ? Reconciliation.limitText : "a directory could not be watched"
                miss(path, why, isStorm: scanned.refused.isLimit, at: now)
            }
            record(scanned, path, at: now)
        case .rescanned(let path, let id, let missed, let scanned):
            rescanned(path, id, scanned, missed: missed, at: now)
        case .delivered(let hook, let upTo, let retry):
            hooks.delivered(hook, upTo: upTo, retry, at: now)
        case .cleaned(let path, let names, let status, let isVetoed):
            if let label = vaults[path]?.label { notes.append((label, .run(at: now.wall, status))) }
            vaults[path]?.trashNames = names
            // Asked again after `cleanup-every`, whether or not a new backup comes.
            if isVetoed { vaults[path]?.cleanup.isWaiting = true }
            vaults[path]?.purge.checkLimits(at: now)
            vaults[path]?.problems.jobDone()
            askNextPurge(of: path)
        case .purged(let path, let retry, let names, let completed):
            vaults[path]?.trashNames = names
            if completed { foundComplete(path, at: now) }
            vaults[path]?.problems.jobDone()
            _ = vaults[path]?.purge.pause(retry, at: now)
            askNextPurge(of: path)
        case .cleanupReport, .purgeReport, .loaded: break
        case .purgedEarly(let path, let retry, let scanned, let completed, let names):
            for path in completed { foundComplete(path, at: now) }
            purgedEarly(path, retry, scanned: scanned, names: names, at: now)
        case .trashChanged(let path, let names):
            if vaults[path]?.trashNames != names { miss(path, "its trash was changed by somebody else", at: now) }
            vaults[path]?.trashNames = names
            askNextPurge(of: path)
        case .measured(let path, let nanoseconds): vaults[path]?.measuring.ended(nanoseconds, at: now)
        case .failed(let path, let what, let fault): failed(path, what, fault, at: now)
        case .nextPurge(let path, let due): vaults[path]?.purge.plan(due, at: now)
        case .recorded(let last): hooks.recorded(last)
        case .configuration(let configuration, let ids): adopt(configuration, ids, at: now)
        }
    }

    /// What every scan tells: is there something to clean up, and what could not be read.
    private mutating func record(_ scanned: Scanned, _ path: Bytes, at now: Moment) {
        if scanned.completed { foundComplete(path, at: now) }
        guard var state = vaults[path] else { return }
        if let fault = scanned.faults.first, state.problems.couldNotRead(fault) {
            log(.warning, "\(state.label): \(fault.message)")
        }
        vaults[path] = state
    }

    /// A backup became complete. Whichever scan found that has to tell: no other one finds it new again.
    private mutating func foundComplete(_ path: Bytes, at now: Moment) {
        vaults[path]?.cleanup.isWaiting = true
        vaults[path]?.measuring.changed(at: now)
    }

    private mutating func rescanned(_ path: Bytes, _ id: VaultID, _ scanned: Scanned, missed: Int, at now: Moment) {
        record(scanned, path, at: now)
        guard var state = vaults[path] else { return }
        if let before = state.id, before != id {
            output.effects.append(.forgetWatches(before))
            log(.notice, "\(state.label): another of its disks is there now")
        }
        state.id = id
        state.directories.rescanned(scanned)
        state.trashNames = scanned.trashNames ?? state.trashNames
        // At the first scan nobody has measured anything.
        if state.index.rescannedAt == nil { state.measuring.measureAtOnce(at: now) }
        state.purge.checkLimits(at: now)
        if state.problems.scanned() { log(.notice, "\(state.label): in order again") }
        notes.append((state.label, .look(at: now.wall)))
        let how = state.index.rescanned(scanned, missed: missed, at: now)
        if state.index.isCurrent {
            // Where not everything could be read, a command that only reads must scan for itself.
            let isFrozenByFile = scanned.trashNames?.contains("FREEZE") == true
            markUnreconciled(
                state, isFrozenByFile ? "the file .trash/FREEZE is there" : scanned.faults.first?.message ?? how)
        }
        if scanned.hasReturned { state.purge.goOn(at: now) }
        vaults[path] = state
        output.effects.append(.setWatching(id, how))
        askNextPurge(of: path)
    }

    private mutating func purgedEarly(
        _ path: Bytes, _ retry: Int64?, scanned: Set<Bytes>, names: [Bytes: Set<String>], at now: Moment
    ) {
        for (path, names) in names {
            vaults[path]?.trashNames = names
            askNextPurge(of: path)
        }
        for other in scanned {
            vaults[other]?.purge.limitsChecked(at: now)
            if isOnce { vaults[other]?.purge.limitsStarted() }
        }
        if let retry, !isOnce { vaults[path]?.purge.retryLimits(after: retry, at: now) }
    }

    /// Only the catalog knows when the next one is due.
    private mutating func askNextPurge(of path: Bytes) {
        guard !isOnce, let state = vaults[path] else { return }
        start(.nextPurge, "next purge", in: state)
    }

    private mutating func failed(_ path: Bytes, _ what: String, _ fault: Fault, at now: Moment) {
        if isOnce { vaults[path] = nil }
        guard var state = vaults[path] else { return }
        defer { vaults[path] = state }
        let text = "\(state.label): \(what): \(fault.message)"
        if fault.code == .away {
            // Tried again when something is mounted, and once a minute.
            if state.problems.scanFailed(fault) { log(.notice, "\(fault.message)") }
            state.index.away(at: now)
            return markUnreconciled(state, fault.message)
        }
        switch what {
        case JobRunner.unlinkFailed: log(.error, text)
        case JobRunner.cleanupFailed, JobRunner.purgeFailed, JobRunner.earlyPurgeFailed:
            // Not forgotten, and not before a minute has passed. Said once, not every minute.
            if state.problems.jobFailed(fault) { log(.error, text) }
            if what == JobRunner.earlyPurgeFailed { return state.purge.checkLimits(after: 60, at: now) }
            state.index.rescan(by: state.purge.pause(60, at: now))
            guard what == JobRunner.cleanupFailed else { return }
            notes.append((state.label, .run(at: now.wall, .failed, problem: fault.message)))
            state.cleanup.failed(at: now)
        default:
            if state.problems.scanFailed(fault) { log(.error, text) }
            state.index.failed(at: now)
            markUnreconciled(state, fault.message)
            // That it is offline is an event of its own.
            guard fault.code != .offline, let id = state.id, !state.index.isRecorded else { return }
            state.index.isRecorded = true
            output.effects.append(.recordUnreconciled(id, label: state.label, why: fault.message))
        }
    }

    // MARK: For the monitor

    mutating func takeNotes() -> [(vault: String, note: RunRecord)] {
        defer { notes = [] }
        return notes
    }

    /// How far the index is behind the disk.
    mutating func heartbeats(at now: Moment) -> [Bytes: IndexHeartbeat] {
        var heartbeats: [Bytes: IndexHeartbeat] = [:]
        for (path, state) in vaults {
            let isBehind = state.directories.count > 0 || !state.index.isCurrent
            heartbeats[path] = IndexHeartbeat(
                lagSeconds: vaults[path]?.problems.lagSeconds(isBehind: isBehind, at: now) ?? 0,
                pending: state.directories.count, problem: state.problems.fault,
                isFrozenByFile: state.trashNames.contains("FREEZE"))
        }
        return heartbeats
    }
}
