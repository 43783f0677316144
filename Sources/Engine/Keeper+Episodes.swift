internal import Audit
internal import Catalog
internal import Disk
package import Model
internal import Retention
internal import Survey

/// What goes on for a while is said once, when it begins: by whoever acts, never by one who only looks.
extension Keeper {
    /// Opens a vault to act in it. That it is offline is an event.
    package func openToAct(_ vault: VaultConfiguration) throws(Fault) -> OpenVault {
        do {
            let opened = try open(vault)
            try home.episodes.note(.offline, vault.path.hexadecimal, [])
            return opened
        } catch {
            if error.code == .offline { sayOffline(vault, error) }
            throw error
        }
    }

    func sayOffline(_ vault: VaultConfiguration, _ fault: Fault) {
        let scope = vault.path.hexadecimal
        do throws(Fault) {
            guard try !home.episodes.begun(.offline, scope, [""]).isEmpty else { return }
            let id = try home.registry.lastKnown(vault.path)
            try home.audit.append(
                [AuditRecord(.vaultOffline, vault: vault.label, vaultID: id, reason: fault.message)], at: now())
            try home.episodes.note(.offline, scope, [""])
        } catch {
            // What could not be said now is said by the next one who finds it; why it is offline comes first.
        }
    }

    /// What a look says by itself: series that are late or have ended, and, where everything was looked into, backups
    /// that look wrong. What protects what is found out once for both.
    func sayFindings(_ attended: inout Attended, _ depth: Depth) throws(Fault) {
        try sayFreezes(attended)
        guard case .everything = depth else {
            guard !attended.scan.hasUnknown else { return }
            let present = try home.catalog.present(vault: attended.vault.id)
            let protection = try protection(
                attended.vault.configuration, attended.vault.id, attended.marks, present, [], at: attended.at.wall)
            try sayFuture(present, attended)
            return try sayPulses(present, protection, attended)
        }
        let protection = try protection(attended)
        try sayFuture(attended.present, attended)
        try sayPulses(attended.present, protection, attended)
        do {
            try settleSuspects(protection.suspicion, &attended)
        } catch {
            // The purge that makes room must not wait for a mark; the next look says it.
            guard error.isFull else { throw error }
        }
    }

    /// Series that are late or have ended, of those that were looked at whole.
    private func sayPulses(
        _ present: [Backup], _ protection: Judge.Protection, _ attended: Attended
    ) throws(Fault) {
        guard !attended.scan.hasUnknown else { return }
        let vault = attended.vault
        let pulses = SeriesPulse.all(
            present, protection: protection, links: try links(of: present, in: vault.id, protection), now: attended.at)
        func names(_ pulse: Rhythm.Pulse) -> Set<String> {
            Set(pulses.filter { $0.value.pulse == pulse && $0.value.retirement == nil }.keys.map(\.hexadecimal))
        }
        // One that has ended was late before, whether or not somebody looked then.
        let (ended, late) = (names(.ended), names(.late))
        let freshlyEnded = try home.episodes.begun(.ended, vault.id.text, ended)
        let freshlyLate = try home.episodes.begun(.late, vault.id.text, late)
        var records: [AuditRecord] = []
        for name in (freshlyLate.union(freshlyEnded)).sorted() {
            guard let series = Bytes(hexadecimal: name), let pulse = pulses[series], let newest = pulse.newest,
                let rhythm = pulse.rhythm?.seconds
            else { continue }
            records.append(
                AuditRecord(
                    pulse.pulse == .ended
                        ? .seriesEnded(newest: newest, rhythm: rhythm) : .seriesLate(newest: newest, rhythm: rhythm),
                    vault: vault.label, vaultID: vault.id, series: series))
        }
        let failing = Set(pulses.filter { $0.value.failing != nil }.keys.map(\.hexadecimal))
        for name in try home.episodes.begun(.failing, vault.id.text, failing).sorted() {
            guard let series = Bytes(hexadecimal: name), let pulse = pulses[series], let failing = pulse.failing
            else { continue }
            records.append(
                AuditRecord(
                    .seriesFailing(failed: failing.count, newest: pulse.newest), vault: vault.label, vaultID: vault.id,
                    series: series, reason: "\(failing.path.lastComponent.display): \(failing.why)"))
        }
        try home.audit.append(records, at: attended.at)
        try home.episodes.note(.failing, vault.id.text, failing)
        try home.episodes.note(.ended, vault.id.text, ended)
        try home.episodes.note(.late, vault.id.text, late)
    }
}

extension Home {
    /// Of a vault that an agent doubts: once in an episode, which the agent knows.
    package func sayUnreconciled(_ vault: VaultID, _ label: String, _ why: String) throws(Fault) {
        try audit.append(
            [AuditRecord(.vaultUnreconciled, vault: label, vaultID: vault, reason: why)], at: clock.now())
    }
}
