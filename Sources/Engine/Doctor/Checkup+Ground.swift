internal import Config
internal import Disk
internal import Model
internal import State
internal import Trash

/// Who else may write, and what the state stands on.
extension Checkups {
    private static let groupMayWrite: UInt32 = 0o020

    func examineGroups(_ vault: OpenVault, _ checkup: inout Checkup) throws(Fault) {
        let path = vault.root.path
        if try vault.root.sighting().mode & Self.groupMayWrite != 0 {
            checkup.notes.append(
                .init(
                    code: "group-writable", vault: vault.label,
                    text:
                        "its group may write in '\(path.display)': its members can remove and replace backups there, and .trash itself",
                    remedy: ["chmod g-w \(shell: path)   # if none of them writes backups there"]))
        }
        guard let trash = try vault.trash(), try trash.directory.sighting().mode & Self.groupMayWrite != 0 else {
            return
        }
        checkup.problems.append(
            .init(
                code: "group-writable-trash", vault: vault.label,
                text:
                    "its group may write in '\(trash.directory.path.display)': its members can replace what waits there, and what is restored would be theirs",
                remedy: ["chmod g-w \(shell: trash.directory.path)"]))
    }

    /// A log that must be written before each deed needs room that stays.
    func examineState(_ checkup: inout Checkup) {
        for (what, path) in [("the state directory", state.path), ("the audit log", configuration.auditLog.parent)] {
            guard let directory = try? Directory.open(absolute: path),
                let kind = try? FileSystem(of: directory).kind, kind == "btrfs"
            else { continue }
            checkup.notes.append(
                .init(
                    code: "btrfs-reserve",
                    text:
                        "\(what) is on btrfs ('\(path.display)'): a full disk may stop the audit log there, and with it all condemning and purging: btrfs guarantees no reserve"
                ))
        }
    }
}
