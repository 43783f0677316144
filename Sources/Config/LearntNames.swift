package import Model
package import Recognition

/// A template that would read names of one directory which nobody reads, or which are read as many series.
package struct LearntNames: Sendable {
    package var directory: Bytes
    /// What is wrong with the names as they are read now.
    package var why: String
    package var template: String
    /// The same for another meaning, where nobody can tell which is meant.
    package var alternatives: [String]
    /// A backup in another directory that would be read otherwise as well.
    package var alsoReads: Bytes?
    /// What speaks against it: a person may know better.
    package var objection: String?
    package var evidence: String
    package var examples: [Bytes]
    package var reads: Int
    /// What `{series}` takes of the names.
    package var seriesNames: Set<Bytes>

    /// How many series the names are of.
    package var series: Int { max(1, seriesNames.count) }

    /// Whether nobody has to be asked.
    package var isWritten: Bool { objection == nil && alternatives.isEmpty }

    /// The line of the configuration.
    package var line: String { ReadingLines.names(template) }
    package var alternativeLines: [String] { alternatives.map(ReadingLines.names) }
}

extension LearntNames {
    /// The same for this directory and this series alone, as a template of the path; `nil`: of the vault's top, of
    /// several series, or of which nobody can tell what it means.
    package var bound: LearntNames? {
        guard series == 1, alternatives.isEmpty, template.contains("{series}"), let place = directory.utf8,
            let name = (try? NamePattern(template: template))?.match(examples[0])?["series"]?.utf8
        else { return nil }
        var one = self
        one.template =
            (place.isEmpty ? "" : NamePattern.escaped(place) + "/")
            + template.replacing("{series}", with: NamePattern.escaped(name))
        guard let pattern = try? NamePattern(template: one.template),
            examples.allSatisfy({ pattern.match(directory.appending($0)) != nil })
        else { return nil }
        one.alsoReads = nil
        return one
    }

    /// Of several meanings that one by which each example was written on the day that its name says, if only one is so.
    package mutating func decide(_ zone: Zone, contentTime: (Bytes) -> Timestamp?) {
        guard !alternatives.isEmpty, examples.count >= 3 else { return }
        var zone = zone
        let written = examples.map { contentTime($0) }
        let fitting = ([template] + alternatives).filter { text in
            guard let pattern = try? NamePattern(template: text) else { return false }
            return zip(examples, written).allSatisfy { name, written in
                guard let civil = pattern.match(name)?.time, let written else { return false }
                return (-43_200...129_600).contains(written.seconds(since: zone.instant(of: civil)))
            }
        }
        guard fitting.count == 1 else { return }
        (template, alternatives) = (fitting[0], [])
        evidence += ", and they were written on these days"
    }

    package init(_ proposal: TemplateProposal, _ directory: Bytes, _ why: String) {
        self.init(
            directory: directory, why: why, template: proposal.template, alternatives: proposal.alternatives,
            evidence: proposal.evidence, examples: proposal.examples, reads: proposal.reads,
            seriesNames: proposal.seriesNames)
    }
}
