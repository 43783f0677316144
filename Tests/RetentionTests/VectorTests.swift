import Foundation
import Model
import Retention
import Testing

/// What restic, borg, PVE, PBS, kopia, rotate-backups and pgBackRest really keep: inputs and results of their published
/// tests, and recorded by running their own decision code over histories of ours (each file says which version, and
/// how). Debian's restic and borg are older than the meaning that the presets have.
@Suite("recorded vectors of the peers")
struct VectorTests {
    private struct File: Decodable {
        var tool: String
        var version: String
        var cases: [Case]
    }

    private struct Case: Decodable {
        var name: String
        var zone: String
        var now: String
        /// Where the tool was given an option that is one of our switches.
        var semantics: [String: String]?
        var options: Options
        var backups: [Recorded]
        var keep: [String]
    }

    private struct Options: Decodable {
        var rules: [String: String] = [:]
        var tagSets: [[String]]?

        private struct Key: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Key.self)
            for key in values.allKeys {
                if key.stringValue == "tag_sets" {
                    tagSets = try values.decode([[String]].self, forKey: key)
                } else {
                    rules[key.stringValue] = try values.decode(String.self, forKey: key)
                }
            }
        }
    }

    /// `[id, time, {attributes}]`
    private struct Recorded: Decodable {
        var id: String
        var time: String
        var attributes = Attributes()

        struct Attributes: Decodable {
            var complete: Bool?
            var preserved: Bool?
            var tags: [String]?
            var kind: Backup.Kind?
            /// The id of what it needs.
            var parent: String?
        }

        init(from decoder: any Decoder) throws {
            var values = try decoder.unkeyedContainer()
            id = try values.decode(String.self)
            time = try values.decode(String.self)
            if !values.isAtEnd { attributes = try values.decode(Attributes.self) }
        }
    }

    @Test(
        "a preset keeps exactly what the tool keeps",
        arguments: [
            (Semantics.Preset.restic, 150), (.borg, 120), (.proxmox, 130), (.kopia, 16), (.rotateBackups, 75),
            (.borg2, 110), (.pgbackrest, 44),
        ])
    func vectors(preset: Semantics.Preset, least: Int) throws {
        let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Vectors")
        let file = try JSONDecoder().decode(
            File.self, from: Data(contentsOf: directory.appending(path: "\(preset.rawValue).json")))
        #expect(file.cases.count >= least)
        for recorded in file.cases {
            let kept = try decide(recorded, preset)
            let (more, less) = (kept.subtracting(recorded.keep), Set(recorded.keep).subtracting(kept))
            #expect(
                more.isEmpty && less.isEmpty,
                "\(file.tool) '\(recorded.name)' \(recorded.options.rules): keeps \(more.sorted()) more, \(less.sorted()) less"
            )
        }
    }

    private func decide(_ recorded: Case, _ preset: Semantics.Preset) throws -> Set<String> {
        var rules = KeepRules()
        rules.tagSets = recorded.options.tagSets
        for (name, value) in recorded.options.rules {
            if name == "all" {
                rules.all = true
            } else {
                let rule = try #require(KeepRule(rawValue: name))
                if rule.isCounting {
                    let count = KeepRules.Count(text: value)
                    #expect(count != nil, "'\(value)' is not a valid count")
                    rules[rule] = count
                } else {
                    rules[window: rule] = try Span(parsing: value, dialect: preset.dialect)
                }
            }
        }
        var policy = History.policy(rules, zone: recorded.zone)
        policy.semantics = Semantics(preset)
        for (name, value) in recorded.semantics ?? [:] {
            switch name {
            case "of-period": policy.semantics.element = try #require(Semantics.Element(rawValue: value))
            case "empty-periods": policy.semantics.emptyPeriods = try #require(Semantics.EmptyPeriods(rawValue: value))
            default: Issue.record("no switch '\(name)'")
            }
        }
        policy.hasSafeguards = false
        var protection = Judge.Protection()
        let ids = Dictionary(uniqueKeysWithValues: recorded.backups.enumerated().map { ($1.id, UInt64($0)) })
        let backups = try recorded.backups.enumerated().map { n, entry in
            var candidate = Candidate(
                id: BackupID(object: UInt64(n)), path: Bytes(entry.id),
                time: try #require(Timestamp(rfc3339: entry.time)))
            candidate.condition = entry.attributes.complete ?? true ? .complete : .incomplete
            candidate.kind = entry.attributes.kind ?? .full
            if let parent = entry.attributes.parent {
                candidate.parents = [BackupID(object: try #require(ids[parent]))]
            }
            candidate.tags = entry.attributes.tags ?? []
            if entry.attributes.preserved == true { protection.preserved[UInt64(n)] = ("protected", nil) }
            return candidate
        }
        let now = Moment(wall: try #require(Timestamp(rfc3339: recorded.now)), boot: 0, bootID: "")
        let judge = try #require(Judge(policy: policy, now: now, protection: protection))
        let report = judge.decide(series: "s", backups)
        return Set(backups.indices.filter { report.isRetained($0) }.map { recorded.backups[$0].id })
    }
}
