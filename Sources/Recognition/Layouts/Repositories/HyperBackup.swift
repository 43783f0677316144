internal import Model

/// Synology Hyper Backup: versions share the chunks in `Pool/`.
extension Repository {
    static let hyperBackup = Repository(
        "Hyper Backup", names: "`x.hbk/` with `Config/`, `Control/`, `Guard/`, `Pool/`, `_Syno_TaskConfig`",
        prunes: "the rotation of Hyper Backup's task", signs: [".hbk"], file: isOne, directory: isOne
    ) { place in
        let marks = place.count(of: ["_Syno_TaskConfig", "SynologyHyperBackup.bkpi", "synobkpinfo.db"])
        return marks >= 1 && marks + place.count(of: ["Config", "Control", "Guard", "Pool"]) >= 3
            || place.holds(4, of: ["Config", "Control", "Guard", "Pool"])
    }

    private static let isOne: @Sendable (Bytes) -> Bool = {
        $0.storage.last == UInt8(ascii: "k") && $0.hasSuffix(".hbk")
    }
}
