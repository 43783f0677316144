package import Model

/// How one name of a directory is read: a row of `names`.
package struct NameRow: Hashable, Sendable {
    package let name: Bytes
    package let what: What

    package enum What: Hashable, Sendable {
        case backup(Read)
        /// Goes where these backups go.
        case part(of: [Bytes])
        /// Why nobody reads it, and the line of the configuration that would; `nil`: none would, or none is known.
        case skipped(why: String, line: String?)
        case link
        /// A directory whose content decides.
        case lookedInto
    }

    package struct Read: Hashable, Sendable {
        package var series: Bytes
        /// `nil`: by mtime.
        package var time: Timestamp?
        package var kind: Backup.Kind
        /// What it needs to be restored, for a person.
        package var needs: [String]
        /// By which rule it is read.
        package var rule: String
        package var isTemporary: Bool
    }

    /// A row for each entry, in the order of the names. `directory`: its path in the vault.
    package static func rows(of reading: DirectoryReading, in directory: Bytes) -> [NameRow] {
        var rows = reading.units.map { NameRow(name: $0.name, what: .backup(Read($0))) }
        var owners: [Bytes: [Bytes]] = [:]
        for unit in reading.units {
            for file in unit.sideFiles + unit.sharedSideFiles { owners[file, default: []].append(unit.name) }
        }
        rows += owners.map { NameRow(name: $0, what: .part(of: $1.sorted())) }
        rows += reading.links.map { NameRow(name: $0, what: .link) }
        rows += reading.descend.map { NameRow(name: $0, what: .lookedInto) }
        let lines = ReadingLines(unread(reading), in: directory)
        rows += reading.skippedEntries.map {
            NameRow(name: $0.name, what: .skipped(why: $0.why.text, line: lines.line(for: $0.name, $0.why)))
        }
        return rows.sorted { $0.name < $1.name }
    }

    /// The names that are skipped because nobody knows their time.
    package static func unread(_ reading: DirectoryReading) -> [Bytes] {
        reading.skippedEntries.filter { ReadingLines.isOfTime($0.why) }.map(\.name)
    }
}

extension NameRow.Read {
    fileprivate init(_ unit: DirectoryReading.Unit) {
        self.init(
            series: unit.series, time: unit.time, kind: unit.kind,
            needs: unit.contents.needs.isEmpty ? Self.needs(unit.kind) : unit.contents.needs.map(Self.text),
            rule: unit.recogniser, isTemporary: unit.isTemporary)
    }

    /// What a kind needs, where nothing more is known.
    private static func needs(_ kind: Backup.Kind) -> [String] {
        switch kind {
        case .incremental: ["everything back to the last full one"]
        case .differential: ["the last full one"]
        default: []
        }
    }

    private static func text(_ need: Need) -> String {
        switch need {
        case .exactly(let token): "\(token)"
        case .newestBefore(let token): "the newest before it with \(token)"
        case .lastFull: "the last full one"
        case .previous: "the one before it"
        case .levelsBelow(let level): "the newest before it of each level below \(level)"
        case .unknown(let what): what
        }
    }
}

/// The lines that would read what nobody reads, for the names of one directory.
package struct ReadingLines {
    private let directory: Bytes
    private let proposals: [(pattern: NamePattern, proposal: TemplateProposal)]

    /// `names`: those that are skipped because their time is not known.
    package init(_ names: [Bytes], in directory: Bytes) {
        self.directory = directory
        proposals = TemplateProposal.proposals(for: names, fewest: 1).compactMap { proposal in
            (try? NamePattern(template: proposal.template)).map { ($0, proposal) }
        }
    }

    /// `nil`: none would, or none is known.
    package func line(for name: Bytes, _ why: SkippedEntry.Why) -> String? {
        guard case .notRecognised(let text) = why else { return nil }
        if text.hasSuffix(LiveData.how) { return "include: \(Self.quoted(Self.rule(directory.appending(name))))" }
        guard Self.isOfTime(why), let found = proposals.first(where: { $0.pattern.match(name) != nil }) else {
            return nil
        }
        let others = found.proposal.alternatives.map { " # or " + Self.quoted($0) }.joined()
        return found.proposal.line + others
    }

    /// The line of the configuration for a template.
    package static func names(_ template: String) -> String { "names: \(quoted(template))" }

    /// As YAML has it.
    package static func quoted(_ text: String) -> String {
        text.unicodeScalars.contains(where: \.isDeceptive) ? text.yaml : "'" + text.replacing("'", with: "''") + "'"
    }

    /// Whether it is skipped because its time is not known.
    package static func isOfTime(_ why: SkippedEntry.Why) -> Bool {
        guard case .notRecognised(let text) = why else { return false }
        let known = [
            DirectoryReading.undated, "day-first", "different dates", "in any calendar", "a time or a number",
            "To say it: match",
            "with match and time-format",
        ]
        return known.contains { text.contains($0) }
    }

    /// A path as a pattern that names it alone.
    private static func rule(_ path: Bytes) -> String {
        var text = "/"
        for scalar in path.display.unicodeScalars {
            if "*?[\\".unicodeScalars.contains(scalar) { text += "\\" }
            text.unicodeScalars.append(scalar)
        }
        return text
    }
}
