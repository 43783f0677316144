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

    /// What one directory holds.
    package struct Place: Sendable {
        package var directory: Bytes
        package var backups: [Backup] = []
        package var leftAlone: [LeftAlone] = []
        package var descend: [Bytes] = []
        package var faults: [Fault] = []
        /// Objects of the asked inodes, wherever in this directory they are.
        package var strays: [ObjectID: Bytes] = [:]
    }

    /// What is known from before, and what to watch out for.
    package struct Known: Sendable {
        package var backups: [Bytes: Backup]
        /// Inodes of trashed objects: somebody may have brought one back under any name.
        package var trashedInodes: Set<UInt64>
        /// Renamed from a temporary name just now: the writer itself says that it is done.
        package var finished: Set<Bytes>

        package init(backups: [Bytes: Backup], trashedInodes: Set<UInt64>, finished: Set<Bytes> = []) {
            self.backups = backups
            self.trashedInodes = trashedInodes
            self.finished = finished
        }
    }

    /// More foreign entries of one directory than this are counted, not listed.
    package static let foreignListed = 50

    /// Lists one directory and looks at its backups. `watch` is called with the open directory before it is listed, so
    /// that what comes later raises an event. `nil`: the directory is gone.
    package func look(
        at directory: Bytes, below root: Directory, known: Known, now: Moment,
        watch: ((Directory, Bytes) -> Void)? = nil
    ) throws(Fault) -> Place? {
        let place: Directory
        do {
            place = try root.open(directory)
        } catch {
            switch error.errno {
            case .some(2), .some(20): return nil  // ENOENT, ENOTDIR
            case .some(18): return Self.otherDevice(directory, root)  // EXDEV
            default: throw error
            }
        }
        if !directory.isEmpty, nested.contains(directory) || holdsVault(place) {
            return Self.single(directory, .foreign("a vault of its own"))
        }
        watch?(place, directory)
        let entries = try place.entries()
        if let tool = Repositories.tool(ofDirectoryWith: Set(entries.map(\.name))) {
            return Self.single(directory, .opaque(tool: tool.name, prune: tool.prune))
        }
        return read(entries, place, directory, known, now)
    }

    private static func single(_ directory: Bytes, _ why: LeftAlone.Why) -> Place {
        Place(directory: directory, leftAlone: [LeftAlone(path: directory, place: directory, why: why)])
    }

    private static func otherDevice(_ directory: Bytes, _ root: Directory) -> Place {
        single(
            directory,
            .foreign(
                "another file system; to keep it in order too: vaults: { NAME: { path: \(root.path.appending(directory).display) } }"
            ))
    }

    private func holdsVault(_ place: Directory) -> Bool {
        (try? place.open(".trash").sighting(of: "vault.json")) != nil
    }

    private func read(
        _ entries: [Directory.Entry], _ place: Directory, _ directory: Bytes, _ known: Known, _ now: Moment
    ) -> Place {
        var parser = NameTimeParser(zone: zone)
        let entries = entries.map { Self.typed($0, in: place) }
        let reading = DirectoryReading(of: entries, in: directory, by: recognisers, parser: &parser)
        var result = Place(directory: directory)
        result.descend = reading.descend.map { directory.appending($0) }
        result.leftAlone = Self.bounded(reading.leftAlone, directory)
        result.leftAlone += links(reading.links, place, directory)
        for entry in entries where known.trashedInodes.contains(entry.inode) {
            if let seen = try? place.sighting(of: entry.name) {
                result.strays[seen.object] = directory.appending(entry.name)
            }
        }
        let numbered = Set(reading.units.filter { !isBorneOut($0, place) }.map(\.series))
        for unit in reading.units {
            if unit.doubt != nil, numbered.contains(unit.series) {
                let why = "is it a time or a number? The time of its content does not bear it out"
                result.leftAlone.append(
                    LeftAlone(path: directory.appending(unit.name), place: directory, why: .foreign(why)))
                continue
            }
            do {
                switch try look(at: unit, place, directory, known, now) {
                case .backup(let backup): result.backups.append(backup)
                case .leftAlone(let why):
                    result.leftAlone.append(LeftAlone(path: directory.appending(unit.name), place: directory, why: why))
                case nil: break
                }
            } catch {
                result.faults.append(error)
            }
        }
        Self.chain(&result.backups, by: reading.units)
        return result
    }

    /// More links of one directory than this are not looked at: then who deletes by them has other worries.
    package static let linksRead = 10_000

    private func links(_ names: [Bytes], _ place: Directory, _ directory: Bytes) -> [LeftAlone] {
        names.prefix(Self.linksRead).map { name in
            let target = (try? place.linkTarget(of: name)) ?? nil
            return LeftAlone(
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

    /// Some file systems do not say the type in a listing.
    private static func typed(_ entry: Directory.Entry, in place: Directory) -> Directory.Entry {
        guard entry.kind == .unknown, let seen = try? place.sighting(of: entry.name) else { return entry }
        var entry = entry
        entry.kind =
            switch seen.kind {
            case .file: .file
            case .directory: .directory
            case .symlink: .symlink
            case .other: .other
            }
        return entry
    }

    private static func bounded(_ found: [(name: Bytes, why: LeftAlone.Why)], _ directory: Bytes) -> [LeftAlone] {
        let listed = found.prefix(foreignListed).map {
            LeftAlone(path: directory.appending($0.name), place: directory, why: $0.why)
        }
        guard found.count > foreignListed else { return listed }
        let more = found.count - foreignListed
        return listed + [
            LeftAlone(
                path: directory.appending("…"), place: directory,
                why: .foreign("\(more) more entries of this directory"))
        ]
    }

    /// Whether the time in a doubtful name lies near that of the content (``ClockDoubt/window``). One that does not
    /// makes its whole series doubtful.
    private func isBorneOut(_ unit: DirectoryReading.Unit, _ place: Directory) -> Bool {
        guard let doubt = unit.doubt, let time = unit.time else { return true }
        guard let seen = (try? place.sighting(of: unit.name)) ?? nil else { return true }  // gone: no matter
        let behind = seen.mtime.seconds(since: time)
        return doubt.window.contains(behind)
    }

    // MARK: One backup

    private enum Found {
        case backup(Backup)
        case leftAlone(LeftAlone.Why)
    }

    /// `nil`: gone since the listing.
    private func look(
        at unit: DirectoryReading.Unit, _ place: Directory, _ directory: Bytes, _ known: Known, _ now: Moment
    ) throws(Fault) -> Found? {
        let path = directory.appending(unit.name)
        var sighting: Sighting
        var obstacle: String?
        if unit.isDirectory {
            // Opened before it is looked at: on a hung mount a look by name would never return.
            let inside: Directory
            do {
                inside = try place.open(unit.name)
            } catch {
                if error.errno == 2 { return nil }
                if error.errno == 18 { return .leftAlone(.foreign("another file system")) }
                throw error
            }
            if nested.contains(where: { $0.isWithin(path) }) || holdsVault(inside) {
                return .leftAlone(.foreign("a vault lies inside it"))
            }
            if let tool = Repositories.tool(ofDirectoryWith: Set(try inside.entries().map(\.name))) {
                return .leftAlone(.opaque(tool: tool.name, prune: tool.prune))
            }
            sighting = try inside.sighting()
            sighting.name = unit.name
            if let old = known.backups[path], old.isComplete, old.object == sighting.object,
                old.primary.mtime == sighting.mtime
            {
                // A complete directory is not walked again; its measure stands.
                sighting.size = old.size - old.members.dropFirst().total { $0.size }
                sighting.allocated = old.allocated
                sighting.ctime = old.primary.ctime
            } else {
                let measure = try TreeMeasure(of: inside)
                sighting.size = measure.size
                sighting.allocated = measure.allocated
                sighting.ctime = measure.newestChange
                obstacle = measure.obstacle
            }
        } else {
            guard let seen = try place.sighting(of: unit.name), seen.kind == .file else { return nil }
            sighting = seen
        }
        if let obstacle { return .leftAlone(.foreign(obstacle)) }
        let sides = try sideSightings(unit.sideFiles, place)
        return .backup(judge(unit, path, directory, sighting, sides, place, known, now))
    }

    private func sideSightings(_ names: [Bytes], _ place: Directory) throws(Fault) -> [Sighting] {
        var seen: [Sighting] = []
        for name in names {
            if let one = try place.sighting(of: name), one.kind == .file { seen.append(one) }
        }
        return seen
    }

    private func judge(
        _ unit: DirectoryReading.Unit, _ path: Bytes, _ directory: Bytes, _ sighting: Sighting, _ sides: [Sighting],
        _ place: Directory, _ known: Known, _ now: Moment
    ) -> Backup {
        let all = [sighting] + sides
        let members = all.map { seen in
            Backup.Member(
                path: directory.appending(seen.name), object: seen.object, inode: seen.inode,
                isDirectory: seen.kind == .directory, size: seen.size, mtime: seen.mtime, ctime: seen.ctime)
        }
        let old = known.backups[path]
        let newest = all.map(\.ctime).max() ?? sighting.ctime
        var backup = Backup(
            id: BackupID(
                vault: vault, object: sighting.object, links: unit.isDirectory ? 1 : sighting.links, path: path),
            vault: vault, series: unit.series, members: members, time: unit.time ?? sighting.mtime,
            timeSource: unit.time == nil ? .mtime : .name, condition: .settling, note: "",
            size: all.total { $0.size }, allocated: all.total { $0.allocated }, mode: sighting.mode,
            uid: sighting.uid, gid: sighting.gid, observedSince: min(now.wall, newest), changedBoot: now.boot,
            changedBootID: now.bootID)
        backup.protectedBy = unit.protectedBy
        if let old, old.object == backup.object { backup.observedSince = min(old.observedSince, backup.observedSince) }
        if let old, old.members == members {
            backup.changedBoot = old.changedBoot
            backup.changedBootID = old.changedBootID
            if old.isComplete {
                backup.condition = .complete
                backup.note = old.note
                return backup
            }
        }
        if known.finished.contains(path) {
            // Renamed from a temporary name: its writer says that it is done, and five seconds are enough.
            let rested = max(0, quietSeconds - 5) * 1_000_000_000
            backup.changedBoot = min(backup.changedBoot, now.boot - rested)
        }
        (backup.condition, backup.note) = condition(unit, all, newest, place, now, unchangedSince: backup)
        return backup
    }

    /// *Settled*: unchanged through the quiet period by our boot clock, or ctime older than max(quiet, 5 min), and
    /// written by nobody.
    private func condition(
        _ unit: DirectoryReading.Unit, _ members: [Sighting], _ newest: Timestamp, _ place: Directory, _ now: Moment,
        unchangedSince backup: Backup
    ) -> (Backup.Condition, String) {
        if unit.isTemporary { return (.settling, Backup.temporaryNote) }
        let quiet = quietSeconds
        let answers = members.filter { $0.kind == .file }.map { place.writer(of: $0.name) }
        if answers.contains(where: { if case .written = $0 { true } else { false } }) {
            return (.settling, "being written")
        }
        // Without leases only time can tell: four quiet periods.
        let needed = answers.contains { if case .unsupported = $0 { true } else { false } } ? quiet * 4 : quiet
        let rested = backup.changedBootID == now.bootID && now.boot - backup.changedBoot >= needed * 1_000_000_000
        let old = now.wall.seconds(since: newest) > max(needed, 300)
        guard rested || old else { return (.settling, "not yet seen at rest for \(needed) s") }
        if !unit.isDirectory, members[0].size == 0 { return (.incomplete, "an empty file") }
        return (.complete, "")
    }
}
