internal import Model

/// Three files have no hash in their names; on a disk `.f` stands behind them, in the directory of an object store not.
extension Repository {
    static let kopia = Repository(
        "kopia", names: "`kopia.repository.f`, `kopia.blobcfg.f`, `kopia.maintenance.f`",
        prunes: "kopia snapshot expire, and kopia maintenance"
    ) { place in
        place.holds(
            1,
            of: [
                "kopia.repository.f", "kopia.blobcfg.f", "kopia.maintenance.f", "kopia.repository", "kopia.blobcfg",
                "kopia.maintenance",
            ])
    }
}
