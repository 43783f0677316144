internal import Model

/// bup keeps its backups in a git repository, which lacks git's own means of finding out what is still needed. It is
/// told by bup's index files; a repository that bup writes from afar has none and looks like any bare one, so neither
/// is named alone.
extension Repository {
    static let bup = Repository(
        "bup", names: "`HEAD`, `config`, `objects/`, `refs/`, `bupindex`", prunes: "bup prune-older, and bup gc"
    ) { isGit($0) && $0.holds(1, of: bupOnly) }

    static let git = Repository(
        "git or bup repository", names: "`HEAD`, `config`, `objects/`, `refs/`",
        prunes: "git gc; where bup writes it, bup prune-older and bup gc instead"
    ) { isGit($0) && !$0.holds(1, of: bupOnly) }

    private static let bupOnly: [Bytes] = ["bupindex", "bupindex.hlink", "bupindex.meta", "index-cache", "bup.db"]

    private static func isGit(_ place: PlaceNames) -> Bool {
        place.holds(3, of: ["HEAD", "config", "objects", "refs"])
    }
}
