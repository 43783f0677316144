internal import Model

/// `snapshots/`, and a directory of links for each schedule. A snapshot has `info.json` beside the copy: `localhost/`,
/// or on btrfs `@`. Source: `SnapshotRepo.vala`.
extension Repository {
    static let timeshift = Repository(
        "Timeshift",
        names: "`timeshift/snapshots/`, `snapshots-daily/` …; `2026-11-23_01-00-01/info.json`, `localhost/`",
        prunes: "timeshift --delete --snapshot NAME"
    ) { place in
        place.holds(
            2,
            of: [
                "snapshots-boot", "snapshots-hourly", "snapshots-daily", "snapshots-weekly", "snapshots-monthly",
                "snapshots-ondemand",
            ]) || (place.hasDirectory("localhost") && place.holds(1, of: ["info.json", "exclude.list"]))
            || (place.hasDirectory("@") && place.has("info.json"))
    }
}
