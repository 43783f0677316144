internal import Model

/// `chunks/` fans out by the first byte of a hash; all snapshots share it. Source: `DESIGN.md` of
/// gilbertchen/duplicacy.
extension Repository {
    static let duplicacy = Repository(
        "duplicacy", names: "`config`, `chunks/`, `snapshots/`", prunes: "duplicacy prune"
    ) { place in
        guard place.holds(2, of: ["config", "chunks", "snapshots"]), !place.hasDirectory("config") else { return false }
        return place.names(in: "chunks").contains { $0.count == 2 && $0.isHexadecimal }
    }
}
