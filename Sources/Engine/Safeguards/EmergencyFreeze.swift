package import Config
internal import Disk
package import Model
internal import State
internal import Trash

/// Freezes a vault, whatever is broken.
package struct EmergencyFreeze: UseCase {
    let context: Context

    var access: VaultAccess { VaultAccess(context: context) }
    var personMarks: PersonMarks { PersonMarks(context: context) }

    /// Freezes a whole vault, whatever is broken: where its mark cannot be written in both places, in one of them; else
    /// by a file in its trash. Answers what a person should know of that.
    package func freeze(
        _ configuration: VaultConfiguration, reason: String, until: Timestamp?
    ) throws(Fault) -> Fault? {
        let cause: Fault
        do {
            try personMarks.apply(.freeze(series: [], reason: reason, until: until), in: configuration)
            return nil
        } catch {
            cause = error
        }
        // The mark stands; or whoever holds the vault's lock may be writing marks.
        if cause.code == .unaudited { return cause }
        if cause.code == .locked { throw cause }
        var mark = Mark.freeze(.person, reason: reason, actor: state.actorName, at: now().wall)
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
        let vault = try access.open(configuration)
        let trash = try vault.trash()
        let current = try state.marks.read(vault.id, trash: trash).mark(.frozen, mark.target, at: mark.at)
        guard let trash, current?.reason == mark.reason else { throw Self.unknown(configuration) }
        return trash.directory.path.appending("marks.json")
    }

    /// The copy of the state directory is enough: a protection in either holds.
    private func inState(_ mark: Mark, _ configuration: VaultConfiguration) throws(Fault) -> Bytes {
        guard let id = try state.registry.lastKnown(configuration.path) else { throw Self.unknown(configuration) }
        var marks = try state.marks.read(id, trash: nil)
        marks.add(mark)
        try state.marks.write(marks, id, trash: nil)
        return state.path.appending("marks.json")
    }

    private func byFile(_ mark: Mark, _ configuration: VaultConfiguration) throws(Fault) -> Bytes {
        guard let trash = try access.open(configuration).trash() else { throw Self.unknown(configuration) }
        try trash.directory.ownFiles.replace(FreezeGuard.freezeFile, with: Bytes(mark.reason + "\n"), mode: 0o640)
        return trash.directory.path.appending(FreezeGuard.freezeFile)
    }

    private static func unknown(_ configuration: VaultConfiguration) -> Fault {
        Fault(.offline, "nothing is known of '\(configuration.label)' yet", path: configuration.path)
    }
}
