internal import Disk
internal import Model
internal import Recognition

extension VaultSurvey {
    enum Found {
        case backup(Backup)
        case leftAlone(LeftAlone.Why)
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

        init(
            _ survey: VaultSurvey, _ place: Directory, _ directory: Bytes, _ rows: [Backup], _ known: Known,
            _ now: Moment, _ probing: Probing
        ) {
            self.survey = survey
            self.place = place
            self.directory = directory
            self.rows = Dictionary(rows.map { ($0.path, $0) }) { first, _ in first }
            self.known = known
            self.now = now
            self.probing = probing
        }

        /// `nil`: gone since the listing.
        func look(at unit: DirectoryReading.Unit) throws(Fault) -> Found? {
            unit.isDirectory ? try lookAtDirectory(unit) : try lookAtFile(unit)
        }

        private func lookAtFile(_ unit: DirectoryReading.Unit) throws(Fault) -> Found? {
            let path = directory.appending(unit.name)
            // A file with the same inode, size and times as before is the same object: no handle is asked for.
            let old = rows[path]
            guard let seen = try place.sighting(of: unit.name, knownAs: old?.primary), seen.kind == .file else {
                return nil
            }
            return .backup(judge(unit, path, seen, try sideSightings(unit.sideFiles, old), obstacle: nil))
        }

        private func lookAtDirectory(_ unit: DirectoryReading.Unit) throws(Fault) -> Found? {
            let path = directory.appending(unit.name)
            // Opened before it is looked at: on a hung mount a look by name would never return.
            let inside: Directory
            do {
                inside = try place.open(unit.name)
            } catch {
                if error.errno == 2 { return nil }
                if error.errno == 18 { return .leftAlone(.foreign("another file system")) }
                throw error
            }
            if survey.nested.contains(where: { $0.isWithin(path) }) || survey.holdsVault(inside) {
                return .leftAlone(.foreign("a vault lies inside it"))
            }
            if let tool = Repositories.tool(ofDirectoryWith: Set(try inside.entries().map(\.name))) {
                return .leftAlone(.opaque(tool: tool.name, prune: tool.prune))
            }
            var sighting = try inside.sighting()
            sighting.name = unit.name
            var obstacle: String?
            if let old = rows[path], old.isComplete, old.object == sighting.object, old.primary.mtime == sighting.mtime
            {
                // A complete directory is not walked again; its measure stands.
                sighting.size = old.size - old.members.dropFirst().total { $0.size }
                sighting.allocated = old.allocated
                sighting.ctime = old.primary.ctime
                obstacle = old.obstacle
            } else {
                let measure = try TreeMeasure(of: inside)
                sighting.size = measure.size
                sighting.allocated = measure.allocated
                sighting.ctime = measure.newestChange
                if let why = measure.obstacle { return .leftAlone(.foreign(why)) }
            }
            return .backup(
                judge(unit, path, sighting, try sideSightings(unit.sideFiles, rows[path]), obstacle: obstacle))
        }

        private func sideSightings(_ names: [Bytes], _ old: Backup?) throws(Fault) -> [Sighting] {
            var seen: [Sighting] = []
            for name in names {
                let path = directory.appending(name)
                let before = old?.members.dropFirst().first { $0.path == path }
                if let one = try place.sighting(of: name, knownAs: before), one.kind == .file { seen.append(one) }
            }
            return seen
        }

        private func judge(
            _ unit: DirectoryReading.Unit, _ path: Bytes, _ sighting: Sighting, _ sides: [Sighting], obstacle: String?
        ) -> Backup {
            let all = [sighting] + sides
            let members = all.map { seen in
                Backup.Member(
                    path: directory.appending(seen.name), object: seen.object, inode: seen.inode,
                    isDirectory: seen.kind == .directory, size: seen.size, mtime: seen.mtime, ctime: seen.ctime)
            }
            let old = rows[path]
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
            backup.obstacle = obstacle
            backup.links = unit.isDirectory ? 1 : sighting.links
            if let old, old.object == backup.object {
                backup.observedSince = min(old.observedSince, backup.observedSince)
            }
            if let old, old.members == members {
                backup.changedBoot = old.changedBoot
                backup.changedBootID = old.changedBootID
                backup.freed = old.freed
                if old.isComplete {
                    backup.condition = .complete
                    backup.note = old.note
                    backup.endMark = old.endMark
                    return backup
                }
            }
            if known.finished.contains(path) {
                // Renamed from a temporary name: its writer says that it is done, and five seconds are enough.
                let rested = max(0, survey.quietSeconds - 5) * 1_000_000_000
                backup.changedBoot = min(backup.changedBoot, now.boot - rested)
            }
            settle(&backup, unit, all, newest)
            return backup
        }
    }
}

// MARK: Settled, and complete

extension VaultSurvey.UnitLook {
    /// *Settled*: unchanged through the quiet period by our boot clock, or ctime older than max(quiet, 5 min), and
    /// written by nobody. *Complete*: settled, and its format's cheap end mark is there, where it has one.
    private func settle(
        _ backup: inout Backup, _ unit: DirectoryReading.Unit, _ members: [Sighting], _ newest: Timestamp
    ) {
        if unit.isTemporary {
            backup.note = Backup.temporaryNote
            return
        }
        let quiet = survey.quietSeconds
        guard hasRested(backup, newest, seconds: quiet) else {
            backup.note = "not yet seen at rest for \(quiet) s"
            return
        }
        guard probing == .now else {
            backup.note = Backup.unprobedNote
            return
        }
        let answer = writer(of: unit, members)
        if case .written = answer {
            backup.note = "being written"
            return
        }
        // Without leases only time can tell: four quiet periods.
        if case .unsupported = answer, !hasRested(backup, newest, seconds: quiet * 4) {
            backup.note = "not yet seen at rest for \(quiet * 4) s"
            return
        }
        probe(&backup, unit, members)
    }

    private func hasRested(_ backup: Backup, _ newest: Timestamp, seconds: Int64) -> Bool {
        backup.changedBootID == now.bootID && now.boot - backup.changedBoot >= seconds * 1_000_000_000
            || now.wall.seconds(since: newest) > max(seconds, 300)
    }

    /// Whether anybody has one of the newest files open for writing.
    private func writer(of unit: DirectoryReading.Unit, _ members: [Sighting]) -> WriterAnswer {
        let answers = members.filter { $0.kind == .file }.map { place.writer(of: $0.name) }
        if answers.contains(where: { if case .written = $0 { true } else { false } }) { return .written }
        return answers.contains { if case .unsupported = $0 { true } else { false } } ? .unsupported : .free
    }

    private func probe(_ backup: inout Backup, _ unit: DirectoryReading.Unit, _ members: [Sighting]) {
        if !unit.isDirectory, members[0].size == 0 {
            (backup.condition, backup.note) = (.incomplete, "an empty file")
            return
        }
        (backup.condition, backup.note) = (.complete, "")
    }

    /// Plain SQL without its last line is incomplete in a series that has shown one.
    func demandFooters(_ backups: inout [Backup]) {
        let shown = known.footers.union(backups.filter { $0.endMark == .footerShown }.map(\.series))
        for n in backups.indices
        where backups[n].endMark == .footerAbsent && backups[n].isComplete && shown.contains(backups[n].series) {
            (backups[n].condition, backups[n].note) = (.incomplete, Backup.footerAbsentNote)
        }
    }
}
