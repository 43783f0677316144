internal import Config
internal import Disk
package import Model
internal import Recognition
internal import Survey

/// What recognition takes a path for, and why.
package struct Taken: Sendable {
    package enum What: Sendable {
        case backup(Reading)
        /// Goes where that one goes: a side file, a file of a set, what lies in a directory that is a backup.
        case part(of: Bytes)
        case skippedEntries(SkippedEntry.Why)
        /// A directory whose content decides.
        case lookedInto
    }

    /// How the name of a backup is read.
    package struct Reading: Sendable {
        package var recogniser: String
        package var series: Bytes
        /// `nil`: by mtime.
        package var time: Timestamp?
        package var kind: Backup.Kind
        package var completeWhen: String?
        package var isTemporary: Bool
    }

    /// Absolute.
    package var path: Bytes
    /// The vault it lies in; `nil`: in none.
    package var vault: String?
    package var what: What
}

/// How a path is read, and why.
package struct PathExplainer: UseCase {
    let context: Context

    /// How a known backup's name is read now, wherever it is. `nil`: it would be taken for none.
    package func reading(of backup: Backup, in view: VaultView) -> Taken.Reading? {
        let entries = backup.members.map { member in
            Directory.Entry(name: member.path.lastComponent, kind: member.isDirectory ? .directory : .file, inode: 0)
        }
        var parser = NameTimeParser(zone: configuration.zone.value)
        var reading = DirectoryReading(
            of: entries, in: backup.path.parent, by: view.configuration.recognisers, parser: &parser)
        // Its neighbours may have told what its name alone does not.
        let known = backup.timeSource == .name ? backup.time : nil
        reading.decide(remembered: { _ in known }, contentTime: { _ in nil })
        return reading.units.first { $0.name == backup.path.lastComponent }.map(Taken.Reading.init)
    }

    /// What a path on the disk is taken for: by its vault's ways of reading, or as in a vault without any. Changes
    /// nothing. `nil`: there is no such path.
    package func taken(_ text: String) throws(Fault) -> Taken? {
        let candidates = [Configuration.absolute(text)] + configuration.vaults.map { $0.path.appending(Bytes(text)) }
        for candidate in candidates where candidate != "/" {
            guard let parent = Surroundings.resolved(candidate.parent.isEmpty ? "/" : candidate.parent) else {
                continue
            }
            let path = (parent == "/" ? Bytes() : parent) + "/" + candidate.lastComponent
            guard let directory = try? Directory.open(absolute: parent),
                try directory.sighting(of: candidate.lastComponent) != nil
            else { continue }
            return try taken(path, in: directory)
        }
        return nil
    }

    private func taken(_ path: Bytes, in parent: Directory) throws(Fault) -> Taken {
        let vaults = configuration.vaults.map { ($0, Surroundings.resolved($0.path) ?? $0.path) }
        // Of vaults one inside the other the inner one counts.
        let vault = vaults.filter { path.isWithin($0.1) && path != $0.1 }.max { $0.1.count < $1.1.count }
        var recognising = Recognising(
            by: vault?.0.recognisers ?? .byName, parser: NameTimeParser(zone: configuration.zone.value))
        guard let (vault, root) = vault else {
            let what = try recognising.what(path.lastComponent, in: parent, path.parent.dropFirst(1))
            return Taken(path: path, vault: nil, what: what)
        }
        let what = try recognising.what(path.dropFirst(root.count + 1), below: try Directory.open(absolute: root))
        return Taken(path: path, vault: vault.label, what: what)
    }
}

/// Reads directories as the survey does, for one path.
private struct Recognising {
    let recognisers: Recognisers
    var parser: NameTimeParser

    init(by recognisers: Recognisers, parser: NameTimeParser) {
        self.recognisers = recognisers
        self.parser = parser
    }

    /// Step by step from the top: what lies in a backup or in something left alone is part of it.
    mutating func what(_ path: Bytes, below root: Directory) throws(Fault) -> Taken.What {
        var directory = Bytes()
        for component in path.components {
            if component == ".trash" { return .skippedEntries(.notRecognised("in the trash of its vault")) }
            let step = try what(component, in: try root.open(directory), directory)
            let here = directory.appending(component)
            if here == path { return step }
            switch step {
            case .backup: return .part(of: here)
            case .lookedInto: directory = here
            case .skippedEntries(.notRecognised(let why)):
                return .skippedEntries(.notRecognised("it lies in '\(here.display)', which is left alone: \(why)"))
            case .skippedEntries, .part: return step
            }
        }
        return .lookedInto
    }

    /// `directory`: the path of `place`, as it stands in series.
    mutating func what(_ name: Bytes, in place: Directory, _ directory: Bytes) throws(Fault) -> Taken.What {
        let entries = try place.entries()
        if let why = recognisers.place(PlaceNames(of: entries, in: directory, place)) { return .skippedEntries(why) }
        var reading = DirectoryReading(of: entries, in: directory, by: recognisers, parser: &parser)
        reading.decide(contentTime: { VaultSurvey.contentTime(of: $0, place) })
        if let left = reading.skippedEntries.first(where: { $0.name == name }) { return .skippedEntries(left.why) }
        if reading.links.contains(name) {
            return .skippedEntries(.link(to: nil))
        }
        if let owner = reading.units.first(where: { ($0.sideFiles + $0.sharedSideFiles).contains(name) }) {
            return .part(of: directory.appending(owner.name))
        }
        let unit = reading.units.first { $0.name == name }
        if unit?.isDirectory ?? reading.descend.contains(name), let inside = try? place.open(name),
            let why = recognisers.place(
                PlaceNames(of: try inside.entries(), in: directory.appending(name), inside), isDated: unit != nil)
        {
            return .skippedEntries(why)
        }
        return unit.map { .backup(Taken.Reading($0)) } ?? .lookedInto
    }
}

extension Taken.Reading {
    fileprivate init(_ unit: DirectoryReading.Unit) {
        self.init(
            recogniser: unit.recogniser, series: unit.series, time: unit.time, kind: unit.kind,
            completeWhen: unit.completeWhen?.text, isTemporary: unit.isTemporary)
    }
}
