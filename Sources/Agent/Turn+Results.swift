internal import Config
internal import Disk
internal import Catalog
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
            for place in scanned.places { vaults[path]?.due[place] = nil }
            vaults[path]?.due.merge(scanned.settling) { _, new in new }
            if scanned.hasReturned { doubt([path], "a backup came back from the trash", at: now) }
            if scanned.refused.count > 0, vaults[path]?.reconcileSeconds != VaultState.unwatchedReconcileSeconds {
                let why = scanned.refused.isLimit ? Self.limitText : "a directory could not be watched"
                doubt([path], why, isStorm: scanned.refused.isLimit, at: now)
            }
            // A tenth of the time at most goes into scans.
            vaults[path]?.looksFrom = now.boot + max(VaultState.second / 10, 9 * scanned.nanoseconds)
            note(scanned, path, at: now)
        case .rescanned(let path, let id, let doubts, let scanned):
            rescanned(path, id, scanned: scanned, doubts: doubts, at: now)
        case .delivered(let hook, let upTo, let retry):
            hooks.delivered(hook, upTo: upTo, retry, at: now)
        case .cleaned(let path, let names, let status, let isVetoed):
            if let label = vaults[path]?.configuration.label {
                notes.append((label, .run(at: now.wall, status)))
            }
            vaults[path]?.trashNames = names
            // Asked again after `cleanup-every`, whether or not a new backup comes.
            if isVetoed { vaults[path]?.wantsCleanup = true }
            vaults[path]?.earlyPurgeAt = now.boot
            vaults[path]?.lastJobProblem = nil
            plan(purgeOf: path)
        case .purged(let path, let retry, let names):
            vaults[path]?.trashNames = names
            vaults[path]?.lastJobProblem = nil
            vaults[path]?.purgeFrom = now.boot.adding(retry.multiplied(by: VaultState.second))
            plan(purgeOf: path)
        case .cleanupReport, .purgeReport: break
        case .purgedEarly(let path, let retry, let scanned, let names):
            purgedEarly(path, retry, scanned: scanned, names: names, at: now)
        case .trashChanged(let path, let names):
            if vaults[path]?.trashNames != names { doubt([path], "its trash was changed by somebody else", at: now) }
            vaults[path]?.trashNames = names
            plan(purgeOf: path)
        case .measured(let path, let nanoseconds):
            vaults[path]?.measureFrom = now.boot + 20 * nanoseconds
        case .failed(let path, let what, let fault): failed(path, what, fault, at: now)
        case .nextPurge(let path, let due): plan(purgeOf: path, due: due, at: now)
        case .recorded(let last): hooks.recorded(last)
        case .configuration(let configuration, let ids): adopt(configuration, ids, at: now)
        }
    }

    /// What every scan says: is there something to clean up, and what could not be read. Said once, not each time.
    mutating func note(_ scanned: Scanned, _ path: Bytes, at now: Moment) {
        if scanned.completed {
            vaults[path]?.wantsCleanup = true
            if var state = vaults[path], state.measureAt == nil {
                state.measureAt = max(now.boot + VaultState.measureSeconds * VaultState.second, state.measureFrom)
                vaults[path] = state
            }
        }
        guard let fault = scanned.faults.first, let label = vaults[path]?.configuration.label else { return }
        if vaults[path]?.lastFault != fault.message { log(.warning, "\(label): \(fault.message)") }
        vaults[path]?.lastFault = fault.message
    }

    mutating func rescanned(
        _ path: Bytes, _ id: VaultID, scanned: Scanned, doubts: Int, at now: Moment
    ) {
        note(scanned, path, at: now)
        guard var state = vaults[path] else { return }
        if let before = state.id, before != id {
            output.effects.append(.forgetWatches(before))
            log(.notice, "\(state.configuration.label): another of its disks is there now")
        }
        state.id = id
        state.due = scanned.settling
        state.unprobed = scanned.unprobed
        state.trashNames = scanned.trashNames ?? state.trashNames
        state.backOffSeconds = 1
        // At the first look nobody has measured anything.
        if state.rescannedAt == nil { state.measureAt = now.boot }
        state.rescannedAt = now.boot
        state.earlyPurgeAt = now.boot
        if state.lastProblem != nil { log(.notice, "\(state.configuration.label): in order again") }
        (state.lastProblem, state.problem) = (nil, nil)
        notes.append((state.configuration.label, .look(at: now.wall)))
        let how = reconcile(scanned, &state, at: now)
        // A doubt that came during the rescan is not answered by it.
        if state.doubts == doubts {
            state.doubts = 0
            state.isDoubtSaid = false
            // Where not all could be read, who only looks must look for himself.
            let isFrozenByFile = scanned.trashNames?.contains("FREEZE") == true
            let why =
                isFrozenByFile
                ? "the file .trash/FREEZE is there" : scanned.faults.first?.message ?? how
            markUnreconciled(state, why)
        }
        vaults[path] = state
        output.effects.append(.setWatching(id, how))
        plan(purgeOf: path)
        if scanned.hasReturned {
            vaults[path]?.mustPurge = true
            vaults[path]?.purgeAt = max(now.boot, state.purgeFrom)
        }
    }

    mutating func purgedEarly(
        _ path: Bytes, _ retry: Int64?, scanned: Set<Bytes>, names: [Bytes: Set<String>], at now: Moment
    ) {
        for (path, names) in names {
            vaults[path]?.trashNames = names
            plan(purgeOf: path)
        }
        guard !isOnce else {
            for other in scanned.union([path]) { vaults[other]?.earlyPurgeAt = nil }
            return
        }
        for other in scanned {
            vaults[other]?.earlyPurgeFrom = now.boot + VaultState.earlyPurgeSeconds * VaultState.second
        }
        // When the next one passes its `min-grace`: nothing is asked again and again before.
        guard let retry else { return }
        vaults[path]?.earlyPurgeFrom = 0
        vaults[path]?.earlyPurgeAt = now.boot.adding(max(1, retry).multiplied(by: VaultState.second))
    }

    static let limitText = "the limit of inotify watches is reached"

    /// When all is looked at again whatever the events say; and how changes are learnt of, where that is not by events
    /// alone.
    func reconcile(_ scanned: Scanned, _ state: inout VaultState, at now: Moment) -> String? {
        var how: String?
        state.reconcileSeconds = VaultState.localReconcileSeconds
        if let kind = scanned.remoteKind {
            state.reconcileSeconds = VaultState.remoteReconcileSeconds
            how = "polled every \(state.reconcileSeconds / 60) min: on \(kind), others may change it unseen"
        }
        if scanned.refused.count > 0 { state.reconcileSeconds = VaultState.unwatchedReconcileSeconds }
        if scanned.refused.isLimit {
            how =
                "\(scanned.refused.count) directories are not watched, and polled every minute: \(Self.limitText); see `reprieve doctor`"
        }
        // A twentieth of the time at most.
        state.reconcileSeconds = max(state.reconcileSeconds, 20 * scanned.nanoseconds / VaultState.second)
        state.rescanAt = min(state.rescanAt, now.boot + state.reconcileSeconds * VaultState.second)
        return how
    }

    /// Only the catalog knows when the next one is due.
    mutating func plan(purgeOf path: Bytes) {
        guard !isOnce, let state = vaults[path] else { return }
        start(.nextPurge, "next purge", in: state)
    }

    private mutating func plan(purgeOf path: Bytes, due: Timestamp?, at now: Moment) {
        guard let state = vaults[path], !state.mustPurge else { return }
        guard let due else {
            vaults[path]?.purgeAt = nil
            return
        }
        let wait = max(0, due.nanoseconds - now.wall.nanoseconds)
        // What was due and stayed (kept by the policy, frozen, not observed long enough) is asked again later.
        vaults[path]?.purgeAt = max(now.boot + min(wait, Int64.max / 4), state.purgeFrom)
    }

    mutating func failed(_ path: Bytes, _ what: String, _ fault: Fault, at now: Moment) {
        if isOnce {
            vaults[path] = nil
            return
        }
        guard var state = vaults[path] else { return }
        if fault.code == .away { return away(path, fault, at: now) }
        let text = "\(state.configuration.label): \(what): \(fault.message)"
        if what == JobRunner.unlinkFailed { return log(.error, "\(text)") }
        if what == JobRunner.earlyPurgeFailed {
            if state.lastJobProblem != fault.message { log(.error, "\(text)") }
            state.lastJobProblem = fault.message
            state.earlyPurgeAt = now.boot + 60 * VaultState.second
            vaults[path] = state
            return
        }
        if what == JobRunner.cleanupFailed || what == JobRunner.purgeFailed {
            // Not forgotten, and not before a minute has passed. Said once, not every minute.
            if state.lastJobProblem != fault.message { log(.error, "\(text)") }
            state.lastJobProblem = fault.message
            state.purgeFrom = now.boot + 60 * VaultState.second
            state.rescanAt = min(state.rescanAt, state.purgeFrom)
            if what == JobRunner.cleanupFailed {
                notes.append((state.configuration.label, .run(at: now.wall, .failed, problem: fault.message)))
                state.wantsCleanup = true
                let pause = state.configuration.settings.cleanupEvery.value.fixedSeconds
                state.lastCleanup = now.boot.subtracting(max(0, pause - 60).multiplied(by: VaultState.second))
                if state.nextScheduled != nil { state.nextScheduled = now.wall.adding(seconds: 60) }
            }
            vaults[path] = state
            return
        }
        if state.lastProblem != fault.message { log(.error, "\(text)") }
        (state.lastProblem, state.problem) = (fault.message, fault)
        state.doubts += 1
        state.rescanAt = now.boot + state.backOffSeconds * VaultState.second
        state.backOffSeconds = min(60, state.backOffSeconds * 2)
        vaults[path] = state
        markUnreconciled(state, fault.message)
        // That it is offline is an event of its own.
        if fault.code != .offline { recordUnreconciled(path, fault.message) }
    }

    /// The disk of a removable vault is not there: looked for again when something is mounted, and now and then.
    private mutating func away(_ path: Bytes, _ fault: Fault, at now: Moment) {
        guard var state = vaults[path] else { return }
        if state.lastProblem != fault.message { log(.notice, "\(fault.message)") }
        (state.lastProblem, state.problem) = (fault.message, fault)
        state.doubts += 1
        state.rescanAt = now.boot + 60 * VaultState.second
        vaults[path] = state
        markUnreconciled(state, fault.message)
    }

    // MARK: For the monitor

    mutating func takeNotes() -> [(vault: String, note: RunNote)] {
        defer { notes = [] }
        return notes
    }

    /// How far the index is behind the disk.
    mutating func pulses(at now: Moment) -> [Bytes: IndexHeartbeat] {
        var pulses: [Bytes: IndexHeartbeat] = [:]
        for (path, state) in vaults {
            let isBehind = state.pending > 0 || state.doubts > 0
            let since = isBehind ? state.behindSince ?? now.boot : nil
            if state.behindSince != since { vaults[path]?.behindSince = since }
            pulses[path] = IndexHeartbeat(
                lagSeconds: since.map { (now.boot - $0) / VaultState.second } ?? 0, pending: state.pending,
                problem: state.problem, isFrozenByFile: state.trashNames.contains("FREEZE"))
        }
        return pulses
    }
}
