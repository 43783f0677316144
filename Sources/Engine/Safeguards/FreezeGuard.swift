internal import Audit
internal import Config
internal import Disk
internal import Model
internal import Retention
internal import State
internal import Trash

/// Everything that may freeze a vault, in one place: marks, files that anybody can make, and the clock. Several may
/// hold at once; each ends for itself.
package struct FreezeGuard: UseCase {
    let context: Context

    var access: VaultAccess { VaultAccess(context: context) }
    var clockGuard: ClockGuard { ClockGuard(context: context) }
    var massChangeGuard: MassChangeGuard { MassChangeGuard(context: context) }

    /// Why nothing may go in this vault.
    func freezes(_ vault: OpenVault, _ marks: Marks, at now: Timestamp) throws(Fault) -> [Mark] {
        var found = try freezes(vault.configuration, vault.id, marks, at: now)
        guard let trash = try vault.trash() else { return found }
        if try trash.directory.sighting(of: Self.freezeFile) != nil {
            found.append(Self.freeze(byFile: trash.directory.path.appending(Self.freezeFile), at: now))
        }
        if try access.isReplaced(trash, vault) {
            let reason = "another directory than ours stands at '\(trash.directory.path.display)'"
            found.append(.freeze(.replaced, reason: reason, actor: state.program, at: now))
        }
        return found
    }

    /// The same without the disk of the vault.
    func freezes(
        _ vault: VaultConfiguration, _ id: VaultID, _ marks: Marks, at now: Timestamp
    ) throws(Fault) -> [Mark] {
        var found = marks.freezes(at: now, policy: vault.policy(zone: configuration.zone.value).hash)
        if let doubt = try clockGuard.doubt(vault, id) { found.append(clockGuard.freeze(doubt, vault)) }
        if let alarm = try massChangeGuard.alarm(vault, id) {
            found.append(.freeze(.rewritten, reason: alarm.reason, actor: state.program, at: alarm.at))
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
        vault.record(.vaultFrozen(cause: cause), reason: reason)
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
            guard [Errno.ENOENT, Errno.EACCES, Errno.ENOTDIR].contains(error.errno) else { throw error }
            return false
        }
    }

    static func unfrozenRecord(_ cause: FreezeCause, _ vault: OpenVault, _ reason: String?) -> AuditRecord {
        vault.record(.vaultUnfrozen(cause: cause), reason: reason)
    }
}
