internal import Disk
internal import Model

/// What agrees with what: the comparison of signs, without a look at anything.
extension VaultRegistry {
    /// Two of three: marker, file system, root directory. Another marker is another vault.
    static func isSame(_ entry: Entry, _ path: Bytes, _ signs: Signs) -> Bool {
        guard entry.bytes == path, signs.markerID == nil || signs.markerID == entry.id else { return false }
        let agreeing = [
            signs.markerID == entry.id, signs.filesystem == entry.filesystem, isSameRoot(entry, signs),
        ]
        return agreeing.count { $0 } >= 2
    }

    /// The same directory: its handle, and when it was made. Where that is not known, or is a whole second (as mkfs
    /// writes it: two disks may be of the same), the handle counts within one file system only.
    static func isSameRoot(_ entry: Entry, _ signs: Signs) -> Bool {
        guard signs.root.text == entry.root else { return false }
        if let then = entry.rootBirth, let now = signs.rootBirth, then != now { return false }
        let isPrecise = (signs.rootBirth ?? 0) % 1_000_000_000 != 0
        return signs.filesystem == entry.filesystem || isPrecise && entry.rootBirth == signs.rootBirth
    }

    static func entry(_ path: Bytes, _ id: VaultID, _ signs: Signs, at now: Timestamp) -> Entry {
        let (text, raw) = path.textAndRaw
        return Entry(
            path: text, pathRaw: raw, id: id, filesystem: signs.filesystem, root: signs.root.text,
            rootBirth: signs.rootBirth, since: now, label: signs.label, lastSeen: now,
            isUnproven: signs.isEmpty && signs.markerID == nil ? true : nil)
    }

    /// Seen again, and in force.
    static func renewed(_ old: Entry, _ signs: Signs, at now: Timestamp) -> Entry {
        var entry = old
        entry.filesystem = signs.filesystem
        entry.root = signs.root.text
        entry.rootBirth = signs.rootBirth
        entry.label = signs.label ?? old.label
        if !signs.isEmpty || signs.markerID != nil { entry.isUnproven = nil }
        let isFresh = old.lastSeen.map { (0..<seenSeconds).contains(now.seconds(since: $0)) } ?? false
        if old.isAway == true || !isFresh { entry.lastSeen = now }
        entry.isAway = nil
        return entry
    }

    /// Why none of those known at a path is there now.
    static func why(_ here: [Entry], _ signs: Signs, _ file: File) -> String {
        if let marker = signs.markerID {
            if here.contains(where: { $0.id == marker }) {
                return "it is a copy of the vault that was there, on another disk"
            }
            if let other = file.vaults.first(where: { $0.id == marker }) {
                let label = other.label.map { "'\($0)', " } ?? ""
                return "another vault is there than before: \(label)the one of '\(other.path)'"
            }
            if let keeper = signs.keeper, keeper != Surroundings.hostName {
                return "another vault is there than before: one of the host '\(keeper)'"
            }
            return "another vault is there than before"
        }
        if !here.contains(where: { $0.filesystem == signs.filesystem }) {
            let named = signs.label.map { " ('\($0)')" } ?? ""
            return "another file system is there than before\(named): is the disk mounted?"
        }
        return "another directory is there than before"
    }
}
