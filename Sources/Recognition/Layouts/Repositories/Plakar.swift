internal import Model

/// A Kloset store on a disk. Source: `fs/storage/fs.go` of PlakarKorp/integrations.
extension Repository {
    static let plakar = Repository(
        "plakar", names: "`CONFIG`, `states/`, `packfiles/`, `locks/`", prunes: "plakar rm, and plakar maintenance"
    ) { $0.holds(3, of: ["CONFIG", "states", "packfiles", "locks"]) }
}
