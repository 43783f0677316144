internal import Audit
package import Config
internal import Disk
package import Model
internal import Retention
internal import State
internal import Trash

/// Everything that may freeze a vault, in one place: marks, files that anybody can make, and the clock. Several may
/// hold at once; each ends for itself.
extension Keeper {
    /// Why nothing may go in this vault.
    func freezes(_ vault: OpenVault, _ marks: Marks, at now: Timestamp) throws(Fault) -> [Mark] {
        var found = try freezes(vault.configuration, vault.id, marks, at: now)
        guard let trash = try vault.trash() else { return found }
        if try trash.directory.sighting(of: Self.freezeFile) != nil {
            found.append(Self.freeze(byFile: trash.directory.path.appending(Self.freezeFile), at: now))
        }
        if try isReplaced(trash, vault) {
            let reason = "another directory than ours stands at '\(trash.directory.path.display)'"
            found.append(.freeze(.replaced, reason: reason, actor: home.program, at: now))
        }
        return found
    }

    /// The same without the disk of the vault.
    func freezes(
        _ vault: VaultConfiguration, _ id: VaultID, _ marks: Marks, at now: Timestamp
    ) throws(Fault) -> [Mark] {
        var found = marks.freezes(at: now, policy: vault.policy(zone: configuration.zone.value).hash)
        if let doubt = try clockDoubt(vault, id) { found.append(clockFreeze(doubt, vault)) }
        if let alarm = try alarm(vault, id) {
            found.append(.freeze(.rewritten, reason: alarm.reason, actor: home.program, at: alarm.at))
        }
        for file in configuration.freezeFiles where try Self.isThere(file) {
            found.append(Self.freeze(byFile: file, at: now))
        }
        return found
    }

    func frozen(_ vault: OpenVault, _ marks: Marks, at now: Timestamp) throws(Fault) -> Mark? {
        try freezes(vault, marks, at: now).first
    }

    static func frozenRecord(_ cause: FreezeCause, _ vault: OpenVault, _ reason: String) -> AuditRecord {
        AuditRecord(
            .vaultFrozen(cause: cause), vault: vault.label, vaultID: vault.id, reason: reason)
    }

    // MARK: In an emergency

    /// Freezes a whole vault, whatever is broken: where its mark cannot be written in both places, in one of them; else
    /// by a file in its trash. Answers what a person should know of that.
    package func freeze(
        _ configuration: VaultConfiguration, reason: String, until: Timestamp?
    ) throws(Fault) -> Fault? {
        let cause: Fault
        do {
            try say(.freeze(series: [], reason: reason, until: until), in: configuration)
            return nil
        } catch {
            cause = error
        }
        // The mark stands; or whoever holds the vault's lock may be writing marks.
        if cause.code == .unaudited { return cause }
        if cause.code == .locked { throw cause }
        var mark = Mark.freeze(.person, reason: reason, actor: home.actorName, at: now().wall)
        mark.until = until
        for way in [inVault, inState, byFile] {
            do throws(Fault) {
                let place = try way(mark, configuration)
                return Fault(
                    .partial, "'\(configuration.label)' is frozen by '\(place.display)' alone: \(cause.message)",
                    hint: cause.hint, path: cause.path, errno: cause.errno)
            } catch {
                continue
            }
        }
        throw cause
    }

    /// Where the first copy was written and the second could not be.
    private func inVault(_ mark: Mark, _ configuration: VaultConfiguration) throws(Fault) -> Bytes {
        let vault = try open(configuration)
        let trash = try vault.trash()
        let standing = try home.marks.read(vault.id, trash: trash).mark(.frozen, mark.target, at: mark.at)
        guard let trash, standing?.reason == mark.reason else { throw Self.unknown(configuration) }
        return trash.directory.path.appending("marks.json")
    }

    /// The copy of the state directory is enough: a protection in either holds.
    private func inState(_ mark: Mark, _ configuration: VaultConfiguration) throws(Fault) -> Bytes {
        guard let id = try home.registry.lastKnown(configuration.path) else { throw Self.unknown(configuration) }
        var marks = try home.marks.read(id, trash: nil)
        marks.say(mark)
        try home.marks.write(marks, id, trash: nil)
        return home.path.appending("marks.json")
    }

