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
    mutating func record(_ result: Agent.Result, at now: Moment) {
        switch result {
        case .looked(let path, let id, let looked):
            vaults[path]?.id = id
            for place in looked.places { vaults[path]?.due[place] = nil }
            vaults[path]?.due.merge(looked.settling) { _, new in new }
            if looked.hasReturned { doubt([path], "a backup came back from the trash", at: now) }
            if looked.refused.count > 0, state(path)?.reconcileSeconds != VaultState.unwatchedReconcileSeconds {
                let why = looked.refused.isLimit ? Self.limitText : "a directory could not be watched"
                doubt([path], why, isStorm: looked.refused.isLimit, at: now)
            }
            // A tenth of the time at most goes into looks.
            vaults[path]?.looksFrom = now.boot + max(VaultState.second / 10, 9 * looked.nanoseconds)
            note(looked, path, at: now)
        case .rescanned(let path, let id, let doubts, let looked):
            rescanned(path, id, looked: looked, doubts: doubts, at: now)
        case .delivered(let hook, let upTo, let retry):
            hooks.delivered(hook, upTo: upTo, retry, at: now)
        case .cleaned(let path, let names, let status, let isVetoed):
            if let label = vaults[path]?.configuration.label { notes.append((label, .run(at: now.wall, status))) }
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
        case .purgedEarly(let path, let retry, let looked, let names):
            purgedEarly(path, retry, looked: looked, names: names, at: now)
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

    /// What every look says: is there something to clean up, and what could not be looked at. Said once, not each time.
    mutating func note(_ looked: Agent.Looked, _ path: Bytes, at now: Moment) {
        if looked.completed {
            vaults[path]?.wantsCleanup = true
            if var state = vaults[path], state.measureAt == nil {
                state.measureAt = max(now.boot + VaultState.measureSeconds * VaultState.second, state.measureFrom)
                vaults[path] = state
            }
        }
        guard let fault = looked.faults.first, let label = vaults[path]?.configuration.label else { return }
        if vaults[path]?.lastFault != fault.message { log(.warning, "\(label): \(fault.message)") }
        vaults[path]?.lastFault = fault.message
    }

    mutating func rescanned(
        _ path: Bytes, _ id: VaultID, looked: Agent.Looked, doubts: Int, at now: Moment
    ) {
        note(looked, path, at: now)
        guard var state = vaults[path] else { return }
        if let before = state.id, before != id {
            output.effects.append(.forgetWatches(before))
            log(.notice, "\(state.configuration.label): another of its disks is there now")
        }
        state.id = id
        state.due = looked.settling
        state.unprobed = looked.unprobed
        state.trashNames = looked.trashNames ?? state.trashNames
        state.backOffSeconds = 1
        // At the first look nobody has measured anything.
        if state.rescannedAt == nil { state.measureAt = now.boot }
        state.rescannedAt = now.boot
        state.earlyPurgeAt = now.boot
        if state.lastProblem != nil { log(.notice, "\(state.configuration.label): in order again") }
        (state.lastProblem, state.problem) = (nil, nil)
        notes.append((state.configuration.label, .look(at: now.wall)))
        let how = reconcile(looked, &state, at: now)
        // A doubt that came during the rescan is not answered by it.
        if state.doubts == doubts {
            state.doubts = 0
            state.isDoubtSaid = false
            // Where not all could be read, who only looks must look for himself.
            let isFrozenByFile = looked.trashNames?.contains("FREEZE") == true
            let why =
                isFrozenByFile
                ? "the file .trash/FREEZE is there" : looked.faults.first?.message ?? how
            markUnreconciled(state, why)
        }
        vaults[path] = state
        output.effects.append(.setWatching(id, how))
        plan(purgeOf: path)
        if looked.hasReturned {
            vaults[path]?.mustPurge = true
            vaults[path]?.purgeAt = max(now.boot, state.purgeFrom)
        }
    }

    mutating func purgedEarly(
        _ path: Bytes, _ retry: Int64?, looked: Set<Bytes>, names: [Bytes: Set<String>], at now: Moment
    ) {
        for (path, names) in names {
            vaults[path]?.trashNames = names
            plan(purgeOf: path)
        }
        for other in looked {
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
    func reconcile(_ looked: Agent.Looked, _ state: inout VaultState, at now: Moment) -> String? {
        var how: String?
        state.reconcileSeconds = VaultState.localReconcileSeconds
        if let kind = looked.remoteKind {
            state.reconcileSeconds = VaultState.remoteReconcileSeconds
            how = "polled every \(state.reconcileSeconds / 60) min: on \(kind), others may change it unseen"
        }
        if looked.refused.count > 0 { state.reconcileSeconds = VaultState.unwatchedReconcileSeconds }
        if looked.refused.isLimit {
            how =
                "\(looked.refused.count) directories are not watched, and polled every minute: \(Self.limitText); see `reprieve doctor`"
        }
        // A twentieth of the time at most.
        state.reconcileSeconds = max(state.reconcileSeconds, 20 * looked.nanoseconds / VaultState.second)
        state.rescanAt = min(state.rescanAt, now.boot + state.reconcileSeconds * VaultState.second)
        return how
    }

    func state(_ path: Bytes) -> VaultState? { vaults[path] }

    /// Only the catalog knows when the next one is due.
    mutating func plan(purgeOf path: Bytes) {
        guard let state = vaults[path] else { return }
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
        guard var state = vaults[path] else { return }
        if fault.code == .away { return away(path, fault, at: now) }
        let text = "\(state.configuration.label): \(what): \(fault.message)"
        if what == Agent.earlyPurgeFailed {
            if state.lastJobProblem != fault.message { log(.error, "\(text)") }
            state.lastJobProblem = fault.message
            state.earlyPurgeAt = now.boot + 60 * VaultState.second
            vaults[path] = state
            return
        }
        if what == Agent.cleanupFailed || what == Agent.purgeFailed {
            // Not forgotten, and not before a minute has passed. Said once, not every minute.
            if state.lastJobProblem != fault.message { log(.error, "\(text)") }
            state.lastJobProblem = fault.message
            state.purgeFrom = now.boot + 60 * VaultState.second
            state.rescanAt = min(state.rescanAt, state.purgeFrom)
            if what == Agent.cleanupFailed {
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
