internal import Model

/// A snapshot of snapper: `N/info.xml` and `N/snapshot`, a subvolume; all of them lie in `.snapshots/`.
extension Repository {
    static let snapper = Repository(
        "snapper snapshot", names: "`.snapshots/12/info.xml`, `.snapshots/12/snapshot/`",
        prunes: "snapper delete NUMBER"
    ) { $0.has("info.xml") && ($0.hasDirectory("snapshot") || $0.says("<snapshot>", in: "info.xml")) }
}
