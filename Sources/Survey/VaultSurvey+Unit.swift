internal import Disk
package import Model
internal import Recognition

extension VaultSurvey {
    enum Found {
        case backup(Backup)
        case skippedEntries(SkippedEntry.Why)
    }

    /// Looks at the backups of one directory, one after the other.
    struct UnitLook {
        private let survey: VaultSurvey
        private let place: Directory
        private let directory: Bytes
        private let rows: [Bytes: Backup]
        private let known: Known
        private let now: Moment
        private let probing: Probing
        private let shouldStop: () -> Bool
        /// Directories beside each other that are units, in the order of their names.
        private let neighbours: [Bytes]
        /// Files with several names, asked for once in this look.
        private var memory = LinkMemory()

        init(
            _ survey: VaultSurvey, _ place: Directory, _ directory: Bytes, _ rows: [Backup], _ known: Known,
            _ now: Moment, _ probing: Probing, units: [DirectoryReading.Unit], _ shouldStop: @escaping () -> Bool
        ) {
            neighbours = units.filter(\.isDirectory).map(\.name).sorted()
            self.shouldStop = shouldStop
            self.survey = survey
            self.place = place
            self.directory = directory
            self.rows = Dictionary(rows.map { ($0.path, $0) }) { first, _ in first }
            self.known = known
            self.now = now
            self.probing = probing
        }

        /// `nil`: gone since the listing.
        mutating func look(at unit: DirectoryReading.Unit) throws(Fault) -> Found? {
            unit.isDirectory ? try lookAtDirectory(unit) : try lookAtFile(unit)
        }

        private func lookAtFile(_ unit: DirectoryReading.Unit) throws(Fault) -> Found? {
            let path = directory.appending(unit.name)
            // A file with the same inode, size and times as before is the same object: no handle is asked for.
            let old = rows[path]
            guard let seen = try place.sighting(of: unit.name, knownAs: old?.primary), seen.kind == .file else {
                return nil
            }
            let sides = try sideSightings(unit.sideFiles, old)
            let shared = try sideSightings(unit.sharedSideFiles, old)
            let blocked = ([seen] + sides).first { $0.obstacle != nil }
            let obstacle = blocked.map { Obstacle($0.obstacle ?? .immutable, at: $0.name).text }
            return .backup(
                judge(
                    unit, path, sighting: seen, sides: sides, shared: shared, inside: place, obstacle: obstacle,
                    fingerprint: nil))
        }

        private mutating func lookAtDirectory(_ unit: DirectoryReading.Unit) throws(Fault) -> Found? {
            let path = directory.appending(unit.name)
            // Opened before it is looked at: on a hung mount a look by name would never return.
            let inside: Directory
            do {
                inside = try place.open(unit.name)
            } catch {
                if error.errno == Errno.ENOENT { return nil }
                if error.errno == Errno.EXDEV {
                    let tool = VaultSurvey.subvolume(at: unit.name, place)
                    return .skippedEntries(
                        tool.map { .managed(tool: $0.name, prune: $0.prune) } ?? .notRecognised("another file system"))
                }
                throw error
            }
            if survey.nested.contains(where: { $0.isWithin(path) }) || survey.holdsVault(inside) {
                return .skippedEntries(.notRecognised("a vault lies inside it"))
            }
            let entries = try inside.entries()
            if let why = try whySkipped(inside, entries, path) { return .skippedEntries(why) }
            if isAlbum(entries.map(\.name), unit.name, path) { return .skippedEntries(.notRecognised(LiveFiles.album)) }
            var sighting = try inside.sighting()
            sighting.name = unit.name
            var (obstacle, fingerprint): (String?, Int64?)
            if let old = rows[path], old.isComplete, old.object == sighting.object, old.primary.mtime == sighting.mtime
            {
                // A complete directory is not walked again; its measure stands.
                sighting.size = old.size.subtracting(old.members.dropFirst().total { $0.size })
                sighting.allocated = old.allocated
                sighting.ctime = old.primary.ctime
                (obstacle, fingerprint) = (old.obstacle, old.fingerprint)
            } else {
                let measure = try TreeMeasure(of: inside, memory: &memory, shouldStop: shouldStop)
                if let why = measure.obstacles.noBackup { return .skippedEntries(.notRecognised(why.text)) }
                sighting.size = measure.size
                sighting.allocated = measure.allocated
                sighting.ctime = measure.newestChange
                obstacle = measure.obstacles.first.first?.text
                fingerprint = Int64(bitPattern: measure.fingerprint)
            }
            let sides = try sideSightings(unit.sideFiles, rows[path])
            let shared = try sideSightings(unit.sharedSideFiles, rows[path])
            return .backup(
                judge(
                    unit, path, sighting: sighting, sides: sides, shared: shared, inside: inside, obstacle: obstacle,
                    fingerprint: fingerprint))
        }

