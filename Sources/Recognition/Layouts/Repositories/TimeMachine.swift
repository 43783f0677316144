internal import Model

/// macOS keeps its backups on a server in a disk image whose blocks are files of `bands/`, and on a disk of its own in
/// `Backups.backupdb/`, where directories are hard links.
extension Repository {
    static let sparseBundle = Repository(
        "sparse bundle",
        names: "`x.sparsebundle/` or `x.backupbundle/` with `Info.plist`, `Info.bckup`, `bands/`, `token`",
        prunes: "Time Machine thins it out; tmutil delete",
        signs: [".sparsebundle", ".backupbundle"],
        directory: {
            $0.storage.last == UInt8(ascii: "e") && ($0.hasSuffix(".sparsebundle") || $0.hasSuffix(".backupbundle"))
        }
    ) { place in
        place.hasDirectory("bands")
            ? place.holds(1, of: ["Info.plist", "Info.bckup", "token"])
            : place.holds(2, of: ["Info.plist", "Info.bckup", "token"]) && place.has("Info.bckup")
    }

    static let timeMachine = Repository(
        "Time Machine backups", names: "`Backups.backupdb/`", prunes: "tmutil delete",
        signs: ["Backups.backupdb"],
        directory: { $0 == "Backups.backupdb" }, place: { $0.hasDirectory("Backups.backupdb") && $0.names.count == 1 })
}
