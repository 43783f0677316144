internal import Model

/// storeBackup: `2026.11.23_01.00.00/` with hard links to the directories before it, each a full view.
///
/// With `--lateLinks` the links are made later: until `storeBackupUpdateBackup.pl` has run, a directory holds only what
/// changed, and `.storeBackupLinks/linkFile.bz2` says what is still to be linked. Such a one needs the one before it.
/// (From `storeBackupLib.pl`.)
struct StoreBackup: Layout {
    let guide = LayoutGuide(
        tool: "storeBackup", names: "2026.11.23_01.00.00/ with `.md5CheckSums.info` in it",
        kind: "full; incremental while `.storeBackupLinks/linkFile.bz2` is there", chain: "the one before it",
        complete: "`.md5CheckSums.info` is in it, and no `.md5CheckSums.notFinished`")

    private static let info: Bytes = ".md5CheckSums.info"
    private static let unfinished: Bytes = ".md5CheckSums.notFinished"
    private static let links: Bytes = ".storeBackupLinks"

    func read(_ unit: UnitContents) -> Contents? {
        guard unit.isDirectory, let file = unit.first(of: [Self.unfinished, Self.info]) else { return nil }
        if let strange = unit.strangeSign(Self.info, of: name) { return strange }
        var contents = Contents(tool: name, file: file.display)
        if unit.hasFile(Self.info) { contents.signs = [Self.info.display] }
        if file == Self.unfinished {
            (contents.outcome, contents.why) = (.running, "storeBackup has not finished it: '\(file.display)' is in it")
        }
        contents.kind = .full
        if unit.names(in: Self.links).contains("linkFile.bz2") {
            contents.kind = .incremental
            contents.needs = [.previous]
            contents.said = "its links are not made yet (lateLinks)"
        }
        return contents
    }
}