        /// A dated directory that is no backup: a repository, or little else than a directory that is one.
        private func whySkipped(
            _ inside: Directory, _ entries: [Directory.Entry], _ path: Bytes, depth: Int = 0
        ) throws(Fault) -> SkippedEntry.Why? {
            if let why = Layouts.place(PlaceNames(of: entries, in: path, inside), isDated: true) { return why }
            // A copy of a whole machine may hold any repository; what wraps one is that.
            guard depth < Self.mostWraps, entries.count <= Self.fewEntries else { return nil }
            for entry in entries where entry.kind == .directory {
                guard let below = try? inside.open(entry.name),
                    case .managed(let tool, let prune)? = try whySkipped(
                        below, try below.entries(), path.appending(entry.name), depth: depth + 1), tool != "git"
                else { continue }
                return .managed(tool: tool, prune: prune)
            }
            return nil
        }

        private static let (mostWraps, fewEntries) = (2, 3)

        /// By the names in the directories before and behind it; unless a person includes it.
        private func isAlbum(_ names: [Bytes], _ name: Bytes, _ path: Bytes) -> Bool {
            guard LiveFiles.areOfPeople(names),
                survey.recognisers.included.rule(holding: path, isDirectory: true) == nil,
                let at = neighbours.firstIndex(of: name)
            else { return false }
            // A copy that is made each day has the names of the day before; of an album no other day has any.
            let beside = [at - 1, at + 1].filter(neighbours.indices.contains).map { neighbours[$0] }
            let others = beside.compactMap { name in try? place.open(name).entries().map(\.name) }
                .filter { !$0.isEmpty }
            let own = Set(names)
            return !others.isEmpty && others.allSatisfy { own.isDisjoint(with: $0) }
        }

        private func sideSightings(_ names: [Bytes], _ old: Backup?) throws(Fault) -> [Sighting] {
            var seen: [Sighting] = []
            for name in names {
                let path = directory.appending(name)
                let before = old?.members.dropFirst().first { $0.path == path }
                guard let one = try place.sighting(of: name, knownAs: before) else { continue }
                if one.kind == .file || one.kind == .directory { seen.append(one) }
            }
            return seen
        }

