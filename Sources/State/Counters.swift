package import Audit
internal import Foundation
package import Model

/// How often what was done, since ever: counted from the audit log.
///
/// The log, and not whoever does the deed, is what is counted: it holds what agent and command line did, each deed
/// once, whoever was killed when. The sums stand in `<state>/counters.json` together with the number of the last record
/// that is in them, replaced in one step: no record is counted twice or left out. Should the file be lost, they begin
/// anew with what the log still holds; Prometheus takes that for a counter's reset.
package struct Counters: Codable, Sendable {
    /// The last record that is in.
    package var seq = 0
    package var vaults: [String: Vault] = [:]
    package var hooks: [String: Int64] = [:]

    package struct Deeds: Codable, Hashable, Sendable {
        package var condemned: Int64 = 0
        package var purged: Int64 = 0
        package var restored: Int64 = 0

        package init() {}

        package mutating func add(_ other: Deeds) {
            condemned += other.condemned
            purged += other.purged
            restored += other.restored
        }
    }

    package struct Vault: Sendable {
        package var deeds: [Bytes: Deeds] = [:]
        package var freezes: [String: Int64] = [:]

        package init() {}
    }

    package init() {}

    /// Of a log that cannot have more records, nothing is counted more often.
    fileprivate var isPossible: Bool {
        let counts = vaults.values.flatMap { vault in
            Array(vault.freezes.values) + vault.deeds.values.flatMap { [$0.condemned, $0.purged, $0.restored] }
        }
        return AuditLog.numbers.contains(seq)
            && (counts + hooks.values).allSatisfy { (0..<1_000_000_000_000).contains($0) }
    }

    /// The name under which all others are counted together.
    package static let others = "(others)"
    /// So many series of a vault, and hooks, are counted each for itself; what comes later is counted under one name.
    package static let mostNames = 10_000
    static let mostHooks = 100

    /// What the log's line adds. Lines come in order.
    mutating func count(_ line: AuditLine) {
        guard line.seq > seq else { return }
        seq = line.seq
        switch AuditEvent(rawValue: line.event) {
        case .condemned: count(line) { $0.condemned += 1 }
        case .purged: count(line) { $0.purged += 1 }
        case .restored: count(line) { $0.restored += 1 }
        case .vaultFrozen, .seriesFrozen:
            vaults[line.vault ?? "", default: Vault()].freezes[FreezeReason.known(line.cause), default: 0] += 1
        case .hookFailed:
            let hook = line.hook ?? ""
            hooks[hooks[hook] != nil || hooks.count < Self.mostHooks ? hook : Self.others, default: 0] += 1
        default: break
        }
    }

    private mutating func count(_ line: AuditLine, _ body: (inout Deeds) -> Void) {
        guard let label = line.vault else { return }
        var vault = vaults[label] ?? Vault()
        vaults[label] = nil
        var series = line.name("series") ?? ""
        if vault.deeds[series] == nil, vault.deeds.count >= Self.mostNames { series = Bytes(Self.others) }
        body(&vault.deeds[series, default: Deeds()])
        vaults[label] = vault
    }
}

extension Counters.Vault: Codable {
    private struct Entry: Codable {
        var series: String
        var raw: String?
        var deeds: Counters.Deeds
    }

    private enum CodingKeys: String, CodingKey { case deeds, freezes }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        freezes = try container.decode([String: Int64].self, forKey: .freezes)
        for entry in try container.decode([Entry].self, forKey: .deeds) {
            guard let series = Bytes(text: entry.series, raw: entry.raw) else { continue }
            deeds[series] = entry.deeds
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(freezes, forKey: .freezes)
        let entries = deeds.keys.sorted().map { series in
            let (text, raw) = series.textAndRaw
            return Entry(series: text, raw: raw, deeds: deeds[series]!)
        }
        try container.encode(entries, forKey: .deeds)
    }
}

/// `<state>/counters.json`.
package struct CounterStore: Sendable {
    private let file: StateFile<Counters>

    init(stateDirectory: Bytes) {
        file = StateFile(
            directory: stateDirectory, name: "counters.json", isCache: true, isPossible: \.isPossible)
    }

    /// So many records are read at once, and so many at most in one call: the next one goes on.
    private static let chunk = 5000
    private static let most = 200_000

    /// Counts what the log has got since the last call by anybody.
    package func renew(from log: AuditLog) throws(Fault) -> Counters {
        let last = try log.lastNumber()
        // Most of the time nothing was written.
        if let known = try file.read(), known.seq == last { return known }
        return try file.change { counters throws(Fault) in
            var current = counters ?? Counters()
            // A log that lost its end goes on with smaller numbers; what is counted stays counted.
            if let last, last < current.seq, try log.read(after: current.seq - 1, limit: 1).lines.isEmpty {
                current.seq = last
            }
            var read = 0
            while read < Self.most {
                let (lines, _) = try log.read(after: current.seq, limit: Self.chunk)
                guard !lines.isEmpty else { break }
                for line in lines { current.count(line) }
                read += lines.count
            }
            counters = current
            return current
        }
    }
}
