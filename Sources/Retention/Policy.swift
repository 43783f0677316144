internal import Crypto
internal import Foundation
package import Model

/// The policy of a vault: rules for each series, and safeguards. Its text is what a person approves.
package struct VaultPolicy: Hashable, Sendable, Codable {
    /// The zone whose days, weeks and months the rules mean.
    package var timezone: String
    package var keep: KeepRules
    /// First match wins; none matches: ``keep``.
    package var series: [SeriesPolicy]
    /// No rule ever leaves fewer complete backups of a series than this.
    package var minimum = 1
    /// Younger than this, by its own time, nothing goes.
    package var minAge: Span
    /// Known for less than this (the earlier of first seen and ctime), nothing goes.
    package var minObservedAge: Span

    package init(timezone: String, keep: KeepRules, series: [SeriesPolicy], minAge: Span, minObservedAge: Span) {
        self.timezone = timezone
        self.keep = keep
        self.series = series
        self.minAge = minAge
        self.minObservedAge = minObservedAge
    }

    package struct SeriesPolicy: Hashable, Sendable, Codable {
        package var pattern: String
        package var keep: KeepRules

        package init(pattern: String, keep: KeepRules) {
            self.pattern = pattern
            self.keep = keep
        }
    }

    package var keepsEverything: Bool { (keep.all || keep.isEmpty) && series.allSatisfy { $0.keep.all } }

    package func rules(for series: Bytes) -> KeepRules {
        for candidate in self.series where Self.matches(candidate.pattern, series: series) { return candidate.keep }
        return keep
    }

    /// A pattern may mean the key (`app/orders-*.dump`), the name (`app/orders.dump`) or the short name (`app/orders`).
    package static func matches(_ pattern: String, series: Bytes) -> Bool {
        let glob = Glob(Bytes(pattern))
        return glob.matches(Backup.shortName(ofSeries: series)) || glob.matches(Backup.name(ofSeries: series))
            || glob.matches(series)
    }

    /// The canonical form, from which it can be read again.
    package var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { preconditionFailure("a policy is plain values") }
        return String(decoding: data, as: UTF8.self)
    }

    package init?(text: String) {
        guard let policy = try? JSONDecoder().decode(VaultPolicy.self, from: Data(text.utf8)) else { return nil }
        self = policy
    }

    /// The first 16 hexadecimal digits of the SHA-256 of rule version and text.
    package var hash: String { Self.digest("\(Self.ruleVersion)\n\(text)") }

    /// Counted up when the same rules begin to mean something else.
    package static let ruleVersion = 1

    static func digest(_ text: String) -> String {
        Bytes(SHA256.hash(data: Data(text.utf8)).prefix(8)).hexadecimal
    }
}
