internal import Disk
internal import Model
internal import Trash

/// Which vault is at which path. The id is drawn at first sight of a path and kept here; two of three signs must agree
/// before it is taken for the same vault again: marker, file system, root directory.
struct VaultRegistry: Sendable {
    struct File: Codable, Sendable {
        var vaults: [Entry] = []
    }

    struct Entry: Codable, Sendable {
        var path: String
        var pathRaw: String?
        var id: VaultID
        var filesystem: String
        var root: String
        /// When the id was drawn for this path; an old file does not say.
        var since: Timestamp?
    }

    private let file: StateFile<File>

    init(stateDirectory: Bytes) { file = StateFile(directory: stateDirectory, name: "vaults.json") }

    /// What is seen of a vault when it is opened.
    struct Signs: Sendable {
        var markerID: VaultID?
        var keeper: String?
        var filesystem: String
        var root: ObjectID
    }

    enum Answer: Sendable {
        case known(VaultID)
        /// Another disk, or none; why.
        case stranger(String)
    }

    /// Who is at this path. A path never seen gets the id of its marker, if it is this host's, or a new one.
    func identify(_ path: Bytes, _ signs: Signs, at now: Timestamp) throws(Fault) -> Answer {
        let host = Surroundings.hostName
        return try file.change { file in
            var current = file ?? File()
            defer { file = current }
            guard let n = current.vaults.firstIndex(where: { Bytes(text: $0.path, raw: $0.pathRaw) == path }) else {
                if signs.markerID != nil, signs.keeper != host {
                    return .stranger("it is a vault of the host '\(signs.keeper ?? "?")'")
                }
                if let twin = current.vaults.first(where: { $0.id == signs.markerID }), Self.isThere(twin) {
                    return .stranger("it is a copy of the vault at '\(twin.path)'")
                }
                let id = signs.markerID ?? VaultID(text: Surroundings.randomHex(bytes: 16))
                current.vaults.append(Self.entry(path, id, signs, since: now))
                return .known(id)
            }
            let entry = current.vaults[n]
            let isMarked = signs.markerID == entry.id
            let agreeing = [isMarked, signs.filesystem == entry.filesystem, signs.root.text == entry.root].filter { $0 }
                .count
            let isOther = signs.markerID != nil && !isMarked
            guard agreeing >= 2, !isOther else { return .stranger(Self.why(entry, signs)) }
            current.vaults[n] = Self.entry(path, entry.id, signs, since: entry.since)
            return .known(entry.id)
        }
    }

    /// Whether the vault of an entry still is where the entry says; a vault that moved is not.
    private static func isThere(_ entry: Entry) -> Bool {
        guard let path = Bytes(text: entry.path, raw: entry.pathRaw),
            let root = try? Directory.open(absolute: path), let marker = try? Marker.read(in: root)
        else { return false }
        return marker.id == entry.id
    }

    /// Takes what is at this path now for its vault, whatever was there before. A copy gets an id of its own.
    func adopt(_ path: Bytes, _ signs: Signs, at now: Timestamp) throws(Fault) -> VaultID {
        try file.change { file in
            var current = file ?? File()
            current.vaults.removeAll { Bytes(text: $0.path, raw: $0.pathRaw) == path }
            let isCopy = current.vaults.contains { $0.id == signs.markerID && Self.isThere($0) }
            let own = isCopy ? nil : signs.markerID
            let id = own ?? VaultID(text: Surroundings.randomHex(bytes: 16))
            current.vaults.append(Self.entry(path, id, signs, since: now))
            file = current
            return id
        }
    }

    /// The id at a path as last seen, without a look at the disk.
    func lastKnown(_ path: Bytes) throws(Fault) -> VaultID? {
        try file.read()?.vaults.first { Bytes(text: $0.path, raw: $0.pathRaw) == path }?.id
    }

    /// When a vault at this path was first seen; `nil`: it was not, or that is not known.
    func firstSeen(_ path: Bytes) throws(Fault) -> Timestamp? {
        try file.read()?.vaults.first { Bytes(text: $0.path, raw: $0.pathRaw) == path }?.since
    }

    private static func entry(_ path: Bytes, _ id: VaultID, _ signs: Signs, since: Timestamp?) -> Entry {
        let (text, raw) = path.textAndRaw
        return Entry(
            path: text, pathRaw: raw, id: id, filesystem: signs.filesystem, root: signs.root.text, since: since)
    }

    private static func why(_ entry: Entry, _ signs: Signs) -> String {
        if signs.markerID != nil, signs.markerID != entry.id { return "another vault is there than before" }
        if signs.filesystem != entry.filesystem {
            return "another file system is there than before: is the disk mounted?"
        }
        return "another directory is there than before"
    }
}
