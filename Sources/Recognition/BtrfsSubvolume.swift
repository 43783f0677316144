package import Model

/// A btrfs subvolume: a snapshot of snapper, btrbk, Timeshift or a hand. It shares its blocks with others, it is
/// another device, and only btrfs deletes it. `Directory.openSubvolume` says whether a name is one; here is whose.
package enum BtrfsSubvolume {
    /// Whose it is, and the command that deletes it.
    package struct Tool: Hashable, Sendable {
        package var name: String
        package var prune: String
    }

    /// By its path in the vault; `directory` is the vault's own absolute path, for the command.
    package static func tool(at path: Bytes, below directory: Bytes) -> Tool {
        let parts = path.components
        if parts.count >= 2, parts[parts.count - 1] == "snapshot", isNumber(parts[parts.count - 2]),
            parts.count == 2 ? directory.lastComponent == ".snapshots" : parts[parts.count - 3] == ".snapshots"
        {
            return Tool(
                name: "snapper snapshot", prune: "snapper delete \(parts[parts.count - 2].display)")
        }
        if parts.count >= 2, isTimeshift(parts[parts.count - 2]), parts[parts.count - 1].hasPrefix("@") {
            return Tool(
                name: "Timeshift snapshot", prune: "timeshift --delete --snapshot \(shell: parts[parts.count - 2])")
        }
        if let name = parts.last, isBtrbk(name) {
            return Tool(name: "btrbk snapshot", prune: "btrbk prune")
        }
        return Tool(
            name: "btrfs subvolume", prune: "btrfs subvolume delete \(shell: directory.appending(path))")
    }

    private static func isNumber(_ name: Bytes) -> Bool {
        !name.isEmpty && name.storage.allSatisfy(\.isDigit)
    }

    /// `2026-11-23_01-00-01`.
    private static func isTimeshift(_ name: Bytes) -> Bool { hasShape(name, "dddd-dd-dd_dd-dd-dd") }

    /// `NAME.20261123`, `NAME.20261123T0100`, `NAME.20261123T010000+0100`, each perhaps with `_N`.
    private static func isBtrbk(_ name: Bytes) -> Bool {
        guard let dot = name.storage.lastIndex(of: UInt8(ascii: ".")), dot > 0 else { return false }
        var time = name.dropFirst(dot + 1)
        if let line = time.storage.lastIndex(of: UInt8(ascii: "_")), isNumber(time.dropFirst(line + 1)) {
            time = Bytes(time.storage[..<line])
        }
        let shapes = ["dddddddd", "ddddddddTdddd", "ddddddddTdddddd+dddd", "ddddddddTdddddd-dddd"]
        return shapes.contains { hasShape(time, $0) }
    }

    /// Byte for byte, `d` for any digit.
    private static func hasShape(_ name: Bytes, _ shape: String) -> Bool {
        name.count == shape.utf8.count
            && zip(name.storage, shape.utf8).allSatisfy { $1 == UInt8(ascii: "d") ? $0.isDigit : $0 == $1 }
    }
}
