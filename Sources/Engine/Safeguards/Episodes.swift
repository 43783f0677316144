internal import Audit
package import Config
internal import Disk
package import Model
internal import Retention
internal import State
internal import Survey
internal import Trash

/// What goes on for a while is said once, when it begins: by whoever acts, never by one who only looks.
package struct Episodes: UseCase {
    let context: Context

    var access: VaultAccess { VaultAccess(context: context) }
    var freezeGuard: FreezeGuard { FreezeGuard(context: context) }
    var protections: Protections { Protections(context: context) }
    var suspectGuard: SuspectGuard { SuspectGuard(context: context) }

    /// Opens a vault to act in it. That it is offline is an event.
    package func openToAct(_ vault: VaultConfiguration) throws(Fault) -> OpenVault {
        do {
            let opened = try access.open(vault)
            try state.episodes.record(.offline, vault.path.hexadecimal, [])
            return opened
        } catch {
            if error.code == .offline { recordOffline(vault, error) }
            throw error
        }
    }

    package func recordOffline(_ vault: VaultConfiguration, _ fault: Fault) {
        let scope = vault.path.hexadecimal
        do throws(Fault) {
            guard try !state.episodes.begun(.offline, scope, [""]).isEmpty else { return }
            let id = try state.registry.lastKnown(vault.path)
            try state.audit.append(
                [AuditRecord(.vaultOffline, vault: vault.label, vaultID: id, reason: fault.message)], at: now())
            try state.episodes.record(.offline, scope, [""])
        } catch {
            // What could not be said now is said by the next one who finds it; why it is offline comes first.
        }
    }

    /// Each wildcard that matches fewer directories than before, or none; and why that is reported.
    package var vanishings: [(wildcard: VaultConfiguration, reason: String)] {
        configuration.wildcards.compactMap { wildcard in
            let gone = configuration.vanished(of: wildcard).map(\.label).sorted()
            let there = configuration.matches(of: wildcard).count - gone.count
            guard there == 0 || !gone.isEmpty else { return nil }
            // Their disk is away: that is no alarm.
            if there == 0, !gone.isEmpty, wildcard.settings.removable.value { return nil }
            let path = wildcard.path.display
            guard there > 0 else {
                let before = gone.isEmpty ? "" : " any more; \(gone.count) did before"
                return (wildcard, "no directory matches its path, '\(path)'\(before)")
            }
            let names = gone.prefix(3).joined(separator: ", ") + (gone.count > 3 ? ", and \(gone.count - 3) more" : "")
            return (wildcard, "'\(path)' matches \(there) directories, \(there + gone.count) before: without \(names)")
        }
    }

    /// Records what wildcards do not match any more, once until that changes.
    package func recordVanished() throws(Fault) {
        for (wildcard, reason) in vanishings {
            let gone = Set(configuration.vanished(of: wildcard).map(\.path.hexadecimal) + [""])
            guard try !state.episodes.begun(.vanished, wildcard.path.hexadecimal, gone).isEmpty else { continue }
            try state.audit.append(
                [AuditRecord(.vaultVanished, vault: wildcard.entry, path: wildcard.path, reason: reason)], at: now())
            try state.episodes.record(.vanished, wildcard.path.hexadecimal, gone)
        }
        for wildcard in configuration.wildcards where !vanishings.contains(where: { $0.wildcard.path == wildcard.path })
        {
            try state.episodes.record(.vanished, wildcard.path.hexadecimal, [])
        }
    }

    /// What a look reports by itself: series that are late, have ended or fail, and backups that look wrong. What
    /// protects what is found out once for both; series are frozen where everything was looked into.
    func recordFindings(_ snapshot: inout Snapshot) throws(Fault) {
        try recordFreezes(snapshot)
        guard let protection = snapshot.protection else {
            guard !snapshot.scan.hasUnknown else { return }
            let present = try protections.present(of: snapshot.vault.id, snapshot.marks, at: snapshot.at.wall)
            try recordFuture(present, snapshot)
            return try recordNewest(present, snapshot.marks, snapshot.vault, at: snapshot.at)
        }
        try recordFuture(snapshot.present, snapshot)
        if !snapshot.scan.hasUnknown {
            try recordFreshness(snapshot.present, protection, snapshot.vault, at: snapshot.at)
        }
        do {
            try suspectGuard.freezeSuspects(protection.suspicion, &snapshot)
        } catch {
            // The purge that makes room must not wait for a mark; the next look says it.
            guard error.isFull else { throw error }
        }
    }

    /// After a look at some places: the newest backup of a series may be one that cannot be used.
    package func recordNewest(in vault: OpenVault) throws(Fault) {
        let marks = try state.marks.read(vault.id, trash: try vault.trash())
        let at = now()
        try recordNewest(try protections.present(of: vault.id, marks, at: at.wall), marks, vault, at: at)
    }

    private func recordNewest(_ present: [Backup], _ marks: Marks, _ vault: OpenVault, at now: Moment) throws(Fault) {
        let protection = try protections.protection(
            vault.configuration, vault.id, marks: marks, present: present, skippedEntries: [], at: now.wall)
        try recordFreshness(present, protection, vault, at: now)
        try suspectGuard.recordSuspects(protection.suspicion, present, vault, at: now)
    }

    /// Series that are late, have ended or fail.
    private func recordFreshness(
        _ present: [Backup], _ protection: Judge.Protection, _ vault: OpenVault, at now: Moment
    ) throws(Fault) {
        let freshness = SeriesFreshness.all(
            present, protection: protection, links: try protections.links(of: present, in: vault.id, protection),
            now: now)
        func names(_ regularity: Rhythm.Regularity) -> Set<String> {
            Set(
                freshness.filter {
                    $0.value.regularity == regularity && $0.value.retirement == nil && !$0.value.isSucceeded
                }
                .keys.map(\.hexadecimal))
        }
        // One that has ended was late before, whether or not somebody looked then.
        let (ended, late) = (names(.ended), names(.late))
        let freshlyEnded = try state.episodes.begun(.ended, vault.id.text, ended)
        let freshlyLate = try state.episodes.begun(.late, vault.id.text, late)
        var records: [AuditRecord] = []
        for name in (freshlyLate.union(freshlyEnded)).sorted() {
            guard let series = Bytes(hexadecimal: name), let freshness = freshness[series],
                let newest = freshness.newest,
                let rhythm = freshness.rhythm?.seconds
            else { continue }
            records.append(
                vault.record(
                    freshness.regularity == .ended
                        ? .seriesEnded(newest: newest, rhythm: rhythm) : .seriesLate(newest: newest, rhythm: rhythm),
                    series: series))
        }
        // Suspect ones have an event of their own, each for itself.
        let failing = Set(freshness.filter { $0.value.health == .failing }.keys.map(\.hexadecimal))
        for name in try state.episodes.begun(.failing, vault.id.text, failing).sorted() {
            guard let series = Bytes(hexadecimal: name), let freshness = freshness[series],
                let failing = freshness.failing
            else { continue }
            records.append(
                vault.record(
                    .seriesFailing(failed: failing.count, newest: freshness.newest), series: series,
                    reason: "\(failing.backup.path.lastComponent.display): \(failing.why)"))
        }
        try state.audit.append(records, at: now)
        try state.episodes.record(.failing, vault.id.text, failing)
        try state.episodes.record(.ended, vault.id.text, ended)
        try state.episodes.record(.late, vault.id.text, late)
    }
}

extension StateDirectory {
    /// Of a vault that an agent doubts: once in an episode, which the agent knows.
    package func recordUnreconciled(_ vault: VaultID, _ label: String, _ why: String) throws(Fault) {
        try audit.append(
            [AuditRecord(.vaultUnreconciled, vault: label, vaultID: vault, reason: why)], at: clock.now())
    }
}