        /// `inside`: the directory itself where the backup is one, else the one it lies in.
        private func judge(
            _ unit: DirectoryReading.Unit, _ path: Bytes, sighting: Sighting, sides: [Sighting],
            shared: [Sighting], inside: Directory, obstacle: String?, fingerprint: Int64?
        ) -> Backup {
            let all = [sighting] + sides
            let members =
                all.map { Backup.Member($0, in: directory) }
                + shared.map { seen in
                    var member = Backup.Member(seen, in: directory)
                    member.isShared = true
                    return member
                }
            let trashed = known.trashed.backup(of: all)
            let old = rows[path] ?? trashed
            let newest = all.map(\.ctime).max() ?? sighting.ctime
            var backup = Backup(
                id: BackupID(
                    vault: survey.vault, object: sighting.object, links: unit.isDirectory ? 1 : sighting.links,
                    path: path),
                vault: survey.vault, series: unit.series, members: members, time: unit.time ?? sighting.mtime,
                timeSource: unit.time == nil ? .mtime : .name, condition: .settling, note: "",
                size: all.total { $0.size }, allocated: all.total { $0.allocated }, mode: sighting.mode,
                uid: sighting.uid, gid: sighting.gid, observedSince: min(now.wall, newest), changedBoot: now.boot,
                changedBootID: now.bootID)
            backup.protectedBy = unit.protectedBy
            backup.kind = unit.kind
            backup.contents = unit.contents.isEmpty ? nil : unit.contents
            backup.readBy = Layouts.version
            if backup.kind != .full || backup.contents != nil {
                backup.readBy ^= Int64(bitPattern: unit.contents.digest) ^ Int64(backup.kind.rawValue.utf8.count)
            }
            backup.obstacle = obstacle
            backup.fingerprint = fingerprint
            backup.links = unit.isDirectory ? 1 : sighting.links
            if let old, old.object == backup.object {
                backup.observedSince = min(old.observedSince, backup.observedSince)
                // Until it is looked into again, what it showed is not forgotten.
                if old.primary.size == sighting.size, old.primary.mtime == sighting.mtime {
                    backup.endMark = old.endMark
                    if old.readBy == backup.readBy { backup.recall(old) }
                }
            }
            if let old, old.isCopied(as: backup) { backup.endMark = old.endMark }
            // Whether a side file is of others too changes nothing of this backup.
            if let old, old.members.map(\.alone) == members.map(\.alone), old.fingerprint == fingerprint {
                backup.changedBoot = old.changedBoot
                backup.changedBootID = old.changedBootID
                backup.freed = old.freed
                if old.isComplete {
                    backup.condition = .complete
                    backup.note = old.note
                    backup.endMark = old.endMark
                    // Names or contents are read otherwise now: it is looked into again, and rests all the same.
                    if old.readBy != backup.readBy { probe(&backup, unit, members: all, inside: inside) }
                    return backup
                }
            }
            if known.finished.contains(path) {
                // Renamed from a temporary name: its writer says that it is done, and five seconds are enough.
                let rested = max(0, survey.quietSeconds - 5).multiplied(by: 1_000_000_000)
                backup.changedBoot = min(backup.changedBoot, now.boot.subtracting(rested))
            }
            finish(&backup, unit, members: all, newest: newest, inside: inside, isRenamed: trashed != nil)
            return backup
        }
    }
}

// MARK: Settled, and complete

extension VaultSurvey.UnitLook {
    /// *Settled*: unchanged through the quiet period by our boot clock, or ctime older than max(quiet, 5 min), or only
    /// renamed out of the trash; and written by nobody. *Complete*: settled, and its format's cheap end mark is there,
    /// where it has one.
    private func finish(
        _ backup: inout Backup, _ unit: DirectoryReading.Unit, members: [Sighting], newest: Timestamp,
        inside: Directory, isRenamed: Bool
    ) {
        if unit.isTemporary {
            backup.note = Backup.temporaryNote
            return
        }
        let quiet = survey.quietSeconds
        guard isRenamed || hasRested(backup, newest, seconds: quiet) else {
            backup.note = "not yet seen at rest for \(quiet) s"
            return
        }
        guard probing == .now else {
            backup.note = Backup.unprobedNote
            return
        }
        var answer = writer(of: unit, members, inside)
        if answer == .free, survey.isRemote { answer = .unsupported }
        guard answer != .written else {
            backup.note = "being written"
            return
        }
        // Without leases only time can tell: four quiet periods.
        guard isRenamed || answer == .free || hasRested(backup, newest, seconds: quiet * 4) else {
            backup.note = "not yet seen at rest for \(quiet * 4) s"
            return
        }
        probe(&backup, unit, members: members, inside: inside)
    }

