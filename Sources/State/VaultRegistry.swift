internal import Disk
package import Model
internal import Trash

/// Which vaults are at which path. An id is drawn at first sight of a path and kept here; two of three signs must agree
/// before something is taken for the same vault again: marker, file system, root directory.
///
/// Several may be known at one path, disks in rotation: one is in force, the others are away. See docs/design/0005.
package struct VaultRegistry: Sendable {
    package struct File: Codable, Sendable {
        var vaults: [Entry] = []

        func entries(at path: Bytes) -> [Entry] { vaults.filter { $0.bytes == path } }
    }

    struct Entry: Codable, Equatable, Sendable {
        var path: String
        var pathRaw: String?
        var id: VaultID
        var filesystem: String
        var root: String
        /// When the root directory was made. At the top of a file system its handle says nothing: it is the same on
        /// every disk of its kind.
        var rootBirth: Int64?
        /// When the id was drawn for this path; an old file does not say.
        var since: Timestamp?
        /// What its disk is called, where somebody named it.
        var label: String?
        /// To the hour.
        var lastSeen: Timestamp?
        /// Another one was seen at this path since.
        var isAway: Bool?
        /// The object of the `.trash` that we made or wrote into; an old file does not say.
        var trash: String?
        /// The directory was empty whenever it was looked at: it may be a disk that was not mounted yet.
        var isUnproven: Bool?

        var bytes: Bytes? { Bytes(text: path, raw: pathRaw) }
    }

    private let file: StateFile<File>

    init(stateDirectory: Bytes, damage: Damage? = nil) {
        file = StateFile(directory: stateDirectory, name: "vaults.json", damage: damage)
    }

    /// What is seen of a vault when it is opened.
    package struct Signs: Sendable {
        var markerID: VaultID?
        var keeper: String?
        var filesystem: String
        var root: ObjectID
        var rootBirth: Int64?
        package var label: String?
        var isEmpty: Bool

        package init(
            markerID: VaultID? = nil, keeper: String? = nil, filesystem: String, root: ObjectID,
            rootBirth: Int64? = nil, label: String? = nil, isEmpty: Bool
        ) {
            self.markerID = markerID
            self.keeper = keeper
            self.filesystem = filesystem
            self.root = root
            self.rootBirth = rootBirth
            self.label = label
            self.isEmpty = isEmpty
        }
    }

    package enum Answer: Equatable, Sendable {
        case known(VaultID, isProven: Bool)
        /// Another disk, or none; why.
        case mismatch(String)
    }

    /// How long "last seen" may be wrong: not every look writes.
    static let seenSeconds: Int64 = 3600

    /// Who is at this path. A path never seen gets the id of its marker, if it is this host's, or a new one.
    package func identify(_ path: Bytes, _ signs: Signs, at now: Timestamp) throws(Fault) -> Answer {
        let before = try file.read() ?? File()
        // An id that is drawn now would be another one when the file is repaired.
        guard !file.isDamaged || signs.markerID != nil else {
            return .mismatch("which vault it is stands in '\(file.path.display)', and that cannot be read")
        }
        // Looked at before the lock is taken: the other vault's disk may hang.
        let mounted = Self.mounted(Self.twins(of: path, signs, in: before))
        var after = before
        let answer = Self.identify(path, signs, at: now, mounted: mounted, file: &after)
        guard after.vaults != before.vaults else { return answer }
        do {
            return try file.change { file in
                var current = file ?? File()
                defer { file = current }
                return Self.identify(path, signs, at: now, mounted: mounted, file: &current)
            }
        } catch {
            // That it was seen again is not worth a fault: a full disk must not stop the purge that makes room.
            guard error.isFull, case .known(let id, _) = answer,
                before.entries(at: path).contains(where: { $0.id == id })
            else { throw error }
            return answer
        }
    }

    private static func identify(
        _ path: Bytes, _ signs: Signs, at now: Timestamp, mounted: Set<String>, file: inout File
    ) -> Answer {
        if let match = file.vaults.indices.first(where: { isSame(file.vaults[$0], path, signs) }) {
            for n in file.vaults.indices where file.vaults[n].bytes == path && n != match {
                file.vaults[n].isAway = true
            }
            let entry = renewed(file.vaults[match], signs, at: now)
            file.vaults[match] = entry
            return .known(entry.id, isProven: entry.isUnproven != true)
        }
        let here = file.entries(at: path)
        guard here.allSatisfy({ $0.isUnproven == true }) else { return .mismatch(why(here, signs, file)) }
        if signs.markerID != nil, signs.keeper != Surroundings.hostName {
            return .mismatch("it is a vault of the host '\(signs.keeper ?? "?")'")
        }
        if let twin = twins(of: path, signs, in: file).first(where: { mounted.contains($0.path) }) {
            return .mismatch("it is a copy of the vault at '\(twin.path)'")
        }
        // Only an empty directory was ever seen here: the disk is mounted for the first time.
        file.vaults.removeAll { $0.bytes == path }
        let id = signs.markerID ?? VaultID(text: Surroundings.randomHex(bytes: 16))
        file.vaults.append(entry(path, id, signs, at: now))
        return .known(id, isProven: !signs.isEmpty)
    }

    /// Entries of other paths with the marker that is seen here.
    private static func twins(of path: Bytes, _ signs: Signs, in file: File) -> [Entry] {
        file.vaults.filter { $0.id == signs.markerID && $0.bytes != path }
    }

    /// The paths of those whose vault still is where they say, or may be: one that moved is not there.
    private static func mounted(_ entries: [Entry]) -> Set<String> {
        let ids = Dictionary(entries.map { ($0.bytes ?? "/", $0.id) }) { first, _ in first }
        let answers = Reach.ask("look for a copy", of: Array(ids.keys), seconds: 5) { path in
            guard let root = try? Directory.open(absolute: path), let marker = try? Marker.read(in: root) else {
                return false
            }
            return marker.id == ids[path]
        }
        return Set(entries.filter { answers[$0.bytes ?? "/"] != false }.map(\.path))
    }

    /// Whether what is seen at a path is the vault in force there.
    package func isInForce(_ path: Bytes, _ signs: Signs) throws(Fault) -> Bool {
        guard let entry = try inForce(path) else { return false }
        return entry.isAway != true && Self.isSame(entry, path, signs)
    }

    // MARK: A person's word

    /// Takes what is at this path now for its vault, beside those that were known there. A copy gets an id of its own;
    /// the same directory under a new id takes the old one's place.
    package func adopt(_ path: Bytes, _ signs: Signs, at now: Timestamp) throws(Fault) -> VaultID {
        let before = try file.read() ?? File()
        let mounted = Self.mounted(Self.twins(of: path, signs, in: before))
        return try file.change { file in
            var current = file ?? File()
            defer { file = current }
            if case .known(let id, _) = Self.identify(path, signs, at: now, mounted: mounted, file: &current) {
                return id
            }
            current.vaults.removeAll { $0.bytes == path && Self.isSameRoot($0, signs) && $0.id != signs.markerID }
            for n in current.vaults.indices where current.vaults[n].bytes == path { current.vaults[n].isAway = true }
            let isCopy =
                !current.entries(at: path).allSatisfy { $0.id != signs.markerID }
                || Self.twins(of: path, signs, in: current).contains { mounted.contains($0.path) }
            let own = isCopy ? nil : signs.markerID
            let id = own ?? VaultID(text: Surroundings.randomHex(bytes: 16))
            current.vaults.append(Self.entry(path, id, signs, at: now))
            return id
        }
    }

    /// Forgets one that is away, by the beginning of its id or by its label.
    package func forget(_ path: Bytes, _ name: String, isGone: Bool) throws(Fault) -> AwayDisk {
        let found = try disks(at: path).filter { $0.id.text.hasPrefix(name.lowercased()) || $0.label == name }
        guard let disk = found.first else {
            throw Fault(
                .notFound, "no disk called '\(name)' is known at '\(path.display)'",
                hint: "`reprieve status --json` lists those that are away", path: path)
        }
        guard found.count == 1 else {
            throw Fault(
                .ambiguous, "'\(name)' names \(found.count) disks of '\(path.display)'",
                hint: "name one by its id: \(found.map(\.id.text).joined(separator: ", "))", path: path)
        }
        guard disk.isAway || isGone else {
            throw Fault(
                .usage, "'\(disk.name)' is the disk in force at '\(path.display)'",
                hint: "only one that is away can be forgotten", path: path)
        }
        return try file.change { file in
            file?.vaults.removeAll { $0.bytes == path && $0.id == disk.id }
            return disk
        }
    }

    /// Forgets all that was known at a path, and answers it.
    package func forget(_ path: Bytes) throws(Fault) -> [VaultID] {
        try file.change { file in
            let ids = file?.entries(at: path).map(\.id) ?? []
            file?.vaults.removeAll { $0.bytes == path }
            return ids
        }
    }

    // MARK: The trash

    /// The `.trash` of a vault that is ours; `nil`: none was written into yet.
    package func trash(of id: VaultID) throws(Fault) -> ObjectID? {
        try file.read()?.vaults.first { $0.id == id }?.trash.map { ObjectID(text: $0) }
    }

    package func setTrash(_ object: ObjectID, of id: VaultID) throws(Fault) {
        guard try trash(of: id) != object else { return }
        try file.change { file in
            guard let n = file?.vaults.firstIndex(where: { $0.id == id }) else { return }
            file?.vaults[n].trash = object.text
        }
    }

    // MARK: Questions, without a look at the disk

    /// The id in force at a path.
    /// Where vaults were seen: not what was an empty directory whenever somebody looked.
    package func paths() throws(Fault) -> [Bytes] {
        Set((try file.read()?.vaults ?? []).filter { $0.isUnproven != true }.compactMap(\.bytes)).sorted()
    }

    package func lastKnown(_ path: Bytes) throws(Fault) -> VaultID? { try inForce(path)?.id }

    /// The file system that the vault in force at a path was last seen on.
    package func filesystem(_ path: Bytes) throws(Fault) -> String? { try inForce(path)?.filesystem }

    /// Whether all that is known at a path is on other file systems.
    package func isElsewhere(_ path: Bytes, than filesystem: String) throws(Fault) -> Bool {
        let here = (try file.read()?.entries(at: path) ?? []).filter { $0.isUnproven != true }
        return !here.isEmpty && here.allSatisfy { $0.filesystem != filesystem }
    }

    /// When the vault in force at this path was first seen; `nil`: it was not, or that is not known.
    package func firstSeen(_ path: Bytes) throws(Fault) -> Timestamp? { try inForce(path)?.since }

    /// Whether nothing but an empty directory was ever seen here.
    package func isUnproven(_ path: Bytes) throws(Fault) -> Bool {
        try file.read()?.entries(at: path).allSatisfy { $0.isUnproven == true } ?? true
    }

    private func inForce(_ path: Bytes) throws(Fault) -> Entry? {
        let here = try file.read()?.entries(at: path) ?? []
        return here.first { $0.isAway != true } ?? here.last
    }

    /// All that are known at a path.
    package func disks(at path: Bytes) throws(Fault) -> [AwayDisk] {
        try file.read()?.entries(at: path).map {
            AwayDisk(id: $0.id, label: $0.label, lastSeen: $0.lastSeen, isAway: $0.isAway == true)
        } ?? []
    }
}

/// A disk that was adopted for a path where another one may be now: away, not lost.
package struct AwayDisk: Sendable {
    package var id: VaultID
    package var label: String?
    package var lastSeen: Timestamp?
    package var isAway: Bool

    /// What its file system is called, else the beginning of its id.
    package var name: String { label ?? String(id.text.prefix(8)) }
}
