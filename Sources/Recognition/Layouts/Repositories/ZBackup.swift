internal import Model

/// `index/` and `bundles/XX/` have files of 48 hexadecimal digits. Source: `zbackup_base.cc`.
extension Repository {
    static let zbackup = Repository(
        "zbackup", names: "`backups/`, `bundles/`, `index/`, `info`, `info_extended`",
        prunes: "rm FILE below backups/, then zbackup gc"
    ) { place in
        guard place.holds(3, of: ["backups", "bundles", "index", "info", "info_extended"]) else { return false }
        // Ordinary names, all of them: what is in its directories tells, where one of the others is missing.
        if place.hasDirectory("bundles"), place.holds(1, of: ["info", "info_extended"]) { return true }
        return place.names(in: "index").contains { $0.count == 48 && $0.isHexadecimal }
            || place.names(in: "bundles").contains { $0.count == 2 && $0.isHexadecimal }
            || place.hasDirectory("backups") && place.hasDirectory("index") && place.holds(1, of: ["info_extended"])
    }
}
