internal import Model

/// Backups of all hosts share the files of a pool. Source: `bin/BackupPC`, `lib/BackupPC/Lib.pm`.
extension Repository {
    static let backupPC = Repository(
        "BackupPC", names: "`cpool/`, `pool/`, `pc/`; `pc/HOST/backups`, `XferLOG.0.z`, `refCnt/`",
        prunes: "BackupPC's FullKeepCnt and IncrKeepCnt, or BackupPC_backupDelete"
    ) { place in
        if place.hasDirectory("cpool") { return place.hasDirectory("pc") || place.hasDirectory("pool") }
        if place.hasDirectory("pc"), place.hasDirectory("pool") { return true }
        // One host.
        guard place.holds(1, of: ["backups", "backups.old"]), !place.hasDirectory("backups") else { return false }
        return place.hasDirectory("refCnt") || place.contains { $0.hasPrefix(log) }
    }

    private static let log: Bytes = "XferLOG."
}
