internal import Model

/// Proxmox Backup Server: a snapshot is a directory of indexes into `.chunks/`, which all of them share. A snapshot
/// outside of its datastore still needs it.
extension Repository {
    static let proxmoxDatastore = Repository(
        "Proxmox datastore", names: "`.chunks/`, `vm/`, `ct/`, `host/`, `ns/`, `.lock`, `.gc-status`",
        prunes: "proxmox-backup-manager prune-job, then garbage-collection"
    ) { place in
        place.hasDirectory(".chunks")
            || (place.holds(1, of: [".lock", ".gc-status"])
                && place.holds(3, of: ["vm", "ct", "host", "ns", ".lock", ".gc-status"]))
    }

    static let proxmoxSnapshot = Repository(
        "Proxmox Backup Server snapshot", names: "`index.json.blob`, `drive-scsi0.img.fidx`, `root.pxar.didx`",
        prunes: "proxmox-backup-client snapshot forget, or prune"
    ) { place in
        place.has("index.json.blob")
            || place.contains {
                $0.storage.last == UInt8(ascii: "x") && ($0.hasSuffix(".fidx") || $0.hasSuffix(".didx"))
            }
    }
}
