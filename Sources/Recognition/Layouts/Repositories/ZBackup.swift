internal import Model

/// `index/` has files of 48 hexadecimal digits. Source: `zbackup_base.cc`.
extension Repository {
    static let zbackup = Repository(
        "zbackup", names: "`backups/`, `bundles/`, `index/`, `info`, `info_extended`",
        prunes: "rm FILE below backups/, then zbackup gc"
    ) { place in
        guard place.holds(3, of: ["backups", "bundles", "index", "info"]) else { return false }
        if place.hasDirectory("bundles") { return place.has("info") || place.has("info_extended") }
        return place.names(in: "index").contains { $0.count == 48 && $0.isHexadecimal }
    }
}