    private func hasRested(_ backup: Backup, _ newest: Timestamp, seconds: Int64) -> Bool {
        backup.changedBootID == now.bootID
            && now.boot.subtracting(backup.changedBoot) >= seconds.multiplied(by: 1_000_000_000)
            || now.wall.seconds(since: newest) > max(seconds, 300)
    }

    /// Whether anybody has one of the newest files open for writing.
    private func writer(
        of unit: DirectoryReading.Unit, _ members: [Sighting], _ inside: Directory
    ) -> WriterAnswer {
        let beside = WriterSearch(in: place).writer(ofNewest: NewestFiles.probed, of: members)
        guard unit.isDirectory, beside != .written else { return beside }
        // A tree that changes while we look is no tree at rest.
        return beside.and((try? WriterSearch(in: inside).writer(ofNewest: NewestFiles.probed)) ?? .written)
    }

    /// The end mark of its format, where it has one.
    private func probe(
        _ backup: inout Backup, _ unit: DirectoryReading.Unit, members: [Sighting], inside: Directory
    ) {
        if !unit.isDirectory, unit.isSet ? members.allSatisfy({ $0.size == 0 }) : members[0].size == 0 {
            (backup.condition, backup.note) = (.incomplete, "an empty file")
            return
        }
        guard let (reading, head) = reading(unit, members, inside) else {
            backup.note = "its end could not be read"
            return
        }
        let contents = contents(unit, members[0], head: head, inside: inside)
        backup.contents = contents.isEmpty ? nil : contents
        backup.kind = contents.kind ?? unit.kind
        backup.protectedBy = unit.protectedBy ?? contents.protectedBy
        backup.endMark = reading.mark
        backup.note = reading.mark == .footerAbsent ? Backup.footerNeverNote : reading.note ?? ""
        if reading.mark == .none, let sign = contents.signs.first { backup.note = "'\(sign)' is there" }
        if let missing = missing(unit, reading, inside) {
            backup.awaits(missing)
            return
        }
        switch contents.outcome {
        case .failed, .running, .lacking:
            let tool = contents.tool.map { "\($0): " } ?? ""
            (backup.condition, backup.note) = (.incomplete, tool + (contents.why ?? "its tool did not finish it"))
            return
        case .unread:
            (backup.condition, backup.note) = (.broken, contents.why ?? "what its tool says of it could not be read")
            return
        case .finished, .unsaid: break
        }
        switch reading.mark {
        case .unprobed: break
        case .absent:
            backup.condition = .incomplete
            // Its last piece may be on its way.
            if unit.isSet { backup.awaits(backup.note) }
        case .shown, .footerShown, .footerAbsent, .none, .contradicted: backup.condition = .complete
        }
    }

    /// What a person's `complete-when` asks for and is not there; `nil`: nothing.
    private func missing(
        _ unit: DirectoryReading.Unit, _ reading: EndMarkReading, _ inside: Directory
    ) -> String? {
        func isThere(_ name: Bytes, in directory: Directory) -> Bool {
            ((try? directory.sighting(of: name)) ?? nil) != nil
        }
        switch unit.completeWhen {
        case .endMark:
            let isShown = reading.mark == .shown || reading.mark == .footerShown
            return isShown ? nil : "its end mark is not there, and complete-when demands it (\(reading.format))"
        case .beside: return unit.missingBeside.map { "'\($0.display)' is not there yet (complete-when)" }
        case .inside(let name):
            return isThere(name, in: inside) ? nil : "it holds no '\(name.display)' yet (complete-when)"
        case nil: return nil
        }
    }

    /// `nil`: it could not be read, or changed meanwhile; then it goes on settling.
    private func reading(
        _ unit: DirectoryReading.Unit, _ members: [Sighting], _ inside: Directory
    ) -> (EndMarkReading, head: [UInt8])? {
        if unit.isDirectory { return (try? EndMarks.probe(directory: inside)).map { ($0, []) } }
        let seen = members[0]
        if unit.isSet, let (whole, names) = PieceNames.pieces(unit.name, among: unit.sideFiles) {
            return reading(whole, names, members)
        }
        guard let probe = (try? EndMarks.probe(unit.name, in: place)) ?? nil, probe.ends.inode == seen.inode,
            probe.ends.size == seen.size, probe.ends.ctime == seen.ctime
        else { return nil }
        return (probe.reading, probe.ends.head)
    }