    private func byFile(_ mark: Mark, _ configuration: VaultConfiguration) throws(Fault) -> Bytes {
        guard let trash = try open(configuration).trash() else { throw Self.unknown(configuration) }
        try trash.directory.replace(Self.freezeFile, with: Bytes(mark.reason + "\n"), mode: 0o640)
        return trash.directory.path.appending(Self.freezeFile)
    }

    private static func unknown(_ configuration: VaultConfiguration) -> Fault {
        Fault(.offline, "nothing is known of '\(configuration.label)' yet", path: configuration.path)
    }

    // MARK: Files

    static let freezeFile: Bytes = "FREEZE"

    static func freeze(byFile path: Bytes, at now: Timestamp) -> Mark {
        var mark = Mark.freeze(.person, reason: "the file \(path.display) is there", actor: "somebody", at: now)
        (mark.path, mark.pathRaw) = path.textAndRaw
        return mark
    }

    /// Who may not look into the directory is not meant.
    private static func isThere(_ path: Bytes) throws(Fault) -> Bool {
        do {
            return try Directory.open(absolute: path.parent).sighting(of: path.lastComponent) != nil
        } catch {
            guard [2, 13, 20].contains(error.errno) else { throw error }  // ENOENT, EACCES, ENOTDIR
            return false
        }
    }

    // MARK: The clock

    private func isSynchronised(_ vault: VaultConfiguration) -> Bool? {
        vault.settings.brakes.clock.value == .untilUnfrozen ? nil : home.clock.isSynchronised()
    }

    private func clockDoubt(_ vault: VaultConfiguration, _ id: VaultID) throws(Fault) -> ClockFile.Doubted? {
        guard vault.settings.brakes.clock.value != .off else { return nil }
        return try home.clockFile.doubt(of: id, at: now(), isSynchronised: isSynchronised(vault))
    }

    /// Whether the clock is in doubt for any vault, as far as they are known.
    func isClockDoubted() throws(Fault) -> Bool {
        for vault in configuration.vaults {
            if let id = try home.registry.lastKnown(vault.path), try clockDoubt(vault, id) != nil { return true }
        }
        return false
    }

    private func clockFreeze(_ doubt: ClockFile.Doubted, _ vault: VaultConfiguration) -> Mark {
        let end =
            vault.settings.brakes.clock.value == .untilUnfrozen
            ? "until somebody says that it is right" : "until it is synchronised, or as it was"
        return .freeze(.clock, reason: "\(doubt.reason); \(end)", actor: home.program, at: doubt.since)
    }

    /// Looks at the clock before anything is done in a vault, and every few seconds in the agent.
    package func settleClock(_ vault: VaultConfiguration, _ id: VaultID) throws(Fault) {
        guard vault.settings.brakes.clock.value != .off else { return }
        let now = now()
        let synchronised = isSynchronised(vault)
        let record: AuditRecord
        switch try home.clockFile.settle(id, at: now, isSynchronised: synchronised) {
        case .none: return
        case .frozen(let doubt):
            record = AuditRecord(
                .vaultFrozen(cause: .clock), vault: vault.label, vaultID: id, reason: clockFreeze(doubt, vault).reason)
        case .unfrozen:
            record = AuditRecord(
                .vaultUnfrozen(cause: .clock), vault: vault.label, vaultID: id,
                reason: synchronised == true ? "the clock is synchronised" : "the clock is as it was")
        }
        try home.audit.append([record], at: now)
    }

    static func unfrozenRecord(_ cause: FreezeCause, _ vault: OpenVault, _ reason: String?) -> AuditRecord {
        AuditRecord(
            .vaultUnfrozen(cause: cause), vault: vault.label, vaultID: vault.id, reason: reason)
    }

    /// A person lifts a vault's freezes: the clock is right. Whether it was in doubt.
    func believeClock(_ vault: OpenVault) throws(Fault) -> Bool {
        guard vault.configuration.settings.brakes.clock.value != .off else { return false }
        return try home.clockFile.believe(
            vault.id, at: now(), isSynchronised: isSynchronised(vault.configuration))
    }
}
