package import Config
internal import Disk
package import Model
internal import Recognition
internal import Survey

/// How one name of a vault is read.
package struct NamedEntry: Sendable {
    package enum What: Sendable {
        case backup(Reading)
        /// Goes where these go.
        case part(of: [Bytes])
        /// `line`: the line of the configuration that would read it.
        case skipped(why: String, line: String?)
        /// Looked into, or a link: nothing is to be said of it.
        case passedOver
    }

    package struct Reading: Sendable {
        package var series: Bytes
        /// `nil`: by mtime.
        package var time: Timestamp?
        package var kind: Backup.Kind
        package var needs: [String]
        package var rule: String
    }

    package var name: Bytes
    package var what: What
}

/// Reads the names of a vault, or of what may become one; nothing is opened but directories, and nothing is changed.
package struct NameLook {
    let zone: Zone
    var shouldStop: () -> Bool = { false }

    /// Reads all names of a vault, directory by directory, as the configuration says now; nothing is opened but
    /// directories, and nothing is changed. `found` is told the directory, from the vault's top. A directory that
    /// cannot be read is skipped and returned.
    package func names(
        of vault: VaultConfiguration, found: (Bytes, [NamedEntry]) -> Void
    ) throws(Fault) -> [Fault] {
        try readings(of: vault) { directory, _, reading in
            found(directory, NameRow.rows(of: reading, in: directory).map(NamedEntry.init))
        } skippedEntries: { directory, why in
            found(
                directory.parent,
                [NamedEntry(name: directory.lastComponent, what: .skipped(why: why.text, line: nil))])
        }
    }

    /// What would read the names that nobody reads, and those of series that are rather one.
    /// `others`: vaults that the same lines are for.
    package func learn(
        _ vault: VaultConfiguration, besides others: [VaultConfiguration] = []
    ) throws(Fault) -> (proposals: [LearntNames], faults: [Fault]) {
        var all: [LearntNames] = []
        let faults = try readings(of: vault) { directory, place, reading in
            let found =
                [(why: "not read", names: NameRow.unread(reading))] + reading.proposals.map { ($0.why, $0.names) }
            let meant = Set(found.flatMap { $0.1 })
            for (why, names) in found {
                for proposal in TemplateProposal.proposals(for: names) {
                    var learnt = LearntNames(proposal, directory, why)
                    learnt.decide(zone) { name in VaultSurvey.contentTime(of: name, place) }
                    learnt.objection = LearntCheck(reading, in: place, zone: zone)
                        .objection(to: learnt.template, for: names, meant: meant)
                    all.append(learnt)
                }
            }
        } skippedEntries: { _, _ in
        }
        guard !all.isEmpty else { return (all, faults) }
        for other in [vault] + others {
            _ = try readings(of: other) { directory, _, reading in
                // In another vault every directory is another one.
                let place = other.path == vault.path ? directory : other.path.appending(directory)
                for index in all.indices where all[index].alsoReads == nil {
                    all[index].alsoReads = Self.other(all[index], all, directory: place, reading: reading).map {
                        place.appending($0)
                    }
                }
            } skippedEntries: { _, _ in
            }
        }
        return (Self.merged(all), faults)
    }

    /// A name in another directory that a line would read as well, and that is read otherwise now, or that may as well
    /// mean another day.
    private static func other(
        _ one: LearntNames, _ all: [LearntNames], directory: Bytes, reading: DirectoryReading
    ) -> Bytes? {
        func isSame(_ template: String, _ alternatives: [String]) -> Bool {
            template == one.template && alternatives == one.alternatives
        }
        guard directory != one.directory, let pattern = try? NamePattern(template: one.template),
            !all.contains(where: { $0.directory == directory && isSame($0.template, $0.alternatives) })
        else { return nil }
        if let unit = reading.units.first(where: { pattern.match($0.name) != nil }) { return unit.name }
        let unread = NameRow.unread(reading).filter { pattern.match($0) != nil }
        let proposals = TemplateProposal.proposals(for: unread, fewest: 1)
        if !proposals.allSatisfy({ isSame($0.template, $0.alternatives) }) { return unread.first }
        // Names written alike, of days on which it reads none of them: on others it would.
        let others = reading.units.map(\.name) + NameRow.unread(reading)
        return others.first { pattern.match(Self.onFirstDay($0)) != nil }
    }

    /// The name as it would be on a day of ones: `db_30.11.26.tar` as `db_01.01.01.tar`.
    static func onFirstDay(_ name: Bytes) -> Bytes {
        var digits = 0
        var bytes = name.storage
        for index in bytes.indices.reversed() {
            guard (0x30...0x39).contains(bytes[index]) else {
                digits = 0
                continue
            }
            bytes[index] = digits.isMultiple(of: 2) ? UInt8(ascii: "1") : UInt8(ascii: "0")
            digits += 1
        }
        return Bytes(bytes)
    }

    /// One line may read names of several directories, and no two read the same name or make one series of two kinds.
    private static func merged(_ all: [LearntNames]) -> [LearntNames] {
        var (all, found) = (all, [LearntNames]())
        // What is right in one directory and wrong in another is only for the one.
        let wrong = all.filter { $0.objection != nil }
        for index in all.indices where all[index].objection == nil && all[index].alsoReads == nil {
            all[index].alsoReads = wrong.first { $0.template == all[index].template }
                .map { $0.directory.appending($0.examples[0]) }
        }
        for one in all.sorted(by: { ($0.isWritten ? 0 : 1, $1.reads) < ($1.isWritten ? 0 : 1, $0.reads) })
        where !found.contains(where: { $0.template == one.template }) {
            var one = one
            let pattern = try? NamePattern(template: one.template)
            for index in found.indices where found[index].isWritten {
                if let pattern,
                    let common = (try? NamePattern(template: found[index].template))?.commonName(with: pattern)
                {
                    one.alsoReads = one.alsoReads ?? common
                }
                if found[index].directory == one.directory, !found[index].seriesNames.isDisjoint(with: one.seriesNames)
                {
                    one.alsoReads = one.alsoReads ?? found[index].examples.first
                    if let bound = found[index].bound { found[index] = bound }
                }
            }
            if one.alsoReads != nil, one.objection == nil { one = one.bound ?? one }
            if let other = one.alsoReads {
                one.objection =
                    one.objection ?? "it would read \(other.display) as well, which means something else now, or may"
            }
            found.append(one)
        }
        return found.sorted { ($0.directory, $0.template) < ($1.directory, $1.template) }
    }

    /// A line of `exclude` that leaves no backup of a vault, and lines of `include` that hold a repository: what they
    /// ask for is not done, and whoever wrote them should know.
    package func ruleProblems(_ vault: VaultConfiguration) throws(Fault) -> [Fault] {
        let (excludes, includes) = (vault.settings.exclude, vault.settings.include)
        guard !excludes.isEmpty || !includes.isEmpty else { return [] }
        let included = PathRules(includes.map(\.value))
        var (backups, excluded): (Int, [String: Int]) = (0, [:])
        var repositories: [(rule: PathRule, path: Bytes, tool: String)] = []
        func look(_ path: Bytes, _ why: SkippedEntry.Why, isDirectory: Bool) {
            guard let tool = why.tool, let rule = included.rule(holding: path, isDirectory: isDirectory) else { return }
            if !repositories.contains(where: { $0.rule == rule }) { repositories.append((rule, path, tool)) }
        }
        _ = try readings(of: vault) { directory, _, reading in
            backups += reading.units.count
            for (name, why) in reading.skippedEntries {
                look(directory.appending(name), why, isDirectory: false)
                for rule in excludes where why.text == "excluded by \(rule.value.origin)" {
                    excluded[rule.value.origin, default: 0] += 1
                }
            }
        } skippedEntries: { directory, why in
            look(directory, why, isDirectory: true)
        }
        var problems = repositories.map { found in
            let origin = includes.first { $0.value == found.rule }?.origin
            return Fault(
                .configuration,
                "\(Self.place(origin)): 'include' names '\(found.path.display)', a \(found.tool) repository, which only its "
                    + "own tool prunes", hint: "take the line out: it is not read in any case")
        }
        if backups == 0, let rule = excludes.first(where: { excluded[$0.value.origin] != nil }) {
            problems.append(
                Fault(
                    .configuration, "\(Self.place(rule.origin)): 'exclude' leaves no backup of '\(vault.label)'",
                    hint: "`reprieve names \(shell: vault.label)` shows what each line skips"))
        }
        return problems
    }

    private static func place(_ origin: Origin?) -> String { origin.map { "\($0.text):\($0.column)" } ?? "options" }

    private func readings(
        of vault: VaultConfiguration, found: (Bytes, Directory, DirectoryReading) -> Void,
        skippedEntries: (Bytes, SkippedEntry.Why) -> Void
    ) throws(Fault) -> [Fault] {
        let recognisers = vault.recognisers
        var parser = NameTimeParser(zone: zone)
        let root = try Directory.open(absolute: vault.path)
        var (waiting, faults): ([Bytes], [Fault]) = ([Bytes()], [])
        while let directory = waiting.popLast(), !shouldStop() {
            do throws(Fault) {
                let place = try root.open(directory)
                if !directory.isEmpty, place.holds(".trash/vault.json") {
                    skippedEntries(directory, .notRecognised("a vault of its own"))
                    continue
                }
                let entries = try place.entries()
                if let why = recognisers.place(PlaceNames(of: entries, in: directory, place)) {
                    skippedEntries(directory, why)
                    continue
                }
                let siblings = try VaultSurvey.siblings(of: directory, below: root, zone: zone)
                    .union(VaultSurvey.shapesBelow(entries, place, zone: zone))
                var reading = DirectoryReading(
                    of: entries, in: directory, siblings: siblings, by: recognisers, parser: &parser)
                reading.decide(contentTime: { VaultSurvey.contentTime(of: $0, place) })
                found(directory, place, reading)
                waiting += reading.descend.sorted(by: >).map { directory.appending($0) }
            } catch {
                if directory.isEmpty { throw error }
                faults.append(error)
            }
        }
        return faults
    }
}

extension PathExplainer {
    package var nameLook: NameLook { NameLook(zone: configuration.zone.value, shouldStop: shouldStop) }
}

extension NamedEntry {
    fileprivate init(_ row: NameRow) {
        name = row.name
        switch row.what {
        case .backup(let read):
            what = .backup(
                Reading(series: read.series, time: read.time, kind: read.kind, needs: read.needs, rule: read.rule))
        case .part(let owners): what = .part(of: owners)
        case .skipped(let why, let line): what = .skipped(why: why, line: line)
        case .link, .lookedInto: what = .passedOver
        }
    }
}
