package import Disk
package import Model
package import Recognition

/// Looks at the directories of one vault and says which backups are there and how far they are.
package struct VaultSurvey: Sendable {
    package var vault: VaultID
    package var quietSeconds: Int64
    /// How names are read.
    package var recognisers: Recognisers
    package var zone: Zone
    /// Configured vaults inside this one, by their path in it.
    package var nested: Set<Bytes>
    /// Others may write here behind this kernel's back (NFS, SMB, FUSE): that nobody of this host has a file open says
    /// nothing.
    package var isRemote = false
    /// The vault's absolute paths, as configured and resolved: absolute links may lead into it.
    package var roots: [Bytes]

    package init(
        vault: VaultID, quietSeconds: Int64, recognisers: Recognisers, zone: Zone, nested: Set<Bytes>,
        roots: [Bytes] = []
    ) {
        self.roots = roots
        self.vault = vault
        self.quietSeconds = quietSeconds
        self.recognisers = recognisers
        self.zone = zone
        self.nested = nested
    }

    /// How names are read: what was read in another way has to be read again. The number goes up with every change of
    /// what recognition or this room makes of the same directory.
    package var readAs: String {
        let inside = nested.sorted().map(\.hexadecimal).joined(separator: ",")
        return "2 \(recognisers.text) \(zone.name) \(roots.map(\.hexadecimal).sorted()) \(inside)"
    }

    /// What one directory holds.
    package struct Place: Sendable {
        package var directory: Bytes
        /// The rows of it before the look.
        package var known: [Backup] = []
        /// It was never looked at before.
        package var isNew = false
        package var backups: [Backup] = []
        package var skippedEntries: [SkippedEntry] = []
        package var descend: [Bytes] = []
        package var faults: [Fault] = []
        /// Backups that could not be looked at, and why is among the faults: what is known of them is old.
        package var unknown: Set<Bytes> = []
        /// Something is mounted over it: what it holds is covered, not gone.
        package var isCovered = false
        /// Objects of the asked inodes, wherever in this directory they are.
        package var movedObjects: [ObjectID: Bytes] = [:]
        /// `nil`: it must be read again next time, because time alone may change what is said of it.
        package var digest: PlaceDigest?
        /// How many backups wait for somebody to look into them.
        package var unprobed = 0
    }

    /// What one look at a directory gave.
    package enum Look: Sendable {
        case gone
        /// As it was when it was last read.
        case same
        case read(Place)
    }

    /// What is known from before, and what to watch out for.
    package struct Known {
        /// The rows of a place.
        package var backups: (Bytes) throws(Fault) -> [Backup]
        /// What places looked like when they were last read.
        package var digests: [Bytes: PlaceDigest?] = [:]
        /// What is or was in the trash: somebody may have brought one back under any name.
        package var trashed = Trashed([])
        /// Renamed from a temporary name just now: the writer itself says that it is done.
        package var finished: Set<Bytes> = []
        /// By series: the signs of success that it has shown, and the time of the first backup that had each.
        package var signs: [Bytes: [String: Timestamp]] = [:]

        /// Nothing was ever looked at.
        package var isEmpty = false

        package init(backups: @escaping (Bytes) throws(Fault) -> [Backup]) { self.backups = backups }

        /// Nothing is known.
        package static var nothing: Known { Known { (_: Bytes) throws(Fault) -> [Backup] in [] } }
    }

    /// What is or was in the trash, by object.
    package final class Trashed {
        package let inodes: Set<UInt64>
        private let backups: [Backup]
        private lazy var members = Dictionary(
            backups.enumerated().flatMap { n, backup in backup.members.map { ($0.object, (n, $0)) } }
        ) { first, _ in first }

        package init(_ backups: [Backup]) {
            self.backups = backups
            inodes = Set(backups.lazy.flatMap(\.members).map(\.inode))
        }

        /// The backup of which all of these are members, each with the size and time of change that it had in the
        /// trash: since it rested there nobody wrote into it, it was only renamed.
        func backup(of seen: [Sighting]) -> Backup? {
            guard let first = seen.first, inodes.contains(first.inode), let (n, _) = members[first.object] else {
                return nil
            }
            let isSame = seen.allSatisfy { one in
                guard let (other, member) = members[one.object], other == n else { return false }
                return member.size == one.size && member.mtime == one.mtime
            }
            return isSame ? backups[n] : nil
        }
    }

    /// Whether files are looked into at once. Looking into a file may wait for a disk; a first index of many does not.
    package enum Probing: Sendable { case now, later }

    /// More foreign entries of one directory than this are counted, not listed.
    package static let notRecognisedListed = 50
    private static let mostReasons = 8

    /// Lists one directory and looks at its backups. `watch` is called with the open directory before it is listed, so
    /// that what comes later raises an event.
    package func look(
        at directory: Bytes, below root: Directory, known: Known, now: Moment, probing: Probing = .now,
        shouldStop: @escaping () -> Bool = { false }, watch: ((Directory, Bytes) -> Void)? = nil
    ) throws(Fault) -> Look {
        let place: Directory
        do {
            place = try root.open(directory)
        } catch {
            switch error.errno {
            case .some(Errno.ENOENT), .some(Errno.ENOTDIR): return .gone
            case .some(Errno.EXDEV): return .read(try Self.otherDevice(directory, root, known))
            default: throw error
            }
        }
        if !directory.isEmpty, nested.contains(directory) || holdsVault(place) {
            return .read(try Self.single(directory, .notRecognised("a vault of its own"), known))
        }
        watch?(place, directory)
        // The picture is taken before the reading: what changes in between shows next time. Where files wait to be
        // looked into, the place is read again anyway.
        let recalled = known.digests[directory] ?? nil
        let siblings = try Self.siblings(of: directory, below: root, zone: zone)
        let digest =
            recalled != nil || probing == .now ? try PlaceDigest(of: place).mixed(with: siblings) : nil
        if recalled != nil, recalled == digest { return .same }
        let entries = try place.entries()
        if let why = recognisers.place(PlaceNames(of: entries, in: directory, place)) {
            return .read(try Self.single(directory, why, known))
        }
        var result = try read(
            entries, place, directory: directory,
            siblings: siblings.union(Self.shapesBelow(entries, place, zone: zone)), known: known, now: now,
            probing: probing, shouldStop: shouldStop)
        if result.isSettled { result.digest = digest }
        return .read(result)
    }

    /// Names beside a directory whose own name says a kind, `full` or `inc`: what it means depends on them.
    package static func siblings(
        of directory: Bytes, below root: Directory, zone: Zone
    ) throws(Fault) -> Set<Bytes> {
        guard let (parent, _) = KindWords.directory(in: directory) else { return [] }
        let entries = try root.open(parent).entries()
        var siblings = Set(entries.lazy.filter { KindWords.isKind($0.name) }.map(\.name))
        var parser = NameTimeParser(zone: zone)
        siblings.formUnion(KindWords.shapes(of: entries.map(\.name), &parser))
        return siblings
    }

    /// What lies in directories of a dependent kind, `inc/`, where the full ones lie beside them.
    package static func shapesBelow(
        _ entries: [Directory.Entry], _ place: Directory, zone: Zone
    ) -> Set<Bytes> {
        let directories = KindWords.dependentDirectories(among: entries.filter { $0.kind == .directory }.map(\.name))
        var parser = NameTimeParser(zone: zone)
        return directories.reduce(into: []) { shapes, name in
            guard let inside = try? place.open(name), let names = try? inside.entries().map(\.name) else { return }
            shapes.formUnion(KindWords.shapes(of: names, &parser))
        }
    }

    /// A directory that is left alone as a whole: what was known in it is there no more.
    private static func single(_ directory: Bytes, _ why: SkippedEntry.Why, _ known: Known) throws(Fault) -> Place {
        var place = Place(
            directory: directory, skippedEntries: [SkippedEntry(path: directory, place: directory, why: why)])
        place.known = try known.backups(directory)
        return place
    }

    /// What is known below it is covered, and not gone.
    private static func otherDevice(_ directory: Bytes, _ root: Directory, _ known: Known) throws(Fault) -> Place {
        if let tool = subvolume(at: directory, root) {
            return try single(directory, .managed(tool: tool.name, prune: tool.prune), known)
        }
        let why =
            "another file system; to keep it in order too: vaults: { NAME: { path: \(root.path.appending(directory).display) } }"
        return Place(
            directory: directory,
            skippedEntries: [SkippedEntry(path: directory, place: directory, why: .notRecognised(why))],
            isCovered: true)
    }

    /// A btrfs subvolume is another device and no mount: only btrfs's own commands delete it.
    static func subvolume(at path: Bytes, _ root: Directory) -> BtrfsSubvolume.Tool? {
        guard let parent = try? root.open(path.parent),
            let opened = try? parent.openSubvolume(path.lastComponent)
        else { return nil }
        return opened.device == root.device ? nil : BtrfsSubvolume.tool(at: path, below: root.path)
    }

    func holdsVault(_ place: Directory) -> Bool {
        place.holds(".trash/vault.json")
    }

    private func read(
        _ entries: [Directory.Entry], _ place: Directory, directory: Bytes, siblings: Set<Bytes>, known: Known,
        now: Moment, probing: Probing, shouldStop: @escaping () -> Bool
    ) throws(Fault) -> Place {
        var parser = NameTimeParser(zone: zone)
        let entries = entries.map { Self.typed($0, in: place) }
        var reading = DirectoryReading(
            of: entries, in: directory, siblings: siblings, by: recognisers, parser: &parser)
        var result = Place(directory: directory)
        // What was never looked at has no rows. A refresh asks for no digests: there every place may have some.
        result.isNew = !known.digests.isEmpty && known.digests[directory] == nil || known.isEmpty
        if !result.isNew { result.known = try known.backups(directory) }
        if reading.isOpen { decide(&reading, result, place) }
        result.descend = reading.descend.map { directory.appending($0) }
        result.skippedEntries = Self.bounded(reading.skippedEntries, directory)
        result.skippedEntries += links(reading.links, place, directory)
        for entry in entries where known.trashed.inodes.contains(entry.inode) {
            if let seen = try? place.sighting(of: entry.name) {
                result.movedObjects[seen.object] = directory.appending(entry.name)
            }
        }
        var looking = UnitLook(
            self, place, directory, result.known, known, now, probing, units: reading.units, shouldStop)
        for (n, unit) in reading.units.enumerated() {
            // A sign of life in a directory of a million files; what is asked to stop is looked at to its end.
            if n.isMultiple(of: 1024) { _ = shouldStop() }
            do {
                switch try looking.look(at: unit) {
                case .backup(let backup): result.backups.append(backup)
                case .skippedEntries(let why):
                    result.skippedEntries.append(
                        SkippedEntry(path: directory.appending(unit.name), place: directory, why: why))
                case nil: break
                }
            } catch {
                result.faults.append(error)
                result.unknown.insert(directory.appending(unit.name))
            }
        }
        looking.demandSigns(&result.backups)
        result.unprobed = result.backups.count { $0.note == Backup.unprobedNote }
        return result
    }

    /// More links of one directory than this are not looked at: then who deletes by them has other worries.
    package static let linksRead = 10_000

    private func links(_ names: [Bytes], _ place: Directory, _ directory: Bytes) -> [SkippedEntry] {
        names.prefix(Self.linksRead).map { name in
            let target = (try? place.linkTarget(of: name)) ?? nil
            return SkippedEntry(
                path: directory.appending(name), place: directory,
                why: .link(to: target.flatMap { inVault($0, from: directory) }))
        }
    }

    /// A link's target as a path from the vault's top, as it is written: `..` and links within it are for who knows
    /// all links. `nil`: out of the vault.
    private func inVault(_ target: Bytes, from directory: Bytes) -> Bytes? {
        guard target.hasPrefix("/") else { return directory.appending(target) }
        guard let root = roots.first(where: { target.isWithin($0) }) else { return nil }
        return target.dropFirst(root.count)
    }

    /// Some file systems do not say the type in a listing. Asked by a descriptor: by name, a hung mount would not
    /// answer.
    private static func typed(_ entry: Directory.Entry, in place: Directory) -> Directory.Entry {
        guard entry.kind == .unknown, let kind = place.kind(behind: entry.name) else { return entry }
        var entry = entry
        entry.kind = kind
        return entry
    }

    private static func bounded(_ found: [(name: Bytes, why: SkippedEntry.Why)], _ directory: Bytes) -> [SkippedEntry] {
        let listed = found.prefix(notRecognisedListed).map {
            SkippedEntry(path: directory.appending($0.name), place: directory, why: $0.why)
        }
        // Of the others it is known how many they are, for each of a few reasons.
        var counts: [SkippedEntry.Why: Int] = [:]
        for (_, why) in found.dropFirst(notRecognisedListed) {
            let isKnown = counts[why] != nil || counts.count < mostReasons
            counts[isKnown ? why : .notRecognised("other reasons"), default: 0] += 1
        }
        let others = counts.sorted { ($1.value, $0.key.text) < ($0.value, $1.key.text) }
        return listed
            + others.enumerated().map { n, other in
                let name = n == 0 ? "…" : "… \(n + 1)"
                return SkippedEntry(
                    path: directory.appending(Bytes(name)), place: directory, why: other.key, entries: other.value)
            }
    }

    /// Asks what was read before, and the contents, about names that leave something open.
    private func decide(_ reading: inout DirectoryReading, _ known: Place, _ place: Directory) {
        let dated = known.known.lazy.filter { $0.timeSource == .name }.map { ($0.path, $0.time) }
        let times = Dictionary(dated) { first, _ in first }
        reading.decide {
            times[known.directory.appending($0.name)]
        } contentTime: {
            Self.contentTime(of: $0, place)
        }
    }

    /// When the content of a backup was last written; `nil`: it is gone, and does not matter.
    package static func contentTime(of unit: DirectoryReading.Unit, _ place: Directory) -> Timestamp? {
        contentTime(of: unit.name, place)
    }

    /// The same of a name in this directory.
    package static func contentTime(of name: Bytes, _ place: Directory) -> Timestamp? {
        (try? place.sighting(of: name))?.mtime
    }
}

extension VaultSurvey.Place {
    /// Whether nothing that is said of it changes by time alone, and nothing was left out.
    fileprivate var isSettled: Bool {
        faults.isEmpty && movedObjects.isEmpty
            && backups.allSatisfy { $0.condition == .complete || $0.condition == .incomplete }
    }
}
