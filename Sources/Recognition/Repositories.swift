package import Model

/// Directories whose files only their own tool may remove. They are opaque: listed as one thing, never looked into.
package enum Repositories {
    package struct Tool: Hashable, Sendable {
        package var name: String
        /// The command that removes old backups there.
        package var prune: String
    }

    /// By the names in a directory: what tool's repository it is.
    package static func tool(ofDirectoryWith names: Set<Bytes>) -> Tool? {
        tools.first { $0.isMatch(names) }?.tool
    }

    /// By a directory's own name: rsnapshot rotates `daily.0`, `daily.1`, … by renaming.
    package static func tool(ofDirectoryNamed name: Bytes) -> Tool? {
        guard let dot = name.storage.lastIndex(of: UInt8(ascii: ".")) else { return nil }
        let number = name.storage[(dot + 1)...]
        guard !number.isEmpty, number.count <= 4, number.allSatisfy(\.isDigit),
            rsnapshotIntervals.contains(Bytes(name.storage[..<dot]))
        else { return nil }
        return Tool(name: "rsnapshot", prune: "rsnapshot's own retain counts")
    }

    private static let rsnapshotIntervals: Set<Bytes> = [
        "alpha", "beta", "gamma", "delta", "hourly", "daily", "weekly", "monthly", "yearly",
    ]

    private static let tools: [(tool: Tool, isMatch: @Sendable (Set<Bytes>) -> Bool)] = [
        (
            Tool(name: "restic", prune: "restic forget --prune"),
            { $0.isSuperset(of: ["config", "data", "keys", "snapshots"]) }
        ),
        (
            Tool(name: "borg", prune: "borg prune"),
            { names in
                names.isSuperset(of: ["config", "data"])
                    && (names.contains("README") || names.contains("nonce"))
                    && names.contains { $0.hasPrefix("index.") || $0.hasPrefix("hints.") || $0.hasPrefix("integrity.") }
            }
        ),
        (
            Tool(name: "kopia", prune: "kopia maintenance"),
            { $0.contains { $0.hasPrefix("kopia.repository") } }
        ),
        (Tool(name: "Proxmox datastore", prune: "proxmox-backup-manager prune-job"), { $0.contains(".chunks") }),
        (
            Tool(name: "pgBackRest", prune: "pgbackrest expire"),
            { $0.contains("backup.info") || $0.contains("archive.info") }
        ),
        (ElasticsearchRepository.tool, ElasticsearchRepository.isOne),
    ]
}
