internal import Model

/// `items/` and a log of operations; before 0.10 one SQLite file instead. Source: `doc/man/bupstash-repository.7.md`.
extension Repository {
    static let bupstash = Repository(
        "bupstash", names: "`data/`, `items/`, `meta/`, `repo.oplog`, `repo.lock`, `tx.lock`, `tx.seq`",
        prunes: "bupstash rm, and bupstash gc"
    ) { place in
        if place.holds(2, of: ["bupstash.sqlite3", "repo.lock", "gc.lock", "storage-engine.json"]) { return true }
        let locks = place.count(of: ["repo.oplog", "repo.lock", "tx.lock", "tx.seq", "tx.wal"])
        return locks >= 1 && locks + place.count(of: ["data", "items", "meta"]) >= 3
            && (locks >= 2 || (place.has("items") && place.has("meta")))
    }
}
