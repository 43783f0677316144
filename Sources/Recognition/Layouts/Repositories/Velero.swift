internal import Model

/// The directory of one backup or restore in an object store's directory. The data of its volumes lie beside, in
/// `kopia/` or `restic/`, and are shared. Source: `object_store_layout.go`.
extension Repository {
    static let velero = Repository(
        "Velero backup", names: "`backups/NAME/velero-backup.json`, `NAME.tar.gz`, `NAME-resource-list.json.gz`",
        prunes: "velero backup delete"
    ) { place in
        place.has("velero-backup.json")
            || place.contains { name in
                name.storage.last == UInt8(ascii: "z") && name.hasSuffix(json)
                    && endings.contains { name.hasSuffix($0) }
            }
    }

    private static let json: Bytes = ".json.gz"
    private static let endings: [Bytes] = [
        "-podvolumebackups.json.gz", "-resource-list.json.gz", "-csi-volumesnapshots.json.gz", "-volumeinfo.json.gz",
        "-itemoperations.json.gz",
    ]
}
