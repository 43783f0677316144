internal import Model

/// `data/` has one directory for each first byte of a hash, from the first day on. Seen with restic 0.14, and in
/// `doc/design.rst`; rustic writes the same.
extension Repository {
    static let restic = Repository(
        "restic", names: "`config`, `data/`, `index/`, `keys/`, `locks/`, `snapshots/`", prunes: "restic forget --prune"
    ) { place in
        let signs = place.count(of: ["config", "data", "index", "keys", "locks", "snapshots"])
        guard signs >= 4, place.has("keys") || place.has("snapshots"), !place.hasDirectory("config") else {
            return false
        }
        return signs >= 5 || place.count(of: ["config", "data", "keys", "snapshots"]) == 4
            || place.names(in: "data").contains { $0.count == 2 && $0.isHexadecimal }
    }
}
