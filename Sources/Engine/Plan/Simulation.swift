internal import Config
internal import Disk
internal import Foundation
package import Model
package import Retention

/// `retention simulate`: decides on a list, without any disk.
package struct Simulation: Sendable {
    package struct Item: Sendable {
        /// As it was given.
        package var name: String
        package var series: Bytes
        package var candidate: Candidate
        package var isPreserved: Bool
    }

    package var items: [Item]
    /// Parents that are named and not in the list, by the text of the ids that stand for them.
    private var missing: [String: String] = [:]

    /// Reads `{"backups": [{"id", "time", "kind", "parent", "needs", "size", "tags", "complete", "preserved"}]}`; only
    /// `id` and `time` are needed. Also taken: `series`, `restored`, `verified`.
    package init(json: Bytes, zone: Zone) throws(Fault) {
        try Self.refuseUnknownKeys(json)
        let input: Input
        do {
            input = try JSONDecoder().decode(Input.self, from: Data(json.storage))
        } catch {
            throw Fault(
                .usage, "the input is not a valid list of backups: \(Self.why(error))",
                hint: "{\"backups\": [{\"id\": \"a\", \"time\": \"2026-11-23T01:00:00Z\"}]}")
        }
        var numbers: [String: BackupID] = [:]
        for (n, entry) in input.backups.enumerated() {
            guard numbers.updateValue(BackupID(object: UInt64(n)), forKey: entry.id) == nil else {
                throw Fault(.usage, "the id '\(entry.id)' stands twice in the input", hint: "give each backup its own")
            }
        }
        items = []
        var mismatches: [String: BackupID] = [:]
        for (n, entry) in input.backups.enumerated() {
            guard let time = Timestamp(rfc3339: entry.time, zone: zone) else {
                throw Fault(
                    .usage, "'\(entry.time)' is not a valid time (backup '\(entry.id)')",
                    hint: "write 2026-11-23T01:00:00Z")
            }
            // Held at the edge it would be another time than was written.
            guard time.nanoseconds > .min, time.nanoseconds < .max else {
                throw Fault(
                    .usage, "'\(entry.time)' is out of range (backup '\(entry.id)')", hint: "from 1678 to 2261")
            }
            guard entry.size ?? 0 >= 0 else {
                throw Fault(.usage, "the size of '\(entry.id)' is below 0", hint: "give it in bytes, or leave it out")
            }
            var candidate = Candidate(id: BackupID(object: UInt64(n)), path: Bytes(entry.id), time: time)
            candidate.kind = entry.kind ?? .full
            // A parent that is not in the list breaks the chain: an id that nobody has.
            var parents: Set<String> = []
            for parent in (entry.parent.map { [$0] } ?? []) + (entry.needs ?? [])
            where parents.insert(parent).inserted {
                let mismatch = BackupID(object: .max - UInt64(mismatches.count))
                let id = numbers[parent] ?? mismatches[parent] ?? mismatch
                candidate.parents.append(id)
                if id == mismatch { (mismatches[parent], missing[mismatch.text]) = (mismatch, parent) }
            }
            candidate.condition = entry.complete ?? true ? .complete : .incomplete
            candidate.size = entry.size ?? 0
            candidate.tags = entry.tags ?? []
            candidate.restored = entry.restored ?? 0
            candidate.isVerified = entry.verified ?? false
            items.append(
                Item(
                    name: entry.id, series: Bytes(entry.series ?? "all"), candidate: candidate,
                    isPreserved: entry.preserved ?? false))
        }
    }

    private static let known: Set<String> = [
        "id", "time", "kind", "parent", "needs", "size", "tags", "complete", "preserved", "series", "restored",
        "verified",
    ]

    /// A mistyped `preserved` must not pass for an unprotected backup.
    private static func refuseUnknownKeys(_ json: Bytes) throws(Fault) {
        let object = (try? JSONSerialization.jsonObject(with: Data(json.storage))) as? [String: Any]
        guard let backups = object?["backups"] as? [[String: Any]] else { return }  // said by who decodes it
        for (n, entry) in backups.enumerated() {
            guard let key = entry.keys.sorted().first(where: { !known.contains($0) }) else { continue }
            let nearest = ConfigurationNode.nearest(to: key, in: known.sorted())
            throw Fault(
                .usage, "unknown key '\(key)' at backups[\(n)]",
                hint: nearest.map { "did you mean '\($0)'?" } ?? "known: \(known.sorted().joined(separator: ", "))")
        }
    }

    private struct Input: Decodable {
        var backups: [Entry]
    }

    private struct Entry: Decodable {
        var id: String
        var time: String
        var kind: Backup.Kind?
        var parent: String?
        var needs: [String]?
        var size: Int64?
        var tags: [String]?
        var complete: Bool?
        var preserved: Bool?
        var series: String?
        var restored: UInt16?
        var verified: Bool?
    }

    private static func why(_ error: any Error) -> String {
        switch error as? DecodingError {
        case .keyNotFound(let key, let context): "'\(key.stringValue)' is missing\(place(context))"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            "a value has the wrong type\(place(context))"
        case .dataCorrupted(let context):
            context.codingPath.isEmpty ? "it is not valid JSON" : "a value is not valid\(place(context))"
        default: "\(error)"
        }
    }

    private static func place(_ context: DecodingError.Context) -> String {
        let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
        return path.isEmpty ? "" : " at \(path.hasPrefix(".") ? String(path.dropFirst()) : path)"
    }

    /// One decision for each, in input order, and how many bytes over `maxBytes` the largest series remains.
    package func decide(
        _ policy: VaultPolicy, now: Timestamp, maxBytes: Int64? = nil
    ) throws(Fault) -> (decisions: [RetentionDecision], shortfall: Int64) {
        var protection = Judge.Protection()
        for item in items where item.isPreserved {
            protection.preserved[item.candidate.id.object] = ("as the input says", nil)
        }
        let moment = Moment(wall: now, boot: 0, bootID: "")
        guard let judge = Judge(policy: policy, now: moment, protection: protection, maxBytes: maxBytes) else {
            throw Planner.unknownZone(policy.timezone)
        }
        var decisions: [RetentionDecision?] = Array(repeating: nil, count: items.count)
        var shortfall: Int64 = 0
        for (series, indices) in Dictionary(grouping: items.indices, by: { items[$0].series }) {
            let report = judge.decide(series: series, indices.map { items[$0].candidate })
            shortfall = max(shortfall, report.shortfall)
            for (n, index) in indices.enumerated() { decisions[index] = report[n] }
        }
        return (decisions.compactMap { $0 }, shortfall)
    }

    /// The ids of the input in place of ours.
    package func name(of id: BackupID) -> String {
        id.object < UInt64(items.count) ? items[Int(id.object)].name : id.text
    }

    /// A reason with the ids of the input.
    package func text(_ reason: Reason, date: (Timestamp) -> String) -> String {
        let text = reason.text(id: name, date: date)
        guard !missing.isEmpty, case .setAside = reason else { return text }
        // One look at each word of it, however many are missing.
        var result = ""
        var word = ""
        for character in text {
            guard !character.isHexDigit else {
                word.append(character)
                continue
            }
            result += (missing[word] ?? word) + String(character)
            word = ""
        }
        return result + (missing[word] ?? word)
    }

    /// Those of the sets by which nothing stays.
    package static func idle(_ sets: [[String]], _ decisions: [Decision]) -> [String] {
        var used: Set<String> = []
        for decision in decisions {
            for case .tags(let set) in decision.reasons { used.insert(set) }
        }
        return sets.map { $0.joined(separator: ",") }.filter { !used.contains($0) }
    }

    /// The clock's present.
    package static var now: Timestamp { Clock.system.now().wall }

    /// From a file, or from standard input where it is `-`.
    package static func read(_ file: String) throws(Fault) -> Bytes {
        guard file == "-" else {
            return try Directory.read(absolute: Configuration.absolute(file), limit: 1 << 30)
        }
        do {
            return Bytes(try FileHandle.standardInput.readToEnd() ?? Data())
        } catch {
            throw Fault(.io, "could not read standard input", hint: "give it a list: --input FILE, or a pipe")
        }
    }
}