    /// Of a file in pieces: the beginning of the first and the end of the last are those of the whole.
    private func reading(
        _ whole: Bytes, _ names: [Bytes], _ members: [Sighting]
    ) -> (EndMarkReading, head: [UInt8])? {
        let seen = Dictionary(members.map { ($0.name, $0) }) { first, _ in first }
        let pieces = names.compactMap { name in seen[name].map { (name: name, size: $0.size) } }
        guard pieces.count == names.count, let probe = (try? EndMarks.probe(whole, pieces: pieces, in: place)) ?? nil,
            probe.ends.allSatisfy({ name, ends in
                seen[name].map { ends.inode == $0.inode && ends.size == $0.size && ends.ctime == $0.ctime } ?? false
            })
        else { return nil }
        return (probe.reading, probe.ends.first?.ends.head ?? [])
    }

    /// What its tool says of it: by its name, and in small files in it or beside it.
    private func contents(
        _ unit: DirectoryReading.Unit, _ seen: Sighting, head: [UInt8], inside: Directory
    ) -> Contents {
        let names = unit.isDirectory ? (try? inside.entries().map(\.name)) ?? [] : []
        let found = Layouts.read(
            UnitContents(
                name: unit.name, directory: directory, isDirectory: unit.isDirectory, names: Set(names),
                members: unit.sideFiles + unit.sharedSideFiles, size: seen.size, head: head,
                file: { SmallFile($0, in: inside) },
                headOf: { (try? FileLook($0, in: inside).ends(head: SmallFile.limit, tail: 0))??.head ?? [] },
                inside: { PlaceNames.some(in: $0, of: inside) }))
        return found.map { unit.contents.merged(with: $0) } ?? unit.contents
    }

    /// What lacks a sign of success that an earlier one of its series has shown is incomplete.
    func demandSigns(_ backups: inout [Backup]) {
        var shown = known.signs
        for backup in backups where backup.isComplete {
            for sign in backup.signs {
                let first = shown[backup.series]?[sign] ?? backup.time
                shown[backup.series, default: [:]][sign] = min(first, backup.time)
            }
        }
        guard !shown.isEmpty else { return }
        for n in backups.indices where backups[n].isComplete {
            guard let demanded = shown[backups[n].series] else { continue }
            let own = backups[n].signs
            let missing = demanded.filter { $0.value < backups[n].time && !own.contains($0.key) }.keys.min()
            guard let missing else { continue }
            if missing == Backup.footerSign {
                // Options may have changed: it counts where its size is usual, and that is said.
                if backups[n].endMark == .footerAbsent { backups[n].note = Backup.footerAbsentNote }
            } else {
                (backups[n].condition, backups[n].note) = (.incomplete, Backup.signNote(missing))
            }
        }
    }
}

extension Backup {
    /// Incomplete for want of something that may still come.
    fileprivate mutating func awaits(_ what: String) {
        (condition, note) = (.incomplete, what)
        var contents = contents ?? Contents()
        contents.outcome = .lacking
        self.contents = contents
    }

    /// What an earlier look found in it.
    fileprivate mutating func recall(_ old: Backup) {
        contents = old.contents
        kind = old.kind
        protectedBy = protectedBy ?? old.protectedBy
    }
}

extension Backup.Member {
    /// The same, whoever else it belongs to.
    package var alone: Backup.Member {
        var member = self
        member.isShared = false
        return member
    }

    fileprivate init(_ seen: Sighting, in directory: Bytes) {
        self.init(
            path: directory.appending(seen.name), object: seen.object, inode: seen.inode,
            isDirectory: seen.kind == .directory, size: seen.size, mtime: seen.mtime, ctime: seen.ctime)
    }
}
